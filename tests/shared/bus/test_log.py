"""The commit-ordered log and the relay: every committed event once for a reader past a cursor, in order."""

import asyncio
import contextlib
import random
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
import sqlalchemy as sa
from torg_shared import log
from torg_shared.bus.memory import MemoryBus
from torg_shared.bus.port import BusAway, Outgoing
from torg_shared.db import is_transient
from torg_shared.events.classifier import UrgentAcknowledged
from torg_shared.events.envelope import Actor
from torg_shared.metrics import Metrics
from torg_shared.relay import run_relay
from torg_shared.testing import until
from torg_shared.work import NothingCommitted, Works

_ACTOR = Actor(kind="system", id="test")


def _event(conversation: UUID, number: int) -> UrgentAcknowledged:
    return UrgentAcknowledged(
        message_id=uuid4(), conversation_id=conversation, message_version=number, acknowledged_by="x", action="called"
    )


async def test_a_reader_past_a_cursor_misses_nothing_whatever_the_writers_do(database: Any, works_for: Any) -> None:
    """Concurrent writers with rollbacks and killed connections; a reader follows at the same time."""
    db = await database("torg_shared")
    works: Works = works_for(db, "shared", None, 12)
    chance, written, conversations = random.Random(7), [0], [uuid4() for _ in range(8)]
    committed: list[UUID] = []
    stop = asyncio.Event()

    async def write(which: int) -> None:
        for _ in range(40):
            fate = chance.random()
            try:
                async with works.begin(_ACTOR) as work:
                    written[0] += 1
                    events = [_event(conversations[which], written[0]) for _ in range(chance.randint(1, 3))]
                    work.publish(*events)
                    await asyncio.sleep(chance.random() * 0.003)
                    if fate < 0.2:
                        raise LookupError("rolled back")
                    staged = [one.outgoing.id for one in work.staged]
                committed.extend(staged)
            except Exception as error:
                if not isinstance(error, LookupError) and not is_transient(error):
                    raise

    seen: list[log.LogRow] = []

    async def read() -> None:
        while True:
            ended = stop.is_set()
            async with works.engine.connect() as connection:
                rows = await log.read(connection, seen[-1].position if seen else 0, 50)
            seen.extend(rows)
            if ended and not rows:
                return
            await asyncio.sleep(0)

    async def kill() -> None:
        admin = await asyncpg.connect(db.admin_url)
        while not stop.is_set():
            await admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'test-shared' "
                "AND datname = current_database() AND state = 'idle in transaction' LIMIT 1"
            )
            await asyncio.sleep(0.02)
        await admin.close()

    reading, killing = asyncio.create_task(read()), asyncio.create_task(kill())
    await asyncio.gather(*(write(which) for which in range(8)))
    stop.set()
    await asyncio.gather(reading, killing)
    ids = [row.event_id for row in seen]
    assert len(ids) == len(set(ids))
    assert set(committed) <= set(ids)
    assert committed
    for conversation in conversations:
        numbers = [row.position for row in seen if row.key == str(conversation)]
        assert numbers == sorted(numbers)


class _Flaky(MemoryBus):
    """Away now and then, sometimes after it has taken the batch."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0
        self.taken: list[UUID] = []

    async def publish(self, batch: Any) -> None:
        self.calls += 1
        if self.calls % 3 == 1:
            raise BusAway("away")
        self.taken += [one.id for one in batch]
        if self.calls % 3 == 2:
            raise BusAway("away, but it arrived")


async def test_the_relay_carries_everything_in_order_though_the_bus_comes_and_goes(
    database: Any, works_for: Any
) -> None:
    works: Works = works_for(await database("torg_shared"), "shared")
    for number in range(30):
        async with works.begin(_ACTOR) as work:
            work.publish(_event(uuid4(), number))
    bus, stop, metrics = _Flaky(), asyncio.Event(), Metrics()
    relay = asyncio.create_task(run_relay(works, bus, works.wake, stop, metrics))
    async with works.engine.connect() as db:
        wanted = [row.event_id for row in await log.read(db, 0, 100)]

    async def carried() -> bool:
        return set(bus.taken) == set(wanted)

    await until(carried, what="all rows on the bus")
    assert list(dict.fromkeys(bus.taken)) == wanted
    stop.set()
    works.wake.set()
    await relay


async def test_one_relay_leads_and_another_takes_over(database: Any, works_for: Any) -> None:
    db = await database("torg_shared")
    bus, metrics = MemoryBus(), [Metrics(), Metrics()]
    stops = [asyncio.Event(), asyncio.Event()]
    houses: list[Works] = [works_for(db, "shared"), works_for(db, "shared")]
    relays = [
        asyncio.create_task(run_relay(house, bus, house.wake, stop, counted))
        for house, stop, counted in zip(houses, stops, metrics, strict=True)
    ]

    def leading() -> list[float]:
        return [one.gauge("torg_relay_is_leader")._value.get() for one in metrics]

    async def one_leads() -> bool:
        return sorted(leading()) == [0, 1]

    await until(one_leads, what="one leader")
    first = leading().index(1)
    stops[first].set()
    houses[first].wake.set()
    await relays[first]

    async def other_leads() -> bool:
        return leading()[1 - first] == 1

    await until(other_leads, what="the other leads")
    async with houses[first].begin(_ACTOR) as work:
        work.publish(_event(uuid4(), 1))
    counted = metrics[1 - first].counter("torg_relayed_total")

    async def relayed() -> bool:
        return bool(counted._value.get() == 1)

    await until(relayed, what="the event is relayed by the other")
    stops[1 - first].set()
    houses[1 - first].wake.set()
    await relays[1 - first]


async def test_nothing_is_committed_when_a_statement_failed_and_nobody_said_so(database: Any, works_for: Any) -> None:

    works: Works = works_for(await database("torg_shared"), "shared")

    async def pass_over() -> None:
        async with works.begin(_ACTOR) as work:
            with contextlib.suppress(sa.exc.DBAPIError):
                await work.db.execute(sa.text("SELECT 1 / 0"))

    with pytest.raises(NothingCommitted):
        await pass_over()
    async with works.begin(_ACTOR) as work:  # the connection is clean again
        assert await work.db.scalar(sa.text("SELECT 1")) == 1


__all__ = ["Outgoing"]
