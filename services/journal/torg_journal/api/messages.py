"""/messages: the working life of a message, its end and its return, internal notes."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field
from starlette.responses import Response
from torg_shared.errors import NotFound
from torg_shared.web import After, Answer, Body, Command, Id, Limit, Router, Text
from torg_shared.work import Work

from torg_journal.domain.house import House
from torg_journal.domain.working import Row
from torg_journal.store import reading
from torg_journal.usecases import messages as usecases

from . import views

CloseReason = Literal[
    "answered",
    "referred",
    "redirected",
    "archived",
    "no_reply_needed",
    "gjentakelse",
    "author_deleted",
    "spam",
    "removed",
    "duplicate",
    "handled_externally",
]
_Words = Annotated[Text, Field(min_length=1, max_length=2000)]


class Close(Body):
    """`legal_outcome` with its `ground` ends a statutory request that no answer ended (INV-21)."""

    close_reason: CloseReason
    legal_outcome: Literal["refused", "handed_over"] | None = None
    ground: _Words | None = None


class Seen(Body):
    message_id: Id
    version: Annotated[int, Field(ge=1)]


class BulkClose(Body):
    items: Annotated[list[Seen], Field(min_length=1, max_length=100)]
    close_reason: Literal["no_reply_needed", "spam", "gjentakelse", "answered"] = "no_reply_needed"


class Reopen(Body):
    reason: _Words


class Note(Body):
    text: Annotated[Text, Field(min_length=1, max_length=5000)]


def messages(house: House) -> Router:
    router = Router()

    @router.get("/messages/{message_id}", summary="Where a message stands")
    async def one_message(message_id: UUID, command: Command) -> Response:
        row = await command.read(lambda work: reading.message(work.db, command.principal, message_id))
        if row is None:
            raise NotFound("MESSAGE_UNKNOWN", message_id)
        return command.answer(Answer(views.working(row), version=row.version))

    @router.post("/messages/{message_id}/close")
    async def close(message_id: UUID, body: Close, command: Command) -> Response:
        wanted = usecases.Closing(body.close_reason, body.legal_outcome, body.ground)
        return await command.run(
            lambda work: usecases.close(work, house, command.principal, message_id, command.expected, wanted),
            _answer,
        )

    @router.post("/messages/bulk-close", summary="Close many that ask for nothing")
    async def bulk_close(body: BulkClose, command: Command) -> Response:
        """Each item succeeds or fails on its own; what failed says why."""
        items = [usecases.Item(one.message_id, one.version) for one in body.items]
        return await command.run(
            lambda work: usecases.bulk_close(work, house, command.principal, items, body.close_reason),
            lambda told: Answer(
                {
                    "closed": [one for one, code in told.items() if code is None],
                    "refused": [{"message_id": one, "code": code} for one, code in told.items() if code],
                }
            ),
        )

    @router.post("/messages/{message_id}/reopen")
    async def reopen(message_id: UUID, body: Reopen, command: Command) -> Response:
        return await command.run(
            lambda work: usecases.reopen(work, house, command.principal, message_id, command.expected, body.reason),
            _answer,
        )

    @router.get("/messages/{message_id}/notes")
    async def notes(message_id: UUID, command: Command, after: After = None, limit: Limit = 50) -> Response:
        page = command.page("notes", after, limit, message_id=message_id)

        async def load(work: Work) -> Sequence[Any]:
            if await reading.message(work.db, command.principal, message_id) is None:
                raise NotFound("MESSAGE_UNKNOWN", message_id)
            return await reading.notes(work.db, message_id, page)

        rows = await command.read(load)
        return command.list(page, rows, lambda row: [str(row.id)], views.note)

    @router.post("/messages/{message_id}/notes", summary="An internal remark, never published", status_code=201)
    async def write_note(message_id: UUID, body: Note, command: Command) -> Response:
        return await command.run(
            lambda work: usecases.note(work, command.principal, message_id, body.text),
            lambda row: Answer(views.note(row), status=201),
        )

    return router


def _answer(row: Row) -> Answer:
    return Answer(views.working(row), version=row.version)
