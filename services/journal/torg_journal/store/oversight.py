"""What the chain check reads, published heads, gaps in the numbers, figures."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection
from torg_shared.web import Page

from torg_journal import tables as t
from torg_journal.domain.chain import Entry, Head, Link, Party, Text

_AT_A_TIME = 500


@dataclass(frozen=True, slots=True)
class StoredHead:
    id: UUID
    head: Head
    day: date
    published_at: datetime


@dataclass(frozen=True, slots=True)
class Gap:
    """A journal year whose numbers are not 1..n: `missing` numbers between, or a counter that disagrees."""

    year: int
    missing: int


async def links(
    db: AsyncConnection, year: int | None = None, *, first: int = 1, last: int | None = None
) -> AsyncIterator[Link]:
    """Entries with what they commit to, by year and number, in parts: a year need not fit into memory."""
    c = t.journalposter.c
    position: tuple[int, int] = (0, 0)
    while True:
        query = sa.select(t.journalposter).where(
            sa.tuple_(c.journalaar, c.journalsekvensnummer) > sa.tuple_(*position), c.journalsekvensnummer >= first
        )
        if year is not None:
            query = query.where(c.journalaar == year)
        if last is not None:
            query = query.where(c.journalsekvensnummer <= last)
        rows = (await db.execute(query.order_by(c.journalaar, c.journalsekvensnummer).limit(_AT_A_TIME))).all()
        if not rows:
            return
        parties = await _parties(db, [row.id for row in rows])
        documents = await _documents(db, rows)
        cases = await _cases(db, {row.saksmappe_id for row in rows})
        for row in rows:
            yield _link(row, parties.get(row.id, []), documents, cases[row.saksmappe_id])
        position = (rows[-1].journalaar, rows[-1].journalsekvensnummer)


async def _parties(db: AsyncConnection, ids: Sequence[UUID]) -> Mapping[UUID, list[Any]]:
    c = t.korrespondanseparter.c
    rows = await db.execute(
        sa.select(t.korrespondanseparter).where(c.journalpost_id.in_(ids)).order_by(c.journalpost_id, c.ordinal)
    )
    found: dict[UUID, list[Any]] = {}
    for row in rows:
        found.setdefault(row.journalpost_id, []).append(row)
    return found


async def _documents(db: AsyncConnection, rows: Sequence[Any]) -> Mapping[str, str]:
    """SHA-256 of the bytes kept now, by the hash they stand under; documents whose bytes are not here are left out."""
    wanted = {sha256 for row in rows for sha256 in row.registrerte_dokumenter}
    c = t.files.c
    computed = sa.func.encode(sa.func.sha256(c.content), "hex")
    return {row[0]: row[1] for row in await db.execute(sa.select(c.sha256, computed).where(c.sha256.in_(wanted)))}


async def _cases(db: AsyncConnection, ids: set[UUID]) -> Mapping[UUID, str]:
    s = t.saksmapper.c
    rows = await db.execute(sa.select(s.id, s.saksaar, s.sakssekvensnummer).where(s.id.in_(ids)))
    return {row.id: f"{row.saksaar}/{row.sakssekvensnummer}" for row in rows}


def _link(row: Any, parties: Sequence[Any], documents: Mapping[str, str], saksnummer: str) -> Link:
    entry = Entry(
        journalaar=row.journalaar,
        journalsekvensnummer=row.journalsekvensnummer,
        journalpost_id=row.id,
        saksmappe_id=row.saksmappe_id,
        saksnummer=saksnummer,
        journalpostnummer=row.journalpostnummer,
        journalposttype=row.journalposttype,
        journaldato=row.journaldato,
        tittel=bytes(row.tittel_commit),
        parties=tuple(Party(one.korrespondanseparttype, bytes(one.navn_commit)) for one in parties),
        documents=tuple(row.registrerte_dokumenter),
        mottatt_dato=row.mottatt_dato,
        sendt_dato=row.sendt_dato,
        message_id=row.message_id,
        message_version=row.message_version,
        reply_id=row.reply_id,
        consultation_id=row.consultation_id,
        refers_to=tuple(row.refers_to),
    )
    texts = (
        Text("tittel", bytes(row.tittel_commit), row.tittel_salt, row.registrert_tittel),
        *(Text("korrespondansepart", bytes(p.navn_commit), p.navn_salt, p.registrert_navn) for p in parties),
    )
    found = {sha256: documents[sha256] for sha256 in row.registrerte_dokumenter if sha256 in documents}
    return Link(entry, bytes(row.entry_hash), texts, found)


async def lost_references(db: AsyncConnection) -> Sequence[Any]:
    """Entries that the chain says avskriver another one, without the avskrivning (3.4.7)."""
    statement = """
        SELECT j.journalaar, j.journalsekvensnummer, r.incoming FROM journalposter AS j
        CROSS JOIN LATERAL unnest(j.refers_to) AS r(incoming)
        WHERE NOT EXISTS (SELECT 1 FROM avskrivninger AS a WHERE a.incoming = r.incoming AND a.outgoing = j.id)
        ORDER BY 1, 2
    """
    return (await db.execute(sa.text(statement))).all()


async def sequence_of(db: AsyncConnection, journalpost_id: UUID) -> tuple[int, int] | None:
    """Year and number of an entry."""
    c = t.journalposter.c
    row = (
        await db.execute(sa.select(c.journalaar, c.journalsekvensnummer).where(c.id == journalpost_id))
    ).one_or_none()
    return (row.journalaar, row.journalsekvensnummer) if row else None


async def all_heads(db: AsyncConnection, year: int | None = None) -> Sequence[Head]:
    h = t.heads.c
    query = sa.select(t.heads).order_by(h.journalaar, h.up_to_sequence)
    rows = await db.execute(query if year is None else query.where(h.journalaar == year))
    return [_head(row).head for row in rows]


async def first_head_from(db: AsyncConnection, year: int, sequence: int) -> Head | None:
    """The earliest published head at or after an entry."""
    h = t.heads.c
    query = sa.select(t.heads).where(h.journalaar == year, h.up_to_sequence >= sequence).order_by(h.up_to_sequence)
    row = (await db.execute(query.limit(1))).one_or_none()
    return _head(row).head if row else None


async def heads(db: AsyncConnection, page: Page) -> Sequence[StoredHead]:
    """Published heads, the latest first."""
    h = t.heads.c
    query = sa.select(t.heads).order_by(h.published_at.desc(), h.id.desc()).limit(page.limit + 1)
    if page.position:
        at, head_id = page.position
        query = query.where(sa.tuple_(h.published_at, h.id) < sa.tuple_(datetime.fromisoformat(at), UUID(head_id)))
    return [_head(row) for row in await db.execute(query)]


def _head(row: Any) -> StoredHead:
    head = Head(row.journalaar, row.up_to_sequence, bytes(row.head_hash))
    return StoredHead(row.id, head, row.day, row.published_at)


async def unpublished_heads(db: AsyncConnection, day: date) -> Sequence[Head]:
    """The current head of every year whose head has moved since the last one published, none twice on one day."""
    statement = """
        SELECT c.journalaar, c.n, c.head FROM journal_counters AS c
        WHERE c.n > 0
          AND NOT EXISTS (SELECT 1 FROM heads AS h WHERE h.journalaar = c.journalaar
                          AND (h.day = :day OR h.up_to_sequence = c.n))
        ORDER BY 1
    """
    rows = await db.execute(sa.text(statement), {"day": day})
    return [Head(row.journalaar, row.n, bytes(row.head)) for row in rows]


async def add_head(db: AsyncConnection, stored: StoredHead) -> bool:
    """False when another replica published this year's head today."""
    added = await db.execute(
        insert(t.heads)
        .values(
            id=stored.id,
            journalaar=stored.head.year,
            up_to_sequence=stored.head.up_to_sequence,
            head_hash=stored.head.head_hash,
            day=stored.day,
            published_at=stored.published_at,
        )
        .on_conflict_do_nothing()
    )
    return added.rowcount == 1


async def gaps(db: AsyncConnection) -> Mapping[int, int]:
    """Missing numbers per journal year, 0 where it is 1..n and agrees with its counter (INV-6)."""
    statement = """
        SELECT coalesce(j.journalaar, c.journalaar) AS year,
          greatest(coalesce(j.last, 0), coalesce(c.n, 0)) - coalesce(j.count, 0)
            + CASE WHEN coalesce(j.first, 1) <> 1 AND coalesce(j.last, 0) = coalesce(j.count, 0) THEN 1 ELSE 0 END
            + CASE WHEN coalesce(c.n, 0) < coalesce(j.last, 0) THEN 1 ELSE 0 END AS missing
        FROM (SELECT journalaar, count(*) AS count, min(journalsekvensnummer) AS first,
                     max(journalsekvensnummer) AS last FROM journalposter GROUP BY journalaar) AS j
        FULL JOIN journal_counters AS c ON c.journalaar = j.journalaar
        ORDER BY 1
    """
    return {row.year: row.missing for row in await db.execute(sa.text(statement))}
