"""Facts: what events have said, by aggregate and version; newer wins, incomplete rows are legal."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from torg_responder.domain.reply import OPEN_APPROVAL, State
from torg_responder.domain.settle import Message, OwnText
from torg_responder.tables import channels, consulted, messages, own_texts, replies, staff

_IDS = sa.bindparam("ids", type_=pg.ARRAY(sa.Uuid))
_FIELDS = (
    "id",
    "conversation_id",
    "version",
    "channel_id",
    "external_id",
    "text",
    "author",
    "lang",
    "tone",
    "deleted",
    "handling",
    "secondary",
    "flags",
    "unit",
    "topic",
    "reply_private",
    "triage_version",
    "triaged_at",
    "backfill",
    "saksnummer",
)


class Channel:
    """A channel as its last event described it."""

    def __init__(self, row: Any) -> None:
        self.id: UUID = row.id
        self.key: str = row.key
        self.version: int = row.version
        self.platform: str = row.platform
        self.account_id: str = row.account_id
        self.state: str = row.state
        self.formal_contact: Mapping[str, Any] = row.formal_contact
        self.paused_until: datetime | None = row.paused_until
        self.paused_cause: str | None = row.paused_cause


@dataclass(frozen=True, slots=True)
class Known:
    """A message with what decides who may see it."""

    message: Message
    units: frozenset[str]
    channel_key: str | None


async def lock_conversations(db: AsyncConnection, conversations: Collection[UUID]) -> None:
    """Serialise work on the same conversations, whether their rows exist yet or not."""
    keys = sorted({conversation.int & (2**63 - 1) for conversation in conversations})
    await db.execute(
        sa.text("SELECT pg_advisory_xact_lock(k) FROM unnest(CAST(:keys AS bigint[])) AS k"), {"keys": keys}
    )


async def put_wordings(db: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Wordings of messages: `id`, `conversation_id`, `version`, and what is known of text, author, place."""
    insert = pg.insert(messages).values(list(rows))
    new = insert.excluded
    await db.execute(
        insert.on_conflict_do_update(
            index_elements=["id"],
            set_={
                "version": new.version,
                "text": new.text,
                "channel_id": sa.func.coalesce(new.channel_id, messages.c.channel_id),
                "external_id": sa.func.coalesce(new.external_id, messages.c.external_id),
                "author": sa.func.coalesce(new.author, messages.c.author),
                "lang": sa.func.coalesce(messages.c.lang, new.lang),
                "backfill": sa.or_(new.backfill, messages.c.backfill),
            },
            where=new.version > messages.c.version,
        )
    )


async def complete(db: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Place and author from the first sight, where an edit came before it."""
    insert = pg.insert(messages).values(list(rows))
    await db.execute(
        insert.on_conflict_do_update(
            index_elements=["id"],
            set_={
                name: sa.func.coalesce(messages.c[name], insert.excluded[name])
                for name in ("channel_id", "external_id", "author")
            },
        )
    )


async def put_deleted(db: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    insert = pg.insert(messages).values([{**row, "deleted": True} for row in rows])
    await db.execute(insert.on_conflict_do_update(index_elements=["id"], set_={"deleted": True}))


async def put_triage(db: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """What stands after triage; an older triage never overwrites a newer one."""
    insert = pg.insert(messages).values(list(rows))
    new = insert.excluded
    names = ("handling", "secondary", "flags", "unit", "topic", "reply_private", "triage_version", "triaged_at", "lang")
    await db.execute(
        insert.on_conflict_do_update(
            index_elements=["id"],
            set_={name: new[name] for name in names},
            where=new.triage_version > messages.c.triage_version,
        )
    )


async def put_tone(db: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """How the message sounds to the classifier (G-41); the newest wording counts."""
    insert = pg.insert(messages).values(list(rows))
    await db.execute(
        insert.on_conflict_do_update(
            index_elements=["id"],
            set_={name: insert.excluded[name] for name in ("tone", "classified_version")},
            where=insert.excluded.classified_version >= messages.c.classified_version,
        )
    )


async def put_consulted(db: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    """A unit that was asked may read the message and draft the answer."""
    await db.execute(pg.insert(consulted).values(list(rows)).on_conflict_do_nothing())


async def put_case(db: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    insert = pg.insert(messages).values(list(rows))
    await db.execute(
        insert.on_conflict_do_update(index_elements=["id"], set_={"saksnummer": insert.excluded.saksnummer})
    )


async def put_channels(db: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    insert = pg.insert(channels).values(list(rows))
    names = ("key", "version", "platform", "account_id", "state", "formal_contact")
    await db.execute(
        insert.on_conflict_do_update(
            index_elements=["id"],
            set_={name: insert.excluded[name] for name in names},
            where=insert.excluded.version > channels.c.version,
        )
    )


async def put_own(db: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    await db.execute(pg.insert(own_texts).values(list(rows)).on_conflict_do_nothing())


async def settle_own(db: AsyncConnection, pairs: Mapping[UUID, UUID]) -> None:
    """Whose each own text is."""
    if pairs:
        await db.execute(
            sa.text(
                "UPDATE own_texts SET reply_id = d.reply FROM unnest(CAST(:ids AS uuid[]), CAST(:replies AS uuid[])) "
                "AS d (id, reply) WHERE own_texts.id = d.id"
            ),
            {"ids": list(pairs), "replies": list(pairs.values())},
        )


async def messages_of(db: AsyncConnection, conversations: Collection[UUID]) -> Sequence[Message]:
    query = sa.select(*(messages.c[name] for name in _FIELDS)).where(messages.c.conversation_id == sa.any_(_IDS))
    return [_message(row) for row in await db.execute(query, {"ids": list(conversations)})]


async def own_of(db: AsyncConnection, conversations: Collection[UUID]) -> Sequence[OwnText]:
    """Own texts whose owner is not known yet."""
    query = sa.select(own_texts).where(own_texts.c.conversation_id == sa.any_(_IDS), own_texts.c.reply_id.is_(None))
    return [
        OwnText(**row._mapping)
        for row in await db.execute(query.order_by(own_texts.c.id), {"ids": list(conversations)})
    ]


async def message(db: AsyncConnection, message_id: UUID) -> Known | None:
    """The message, the units that were asked about it, and its channel's key as far as known."""
    units = sa.select(sa.func.array_agg(consulted.c.unit)).where(consulted.c.message_id == message_id)
    query = (
        sa.select(
            *(messages.c[name] for name in _FIELDS),
            units.scalar_subquery().label("units"),
            channels.c.key.label("channel_key"),
        )
        .join_from(messages, channels, channels.c.id == messages.c.channel_id, isouter=True)
        .where(messages.c.id == message_id)
    )
    row = (await db.execute(query)).one_or_none()
    return Known(_message(row), frozenset(row.units or ()), row.channel_key) if row else None


async def referred(
    db: AsyncConnection, keys: Collection[str] | None, after: UUID | None, limit: int
) -> Sequence[Message]:
    """Messages that are referred to the political level, by id (G-46); `keys` None means of every channel."""
    query = sa.select(*(messages.c[name] for name in _FIELDS)).where(
        sa.or_(messages.c.handling == "refer_politics", sa.literal("refer_politics") == sa.any_(messages.c.secondary)),
        messages.c.version > 0,
        sa.not_(messages.c.deleted),
    )
    if keys is not None:
        mine = sa.select(channels.c.id).where(channels.c.key.in_(sorted(keys)))
        query = query.where(messages.c.channel_id.in_(mine))
    if after is not None:
        query = query.where(messages.c.id > after)
    return [_message(row) for row in await db.execute(query.order_by(messages.c.id).limit(limit))]


async def channel(db: AsyncConnection, channel_id: UUID) -> Channel | None:
    row = (await db.execute(sa.select(channels).where(channels.c.id == channel_id))).one_or_none()
    return Channel(row) if row else None


async def pause_channel(db: AsyncConnection, channel_id: UUID, until: datetime | None, cause: str | None) -> None:
    """Withhold sending on a channel until then; survives a restart."""
    await db.execute(
        channels.update().where(channels.c.id == channel_id).values(paused_until=until, paused_cause=cause)
    )


async def withheld(db: AsyncConnection, now: datetime) -> Mapping[str, int]:
    """How many channels of each platform are withheld because of a fault of theirs."""
    paused = sa.func.count().filter(channels.c.paused_until > now)
    found = await db.execute(sa.select(channels.c.platform, paused.label("paused")).group_by(channels.c.platform))
    return {row.platform: row.paused for row in found}


async def shielded_cases(db: AsyncConnection, numbers: Collection[str]) -> Sequence[str]:
    """Which of `numbers` are cases that must not be named in public (4.2; G-50)."""
    if not numbers:
        return []
    query = sa.select(messages.c.saksnummer).where(
        messages.c.saksnummer.in_(list(numbers)),
        messages.c.flags.overlap(["sensitive", "urgent", "national_id", "legal_request:child_concern"]),
    )
    return list((await db.execute(query.distinct())).scalars())


async def own_waiting(db: AsyncConnection) -> datetime | None:
    """When the oldest text of ours was seen whose owner is still unknown."""
    query = sa.select(sa.func.min(own_texts.c.seen_at)).where(
        own_texts.c.reply_id.is_(None),
        sa.exists().where(
            messages.c.conversation_id == own_texts.c.conversation_id,
            messages.c.external_id == own_texts.c.parent_external_id,
        ),
    )
    found: datetime | None = (await db.execute(query)).scalar_one()
    return found


async def to_settle(db: AsyncConnection, expired_before: datetime, limit: int) -> Sequence[UUID]:
    """Conversations in which something has become due without an event: approvals that are too old or whose signer has
    changed, and texts of ours that waited for the outcome of a reply."""
    open_approval = replies.c.state.in_([state.value for state in OPEN_APPROVAL])
    old = sa.select(replies.c.conversation_id).where(
        open_approval, sa.func.coalesce(replies.c.approved_at, replies.c.submitted_at) <= expired_before
    )
    renamed = (
        sa.select(replies.c.conversation_id)
        .join(staff, staff.c.subject == replies.c.author)
        .where(
            open_approval,
            replies.c.signer["kind"].astext == "person",
            sa.tuple_(
                replies.c.signer["name"].astext, replies.c.signer["title"].astext, replies.c.signer["unit"].astext
            )
            != sa.tuple_(staff.c.name, staff.c.title, staff.c.unit),
        )
    )
    under_way = sa.exists().where(
        replies.c.conversation_id == own_texts.c.conversation_id,
        replies.c.state.in_([State.SENDING.value, State.UNKNOWN.value]),
    )
    answered = sa.exists().where(
        messages.c.conversation_id == own_texts.c.conversation_id,
        messages.c.external_id == own_texts.c.parent_external_id,
    )
    waiting = sa.select(own_texts.c.conversation_id).where(own_texts.c.reply_id.is_(None), answered, sa.not_(under_way))
    found = await db.execute(sa.union(old, renamed, waiting).limit(limit))
    return list(found.scalars())


def _message(row: Any) -> Message:
    values = {name: getattr(row, name) for name in _FIELDS}
    values["secondary"] = tuple(values["secondary"])
    values["flags"] = frozenset(values["flags"])
    return Message(**values)
