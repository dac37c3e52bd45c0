"""The normal form: what every platform's deliveries are turned into."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

Verb = Literal["created", "edited", "removed", "hidden", "unhidden"]
Kind = Literal["post", "comment", "reply", "private", "mention"]

# never changed: message ids are made from it. UUIDv5 by hand, since every delivery needs it: the library's takes 10 us
_NAMESPACE = hashlib.sha1(UUID("2f7b2f0c-52f5-5d0b-9f9e-6d1a7a3b8c11").bytes, usedforsecurity=False)
_VARIANT, _VERSION = 0x8 << 60, 0x5 << 76
_WITHOUT_BOTH = ~(0xC << 60 | 0xF << 76)


@dataclass(frozen=True, slots=True)
class Author:
    """A platform identity; both parts may be unknown. It belongs to the item, never to the thread."""

    handle: str | None = None
    display_name: str | None = None


UNKNOWN = Author()


@dataclass(frozen=True, slots=True)
class Delivery:
    """One authenticated POST: its raw bytes, and when they arrived."""

    id: UUID
    platform: str
    received_at: datetime
    body: bytes
    content_type: str | None = None
    content_encoding: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one thing on a platform. Ids are text always; `text` None is "not told", "" an empty text.

    `message_id` and `parent_id` are made of `object_id` and `parent`; `parent` is the comment that this one answers,
    None for what stands directly under a post.
    `order` is the instant by which changes of one thing are ordered: when the platform told, else the arrival.
    """

    platform: str
    account_id: str
    verb: Verb
    kind: Kind
    message_id: UUID
    object_id: str
    parent_id: UUID | None
    parent: str | None
    post: str | None
    author: Author
    text: str | None
    has_media: bool
    permalink: str | None
    created_at: datetime | None
    order: datetime
    received_at: datetime
    raw_ref: UUID
    position: int
    payload: Any = field(compare=False)

    @property
    def is_self(self) -> bool:
        return self.author.handle == self.account_id


@dataclass(frozen=True, slots=True)
class SetAside:
    """A part of a delivery that stays raw: nothing handles it, or it cannot be trusted. Never refused, never lost."""

    position: int
    outcome: Literal["unhandled", "quarantined"]
    reason: str
    account_id: str | None = None
    field: str | None = None
    item: str | None = None
    verb: str | None = None


@dataclass(frozen=True, slots=True)
class Parsed:
    changes: Sequence[Change] = ()
    set_aside: Sequence[SetAside] = ()


def message_id(platform: str, account_id: str, object_id: str) -> UUID:
    """The id of a thing on a platform: the same for webhook, poll and restored database.

    A conversation's id is the id of its root.
    """
    hashed = _NAMESPACE.copy()
    hashed.update(f"{platform}\x1f{account_id}\x1f{object_id}".encode())
    number = int.from_bytes(hashed.digest()[:16], "big")
    return UUID(int=number & _WITHOUT_BOTH | _VARIANT | _VERSION)
