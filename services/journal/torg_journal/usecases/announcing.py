"""From effects to events: ids and codes only, never a name or a text (INV-25)."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from torg_shared.events.envelope import Event
from torg_shared.events.journal import (
    ArkivnotatRecorded,
    ConsultationAnswered,
    ConsultationDeclined,
    ConsultationRequested,
    ConsultationWithdrawn,
    DeadlineCancelled,
    DeadlineSatisfied,
    DeadlineStarted,
    JournalpostAvskrevet,
    JournalpostDispatched,
    JournalpostRegistered,
    MessageAnswered,
    MessageClosed,
    MessageReopened,
    RecordDecided,
    SaksmappeAnswered,
    SaksmappeClosed,
    SaksmappeOpened,
    SaksmappeReopened,
    SaksmappeVoided,
)
from torg_shared.work import Work

from torg_journal.domain.cases import CLOSED, VOID, Case, Consultation
from torg_journal.domain.deadlines import State
from torg_journal.domain.effects import Clock, Conversation, Effects
from torg_journal.domain.numbers import Numbered
from torg_journal.domain.working import FOLLOW_UP, Row


def announce(
    work: Work,
    effects: Collection[Effects],
    cases: Mapping[UUID, Case],
    entries: Sequence[Numbered],
    conversations: Mapping[UUID, Conversation],
    causes: Mapping[UUID, Event],
) -> None:
    """Publish what happened in each conversation, cases first, then entries, then the rest."""
    by_conversation: dict[UUID, list[Numbered]] = {}
    for entry in entries:
        by_conversation.setdefault(entry.draft.conversation_id, []).append(entry)
    for effect in effects:
        events = [
            *_cases(effect, cases),
            *_consultations(effect),
            *(registered(one, cases) for one in by_conversation.get(effect.conversation_id, ())),
            *_records(effect),
            *_messages(effect, conversations[effect.conversation_id]),
            *(event for clock in effect.clocks for event in _clock(effect.conversation_id, clock)),
        ]
        if events:
            work.publish(*events, cause=causes.get(effect.conversation_id))


def case_facts(case: Case) -> dict[str, Any]:
    """The fields that every event about a saksmappe has."""
    return {
        "saksmappe_id": case.id,
        "conversation_id": case.conversation_id,
        "version": case.version,
        "saksnummer": case.saksnummer,
        "offentlig_tittel": case.offentlig_tittel,
        "message_id": case.message_id,
        "saksansvarlig": case.saksansvarlig,
        "administrativ_enhet": case.administrativ_enhet,
        "saksstatus": case.saksstatus,
        "reason": case.reason,
    }


def _cases(effect: Effects, cases: Mapping[UUID, Case]) -> Iterable[Event]:
    for one in effect.new_cases:
        case = cases[one.id]
        yield SaksmappeOpened(**case_facts(case))
        if case.stage == "answered":
            yield SaksmappeAnswered(**case_facts(case))
    for before, after in effect.changed_cases:
        case = cases[after.id]
        if before.saksstatus == CLOSED and case.is_open:
            yield SaksmappeReopened(**case_facts(case))
        if before.stage != "answered" and case.stage == "answered":
            yield SaksmappeAnswered(**case_facts(case))
        if before.is_open and case.saksstatus == CLOSED:
            yield SaksmappeClosed(**case_facts(case))
        if before.saksstatus != VOID and case.saksstatus == VOID:
            yield SaksmappeVoided(**case_facts(case))


def registered(one: Numbered, cases: Mapping[UUID, Case]) -> Event:
    """The event of a new journalpost."""
    draft = one.draft
    facts: dict[str, Any] = {
        "journalpost_id": draft.id,
        "saksmappe_id": draft.saksmappe_id,
        "conversation_id": draft.conversation_id,
        "message_id": draft.message_id,
        "version": 1,
        "saksnummer": cases[draft.saksmappe_id].saksnummer,
        "journalpostnummer": one.journalpostnummer,
        "journalaar": one.journalaar,
        "journalsekvensnummer": one.journalsekvensnummer,
        "journalposttype": draft.journalposttype,
        "journalstatus": draft.journalstatus,
        "document_sha256": draft.documents[0].sha256 if draft.documents else None,
        "mottatt_dato": draft.mottatt_dato,
        "dokumentets_dato": draft.dokumentets_dato,
        "entry_hash": one.entry_hash.hex(),
    }
    return JournalpostDispatched(**facts) if draft.journalposttype == "U" else JournalpostRegistered(**facts)


def _consultations(effect: Effects) -> Iterable[Event]:
    for before, after in effect.consultations:
        facts = _asked(after)
        if before is None:
            yield ConsultationRequested(**facts, requested_at=after.asked_at)
        if (before and before.state == after.state) or after.ended_at is None:
            continue
        if after.state == "answered":
            yield ConsultationAnswered(**facts, answered_at=after.ended_at)
        elif after.state == "declined":
            yield ConsultationDeclined(**facts, answered_at=after.ended_at)
        elif after.state == "withdrawn":
            yield ConsultationWithdrawn(**facts, withdrawn_at=after.ended_at)


def _asked(one: Consultation) -> dict[str, Any]:
    return {
        "consultation_id": one.id,
        "conversation_id": one.conversation_id,
        "message_id": one.message_id,
        "message_version": one.message_version,
        "saksmappe_id": one.saksmappe_id,
        "version": one.version,
        "unit": one.unit,
        "due_at": one.due_at,
    }


def _records(effect: Effects) -> Iterable[Event]:
    for written_off in effect.avskrivninger:
        yield JournalpostAvskrevet(
            conversation_id=effect.conversation_id,
            incoming=written_off.incoming,
            outgoing=written_off.outgoing,
            avskrivningsmaate=written_off.avskrivningsmaate,
            avskrivningsdato=written_off.avskrivningsdato,
        )
    for notat in effect.notater:
        yield ArkivnotatRecorded(
            arkivnotat_id=notat.id,
            conversation_id=effect.conversation_id,
            message_id=notat.message.message_id,
            klasse=notat.klasse[0],
            retention_class="archive",
            snapshot_id=notat.snapshot_id,
        )
    for one in effect.decisions:
        data = one.decision.data
        by_rule = data["by"] == "rule"
        yield RecordDecided(
            record_decision_id=one.id,
            message_id=one.message.message_id,
            conversation_id=effect.conversation_id,
            message_version=one.decision.message_version,
            record_class=one.record_class,
            section=data["section"],
            by=str(data.get("rule_id") or "rule") if by_rule else one.decision.by.id,
        )


def _messages(effect: Effects, conversation: Conversation) -> Iterable[Event]:
    for before, after in effect.rows:
        facts: dict[str, Any] = {
            "message_id": after.id,
            "conversation_id": after.conversation_id,
            "message_version": max(after.message_version, 1),
            "version": after.version,
        }
        if after.answered_by_reply and (before is None or before.answered_at is None):
            yield MessageAnswered(**facts, reply_id=after.answered_by_reply)
        was_closed = before is not None and before.status == "closed"
        if after.status == "closed" and not was_closed:
            yield MessageClosed(
                **facts, record_class=after.record_class or "none", close_reason=after.close_reason or ""
            )
        elif was_closed and after.status != "closed":
            yield MessageReopened(**facts, reason=_why_reopened(after, conversation))


def _why_reopened(row: Row, conversation: Conversation) -> str:
    said = [one for one in conversation.facts if one.kind == "message.reopened" and one.message_id == row.id]
    last = max(said, key=lambda one: one.version, default=None)
    return str(last.data["reason"]) if last else FOLLOW_UP


def _clock(conversation_id: UUID, clock: Clock) -> Iterable[Event]:
    one = clock.running.deadline
    facts: dict[str, Any] = {
        "deadline_id": clock.running.id,
        "conversation_id": conversation_id,
        "message_id": clock.running.message_id,
        "saksmappe_id": clock.running.saksmappe_id,
        "version": clock.running.version,
        "code": one.code,
        "due_at": one.due_at,
        "statutory": one.statutory,
        "basis_code": one.basis,
    }
    if clock.before is None or (clock.before.state.ended and not one.state.ended):
        yield DeadlineStarted(**facts, inputs=dict(one.inputs))
    if clock.before is not None and (clock.before.state, clock.before.ended_at) == (one.state, one.ended_at):
        return
    if one.state in (State.SATISFIED, State.SATISFIED_LATE) and one.ended_at is not None:
        yield DeadlineSatisfied(**facts, satisfied_at=one.ended_at, late=one.state is State.SATISFIED_LATE)
    elif one.state is State.CANCELLED:
        yield DeadlineCancelled(**facts, reason=one.reason or "cancelled")
