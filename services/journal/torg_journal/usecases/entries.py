"""Journalposter by hand: registering, quality check, archiving, voiding, avskrivning (L-13; Noark 5, 3.2.17 on)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from torg_shared.auth import Principal
from torg_shared.errors import Conflict, Invalid, NotFound
from torg_shared.events.envelope import Event
from torg_shared.events.journal import JournalpostArchived, JournalpostJournaled, JournalpostVoided
from torg_shared.versions import Expected
from torg_shared.work import Work

from torg_journal.domain import cases as rules
from torg_journal.domain import registration
from torg_journal.domain.cases import Avskrivning, Case, Draft, Entry, Party
from torg_journal.domain.effects import Conversation
from torg_journal.domain.house import House
from torg_journal.store import entries as store
from torg_journal.store import reading

from . import settling

_WITH_REFERENCE = frozenset({"BU", "BE", "BN"})  # answered by another document: say which (Noark 3.4.7)
_OLDEST = datetime(1900, 1, 1, tzinfo=UTC)
_CLOCKS_DIFFER = timedelta(minutes=5)
_BY_HAND = rules.CODES - {rules.SA_CLOSED}  # SA comes with the closing of a case alone (3.4.5)


@dataclass(frozen=True, slots=True)
class Registration:
    """A journalpost that a person registers, with its text as the document."""

    journalposttype: str
    tittel: str
    text: str
    parties: tuple[Party, ...]
    mottatt_dato: datetime | None = None
    sendt_dato: datetime | None = None
    avskriver: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class Known:
    conversation: Conversation
    case: Case
    entry: Entry


async def known(work: Work, principal: Principal, journalpost_id: UUID, expected: Expected) -> Known:
    """The entry with its conversation locked. Raises `NotFound`, `VersionConflict`."""
    seen = await reading.entry(work.db, principal, journalpost_id)
    if seen is None:
        raise NotFound("JOURNALPOST_UNKNOWN", journalpost_id)
    conversation = await settling.act(work, seen.conversation_id)
    entry = next(one for one in conversation.entries if one.id == journalpost_id)
    expected.check(journalpost_id, entry.version, changed_by=entry.changed_by, changed_at=entry.changed_at)
    case = next(one for one in conversation.cases if one.id == entry.saksmappe_id)
    return Known(conversation, case, entry)


async def register(work: Work, house: House, principal: Principal, saksmappe_id: UUID, wanted: Registration) -> UUID:
    """A new entry in an open saksmappe; number and chain in this transaction. Gives its id.

    Raises `NotFound`, `Conflict` for a closed case (Noark 3.2.4), `Invalid` for an I without received time, a U
    without sent time, a time to come, or an avskrivning of what is no open I or N of this conversation.
    """
    seen = await reading.case(work.db, principal, saksmappe_id)
    if seen is None:
        raise NotFound("SAKSMAPPE_UNKNOWN", saksmappe_id)
    conversation = await settling.act(work, seen.conversation_id)
    case = next(one for one in conversation.cases if one.id == saksmappe_id)
    if not case.is_open:
        raise Conflict("SAKSMAPPE_CLOSED", saksmappe_id)
    if wanted.journalposttype == "I" and wanted.mottatt_dato is None:
        raise Invalid("MOTTATT_DATO_REQUIRED", saksmappe_id)
    if wanted.journalposttype == "U" and wanted.sendt_dato is None:
        raise Invalid("SENDT_DATO_REQUIRED", saksmappe_id)
    for at in (wanted.mottatt_dato, wanted.sendt_dato):
        if at is not None and not _OLDEST <= at <= work.now + _CLOCKS_DIFFER:
            raise Invalid("DATE_INVALID", saksmappe_id)
    draft = _draft(work, house, case, wanted)
    maate = house.answered_in_social_media if wanted.journalposttype == "U" else rules.BY_NOTE
    written_off = [_written_off(work, house, one, draft.id, maate, None) for one in wanted.avskriver]
    for one in wanted.avskriver:
        _must_be_open(conversation, one)
    work.audit("journalpost.registered", draft.id, journalposttype=wanted.journalposttype)
    await settling.settle_all(
        work,
        house,
        {conversation.id: conversation},
        by=work.actor.id,
        drafts=[draft],
        avskrivninger={conversation.id: written_off},
    )
    return draft.id


def _draft(work: Work, house: House, case: Case, wanted: Registration) -> Draft:
    entry_id = uuid4()
    at = wanted.mottatt_dato or wanted.sendt_dato or work.now
    kind = "NOTAT" if wanted.journalposttype in ("N", "X") else "KORR"
    return Draft(
        id=entry_id,
        saksmappe_id=case.id,
        conversation_id=case.conversation_id,
        journalposttype=wanted.journalposttype,
        journalstatus=rules.DISPATCHED if wanted.journalposttype == "U" else rules.REGISTERED,
        tittel=wanted.tittel,
        parties=wanted.parties,
        documents=(registration.text_of(wanted.text.encode(), wanted.tittel, f"{entry_id}.txt", kind=kind),),
        administrativ_enhet=case.administrativ_enhet,
        saksbehandler=case.saksansvarlig,
        opprettet_av=work.actor.id,
        dokumentets_dato=house.calendar.day_of(at),
        mottatt_dato=wanted.mottatt_dato,
        sendt_dato=wanted.sendt_dato,
        refers_to=wanted.avskriver,
    )


async def journalfoer(work: Work, house: House, principal: Principal, journalpost_id: UUID, expected: Expected) -> None:
    """The archivist's quality check: registered or Ekspedert becomes Journalført, and numbers and dates freeze.

    Raises `Conflict` while a document's bytes are neither here nor marked missing (architecture section 4).
    """
    found = await known(work, principal, journalpost_id, expected)
    if found.entry.journalstatus not in (rules.REGISTERED, rules.DISPATCHED):
        raise Conflict("JOURNALPOST_STATE", journalpost_id, journalstatus=found.entry.journalstatus)
    if not await reading.documents_here(work.db, journalpost_id):
        raise Conflict("DOCUMENTS_PENDING", journalpost_id)
    values = {"journalstatus": rules.JOURNALED, "journalfoert_dato": work.now, "journalfoert_av": work.actor.id}
    await _move(work, house, found, values, JournalpostJournaled)


async def archive(work: Work, house: House, principal: Principal, journalpost_id: UUID, expected: Expected) -> None:
    """Journalført becomes Arkivert: no more documents (Noark 3.2.17), parties and dates frozen (3.2.23)."""
    found = await known(work, principal, journalpost_id, expected)
    if found.entry.journalstatus != rules.JOURNALED:
        raise Conflict("JOURNALPOST_STATE", journalpost_id, journalstatus=found.entry.journalstatus)
    values = {"journalstatus": rules.ARCHIVED, "arkivert_dato": work.now, "arkivert_av": work.actor.id}
    await _move(work, house, found, values, JournalpostArchived)


async def void(
    work: Work, house: House, principal: Principal, journalpost_id: UUID, expected: Expected, reason: str
) -> None:
    """Utgår: an error is never deleted; the number stays and is never used again (Noark 3.2.19, INV-6)."""
    found = await known(work, principal, journalpost_id, expected)
    if not found.entry.live:
        raise Conflict("JOURNALPOST_STATE", journalpost_id, journalstatus=found.entry.journalstatus)
    values = {"journalstatus": rules.CANCELLED, "utgaar_grunn": reason, "published_at": None}
    await _move(work, house, found, values, JournalpostVoided)


async def _move(work: Work, house: House, found: Known, values: Mapping[str, Any], told: type[Event]) -> None:
    entry = found.entry
    await store.change(work.db, entry.id, {**values, "changed_at": work.now, "changed_by": work.actor.id})
    work.publish(told(**_facts(found, str(values["journalstatus"]))))
    work.audit(told.TYPE.rpartition(".")[0], entry.id, before=entry.journalstatus, after=values["journalstatus"])
    # what only waited for this (a redirected case that closes itself) follows at once
    await settling.again(work, house, [found.conversation.id])


def _facts(found: Known, journalstatus: str) -> dict[str, Any]:
    entry, case = found.entry, found.case
    return {
        "journalpost_id": entry.id,
        "saksmappe_id": case.id,
        "conversation_id": entry.conversation_id,
        "message_id": entry.message_id,
        "version": entry.version + 1,
        "saksnummer": case.saksnummer,
        "journalpostnummer": entry.journalpostnummer,
        "journalaar": entry.journalaar,
        "journalsekvensnummer": entry.journalsekvensnummer,
        "journalposttype": entry.journalposttype,
        "journalstatus": journalstatus,
        "mottatt_dato": entry.mottatt_dato,
        "dokumentets_dato": entry.dokumentets_dato,
        "entry_hash": entry.entry_hash.hex(),
    }


async def change(
    work: Work,
    principal: Principal,
    journalpost_id: UUID,
    expected: Expected,
    *,
    tittel: str | None,
    forfallsdato: Any | None,
    missing_document: int | None,
) -> None:
    """Correct what is not frozen: the title (screened anew afterwards), forfallsdato, a document that will never come.

    Raises `Conflict` for an entry that is Arkivert or Utgår.
    """
    found = await known(work, principal, journalpost_id, expected)
    if found.entry.journalstatus in (rules.ARCHIVED, rules.CANCELLED):
        raise Conflict("JOURNALPOST_FROZEN", journalpost_id, journalstatus=found.entry.journalstatus)
    values: dict[str, Any] = {}
    if tittel is not None and tittel != found.entry.tittel:
        values |= {
            "tittel": tittel,
            "tittel_spans": [],
            "offentlighetsvurdert_dato": None,
            "offentlighetsvurdert_av": None,
            "published_at": None,
        }
    if forfallsdato is not None:
        values["forfallsdato"] = forfallsdato
    if missing_document is not None and not await store.mark_missing(work.db, journalpost_id, missing_document):
        raise Conflict("DOCUMENT_NOT_MISSING", journalpost_id, dokumentnummer=missing_document)
    await store.change(work.db, journalpost_id, {**values, "changed_at": work.now, "changed_by": work.actor.id})
    fields = sorted({*values, *(["missing_document"] if missing_document is not None else [])})
    work.audit("journalpost.changed", journalpost_id, fields=fields)


async def avskriv(
    work: Work,
    house: House,
    principal: Principal,
    journalpost_id: UUID,
    expected: Expected,
    *,
    maate: str,
    outgoing: UUID | None,
    reason: str | None,
) -> None:
    """That an I or N is done with, how, and by which answer (Noark 3.4.3 to 3.4.9).

    Raises `Invalid` for a code outside the catalogue, or one that needs the answering entry and has none; `Conflict`
    for an entry that needs no avskrivning or has this one.
    """
    found = await known(work, principal, journalpost_id, expected)
    if maate not in _BY_HAND:
        raise Invalid("AVSKRIVNINGSMAATE_INVALID", journalpost_id, avskrivningsmaate=maate[:10])
    if maate in _WITH_REFERENCE and outgoing is None:
        raise Invalid("REFERENCE_REQUIRED", journalpost_id, avskrivningsmaate=maate)
    if outgoing is not None:
        kind = await store.exists_live(work.db, outgoing)
        if kind is None or outgoing == journalpost_id or (kind == "I" or (maate in ("BU", "BE") and kind != "U")):
            raise Invalid("REFERENCE_INVALID", journalpost_id, outgoing=str(outgoing))
    _must_be_open(found.conversation, journalpost_id, pair=outgoing)
    written_off = _written_off(work, house, journalpost_id, outgoing, maate, reason)
    await store.change(work.db, journalpost_id, {"changed_at": work.now, "changed_by": work.actor.id})
    conversation = await settling.act(work, found.conversation.id)
    work.audit("journalpost.avskrevet", journalpost_id, avskrivningsmaate=maate)
    await settling.settle_all(
        work,
        house,
        {conversation.id: conversation},
        by=work.actor.id,
        avskrivninger={conversation.id: [written_off]},
    )


def _must_be_open(conversation: Conversation, entry_id: UUID, pair: UUID | None = None) -> None:
    entry = next((one for one in conversation.entries if one.id == entry_id), None)
    if entry is None:
        raise Invalid("REFERENCE_INVALID", entry_id)
    if entry.journalposttype not in ("I", "N") or not entry.live:
        raise Conflict("NO_RESTANSE", entry_id, journalposttype=entry.journalposttype)
    known_pairs = [one for one in conversation.avskrivninger if one.incoming == entry_id]
    if any(one.outgoing == pair for one in known_pairs) or (pair is None and known_pairs):
        raise Conflict("ALREADY_AVSKREVET", entry_id)


def _written_off(
    work: Work, house: House, incoming: UUID, outgoing: UUID | None, maate: str, reason: str | None
) -> Avskrivning:
    today = house.calendar.day_of(work.now)
    return Avskrivning(uuid4(), incoming, outgoing, maate, today, work.actor.id, reason)
