"""The channel registry in the database."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from torg_ingest.domain.channels import Channel
from torg_ingest.tables import channels

_NAMES = [field.name for field in fields(Channel)]


async def every(db: AsyncConnection, after: str | None, limit: int) -> Sequence[Channel]:
    """Channels by key."""
    query = sa.select(channels)
    if after is not None:
        query = query.where(channels.c.key > after)
    return [_channel(row) for row in await db.execute(query.order_by(channels.c.key).limit(limit))]


async def find(db: AsyncConnection, channel_id: UUID, *, lock: bool = False) -> Channel | None:
    query = sa.select(channels).where(channels.c.id == channel_id)
    row = (await db.execute(query.with_for_update() if lock else query)).one_or_none()
    return _channel(row) if row else None


async def add(db: AsyncConnection, channel: Channel) -> bool:
    """False when key or account are registered already; then nothing is written."""
    found = await db.execute(
        insert(channels).values(**_values(channel)).on_conflict_do_nothing().returning(channels.c.id)
    )
    return found.one_or_none() is not None


async def save(db: AsyncConnection, channel: Channel) -> None:
    """Write a channel that was loaded with `lock`."""
    await db.execute(sa.update(channels).where(channels.c.id == channel.id).values(**_values(channel)))


def _values(channel: Channel) -> dict[str, Any]:
    values = {name: getattr(channel, name) for name in _NAMES}
    return values | {"hours": dict(channel.hours), "formal_contact": dict(channel.formal_contact)}


def _channel(row: Any) -> Channel:
    return Channel(**{name: getattr(row, name) for name in _NAMES})
