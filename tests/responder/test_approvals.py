"""What binds an approval, what retires it, and who may touch what (B-22, B-23, B-37, INV-13, INV-14)."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from torg_responder.channels.port import Unknown, Unreachable
from torg_responder.usecases.settling import settle_what_waits
from torg_shared.auth import Role
from torg_shared.metrics import Metrics

from .conftest import Citizen, Desk, channel


async def _written(desk: Desk, message: Citizen, role: Role = Role.SA, **body: Any) -> dict[str, Any]:
    claims = {name: body.pop(name) for name in ("subject", "unit", "title", "name") if name in body}
    content = {"message_id": str(message.id), "kind": "full", "text": "Lyset er meldt."} | body
    who: dict[str, Any] = {"subject": "per"} | claims
    made = await desk.call("POST", "/replies", role, content, **who)
    assert made.status_code == 201, made.text
    found: dict[str, Any] = made.json()
    return found


async def _sweep(desk: Desk) -> None:
    await settle_what_waits(desk.works, desk.rules, Metrics())


async def test_a_private_answer_never_goes_out_in_public(desk: Desk, citizen: Citizen) -> None:
    await desk.hear(citizen.triaged("answer", 2, flags=("sensitive",)))
    made = await _written(desk, citizen, visibility="private")
    refused = await desk.act(made, "submit", Role.SA, subject="per")
    assert (refused.status_code, refused.json()["code"]) == (409, "NO_PRIVATE_ROUTE")
    public = await desk.call(
        "PATCH", f"/replies/{made['id']}", Role.SA, {"visibility": "public"}, version=made["version"], subject="per"
    )
    assert (await desk.act(public.json(), "submit", Role.SA, subject="per")).json()["state"] == "needs_approval"


async def test_an_approval_lasts_a_day(desk: Desk, citizen: Citizen) -> None:
    approved = await desk.approved(citizen)
    desk.clock.move(timedelta(hours=24))
    late = await desk.act(approved, "publish", Role.SA, subject="per")
    assert (late.status_code, late.json()["code"]) == (409, "APPROVAL_EXPIRED")
    await _sweep(desk)
    found = await desk.reply(approved["id"])
    assert (found["state"], found["cause"]) == ("retired", "expired")


async def test_a_request_for_approval_expires_as_well(desk: Desk, citizen: Citizen) -> None:
    asked = (await desk.act(await _written(desk, citizen), "submit", Role.SA, subject="per")).json()
    desk.clock.move(timedelta(hours=23, minutes=59))
    await _sweep(desk)
    assert (await desk.reply(asked["id"]))["state"] == "needs_approval"
    desk.clock.move(timedelta(minutes=1))
    await _sweep(desk)
    assert (await desk.reply(asked["id"]))["cause"] == "expired"


async def test_what_waits_for_a_day_is_not_sent(desk: Desk, citizen: Citizen) -> None:
    released = await desk.released(citizen)
    desk.clock.move(timedelta(hours=24))
    await desk.sender.round()
    assert ((await desk.reply(released["id"]))["cause"], desk.platform.posts) == ("expired", 0)


async def test_a_new_title_retires_what_was_signed_with_the_old_one(desk: Desk) -> None:
    citizen, other = Citizen(), Citizen()
    citizen.stands_on(desk.platform)
    await desk.hear(citizen.received(), citizen.triaged("answer", unit="teknisk-drift"))
    await desk.hear(other.received(), other.triaged("answer", unit="teknisk-drift"))
    anne = {"subject": "anne", "unit": "teknisk-drift", "name": "Anne Berg"}
    made = await _written(desk, citizen, Role.FAG, title="ingeniør", **anne)
    asked = (await desk.act(made, "submit", Role.FAG, title="ingeniør", **anne)).json()
    body = {"binding_sha256": asked["binding_sha256"]}
    approved = (await desk.act(asked, "approve", Role.LED, body, subject="lise")).json()
    released = await desk.act(approved, "publish", Role.SA, subject="per")
    assert released.status_code == 202
    await _written(desk, other, Role.FAG, title="enhetsleder", **anne)
    desk.clock.move(timedelta(seconds=31))
    await desk.sender.round()
    assert ((await desk.reply(asked["id"]))["cause"], desk.platform.posts) == ("signer_changed", 0)


async def test_our_own_answer_in_the_conversation_retires_what_was_approved_before_it(
    desk: Desk, citizen: Citizen
) -> None:
    holding = await desk.act(await _written(desk, citizen, kind="holding"), "submit", Role.SA, subject="per")
    body = {"binding_sha256": holding.json()["binding_sha256"]}
    approved = await desk.act(holding.json(), "approve", Role.LED, body, subject="lise")
    waiting = await desk.approved(citizen, "Lyset er reparert.")
    assert (await desk.act(approved.json(), "publish", Role.SA, subject="per")).status_code == 202
    desk.clock.move(timedelta(seconds=31))
    await desk.sender.round()
    found = await desk.reply(waiting["id"])
    assert (found["state"], found["cause"], desk.platform.posts) == ("retired", "municipal_reply", 1)


async def test_approving_one_of_several_answers_retires_the_others(desk: Desk, citizen: Citizen) -> None:
    first = (await desk.act(await _written(desk, citizen), "submit", Role.SA, subject="per")).json()
    await desk.approved(citizen, "Et annet svar.")
    assert (await desk.reply(first["id"]))["cause"] == "another_approved"


async def test_only_the_author_hands_in_because_the_author_signs(desk: Desk) -> None:
    citizen = Citizen()
    await desk.hear(citizen.received(), citizen.triaged("answer", unit="teknisk-drift"))
    made = await _written(desk, citizen, Role.FAG, subject="anne", unit="teknisk-drift")
    refused = await desk.act(made, "submit", Role.SA, subject="per")
    assert (refused.status_code, refused.json()["code"]) == (403, "AUTHOR_SUBMITS")
    edit = await desk.call("PATCH", f"/replies/{made['id']}", Role.SA, {"text": "x"}, version=made["version"])
    assert (edit.status_code, edit.json()["code"]) == (403, "NOT_YOUR_DRAFT")


async def test_whoever_takes_the_message_over_goes_on_with_the_draft_and_may_not_approve_it(
    desk: Desk, citizen: Citizen
) -> None:
    made = await _written(desk, citizen)
    claim = await desk.call("POST", f"/messages/{citizen.id}/claim", Role.SA, {"takeover": True}, subject="kari")
    assert claim.status_code == 200
    edited = await desk.call(
        "PATCH", f"/replies/{made['id']}", Role.SA, {"text": "Bedre."}, version=made["version"], subject="kari"
    )
    assert edited.status_code == 200
    asked = (await desk.act(edited.json(), "submit", Role.SA, subject="per")).json()
    body = {"binding_sha256": asked["binding_sha256"]}
    for subject in ("per", "kari"):
        for role in (Role.SA, Role.RED, Role.LED):
            own = await desk.act(asked, "approve", role, body, subject=subject)
            assert (own.status_code, own.json()["code"]) == (403, "SELF_APPROVAL")
    returned = await desk.act(asked, "return", Role.LED, {"comment": "Lenke?"}, subject="per")
    assert returned.json()["code"] == "SELF_APPROVAL"
    assert (await desk.act(asked, "approve", Role.LED, body, subject="lise")).status_code == 200


async def test_what_an_expert_lists_is_what_an_expert_may_see(desk: Desk, citizen: Citizen) -> None:
    made = await _written(desk, citizen)
    stranger: dict[str, Any] = {"subject": "nina", "unit": "oppvekst"}
    assert (await desk.call("GET", "/replies", Role.FAG, **stranger)).json()["items"] == []
    assert (await desk.call("GET", f"/replies/{made['id']}", Role.FAG, **stranger)).status_code == 404
    own_unit: dict[str, Any] = {"subject": "nina", "unit": "servicetorget"}
    assert len((await desk.call("GET", "/replies", Role.FAG, **own_unit)).json()["items"]) == 1


async def test_an_administrator_of_another_channel_sees_nothing_of_this_one(desk: Desk, citizen: Citizen) -> None:
    made = await _written(desk, citizen)
    elsewhere: dict[str, Any] = {"subject": "olga", "channels": ["mastodon-sogne"]}
    for role in (Role.SA, Role.RED):
        assert (await desk.call("GET", f"/replies/{made['id']}", role, **elsewhere)).status_code == 404
        assert (await desk.call("GET", "/replies", role, **elsewhere)).json()["items"] == []
        content = {"message_id": str(citizen.id), "kind": "full", "text": "x"}
        assert (await desk.call("POST", "/replies", role, content, **elsewhere)).status_code == 404


async def test_a_published_text_is_corrected_in_the_open(desk: Desk, citizen: Citizen) -> None:
    """G-54, B-07."""
    reply = await desk.released(citizen)
    early = await desk.act(reply, "correct", Role.RED, {"text": "Rettelse: lyset er bestilt."}, subject="rita")
    assert (early.status_code, early.json()["code"]) == (409, "REPLY_STATE")
    desk.clock.move(timedelta(seconds=31))
    await desk.sender.round()
    out = await desk.reply(reply["id"])
    changed = await desk.call(
        "PATCH", f"/replies/{out['id']}", Role.SA, {"text": "x"}, version=out["version"], subject="per"
    )
    assert (changed.status_code, changed.json()["code"]) == (409, "REPLY_PUBLISHED")
    made = await desk.act(out, "correct", Role.RED, {"text": "Rettelse: lyset er bestilt."}, subject="rita")
    assert (made.status_code, made.json()["kind"], made.json()["corrects"]) == (201, "correction", out["id"])
    asked = await desk.act(made.json(), "submit", Role.RED, subject="rita")
    assert asked.json()["state"] == "needs_approval"  # though the message is answered already
    gone = await desk.act(out, "withdraw", Role.RED, {"reason": "CONFIDENTIAL"}, subject="rita")
    assert (gone.status_code, gone.json()["state"], gone.json()["published_text"]) == (
        200,
        "withdrawn",
        out["published_text"],
    )


async def test_an_empty_text_is_no_answer(desk: Desk, citizen: Citizen) -> None:
    made = await _written(desk, citizen, text="  \n ")
    answer = await desk.act(made, "submit", Role.SA, subject="per")
    assert (answer.status_code, answer.json()["code"]) == (422, "TEXT_EMPTY")


async def test_stopping_after_the_intent_is_refused_and_says_so(desk: Desk, citizen: Citizen) -> None:
    """F22: the approver's withdrawal wins only before the intent."""
    reply = await desk.released(citizen)
    desk.platform.answers = [Unknown("no_answer")]
    desk.clock.move(timedelta(seconds=31))
    await desk.sender.round()
    under_way = await desk.reply(reply["id"])
    answer = await desk.act(under_way, "hold", Role.LED, {"reason": "feil"}, subject="lise")
    assert (answer.status_code, answer.json()["code"]) == (409, "BEING_SENT")


async def test_the_approver_and_the_sender_race(desk: Desk) -> None:
    """F22: either it is held and nothing was posted, or it is out and the approver was told."""
    for turn in range(30):
        citizen = Citizen()
        citizen.stands_on(desk.platform)
        await desk.hear(citizen.received(), citizen.triaged())
        reply = await desk.released(citizen)
        desk.clock.move(timedelta(seconds=31))
        before = desk.platform.posts

        async def hold(reply: dict[str, Any] = reply, turn: int = turn) -> int:
            for _ in range(turn % 10):
                await asyncio.sleep(0)
            return (await desk.act(reply, "hold", Role.LED, {"reason": "feil"}, subject="lise")).status_code

        status, _ = await asyncio.gather(hold(), desk.sender.round())
        state = (await desk.reply(reply["id"]))["state"]
        posted = desk.platform.posts - before
        assert status in (200, 409, 412)
        assert (state, posted) in ([("held", 0)] if status == 200 else [("published", 1), ("verified", 1)])


async def test_two_senders_at_once_post_once(desk: Desk, citizen: Citizen) -> None:
    """F21: a sender that was stopped before its intent finds its lease gone."""
    await desk.released(citizen)
    desk.clock.move(timedelta(seconds=31))
    slow, other = desk.sender, replace(desk.sender, holder=uuid4())
    fetch = desk.platform.fetch

    async def stops(object_id: str) -> Any:
        seen = await fetch(object_id)
        desk.platform.fetch = fetch  # type: ignore[method-assign]
        desk.clock.move(timedelta(seconds=61))  # the process stood still: its lease ran out
        await other.round()
        return seen

    desk.platform.fetch = stops  # type: ignore[method-assign]
    await slow.round()
    assert desk.platform.posts == 1


async def test_an_answer_that_comes_after_its_reply_was_given_up_still_counts(desk: Desk, citizen: Citizen) -> None:
    reply = await desk.released(citizen)
    desk.clock.move(timedelta(seconds=31))
    other = replace(desk.sender, holder=uuid4())
    post = desk.platform.reply

    async def slowly(parent: str, text: str) -> Any:
        outcome = await post(parent, text)
        desk.clock.move(timedelta(seconds=95))
        await other.round()  # finds it in `sending`, and takes it for unknown
        assert (await desk.reply(reply["id"]))["state"] == "unknown"
        return outcome

    desk.platform.reply = slowly  # type: ignore[method-assign, assignment]
    await desk.sender.round()
    found = await desk.reply(reply["id"])
    assert (found["state"] in {"published", "verified"}, desk.platform.posts) == (True, 1)


async def test_an_echo_that_waited_is_settled_when_the_outcome_is_known(desk: Desk, citizen: Citizen) -> None:
    """Echoes wait only while a reply to the same parent is under way."""
    reply = await desk.released(citizen)
    desk.platform.answers, desk.platform.effects = [Unknown("no_answer")], [True]
    desk.clock.move(timedelta(seconds=31))
    await desk.sender.round()
    await desk.hear(citizen.own("Noe helt annet, fra mobilen.", "from-the-app"))
    assert "reply.captured" not in await desk.event_types()
    desk.clock.move(timedelta(seconds=121))
    await desk.sender.round()
    assert (await desk.reply(reply["id"]))["state"] in {"published", "verified"}
    external = (await desk.call("GET", "/external-replies", Role.RED)).json()["items"]
    assert [one["published_text"] for one in external] == ["Noe helt annet, fra mobilen."]
    one = await desk.call("GET", f"/external-replies/{external[0]['id']}", Role.RED)
    assert (one.status_code, one.headers["etag"]) == (200, '"1"')
    assert (await desk.call("GET", f"/external-replies/{reply['id']}", Role.RED)).status_code == 404


async def test_the_echo_settles_what_a_person_was_asked_about(desk: Desk, citizen: Citizen) -> None:
    reply = await desk.released(citizen)
    desk.platform.answers, desk.platform.hides_children = [Unknown("no_answer")], True
    desk.clock.move(timedelta(seconds=31))
    for _ in range(12):
        await desk.sender.round()
        desk.clock.move(timedelta(seconds=20))
    assert (await desk.reply(reply["id"]))["state"] == "needs_operator"
    await desk.hear(citizen.own("Lyset er meldt til montøren.", f"{citizen.external}_r1"))
    assert (await desk.reply(reply["id"]))["state"] == "published"


async def test_a_second_answer_is_not_sent_again_after_one_from_the_app(desk: Desk, citizen: Citizen) -> None:
    reply = await desk.released(citizen)
    desk.platform.answers, desk.platform.effects = [Unknown("no_answer")], [False]
    desk.clock.move(timedelta(seconds=31))
    for _ in range(12):
        await desk.sender.round()
        desk.clock.move(timedelta(seconds=20))
    await desk.hear(citizen.own("Svar fra mobilen.", "from-the-app"))
    waiting = await desk.reply(reply["id"])
    again = await desk.act(waiting, "resolve", Role.SA, {"outcome": "send_again", "reason": "ikke der"})
    assert (again.status_code, again.json()["code"]) == (409, "ALREADY_ANSWERED")
    dropped = await desk.act(waiting, "resolve", Role.LED, {"outcome": "dropped", "reason": "besvart"})
    assert dropped.json()["state"] == "discarded"


async def test_what_the_checks_would_have_stopped_is_shown_to_the_reviewer(desk: Desk, citizen: Citizen) -> None:
    await desk.hear(citizen.own("Søknaden din er innvilget. Mvh Per, konsulent", "from-the-app"))
    (external,) = (await desk.call("GET", "/external-replies", Role.RED)).json()["items"]
    assert {one["code"] for one in external["checks"]} == {"DECISION_IN_PUBLIC", "SIGNED_BY_ADMIN"}


async def test_the_link_a_person_gave_need_not_be_the_id_of_the_platform(desk: Desk, citizen: Citizen) -> None:
    reply = await desk.released(citizen)
    desk.platform.answers, desk.platform.hides_children = [Unknown("no_answer")], True
    desk.clock.move(timedelta(seconds=31))
    for _ in range(12):
        await desk.sender.round()
        desk.clock.move(timedelta(seconds=20))
    waiting = await desk.reply(reply["id"])
    body = {"outcome": "posted", "external_id": "77", "permalink": "https://x.no/77", "reason": "jeg ser det"}
    done = await desk.act(waiting, "resolve", Role.SA, body, subject="kari")
    assert (done.json()["state"], done.json()["resolved_by"]) == ("published", "kari")
    await desk.hear(citizen.own("Lyset er meldt til montøren.", "100_77"))
    assert "reply.captured" not in await desk.event_types()


async def test_a_dead_channel_does_not_stand_in_the_way_and_is_not_hammered(desk: Desk, citizen: Citizen) -> None:
    await desk.released(citizen)
    desk.clock.move(timedelta(seconds=31))
    desk.platform.unreachable = Unreachable("facebook:190", pauses_channel=True)
    asked = 0
    fetch = desk.platform.fetch

    async def counted(object_id: str) -> Any:
        nonlocal asked
        asked += 1
        return await fetch(object_id)

    desk.platform.fetch = counted  # type: ignore[method-assign]
    for _ in range(120):
        await desk.sender.round()
        desk.clock.move(timedelta(seconds=1))
    assert asked == 2
    desk.platform.unreachable = None
    desk.clock.move(timedelta(minutes=16))
    await desk.sender.round()
    assert desk.platform.posts == 1


@pytest.mark.parametrize("state", ["proposed", "suspended", "closed"])
async def test_nothing_is_published_on_a_channel_that_is_not_active(desk: Desk, citizen: Citizen, state: str) -> None:
    """INV-15."""
    approved = await desk.approved(citizen)
    await desk.hear(channel(state, version=2))
    assert (await desk.act(approved, "publish", Role.SA, subject="per")).json()["code"] == "CHANNEL_NOT_ACTIVE"
