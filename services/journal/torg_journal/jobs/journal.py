"""Deadlines that pass, entries that wait to be published, the daily head, the nightly count of the numbers."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import structlog
from torg_shared.events.envelope import Actor
from torg_shared.housekeeping import standard_limits, tidy
from torg_shared.metrics import Metrics
from torg_shared.service import Job
from torg_shared.work import Works

from torg_journal.domain.chain import Head
from torg_journal.domain.timers import TABLE
from torg_journal.settings import JournalSettings, Municipality
from torg_journal.store.deadlines import overdue_by_code
from torg_journal.store.oversight import StoredHead
from torg_journal.usecases import clocks, oversight, publication

ACTOR = Actor(kind="system", id="journal")
_BATCH = 200
_DEADLINES_EVERY_S = 5.0
_PUBLISH_EVERY_S = 10.0
_DAILY_LOOK_EVERY_S = 300.0
_TIDY_EVERY_S = 60.0

_log = structlog.get_logger()


def journal_jobs(
    works: Works, municipality: Municipality, metrics: Metrics, heads_dir: Path | None = None
) -> Sequence[Job]:
    """The journal's own timed loops."""
    return (
        Job("deadlines", _DEADLINES_EVERY_S, lambda: pass_deadlines(works, metrics)),
        Job("publication", _PUBLISH_EVERY_S, lambda: publish(works, municipality)),
        Job("heads", _DAILY_LOOK_EVERY_S, lambda: publish_heads(works, municipality, heads_dir)),
        Job("numbers", _DAILY_LOOK_EVERY_S, NightlyCount(works, municipality, metrics).round),
    )


def housekeeping(works: Works, settings: JournalSettings, metrics: Metrics) -> Job:
    """Inbox, idempotency keys and replayed dead letters whose time is over."""
    limits = standard_limits(settings.inbox_days, settings.idempotency_days, settings.replayed_letter_days)
    return Job("housekeeping", _TIDY_EVERY_S, lambda: tidy(works, limits, metrics))


async def pass_deadlines(works: Works, metrics: Metrics) -> bool:
    """Warn and tell what is overdue; True when there may be more."""
    async with works.begin(ACTOR) as work:
        looked_at = await clocks.tick(work, _BATCH)
        overdue = await overdue_by_code(work.db)
    for code in {timer.code for timer in TABLE}:
        metrics.gauge("torg_deadlines_overdue").labels(code).set(overdue.get(code, 0))
    return looked_at == _BATCH


async def publish(works: Works, municipality: Municipality) -> bool:
    """Publish what a person has assessed and that has become Journalført since."""
    async with works.begin(ACTOR) as work:
        return await publication.publish_ready(work, municipality, _BATCH) == _BATCH


async def publish_heads(works: Works, municipality: Municipality, folder: Path | None) -> bool:
    """The day's head of each journal year: as an event, in the operations log, and as a file in `folder`."""
    async with works.begin(ACTOR) as work:
        published = await oversight.publish_heads(work, municipality.calendar)
    for one in published:
        _log.info(
            "journal.head_published",
            year=one.head.year,
            up_to_sequence=one.head.up_to_sequence,
            head_hash=one.head.head_hash.hex(),
        )
        if folder is not None:
            await asyncio.to_thread(write_head, folder, one)
    return False


def write_head(folder: Path, one: StoredHead) -> None:
    """One line in a file of its own, whole or not at all; kept outside the database so that it can bear witness."""
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{one.head.year}-{one.day.isoformat()}.txt"
    at = one.published_at.astimezone(UTC).isoformat()
    draft = folder / f".{name}.part"
    draft.write_text(f"{one.head.year} {one.head.up_to_sequence} {one.head.head_hash.hex()} {at}\n", "ascii")
    draft.replace(folder / name)


def read_heads(folder: Path) -> list[Head]:
    """The heads that `write_head` kept. Raises `ValueError` for a file that is none."""
    found = []
    for path in sorted(folder.glob("*.txt")):
        year, sequence, head_hash, _ = path.read_text("ascii").split()
        found.append(Head(int(year), int(sequence), bytes.fromhex(head_hash)))
    return found


class NightlyCount:
    """Counts the journal's numbers at start and once every night: `torg_journal_gap` is 1 for a year with a hole."""

    def __init__(self, works: Works, municipality: Municipality, metrics: Metrics) -> None:
        self._works, self._calendar, self._metrics = works, municipality.calendar, metrics
        self._counted: date | None = None

    async def round(self) -> bool:
        today = self._calendar.day_of(self._works.clock.now())
        if self._counted != today:
            async with self._works.begin(ACTOR) as work:
                missing = await oversight.missing_numbers(work)
            self._tell(missing, self._works.clock.now())
            self._counted = today
        return False

    def _tell(self, missing: Mapping[int, int], now: datetime) -> None:
        gauge = self._metrics.gauge("torg_journal_gap")
        gauge.labels(str(self._calendar.day_of(now).year)).set(0)
        for year, count in missing.items():
            gauge.labels(str(year)).set(1 if count else 0)
            if count:
                _log.error("journal.numbers_missing", year=year, missing=count)
