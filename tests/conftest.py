"""What every test may ask for: a migrated database of its own, open work on it, a clock that stands still, tokens.

`TORG_TEST_POSTGRES` (address of a superuser) uses a running server instead of an embedded one.
"""

import os
import secrets
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from torg_shared.auth import Role
from torg_shared.testing import FakeClock, TestTokens

Factory = Callable[..., Awaitable["Database"]]


@dataclass(frozen=True, slots=True)
class Database:
    """A fresh, migrated database: `url` for the run-time role, `owner_url` for migrations, `admin_url` for faults."""

    url: str
    owner_url: str
    admin_url: str


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A superuser's address on a real PostgreSQL."""
    if running := os.environ.get("TORG_TEST_POSTGRES"):
        yield running
        return
    from torg_ops.postgres import start
    from torg_shared.testing import free_port

    with tempfile.TemporaryDirectory(prefix="torg-postgres-") as folder:
        Path(folder).chmod(0o755)
        server = start(Path(folder) / "server", free_port(), durable=False)
        yield server.url()
        server.stop("immediate")


@pytest.fixture(scope="session")
def _templates() -> dict[str, str]:
    return {}


@asynccontextmanager
async def databases(postgres_url: str, templates: dict[str, str]) -> AsyncIterator[Factory]:
    """A factory of databases; all that it made are dropped at the end."""
    import asyncio

    import asyncpg
    from torg_ops.bootstrap import prepare
    from torg_shared.db import migrate

    made: list[str] = []

    async def admin(statement: str) -> None:
        connection = await asyncpg.connect(postgres_url)
        try:
            # template and copy must not meet another session's copy of the same template
            await connection.execute("SELECT pg_advisory_lock(7468)")
            await connection.execute(statement)
        finally:
            await connection.close()

    async def make(package: str) -> Database:
        service = package.removeprefix("torg_")
        passwords = (_PASSWORD, _PASSWORD)
        if package not in templates:
            template = f"torg_template_{service}_{secrets.token_hex(4)}"
            access = await prepare(postgres_url, service, passwords, template)
            await asyncio.to_thread(_standard if package == "torg_shared" else migrate, access.owner_url, package)
            templates[package] = template
        name = f"torg_test_{service}_{secrets.token_hex(6)}"
        owner = f"torg_{service}_owner"
        await admin(f'CREATE DATABASE "{name}" TEMPLATE "{templates[package]}" OWNER "{owner}" STRATEGY FILE_COPY')
        made.append(name)
        access = await prepare(postgres_url, service, passwords, name)
        return Database(access.url, access.owner_url, postgres_url.rpartition("/")[0] + f"/{name}")

    try:
        yield make
    finally:
        for name in made:
            await admin(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@pytest.fixture
async def database(postgres_url: str, _templates: dict[str, str]) -> AsyncIterator[Factory]:
    """`await database("torg_journal")` gives a migrated database of its own; `torg_shared` only the standard tables."""
    async with databases(postgres_url, _templates) as make:
        yield make


_PASSWORD = "only-for-tests"


def _standard(owner_url: str, package: str) -> None:
    """The tables that every service has, and no others: what tests of `torg_shared` stand on."""
    import asyncio

    import sqlalchemy as sa
    from alembic.migration import MigrationContext
    from alembic.operations import Operations
    from sqlalchemy.ext.asyncio import create_async_engine
    from torg_shared.standard_tables import create_standard_tables

    def create(db: sa.Connection) -> None:
        create_standard_tables(Operations(MigrationContext.configure(db)), package.removeprefix("torg_"))

    async def run() -> None:
        engine = create_async_engine(owner_url.replace("postgresql://", "postgresql+asyncpg://"))
        async with engine.begin() as db:
            await db.run_sync(create)
        await engine.dispose()

    asyncio.run(run())


@pytest.fixture
async def works_for() -> AsyncIterator[Callable[..., Any]]:
    """`works_for(db, "journal", clock)` opens work on a database; closed at the end of the test."""
    from torg_shared.db import make_engine
    from torg_shared.work import Works

    opened: list[Works] = []

    def make(db: Database, service: str, clock: FakeClock | None = None, pool_size: int = 8) -> Works:
        works = Works(make_engine(db.url, name=f"test-{service}", pool_size=pool_size), clock or FakeClock(), service)
        opened.append(works)
        return works

    yield make
    for works in opened:
        await works.close()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(scope="session")
def tokens() -> TestTokens:
    """Mints tokens, and gives the `Tokens` that accept them: `tokens.mint(Role.SA)`, `tokens.checker()`."""
    return TestTokens()


__all__ = ["UTC", "Database", "Role", "datetime", "timedelta", "uuid4"]
