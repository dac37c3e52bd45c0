"""The bus in Kafka, by aiokafka: order per key, manual commits, eager groups.

Traps of the client that are met here: a consumer can fall silent after a broker restart (the runner's watchdog asks
`lag` on a fresh connection and joins again); a commit after a rebalance fails with one of several errors, all of which
mean `MembershipLost`; a producer that does not find its cluster again within a minute is replaced.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Collection, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.abc import ConsumerRebalanceListener
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import (
    CommitFailedError,
    IllegalGenerationError,
    IllegalStateError,
    KafkaError,
    RebalanceInProgressError,
    TopicAlreadyExistsError,
    UnknownMemberIdError,
    for_code,
)

from .port import BusAway, Member, MembershipLost, Outgoing, Record, Slot

_REQUEST_MS = 10_000
_REQUEST_S = _REQUEST_MS / 1000
_LEAVE_S = 5.0
_GIVE_UP_S = 60.0
_POLL_MS = 300_000
_GRACE_S = 1.0
_LARGEST = 8 * 1024 * 1024


class KafkaBus:
    """`servers` as Kafka writes them: host:port, several with commas.

    `session_s` is how long the group waits for a member that died without a word.
    """

    def __init__(self, servers: str, name: str, session_s: float = 30.0) -> None:
        self._servers, self._name, self._session_ms = servers, name, int(session_s * 1000)
        self._producer: AIOKafkaProducer | None = None
        self._publishing = asyncio.Lock()
        self._open: list[asyncio.Future[Any]] = []
        self._late_since: float | None = None
        self._joined: dict[str, set[str]] = {}
        self._leaving: set[asyncio.Task[None]] = set()

    async def publish(self, batch: Sequence[Outgoing]) -> None:
        async with self._publishing:
            try:
                producer = await self._started()
                await self._acknowledged()
                async with asyncio.timeout(_REQUEST_S):
                    for one in batch:
                        headers = [("ce_type", one.type.encode()), ("ce_id", str(one.id).encode())]
                        sent = await producer.send(one.topic, one.payload, key=one.key.encode(), headers=headers)
                        self._open.append(sent)
                await self._acknowledged()
                self._late_since = None
            except TimeoutError as error:
                # the client still tries, in order; a second one beside it would only repeat what the first sends
                self._late_since = self._late_since or time.monotonic()
                if time.monotonic() - self._late_since > _GIVE_UP_S:
                    await self._dropped()
                raise BusAway("no acknowledgement") from error
            except (KafkaError, OSError) as error:
                await self._dropped()
                raise BusAway(type(error).__name__) from error

    @asynccontextmanager
    async def join(self, group: str, topics: Collection[str]) -> AsyncIterator[Member]:
        self._joined.setdefault(group, set()).update(topics)
        consumer = self._consumer(group)
        member = _KafkaMember(consumer, group)
        consumer.subscribe(list(topics), listener=member)
        try:
            with _as_bus_away():
                await consumer.start()
            yield member
        finally:
            await self._left(consumer)

    async def lag(self, group: str, of: Collection[Slot] | None = None) -> int:
        admin = AIOKafkaAdminClient(bootstrap_servers=self._servers, request_timeout_ms=_REQUEST_MS)
        consumer = self._consumer(None)
        try:
            with _as_bus_away():
                async with asyncio.timeout(_REQUEST_S):
                    await admin.start()
                    await consumer.start()
                    committed = await admin.list_consumer_group_offsets(group)
                    if of is None:
                        described = await admin.describe_topics(list(self._joined.get(group, ())))
                        # a partition without a commit is unread from its beginning, and silent groups may have none
                        places = committed.keys() | {
                            TopicPartition(topic["topic"], part["partition"])
                            for topic in described
                            for part in topic["partitions"]
                        }
                    else:
                        places = {TopicPartition(*slot) for slot in of}
                    ends = await consumer.end_offsets(list(places))
                    starts = await consumer.beginning_offsets(list(places))
            done = {at: max(starts[at], committed[at].offset if at in committed else 0) for at in places}
            return sum(max(0, ends[at] - done[at]) for at in places)
        finally:
            await self._left(consumer)
            with contextlib.suppress(Exception):
                await admin.close()

    async def tidy(self) -> bool:
        return False

    async def close(self) -> None:
        await self._dropped()
        if self._leaving:
            await asyncio.wait(self._leaving, timeout=_LEAVE_S)

    def _consumer(self, group: str | None) -> AIOKafkaConsumer:
        return AIOKafkaConsumer(
            bootstrap_servers=self._servers,
            client_id=self._name,
            group_id=group,
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            request_timeout_ms=max(_REQUEST_MS, self._session_ms + 5_000) if group else _REQUEST_MS,
            session_timeout_ms=self._session_ms,
            heartbeat_interval_ms=min(3_000, self._session_ms // 3),
            max_poll_interval_ms=_POLL_MS,
            max_partition_fetch_bytes=_LARGEST,
            fetch_max_wait_ms=500,
            metadata_max_age_ms=30_000,
        )

    async def _started(self) -> AIOKafkaProducer:
        if self._producer is None:
            producer = AIOKafkaProducer(
                bootstrap_servers=self._servers,
                client_id=self._name,
                acks="all",
                enable_idempotence=True,
                linger_ms=0,
                max_request_size=_LARGEST,
                request_timeout_ms=_REQUEST_MS,
            )
            try:
                await producer.start()
            except BaseException:
                await self._left(producer)
                raise
            self._producer = producer
        return self._producer

    async def _acknowledged(self) -> None:
        """All that was handed to the client is on the broker. Raises `TimeoutError` while some of it is open."""
        if not self._open:
            return
        done, late = await asyncio.wait(self._open, timeout=_REQUEST_S)
        self._open = list(late)
        failed = [error for one in done if (error := one.exception())]
        if failed:
            raise failed[0]
        if late:
            raise TimeoutError

    async def _dropped(self) -> None:
        producer, self._producer = self._producer, None
        self._open, self._late_since = [], None
        if producer is not None:
            await self._left(producer)

    async def _left(self, client: AIOKafkaProducer | AIOKafkaConsumer) -> None:
        """Take leave, but do not hang on a cluster that is gone: the client closes itself when it comes back."""

        async def stop() -> None:
            with contextlib.suppress(Exception):
                await client.stop()

        leaving = asyncio.create_task(stop())
        self._leaving.add(leaving)
        leaving.add_done_callback(self._leaving.discard)
        await asyncio.wait([leaving], timeout=_LEAVE_S)


class _KafkaMember(ConsumerRebalanceListener):  # type: ignore[misc] # the client is untyped
    def __init__(self, consumer: AIOKafkaConsumer, group: str) -> None:
        self._consumer, self._group = consumer, group
        self._holding = False

    async def on_partitions_revoked(self, revoked: Any) -> None:
        pass  # a batch under way is committed, or its commit fails and it is dropped

    async def on_partitions_assigned(self, assigned: Any) -> None:
        if self._holding:
            self._consumer.pause(*assigned)

    @property
    def assigned(self) -> Collection[Slot]:
        return {(at.topic, at.partition) for at in self._consumer.assignment()}

    async def fetch(self, limit: int, wait_s: float) -> Sequence[Record]:
        return await self._poll(limit, wait_s)

    async def commit(self, done: Sequence[Record]) -> None:
        last: dict[TopicPartition, int] = {}
        for record in done:
            at = TopicPartition(record.topic, record.partition)
            last[at] = max(last.get(at, 0), record.offset + 1)
        with _as_membership_lost(self._group):
            await self._consumer.commit(last)

    async def hold(self, seconds: float) -> None:
        """Paused partitions are still polled, so that the group does not take this member for dead."""
        self._holding = True
        try:
            self._consumer.pause(*self._consumer.assignment())
            if await self._poll(1, seconds):  # they come again from the committed position
                raise MembershipLost(f"{self._group}: events arrived during a hold")
        finally:
            self._holding = False
            self._consumer.resume(*self._consumer.assignment())

    async def _poll(self, limit: int, wait_s: float) -> Sequence[Record]:
        """The client itself may wait for ever while a group is being rebalanced; the watchdog must be heard."""
        with _as_membership_lost(self._group):
            try:
                async with asyncio.timeout(wait_s + _GRACE_S):
                    found = await self._consumer.getmany(timeout_ms=int(wait_s * 1000), max_records=limit)
            except TimeoutError:
                return []
        return [_record(one) for part in found.values() for one in part]


async def make(servers: str, topics: Collection[tuple[str, int, int | None]], replication: int = 1) -> None:
    """Topics (name, partitions, days kept) where they lack, and how long all keep events. Raises `BusAway`."""
    admin = AIOKafkaAdminClient(bootstrap_servers=servers, request_timeout_ms=_REQUEST_MS)
    try:
        with _as_bus_away():
            await admin.start()
            there = set(await admin.list_topics())
            settings = {
                name: {
                    "retention.ms": str(-1 if days is None else days * 86_400_000),
                    "max.message.bytes": str(_LARGEST),
                }
                for name, _, days in topics
            }
            new = [
                NewTopic(name, partitions, replication, topic_configs=settings[name])
                for name, partitions, _ in topics
                if name not in there
            ]
            if new:
                _refused(await admin.create_topics(new))
            old = [
                ConfigResource(ConfigResourceType.TOPIC, name, settings[name]) for name, _, _ in topics if name in there
            ]
            for answer in await admin.alter_configs(old) if old else ():
                _refused(answer)
    finally:
        await admin.close()


def _refused(answer: Any) -> None:
    """The client gives back what the broker refused without a word. Raises `BusAway`."""
    told = answer.to_object()
    for one in told.get("topic_errors") or told.get("resources") or ():
        error = for_code(one["error_code"])
        if one["error_code"] and error is not TopicAlreadyExistsError:
            raise BusAway(f"{one.get('topic') or one.get('resource_name')}: {error.__name__}")


def _record(one: Any) -> Record:
    headers = dict(one.headers)
    try:
        event_id = UUID(headers["ce_id"].decode())
        event_type = headers["ce_type"].decode()
    except (KeyError, ValueError, AttributeError):
        event_id, event_type = None, None
    key = (one.key or b"").decode(errors="replace")
    return Record(one.topic, one.partition, one.offset, key, one.value or b"", event_id, event_type)


@contextlib.contextmanager
def _as_bus_away() -> Iterator[None]:
    try:
        yield
    except (KafkaError, OSError, TimeoutError) as error:
        raise BusAway(type(error).__name__) from error


@contextlib.contextmanager
def _as_membership_lost(group: str) -> Iterator[None]:
    try:
        yield
    except (
        CommitFailedError,
        IllegalGenerationError,
        IllegalStateError,
        RebalanceInProgressError,
        UnknownMemberIdError,
    ) as error:
        raise MembershipLost(f"{group}: {type(error).__name__}") from error
    except (KafkaError, OSError, TimeoutError) as error:
        raise BusAway(type(error).__name__) from error
