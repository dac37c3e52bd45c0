"""Timed loops of the responder: send, look after links, tidy."""

from collections.abc import Callable, Collection, Sequence
from datetime import timedelta
from urllib.parse import urlsplit

import structlog
from torg_shared.events.envelope import Actor
from torg_shared.housekeeping import standard_limits, tidy
from torg_shared.http import NotSent, Outbound, OutcomeUnknown
from torg_shared.metrics import Metrics
from torg_shared.service import Job
from torg_shared.work import Works

from .settings import ResponderSettings
from .store import registry
from .usecases.rules import Rules
from .usecases.sending import Sender
from .usecases.settling import settle_what_waits

_ACTOR = Actor(kind="system", id="responder")
_LINKS_GROW_OLD = timedelta(days=1)
_LINKS_AT_ONCE = 20
_log = structlog.get_logger()


def jobs(
    settings: ResponderSettings,
    works: Works,
    rules: Rules,
    sender: Sender,
    web: Callable[[Collection[str]], Outbound],
    metrics: Metrics,
) -> Sequence[Job]:
    """`web` makes a client that reaches the given hosts alone."""
    limits = standard_limits(settings.inbox_days, settings.idempotency_days, settings.replayed_letter_days)

    async def settle() -> bool:
        return await settle_what_waits(works, rules, metrics)

    async def check_links() -> bool:
        return await look_at_links(works, web)

    async def housekeeping() -> bool:
        return await tidy(works, limits, metrics)

    return [
        Job("send", 0.5, sender.round),
        Job("settle", 10.0, settle),
        Job("links", 10.0, check_links),
        Job("housekeeping", 60.0, housekeeping),
    ]


async def look_at_links(works: Works, web: Callable[[Collection[str]], Outbound]) -> bool:
    """Ask every form and page once a day, and sooner when asked to, whether it is there (3.2.1; G-22).

    A look that fails is noted as such, not as a dead link. Only the hosts of the registry are reached.
    """
    async with works.begin(_ACTOR) as work:
        urls = await registry.links_to_look_at(work.db, work.now - _LINKS_GROW_OLD, _LINKS_AT_ONCE)
    if not urls:
        return False
    client = web({urlsplit(url).hostname or "" for url in urls})
    try:
        for url in urls:
            try:
                status: int | None = (await client.request("GET", url, deadline_s=10)).status
            except (NotSent, OutcomeUnknown):
                status = None
            async with works.begin(_ACTOR) as work:
                await registry.note_link(work.db, url, status, work.now)
            if status is not None and status >= 400:
                _log.warning("responder.link_broken", status=status)
    finally:
        await client.close()
    return len(urls) == _LINKS_AT_ONCE
