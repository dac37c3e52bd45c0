"""Contracts of the responder: the life of a reply. Personal data is allowed here, on `torg.replies`."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from .envelope import Event

REPLIES = "torg.replies"

ReplyKind = Literal["holding", "preliminary", "full", "referral", "redirect", "thanks", "correction"]
Visibility = Literal["public", "private"]


class Check(BaseModel):
    """One finding of the pre-publication checks (closed list of codes); offsets into the text."""

    model_config = ConfigDict(frozen=True)

    code: str
    severity: Literal["blocking", "warning"]
    start: int | None = None
    end: int | None = None


class Signer(BaseModel):
    """Who signs: the municipality, or a person with full name, title and unit (4.1)."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["kommune", "person"]
    name: str | None = None
    title: str | None = None
    unit: str | None = None


class _Reply(Event):
    reply_id: UUID
    conversation_id: UUID
    message_id: UUID
    message_version: int
    channel_id: UUID
    version: int
    kind: ReplyKind
    visibility: Visibility
    text_sha256: str


class ReplyDrafted(_Reply, type="reply.drafted.v1", topic=REPLIES, subject="reply_id", key="conversation_id"):
    author_role: str


class ReplyChecked(_Reply, type="reply.checked.v1", topic=REPLIES, subject="reply_id", key="conversation_id"):
    checks: tuple[Check, ...] = ()


class ReplyApprovalRequested(
    _Reply, type="reply.approval_requested.v1", topic=REPLIES, subject="reply_id", key="conversation_id"
):
    checks: tuple[Check, ...] = ()
    signer: Signer


class ReplyApproved(_Reply, type="reply.approved.v1", topic=REPLIES, subject="reply_id", key="conversation_id"):
    binding_sha256: str
    signer: Signer
    approver: str
    standing: bool = False


class ReplyReturned(_Reply, type="reply.returned.v1", topic=REPLIES, subject="reply_id", key="conversation_id"):
    cause: str


class ReplyHeld(_Reply, type="reply.held.v1", topic=REPLIES, subject="reply_id", key="conversation_id"):
    cause: str


class ReplyApprovalRetired(
    _Reply, type="reply.approval_retired.v1", topic=REPLIES, subject="reply_id", key="conversation_id"
):
    cause: str


class ReplyDiscarded(_Reply, type="reply.discarded.v1", topic=REPLIES, subject="reply_id", key="conversation_id"):
    cause: str | None = None


class ReplyReleased(_Reply, type="reply.released.v1", topic=REPLIES, subject="reply_id", key="conversation_id"):
    released_by: str
    send_after: datetime


class ReplyUndone(_Reply, type="reply.undone.v1", topic=REPLIES, subject="reply_id", key="conversation_id"):
    pass


class _Published(_Reply):
    external_id: str
    permalink: str | None = None
    text: str
    published_at: datetime


class ReplyPublished(_Published, type="reply.published.v1", topic=REPLIES, subject="reply_id", key="conversation_id"):
    """The text stands on the platform, exactly as `text` says; `binding_sha256` is what was approved."""

    binding_sha256: str | None = None
    published_by: str
    attempt: int


class ReplyCaptured(_Published, type="reply.captured.v1", topic=REPLIES, subject="reply_id", key="conversation_id"):
    """An answer typed in the platform's own app: matches no reply of ours, not approved beforehand (B-21)."""

    parent_external_id: str | None = None
    origin: Literal["external"] = "external"


class ReplyVerified(_Reply, type="reply.verified.v1", topic=REPLIES, subject="reply_id", key="conversation_id"):
    read_back_sha256: str


class ReplyMismatch(_Reply, type="reply.mismatch.v1", topic=REPLIES, subject="reply_id", key="conversation_id"):
    """What stands on the platform differs from what was approved; `published_text` is what stands there."""

    read_back_sha256: str
    published_text: str


class ReplySendDeferred(
    _Reply, type="reply.send_deferred.v1", topic=REPLIES, subject="reply_id", key="conversation_id"
):
    code: str
    attempt: int
    retry_at: datetime


class ReplyRejected(_Reply, type="reply.rejected.v1", topic=REPLIES, subject="reply_id", key="conversation_id"):
    code: str
    attempt: int


class ReplyOutcomeUnknown(
    _Reply, type="reply.outcome_unknown.v1", topic=REPLIES, subject="reply_id", key="conversation_id"
):
    code: str
    attempt: int


class ReplyResolved(_Reply, type="reply.resolved.v1", topic=REPLIES, subject="reply_id", key="conversation_id"):
    resolved_by: str
    outcome: Literal["posted", "send_again", "dropped"]


class ReplyWithdrawn(_Reply, type="reply.withdrawn.v1", topic=REPLIES, subject="reply_id", key="conversation_id"):
    reason: str


class ClaimTaken(Event, type="claim.taken.v1", topic=REPLIES, subject="message_id", key="conversation_id"):
    message_id: UUID
    conversation_id: UUID
    holder: str
    until: datetime


class ClaimReleased(Event, type="claim.released.v1", topic=REPLIES, subject="message_id", key="conversation_id"):
    message_id: UUID
    conversation_id: UUID
