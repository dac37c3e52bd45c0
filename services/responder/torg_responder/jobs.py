"""Timed loops of the responder: send, look after links, tidy."""

from collections.abc import Sequence

import structlog
from torg_shared.events.envelope import Actor
from torg_shared.housekeeping import standard_limits, tidy
from torg_shared.http import NotSent, Outbound, OutcomeUnknown
from torg_shared.metrics import Metrics
from torg_shared.service import Job
from torg_shared.work import Works

from .settings import ResponderSettings
from .store import registry
from .usecases.sending import Sender

_ACTOR = Actor(kind="system", id="responder")
_DAY_S = 24 * 60 * 60
_log = structlog.get_logger()


def jobs(settings: ResponderSettings, works: Works, sender: Sender, web: Outbound, metrics: Metrics) -> Sequence[Job]:
    limits = standard_limits(settings.inbox_days, settings.idempotency_days, settings.replayed_letter_days)

    async def check_links() -> None:
        await look_at_links(works, web)

    async def housekeeping() -> bool:
        return await tidy(works, limits, metrics)

    return [
        Job("send", 0.5, sender.round),
        Job("links", _DAY_S, check_links),
        Job("housekeeping", 60.0, housekeeping),
    ]


async def look_at_links(works: Works, web: Outbound) -> None:
    """Ask every form and page whether it is there (G-22); a look that fails is noted as such, not as a dead link."""
    async with works.begin(_ACTOR) as work:
        urls = sorted({one.url for one in await registry.all_links(work.db)})
    for url in urls:
        try:
            status: int | None = (await web.request("GET", url, deadline_s=10)).status
        except (NotSent, OutcomeUnknown):
            status = None
        async with works.begin(_ACTOR) as work:
            await registry.note_link(work.db, url, status, work.now)
        if status is not None and status >= 400:
            _log.warning("responder.link_broken", status=status)
