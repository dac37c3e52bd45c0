"""/record-decisions with the archivist's review; /arkivnotater."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field
from starlette.responses import Response
from torg_shared.auth import Principal
from torg_shared.errors import Invalid, NotFound
from torg_shared.web import After, Answer, Body, Command, Id, Limit, Router, Text
from torg_shared.work import Work

from torg_journal.domain.house import House
from torg_journal.store import reading
from torg_journal.usecases import records as usecases

from . import views


class Review(Body):
    """`raise` journals the message with its original received time; it needs a reason."""

    verdict: Literal["agree", "raise"]
    reason: Annotated[Text, Field(min_length=1, max_length=2000)] | None = None


class Archive(Body):
    message_id: Id


def records(house: House) -> Router:
    router = Router()

    @router.get("/record-decisions", summary="Also the decisions not to journal")
    async def all_decisions(
        command: Command,
        message_id: UUID | None = None,
        record_class: Literal["none", "archive", "journal"] | None = None,
        state: Literal["decided", "reviewed"] | None = None,
        after: After = None,
        limit: Limit = 50,
    ) -> Response:
        who = command.principal
        page = command.page(
            "record-decisions",
            after,
            limit,
            who=who.subject,
            message_id=message_id,
            record_class=record_class,
            state=state,
        )
        rows = await command.read(
            lambda work: reading.record_decisions(
                work.db, who, page, message_id=message_id, record_class=record_class, state=state
            )
        )
        return command.list(page, rows, lambda row: [str(row.id)], views.decision)

    @router.get("/record-decisions/{decision_id}")
    async def one_decision(decision_id: UUID, command: Command) -> Response:
        row = await command.read(lambda work: usecases.one(work, command.principal, decision_id))
        return command.answer(Answer(views.decision(row), version=row.version))

    @router.post("/record-decisions/{decision_id}/review")
    async def review(decision_id: UUID, body: Review, command: Command) -> Response:
        if body.verdict == "raise" and not body.reason:
            raise Invalid("REASON_REQUIRED", decision_id)
        return await command.run(
            lambda work: usecases.review(
                work,
                house,
                command.principal,
                decision_id,
                command.expected,
                verdict=body.verdict,
                reason=body.reason,
            ),
            lambda row: Answer(views.decision(row), version=row.version),
        )

    @router.get("/arkivnotater")
    async def all_notater(
        command: Command, message_id: UUID | None = None, after: After = None, limit: Limit = 50
    ) -> Response:
        who = command.principal
        page = command.page("arkivnotater", after, limit, who=who.subject, message_id=message_id)

        async def load(work: Work) -> tuple[Any, reading.Parts]:
            rows = await reading.arkivnotater(work.db, who, page, message_id)
            return rows, await reading.parts(work.db, [row.id for row in rows])

        rows, parts = await command.read(load)
        return command.list(
            page,
            rows,
            lambda row: [row.opprettet_dato.isoformat(), str(row.id)],
            lambda row: views.notat(row, parts),
        )

    @router.post("/arkivnotater", summary="Keep a message as an archive record, by hand", status_code=201)
    async def archive(body: Archive, command: Command) -> Response:
        async def use_case(work: Work) -> tuple[Any, reading.Parts]:
            return await _notat(
                work, command.principal, await usecases.archive(work, house, command.principal, body.message_id)
            )

        return await command.run(
            use_case,
            lambda found: Answer(
                views.notat(*found),
                status=201,
                version=found[0].version,
                location=f"/arkivnotater/{found[0].id}",
            ),
        )

    @router.get("/arkivnotater/{arkivnotat_id}")
    async def one_notat(arkivnotat_id: UUID, command: Command) -> Response:
        row, parts = await command.read(lambda work: _notat(work, command.principal, arkivnotat_id))
        return command.answer(Answer(views.notat(row, parts), version=row.version))

    return router


async def _notat(work: Work, principal: Principal, arkivnotat_id: UUID) -> tuple[Any, reading.Parts]:
    row = await reading.arkivnotat(work.db, principal, arkivnotat_id)
    if row is None:
        raise NotFound("ARKIVNOTAT_UNKNOWN", arkivnotat_id)
    return row, await reading.parts(work.db, [arkivnotat_id])
