"""The screening of one journalpost, and whether it is published."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection
from torg_shared.auth import Principal
from torg_shared.web import Page

from torg_journal import tables as t
from torg_journal.domain.public_journal import PUBLISHABLE, StoredEntry
from torg_journal.domain.screening import Span

from .public_journal import written_spans
from .worklist import about_visible

RESTRICTION = "Unntatt offentlighet"  # M500


@dataclass(frozen=True, slots=True)
class EntryRow:
    """What an event about a journalpost tells, and its version."""

    id: UUID
    saksmappe_id: UUID
    conversation_id: UUID
    message_id: UUID | None
    version: int
    saksnummer: str
    journalpostnummer: int
    journalaar: int
    journalsekvensnummer: int
    journalposttype: str
    journalstatus: str
    document_sha256: str | None
    mottatt_dato: datetime | None
    dokumentets_dato: date | None
    entry_hash: bytes
    published_at: datetime | None
    withheld: str | None
    offentlighetsvurdert_dato: date | None
    hjemler: tuple[str, ...]
    changed_at: datetime
    changed_by: str

    def facts(self) -> dict[str, Any]:
        """The fields of the journal's events."""
        skjerming = {"code": RESTRICTION, "hjemmel": ", ".join(self.hjemler)} if self.hjemler else None
        return {
            "journalpost_id": self.id,
            "saksmappe_id": self.saksmappe_id,
            "conversation_id": self.conversation_id,
            "message_id": self.message_id,
            "version": self.version,
            "saksnummer": self.saksnummer,
            "journalpostnummer": self.journalpostnummer,
            "journalaar": self.journalaar,
            "journalsekvensnummer": self.journalsekvensnummer,
            "journalposttype": self.journalposttype,
            "journalstatus": self.journalstatus,
            "document_sha256": self.document_sha256,
            "skjerming": skjerming,
            "mottatt_dato": self.mottatt_dato,
            "dokumentets_dato": self.dokumentets_dato,
            "entry_hash": self.entry_hash.hex(),
        }


def _select() -> sa.Select[Any]:
    j, s = t.journalposter.c, t.saksmapper.c
    return sa.select(
        j.id,
        j.saksmappe_id,
        j.conversation_id,
        j.message_id,
        j.version,
        sa.func.concat(s.saksaar, "/", s.sakssekvensnummer).label("saksnummer"),
        j.journalpostnummer,
        j.journalaar,
        j.journalsekvensnummer,
        j.journalposttype,
        j.journalstatus,
        j.registrerte_dokumenter,
        j.mottatt_dato,
        j.dokumentets_dato,
        j.entry_hash,
        j.published_at,
        j.withheld,
        j.offentlighetsvurdert_dato,
        j.skjermingshjemmel,
        j.changed_at,
        j.changed_by,
    ).join(t.saksmapper, s.id == j.saksmappe_id)


def _read(row: Any) -> EntryRow:
    found = dict(row._mapping)
    documents = found.pop("registrerte_dokumenter")
    hjemler = found.pop("skjermingshjemmel")
    found["entry_hash"] = bytes(found["entry_hash"])
    return EntryRow(
        document_sha256=documents[0] if documents else None,
        hjemler=tuple(hjemler.split(", ")) if hjemler else (),
        **found,
    )


def _seen_by(principal: Principal | None) -> Sequence[sa.ColumnElement[bool]]:
    return about_visible(t.saksmapper.c.message_id, principal) if principal else ()


async def row(
    db: AsyncConnection, journalpost_id: UUID, principal: Principal | None = None, *, lock: bool = False
) -> EntryRow | None:
    """None for what is not there, and for what `principal`, when one asks, may not see."""
    query = _select().where(t.journalposter.c.id == journalpost_id, *_seen_by(principal))
    found = (await db.execute(query.with_for_update(of=t.journalposter) if lock else query)).one_or_none()
    return _read(found) if found else None


async def ready_to_publish(db: AsyncConnection, limit: int) -> Sequence[EntryRow]:
    """Entries that a person has assessed, that may be published and are not, and that nothing withholds; locked."""
    j = t.journalposter.c
    rows = await db.execute(
        _select()
        .where(
            j.published_at.is_(None),
            j.withheld.is_(None),
            j.offentlighetsvurdert_dato.is_not(None),
            j.journalstatus.in_(sorted(PUBLISHABLE)),
        )
        .order_by(j.journalaar, j.journalsekvensnummer)
        .limit(limit)
        .with_for_update(of=t.journalposter, skip_locked=True)
    )
    return [_read(one) for one in rows]


async def to_assess(db: AsyncConnection, page: Page, principal: Principal, *, withheld: bool) -> Sequence[EntryRow]:
    """Entries under Midlertidig skjerming, or withheld from the internet, the oldest number first."""
    j = t.journalposter.c
    state = j.withheld.is_not(None) if withheld else j.offentlighetsvurdert_dato.is_(None)
    query = _select().where(state, j.journalstatus != "U", *_seen_by(principal))
    if page.position:
        place = sa.tuple_(j.journalaar, j.journalsekvensnummer)
        query = query.where(place > sa.tuple_(*(int(one) for one in page.position)))
    rows = await db.execute(query.order_by(j.journalaar, j.journalsekvensnummer).limit(page.limit + 1))
    return [_read(one) for one in rows]


async def save(
    db: AsyncConnection,
    entry: StoredEntry,
    hjemler: Sequence[str],
    dokument: str | None,
    dokument_hjemmel: str | None,
    by: str,
    at: datetime,
) -> None:
    """Write spans, hjemmel and assessment of one entry."""
    j = t.journalposter
    await db.execute(
        sa.update(j)
        .where(j.c.id == entry.journalpost_id)
        .values(
            tittel_spans=written_spans(entry.tittel_spans),
            tilgangsrestriksjon=RESTRICTION if hjemler else None,
            skjermingshjemmel=", ".join(hjemler) or None,
            skjerming_dokument=dokument,
            skjermingshjemmel_dokument=dokument_hjemmel,
            offentlighetsvurdert_dato=entry.offentlighetsvurdert_dato,
            offentlighetsvurdert_av=by if entry.offentlighetsvurdert_dato else None,
            changed_at=at,
            changed_by=by,
            version=j.c.version + 1,
        )
    )
    rows = [{"n": number, "spans": written_spans(one.spans)} for number, one in enumerate(entry.parties, 1)]
    await db.execute(
        sa.text(
            """
            UPDATE korrespondanseparter AS k SET navn_spans = n.spans
            FROM (SELECT id, row_number() OVER (ORDER BY ordinal) AS n FROM korrespondanseparter
                  WHERE journalpost_id = :journalpost_id) AS o
            JOIN jsonb_to_recordset(CAST(:rows AS jsonb)) AS n(n int, spans jsonb) ON n.n = o.n
            WHERE k.id = o.id
            """
        ),
        {"journalpost_id": entry.journalpost_id, "rows": orjson.dumps(rows).decode()},
    )


async def save_case(
    db: AsyncConnection, saksmappe_id: UUID, spans: Sequence[Span], offentlig_tittel: str, by: str, at: datetime
) -> None:
    """Write the spans of the case's title, and the title that they leave."""
    s = t.saksmapper
    await db.execute(
        sa.update(s)
        .where(s.c.id == saksmappe_id)
        .values(
            tittel_spans=written_spans(spans),
            offentlig_tittel=offentlig_tittel,
            changed_at=at,
            changed_by=by,
            version=s.c.version + 1,
        )
    )


_PUBLISH = sa.text(
    """
    UPDATE journalposter AS j SET published_at = n.at, withheld = n.withheld, version = j.version + :bump
    FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS n(id uuid, at timestamptz, withheld text)
    WHERE j.id = n.id
    """
)


async def publish(
    db: AsyncConnection, decided: Sequence[tuple[UUID, datetime | None, str | None]], *, bump: bool = False
) -> None:
    """Write when each entry was published, or what withholds it."""
    if decided:
        rows = [{"id": one, "at": at, "withheld": withheld} for one, at, withheld in decided]
        await db.execute(_PUBLISH, {"rows": orjson.dumps(rows, default=str).decode(), "bump": int(bump)})
