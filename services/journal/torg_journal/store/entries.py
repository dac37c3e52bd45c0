"""Status of journalposter and documents: what may still change after registration."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from torg_journal import tables as t


async def change(db: AsyncConnection, journalpost_id: UUID, values: Mapping[str, Any]) -> None:
    """Write status columns of one entry, whose conversation is locked; its version goes up by one."""
    c = t.journalposter.c
    await db.execute(sa.update(t.journalposter).where(c.id == journalpost_id).values(**values, version=c.version + 1))


async def mark_missing(db: AsyncConnection, journalpost_id: UUID, dokumentnummer: int) -> bool:
    """Say that a document's bytes will never come; False when it has them, or is not there."""
    d = t.dokumenter.c
    here = sa.exists().where(t.files.c.sha256 == d.sha256)
    done = await db.execute(
        sa.update(t.dokumenter)
        .where(d.registrering_id == journalpost_id, d.dokumentnummer == dokumentnummer, ~here)
        .values(missing=True)
    )
    return bool(done.rowcount)


async def exists_live(db: AsyncConnection, journalpost_id: UUID) -> str | None:
    """The journalposttype of a live entry; None when there is none."""
    c = t.journalposter.c
    found: str | None = await db.scalar(
        sa.select(c.journalposttype).where(c.id == journalpost_id, c.journalstatus != "U")
    )
    return found


async def review(db: AsyncConnection, decision_id: UUID, values: Mapping[str, Any]) -> None:
    """The archivist's verdict on a record decision."""
    c = t.record_decisions.c
    await db.execute(sa.update(t.record_decisions).where(c.id == decision_id).values(**values, version=c.version + 1))
