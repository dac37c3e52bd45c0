"""/consultations: ask a unit or source; the one asked reads message and thread here, and answers."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field
from starlette.responses import Response
from torg_shared.auth import Principal
from torg_shared.errors import NotFound
from torg_shared.web import After, Answer, Body, Command, Id, Limit, Line, Router, Text
from torg_shared.work import Work

from torg_journal.domain.cases import Consultation
from torg_journal.domain.facts import Message
from torg_journal.domain.folding import messages_of
from torg_journal.domain.house import House
from torg_journal.store import reading
from torg_journal.store import settling as store
from torg_journal.usecases import consultations as usecases

from . import views

_Words = Annotated[Text, Field(min_length=1, max_length=20_000)]
_Reason = Annotated[Text, Field(min_length=1, max_length=2000)]


class Ask(Body):
    """One of `unit` and `source`; `forwarded` when it went to another authority (fvl § 11)."""

    message_id: Id
    question: _Words
    unit: Annotated[Line, Field(max_length=60)] | None = None
    source: Line | None = None
    forwarded: bool = False


class AnswerBody(Body):
    """`answerer_name` tells who answered at an outside source; a unit answers in the name of who is signed in."""

    answer: _Words
    source_ref: Line | None = None
    answerer_name: Line | None = None


class WithReason(Body):
    reason: _Reason


def consultations(house: House) -> Router:
    router = Router()

    @router.get("/consultations")
    async def all_consultations(
        command: Command,
        message_id: UUID | None = None,
        saksmappe_id: UUID | None = None,
        state: Literal["asked", "answered", "declined", "withdrawn"] | None = None,
        after: After = None,
        limit: Limit = 50,
    ) -> Response:
        who = command.principal
        page = command.page(
            "consultations",
            after,
            limit,
            who=who.subject,
            role=who.role,
            message_id=message_id,
            saksmappe_id=saksmappe_id,
            state=state,
        )
        rows = await command.read(
            lambda work: reading.consultations(
                work.db, who, page, message_id=message_id, saksmappe_id=saksmappe_id, state=state
            )
        )
        return command.list(
            page,
            rows,
            lambda row: [row.asked_at.isoformat(), str(row.id)],
            lambda row: views.consultation(row, house),
        )

    @router.post("/consultations", summary="Ask; the first question opens the saksmappe", status_code=201)
    async def ask(body: Ask, command: Command) -> Response:
        asked = usecases.Question(
            message_id=body.message_id,
            question=body.question,
            unit=body.unit,
            source=body.source,
            forwarded=body.forwarded,
        )
        return await command.run(
            lambda work: usecases.ask(work, house, command.principal, asked),
            lambda one: Answer(
                views.consultation(one, house),
                status=201,
                version=one.version,
                location=f"/consultations/{one.id}",
            ),
        )

    @router.get("/consultations/{consultation_id}", summary="With the message and its thread")
    async def one_consultation(consultation_id: UUID, command: Command) -> Response:
        async def load(work: Work) -> dict[str, Any]:
            row = await reading.consultation(work.db, command.principal, consultation_id)
            if row is None:
                raise NotFound("CONSULTATION_UNKNOWN", consultation_id)
            return views.consultation(row, house) | await _thread(work, command.principal, row)

        found = await command.read(load)
        return command.answer(Answer(found, version=found["version"]))

    @router.post("/consultations/{consultation_id}/answer")
    async def answer(consultation_id: UUID, body: AnswerBody, command: Command) -> Response:
        return await command.run(
            lambda work: usecases.answer(
                work,
                house,
                command.principal,
                consultation_id,
                command.expected,
                text=body.answer,
                source_ref=body.source_ref,
                answerer_name=body.answerer_name,
            ),
            _answer,
        )

    @router.post("/consultations/{consultation_id}/decline")
    async def decline(consultation_id: UUID, body: WithReason, command: Command) -> Response:
        return await command.run(
            lambda work: usecases.decline(
                work, house, command.principal, consultation_id, command.expected, body.reason
            ),
            _answer,
        )

    @router.post("/consultations/{consultation_id}/withdraw")
    async def withdraw(consultation_id: UUID, body: WithReason, command: Command) -> Response:
        return await command.run(
            lambda work: usecases.withdraw(
                work, house, command.principal, consultation_id, command.expected, body.reason
            ),
            _answer,
        )

    def _answer(one: Consultation) -> Answer:
        return Answer(views.consultation(one, house), version=one.version)

    return router


async def _thread(work: Work, principal: Principal, row: Any) -> dict[str, Any]:
    """What the one asked needs to read: the message as it stands now, and the conversation around it."""
    conversation = (await store.load(work.db, [row.conversation_id], lock=False))[row.conversation_id]
    messages = messages_of(conversation.facts)
    asked = next(one for one in messages if one.message_id == row.message_id)
    work.audit("message.read", row.message_id, consultation_id=str(row.id), role=principal.role.value)
    return {
        "message": _message(asked),
        "thread": [_message(one) for one in messages if one.message_id != row.message_id and one.latest],
    }


def _message(one: Message) -> dict[str, Any]:
    latest = one.latest
    return {
        "id": one.message_id,
        "author": latest.author_name or latest.author_handle if latest else None,
        "text": latest.text if latest else None,
        "message_version": latest.version if latest else None,
        "received_at": one.received.at if one.received else None,
        "permalink": one.received.permalink if one.received else None,
        "deleted": one.deleted_at is not None,
        "replies": [
            {"text": reply.found_text or reply.published.text, "published_at": reply.published.at}
            for reply in one.replies
            if reply.published
        ],
    }
