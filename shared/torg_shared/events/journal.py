"""Contracts of the journal: cases, entries, consultations, deadlines and the end of a message. Ids and codes only."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from .classifier import RecordClass
from .envelope import Event

SAKSMAPPER = "torg.saksmapper"
JOURNAL = "torg.journal"
DEADLINES = "torg.deadlines"


class _Case(Event):
    saksmappe_id: UUID
    conversation_id: UUID
    version: int
    saksnummer: str
    offentlig_tittel: str
    message_id: UUID
    saksansvarlig: str
    administrativ_enhet: str
    saksstatus: str
    reason: str | None = None


class SaksmappeOpened(
    _Case, type="saksmappe.opened.v1", topic=SAKSMAPPER, subject="saksmappe_id", key="conversation_id"
):
    pass


class SaksmappeAnswered(
    _Case, type="saksmappe.answered.v1", topic=SAKSMAPPER, subject="saksmappe_id", key="conversation_id"
):
    pass


class SaksmappeClosed(
    _Case, type="saksmappe.closed.v1", topic=SAKSMAPPER, subject="saksmappe_id", key="conversation_id"
):
    pass


class SaksmappeReopened(
    _Case, type="saksmappe.reopened.v1", topic=SAKSMAPPER, subject="saksmappe_id", key="conversation_id"
):
    pass


class SaksmappeVoided(
    _Case, type="saksmappe.voided.v1", topic=SAKSMAPPER, subject="saksmappe_id", key="conversation_id"
):
    pass


class _MessageLife(Event):
    message_id: UUID
    conversation_id: UUID
    message_version: int
    version: int


class MessageAnswered(
    _MessageLife, type="message.answered.v1", topic=SAKSMAPPER, subject="message_id", key="conversation_id"
):
    """An answering reply was published, or an external one captured, and covers the duty."""

    reply_id: UUID


class MessageClosed(
    _MessageLife, type="message.closed.v1", topic=SAKSMAPPER, subject="message_id", key="conversation_id"
):
    record_class: RecordClass
    close_reason: str


class MessageReopened(
    _MessageLife, type="message.reopened.v1", topic=SAKSMAPPER, subject="message_id", key="conversation_id"
):
    reason: str


class _Consultation(Event):
    consultation_id: UUID
    conversation_id: UUID
    message_id: UUID
    message_version: int
    saksmappe_id: UUID
    version: int
    unit: str | None = None
    source_ref: str | None = None
    due_at: datetime | None = None


class ConsultationRequested(
    _Consultation,
    type="consultation.requested.v1",
    topic=SAKSMAPPER,
    subject="consultation_id",
    key="conversation_id",
):
    """Somebody outside the front line is asked (3.2.2). The classifier then records `open_case` (D-6)."""

    requested_at: datetime


class ConsultationAnswered(
    _Consultation,
    type="consultation.answered.v1",
    topic=SAKSMAPPER,
    subject="consultation_id",
    key="conversation_id",
):
    answered_at: datetime


class ConsultationDeclined(
    _Consultation,
    type="consultation.declined.v1",
    topic=SAKSMAPPER,
    subject="consultation_id",
    key="conversation_id",
):
    answered_at: datetime


class ConsultationWithdrawn(
    _Consultation,
    type="consultation.withdrawn.v1",
    topic=SAKSMAPPER,
    subject="consultation_id",
    key="conversation_id",
):
    withdrawn_at: datetime


class Skjerming(BaseModel):
    model_config = ConfigDict(frozen=True)

    code: str
    hjemmel: str


class _Entry(Event):
    journalpost_id: UUID
    saksmappe_id: UUID
    conversation_id: UUID
    message_id: UUID | None = None
    version: int
    saksnummer: str
    journalpostnummer: int
    journalaar: int
    journalsekvensnummer: int
    journalposttype: Literal["I", "U", "N", "X"]
    journalstatus: str
    document_sha256: str | None = None
    skjerming: Skjerming | None = None
    mottatt_dato: datetime | None = None
    dokumentets_dato: date | None = None
    entry_hash: str


class JournalpostRegistered(
    _Entry, type="journalpost.registered.v1", topic=JOURNAL, subject="journalpost_id", key="conversation_id"
):
    pass


class JournalpostDispatched(
    _Entry, type="journalpost.dispatched.v1", topic=JOURNAL, subject="journalpost_id", key="conversation_id"
):
    pass


class JournalpostJournaled(
    _Entry, type="journalpost.journaled.v1", topic=JOURNAL, subject="journalpost_id", key="conversation_id"
):
    pass


class JournalpostArchived(
    _Entry, type="journalpost.archived.v1", topic=JOURNAL, subject="journalpost_id", key="conversation_id"
):
    pass


class JournalpostScreened(
    _Entry, type="journalpost.screened.v1", topic=JOURNAL, subject="journalpost_id", key="conversation_id"
):
    pass


class JournalpostPublished(
    _Entry, type="journalpost.published.v1", topic=JOURNAL, subject="journalpost_id", key="conversation_id"
):
    """The entry stands in the public journal on the internet."""


class JournalpostVoided(
    _Entry, type="journalpost.voided.v1", topic=JOURNAL, subject="journalpost_id", key="conversation_id"
):
    pass


class JournalpostAvskrevet(
    Event, type="journalpost.avskrevet.v1", topic=JOURNAL, subject="incoming", key="conversation_id"
):
    conversation_id: UUID
    incoming: UUID
    outgoing: UUID | None = None
    avskrivningsmaate: str
    avskrivningsdato: date


class ArkivnotatRecorded(
    Event, type="arkivnotat.recorded.v1", topic=JOURNAL, subject="arkivnotat_id", key="conversation_id"
):
    arkivnotat_id: UUID
    conversation_id: UUID
    message_id: UUID
    klasse: str
    retention_class: str
    snapshot_id: UUID


class RecordDecided(Event, type="record.decided.v1", topic=JOURNAL, subject="message_id", key="conversation_id"):
    """The record decision of a message; a decision *not* to journal is one as well (B-19)."""

    record_decision_id: UUID
    message_id: UUID
    conversation_id: UUID
    message_version: int
    record_class: RecordClass
    section: str
    by: str
    reason_code: str | None = None


class _Deadline(Event):
    deadline_id: UUID
    conversation_id: UUID
    message_id: UUID
    saksmappe_id: UUID | None = None
    version: int
    code: str
    due_at: datetime
    statutory: bool
    basis_code: str | None = None


class DeadlineStarted(
    _Deadline, type="deadline.started.v1", topic=DEADLINES, subject="deadline_id", key="conversation_id"
):
    inputs: dict[str, str]


class DeadlineDueSoon(
    _Deadline, type="deadline.due_soon.v1", topic=DEADLINES, subject="deadline_id", key="conversation_id"
):
    used_percent: int


class DeadlineOverdue(
    _Deadline, type="deadline.overdue.v1", topic=DEADLINES, subject="deadline_id", key="conversation_id"
):
    pass


class DeadlinePaused(
    _Deadline, type="deadline.paused.v1", topic=DEADLINES, subject="deadline_id", key="conversation_id"
):
    reason: str


class DeadlineResumed(
    _Deadline, type="deadline.resumed.v1", topic=DEADLINES, subject="deadline_id", key="conversation_id"
):
    pass


class DeadlineSatisfied(
    _Deadline, type="deadline.satisfied.v1", topic=DEADLINES, subject="deadline_id", key="conversation_id"
):
    satisfied_at: datetime
    late: bool


class DeadlineCancelled(
    _Deadline, type="deadline.cancelled.v1", topic=DEADLINES, subject="deadline_id", key="conversation_id"
):
    reason: str


class RecordReviewed(Event, type="record.reviewed.v1", topic=JOURNAL, subject="message_id", key="conversation_id"):
    """The archivist has looked at a record decision: agrees, or raises it to be journaled (B-19)."""

    record_decision_id: UUID
    message_id: UUID
    conversation_id: UUID
    record_class: RecordClass
    outcome: Literal["agree", "raise"]


class JournalHeadPublished(Event, type="journal.head_published.v1", topic=JOURNAL, subject="head_id", key="head_id"):
    """The head of the journal's hash chain, once a day: what stands up to it can no longer be changed unseen (B-28)."""

    head_id: UUID
    year: int
    up_to_sequence: int
    head_hash: str
