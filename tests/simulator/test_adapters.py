"""The adapters of the services against the simulator, over real sockets: what each fault means to them."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from torg_ingest.channels import facebook as inbound
from torg_ingest.domain.changes import Delivery
from torg_responder.channels.facebook import Facebook
from torg_responder.channels.port import Confirmed, Gone, Rejected, Unknown, Unreachable
from torg_shared.http import Outbound
from torg_shared.ids import uuid7
from torg_simulator.world import World

from .conftest import SECRET, TOKEN, Face, Receiver

PAGE = "105678901234567"
ENDLESS = {"effect_then_timeout", "timeout", "slow", "trickle"}


def adapter(simulator: World, deadline_s: float) -> Facebook:
    outbound = Outbound(["127.0.0.1"], allow_private=True, deadline_s=deadline_s, max_body=1024 * 1024)
    return Facebook(outbound, simulator.settings.base, "v24.0", PAGE, lambda: (SECRET, TOKEN))


@pytest.fixture
async def facebook(simulator: World) -> AsyncIterator[Facebook]:
    made = adapter(simulator, 30)
    yield made
    await made.close()


@pytest.fixture
async def impatient(simulator: World) -> AsyncIterator[Facebook]:
    """For faults that only a deadline ends."""
    made = adapter(simulator, 1)
    yield made
    await made.close()


@pytest.fixture
async def parent(control: Face) -> str:
    await control.patch("/_sim/behaviour", require_proof=True)
    return str((await control.post("/_sim/comments", message="Når åpner svømmehallen?"))["id"])


async def own(control: Face) -> list[dict[str, Any]]:
    return list((await control.get("/_sim/comments", by="page"))["data"])


def an_hour_ago() -> datetime:
    return datetime.now(UTC) - timedelta(hours=1)


async def test_reply_is_confirmed_and_read_back(facebook: Facebook, control: Face, parent: str) -> None:
    outcome = await facebook.reply(parent, "Kl. 10 på lørdag 🏊\n\nHilsen Per")

    (standing,) = await own(control)
    (seen,) = await facebook.find_own_replies(parent, an_hour_ago())
    assert isinstance(outcome, Confirmed)
    assert outcome.external_id == standing["id"] == seen.external_id
    assert seen.text == standing["message"] == "Kl. 10 på lørdag 🏊\n\nHilsen Per"
    assert seen.permalink == standing["permalink"]


@pytest.mark.parametrize(
    ("do", "kind", "effects"),
    [
        ("effect_then_timeout", Unknown, 1),
        ("effect_then_500", Unknown, 1),
        ("effect_then_502", Unknown, 1),
        ("effect_then_400", Unknown, 1),
        ("reset_after_write", Unknown, 1),
        ("effect_then_cut", Unknown, 1),
        ("trickle", Unknown, 1),
        ("slow", Unknown, 1),
        ("timeout", Unknown, 0),
        ("error_500", Unknown, 0),
        ("reset", Unknown, 0),
        ("huge", Unknown, 0),
        ("bomb", Unknown, 0),
        ("garbage", Unknown, 0),
        ("rate_limited", Rejected, 0),
        ("expired_token", Rejected, 0),
    ],
)
async def test_no_fault_is_taken_for_more_or_less_than_it_is(
    do: str, kind: type, effects: int, facebook: Facebook, impatient: Facebook, control: Face, parent: str
) -> None:
    """`Rejected` only where there certainly was no effect: what may have had one is never sent again."""
    await control.post("/_sim/faults", on="reply", do=do)

    outcome = await (impatient if do in ENDLESS else facebook).reply(parent, "Svar")

    assert type(outcome) is kind
    assert len(await own(control)) == effects
    assert len(await facebook.find_own_replies(parent, an_hour_ago())) == effects
    assert len((await control.get("/_sim/calls", operation="reply"))["data"]) == 1


async def test_wait_is_what_the_platform_said(facebook: Facebook, control: Face, parent: str) -> None:
    await control.post("/_sim/faults", on="reply", do="rate_limited", retry_after_s=321)

    outcome = await facebook.reply(parent, "Svar")

    assert isinstance(outcome, Rejected)
    assert (outcome.retry_after_s, outcome.permanent) == (321, False)


@pytest.mark.parametrize("state", ["expired", "password_changed", "no_permission"])
async def test_dead_token_pauses_the_channel(state: str, facebook: Facebook, control: Face, parent: str) -> None:
    await control.patch("/_sim/behaviour", token=state)

    outcome = await facebook.reply(parent, "Svar")

    assert isinstance(outcome, Rejected)
    assert outcome.pauses_channel
    assert await own(control) == []


async def test_removed_parent_is_gone(facebook: Facebook, control: Face, parent: str) -> None:
    await control.post(f"/_sim/comments/{parent}/remove")

    with pytest.raises(Gone):
        await facebook.fetch(parent)
    assert await facebook.reply(parent, "Svar") == Rejected("bad_parameter:33", permanent=True)


async def test_last_look_sees_the_edit(facebook: Facebook, control: Face, parent: str) -> None:
    await control.post(f"/_sim/comments/{parent}/edit", message="Glem det")

    assert (await facebook.fetch(parent)).text == "Glem det"


@pytest.mark.parametrize("do", ["timeout", "error_500", "reset", "garbage", "bomb", "rate_limited"])
async def test_look_that_fails_says_that_nothing_is_known(
    do: str, facebook: Facebook, impatient: Facebook, control: Face, parent: str
) -> None:
    await control.post("/_sim/faults", on="read", do=do)

    with pytest.raises(Unreachable):
        await (impatient if do in ENDLESS else facebook).fetch(parent)


async def test_reading_back_goes_through_all_pages(facebook: Facebook, control: Face, parent: str) -> None:
    outcome = await facebook.reply(parent, "Svar")
    await control.post("/_sim/comments/bulk", count=250, parent=parent)

    (seen,) = await facebook.find_own_replies(parent, an_hour_ago())

    assert isinstance(outcome, Confirmed)
    assert seen.external_id == outcome.external_id


async def test_read_lag_hides_what_was_posted(facebook: Facebook, control: Face, parent: str) -> None:
    """Why absence proves nothing."""
    await control.patch("/_sim/behaviour", read_lag_s=30)
    await facebook.reply(parent, "Svar")

    assert await facebook.find_own_replies(parent, an_hour_ago()) == []
    await control.post("/_sim/clock", forward_s=31)
    assert len(await facebook.find_own_replies(parent, an_hour_ago())) == 1


async def test_intake_understands_every_change(
    control: Face, receiver: Receiver, parent: str, idle: Callable[[], Any]
) -> None:
    reply = await control.post("/_sim/comments", message="Svar", parent=parent, as_page=True)
    await control.post(f"/_sim/comments/{parent}/edit", message="Ny tekst æøå")
    for act in ("hide", "unhide", "remove"):
        await control.post(f"/_sim/comments/{parent}/{act}")
    await control.post("/_sim/comments", message="x", without_from=True)
    await control.post("/_sim/comments", photo=True)
    await control.post("/_sim/comments", message="x", old_shape=True)
    await idle()

    changes: list[Any] = []
    for delivered in receiver.got:
        signature = delivered.headers["x-hub-signature-256"].encode()
        assert inbound.signed(delivered.body, signature, [SECRET.encode()])
        parsed = inbound.parse(
            Delivery(
                id=uuid7(),
                platform="facebook",
                received_at=datetime.now(UTC),
                body=delivered.body,
                content_type=delivered.headers["content-type"],
            )
        )
        assert parsed.set_aside == () or list(parsed.set_aside) == []
        changes += parsed.changes

    assert [change.verb for change in changes] == [
        "created",
        "created",
        "edited",
        "hidden",
        "unhidden",
        "removed",
        "created",
        "created",
        "created",
    ]
    assert [change.object_id for change in changes[:3]] == [parent, reply["id"], parent]
    assert (changes[1].kind, changes[1].parent, changes[1].author.handle) == ("reply", parent, PAGE)
    assert changes[2].text == "Ny tekst æøå"
    assert (changes[6].author.handle, changes[7].text, changes[7].has_media) == (None, None, True)
    assert changes[8].author.handle is not None
