"""The fake of the responder's tests and the adapter on the simulator keep one contract (architecture, section 11)."""

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Any, Protocol

import pytest
from torg_responder.channels.facebook import Facebook
from torg_responder.channels.port import Confirmed, Gone, Outcome, Platform, Rejected, Seen, Unknown, Unreachable
from torg_shared.http import Outbound
from torg_shared.testing import FakeClock
from torg_simulator.world import World

from tests.responder.conftest import FakePlatform

from .conftest import SECRET, TOKEN, Face

_PAGE = "105678901234567"


class Stage(Protocol):
    """A platform, and what a test makes happen there."""

    @property
    def platform(self) -> Platform: ...

    async def comment(self, text: str) -> str: ...
    async def edit(self, comment: str, text: str) -> None: ...
    async def remove(self, comment: str) -> None: ...
    async def next_reply(self, fault: str) -> None: ...
    async def away(self) -> None: ...
    async def standing(self) -> int: ...


_OUTCOMES: Mapping[str, tuple[Outcome, bool]] = {
    "effect_then_500": (Unknown("facebook:500"), True),
    "reset": (Unknown("no_answer"), False),
    "rate_limited": (Rejected("throttled:4", retry_after_s=60), False),
    "expired_token": (Rejected("token:190", retry_after_s=60, pauses_channel=True), False),
}


class Fake:
    def __init__(self) -> None:
        self.platform = FakePlatform(FakeClock())
        self.comments = 0

    async def comment(self, text: str) -> str:
        self.comments += 1
        name = f"c{self.comments}"
        self.platform.objects[name] = Seen(name, text)
        return name

    async def edit(self, comment: str, text: str) -> None:
        self.platform.objects[comment] = Seen(comment, text)

    async def remove(self, comment: str) -> None:
        del self.platform.objects[comment]

    async def next_reply(self, fault: str) -> None:
        outcome, effect = _OUTCOMES[fault]
        self.platform.answers.append(outcome)
        self.platform.effects.append(effect)

    async def away(self) -> None:
        self.platform.unreachable = Unreachable("away")

    async def standing(self) -> int:
        return sum(len(own) for own in self.platform.children.values())


class Real:
    def __init__(self, platform: Facebook, face: Any) -> None:
        self.platform, self.face = platform, face

    async def comment(self, text: str) -> str:
        return str((await self.face.post("/_sim/comments", message=text))["id"])

    async def edit(self, comment: str, text: str) -> None:
        await self.face.post(f"/_sim/comments/{comment}/edit", message=text)

    async def remove(self, comment: str) -> None:
        await self.face.post(f"/_sim/comments/{comment}/remove")

    async def next_reply(self, fault: str) -> None:
        await self.face.post("/_sim/faults", on="reply", do=fault)

    async def away(self) -> None:
        await self.face.post("/_sim/faults", on="read", do="error_500")

    async def standing(self) -> int:
        return len((await self.face.get("/_sim/comments", by="page"))["data"])


@pytest.fixture
def fake() -> Stage:
    return Fake()


@pytest.fixture
async def adapter(simulator: World, control: Face) -> AsyncIterator[Stage]:
    outbound = Outbound(["127.0.0.1"], allow_private=True, deadline_s=20, max_body=1024 * 1024)
    facebook = Facebook(outbound, simulator.settings.base, "v24.0", _PAGE, lambda: (SECRET, TOKEN))
    yield Real(facebook, control)
    await facebook.close()


@pytest.fixture(params=["fake", "adapter"])
def stage(request: pytest.FixtureRequest) -> Stage:
    found: Stage = request.getfixturevalue(request.param)
    return found


def _since() -> datetime:
    return datetime(2020, 1, 1, tzinfo=UTC)


async def test_a_reply_stands_where_it_was_posted(stage: Stage) -> None:
    parent, other = await stage.comment("Når åpner hallen?"), await stage.comment("Hei")
    outcome = await stage.platform.reply(parent, "Kl. 10 på lørdag 🏊\n\n– Anne Berg")
    assert isinstance(outcome, Confirmed)
    there = await stage.platform.fetch(outcome.external_id)
    (own,) = await stage.platform.find_own_replies(parent, _since())
    assert there.text == own.text == "Kl. 10 på lørdag 🏊\n\n– Anne Berg"
    assert own.external_id == outcome.external_id
    assert own.is_own
    assert await stage.platform.find_own_replies(other, _since()) == []


async def test_the_last_look_shows_the_text_of_now(stage: Stage) -> None:
    comment = await stage.comment("Når åpner hallen?")
    assert (await stage.platform.fetch(comment)).text == "Når åpner hallen?"
    await stage.edit(comment, "Glem det")
    assert (await stage.platform.fetch(comment)).text == "Glem det"


async def test_what_was_removed_is_gone(stage: Stage) -> None:
    comment = await stage.comment("Hei")
    await stage.remove(comment)
    with pytest.raises(Gone):
        await stage.platform.fetch(comment)


@pytest.mark.parametrize("fault", sorted(_OUTCOMES))
async def test_every_outcome_is_one_of_three_and_tells_the_effect(stage: Stage, fault: str) -> None:
    parent = await stage.comment("Hei")
    wanted, effect = _OUTCOMES[fault]
    await stage.next_reply(fault)
    outcome = await stage.platform.reply(parent, "Svar")
    assert type(outcome) is type(wanted)
    if isinstance(outcome, Rejected) and isinstance(wanted, Rejected):
        assert (outcome.permanent, outcome.pauses_channel) == (False, wanted.pauses_channel)
    assert await stage.standing() == len(await stage.platform.find_own_replies(parent, _since())) == effect
    assert isinstance(await stage.platform.reply(parent, "Svar igjen"), Confirmed)


async def test_a_look_that_fails_tells_that_nothing_is_known(stage: Stage) -> None:
    comment = await stage.comment("Hei")
    await stage.away()
    with pytest.raises(Unreachable):
        await stage.platform.fetch(comment)
