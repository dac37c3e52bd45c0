"""What the REST resources show: messages, versions, snapshots, raw deliveries."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from torg_ingest import tables
from torg_ingest.domain.changes import Delivery, SetAside

_m, _v, _s, _d = tables.messages, tables.versions, tables.snapshots, tables.deliveries
_SHOWN = [column for column in _m.columns if column.name not in {"pending", "text_sha256"}]
_CURRENT = _m.outerjoin(_v, sa.and_(_v.c.message_id == _m.c.id, _v.c.version == _m.c.version))


@dataclass(frozen=True, slots=True)
class Choice:
    """Which messages are wanted; None leaves a side open. `channels` are those that the caller may see."""

    channels: Collection[UUID] | None = None
    channel_id: UUID | None = None
    conversation_id: UUID | None = None
    kind: str | None = None
    removed: bool | None = None
    own: bool | None = None


@dataclass(frozen=True, slots=True)
class StoredDelivery:
    delivery: Delivery
    outcome: str
    changes: int
    revision: int
    replayed_at: datetime | None


async def messages(
    db: AsyncConnection, choice: Choice, after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[Any]:
    """Published messages with their current text, newest first."""
    query = sa.select(*_SHOWN, _v.c.text).select_from(_CURRENT).where(_m.c.received_at.is_not(None))
    for column, wanted in (
        (_m.c.channel_id, choice.channel_id),
        (_m.c.conversation_id, choice.conversation_id),
        (_m.c.kind, choice.kind),
        (_m.c.is_self, choice.own),
    ):
        if wanted is not None:
            query = query.where(column == wanted)
    if choice.channels is not None:
        query = query.where(_m.c.channel_id.in_(choice.channels))
    if choice.removed is not None:
        query = query.where(_m.c.removed_at.is_not(None) if choice.removed else _m.c.removed_at.is_(None))
    if after is not None:
        query = query.where(sa.tuple_(_m.c.received_at, _m.c.id) < sa.tuple_(*map(sa.literal, after)))
    query = query.order_by(_m.c.received_at.desc(), _m.c.id.desc()).limit(limit)
    return (await db.execute(query)).all()


async def message(db: AsyncConnection, message_id: UUID) -> Any | None:
    query = sa.select(*_SHOWN, _v.c.text).select_from(_CURRENT)
    return (await db.execute(query.where(_m.c.id == message_id, _m.c.received_at.is_not(None)))).one_or_none()


async def thread(db: AsyncConnection, conversation_id: UUID, limit: int) -> Sequence[Any]:
    """The conversation, oldest first, our own texts included."""
    query = sa.select(*_SHOWN, _v.c.text).select_from(_CURRENT).where(_m.c.conversation_id == conversation_id)
    return (await db.execute(query.order_by(_m.c.received_at, _m.c.id).limit(limit))).all()


async def versions(db: AsyncConnection, message_id: UUID) -> Sequence[Any]:
    query = (
        sa.select(_v, _s.c.sha256, _s.c.prev_sha256, _s.c.captured_at)
        .select_from(_v.join(_s, _s.c.id == _v.c.snapshot_id))
        .where(_v.c.message_id == message_id)
    )
    return (await db.execute(query.order_by(_v.c.version))).all()


async def snapshot(db: AsyncConnection, snapshot_id: UUID) -> Any | None:
    """The snapshot with the channel that it belongs to."""
    query = sa.select(_s, _m.c.channel_id).select_from(_s.join(_m, _m.c.id == _s.c.message_id))
    return (await db.execute(query.where(_s.c.id == snapshot_id))).one_or_none()


async def deliveries(
    db: AsyncConnection, outcome: str | None, after: UUID | None, limit: int
) -> Sequence[StoredDelivery]:
    """Raw deliveries, newest first, without their bytes."""
    shown = [column for column in _d.columns if column.name != "body"]
    query = sa.select(*shown, sa.literal(b"").label("body"))
    if outcome is not None:
        query = query.where(_d.c.outcome == outcome)
    if after is not None:
        query = query.where(_d.c.id < after)
    return [_stored(row) for row in (await db.execute(query.order_by(_d.c.id.desc()).limit(limit)))]


async def delivery(db: AsyncConnection, delivery_id: UUID, *, lock: bool = False) -> StoredDelivery | None:
    query = sa.select(_d).where(_d.c.id == delivery_id)
    row = (await db.execute(query.with_for_update() if lock else query)).one_or_none()
    return _stored(row) if row else None


async def set_aside(db: AsyncConnection, delivery_ids: Collection[UUID]) -> Sequence[tuple[UUID, SetAside]]:
    table = tables.set_aside
    query = (
        sa.select(table).where(table.c.delivery_id.in_(delivery_ids)).order_by(table.c.delivery_id, table.c.position)
    )
    return [
        (
            row.delivery_id,
            SetAside(row.position, row.outcome, row.reason, row.account_id, row.field, row.item, row.verb),
        )
        for row in await db.execute(query)
    ]


async def forget_set_aside(db: AsyncConnection, delivery_id: UUID) -> None:
    await db.execute(sa.delete(tables.set_aside).where(tables.set_aside.c.delivery_id == delivery_id))


async def mark_replayed(
    db: AsyncConnection, delivery_id: UUID, outcome: str, changes: int, parts: Sequence[SetAside], now: datetime
) -> None:
    await db.execute(
        sa.update(_d)
        .where(_d.c.id == delivery_id)
        .values(outcome=outcome, changes=changes, replayed_at=now, revision=_d.c.revision + 1)
    )
    if parts:
        await db.execute(
            sa.insert(tables.set_aside),
            [
                {
                    "delivery_id": delivery_id,
                    "position": one.position,
                    "outcome": one.outcome,
                    "reason": one.reason,
                    "account_id": one.account_id,
                    "field": one.field,
                    "item": one.item,
                    "verb": one.verb,
                    "noted_at": now,
                }
                for one in parts
            ],
        )


async def counts_of_set_aside(db: AsyncConnection, account_id: str, since: datetime) -> dict[str, int]:
    """Parts set aside since `since`, by outcome."""
    table = tables.set_aside
    query = (
        sa.select(table.c.outcome, sa.func.count())
        .where(table.c.account_id == account_id, table.c.noted_at >= since)
        .group_by(table.c.outcome)
    )
    return {row[0]: row[1] for row in await db.execute(query)}


async def last_received(db: AsyncConnection, channel_id: UUID) -> datetime | None:
    """Arrival of the newest thing seen on the channel."""
    found: datetime | None = await db.scalar(
        sa.select(sa.func.max(_m.c.first_seen_at)).where(_m.c.channel_id == channel_id)
    )
    return found


def _stored(row: Any) -> StoredDelivery:
    return StoredDelivery(
        Delivery(row.id, row.platform, row.received_at, row.body, row.content_type, row.content_encoding),
        row.outcome,
        row.changes,
        row.revision,
        row.replayed_at,
    )
