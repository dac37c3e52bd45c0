"""Numbers are 1 to n without a gap, whatever runs at once, rolls back or is killed (P3, INV-6; B-29)."""

import asyncio
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from torg_journal.usecases import oversight
from torg_shared.testing import FakeClock

from .conftest import SYSTEM, Journal
from .events import Told

ROOT = Path(__file__).parents[2]


async def whole(journal: Journal, entries: int) -> None:
    """1 to `entries` in the journal, 1 to m in every saksmappe and over the saksmapper, and a chain that holds."""
    rows = await journal.rows("SELECT journalsekvensnummer AS n FROM journalposter ORDER BY 1")
    assert [row["n"] for row in rows] == list(range(1, entries + 1))
    cases = await journal.rows("SELECT sakssekvensnummer AS n FROM saksmapper ORDER BY 1")
    assert [row["n"] for row in cases] == list(range(1, len(cases) + 1))
    holes = await journal.rows(
        "SELECT saksmappe_id FROM journalposter GROUP BY 1 "
        "HAVING count(*) <> max(journalpostnummer) OR min(journalpostnummer) <> 1"
    )
    assert not holes
    report = await journal.do(lambda work: oversight.verify(work, None))
    assert report.whole, report.findings
    assert report.entries == entries


class Unwilling(Exception):
    pass


async def test_transactions_side_by_side_leave_no_gap(journal: Journal) -> None:
    """40 transactions over eight connections, every fourth rolled back after its numbers were taken."""
    told = [[Told() for _ in range(3)] for _ in range(40)]

    async def register(position: int) -> None:
        events = [event for one in told[position] for event in (one.received(), one.triaged())]
        async with journal.works.begin(SYSTEM) as work:
            await journal.handle(work, *events)
            if position % 4 == 0:
                raise Unwilling

    ended = await asyncio.gather(*(register(position) for position in range(40)), return_exceptions=True)
    assert [one for one in ended if one is not None and not isinstance(one, Unwilling)] == []
    await whole(journal, 90)


async def test_the_same_message_side_by_side_is_registered_once(journal: Journal) -> None:
    """INV-5: the conversation's row decides, not luck."""
    message = Told()
    reply = message.reply()
    events = [message.received(), message.triaged(), reply.published(), message.classified()]
    await asyncio.gather(*(journal.take(event) for event in (*events, *events, *events)))
    await whole(journal, 2)
    assert len(await journal.rows("SELECT 1 FROM saksmapper")) == 1


_DIES = """
import asyncio, sys
from pathlib import Path
from torg_journal import handlers
from torg_journal.settings import house_of, load
from torg_shared.db import make_engine
from torg_shared.events.envelope import Actor
from torg_shared.testing import FakeClock
from torg_shared.work import Works
sys.path.insert(0, sys.argv[2])
from tests.journal.events import Told

async def main():
    folder = Path(sys.argv[2]) / "config" / "sogne"
    house = house_of(load(folder), folder)
    works = Works(make_engine(sys.argv[1], name="dies"), FakeClock(), "journal")
    for _ in range(5):
        message = Told()
        async with works.begin(Actor(kind="system", id="journal")) as work:
            await handlers.group(house).handlers.handle([message.received(), message.triaged()], work)

asyncio.run(main())
"""


async def test_kill_9_with_the_numbers_in_hand_leaves_no_gap(journal: Journal) -> None:
    """Killed in its third transaction, after the numbers were taken and before the commit."""
    url = journal.works.engine.url.render_as_string(hide_password=False).replace("+asyncpg", "")
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", _DIES, url, str(ROOT)],
        env=os.environ | {"CRASH_AT": "journal.numbers_taken:3"},
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 137, done.stderr.decode()
    await whole(journal, 2)
    message = Told()
    await journal.take(message.received(), message.triaged())
    await whole(journal, 3)


async def test_the_year_turns_at_midnight_in_norway(journal: Journal, clock: FakeClock) -> None:
    """23:59:59 on 31 December is the old year; UTC is an hour behind. Both years begin at 1, each with its chain."""
    for at in (datetime(2026, 12, 31, 22, 59, 59, tzinfo=UTC), datetime(2026, 12, 31, 23, 0, tzinfo=UTC)):
        clock.at = at
        message = Told()
        await journal.take(message.received(), message.triaged())
    rows: list[Any] = await journal.rows(
        "SELECT j.journalaar, j.journalsekvensnummer, s.saksaar, s.sakssekvensnummer, j.journaldato "
        "FROM journalposter j JOIN saksmapper s ON s.id = j.saksmappe_id ORDER BY 1"
    )
    assert [tuple(row.values())[:4] for row in rows] == [(2026, 1, 2026, 1), (2027, 1, 2027, 1)]
    assert [row["journaldato"].isoformat() for row in rows] == ["2026-12-31", "2027-01-01"]
    assert (await journal.do(lambda work: oversight.verify(work, None))).whole


async def test_the_runtime_role_cannot_undo_numbers(journal: Journal) -> None:
    """Append-only is a right that is missing, not a habit."""
    message = Told()
    await journal.take(message.received(), message.triaged())
    for statement in (
        "DELETE FROM journalposter",
        "UPDATE journalposter SET journalsekvensnummer = 7",
        "UPDATE journalposter SET mottatt_dato = now()",
        "UPDATE journalposter SET entry_hash = ''",
        "DELETE FROM saksmapper",
        "UPDATE saksmapper SET sakssekvensnummer = 7",
        "DELETE FROM avskrivninger",
        "UPDATE files SET content = ''",
        "DELETE FROM journal_counters",
        "TRUNCATE journalposter CASCADE",
    ):
        with pytest.raises(Exception, match=r"permission denied|must be owner"):
            await journal.run(statement)
