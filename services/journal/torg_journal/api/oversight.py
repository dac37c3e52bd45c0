"""What shows that the journal is whole: chain and gap check, published heads, the proof of one entry; and figures."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Query
from starlette.responses import Response
from torg_shared.web import After, Answer, Command, Day, Limit, Router

from torg_journal.settings import Municipality
from torg_journal.store import oversight as store
from torg_journal.usecases import oversight as usecases

_Year = Annotated[int | None, Query(ge=2000, le=2200, description="One journal year; default all")]
_From = Annotated[Day | None, Query(alias="fra", description="First day, as received; default 30 days ago")]
_To = Annotated[Day | None, Query(alias="til", description="Last day; default today")]


def oversight(municipality: Municipality) -> Router:
    """`/verify`, `/heads`, `/journalposter/{id}/proof`, `/statistics`."""
    router = Router()

    @router.get("/verify")
    async def verify(command: Command, year: _Year = None) -> Response:
        found = await command.read(lambda work: usecases.verify(work, year))
        return command.answer(Answer(_report(found)))

    @router.get("/heads")
    async def heads(command: Command, after: After = None, limit: Limit = 50) -> Response:
        page = command.page("heads", after, limit)
        rows = await command.read(lambda work: store.heads(work.db, page))
        return command.list(page, rows, lambda one: [one.published_at.isoformat(), str(one.id)], _head)

    @router.get("/journalposter/{journalpost_id}/proof")
    async def proof(journalpost_id: UUID, command: Command) -> Response:
        found = await command.read(lambda work: usecases.prove(work, journalpost_id))
        return command.answer(Answer(usecases.proof_as_data(found)))

    @router.get("/statistics")
    async def statistics(command: Command, first: _From = None, last: _To = None) -> Response:
        return command.answer(
            Answer(await command.read(lambda work: usecases.statistics(work, municipality.calendar, first, last)))
        )

    return router


def _report(found: usecases.Report) -> dict[str, Any]:
    return {
        "whole": found.whole,
        "entries": found.entries,
        "heads": found.heads,
        "findings": [
            {"code": one.code, "year": one.year, "sequence": one.sequence, "detail": one.detail}
            for one in found.findings
        ],
        "missing_numbers": {str(year): missing for year, missing in found.missing.items()},
        "audit": {"rows": found.audit_rows, "fault": found.audit_fault},
    }


def _head(one: store.StoredHead) -> dict[str, Any]:
    return {
        "head_id": str(one.id),
        "year": one.head.year,
        "up_to_sequence": one.head.up_to_sequence,
        "head_hash": one.head.head_hash.hex(),
        "published_at": one.published_at,
    }
