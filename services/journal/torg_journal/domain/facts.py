"""What is known of a message, whatever order it was told in.

A fact is one saying about one aggregate in one version; `folding` makes messages of the facts of a conversation.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

RECEIVED = "message.received"
EDITED = "message.edited"
DELETED = "message.deleted"
SNAPSHOT = "snapshot.taken"
CLASSIFIED = "message.classified"
TRIAGED = "message.triaged"
URGENT = "urgent.raised"
ACKNOWLEDGED = "urgent.acknowledged"
PUBLISHED = "reply.published"
CAPTURED = "reply.captured"
MISMATCH = "reply.mismatch"
CLAIM_TAKEN = "claim.taken"
CLAIM_RELEASED = "claim.released"
CLOSED = "message.closed"
REOPENED = "message.reopened"
CASE_WANTED = "saksmappe.wanted"  # a person opens a case by hand, or raises a decision not to journal
NOTAT_WANTED = "arkivnotat.wanted"


@dataclass(frozen=True, slots=True)
class By:
    """Who did it: the envelope's actor."""

    kind: str
    id: str
    role: str | None = None


@dataclass(frozen=True, slots=True)
class Fact:
    """`at` is when it was said (the event's time), `seen_at` when it came here."""

    kind: str
    subject: UUID
    version: int
    conversation_id: UUID
    message_id: UUID | None
    event_id: UUID
    at: datetime
    seen_at: datetime
    by: By
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Wording:
    """A message as it read in one version, with the evidence for it."""

    version: int
    text: str | None
    author_handle: str | None
    author_name: str | None
    snapshot_id: UUID
    sha256: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Received:
    """The first sight of a message. `at` is the received time of the law (architecture section 5)."""

    channel_id: UUID
    platform: str
    kind: str
    external_id: str
    permalink: str | None
    parent_id: UUID | None
    backfill: bool
    at: datetime
    note: str | None


@dataclass(frozen=True, slots=True)
class Medium:
    sha256: str
    mime: str


@dataclass(frozen=True, slots=True)
class Decision:
    """A handling, proposed (`triage_version` 0) or decided. The three truths are those of L-01."""

    triage_version: int
    message_version: int
    handling: str
    secondary: tuple[str, ...]
    flags: frozenset[str]
    reply_duty: str
    reply_private: bool
    record_class: str
    topic: str | None
    unit: str
    lang: str
    ground: str | None
    at: datetime
    by: By
    data: Mapping[str, Any] = field(repr=False)

    @property
    def decided(self) -> bool:
        return self.triage_version > 0

    def has(self, handling: str) -> bool:
        """True when `handling` is the primary one or beside it."""
        return handling == self.handling or handling in self.secondary

    @property
    def legal_requests(self) -> frozenset[str]:
        """The kinds of statutory request (requirements section 2.3)."""
        return frozenset(one.partition(":")[2] for one in self.flags if one.startswith("legal_request:"))


@dataclass(frozen=True, slots=True)
class Published:
    """A text of ours on the platform. `captured`: typed in the platform's own app, not approved beforehand (B-21)."""

    text: str
    permalink: str | None
    at: datetime
    captured: bool
    by: str
    binding_sha256: str | None


@dataclass(frozen=True, slots=True)
class Reply:
    """`state` is the latest event's name without its aggregate: `approved`, `sending`, `mismatch`."""

    reply_id: UUID
    kind: str
    visibility: str
    version: int
    state: str
    at: datetime
    published: Published | None = None
    found_text: str | None = None  # what stands on the platform when it differs from what was approved

    @property
    def counts_as(self) -> str:
        """A captured reply counts as full until its review says otherwise (INV-2)."""
        return "full" if self.published and self.published.captured else self.kind


@dataclass(frozen=True, slots=True)
class Turn:
    """A closing or reopening of a message by somebody."""

    closed: bool
    at: datetime
    by: By
    reason: str
    version: int
    legal_outcome: str | None = None  # refused, handed_over


@dataclass(frozen=True, slots=True)
class Wanted:
    """That a person wants a message registered, or kept as an Arkivnotat, in the version seen then."""

    at: datetime
    message_version: int


@dataclass(frozen=True, slots=True)
class Urgency:
    category: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    at: datetime
    handed_over: bool


@dataclass(frozen=True, slots=True)
class Message:
    """Everything known of one message. `triages` are those without a hole before them; `waiting` says what lacks."""

    message_id: UUID
    conversation_id: UUID
    received: Received | None
    wordings: Mapping[int, Wording]
    deleted_at: datetime | None
    proposals: tuple[Decision, ...]
    triages: tuple[Decision, ...]
    urgencies: tuple[Urgency, ...]
    acknowledgements: tuple[Acknowledgement, ...]
    replies: tuple[Reply, ...]
    media: Mapping[UUID, tuple[Medium, ...]]
    turns: tuple[Turn, ...]
    case_wanted: tuple[Wanted, ...]
    notat_wanted: tuple[Wanted, ...]
    claim_holder: str | None
    claim_until: datetime | None
    waiting: tuple[tuple[datetime, str], ...]

    @property
    def decision(self) -> Decision | None:
        """The handling in force: what a person decided stands over every proposal (2.6 g)."""
        if self.triages:
            return self.triages[-1]
        return self.proposals[-1] if self.proposals else None

    @property
    def latest(self) -> Wording | None:
        return self.wordings[max(self.wordings)] if self.wordings else None

    @property
    def author_key(self) -> str:
        """Who wrote it, as far as one can know: two unknown authors are never taken for one."""
        first = self.wordings[min(self.wordings)] if self.wordings else None
        if first and first.author_handle:
            return f"handle:{first.author_handle}"
        if first and first.author_name:
            return f"name:{first.author_name}"
        return f"message:{self.message_id}"
