"""From draft to the platform and back: approval, release, last look, one call, and every kind of outcome."""

from datetime import timedelta
from typing import Any

import pytest
from torg_responder.channels.port import Rejected, Unknown, Unreachable
from torg_shared.auth import Role

from .conftest import Citizen, Desk, channel


async def test_an_approved_answer_is_published_once_and_verified(desk: Desk, citizen: Citizen) -> None:
    reply = await desk.released(citizen)
    assert reply["state"] == "released"
    await desk.sender.round()
    assert desk.platform.posts == 0  # the undo window is open
    desk.clock.move(timedelta(seconds=31))
    for _ in range(3):
        await desk.sender.round()
    found = await desk.reply(reply["id"])
    assert (found["state"], found["attempt"], desk.platform.posts) == ("verified", 1, 1)
    assert found["published_text"] == "Lyset er meldt til montøren."
    assert [one for one in await desk.event_types() if one.startswith("reply")] == [
        "reply.drafted",
        "reply.approval_requested",
        "reply.approved",
        "reply.released",
        "reply.published",
        "reply.verified",
    ]


async def test_nobody_approves_their_own_at_any_role(desk: Desk, citizen: Citizen) -> None:
    made = await desk.call(
        "POST", "/replies", Role.RED, {"message_id": str(citizen.id), "kind": "full", "text": "Hei."}, subject="per"
    )
    asked = await desk.act(made.json(), "submit", Role.RED, subject="per")
    body = {"binding_sha256": asked.json()["binding_sha256"]}
    for role in (Role.RED, Role.SA, Role.LED):
        answer = await desk.act(asked.json(), "approve", role, body, subject="per")
        assert (answer.status_code, answer.json()["code"]) == (403, "SELF_APPROVAL")


async def test_the_approver_approves_what_was_shown(desk: Desk, citizen: Citizen) -> None:
    made = await desk.call(
        "POST", "/replies", Role.SA, {"message_id": str(citizen.id), "kind": "full", "text": "Hei."}, subject="per"
    )
    asked = await desk.act(made.json(), "submit", Role.SA, subject="per")
    answer = await desk.act(asked.json(), "approve", Role.LED, {"binding_sha256": "0" * 64}, subject="lise")
    assert (answer.status_code, answer.json()["code"]) == (412, "BINDING_MISMATCH")


async def test_undo_within_the_window_and_not_after(desk: Desk, citizen: Citizen) -> None:
    reply = await desk.released(citizen)
    desk.clock.move(timedelta(seconds=10))
    undone = await desk.act(reply, "undo", Role.SA, subject="per")
    assert undone.json()["state"] == "draft"
    assert undone.json()["binding_sha256"] is None
    desk.clock.move(timedelta(seconds=60))
    await desk.sender.round()
    assert desk.platform.posts == 0


async def test_undo_after_the_window_is_refused(desk: Desk, citizen: Citizen) -> None:
    reply = await desk.released(citizen)
    desk.clock.move(timedelta(seconds=31))
    answer = await desk.act(reply, "undo", Role.SA, subject="per")
    assert (answer.status_code, answer.json()["code"]) == (409, "UNDO_WINDOW_OVER")


async def test_only_administrators_publish(desk: Desk, citizen: Citizen) -> None:
    approved = await desk.approved(citizen)
    for role in (Role.FAG, Role.LED, Role.ARK):
        assert (await desk.act(approved, "publish", role)).status_code == 403


async def test_a_channel_that_is_not_active_publishes_nothing(desk: Desk, citizen: Citizen) -> None:
    approved = await desk.approved(citizen)
    await desk.hear(channel("suspended", version=2))
    answer = await desk.act(approved, "publish", Role.SA, subject="per")
    assert (answer.status_code, answer.json()["code"]) == (409, "CHANNEL_NOT_ACTIVE")


async def test_a_channel_suspended_after_release_holds_the_reply(desk: Desk, citizen: Citizen) -> None:
    reply = await desk.released(citizen)
    await desk.hear(channel("suspended", version=2))
    desk.clock.move(timedelta(seconds=31))
    await desk.sender.round()
    assert ((await desk.reply(reply["id"]))["state"], desk.platform.posts) == ("held", 0)


async def test_the_pause_stops_everything_before_its_intent(desk: Desk, citizen: Citizen) -> None:
    reply = await desk.released(citizen)
    row = (await desk.call("GET", "/outbound-pause", Role.LED)).headers["etag"]
    paused = await desk.call(
        "POST", "/outbound-pause", Role.LED, {"paused": True, "reason": "feil"}, version=int(row.strip('"'))
    )
    assert paused.status_code == 200
    desk.clock.move(timedelta(seconds=31))
    await desk.sender.round()
    assert ((await desk.reply(reply["id"]))["state"], desk.platform.posts) == ("released", 0)
    on = await desk.call("POST", "/outbound-pause", Role.LED, {"paused": False, "reason": "rettet"}, version=2)
    assert on.status_code == 200
    await desk.sender.round()
    assert desk.platform.posts == 1


async def test_a_citizen_who_edits_retires_the_approval_before_and_after_release(desk: Desk, citizen: Citizen) -> None:
    waiting = await desk.approved(citizen)
    await desk.hear(citizen.edited("Takk, det lyser igjen!", 2))
    assert (await desk.reply(waiting["id"]))["state"] == "retired"
    assert (await desk.reply(waiting["id"]))["cause"] == "target_edited"


async def test_an_edit_that_nobody_told_us_of_is_seen_at_the_last_look(desk: Desk, citizen: Citizen) -> None:
    reply = await desk.released(citizen)
    citizen.stands_on(desk.platform, "noe helt annet")
    desk.clock.move(timedelta(seconds=31))
    await desk.sender.round()
    found = await desk.reply(reply["id"])
    assert (found["state"], found["cause"], desk.platform.posts) == ("retired", "target_edited", 0)


async def test_a_deleted_target_retires_at_the_last_look(desk: Desk, citizen: Citizen) -> None:
    reply = await desk.released(citizen)
    del desk.platform.objects[citizen.external]
    desk.clock.move(timedelta(seconds=31))
    await desk.sender.round()
    assert (await desk.reply(reply["id"]))["cause"] == "target_deleted"


async def test_an_unreachable_platform_defers(desk: Desk, citizen: Citizen) -> None:
    reply = await desk.released(citizen)
    desk.clock.move(timedelta(seconds=31))
    desk.platform.unreachable = Unreachable("NotSent")
    await desk.sender.round()
    found = await desk.reply(reply["id"])
    assert found["state"] == "released"
    assert found["retry_at"]
    desk.platform.unreachable = None
    await desk.sender.round()
    assert desk.platform.posts == 0  # not before the time that was set
    desk.clock.move(timedelta(seconds=30))
    await desk.sender.round()
    assert desk.platform.posts == 1


@pytest.mark.parametrize("happened", [True, False])
async def test_an_unknown_outcome_is_read_back_and_never_posted_again(
    desk: Desk, citizen: Citizen, happened: bool
) -> None:
    desk.platform.answers, desk.platform.effects = [Unknown("no_answer")], [happened]
    reply = await desk.released(citizen)
    desk.clock.move(timedelta(seconds=31))
    await desk.sender.round()
    assert (await desk.reply(reply["id"]))["state"] == "unknown"
    for _ in range(30):
        desk.clock.move(timedelta(seconds=10))
        await desk.sender.round()
    found = await desk.reply(reply["id"])
    assert (found["state"], desk.platform.posts) == ("verified" if happened else "needs_operator", 1)


async def test_a_person_reads_of_an_unknown_outcome_within_a_minute_of_the_settle_time(
    desk: Desk, citizen: Citizen
) -> None:
    desk.platform.answers, desk.platform.effects = [Unknown("no_answer")], [False]
    reply = await desk.released(citizen)
    desk.clock.move(timedelta(seconds=31))
    await desk.sender.round()
    for _ in range(9):
        desk.clock.move(timedelta(seconds=20))
        await desk.sender.round()
    assert (await desk.reply(reply["id"]))["state"] == "needs_operator"


async def test_a_person_resolves_what_is_unknown(desk: Desk, citizen: Citizen) -> None:
    desk.platform.answers, desk.platform.effects = [Unknown("no_answer")], [False]
    reply = await desk.released(citizen)
    desk.clock.move(timedelta(seconds=31))
    for _ in range(12):
        await desk.sender.round()
        desk.clock.move(timedelta(seconds=20))
    waiting = await desk.reply(reply["id"])
    missing = await desk.act(waiting, "resolve", Role.SA, {"outcome": "posted", "reason": "jeg ser det"})
    assert (missing.status_code, missing.json()["code"]) == (422, "LINK_REQUIRED")
    leader = await desk.act(waiting, "resolve", Role.LED, {"outcome": "send_again", "reason": "ikke der"})
    assert leader.status_code == 403
    again = await desk.act(waiting, "resolve", Role.SA, {"outcome": "send_again", "reason": "ikke der"})
    assert again.json()["state"] == "released"
    desk.clock.move(timedelta(seconds=31))
    await desk.sender.round()
    assert (desk.platform.posts, (await desk.reply(reply["id"]))["attempt"]) == (2, 2)


async def test_a_throttled_call_waits_as_long_as_it_was_told_and_holds_the_channel(
    desk: Desk, citizen: Citizen
) -> None:
    desk.platform.answers, desk.platform.effects = [Rejected("throttled:4", retry_after_s=600)], [False]
    reply = await desk.released(citizen)
    desk.clock.move(timedelta(seconds=31))
    await desk.sender.round()
    assert (await desk.reply(reply["id"]))["state"] == "released"
    desk.clock.move(timedelta(seconds=590))
    await desk.sender.round()
    assert desk.platform.posts == 1
    desk.clock.move(timedelta(seconds=11))
    await desk.sender.round()
    assert (desk.platform.posts, (await desk.reply(reply["id"]))["state"]) == (2, "verified")


async def test_a_permanent_refusal_goes_to_a_person(desk: Desk, citizen: Citizen) -> None:
    desk.platform.answers, desk.platform.effects = [Rejected("bad_parameter:0", permanent=True)], [False]
    reply = await desk.released(citizen)
    desk.clock.move(timedelta(seconds=31))
    await desk.sender.round()
    found = await desk.reply(reply["id"])
    assert (found["state"], found["cause"]) == ("rejected", "bad_parameter:0")


async def test_the_echo_before_the_answer_is_not_taken_for_an_external_reply(desk: Desk, citizen: Citizen) -> None:
    desk.platform.answers = [Unknown("no_answer")]
    reply = await desk.released(citizen)
    desk.clock.move(timedelta(seconds=31))
    await desk.sender.round()
    await desk.hear(citizen.own("Lyset er meldt til montøren.", f"{citizen.external}_r1"))
    found = await desk.reply(reply["id"])
    assert (found["state"], found["external_id"]) == ("published", f"{citizen.external}_r1")
    assert "reply.captured" not in await desk.event_types()


async def test_our_own_echo_is_matched_and_an_external_answer_is_captured(desk: Desk, citizen: Citizen) -> None:
    await desk.released(citizen)
    desk.clock.move(timedelta(seconds=31))
    await desk.sender.round()
    await desk.hear(citizen.own("Lyset er meldt til montøren.", f"{citizen.external}_r1"))
    assert "reply.captured" not in await desk.event_types()
    await desk.hear(citizen.own("Nå lyser det!", "from-the-app"))
    external = (await desk.call("GET", "/external-replies", Role.RED)).json()["items"]
    assert [(one["published_text"], one["approved_beforehand"]) for one in external] == [("Nå lyser det!", False)]
    reviewed = await desk.call(
        "POST", f"/external-replies/{external[0]['id']}/review", Role.RED, {"kind": "holding"}, version=1
    )
    assert reviewed.json()["kind"] == "holding"


async def test_an_external_answer_retires_open_approvals(desk: Desk, citizen: Citizen) -> None:
    waiting = await desk.approved(citizen)
    await desk.hear(citizen.own("Svar fra mobilen.", "from-the-app"))
    assert (await desk.reply(waiting["id"]))["cause"] == "municipal_reply"


async def test_what_stands_there_may_differ_from_what_was_meant(desk: Desk, citizen: Citizen) -> None:
    reply = await desk.released(citizen)
    desk.clock.move(timedelta(seconds=31))
    post = desk.platform.reply

    async def shortened(parent: str, text: str) -> Any:
        return await post(parent, text[:10])

    desk.platform.reply = shortened  # type: ignore[method-assign, assignment] # the platform alters what it shows
    await desk.sender.round()
    assert (await desk.reply(reply["id"]))["state"] == "published"  # the platform may show an older state for a while
    desk.clock.move(timedelta(seconds=121))
    await desk.sender.round()
    found = await desk.reply(reply["id"])
    assert (found["state"], found["published_text"]) == ("mismatch", "Lyset er m")


async def test_a_second_answer_to_the_same_message_is_refused(desk: Desk, citizen: Citizen) -> None:
    await desk.released(citizen)
    second = await desk.call(
        "POST", "/replies", Role.SA, {"message_id": str(citizen.id), "kind": "full", "text": "To."}, subject="per"
    )
    answer = await desk.act(second.json(), "submit", Role.SA, subject="per")
    assert (answer.status_code, answer.json()["code"]) == (409, "ALREADY_ANSWERED")


async def test_a_sender_without_the_lease_sends_nothing(desk: Desk, citizen: Citizen) -> None:
    from dataclasses import replace
    from uuid import uuid4

    await desk.released(citizen)
    other = replace(desk.sender, holder=uuid4())
    await other.round()
    desk.clock.move(timedelta(seconds=31))
    await desk.sender.round()
    assert desk.platform.posts == 0
    await other.round()
    assert desk.platform.posts == 1


async def test_a_process_that_died_in_its_call_leaves_an_unknown_outcome(desk: Desk, citizen: Citizen) -> None:
    reply = await desk.released(citizen)
    desk.clock.move(timedelta(seconds=31))
    post = desk.platform.reply

    async def dies(parent: str, text: str) -> Any:
        await post(parent, text)
        raise KeyboardInterrupt

    desk.platform.reply = dies  # type: ignore[method-assign, assignment] # as if killed between call and record
    with pytest.raises(KeyboardInterrupt):
        await desk.sender.round()
    assert (await desk.reply(reply["id"]))["state"] == "sending"
    for _ in range(20):
        desk.clock.move(timedelta(seconds=20))
        await desk.sender.round()
    assert ((await desk.reply(reply["id"]))["state"], desk.platform.posts) == ("verified", 1)
