"""Deadlines, restanser and forfall: what is due, what is unanswered (G-12, Noark 3.4)."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query
from pydantic import Field
from starlette.responses import Response
from torg_shared.web import After, Answer, Body, Command, Instant, Limit, Router

from torg_journal.domain import deadlines as rules
from torg_journal.domain.deadlines import State
from torg_journal.settings import Municipality
from torg_journal.store import deadlines as store
from torg_journal.usecases import clocks

_Code = Annotated[str | None, Query(max_length=20, pattern=r"^T-[A-Z]+$")]
_Statutory = Annotated[bool | None, Query(description="Only those that a statute sets, or only the others")]
_State = Annotated[State | None, Query(description="Default: all that have not ended")]
_DueBefore = Annotated[Instant | None, Query(description="Due before this instant")]


class Pause(Body):
    """Only a delay outside the municipality's control stops a clock."""

    reason: Annotated[rules.PauseReason, Field(strict=False)]


class Resume(Body):
    pass


def deadlines(municipality: Municipality) -> Router:
    """`/deadlines` with pause and resume."""
    router = Router()

    @router.get("/deadlines")
    async def all_deadlines(
        command: Command,
        code: _Code = None,
        statutory: _Statutory = None,
        state: _State = None,
        due_before: _DueBefore = None,
        message_id: UUID | None = None,
        saksmappe_id: UUID | None = None,
        after: After = None,
        limit: Limit = 50,
    ) -> Response:
        query = store.DeadlineQuery(code, statutory, state, due_before, message_id, saksmappe_id)
        page = command.page("deadlines", after, limit, who=command.principal.subject, **query.filters())
        now = command.works.clock.now()
        rows = await command.read(lambda work: store.deadlines(work.db, query, page, command.principal))
        return command.list(
            page, rows, lambda one: [one.deadline.due_at.isoformat(), str(one.id)], lambda one: _deadline(one, now)
        )

    @router.get("/deadlines/{deadline_id}")
    async def one_deadline(deadline_id: UUID, command: Command) -> Response:
        now = command.works.clock.now()
        found = await command.read(lambda work: clocks.one(work, deadline_id, command.principal))
        return command.answer(Answer(_deadline(found, now), version=found.version))

    @router.post("/deadlines/{deadline_id}/pause")
    async def pause(deadline_id: UUID, body: Pause, command: Command) -> Response:
        return await command.run(
            lambda work: clocks.pause(work, command.principal, deadline_id, command.expected, body.reason),
            lambda found: Answer(_deadline(found, command.works.clock.now()), version=found.version),
        )

    @router.post("/deadlines/{deadline_id}/resume")
    async def resume(deadline_id: UUID, body: Resume, command: Command) -> Response:
        return await command.run(
            lambda work: clocks.resume(work, command.principal, municipality, deadline_id, command.expected),
            lambda found: Answer(_deadline(found, command.works.clock.now()), version=found.version),
        )

    return router


def _deadline(found: store.StoredDeadline, now: datetime) -> dict[str, Any]:
    one = found.deadline
    return {
        "deadline_id": str(found.id),
        "message_id": str(found.message_id),
        "saksmappe_id": str(found.saksmappe_id) if found.saksmappe_id else None,
        "consultation_id": str(one.ref) if one.ref else None,
        "code": one.code,
        "variant": one.variant or None,
        "state": one.state.value,
        "colour": rules.colour(one, now),
        "used_percent": rules.used_percent(one, now),
        "started_at": one.started_at,
        "due_at": one.due_at,
        "statutory": one.statutory,
        "basis": one.basis,
        "paused_at": one.paused_at,
        "ended_at": one.ended_at,
        "reason": one.reason,
        "inputs": dict(one.inputs),
        "warnings": [{"percent": warning.percent, "at": warning.at} for warning in one.warnings],
        "version": found.version,
    }
