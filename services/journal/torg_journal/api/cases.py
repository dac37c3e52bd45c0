"""/saksmapper: list, open by hand, correct, close, reopen, void; the journalposter in them."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query
from pydantic import Field
from starlette.responses import Response
from torg_shared.errors import NotFound
from torg_shared.web import After, Answer, Body, Command, Id, Instant, Limit, Line, Router, Text
from torg_shared.work import Work

from torg_journal.domain.cases import Case, Party
from torg_journal.domain.house import House
from torg_journal.store import reading
from torg_journal.usecases import cases as usecases
from torg_journal.usecases import entries

from . import views

_Saksnummer = Annotated[str | None, Query(pattern=r"^[0-9]{4}/[0-9]{1,9}$")]
_Stage = Literal["opened", "awaiting_information", "ready_to_answer", "answered", "closed", "transferred", "void"]
_Reason = Annotated[Text, Field(min_length=1, max_length=2000)]


class Open(Body):
    """The messages that the saksmappe is about: one enquiry, so one conversation and one author."""

    message_ids: Annotated[list[Id], Field(min_length=1, max_length=50)]


class ChangeCase(Body):
    tittel: Line | None = None
    klasseID: Annotated[Line, Field(max_length=50)] | None = None
    klasseTittel: Line | None = None
    saksansvarlig: Line | None = None
    administrativEnhet: Line | None = None


class WithReason(Body):
    reason: _Reason


class PartyBody(Body):
    korrespondanseparttype: Literal["EA", "EM", "EK", "IA", "IM"]
    korrespondansepartNavn: Line
    person: bool = False


class RegisterEntry(Body):
    """A journalpost by hand. An I needs mottattDato, a U sendtDato; `avskriver` are open I or N of the conversation."""

    journalposttype: Literal["I", "U", "N", "X"]
    tittel: Line
    text: Annotated[Text, Field(min_length=1)]
    korrespondanseparter: Annotated[list[PartyBody], Field(min_length=1, max_length=50)]
    mottattDato: Instant | None = None
    sendtDato: Instant | None = None
    avskriver: Annotated[list[Id], Field(default_factory=list, max_length=50)]


def cases(house: House) -> Router:
    router = Router()

    @router.get("/saksmapper", summary="Saksmapper, the newest first; by message or number too")
    async def all_cases(
        command: Command,
        message_id: UUID | None = None,
        saksnummer: _Saksnummer = None,
        saksstatus: Literal["B", "A", "U"] | None = None,
        stage: _Stage | None = None,
        after: After = None,
        limit: Limit = 50,
    ) -> Response:
        number = tuple(map(int, saksnummer.split("/"))) if saksnummer else None
        query = reading.CaseQuery(message_id, (number[0], number[1]) if number else None, saksstatus, stage)
        page = command.page("saksmapper", after, limit, who=command.principal.subject, **query.filters())
        rows = await command.read(lambda work: reading.cases(work.db, command.principal, query, page))
        return command.list(page, rows, lambda row: [row.saksaar, row.sakssekvensnummer], views.case)

    @router.post("/saksmapper", summary="Open a saksmappe by hand", status_code=201)
    async def open_case(body: Open, command: Command) -> Response:
        return await command.run(
            lambda work: usecases.open_by_hand(work, house, command.principal, body.message_ids),
            lambda case: Answer(views.case(case), status=201, version=case.version, location=f"/saksmapper/{case.id}"),
        )

    @router.get("/saksmapper/{saksmappe_id}")
    async def one_case(saksmappe_id: UUID, command: Command) -> Response:
        row = await command.read(lambda work: _case(work, command.principal, saksmappe_id))
        return command.answer(Answer(views.case(row), version=row.version))

    @router.patch("/saksmapper/{saksmappe_id}", summary="Correct titles, klasse and who is responsible")
    async def change_case(saksmappe_id: UUID, body: ChangeCase, command: Command) -> Response:
        wanted = usecases.Change(
            tittel=body.tittel,
            klasse_id=body.klasseID,
            klasse_tittel=body.klasseTittel,
            saksansvarlig=body.saksansvarlig,
            administrativ_enhet=body.administrativEnhet,
        )
        return await command.run(
            lambda work: usecases.change(work, house, command.principal, saksmappe_id, command.expected, wanted),
            _answer,
        )

    @router.post("/saksmapper/{saksmappe_id}/close", summary="Close, when everything that L-24 asks is done")
    async def close(saksmappe_id: UUID, command: Command) -> Response:
        return await command.run(
            lambda work: usecases.close(work, house, command.principal, saksmappe_id, command.expected), _answer
        )

    @router.post("/saksmapper/{saksmappe_id}/reopen")
    async def reopen(saksmappe_id: UUID, body: WithReason, command: Command) -> Response:
        return await command.run(
            lambda work: usecases.reopen(work, house, command.principal, saksmappe_id, command.expected, body.reason),
            _answer,
        )

    @router.post("/saksmapper/{saksmappe_id}/void", summary="Utgår; only without a live journalpost")
    async def void(saksmappe_id: UUID, body: WithReason, command: Command) -> Response:
        return await command.run(
            lambda work: usecases.void(work, house, command.principal, saksmappe_id, command.expected, body.reason),
            _answer,
        )

    @router.get("/saksmapper/{saksmappe_id}/journalposter")
    async def entries_of_case(saksmappe_id: UUID, command: Command, after: After = None, limit: Limit = 50) -> Response:
        page = command.page("journalposter", after, limit, saksmappe_id=saksmappe_id)

        async def load(work: Work) -> tuple[str, Any, reading.Parts]:
            case = await _case(work, command.principal, saksmappe_id)
            rows = await reading.entries(work.db, saksmappe_id, page)
            return (
                f"{case.saksaar}/{case.sakssekvensnummer}",
                rows,
                await reading.parts(work.db, [row.id for row in rows]),
            )

        saksnummer, rows, parts = await command.read(load)
        return command.list(
            page, rows, lambda row: [row.journalpostnummer], lambda row: views.entry(row, saksnummer, parts)
        )

    @router.post("/saksmapper/{saksmappe_id}/journalposter", summary="Register a journalpost by hand", status_code=201)
    async def register(saksmappe_id: UUID, body: RegisterEntry, command: Command) -> Response:
        wanted = entries.Registration(
            journalposttype=body.journalposttype,
            tittel=body.tittel,
            text=body.text,
            parties=tuple(
                Party(one.korrespondanseparttype, one.korrespondansepartNavn, is_person=one.person)
                for one in body.korrespondanseparter
            ),
            mottatt_dato=body.mottattDato,
            sendt_dato=body.sendtDato,
            avskriver=tuple(body.avskriver),
        )

        async def use_case(work: Work) -> tuple[Any, reading.Parts]:
            entry_id = await entries.register(work, house, command.principal, saksmappe_id, wanted)
            row = await reading.entry(work.db, command.principal, entry_id)
            return row, await reading.parts(work.db, [entry_id])

        return await command.run(
            use_case,
            lambda found: Answer(
                views.entry(found[0], f"{found[0].saksaar}/{found[0].sakssekvensnummer}", found[1]),
                status=201,
                version=found[0].version,
                location=f"/journalposter/{found[0].id}",
            ),
        )

    return router


def _answer(case: Case) -> Answer:
    return Answer(views.case(case), version=case.version)


async def _case(work: Work, principal: Any, saksmappe_id: UUID) -> Any:
    found = await reading.case(work.db, principal, saksmappe_id)
    if found is None:
        raise NotFound("SAKSMAPPE_UNKNOWN", saksmappe_id)
    return found
