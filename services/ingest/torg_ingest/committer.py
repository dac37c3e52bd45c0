"""The group commit: one task stores everything that queued while its last commit ran, then all of it is answered.

A delivery is answered 200 only after its commit. The queue is bounded; a failing batch is halved to the culprit, whose
bytes are kept all the same; whoever gives up waiting cancels nothing.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import asyncpg
import structlog
from torg_shared import crash
from torg_shared.bus.runner import apply_all, describe
from torg_shared.db import is_transient, sqlstate
from torg_shared.events.envelope import Actor
from torg_shared.metrics import Metrics
from torg_shared.work import Works

from torg_ingest.domain.changes import Delivery
from torg_ingest.store.intake import Accounts, Raced
from torg_ingest.usecases.intake import Told, keep_failed, take_in

_BATCH = 500  # deliveries
_BATCH_BYTES = 1024 * 1024  # or about 3500 changes in big deliveries: a second of work
_TRIES = 3  # of a batch while storage fails; then its senders are told to come again
_RACES = 20  # lost against other processes, or against what was known already, before a batch counts as broken
_PAUSE_S = 0.02
_UNIQUE = "23505"

_log = structlog.get_logger()


class StorageAway(Exception):
    """Nothing is stored for certain: the sender must come again."""


class Full(Exception):
    """More waits than may wait: the sender must come again."""


@dataclass(slots=True)
class _Waiting:
    delivery: Delivery
    done: asyncio.Future[None]
    stored: bool = False


class Committer:
    """Made once per process; `run` once or more often beside the API, `submit` by every webhook."""

    def __init__(self, works: Works, metrics: Metrics, *, parking: timedelta, queue_bytes: int) -> None:
        self._works, self._metrics = works, metrics
        self._parking, self._queue_bytes = parking, queue_bytes
        self._accounts = Accounts()
        self._queue: deque[_Waiting] = deque()
        self._bytes = 0
        self._some = asyncio.Event()
        self._deliveries = metrics.counter("torg_deliveries_total")
        self._changes = metrics.counter("torg_changes_total")
        self._unhandled = metrics.counter("torg_unhandled_total")
        self._size = metrics.histogram("torg_commit_batch_deliveries")
        self._waiting = metrics.gauge("torg_committer_queue_bytes")

    async def submit(self, delivery: Delivery) -> None:
        """Returns when `delivery` is durable. Raises `Full`, `StorageAway`."""
        size = len(delivery.body)
        if self._bytes + size > self._queue_bytes:
            raise Full
        waiting = _Waiting(delivery, asyncio.get_running_loop().create_future())
        self._queue.append(waiting)
        self._bytes += size
        self._some.set()
        await waiting.done

    async def run(self, stop: asyncio.Event) -> None:
        """Commit until `stop`, and then what is still queued."""
        ending = asyncio.create_task(self._wake_at(stop))
        try:
            while not (stop.is_set() and not self._queue):
                if not self._queue:
                    self._some.clear()
                    await self._some.wait()
                    continue
                await self._commit(self._take())
        finally:
            ending.cancel()

    async def _wake_at(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._some.set()

    def _take(self) -> list[_Waiting]:
        batch: list[_Waiting] = []
        size = 0
        while self._queue and len(batch) < _BATCH and (not batch or size < _BATCH_BYTES):
            batch.append(self._queue.popleft())
            size += len(batch[-1].delivery.body)
        self._waiting.set(self._bytes)
        return batch

    async def _commit(self, batch: list[_Waiting]) -> None:
        try:
            await self._store(batch)
        except Exception as error:  # noqa: BLE001 - whatever it was, those who wait must hear it, and the task go on
            _log.warning("ingest.batch.refused", error=describe(error), deliveries=len(batch))
            for one in batch:
                if not one.done.done():
                    one.done.set_exception(StorageAway())
                    self._deliveries.labels(one.delivery.platform, "storage_away").inc()
        finally:
            self._bytes -= sum(len(one.delivery.body) for one in batch)

    async def _store(self, batch: list[_Waiting]) -> None:
        left, races = _TRIES, 0

        def is_retry(error: Exception) -> bool:
            # a key that another process wrote first: read again, and the change is known
            if isinstance(error, Raced) or sqlstate(error) == _UNIQUE:
                return races < _RACES
            return is_transient(error)

        while todo := [one for one in batch if not one.stored]:
            try:
                await apply_all(todo, partial(self._apply, look=races > 0), self._bury, is_retry)
                return
            except Exception as error:
                if isinstance(error, Raced | asyncpg.UniqueViolationError):
                    races += 1
                    continue
                left -= 1
                if left == 0 or not is_transient(error):
                    raise
                await asyncio.sleep(_PAUSE_S)

    async def _apply(self, batch: Sequence[_Waiting], *, look: bool) -> None:
        platform = batch[0].delivery.platform
        async with self._works.begin(Actor(kind="platform", id=platform)) as work:
            told = await take_in(work, [one.delivery for one in batch], self._accounts, self._parking, look=look)
            crash.point("ingest.before_commit")
        crash.point("ingest.committed")
        self._size.observe(len(batch))
        self._count(told, platform)
        self._deliveries.labels(platform, "stored").inc(len(batch))
        for one in batch:
            _answer(one)

    async def _bury(self, one: _Waiting, error: Exception) -> None:
        _log.error("ingest.delivery.quarantined", delivery_id=str(one.delivery.id), reason=describe(error))
        async with self._works.begin(Actor(kind="platform", id=one.delivery.platform)) as work:
            await keep_failed(work, one.delivery, f"failed: {describe(error)}")
        self._deliveries.labels(one.delivery.platform, "failed").inc()
        _answer(one)

    def _count(self, told: Told, platform: str) -> None:
        if told.news:
            self._changes.labels(platform, "new").inc(told.news)
        if told.known:
            self._changes.labels(platform, "known").inc(told.known)
        for where, part in told.set_aside:
            self._changes.labels(where, part.outcome).inc()
            self._unhandled.labels(where, part.field or "", part.item or "", part.verb or "").inc()


def _answer(one: _Waiting) -> None:
    one.stored = True
    if not one.done.done():  # a sender that gave up has cancelled it
        one.done.set_result(None)
