"""Contracts of ingest: what came from the platforms. Personal data is allowed here, on `torg.messages`."""

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from .envelope import Event

MESSAGES = "torg.messages"
CHANNELS = "torg.channels"

Kind = Literal["post", "comment", "reply", "private", "mention"]


class Author(BaseModel):
    """A platform identity. Both parts may be unknown: the platform hides some authors."""

    model_config = ConfigDict(frozen=True)

    handle: str | None = None
    display_name: str | None = None


class Attachment(BaseModel):
    model_config = ConfigDict(frozen=True)

    mime: str | None = None
    sha256: str | None = None
    state: Literal["pending", "stored", "missing"]


class _Wording(Event):
    """One wording of a message: what the first sight and every edit have in common."""

    message_id: UUID
    conversation_id: UUID
    message_version: int
    channel_id: UUID
    author: Author
    text: str | None = None
    snapshot_id: UUID
    sha256: str


class MessageReceived(
    _Wording, type="message.received.v1", topic=MESSAGES, subject="message_id", key="conversation_id"
):
    """A citizen's message, seen for the first time. `text` None means "not told", "" an empty text."""

    platform: str
    external_id: str
    permalink: str | None = None
    kind: Kind
    backfill: bool = False
    lang_hint: str | None = None
    attachments: tuple[Attachment, ...] = ()
    parent_id: UUID | None = None
    parent_external_id: str | None = None
    created_at: datetime | None = None
    received_at: datetime
    received_note: str | None = None
    raw_ref: UUID


class MessageEdited(_Wording, type="message.edited.v1", topic=MESSAGES, subject="message_id", key="conversation_id"):
    """A newer wording; the earlier ones stay. A newer version retires open approvals."""

    detected_at: datetime


class MessageDeleted(Event, type="message.deleted.v1", topic=MESSAGES, subject="message_id", key="conversation_id"):
    """The author, or the platform, took the message away. A fact: nothing of ours is deleted."""

    message_id: UUID
    conversation_id: UUID
    message_version: int
    channel_id: UUID
    deleted_at: datetime | None = None
    detected_at: datetime


class MessageVisibilityChanged(
    Event, type="message.visibility_changed.v1", topic=MESSAGES, subject="message_id", key="conversation_id"
):
    """Hidden or shown again by somebody else than Torg."""

    message_id: UUID
    conversation_id: UUID
    message_version: int
    channel_id: UUID
    hidden: bool
    detected_at: datetime


class MessageOwnSeen(Event, type="message.own_seen.v1", topic=MESSAGES, subject="own_id", key="conversation_id"):
    """A text of our own account seen on the platform: confirms a reply of ours or reveals an external one."""

    own_id: UUID
    conversation_id: UUID
    channel_id: UUID
    platform: str
    external_id: str
    parent_id: UUID | None = None
    parent_external_id: str | None = None
    permalink: str | None = None
    text: str | None = None
    created_at: datetime | None = None
    detected_at: datetime


class Medium(BaseModel):
    model_config = ConfigDict(frozen=True)

    sha256: str
    mime: str


class SnapshotTaken(Event, type="snapshot.taken.v1", topic=MESSAGES, subject="snapshot_id", key="conversation_id"):
    """The evidence of one message version is complete and can be fetched from ingest by REST."""

    snapshot_id: UUID
    message_id: UUID
    conversation_id: UUID
    message_version: int
    sha256: str
    prev_sha256: str | None = None
    depth: str
    media: tuple[Medium, ...] = ()
    capture_method: str
    captured_at: datetime


class _ChannelState(Event):
    """Every channel event carries the whole state, so that one event is enough to know a channel."""

    channel_id: UUID
    channel_key: str
    version: int
    platform: str
    account_id: str
    name: str
    state: Literal["proposed", "decided", "active", "suspended", "closed"]
    connection: Literal["connected", "degraded", "needs_reauth", "disabled"]
    owner_unit: str
    comment_mode: Literal["open", "messages_only", "closed"]
    capture_depth: str
    purpose: str
    hours: dict[str, Any] = Field(default_factory=dict)
    formal_contact: dict[str, Any] = Field(default_factory=dict)
    decided_by: str | None = None
    decided_at: datetime | None = None
    grounds: str | None = None
    risk_assessment_ref: str | None = None
    dpo_opinion: str | None = None
    review_due: date | None = None
    activated_at: datetime | None = None
    capabilities: dict[str, Any] = Field(default_factory=dict)


class ChannelProposed(
    _ChannelState, type="channel.proposed.v1", topic=CHANNELS, subject="channel_id", key="channel_id"
):
    pass


class ChannelDecided(_ChannelState, type="channel.decided.v1", topic=CHANNELS, subject="channel_id", key="channel_id"):
    pass


class ChannelActivated(
    _ChannelState, type="channel.activated.v1", topic=CHANNELS, subject="channel_id", key="channel_id"
):
    pass


class ChannelModeChanged(
    _ChannelState, type="channel.mode_changed.v1", topic=CHANNELS, subject="channel_id", key="channel_id"
):
    pass


class ChannelSuspended(
    _ChannelState, type="channel.suspended.v1", topic=CHANNELS, subject="channel_id", key="channel_id"
):
    pass


class ChannelClosed(_ChannelState, type="channel.closed.v1", topic=CHANNELS, subject="channel_id", key="channel_id"):
    pass
