"""What goes into a decision and what comes out of it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from .facets import Handling, Record, RecordClass, ReplyDuty
from .language import Identify
from .rules import RuleSet


@dataclass(frozen=True, slots=True)
class Item:
    """One message version. `text` None means that the platform told none; `context` is the municipal post above it."""

    text: str | None
    context: str | None = None
    kind: str = "comment"
    lang_hint: str | None = None
    attachments: int = 0


@dataclass(frozen=True, slots=True)
class Reason:
    """Why: rule or detector, section of the guideline, span in the original text (None: the whole text)."""

    rule_id: str
    section: str
    start: int | None
    end: int | None
    effect: str


@dataclass(frozen=True, slots=True)
class Decision:
    """A proposal. Nothing is hidden, answered or journaled on its word alone."""

    handling: Handling
    alternatives: Sequence[tuple[Handling, float]]
    secondary: Sequence[Handling]
    flags: Sequence[str]
    reply_duty: ReplyDuty
    reply_private: bool
    record_class: RecordClass
    record: Record
    ground: str | None
    urgent: str | None
    """The category of the alert that is due, None for no alert."""
    sentiment: int
    tone: str
    length: str
    lang: str
    topic: str | None
    unit: str
    confidence: float
    needs_human: bool
    needs_triage: bool
    triage_reasons: Sequence[str]
    reasons: Sequence[Reason]
    rules_version: str
    model_version: str | None
    guideline_version: str


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a statistical model thinks of one item; probabilities are calibrated."""

    handling: Mapping[Handling, float]
    remove: float
    urgent: float
    sentiment: int | None = None
    tone: str | None = None


class Model(Protocol):
    """The statistical model, when there is one. Rules stand above it: it may add caution, never lower it."""

    version: str

    def opinions(self, items: Sequence[Item]) -> Sequence[Opinion]:
        """One opinion per item, independent of its neighbours."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """Below `sure` or nearer than `margin` to the second, a person is asked. `passes`: handlings that may be
    confirmed by rule, with the confidence they need; empty by default (requirements 2)."""

    sure: float = 0.60
    margin: float = 0.10
    remove_queue: float = 0.25
    urgent_queue: float = 0.25
    passes: Mapping[Handling, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Words of the language and of the municipality."""

    first_names: frozenset[str]
    surnames: frozenset[str]
    no_names: frozenset[str]
    positive: re.Pattern[str]
    negative: re.Pattern[str]
    negation: re.Pattern[str]
    topics: Sequence[tuple[str, re.Pattern[str]]]
    unit_of: Mapping[str, str]
    front_line: str
    politics: str


@dataclass(frozen=True, slots=True)
class Config:
    """All that a decision depends on beside the message: made once in `app.py`, handed in, never changed."""

    rules: RuleSet
    lexicon: Lexicon
    guideline_version: str
    identify: Identify | None = None
    thresholds: Thresholds = Thresholds()
