"""An open transaction with its clock reading and its actor. State change and event leave in one commit."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from . import audit, log
from .bus.port import Outgoing
from .clock import Clock
from .db import driver_of
from .events.envelope import Actor, Event, Meta, encode
from .ids import uuid7

_NOTIFY_EVERY_S = 0.005


@dataclass(slots=True)
class Work:
    """What a use case gets. It has no commit: only the edge commits."""

    db: AsyncConnection
    now: datetime
    actor: Actor
    source: str
    traceparent: str | None = None
    staged: list[log.Staged] = field(default_factory=list)
    notes: list[audit.Note] = field(default_factory=list)

    def publish(self, *events: Event, cause: Event | None = None) -> None:
        """Stage `events` for the log. Correlation and trace are taken from `cause`, the event that led here."""
        known = cause.meta if cause else None
        for event in events:
            meta = Meta(
                id=uuid7(),
                time=self.now,
                actor=self.actor,
                correlationid=known.correlationid if known else event.key,
                causationid=known.id if known else None,
                traceparent=known.traceparent if known else self.traceparent,
            )
            outgoing = Outgoing(event.TOPIC, event.key, meta.id, event.TYPE, encode(event, meta, self.source))
            self.staged.append(log.Staged(outgoing, event.subject, self.now))

    def audit(self, action: str, subject: UUID | str, **facts: Any) -> None:
        """Account for an action of `actor`; written with the effect. Facts are ids, codes, reasons: never a text."""
        self.notes.append(audit.note(self.now, self.actor, action, subject, facts))


class NothingCommitted(Exception):
    """A statement failed inside the transaction and nobody let the error through: the server kept nothing."""


class Works:
    """Opens work on one service's database, and wakes the relay after each commit that published something.

    `wake` is set for a relay in this process; other processes are woken by NOTIFY, in a statement of its own after
    the commit (inside a writing transaction it would serialise all committers), at most one per 5 ms.
    """

    def __init__(self, engine: AsyncEngine, clock: Clock, service: str) -> None:
        self.engine = engine
        self.clock = clock
        self.service = service
        self.wake = asyncio.Event()
        self.relay_is_here = False
        self._notifying: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def begin(self, actor: Actor, traceparent: str | None = None) -> AsyncIterator[Work]:
        """One transaction: commits on clean exit, rolls back on any error.

        Raises `NothingCommitted` when a failed statement was passed over and the server rolled back at COMMIT.
        """
        async with self.engine.connect() as db:
            driver = await driver_of(db)
            while driver.is_closed():  # the server let go of it while it lay in the pool
                await db.invalidate()
                driver = await driver_of(db)
            try:
                await driver.execute("BEGIN")
                work = Work(db, self.clock.now(), actor, f"urn:torg:{self.service}", traceparent)
                yield work
                await audit.append(db, work.notes)
                await log.append(db, work.staged)  # the last lock; nothing but COMMIT follows
                if await driver.execute("COMMIT") == "ROLLBACK":
                    raise NothingCommitted(actor.id)
            except BaseException:
                await self._roll_back(db, driver)
                raise
        if work.staged:
            self._woken()

    async def close(self) -> None:
        if self._notifying:
            await self._notifying
        await self.engine.dispose()

    @staticmethod
    async def _roll_back(db: AsyncConnection, driver: asyncpg.Connection) -> None:
        """A connection that cannot even roll back is thrown away, not given to the next: the pool does not see the
        driver's errors."""
        try:
            if driver.is_in_transaction():
                await driver.execute("ROLLBACK")
        except Exception:  # noqa: BLE001 - whatever it was, the connection cannot be trusted
            await db.invalidate()
        if driver.is_closed():
            await db.invalidate()

    def _woken(self) -> None:
        if self.relay_is_here:
            self.wake.set()
        elif self._notifying is None or self._notifying.done():
            self._notifying = asyncio.create_task(self._notify())

    async def _notify(self) -> None:
        await asyncio.sleep(_NOTIFY_EVERY_S)
        try:
            async with self.engine.connect() as db:
                await db.execute(sa.text(f"NOTIFY {log.CHANNEL}"))
                await db.commit()
        except Exception:  # noqa: BLE001, S110 - a lost wake-up only costs the relay's next poll, one second
            pass
