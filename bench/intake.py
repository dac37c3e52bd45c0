"""Intake: signed deliveries of 1.2 kB from 32 clients, committed before 200; against the bare endpoints."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import asyncpg
from torg_ops.bootstrap import prepare
from torg_ops.postgres import Postgres
from torg_shared.bus import postgres as bus
from torg_shared.db import migrate
from torg_shared.events.catalogue import TOPICS
from torg_shared.testing import TestTokens, free_port

from .measure import Figure, Goal, figure
from .processes import SECRET, output_of, running, write_secrets

_CLIENTS, _SECONDS, _MOST = 32, 6.0, 90_000
_PAGE = "105678901234567"
_CONFIG = Path(__file__).parent.parent / "config" / "sogne"


async def _load(port: int) -> Mapping[str, float]:
    found = await output_of("bench.load", str(port), SECRET, _PAGE, str(_CLIENTS), str(_SECONDS), str(_MOST))
    if found["refused"]:
        raise RuntimeError(f"{found['refused']:.0f} deliveries were refused")
    return found


async def _bare(server: Postgres, kind: str) -> Mapping[str, float]:
    port, name = free_port(), f"torg_bench_{kind}"
    admin = await asyncpg.connect(server.url())
    await admin.execute(f"DROP DATABASE IF EXISTS {name}")
    await admin.execute(f"CREATE DATABASE {name}")
    await admin.close()
    async with running("bench.limits", kind, str(port), SECRET, server.url(name), port=port):
        return await _load(port)


async def _product(server: Postgres, folder: Path, number: int) -> Mapping[str, float]:
    """The real service, relay to the PostgreSQL bus included; every delivery must have become a message."""
    secrets = write_secrets(folder)
    jwks = folder / "jwks.json"
    jwks.write_text(json.dumps(TestTokens().jwks()))
    access = await prepare(server.url(), "ingest", ("bench", "bench"), f"torg_bench_ingest_{number}")
    bus_access = await prepare(server.url(), "bus", ("bench", "bench"), f"torg_bench_bus_{number}")
    await asyncio.to_thread(migrate, access.owner_url, "torg_ingest")
    await bus.make(bus_access.owner_url, [(t.name, t.partitions, t.retention_days) for t in TOPICS])
    port = free_port()
    async with running(
        "torg_ingest",
        "serve",
        port=port,
        path="/readyz",
        TORG_DATABASE_URL=access.url,
        TORG_BUS_URL=bus_access.url,
        TORG_JWKS=str(jwks),
        TORG_SECRETS_DIR=str(secrets),
        TORG_CONFIG_DIR=str(_CONFIG),
        TORG_HTTP_PORT=str(port),
        TORG_LOG_LEVEL="WARNING",
    ):
        found = await _load(port)
    admin = await asyncpg.connect(server.url(f"torg_bench_ingest_{number}"))
    messages = await admin.fetchval("SELECT count(*) FROM log WHERE type = 'message.received.v1'")
    await admin.close()
    if messages < found["requests"]:
        raise RuntimeError(f"{found['requests']:.0f} deliveries were accepted, {messages} became messages")
    return found


async def figures(server: Postgres, folder: Path, runs: int) -> Sequence[Figure]:
    ours, commits, nothing = [], [], []
    for number in range(runs):
        commits.append(await _bare(server, "group_commit"))
        ours.append(await _product(server, folder, number))
        nothing.append(await _bare(server, "fastapi"))

    def of(found: Sequence[Mapping[str, float]], name: str) -> list[float]:
        return [one[name] for one in found]

    rates = of(ours, "per_second")
    return [
        figure("intake against a bare group commit", "requests/s", rates, of(commits, "per_second"), Goal(0.5, 0.7)),
        figure(
            "intake against FastAPI that stores nothing", "requests/s", rates, of(nothing, "per_second"), Goal(0.5, 0.7)
        ),
        figure("intake, p99", "ms", of(ours, "p99_ms"), of(commits, "p99_ms"), Goal(3, 2, at_most=True)),
    ]
