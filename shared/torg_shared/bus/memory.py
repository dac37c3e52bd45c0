"""A bus in one process, for unit and permutation tests: the port's promises and nothing more."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager, suppress

from .port import Member, MembershipLost, Outgoing, Record, Slot, partition_of

_PARTITIONS = 12


class MemoryBus:
    """Events stay for the life of the object; groups share partitions among their members."""

    def __init__(self) -> None:
        self._events: dict[Slot, list[Record]] = defaultdict(list)
        self._positions: dict[tuple[str, Slot], int] = defaultdict(int)
        self._topics: dict[str, set[str]] = defaultdict(set)
        self._members: dict[str, list[_MemoryMember]] = defaultdict(list)
        self._news = asyncio.Event()

    async def publish(self, batch: Sequence[Outgoing]) -> None:
        for one in batch:
            slot = one.topic, partition_of(one.key, _PARTITIONS)
            offset = len(self._events[slot])
            self._events[slot].append(Record(*slot, offset, one.key, one.payload, one.id, one.type))
        self._news.set()

    @asynccontextmanager
    async def join(self, group: str, topics: Collection[str]) -> AsyncIterator[Member]:
        self._topics[group] |= set(topics)
        member = _MemoryMember(self, group)
        self._members[group].append(member)
        self._rebalance(group)
        try:
            yield member
        finally:
            self._members[group].remove(member)
            self._rebalance(group)

    async def lag(self, group: str, of: Collection[Slot] | None = None) -> int:
        slots = [slot for slot in self._events if (slot[0] in self._topics[group] if of is None else slot in of)]
        return sum(len(self._events[slot]) - self._positions[group, slot] for slot in slots)

    async def tidy(self) -> bool:
        return False

    async def close(self) -> None:
        pass

    def _rebalance(self, group: str) -> None:
        members = self._members[group]
        slots = [(topic, number) for topic in sorted(self._topics[group]) for number in range(_PARTITIONS)]
        for index, member in enumerate(members):
            member.assign(slots[index :: len(members)])


class _MemoryMember:
    def __init__(self, bus: MemoryBus, group: str) -> None:
        self._bus, self._group = bus, group
        self._slots: dict[Slot, int] = {}

    @property
    def assigned(self) -> Collection[Slot]:
        return self._slots.keys()

    def assign(self, slots: Sequence[Slot]) -> None:
        """Keep the places of slots that stay, take new ones over from their committed positions."""
        committed = self._bus._positions
        self._slots = {slot: self._slots.get(slot, committed[self._group, slot]) for slot in slots}

    async def fetch(self, limit: int, wait_s: float) -> Sequence[Record]:
        found = self._take(limit)
        if not found and wait_s > 0:
            self._bus._news.clear()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._bus._news.wait(), wait_s)
            found = self._take(limit)
        return found

    async def commit(self, done: Sequence[Record]) -> None:
        if any((record.topic, record.partition) not in self._slots for record in done):
            raise MembershipLost(self._group)
        for record in done:
            at = self._group, (record.topic, record.partition)
            self._bus._positions[at] = max(self._bus._positions[at], record.offset + 1)

    async def hold(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def _take(self, limit: int) -> list[Record]:
        found: list[Record] = []
        for slot, position in self._slots.items():
            part = self._bus._events[slot][position : position + limit - len(found)]
            self._slots[slot] = position + len(part)
            found += part
        return found
