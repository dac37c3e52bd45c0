"""Screening by the archivist, preview, and publication in the public journal (L-11, L-12, B-30, INV-17)."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from uuid import UUID

from torg_shared.auth import Principal
from torg_shared.errors import Conflict, Invalid, NotFound
from torg_shared.events.envelope import Event
from torg_shared.events.journal import JournalpostPublished, JournalpostScreened
from torg_shared.versions import Expected
from torg_shared.web import Page
from torg_shared.work import Work

from torg_journal.domain.public_journal import (
    PublicEntry,
    StoredEntry,
    Unfit,
    internet_form,
    is_public,
    plain,
    unfit_for_internet,
)
from torg_journal.domain.screening import Kind, Span, View, checked, render
from torg_journal.settings import Municipality
from torg_journal.store import public_journal as store
from torg_journal.store import screening as entries
from torg_journal.store import settling
from torg_journal.store.public_journal import JournalQuery
from torg_journal.store.screening import EntryRow

_VOID = "U"
_SEARCH_BATCH = 500
_MOST_LOOKED_AT = 20_000  # entries that one search reads before it gives what it has


@dataclass(frozen=True, slots=True)
class Screening:
    """What the archivist decided on one entry. `saksmappe_tittel` None leaves the case's title as it is.

    `assessed` False only keeps the spans: the entry is (again) under Midlertidig skjerming and can be previewed.
    `dokument` is the pre-classification of the document, H whole or D in part: no decision on the entry.
    """

    tittel: Sequence[Span]
    parties: Mapping[int, Sequence[Span]]
    saksmappe_tittel: Sequence[Span] | None = None
    dokument: str | None = None
    dokument_hjemmel: str | None = None
    assessed: bool = True


@dataclass(frozen=True, slots=True)
class Screened:
    """An entry after its screening: `unfit` names why it stays off the internet."""

    row: EntryRow
    entry: StoredEntry
    shown: PublicEntry
    unfit: tuple[Unfit, ...]


async def preview(work: Work, municipality: Municipality, principal: Principal, journalpost_id: UUID) -> Screened:
    """The internet rendering as it would be today. Raises `NotFound`, also for what is not the caller's."""
    row = await _row(work, journalpost_id, principal)
    [entry] = await store.entries(work.db, [journalpost_id])
    today = municipality.calendar.day_of(work.now)
    work.audit("journalpost.previewed", journalpost_id)
    return Screened(row, entry, internet_form(entry, today), unfit_for_internet(entry, municipality.never_online))


async def screen(
    work: Work, municipality: Municipality, journalpost_id: UUID, expected: Expected, decided: Screening
) -> Screened:
    """Set spans and hjemmel; with `assessed` the entry is offentlighetsvurdert, and published where nothing forbids.

    Raises `NotFound`, `VersionConflict`, `Conflict` for an entry that is Utgår, `Invalid` for spans or a hjemmel
    that cannot be, and for an entry of a shielded saksmappe that is given no hjemmel.
    """
    row = await _row(work, journalpost_id, lock=True)
    expected.check(journalpost_id, row.version, changed_by=row.changed_by, changed_at=row.changed_at)
    if row.journalstatus == _VOID:
        raise Conflict("JOURNALPOST_VOID", journalpost_id)
    [entry] = await store.entries(work.db, [journalpost_id])
    today = municipality.calendar.day_of(work.now)
    entry = _with_spans(entry, decided, today if decided.assessed else None)
    codes = _hjemler(municipality, entry, decided, today)
    if entry.skjermet and decided.assessed and not codes:
        raise Invalid("SHIELDED_NEEDS_HJEMMEL", journalpost_id)
    ready = is_public(entry)
    unfit = unfit_for_internet(entry, municipality.never_online)
    published = work.now if ready and not unfit else None
    await entries.save(work.db, entry, codes, decided.dokument, decided.dokument_hjemmel, work.actor.id, work.now)
    await entries.publish(work.db, [(journalpost_id, published, _kinds(unfit) if decided.assessed else None)])
    if decided.saksmappe_tittel is not None:
        shown = render(entry.saksmappe_tittel, entry.saksmappe_spans, View.PUBLIC)
        await entries.save_case(work.db, entry.saksmappe_id, entry.saksmappe_spans, shown, work.actor.id, work.now)
    row = replace(row, version=row.version + 1, published_at=published, hjemler=codes)
    events: list[Event] = []
    if decided.assessed:
        events.append(JournalpostScreened(**row.facts()))
    if published and entry.offentlighetsvurdert_dato:
        events.append(JournalpostPublished(**row.facts()))
    work.publish(*events)
    work.audit(
        "journalpost.screened" if decided.assessed else "journalpost.spans_kept",
        journalpost_id,
        hjemler=list(codes),
        spans=len(entry.tittel_spans) + sum(len(one.spans) for one in entry.parties),
        withheld=_kinds(unfit),
        published=published is not None,
    )
    return Screened(row, entry, internet_form(entry, today), unfit)


async def publish_ready(work: Work, municipality: Municipality, limit: int) -> int:
    """Publish what has been assessed and has since become Journalført; gives the number looked at."""
    rows = await entries.ready_to_publish(work.db, limit)
    found = {one.journalpost_id: one for one in await store.entries(work.db, [row.id for row in rows])}
    decided = []
    for row in rows:
        unfit = unfit_for_internet(found[row.id], municipality.never_online)
        decided.append((row.id, None if unfit else work.now, _kinds(unfit)))
        if unfit:
            work.audit("journalpost.withheld", row.id, withheld=_kinds(unfit))
        else:
            work.publish(JournalpostPublished(**replace(row, version=row.version + 1).facts()))
            work.audit("journalpost.published", row.id)
    await entries.publish(work.db, decided, bump=True)
    return len(rows)


async def published(work: Work, municipality: Municipality, query: JournalQuery, page: Page) -> Sequence[PublicEntry]:
    """One page of the public journal as the internet shows it today, with one entry more when there is more.

    A search reads the full texts and keeps an entry only when what is shown holds the text: an exempt word, or a name
    older than a year, is not found.
    """
    today = municipality.calendar.day_of(work.now)
    position = [int(one) for one in page.position] if page.position else None
    kept: list[PublicEntry] = []
    batch, looked_at = (_SEARCH_BATCH if query.text else page.limit + 1), 0
    while len(kept) <= page.limit and looked_at < _MOST_LOOKED_AT:
        stored = await store.published(work.db, query, position, batch)
        shown = [internet_form(one, today) for one in stored]
        kept += [one for one in shown if query.text is None or _holds(one, query.text)]
        if len(stored) < batch:
            break
        looked_at += batch
        position = [stored[-1].journalaar, stored[-1].journalsekvensnummer]
    return kept[: page.limit + 1]


def _holds(one: PublicEntry, text: str) -> bool:
    fields = [plain(one.tittel), plain(one.saksmappe_tittel), *(plain(party.name) for party in one.parties)]
    return any(text.casefold() in field.casefold() for field in fields)


async def _row(work: Work, journalpost_id: UUID, principal: Principal | None = None, *, lock: bool = False) -> EntryRow:
    row = await entries.row(work.db, journalpost_id, principal)
    if row is None:
        raise NotFound("JOURNALPOST_UNKNOWN", journalpost_id)
    if lock:  # the conversation first: settling holds it while it writes entries and their case
        await settling.lock(work.db, [row.conversation_id])
        row = await entries.row(work.db, journalpost_id, lock=True) or row
    return row


def _with_spans(entry: StoredEntry, decided: Screening, assessed_on: date | None) -> StoredEntry:
    unknown = set(decided.parties) - set(range(1, len(entry.parties) + 1))
    if unknown:
        raise Invalid("PARTY_UNKNOWN", entry.journalpost_id, number=min(unknown))
    parties = tuple(
        replace(one, spans=checked(one.name, decided.parties[number], f"part {number}"))
        if number in decided.parties
        else one
        for number, one in enumerate(entry.parties, 1)
    )
    case_spans = entry.saksmappe_spans
    if decided.saksmappe_tittel is not None:
        case_spans = checked(entry.saksmappe_tittel, decided.saksmappe_tittel, "saksmappe_tittel")
    return replace(
        entry,
        tittel_spans=checked(entry.tittel, decided.tittel, "tittel"),
        saksmappe_spans=case_spans,
        parties=parties,
        offentlighetsvurdert_dato=assessed_on,
    )


def _hjemler(municipality: Municipality, entry: StoredEntry, decided: Screening, today: date) -> tuple[str, ...]:
    spans = [*entry.tittel_spans, *entry.saksmappe_spans, *(one for party in entry.parties for one in party.spans)]
    codes = {one.hjemmel for one in spans if one.kind is Kind.SKJERMET and one.hjemmel}
    if (decided.dokument is None) != (decided.dokument_hjemmel is None):
        raise Invalid("SPAN_HJEMMEL", entry.journalpost_id, field="dokument", kind="skjermet", start=0)
    for code in codes | ({decided.dokument_hjemmel} if decided.dokument_hjemmel else set()):
        if municipality.skjermingshjemmel(code, today) is None:
            raise Invalid("HJEMMEL_UNKNOWN", entry.journalpost_id, hjemmel=code[:60])
    return tuple(sorted(codes))


def _kinds(unfit: Collection[Unfit]) -> str | None:
    return ",".join(sorted({f"{one.field}:{one.kind}" for one in unfit})) or None
