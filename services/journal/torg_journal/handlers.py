"""Events in: each becomes a fact of its conversation, then the conversation is settled."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from torg_shared.bus.handlers import Handlers
from torg_shared.bus.runner import Group
from torg_shared.events import classifier, ingest, responder
from torg_shared.events.envelope import Event
from torg_shared.work import Work

from torg_journal.domain.facts import By, Fact
from torg_journal.domain.house import House
from torg_journal.usecases import channels, settling

GROUP = "journal"
# What an event is about, and in which of its versions: two sayings about one version are one fact
_ABOUT: dict[type[Event], tuple[str, str]] = {
    ingest.MessageReceived: ("message_id", "message_version"),
    ingest.MessageEdited: ("message_id", "message_version"),
    ingest.MessageDeleted: ("message_id", "message_version"),
    ingest.SnapshotTaken: ("snapshot_id", "message_version"),
    classifier.MessageClassified: ("classification_id", "message_version"),
    classifier.MessageTriaged: ("message_id", "triage_version"),
}
_REPLIES: tuple[type[Event], ...] = (
    responder.ReplyDrafted,
    responder.ReplyChecked,
    responder.ReplyApprovalRequested,
    responder.ReplyApproved,
    responder.ReplyReturned,
    responder.ReplyHeld,
    responder.ReplyApprovalRetired,
    responder.ReplyDiscarded,
    responder.ReplyReleased,
    responder.ReplyUndone,
    responder.ReplyPublished,
    responder.ReplyCaptured,
    responder.ReplyVerified,
    responder.ReplyMismatch,
    responder.ReplySendDeferred,
    responder.ReplyRejected,
    responder.ReplyOutcomeUnknown,
    responder.ReplyResolved,
    responder.ReplyWithdrawn,
)
# Said without a version: each alarm and acknowledgement counts, of claims the last one
_EACH: tuple[type[Event], ...] = (classifier.UrgentRaised, classifier.UrgentAcknowledged)
_LAST: tuple[type[Event], ...] = (responder.ClaimTaken, responder.ClaimReleased)
_CHANNELS: tuple[type[Event], ...] = (
    ingest.ChannelProposed,
    ingest.ChannelDecided,
    ingest.ChannelActivated,
    ingest.ChannelModeChanged,
    ingest.ChannelSuspended,
    ingest.ChannelClosed,
)


def fact_of(event: Event, seen_at: datetime) -> Fact:
    """What `event` says, as a fact."""
    data: dict[str, Any] = event.model_dump(mode="json", exclude_none=True)
    meta = event.meta
    contract = type(event)
    if contract in _EACH:
        subject, version = meta.id, 0
    elif contract in _LAST:
        subject, version = UUID(data["message_id"]), 0
    else:
        about, counter = _ABOUT.get(contract, ("reply_id", "version"))
        subject, version = UUID(data[about]), data[counter]
    return Fact(
        kind=event.TYPE.rpartition(".v")[0],
        subject=subject,
        version=version,
        conversation_id=UUID(data["conversation_id"]),
        message_id=UUID(data["message_id"]),
        event_id=meta.id,
        at=meta.time,
        seen_at=seen_at,
        by=By(meta.actor.kind, meta.actor.id, meta.actor.role),
        data=data,
    )


def group(house: House) -> Group:
    """The journal's consumer group."""

    async def take(events: Sequence[Event], work: Work) -> None:
        facts = [fact_of(event, work.now) for event in events]
        causes = {fact.conversation_id: event for fact, event in zip(facts, events, strict=True)}
        await settling.take(work, house, facts, causes)

    async def take_channels(events: Sequence[Event], work: Work) -> None:
        await channels.take(work, house, [event.model_dump(mode="json") for event in events])

    handlers = Handlers().on_batch(take_channels, *_CHANNELS).on_batch(take, *_ABOUT, *_REPLIES, *_EACH, *_LAST)
    return Group(GROUP, handlers)
