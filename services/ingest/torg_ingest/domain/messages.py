"""A message from its first sight to its last change: what a change adds, and what is due to be told.

The end state is the same for every order of arrival: the last writer by the platform's time, tombstones win, an
unknown parent or an edit without its original waits for a bounded time and then stands for itself.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from .changes import UNKNOWN, Author, Change, Kind
from .times import received

PARENT_UNKNOWN = "Innlegget som meldingen svarer på, kom ikke; meldingen står for seg selv."
ORIGINAL_UNKNOWN = "Den opprinnelige ordlyden kom ikke; dette er en senere utgave."
AFTER_CLOSING = "Kom etter at kanalen ble lagt ned."


@dataclass(frozen=True, slots=True)
class Wording:
    """One wording as a delivery told it, before it has its number."""

    text: str | None
    seen_at: datetime
    raw_ref: UUID
    position: int
    payload: Any

    @property
    def sha256(self) -> bytes:
        return text_sha256(self.text)


@dataclass(slots=True)
class Message:
    """What is known of one thing on a platform. `conversation_id` None: not published (a stub, or waiting).

    Not frozen: a batch owns the messages that it loaded, and copying this one seven times per delivery was a third of
    the intake's time.
    """

    id: UUID
    channel_id: UUID
    platform: str
    account_id: str
    external_id: str
    kind: Kind
    first_seen_at: datetime
    raw_ref: UUID
    parent_id: UUID | None = None
    parent_external_id: str | None = None
    post_external_id: str | None = None
    author: Author = UNKNOWN
    is_self: bool = False
    permalink: str | None = None
    has_media: bool = False
    created_at: datetime | None = None
    original_seen: bool = False
    pending: tuple[Wording, ...] = ()
    awaiting_since: datetime | None = None
    conversation_id: UUID | None = None
    received_at: datetime | None = None
    received_note: str | None = None
    version: int = 0
    text_sha256: bytes | None = None
    worded_at: datetime | None = None
    snapshot_id: UUID | None = None
    snapshot_sha256: str | None = None
    removed_at: datetime | None = None
    removal_told: bool = False
    hidden: bool = False
    hidden_told: bool = False
    hidden_order: datetime | None = None
    visibility_changes: int = 0
    revision: int = 0

    @property
    def published(self) -> bool:
        return self.conversation_id is not None

    @property
    def is_own_root(self) -> bool:
        """Our own top-level comment: no conversation of a citizen, so what citizens write below it are roots."""
        return self.is_self and self.conversation_id == self.id


@dataclass(frozen=True, slots=True)
class OwnChannel:
    """What intake must know of the channel that a change belongs to."""

    id: UUID
    activated_at: datetime | None
    closed: bool


@dataclass(frozen=True, slots=True)
class Effect:
    """Something to tell about `message` as it was at `version`. `wording` comes with the first three."""

    what: Literal["received", "edited", "own_seen", "deleted", "visibility"]
    message: Message
    version: int
    wording: Wording | None = None
    hidden: bool = False


def text_sha256(text: str | None) -> bytes:
    """ "Not told" is another wording than the empty text."""
    return bytes(32) if text is None else hashlib.sha256(text.encode()).digest()


def change_key(change: Change, before: Message | None) -> bytes:
    """The identity of a change: a hash of the state that it makes, so that webhook, retry and poll collapse.

    An edit counts the wordings before it and a change of visibility the changes before it, else the last step of
    "A, B, A, B" and of "hide, show, hide" would be lost.
    """
    if change.verb == "created":
        part = str(change.created_at)
    elif change.verb == "edited":
        part = str(before.version + len(before.pending) if before else 0)
    elif change.verb == "removed":
        part = ""
    else:
        part = str(before.visibility_changes if before else 0)
    facts = (change.platform, change.account_id, change.object_id, change.verb, part)
    return hashlib.sha256("\x1f".join(facts).encode() + text_sha256(change.text)).digest()


def see(message: Message | None, change: Change, channel_id: UUID) -> tuple[Message, bool]:
    """Let `message` know what `change` tells, and whether that was news. Old news may still move a clock."""
    known = message or _first_sight(change, channel_id)
    if change.verb == "created":
        return known, _see_original(known, change)
    if change.verb == "edited":
        return known, _see_edit(known, change)
    if change.verb == "removed":
        return known, _see_removal(known, change)
    return known, _see_visibility(known, change)


def settle(
    message: Message, parent: Message | None, channel: OwnChannel, now: datetime, parking: timedelta
) -> list[Effect]:
    """Everything that is due to be told about `message` and is not yet told; from then on it counts as told."""
    effects: list[Effect] = []
    if message.pending and not message.published:
        _publish(message, parent, channel, now, parking)
    if not message.published:
        return effects
    if message.pending:
        effects = _number(message)
    if message.removed_at and not message.removal_told:
        message.removal_told = True
        if not message.is_self:
            effects.append(Effect("deleted", message, message.version))
    if message.hidden != message.hidden_told:
        message.hidden_told = message.hidden
        if not message.is_self:
            effects.append(Effect("visibility", message, message.version, hidden=message.hidden))
    return effects


def _first_sight(change: Change, channel_id: UUID) -> Message:
    return Message(
        id=change.message_id,
        channel_id=channel_id,
        platform=change.platform,
        account_id=change.account_id,
        external_id=change.object_id,
        kind=change.kind,
        first_seen_at=change.received_at,
        raw_ref=change.raw_ref,
    )


def _see_original(known: Message, change: Change) -> bool:
    if known.original_seen:
        return False
    _describe(known, change)
    known.original_seen = True
    if known.published:  # a later wording was published after its time of waiting: the original came too late
        return False
    known.raw_ref = change.raw_ref
    known.pending = (_wording(change), *known.pending)
    return True


def _see_edit(known: Message, change: Change) -> bool:
    if known.worded_at and change.order < known.worded_at:
        return False
    _describe(known, change)
    known.worded_at = change.order  # also for the wording we have: it is confirmed, older ones come too late
    current = known.pending[-1].sha256 if known.pending else known.text_sha256
    if current == text_sha256(change.text):
        return False
    known.pending = (*known.pending, _wording(change))
    return True


def _see_removal(known: Message, change: Change) -> bool:
    if known.removed_at:
        return False
    known.removed_at = change.received_at
    return True


def _see_visibility(known: Message, change: Change) -> bool:
    if known.hidden_order and change.order < known.hidden_order:
        return False
    known.hidden_order = change.order
    if (change.verb == "hidden") == known.hidden:
        return False
    known.hidden = not known.hidden
    known.visibility_changes += 1
    return True


def _describe(known: Message, change: Change) -> None:
    """The original describes the thing; an edit does so only where the original has not, or was silent."""
    known.is_self = known.is_self or change.is_self
    known.has_media = known.has_media or change.has_media
    if known.original_seen:
        known.author = known.author if known.author != UNKNOWN else change.author
        known.permalink = known.permalink or change.permalink
        known.created_at = known.created_at or change.created_at
        return
    known.kind = change.kind
    known.parent_id = change.parent_id
    known.parent_external_id = change.parent
    known.post_external_id = change.post
    known.author = change.author if change.author != UNKNOWN else known.author
    known.permalink = change.permalink or known.permalink
    known.created_at = change.created_at or known.created_at


def _wording(change: Change) -> Wording:
    return Wording(change.text, change.received_at, change.raw_ref, change.position, change.payload)


def _publish(message: Message, parent: Message | None, channel: OwnChannel, now: datetime, parking: timedelta) -> None:
    """Give the message its conversation and its time of receipt, or let it wait."""
    parent_known = message.parent_id is None or (parent is not None and parent.published)
    overdue = message.awaiting_since is not None and now >= message.awaiting_since + parking
    if not overdue and not (parent_known and message.original_seen):
        message.awaiting_since = message.awaiting_since or now
        return
    message.conversation_id = message.id
    if parent is not None and parent.conversation_id is not None and not parent.is_own_root:
        message.conversation_id = parent.conversation_id
    message.awaiting_since = None
    arrived = min(wording.seen_at for wording in message.pending)
    message.received_at, note = received(message.created_at, arrived, channel.activated_at)
    notes = (
        note,
        None if parent_known else PARENT_UNKNOWN,
        None if message.original_seen else ORIGINAL_UNKNOWN,
        AFTER_CLOSING if channel.closed else None,
    )
    message.received_note = " ".join(one for one in notes if one) or None


def _number(message: Message) -> list[Effect]:
    """Give the pending wordings their numbers, in order; a wording equal to the one before is none."""
    effects: list[Effect] = []
    for wording in message.pending:
        sha256 = wording.sha256
        if message.version and sha256 == message.text_sha256:
            continue
        message.version += 1
        message.text_sha256 = sha256
        what: Literal["received", "edited", "own_seen"] = "received" if message.version == 1 else "edited"
        effects.append(Effect("own_seen" if message.is_self else what, message, message.version, wording))
    message.pending = ()
    return effects
