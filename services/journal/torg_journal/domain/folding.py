"""From facts to messages: never looks at the order in which the facts came."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from .facts import (
    ACKNOWLEDGED,
    CAPTURED,
    CASE_WANTED,
    CLAIM_RELEASED,
    CLAIM_TAKEN,
    CLASSIFIED,
    CLOSED,
    DELETED,
    EDITED,
    MISMATCH,
    NOTAT_WANTED,
    PUBLISHED,
    RECEIVED,
    REOPENED,
    SNAPSHOT,
    TRIAGED,
    URGENT,
    Acknowledgement,
    Decision,
    Fact,
    Medium,
    Message,
    Published,
    Received,
    Reply,
    Turn,
    Urgency,
    Wanted,
    Wording,
)

_REPLY = "reply."


def messages_of(facts: Iterable[Fact]) -> tuple[Message, ...]:
    """The messages that `facts` of one conversation speak of, oldest first (then by id)."""
    by_message: dict[UUID, list[Fact]] = defaultdict(list)
    for fact in facts:
        if fact.message_id is not None:
            by_message[fact.message_id].append(fact)
    found = [_message(message_id, told) for message_id, told in by_message.items()]
    return tuple(sorted(found, key=lambda one: (one.received is None, _received_at(one), one.message_id)))


def _received_at(one: Message) -> float:
    return one.received.at.timestamp() if one.received else 0.0


def _message(message_id: UUID, facts: Sequence[Fact]) -> Message:
    kinds: dict[str, list[Fact]] = defaultdict(list)
    for fact in sorted(facts, key=lambda one: (one.version, one.event_id)):
        kinds[fact.kind].append(fact)
    received = kinds[RECEIVED][-1] if kinds[RECEIVED] else None
    triages, held_back = _without_hole(kinds[TRIAGED])
    waiting = [(one.seen_at, f"{one.kind}: an earlier triage") for one in held_back]
    if received is None:
        waiting += [(min(one.seen_at for one in facts), "message.received")]
    wordings = {one.version: _wording(one) for one in (*kinds[RECEIVED], *kinds[EDITED])}
    waiting += [
        (one.at, f"version {one.message_version}")
        for one in triages
        if one.message_version not in wordings and received
    ]
    claims = sorted((*kinds[CLAIM_TAKEN], *kinds[CLAIM_RELEASED]), key=lambda one: (one.at, one.event_id))
    held = claims[-1] if claims and claims[-1].kind == CLAIM_TAKEN else None
    return Message(
        message_id=message_id,
        conversation_id=facts[0].conversation_id,
        received=_received(received) if received else None,
        wordings=wordings,
        deleted_at=_instant(kinds[DELETED][0].data, "deleted_at", "detected_at") if kinds[DELETED] else None,
        proposals=tuple(_decision(one, 0) for one in kinds[CLASSIFIED]),
        triages=triages,
        urgencies=tuple(Urgency(one.data["category"], one.at) for one in kinds[URGENT]),
        acknowledgements=tuple(
            Acknowledgement(one.at, bool(one.data.get("handed_over"))) for one in _in_time(kinds[ACKNOWLEDGED])
        ),
        replies=_replies([one for kind, told in kinds.items() if kind.startswith(_REPLY) for one in told]),
        media={
            one.subject: tuple(Medium(m["sha256"], m["mime"]) for m in one.data.get("media", ()))
            for one in kinds[SNAPSHOT]
        },
        turns=tuple(_turn(one) for one in _in_time([*kinds[CLOSED], *kinds[REOPENED]])),
        case_wanted=tuple(Wanted(one.at, one.data["message_version"]) for one in kinds[CASE_WANTED]),
        notat_wanted=tuple(Wanted(one.at, one.data["message_version"]) for one in kinds[NOTAT_WANTED]),
        claim_holder=held.data["holder"] if held else None,
        claim_until=_instant(held.data, "until") if held else None,
        waiting=tuple(waiting),
    )


def _in_time(facts: Iterable[Fact]) -> list[Fact]:
    return sorted(facts, key=lambda one: (one.at, one.version, one.event_id))


def _without_hole(facts: Sequence[Fact]) -> tuple[tuple[Decision, ...], list[Fact]]:
    """Triages count from 1; one whose forerunner has not come yet waits, so that history has one reading only."""
    found: list[Decision] = []
    for position, fact in enumerate(facts, 1):
        if fact.version != position:
            return tuple(found), list(facts[position - 1 :])
        found.append(_decision(fact, fact.version))
    return tuple(found), []


def _received(fact: Fact) -> Received:
    data = fact.data
    return Received(
        channel_id=UUID(data["channel_id"]),
        platform=data["platform"],
        kind=data["kind"],
        external_id=data["external_id"],
        permalink=data.get("permalink"),
        parent_id=UUID(data["parent_id"]) if data.get("parent_id") else None,
        backfill=bool(data.get("backfill")),
        at=_instant(data, "received_at"),
        note=data.get("received_note"),
    )


def _wording(fact: Fact) -> Wording:
    data = fact.data
    author = data.get("author") or {}
    return Wording(
        version=fact.version,
        text=data.get("text"),
        author_handle=author.get("handle"),
        author_name=author.get("display_name"),
        snapshot_id=UUID(data["snapshot_id"]),
        sha256=data["sha256"],
        at=_instant(data, "detected_at", "received_at"),
    )


def _decision(fact: Fact, triage_version: int) -> Decision:
    data = fact.data
    return Decision(
        triage_version=triage_version,
        message_version=data["message_version"],
        handling=data["handling"],
        secondary=tuple(data.get("secondary", ())),
        flags=frozenset(data.get("flags", ())),
        reply_duty=data["reply_duty"],
        reply_private=bool(data.get("reply_private")),
        record_class=data["record_class"],
        topic=data.get("topic"),
        unit=data["unit"],
        lang=data["lang"],
        ground=data.get("ground"),
        at=fact.at,
        by=fact.by,
        data=data,
    )


def _replies(facts: Iterable[Fact]) -> tuple[Reply, ...]:
    by_reply: dict[UUID, list[Fact]] = defaultdict(list)
    for fact in facts:
        by_reply[fact.subject].append(fact)
    found = [_reply(reply_id, told) for reply_id, told in by_reply.items()]
    return tuple(sorted(found, key=lambda one: (one.published.at if one.published else one.at, one.reply_id)))


def _reply(reply_id: UUID, facts: list[Fact]) -> Reply:
    facts.sort(key=lambda one: (one.version, one.event_id))
    last = facts[-1]
    out = next((one for one in facts if one.kind in (PUBLISHED, CAPTURED)), None)
    differs = [one for one in facts if one.kind == MISMATCH]
    return Reply(
        reply_id=reply_id,
        kind=(out or last).data["kind"],
        visibility=(out or last).data["visibility"],
        version=last.version,
        state=last.kind.removeprefix(_REPLY),
        at=last.at,
        published=_published(out) if out else None,
        found_text=differs[-1].data["published_text"] if differs else None,
    )


def _published(fact: Fact) -> Published:
    data = fact.data
    return Published(
        text=data["text"],
        permalink=data.get("permalink"),
        at=_instant(data, "published_at"),
        captured=fact.kind == CAPTURED,
        by=data.get("published_by") or fact.by.id,
        binding_sha256=data.get("binding_sha256"),
    )


def _turn(fact: Fact) -> Turn:
    data = fact.data
    return Turn(
        closed=fact.kind == CLOSED,
        at=fact.at,
        by=fact.by,
        reason=data["reason"],
        version=fact.version,
        legal_outcome=data.get("legal_outcome"),
    )


def _instant(data: Mapping[str, Any], *names: str) -> datetime:
    """The first of `names` that is there. Raises `KeyError` when none is."""
    for name in names:
        if data.get(name):
            found = data[name]
            return found if isinstance(found, datetime) else datetime.fromisoformat(found)
    raise KeyError(names[0])
