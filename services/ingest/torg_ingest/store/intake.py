"""The hot path: a batch is one statement to load and one to write, however many deliveries it holds."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection
from torg_shared.db import driver_of

from torg_ingest import tables
from torg_ingest.domain.changes import Author, Delivery, SetAside
from torg_ingest.domain.intake import News
from torg_ingest.domain.messages import Message, OwnChannel, Wording
from torg_ingest.domain.snapshots import Snapshot


class Raced(Exception):
    """Another process wrote one of these messages since they were read: read again."""


@dataclass(frozen=True, slots=True)
class Version:
    """A numbered wording with its evidence."""

    message: Message
    number: int
    wording: Wording
    snapshot: Snapshot


@dataclass(frozen=True, slots=True)
class Kept:
    """A raw delivery and what became of it."""

    delivery: Delivery
    outcome: str
    changes: int
    set_aside: Sequence[SetAside]


def _columns(table: sa.Table, *left_out: str) -> list[sa.Column[Any]]:
    return [column for column in table.columns if column.name not in left_out]


_TYPES = {
    sa.Uuid: "uuid",
    sa.Text: "text",
    sa.Integer: "int",
    sa.Boolean: "bool",
    sa.LargeBinary: "bytea",
    sa.DateTime: "timestamptz",
}
_DELIVERIES = _columns(tables.deliveries, "revision", "replayed_at")
_SET_ASIDE = _columns(tables.set_aside)
_CHANGES = _columns(tables.changes)
_VERSIONS = _columns(tables.versions)
_SNAPSHOTS = _columns(tables.snapshots)
_MESSAGES = _columns(tables.messages)


def _write_statement() -> str:
    """Every insert of a batch, by unnest; the count says whether each message was at the revision that was read."""
    place = 0

    def insert(table: sa.Table, columns: Sequence[sa.Column[Any]], conflict: str) -> str:
        nonlocal place
        arrays = []
        for column in columns:
            place += 1
            arrays.append(f"${place}::{_TYPES[type(column.type)]}[]")
        names = ", ".join(column.name for column in columns)
        return f"INSERT INTO {table.name} ({names}) SELECT * FROM unnest({', '.join(arrays)}) {conflict}"  # noqa: S608

    moved = ", ".join(f"{column.name} = excluded.{column.name}" for column in _MESSAGES if column.name != "id")
    newer = f"ON CONFLICT (id) DO UPDATE SET {moved} WHERE messages.revision = excluded.revision - 1 RETURNING 1"
    parts = (
        ("d", insert(tables.deliveries, _DELIVERIES, "ON CONFLICT (id) DO NOTHING")),
        ("a", insert(tables.set_aside, _SET_ASIDE, "ON CONFLICT (delivery_id, position) DO NOTHING")),
        ("c", insert(tables.changes, _CHANGES, "")),
        ("v", insert(tables.versions, _VERSIONS, "")),
        ("s", insert(tables.snapshots, _SNAPSHOTS, "")),
        ("m", insert(tables.messages, _MESSAGES, newer)),
    )
    return f"WITH {', '.join(f'{name} AS ({body})' for name, body in parts)} SELECT count(*) FROM m"  # noqa: S608


_WRITE = _write_statement()
_NAMES = ", ".join(column.name for column in _MESSAGES)
# sorted locks: two batches that meet wait for each other instead of killing each other
_LOAD = f"SELECT {_NAMES} FROM messages WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE"  # noqa: S608
_LOAD_WAITING = f"""
    SELECT {_NAMES} FROM messages w WHERE awaiting_since IS NOT NULL AND (
        awaiting_since <= $1 OR original_seen AND EXISTS (
            SELECT 1 FROM messages p WHERE p.id = w.parent_id AND p.conversation_id IS NOT NULL))
    ORDER BY awaiting_since, id LIMIT $2 FOR UPDATE OF w SKIP LOCKED
"""  # noqa: S608 - the column list is a constant of this module
_REMEMBER = timedelta(seconds=1)
_OWN = "SELECT platform, account_id, id, activated_at, state FROM channels"


class Accounts:
    """The registered accounts, as they were at most a second ago; an account that seems unknown is asked for again."""

    def __init__(self) -> None:
        self._channels: dict[tuple[str, str], OwnChannel] = {}
        self._read_at: datetime | None = None

    async def of(
        self, db: AsyncConnection, wanted: Iterable[tuple[str, str]], now: datetime
    ) -> Mapping[tuple[str, str], OwnChannel]:
        """Channels by platform and account; what is still missing is no account of ours."""
        stale = self._read_at is None or now - self._read_at > _REMEMBER
        if stale or any(one not in self._channels for one in wanted):
            self._channels, self._read_at = await own_channels(db), now
        return self._channels


async def own_channels(db: AsyncConnection) -> dict[tuple[str, str], OwnChannel]:
    """Every registered account, by platform and account id: a municipality has a handful."""
    driver = await driver_of(db)
    return {(row[0], row[1]): OwnChannel(row[2], row[3], closed=row[4] == "closed") for row in await driver.fetch(_OWN)}


async def lock_messages(db: AsyncConnection, ids: Collection[UUID]) -> dict[UUID, Message]:
    driver = await driver_of(db)
    return {row[0]: _message(row) for row in await driver.fetch(_LOAD, list(ids))}


async def lock_waiting(db: AsyncConnection, before: datetime, limit: int) -> dict[UUID, Message]:
    """Waiting messages that may go: their time began before `before`, or their parent is there. Skips locked ones."""
    driver = await driver_of(db)
    return {row["id"]: _message(row) for row in await driver.fetch(_LOAD_WAITING, before, limit)}


async def write(
    db: AsyncConnection,
    now: datetime,
    *,
    kept: Sequence[Kept] = (),
    news: Sequence[News] = (),
    messages: Iterable[Message] = (),
    versions: Sequence[Version] = (),
) -> None:
    """All of a batch in one statement. Raises `Raced`; asyncpg's `UniqueViolationError` means the same."""
    changed = sorted(messages, key=lambda one: one.id)
    for message in changed:
        message.revision += 1
    arrays: list[Sequence[Any]] = [
        *_turned(_DELIVERIES, [_delivery_row(one) for one in kept]),
        *_turned(_SET_ASIDE, [_set_aside_row(one.delivery, part, now) for one in kept for part in one.set_aside]),
        *_turned(_CHANGES, [_change_row(one) for one in sorted(news, key=lambda one: one.key)]),
        *_turned(_VERSIONS, [_version_row(one) for one in versions]),
        *_turned(_SNAPSHOTS, [_snapshot_row(one) for one in versions]),
        *_turned(_MESSAGES, [_message_row(one) for one in changed]),
    ]
    driver = await driver_of(db)
    if await driver.fetchval(_WRITE, *arrays) != len(changed):
        raise Raced


def _turned(columns: Sequence[Any], rows: Sequence[Sequence[Any]]) -> Sequence[Sequence[Any]]:
    return list(zip(*rows, strict=True)) if rows else [()] * len(columns)


def _delivery_row(kept: Kept) -> Sequence[Any]:
    one = kept.delivery
    return (
        one.id,
        one.platform,
        one.received_at,
        one.body,
        one.content_type,
        one.content_encoding,
        kept.outcome,
        kept.changes,
    )


def _set_aside_row(delivery: Delivery, one: SetAside, now: datetime) -> Sequence[Any]:
    return (
        delivery.id,
        one.position,
        one.outcome,
        one.reason,
        one.account_id,
        one.field,
        one.item,
        one.verb,
        now,
    )


def _change_row(one: News) -> Sequence[Any]:
    change = one.change
    return (one.key, one.message_id, change.verb, change.raw_ref, change.position, change.received_at)


def _version_row(one: Version) -> Sequence[Any]:
    author = one.message.author
    return (
        one.message.id,
        one.number,
        one.wording.text,
        author.handle,
        author.display_name,
        one.snapshot.id,
        one.wording.raw_ref,
        one.wording.seen_at,
    )


def _snapshot_row(one: Version) -> Sequence[Any]:
    shot = one.snapshot
    return (shot.id, one.message.id, one.number, shot.content, shot.sha256, shot.prev_sha256, shot.captured_at)


def _message_row(one: Message) -> Sequence[Any]:
    return (
        one.id,
        one.channel_id,
        one.platform,
        one.account_id,
        one.external_id,
        one.kind,
        one.first_seen_at,
        one.raw_ref,
        one.parent_id,
        one.parent_external_id,
        one.post_external_id,
        one.author.handle,
        one.author.display_name,
        one.is_self,
        one.permalink,
        one.has_media,
        one.created_at,
        one.original_seen,
        _pending_bytes(one.pending) if one.pending else None,
        one.awaiting_since,
        one.conversation_id,
        one.received_at,
        one.received_note,
        one.version,
        one.text_sha256,
        one.worded_at,
        one.snapshot_id,
        one.snapshot_sha256,
        one.removed_at,
        one.removal_told,
        one.hidden,
        one.hidden_told,
        one.hidden_order,
        one.visibility_changes,
        one.revision,
    )


def _message(row: Any) -> Message:
    """The row is in the order of the table's columns; author's two columns are one value."""
    handle, name, is_self, permalink, has_media, created_at, original_seen, pending = row[11:19]
    described = (is_self, permalink, has_media, created_at, original_seen, _pending(pending) if pending else ())
    return Message(*(*row[:11], Author(handle, name), *described, *row[19:]))


def _pending_bytes(pending: Sequence[Wording]) -> bytes:
    told = [
        {
            "text": one.text,
            "seen_at": one.seen_at,
            "raw_ref": one.raw_ref,
            "position": one.position,
            "payload": one.payload,
        }
        for one in pending
    ]
    try:
        return orjson.dumps(told, option=orjson.OPT_UTC_Z, default=str)
    except TypeError:  # nested deeper than orjson writes
        return json.dumps(told, default=str).encode()


def _pending(content: bytes) -> tuple[Wording, ...]:
    told: Sequence[Mapping[str, Any]] = orjson.loads(content)
    return tuple(
        Wording(
            one["text"],
            datetime.fromisoformat(one["seen_at"]),
            UUID(one["raw_ref"]),
            one["position"],
            one["payload"],
        )
        for one in told
    )
