"""F1: ingest killed at its named points, as a real process: nothing acknowledged is lost, nothing happens twice."""

import asyncio
import os
import secrets
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import httpx
import pytest
from torg_ingest.settings import IngestSettings
from torg_ops.bootstrap import prepare
from torg_shared.bus import postgres
from torg_shared.events.catalogue import TOPICS
from torg_shared.testing import free_port, until

from .facebook import delivery, signature, value

GOOD = delivery(value())
HEADERS = {"X-Hub-Signature-256": signature(GOOD), "Content-Type": "application/json"}


@pytest.fixture
async def bus(postgres_url: str) -> AsyncIterator[asyncpg.Connection]:
    name = f"torg_test_bus_{secrets.token_hex(6)}"
    access = await prepare(postgres_url, "bus", ("only-for-tests", "only-for-tests"), name)
    await postgres.make(access.owner_url, [(one.name, one.partitions, one.retention_days) for one in TOPICS])
    connection = await asyncpg.connect(access.url)
    yield connection
    await connection.close()
    admin = await asyncpg.connect(postgres_url)
    await admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    await admin.close()


@pytest.fixture
def started(settings: IngestSettings, bus: asyncpg.Connection, postgres_url: str) -> Any:
    """`async with started(crash) as client`: a process of its own on the same databases."""
    database = bus.get_settings() and bus._params.database
    url = f"postgresql://torg_bus:only-for-tests@{postgres_url.rpartition('@')[2].rpartition('/')[0]}/{database}"

    @asynccontextmanager
    async def start(crash: str = "") -> AsyncIterator[tuple[httpx.AsyncClient, asyncio.subprocess.Process]]:
        port = free_port()
        environment = {
            "TORG_DATABASE_URL": settings.database_url,
            "TORG_BUS_URL": url,
            "TORG_JWKS": settings.jwks,
            "TORG_TOKEN_ISSUER": settings.token_issuer,
            "TORG_SECRETS_DIR": str(settings.secrets_dir),
            "TORG_CONFIG_DIR": str(settings.config_dir),
            "TORG_HTTP_PORT": str(port),
            "CRASH_AT": crash,
        }
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "torg_ingest",
            "serve",
            env=os.environ | environment,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client:
                await until(_ready(client, process), what="ingest listens")
                yield client, process
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()

    return start


def _ready(client: httpx.AsyncClient, process: asyncio.subprocess.Process) -> Callable[[], Awaitable[bool]]:
    async def look() -> bool:
        assert process.returncode is None
        try:
            return (await client.get("/readyz")).status_code == 200
        except httpx.TransportError:
            return False

    return look


@pytest.mark.parametrize(
    ("point", "acknowledged"),
    [("ingest.before_commit", False), ("ingest.committed", False), ("relay.read", True), ("relay.published", True)],
)
async def test_a_delivery_survives_the_death_of_the_process(
    started: Any, settings: IngestSettings, bus: asyncpg.Connection, point: str, acknowledged: bool
) -> None:
    # the registry's own event passes the relay first: the delivery's is the second
    async with started(f"{point}:2" if point.startswith("relay") else point) as (client, process):
        await until(lambda: bus.fetch("SELECT 1 FROM bus_log"), what="the registry's event is on the bus")
        try:
            answer = await client.post("/webhooks/facebook", content=GOOD, headers=HEADERS)
            assert acknowledged
            assert answer.status_code == 200
        except httpx.TransportError:
            assert not acknowledged
        assert await asyncio.wait_for(process.wait(), 20) == 137

    async with started() as (client, process):
        if not acknowledged:
            assert (await client.post("/webhooks/facebook", content=GOOD, headers=HEADERS)).status_code == 200

        async def arrived() -> bool:
            found = await bus.fetch("SELECT DISTINCT event_id FROM bus_log WHERE type = 'snapshot.taken.v1'")
            return len(found) == 1

        await until(arrived, what="the relay publishes after the restart")
        received = await bus.fetch("SELECT DISTINCT event_id FROM bus_log WHERE type = 'message.received.v1'")
        assert len(received) == 1
        database = await asyncpg.connect(settings.database_url)
        assert await database.fetchval("SELECT count(*) FROM messages") == 1
        assert await database.fetchval("SELECT count(*) FROM versions") == 1
        await database.close()
        process.terminate()
        assert await asyncio.wait_for(process.wait(), 20) == 0
