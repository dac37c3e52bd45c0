"""Journal entries with all that their public form needs, and the list of what is published."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from torg_journal import tables as t
from torg_journal.domain.public_journal import PUBLISHABLE, StoredEntry, StoredParty
from torg_journal.domain.screening import Kind, Span


@dataclass(frozen=True, slots=True)
class JournalQuery:
    """Which published entries are wanted; `text` is searched for in what the internet shows today."""

    first: date | None
    last: date | None
    unit: str | None
    text: str | None = None

    def filters(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in JournalQuery.__slots__}

    def address(self) -> Mapping[str, str]:
        """The filters as they stand in an address; a search text never does."""
        parts = {
            "fra": self.first.isoformat() if self.first else None,
            "til": self.last.isoformat() if self.last else None,
            "unit": self.unit,
        }
        return {name: value for name, value in parts.items() if value}


def read_spans(data: Sequence[Mapping[str, Any]]) -> tuple[Span, ...]:
    return tuple(Span(one["start"], one["end"], Kind(one["kind"]), one.get("hjemmel")) for one in data)


def written_spans(spans: Sequence[Span]) -> list[dict[str, Any]]:
    return [{"start": s.start, "end": s.end, "kind": s.kind.value, "hjemmel": s.hjemmel} for s in spans]


_PUBLISHED = sa.and_(
    t.journalposter.c.published_at.is_not(None),
    t.journalposter.c.offentlighetsvurdert_dato.is_not(None),
    t.journalposter.c.journalstatus.in_(sorted(PUBLISHABLE)),
)
_PLACE = sa.tuple_(t.journalposter.c.journalaar, t.journalposter.c.journalsekvensnummer)


async def published(
    db: AsyncConnection, query: JournalQuery, position: Sequence[int] | None, limit: int
) -> Sequence[StoredEntry]:
    """Published entries, the latest number first. A search looks at full texts: the caller drops what is not shown."""
    c = t.journalposter.c
    wanted: list[sa.ColumnElement[bool]] = [_PUBLISHED]
    if query.first:
        wanted.append(c.journaldato >= query.first)
    if query.last:
        wanted.append(c.journaldato <= query.last)
    if query.unit:
        wanted.append(c.administrativ_enhet == query.unit)
    if query.text:
        wanted.append(_mentions(query.text))
    if position:
        wanted.append(sa.tuple_(*position) > _PLACE)
    chosen = sa.select(c.id).where(*wanted).order_by(c.journalaar.desc(), c.journalsekvensnummer.desc()).limit(limit)
    ids = (await db.scalars(chosen)).all()
    return await entries(db, ids)


def _mentions(text: str) -> sa.ColumnElement[bool]:
    j, s, k = t.journalposter.c, t.saksmapper.c, t.korrespondanseparter.c
    return sa.or_(
        j.tittel.icontains(text, autoescape=True),
        sa.exists().where(s.id == j.saksmappe_id, s.tittel.icontains(text, autoescape=True)),
        sa.exists().where(k.journalpost_id == j.id, k.navn.icontains(text, autoescape=True)),
    )


async def entries(db: AsyncConnection, ids: Sequence[UUID], *, lock: bool = False) -> Sequence[StoredEntry]:
    """The entries `ids` with case, parties and latest avskrivning, the latest number first. Three statements."""
    if not ids:
        return []
    j, s = t.journalposter.c, t.saksmapper.c
    query = (
        sa.select(
            j.id,
            j.journalaar,
            j.journalsekvensnummer,
            j.saksmappe_id,
            j.journalpostnummer,
            j.journalposttype,
            j.journalstatus,
            j.journaldato,
            j.tittel,
            j.tittel_spans,
            j.administrativ_enhet,
            j.dokumentets_dato,
            j.offentlighetsvurdert_dato,
            s.saksaar,
            s.sakssekvensnummer,
            s.tittel.label("saksmappe_tittel"),
            s.tittel_spans.label("saksmappe_spans"),
            s.skjermet.label("saksmappe_skjermet"),
            s.klasse_id,
        )
        .join(t.saksmapper, s.id == j.saksmappe_id)
        .where(j.id.in_(ids))
        .order_by(j.journalaar.desc(), j.journalsekvensnummer.desc())
    )
    rows = (await db.execute(query.with_for_update(of=t.journalposter) if lock else query)).all()
    parties = await _parties(db, ids)
    answers = await _answers(db, ids)
    return [_entry(row, parties.get(row.id, ()), answers.get(row.id)) for row in rows]


async def _parties(db: AsyncConnection, ids: Sequence[UUID]) -> dict[UUID, tuple[StoredParty, ...]]:
    c = t.korrespondanseparter.c
    rows = await db.execute(
        sa.select(c.journalpost_id, c.korrespondanseparttype, c.navn, c.navn_spans)
        .where(c.journalpost_id.in_(ids))
        .order_by(c.journalpost_id, c.ordinal)
    )
    found: dict[UUID, tuple[StoredParty, ...]] = {}
    for row in rows:
        party = StoredParty(row.korrespondanseparttype, row.navn, read_spans(row.navn_spans))
        found[row.journalpost_id] = (*found.get(row.journalpost_id, ()), party)
    return found


async def _answers(db: AsyncConnection, ids: Sequence[UUID]) -> dict[UUID, Any]:
    """The latest avskrivning of each entry, with the registreringsID of the answer."""
    c, answer, s = t.avskrivninger.c, t.journalposter.alias("answer"), t.saksmapper.c
    number = sa.func.concat(s.saksaar, "/", s.sakssekvensnummer, "-", answer.c.journalpostnummer)
    rows = await db.execute(
        sa.select(
            c.incoming,
            c.avskrivningsmaate,
            c.avskrivningsdato,
            c.outgoing,
            sa.case((answer.c.id.is_not(None), number)).label("number"),
        )
        .outerjoin(answer, answer.c.id == c.outgoing)
        .outerjoin(t.saksmapper, s.id == answer.c.saksmappe_id)
        .where(c.incoming.in_(ids))
        .order_by(c.at, c.id)
    )
    return {row.incoming: row for row in rows}


def _entry(row: Any, parties: tuple[StoredParty, ...], answer: Any) -> StoredEntry:
    return StoredEntry(
        journalpost_id=row.id,
        journalaar=row.journalaar,
        journalsekvensnummer=row.journalsekvensnummer,
        saksmappe_id=row.saksmappe_id,
        saksaar=row.saksaar,
        sakssekvensnummer=row.sakssekvensnummer,
        journalpostnummer=row.journalpostnummer,
        journalposttype=row.journalposttype,
        journalstatus=row.journalstatus,
        journaldato=row.journaldato,
        tittel=row.tittel,
        saksmappe_tittel=row.saksmappe_tittel,
        administrativ_enhet=row.administrativ_enhet,
        parties=parties,
        tittel_spans=read_spans(row.tittel_spans),
        saksmappe_spans=read_spans(row.saksmappe_spans),
        dokumentets_dato=row.dokumentets_dato,
        klasse_id=row.klasse_id,
        skjermet=row.saksmappe_skjermet,
        offentlighetsvurdert_dato=row.offentlighetsvurdert_dato,
        avskrivningsmaate=answer.avskrivningsmaate if answer else None,
        avskrivningsdato=answer.avskrivningsdato if answer else None,
        avskrevet_av=answer.number if answer else None,
        avskrevet_av_id=answer.outgoing if answer else None,
    )
