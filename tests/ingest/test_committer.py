"""The group commit: durable before the answer, bounded, halved to the culprit, and cheap for any number."""

import asyncio
from collections.abc import Callable
from typing import Any

import asyncpg
import pytest
from sqlalchemy.exc import DBAPIError
from torg_ingest import committer as under_test
from torg_ingest.app import build
from torg_ingest.committer import Committer, Full, StorageAway
from torg_ingest.domain.changes import Delivery
from torg_ingest.settings import IngestSettings
from torg_ingest.usecases.intake import take_in
from torg_shared.bus.memory import MemoryBus
from torg_shared.metrics import Metrics
from torg_shared.testing import FakeClock, until

from .conftest import PARKING, Ingest
from .facebook import AT, delivery, reply, value


async def test_a_batch_costs_the_same_statements_however_big_it_is(
    ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = _count_statements(monkeypatch)
    await ingest.take(delivery(value("2002_0")))  # the registry is read once a second

    costs = []
    for number, size in enumerate((1, 40)):
        counted.clear()
        contents = [
            delivery(
                value(f"2002_{number}{n}"),
                value(f"2002_{number}{n}", "edited", message="B"),
                reply(f"2003_{number}{n}", f"2002_{number}{n}"),
            )
            for n in range(size)
        ]
        batches = _batches(ingest)
        await asyncio.gather(*(ingest.post(content) for content in contents))
        costs.append(len(counted) / (_batches(ingest) - batches))

    assert costs == [5, 5]  # BEGIN, load, write, log, COMMIT


def _count_statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    counted: list[str] = []

    def wrap(name: str) -> None:
        inner = getattr(asyncpg.Connection, name)

        async def counting(self: Any, query: str, *rest: Any, **more: Any) -> Any:
            if "NOTIFY" not in query:
                counted.append(query)
            return await inner(self, query, *rest, **more)

        monkeypatch.setattr(asyncpg.Connection, name, counting)

    for name in ("execute", "fetch", "fetchval", "prepare"):
        wrap(name)
    return counted


def _batches(ingest: Ingest) -> float:
    found = ingest.service.metrics.registry.get_sample_value("torg_commit_batch_deliveries_count")
    return found or 0.0


async def test_a_batch_that_fails_is_halved_and_only_the_culprit_set_aside(
    ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = take_in

    async def bug(work: Any, deliveries: Any, *rest: Any, **more: Any) -> Any:
        if any(b"2002_7" in one.body for one in deliveries):
            raise RuntimeError("a fault of ours")
        return await honest(work, deliveries, *rest, **more)

    monkeypatch.setattr(under_test, "take_in", bug)
    answers = await asyncio.gather(*(ingest.post(delivery(value(f"2002_{n}"))) for n in range(10)))

    assert {answer.status_code for answer in answers} == {200}
    assert len(await ingest.events("message.received.v1")) == 9
    (failed,) = await ingest.rows("SELECT * FROM deliveries WHERE outcome = 'failed'")
    assert b"2002_7" in failed["body"]
    assert (await ingest.rows("SELECT reason FROM set_aside"))[0]["reason"] == "failed: RuntimeError"


async def test_a_passing_failure_is_tried_again_and_nobody_notices(
    ingest: Ingest, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest, left = take_in, [2]

    async def flickering(*given: Any, **more: Any) -> Any:
        if left[0]:
            left[0] -= 1
            raise ConnectionResetError
        return await honest(*given, **more)

    monkeypatch.setattr(under_test, "take_in", flickering)
    await ingest.take(delivery(value()))
    assert await ingest.types() == ["message.received", "snapshot.taken"]


async def test_storage_away_is_told_so_that_the_platform_comes_again(ingest: Ingest, postgres_url: str) -> None:
    """F6: nothing is acknowledged, and the pool heals without a restart."""
    name = ingest.service.settings.database_url.rpartition("/")[2]
    admin = await asyncpg.connect(postgres_url)
    await admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
    await _kill_connections(admin, name)

    answer = await ingest.post(delivery(value()))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert answer.json()["code"] == "STORAGE_AWAY"

    await admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
    await ingest.take(delivery(value()))
    await admin.close()
    assert len(await ingest.rows("SELECT 1 FROM messages")) == 1


async def _kill_connections(admin: asyncpg.Connection, name: str) -> None:
    await admin.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND usename = 'torg_ingest'", name
    )


async def test_a_connection_killed_inside_the_transaction_costs_nothing(
    ingest: Ingest, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F7, before COMMIT."""
    honest, left = take_in, [1]
    admin = await asyncpg.connect(postgres_url)
    name = ingest.service.settings.database_url.rpartition("/")[2]

    async def killed(*given: Any, **more: Any) -> Any:
        done = await honest(*given, **more)
        if left[0]:
            left[0] -= 1
            await _kill_connections(admin, name)
        return done

    monkeypatch.setattr(under_test, "take_in", killed)
    await ingest.take(delivery(value()))
    await admin.close()
    assert await ingest.types() == ["message.received", "snapshot.taken"]


async def test_a_commit_whose_outcome_is_unknown_is_done_once(ingest: Ingest, monkeypatch: pytest.MonkeyPatch) -> None:
    """F7, after COMMIT was sent: the answer is cut, the batch runs again and meets what it wrote."""
    inner, left = asyncpg.Connection.execute, [1]

    async def cut(self: Any, query: str, *rest: Any, **more: Any) -> Any:
        done = await inner(self, query, *rest, **more)
        if query == "COMMIT" and left[0]:
            left[0] -= 1
            raise asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation")
        return done

    monkeypatch.setattr(asyncpg.Connection, "execute", cut)
    await ingest.take(delivery(value()))

    assert left == [0]
    assert await ingest.types() == ["message.received", "snapshot.taken"]
    assert len(await ingest.rows("SELECT 1 FROM deliveries")) == 1


async def test_who_gives_up_waiting_cancels_no_commit(ingest: Ingest, monkeypatch: pytest.MonkeyPatch) -> None:
    honest, go, inside = take_in, asyncio.Event(), asyncio.Event()

    async def slow(*given: Any, **more: Any) -> Any:
        inside.set()
        await go.wait()
        return await honest(*given, **more)

    monkeypatch.setattr(under_test, "take_in", slow)
    waiting = asyncio.create_task(ingest.post(delivery(value())))
    await inside.wait()
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    go.set()

    await until(lambda: ingest.rows("SELECT 1 FROM messages"), what="the commit of a cancelled request")
    await ingest.take(delivery(value("2002_4")))


async def test_more_than_may_wait_is_sent_away(ingest: Ingest, clock: FakeClock) -> None:
    small = Committer(ingest.service.works, Metrics(), parking=PARKING, queue_bytes=100)
    with pytest.raises(Full):
        await small.submit(_delivery(b"x" * 101, clock))
    waiting = asyncio.create_task(small.submit(_delivery(b"x" * 60, clock)))
    await asyncio.sleep(0)
    with pytest.raises(Full):
        await small.submit(_delivery(b"x" * 60, clock))

    stop = asyncio.Event()
    running = asyncio.create_task(small.run(stop))
    await waiting
    await small.submit(_delivery(b"x" * 60, clock))
    stop.set()
    await running


async def test_a_full_queue_is_503_with_a_time_to_come_again(ingest: Ingest, monkeypatch: pytest.MonkeyPatch) -> None:
    async def full(*_: Any) -> None:
        raise Full

    monkeypatch.setattr(Committer, "submit", full)
    answer = await ingest.post(delivery(value()))
    assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, "QUEUE_FULL", "1")


async def test_what_waits_when_the_service_stops_is_still_committed(ingest: Ingest, clock: FakeClock) -> None:
    stopped = Committer(ingest.service.works, Metrics(), parking=PARKING, queue_bytes=10_000)
    waiting = [asyncio.create_task(stopped.submit(_delivery(delivery(value(f"2002_{n}")), clock))) for n in range(3)]
    await asyncio.sleep(0)
    stop = asyncio.Event()
    stop.set()
    await stopped.run(stop)
    await asyncio.gather(*waiting)
    assert len(await ingest.rows("SELECT 1 FROM messages")) == 3


async def test_a_failure_that_lasts_reaches_those_who_wait(
    ingest: Ingest, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: Any, **__: Any) -> Any:
        raise DBAPIError("", {}, OSError(), connection_invalidated=True)

    monkeypatch.setattr(under_test, "take_in", away)
    stop = asyncio.Event()
    lone = Committer(ingest.service.works, Metrics(), parking=PARKING, queue_bytes=10_000)
    running = asyncio.create_task(lone.run(stop))
    with pytest.raises(StorageAway):
        await lone.submit(_delivery(delivery(value()), clock))
    stop.set()
    await running


def _delivery(content: bytes, clock: FakeClock) -> Delivery:
    from torg_shared.ids import uuid7

    return Delivery(uuid7(), "facebook", clock.at, content, "application/json")


@pytest.mark.parametrize(
    "make",
    [
        lambda n: delivery(value(f"2002_{n % 5}"), time=AT + n),
        lambda n: delivery(value("2002_1", "edited" if n % 2 else "add", message=str(n)), time=AT + n),
        lambda n: delivery(reply(f"2002_{n % 4 + 2}", f"2002_{n % 4 + 1}"), value("2002_1")),
    ],
    ids=["same messages", "edits of one", "a chain of replies"],
)
async def test_two_processes_that_meet_have_one_effect(
    ingest: Ingest, settings: IngestSettings, clock: FakeClock, make: Callable[[int], bytes]
) -> None:
    """P2: four committers in two services on one database, all at the same messages."""
    other = build(settings, bus=MemoryBus(), clock=clock)
    stop = asyncio.Event()
    doors = [
        Committer(works, Metrics(), parking=PARKING, queue_bytes=10**7)
        for works in (ingest.service.works, other.works)
        for _ in range(2)
    ]
    running = [asyncio.create_task(one.run(stop)) for one in doors]
    given = [_delivery(make(n), clock) for n in range(40)]
    await asyncio.gather(*(doors[n % 4].submit(one) for n, one in enumerate([*given, *given])))
    stop.set()
    await asyncio.gather(*running)
    await ingest.release()
    await other.works.close()

    received = await ingest.events("message.received.v1")
    assert len({one.subject for one in received}) == len(received) == len(await ingest.rows("SELECT 1 FROM messages"))
    versions = await ingest.rows("SELECT message_id, count(*) AS n, max(version) AS last FROM versions GROUP BY 1")
    assert all(row["n"] == row["last"] for row in versions)
    assert await ingest.rows("SELECT 1 FROM deliveries WHERE outcome = 'failed'") == []
