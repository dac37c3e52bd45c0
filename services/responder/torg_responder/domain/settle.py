"""What is due in a conversation, named by one pure function from the facts that have come (architecture, section 4).

Facts may come in any order and more than once; effects that are done already are not named again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from .reply import ON_THE_WAY, OPEN_APPROVAL, OUT, Reply, State, normal


@dataclass(frozen=True, slots=True)
class Message:
    """A citizen's message as far as it is known here; `text` None with `version` 0 means not yet received."""

    id: UUID
    conversation_id: UUID
    version: int = 0
    channel_id: UUID | None = None
    external_id: str | None = None
    text: str | None = None
    author: str | None = None
    lang: str | None = None
    deleted: bool = False
    handling: str | None = None
    secondary: tuple[str, ...] = ()
    flags: frozenset[str] = frozenset()
    unit: str | None = None
    topic: str | None = None
    reply_private: bool = False
    triage_version: int = 0
    triaged_at: datetime | None = None
    backfill: bool = False


@dataclass(frozen=True, slots=True)
class OwnText:
    """A text of our own account that was seen on the platform; `reply_id` once it is known whose it is."""

    id: UUID
    conversation_id: UUID
    channel_id: UUID
    external_id: str
    parent_external_id: str | None
    text: str | None
    permalink: str | None
    seen_at: datetime
    reply_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Retire:
    """The approval of `reply_id` no longer holds."""

    reply_id: UUID
    cause: str


@dataclass(frozen=True, slots=True)
class Confirm:
    """The unknown outcome of `reply_id` is known: it stands on the platform as `own`."""

    reply_id: UUID
    own: OwnText


@dataclass(frozen=True, slots=True)
class Match:
    """`own` is the echo of a reply that is out already."""

    reply_id: UUID
    own: OwnText


@dataclass(frozen=True, slots=True)
class Capture:
    """`own` is an answer typed in the platform's own app (B-21)."""

    own: OwnText
    parent: Message


@dataclass(frozen=True, slots=True)
class Suggest:
    """Offer a draft of `kind` for a message that has its handling (G-30, G-20, G-46, G-38)."""

    message_id: UUID
    kind: str


Effect = Retire | Confirm | Match | Capture | Suggest

_DRAFT_KINDS: Mapping[str, str] = {
    "open_case": "holding",
    "redirect_formal": "redirect",
    "refer_politics": "referral",
    "thank": "thanks",
}


def settle(messages: Mapping[UUID, Message], replies: Sequence[Reply], own: Sequence[OwnText]) -> list[Effect]:
    """Every effect that is due and not yet done in one conversation."""
    effects: list[Effect] = []
    retired: set[UUID] = set()
    for reply in replies:
        if reply.state in OPEN_APPROVAL and (cause := _outdated(reply, messages.get(reply.message_id))):
            retired.add(reply.id)
            effects.append(Retire(reply.id, cause))
    for text in own:
        if text.reply_id is None:
            effects += _recognised(text, messages, replies, retired)
    for message in messages.values():
        kind = _DRAFT_KINDS.get(message.handling or "")
        known = message.version > 0 and not message.deleted and not message.backfill
        if kind and known and not any(reply.message_id == message.id for reply in replies):
            effects.append(Suggest(message.id, kind))
    return effects


def _outdated(reply: Reply, message: Message | None) -> str | None:
    """Why the approval of `reply` no longer stands on what was seen (B-22), None while it does."""
    if message is None:
        return None
    if message.deleted:
        return "target_deleted"
    return "target_edited" if message.version > reply.message_version else None


def _recognised(
    text: OwnText, messages: Mapping[UUID, Message], replies: Sequence[Reply], retired: set[UUID]
) -> list[Effect]:
    """Echoes wait while a reply to the same parent is on its way; then remote id, then text, else it is external."""
    parent = next((m for m in messages.values() if m.external_id == text.parent_external_id), None)
    for reply in replies:
        if reply.external_id == text.external_id and reply.state in OUT | {State.WITHDRAWN}:
            return [Match(reply.id, text)]
    if parent is None:
        return []  # a comment of ours under our own post, or the parent has not come yet
    mine = [reply for reply in replies if reply.message_id == parent.id]
    said = normal(text.text or "")
    for reply in mine:
        if reply.state is State.UNKNOWN and normal(reply.outgoing) == said:
            return [Confirm(reply.id, text)]
    if any(reply.state in ON_THE_WAY for reply in mine):
        return []
    for reply in mine:
        if reply.state in OUT and reply.origin == "torg" and not reply.external_id and normal(reply.outgoing) == said:
            return [Match(reply.id, text)]
    effects: list[Effect] = [Capture(text, parent)]
    for reply in replies:
        if reply.state in OPEN_APPROVAL and reply.id not in retired:
            retired.add(reply.id)
            effects.append(Retire(reply.id, "municipal_reply"))
    return effects
