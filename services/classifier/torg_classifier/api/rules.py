"""The rules in plain Norwegian, for everybody (L-21), and how often people agree with them."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import Query
from starlette.responses import Response
from torg_shared.errors import NotFound
from torg_shared.web import Answer, Command, Instant, Router

from torg_classifier import store
from torg_classifier.domain.builtin import BUILTINS
from torg_classifier.domain.decision import Config
from torg_classifier.domain.rules import Rule
from torg_classifier.rules.loader import Guideline


class Book:
    """All that can be named in a reason, by id, as it is published."""

    def __init__(self, config: Config, guideline: Guideline) -> None:
        self.guideline = guideline
        self.version = config.rules.version
        self._sentence: dict[str, str | None] = {}
        self.told: dict[str, dict[str, Any]] = {}
        for rule in config.rules.rules:
            self._keep(rule.id, rule.section, rule.sentence, rule.explain, _details(rule))
        for one in BUILTINS:
            self._keep(one.id, one.section, one.sentence, {"nb": one.nb, "nn": one.nn}, {"kind": "builtin"})

    def of(self, rule_id: str, section: str) -> str | None:
        return self._sentence.get(rule_id) or self.guideline.quote(section, "")

    def _keep(
        self, rule_id: str, section: str, sentence: str, explain: Mapping[str, str], more: Mapping[str, Any]
    ) -> None:
        quote = self.guideline.quote(section, sentence)
        self._sentence[rule_id] = quote
        self.told[rule_id] = {
            "id": rule_id,
            "section": section,
            "quote": quote,
            "guideline": self.guideline.name,
            "guideline_version": self.guideline.version,
            "rules_version": self.version,
            "explain": dict(explain),
            **more,
        }


def _details(rule: Rule) -> dict[str, Any]:
    effect = rule.effect
    return {
        "kind": "rule",
        "basis": rule.basis,
        "languages": sorted(rule.lang) or None,
        "effect": {
            "handling": effect.handling,
            "speaks": "against" if effect.strength < 0 else "for",
            "alone": abs(effect.strength) >= 2,
            "flags": sorted(effect.flags),
            "ground": effect.ground,
            "urgent": effect.urgent,
        },
        # the words of abuse are not handed to those who would write around them
        "examples": None if rule.summary else {"fits": list(rule.positive), "does_not_fit": list(rule.negative)},
    }


def router(book: Book) -> Router:
    made = Router(tags=["rules"])

    @made.get("/rules", summary="Every rule in plain Norwegian")
    async def rules(command: Command, section: Annotated[str | None, Query(max_length=20)] = None) -> Response:
        items: Sequence[Any] = [one for one in book.told.values() if section is None or one["section"] == section]
        return command.answer(Answer({"items": items, "rules_version": book.version, "next": None}))

    @made.get("/rules/{rule_id}", summary="One rule")
    async def rule(rule_id: str, command: Command) -> Response:
        if rule_id not in book.told:
            raise NotFound("RULE_UNKNOWN", rule_id[:60])
        return command.answer(Answer(book.told[rule_id]))

    @made.get("/statistics", summary="Agreement between proposals and decisions; counts alone")
    async def statistics(
        command: Command,
        since: Annotated[Instant | None, Query()] = None,
        until: Annotated[Instant | None, Query()] = None,
    ) -> Response:
        found = await command.read(lambda work: store.statistics(work.db, since, until))
        return command.answer(Answer(_statistics(found)))

    return made


def _statistics(found: Mapping[str, Any]) -> dict[str, Any]:
    per_handling: dict[str, dict[str, Any]] = {}
    for proposed, decided, count in found["decided"]:
        mine = per_handling.setdefault(proposed, {"decided": 0, "agreed": 0, "changed_to": {}})
        mine["decided"] += count
        if proposed == decided:
            mine["agreed"] += count
        else:
            mine["changed_to"][decided] = count
    return {
        "proposed": found["proposed"],
        "handlings": per_handling,
        "rules": {rule_id: {"decided": all_, "agreed": agreed} for rule_id, (all_, agreed) in found["rules"].items()},
    }
