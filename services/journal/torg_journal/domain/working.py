"""The working life of a message: where it stands, what the worklist shows of it (requirements section 5)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from torg_shared import personal_data

from .cases import Case, Consultation
from .deadlines import Deadline
from .facts import Message, Reply, Turn
from .house import House
from .records import answers, record_class

_EXCERPT = 160
_READ_FOR_EXCERPT = 600
_DIGITS_OF_AN_ID = 11
_NEVER_IN_A_LIST: tuple[personal_data.Kind, ...] = ("national_id", "id_like", "reference")
_SHIELDED = frozenset({"sensitive", "urgent", "national_id"})
FOLLOW_UP = "follow_up"


@dataclass(frozen=True, slots=True)
class Row:
    """A message as the worklist's table holds it. `version` counts changes of this row, never of the text."""

    id: UUID
    conversation_id: UUID
    status: str
    risk: int
    message_version: int
    channel_id: UUID | None = None
    channel_key: str | None = None
    platform: str | None = None
    kind: str | None = None
    permalink: str | None = None
    parent_id: UUID | None = None
    author_key: str | None = None
    author_handle: str | None = None
    author_name: str | None = None
    excerpt: str | None = None
    received_at: datetime | None = None
    backfill: bool = False
    deleted_at: datetime | None = None
    status_since: datetime | None = None
    close_reason: str | None = None
    answered_at: datetime | None = None
    answered_by_reply: UUID | None = None
    handling: str | None = None
    secondary: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    reply_duty: str | None = None
    reply_private: bool = False
    record_class: str | None = None
    topic: str | None = None
    unit: str | None = None
    lang: str | None = None
    tone: str | None = None
    confidence: float | None = None
    needs_human: bool = False
    needs_triage: bool = False
    ground: str | None = None
    triage_version: int = 0
    triaged_at: datetime | None = None
    urgent: bool = False
    acknowledged: bool = False
    next_due: datetime | None = None
    next_due_code: str | None = None
    next_due_statutory: bool = False
    reply_state: str | None = None
    reply_id: UUID | None = None
    reply_kind: str | None = None
    incident: bool = False
    moderation_state: str | None = None
    claim_holder: str | None = None
    claim_until: datetime | None = None
    saksmappe_id: UUID | None = None
    open_consultations: int = 0
    units: tuple[str, ...] = ()
    changed_at: datetime | None = None
    changed_by: str = ""
    version: int = 0

    def same_as(self, other: "Row") -> bool:
        """True when nothing but the account of the change differs."""
        return replace(self, changed_at=other.changed_at, changed_by=other.changed_by, version=other.version) == other


def turns_of(message: Message, others: Iterable[Message]) -> tuple[Turn, ...]:
    """Closings and reopenings in time; a later message by the same author in the conversation reopens (section 5)."""
    if not message.turns:
        return ()
    follow_ups = [
        Turn(closed=False, at=one.received.at, by=message.turns[0].by, reason=FOLLOW_UP, version=0)
        for one in others
        if one.message_id != message.message_id and one.received and one.author_key == message.author_key
    ]
    first = min(one.at for one in message.turns)
    return tuple(
        sorted((*message.turns, *(one for one in follow_ups if one.at > first)), key=lambda one: (one.at, one.version))
    )


def answering(message: Message) -> Reply | None:
    """The reply that met the duty first; None while none has."""
    decision = message.decision
    found = [one for one in message.replies if answers(one, decision)]
    return found[0] if found else None


def risk_of(message: Message) -> int:
    """What the worklist sorts by before time: 0 danger, 1 statutory or unlawful, 2 must, 3 should, 4 the rest."""
    decision = message.decision
    if message.urgencies and not message.acknowledgements:
        return 0
    if decision is None:
        return 1 if message.urgencies else 3
    if decision.legal_requests or decision.handling == "remove" or message.urgencies:
        return 1
    return {"must": 2, "should": 3}.get(decision.reply_duty, 4)


def is_shielded(message: Message) -> bool:
    """True when a saksmappe about it is shielded in full: as long as some decision says so, or some proposal while
    nobody has decided (2.2, 2.3)."""
    told = message.triages or message.proposals
    return any(one.flags & _SHIELDED or "child_concern" in one.legal_requests for one in told)


def row_of(
    message: Message,
    others: Sequence[Message],
    *,
    channel_key: str | None,
    case: Case | None,
    consultations: Sequence[Consultation],
    house: House,
    due: Deadline | None = None,
) -> Row:
    """The row that follows from all that is known, its account of change left out; `due` is what is due next."""
    decision = message.decision
    proposal = message.proposals[-1] if message.proposals else None
    turns = turns_of(message, others)
    answer = answering(message)
    last_reopened = max((one.at for one in turns if not one.closed), default=None)
    answered = answer if answer and answer.published else None
    status, since, reason = "received", message.received.at if message.received else None, None
    if message.proposals:
        status, since = "classified", message.proposals[-1].at
    if message.triages:
        status, since = "triaged", message.triages[-1].at
    if answered and answered.published:
        later = [
            one
            for one in message.replies
            if answers(one, decision) and one.published and (last_reopened is None or one.published.at > last_reopened)
        ]
        if later and later[0].published:
            status, since = "answered", later[0].published.at
    if turns and turns[-1].closed:
        status, since, reason = "closed", turns[-1].at, turns[-1].reason
    latest = message.latest
    reply = _shown(message.replies)
    units = {one.unit for one in consultations if one.unit}
    if decision and decision.has("refer_politics"):
        units.add(house.politics_unit)
    return Row(
        id=message.message_id,
        conversation_id=message.conversation_id,
        status=status,
        risk=risk_of(message),
        message_version=latest.version if latest else 0,
        channel_id=message.received.channel_id if message.received else None,
        channel_key=channel_key,
        platform=message.received.platform if message.received else None,
        kind=message.received.kind if message.received else None,
        permalink=message.received.permalink if message.received else None,
        parent_id=message.received.parent_id if message.received else None,
        author_key=message.author_key if message.wordings else None,
        author_handle=latest.author_handle if latest else None,
        author_name=latest.author_name if latest else None,
        excerpt=_excerpt(latest.text) if latest else None,
        received_at=message.received.at if message.received else None,
        backfill=bool(message.received and message.received.backfill),
        deleted_at=message.deleted_at,
        status_since=since,
        close_reason=reason,
        answered_at=answered.published.at if answered and answered.published else None,
        answered_by_reply=answered.reply_id if answered else None,
        handling=decision.handling if decision else None,
        secondary=decision.secondary if decision else (),
        flags=tuple(sorted(decision.flags)) if decision else (),
        reply_duty=decision.reply_duty if decision else None,
        reply_private=bool(decision and decision.reply_private),
        record_class=record_class(decision) if decision and decision.decided else None,
        topic=decision.topic if decision else None,
        unit=decision.unit if decision else None,
        lang=decision.lang if decision else None,
        tone=proposal.data.get("tone") if proposal else None,
        confidence=proposal.data.get("confidence") if proposal else None,
        needs_human=bool(proposal and proposal.data.get("needs_human")),
        needs_triage=_needs_triage(message),
        ground=decision.ground if decision else None,
        triage_version=message.triages[-1].triage_version if message.triages else 0,
        triaged_at=message.triages[-1].at if message.triages else None,
        urgent=bool(message.urgencies),
        acknowledged=bool(message.acknowledgements),
        next_due=due.due_at if due else None,
        next_due_code=due.code if due else None,
        next_due_statutory=bool(due and due.statutory),
        reply_state=reply.state if reply else None,
        reply_id=reply.reply_id if reply else None,
        reply_kind=reply.kind if reply else None,
        incident=any(one.found_text is not None or one.state == "outcome_unknown" for one in message.replies),
        claim_holder=message.claim_holder,
        claim_until=message.claim_until,
        saksmappe_id=case.id if case else None,
        open_consultations=sum(one.is_open for one in consultations),
        units=tuple(sorted(units)),
    )


def _needs_triage(message: Message) -> bool:
    """A new wording is judged again by a person; a decision about it, or one returned, waits (2.6 g)."""
    if not message.triages:
        return True
    last = message.triages[-1]
    latest = message.latest
    return bool(last.data.get("returned")) or (latest is not None and last.message_version < latest.version)


def _shown(replies: Sequence[Reply]) -> Reply | None:
    """The reply that the worklist shows: the one that something happened to last, discarded ones only for want."""
    alive = [one for one in replies if one.state != "discarded"] or list(replies)
    return max(alive, key=lambda one: (one.at, one.version), default=None)


def _excerpt(text: str | None) -> str | None:
    if text is None:
        return None
    read = text[:_READ_FOR_EXCERPT]
    if sum(map(str.isdigit, read)) >= _DIGITS_OF_AN_ID:  # most texts hold no number, and looking for one is dear
        read = personal_data.mask(read, _NEVER_IN_A_LIST)
    plain = " ".join(read.split())
    return plain if len(plain) <= _EXCERPT else plain[: _EXCERPT - 1].rstrip() + "…"
