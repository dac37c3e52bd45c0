"""Figures over the work: volume, handling mix, response times. No person is in them (G-03)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection


async def figures(db: AsyncConnection, first: datetime, last: datetime) -> Mapping[str, Any]:
    """Counts over messages received in [first, last), without any person (G-03)."""
    where = "received_at >= :first AND received_at < :last AND NOT backfill"
    span = {"first": first, "last": last}
    by_channel = sa.text(
        f"""
        SELECT channel_key, handling, status, reply_duty, record_class, count(*) AS n FROM messages
        WHERE {where} GROUP BY GROUPING SETS
          ((channel_key), (handling), (status), (reply_duty), (record_class), ())
        """  # noqa: S608 - fixed text
    )
    found: dict[str, dict[str, int]] = {
        name: {} for name in ("channel", "handling", "status", "reply_duty", "record_class")
    }
    total = 0
    for row in await db.execute(by_channel, span):
        values = dict(zip(("channel", "handling", "status", "reply_duty", "record_class"), row[:5], strict=True))
        named = [(name, value) for name, value in values.items() if value is not None]
        if named:
            found[named[0][0]][named[0][1]] = row.n
        else:
            total = max(total, row.n)
    answer = sa.text(
        """
        SELECT count(*) AS counted,
          count(*) FILTER (WHERE d.state = 'satisfied') AS in_time,
          count(*) FILTER (WHERE d.state IN ('overdue', 'satisfied_late')) AS late,
          percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM d.ended_at - d.started_at))
            FILTER (WHERE d.state IN ('satisfied', 'satisfied_late')) AS median_s
        FROM deadlines AS d JOIN messages AS m ON m.id = d.message_id
        WHERE d.code = 'T-FIRST' AND d.state <> 'cancelled' AND m.received_at >= :first AND m.received_at < :last
          AND NOT m.backfill
        """
    )
    times = (await db.execute(answer, span)).one()
    entries = sa.text(
        "SELECT journalposttype, count(*) AS n FROM journalposter "
        "WHERE opprettet_dato >= :first AND opprettet_dato < :last GROUP BY 1 ORDER BY 1"
    )
    return {
        "messages": total,
        **found,
        "first_answer": {
            "counted": times.counted,
            "in_time": times.in_time,
            "late": times.late,
            "median_seconds": round(times.median_s) if times.median_s is not None else None,
        },
        "journalposter": {row.journalposttype: row.n for row in await db.execute(entries, span)},
    }
