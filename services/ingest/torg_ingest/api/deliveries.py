"""Raw deliveries: what the platforms sent, byte by byte, and what became of it."""

import base64
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Literal
from uuid import UUID

from starlette.responses import Response
from torg_shared.web import After, Answer, Command, Limit, Router

from torg_ingest.domain.changes import SetAside
from torg_ingest.store.reading import StoredDelivery
from torg_ingest.usecases import deliveries as usecases


def deliveries(parking: timedelta) -> Router:
    """The routes; a replay lets unknown parents wait as long as a delivery does."""
    router = Router()

    @router.get("/deliveries", summary="Raw deliveries, newest first")
    async def every(
        command: Command,
        after: After = None,
        limit: Limit = 50,
        outcome: Literal["stored", "partly", "set_aside", "failed"] | None = None,
    ) -> Response:
        page = command.page("deliveries", after, limit, outcome=outcome)
        last = UUID(page.position[0]) if page.position else None
        rows = await command.read(lambda work: usecases.page(work, outcome, last, page.limit + 1))
        return command.list(page, rows, lambda one: [one[0].delivery.id], lambda one: _delivery(*one))

    @router.get("/deliveries/{delivery_id}", summary="One raw delivery with its bytes")
    async def one(delivery_id: UUID, command: Command) -> Response:
        found, aside = await command.read(lambda work: usecases.one(work, delivery_id))
        body = _delivery(found, aside) | {"body_base64": base64.b64encode(found.delivery.body).decode()}
        return command.answer(Answer(body, version=found.revision))

    @router.post("/deliveries/{delivery_id}/replay", summary="Parse a raw delivery again")
    async def replay(delivery_id: UUID, command: Command) -> Response:
        return await command.run(
            lambda work: usecases.replay(work, delivery_id, parking),
            lambda done: Answer(_delivery(*done), version=done[0].revision),
        )

    return router


def _delivery(found: StoredDelivery, aside: Sequence[SetAside]) -> dict[str, Any]:
    return {
        "id": found.delivery.id,
        "platform": found.delivery.platform,
        "received_at": found.delivery.received_at,
        "content_type": found.delivery.content_type,
        "outcome": found.outcome,
        "changes": found.changes,
        "replayed_at": found.replayed_at,
        "set_aside": [
            {
                "position": one.position,
                "outcome": one.outcome,
                "reason": one.reason,
                "account_id": one.account_id,
                "field": one.field,
                "item": one.item,
                "verb": one.verb,
            }
            for one in aside
        ],
        "version": found.revision,
    }
