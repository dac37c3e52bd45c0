"""The broker restarts, in order and by kill -9, under a relay and a group at work: nothing lost, nothing twice (F4)."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import pytest
from torg_ops.kafka import Kafka
from torg_shared.bus import kafka
from torg_shared.bus.kafka import KafkaBus
from torg_shared.bus.runner import Pace, run_group
from torg_shared.events.catalogue import TOPICS
from torg_shared.events.classifier import UrgentAcknowledged
from torg_shared.events.envelope import Actor
from torg_shared.relay import run_relay
from torg_shared.testing import until

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


@pytest.mark.parametrize("end", [Kafka.stop, Kafka.kill], ids=["in order", "kill -9"])
async def test_a_broker_that_restarts_costs_no_event(
    own_broker: Kafka, database: Any, works_for: Any, end: Callable[[Kafka], None]
) -> None:
    await kafka.make(own_broker.address, [(one.name, one.partitions, one.retention_days) for one in TOPICS])
    stage = Stage(works_for(await database("torg_shared"), "shared"))
    bus, stop = KafkaBus(own_broker.address, "test"), asyncio.Event()
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
        await asyncio.to_thread(end, own_broker)
        await _say(stage, 2)  # the log takes them while the broker is away
        await asyncio.to_thread(own_broker.start)
        await _say(stage, 3)
        await until(handled(3 * _EACH), what="everything after the restart", within_s=90)
    finally:
        stop.set()
        stage.works.wake.set()
        await asyncio.gather(*tasks, return_exceptions=True)
        await bus.close()
    assert sorted(stage.seen) == sorted(f"{number}" for number in (1, 2, 3) for _ in range(_EACH))
