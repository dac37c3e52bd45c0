"""The worklist in one statement: one table, filtered, sorted and cut off in SQL, carried by its index."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection
from torg_shared.auth import Principal, Role
from torg_shared.web import Page

from torg_journal import tables as t

_ASSIGNED_ONLY = frozenset({Role.FAG, Role.POL})
_BOUND_TO_CHANNELS = frozenset({Role.SA, Role.RED})
_ENDED = ("closed", "purged")
_NO_DUE = "infinity"  # how a cursor writes a message without any deadline


@dataclass(frozen=True, slots=True)
class WorklistQuery:
    """Filters, and whose eyes look: experts and the secretariat see what their unit was asked about."""

    principal: Principal
    ended: bool = False
    status: str | None = None
    handling: str | None = None
    flag: str | None = None
    unit: str | None = None
    channel: str | None = None
    overdue: bool | None = None
    needs_human: bool | None = None
    needs_triage: bool | None = None
    saksmappe_id: UUID | None = None

    def filters(self) -> dict[str, Any]:
        """What a cursor is bound to: all filters, and the person with the hat in use."""
        chosen = {name: getattr(self, name) for name in WorklistQuery.__slots__ if name != "principal"}
        return chosen | {"who": self.principal.subject, "role": self.principal.role.value}


COLUMNS = (
    "id",
    "conversation_id",
    "channel_id",
    "channel_key",
    "platform",
    "kind",
    "permalink",
    "author_handle",
    "author_name",
    "excerpt",
    "message_version",
    "received_at",
    "backfill",
    "deleted_at",
    "status",
    "status_since",
    "close_reason",
    "handling",
    "secondary",
    "flags",
    "reply_duty",
    "reply_private",
    "record_class",
    "topic",
    "unit",
    "lang",
    "confidence",
    "needs_human",
    "needs_triage",
    "ground",
    "urgent",
    "acknowledged",
    "risk",
    "next_due",
    "next_due_code",
    "next_due_statutory",
    "reply_state",
    "reply_id",
    "reply_kind",
    "incident",
    "moderation_state",
    "claim_holder",
    "claim_until",
    "saksmappe_id",
    "open_consultations",
    "version",
)


async def worklist(db: AsyncConnection, query: WorklistQuery, page: Page, now: datetime) -> Sequence[Any]:
    """One page: rows with the columns of the list. Open messages by risk, then what is due; ended ones newest first."""
    c = t.messages.c
    select = sa.select(*(c[name] for name in COLUMNS)).where(*_wanted(query, now)).limit(page.limit + 1)
    if query.ended:
        place = sa.tuple_(c.received_at, c.id)
        select = select.order_by(c.received_at.desc(), c.id.desc())
        if page.position:
            received_at, message_id = page.position
            select = select.where(place < sa.tuple_(datetime.fromisoformat(received_at), UUID(message_id)))
    else:
        select = select.order_by(c.risk, c.next_due, c.received_at, c.id)  # without a deadline: last
        if page.position:
            select = select.where(*_after(page.position))
    return (await db.execute(select)).all()


def position(query: WorklistQuery, row: Any) -> Sequence[Any]:
    """Where the page after `row` begins."""
    if query.ended:
        return [row.received_at.isoformat(), str(row.id)]
    due = row.next_due.isoformat() if row.next_due else _NO_DUE
    return [row.risk, due, row.received_at.isoformat(), str(row.id)]


def _after(place: Sequence[Any]) -> Sequence[sa.ColumnElement[bool]]:
    c = t.messages.c
    risk, due, received_at, message_id = place
    rest = sa.tuple_(c.received_at, c.id) > sa.tuple_(datetime.fromisoformat(received_at), UUID(message_id))
    if due == _NO_DUE:
        same_risk: sa.ColumnElement[bool] = sa.and_(c.next_due.is_(None), rest)
    else:
        at = datetime.fromisoformat(due)
        same_risk = sa.or_(c.next_due > at, c.next_due.is_(None), sa.and_(c.next_due == at, rest))
    # the first condition is what the index begins with
    return c.risk >= risk, sa.or_(c.risk > risk, same_risk)


def _wanted(query: WorklistQuery, now: datetime) -> Sequence[sa.ColumnElement[bool]]:
    c = t.messages.c
    ended = c.status.in_(_ENDED)
    # spelled as the partial index spells it
    wanted: list[sa.ColumnElement[bool]] = [
        ended if query.ended else sa.text("status NOT IN ('closed', 'purged')"),  # type: ignore[list-item]
        c.received_at.is_not(None),
        *visible(query.principal),
    ]
    for name in ("status", "handling", "unit", "needs_human", "needs_triage", "saksmappe_id"):
        value = getattr(query, name)
        if value is not None:
            wanted.append(c[name] == value)
    if query.channel:
        wanted.append(c.channel_key == query.channel)
    if query.flag:
        wanted.append(c.flags.contains([query.flag]))
    if query.overdue is not None:
        late = c.next_due <= now
        wanted.append(late if query.overdue else sa.or_(c.next_due.is_(None), c.next_due > now))
    return wanted


def visible(principal: Principal) -> Sequence[sa.ColumnElement[bool]]:
    """Conditions on `messages`: experts and the secretariat see what their unit was given or asked about, SA and RED
    their channels, the others all."""
    c = t.messages.c
    if principal.role in _ASSIGNED_ONLY:
        return [c.units.contains([principal.unit])]
    if principal.role in _BOUND_TO_CHANNELS and "*" not in principal.channels:
        return [c.channel_key.in_(sorted(principal.channels))]
    return []


def about_visible(message_id: sa.ColumnElement[Any], principal: Principal) -> Sequence[sa.ColumnElement[bool]]:
    """The same conditions for a table that names a message."""
    conditions = visible(principal)
    return [sa.exists().where(t.messages.c.id == message_id, *conditions)] if conditions else []
