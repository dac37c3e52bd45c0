"""How decisions look from outside: with the guideline's sentence beside every reason, and values masked."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, Protocol

from torg_shared.personal_data import mask

from torg_classifier import store
from torg_classifier.domain.facets import needs_human

_MOST_SHOWN = 120


class Quotes(Protocol):
    """What the guideline says about a rule."""

    def of(self, rule_id: str, section: str) -> str | None:
        """The sentence that the rule stands on, else the section's first."""


def with_reasons(told: Mapping[str, Any], text: str | None, quotes: Quotes) -> dict[str, Any]:
    """A decision whose reasons quote the guideline and show the matched words, masked."""
    shown = dict(told)
    shown["reasons"] = [
        dict(one)
        | {
            "quote": quotes.of(one["rule_id"], one["section"]),
            "matched": _matched(text, one["start"], one["end"]),
        }
        for one in told["reasons"]
    ]
    shown["section"] = shown["reasons"][0]["section"] if shown["reasons"] else None
    return shown


def _matched(text: str | None, start: int | None, end: int | None) -> str | None:
    if text is None or start is None or end is None or end <= start:
        return None
    # masked in the whole text first: a span may begin in the middle of a number
    return (
        mask(text[max(0, start - 40) : end + 40])[: _MOST_SHOWN + 80]
        if end - start > _MOST_SHOWN
        else _cut(text, start, end)
    )


def _cut(text: str, start: int, end: int) -> str:
    whole, part = mask(text), text[start:end]
    return part if part in whole else mask(part)


def classified(one: store.Classified, text: str | None, quotes: Quotes) -> dict[str, Any]:
    return {
        "classification_id": one.id,
        "message_id": one.message_id,
        "message_version": one.message_version,
        "classified_at": one.classified_at,
        **with_reasons(one.decision, text, quotes),
    }


def triaged(one: store.Triaged) -> dict[str, Any]:
    told = asdict(one.triage)
    record = told.pop("record")
    return {
        **told,
        **record,
        "needs_human": needs_human(one.triage.handling, one.triage.flags),
        "by_id": one.actor_id,
        "by_role": one.actor_role,
        "triaged_at": one.triaged_at,
    }


def alert(one: store.Alert) -> dict[str, Any]:
    return {
        "id": one.id,
        "message_id": one.message_id,
        "message_version": one.message_version,
        "category": one.category,
        "rule_ids": list(one.rule_ids),
        "raised_at": one.raised_at,
        "attempts": one.attempts,
        "next_at": None if one.acknowledged_at else one.next_at,
        "escalated_at": one.escalated_at,
        "acknowledged_at": one.acknowledged_at,
        "acknowledged_by": one.acknowledged_by,
        "action": one.action,
        "handed_over": one.handed_over,
    }
