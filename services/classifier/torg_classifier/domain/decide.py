"""From a text to a decision: detectors, rules, order of decision, implications, facets (requirements 2.4 to 2.6)."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from torg_shared.personal_data import PERSONAL

from .decision import Config, Decision, Item, Model, Opinion, Reason
from .facets import (
    LEGAL,
    ORDER,
    SECTION,
    Handling,
    ground_of,
    imply,
    needs_human,
    prefilled,
    record_class,
    reply_duty,
)
from .reading import CHILD_CONCERN, SENTENCE, Reading, read, urgent_category
from .signals import Mood, length_of, tone_of, topic_of, whose

_FITS = 2
_MOODS: tuple[Handling, ...] = ("answer_criticism", "thank", "none_needed")
_ROUTES: tuple[Handling, ...] = ("refer_politics", "redirect_formal", "open_case", "archive_only", "answer")
_FLAG_ORDER = [
    "urgent",
    "threat",
    "hate",
    "exposure",
    "harassment",
    "national_id",
    "personal_data",
    "sensitive",
    "named_person",
    "fact_error",
    "legal_request:access",
    "legal_request:complaint",
    "legal_request:privacy",
    "legal_request:child_concern",
    "spam",
    "irony",
    "mixed_intent",
    "dialect",
]
_RESIDENCE = re.compile(r"\b(?:bor|bur|budde|bodde|adress\w*|heime|hjemme|flytt\w*|huset|døra|ring på|besøk\w*)\b")


def classify(item: Item, config: Config, model: Model | None = None) -> Decision:
    """`classify_many` of one."""
    return classify_many([item], config, model)[0]


def classify_many(items: Sequence[Item], config: Config, model: Model | None = None) -> list[Decision]:
    """One decision per item. Pure: the same item, configuration and model give the same decision, in any company."""
    opinions: Sequence[Opinion | None] = model.opinions(items) if model else [None] * len(items)
    version = model.version if model else None
    return [_decide(item, config, opinion, version) for item, opinion in zip(items, opinions, strict=True)]


@dataclass(slots=True)
class _Draft:
    """A decision in the making."""

    flags: set[str]
    scores: Counter[Handling]
    grounds: list[str]
    reasons: list[Reason]
    own_data: bool = False
    others_data: bool = False


def _decide(item: Item, config: Config, opinion: Opinion | None, model_version: str | None) -> Decision:
    found = read(item, config)
    draft = _Draft(set(), Counter(), [], [])
    _take_data(found, draft)
    _take_hits(found, draft)
    if any(one.kind == "name" for one in found.people):
        draft.flags.add("named_person")
    if found.dialect and found.lang == "nb":
        draft.flags.add("dialect")
    category = urgent_category(found)
    if category not in (None, "child"):
        draft.flags.add("urgent")

    handling, confidence = _primary(found, draft, opinion)
    handling, flags = imply(handling, draft.flags)
    if "urgent" in flags and handling != "remove":
        handling, confidence = "open_case", 0.9
    secondary = _secondary(handling, found, draft)
    if secondary or _is_mixed(handling, found):
        flags |= {"mixed_intent"}

    record = prefilled(handling, flags)
    alternatives = _alternatives(handling, confidence, draft, opinion)
    human = needs_human(handling, flags)
    topic = topic_of(found.text.plain.text, config.lexicon.topics)
    why = _triage_reasons(item, found, config, opinion, handling, flags, secondary, alternatives, human)
    return Decision(
        handling=handling,
        alternatives=alternatives,
        secondary=secondary,
        flags=[flag for flag in _FLAG_ORDER if flag in flags],
        reply_duty=reply_duty(handling, secondary, flags, own_data=draft.own_data),
        reply_private=_is_private(handling, flags, secondary, draft, category),
        record_class=record_class(handling, secondary, flags, record),
        record=record,
        ground=(ground_of(flags, draft.grounds) if handling == "remove" else "SPAM" if "spam" in flags else None),
        urgent=category,
        sentiment=_sentiment(handling, found.mood, opinion),
        tone=_tone(found, opinion),
        length=length_of(item.text or ""),
        lang=found.lang,
        topic=topic,
        unit=_unit(handling, flags, topic, config),
        confidence=alternatives[0][1],
        needs_human=human,
        needs_triage=bool(why),
        triage_reasons=why,
        reasons=_with_handling(handling, draft.reasons),
        rules_version=config.rules.version,
        model_version=model_version,
        guideline_version=config.guideline_version,
    )


def _take_data(found: Reading, draft: _Draft) -> None:
    """Detectors: id numbers, contact data and addresses, and whose they are (classifier.md 3 and 7.3)."""
    copy = found.text.plain
    plain = copy.text
    for span in found.spans:
        if span.kind not in PERSONAL:
            continue
        start = next((at for at, place in enumerate(copy.places) if place >= span.start), len(plain))
        owner = whose(plain, start, found.people)
        if span.kind == "address" and not (_RESIDENCE.search(plain) and owner != "unknown"):
            continue  # a place where a lamp is dark is nobody's home
        if owner == "unknown" and span.kind in {"phone", "email"} and "spam" in found.signals:
            continue
        draft.flags.add("personal_data")
        if span.kind == "national_id":
            draft.flags.add("national_id")
        if owner == "other":
            draft.flags.add("exposure")
            draft.grounds.append("PERSONDATA")
            draft.others_data = True
            draft.scores["remove"] += _FITS
        elif span.kind in {"national_id", "id_like"}:
            draft.own_data = True
        draft.reasons.append(
            Reason(
                f"DETECTOR-{span.kind.upper().replace('_', '-')}",
                "3.1.2" if owner == "other" else "4.2",
                span.start,
                span.end,
                owner,
            )
        )


def _take_hits(found: Reading, draft: _Draft) -> None:
    for hit in found.hits:
        effect = hit.rule.effect
        draft.flags |= effect.flags
        if effect.handling:
            draft.scores[effect.handling] += effect.strength
        if effect.ground:
            draft.grounds.append(effect.ground)
        if effect.handling or effect.flags or effect.urgent:
            told = effect.handling or ",".join(sorted(effect.flags)) or f"urgent:{effect.urgent}"
            draft.reasons.append(Reason(hit.rule.id, hit.rule.section, hit.start, hit.end, told))
    if "own_sensitive" in found.signals:
        draft.own_data = True


def _primary(found: Reading, draft: _Draft, opinion: Opinion | None) -> tuple[Handling, float]:
    """The first in the order of decision that fits; else by question and mood."""
    if draft.scores["remove"] >= _FITS or not {"threat", "hate", "exposure", "harassment"}.isdisjoint(draft.flags):
        return "remove", 0.85 if draft.scores["remove"] > _FITS else 0.75
    if "spam" in draft.flags:
        return "none_needed", 0.8
    for handling in _ROUTES:
        if draft.scores[handling] >= _FITS:
            return handling, 0.8 if draft.scores[handling] > _FITS else 0.7
    if opinion is not None:
        best = max(ORDER, key=lambda one: (opinion.handling[one], -ORDER.index(one)))
        return best, opinion.handling[best]
    return _by_mood(found, draft)


def _by_mood(found: Reading, draft: _Draft) -> tuple[Handling, float]:
    """What no route of the guideline takes: a question is answered, blame tried, praise thanked for."""
    mood = found.mood
    # «Helsike så kaldt badevatnet var 😂»: an oath without a target
    is_oath = "laugh" in found.signals and mood.negative == 1
    proposed = [one for one in _MOODS if draft.scores[one] >= _FITS]
    choices: tuple[tuple[bool, Handling, float], ...] = (
        (not found.text.plain.text.strip(), "none_needed", 0.3),
        (bool(proposed), proposed[0] if proposed else "none_needed", 0.65),
        ("condemn" in found.signals, "none_needed", 0.5),
        ("question" in found.signals and "rhetorical" not in found.signals, "answer", 0.5),
        (mood.sentiment < 0 and is_oath, "none_needed", 0.5),
        (mood.sentiment < 0, "answer_criticism", 0.65 if mood.negative > 1 else 0.6),
        (mood.sentiment > 0, "thank", 0.7 if mood.positive > 1 else 0.62),
    )
    return next(((handling, sure) for fits, handling, sure in choices if fits), ("none_needed", 0.5))


def _secondary(handling: Handling, found: Reading, draft: _Draft) -> list[Handling]:
    """Further enquiries in other sentences than the primary's; under a `remove`, any enquiry (2.6 a)."""
    if handling in {"thank", "answer_criticism", "none_needed", "archive_only"}:
        return []
    of: dict[Handling, set[int]] = {}
    for hit in found.hits:
        if hit.rule.effect.handling and hit.rule.effect.strength > 0:
            of.setdefault(hit.rule.effect.handling, set()).add(_sentence(found, hit.start))
    mine = of.get(handling, set())
    others: list[Handling] = []
    for one in ("refer_politics", "redirect_formal", "open_case", "answer"):
        if one == handling or draft.scores[one] < _FITS:
            continue
        if handling == "remove" or of.get(one, set()) - mine:
            others.append(one)
    if handling == "remove":
        return others[:1]
    if handling in {"open_case", "redirect_formal"} and any(
        mood.sentiment > 0 for place, (asking, mood) in enumerate(found.sentences) if not asking and place not in mine
    ):
        others.append("thank")
    return others[:2]


def _is_mixed(handling: Handling, found: Reading) -> bool:
    """A question beside praise or blame in another sentence (classifier.md 3, first row)."""
    if handling not in {"answer", "open_case", "redirect_formal", "refer_politics"} or "urgent" in found.signals:
        return False
    return any(asking for asking, _ in found.sentences) and any(
        mood.sentiment != 0 for asking, mood in found.sentences if not asking
    )


def _sentence(found: Reading, place: int) -> int:
    """The number of the sentence at `place` of the original, as `SENTENCE` divides it."""
    ends = [match.end() for match in SENTENCE.finditer(found.text.original[:8000])]
    return next((number for number, end in enumerate(ends) if place < end), len(ends))


def _alternatives(
    handling: Handling, confidence: float, draft: _Draft, opinion: Opinion | None
) -> list[tuple[Handling, float]]:
    """The proposal and what stands next to it, with probabilities that sum to at most one."""
    left = 1 - confidence
    if opinion is not None:
        rest = {one: opinion.handling[one] for one in ORDER if one != handling}
    else:
        rest = {one: float(max(draft.scores[one], 0)) for one in ORDER if one != handling}
        if handling == "answer":
            rest["open_case"] += 1
        if handling == "open_case":
            rest["answer"] += 0.5
        if handling == "redirect_formal":
            rest["open_case"] += 0.5
    total = sum(rest.values())
    told = [(one, round(left * share / (total + 1), 4)) for one, share in rest.items() if share > 0]
    told.sort(key=lambda pair: (-pair[1], ORDER.index(pair[0])))
    return [(handling, round(confidence, 4)), *told[:3]]


def _triage_reasons(
    item: Item,
    found: Reading,
    config: Config,
    opinion: Opinion | None,
    handling: Handling,
    flags: Iterable[str],
    secondary: Sequence[Handling],
    alternatives: Sequence[tuple[Handling, float]],
    human: bool,
) -> list[str]:
    """Why a person is asked (classifier.md 7.6), in a fixed order; empty when nobody has to be."""
    limits, flags = config.thresholds, set(flags)
    best = alternatives[0][1]
    second = alternatives[1][1] if len(alternatives) > 1 else 0.0
    text = found.text.plain.text.strip()
    checks = (
        ("needs_human", human),
        ("legal_request", not flags.isdisjoint(LEGAL)),
        ("irony", "irony" in flags),
        ("low_confidence", best < limits.sure),
        ("small_margin", best - second < limits.margin),
        (
            "rule_and_model_disagree",
            opinion is not None and max(opinion.handling, key=opinion.handling.__getitem__) != handling,
        ),
        ("remove_suspected", handling != "remove" and opinion is not None and opinion.remove >= limits.remove_queue),
        ("urgent_suspected", "urgent" not in flags and opinion is not None and opinion.urgent >= limits.urgent_queue),
        ("unknown_language", found.lang in {"se", "da", "sv"} or (found.lang == "und" and len(text) >= 15)),
        ("several_enquiries", bool(secondary)),
        ("attachment_without_text", not text and item.attachments > 0),
        ("no_text", not text and item.attachments == 0),
        ("id_like_number", any(span.kind == "id_like" for span in found.spans)),
    )
    return [name for name, holds_true in checks if holds_true]


def _is_private(
    handling: Handling, flags: Iterable[str], secondary: Sequence[Handling], draft: _Draft, category: str | None
) -> bool:
    """True when the answer does not belong in public: own data told, danger to the writer, an enquiry under a hide."""
    flags = set(flags)
    private = {"sensitive", "national_id", "legal_request:privacy", CHILD_CONCERN}
    return bool(draft.own_data or flags & private or category == "self_harm" or (handling == "remove" and secondary))


def _sentiment(handling: Handling, mood: Mood, opinion: Opinion | None) -> int:
    forced = {"remove": -1, "answer_criticism": -1, "thank": 1}.get(handling)
    if forced is not None:
        return forced
    return opinion.sentiment if opinion is not None and opinion.sentiment is not None else mood.sentiment


def _tone(found: Reading, opinion: Opinion | None) -> str:
    return opinion.tone if opinion is not None and opinion.tone is not None else tone_of(found.text.plain.text)


def _unit(handling: Handling, flags: Iterable[str], topic: str | None, config: Config) -> str:
    """G-07: the front line owns what no topic gives to another; politics goes to its secretariat (4.1)."""
    words = config.lexicon
    if handling == "refer_politics":
        return words.politics
    if CHILD_CONCERN in set(flags):
        return words.unit_of.get("barnevern", words.front_line)
    if handling in {"open_case", "redirect_formal"} and topic is not None:
        return words.unit_of.get(topic, words.front_line)
    return words.front_line


def _with_handling(handling: Handling, reasons: Sequence[Reason]) -> list[Reason]:
    """The reasons by place; the section that the handling stands on comes first when no rule led to it."""
    ordered = sorted(reasons, key=lambda one: (one.start or 0, one.rule_id))
    if any(one.effect == handling for one in ordered):
        return ordered
    section = SECTION[handling][0]
    return [Reason(f"ORDER-{handling.upper().replace('_', '-')}", section, None, None, handling), *ordered]


def may_pass(decision: Decision, config: Config) -> bool:
    """Requirements 2: `answer`, `thank` and `none_needed` may be confirmed by rule above their threshold."""
    needed = config.thresholds.passes.get(decision.handling)
    allowed = decision.handling in {"answer", "thank", "none_needed"}
    return bool(
        allowed
        and needed is not None
        and decision.confidence >= needed
        and not decision.needs_human
        and not decision.needs_triage
    )
