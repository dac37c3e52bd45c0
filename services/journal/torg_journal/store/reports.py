"""Restanseliste and forfallsliste (Noark 3.4): what stands unanswered, and what falls due."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection
from torg_shared.auth import Principal
from torg_shared.web import Page

from torg_journal import tables as t

from .worklist import about_visible

_NEED_AVSKRIVNING = ("I", "N")  # X does not (3.4)


async def restanser(
    db: AsyncConnection, page: Page, principal: Principal, unit: str | None, before: date | None
) -> Sequence[Any]:
    """Entries that need avskrivning and have none, the oldest first."""
    j, s = t.journalposter.c, t.saksmapper.c
    due = sa.select(sa.func.min(t.deadlines.c.due_at)).where(
        t.deadlines.c.message_id == j.message_id, t.deadlines.c.state.in_(("running", "paused", "overdue"))
    )
    answered = sa.exists().where(t.avskrivninger.c.incoming == j.id)
    query = (
        sa.select(
            j.id,
            j.saksmappe_id,
            j.message_id,
            j.journalaar,
            j.journalsekvensnummer,
            j.journalpostnummer,
            j.journalposttype,
            j.journalstatus,
            j.journaldato,
            j.forfallsdato,
            j.tittel,
            j.administrativ_enhet,
            j.saksbehandler,
            s.saksaar,
            s.sakssekvensnummer,
            due.scalar_subquery().label("due_at"),
        )
        .join(t.saksmapper, s.id == j.saksmappe_id)
        .where(
            j.journalposttype.in_(_NEED_AVSKRIVNING),
            j.journalstatus != "U",
            ~answered,
            *about_visible(j.message_id, principal),
        )
        .order_by(j.journaldato, j.id)
        .limit(page.limit + 1)
    )
    if unit:
        query = query.where(j.administrativ_enhet == unit)
    if before:
        query = query.where(j.journaldato < before)
    if page.position:
        day, entry_id = page.position
        query = query.where(sa.tuple_(j.journaldato, j.id) > sa.tuple_(date.fromisoformat(day), UUID(entry_id)))
    return (await db.execute(query)).all()


async def forfall(db: AsyncConnection, page: Page, principal: Principal, until: datetime) -> Sequence[Any]:
    """Deadlines of saksmapper that have not ended and are due before `until`, the earliest first."""
    d, s = t.deadlines.c, t.saksmapper.c
    query = (
        sa.select(
            d.deadline_id,
            d.code,
            d.variant,
            d.state,
            d.due_at,
            d.statutory,
            d.message_id,
            d.saksmappe_id,
            s.saksaar,
            s.sakssekvensnummer,
            s.tittel,
            s.saksansvarlig,
            s.administrativ_enhet,
        )
        .join(t.saksmapper, s.id == d.saksmappe_id)
        .where(
            d.state.in_(("running", "paused", "overdue")),
            d.due_at < until,
            *about_visible(d.message_id, principal),
        )
        .order_by(d.due_at, d.deadline_id)
        .limit(page.limit + 1)
    )
    if page.position:
        due_at, deadline_id = page.position
        place = sa.tuple_(datetime.fromisoformat(due_at), UUID(deadline_id))
        query = query.where(sa.tuple_(d.due_at, d.deadline_id) > place)
    return (await db.execute(query)).all()
