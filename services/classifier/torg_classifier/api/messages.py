"""Proposals, triage and alerts of a message."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import Field
from starlette.responses import Response
from torg_shared.errors import NotFound
from torg_shared.web import After, Answer, Body, Command, Limit, Router, Text
from torg_shared.work import Work

from torg_classifier import store
from torg_classifier.domain.facets import Handling
from torg_classifier.domain.triage import Choice, Units
from torg_classifier.usecases import alerts as alerting
from torg_classifier.usecases import triage as triaging

from . import render
from .render import Quotes

Reason = Annotated[Text, Field(min_length=1, max_length=2000)]
Code = Annotated[Text, Field(min_length=1, max_length=60)]


class TriageBody(Body):
    """Confirm by naming the proposed handling; change by naming another, with a reason."""

    handling: Handling | None = None
    secondary: list[Handling] | None = Field(default=None, max_length=8)
    flags: list[Code] | None = Field(default=None, max_length=30)
    topic: Code | None = None
    unit: Code | None = None
    saksdokument: bool | None = None
    saksbehandling: bool | None = None
    dokumentasjonsverdi: bool | None = None
    reason: Reason | None = None
    returned: bool = False


class Acknowledge(Body):
    action: Reason
    handed_over: bool = False


def router(units: Units, guideline_version: str, quotes: Quotes) -> Router:
    made = Router(tags=["messages"])

    @made.get("/messages/{message_id}/classification", summary="The current proposal, and the decision that stands")
    async def classification(message_id: UUID, command: Command) -> Response:
        """`decision` stands until a person confirms anew, also after the author has edited (`decision_is_older`)."""

        async def query(work: Work) -> tuple[store.Message, store.Classified, store.Triaged | None, list[store.Alert]]:
            message, classified, standing = await _seen(work, command, message_id)
            return message, classified, standing, await store.alerts_of(work.db, message_id)

        message, classified, standing, alerts = await command.read(query)
        text = message.text if classified.message_version == message.version else None
        body = render.classified(classified, text, quotes) | {
            "conversation_id": message.conversation_id,
            "kind": message.kind,
            "received_at": message.received_at,
            "state": _state(classified, standing),
            "decision": render.triaged(standing) if standing else None,
            "decision_is_older": bool(standing and standing.triage.message_version < classified.message_version),
            "alerts": [render.alert(one) for one in alerts],
        }
        return command.answer(Answer(body, version=message.state_version))

    @made.get("/messages/{message_id}/classifications", summary="All proposals, oldest first")
    async def classifications(message_id: UUID, command: Command) -> Response:
        async def query(work: Work) -> tuple[store.Message, list[store.Classified]]:
            message, _, _ = await _seen(work, command, message_id)
            return message, await store.all_classifications(work.db, message_id)

        message, found = await command.read(query)
        items = [
            render.classified(one, message.text if one.message_version == message.version else None, quotes)
            for one in found
        ]
        return command.answer(Answer({"items": items, "next": None}))

    @made.get("/messages/{message_id}/triages", summary="All decisions, oldest first, agreement too")
    async def triages(message_id: UUID, command: Command) -> Response:
        async def query(work: Work) -> list[store.Triaged]:
            await _seen(work, command, message_id)
            return await store.all_triages(work.db, message_id)

        found = await command.read(query)
        return command.answer(Answer({"items": [render.triaged(one) for one in found], "next": None}))

    @made.post("/messages/{message_id}/triage", summary="Confirm or change the proposal")
    async def triage(message_id: UUID, body: TriageBody, command: Command) -> Response:
        choice = Choice(**body.model_dump())

        async def use_case(work: Work) -> tuple[store.Triaged, int]:
            decided, version = await triaging.decide(
                work, command.principal, message_id, command.expected, choice, units, guideline_version
            )
            by = command.principal
            return store.Triaged(message_id, decided, by.subject, by.role.value, work.now), version

        return await command.run(use_case, lambda done: Answer(render.triaged(done[0]), version=done[1]))

    @made.post("/messages/{message_id}/urgent/acknowledge", summary="A person has taken the alert")
    async def acknowledge(message_id: UUID, body: Acknowledge, command: Command) -> Response:
        """Meets T-EMERG; with `handed_over` T-CHILD as well."""
        return await command.run(
            lambda work: alerting.acknowledge(work, command.principal, message_id, body.action, body.handed_over),
            lambda complete: Answer({"message_id": message_id, "acknowledged": True, "complete": complete}),
        )

    @made.get("/alerts", summary="Alerts that nobody has acknowledged")
    async def open_alerts(command: Command, after: After = None, limit: Limit = 50) -> Response:
        page = command.page("alerts", after, limit)
        last = UUID(page.position[0]) if page.position else None
        found = await command.read(lambda work: store.open_alerts(work.db, last, limit + 1))
        return command.list(page, found, lambda one: [one.id], render.alert)

    return made


async def _seen(
    work: Work, command: Any, message_id: UUID
) -> tuple[store.Message, store.Classified, store.Triaged | None]:
    """The message with proposal and decision, when the caller may see it. Raises `NotFound` otherwise."""
    message = await store.message(work.db, message_id)
    classified = (await store.newest_classifications(work.db, [message_id])).get(message_id)
    standing = (await store.standing_triages(work.db, [message_id])).get(message_id)
    if message is None or classified is None:
        raise NotFound("MESSAGE_UNKNOWN", message_id)
    if not await triaging.may_see(work, command.principal, message, classified, standing):
        raise NotFound("MESSAGE_UNKNOWN", message_id)
    return message, classified, standing


def _state(classified: store.Classified, standing: store.Triaged | None) -> str:
    if standing is None:
        return "classified"
    if standing.triage.returned:
        return "returned"
    return "edited" if standing.triage.message_version < classified.message_version else "triaged"
