"""The loop around every handler: fetch, drop what the inbox knows, handle, one database commit, one offset commit.

Three classes of failure. *Retry*: the whole batch again, with back-off, for ever. *Park*: halve to the culprit, three
tries of it alone, then a dead letter in the transaction that marks the inbox; the conversation goes on. *Halt*: ten
parked in a row stop this group only, until somebody resumes it.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar
from uuid import UUID, uuid5

import orjson
import structlog

from torg_shared import crash, inbox
from torg_shared.db import STATEMENT_TIMEOUT, is_transient, sqlstate
from torg_shared.errors import Conflict, NotFound
from torg_shared.events.envelope import Actor, decode
from torg_shared.ids import uuid7
from torg_shared.metrics import Metrics
from torg_shared.work import Works

from .handlers import Handlers
from .port import Bus, BusAway, Member, MembershipLost, Record

_TRIES_ALONE = 3
_TIMEOUTS_BEFORE_PARK = 5
_PARKED_BEFORE_HALT = 10
_UNIDENTIFIED = UUID("6f1d2f0e-7a55-5f0e-9d0e-0b8c6d6f7a11")

_log = structlog.get_logger()
T = TypeVar("T")


class _Halted(Exception):
    """Too many parked in a row: what is left of the batch comes again when somebody resumes the group."""


class GroupSilent(Exception):
    """Events wait, nothing arrives, and joining again did not help: the process must be replaced (exit 70)."""


@dataclass(frozen=True, slots=True)
class Group:
    """A consumer group: its name is the consumer in inbox and dead letters, for ever."""

    name: str
    handlers: Handlers


@dataclass(frozen=True, slots=True)
class Pace:
    """Limits of the loop, in events and seconds."""

    batch: int = 500
    wait_s: float = 1.0
    silence_s: float = 30.0
    longest_backoff_s: float = 10.0


async def apply_all(
    items: Sequence[T],
    apply: Callable[[Sequence[T]], Awaitable[None]],
    bury: Callable[[T, Exception], Awaitable[None]],
    is_retry: Callable[[Exception], bool] = is_transient,
) -> None:
    """`apply` all in one transaction; halve to the culprit when it fails for good, and `bury` that one.

    Order is kept: the first half is finished, burials included, before the second begins.
    Raises whatever `is_retry` says may pass: then the caller tries all of it again.
    """
    for attempt in range(_TRIES_ALONE if len(items) == 1 else 1):
        try:
            await apply(items)
            return
        except Exception as error:
            if is_retry(error):
                raise
            if len(items) > 1:
                break
            if attempt == _TRIES_ALONE - 1:
                await bury(items[0], error)
                return
    middle = len(items) // 2
    await apply_all(items[:middle], apply, bury, is_retry)
    await apply_all(items[middle:], apply, bury, is_retry)


async def run_group(
    group: Group, bus: Bus, works: Works, stop: asyncio.Event, metrics: Metrics, pace: Pace | None = None
) -> None:
    """Consume until `stop`. Raises `GroupSilent` when only a new process can help."""
    await _Loop(group, bus, works, stop, metrics, pace or Pace()).run()


async def replay(groups: Sequence[Group], works: Works, letter_id: UUID, actor: Actor) -> None:
    """Run the handler of a dead letter again. Replaying what was replayed changes nothing.

    Raises `NotFound`; `Conflict` with `REPLAY_FAILED` when the handler fails again (the letter stays).
    """
    handlers = {group.name: group.handlers for group in groups}
    try:
        async with works.begin(actor) as work:
            letter = await inbox.lock_dead_letter(work.db, letter_id)
            if letter is None or letter.consumer not in handlers:
                raise NotFound("DEAD_LETTER_UNKNOWN", letter_id)
            if letter.replayed_at is not None:
                return
            event = decode(letter.envelope, handlers[letter.consumer].contracts)
            await handlers[letter.consumer].handle([event], work)
            await inbox.mark_replayed(work.db, letter_id, work.now)
    except NotFound:
        raise
    except Exception as error:
        if is_transient(error):
            raise
        raise Conflict("REPLAY_FAILED", letter_id, cause=describe(error)) from error


def describe(error: Exception) -> str:
    """What failed, without the values that it failed on: those may be a person's words."""
    state = sqlstate(error)
    return f"{type(error).__name__} {state}" if state else type(error).__name__


class _Loop:
    def __init__(self, group: Group, bus: Bus, works: Works, stop: asyncio.Event, metrics: Metrics, pace: Pace) -> None:
        self.group, self.bus, self.works, self.stop, self.metrics, self.pace = group, bus, works, stop, metrics, pace
        self.actor = Actor(kind="system", id=works.service)
        self.log = _log.bind(group=group.name)
        self.parked_in_row = 0
        self.halted = True  # until the database says otherwise
        self.rejoined_for_silence = False

    async def run(self) -> None:
        wait_s = 0.1
        while not self.stop.is_set():
            try:
                async with self.bus.join(self.group.name, self.group.handlers.topics) as member:
                    wait_s = 0.1
                    await self._consume(member)
                return
            except MembershipLost:
                cause = "rebalanced"
            except _Halted:
                cause = "halted"
            except GroupSilent:
                if self.rejoined_for_silence:
                    raise
                self.rejoined_for_silence, cause = True, "silent"
            except Exception as error:
                if not isinstance(error, BusAway) and not is_transient(error):
                    raise
                cause = "bus_away" if isinstance(error, BusAway) else "database_away"
                await self._pause(wait_s)
                wait_s = min(wait_s * 2, self.pace.longest_backoff_s)
            self.metrics.counter("torg_group_rejoined_total").labels(self.group.name, cause).inc()
            self.log.warning("bus.group.rejoins", cause=cause)

    async def _consume(self, member: Member) -> None:
        heard = time.monotonic()
        while not self.stop.is_set():
            if self.halted and await self._still_halted():
                await member.hold(1.0)
                heard = time.monotonic()
                continue
            records = await member.fetch(self.pace.batch, self.pace.wait_s)
            if not records:
                if time.monotonic() - heard > self.pace.silence_s:
                    await self._ask_lag(member)
                    heard = time.monotonic()
                continue
            crash.point("runner.fetched")
            with self.metrics.histogram("torg_handle_seconds").labels(self.group.name).time():
                if not await self._settle(member, records):
                    return
            await member.commit(records)
            crash.point("runner.offset_committed")
            self.rejoined_for_silence = False
            heard = time.monotonic()

    async def _ask_lag(self, member: Member) -> None:
        """Silence is a fault only where something waits in the member's own partitions: others may be busy."""
        mine = member.assigned
        try:
            waiting = await self.bus.lag(self.group.name, mine or None)
        except BusAway:
            return  # the bus is away, not the member silent
        if waiting and not mine:
            raise MembershipLost(f"{self.group.name} gave this member nothing to read")
        if waiting:
            raise GroupSilent(f"{waiting} events wait for {self.group.name} and none arrives")

    async def _settle(self, member: Member, records: Sequence[Record]) -> bool:
        """Handle `records` to the end, however often the database must be tried. False: stopped before that."""
        handlers = self.group.handlers
        # what cannot even be named is parked, what is named and not handled here is skipped unparsed
        mine = [r for r in map(_identified, records) if not r.type or handlers.knows_name_of(r.type)]
        timeouts, wait_s = 0, 0.1

        def is_retry(error: Exception) -> bool:
            if sqlstate(error) == STATEMENT_TIMEOUT:
                return timeouts < _TIMEOUTS_BEFORE_PARK
            return is_transient(error)

        while mine:
            try:
                await apply_all(mine, self._apply, self._bury, is_retry)
                break
            except _Halted:
                raise
            except Exception as error:
                if sqlstate(error) == STATEMENT_TIMEOUT:
                    timeouts += 1
                elif not is_transient(error):
                    raise
                self.metrics.counter("torg_batches_retried_total").labels(self.group.name).inc()
                self.log.warning("bus.batch.retried", error=describe(error), retry_in_s=wait_s)
                await member.hold(wait_s)
                wait_s = min(wait_s * 2, self.pace.longest_backoff_s)
                if self.stop.is_set():
                    return False
        return True

    async def _apply(self, records: Sequence[Record]) -> None:
        async with self.works.begin(self.actor) as work:
            new = await inbox.enter(work.db, self.group.name, [_id(record) for record in records], work.now)
            events = []
            for record in records:
                if _id(record) in new:
                    new.discard(_id(record))  # a twin within the batch
                    events.append(decode(record.payload, self.group.handlers.contracts))
            if events:
                await self.group.handlers.handle(events, work)
            crash.point("runner.handled")
        crash.point("runner.committed")
        if events:
            self.parked_in_row = 0
        self.metrics.counter("torg_events_handled_total").labels(self.group.name).inc(len(events))
        self.metrics.counter("torg_events_duplicate_total").labels(self.group.name).inc(len(records) - len(events))

    async def _bury(self, record: Record, error: Exception) -> None:
        in_row, reason = self.parked_in_row + 1, describe(error)
        too_many = in_row >= _PARKED_BEFORE_HALT
        async with self.works.begin(self.actor) as work:
            await inbox.enter(work.db, self.group.name, [_id(record)], work.now)
            await inbox.bury(work.db, self.group.name, record, _id(record), uuid7(), reason, work.now)
            if too_many:
                await inbox.halt(work.db, self.group.name, f"{in_row} parked in a row: {reason}", work.now)
        self.parked_in_row, self.halted = in_row, too_many
        self.metrics.counter("torg_events_parked_total").labels(self.group.name).inc()
        self.log.error("bus.event.parked", event_id=str(_id(record)), type=record.type, reason=reason)
        if too_many:
            raise _Halted

    async def _still_halted(self) -> bool:
        async with self.works.begin(self.actor) as work:
            self.halted = self.group.name in await inbox.halted(work.db)
        self.metrics.gauge("torg_group_halted").labels(self.group.name).set(self.halted)
        if not self.halted:
            self.parked_in_row = 0
        return self.halted

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self.stop.wait(), seconds)
        except TimeoutError:
            return


def _identified(record: Record) -> Record:
    """`record` with id and type: from beside the bytes, else from the bytes, else made from its place on the bus."""
    if record.id is not None and record.type is not None:
        return record
    try:
        envelope = orjson.loads(record.payload)
        found_id, found_type = UUID(envelope["id"]), str(envelope["type"])
    except (ValueError, TypeError, KeyError, AttributeError):
        found_id, found_type = uuid5(_UNIDENTIFIED, f"{record.topic}/{record.partition}/{record.offset}"), ""
    return Record(
        record.topic,
        record.partition,
        record.offset,
        record.key,
        record.payload,
        record.id or found_id,
        record.type or found_type,
    )


def _id(record: Record) -> UUID:
    assert record.id is not None
    return record.id
