"""Replies over REST: from draft to the platform, and what became of them."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query
from pydantic import Field
from starlette.responses import Response
from torg_shared.web import After, Answer, Body, Command, Id, Limit, Router, Text

from torg_responder.domain.reply import Reply
from torg_responder.store import replies as store
from torg_responder.usecases import access, approval, drafting
from torg_responder.usecases.rules import Rules

Kind = Literal["holding", "preliminary", "full", "referral", "redirect", "thanks", "correction"]
Reason = Annotated[Text, Field(min_length=1, max_length=2000)]


class Write(Body):
    message_id: Id
    kind: Kind
    visibility: Literal["public", "private"] = "public"
    text: Annotated[Text, Field(max_length=20_000)] | None = None
    template: Annotated[Text, Field(max_length=100)] | None = None


class Edit(Body):
    text: Annotated[Text, Field(max_length=20_000)] | None = None
    kind: Kind | None = None
    visibility: Literal["public", "private"] | None = None


class Correct(Body):
    text: Annotated[Text, Field(min_length=1, max_length=20_000)]


class Approve(Body):
    binding_sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class SendBack(Body):
    comment: Reason


class WithReason(Body):
    reason: Reason


class Resolve(Body):
    outcome: Literal["posted", "send_again", "dropped"]
    external_id: Annotated[Text, Field(min_length=1, max_length=200)] | None = None
    permalink: Annotated[Text, Field(min_length=1, max_length=1000)] | None = None
    reason: Reason


class Review(Body):
    kind: Kind


def replies_router(rules: Rules) -> Router:
    """Everything under /replies and /external-replies."""
    router = Router(tags=["replies"])

    @router.get("/replies")
    async def all_replies(
        command: Command,
        after: After = None,
        limit: Limit = 50,
        state: Annotated[str | None, Query(max_length=30)] = None,
        message_id: UUID | None = None,
    ) -> Response:
        return await _list(command, after, limit, state=state, message_id=message_id)

    @router.post("/replies", status_code=201)
    async def write(body: Write, command: Command) -> Response:
        return await command.run(
            lambda work: drafting.write(
                work,
                command.principal,
                rules,
                body.message_id,
                body.kind,
                body.visibility,
                body.text,
                body.template,
            ),
            lambda reply: Answer(render(reply), 201, reply.version, f"/replies/{reply.id}"),
        )

    @router.get("/replies/{reply_id}")
    async def one(reply_id: UUID, command: Command) -> Response:
        reply = await command.read(lambda work: access.reply_for(work, command.principal, reply_id))
        return command.answer(_answer(reply))

    @router.patch("/replies/{reply_id}")
    async def edit(reply_id: UUID, body: Edit, command: Command) -> Response:
        return await command.run(
            lambda work: drafting.edit(
                work, command.principal, rules, reply_id, command.expected, body.text, body.kind, body.visibility
            ),
            _answer,
        )

    @router.delete("/replies/{reply_id}")
    async def discard(reply_id: UUID, command: Command) -> Response:
        return await command.run(
            lambda work: drafting.discard(work, command.principal, reply_id, command.expected), _answer
        )

    @router.post("/replies/{reply_id}/check")
    async def check(reply_id: UUID, command: Command) -> Response:
        return await command.run(
            lambda work: drafting.check(work, command.principal, rules, reply_id, command.expected), _answer
        )

    @router.post("/replies/{reply_id}/submit")
    async def submit(reply_id: UUID, command: Command) -> Response:
        return await command.run(
            lambda work: drafting.submit(work, command.principal, rules, reply_id, command.expected), _answer
        )

    @router.post("/replies/{reply_id}/approve")
    async def approve(reply_id: UUID, body: Approve, command: Command) -> Response:
        return await command.run(
            lambda work: approval.approve(
                work, command.principal, rules, reply_id, command.expected, body.binding_sha256
            ),
            _answer,
        )

    @router.post("/replies/{reply_id}/return")
    async def send_back(reply_id: UUID, body: SendBack, command: Command) -> Response:
        return await command.run(
            lambda work: approval.send_back(work, command.principal, reply_id, command.expected, body.comment),
            _answer,
        )

    @router.post("/replies/{reply_id}/hold")
    async def hold(reply_id: UUID, body: WithReason, command: Command) -> Response:
        return await command.run(
            lambda work: approval.hold(work, command.principal, reply_id, command.expected, body.reason), _answer
        )

    @router.post("/replies/{reply_id}/publish", status_code=202)
    async def publish(reply_id: UUID, command: Command) -> Response:
        return await command.run(
            lambda work: approval.release(work, command.principal, rules, reply_id, command.expected),
            lambda reply: Answer(render(reply), 202, reply.version, f"/replies/{reply.id}"),
        )

    @router.post("/replies/{reply_id}/undo")
    async def undo(reply_id: UUID, command: Command) -> Response:
        return await command.run(
            lambda work: approval.undo(work, command.principal, reply_id, command.expected), _answer
        )

    @router.post("/replies/{reply_id}/resolve")
    async def resolve(reply_id: UUID, body: Resolve, command: Command) -> Response:
        return await command.run(
            lambda work: approval.resolve(
                work,
                command.principal,
                rules,
                reply_id,
                command.expected,
                body.outcome,
                body.external_id,
                body.permalink,
                body.reason,
            ),
            _answer,
        )

    @router.post("/replies/{reply_id}/withdraw")
    async def withdraw(reply_id: UUID, body: WithReason, command: Command) -> Response:
        return await command.run(
            lambda work: approval.withdraw(work, command.principal, reply_id, command.expected, body.reason), _answer
        )

    @router.post("/replies/{reply_id}/correct", status_code=201)
    async def correct(reply_id: UUID, body: Correct, command: Command) -> Response:
        return await command.run(
            lambda work: drafting.correct(work, command.principal, rules, reply_id, command.expected, body.text),
            lambda reply: Answer(render(reply), 201, reply.version, f"/replies/{reply.id}"),
        )

    @router.get("/external-replies")
    async def external(command: Command, after: After = None, limit: Limit = 50) -> Response:
        return await _list(command, after, limit, origin="external")

    @router.get("/external-replies/{reply_id}")
    async def one_external(reply_id: UUID, command: Command) -> Response:
        reply = await command.read(lambda work: access.external_reply_for(work, command.principal, reply_id))
        return command.answer(_answer(reply))

    @router.post("/external-replies/{reply_id}/review")
    async def review(reply_id: UUID, body: Review, command: Command) -> Response:
        return await command.run(
            lambda work: approval.review_external(work, command.principal, reply_id, command.expected, body.kind),
            _answer,
        )

    return router


async def _list(command: Command, after: str | None, limit: int, **filters: Any) -> Response:
    page = command.page("replies", after, limit, **filters)
    last = UUID(page.position[0]) if page.position else None
    scope = access.scope_of(command.principal)
    rows = await command.read(lambda work: store.listed(work.db, scope, after=last, limit=limit + 1, **filters))
    return command.list(page, rows, lambda one: [one.id], render)


def _answer(reply: Reply) -> Answer:
    return Answer(render(reply), version=reply.version)


def render(reply: Reply) -> dict[str, Any]:
    """A reply as people and programs see it; `outgoing_text` is exactly what goes out, `binding_sha256` its seal."""
    return {
        "id": reply.id,
        "message_id": reply.message_id,
        "message_version": reply.message_version,
        "conversation_id": reply.conversation_id,
        "channel_id": reply.channel_id,
        "version": reply.version,
        "state": reply.state.value,
        "kind": reply.kind,
        "visibility": reply.visibility,
        "text": reply.text,
        "outgoing_text": reply.outgoing,
        "binding_sha256": reply.binding,
        "author": reply.author,
        "author_role": reply.author_role,
        "signer": reply.signer.as_json() if reply.signer else None,
        "checks": [dict(one) for one in reply.checks],
        "approver": reply.approver,
        "standing_approval": reply.standing,
        "approved_beforehand": reply.origin == "torg",
        "released_by": reply.released_by,
        "send_after": reply.send_after,
        "retry_at": reply.retry_at,
        "attempt": reply.attempt,
        "external_id": reply.external_id,
        "permalink": reply.permalink,
        "published_text": reply.published_text,
        "published_at": reply.published_at,
        "cause": reply.cause,
        "comment": reply.comment,
        "origin": reply.origin,
        "reviewed_by": reply.reviewed_by,
        "resolved_by": reply.resolved_by,
        "corrects": reply.corrects,
        "submitted_at": reply.submitted_at,
        "approved_at": reply.approved_at,
        "created_at": reply.created_at,
        "updated_at": reply.updated_at,
    }
