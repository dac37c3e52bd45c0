"""Restanser and forfall: what is unanswered, for how many days, and what falls due (Noark 3.4)."""

from datetime import date, datetime, time, timedelta
from typing import Annotated, Any

from fastapi import Query
from starlette.responses import Response
from torg_shared.web import After, Command, Limit, Router

from torg_journal.settings import Municipality
from torg_journal.store import reports as store

_Unit = Annotated[str | None, Query(max_length=50, pattern=r"^[a-z][a-z0-9-]*$")]
_OlderThan = Annotated[int | None, Query(ge=0, le=3650, description="At least this many days old")]
_Within = Annotated[int, Query(ge=0, le=366, description="Due within this many days, what is overdue included")]


def reports(municipality: Municipality) -> Router:
    """`/restanser` and `/forfall`."""
    router = Router()
    calendar = municipality.calendar

    @router.get("/restanser")
    async def restanser(
        command: Command, unit: _Unit = None, older_than: _OlderThan = None, after: After = None, limit: Limit = 50
    ) -> Response:
        page = command.page("restanser", after, limit, who=command.principal.subject, unit=unit, older_than=older_than)
        today = calendar.day_of(command.works.clock.now())
        before = None if older_than is None else today - timedelta(days=older_than - 1)
        rows = await command.read(lambda work: store.restanser(work.db, page, command.principal, unit, before))
        return command.list(
            page, rows, lambda row: [row.journaldato.isoformat(), str(row.id)], lambda row: _restanse(row, today)
        )

    @router.get("/forfall")
    async def forfall(command: Command, within: _Within = 7, after: After = None, limit: Limit = 50) -> Response:
        page = command.page("forfall", after, limit, who=command.principal.subject, within=within)
        now = command.works.clock.now()
        until = datetime.combine(calendar.day_of(now) + timedelta(days=within + 1), time(), calendar.zone)
        rows = await command.read(lambda work: store.forfall(work.db, page, command.principal, until))
        return command.list(
            page, rows, lambda row: [row.due_at.isoformat(), str(row.deadline_id)], lambda row: _due(row, now)
        )

    return router


def _restanse(row: Any, today: date) -> dict[str, Any]:
    return {
        "journalpost_id": str(row.id),
        "saksmappe_id": str(row.saksmappe_id),
        "message_id": str(row.message_id) if row.message_id else None,
        "registreringsID": f"{row.saksaar}/{row.sakssekvensnummer}-{row.journalpostnummer}",
        "journalaar": row.journalaar,
        "journalsekvensnummer": row.journalsekvensnummer,
        "journalposttype": row.journalposttype,
        "journalstatus": row.journalstatus,
        "journaldato": row.journaldato.isoformat(),
        "days": (today - row.journaldato).days,
        "forfallsdato": row.forfallsdato.isoformat() if row.forfallsdato else None,
        "due_at": row.due_at,
        "tittel": row.tittel,
        "administrativEnhet": row.administrativ_enhet,
        "saksbehandler": row.saksbehandler,
    }


def _due(row: Any, now: datetime) -> dict[str, Any]:
    return {
        "deadline_id": str(row.deadline_id),
        "code": row.code,
        "variant": row.variant or None,
        "state": row.state,
        "due_at": row.due_at,
        "overdue": row.due_at <= now,
        "statutory": row.statutory,
        "message_id": str(row.message_id),
        "saksmappe_id": str(row.saksmappe_id),
        "saksnummer": f"{row.saksaar}/{row.sakssekvensnummer}",
        "tittel": row.tittel,
        "saksansvarlig": row.saksansvarlig,
        "administrativEnhet": row.administrativ_enhet,
    }
