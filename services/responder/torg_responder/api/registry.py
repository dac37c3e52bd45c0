"""Templates, links, house rules and the handbook over REST."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import Path
from pydantic import Field
from starlette.responses import Response
from torg_shared.web import Answer, Body, Command, Line, Router, Text

from torg_responder.domain.templates import Kind, Template
from torg_responder.store import registry as store
from torg_responder.usecases import registry
from torg_responder.usecases.rules import Rules

Code = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,49}$")]
Lang = Annotated[str, Field(pattern=r"^(nb|nn|en|se)$")]
Topic = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{1,49}$")]
Address = Annotated[str, Field(pattern=r"^https://[a-z0-9.-]+\.[a-z]{2,}(/[^\s\"<>\\]*)?$", max_length=500)]


Flag = Annotated[str, Field(pattern=r"^[a-z_:]{2,50}$")]
Number = Annotated[int, Path(ge=1, le=1_000_000)]


class WholeTemplate(Body):
    """Kinds, handlings and flags as in the front matter of a template file."""

    code: Code
    lang: Lang
    kind: Kind
    handlings: Annotated[list[Code], Field(max_length=9)]
    flags: Annotated[list[Flag], Field(max_length=20, default_factory=list)]
    section: Annotated[str, Field(pattern=r"^\d(\.\d){0,2}$")]
    tone: Annotated[str, Field(pattern=r"^(matter_of_fact|humorous|formal)$")] = "matter_of_fact"
    text: Annotated[Text, Field(min_length=1, max_length=8000)]

    def as_template(self) -> Template:
        return Template(
            code=self.code,
            lang=self.lang,
            version=0,
            kind=self.kind,
            handlings=tuple(self.handlings),
            flags=tuple(self.flags),
            section=self.section,
            tone=self.tone,
            text=self.text.strip(),
        )


class NewLink(Body):
    topic: Topic
    lang: Lang = "nb"
    title: Line
    url: Address


class ChangedLink(Body):
    title: Line
    url: Address


class Clause(Body):
    code: Annotated[str, Field(pattern=r"^[A-Z][A-Z_]{1,49}$")]
    nb: Annotated[Text, Field(min_length=1, max_length=2000)]
    nn: Annotated[Text, Field(min_length=1, max_length=2000)] | None = None
    en: Annotated[Text, Field(min_length=1, max_length=2000)] | None = None


class Clauses(Body):
    clauses: Annotated[list[Clause], Field(min_length=1, max_length=50)]


class Acknowledge(Body):
    version: Line


def registry_router(rules: Rules) -> Router:
    router = Router(tags=["registry"])
    _templates(router)
    _links(router)
    _house_rules(router)

    @router.get("/handbook")
    async def handbook(command: Command) -> Response:
        found = await command.read(lambda work: registry.handbook(work, command.principal, rules))
        return command.answer(Answer(_handbook(found)))

    @router.post("/handbook/acknowledge")
    async def acknowledge(body: Acknowledge, command: Command) -> Response:
        return await command.run(
            lambda work: registry.acknowledge(work, command.principal, rules, body.version),
            lambda found: Answer(_handbook(found)),
        )

    return router


def _templates(router: Router) -> None:
    @router.get("/templates")
    async def templates(command: Command) -> Response:
        found = await command.read(lambda work: store.newest_templates(work.db))
        return command.answer(Answer({"items": [_template(one) for one in found], "next": None}))

    @router.post("/templates", status_code=201)
    async def propose(body: WholeTemplate, command: Command) -> Response:
        return await command.run(
            lambda work: registry.propose_template(work, command.principal, body.as_template()),
            lambda one: Answer(_template(one), 201, registry.template_revision(one), f"/templates/{one.id}"),
        )

    @router.get("/templates/{template_id}")
    async def template(template_id: UUID, command: Command) -> Response:
        found = await command.read(lambda work: registry.template_of(work, template_id))
        return command.answer(_template_answer(found))

    @router.put("/templates/{template_id}")
    async def change(template_id: UUID, body: WholeTemplate, command: Command) -> Response:
        return await command.run(
            lambda work: registry.change_template(
                work, command.principal, template_id, command.expected, body.as_template()
            ),
            _template_answer,
        )

    @router.post("/templates/{template_id}/approve")
    async def approve(template_id: UUID, command: Command) -> Response:
        return await command.run(
            lambda work: registry.approve_template(work, command.principal, template_id, command.expected),
            _template_answer,
        )


def _links(router: Router) -> None:
    @router.get("/links")
    async def links(command: Command) -> Response:
        found = await command.read(lambda work: store.all_links(work.db))
        gaps = await command.read(lambda work: store.link_gaps(work.db))
        items = [_link(one) for one in found]
        return command.answer(Answer({"items": items, "next": None, "gaps": gaps}))

    @router.post("/links", status_code=201)
    async def add(body: NewLink, command: Command) -> Response:
        return await command.run(
            lambda work: registry.add_link(work, command.principal, body.topic, body.lang, body.title, body.url),
            lambda one: Answer(_link(one), 201, one.version, f"/links/{one.id}"),
        )

    @router.post("/links/check", status_code=202)
    async def check(command: Command) -> Response:
        return await command.run(lambda work: store.look_again(work.db), lambda _: Answer({}, 202, None, "/links"))

    @router.get("/links/{link_id}")
    async def link(link_id: UUID, command: Command) -> Response:
        return command.answer(_link_answer(await command.read(lambda work: registry.link_of(work, link_id))))

    @router.put("/links/{link_id}")
    async def change(link_id: UUID, body: ChangedLink, command: Command) -> Response:
        return await command.run(
            lambda work: registry.change_link(work, command.principal, link_id, command.expected, body.title, body.url),
            _link_answer,
        )

    @router.delete("/links/{link_id}", status_code=204)
    async def drop(link_id: UUID, command: Command) -> Response:
        return await command.run(
            lambda work: registry.drop_link(work, link_id, command.expected), lambda _: Answer(status=204)
        )


def _house_rules(router: Router) -> None:
    @router.get("/house-rules")
    async def in_force(command: Command) -> Response:
        return command.answer(_rules_answer(await command.read(lambda work: registry.house_rules(work, None))))

    @router.post("/house-rules", status_code=201)
    async def propose(body: Clauses, command: Command) -> Response:
        clauses = [clause.model_dump(exclude_none=True) for clause in body.clauses]
        return await command.run(
            lambda work: registry.propose_house_rules(work, command.principal, clauses),
            lambda found: Answer(_rules(found), 201, 1, f"/house-rules/{found.version}"),
        )

    @router.get("/house-rules/{version}")
    async def version_of(version: Number, command: Command) -> Response:
        staff = command.caller is not None
        found = await command.read(lambda work: registry.house_rules(work, version, proposals=staff))
        return command.answer(_rules_answer(found))

    @router.post("/house-rules/{version}/approve")
    async def approve(version: Number, command: Command) -> Response:
        return await command.run(
            lambda work: registry.approve_house_rules(work, command.principal, version, command.expected),
            _rules_answer,
        )


def _template(one: Template) -> dict[str, Any]:
    return {
        "id": one.id,
        "code": one.code,
        "lang": one.lang,
        "version": one.version,
        "kind": one.kind,
        "handlings": one.handlings,
        "flags": one.flags,
        "section": one.section,
        "tone": one.tone,
        "text": one.text,
        "proposed_by": one.proposed_by,
        "approved_by": one.approved_by,
        "approved": one.approved_by is not None,
    }


def _template_answer(one: Template) -> Answer:
    return Answer(_template(one), version=registry.template_revision(one))


def _link(one: store.Link) -> dict[str, Any]:
    return {name: getattr(one, name) for name in one.__slots__}


def _link_answer(one: store.Link) -> Answer:
    return Answer(_link(one), version=one.version)


def _rules(found: store.HouseRules) -> dict[str, Any]:
    return {
        "version": found.version,
        "in_force": found.approved_by is not None,
        "approved_at": found.approved_at,
        "clauses": found.clauses,
    }


def _rules_answer(found: store.HouseRules) -> Answer:
    return Answer(_rules(found), version=registry.house_rules_revision(found))


def _handbook(found: registry.Read) -> dict[str, Any]:
    return {"version": found.version, "acknowledged_at": found.acknowledged_at, "entries": found.entries}
