"""A rule, and how a set of them reads a text. Rules are data; this is the machine that applies them."""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from .facets import Handling
from .patterns import literals
from .text import Copy, Prepared

On = Literal["text", "leet", "context"]


@dataclass(frozen=True, slots=True)
class Effect:
    """What a hit does. `strength` 2 is enough alone, 1 needs another hit beside it, a negative one speaks against.

    `raise` (in the files) is a proposal of `remove` that nothing outweighs; it stands here as strength 2 of `remove`.
    """

    handling: Handling | None = None
    strength: int = 2
    flags: frozenset[str] = frozenset()
    ground: str | None = None
    urgent: str | None = None
    """The category of the alert."""
    marks: frozenset[str] = frozenset()
    """What other rules may ask for with `needs`: a signal, not a decision."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of a file. `needs` and `not_with` are signals of the text: `named`, `person`, `question` …"""

    id: str
    section: str
    sentence: str
    explain: Mapping[str, str]
    patterns: Sequence[re.Pattern[str]]
    effect: Effect
    unless: re.Pattern[str] | None = None
    on: On = "text"
    lang: frozenset[str] = frozenset()
    needs: Sequence[frozenset[str]] = ()
    """Each set: one of them must be there."""
    not_with: frozenset[str] = frozenset()
    basis: str | None = None
    summary: bool = False
    """The words are not published: their list would help those who abuse."""
    positive: Sequence[str] = ()
    negative: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Hit:
    """`rule` matched; the span is in the original text."""

    rule: Rule
    start: int
    end: int


@dataclass(frozen=True)
class RuleSet:
    """Rules in the order of their ids, with an index that leaves out the patterns that cannot match."""

    rules: Sequence[Rule]
    version: str
    _patterns: Sequence[tuple[int, re.Pattern[str]]] = field(init=False)
    _by_gram: Mapping[str, Sequence[int]] = field(init=False)
    _always: Sequence[int] = field(init=False)

    def __post_init__(self) -> None:
        patterns = [(number, pattern) for number, rule in enumerate(self.rules) for pattern in rule.patterns]
        by_gram: dict[str, list[int]] = {}
        always: list[int] = []
        for place, (_, pattern) in enumerate(patterns):
            grams = literals(pattern.pattern)
            if grams is None:
                always.append(place)
            for gram in grams or ():
                by_gram.setdefault(gram, []).append(place)
        object.__setattr__(self, "_patterns", patterns)
        object.__setattr__(self, "_by_gram", by_gram)
        object.__setattr__(self, "_always", always)

    def hits(self, text: Prepared, context: Prepared | None, lang: str) -> list[Hit]:
        """Every rule that matches, once each, at the place of its first pattern; signals are not looked at here."""
        found: dict[int, Hit] = {}
        for copy, on in _copies(text, context):
            barred: set[int] = set()
            for place in self._candidates(copy.text):
                number, pattern = self._patterns[place]
                rule = self.rules[number]
                if number in found or number in barred or not _applies(rule, on, lang):
                    continue
                if match := pattern.search(copy.text):
                    if rule.unless and rule.unless.search(copy.text):
                        barred.add(number)
                    else:
                        found[number] = Hit(rule, *(copy.span(*match.span()) if on != "context" else (0, 0)))
        return [found[number] for number in sorted(found)]

    def _candidates(self, text: str) -> list[int]:
        """The places of the patterns that can match, in order."""
        grams = {text[at : at + 3] for at in range(len(text) - 2)}
        places = set(self._always)
        for gram in grams & self._by_gram.keys():
            places.update(self._by_gram[gram])
        return sorted(places)


def _copies(text: Prepared, context: Prepared | None) -> Iterator[tuple[Copy, str]]:
    yield text.plain, "plain"
    for loose in text.loose:
        yield loose, "leet"
    if context is not None:
        yield context.plain, "context"


def _applies(rule: Rule, on: str, lang: str) -> bool:
    if rule.lang and lang not in rule.lang:
        return False
    return {"plain": rule.on != "context", "leet": rule.on == "leet", "context": rule.on == "context"}[on]


def holds(rule: Rule, signals: Collection[str]) -> bool:
    """True when the signals of a text allow `rule` to take effect."""
    return rule.not_with.isdisjoint(signals) and all(not wanted.isdisjoint(signals) for wanted in rule.needs)
