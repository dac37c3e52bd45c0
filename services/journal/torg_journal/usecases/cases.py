"""Saksmapper by hand: opening, correcting, closing, reopening, voiding (L-24; Noark 5 3.2.2 to 3.2.11)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID, uuid4

from torg_shared.auth import Principal, Role
from torg_shared.errors import Conflict, Invalid, NotFound
from torg_shared.versions import Expected
from torg_shared.work import Work

from torg_journal.domain import cases as rules
from torg_journal.domain.cases import SA_CLOSED, Avskrivning, Case, is_restanse
from torg_journal.domain.effects import Conversation
from torg_journal.domain.house import House
from torg_journal.store import reading

from . import messages, settling

# these end with the saksmappe that they ask an answer in; the others must be met first
_END_WITH_THE_CASE = frozenset({"T-FIRST", "T-HOLD", "T-PRELIM", "T-FULL"})


@dataclass(frozen=True, slots=True)
class Change:
    """What an archivist or case handler corrects; None leaves it."""

    tittel: str | None = None
    klasse_id: str | None = None
    klasse_tittel: str | None = None
    saksansvarlig: str | None = None
    administrativ_enhet: str | None = None


async def open_by_hand(work: Work, house: House, principal: Principal, message_ids: Sequence[UUID]) -> Case:
    """A saksmappe for the messages, each registered as inngående; those that have one keep it.

    Raises `NotFound`, `Invalid` for messages of several conversations or authors (one case per enquiry), `Conflict`
    when a message's saksmappe is closed.
    """
    found = [await messages.known(work, principal, one) for one in dict.fromkeys(message_ids)]
    if len({(one.conversation.id, one.message.author_key) for one in found}) != 1:
        raise Invalid("MESSAGES_OF_SEVERAL_ENQUIRIES")
    for one in found:
        settled = await messages.want_case(work, house, one)
    case_id = next(row.saksmappe_id for _, row in settled.effects[found[0].conversation.id].rows if row.saksmappe_id)
    conversation = await settling.act(work, found[0].conversation.id)
    case = next(one for one in conversation.cases if one.id == case_id)
    work.audit("saksmappe.opened", case.id, saksnummer=case.saksnummer)
    return case


async def change(
    work: Work, house: House, principal: Principal, saksmappe_id: UUID, expected: Expected, wanted: Change
) -> Case:
    """Correct an open saksmappe. Raises `NotFound`, `VersionConflict`, `Conflict` for a closed one (Noark 3.2.2)."""
    conversation, case = await _known(work, principal, saksmappe_id, expected)
    if not case.is_open:
        raise Conflict("SAKSMAPPE_CLOSED", saksmappe_id)
    if wanted.administrativ_enhet is not None and wanted.administrativ_enhet not in house.unit_names:
        raise Invalid("UNIT_UNKNOWN", saksmappe_id, unit=wanted.administrativ_enhet[:60])
    given = {name: getattr(wanted, name) for name in Change.__slots__ if getattr(wanted, name) is not None}
    changed = replace(case, **given)
    if wanted.tittel is not None and wanted.tittel != case.tittel:
        changed = replace(changed, tittel_spans=(), offentlig_tittel=wanted.tittel)
    work.audit("saksmappe.changed", saksmappe_id, fields=sorted(given))
    return await _save(work, house, conversation, _moved(work, changed, case.version))


async def close(work: Work, house: House, principal: Principal, saksmappe_id: UUID, expected: Expected) -> Case:
    """Close the case when L-24 is met. An archivist who closes with open entries avskriver them `SA` with it (3.4.5).

    Raises `NotFound`, `VersionConflict`, `Conflict` with the codes of what is missing.
    """
    conversation, case = await _known(work, principal, saksmappe_id, expected)
    if not case.is_open:
        raise Conflict("SAKSMAPPE_CLOSED", saksmappe_id)
    archivist = principal.role is Role.ARK
    done = {one.incoming for one in conversation.avskrivninger}
    entries = [one for one in conversation.entries if one.saksmappe_id == case.id]
    rest = [one for one in entries if is_restanse(one.journalposttype, one.journalstatus, avskrevet=one.id in done)]
    written_off = [] if not archivist else [_written_off(work, house, one.id) for one in rest]
    of_case = {one.message_id for one in entries}
    missing = rules.obstacles(
        case,
        entries,
        done | {one.incoming for one in written_off},
        open_consultations=sum(one.is_open for one in conversation.consultations if one.saksmappe_id == case.id),
        open_deadlines=[
            one.deadline.code
            for one in conversation.deadlines
            if one.message_id in of_case
            and not one.deadline.state.ended
            and not (archivist and rest and one.deadline.code in _END_WITH_THE_CASE)
        ],
        unapproved_formats=conversation.formats.get(case.id, ()),
    )
    if missing:
        raise Conflict("SAKSMAPPE_NOT_READY", saksmappe_id, obstacles=missing)
    closed = rules.closed(case, work.actor.id, work.now, None)
    work.audit("saksmappe.closed", saksmappe_id, written_off=len(written_off))
    return await _save(work, house, conversation, closed, written_off)


def _written_off(work: Work, house: House, entry_id: UUID) -> Avskrivning:
    today = house.calendar.day_of(work.now)
    return Avskrivning(uuid4(), entry_id, None, SA_CLOSED, today, work.actor.id)


async def reopen(
    work: Work, house: House, principal: Principal, saksmappe_id: UUID, expected: Expected, reason: str
) -> Case:
    """Open a closed case again, with reason (Noark 3.2.11). Raises `Conflict` when another of the author is open."""
    conversation, case = await _known(work, principal, saksmappe_id, expected)
    if case.saksstatus != rules.CLOSED:
        raise Conflict("SAKSMAPPE_NOT_CLOSED", saksmappe_id)
    if any(one.is_open and one.author_key == case.author_key for one in conversation.cases):
        raise Conflict("OTHER_SAKSMAPPE_OPEN", saksmappe_id)
    work.audit("saksmappe.reopened", saksmappe_id)
    return await _save(work, house, conversation, rules.reopened(case, work.actor.id, work.now, reason))


async def void(
    work: Work, house: House, principal: Principal, saksmappe_id: UUID, expected: Expected, reason: str
) -> Case:
    """Utgår: only when no live journalpost is left in it. The number is never used again (INV-6)."""
    conversation, case = await _known(work, principal, saksmappe_id, expected)
    if not case.is_open:
        raise Conflict("SAKSMAPPE_CLOSED", saksmappe_id)
    if any(one.live for one in conversation.entries if one.saksmappe_id == case.id):
        raise Conflict("LIVE_JOURNALPOST", saksmappe_id)
    gone = replace(case, saksstatus=rules.VOID, stage="void", close_when_ready=None, reason=reason)
    work.audit("saksmappe.voided", saksmappe_id)
    return await _save(work, house, conversation, _moved(work, gone, case.version))


def _moved(work: Work, case: Case, version: int) -> Case:
    return replace(case, version=version + 1, changed_at=work.now, changed_by=work.actor.id)


async def _known(work: Work, principal: Principal, saksmappe_id: UUID, expected: Expected) -> tuple[Conversation, Case]:
    seen = await reading.case(work.db, principal, saksmappe_id)
    if seen is None:
        raise NotFound("SAKSMAPPE_UNKNOWN", saksmappe_id)
    conversation = await settling.act(work, seen.conversation_id)
    case = next(one for one in conversation.cases if one.id == saksmappe_id)
    expected.check(saksmappe_id, case.version, changed_by=case.changed_by, changed_at=case.changed_at)
    return conversation, case


async def _save(
    work: Work, house: House, conversation: Conversation, case: Case, written_off: Sequence[Avskrivning] = ()
) -> Case:
    settled = await settling.settle_all(
        work,
        house,
        {conversation.id: conversation},
        by=work.actor.id,
        cases=[case],
        avskrivninger={conversation.id: written_off},
    )
    return settled.cases[case.id]
