"""Nothing grows for ever: rows past their time go in small batches, so that no lock is held long."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa

from .events.envelope import Actor
from .metrics import Metrics
from .work import Works

_BATCH = 2000


@dataclass(frozen=True, slots=True)
class Limit:
    """Rows of `table` older than `age` by `column` go, those that `only` picks; `key` names the primary key."""

    table: str
    key: str
    column: str
    age: timedelta
    only: str = "true"


def standard_limits(inbox_days: int, idempotency_days: int, replayed_letter_days: int) -> Sequence[Limit]:
    """What every service tidies. The inbox must outlive the bus's longest retention of what it consumes."""
    return (
        Limit("inbox", "consumer, event_id", "seen_at", timedelta(days=inbox_days)),
        Limit("idempotency_keys", "scope", "stored_at", timedelta(days=idempotency_days)),
        Limit("dead_letters", "id", "replayed_at", timedelta(days=replayed_letter_days), "replayed_at IS NOT NULL"),
    )


async def tidy(works: Works, limits: Sequence[Limit], metrics: Metrics) -> bool:
    """One small batch of each table; True when there may be more. Replicas skip each other's rows."""
    more = False
    for limit in limits:
        # table and column names come from code, never from a caller
        statement = sa.text(
            f"DELETE FROM {limit.table} WHERE ({limit.key}) IN ("  # noqa: S608
            f"SELECT {limit.key} FROM {limit.table} WHERE {limit.column} < :before AND {limit.only} "
            "LIMIT :batch FOR UPDATE SKIP LOCKED)"
        )
        async with works.begin(Actor(kind="system", id=f"{works.service}-housekeeping")) as work:
            done = await work.db.execute(statement, {"before": work.now - limit.age, "batch": _BATCH})
        metrics.counter("torg_rows_tidied_total").labels(limit.table).inc(done.rowcount)
        more = more or done.rowcount == _BATCH
    return more
