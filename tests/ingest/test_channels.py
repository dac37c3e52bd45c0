"""The channel registry: its states, its guards, its events."""

from datetime import date, timedelta
from typing import Any

import httpx
import pytest
from torg_ingest.app import ChannelsFile
from torg_ingest.usecases import channels as registry
from torg_shared.auth import Role
from torg_shared.events.envelope import Actor
from torg_shared.events.ingest import ChannelActivated
from torg_shared.municipality import read

from .conftest import CONFIG, Ingest
from .facebook import AT, PAGE, delivery, value

CONTACT = {"email": "postmottak@sogne.kommune.no", "postal_address": ["Postboks 1051", "4682 Søgne"]}
PROPOSAL = {
    "key": "facebook-kultur",
    "platform": "facebook",
    "account_id": "999",
    "account_type": "page",
    "name": "Kulturskolen",
    "owner_unit": "kultur",
    "purpose": "Kulturtilbud",
    "arguments_for": "Mange unge",
    "formal_contact": CONTACT,
    "house_rules_url": "https://www.sogne.kommune.no/husregler",
}
DECISION = {
    "grounds": "Besluttet i ledermøte",
    "purpose": "Kulturtilbud",
    "review_due": "2027-06-01",
    "risk_assessment_ref": "ROS-7",
    "dpo_opinion": "Ingen innvendinger",
}


class Registry:
    """Acts on one channel, with keys and versions."""

    def __init__(self, ingest: Ingest, tokens: Any) -> None:
        self.ingest, self.tokens = ingest, tokens
        self.keys = iter(range(1000))
        self.id, self.etag = "", ""

    async def post(self, path: str, content: Any = None, role: Role = Role.LED, **more: str) -> httpx.Response:
        header = self.tokens.header(role, subject=role.value) | {"Idempotency-Key": f"k{next(self.keys)}"} | more
        answer = await self.ingest.client.post(path, json=content, headers=header)
        self.etag = answer.headers.get("etag", self.etag)
        return answer

    async def propose(self, role: Role = Role.FAG, **more: Any) -> httpx.Response:
        answer = await self.post("/channels", PROPOSAL | more, role)
        self.id = answer.json().get("id", "")
        return answer

    async def do(self, action: str, content: Any = None, role: Role = Role.LED) -> httpx.Response:
        return await self.post(f"/channels/{self.id}/{action}", content, role, **{"If-Match": self.etag})

    async def patch(self, content: Any, role: Role = Role.RED) -> httpx.Response:
        header = self.tokens.header(role) | {"If-Match": self.etag}
        answer = await self.ingest.client.patch(f"/channels/{self.id}", json=content, headers=header)
        self.etag = answer.headers.get("etag", self.etag)
        return answer


@pytest.fixture
async def channels(ingest: Ingest, tokens: Any) -> Registry:
    return Registry(ingest, tokens)


def told(answer: httpx.Response) -> tuple[int, Any]:
    content = answer.json()
    return answer.status_code, content.get("code") or content.get("state")


async def test_the_demonstration_channel_is_active_from_the_start(ingest: Ingest, tokens: Any) -> None:
    (listed,) = (await ingest.client.get("/channels", headers=tokens.header(Role.SA))).json()["items"]
    assert (listed["key"], listed["state"], listed["account_id"]) == ("facebook-sogne", "active", PAGE)
    (event,) = await ingest.events("channel.activated.v1")
    assert isinstance(event, ChannelActivated)
    assert event.formal_contact["email"] == "postmottak@sogne.kommune.no"
    assert event.capabilities["reply"] is True
    assert (event.channel_key, event.owner_unit, event.review_due) == (
        "facebook-sogne",
        "servicetorget",
        date(2027, 1, 15),
    )


async def test_seeding_again_changes_nothing(ingest: Ingest) -> None:
    seeds = read(CONFIG / "channels.yaml", ChannelsFile).seeds(ingest.clock.at)
    async with ingest.service.works.begin(Actor(kind="system", id="test")) as work:
        assert await registry.seed(work, seeds) == 0
    assert len(await ingest.rows("SELECT 1 FROM log")) == 1


async def test_a_channel_from_proposal_to_closing(channels: Registry) -> None:
    assert told(await channels.propose()) == (201, "proposed")
    assert told(await channels.do("decide", DECISION)) == (200, "decided")
    assert told(await channels.do("activate")) == (200, "active")
    assert told(await channels.do("mode", {"comment_mode": "closed", "grounds": "Valgkamp"})) == (200, "active")
    assert told(await channels.do("suspend", {"grounds": "Kapret"}, Role.RED)) == (200, "suspended")
    assert told(await channels.do("activate")) == (200, "active")
    assert told(await channels.do("close", {"grounds": "Slutt"})) == (409, "FINAL_CAPTURE_MISSING")
    assert told(await channels.do("close", {"grounds": "Slutt", "final_capture_ref": "2026/9-1"})) == (200, "closed")

    rows = await channels.ingest.rows("SELECT type FROM log WHERE key = $1 ORDER BY id", channels.id)
    assert [row["type"].split(".")[1] for row in rows] == [
        "proposed",
        "decided",
        "activated",
        "mode_changed",
        "suspended",
        "activated",
        "closed",
    ]
    audit = await channels.ingest.rows("SELECT action FROM audit WHERE subject = $1", channels.id)
    assert len(audit) == 7


@pytest.mark.parametrize(
    ("steps", "action", "content"),
    [
        ([], "activate", None),
        ([], "suspend", {"grounds": "x"}),
        ([], "close", {"grounds": "x", "final_capture_ref": "y"}),
        ([], "mode", {"comment_mode": "open", "grounds": "x"}),
        (["decide"], "decide", DECISION),
        (["decide"], "suspend", {"grounds": "x"}),
        (["decide", "activate"], "activate", None),
        (["decide", "activate"], "decide", DECISION),
    ],
)
async def test_no_state_is_jumped(channels: Registry, steps: list[str], action: str, content: Any) -> None:
    await channels.propose()
    for step in steps:
        await channels.do(step, DECISION if step == "decide" else None)
    assert told(await channels.do(action, content)) == (409, "CHANNEL_STATE_FORBIDS")


@pytest.mark.parametrize(
    ("proposal", "decision", "code"),
    [
        ({"formal_contact": {"email": "a@b.no"}}, {}, "FORMAL_CONTACT_MISSING"),
        ({"formal_contact": {"postal_address": ["x"]}}, {}, "FORMAL_CONTACT_MISSING"),
        ({}, {"risk_assessment_ref": None}, "RISK_ASSESSMENT_MISSING"),
        ({}, {"dpo_opinion": None}, "DPO_OPINION_MISSING"),
        ({"house_rules_url": None}, {}, "HOUSE_RULES_MISSING"),
    ],
)
async def test_a_channel_that_lacks_something_is_not_used(
    channels: Registry, proposal: dict[str, Any], decision: dict[str, Any], code: str
) -> None:
    await channels.propose(**proposal)
    await channels.do("decide", DECISION | decision)
    assert told(await channels.do("activate")) == (409, code)


@pytest.mark.parametrize("due", ["2026-06-03", "2020-01-01", "2027-06-04"])
async def test_a_review_is_due_within_twelve_months(channels: Registry, due: str) -> None:
    await channels.propose()
    assert told(await channels.do("decide", DECISION | {"review_due": due})) == (422, "REVIEW_DUE_OUT_OF_RANGE")


async def test_a_channel_whose_review_is_overdue_is_not_taken_up_again(channels: Registry) -> None:
    await channels.propose()
    await channels.do("decide", DECISION)
    channels.ingest.clock.move(timedelta(days=366))
    assert told(await channels.do("activate")) == (409, "REVIEW_DUE_MISSING")


@pytest.mark.parametrize("account_type", ["profile", "person", "group", ""])
async def test_a_private_profile_is_never_a_source(channels: Registry, account_type: str) -> None:
    answer = await channels.propose(account_type=account_type)
    assert told(answer) == (422, "NOT_AN_OWN_CHANNEL" if account_type else "BODY_INVALID")


async def test_a_channel_is_registered_once(channels: Registry) -> None:
    assert (await channels.propose(account_id=PAGE)).json()["code"] == "CHANNEL_REGISTERED"
    assert (await channels.propose(key="facebook-sogne")).json()["code"] == "CHANNEL_REGISTERED"
    assert (await channels.propose(platform="myspace")).json()["code"] == "PLATFORM_UNKNOWN"


async def test_an_editor_keeps_the_channel_up_to_date(channels: Registry) -> None:
    await channels.propose()
    await channels.do("decide", DECISION)
    await channels.do("activate")
    hours = {"mandag": [{"opens": "08:00", "closes": "15:00"}]}
    answer = await channels.patch({"name": "Kultur", "profile_text": "Velkommen", "hours": hours})
    assert (answer.status_code, answer.json()["name"], answer.json()["hours"]) == (200, "Kultur", hours)
    assert told(await channels.patch({"formal_contact": {"email": "a@b.no"}})) == (409, "FORMAL_CONTACT_MISSING")


async def test_changes_need_the_version_that_was_seen(channels: Registry) -> None:
    await channels.propose()
    assert (await channels.post(f"/channels/{channels.id}/decide", DECISION)).status_code == 428
    stale = channels.etag
    await channels.do("decide", DECISION)
    channels.etag = stale
    answer = await channels.do("activate")
    assert (answer.status_code, answer.json()["changed_by"]) == (412, "leder")


async def test_an_editor_acts_on_own_channels_only(channels: Registry, tokens: Any) -> None:
    await channels.propose()
    header = tokens.header(Role.RED, channels=["facebook-sogne"]) | {"If-Match": channels.etag}
    answer = await channels.ingest.client.patch(f"/channels/{channels.id}", json={"name": "x"}, headers=header)
    assert answer.status_code == 404


@pytest.mark.parametrize("state", ["suspended", "closed"])
async def test_what_comes_in_is_stored_in_every_state(channels: Registry, tokens: Any, state: str) -> None:
    await channels.propose(account_id="999")
    await channels.do("decide", DECISION)
    await channels.do("activate")
    await channels.do("suspend", {"grounds": "x"})
    if state == "closed":
        await channels.do("close", {"grounds": "x", "final_capture_ref": "y"})
    from .facebook import body, entry

    await channels.ingest.take(body(entry(value(), page="999")))
    (received,) = await channels.ingest.events("message.received.v1")
    note = received.received_note  # type: ignore[attr-defined]
    assert ("lagt ned" in (note or "")) is (state == "closed")


async def test_health_tells_a_channel_that_heard_nothing(channels: Registry, tokens: Any) -> None:
    header = tokens.header(Role.SA)
    (listed,) = (await channels.ingest.client.get("/channels", headers=header)).json()["items"]

    async def health() -> Any:
        return (await channels.ingest.client.get(f"/channels/{listed['id']}/health", headers=header)).json()

    assert (await health())["silent"] is True
    await channels.ingest.take(delivery(value()), delivery(value(item="like"), time=AT))
    found = await health()
    assert (found["silent"], found["set_aside_24h"]) == (False, {"unhandled": 1})
    channels.ingest.clock.move(timedelta(hours=25))
    assert (await health())["silent"] is True
    able = await channels.ingest.client.get(f"/channels/{listed['id']}/capabilities", headers=header)
    assert (able.json()["platform"], able.json()["reply_longest"]) == ("facebook", 8000)
