"""The timers of requirements section 3 as a table: what starts each, what ends it, how long it may run at most.

A `Rule` says how long (data of the municipality, `deadlines.yaml`); a `Timer` says what starts it and what ends it
(fixed here). What a statute sets cannot be lengthened by configuration (G-13, INV-16).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from .calendar import WorkingCalendar


class Unit(StrEnum):
    """How an amount counts. `minutes` run around the clock."""

    MINUTES = "minutes"
    OFFICE_HOURS = "office_hours"
    WORKING_DAYS = "working_days"
    CALENDAR_MONTHS = "calendar_months"


class Occurrence(StrEnum):
    """What can start or end a timer."""

    DUTY_MUST = "duty_must"  # message received, reply duty must
    DUTY_SHOULD = "duty_should"
    URGENT = "urgent"
    CHILD_CONCERN = "child_concern"
    ACCESS = "access"
    COMPLAINT = "complaint"
    PRIVACY = "privacy"
    OPEN_CASE = "open_case"  # confirmed by a person
    SAKSMAPPE = "saksmappe"  # opened; the clock counts from the received time
    CONSULTATION = "consultation"
    REPLY_HOLDING = "reply.holding"
    REPLY_PRELIMINARY = "reply.preliminary"
    REPLY_FULL = "reply.full"
    REPLY_REDIRECT = "reply.redirect"
    REPLY_REFERRAL = "reply.referral"
    REPLY_THANKS = "reply.thanks"
    REPLY_CORRECTION = "reply.correction"
    REPLY_CAPTURED = "reply.captured"
    ACKNOWLEDGED = "acknowledged"
    HANDOVER = "handover"  # the other body or unit has it, and that is noted
    REFUSED = "refused"  # refusal with ground
    CONSULTATION_ENDED = "consultation_ended"  # answered or declined
    CONSULTATION_WITHDRAWN = "consultation_withdrawn"
    PRELIMINARY_UNNECESSARY = "preliminary_unnecessary"  # with reason (L-04)
    AUTHOR_DELETED = "author_deleted"
    CLOSED = "closed"  # the message, or the saksmappe
    SAKSMAPPE_VOID = "saksmappe_void"


_O = Occurrence
FIRST_ANSWERS = frozenset(
    {
        _O.REPLY_HOLDING,
        _O.REPLY_PRELIMINARY,
        _O.REPLY_FULL,
        _O.REPLY_REDIRECT,
        _O.REPLY_REFERRAL,
        _O.REPLY_THANKS,
        _O.REPLY_CAPTURED,
    }
)
FULL_ANSWERS = frozenset({_O.REPLY_FULL, _O.REPLY_CAPTURED})
ENDS = frozenset({_O.CLOSED, _O.SAKSMAPPE_VOID})


@dataclass(frozen=True, slots=True)
class Timer:
    """One row of the table. `variant` tells apart timers with one code.

    `satisfied_by` needs one of its members, `satisfied_by_all` every one. `follows_author` stops the clock when the
    author deletes the message; a statutory request goes on. `always` warns at night too.
    """

    code: str
    variant: str
    starts: Occurrence
    satisfied_by: frozenset[Occurrence] = frozenset()
    satisfied_by_all: frozenset[Occurrence] = frozenset()
    cancelled_by: frozenset[Occurrence] = ENDS
    follows_author: bool = True
    always: bool = False


TABLE: tuple[Timer, ...] = (
    Timer("T-EMERG", "", _O.URGENT, frozenset({_O.ACKNOWLEDGED}), follows_author=False, always=True),
    Timer(
        "T-CHILD",
        "",
        _O.CHILD_CONCERN,
        satisfied_by_all=frozenset({_O.ACKNOWLEDGED, _O.HANDOVER}),
        follows_author=False,
        always=True,
    ),
    Timer("T-FIRST", "must", _O.DUTY_MUST, FIRST_ANSWERS),
    Timer("T-FIRST", "should", _O.DUTY_SHOULD, FIRST_ANSWERS),
    Timer("T-HOLD", "", _O.OPEN_CASE, FULL_ANSWERS | {_O.REPLY_HOLDING, _O.REPLY_REDIRECT, _O.REPLY_REFERRAL}),
    Timer(
        "T-CONSULT",
        "",
        _O.CONSULTATION,
        frozenset({_O.CONSULTATION_ENDED}),
        cancelled_by=ENDS | {_O.CONSULTATION_WITHDRAWN},
    ),
    Timer(
        "T-PRELIM",
        "",
        _O.SAKSMAPPE,
        FULL_ANSWERS | {_O.REPLY_PRELIMINARY, _O.REPLY_REDIRECT, _O.REPLY_REFERRAL, _O.PRELIMINARY_UNNECESSARY},
    ),
    Timer("T-FULL", "", _O.SAKSMAPPE, FULL_ANSWERS | {_O.REPLY_REDIRECT, _O.REPLY_REFERRAL}),
    Timer("T-INNSYN", "target", _O.ACCESS, FULL_ANSWERS | {_O.REFUSED}, follows_author=False),
    Timer("T-INNSYN", "limit", _O.ACCESS, FULL_ANSWERS | {_O.REFUSED}, follows_author=False),
    Timer(
        "T-KLAGE",
        "",
        _O.COMPLAINT,
        satisfied_by_all=frozenset({_O.REPLY_REDIRECT, _O.HANDOVER}),
        follows_author=False,
    ),
    Timer("T-GDPR", "", _O.PRIVACY, FULL_ANSWERS | {_O.REFUSED}, follows_author=False),
)
STANDS_FOR = {  # a fuller answer also does what the lesser one would have done
    _O.REPLY_FULL: frozenset({_O.REPLY_REDIRECT}),
    _O.REPLY_CAPTURED: frozenset({_O.REPLY_REDIRECT}),
}

# What the statutes allow at most. The numbers are the law's, not the municipality's; the paragraph stands in
# legal_basis.yaml under the rule's basis code.
LEGAL_MAXIMUM: Mapping[tuple[str, str], tuple[int, Unit]] = {
    ("T-PRELIM", ""): (1, Unit.CALENDAR_MONTHS),
    ("T-INNSYN", "limit"): (5, Unit.WORKING_DAYS),
    ("T-GDPR", ""): (1, Unit.CALENDAR_MONTHS),
    ("T-BREACH", ""): (72 * 60, Unit.MINUTES),
}


@dataclass(frozen=True, slots=True)
class Rule:
    """How long a timer runs. `basis` is a code of `legal_basis.yaml`; `warn_after_days` adds a warning by date."""

    code: str
    amount: int
    unit: Unit
    basis: str
    variant: str = ""
    statutory: bool = False
    warn_after_days: int | None = None

    def __post_init__(self) -> None:
        """Raises `ValueError` when the rule is longer than a statute allows (G-13, INV-16)."""
        if self.amount < 1:
            raise ValueError(f"{self.code}: fristen må være minst 1")
        limit = LEGAL_MAXIMUM.get((self.code, self.variant))
        if limit is None:
            if self.statutory:
                raise ValueError(f"{self.code}: er ikke lovbestemt og kan ikke merkes slik")
            return
        amount, unit = limit
        if not self.statutory:
            raise ValueError(f"{self.code}: er lovbestemt og må være merket slik")
        if self.unit is not unit or self.amount > amount:
            told = f"{self.amount} {self.unit.value}"
            raise ValueError(f"{self.code}: {told} er lengre enn loven tillater ({amount} {unit.value})")


@dataclass(frozen=True, slots=True)
class Rules:
    """The municipality's rules by code and variant, complete: every timer of the table has one."""

    by_key: Mapping[tuple[str, str], Rule]

    @classmethod
    def of(cls, rules: Iterable[Rule]) -> "Rules":
        """Raises `ValueError` for a rule that comes twice, and for a timer without one."""
        found: dict[tuple[str, str], Rule] = {}
        for rule in rules:
            if (rule.code, rule.variant) in found:
                raise ValueError(f"{rule.code} {rule.variant}: står to ganger")
            found[rule.code, rule.variant] = rule
        for timer in TABLE:
            if (timer.code, timer.variant) not in found:
                raise ValueError(f"{timer.code} {timer.variant}: mangler")
        return cls(found)

    def __getitem__(self, key: tuple[str, str]) -> Rule:
        return self.by_key[key]


def due(rule: Rule, calendar: WorkingCalendar, start: datetime) -> datetime:
    """When `rule` runs out for a clock started at `start`. Statutory days count by the law's own calendar."""
    if rule.unit is Unit.MINUTES:
        return start + timedelta(minutes=rule.amount)
    if rule.unit is Unit.CALENDAR_MONTHS:
        return calendar.add_months(start, rule.amount)
    if rule.unit is Unit.OFFICE_HOURS:
        return calendar.add_open_time(start, timedelta(hours=rule.amount))
    return (calendar.statutory if rule.statutory else calendar).add_working_days(start, rule.amount)
