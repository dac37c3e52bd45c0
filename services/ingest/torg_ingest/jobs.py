"""Timed loops: messages that wait for a parent or an original, and rows whose time is over."""

from datetime import timedelta

from torg_shared.events.envelope import Actor
from torg_shared.housekeeping import Limit, standard_limits, tidy
from torg_shared.metrics import Metrics
from torg_shared.service import Job
from torg_shared.work import Works

from torg_ingest.settings import IngestSettings
from torg_ingest.store.intake import Raced
from torg_ingest.usecases.intake import release_waiting

_RELEASE_EVERY_S = 1.0
_TIDY_EVERY_S = 60.0


def awaiting_parent(works: Works, parking: timedelta) -> Job:
    """Publishes what waited: its parent came meanwhile, or its time is over and it stands for itself, for ever."""

    async def round_() -> bool:
        try:
            async with works.begin(Actor(kind="system", id="ingest-awaiting-parent")) as work:
                return await release_waiting(work, parking)
        except Raced:
            return True

    return Job("awaiting_parent", _RELEASE_EVERY_S, round_)


def housekeeping(works: Works, settings: IngestSettings, metrics: Metrics) -> Job:
    """Raw deliveries that became messages go first; those that somebody may still have to look at stay longer."""
    raw, odd = timedelta(days=settings.raw_days), timedelta(days=settings.quarantine_days)
    limits = (
        *standard_limits(settings.inbox_days, settings.idempotency_days, settings.replayed_letter_days),
        Limit("deliveries", "id", "received_at", raw, "outcome = 'stored'"),
        Limit("deliveries", "id", "received_at", odd, "outcome <> 'stored'"),
        Limit("set_aside", "delivery_id, position", "noted_at", odd),
    )
    return Job("housekeeping", _TIDY_EVERY_S, lambda: tidy(works, limits, metrics))
