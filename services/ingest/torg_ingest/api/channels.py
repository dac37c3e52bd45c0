"""The channel registry."""

from dataclasses import asdict
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field
from starlette.responses import Response
from torg_shared.web import After, Answer, Body, Command, Day, Limit, Line, Router, Text

from torg_ingest.domain import channels as rules
from torg_ingest.store import channels as store
from torg_ingest.usecases import channels as usecases

router = Router()

Key = Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]
WebAddress = Annotated[Line, Field(pattern=r"^https://[^\s]+$")]


class FormalContact(Body):
    """Where formal enquiries go (3.2.1); both are wanted before a channel is used."""

    email: Line | None = None
    postal_address: list[Line] | None = None
    phone: Line | None = None


class Interval(Body):
    opens: Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]
    closes: Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]


class Propose(Body):
    key: Key
    platform: Line
    account_id: Line
    account_type: Line
    name: Line
    owner_unit: Line
    purpose: Text
    arguments_for: Text = ""
    arguments_against: Text = ""
    profile_text: Text = ""
    formal_contact: FormalContact = FormalContact()
    house_rules_url: WebAddress | None = None


class Decide(Body):
    grounds: Annotated[Text, Field(min_length=1)]
    purpose: Annotated[Text, Field(min_length=1)]
    review_due: Day
    risk_assessment_ref: Line | None = None
    dpo_opinion: Text | None = None


class Grounds(Body):
    grounds: Annotated[Text, Field(min_length=1)]


class Close(Grounds):
    final_capture_ref: Line | None = None


class Mode(Grounds):
    comment_mode: rules.CommentMode


class Describe(Body):
    name: Line | None = None
    profile_text: Text | None = None
    hours: dict[Line, list[Interval]] | None = None
    formal_contact: FormalContact | None = None
    house_rules_url: WebAddress | None = None


@router.get("/channels", summary="The registry: proposed, used and closed channels")
async def all_channels(command: Command, after: After = None, limit: Limit = 50) -> Response:
    page = command.page("channels", after, limit)
    last = str(page.position[0]) if page.position else None
    rows = await command.read(lambda work: store.every(work.db, last, page.limit + 1))
    return command.list(page, rows, lambda one: [one.key], _channel)


@router.post("/channels", summary="Propose a channel", status_code=201)
async def propose(body: Propose, command: Command) -> Response:
    proposal = rules.Proposal(
        key=body.key,
        platform=body.platform,
        account_id=body.account_id,
        account_type=body.account_type,
        name=body.name,
        owner_unit=body.owner_unit,
        purpose=body.purpose,
        arguments_for=body.arguments_for,
        arguments_against=body.arguments_against,
        profile_text=body.profile_text,
        formal_contact=body.formal_contact.model_dump(exclude_none=True),
        house_rules_url=body.house_rules_url,
    )
    return await command.run(
        lambda work: usecases.propose(work, proposal, command.principal),
        lambda made: Answer(_channel(made), status=201, version=made.version, location=f"/channels/{made.id}"),
    )


@router.get("/channels/{channel_id}", summary="One channel")
async def one_channel(channel_id: UUID, command: Command) -> Response:
    return command.answer(_answer(await command.read(lambda work: usecases.find(work, channel_id))))


@router.patch("/channels/{channel_id}", summary="Keep name, profile text, hours and contact up to date")
async def describe(channel_id: UUID, body: Describe, command: Command) -> Response:
    told = rules.Description(
        name=body.name,
        profile_text=body.profile_text,
        hours=body.model_dump(include={"hours"})["hours"],
        formal_contact=body.formal_contact.model_dump(exclude_none=True) if body.formal_contact else None,
        house_rules_url=body.house_rules_url,
    )
    return await command.run(
        lambda work: usecases.describe(work, channel_id, told, command.principal, command.expected), _answer
    )


@router.post("/channels/{channel_id}/decide", summary="Decide to use a channel, with grounds")
async def decide(channel_id: UUID, body: Decide, command: Command) -> Response:
    decision = rules.Decision(body.grounds, body.purpose, body.review_due, body.risk_assessment_ref, body.dpo_opinion)
    return await command.run(
        lambda work: usecases.decide(work, channel_id, decision, command.principal, command.expected), _answer
    )


@router.post("/channels/{channel_id}/activate", summary="Take a decided or suspended channel into use")
async def activate(channel_id: UUID, command: Command) -> Response:
    return await command.run(
        lambda work: usecases.activate(work, channel_id, command.principal, command.expected), _answer
    )


@router.post("/channels/{channel_id}/suspend", summary="Stop everything outward; what comes in is still stored")
async def suspend(channel_id: UUID, body: Grounds, command: Command) -> Response:
    return await command.run(
        lambda work: usecases.suspend(work, channel_id, body.grounds, command.principal, command.expected), _answer
    )


@router.post("/channels/{channel_id}/close", summary="Close a channel, after its final documentation")
async def close(channel_id: UUID, body: Close, command: Command) -> Response:
    return await command.run(
        lambda work: usecases.close(
            work, channel_id, body.grounds, body.final_capture_ref, command.principal, command.expected
        ),
        _answer,
    )


@router.post("/channels/{channel_id}/mode", summary="Comments open, private messages only, or closed")
async def set_mode(channel_id: UUID, body: Mode, command: Command) -> Response:
    return await command.run(
        lambda work: usecases.set_mode(
            work, channel_id, body.comment_mode, body.grounds, command.principal, command.expected
        ),
        _answer,
    )


@router.get("/channels/{channel_id}/health", summary="Last event, token, quota, silence")
async def health(channel_id: UUID, command: Command) -> Response:
    found = await command.read(lambda work: usecases.health(work, channel_id))
    return command.answer(Answer(found))


@router.get("/channels/{channel_id}/capabilities", summary="What the platform can do")
async def capabilities(channel_id: UUID, command: Command) -> Response:
    channel = await command.read(lambda work: usecases.find(work, channel_id))
    found = {"platform": channel.platform, **usecases.CAPABILITIES.get(channel.platform, {})}
    return command.answer(Answer(found, version=channel.version))


def _answer(channel: rules.Channel) -> Answer:
    return Answer(_channel(channel), version=channel.version)


def _channel(channel: rules.Channel) -> dict[str, Any]:
    return asdict(channel)
