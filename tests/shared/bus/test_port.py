"""What every bus promises: the same suite on memory, PostgreSQL and Kafka."""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import Sequence
from uuid import uuid4

from aiokafka import AIOKafkaProducer
from torg_shared.bus import kafka
from torg_shared.bus.port import Member, MembershipLost, Outgoing, Record
from torg_shared.ids import uuid7
from torg_shared.testing import until

from .conftest import Place


def outgoing(topic: str, key: str, number: int) -> Outgoing:
    return Outgoing(topic, key, uuid7(), "test.happened.v1", f"{key}/{number}".encode())


async def take(member: Member, count: int, *, limit: int = 500) -> list[Record]:
    """At least `count` records; fails when they do not come."""
    found: list[Record] = []

    async def enough() -> bool:
        found.extend(await member.fetch(limit, 0.2))
        return len(found) >= count

    await until(enough, what=f"{count} records", within_s=30)
    return found


def by_key(records: Sequence[Record]) -> dict[str, list[int]]:
    seen: dict[str, list[int]] = defaultdict(list)
    for record in records:
        key, number = record.payload.decode().split("/")
        assert key == record.key
        seen[key].append(int(number))
    return dict(seen)


async def test_order_per_key_with_id_and_type_beside_the_bytes(place: Place) -> None:
    batches = [[outgoing(place.topic, f"k{key}", number) for key in range(20)] for number in range(10)]
    for batch in batches:
        await place.bus.publish(batch)
    async with place.bus.join("order", [place.topic]) as member:
        found = await take(member, 200)
    assert by_key(found) == {f"k{key}": list(range(10)) for key in range(20)}
    assert {one.id for one in found} == {one.id for batch in batches for one in batch}
    assert {one.type for one in found} == {"test.happened.v1"}
    assert len({one.partition for one in found}) > 1


async def test_a_fetch_is_bounded_and_waits_no_longer_than_it_was_told(place: Place) -> None:
    await place.bus.publish([outgoing(place.topic, f"k{number}", 0) for number in range(30)])
    async with place.bus.join("bounded", [place.topic]) as member:
        found = await take(member, 30, limit=7)
        assert len(found) == 30
        await member.commit(found)
        assert await member.fetch(7, 0.05) == []


async def test_what_was_not_committed_comes_again(place: Place) -> None:
    await place.bus.publish([outgoing(place.topic, "k", number) for number in range(10)])
    async with place.bus.join("again", [place.topic]) as member:
        found = await take(member, 10)
        await member.commit(found[:4])
    async with place.bus.join("again", [place.topic]) as member:
        assert by_key(await take(member, 6)) == {"k": list(range(4, 10))}


async def test_a_new_group_starts_at_the_earliest_and_groups_do_not_disturb_each_other(place: Place) -> None:
    await place.bus.publish([outgoing(place.topic, "k", number) for number in range(5)])
    for group in ("first", "second"):
        async with place.bus.join(group, [place.topic]) as member:
            found = await take(member, 5)
            await member.commit(found)
        assert by_key(found) == {"k": list(range(5))}


async def test_several_topics_in_one_group_and_no_others(place: Place) -> None:
    await place.bus.publish([outgoing(place.topic, "a", 0), outgoing(place.other, "b", 0)])
    async with place.bus.join("both", [place.topic, place.other]) as member:
        assert {one.topic for one in await take(member, 2)} == {place.topic, place.other}
    async with place.bus.join("one", [place.topic]) as member:
        assert {one.topic for one in await take(member, 1)} == {place.topic}


async def test_lag_counts_what_waits(place: Place) -> None:
    await place.bus.publish([outgoing(place.topic, f"k{number}", 0) for number in range(8)])
    async with place.bus.join("lag", [place.topic]) as member:
        found = await take(member, 8)
        await member.commit(found)
        assert await place.bus.lag("lag") == 0
        await place.bus.publish([outgoing(place.topic, f"k{number}", 1) for number in range(3)])
        assert await place.bus.lag("lag") == 3
        assert await place.bus.lag("lag", member.assigned) == 3
        assert await place.bus.lag("lag", [(place.other, 0)]) == 0


async def test_a_held_member_takes_nothing_and_stays(place: Place) -> None:
    await place.bus.publish([outgoing(place.topic, "k", 0)])
    async with place.bus.join("held", [place.topic]) as member:
        await take(member, 1)
        await place.bus.publish([outgoing(place.topic, "k", 1)])
        await member.hold(0.3)
        assert by_key(await take(member, 1)) == {"k": [1]}


async def test_a_hold_between_two_fetches_loses_nothing_and_keeps_the_order(place: Place) -> None:
    await place.bus.publish([outgoing(place.topic, f"k{number % 3}", number) for number in range(30)])
    async with place.bus.join("breath", [place.topic]) as member:
        found = await take(member, 1, limit=4)
        while len(found) < 30:
            await member.hold(0.05)
            found += await take(member, 1, limit=4)
            await member.commit(found)
    assert by_key(found) == {f"k{key}": list(range(key, 30, 3)) for key in range(3)}


async def test_a_member_that_holds_from_its_first_moment_is_not_thrown_out(place: Place) -> None:
    """A halted group joins and holds before its partitions are given to it."""
    await place.bus.publish([outgoing(place.topic, "k", 0)])
    async with place.bus.join("halted", [place.topic]) as member:
        for _ in range(3):
            await member.hold(0.3)
        assert by_key(await take(member, 1)) == {"k": [0]}


async def test_an_empty_batch_is_nothing(place: Place) -> None:
    await place.bus.publish([])


async def test_two_members_share_the_partitions_and_nothing_is_lost(place: Place) -> None:
    """Members join one after the other; whatever is drunk twice is drunk in order, and all of it is drunk."""
    seen: dict[str, list[int]] = defaultdict(list)
    owners: dict[str, set[int]] = defaultdict(set)
    stop = asyncio.Event()

    async def consume(name: int) -> None:
        while not stop.is_set():
            with contextlib.suppress(MembershipLost):
                async with place.bus.join("shared", [place.topic]) as member:
                    while not stop.is_set():
                        records = await member.fetch(50, 0.1)
                        if not records:
                            continue
                        await member.commit(records)
                        for record in records:
                            key, number = record.payload.decode().split("/")
                            seen[key].append(int(number))
                            owners[key].add(name)

    tasks = [asyncio.create_task(consume(0))]
    await place.bus.publish([outgoing(place.topic, f"k{key}", 0) for key in range(60)])

    async def all_of(number: int) -> bool:
        return all(number in seen[f"k{key}"] for key in range(60))

    await until(lambda: all_of(0), what="the first member reads everything", within_s=40)
    tasks.append(asyncio.create_task(consume(1)))
    number = 0

    async def both_read() -> bool:
        nonlocal number
        number += 1
        await place.bus.publish([outgoing(place.topic, f"k{key}", number) for key in range(60)])
        await asyncio.sleep(0.2)
        return any(1 in names for names in owners.values())

    await until(both_read, what="the second member has partitions", within_s=60)
    await until(lambda: all_of(number), what="everything", within_s=40)
    stop.set()
    await asyncio.gather(*tasks)
    for numbers in seen.values():
        first_sights = list(dict.fromkeys(numbers))
        assert first_sights == sorted(first_sights) == list(range(number + 1))


async def test_foreign_bytes_without_id_and_type_come_all_the_same(kafka_address: str) -> None:
    """On Kafka anybody may leave the headers out; own buses have columns for them."""
    topic = f"torg.foreign-{uuid4().hex[:8]}"
    await kafka.make(kafka_address, [(topic, 3, 1)])
    producer = AIOKafkaProducer(bootstrap_servers=kafka_address)
    await producer.start()
    await producer.send_and_wait(topic, b"\xff", key=b"k")
    await producer.stop()
    bus = kafka.KafkaBus(kafka_address, "test")
    async with bus.join("bare", [topic]) as member:
        found = await take(member, 1)
    await bus.close()
    assert (found[0].id, found[0].type, found[0].payload) == (None, None, b"\xff")
