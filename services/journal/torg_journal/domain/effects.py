"""What settling reads of a conversation, and what it may decide."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from .cases import Avskrivning, Case, Consultation, Document, Draft, Entry, Remark
from .clocks import Running
from .deadlines import Deadline
from .facts import Decision, Fact, Message
from .working import Row


@dataclass(frozen=True, slots=True)
class Conversation:
    """Everything stored about one conversation. `attached` are the hashes of documents, by registrering."""

    id: UUID
    facts: Sequence[Fact]
    channel_keys: Mapping[UUID, str] = field(default_factory=dict)
    cases: Sequence[Case] = ()
    entries: Sequence[Entry] = ()
    avskrivninger: Sequence[Avskrivning] = ()
    consultations: Sequence[Consultation] = ()
    deadlines: Sequence[Running] = ()
    rows: Mapping[UUID, Row] = field(default_factory=dict)
    noted: Mapping[UUID, tuple[UUID, int]] = field(default_factory=dict)  # Arkivnotat and its version, by message
    decided: frozenset[tuple[UUID, int]] = frozenset()
    remarked: frozenset[tuple[UUID, str]] = frozenset()
    attached: Mapping[UUID, Sequence[tuple[int, int, str]]] = field(default_factory=dict)
    formats: Mapping[UUID, Sequence[str]] = field(default_factory=dict)  # not approved, by saksmappe
    waiting_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class NewDecision:
    """A record decision, `none` included (B-19)."""

    id: UUID
    message: Message
    decision: Decision
    record_class: str


@dataclass(frozen=True, slots=True)
class Notat:
    """An Arkivnotat to be recorded (G-31), with its documents."""

    id: UUID
    message: Message
    message_version: int
    reply_id: UUID | None
    tittel: str
    klasse: tuple[str, str]
    avsender: str
    snapshot_id: UUID
    documents: tuple[Document, ...]


@dataclass(frozen=True, slots=True)
class Attached:
    """A document that joins a registered journalpost later: media, another text on the platform."""

    registrering_id: UUID
    document: Document


@dataclass(frozen=True, slots=True)
class Clock:
    """A deadline that is new (`before` None) or moved."""

    running: Running
    before: Deadline | None


@dataclass(slots=True)
class Effects:
    """What is due. Cases in `new_cases` have no number yet; `changed_cases` hold the state before and after."""

    conversation_id: UUID
    new_cases: list[Case] = field(default_factory=list)
    changed_cases: list[tuple[Case, Case]] = field(default_factory=list)
    drafts: list[Draft] = field(default_factory=list)
    avskrivninger: list[Avskrivning] = field(default_factory=list)
    consultations: list[tuple[Consultation | None, Consultation]] = field(default_factory=list)
    decisions: list[NewDecision] = field(default_factory=list)
    notater: list[Notat] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)
    attached: list[Attached] = field(default_factory=list)
    rows: list[tuple[Row | None, Row]] = field(default_factory=list)
    clocks: list[Clock] = field(default_factory=list)
    waiting: tuple[datetime, str] | None = None
    waiting_before: datetime | None = None


def by_registrering(rows: Iterable[tuple[UUID, int, int, str]]) -> Mapping[UUID, Sequence[tuple[int, int, str]]]:
    """Documents of a conversation as `Conversation.attached` wants them."""
    found: dict[UUID, list[tuple[int, int, str]]] = defaultdict(list)
    for registrering_id, number, version, sha in rows:
        found[registrering_id].append((number, version, sha))
    return found
