"""The bus's server restarts, in order and by a crash, under a relay and a group at work: nothing lost or twice (F4)."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from torg_ops.bootstrap import prepare
from torg_ops.kafka import Kafka
from torg_ops.postgres import start as start_postgres
from torg_shared.bus import kafka, postgres
from torg_shared.bus.kafka import KafkaBus
from torg_shared.bus.port import Bus
from torg_shared.bus.postgres import PostgresBus
from torg_shared.bus.runner import Pace, run_group
from torg_shared.events.catalogue import TOPICS
from torg_shared.events.classifier import UrgentAcknowledged
from torg_shared.events.envelope import Actor
from torg_shared.relay import run_relay
from torg_shared.testing import free_port, until

from .test_runner import Stage

_ACTOR = Actor(kind="system", id="test")
_PACE = Pace(batch=50, wait_s=0.2, silence_s=10.0, longest_backoff_s=1.0)
_EACH = 40


async def _say(stage: Stage, number: int) -> None:
    async with stage.works.begin(_ACTOR) as work:
        work.publish(
            *(
                UrgentAcknowledged(
                    message_id=uuid4(),
                    conversation_id=uuid4(),
                    message_version=1,
                    acknowledged_by="x",
                    action=f"{number}",
                )
                for _ in range(_EACH)
            )
        )


@dataclass(frozen=True, slots=True)
class Server:
    """A bus's server of the test's own."""

    bus: Bus
    end: Callable[[], None]
    start: Callable[[], None]


@pytest.fixture
async def server(request: pytest.FixtureRequest) -> AsyncIterator[Server]:
    wanted = [(one.name, one.partitions, one.retention_days) for one in TOPICS]
    kind, how = request.param
    if kind == "kafka":
        broker: Kafka = request.getfixturevalue("own_broker")
        await kafka.make(broker.address, wanted)
        bus: Bus = KafkaBus(broker.address, "test")
        yield Server(bus, broker.stop if how == "in order" else broker.kill, broker.start)
        await bus.close()
        return
    with tempfile.TemporaryDirectory(prefix="torg-bus-") as folder:
        Path(folder).chmod(0o755)
        own = await asyncio.to_thread(start_postgres, Path(folder) / "server", free_port(), durable=False)
        access = await prepare(own.url(), "bus", ("only-for-tests", "only-for-tests"))
        await postgres.make(access.owner_url, wanted)
        bus = PostgresBus(access.url, "test")
        yield Server(bus, lambda: own.stop("fast" if how == "in order" else "immediate"), own.restart)
        await bus.close()
        await asyncio.to_thread(own.stop, "immediate")


@pytest.mark.parametrize(
    "server",
    [("kafka", "in order"), ("kafka", "kill -9"), ("postgres", "in order"), ("postgres", "crash")],
    ids=" ".join,
    indirect=True,
)
async def test_a_bus_that_restarts_costs_no_event(server: Server, database: Any, works_for: Any) -> None:
    stage = Stage(works_for(await database("torg_shared"), "shared"))
    bus, stop = server.bus, asyncio.Event()
    stage.works.relay_is_here = True
    tasks = [
        asyncio.create_task(run_group(stage.group, bus, stage.works, stop, stage.metrics, _PACE)),
        asyncio.create_task(run_relay(stage.works, bus, stage.works.wake, stop, stage.metrics)),
    ]

    def handled(count: int) -> Callable[[], Awaitable[bool]]:
        async def check() -> bool:
            for task in tasks:
                if task.done():
                    task.result()
            return await stage.effects() == count

        return check

    try:
        await _say(stage, 1)
        await until(handled(_EACH), what="events before the restart", within_s=60)
        await asyncio.to_thread(server.end)
        await _say(stage, 2)  # the log takes them while the broker is away
        await asyncio.to_thread(server.start)
        await _say(stage, 3)
        await until(handled(3 * _EACH), what="everything after the restart", within_s=90)
    finally:
        stop.set()
        stage.works.wake.set()
        await asyncio.gather(*tasks, return_exceptions=True)
    assert sorted(stage.seen) == sorted(f"{number}" for number in (1, 2, 3) for _ in range(_EACH))
