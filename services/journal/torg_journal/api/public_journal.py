"""The public journal on the internet: for everybody, without a token, never for search engines (L-11, L-25)."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import Header, Query
from starlette.responses import Response
from torg_shared.errors import Invalid
from torg_shared.web import After, Answer, Body, Command, Day, Limit, Line, Router
from torg_shared.web.command import dump
from torg_shared.work import Work

from torg_journal.domain.public_journal import PublicEntry
from torg_journal.settings import Municipality
from torg_journal.store import public_journal as store
from torg_journal.usecases import publication

from .formats import HEADERS, MEDIA_TYPES, Format, Sheet, as_csv, as_html, as_json, as_xml, chosen

_Format = Annotated[Format | None, Query(alias="format", description="html, json, csv or xml; else by Accept")]
_Accept = Annotated[str, Header(include_in_schema=False)]
_From = Annotated[Day | None, Query(alias="fra", description="First journaldato")]
_To = Annotated[Day | None, Query(alias="til", description="Last journaldato")]
_Unit = Annotated[str | None, Query(max_length=50, pattern=r"^[a-z][a-z0-9-]*$", description="Administrative unit")]


class Search(Body):
    """What to look for. A name is never part of an address, therefore this is a POST."""

    text: Line
    after: str | None = None
    limit: int = 50


def public_journal(municipality: Municipality) -> Router:
    """`/offentlig-journal`, a day of it, and the search in it."""
    router = Router()

    def rendered(kind: Format, sheet: Sheet) -> Answer:
        if kind == "html":
            body: bytes | str = as_html(sheet, municipality)
        elif kind == "csv":
            body = as_csv(sheet, municipality)
        elif kind == "xml":
            body = as_xml(sheet, municipality)
        else:
            body = dump(as_json(sheet, municipality))
        headers = dict(HEADERS)
        if sheet.following:
            headers["Link"] = f'<{sheet.path}?after={sheet.following}>; rel="next"'
        return Answer(body, headers=headers, media_type=MEDIA_TYPES[kind])

    async def a_sheet(
        command: Command,
        path: str,
        after: str | None,
        limit: int,
        query: store.JournalQuery,
    ) -> Sheet:
        page = command.page("offentlig-journal", after, limit, **query.filters())

        async def load(work: Work) -> Sequence[PublicEntry]:
            return await publication.published(work, municipality, query, page)

        entries = await command.read(load)
        following = command.cursors.next(page, entries, lambda one: [one.journalaar, one.journalsekvensnummer])
        return Sheet(entries[:limit], path, query.address(), query.first, query.last, following)

    @router.get("/offentlig-journal")
    async def journal(
        command: Command,
        asked: _Format = None,
        accept: _Accept = "",
        first: _From = None,
        last: _To = None,
        unit: _Unit = None,
        after: After = None,
        limit: Limit = 50,
    ) -> Response:
        query = store.JournalQuery(first, last, unit)
        sheet = await a_sheet(command, "/offentlig-journal", after, limit, query)
        return command.answer(rendered(chosen(asked, accept), sheet))

    @router.get("/offentlig-journal/{day}")
    async def day_of_journal(
        day: Day,
        command: Command,
        asked: _Format = None,
        accept: _Accept = "",
        after: After = None,
        limit: Limit = 200,
    ) -> Response:
        query = store.JournalQuery(day, day, None)
        sheet = await a_sheet(command, f"/offentlig-journal/{day.isoformat()}", after, limit, query)
        return command.answer(rendered(chosen(asked, accept), sheet))

    @router.post("/offentlig-journal/search")
    async def search(body: Search, command: Command) -> Response:
        if not 1 <= body.limit <= 200:
            raise Invalid("QUERY_INVALID", parameter="limit")
        query = store.JournalQuery(None, None, None, body.text)
        sheet = await a_sheet(command, "/offentlig-journal/search", body.after, body.limit, query)
        return command.answer(rendered("json", sheet))

    return router
