"""The relay: carries a service's log to the bus, in log order.

One relay per service leads, by a session advisory lock on a connection of its own: session locks would survive the
return to a pool. A crash between publishing and moving the cursor gives a duplicate on the bus; inboxes drop it.
"""

import asyncio
import contextlib
import time

import asyncpg
import structlog

from . import crash, log
from .bus.port import Bus, BusAway, Outgoing
from .db import connect, is_transient
from .metrics import Metrics
from .work import Works

_LEADER = log.LOCK + 1
_BATCH = 500
_POLL_S = 1.0  # the truth; NOTIFY and the in-process event only shorten the wait
_CURSOR = "bus"
_STEADY_S = 30.0

_log = structlog.get_logger()

_READ = "SELECT id, event_id, type, topic, key, payload, time FROM log WHERE id > $1 ORDER BY id LIMIT $2"


async def run_relay(works: Works, bus: Bus, wake: asyncio.Event, stop: asyncio.Event, metrics: Metrics) -> None:
    """Publish until `stop`. Failures of the bus or the database are waited out for ever."""
    wait_s = 0.1
    while not stop.is_set():
        began = time.monotonic()
        try:
            url = works.engine.url.render_as_string(hide_password=False)
            db = await connect(url, name=f"{works.service}-relay")
            try:
                await _lead(db, works, bus, wake, stop, metrics)
            finally:
                metrics.gauge("torg_relay_is_leader").set(0)
                db.terminate()
        except Exception as error:
            if not isinstance(error, BusAway) and not is_transient(error):
                raise
            metrics.counter("torg_relay_failures_total").inc()
            if time.monotonic() - began > _STEADY_S:
                wait_s = 0.1  # it worked for a while: a new trouble, not the old one
            _log.warning("relay.interrupted", error=type(error).__name__, retry_in_s=wait_s)
            await _until(stop, wait_s)
            wait_s = min(wait_s * 2, 5.0)


async def _lead(
    db: asyncpg.Connection, works: Works, bus: Bus, wake: asyncio.Event, stop: asyncio.Event, metrics: Metrics
) -> None:
    while not await db.fetchval("SELECT pg_try_advisory_lock($1)", _LEADER):
        if await _until(stop, _POLL_S):
            return
    metrics.gauge("torg_relay_is_leader").set(1)
    # a cursor lost in a server crash only means that some events are published twice
    await db.execute("SET synchronous_commit = off")
    await db.execute("INSERT INTO relay_cursor (name, position) VALUES ($1, 0) ON CONFLICT DO NOTHING", _CURSOR)
    await db.add_listener(log.CHANNEL, lambda *_: wake.set())
    position = await db.fetchval("SELECT position FROM relay_cursor WHERE name = $1", _CURSOR)
    age = metrics.gauge("torg_log_unrelayed_age_seconds")
    while not stop.is_set():
        wake.clear()
        rows = await db.fetch(_READ, position, _BATCH)
        if not rows:
            age.set(0)
            await _woken(wake, stop)
            continue
        age.set(max(0.0, (works.clock.now() - rows[0]["time"]).total_seconds()))
        crash.point("relay.read")
        await bus.publish([Outgoing(r["topic"], r["key"], r["event_id"], r["type"], r["payload"]) for r in rows])
        crash.point("relay.published")
        position = rows[-1]["id"]
        await db.execute("UPDATE relay_cursor SET position = $2 WHERE name = $1", _CURSOR, position)
        crash.point("relay.cursor_moved")
        metrics.counter("torg_relayed_total").inc(len(rows))


async def _until(stop: asyncio.Event, seconds: float) -> bool:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)
    return stop.is_set()


async def _woken(wake: asyncio.Event, stop: asyncio.Event) -> None:
    """Returns when woken, when stopped, or after the poll interval."""
    waits = [asyncio.create_task(wake.wait()), asyncio.create_task(stop.wait())]
    try:
        await asyncio.wait(waits, timeout=_POLL_S, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waits:
            task.cancel()
