"""Deadlines as the database holds them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection
from torg_shared.auth import Principal
from torg_shared.web import Page

from torg_journal import tables as t
from torg_journal.domain.deadlines import Deadline, State, Warning, next_look

from .worklist import about_visible

OPEN_STATES = (State.RUNNING.value, State.PAUSED.value, State.OVERDUE.value)


@dataclass(frozen=True, slots=True)
class StoredDeadline:
    id: UUID
    conversation_id: UUID
    message_id: UUID
    saksmappe_id: UUID | None
    version: int
    deadline: Deadline


@dataclass(frozen=True, slots=True)
class DeadlineQuery:
    """Filters of the list; None takes all."""

    code: str | None = None
    statutory: bool | None = None
    state: State | None = None
    due_before: datetime | None = None
    message_id: UUID | None = None
    saksmappe_id: UUID | None = None

    def filters(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in DeadlineQuery.__slots__}


def written(one: Deadline) -> dict[str, Any]:
    """The columns that hold `one`."""
    return {
        "code": one.code,
        "variant": one.variant,
        "ref": one.ref,
        "state": one.state.value,
        "started_at": one.started_at,
        "due_at": one.due_at,
        "statutory": one.statutory,
        "basis_code": one.basis,
        "warnings": [{"percent": warning.percent, "at": warning.at.isoformat()} for warning in one.warnings],
        "warned": one.warned,
        "inputs": dict(one.inputs),
        "paused_at": one.paused_at,
        "ended_at": one.ended_at,
        "reason": one.reason,
        "next_look_at": next_look(one),
    }


def read(row: Any) -> StoredDeadline:
    """The deadline in `row` of the table."""
    deadline = Deadline(
        code=row.code,
        variant=row.variant,
        started_at=row.started_at,
        due_at=row.due_at,
        statutory=row.statutory,
        basis=row.basis_code,
        warnings=tuple(Warning(one["percent"], datetime.fromisoformat(one["at"])) for one in row.warnings),
        inputs=row.inputs,
        ref=row.ref,
        state=State(row.state),
        warned=row.warned,
        paused_at=row.paused_at,
        ended_at=row.ended_at,
        reason=row.reason,
    )
    return StoredDeadline(row.deadline_id, row.conversation_id, row.message_id, row.saksmappe_id, row.version, deadline)


async def deadlines(
    db: AsyncConnection, query: DeadlineQuery, page: Page, principal: Principal
) -> Sequence[StoredDeadline]:
    """The page of the list, by due time, of messages that `principal` may see."""
    table = t.deadlines
    wanted = [
        *about_visible(table.c.message_id, principal),
        table.c.state == query.state.value if query.state else table.c.state.in_(OPEN_STATES),
    ]
    if query.code:
        wanted.append(table.c.code == query.code)
    if query.statutory is not None:
        wanted.append(table.c.statutory == query.statutory)
    if query.due_before:
        wanted.append(table.c.due_at < query.due_before)
    if query.message_id:
        wanted.append(table.c.message_id == query.message_id)
    if query.saksmappe_id:
        wanted.append(table.c.saksmappe_id == query.saksmappe_id)
    if page.position:
        due_at, deadline_id = page.position
        here = sa.tuple_(table.c.due_at, table.c.deadline_id)
        wanted.append(here > sa.tuple_(datetime.fromisoformat(due_at), UUID(deadline_id)))
    rows = await db.execute(
        sa.select(table).where(*wanted).order_by(table.c.due_at, table.c.deadline_id).limit(page.limit + 1)
    )
    return [read(row) for row in rows]


async def one(
    db: AsyncConnection, deadline_id: UUID, principal: Principal, *, lock: bool = False
) -> StoredDeadline | None:
    """None for what is not there, and for what `principal` may not see."""
    c = t.deadlines.c
    query = sa.select(t.deadlines).where(c.deadline_id == deadline_id, *about_visible(c.message_id, principal))
    row = (await db.execute(query.with_for_update() if lock else query)).one_or_none()
    return read(row) if row else None


async def to_look_at(db: AsyncConnection, now: datetime, limit: int) -> Sequence[StoredDeadline]:
    """Deadlines whose warning or due time has come, locked; another replica's are passed over."""
    table = t.deadlines
    rows = await db.execute(
        sa.select(table)
        .where(table.c.next_look_at <= now)
        .order_by(table.c.next_look_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return [read(row) for row in rows]


_SAVE = sa.text(
    """
    UPDATE deadlines AS d SET
      state = n.state, due_at = n.due_at, warnings = n.warnings, warned = n.warned, paused_at = n.paused_at,
      ended_at = n.ended_at, reason = n.reason, next_look_at = n.next_look_at, version = d.version + 1
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS n(
      deadline_id uuid, state text, due_at timestamptz, warnings jsonb, warned int, paused_at timestamptz,
      ended_at timestamptz, reason text, next_look_at timestamptz)
    WHERE d.deadline_id = n.deadline_id
    """
)


async def save(db: AsyncConnection, changed: Sequence[StoredDeadline]) -> None:
    """Write the moved deadlines in one statement; each one's version goes up by one."""
    if changed:
        rows = [{"deadline_id": one.id, **written(one.deadline)} for one in changed]
        await db.execute(_SAVE, {"rows": orjson.dumps(rows, default=str).decode()})


_SHOW_NEXT_DUE = sa.text(
    """
    UPDATE messages AS m SET
      next_due = n.due_at, next_due_code = n.code, next_due_statutory = coalesce(n.statutory, false)
    FROM (SELECT CAST(:message_id AS uuid) AS id) AS one
    LEFT JOIN LATERAL (
      SELECT due_at, code, statutory FROM deadlines
      WHERE message_id = one.id AND (state IN ('running', 'overdue') OR (state = 'paused' AND statutory))
      ORDER BY due_at LIMIT 1
    ) AS n ON true
    WHERE m.id = one.id
    """
)


async def show_next_due(db: AsyncConnection, message_id: UUID) -> None:
    """Let the worklist show what is due next on the message, after a clock was stopped or set going."""
    await db.execute(_SHOW_NEXT_DUE, {"message_id": message_id})


async def channel_key_of(db: AsyncConnection, message_id: UUID) -> str | None:
    """Whose opening hours count for the message."""
    found: str | None = await db.scalar(sa.select(t.messages.c.channel_key).where(t.messages.c.id == message_id))
    return found


async def overdue_by_code(db: AsyncConnection) -> dict[str, int]:
    """How many deadlines are overdue and still open, by code."""
    c = t.deadlines.c
    rows = await db.execute(sa.select(c.code, sa.func.count()).where(c.state == State.OVERDUE.value).group_by(c.code))
    return {row[0]: row[1] for row in rows}
