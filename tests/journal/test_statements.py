"""A batch costs a fixed number of statements, however many conversations are in it (architecture section 5)."""

from typing import Any

from torg_shared.db import driver_of
from torg_shared.events.envelope import Event

from .conftest import SYSTEM, Journal
from .events import Told, channel_activated


async def statements(journal: Journal, *events: Event) -> int:
    seen: list[Any] = []
    async with journal.works.begin(SYSTEM) as work:
        driver = await driver_of(work.db)
        driver.add_query_logger(seen.append)
        await journal.handle(work, *events)
        driver.remove_query_logger(seen.append)
    return len(seen)


async def test_one_and_fifty_cost_the_same(journal: Journal) -> None:
    await journal.take(channel_activated())
    costs = {}
    for size in (2, 1, 50):  # the first round also teaches the driver the types
        told = [Told() for _ in range(size)]
        replies = [one.reply() for one in told]
        costs[size] = [
            await statements(journal, *(one.received() for one in told)),
            await statements(journal, *(one.classified() for one in told)),
            await statements(journal, *(one.triaged() for one in told)),
            await statements(journal, *(one.published() for one in replies)),
            await statements(journal, *(one.snapshot() for one in told)),
        ]
    assert costs[1] == costs[50]
    assert max(costs[1]) <= 35, costs
