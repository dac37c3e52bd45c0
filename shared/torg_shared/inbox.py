"""What makes a second delivery harmless: the inbox row is written in the transaction of the effect.

Beside it the dead letters: events that could not be handled, kept with the reason until somebody replays them.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from .bus.port import Record
from .db import driver_of


def inbox_tables(metadata: sa.MetaData) -> tuple[sa.Table, sa.Table, sa.Table]:
    """Inbox, dead letters and halted groups, in the service's own metadata and migrations."""
    inbox = sa.Table(
        "inbox",
        metadata,
        sa.Column("consumer", sa.Text, primary_key=True),
        sa.Column("event_id", sa.Uuid, primary_key=True),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False, index=True),
    )
    dead_letters = sa.Table(
        "dead_letters",
        metadata,
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("consumer", sa.Text, nullable=False),
        sa.Column("event_id", sa.Uuid, nullable=False),
        sa.Column("type", sa.Text),
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("partition", sa.Integer, nullable=False),
        sa.Column("offset", sa.BigInteger, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("envelope", sa.LargeBinary, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("parked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("replayed_at", sa.DateTime(timezone=True)),
        sa.Column("replays", sa.Integer, nullable=False, server_default="0"),
        sa.UniqueConstraint("consumer", "event_id"),
    )
    halted = sa.Table(
        "halted_groups",
        metadata,
        sa.Column("consumer", sa.Text, primary_key=True),
        sa.Column("halted_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
    )
    return inbox, dead_letters, halted


@dataclass(frozen=True, slots=True)
class DeadLetter:
    id: UUID
    consumer: str
    event_id: UUID
    type: str | None
    topic: str
    partition: int
    offset: int
    key: str
    envelope: bytes
    reason: str
    parked_at: datetime
    replayed_at: datetime | None
    replays: int

    @property
    def record(self) -> Record:
        return Record(self.topic, self.partition, self.offset, self.key, self.envelope, self.event_id, self.type)


_ENTER = """
INSERT INTO inbox (consumer, event_id, seen_at) SELECT $1, unnest($2::uuid[]), $3
ON CONFLICT DO NOTHING RETURNING event_id
"""

_BURY = sa.text(
    """
    INSERT INTO dead_letters
        (id, consumer, event_id, type, topic, partition, "offset", key, envelope, reason, parked_at)
    VALUES (:id, :consumer, :event_id, :type, :topic, :partition, :offset, :key, :envelope, :reason, :now)
    ON CONFLICT (consumer, event_id) DO NOTHING
    """
)

_COLUMNS = (
    'id, consumer, event_id, type, topic, partition, "offset", key, envelope, reason, parked_at, replayed_at, replays'
)


async def enter(db: AsyncConnection, consumer: str, ids: Collection[UUID], now: datetime) -> set[UUID]:
    """Mark `ids` as seen by `consumer`; returns those that were new. A concurrent twin waits here for our commit."""
    driver = await driver_of(db)
    return {row[0] for row in await driver.fetch(_ENTER, consumer, list(ids), now)}


async def bury(
    db: AsyncConnection, consumer: str, record: Record, event_id: UUID, letter_id: UUID, reason: str, now: datetime
) -> None:
    """Keep `record` as a dead letter; a second burial of the same event changes nothing."""
    await db.execute(
        _BURY,
        {
            "id": letter_id,
            "consumer": consumer,
            "event_id": event_id,
            "type": _storable(record.type),
            "topic": record.topic,
            "partition": record.partition,
            "offset": record.offset,
            "key": _storable(record.key),
            "envelope": record.payload,
            "reason": reason,
            "now": now,
        },
    )


def _storable(text: str | None) -> str | None:
    """What foreign bytes made of a key or a type may hold NUL, which a text column refuses."""
    return text.replace("\x00", "\ufffd") if text else text


async def dead_letters(db: AsyncConnection, after: UUID | None, limit: int) -> Sequence[DeadLetter]:
    """Parked events past `after`, oldest first (ids are time-ordered), replayed ones included."""
    found = await db.execute(
        sa.text(
            f"SELECT {_COLUMNS} FROM dead_letters "  # noqa: S608 - the column list is a constant of this module
            "WHERE CAST(:after AS uuid) IS NULL OR id > :after ORDER BY id LIMIT :limit"
        ),
        {"after": after, "limit": limit},
    )
    return [DeadLetter(*row) for row in found]


async def lock_dead_letter(db: AsyncConnection, letter_id: UUID) -> DeadLetter | None:
    """The dead letter, locked until the transaction ends, so that two replays cannot both run the handler."""
    found = await db.execute(
        sa.text(f"SELECT {_COLUMNS} FROM dead_letters WHERE id = :id FOR UPDATE"),  # noqa: S608 - as above
        {"id": letter_id},
    )
    row = found.one_or_none()
    return DeadLetter(*row) if row else None


async def mark_replayed(db: AsyncConnection, letter_id: UUID, now: datetime) -> None:
    await db.execute(
        sa.text("UPDATE dead_letters SET replayed_at = :now, replays = replays + 1 WHERE id = :id"),
        {"id": letter_id, "now": now},
    )


async def halt(db: AsyncConnection, consumer: str, reason: str, now: datetime) -> None:
    await db.execute(
        sa.text(
            "INSERT INTO halted_groups (consumer, halted_at, reason) VALUES (:consumer, :now, :reason) "
            "ON CONFLICT DO NOTHING"
        ),
        {"consumer": consumer, "now": now, "reason": reason},
    )


async def halted(db: AsyncConnection) -> dict[str, str]:
    """The groups that stand still, with the reason."""
    found = await db.execute(sa.text("SELECT consumer, reason FROM halted_groups ORDER BY consumer"))
    return {row.consumer: row.reason for row in found}


async def resume(db: AsyncConnection, consumer: str) -> bool:
    """Let a halted group go on; False if it was not halted."""
    found = await db.execute(
        sa.text("DELETE FROM halted_groups WHERE consumer = :consumer RETURNING consumer"), {"consumer": consumer}
    )
    return found.one_or_none() is not None
