"""A bus stage: inbox, one state row per event, log and relay to Kafka, with a stub handler; against the bare client."""

import asyncio
import statistics
import time
from collections.abc import Sequence

import sqlalchemy as sa
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from faststream import AckPolicy, FastStream
from faststream.kafka import KafkaBroker
from faststream.kafka.annotations import KafkaMessage
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import create_async_engine
from torg_shared.bus import kafka
from torg_shared.bus.handlers import Handlers
from torg_shared.bus.port import Outgoing
from torg_shared.bus.runner import Group, run_group
from torg_shared.clock import SystemClock
from torg_shared.db import make_engine
from torg_shared.events.classifier import UrgentAcknowledged
from torg_shared.events.envelope import Actor, Meta, encode
from torg_shared.events.journal import MessageReopened
from torg_shared.ids import uuid7
from torg_shared.metrics import Metrics
from torg_shared.relay import run_relay
from torg_shared.standard_tables import standard_tables
from torg_shared.work import Work, Works

_SOURCE, _TARGET = UrgentAcknowledged.TOPIC, MessageReopened.TOPIC
_BATCH = 500

_STATE = sa.text(
    "INSERT INTO state (message_id, version) SELECT * FROM unnest(:ids, :versions) ON CONFLICT (message_id) DO UPDATE "
    "SET version = excluded.version"
).bindparams(sa.bindparam("ids", type_=pg.ARRAY(sa.Uuid)), sa.bindparam("versions", type_=pg.ARRAY(sa.Integer)))


async def produce(servers: str, count: int) -> None:
    """`count` events wait on the source topic afterwards."""
    bus = kafka.KafkaBus(servers, "bench-fill")
    clock = SystemClock()
    for start in range(0, count, 1000):
        batch = []
        for _ in range(min(1000, count - start)):
            message, conversation = uuid7(), uuid7()
            event = UrgentAcknowledged(
                message_id=message,
                conversation_id=conversation,
                message_version=1,
                acknowledged_by="bench",
                action="called",
            )
            meta = Meta(uuid7(), clock.now(), Actor(kind="system", id="bench"), str(conversation))
            batch.append(Outgoing(event.TOPIC, event.key, meta.id, event.TYPE, encode(event, meta, "urn:torg:bench")))
        await bus.publish(batch)
    await bus.close()


async def bare(servers: str, count: int, group: str) -> float:
    """Events per second of consume, produce, commit with the client alone, in batches."""
    consumer = AIOKafkaConsumer(
        _SOURCE,
        bootstrap_servers=servers,
        group_id=group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    producer = AIOKafkaProducer(bootstrap_servers=servers, acks="all", enable_idempotence=True, linger_ms=0)
    await consumer.start()
    await producer.start()
    done, began = 0, 0.0
    while done < count:
        found = await consumer.getmany(timeout_ms=1000, max_records=_BATCH)
        began = began or time.perf_counter()
        records = [record for part in found.values() for record in part]
        if not records:
            continue
        sent = [await producer.send(_TARGET, record.value, key=record.key) for record in records]
        await asyncio.gather(*sent)
        await consumer.commit(
            {TopicPartition(at.topic, at.partition): part[-1].offset + 1 for at, part in found.items()}
        )
        done += len(records)
    took = time.perf_counter() - began
    await consumer.stop()
    await producer.stop()
    return count / took


async def one_by_one(servers: str, count: int, group: str) -> float:
    """Events per second of FastStream with explicit acknowledgement, message by message."""
    broker = KafkaBroker(servers, logger=None)
    app = FastStream(broker, logger=None)
    publisher = broker.publisher(_TARGET)
    began, ended, done = 0.0, 0.0, 0

    @broker.subscriber(_SOURCE, group_id=group, auto_offset_reset="earliest", ack_policy=AckPolicy.MANUAL)
    async def handle(body: bytes, message: KafkaMessage) -> None:
        nonlocal began, ended, done
        began = began or time.perf_counter()
        await publisher.publish(body)
        await message.ack()
        done += 1
        if done == count:
            ended = time.perf_counter()
            app.exit()

    await app.run()
    return count / (ended - began)


async def product(servers: str, database_owner: str, database: str, count: int, group: str) -> float:
    """Events per second from the source topic through runner, database, log and relay to the target topic."""
    await _prepare(database_owner)
    works = Works(make_engine(database, name="bench"), SystemClock(), "shared")
    bus, metrics, stop = kafka.KafkaBus(servers, "bench"), Metrics(), asyncio.Event()
    began = 0.0

    async def handle(events: Sequence[UrgentAcknowledged], work: Work) -> None:
        nonlocal began
        began = began or time.perf_counter()
        await work.db.execute(
            _STATE, {"ids": [one.message_id for one in events], "versions": [one.message_version for one in events]}
        )
        for one in events:
            work.publish(
                MessageReopened(
                    message_id=one.message_id,
                    conversation_id=one.conversation_id,
                    message_version=1,
                    version=1,
                    reason="bench",
                ),
                cause=one,
            )

    works.relay_is_here = True
    tasks = [
        asyncio.create_task(
            run_group(Group(group, Handlers().on_batch(handle, UrgentAcknowledged)), bus, works, stop, metrics)
        ),
        asyncio.create_task(run_relay(works, bus, works.wake, stop, metrics)),
    ]
    relayed = metrics.counter("torg_relayed_total")
    while relayed._value.get() < count:
        await asyncio.sleep(0.005)
        for task in tasks:
            if task.done():
                task.result()
    took = time.perf_counter() - began
    stop.set()
    works.wake.set()
    await asyncio.gather(*tasks)
    await bus.close()
    await works.close()
    return count / took


async def _prepare(owner: str) -> None:
    engine = create_async_engine(owner.replace("postgresql://", "postgresql+asyncpg://"))
    metadata = sa.MetaData()
    standard_tables(metadata)
    sa.Table("state", metadata, sa.Column("message_id", sa.Uuid, primary_key=True), sa.Column("version", sa.Integer))
    async with engine.begin() as db:
        await db.run_sync(metadata.drop_all)
        await db.run_sync(metadata.create_all)
    await engine.dispose()


async def wake_of_client(servers: str, count: int) -> float:
    """Median seconds from produce to consume with the bare client, nothing else under way."""
    consumer = AIOKafkaConsumer(_TARGET, bootstrap_servers=servers, auto_offset_reset="latest")
    producer = AIOKafkaProducer(bootstrap_servers=servers, acks="all", enable_idempotence=True, linger_ms=0)
    await consumer.start()
    await producer.start()
    await consumer.seek_to_end()
    seen = []
    for _ in range(count):
        began = time.perf_counter()
        await producer.send(_TARGET, b"x", key=b"k")
        await consumer.getone()
        seen.append(time.perf_counter() - began)
        await asyncio.sleep(0.01)
    await consumer.stop()
    await producer.stop()
    return statistics.median(seen)


async def wake_of_product(servers: str, database_owner: str, database: str, count: int, group: str) -> float:
    """Median seconds from commit to the handler of another group, by relay and Kafka, nothing else under way."""
    await _prepare(database_owner)
    works = Works(make_engine(database, name="bench"), SystemClock(), "shared")
    bus, metrics, stop = kafka.KafkaBus(servers, "bench"), Metrics(), asyncio.Event()
    arrived: asyncio.Queue[float] = asyncio.Queue()
    first = time.time()

    async def handle(events: Sequence[UrgentAcknowledged], work: Work) -> None:
        if any(one.meta.time.timestamp() >= first for one in events):
            arrived.put_nowait(time.perf_counter())

    works.relay_is_here = True
    tasks = [
        asyncio.create_task(
            run_group(Group(group, Handlers().on_batch(handle, UrgentAcknowledged)), bus, works, stop, metrics)
        ),
        asyncio.create_task(run_relay(works, bus, works.wake, stop, metrics)),
    ]
    seen = []
    for number in range(count + 1):
        began = time.perf_counter()
        async with works.begin(Actor(kind="system", id="bench")) as work:
            work.publish(
                UrgentAcknowledged(
                    message_id=uuid7(),
                    conversation_id=uuid7(),
                    message_version=1,
                    acknowledged_by="bench",
                    action="called",
                )
            )
        took = await arrived.get() - began
        if number:  # the first one also waits for the group to have read what lay there
            seen.append(took)
        await asyncio.sleep(0.01)
    stop.set()
    works.wake.set()
    await asyncio.gather(*tasks)
    await bus.close()
    await works.close()
    return statistics.median(seen)
