"""/journalposter: read, correct, journalføre, archive, void, avskrive; their documents."""

import re
from collections.abc import Awaitable, Callable
from typing import Annotated, Any
from uuid import UUID

from fastapi import Path, Query
from pydantic import Field
from starlette.responses import Response
from torg_shared.auth import Principal, Role
from torg_shared.errors import Conflict, Forbidden, NotFound
from torg_shared.web import Answer, Body, Command, Day, Id, Line, Router, Text
from torg_shared.work import Work

from torg_journal.domain.house import House
from torg_journal.store import reading
from torg_journal.usecases import entries as usecases

from . import views

_NOT_SHIELDED = frozenset({Role.POL})
_SAFE_NAME = re.compile(r"[^A-Za-z0-9._-]")
_Number = Annotated[int, Path(ge=1, le=10_000, description="dokumentnummer")]
_Version = Annotated[int | None, Query(ge=1, le=1000, description="versjonsnummer; the newest by default")]
_Purpose = Annotated[str, Query(max_length=200, description="Why it is read; noted for shielded documents")]


class ChangeEntry(Body):
    """`missing_document`: the number of a document whose bytes will never come, so that the entry can go on."""

    tittel: Line | None = None
    forfallsdato: Day | None = None
    missing_document: Annotated[int, Field(ge=1, le=10_000)] | None = None


class Void(Body):
    reason: Annotated[Text, Field(min_length=1, max_length=2000)]


class Avskriv(Body):
    """`referanseAvskrivesAvJournalpost` is the answering entry: needed with BU, BE and BN."""

    avskrivningsmaate: Annotated[Line, Field(max_length=3)]
    referanseAvskrivesAvJournalpost: Id | None = None
    reason: Annotated[Text, Field(max_length=2000)] | None = None


Found = tuple[Any, reading.Parts]


def entries(house: House) -> Router:
    router = Router()

    @router.get("/journalposter/{journalpost_id}")
    async def one_entry(journalpost_id: UUID, command: Command) -> Response:
        return command.answer(_answer(await command.read(lambda work: _entry(work, command.principal, journalpost_id))))

    @router.patch("/journalposter/{journalpost_id}", summary="Correct what is not frozen")
    async def change(journalpost_id: UUID, body: ChangeEntry, command: Command) -> Response:
        return await command.run(
            _then_read(
                command.principal,
                journalpost_id,
                lambda work: usecases.change(
                    work,
                    command.principal,
                    journalpost_id,
                    command.expected,
                    tittel=body.tittel,
                    forfallsdato=body.forfallsdato,
                    missing_document=body.missing_document,
                ),
            ),
            _answer,
        )

    @router.post("/journalposter/{journalpost_id}/journalfoer", summary="The archivist's quality check")
    async def journalfoer(journalpost_id: UUID, command: Command) -> Response:
        return await command.run(
            _then_read(
                command.principal,
                journalpost_id,
                lambda work: usecases.journalfoer(work, house, command.principal, journalpost_id, command.expected),
            ),
            _answer,
        )

    @router.post("/journalposter/{journalpost_id}/archive")
    async def archive(journalpost_id: UUID, command: Command) -> Response:
        return await command.run(
            _then_read(
                command.principal,
                journalpost_id,
                lambda work: usecases.archive(work, house, command.principal, journalpost_id, command.expected),
            ),
            _answer,
        )

    @router.post("/journalposter/{journalpost_id}/void", summary="Utgår; the number stays")
    async def void(journalpost_id: UUID, body: Void, command: Command) -> Response:
        return await command.run(
            _then_read(
                command.principal,
                journalpost_id,
                lambda work: usecases.void(
                    work, house, command.principal, journalpost_id, command.expected, body.reason
                ),
            ),
            _answer,
        )

    @router.post("/journalposter/{journalpost_id}/avskriv", summary="Done with: how, and by which answer")
    async def avskriv(journalpost_id: UUID, body: Avskriv, command: Command) -> Response:
        return await command.run(
            _then_read(
                command.principal,
                journalpost_id,
                lambda work: usecases.avskriv(
                    work,
                    house,
                    command.principal,
                    journalpost_id,
                    command.expected,
                    maate=body.avskrivningsmaate,
                    outgoing=body.referanseAvskrivesAvJournalpost,
                    reason=body.reason,
                ),
            ),
            _answer,
        )

    @router.get("/journalposter/{journalpost_id}/dokumenter/{number}", summary="The stored bytes of a document")
    async def document(
        journalpost_id: UUID,
        number: _Number,
        command: Command,
        version: _Version = None,
        purpose: _Purpose = "saksbehandling",
    ) -> Response:
        """As an attachment, never shown in place; a shielded one leaves a row in the audit account."""

        async def load(work: Work) -> Any:
            entry, _ = await _entry(work, command.principal, journalpost_id)
            shielded = entry.skjermet or entry.skjerming_dokument is not None
            if shielded and command.principal.role in _NOT_SHIELDED:
                raise Forbidden("SHIELDED", journalpost_id)
            found = await reading.document(work.db, journalpost_id, number, version)
            if found is None:
                raise NotFound("DOCUMENT_UNKNOWN", journalpost_id, dokumentnummer=number)
            if found.content is None:
                raise Conflict("DOCUMENTS_PENDING", journalpost_id)
            if shielded:
                work.audit("document.read", journalpost_id, dokumentnummer=number, purpose=purpose)
            return found

        return command.answer(_bytes(await command.read(load)))

    return router


def _bytes(found: Any) -> Answer:
    name = _SAFE_NAME.sub("_", found.filnavn)
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Torg-Sha256": found.sha256,
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
    return Answer(
        bytes(found.content), version=found.versjonsnummer, headers=headers, media_type="application/octet-stream"
    )


def _then_read(
    principal: Principal, journalpost_id: UUID, act: Callable[[Work], Awaitable[None]]
) -> Callable[[Work], Awaitable[Found]]:
    async def use_case(work: Work) -> Found:
        await act(work)
        return await _entry(work, principal, journalpost_id)

    return use_case


async def _entry(work: Work, principal: Principal, journalpost_id: UUID) -> Found:
    row = await reading.entry(work.db, principal, journalpost_id)
    if row is None:
        raise NotFound("JOURNALPOST_UNKNOWN", journalpost_id)
    return row, await reading.parts(work.db, [journalpost_id])


def _answer(found: Found) -> Answer:
    row, parts = found
    return Answer(views.entry(row, f"{row.saksaar}/{row.sakssekvensnummer}", parts), version=row.version)
