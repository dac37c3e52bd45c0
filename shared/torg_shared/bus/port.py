"""The port: publish a batch, join a group, fetch a batch, commit, hold, lag."""

import zlib
from collections.abc import Collection, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID


class BusAway(Exception):
    """The bus cannot be reached, or did not acknowledge. Nothing is known to be published: try again."""


class MembershipLost(Exception):
    """The group was rebalanced under this member: drop the batch, join again; replay is free."""


Slot = tuple[str, int]  # topic and partition


@dataclass(frozen=True, slots=True)
class Outgoing:
    """An event on its way out: `payload` is the serialised envelope, `id` and `type` travel beside it."""

    topic: str
    key: str
    id: UUID
    type: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Record:
    """An event as a group meets it. `id` and `type` are None when the bytes came without them."""

    topic: str
    partition: int
    offset: int
    key: str
    payload: bytes
    id: UUID | None = None
    type: str | None = None


class Member(Protocol):
    """One member of a group; used by one task only."""

    @property
    def assigned(self) -> Collection[Slot]:
        """Topic and partition of what this member reads now; others read the rest."""

    async def fetch(self, limit: int, wait_s: float) -> Sequence[Record]:
        """At most `limit` records, in order within each partition; empty after `wait_s` without any.

        Raises `MembershipLost`, `BusAway`.
        """

    async def commit(self, done: Sequence[Record]) -> None:
        """Everything up to and including `done` is finished for this group.

        Raises `MembershipLost`, `BusAway`.
        """

    async def hold(self, seconds: float) -> None:
        """Take nothing for `seconds`, and stay a member.

        Raises `MembershipLost`.
        """


class Bus(Protocol):
    async def publish(self, batch: Sequence[Outgoing]) -> None:
        """All of `batch` durable, in order per key, or `BusAway` (then some may be there: publish again)."""

    def join(self, group: str, topics: Collection[str]) -> AbstractAsyncContextManager[Member]:
        """Membership of `group` on `topics`; a new group starts at the earliest event."""

    async def lag(self, group: str, of: Collection[Slot] | None = None) -> int:
        """Events that wait for `group`, in the partitions `of` or in all; asked on a fresh connection.

        Raises `BusAway`.
        """

    async def tidy(self) -> bool:
        """Delete one small batch of events past their topic's retention; True when there may be more.

        A broker does so by itself. Raises `BusAway`.
        """

    async def close(self) -> None:
        """Let go of connections. A closed bus is not used again."""


def partition_of(key: str, partitions: int) -> int:
    """The partition of `key` on our own buses. Kafka has its own function; only order per key is promised."""
    return zlib.crc32(key.encode()) % partitions
