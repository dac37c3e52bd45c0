"""What detectors and rules see in one text, before anything is decided; and the urgent screening, which stops there."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from torg_shared.personal_data import Span, find

from .decision import Config, Item
from .language import language_of
from .names import Person, people
from .rules import Hit, holds
from .signals import Mood, asks, mood_of, signals_of
from .text import Prepared

CHILD_CONCERN = "legal_request:child_concern"
SENTENCE = re.compile(r"[^.!?\n]+[.!?\n]*")


@dataclass(frozen=True, slots=True)
class Reading:
    """What detectors and rules see in one text."""

    text: Prepared
    lang: str
    dialect: bool
    people: Sequence[Person]
    spans: Sequence[Span]
    mood: Mood
    sentences: Sequence[tuple[bool, Mood]]
    """Of each sentence: whether it asks, and its mood."""
    signals: frozenset[str]
    hits: Sequence[Hit]


def read(item: Item, config: Config) -> Reading:
    """One text, read: language, persons, values, mood, and the rules whose conditions it meets."""
    words = config.lexicon
    text = Prepared(item.text or "")
    context = Prepared(item.context) if item.context else None
    language = language_of(text.folded.text, config.identify)
    lang = item.lang_hint if language.code == "und" and item.lang_hint in {"nb", "nn"} else language.code
    persons = people(text.cased.text, words.first_names, words.surnames, words.no_names)
    mood = mood_of(text.plain.text, words.positive, words.negative, words.negation)
    signals = signals_of(text.plain.text, persons, mood, context is not None)
    matched = config.rules.hits(text, context, lang)
    for hit in matched:  # rules that only see: what they mark, others may ask for
        if not hit.rule.needs and not hit.rule.not_with:
            signals |= hit.rule.effect.marks
    for hit in matched:
        if hit.rule.effect.marks and holds(hit.rule, signals):
            signals |= hit.rule.effect.marks
    return Reading(
        text,
        lang,
        language.dialect,
        persons,
        find(item.text or ""),
        mood,
        [
            (asks(one), mood_of(one, words.positive, words.negative, words.negation))
            for one in SENTENCE.findall(text.plain.text[:8000])
        ],
        frozenset(signals),
        [hit for hit in matched if holds(hit.rule, signals)],
    )


def urgent_category(found: Reading) -> str | None:
    categories = [hit.rule.effect.urgent for hit in found.hits if hit.rule.effect.urgent]
    concern = any(CHILD_CONCERN in hit.rule.effect.flags for hit in found.hits)
    if concern:
        return "child_danger" if categories else "child"
    order = ("self_harm", "fire", "violence", "child_danger", "life", "hazard")
    return min(categories, key=order.index) if categories else None


def alert_of(item: Item, config: Config) -> tuple[str, Sequence[str]] | None:
    """The urgent screening, with deterministic rules only (2.6 h): the category and the rules, None for no alert."""
    found = read(item, config)
    category = urgent_category(found)
    if category is None:
        return None
    rules = [hit.rule.id for hit in found.hits if hit.rule.effect.urgent or CHILD_CONCERN in hit.rule.effect.flags]
    return category, rules


def rules_that_fail(config: Config) -> list[str]:
    """Each rule's own texts: what must fit and does not, what must not and does. Empty when all rules hold."""
    failed = []
    for rule in config.rules.rules:
        for text, fits in [*((one, True) for one in rule.positive), *((one, False) for one in rule.negative)]:
            hit = any(one.rule.id == rule.id for one in read(Item(text), config).hits)
            if hit != fits:
                failed.append(f"{rule.id} {'passer ikke på' if fits else 'passer på'}: {text}")
    return failed
