"""Triage to saksmappe, inngående journalpost and deadlines, chain and numbers too; against the same rows by SQL."""

import asyncio
import json
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
from torg_journal.app import build
from torg_journal.settings import JournalSettings
from torg_ops.bootstrap import prepare
from torg_ops.postgres import Postgres
from torg_shared.bus.memory import MemoryBus
from torg_shared.db import migrate
from torg_shared.events import classifier, ingest
from torg_shared.events.envelope import Actor, Event, Meta
from torg_shared.ids import uuid7
from torg_shared.testing import TestTokens

from .measure import Figure, Goal, figure
from .processes import write_secrets

_MESSAGES, _BATCH = 2_000, 200
_CONFIG = Path(__file__).parent.parent / "config" / "sogne"
_AS_TEXT = ("json", "jsonb", "ARRAY")  # columns that are carried as text and cast, since arrays cannot be unnested
_ACTOR = Actor(kind="system", id="bench")


def _with_meta(event: Event) -> Event:
    return event.with_meta(Meta(uuid7(), datetime.now(UTC), _ACTOR, event.key))


def events(count: int) -> list[tuple[Event, Event]]:
    """A message and its triage as `open_case`, `count` times, each in a conversation of its own."""
    channel = uuid4()
    found = []
    for number in range(count):
        message, conversation = uuid4(), uuid4()
        received = ingest.MessageReceived(
            message_id=message,
            conversation_id=conversation,
            message_version=1,
            channel_id=channel,
            author=ingest.Author(handle=f"a{number}", display_name="Kari Nordmann"),
            text="Hvorfor er gatelyset i Høllebakken av? Det har vært mørkt siden tirsdag.",
            snapshot_id=uuid4(),
            sha256="0" * 64,
            platform="facebook",
            external_id=f"1_{number}",
            kind="comment",
            received_at=datetime.now(UTC),
            raw_ref=uuid4(),
        )
        triaged = classifier.MessageTriaged(
            message_id=message,
            conversation_id=conversation,
            message_version=1,
            triage_version=1,
            handling="open_case",
            reply_duty="must",
            record_class="journal",
            unit="teknisk-drift",
            lang="nb",
            saksdokument=True,
            saksbehandling=True,
            dokumentasjonsverdi=True,
            by="person",
            section="3.2.2",
            guideline_version="1",
        )
        found.append((_with_meta(received), _with_meta(triaged)))
    return found


async def product(server: Postgres, folder: Path, number: int) -> float:
    """Messages per second through the journal's handlers, in batches; the database is left as it is afterwards."""
    access = await prepare(server.url(), "journal", ("bench", "bench"), f"torg_bench_journal_{number}")
    await asyncio.to_thread(migrate, access.owner_url, "torg_journal")
    secrets = write_secrets(folder)
    jwks = folder / "jwks.json"
    jwks.write_text(json.dumps(TestTokens().jwks()))
    settings = JournalSettings(
        database_url=access.url, bus_url="memory://", jwks=str(jwks), secrets_dir=secrets, config_dir=_CONFIG
    )
    service = build(settings, bus=MemoryBus())
    handlers = service.groups[0].handlers
    pairs = events(_MESSAGES)
    began = time.perf_counter()
    for start in range(0, len(pairs), _BATCH):
        async with service.works.begin(_ACTOR) as work:
            await handlers.handle([event for pair in pairs[start : start + _BATCH] for event in pair], work)
    took = time.perf_counter() - began
    await service.works.close()
    return _MESSAGES / took


async def by_sql(admin_url: str) -> float:
    """Messages per second when the rows that are there now are written once more, by one INSERT per table and batch."""
    db = await asyncpg.connect(admin_url)
    tables = await _tables(db)
    for name, _, _ in tables:
        await db.execute(f'TRUNCATE "{name}" CASCADE')
        await db.execute(f'ALTER TABLE "{name}" DISABLE TRIGGER ALL')  # plain rows, without guards or foreign keys
    batches = _MESSAGES // _BATCH
    began = time.perf_counter()
    for number in range(batches):
        async with db.transaction():
            await db.execute("SELECT pg_advisory_xact_lock(1)")
            for _, insert, columns in tables:
                size = len(columns[0])
                part = slice(size * number // batches, size * (number + 1) // batches)
                await db.execute(insert, *(column[part] for column in columns))
    took = time.perf_counter() - began
    await db.close()
    return _MESSAGES / took


async def _tables(db: asyncpg.Connection) -> list[tuple[str, str, list[list[Any]]]]:
    """Every table that has grown, in an order that foreign keys allow: its INSERT, and its rows column by column."""
    names = [
        row["table_name"]
        for row in await db.fetch(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' "
            "AND table_type = 'BASE TABLE' AND table_name <> 'alembic_version'"
        )
    ]
    depends = {
        (row["child"], row["parent"])
        for row in await db.fetch(
            "SELECT conrelid::regclass::text AS child, confrelid::regclass::text AS parent FROM pg_constraint "
            "WHERE contype = 'f'"
        )
    }
    ordered: list[str] = []
    while len(ordered) < len(names):
        ordered += [
            name
            for name in names
            if name not in ordered
            and all(parent in ordered or parent == name for child, parent in depends if child == name)
        ]
    found = []
    for name in ordered:
        described = await db.fetch(
            "SELECT column_name, data_type, is_identity, format_type(a.atttypid, a.atttypmod) AS type "
            "FROM information_schema.columns c JOIN pg_attribute a ON a.attrelid = c.table_name::regclass "
            "AND a.attname = c.column_name WHERE table_name = $1 AND is_generated = 'NEVER' ORDER BY ordinal_position",
            name,
        )
        columns = [row for row in described if row["is_identity"] == "NO"]
        picked = ", ".join(
            f'"{row["column_name"]}"::text' if row["data_type"] in _AS_TEXT else f'"{row["column_name"]}"'
            for row in columns
        )
        rows = await db.fetch(f'SELECT {picked} FROM "{name}" ORDER BY ctid')
        if not rows:
            continue
        arrays = ", ".join(
            f"${n}::{'text' if row['data_type'] in _AS_TEXT else row['type']}[]" for n, row in enumerate(columns, 1)
        )
        listed = ", ".join(f'"{row["column_name"]}"' for row in columns)
        casts = ", ".join(f"c{n}::{row['type']}" for n, row in enumerate(columns))
        aliases = ", ".join(f"c{n}" for n in range(len(columns)))
        insert = f'INSERT INTO "{name}" ({listed}) SELECT {casts} FROM unnest({arrays}) AS u ({aliases})'
        found.append((name, insert, [[row[n] for row in rows] for n in range(len(columns))]))
    return found


async def figures(server: Postgres, folder: Path, runs: int) -> Sequence[Figure]:
    products, limits = [], []
    for number in range(runs):
        products.append(await product(server, folder, number))
        limits.append(await by_sql(server.url(f"torg_bench_journal_{number}")))
    return [figure("triage to saksmappe, I and deadlines", "messages/s", products, limits, Goal(0.35, 0.60))]
