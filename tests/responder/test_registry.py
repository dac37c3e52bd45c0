"""Templates, links, house rules and the handbook: proposed by one, approved by another, then in use."""

from typing import Any

import pytest
from torg_responder.jobs import look_at_links
from torg_shared.auth import Role
from torg_shared.http import Answer, NotSent

from .conftest import Citizen, Desk

_THANKS = {
    "code": "thanks_warm",
    "lang": "nb",
    "kind": "thanks",
    "handlings": ["thank"],
    "section": "4.1",
    "text": "Så fint at du sier det!",
}


async def test_a_template_is_used_when_another_person_has_approved_it(desk: Desk) -> None:
    made = await desk.call("POST", "/templates", Role.RED, _THANKS, subject="rita")
    assert (made.status_code, made.json()["approved"]) == (201, False)
    path, version = made.headers["location"], int(made.headers["etag"].strip('"'))
    own = await desk.call("POST", f"{path}/approve", Role.RED, version=version, subject="rita")
    assert (own.status_code, own.json()["code"]) == (403, "SELF_APPROVAL")
    citizen = Citizen("Takk for fin brøyting!")
    await desk.hear(citizen.received(), citizen.triaged("thank"))
    wanted = {"message_id": str(citizen.id), "kind": "thanks", "template": "thanks_warm"}
    assert (await desk.call("POST", "/replies", Role.SA, wanted)).json()["code"] == "TEMPLATE_UNKNOWN"
    done = await desk.call("POST", f"{path}/approve", Role.RED, version=version, subject="kari")
    assert (done.status_code, done.json()["approved_by"]) == (200, "kari")
    draft = await desk.call("POST", "/replies", Role.SA, wanted, subject="per")
    assert draft.json()["text"] == _THANKS["text"]
    asked = await desk.act(draft.json(), "submit", Role.SA, subject="per")
    assert (asked.json()["standing_approval"], asked.json()["approver"]) == (True, "kari")


async def test_the_approved_version_stays_in_use_while_a_new_one_is_proposed(desk: Desk) -> None:
    known = (await desk.call("GET", "/templates", Role.SA)).json()["items"]
    holding = next(one for one in known if (one["code"], one["lang"]) == ("holding", "nb"))
    one = await desk.call("GET", f"/templates/{holding['id']}", Role.SA)
    version = int(one.headers["etag"].strip('"'))
    content = {name: holding[name] for name in ("code", "lang", "kind", "handlings", "flags", "section", "tone")} | {
        "text": "Vi ser på det."
    }
    changed = await desk.call("PUT", f"/templates/{holding['id']}", Role.SA, content, version=version)
    assert (changed.status_code, changed.json()["version"], changed.json()["approved"]) == (200, 2, False)
    stale = await desk.call("PUT", f"/templates/{holding['id']}", Role.SA, content, version=version)
    assert stale.status_code == 412
    citizen = Citizen()
    await desk.hear(citizen.received(), citizen.triaged("open_case"))
    draft = (await desk.call("GET", f"/replies?message_id={citizen.id}", Role.SA)).json()["items"][0]
    assert draft["text"] == holding["text"]


async def test_whoever_approved_a_template_has_no_standing_approval_from_it(desk: Desk) -> None:
    made = await desk.call("POST", "/templates", Role.SA, _THANKS, subject="per")
    await desk.call("POST", f"{made.headers['location']}/approve", Role.RED, version=1, subject="rita")
    citizen = Citizen("Takk!")
    await desk.hear(citizen.received(), citizen.triaged("thank"))
    wanted = {"message_id": str(citizen.id), "kind": "thanks", "template": "thanks_warm"}
    draft = await desk.call("POST", "/replies", Role.RED, wanted, subject="rita")
    asked = await desk.act(draft.json(), "submit", Role.RED, subject="rita")
    assert (asked.json()["state"], asked.json()["approver"]) == ("needs_approval", None)


async def test_a_redirect_template_without_the_formal_channel_is_refused(desk: Desk) -> None:
    content = _THANKS | {"code": "redirect_short", "kind": "redirect", "text": "Send oss et brev."}
    answer = await desk.call("POST", "/templates", Role.RED, content)
    assert (answer.status_code, answer.json()["code"]) == (422, "PLACEHOLDER_REQUIRED")


async def test_experts_and_administrators_propose_links_and_the_editor_decides(desk: Desk) -> None:
    content = {"topic": "byggesak", "title": "Søknad", "url": "https://skjema.example.no/bygg"}
    made = await desk.call("POST", "/links", Role.FAG, content)
    assert (made.status_code, made.json()["approved"]) == (201, False)
    assert (await desk.call("POST", "/links", Role.SA, content)).json()["code"] == "LINK_EXISTS"
    citizen = Citizen("Jeg vil søke om garasje.")
    await desk.hear(citizen.received(), citizen.triaged("redirect_formal", topic="byggesak"))
    draft = (await desk.call("GET", f"/replies?message_id={citizen.id}", Role.SA)).json()["items"][0]
    assert "skjema.example.no" not in draft["text"]  # a proposal is not offered to citizens
    path = made.headers["location"]
    taken = await desk.call("PUT", path, Role.RED, {"title": "Søknad", "url": content["url"]}, version=1)
    assert (taken.status_code, taken.json()["approved"]) == (200, True)
    other = Citizen("Jeg vil søke om garasje.")
    await desk.hear(other.received(), other.triaged("redirect_formal", topic="byggesak"))
    draft = (await desk.call("GET", f"/replies?message_id={other.id}", Role.SA)).json()["items"][0]
    assert "https://skjema.example.no/bygg" in draft["text"]
    assert (await desk.call("DELETE", path, Role.SA, version=2)).status_code == 403
    assert (await desk.call("DELETE", path, Role.RED, version=2)).status_code == 204
    assert (await desk.call("GET", path, Role.RED)).status_code == 404


async def test_topics_without_a_form_are_listed_as_gaps(desk: Desk) -> None:
    citizen = Citizen()
    await desk.hear(citizen.received(), citizen.triaged("redirect_formal", topic="svømmehall"))
    assert (await desk.call("GET", "/links", Role.RED)).json()["gaps"] == {"svømmehall": 1}


@pytest.mark.parametrize("url", ["http://a.no/x", "https://a.no:8443/", "https://a@b.no/", "javascript:alert(1)", "x"])
async def test_only_plain_https_addresses_are_links(desk: Desk, url: str) -> None:
    answer = await desk.call("POST", "/links", Role.RED, {"topic": "skole", "title": "Skole", "url": url})
    assert answer.status_code == 422


class _Web:
    """What answers at each address; None fails to answer."""

    def __init__(self, pages: dict[str, int | None]) -> None:
        self.pages, self.asked, self.hosts = pages, list[str](), set[str]()

    def __call__(self, hosts: Any) -> "_Web":
        self.hosts |= set(hosts)
        return self

    async def request(self, method: str, url: str, **rest: Any) -> Answer:
        self.asked.append(url)
        status = self.pages.get(url)
        if status is None:
            raise NotSent("nobody there")
        return Answer(status, {}, b"")

    async def close(self) -> None:
        pass


async def test_links_are_looked_at_once_a_day_and_when_somebody_asks(desk: Desk) -> None:
    web = _Web({"https://www.sogne.kommune.no/kontakt": 404})
    await look_at_links(desk.works, web)  # type: ignore[arg-type] # a web of two pages
    await look_at_links(desk.works, web)  # type: ignore[arg-type]
    assert sorted(web.asked) == ["https://www.sogne.kommune.no/kontakt", "https://www.sogne.kommune.no/politikk"]
    assert web.hosts == {"www.sogne.kommune.no"}
    items = (await desk.call("GET", "/links", Role.SA)).json()["items"]
    assert {one["topic"]: (one["status"], one["checked_at"] is not None) for one in items} == {
        "politikk": (None, True),
        "postmottak": (404, True),
    }
    assert (await desk.call("POST", "/links/check", Role.SA)).status_code == 202
    await look_at_links(desk.works, web)  # type: ignore[arg-type]
    assert len(web.asked) == 4


async def test_a_form_that_died_stops_submitting_and_approving(desk: Desk, citizen: Citizen) -> None:
    text = "Les mer på https://www.sogne.kommune.no/kontakt"
    made = await desk.call(
        "POST", "/replies", Role.SA, {"message_id": str(citizen.id), "kind": "full", "text": text}, subject="per"
    )
    asked = await desk.act(made.json(), "submit", Role.SA, subject="per")
    assert asked.status_code == 200
    web = _Web({"https://www.sogne.kommune.no/kontakt": 410})
    await look_at_links(desk.works, web)  # type: ignore[arg-type]
    body = {"binding_sha256": asked.json()["binding_sha256"]}
    refused = await desk.act(asked.json(), "approve", Role.LED, body, subject="lise")
    assert (refused.status_code, refused.json()["code"]) == (409, "LINK_BROKEN")
    other = Citizen()
    await desk.hear(other.received(), other.triaged())
    again = await desk.call("POST", "/replies", Role.SA, {"message_id": str(other.id), "kind": "full", "text": text})
    stopped = await desk.act(again.json(), "submit", Role.SA)
    assert stopped.json()["checks"] == ["LINK_BROKEN"]


async def test_house_rules_are_public_versioned_and_put_in_force_by_the_leadership(desk: Desk) -> None:
    first = await desk.client.get("/house-rules")
    assert (first.status_code, first.json()["version"], first.json()["in_force"]) == (200, 1, True)
    assert {"SJIKANE", "UTHENGING", "SPAM", "TRUSLER"} <= {clause["code"] for clause in first.json()["clauses"]}
    clauses = {"clauses": [{"code": "SJIKANE", "nb": "Ingen sjikane."}]}
    made = await desk.call("POST", "/house-rules", Role.RED, clauses, subject="rita")
    path = made.headers["location"]
    assert (made.status_code, made.json()["version"], made.json()["in_force"]) == (201, 2, False)
    assert (await desk.client.get(path)).status_code == 404  # a proposal is not public
    assert (await desk.client.get("/house-rules")).json()["version"] == 1
    assert (await desk.call("POST", f"{path}/approve", Role.RED, version=1)).status_code == 403
    done = await desk.call("POST", f"{path}/approve", Role.LED, version=1, subject="lise")
    assert (done.status_code, done.json()["in_force"]) == (200, True)
    assert (await desk.client.get("/house-rules")).json()["clauses"] == clauses["clauses"]
    assert (await desk.client.get("/house-rules/1")).status_code == 200
    assert (await desk.call("POST", f"{path}/approve", Role.LED, version=2)).json()["code"] == "ALREADY_APPROVED"
    for odd in ("0", "-1", "99999999999999", "x"):
        assert (await desk.client.get(f"/house-rules/{odd}")).status_code in {404, 422}


async def test_the_handbook_is_confirmed_once_per_version(desk: Desk) -> None:
    shown = (await desk.call("GET", "/handbook", Role.FAG, subject="anne")).json()
    assert shown["acknowledged_at"] is None
    assert (await desk.call("POST", "/handbook/acknowledge", Role.FAG, {"version": "0"})).status_code == 409
    body = {"version": shown["version"]}
    done = await desk.call("POST", "/handbook/acknowledge", Role.FAG, body, subject="anne")
    again = await desk.call("POST", "/handbook/acknowledge", Role.FAG, body, subject="anne")
    assert done.json()["acknowledged_at"] == again.json()["acknowledged_at"] is not None
    assert (await desk.call("GET", "/handbook", Role.FAG, subject="nina")).json()["acknowledged_at"] is None


async def test_the_secretariat_has_its_queue(desk: Desk, citizen: Citizen) -> None:
    political = Citizen("Når skal ordføreren legge ned eiendomsskatten?")
    await desk.hear(political.received(), political.triaged("refer_politics"))
    answer = await desk.call("GET", "/referrals", Role.POL, subject="siv", unit="politisk-sekretariat")
    assert [(one["message_id"], one["link"]) for one in answer.json()["items"]] == [
        (str(political.id), "https://www.sogne.kommune.no/politikk")
    ]
    assert [one["kind"] for one in answer.json()["items"][0]["replies"]] == ["referral"]
    assert (await desk.call("GET", "/referrals", Role.FAG)).status_code == 403
