"""Saksmapper and what stands in them, as they are stored and as they are to be registered (Noark 5, chapter 3)."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from .screening import Span

OPEN = "B"
CLOSED = "A"
VOID = "U"
REGISTERED, JOURNALED, DISPATCHED, ARCHIVED, CANCELLED = "M", "J", "E", "A", "U"
SA_CLOSED = "SA"  # Saken ble avsluttet (Noark 3.4.5)
NOTED = "TE"  # Tatt til etterretning
BY_NOTE = "BN"  # Besvart med notat
CODES = frozenset({"BU", "BE", "TLF", "TE", "TO", "BN", "SA"})
PLAIN_TEXT, JSON_FORMAT = "x-fmt/111", "fmt/817"


@dataclass(frozen=True, slots=True)
class Case:
    """A Saksmappe. `close_when_ready`: the reason for which it closes as soon as L-24 lets it (G-45)."""

    id: UUID
    conversation_id: UUID
    author_key: str
    message_id: UUID
    saksaar: int
    sakssekvensnummer: int
    tittel: str
    tittel_spans: tuple[Span, ...]
    offentlig_tittel: str
    klasse_id: str | None
    klasse_tittel: str | None
    saksdato: date
    administrativ_enhet: str
    saksansvarlig: str
    saksstatus: str
    stage: str
    close_when_ready: str | None
    antall_journalposter: int
    skjermet: bool
    tilgangsrestriksjon: str | None
    skjermingshjemmel: str | None
    units: tuple[str, ...]
    opprettet_dato: datetime
    opprettet_av: str
    avsluttet_dato: datetime | None
    avsluttet_av: str | None
    reason: str | None
    changed_at: datetime
    changed_by: str
    version: int

    @property
    def saksnummer(self) -> str:
        return f"{self.saksaar}/{self.sakssekvensnummer}"

    @property
    def is_open(self) -> bool:
        return self.saksstatus == OPEN


@dataclass(frozen=True, slots=True)
class Party:
    """A Korrespondansepart. `is_person` tags the name as personnavn (L-11)."""

    korrespondanseparttype: str
    navn: str
    is_person: bool = False
    handle: str | None = None
    administrativ_enhet: str | None = None
    saksbehandler: str | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """A Dokument with its first object. `content` None: fetched later from ingest, by `snapshot_id` and hash."""

    dokumentnummer: int
    versjonsnummer: int
    tilknyttet_som: str
    tittel: str
    dokumenttype: str
    variantformat: str
    format: str
    mime: str
    filnavn: str
    sha256: str
    content: bytes | None = None
    snapshot_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """A journalpost to be registered: everything but its numbers."""

    id: UUID
    saksmappe_id: UUID
    conversation_id: UUID
    journalposttype: str
    journalstatus: str
    tittel: str
    parties: tuple[Party, ...]
    documents: tuple[Document, ...]
    administrativ_enhet: str
    saksbehandler: str
    opprettet_av: str
    message_id: UUID | None = None
    message_version: int | None = None
    reply_id: UUID | None = None
    consultation_id: UUID | None = None
    consultation_part: str | None = None
    dokumentets_dato: date | None = None
    mottatt_dato: datetime | None = None
    sendt_dato: datetime | None = None
    permalink: str | None = None
    visibility: str | None = None
    unapproved: bool = False
    binding_sha256: str | None = None
    refers_to: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class Entry:
    """A registered journalpost, as far as settling and the rules of chapter 3 ask."""

    id: UUID
    saksmappe_id: UUID
    conversation_id: UUID
    message_id: UUID | None
    message_version: int | None
    reply_id: UUID | None
    consultation_id: UUID | None
    consultation_part: str | None
    journalaar: int
    journalsekvensnummer: int
    journalpostnummer: int
    journalposttype: str
    journalstatus: str
    tittel: str
    mottatt_dato: datetime | None
    dokumentets_dato: date | None
    skjermingshjemmel: str | None
    tilgangsrestriksjon: str | None
    entry_hash: bytes
    changed_at: datetime
    changed_by: str
    version: int

    @property
    def live(self) -> bool:
        return self.journalstatus != CANCELLED


@dataclass(frozen=True, slots=True)
class Avskrivning:
    """That an I or N is done with: how, when, and by which answer (3.4.3, 3.4.7)."""

    id: UUID
    incoming: UUID
    outgoing: UUID | None
    avskrivningsmaate: str
    avskrivningsdato: date
    avskrevet_av: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Consultation:
    """A question to a unit, another source, or another authority (G-24). `unit` and `source` exclude each other."""

    id: UUID
    conversation_id: UUID
    message_id: UUID
    message_version: int
    saksmappe_id: UUID | None
    kind: str
    unit: str | None
    source: str | None
    question: str
    asked_by: str
    asked_at: datetime
    due_at: datetime | None
    state: str
    answer: str | None
    source_ref: str | None
    answered_by: str | None
    answerer_name: str | None
    answerer_title: str | None
    answerer_unit: str | None
    ended_at: datetime | None
    reason: str | None
    changed_at: datetime
    changed_by: str
    version: int

    @property
    def is_open(self) -> bool:
        return self.state == "asked"


@dataclass(frozen=True, slots=True)
class Remark:
    """A Merknad; one for each `grunnlag` of a registrering."""

    registrering_id: UUID
    grunnlag: str
    merknadstekst: str


def sha256(content: bytes) -> str:
    """Lower-case hex, as Noark's sjekksum wants it."""
    return hashlib.sha256(content).hexdigest()


def is_restanse(entry_type: str, status: str, *, avskrevet: bool) -> bool:
    """Open I and N (Noark 3.4.9: of the internal types only N needs avskrivning)."""
    return entry_type in ("I", "N") and status != CANCELLED and not avskrevet


def obstacles(
    case: Case,
    entries: Sequence[Entry],
    avskrevet: Iterable[UUID],
    *,
    open_consultations: int,
    open_deadlines: Iterable[str],
    unapproved_formats: Iterable[str],
) -> list[str]:
    """What keeps `case` from being closed, by code; nothing when L-24 is met (Noark 3.2.6 to 3.2.9)."""
    found = []
    done = set(avskrevet)
    if not case.klasse_id:
        found.append("KLASSE_MISSING")
    if any(one.journalstatus not in (ARCHIVED, CANCELLED) for one in entries):
        found.append("JOURNALPOST_NOT_ARCHIVED")
    if any(is_restanse(one.journalposttype, one.journalstatus, avskrevet=one.id in done) for one in entries):
        found.append("RESTANSE_OPEN")
    if open_consultations:
        found.append("CONSULTATION_OPEN")
    if list(open_deadlines):
        found.append("DEADLINE_OPEN")
    if list(unapproved_formats):
        found.append("FORMAT_NOT_APPROVED")
    return found


# Accepted for preservation (noark.md section 8, list of 1 March 2022)
APPROVED_FORMATS = frozenset(
    {
        *(f"fmt/{n}" for n in (95, 354, 476, 477, 478, 101, 817, 471, 289, 1355, 1281, 353, 199, 640, 134, 42, 43, 44)),
        *(f"fmt/{n}" for n in (11, 12, 13, 96, 97, 98, 99, 100)),
        "x-fmt/111",
        "x-fmt/16",
        "x-fmt/18",
        "x-fmt/263",
    }
)
PUID_OF_MIME = {
    "image/jpeg": "fmt/43",
    "image/png": "fmt/12",
    "image/tiff": "fmt/353",
    "video/mp4": "fmt/199",
    "audio/mpeg": "fmt/134",
    "application/pdf": "av/0",
    "application/json": JSON_FORMAT,
    "text/plain": PLAIN_TEXT,
}


def closed(case: Case, by: str, at: datetime, reason: str | None) -> Case:
    return replace(
        case,
        saksstatus=CLOSED,
        stage="closed",
        close_when_ready=None,
        avsluttet_dato=at,
        avsluttet_av=by,
        reason=reason,
        changed_at=at,
        changed_by=by,
        version=case.version + 1,
    )


def reopened(case: Case, by: str, at: datetime, reason: str) -> Case:
    return replace(
        case,
        saksstatus=OPEN,
        stage="opened",
        avsluttet_dato=None,
        avsluttet_av=None,
        reason=reason,
        changed_at=at,
        changed_by=by,
        version=case.version + 1,
    )
