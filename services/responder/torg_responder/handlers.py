"""Events in: facts are stored, then the conversations are settled. A fixed number of statements per kind of fact."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from torg_shared.bus.handlers import Handlers
from torg_shared.bus.runner import Group
from torg_shared.events import classifier, ingest, journal
from torg_shared.events.envelope import Event
from torg_shared.work import Work

from .store import facts
from .usecases import settling
from .usecases.rules import Rules

_CHANNEL_EVENTS = (
    ingest.ChannelProposed,
    ingest.ChannelDecided,
    ingest.ChannelActivated,
    ingest.ChannelModeChanged,
    ingest.ChannelSuspended,
    ingest.ChannelClosed,
)
_MESSAGE_EVENTS = (ingest.MessageReceived, ingest.MessageEdited, ingest.MessageDeleted, ingest.MessageOwnSeen)


def groups(rules: Rules) -> Sequence[Group]:
    """The responder's one consumer group."""

    async def handle(events: Sequence[Event], work: Work) -> None:
        await store_facts(events, work)
        conversations = settling.conversations_of(
            [conversation for one in events if (conversation := getattr(one, "conversation_id", None)) is not None]
        )
        if conversations:
            await settling.settle(work, rules, conversations)

    contracts = (
        *_MESSAGE_EVENTS,
        *_CHANNEL_EVENTS,
        classifier.MessageClassified,
        classifier.MessageTriaged,
        journal.ConsultationRequested,
        journal.SaksmappeOpened,
    )
    return [Group("responder", Handlers().on_batch(handle, *contracts))]


async def store_facts(events: Sequence[Event], work: Work) -> None:
    """Write what `events` say, in one statement per kind; of several about one thing the newest is written."""
    conversations = [getattr(one, "conversation_id", None) for one in events]
    await facts.lock_conversations(work.db, [one for one in conversations if one is not None])
    wordings = [one for one in events if isinstance(one, ingest.MessageReceived | ingest.MessageEdited)]
    await _write(work, facts.put_wordings, wordings, "message_id", "message_version", _wording)
    received = [one for one in events if isinstance(one, ingest.MessageReceived)]
    await _write(work, facts.complete, received, "message_id", "message_version", _place)
    deleted = [one for one in events if isinstance(one, ingest.MessageDeleted)]
    await _write(work, facts.put_deleted, deleted, "message_id", "message_version", _identity)
    triaged = [one for one in events if isinstance(one, classifier.MessageTriaged)]
    await _write(work, facts.put_triage, triaged, "message_id", "triage_version", _triage)
    classified = [one for one in events if isinstance(one, classifier.MessageClassified)]
    await _write(work, facts.put_tone, classified, "message_id", "message_version", _tone)
    own = [one for one in events if isinstance(one, ingest.MessageOwnSeen)]
    await _write(work, facts.put_own, own, "own_id", None, _own)
    asked = {
        (one.message_id, one.unit) for one in events if isinstance(one, journal.ConsultationRequested) and one.unit
    }
    if asked:
        await facts.put_consulted(work.db, [{"message_id": message, "unit": unit} for message, unit in sorted(asked)])
    cases = [one for one in events if isinstance(one, journal.SaksmappeOpened)]
    await _write(work, facts.put_case, cases, "message_id", "version", _case)
    channels = [one for one in events if isinstance(one, _CHANNEL_EVENTS)]
    await _write(work, facts.put_channels, channels, "channel_id", "version", _channel)


async def _write(
    work: Work,
    put: Callable[..., Any],
    events: Sequence[Any],
    identity: str,
    version: str | None,
    row: Callable[[Any], Mapping[str, Any]],
) -> None:
    newest: dict[Any, Any] = {}
    for one in events:
        known = newest.get(getattr(one, identity))
        if known is None or version is None or getattr(one, version) >= getattr(known, version):
            newest[getattr(one, identity)] = one
    if newest:
        await put(work.db, [row(one) for one in sorted(newest.values(), key=lambda one: getattr(one, identity).int)])


def _identity(event: Any) -> dict[str, Any]:
    return {"id": event.message_id, "conversation_id": event.conversation_id}


def _wording(event: ingest.MessageReceived | ingest.MessageEdited) -> dict[str, Any]:
    place = _place(event) if isinstance(event, ingest.MessageReceived) else {**_identity(event), "external_id": None}
    return {
        **place,
        "channel_id": event.channel_id,
        "author": event.author.handle,
        "version": event.message_version,
        "text": event.text,
        "lang": None,
        "backfill": isinstance(event, ingest.MessageReceived) and event.backfill,
    }


def _place(event: ingest.MessageReceived) -> dict[str, Any]:
    return {
        **_identity(event),
        "channel_id": event.channel_id,
        "external_id": event.external_id,
        "author": event.author.handle,
    }


def _triage(event: classifier.MessageTriaged) -> dict[str, Any]:
    return {
        **_identity(event),
        "handling": event.handling,
        "secondary": list(event.secondary),
        "flags": list(event.flags),
        "unit": event.unit,
        "topic": event.topic,
        "reply_private": event.reply_private,
        "triage_version": event.triage_version,
        "triaged_at": event.meta.time,
        "lang": event.lang,
    }


def _tone(event: classifier.MessageClassified) -> dict[str, Any]:
    return {**_identity(event), "tone": event.tone, "classified_version": event.message_version}


def _own(event: ingest.MessageOwnSeen) -> dict[str, Any]:
    return {
        "id": event.own_id,
        "conversation_id": event.conversation_id,
        "channel_id": event.channel_id,
        "external_id": event.external_id,
        "parent_external_id": event.parent_external_id,
        "text": event.text,
        "permalink": event.permalink,
        "seen_at": event.created_at or event.detected_at,
    }


def _case(event: journal.SaksmappeOpened) -> dict[str, Any]:
    return {**_identity(event), "saksnummer": event.saksnummer}


def _channel(event: Any) -> dict[str, Any]:
    return {
        "id": event.channel_id,
        "key": event.channel_key,
        "version": event.version,
        "platform": event.platform,
        "account_id": event.account_id,
        "state": event.state,
        "formal_contact": event.formal_contact,
    }
