"""The bus in PostgreSQL: a commit-ordered log, partitions by crc32, groups by session locks.

A member is a database session. It holds one advisory lock as its sign of life and one for each partition that is its
own; a session that dies gives both back at once, and no lease has to run out. Who should own what follows from the
sorted list of living members, so members agree without talking.
"""

import asyncio
import contextlib
import secrets
import zlib
from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta

import asyncpg

from torg_shared.db import VANISHED, connect

from .port import BusAway, Member, MembershipLost, Outgoing, Record, Slot, partition_of

SCHEMA = """
CREATE TABLE IF NOT EXISTS bus_log (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic text NOT NULL,
    partition int NOT NULL,
    key text NOT NULL,
    event_id uuid NOT NULL,
    type text NOT NULL,
    payload bytea NOT NULL,
    published_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX IF NOT EXISTS bus_log_place ON bus_log (topic, partition, id);
CREATE INDEX IF NOT EXISTS bus_log_age ON bus_log (published_at);
CREATE TABLE IF NOT EXISTS bus_offsets (
    consumer text NOT NULL,
    topic text NOT NULL,
    partition int NOT NULL,
    position bigint NOT NULL,
    PRIMARY KEY (consumer, topic, partition)
);
CREATE TABLE IF NOT EXISTS bus_topics (
    name text PRIMARY KEY,
    partitions int NOT NULL,
    retention_days int
);
"""
_CHANNEL = "torg_bus"
_LOG_LOCK = 0x746F7262
_NOTIFY_EVERY_S = 0.005
_REBALANCE_EVERY_S = 1.0
_TIDY_BATCH = 5000
_STALLED_S = 120

# Lock and insert are one statement and one transaction: id order is commit order
_PUBLISH = """
WITH held AS MATERIALIZED (SELECT pg_advisory_xact_lock($1))
INSERT INTO bus_log (topic, partition, key, event_id, type, payload)
SELECT e.* FROM held, unnest($2::text[], $3::int[], $4::text[], $5::uuid[], $6::text[], $7::bytea[]) AS e
"""
_FETCH = """
SELECT found.* FROM unnest($1::text[], $2::int[], $3::bigint[]) AS mine (topic, partition, position)
CROSS JOIN LATERAL (
    SELECT b.id, b.topic, b.partition, b.key, b.payload, b.event_id, b.type FROM bus_log b
    WHERE b.topic = mine.topic AND b.partition = mine.partition AND b.id > mine.position ORDER BY b.id LIMIT $4
) AS found ORDER BY found.id LIMIT $4
"""
_COMMIT = """
UPDATE bus_offsets o SET position = d.position FROM unnest($2::text[], $3::int[], $4::bigint[])
AS d (topic, partition, position)
WHERE o.consumer = $1 AND o.topic = d.topic AND o.partition = d.partition AND o.position < d.position
"""
_POSITIONS = """
WITH new AS (
    INSERT INTO bus_offsets (consumer, topic, partition, position)
    SELECT $1, w.topic, w.partition, 0 FROM unnest($2::text[], $3::int[]) AS w (topic, partition)
    ON CONFLICT DO NOTHING
)
SELECT w.topic, w.partition, coalesce(o.position, 0) AS position
FROM unnest($2::text[], $3::int[]) AS w (topic, partition)
LEFT JOIN bus_offsets o ON o.consumer = $1 AND o.topic = w.topic AND o.partition = w.partition
"""
_MEMBERS = """
SELECT objid::bigint FROM pg_locks WHERE locktype = 'advisory' AND classid = $1::bigint::oid AND granted
AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) ORDER BY 1
"""
_LAG = """
SELECT count(*) FROM bus_offsets o JOIN bus_log b
ON b.topic = o.topic AND b.partition = o.partition AND b.id > o.position WHERE o.consumer = $1
AND ($2::text[] IS NULL OR (o.topic, o.partition) IN (SELECT * FROM unnest($2::text[], $3::int[])))
"""
_TIDY = """
DELETE FROM bus_log WHERE id IN (
    SELECT id FROM bus_log WHERE topic = $1 AND published_at < clock_timestamp() - $2::interval
    ORDER BY id LIMIT $3 FOR UPDATE SKIP LOCKED
)
"""


class PostgresBus:
    """Enough for one municipality on one machine; `url` is the run-time role on the database `torg_bus`."""

    def __init__(self, url: str, name: str, command_timeout_s: float = 10.0) -> None:
        self._url, self._name, self._timeout_s = url, name, command_timeout_s
        self._publisher: asyncpg.Connection | None = None
        self._publishing = asyncio.Lock()
        self._partitions: dict[str, int] = {}
        self._notifying: asyncio.Task[None] | None = None

    async def publish(self, batch: Sequence[Outgoing]) -> None:
        if not batch:
            return
        async with self._publishing:
            with _as_bus_away():
                try:
                    db = await self._connected()
                    places = [partition_of(one.key, self._partitions[one.topic]) for one in batch]
                    await db.execute(
                        _PUBLISH,
                        _LOG_LOCK,
                        [one.topic for one in batch],
                        places,
                        [one.key for one in batch],
                        [one.id for one in batch],
                        [one.type for one in batch],
                        [one.payload for one in batch],
                    )
                except BaseException:
                    await self._dropped()
                    raise
        if self._notifying is None or self._notifying.done():
            self._notifying = asyncio.create_task(self._notify())

    @asynccontextmanager
    async def join(self, group: str, topics: Collection[str]) -> AsyncIterator[Member]:
        with _as_bus_away():
            db = await connect(self._url, name=f"{self._name}-{group}", command_timeout_s=self._timeout_s)
        try:
            member = _PostgresMember(db, group)
            with _as_bus_away():
                await member.enter(await self._slots(db, topics))
            yield member
        finally:
            db.terminate()

    async def lag(self, group: str, of: Collection[Slot] | None = None) -> int:
        with _as_bus_away():
            db = await connect(self._url, name=f"{self._name}-lag", command_timeout_s=self._timeout_s)
            try:
                topics = None if of is None else [topic for topic, _ in of]
                return int(await db.fetchval(_LAG, group, topics, [number for _, number in of or ()]))
            finally:
                db.terminate()

    async def tidy(self) -> bool:
        with _as_bus_away():
            db = await connect(self._url, name=f"{self._name}-tidy", command_timeout_s=self._timeout_s)
            try:
                topics = await db.fetch("SELECT name, retention_days FROM bus_topics WHERE retention_days IS NOT NULL")
                more = False
                for topic in topics:
                    kept = timedelta(days=topic["retention_days"])
                    done = await db.execute(_TIDY, topic["name"], kept, _TIDY_BATCH)
                    more = more or done == f"DELETE {_TIDY_BATCH}"
                return more
            finally:
                db.terminate()

    async def close(self) -> None:
        if self._notifying:
            await asyncio.gather(self._notifying, return_exceptions=True)
        await self._dropped()

    async def _connected(self) -> asyncpg.Connection:
        if self._publisher is None or self._publisher.is_closed():
            self._publisher = await connect(self._url, name=f"{self._name}-publish", command_timeout_s=self._timeout_s)
            await self._slots(self._publisher, ())
        return self._publisher

    async def _slots(self, db: asyncpg.Connection, topics: Collection[str]) -> list[Slot]:
        for row in await db.fetch("SELECT name, partitions FROM bus_topics"):
            self._partitions[row["name"]] = row["partitions"]
        unknown = set(topics) - self._partitions.keys()
        if unknown:
            raise BusAway(f"the bus has no topic {sorted(unknown)}: run its migration")
        return [(topic, number) for topic in sorted(topics) for number in range(self._partitions[topic])]

    async def _dropped(self) -> None:
        if self._publisher is not None:
            self._publisher.terminate()
            self._publisher = None

    async def _notify(self) -> None:
        """In a statement of its own: within the publishing transaction it would serialise all publishers."""
        await asyncio.sleep(_NOTIFY_EVERY_S)
        async with self._publishing:
            with contextlib.suppress(Exception):  # a lost wake-up costs one poll
                if self._publisher is not None:
                    await self._publisher.execute(f"NOTIFY {_CHANNEL}")


class _PostgresMember:
    def __init__(self, db: asyncpg.Connection, group: str) -> None:
        self._db, self._group = db, group
        self._slots: list[Slot] = []
        self._positions: dict[Slot, int] = {}
        self._news = asyncio.Event()
        self._look_again = 0.0
        self._life = _lock_class(f"members of {group}")
        self._places = _lock_class(f"partitions of {group}")

    @property
    def assigned(self) -> Collection[Slot]:
        return self._positions.keys()

    async def enter(self, slots: list[Slot]) -> None:
        self._slots = slots
        # a process that stands still must not keep its partitions: the server ends its session
        await self._db.execute(f"SET idle_session_timeout = '{_STALLED_S}s'")
        me = secrets.randbelow(2**31)
        while not await self._db.fetchval("SELECT pg_try_advisory_lock($1, $2)", self._life, me):
            me = secrets.randbelow(2**31)
        self._me = me
        await self._db.add_listener(_CHANNEL, lambda *_: self._news.set())
        await self._rebalance()

    async def fetch(self, limit: int, wait_s: float) -> Sequence[Record]:
        with _as_membership_lost(self._group):
            self._news.clear()
            found = await self._read(limit)
            if not found and wait_s > 0:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._news.wait(), wait_s)
                found = await self._read(limit)
            return found

    async def commit(self, done: Sequence[Record]) -> None:
        last: dict[Slot, int] = {}
        for record in done:
            slot = record.topic, record.partition
            last[slot] = max(last.get(slot, 0), record.offset)
        with _as_membership_lost(self._group):
            await self._db.execute(
                _COMMIT, self._group, [topic for topic, _ in last], [number for _, number in last], list(last.values())
            )

    async def hold(self, seconds: float) -> None:
        with _as_membership_lost(self._group):
            await asyncio.sleep(seconds)
            await self._db.execute("SELECT 1")

    async def _read(self, limit: int) -> list[Record]:
        if asyncio.get_running_loop().time() >= self._look_again:
            await self._rebalance()
        mine = self._positions
        rows = await self._db.fetch(
            _FETCH, [topic for topic, _ in mine], [number for _, number in mine], list(mine.values()), limit
        )
        for row in rows:
            mine[row["topic"], row["partition"]] = row["id"]
        return [
            Record(r["topic"], r["partition"], r["id"], r["key"], r["payload"], r["event_id"], r["type"]) for r in rows
        ]

    async def _rebalance(self) -> None:
        """Give back what is another member's turn, take what is mine and free. Called between batches only, when
        everything fetched before is committed or will be fetched again by its next owner."""
        self._look_again = asyncio.get_running_loop().time() + _REBALANCE_EVERY_S
        members = [row[0] for row in await self._db.fetch(_MEMBERS, self._life & 0xFFFFFFFF)]
        if self._me not in members:
            raise MembershipLost(self._group)
        mine = set(self._slots[members.index(self._me) :: len(members)])
        for slot in set(self._positions) - mine:
            await self._db.execute("SELECT pg_advisory_unlock($1, $2)", self._places, _lock_object(slot))
            del self._positions[slot]
        wanted = sorted(mine - set(self._positions))
        if not wanted:
            return
        taken = await self._db.fetch(
            "SELECT n, pg_try_advisory_lock($1, o) AS got FROM unnest($2::int[]) WITH ORDINALITY AS w (o, n)",
            self._places,
            [_lock_object(slot) for slot in wanted],
        )
        got = [wanted[row["n"] - 1] for row in taken if row["got"]]
        if len(got) < len(wanted):
            self._look_again = 0.0  # somebody still finishes a batch there
        rows = await self._db.fetch(_POSITIONS, self._group, [t for t, _ in got], [n for _, n in got])
        self._positions |= {(row["topic"], row["partition"]): row["position"] for row in rows}


async def make(url: str, topics: Collection[tuple[str, int, int | None]]) -> None:
    """Tables and topics (name, partitions, days kept), as the owner. The partition count of a topic never changes."""
    db = await asyncpg.connect(url, timeout=10)
    try:
        await db.execute(SCHEMA)
        await db.executemany(
            "INSERT INTO bus_topics (name, partitions, retention_days) VALUES ($1, $2, $3) "
            "ON CONFLICT (name) DO UPDATE SET retention_days = excluded.retention_days",
            list(topics),
        )
    finally:
        await db.close()


def _lock_class(text: str) -> int:
    return zlib.crc32(text.encode()) - 2**31


def _lock_object(slot: Slot) -> int:
    return zlib.crc32(f"{slot[0]}/{slot[1]}".encode()) - 2**31


_GONE: tuple[type[BaseException], ...] = (OSError, TimeoutError, asyncpg.PostgresError, *VANISHED)


@contextlib.contextmanager
def _as_bus_away() -> Iterator[None]:
    try:
        yield
    except _GONE as error:
        raise BusAway(type(error).__name__) from error


@contextlib.contextmanager
def _as_membership_lost(group: str) -> Iterator[None]:
    """The session is the membership: whatever ends it, its partitions have other owners."""
    try:
        yield
    except _GONE as error:
        raise MembershipLost(f"{group}: {type(error).__name__}") from error
