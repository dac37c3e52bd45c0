"""From wordings to proposals: classify, keep, alert, and what follows by rule alone."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from torg_shared.events.classifier import Alternative, MessageClassified, UrgentRaised
from torg_shared.events.classifier import Reason as ReasonTold
from torg_shared.events.ingest import MessageEdited, MessageReceived
from torg_shared.ids import uuid7
from torg_shared.work import Work

from torg_classifier import store
from torg_classifier.domain.decide import classify_many, may_pass
from torg_classifier.domain.decision import Config, Decision, Item, Model
from torg_classifier.domain.reading import alert_of
from torg_classifier.domain.triage import by_rule

from . import triage

Wording = MessageReceived | MessageEdited
_LETTERS_INLINE = 3_000  # about 5 ms: longer work would hold up the event loop


@dataclass(frozen=True, slots=True)
class Classifier:
    """The rules, the model when there is one, and how soon an alert repeats."""

    config: Config
    model: Model | None
    repeat: timedelta


async def decide_all(classifier: Classifier, items: Sequence[Item]) -> list[Decision]:
    """The decisions for `items`, off the event loop when they are long."""
    if sum(len(item.text or "") + 30 for item in items) <= _LETTERS_INLINE:
        return classify_many(items, classifier.config, classifier.model)
    return await asyncio.to_thread(classify_many, items, classifier.config, classifier.model)


async def classify(work: Work, classifier: Classifier, wordings: Sequence[Wording]) -> None:
    """Propose a handling for every wording; a newer one leaves the earlier triage standing (2.6 g)."""
    decisions = await decide_all(classifier, [_item(one) for one in wordings])
    kept = await store.keep_messages(work.db, _messages(wordings, work))
    rows: list[Mapping[str, Any]] = []
    due: list[tuple[Wording, str, Sequence[str]]] = []
    for wording, decision in zip(wordings, decisions, strict=True):
        rows.append(_row(wording, decision, work))
        work.publish(_event(wording, rows[-1]["id"], decision), cause=wording)
        if decision.urgent and not kept[wording.message_id].backfill:
            due.append((wording, decision.urgent, [one.rule_id for one in decision.reasons]))
    await store.add_classifications(work.db, rows)
    await _alert(work, classifier, due)
    passing = {
        wording.message_id: by_rule(triage.proposal_of_decision(decision, wording.message_version))
        for wording, decision in zip(wordings, decisions, strict=True)
        if may_pass(decision, classifier.config) and kept[wording.message_id].version == wording.message_version
    }
    await triage.settle(work, kept, passing)


async def screen(work: Work, classifier: Classifier, wordings: Sequence[Wording]) -> None:
    """The urgent screening alone: deterministic rules, no model, no queue before it (2.6 h, INV-22)."""

    def look() -> list[tuple[Wording, str, Sequence[str]]]:
        found = []
        for wording in wordings:
            if isinstance(wording, MessageReceived) and wording.backfill:
                continue  # B-33: the first synchronisation alarms nobody
            alert = alert_of(_item(wording), classifier.config)
            if alert:
                found.append((wording, *alert))
        return found

    long = sum(len(one.text or "") + 30 for one in wordings) > _LETTERS_INLINE
    await _alert(work, classifier, await asyncio.to_thread(look) if long else look())


async def _alert(work: Work, classifier: Classifier, due: Sequence[tuple[Wording, str, Sequence[str]]]) -> None:
    rows = {
        (wording.message_id, wording.message_version): {
            "id": uuid7(),
            "message_id": wording.message_id,
            "message_version": wording.message_version,
            "conversation_id": wording.conversation_id,
            "channel_id": wording.channel_id,
            "category": category,
            "rule_ids": list(rules),
            "raised_at": work.now,
            "next_at": work.now,
            "attempts": 0,
            "handed_over": False,
        }
        for wording, category, rules in sorted(due, key=lambda one: (one[0].message_id, one[0].message_version))
    }
    raised = await store.raise_alerts(work.db, list(rows.values()))
    for wording, category, rules in due:
        key = (wording.message_id, wording.message_version)
        if key in raised:
            raised.discard(key)
            work.publish(
                UrgentRaised(
                    message_id=wording.message_id,
                    conversation_id=wording.conversation_id,
                    message_version=wording.message_version,
                    category=category,
                    rule_ids=tuple(rules),
                ),
                cause=wording,
            )


def _item(wording: Wording) -> Item:
    if isinstance(wording, MessageReceived):
        return Item(
            text=wording.text,
            kind=wording.kind,
            lang_hint=wording.lang_hint,
            attachments=len(wording.attachments),
        )
    return Item(text=wording.text)


def _messages(wordings: Sequence[Wording], work: Work) -> list[store.Message]:
    """One row per message, by id: the newest wording of the batch with what only the first sight tells."""
    newest: dict[UUID, Wording] = {}
    first: dict[UUID, MessageReceived] = {}
    for one in wordings:
        if one.message_id not in newest or one.message_version >= newest[one.message_id].message_version:
            newest[one.message_id] = one
        if isinstance(one, MessageReceived):
            first[one.message_id] = one
    rows = []
    for message_id, one in sorted(newest.items()):
        seen = first.get(message_id)
        rows.append(
            store.Message(
                id=message_id,
                conversation_id=one.conversation_id,
                channel_id=one.channel_id,
                version=one.message_version,
                text=one.text,
                kind=seen.kind if seen else None,
                backfill=bool(seen and seen.backfill),
                received_at=seen.received_at if seen else None,
                state_version=1,
                changed_by=work.actor.id,
                changed_at=work.now,
            )
        )
    return rows


def _row(wording: Wording, decision: Decision, work: Work) -> Mapping[str, Any]:
    return {
        "id": uuid7(),
        "message_id": wording.message_id,
        "message_version": wording.message_version,
        "handling": decision.handling,
        "unit": decision.unit,
        "rule_ids": sorted({one.rule_id for one in decision.reasons}),
        "decision": told(decision),
        "classified_at": work.now,
    }


def told(decision: Decision) -> dict[str, Any]:
    """A decision as it is stored and shown: codes, numbers and offsets, never a word of the text."""
    content = asdict(decision)
    content["alternatives"] = [{"handling": handling, "p": p} for handling, p in decision.alternatives]
    return content


def _event(wording: Wording, classification_id: UUID, decision: Decision) -> MessageClassified:
    return MessageClassified(
        message_id=wording.message_id,
        conversation_id=wording.conversation_id,
        message_version=wording.message_version,
        classification_id=classification_id,
        handling=decision.handling,
        alternatives=tuple(Alternative(handling=handling, p=p) for handling, p in decision.alternatives),
        secondary=tuple(decision.secondary),
        flags=tuple(decision.flags),
        reply_duty=decision.reply_duty,
        reply_private=decision.reply_private,
        record_class=decision.record_class,
        ground=decision.ground,
        sentiment=decision.sentiment,
        tone=decision.tone,
        length=decision.length,
        lang=decision.lang,
        topic=decision.topic,
        unit=decision.unit,
        confidence=decision.confidence,
        needs_human=decision.needs_human,
        needs_triage=decision.needs_triage,
        triage_reasons=tuple(decision.triage_reasons),
        reasons=tuple(
            ReasonTold(rule_id=one.rule_id, section=one.section, start=one.start, end=one.end, effect=one.effect)
            for one in decision.reasons
        ),
        rules_version=decision.rules_version,
        model_version=decision.model_version,
        guideline_version=decision.guideline_version,
    )
