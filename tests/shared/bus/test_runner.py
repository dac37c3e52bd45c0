"""The loop around every handler: one effect per event, and what becomes of events that fail."""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from torg_shared import inbox
from torg_shared.bus.handlers import Handlers
from torg_shared.bus.memory import MemoryBus
from torg_shared.bus.port import Member, Outgoing, Record, Slot, partition_of
from torg_shared.bus.runner import Group, GroupSilent, Pace, apply_all, replay, run_group
from torg_shared.errors import Conflict, NotFound
from torg_shared.events.catalogue import PARTITIONS
from torg_shared.events.classifier import UrgentAcknowledged, UrgentRaised
from torg_shared.events.envelope import Actor, Meta, encode
from torg_shared.ids import uuid7
from torg_shared.metrics import Metrics
from torg_shared.testing import FakeClock, until
from torg_shared.work import Work, Works

_ACTOR = Actor(kind="system", id="test")
_PACE = Pace(batch=50, wait_s=0.02, silence_s=0.2, longest_backoff_s=0.05)


def acknowledged(action: str = "called", conversation: UUID | None = None) -> Outgoing:
    event = UrgentAcknowledged(
        message_id=uuid4(),
        conversation_id=conversation or uuid4(),
        message_version=1,
        acknowledged_by="x",
        action=action,
    )
    meta = Meta(uuid7(), FakeClock().now(), _ACTOR, event.key)
    return Outgoing(event.TOPIC, event.key, meta.id, event.TYPE, encode(event, meta, "urn:torg:test"))


class Stage:
    """A group on a memory bus and a real database, whose handler notes what it was given."""

    def __init__(self, works: Works) -> None:
        self.works, self.bus, self.metrics = works, MemoryBus(), Metrics()
        self.seen: list[str] = []
        self.fail: Callable[[UrgentAcknowledged, int], Exception | None] = lambda _event, _tries: None
        self.tries: dict[UUID, int] = {}
        self.group = Group("test", Handlers().on(UrgentAcknowledged, self.handle))

    async def handle(self, event: UrgentAcknowledged, work: Work) -> None:
        self.tries[event.meta.id] = self.tries.get(event.meta.id, 0) + 1
        if error := self.fail(event, self.tries[event.meta.id]):
            raise error
        await work.db.execute(
            sa.text("INSERT INTO relay_cursor (name, position) VALUES (:name, 1)"), {"name": f"{event.meta.id}"}
        )
        self.seen.append(event.action)

    async def effects(self) -> int:
        """How many events have had their effect; a second effect of one would break the primary key."""
        async with self.works.engine.connect() as db:
            return int(await db.scalar(sa.text("SELECT count(*) FROM relay_cursor WHERE name <> 'bus'")) or 0)

    async def letters(self) -> Sequence[inbox.DeadLetter]:
        async with self.works.engine.connect() as db:
            return await inbox.dead_letters(db, None, 100)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[asyncio.Task[None]]:
        async with self.bus.join("test", self.group.handlers.topics):
            pass  # from now on the bus knows what waits for the group
        stop = asyncio.Event()
        task = asyncio.create_task(run_group(self.group, self.bus, self.works, stop, self.metrics, _PACE))
        try:
            yield task
        finally:
            stop.set()
            await asyncio.gather(task, return_exceptions=True)

    async def drained(self) -> bool:
        return await self.bus.lag("test") == 0


@pytest.fixture
async def stage(database: Any, works_for: Any) -> Stage:
    return Stage(works_for(await database("torg_shared"), "shared"))


async def test_every_event_has_one_effect_however_often_it_comes(stage: Stage) -> None:
    events = [acknowledged() for _ in range(20)]
    await stage.bus.publish([*events, *events, events[0]])
    async with stage.running():
        await until(stage.drained, what="everything handled")
    await stage.bus.publish(events)
    async with stage.running():
        await until(stage.drained, what="the repetition handled")
    assert await stage.effects() == 20
    assert len(stage.seen) == 20


@pytest.mark.parametrize("place", [0, 10, 19])
async def test_a_poisoned_event_is_found_and_parked_and_the_others_go_on(stage: Stage, place: int) -> None:
    conversation = uuid4()
    events = [acknowledged("bad" if number == place else f"{number}", conversation) for number in range(20)]
    stage.fail = lambda event, _: ValueError("a fault of the handler") if event.action == "bad" else None
    await stage.bus.publish(events)
    async with stage.running():
        await until(stage.drained, what="everything handled or parked")
    assert await stage.effects() == 19
    letters = await stage.letters()
    assert [(one.event_id, one.reason) for one in letters] == [(events[place].id, "ValueError")]
    assert stage.tries[events[place].id] >= 3  # three tries of it alone
    last_tries = list(dict.fromkeys(reversed(stage.seen)))[::-1]
    assert last_tries == [f"{number}" for number in range(20) if number != place]


def _bad_bytes(good: Outgoing) -> Outgoing:
    return replace(good, payload=b"\xff no json")


def _no_envelope(good: Outgoing) -> Outgoing:
    return replace(good, payload=b'{"id": 1, "type": [], "data": {}}')


def _unknown_major(good: Outgoing) -> Outgoing:
    envelope = orjson.loads(good.payload) | {"type": "urgent.acknowledged.v2"}
    return replace(good, type="urgent.acknowledged.v2", payload=orjson.dumps(envelope))


def _not_of_its_contract(good: Outgoing) -> Outgoing:
    return replace(good, payload=orjson.dumps(orjson.loads(good.payload) | {"data": {"message_version": "many"}}))


def _nul_in_its_key(good: Outgoing) -> Outgoing:
    return replace(good, key="a\x00b", payload=b"{}")


@pytest.mark.parametrize("place", [0, 6, 11], ids=["head", "middle", "tail"])
@pytest.mark.parametrize("poison", [_bad_bytes, _no_envelope, _unknown_major, _not_of_its_contract, _nul_in_its_key])
async def test_every_kind_of_poison_is_parked_with_its_reason_wherever_it_stands(
    stage: Stage, poison: Callable[[Outgoing], Outgoing], place: int
) -> None:
    conversation = uuid4()
    events = [acknowledged(f"{number}", conversation) for number in range(12)]
    events[place] = poison(events[place])
    await stage.bus.publish(events)
    async with stage.running():
        await until(stage.drained, what="everything handled or parked")
    assert await stage.effects() == 11
    (letter,) = await stage.letters()
    assert (letter.event_id, letter.envelope) == (events[place].id, events[place].payload)
    assert letter.reason
    with pytest.raises(Conflict, match="REPLAY_FAILED"):
        await replay([stage.group], stage.works, letter.id, _ACTOR)
    assert len(await stage.letters()) == 1


async def test_what_is_no_event_or_of_an_unknown_major_version_is_parked(stage: Stage) -> None:
    good = acknowledged()
    later = orjson.loads(good.payload) | {"type": "urgent.acknowledged.v2", "id": str(uuid7())}
    later_id = UUID(later["id"])
    await stage.bus.publish(
        [
            Outgoing(good.topic, good.key, uuid7(), UrgentAcknowledged.TYPE, b"\xff not json"),
            Outgoing(good.topic, good.key, later_id, "urgent.acknowledged.v2", orjson.dumps(later)),
            good,
        ]
    )
    async with stage.running():
        await until(stage.drained, what="everything handled or parked")
    assert len(await stage.letters()) == 2
    assert await stage.effects() == 1


async def test_a_type_without_a_handler_is_passed_over_unparsed(stage: Stage) -> None:
    await stage.bus.publish(
        [Outgoing(UrgentRaised.TOPIC, "k", uuid7(), UrgentRaised.TYPE, b"\xff not even json"), acknowledged()]
    )
    async with stage.running():
        await until(stage.drained, what="everything")
    assert list(await stage.letters()) == []
    assert await stage.effects() == 1


@pytest.mark.parametrize(
    "error",
    [
        OSError("cut"),
        TimeoutError(),
        DBAPIError("x", {}, Exception("connection is closed"), connection_invalidated=True),
    ],
)
async def test_a_passing_failure_is_tried_again_and_never_parked(stage: Stage, error: Exception) -> None:
    events = [acknowledged(f"{number}") for number in range(5)]
    stage.fail = lambda _event, tries: error if tries < 12 else None
    await stage.bus.publish(events)
    async with stage.running():
        await until(stage.drained, what="everything, in the end")
    assert list(await stage.letters()) == []
    assert await stage.effects() == 5


async def test_a_connection_that_is_cut_in_the_transaction_is_tried_again(stage: Stage) -> None:
    cut = [0]
    handle = stage.handle

    async def handle_and_cut(event: UrgentAcknowledged, work: Work) -> None:
        await handle(event, work)
        if not cut[0]:
            cut[0] = 1
            await work.db.execute(sa.text("SELECT pg_terminate_backend(pg_backend_pid())"))

    stage.group = Group("test", Handlers().on(UrgentAcknowledged, handle_and_cut))
    await stage.bus.publish([acknowledged() for _ in range(3)])
    async with stage.running():
        await until(stage.drained, what="everything")
    assert await stage.effects() == 3


async def test_ten_parked_in_a_row_halt_the_group_until_somebody_resumes_it(stage: Stage) -> None:
    conversation = uuid4()
    stage.fail = lambda event, _: ValueError() if event.action == "bad" else None
    # two more bad ones than it takes stand in the same batch: they stay on the bus
    await stage.bus.publish([acknowledged("bad", conversation) for _ in range(12)])

    async def halted() -> dict[str, str]:
        async with stage.works.engine.connect() as db:
            return await inbox.halted(db)

    async with stage.running():
        await until(halted, what="the group halts")
        await stage.bus.publish([acknowledged("good", conversation)])
        await asyncio.sleep(0.2)  # nothing may happen: there is no condition to wait for
        assert await stage.effects() == 0
        assert len(await stage.letters()) == 10
        async with stage.works.begin(_ACTOR) as work:
            assert await inbox.resume(work.db, "test")
        await until(stage.drained, what="the group goes on")
    assert await stage.effects() == 1
    assert len(await stage.letters()) == 12


async def test_a_dead_letter_is_replayed_once(stage: Stage) -> None:
    stage.fail = lambda _event, _tries: ValueError()
    await stage.bus.publish([acknowledged()])
    async with stage.running():
        await until(stage.drained, what="parked")
    letter = (await stage.letters())[0]
    with pytest.raises(Conflict, match="REPLAY_FAILED"):
        await replay([stage.group], stage.works, letter.id, _ACTOR)
    assert (await stage.letters())[0].replayed_at is None
    stage.fail = lambda _event, _tries: None
    for _ in range(2):
        await replay([stage.group], stage.works, letter.id, _ACTOR)
    assert await stage.effects() == 1
    assert (await stage.letters())[0].replays == 1
    with pytest.raises(NotFound):
        await replay([stage.group], stage.works, uuid4(), _ACTOR)


class _Deaf(MemoryBus):
    """A bus whose member hears nothing while events wait: the client's known failure after broker restarts."""

    def __init__(self) -> None:
        super().__init__()
        self.joined = 0

    @asynccontextmanager
    async def join(self, group: str, topics: Any) -> AsyncIterator[Member]:
        self.joined += 1
        async with super().join(group, topics) as member:
            yield _DeafMember(member)


class _DeafMember:
    def __init__(self, member: Member) -> None:
        self.member = member

    @property
    def assigned(self) -> Collection[Slot]:
        return self.member.assigned

    async def fetch(self, limit: int, wait_s: float) -> Sequence[Record]:
        await asyncio.sleep(wait_s)
        return []

    async def commit(self, done: Sequence[Record]) -> None:
        await self.member.commit(done)

    async def hold(self, seconds: float) -> None:
        await self.member.hold(seconds)


async def test_a_silent_member_joins_again_once_and_then_asks_for_a_new_process(stage: Stage) -> None:
    deaf = _Deaf()
    stage.bus = deaf
    async with deaf.join("test", [UrgentAcknowledged.TOPIC]):
        await deaf.publish([acknowledged()])
    async with stage.running() as task:
        with pytest.raises(GroupSilent):
            await asyncio.wait_for(task, 10)
    assert deaf.joined == 4  # twice by the test, once at first, once again


async def test_a_member_whose_fellow_has_much_to_do_is_not_silent(stage: Stage) -> None:
    async with stage.bus.join("test", [UrgentAcknowledged.TOPIC]) as fellow, stage.running() as task:

        async def shared() -> bool:
            return len(fellow.assigned) == PARTITIONS // 2

        await until(shared, what="the two share the partitions")
        its = {number for _, number in fellow.assigned}
        conversation = next(one for one in iter(uuid4, None) if partition_of(str(one), PARTITIONS) in its)
        await stage.bus.publish([acknowledged("waits", conversation)])
        await asyncio.sleep(0.6)  # three times the silence that is borne
        assert await stage.bus.lag("test") == 1
        assert not task.done()
    assert stage.metrics.counter("torg_group_rejoined_total").labels("test", "silent")._value.get() == 0


async def test_a_statement_that_times_out_again_and_again_is_parked_in_the_end(stage: Stage) -> None:
    tries = [0]

    async def slow(event: UrgentAcknowledged, work: Work) -> None:
        if event.action == "slow":
            tries[0] += 1
            await work.db.execute(sa.text("SET LOCAL statement_timeout = '20ms'"))
            await work.db.execute(sa.text("SELECT pg_sleep(5)"))
        await stage.handle(event, work)

    stage.group = Group("test", Handlers().on(UrgentAcknowledged, slow))
    await stage.bus.publish([acknowledged("slow" if number == 1 else "quick") for number in range(3)])
    async with stage.running():
        await until(stage.drained, what="everything handled or parked")
    assert [one.reason for one in await stage.letters()] == ["DBAPIError 57014"]
    assert tries[0] >= 5
    assert await stage.effects() == 2


async def test_silence_without_waiting_events_is_peace(stage: Stage) -> None:
    async with stage.running() as task:
        await asyncio.sleep(0.6)  # three times the silence that is borne
        assert not task.done()


async def test_bisection_keeps_the_order_and_calls_no_more_than_it_must() -> None:
    done: list[int] = []
    buried: list[int] = []

    async def apply(items: Sequence[int]) -> None:
        if 13 in items:
            raise ValueError
        done.extend(items)

    async def bury(item: int, _error: Exception) -> None:
        done.append(item)
        buried.append(item)

    await apply_all(list(range(32)), apply, bury)
    assert done == list(range(32))
    assert buried == [13]
