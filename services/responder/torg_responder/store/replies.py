"""Replies: read, locked, written."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from torg_responder.domain.reply import Reply, Signer, State
from torg_responder.tables import channels, consulted, messages, replies

_IDS = sa.bindparam("ids", type_=pg.ARRAY(sa.Uuid))


async def one(db: AsyncConnection, reply_id: UUID, *, lock: bool = False) -> Reply | None:
    query = sa.select(replies).where(replies.c.id == reply_id)
    row = (await db.execute(query.with_for_update() if lock else query)).one_or_none()
    return _reply(row) if row else None


async def of_conversations(db: AsyncConnection, conversations: Collection[UUID]) -> Sequence[Reply]:
    """All replies of `conversations`, locked in the order of their ids."""
    query = sa.select(replies).where(replies.c.conversation_id == sa.any_(_IDS)).order_by(replies.c.id)
    found = await db.execute(query.with_for_update(), {"ids": list(conversations)})
    return [_reply(row) for row in found]


async def of_message(db: AsyncConnection, message_id: UUID, *, lock: bool = False) -> Sequence[Reply]:
    query = sa.select(replies).where(replies.c.message_id == message_id).order_by(replies.c.id)
    return [_reply(row) for row in await db.execute(query.with_for_update() if lock else query)]


async def of_messages(db: AsyncConnection, message_ids: Collection[UUID]) -> Sequence[Reply]:
    query = sa.select(replies).where(replies.c.message_id == sa.any_(_IDS)).order_by(replies.c.id)
    return [_reply(row) for row in await db.execute(query, {"ids": list(message_ids)})]


@dataclass(frozen=True, slots=True)
class Scope:
    """What a list may show: everything by default, else one's own and one's unit's, or certain channels."""

    subject: str | None = None
    unit: str | None = None
    politics: bool = False
    channels: Collection[str] | None = None


async def listed(
    db: AsyncConnection,
    scope: Scope,
    *,
    after: UUID | None,
    limit: int,
    state: str | None = None,
    message_id: UUID | None = None,
    origin: str | None = None,
) -> Sequence[Reply]:
    """Newest first (ids are time-ordered)."""
    query = sa.select(replies).order_by(replies.c.id.desc()).limit(limit)
    for column, value in (
        (replies.c.state, state),
        (replies.c.message_id, message_id),
        (replies.c.origin, origin),
    ):
        if value is not None:
            query = query.where(column == value)
    if scope.subject is not None:
        asked = sa.select(consulted.c.message_id).where(consulted.c.unit == scope.unit)
        theirs = sa.select(messages.c.id).where(messages.c.unit == scope.unit)
        seen = [replies.c.author == scope.subject, replies.c.message_id.in_(asked), replies.c.message_id.in_(theirs)]
        if scope.politics:
            referred = sa.or_(
                messages.c.handling == "refer_politics", sa.literal("refer_politics") == sa.any_(messages.c.secondary)
            )
            seen.append(replies.c.message_id.in_(sa.select(messages.c.id).where(referred)))
        query = query.where(sa.or_(*seen))
    if scope.channels is not None:
        mine = sa.select(channels.c.id).where(channels.c.key.in_(sorted(scope.channels)))
        query = query.where(replies.c.channel_id.in_(mine))
    if after is not None:
        query = query.where(replies.c.id < after)
    return [_reply(row) for row in await db.execute(query)]


async def to_send(db: AsyncConnection, now: datetime, limit: int) -> Sequence[Reply]:
    """Released replies whose undo window and back-off are over, oldest first.

    A channel that is withheld does not stand in the way of the others.
    """
    withheld = sa.select(channels.c.id).where(channels.c.paused_until > now)
    query = (
        sa.select(replies)
        .where(replies.c.channel_id.not_in(withheld))
        .where(replies.c.state == State.RELEASED.value, replies.c.send_after <= now)
        .where(sa.or_(replies.c.retry_at.is_(None), replies.c.retry_at <= now))
        .order_by(replies.c.send_after)
        .limit(limit)
    )
    return [_reply(row) for row in await db.execute(query)]


async def in_state_before(db: AsyncConnection, state: State, before: datetime, limit: int) -> Sequence[Reply]:
    """Replies in `state` whose `retry_at`, or else whose sending, lies before `before`."""
    query = (
        sa.select(replies)
        .where(replies.c.state == state.value)
        .where(sa.func.coalesce(replies.c.retry_at, replies.c.sent_at, replies.c.updated_at) <= before)
        .order_by(replies.c.id)
        .limit(limit)
    )
    return [_reply(row) for row in await db.execute(query)]


async def thanks_of(db: AsyncConnection, conversation_id: UUID, but: UUID | None = None) -> Sequence[str]:
    """Thank-yous of the conversation, drafts as well; those that were thrown away do not count."""
    query = sa.select(replies.c.text).where(
        replies.c.conversation_id == conversation_id,
        replies.c.kind == "thanks",
        replies.c.state != State.DISCARDED.value,
    )
    return list((await db.execute(query if but is None else query.where(replies.c.id != but))).scalars())


async def put(db: AsyncConnection, *changed: Reply) -> None:
    """Write `changed`, new and old ones, in one statement."""
    if not changed:
        return
    insert = pg.insert(replies).values([_values(reply) for reply in changed])
    columns = {
        column.name: insert.excluded[column.name]
        for column in replies.columns
        if column.name not in {"id", "created_at", "conversation_id", "message_id", "channel_id", "origin"}
    }
    await db.execute(insert.on_conflict_do_update(index_elements=["id"], set_=columns))


async def counts(db: AsyncConnection, states: Collection[State]) -> Mapping[str, int]:
    """How many replies stand in each of `states`."""
    query = (
        sa.select(replies.c.state, sa.func.count().label("count"))
        .where(replies.c.state.in_([state.value for state in states]))
        .group_by(replies.c.state)
    )
    found = {row.state: row[1] for row in await db.execute(query)}
    return {state.value: found.get(state.value, 0) for state in states}


def _reply(row: Any) -> Reply:
    values = dict(row._mapping)
    signer = values.pop("signer")
    values["checks"] = tuple(values["checks"])
    values["state"] = State(values["state"])
    return Reply(**values, signer=Signer(**signer) if signer else None)


def _values(reply: Reply) -> dict[str, Any]:
    values = {name: getattr(reply, name) for name in reply.__slots__}
    values["state"] = reply.state.value
    values["checks"] = list(reply.checks)
    values["signer"] = reply.signer.as_json() if reply.signer else sa.null()
    return values
