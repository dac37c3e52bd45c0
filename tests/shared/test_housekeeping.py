"""Rows past their time go, all others stay; a second round changes nothing."""

from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from torg_shared import inbox
from torg_shared.events.envelope import Actor
from torg_shared.housekeeping import standard_limits, tidy
from torg_shared.ids import uuid7
from torg_shared.metrics import Metrics


async def test_old_rows_go_and_young_ones_stay(database: Any, works_for: Any, clock: Any) -> None:
    works = works_for(await database("torg_shared"), "shared", clock)
    limits, metrics = standard_limits(100, 7, 90), Metrics()
    for _ in range(2):
        async with works.begin(Actor(kind="system", id="test")) as work:
            await inbox.enter(work.db, "group", [uuid7(), uuid7()], work.now)
        clock.move(timedelta(days=101))
    assert not await tidy(works, limits, metrics)
    async with works.begin(Actor(kind="system", id="test")) as work:
        assert await work.db.scalar(sa.text("SELECT count(*) FROM inbox")) == 0
        await inbox.enter(work.db, "group", [uuid7()], work.now)
    assert not await tidy(works, limits, metrics)
    async with works.begin(Actor(kind="system", id="test")) as work:
        assert await work.db.scalar(sa.text("SELECT count(*) FROM inbox")) == 1
