"""The routes that every service has: feed, dead letters, audit."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal
from uuid import UUID

import orjson
from fastapi import Query
from starlette.responses import Response

from torg_shared import audit, inbox, log
from torg_shared.auth import STAFF, Matrix, Role, row
from torg_shared.bus.runner import Group, replay
from torg_shared.errors import Forbidden
from torg_shared.work import Works

from .command import Answer, Command
from .cursors import After, Limit
from .routes import Router

STANDARD_MATRIX: Matrix = {
    "GET /feed": row(STAFF, Role.SYS),
    "GET /dead-letters": row(Role.LED, Role.SYS),
    "POST /dead-letters/{letter_id}/replay": row(Role.LED, Role.SYS, key=True),
    "GET /audit": row(Role.REV, Role.ARK, Role.LED),
}
_MAY_READ_PAYLOAD = {Role.SYS, Role.REV}

Position = Annotated[int, Query(ge=0, le=2**62, description="Position of the last event read")]


def standard_router(works: Works, groups: Sequence[Group]) -> Router:
    """Feed, dead letters and audit of the service whose database `works` opens."""
    router = Router()

    @router.get("/feed", summary="The service's events in log order")
    async def feed(
        command: Command,
        after: Position = 0,
        limit: Limit = 50,
        type: Annotated[str | None, Query(max_length=500)] = None,
        payload: Literal["full"] | None = None,
    ) -> Response:
        """Events past position `after`; `type` takes several, with commas between. `payload=full` gives the
        frozen envelope, to systems and the auditor only."""
        if payload and command.principal.role not in _MAY_READ_PAYLOAD:
            raise Forbidden("PAYLOAD_FORBIDDEN")
        types = type.split(",") if type else None
        rows = await command.read(lambda work: log.read(work.db, after, limit, types))
        items = [_event(one, full=payload is not None) for one in rows]
        return command.answer(Answer({"items": items, "next": rows[-1].position if rows else after}))

    @router.get("/dead-letters", summary="Events that could not be handled")
    async def dead_letters(command: Command, after: After = None, limit: Limit = 50) -> Response:
        page = command.page("dead-letters", after, limit)
        last = UUID(page.position[0]) if page.position else None
        letters = await command.read(lambda work: inbox.dead_letters(work.db, last, limit + 1))
        return command.list(page, letters, lambda one: [one.id], _letter)

    @router.post("/dead-letters/{letter_id}/replay", summary="Run the handler of a parked event again")
    async def replay_letter(letter_id: UUID, command: Command) -> Response:
        """Idempotent by itself: what was replayed is left alone, therefore it opens its own work."""
        return await command.run(
            lambda _: replay(groups, works, letter_id, command.actor),
            lambda _: Answer({"id": letter_id, "replayed": True}),
        )

    @router.get("/audit", summary="Who did what in this service")
    async def accounts(
        command: Command,
        after: Position = 0,
        limit: Limit = 50,
        subject: Annotated[str | None, Query(max_length=200)] = None,
    ) -> Response:
        rows = await command.read(lambda work: audit.read(work.db, after, limit, subject))
        return command.answer(
            Answer({"items": [_account(one) for one in rows], "next": rows[-1].position if rows else after})
        )

    return router


def _event(one: log.LogRow, *, full: bool) -> dict[str, Any]:
    told: dict[str, Any] = {
        "position": one.position,
        "id": one.event_id,
        "type": one.type,
        "subject": one.subject,
        "key": one.key,
        "time": one.time,
    }
    return told | {"payload": orjson.Fragment(one.payload)} if full else told


def _letter(one: inbox.DeadLetter) -> dict[str, Any]:
    return {
        "id": one.id,
        "consumer": one.consumer,
        "event_id": one.event_id,
        "type": one.type,
        "topic": one.topic,
        "reason": one.reason,
        "parked_at": one.parked_at,
        "replayed_at": one.replayed_at,
        "replays": one.replays,
    }


def _account(one: audit.AuditRow) -> dict[str, Any]:
    return {
        "position": one.position,
        "at": one.note.at,
        "actor": one.note.actor,
        "action": one.note.action,
        "subject": one.note.subject,
        "facts": one.note.facts,
        "entry_hash": one.entry_hash.hex(),
    }
