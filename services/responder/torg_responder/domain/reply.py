"""A reply and the closed table of what may happen to it (requirements, section 5)."""

import hashlib
import json
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any
from uuid import UUID

from torg_shared.errors import Conflict, Invalid

ADMINISTRATORS = frozenset({"sideadministrator", "redaktoer", "system"})  # they answer for the municipality (G-42)
SYSTEM_AUTHOR = "responder"
APPROVAL_LASTS = timedelta(hours=24)  # B-22


class State(StrEnum):
    DRAFT = "draft"
    CHECKED = "checked"
    NEEDS_APPROVAL = "needs_approval"
    APPROVED = "approved"
    RETURNED = "returned"
    HELD = "held"
    RETIRED = "retired"
    RELEASED = "released"
    SENDING = "sending"
    UNKNOWN = "unknown"
    NEEDS_OPERATOR = "needs_operator"
    PUBLISHED = "published"
    VERIFIED = "verified"
    MISMATCH = "mismatch"
    WITHDRAWN = "withdrawn"
    REJECTED = "rejected"
    DISCARDED = "discarded"
    CAPTURED = "captured"


_S = State
TRANSITIONS: Mapping[State, frozenset[State]] = {
    _S.DRAFT: frozenset({_S.DRAFT, _S.CHECKED, _S.NEEDS_APPROVAL, _S.APPROVED, _S.DISCARDED}),
    _S.CHECKED: frozenset({_S.DRAFT, _S.CHECKED, _S.NEEDS_APPROVAL, _S.APPROVED, _S.DISCARDED}),
    _S.NEEDS_APPROVAL: frozenset({_S.APPROVED, _S.RETURNED, _S.HELD, _S.RETIRED}),
    _S.RETURNED: frozenset({_S.DRAFT, _S.DISCARDED}),
    _S.HELD: frozenset({_S.DRAFT, _S.DISCARDED}),
    _S.RETIRED: frozenset({_S.DRAFT, _S.DISCARDED}),
    _S.REJECTED: frozenset({_S.DRAFT, _S.DISCARDED}),
    _S.APPROVED: frozenset({_S.RELEASED, _S.RETIRED, _S.HELD, _S.DISCARDED}),
    _S.RELEASED: frozenset({_S.DRAFT, _S.RETIRED, _S.HELD, _S.SENDING, _S.RELEASED}),
    _S.SENDING: frozenset({_S.PUBLISHED, _S.REJECTED, _S.UNKNOWN, _S.RELEASED}),
    _S.UNKNOWN: frozenset({_S.PUBLISHED, _S.NEEDS_OPERATOR}),
    _S.NEEDS_OPERATOR: frozenset({_S.PUBLISHED, _S.RELEASED, _S.DISCARDED}),
    _S.PUBLISHED: frozenset({_S.VERIFIED, _S.MISMATCH, _S.WITHDRAWN}),
    _S.VERIFIED: frozenset({_S.WITHDRAWN}),
    _S.MISMATCH: frozenset({_S.WITHDRAWN}),
    _S.WITHDRAWN: frozenset(),
    _S.DISCARDED: frozenset(),
    _S.CAPTURED: frozenset(),
}

EDITABLE = frozenset({_S.DRAFT, _S.CHECKED, _S.RETURNED, _S.HELD, _S.RETIRED, _S.REJECTED})
OPEN_APPROVAL = frozenset({_S.NEEDS_APPROVAL, _S.APPROVED, _S.RELEASED})
ON_THE_WAY = frozenset({_S.SENDING, _S.UNKNOWN, _S.NEEDS_OPERATOR})
OUT = frozenset({_S.PUBLISHED, _S.VERIFIED, _S.MISMATCH, _S.CAPTURED})
ANSWERING = frozenset({"full", "redirect", "referral", "thanks"})  # B-37: one of these per message


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signs: the municipality without a name (G-42), or a person with full name, title and unit (G-43)."""

    kind: str
    name: str | None = None
    title: str | None = None
    unit: str | None = None

    @property
    def line(self) -> str | None:
        """What is appended to the text, None for the municipality, whose page speaks."""
        return None if self.kind == "kommune" else f"– {self.name}, {self.title}, {self.unit}"

    def as_json(self) -> dict[str, str | None]:
        return {"kind": self.kind, "name": self.name, "title": self.title, "unit": self.unit}


@dataclass(frozen=True, slots=True)
class Target:
    """What is answered: the object on the platform and the version of it that was seen."""

    channel_id: UUID
    external_id: str
    message_version: int


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply as it stands. `text` is without the signature; `version` counts every change.

    `municipal_seen` is how many texts of ours the conversation held when approval was asked: one more retires it.
    `resolved_by` is who said that an unknown outcome stands on the platform; `corrects` is the reply that was wrong.
    """

    id: UUID
    conversation_id: UUID
    message_id: UUID
    message_version: int
    channel_id: UUID
    version: int
    state: State
    kind: str
    visibility: str
    text: str
    author: str
    author_role: str
    last_editor: str
    created_at: datetime
    updated_at: datetime
    template_code: str | None = None
    checks: tuple[Mapping[str, Any], ...] = ()
    signer: Signer | None = None
    binding: str | None = None
    approver: str | None = None
    standing: bool = False
    approved_at: datetime | None = None
    released_by: str | None = None
    send_after: datetime | None = None
    retry_at: datetime | None = None
    attempt: int = 0
    sent_at: datetime | None = None
    readings: int = 0
    external_id: str | None = None
    permalink: str | None = None
    published_text: str | None = None
    published_at: datetime | None = None
    cause: str | None = None
    comment: str | None = None
    origin: str = "torg"
    reviewed_by: str | None = None
    submitted_at: datetime | None = None
    municipal_seen: int = 0
    resolved_by: str | None = None
    corrects: UUID | None = None

    @property
    def outgoing(self) -> str:
        """The text exactly as it goes out: with the signature, which is never part of the draft."""
        line = self.signer.line if self.signer else None
        return f"{self.text.strip()}\n\n{line}" if line else self.text.strip()

    @property
    def answers(self) -> bool:
        return self.kind in ANSWERING

    def to(self, state: State, now: datetime, **changes: Any) -> "Reply":
        """The reply after a transition. Raises `Conflict` for one that the table does not hold."""
        if state not in TRANSITIONS[self.state]:
            code = "REPLY_PUBLISHED" if self.state in OUT else "REPLY_STATE"
            raise Conflict(code, self.id, state=self.state.value, wanted=state.value)
        return replace(self, state=state, version=self.version + 1, updated_at=now, **changes)


def signer_for(role: str, name: str | None, title: str | None, unit: str | None) -> Signer:
    """The signer that follows from the author's hat at approval (4.1; G-42, G-43).

    Raises `Invalid` with `TITLE_REQUIRED` when a non-administrator lacks name, title or unit.
    """
    if role in ADMINISTRATORS:
        return Signer("kommune")
    if not name or " " not in name.strip() or not title or not unit:
        raise Invalid("TITLE_REQUIRED", name=name, title=title, unit=unit)
    return Signer("person", name, title, unit)


def binding_of(outgoing: str, target: Target, signer: Signer) -> str:
    """SHA-256 over the exact text, the target and the signer: what an approval is an approval of (B-22)."""
    content = {
        "form": 1,
        "text": normal(outgoing),
        "target": [str(target.channel_id), target.external_id, target.message_version],
        "signer": signer.as_json(),
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def normal(text: str) -> str:
    """The form in which two texts are compared: NFC, line ends as LF, no space around (B-24)."""
    return unicodedata.normalize("NFC", text).replace("\r\n", "\n").replace("\r", "\n").strip()


def text_sha256(text: str) -> str:
    return hashlib.sha256(normal(text).encode()).hexdigest()


def same_text(one: str, other: str | None) -> bool:
    """Whether the platform shows what was meant (B-24)."""
    return other is not None and normal(one) == normal(other)


def undo_window_open(reply: Reply, now: datetime) -> bool:
    """T-UNDO: a released reply can be taken back until its sending starts (B-26)."""
    return reply.state is State.RELEASED and reply.send_after is not None and now < reply.send_after


def asked_too_long_ago(reply: Reply, now: datetime) -> bool:
    """An approval, and the wait for one, last a day (B-22, T-APPROVE)."""
    since = reply.approved_at or reply.submitted_at
    return reply.state in OPEN_APPROVAL and since is not None and now - since >= APPROVAL_LASTS


def municipal_texts(replies: Iterable[Reply]) -> int:
    """How many texts of the municipality have stood in a conversation, whoever wrote them."""
    return sum(reply.state in OUT or reply.state is State.WITHDRAWN for reply in replies)


def may_work_on(reply: Reply, subject: str, claim_holder: str | None) -> bool:
    """A draft is its author's, and that of whoever has taken the message over; one that the rules offered is free."""
    return subject in (reply.author, claim_holder) or reply.author == SYSTEM_AUTHOR
