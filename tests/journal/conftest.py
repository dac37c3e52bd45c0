"""A journal with its own database, the demonstration municipality, and its REST resources without a server."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from torg_journal import handlers
from torg_journal.api.deadlines import deadlines
from torg_journal.api.oversight import oversight
from torg_journal.api.public_journal import public_journal
from torg_journal.api.reports import reports
from torg_journal.api.screening import screening
from torg_journal.api.worklist import worklist
from torg_journal.authorisation import MATRIX
from torg_journal.domain.house import House
from torg_journal.settings import Municipality, house_of, load
from torg_shared.bus.memory import MemoryBus
from torg_shared.events.envelope import Actor, Event
from torg_shared.metrics import Metrics
from torg_shared.testing import FakeClock
from torg_shared.web import make_api, routes_of
from torg_shared.work import Work, Works

SYSTEM = Actor(kind="system", id="journal")
SOGNE = Path(__file__).parents[2] / "config" / "sogne"


@pytest.fixture(scope="session")
def sogne() -> Municipality:
    return load(SOGNE)


@pytest.fixture
async def works(database: Any, works_for: Any, clock: FakeClock) -> Works:
    found: Works = works_for(await database("torg_journal"), "journal", clock)
    return found


@pytest.fixture
async def reading(works: Works, tokens: Any, sogne: Municipality) -> AsyncIterator[httpx.AsyncClient]:
    """The resources of lists, deadlines, screening, public journal and oversight."""
    routers = [
        deadlines(sogne),
        oversight(sogne),
        public_journal(sogne),
        reports(sogne),
        screening(sogne),
        worklist(),
    ]
    named = set(routes_of(routers))
    api, _ = make_api(
        name="journal",
        package="torg_journal",
        works=works,
        bus=MemoryBus(),
        metrics=Metrics(),
        tokens=tokens.checker(),
        matrix={route: row for route, row in MATRIX.items() if route in named},
        routers=routers,
        cursor_secret=b"secret",
    )
    async with httpx.AsyncClient(transport=httpx.ASGITransport(api), base_url="http://journal") as client:
        yield client


@pytest.fixture(scope="session")
def house(sogne: Municipality) -> House:
    return house_of(sogne, SOGNE)


@dataclass
class Journal:
    """The journal's database, its handlers, and look-ups."""

    works: Works
    house: House

    async def take(self, *events: Event) -> None:
        """All `events` as one batch."""
        async with self.works.begin(SYSTEM) as work:
            await handlers.group(self.house).handlers.handle(events, work)

    async def take_each(self, events: Sequence[Event]) -> None:
        for event in events:
            await self.take(event)

    async def do(self, action: Callable[[Work], Awaitable[Any]], actor: Actor = SYSTEM) -> Any:
        async with self.works.begin(actor) as work:
            return await action(work)

    async def rows(self, query: str, **values: Any) -> list[Any]:
        async with self.works.engine.connect() as db:
            return list((await db.execute(sa.text(query), values)).mappings())

    async def one(self, query: str, **values: Any) -> Any:
        found = await self.rows(query, **values)
        assert len(found) == 1, found
        return found[0]

    async def published(self) -> list[str]:
        return [row["type"] for row in await self.rows("SELECT type FROM log ORDER BY id")]


@pytest.fixture
async def journal(works: Works, house: House) -> Journal:
    return Journal(works, house)
