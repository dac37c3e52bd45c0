"""What is known of a message, whatever order it was told in.

A fact is one saying about one aggregate in one version. `messages_of` folds the facts of a conversation into what
settling asks about; it never looks at the order in which they came.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
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
_REPLY = "reply."


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


def messages_of(facts: Iterable[Fact]) -> tuple[Message, ...]:
    """The messages that `facts` of one conversation speak of, oldest first (then by id)."""
    by_message: dict[UUID, list[Fact]] = defaultdict(list)
    for fact in facts:
        if fact.message_id is not None:
            by_message[fact.message_id].append(fact)
    found = [_message(message_id, told) for message_id, told in by_message.items()]
    return tuple(sorted(found, key=lambda one: (one.received is None, _received_at(one), one.message_id)))


def _received_at(one: Message) -> float:
    return one.received.at.timestamp() if one.received else 0.0


def _message(message_id: UUID, facts: Sequence[Fact]) -> Message:
    kinds: dict[str, list[Fact]] = defaultdict(list)
    for fact in sorted(facts, key=lambda one: (one.version, one.event_id)):
        kinds[fact.kind].append(fact)
    received = kinds[RECEIVED][-1] if kinds[RECEIVED] else None
    triages, held_back = _without_hole(kinds[TRIAGED])
    waiting = [(one.seen_at, f"{one.kind}: an earlier triage") for one in held_back]
    if received is None:
        waiting += [(min(one.seen_at for one in facts), "message.received")]
    wordings = {one.version: _wording(one) for one in (*kinds[RECEIVED], *kinds[EDITED])}
    waiting += [
        (one.at, f"version {one.message_version}")
        for one in triages
        if one.message_version not in wordings and received
    ]
    claims = sorted((*kinds[CLAIM_TAKEN], *kinds[CLAIM_RELEASED]), key=lambda one: (one.at, one.event_id))
    held = claims[-1] if claims and claims[-1].kind == CLAIM_TAKEN else None
    return Message(
        message_id=message_id,
        conversation_id=facts[0].conversation_id,
        received=_received(received) if received else None,
        wordings=wordings,
        deleted_at=_instant(kinds[DELETED][0].data, "deleted_at", "detected_at") if kinds[DELETED] else None,
        proposals=tuple(_decision(one, 0) for one in kinds[CLASSIFIED]),
        triages=triages,
        urgencies=tuple(Urgency(one.data["category"], one.at) for one in kinds[URGENT]),
        acknowledgements=tuple(
            Acknowledgement(one.at, bool(one.data.get("handed_over"))) for one in _in_time(kinds[ACKNOWLEDGED])
        ),
        replies=_replies([one for kind, told in kinds.items() if kind.startswith(_REPLY) for one in told]),
        media={
            one.subject: tuple(Medium(m["sha256"], m["mime"]) for m in one.data.get("media", ()))
            for one in kinds[SNAPSHOT]
        },
        turns=tuple(_turn(one) for one in _in_time([*kinds[CLOSED], *kinds[REOPENED]])),
        case_wanted=tuple(Wanted(one.at, one.data["message_version"]) for one in kinds[CASE_WANTED]),
        notat_wanted=tuple(Wanted(one.at, one.data["message_version"]) for one in kinds[NOTAT_WANTED]),
        claim_holder=held.data["holder"] if held else None,
        claim_until=_instant(held.data, "until") if held else None,
        waiting=tuple(waiting),
    )


def _in_time(facts: Iterable[Fact]) -> list[Fact]:
    return sorted(facts, key=lambda one: (one.at, one.version, one.event_id))


def _without_hole(facts: Sequence[Fact]) -> tuple[tuple[Decision, ...], list[Fact]]:
    """Triages count from 1; one whose forerunner has not come yet waits, so that history has one reading only."""
    found: list[Decision] = []
    for position, fact in enumerate(facts, 1):
        if fact.version != position:
            return tuple(found), list(facts[position - 1 :])
        found.append(_decision(fact, fact.version))
    return tuple(found), []


def _received(fact: Fact) -> Received:
    data = fact.data
    return Received(
        channel_id=UUID(data["channel_id"]),
        platform=data["platform"],
        kind=data["kind"],
        external_id=data["external_id"],
        permalink=data.get("permalink"),
        parent_id=UUID(data["parent_id"]) if data.get("parent_id") else None,
        backfill=bool(data.get("backfill")),
        at=_instant(data, "received_at"),
        note=data.get("received_note"),
    )


def _wording(fact: Fact) -> Wording:
    data = fact.data
    author = data.get("author") or {}
    return Wording(
        version=fact.version,
        text=data.get("text"),
        author_handle=author.get("handle"),
        author_name=author.get("display_name"),
        snapshot_id=UUID(data["snapshot_id"]),
        sha256=data["sha256"],
        at=_instant(data, "detected_at", "received_at"),
    )


def _decision(fact: Fact, triage_version: int) -> Decision:
    data = fact.data
    return Decision(
        triage_version=triage_version,
        message_version=data["message_version"],
        handling=data["handling"],
        secondary=tuple(data.get("secondary", ())),
        flags=frozenset(data.get("flags", ())),
        reply_duty=data["reply_duty"],
        reply_private=bool(data.get("reply_private")),
        record_class=data["record_class"],
        topic=data.get("topic"),
        unit=data["unit"],
        lang=data["lang"],
        ground=data.get("ground"),
        at=fact.at,
        by=fact.by,
        data=data,
    )


def _replies(facts: Iterable[Fact]) -> tuple[Reply, ...]:
    by_reply: dict[UUID, list[Fact]] = defaultdict(list)
    for fact in facts:
        by_reply[fact.subject].append(fact)
    found = [_reply(reply_id, told) for reply_id, told in by_reply.items()]
    return tuple(sorted(found, key=lambda one: (one.published.at if one.published else one.at, one.reply_id)))


def _reply(reply_id: UUID, facts: list[Fact]) -> Reply:
    facts.sort(key=lambda one: (one.version, one.event_id))
    last = facts[-1]
    out = next((one for one in facts if one.kind in (PUBLISHED, CAPTURED)), None)
    differs = [one for one in facts if one.kind == MISMATCH]
    return Reply(
        reply_id=reply_id,
        kind=(out or last).data["kind"],
        visibility=(out or last).data["visibility"],
        version=last.version,
        state=last.kind.removeprefix(_REPLY),
        at=last.at,
        published=_published(out) if out else None,
        found_text=differs[-1].data["published_text"] if differs else None,
    )


def _published(fact: Fact) -> Published:
    data = fact.data
    return Published(
        text=data["text"],
        permalink=data.get("permalink"),
        at=_instant(data, "published_at"),
        captured=fact.kind == CAPTURED,
        by=data.get("published_by") or fact.by.id,
        binding_sha256=data.get("binding_sha256"),
    )


def _turn(fact: Fact) -> Turn:
    data = fact.data
    return Turn(
        closed=fact.kind == CLOSED,
        at=fact.at,
        by=fact.by,
        reason=data["reason"],
        version=fact.version,
        legal_outcome=data.get("legal_outcome"),
    )


def _instant(data: Mapping[str, Any], *names: str) -> datetime:
    """The first of `names` that is there. Raises `KeyError` when none is."""
    for name in names:
        if data.get(name):
            found = data[name]
            return found if isinstance(found, datetime) else datetime.fromisoformat(found)
    raise KeyError(names[0])
