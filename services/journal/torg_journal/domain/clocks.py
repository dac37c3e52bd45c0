"""Which clocks run on a message, from everything that is known of it; and what becomes of those that ran before."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from .calendar import WorkingCalendar
from .cases import VOID, Case, Consultation
from .deadlines import Deadline, Happened, State, timers
from .facts import Decision, Message, Turn
from .timers import Occurrence, Rules

_O = Occurrence
HANDLING_CHANGED = "handling_changed"
_REPLIES: Mapping[str, Occurrence] = {
    "holding": _O.REPLY_HOLDING,
    "preliminary": _O.REPLY_PRELIMINARY,
    "full": _O.REPLY_FULL,
    "redirect": _O.REPLY_REDIRECT,
    "referral": _O.REPLY_REFERRAL,
    "thanks": _O.REPLY_THANKS,
    "correction": _O.REPLY_CORRECTION,
}
_LEGAL: Mapping[str, Occurrence] = {"access": _O.ACCESS, "complaint": _O.COMPLAINT, "privacy": _O.PRIVACY}

Key = tuple[str, str, UUID | None]


@dataclass(frozen=True, slots=True)
class Running:
    """A stored deadline of a message."""

    id: UUID
    message_id: UUID
    saksmappe_id: UUID | None
    version: int
    deadline: Deadline


def key_of(one: Deadline) -> Key:
    return one.code, one.variant, one.ref


def deadlines_of(
    message: Message,
    turns: Sequence[Turn],
    *,
    case: Case | None,
    registered: bool,
    consultations: Sequence[Consultation],
    rules: Rules,
    calendar: WorkingCalendar,
    calendar_name: str,
) -> dict[Key, Deadline]:
    """Every deadline of `message` as the facts have it; a first sync of old messages starts none (B-33).

    A clock that an earlier handling started, and the one in force does not, is cancelled from when that was decided.
    """
    received = message.received
    if received is None or received.backfill:
        return {}
    common = _common(
        message, turns, case=case, registered=registered, consultations=consultations, received_at=received.at
    )
    final = message.decision

    def derived(decision: Decision | None) -> dict[Key, Deadline]:
        told = timers(rules, calendar, [*common, *_starts(decision, message, received.at)])
        return {key_of(one): replace(one, inputs={**one.inputs, "calendar": calendar_name}) for one in told}

    found = derived(final)
    if final is None:
        return found
    for earlier in (*message.proposals, *message.triages):
        if earlier is final or _same_starts(earlier, final):
            continue
        for key, one in derived(earlier).items():
            if key in found:
                continue
            if one.ended_at is None or one.ended_at > final.at:
                found[key] = replace(one, state=State.CANCELLED, ended_at=final.at, reason=HANDLING_CHANGED)
            else:
                found[key] = one
    return found


def _same_starts(one: Decision, other: Decision) -> bool:
    return (
        one.reply_duty == other.reply_duty
        and one.legal_requests == other.legal_requests
        and (one.decided and one.has("open_case")) == (other.decided and other.has("open_case"))
    )


def _starts(decision: Decision | None, message: Message, received_at: datetime) -> list[Happened]:
    """The clocks that a handling starts; a statutory one runs from the received time, already when proposed (2.3)."""
    if decision is None:
        return []
    found = []
    if decision.reply_duty == "must":
        found.append(Happened(_O.DUTY_MUST, received_at))
    elif decision.reply_duty == "should":
        found.append(Happened(_O.DUTY_SHOULD, received_at))
    found += [Happened(_LEGAL[kind], received_at) for kind in sorted(decision.legal_requests) if kind in _LEGAL]
    if decision.decided and decision.has("open_case"):
        first = next(one for one in message.triages if one.has("open_case"))
        found.append(Happened(_O.OPEN_CASE, first.at))
    return found


def _common(
    message: Message,
    turns: Sequence[Turn],
    *,
    case: Case | None,
    registered: bool,
    consultations: Sequence[Consultation],
    received_at: datetime,
) -> list[Happened]:
    found = [*_alarms(message), *_closings(turns)]
    for reply in message.replies:
        if reply.published:
            what = _O.REPLY_CAPTURED if reply.published.captured else _REPLIES[reply.kind]
            found.append(Happened(what, reply.published.at))
    if registered and case is not None:
        found.append(Happened(_O.SAKSMAPPE, received_at))
        if case.saksstatus == VOID:
            found.append(Happened(_O.SAKSMAPPE_VOID, case.changed_at))
        elif case.avsluttet_dato is not None:
            found.append(Happened(_O.CLOSED, case.avsluttet_dato))
    for asked in consultations:
        found.append(Happened(_O.CONSULTATION, asked.asked_at, ref=asked.id))
        if asked.ended_at is not None:
            ended = _O.CONSULTATION_WITHDRAWN if asked.state == "withdrawn" else _O.CONSULTATION_ENDED
            found.append(Happened(ended, asked.ended_at, ref=asked.id))
    if message.deleted_at:
        found.append(Happened(_O.AUTHOR_DELETED, message.deleted_at))
    return found


def _alarms(message: Message) -> Iterator[Happened]:
    for urgency in message.urgencies:
        if urgency.category != "child":
            yield Happened(_O.URGENT, urgency.at)
        if urgency.category in ("child", "child_danger"):
            yield Happened(_O.CHILD_CONCERN, urgency.at)
    for one in message.acknowledgements:
        yield Happened(_O.ACKNOWLEDGED, one.at)
        if one.handed_over:
            yield Happened(_O.HANDOVER, one.at)


def _closings(turns: Sequence[Turn]) -> Iterator[Happened]:
    """What a closing says of a statutory request counts as its outcome, before it counts as an end."""
    for turn in turns:
        if not turn.closed:
            continue
        if turn.legal_outcome == "handed_over":
            yield Happened(_O.HANDOVER, turn.at)
        if turn.legal_outcome is not None:
            yield Happened(_O.REFUSED, turn.at)
        yield Happened(_O.CLOSED, turn.at)


def reconcile(stored: Running, derived: Deadline) -> Deadline:
    """The stored deadline brought up to what the facts say: its pauses, warnings and overdue mark are kept.

    Late is judged by the stored due time, which pauses may have moved.
    """
    known = stored.deadline
    if derived.state.ended:
        ended_at = derived.ended_at
        state = derived.state
        if state in (State.SATISFIED, State.SATISFIED_LATE) and ended_at is not None:
            state = State.SATISFIED_LATE if ended_at > known.due_at else State.SATISFIED
        return replace(known, state=state, ended_at=ended_at, reason=derived.reason, paused_at=None)
    if known.state.ended:
        return replace(derived, warned=known.warned)
    if derived.inputs != known.inputs:
        state = State.RUNNING if known.state is State.OVERDUE else known.state
        return replace(derived, state=state, warned=known.warned, paused_at=known.paused_at, reason=known.reason)
    return known
