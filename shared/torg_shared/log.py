"""The commit-ordered log of a service: its outbox and its event archive.

`append` takes an advisory transaction lock as the last lock of its transaction and is followed by nothing but COMMIT.
Therefore id order is commit order, and the relay and `/feed` simply read past a cursor. Nobody else inserts here.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from .bus.port import Outgoing
from .db import driver_of

LOCK = 0x746F7267  # "torg": one log per database, so one number will do
CHANNEL = "torg_log"  # what NOTIFY wakes the relay with


def log_tables(metadata: sa.MetaData) -> tuple[sa.Table, sa.Table]:
    """The log and the relay's cursor, in the service's own metadata and migrations."""
    log = sa.Table(
        "log",
        metadata,
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("event_id", sa.Uuid, nullable=False, unique=True),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("time", sa.DateTime(timezone=True), nullable=False),
        sa.Column("payload", sa.LargeBinary, nullable=False),
    )
    cursor = sa.Table(
        "relay_cursor",
        metadata,
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("position", sa.BigInteger, nullable=False),
    )
    return log, cursor


@dataclass(frozen=True, slots=True)
class Staged:
    """An event that leaves with the transaction."""

    outgoing: Outgoing
    subject: str
    time: datetime


@dataclass(frozen=True, slots=True)
class LogRow:
    position: int
    event_id: UUID
    type: str
    topic: str
    key: str
    subject: str
    time: datetime
    payload: bytes


# Lock and insert are one statement: the lock must be held before the first id is drawn
_APPEND = """
WITH held AS MATERIALIZED (SELECT pg_advisory_xact_lock($1))
INSERT INTO log (event_id, type, topic, key, subject, time, payload)
SELECT e.* FROM held, unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[], $8::bytea[])
    AS e
"""

_READ = sa.text(
    """
    SELECT id, event_id, type, topic, key, subject, time, payload FROM log
    WHERE id > :after AND (CAST(:types AS text[]) IS NULL OR type = ANY(:types)) ORDER BY id LIMIT :limit
    """
).bindparams(sa.bindparam("types", type_=pg.ARRAY(sa.Text)))


async def append(db: AsyncConnection, rows: Sequence[Staged]) -> None:
    """Write `rows` in their order. The caller commits at once: other writers of this service wait behind the lock."""
    if not rows:
        return
    driver = await driver_of(db)
    await driver.execute(
        _APPEND,
        LOCK,
        [row.outgoing.id for row in rows],
        [row.outgoing.type for row in rows],
        [row.outgoing.topic for row in rows],
        [row.outgoing.key for row in rows],
        [row.subject for row in rows],
        [row.time for row in rows],
        [row.outgoing.payload for row in rows],
    )


async def read(db: AsyncConnection, after: int, limit: int, types: Collection[str] | None = None) -> Sequence[LogRow]:
    """At most `limit` rows past position `after`, oldest first; `types` None means all."""
    found = await db.execute(_READ, {"after": after, "limit": limit, "types": list(types) if types else None})
    return [LogRow(*row) for row in found]
