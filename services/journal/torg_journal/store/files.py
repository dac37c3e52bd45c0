"""What is to be fetched from ingest, and the bytes kept by hash."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from torg_journal import tables as t


@dataclass(frozen=True, slots=True)
class Wanted:
    """A snapshot, or one medium of it."""

    snapshot_id: UUID
    sha256: str
    media: bool
    attempts: int


async def claim(
    db: AsyncConnection, now: datetime, limit: int, wait_after: Callable[[int], timedelta]
) -> Sequence[Wanted]:
    """What is due, put off at once by `wait_after(attempts)`: another replica comes later, as we do after a crash."""
    c = t.fetches.c
    rows = await db.execute(
        sa.select(c.snapshot_id, c.sha256, c.media, c.attempts)
        .where(c.state == "wanted", c.next_try <= now)
        .order_by(c.next_try)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    found = [Wanted(*row) for row in rows]
    for one in found:
        await db.execute(
            sa.update(t.fetches)
            .where(c.snapshot_id == one.snapshot_id, c.sha256 == one.sha256)
            .values(attempts=one.attempts + 1, next_try=now + wait_after(one.attempts))
        )
    return found


async def keep(db: AsyncConnection, one: Wanted, content: bytes, now: datetime) -> None:
    """The verified bytes; a second copy changes nothing."""
    values = {"sha256": one.sha256, "content": content, "size": len(content), "stored_at": now}
    await db.execute(insert(t.files).values(**values).on_conflict_do_nothing())
    await _state(db, one, state="stored", last_error=None)


async def failed(db: AsyncConnection, one: Wanted, error: str) -> None:
    await _state(db, one, last_error=error[:300])


async def mismatched(db: AsyncConnection, one: Wanted) -> None:
    """The bytes are not those that were registered: never fetched again by itself, a person must look."""
    await _state(db, one, state="mismatch", last_error="hash mismatch")


async def _state(db: AsyncConnection, one: Wanted, **values: object) -> None:
    c = t.fetches.c
    await db.execute(
        sa.update(t.fetches).where(c.snapshot_id == one.snapshot_id, c.sha256 == one.sha256).values(**values)
    )
