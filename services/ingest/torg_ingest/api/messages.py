"""Messages, their wordings, their evidence."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import orjson
from fastapi import Query
from starlette.responses import Response
from torg_shared.web import After, Answer, Command, Limit, Router

from torg_ingest.domain.changes import Kind
from torg_ingest.store.reading import Choice
from torg_ingest.usecases import reading

router = Router()

Flag = Annotated[Literal["true", "false"] | None, Query()]


@router.get("/messages", summary="Messages, newest first")
async def all_messages(
    command: Command,
    after: After = None,
    limit: Limit = 50,
    channel_id: UUID | None = None,
    conversation_id: UUID | None = None,
    kind: Kind | None = None,
    removed: Flag = None,
    own: Flag = "false",
) -> Response:
    """`own=true` lists our own texts that were seen on the platforms."""
    page = command.page(
        "messages",
        after,
        limit,
        channel_id=channel_id,
        conversation_id=conversation_id,
        kind=kind,
        removed=removed,
        own=own,
    )
    choice = Choice(
        channel_id=channel_id, conversation_id=conversation_id, kind=kind, removed=_flag(removed), own=_flag(own)
    )
    last = (datetime.fromisoformat(page.position[0]), UUID(page.position[1])) if page.position else None
    rows = await command.read(lambda work: reading.page(work, command.principal, choice, last, page.limit + 1))
    return command.list(page, rows, lambda one: [one.received_at, one.id], _message)


@router.get("/messages/{message_id}", summary="A message with its thread")
async def one_message(message_id: UUID, command: Command) -> Response:
    found, thread = await command.read(lambda work: reading.with_thread(work, command.principal, message_id))
    body = _message(found) | {"thread": [_message(one) for one in thread]}
    return command.answer(Answer(body, version=sum(one.revision for one in thread) or found.revision))


@router.get("/messages/{message_id}/versions", summary="Every wording, oldest first")
async def versions(message_id: UUID, command: Command) -> Response:
    found, rows = await command.read(lambda work: reading.versions(work, command.principal, message_id))
    return command.answer(Answer({"items": [_version(one) for one in rows], "next": None}, version=found.revision))


@router.get("/messages/{message_id}/snapshot", summary="The evidence of the current wording")
async def snapshot_of_message(message_id: UUID, command: Command) -> Response:
    shot = await command.read(lambda work: reading.current_snapshot(work, command.principal, message_id))
    body = {
        "snapshot_id": shot.id,
        "message_id": shot.message_id,
        "message_version": shot.version,
        "sha256": shot.sha256,
        "prev_sha256": shot.prev_sha256,
        "captured_at": shot.captured_at,
        "content": orjson.Fragment(shot.content),
    }
    return command.answer(Answer(body, version=shot.version))


@router.get("/snapshots/{snapshot_id}", summary="The stored bytes of one snapshot")
async def snapshot(snapshot_id: UUID, command: Command) -> Response:
    """Exactly the bytes whose SHA-256 the events name; the reader verifies the hash."""
    shot = await command.read(lambda work: reading.snapshot(work, command.principal, snapshot_id))
    headers = {
        "Content-Disposition": f'attachment; filename="{shot.id}.json"',
        "Torg-Sha256": shot.sha256,
    }
    return command.answer(
        Answer(bytes(shot.content), version=1, headers=headers, media_type="application/octet-stream")
    )


def _flag(value: str | None) -> bool | None:
    return None if value is None else value == "true"


def _message(one: Any) -> dict[str, Any]:
    return {
        "id": one.id,
        "conversation_id": one.conversation_id,
        "channel_id": one.channel_id,
        "platform": one.platform,
        "external_id": one.external_id,
        "permalink": one.permalink,
        "kind": one.kind,
        "own": one.is_self,
        "author": {"handle": one.author_handle, "display_name": one.author_name},
        "text": one.text,
        "message_version": one.version,
        "parent_id": one.parent_id,
        "parent_external_id": one.parent_external_id,
        "created_at": one.created_at,
        "received_at": one.received_at,
        "received_note": one.received_note,
        "removed_at": one.removed_at,
        "hidden": one.hidden,
        "snapshot_id": one.snapshot_id,
        "sha256": one.snapshot_sha256,
        "raw_ref": one.raw_ref,
        "version": one.revision,
    }


def _version(one: Any) -> dict[str, Any]:
    return {
        "message_version": one.version,
        "text": one.text,
        "author": {"handle": one.author_handle, "display_name": one.author_name},
        "seen_at": one.seen_at,
        "snapshot_id": one.snapshot_id,
        "sha256": one.sha256,
        "prev_sha256": one.prev_sha256,
        "captured_at": one.captured_at,
        "raw_ref": one.raw_ref,
    }
