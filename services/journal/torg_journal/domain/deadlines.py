"""The life of one deadline, in two views of the same table of timers.

`timers` derives every deadline of a message from what has happened (settle); the functions on `Deadline` move a
stored one (jobs, pause and resume).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from uuid import UUID

from torg_shared.errors import Conflict, Invalid

from .calendar import WorkingCalendar
from .timers import STANDS_FOR, TABLE, Occurrence, Rule, Rules, Timer, Unit, due

WARN_PERCENT = (50, 80)
_O = Occurrence


@dataclass(frozen=True, slots=True)
class Warning:
    """When to warn, and how many percent of the time are used by then."""

    percent: int
    at: datetime


class State(StrEnum):
    RUNNING = "running"
    PAUSED = "paused"
    OVERDUE = "overdue"
    SATISFIED = "satisfied"
    SATISFIED_LATE = "satisfied_late"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        return self in (State.SATISFIED, State.SATISFIED_LATE, State.CANCELLED)


class PauseReason(StrEnum):
    """Delays outside the municipality's control: the only ones that stop a clock (requirements section 3)."""

    AWAITING_AUTHOR = "awaiting_author"
    AWAITING_OTHER_BODY = "awaiting_other_body"
    PLATFORM_AWAY = "platform_away"
    FORCE_MAJEURE = "force_majeure"


@dataclass(frozen=True, slots=True)
class Deadline:
    """A deadline as it stands. `ref` names the consultation of a T-CONSULT; `warned` the last warning given."""

    code: str
    variant: str
    started_at: datetime
    due_at: datetime
    statutory: bool
    basis: str
    warnings: tuple[Warning, ...]
    inputs: Mapping[str, str]
    ref: UUID | None = None
    state: State = State.RUNNING
    warned: int = 0
    paused_at: datetime | None = None
    ended_at: datetime | None = None
    reason: str | None = None


_ALLOWED: Mapping[State, frozenset[State]] = {
    State.RUNNING: frozenset({State.SATISFIED, State.PAUSED, State.OVERDUE, State.CANCELLED}),
    # an answer may come, and a statutory time limit run out, while the clock is said to stand
    State.PAUSED: frozenset({State.RUNNING, State.SATISFIED, State.SATISFIED_LATE, State.OVERDUE, State.CANCELLED}),
    State.OVERDUE: frozenset({State.SATISFIED_LATE, State.CANCELLED}),
    State.SATISFIED: frozenset(),
    State.SATISFIED_LATE: frozenset(),
    State.CANCELLED: frozenset(),
}


def start(
    rule: Rule,
    calendar: WorkingCalendar,
    at: datetime,
    *,
    ref: UUID | None = None,
    promised: datetime | None = None,
) -> Deadline:
    """A new running deadline. `promised`, a date given to the citizen, replaces the due time of T-FULL."""
    due_at, warnings = _times(rule, calendar, at, promised)
    inputs = {"from": at.isoformat(), "amount": str(rule.amount), "unit": rule.unit.value}
    if promised is not None:
        inputs["promised"] = promised.isoformat()
    return Deadline(
        code=rule.code,
        variant=rule.variant,
        started_at=at,
        due_at=due_at,
        statutory=rule.statutory,
        basis=rule.basis,
        warnings=warnings,
        inputs=inputs,
        ref=ref,
    )


@lru_cache(maxsize=16_384)  # every event of a message asks again for the times that its first one had
def _times(
    rule: Rule, calendar: WorkingCalendar, at: datetime, promised: datetime | None
) -> tuple[datetime, tuple[Warning, ...]]:
    due_at = due(rule, calendar, at) if promised is None else promised
    return due_at, _warnings(rule, calendar, at, due_at)


def _warnings(rule: Rule, calendar: WorkingCalendar, start_at: datetime, due_at: datetime) -> tuple[Warning, ...]:
    """At 50 and 80 percent, in opening hours and always before the due time; around the clock for the 24/7 timers."""
    total = due_at - start_at
    counts_hours = rule.unit in (Unit.OFFICE_HOURS, Unit.WORKING_DAYS)
    open_total = calendar.open_time(start_at, due_at) if counts_hours else timedelta()
    wanted = [
        (percent, calendar.add_open_time(start_at, open_total * percent / 100))
        if open_total
        else (percent, start_at + total * percent / 100)
        for percent in WARN_PERCENT
    ]
    if rule.warn_after_days is not None and total:
        at = start_at + timedelta(days=rule.warn_after_days)
        wanted.append((round((at - start_at) / total * 100), at))
    found = (Warning(percent, _in_hours(rule, calendar, at, start_at, due_at)) for percent, at in wanted)
    return tuple(sorted((one for one in found if one.at < due_at), key=lambda one: (one.at, one.percent)))


def _in_hours(rule: Rule, calendar: WorkingCalendar, at: datetime, start_at: datetime, due_at: datetime) -> datetime:
    if rule.unit is Unit.MINUTES:
        return at
    opening = calendar.next_open(at)
    return opening if opening < due_at else calendar.last_open(due_at, start_at)


@dataclass(frozen=True, slots=True)
class Happened:
    """`what`, when, and to which consultation. `promised`: the date a preliminary reply gives for the full answer."""

    what: Occurrence
    at: datetime
    ref: UUID | None = None
    promised: datetime | None = None


def timers(rules: Rules, calendar: WorkingCalendar, happened: Sequence[Happened]) -> tuple[Deadline, ...]:
    """Every deadline of one message that follows from what has happened, in any order; warnings not yet given.

    A timer with the same start occurring twice (an edit, a reclassification) runs once, from the earliest.
    """
    in_time = sorted(happened, key=lambda one: (one.at, one.what, str(one.ref)))
    found: list[Deadline] = []
    for timer in TABLE:
        starts: dict[UUID | None, Happened] = {}
        for one in in_time:
            if one.what is timer.starts:
                starts.setdefault(one.ref if timer.code == "T-CONSULT" else None, one)
        if timer.variant == "should" and any(one.what is _O.DUTY_MUST for one in in_time):
            continue  # the stricter duty rules
        for ref, first in starts.items():
            found.append(_settled(timer, rules, calendar, first, ref, in_time))
    return tuple(found)


def _settled(
    timer: Timer,
    rules: Rules,
    calendar: WorkingCalendar,
    first: Happened,
    ref: UUID | None,
    in_time: Sequence[Happened],
) -> Deadline:
    promised = None
    if timer.code == "T-FULL":
        promised = max((one.promised for one in in_time if one.promised), default=None)
    deadline = start(rules[timer.code, timer.variant], calendar, first.at, ref=ref, promised=promised)
    met = satisfied_at(timer, ref, in_time)
    stopped = _cancelled_at(timer, ref, in_time)
    if met and (stopped is None or met <= stopped.at):
        return satisfy(deadline, met)
    if stopped:
        return cancel(deadline, stopped.at, stopped.what.value)
    return deadline


def satisfied_at(timer: Timer, ref: UUID | None, in_time: Sequence[Happened]) -> datetime | None:
    """When what has happened, in order of time, fulfils `timer`; None while it does not."""
    missing = set(timer.satisfied_by_all)
    for one in in_time:
        if ref is not None and one.ref is not None and one.ref != ref:
            continue
        kinds = {one.what} | STANDS_FOR.get(one.what, frozenset())
        if kinds & timer.satisfied_by:
            return one.at
        if missing and not (missing := missing - kinds):
            return one.at
    return None


def _cancelled_at(timer: Timer, ref: UUID | None, in_time: Sequence[Happened]) -> Happened | None:
    for one in in_time:
        if ref is not None and one.ref is not None and one.ref != ref:
            continue
        if one.what in timer.cancelled_by or (one.what is _O.AUTHOR_DELETED and timer.follows_author):
            return one
    return None


def satisfy(deadline: Deadline, at: datetime) -> Deadline:
    """The duty was met at `at`. Raises `Conflict` for a deadline that has ended."""
    late = deadline.state is State.OVERDUE or at > deadline.due_at
    state = State.SATISFIED_LATE if late else State.SATISFIED
    if deadline.state is State.RUNNING and late:
        deadline = replace(deadline, state=State.OVERDUE)  # it ran out unseen before it was met
    return replace(_moved(deadline, state), ended_at=at)


def cancel(deadline: Deadline, at: datetime, reason: str) -> Deadline:
    """The ground for the deadline is gone. Raises `Conflict` for a deadline that has ended."""
    return replace(_moved(deadline, State.CANCELLED), ended_at=at, reason=reason)


def pause(deadline: Deadline, at: datetime, reason: str) -> Deadline:
    """Stop the clock. A statutory time limit keeps running, only its reminders rest.

    Raises `Invalid` for a reason outside `PauseReason`, `Conflict` for a deadline that does not run.
    """
    if reason not in {one.value for one in PauseReason}:
        raise Invalid("PAUSE_REASON_INVALID", reason=reason[:50])
    return replace(_moved(deadline, State.PAUSED), paused_at=at, reason=reason)


def resume(deadline: Deadline, calendar: WorkingCalendar, at: datetime, unit: Unit) -> Deadline:
    """Let the clock go on: what was left is left, except that a statutory due time never moves (INV-16)."""
    moved = replace(_moved(deadline, State.RUNNING), paused_at=None, reason=None)
    paused_at = deadline.paused_at
    if deadline.statutory or paused_at is None:
        return moved

    def later(instant: datetime) -> datetime:
        if instant <= paused_at:
            return instant
        if unit in (Unit.OFFICE_HOURS, Unit.WORKING_DAYS):
            return calendar.add_open_time(at, calendar.open_time(paused_at, instant))
        return instant + (at - paused_at)

    warnings = tuple(replace(one, at=later(one.at)) for one in deadline.warnings)
    return replace(moved, due_at=later(deadline.due_at), warnings=warnings)


def tick(deadline: Deadline, now: datetime) -> tuple[Deadline, int | None]:
    """What the passing of time does: overdue, or a warning. Gives the deadline and the percent to warn with, if any.

    Of several warnings missed while nothing ran, only the latest is given.
    """
    if deadline.state.ended or deadline.state is State.OVERDUE:
        return deadline, None
    if deadline.state is State.PAUSED and not deadline.statutory:
        return deadline, None
    if now >= deadline.due_at:
        return _moved(deadline, State.OVERDUE), None
    if deadline.state is State.PAUSED:
        return deadline, None
    passed = [one.percent for one in deadline.warnings if one.at <= now and one.percent > deadline.warned]
    if not passed:
        return deadline, None
    return replace(deadline, warned=max(passed)), max(passed)


def next_look(deadline: Deadline) -> datetime | None:
    """When `tick` has something to do next; None when never."""
    if deadline.state.ended or deadline.state is State.OVERDUE:
        return None
    if deadline.state is State.PAUSED:
        return deadline.due_at if deadline.statutory else None
    return min([deadline.due_at, *(one.at for one in deadline.warnings if one.percent > deadline.warned)])


def used_percent(deadline: Deadline, now: datetime) -> int:
    """Elapsed calendar time in percent of the whole, also while paused (requirements section 3)."""
    whole = deadline.due_at - deadline.started_at
    return max(0, round((now - deadline.started_at) / whole * 100)) if whole else 100


def colour(deadline: Deadline, now: datetime) -> str:
    """`green`, `amber` from the first warning, `red` from the due time (G-12)."""
    if deadline.state in (State.OVERDUE, State.SATISFIED_LATE) or (not deadline.state.ended and now > deadline.due_at):
        return "red"
    amber = any(one.at <= now for one in deadline.warnings)
    return "amber" if amber and not deadline.state.ended else "green"


def _moved(deadline: Deadline, to: State) -> Deadline:
    if to not in _ALLOWED[deadline.state]:
        raise Conflict("DEADLINE_STATE", timer=deadline.code, state=deadline.state.value, wanted=to.value)
    return replace(deadline, state=to)
