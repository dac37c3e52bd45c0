"""Proving that the journal is whole, publishing its head each day, and figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from torg_shared import audit
from torg_shared.errors import Conflict, Invalid, NotFound
from torg_shared.events.journal import JournalHeadPublished
from torg_shared.ids import uuid7
from torg_shared.work import Work

from torg_journal.domain.calendar import WorkingCalendar
from torg_journal.domain.chain import GENESIS, Finding, Head, Proof, Verifier
from torg_journal.domain.chain import prove as proof_of
from torg_journal.store import figures
from torg_journal.store import oversight as store
from torg_journal.store.oversight import StoredHead

_DEFAULT_DAYS = 30
_FIRST_YEAR = 2000
_MOST_DAYS = 366  # anybody may ask


@dataclass(frozen=True, slots=True)
class Report:
    """What a check found. `missing` counts missing numbers per year."""

    entries: int
    heads: int
    findings: tuple[Finding, ...]
    missing: Mapping[int, int]
    audit_rows: int
    audit_fault: str | None

    @property
    def whole(self) -> bool:
        return not self.findings and not any(self.missing.values()) and self.audit_fault is None


async def verify(work: Work, year: int | None = None, witnesses: Sequence[Head] = ()) -> Report:
    """Recompute the whole chain against texts, documents, references and the published heads (P3, B-28).

    `witnesses` are heads kept outside the database: they bear witness also against one who can change it all.
    """
    heads = await store.all_heads(work.db, year)  # before the entries: one made meanwhile is no fault
    check = Verifier([*heads, *(one for one in witnesses if year is None or one.year == year)])
    findings: list[Finding] = []
    entries = 0
    async for link in store.links(work.db, year):
        findings += check.take(link)
        entries += 1
    findings += check.end()
    findings += [
        Finding("REFERENCE", row.journalaar, row.journalsekvensnummer, str(row.incoming))
        for row in await store.lost_references(work.db)
        if year is None or row.journalaar == year
    ]
    missing = {one: n for one, n in (await store.gaps(work.db)).items() if year is None or one == year}
    audit_rows, audit_fault = await audit.verify(work.db)
    work.audit("journal.verified", "journal", year=year, entries=entries, findings=len(findings))
    return Report(entries, len(heads), tuple(findings), missing, audit_rows, audit_fault)


async def prove(work: Work, journalpost_id: UUID) -> Proof:
    """The path from an entry to the first head published after it.

    Raises `NotFound`; `Conflict` while no head covers the entry yet.
    """
    place = await store.sequence_of(work.db, journalpost_id)
    if place is None:
        raise NotFound("JOURNALPOST_UNKNOWN", journalpost_id)
    year, sequence = place
    head = await store.first_head_from(work.db, year, sequence)
    if head is None:
        raise Conflict("HEAD_NOT_PUBLISHED", journalpost_id)
    before, entries = GENESIS, []
    async for link in store.links(work.db, year, first=max(1, sequence - 1), last=head.up_to_sequence):
        if link.entry.journalsekvensnummer < sequence:
            before = link.entry_hash
        else:
            entries.append(link.entry)
    work.audit("journalpost.proved", journalpost_id, head=head.up_to_sequence)
    return proof_of(entries[0], before, entries[1:], head.head_hash)


def proof_as_data(proof: Proof) -> dict[str, Any]:
    """The proof as JSON, with how to walk it."""
    return {
        "holds": proof.holds(),
        "entry": proof.entry.decode(),
        "before": proof.before.hex(),
        "following": [one.hex() for one in proof.following],
        "head": proof.head.hex(),
        "how": "d = SHA-256(entry); h = SHA-256(d || before); for each f in following: h = SHA-256(f || h); h = head",
    }


async def publish_heads(work: Work, calendar: WorkingCalendar) -> Sequence[StoredHead]:
    """Publish the head of each year that has moved, at most once a day; the event is what others keep."""
    day = calendar.day_of(work.now)
    published = []
    for head in await store.unpublished_heads(work.db, day):
        stored = StoredHead(uuid7(), head, day, work.now)
        if not await store.add_head(work.db, stored):
            continue
        work.publish(
            JournalHeadPublished(
                head_id=stored.id,
                year=head.year,
                up_to_sequence=head.up_to_sequence,
                head_hash=head.head_hash.hex(),
            )
        )
        work.audit("journal.head_published", stored.id, year=head.year, up_to_sequence=head.up_to_sequence)
        published.append(stored)
    return published


async def missing_numbers(work: Work) -> Mapping[int, int]:
    """Missing numbers per year: all zero in a whole journal (B-29)."""
    return await store.gaps(work.db)


async def statistics(work: Work, calendar: WorkingCalendar, first: date | None, last: date | None) -> Mapping[str, Any]:
    """Figures over the messages received from `first` to `last`, both included (G-03). Raises `Invalid`."""
    today = calendar.day_of(work.now)
    last = min(last or today, today)
    first = first or date.fromordinal(max(1, last.toordinal() - _DEFAULT_DAYS))
    if first.year < _FIRST_YEAR or not timedelta() <= last - first <= timedelta(days=_MOST_DAYS):
        raise Invalid("INTERVAL_INVALID", days=_MOST_DAYS)
    begin, end = (datetime.combine(day, time(), calendar.zone) for day in (first, last + timedelta(days=1)))
    found = await figures.figures(work.db, begin, end)
    return {"first_day": first.isoformat(), "last_day": last.isoformat(), **found}
