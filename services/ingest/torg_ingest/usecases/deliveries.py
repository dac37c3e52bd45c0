"""Raw deliveries: shown to those who look after the house, and parsed again when there is a reason."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from torg_shared.errors import NotFound
from torg_shared.work import Work

from torg_ingest.domain.changes import SetAside
from torg_ingest.store import reading as store

from . import intake

Shown = tuple[store.StoredDelivery, Sequence[SetAside]]


async def page(work: Work, outcome: str | None, after: UUID | None, limit: int) -> Sequence[Shown]:
    found = await store.deliveries(work.db, outcome, after, limit)
    parts: dict[UUID, list[SetAside]] = defaultdict(list)
    for delivery_id, part in await store.set_aside(work.db, [one.delivery.id for one in found]):
        parts[delivery_id].append(part)
    return [(one, parts[one.delivery.id]) for one in found]


async def one(work: Work, delivery_id: UUID) -> Shown:
    """Raises `NotFound`. Who read the raw bytes is accounted for: they hold names and texts."""
    found = await store.delivery(work.db, delivery_id)
    if found is None:
        raise NotFound("DELIVERY_UNKNOWN", delivery_id)
    work.audit("delivery.read", delivery_id)
    return found, [part for _, part in await store.set_aside(work.db, [delivery_id])]


async def replay(work: Work, delivery_id: UUID, parking: timedelta) -> Shown:
    """Raises `NotFound`, `Conflict`."""
    found = await intake.replay(work, delivery_id, parking)
    return found, [part for _, part in await store.set_aside(work.db, [delivery_id])]
