"""Members as real processes that come, go and die under traffic: every event once, in order per key (F2, F20, F25)."""

import asyncio
import contextlib
import signal
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from torg_shared.bus.port import Outgoing
from torg_shared.clock import SystemClock
from torg_shared.events.catalogue import PARTITIONS
from torg_shared.events.envelope import Actor, Meta, encode
from torg_shared.ids import uuid7
from torg_shared.testing import until

from .conftest import Place
from .worker import GROUP, TABLE, Happened

_ROOT = Path(__file__).parents[3]
_ACTOR = Actor(kind="system", id="test")
_PLACES = 30


def happened(topic: str, place: str, number: int) -> Outgoing:
    event = Happened(place=place, number=number)
    meta = Meta(uuid7(), SystemClock().now(), _ACTOR, place)
    return Outgoing(topic, place, meta.id, Happened.TYPE, encode(event, meta, "urn:torg:test"))


class Stage:
    """A bus, a database, and processes between them."""

    def __init__(self, place: Place, database: Any, folder: Path) -> None:
        self.place, self.database = place, database
        self.gate = folder / "gate"
        self.told = 0
        self.processes: list[asyncio.subprocess.Process] = []

    async def start(self) -> asyncio.subprocess.Process:
        arguments = (self.database.url, self.place.url, self.place.topic, str(self.gate))
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.shared.bus.worker", *arguments, cwd=_ROOT, stderr=asyncio.subprocess.DEVNULL
        )
        self.processes.append(process)
        return process

    async def tell(self) -> None:
        """The next event of every conversation."""
        events = [happened(self.place.topic, f"p{one}", self.told) for one in range(_PLACES)]
        await self.place.bus.publish(events)
        self.told += 1

    async def effects(self) -> list[asyncpg.Record]:
        db = await asyncpg.connect(self.database.url)
        try:
            assert await db.fetchval("SELECT count(*) FROM dead_letters") == 0
            rows: list[asyncpg.Record] = await db.fetch("SELECT place, number, process FROM effects ORDER BY n")
            return rows
        finally:
            await db.close()

    def read_by(self, process: asyncio.subprocess.Process) -> Callable[[], Awaitable[bool]]:
        async def look() -> bool:
            assert process.returncode is None, f"ended with {process.returncode}"
            await self.tell()
            return any(row["process"] == process.pid for row in await self.effects())

        return look

    async def everything(self) -> bool:
        return len(await self.effects()) >= _PLACES * self.told

    async def check(self) -> None:
        """Everything that was told has had one effect, in order within each conversation."""
        await until(self.everything, what="an effect of every event", within_s=60, every_s=0.2)
        seen: dict[str, list[int]] = defaultdict(list)
        for row in await self.effects():
            seen[row["place"]].append(row["number"])
        assert seen == {f"p{one}": list(range(self.told)) for one in range(_PLACES)}


@pytest.fixture
async def stage(place: Place, database: Any, tmp_path: Path) -> AsyncIterator[Stage]:
    made = await database("torg_shared")
    owner = await asyncpg.connect(made.owner_url)
    await owner.execute(TABLE)
    await owner.close()
    stage = Stage(place, made, tmp_path)
    yield stage
    for process in stage.processes:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _ended(process: asyncio.subprocess.Process, how: signal.Signals) -> int:
    process.send_signal(how)
    return await asyncio.wait_for(process.wait(), 20)


# the memory bus lives in one process
@pytest.mark.parametrize("place", ["postgres", "kafka"], indirect=True)
class TestProcesses:
    async def test_members_that_come_and_go_under_traffic_lose_and_double_nothing(self, stage: Stage) -> None:
        members = [await stage.start(), await stage.start()]
        for member in members:
            await until(stage.read_by(member), what="the member reads", within_s=60, every_s=0.1)
        for _ in range(2):
            members.append(await stage.start())
            await until(stage.read_by(members[-1]), what="the newcomer reads", within_s=60, every_s=0.1)
            assert await _ended(members.pop(0), signal.SIGTERM) == 0
            await stage.tell()
        await stage.check()

    async def test_a_killed_member_s_events_are_taken_over(self, stage: Stage) -> None:
        first, second = await stage.start(), await stage.start()
        for member in (first, second):
            await until(stage.read_by(member), what="the member reads", within_s=60, every_s=0.1)
        for _ in range(10):
            await stage.tell()
        assert await _ended(first, signal.SIGKILL) == -signal.SIGKILL
        await stage.tell()
        await stage.check()

    async def test_a_member_that_is_told_to_end_finishes_its_batch_and_says_so_to_the_bus(self, stage: Stage) -> None:
        stage.gate.touch()
        member = await stage.start()
        await stage.tell()

        async def reached() -> bool:
            return stage.gate.with_suffix(".reached").exists()

        await until(reached, what="the handler waits in its transaction", within_s=60)
        member.send_signal(signal.SIGTERM)
        assert len(await stage.effects()) == 0
        stage.gate.unlink()
        assert await asyncio.wait_for(member.wait(), 20) == 0
        done = len(await stage.effects())
        assert done > 0
        everywhere = [(stage.place.topic, number) for number in range(PARTITIONS)]
        assert await stage.place.bus.lag(GROUP, everywhere) == _PLACES - done
