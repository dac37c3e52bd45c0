"""A journal with its own database, the demonstration municipality, and its REST resources without a server."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

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
from torg_journal.app import routers_of
from torg_journal.authorisation import MATRIX
from torg_journal.domain.house import House
from torg_journal.settings import Municipality, house_of, load
from torg_shared.auth import Role
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
            await self.handle(work, *events)

    async def handle(self, work: Work, *events: Event) -> None:
        """All `events` in a transaction that the test holds."""
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

    async def run(self, statement: str) -> None:
        """One statement as the run-time role, committed."""
        async with self.works.begin(SYSTEM) as work:
            await work.db.execute(sa.text(statement))

    async def published(self) -> list[str]:
        return [row["type"] for row in await self.rows("SELECT type FROM log ORDER BY id")]


@pytest.fixture
async def journal(works: Works, house: House) -> Journal:
    return Journal(works, house)


@pytest.fixture
async def rest(works: Works, tokens: Any, sogne: Municipality, house: House) -> AsyncIterator[httpx.AsyncClient]:
    """All resources of the journal."""
    api, _ = make_api(
        name="journal",
        package="torg_journal",
        works=works,
        bus=MemoryBus(),
        metrics=Metrics(),
        tokens=tokens.checker(),
        matrix=MATRIX,
        routers=routers_of(sogne, house),
        cursor_secret=b"secret",
    )
    async with httpx.AsyncClient(transport=httpx.ASGITransport(api), base_url="http://journal") as client:
        yield client


class Person:
    """One person at the journal: reads, acts with a fresh key and the version just seen."""

    def __init__(self, rest: httpx.AsyncClient, tokens: Any, *roles: Role, **claims: Any) -> None:
        self.rest, self.header = rest, tokens.header(*roles, **claims)

    async def get(self, path: str, status: int = 200, **query: Any) -> Any:
        answer = await self.rest.get(path, headers=self.header, params=query)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def post(self, path: str, body: Any = None, status: int = 200, version: int | None = None) -> Any:
        return await self._act("POST", path, body, status, version)

    async def patch(self, path: str, body: Any, status: int = 200, version: int | None = None) -> Any:
        return await self._act("PATCH", path, body, status, version)

    async def _act(self, method: str, path: str, body: Any, status: int, version: int | None) -> Any:
        headers = self.header | {"Idempotency-Key": str(uuid4())}
        if version is not None:
            headers["If-Match"] = f'"{version}"'
        answer = await self.rest.request(method, path, headers=headers, json=body)
        assert answer.status_code == status, answer.text
        return answer.json()


@dataclass
class People:
    """The hats of the main journey."""

    per: Person  # sideadministrator
    turid: Person  # fagperson, teknisk drift
    astrid: Person  # arkivar
    lise: Person  # fagperson of another unit
    rita: Person  # redaktør


@pytest.fixture
def people(rest: httpx.AsyncClient, tokens: Any) -> People:
    return People(
        per=Person(rest, tokens, Role.SA, subject="per"),
        turid=Person(rest, tokens, Role.FAG, subject="turid", unit="teknisk-drift", name="Turid Høllen"),
        astrid=Person(rest, tokens, Role.ARK, subject="astrid", unit="arkiv"),
        lise=Person(rest, tokens, Role.FAG, subject="lise", unit="oppvekst"),
        rita=Person(rest, tokens, Role.RED, subject="rita"),
    )
