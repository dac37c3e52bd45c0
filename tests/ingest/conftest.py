"""Ingest as it runs, on a real database, with the committer beside it."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import orjson
import pytest
from torg_ingest.app import build
from torg_ingest.settings import IngestSettings
from torg_shared.bus.memory import MemoryBus
from torg_shared.events.catalogue import CONTRACTS
from torg_shared.events.envelope import Event, decode
from torg_shared.service import Service
from torg_shared.testing import ISSUER, FakeClock

from . import facebook

PARKING = timedelta(seconds=20)
CONFIG = Path(__file__).resolve().parents[2] / "config" / "sogne"


@dataclass(frozen=True, slots=True)
class Ingest:
    """A running ingest: its REST client, its database as a superuser sees it, its clock."""

    service: Service
    client: httpx.AsyncClient
    database: asyncpg.Connection
    clock: FakeClock

    async def post(self, content: bytes, **headers: str) -> httpx.Response:
        """A delivery, signed unless `headers` say otherwise."""
        known = {"X-Hub-Signature-256": facebook.signature(content), "Content-Type": "application/json"}
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.client.post("/webhooks/facebook", content=content, headers=known | named)

    async def take(self, *contents: bytes) -> None:
        """Deliveries, one after another, each answered 200."""
        for content in contents:
            answer = await self.post(content)
            assert answer.status_code == 200, answer.text

    async def events(self, *types: str) -> list[Event]:
        """What the log holds, in order, of these types (all but channels when none is named)."""
        rows = await self.database.fetch("SELECT type, payload FROM log ORDER BY id")
        return [
            decode(row["payload"], CONTRACTS)
            for row in rows
            if (row["type"] in types if types else not row["type"].startswith("channel."))
        ]

    async def types(self) -> list[str]:
        return [event.TYPE.removesuffix(".v1") for event in await self.events()]

    async def rows(self, query: str, *arguments: Any) -> Sequence[Mapping[str, Any]]:
        found: Sequence[Mapping[str, Any]] = await self.database.fetch(query, *arguments)
        return found

    async def release(self) -> None:
        """Run the job for waiting messages until nothing more goes."""
        job = next(job for job in self.service.jobs if job.name == "awaiting_parent")
        while await job.round():
            pass


@pytest.fixture
async def settings(database: Any, tokens: Any, tmp_path: Path) -> IngestSettings:
    db = await database("torg_ingest")
    secrets = tmp_path / "secrets"
    (secrets / "facebook").mkdir(parents=True)
    (secrets / "facebook" / "app_secret").write_bytes(facebook.SECRET)
    (secrets / "facebook" / "verify_token").write_bytes(facebook.VERIFY)
    (secrets / "cursor_secret").write_bytes(b"cursor")
    jwks = tmp_path / "jwks.json"
    jwks.write_bytes(orjson.dumps(tokens.jwks()))
    return IngestSettings(
        database_url=db.url,
        bus_url="postgresql://nobody@127.0.0.1:1/nothing",
        jwks=str(jwks),
        token_issuer=ISSUER,
        secrets_dir=secrets,
        config_dir=CONFIG,
    )


@pytest.fixture
async def ingest(settings: IngestSettings, clock: FakeClock, postgres_url: str) -> AsyncIterator[Ingest]:
    service = build(settings, bus=MemoryBus(), clock=clock)
    for start in service.starting:
        await start()
    stop = asyncio.Event()
    beside = [asyncio.create_task(task(stop)) for task in service.beside_api]
    name = settings.database_url.rpartition("/")[2]
    database = await asyncpg.connect(postgres_url.rpartition("/")[0] + f"/{name}")
    transport = httpx.ASGITransport(service.api)
    async with httpx.AsyncClient(transport=transport, base_url="http://ingest") as client:
        yield Ingest(service, client, database, clock)
    stop.set()
    await asyncio.gather(*beside)
    await database.close()
    await service.works.close()
