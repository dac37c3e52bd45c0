"""Events in: wordings become proposals, consultations become cases, channels become known."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from torg_shared.bus.handlers import Handlers
from torg_shared.bus.runner import Group
from torg_shared.events.envelope import Event
from torg_shared.events.ingest import (
    ChannelActivated,
    ChannelClosed,
    ChannelDecided,
    ChannelModeChanged,
    ChannelProposed,
    ChannelSuspended,
    MessageEdited,
    MessageReceived,
)
from torg_shared.events.journal import ConsultationRequested
from torg_shared.work import Work

from torg_classifier import store
from torg_classifier.usecases import classify as classifying
from torg_classifier.usecases import triage
from torg_classifier.usecases.classify import Classifier

CHANNEL_EVENTS = (
    ChannelProposed,
    ChannelDecided,
    ChannelActivated,
    ChannelModeChanged,
    ChannelSuspended,
    ChannelClosed,
)


def groups(classifier: Classifier) -> Sequence[Group]:
    """The consumer groups. `classifier-urgent` alerts by rules alone, so that no backlog stands before it (2.6 h)."""

    async def on_wordings(events: Sequence[MessageReceived | MessageEdited], work: Work) -> None:
        await classifying.classify(work, classifier, events)

    async def on_consultations(events: Sequence[ConsultationRequested], work: Work) -> None:
        await triage.note_consultations(work, events, classifier.config.guideline_version)

    async def on_channels(events: Sequence[Event], work: Work) -> None:
        newest: dict[UUID, Mapping[str, Any]] = {}
        for event in events:
            if isinstance(event, CHANNEL_EVENTS) and (
                event.channel_id not in newest or event.version >= newest[event.channel_id]["version"]
            ):
                newest[event.channel_id] = {
                    "id": event.channel_id,
                    "key": event.channel_key,
                    "version": event.version,
                }
        await store.keep_channels(work.db, [newest[one] for one in sorted(newest)])

    async def on_urgent(events: Sequence[MessageReceived | MessageEdited], work: Work) -> None:
        await classifying.screen(work, classifier, events)

    return (
        Group(
            "classifier",
            Handlers()
            .on_batch(on_wordings, MessageReceived, MessageEdited)
            .on_batch(on_consultations, ConsultationRequested)
            .on_batch(on_channels, *CHANNEL_EVENTS),
        ),
        Group("classifier-urgent", Handlers().on_batch(on_urgent, MessageReceived, MessageEdited)),
    )
