"""Asking a unit or another source, and what comes of it (3.2.2, G-24, G-26, G-28, D-6)."""

from dataclasses import dataclass, replace
from uuid import UUID, uuid4

from torg_shared.auth import Principal, Role
from torg_shared.errors import Conflict, Forbidden, Invalid, NotFound
from torg_shared.versions import Expected
from torg_shared.work import Work

from torg_journal.domain.cases import Consultation
from torg_journal.domain.effects import Conversation
from torg_journal.domain.house import House
from torg_journal.domain.timers import due
from torg_journal.store import reading

from . import messages, settling


@dataclass(frozen=True, slots=True)
class Question:
    """Asked of `unit` (a code of units.yaml) or of `source`, a name outside; `forwarded`: another authority (L-09)."""

    message_id: UUID
    question: str
    unit: str | None = None
    source: str | None = None
    forwarded: bool = False


async def ask(work: Work, house: House, principal: Principal, asked: Question) -> Consultation:
    """The first consultation opens the saksmappe at once, with the original received time (D-6).

    Raises `NotFound`, `Invalid` for an unknown unit or none at all, `Conflict` for a closed message or saksmappe.
    """
    found = await messages.known(work, principal, asked.message_id)
    if (asked.unit is None) == (asked.source is None):
        raise Invalid("ONE_MUST_BE_ASKED", asked.message_id)
    if asked.unit is not None and asked.unit not in house.unit_names:
        raise Invalid("UNIT_UNKNOWN", asked.message_id, unit=asked.unit[:60])
    if found.row.status in ("closed", "purged"):
        raise Conflict("MESSAGE_CLOSED", asked.message_id, status=found.row.status)
    case = next((one for one in found.conversation.cases if one.id == found.row.saksmappe_id), None)
    if case is not None and not case.is_open:
        raise Conflict("SAKSMAPPE_CLOSED", case.id)
    _, calendar = house.calendar_of(found.row.channel_key)
    consultation = Consultation(
        id=uuid4(),
        conversation_id=found.conversation.id,
        message_id=asked.message_id,
        message_version=found.row.message_version,
        saksmappe_id=case.id if case else None,
        kind="forwarded" if asked.forwarded else "unit" if asked.unit else "external",
        unit=asked.unit,
        source=asked.source,
        question=asked.question,
        asked_by=work.actor.id,
        asked_at=work.now,
        due_at=due(house.rules["T-CONSULT", ""], calendar, work.now),
        state="asked",
        answer=None,
        source_ref=None,
        answered_by=None,
        answerer_name=None,
        answerer_title=None,
        answerer_unit=None,
        ended_at=None,
        reason=None,
        changed_at=work.now,
        changed_by=work.actor.id,
        version=1,
    )
    work.audit("consultation.requested", consultation.id, message_id=str(asked.message_id), unit=asked.unit)
    return await _settled(work, house, found.conversation, consultation)


async def answer(
    work: Work,
    house: House,
    principal: Principal,
    consultation_id: UUID,
    expected: Expected,
    *,
    text: str,
    source_ref: str | None,
    answerer_name: str | None,
) -> Consultation:
    """The asked unit answers in its own name; what an outside source said is noted by the front line.

    Raises `NotFound` for another unit's, `Forbidden` for a front line that answers for a unit, `Conflict` for one
    that has ended, `Invalid` without the answerer's name (section 5: an answer has name, unit and time).
    """
    conversation, known = await _open(work, principal, consultation_id, expected)
    _may_answer(principal, known)
    name = principal.name if known.unit else answerer_name
    if not name:
        raise Invalid("ANSWERER_REQUIRED", consultation_id)
    ended = replace(
        known,
        state="answered",
        answer=text,
        source_ref=source_ref,
        answered_by=work.actor.id,
        answerer_name=name,
        answerer_title=principal.title if known.unit else None,
        answerer_unit=principal.unit if known.unit else None,
    )
    return await _end(work, house, conversation, ended)


async def decline(
    work: Work, house: House, principal: Principal, consultation_id: UUID, expected: Expected, reason: str
) -> Consultation:
    """The one asked cannot or will not answer, and says why."""
    conversation, known = await _open(work, principal, consultation_id, expected)
    _may_answer(principal, known)
    ended = replace(known, state="declined", reason=reason, answered_by=work.actor.id)
    return await _end(work, house, conversation, ended)


async def withdraw(
    work: Work, house: House, principal: Principal, consultation_id: UUID, expected: Expected, reason: str
) -> Consultation:
    """The front line needs the answer no longer."""
    conversation, known = await _open(work, principal, consultation_id, expected)
    return await _end(work, house, conversation, replace(known, state="withdrawn", reason=reason))


def _may_answer(principal: Principal, known: Consultation) -> None:
    if known.unit is not None and principal.role not in (Role.FAG, Role.POL):
        raise Forbidden("ANSWER_FOR_ANOTHER_UNIT", known.id)


async def _open(
    work: Work, principal: Principal, consultation_id: UUID, expected: Expected
) -> tuple[Conversation, Consultation]:
    seen = await reading.consultation(work.db, principal, consultation_id)
    if seen is None:
        raise NotFound("CONSULTATION_UNKNOWN", consultation_id)
    conversation = await settling.act(work, seen.conversation_id)
    known = next(one for one in conversation.consultations if one.id == consultation_id)
    expected.check(consultation_id, known.version, changed_by=known.changed_by, changed_at=known.changed_at)
    if not known.is_open:
        raise Conflict("CONSULTATION_STATE", consultation_id, state=known.state)
    return conversation, known


async def _end(work: Work, house: House, conversation: Conversation, ended: Consultation) -> Consultation:
    ended = replace(ended, ended_at=work.now, changed_at=work.now, changed_by=work.actor.id, version=ended.version + 1)
    work.audit(f"consultation.{ended.state}", ended.id)
    return await _settled(work, house, conversation, ended)


async def _settled(work: Work, house: House, conversation: Conversation, one: Consultation) -> Consultation:
    settled = await settling.settle_all(
        work, house, {conversation.id: conversation}, by=work.actor.id, consultations=[one]
    )
    stored = settled.effects[conversation.id].consultations
    return next(after for _, after in stored if after.id == one.id)
