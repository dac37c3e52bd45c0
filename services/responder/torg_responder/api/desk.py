"""Claims, referrals and the pause over REST."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import Field
from starlette.responses import Response
from torg_shared.web import After, Answer, Body, Command, Limit, Router, Text

from torg_responder.store import registry
from torg_responder.usecases import desk
from torg_responder.usecases.rules import Rules


class Take(Body):
    takeover: bool = False


class Pause(Body):
    paused: bool
    reason: Annotated[Text, Field(min_length=1, max_length=2000)]


def desk_router(rules: Rules) -> Router:
    router = Router(tags=["desk"])

    @router.get("/messages/{message_id}/claim")
    async def claim(message_id: UUID, command: Command) -> Response:
        found = await command.read(lambda work: desk.claim_of(work, command.principal, message_id))
        return command.answer(_claim(found))

    @router.post("/messages/{message_id}/claim")
    async def take(message_id: UUID, body: Take, command: Command) -> Response:
        return await command.run(
            lambda work: desk.take_claim(work, command.principal, rules, message_id, body.takeover), _claim
        )

    @router.delete("/messages/{message_id}/claim", status_code=204)
    async def release(message_id: UUID, command: Command) -> Response:
        return await command.run(
            lambda work: desk.release_claim(work, command.principal, message_id), lambda _: Answer(status=204)
        )

    @router.get("/referrals")
    async def referrals(command: Command, after: After = None, limit: Limit = 50) -> Response:
        page = command.page("referrals", after, limit)
        last = UUID(page.position[0]) if page.position else None
        found = await command.read(lambda work: desk.referrals(work, command.principal, rules, last, limit + 1))
        return command.list(page, found, lambda one: [one.message.id], _referral)

    @router.get("/outbound-pause")
    async def pause(command: Command) -> Response:
        return command.answer(_pause(await command.read(lambda work: registry.pause(work.db))))

    @router.post("/outbound-pause")
    async def set_pause(body: Pause, command: Command) -> Response:
        return await command.run(
            lambda work: desk.pause(work, command.principal, command.expected, body.paused, body.reason), _pause
        )

    return router


def _referral(one: desk.Referral) -> dict[str, Any]:
    message = one.message
    return {
        "message_id": message.id,
        "text": message.text,
        "handling": message.handling,
        "flags": sorted(message.flags),
        "lang": message.lang,
        "triaged_at": message.triaged_at,
        "link": one.link,
        "replies": [{"id": reply.id, "kind": reply.kind, "state": reply.state.value} for reply in one.replies],
    }


def _claim(row: Any) -> Answer:
    body = {"message_id": row.message_id, "holder": row.holder, "until": row.until}
    return Answer(body, version=row.version)


def _pause(row: Any) -> Answer:
    body = {
        "paused": row.paused,
        "reason": row.reason,
        "changed_by": row.changed_by,
        "changed_at": row.changed_at,
    }
    return Answer(body, version=row.version)
