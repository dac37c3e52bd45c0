"""What is due in a conversation, named by one pure function from the facts that have come (architecture, section 4).

Facts may come in any order and more than once; effects that are done already are not named again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from .reply import (
    ON_THE_WAY,
    OPEN_APPROVAL,
    OUT,
    SYSTEM_AUTHOR,
    Reply,
    Signer,
    State,
    asked_too_long_ago,
    municipal_texts,
    normal,
    same_text,
)


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
    tone: str | None = None
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
    saksnummer: str | None = None


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


@dataclass(frozen=True, slots=True)
class Drop:
    """A draft that was offered, that nobody has touched, and that no longer fits the handling."""

    reply_id: UUID


Effect = Retire | Confirm | Match | Capture | Suggest | Drop

DROPPED = "no_longer_fits"  # cause of a draft that was offered and taken away again
_DRAFT_KINDS: Mapping[str, str] = {
    "open_case": "holding",
    "redirect_formal": "redirect",
    "refer_politics": "referral",
    "thank": "thanks",
}


def settle(
    messages: Mapping[UUID, Message],
    replies: Sequence[Reply],
    own: Sequence[OwnText],
    signers: Mapping[str, Signer],
    now: datetime,
) -> list[Effect]:
    """Every effect that is due and not yet done in one conversation.

    `signers` is how authors would sign today, by subject, as far as they have been seen.
    """
    effects: list[Effect] = []
    confirmed: set[UUID] = set()
    for text in own:
        if text.reply_id is None and (found := _recognised(text, messages, replies, confirmed)):
            effects.append(found)
            if isinstance(found, Confirm):
                confirmed.add(found.reply_id)
    texts = municipal_texts(replies) + sum(isinstance(one, Capture | Confirm) for one in effects)
    for reply in replies:
        if reply.state not in OPEN_APPROVAL:
            continue
        cause = _outdated(reply, messages.get(reply.message_id), signers.get(reply.author), texts, now)
        if cause is not None:
            effects.append(Retire(reply.id, cause))
    answered_now = {one.parent.id for one in effects if isinstance(one, Capture)}
    for message in messages.values():
        mine = [reply for reply in replies if reply.message_id == message.id]
        effects += _offered(message, mine, answered=message.id in answered_now or _answered(mine))
    return effects


def _outdated(
    reply: Reply, message: Message | None, signer: Signer | None, municipal: int, now: datetime
) -> str | None:
    """Why the approval of `reply` no longer stands on what was seen (B-22), None while it does."""
    if message is not None and message.deleted:
        return "target_deleted"
    if message is not None and message.version > reply.message_version:
        return "target_edited"
    if municipal > reply.municipal_seen:
        return "municipal_reply"
    if reply.signer is not None and reply.signer.kind == "person" and signer is not None and signer != reply.signer:
        return "signer_changed"
    return "expired" if asked_too_long_ago(reply, now) else None


def wanted_draft(message: Message) -> str | None:
    """The kind of draft that is offered for `message`: help first where life is at risk (2.2), else by handling."""
    if message.version == 0 or message.deleted or message.backfill or message.handling is None:
        return None
    if "urgent" in message.flags:
        return "holding"
    return _DRAFT_KINDS.get(message.handling)


def _answered(replies: Sequence[Reply]) -> bool:
    """Whether an answer, ours or one from the platform's own app, is out or on its way."""
    return any(reply.state in OUT | ON_THE_WAY and (reply.answers or reply.origin == "external") for reply in replies)


def _offered(message: Message, replies: Sequence[Reply], *, answered: bool) -> list[Effect]:
    """What is offered follows from the handling alone, so that it does not matter which fact came first."""
    if message.handling is None:
        return []
    wanted = None if answered else wanted_draft(message)
    effects: list[Effect] = [
        Drop(reply.id)
        for reply in replies
        if reply.author == SYSTEM_AUTHOR and reply.state in {State.DRAFT, State.CHECKED} and reply.kind != wanted
    ]
    if wanted is not None and not any(reply.kind == wanted and reply.cause != DROPPED for reply in replies):
        effects.append(Suggest(message.id, wanted))
    return effects


def _recognised(
    text: OwnText, messages: Mapping[UUID, Message], replies: Sequence[Reply], confirmed: set[UUID]
) -> Effect | None:
    """Echoes wait while a reply to the same parent is on its way; then remote id, then text, else it is external.

    `confirmed` are replies that an earlier echo has found already: a second one waits, and is external then.
    """
    for reply in replies:
        if reply.external_id == text.external_id and reply.state in OUT | {State.WITHDRAWN}:
            return Match(reply.id, text)
    parent = _parent(text, messages, replies)
    if parent is None:
        return None  # a comment of ours under our own post, or the parent has not come yet
    mine = [reply for reply in replies if reply.message_id == parent.id]
    said = normal(text.text or "")
    for reply in mine:
        lost = reply.state in {State.UNKNOWN, State.NEEDS_OPERATOR} and reply.id not in confirmed
        if lost and same_text(reply.outgoing, said):
            return Confirm(reply.id, text)
    if any(reply.state in {State.SENDING, State.UNKNOWN} for reply in mine):
        return None
    for reply in mine:
        # a person gave the link, which need not be the id that the platform uses
        if reply.state in OUT and reply.resolved_by is not None and same_text(reply.outgoing, said):
            return Match(reply.id, text)
    return Capture(text, parent)


def _parent(text: OwnText, messages: Mapping[UUID, Message], replies: Sequence[Reply]) -> Message | None:
    """The message that `text` answers, also below an answer of ours."""
    if text.parent_external_id is None:
        return None
    for message in messages.values():
        if message.external_id == text.parent_external_id:
            return message
    for reply in replies:
        if reply.external_id == text.parent_external_id:
            return messages.get(reply.message_id)
    return None
