"""Messages and their evidence, for those who may see them."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from torg_shared.auth import Principal, Role
from torg_shared.errors import NotFound
from torg_shared.work import Work

from torg_ingest.store import reading as store

from .channels import visible

_LONGEST_THREAD = 500


async def page(
    work: Work, principal: Principal, choice: store.Choice, after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[Any]:
    return await store.messages(work.db, replace(choice, channels=await visible(work, principal)), after, limit)


async def with_thread(work: Work, principal: Principal, message_id: UUID) -> tuple[Any, Sequence[Any]]:
    """The message and its conversation, oldest first. Raises `NotFound`, also for what is not the caller's."""
    found = await _message(work, principal, message_id)
    return found, await store.thread(work.db, found.conversation_id, _LONGEST_THREAD)


async def versions(work: Work, principal: Principal, message_id: UUID) -> tuple[Any, Sequence[Any]]:
    """Every wording, oldest first. Raises `NotFound`."""
    found = await _message(work, principal, message_id)
    return found, await store.versions(work.db, message_id)


async def current_snapshot(work: Work, principal: Principal, message_id: UUID) -> Any:
    """The evidence of the current wording. Raises `NotFound`."""
    found = await _message(work, principal, message_id)
    return await snapshot(work, principal, found.snapshot_id)


async def snapshot(work: Work, principal: Principal, snapshot_id: UUID) -> Any:
    """Evidence by its id; who fetched it is accounted for, systems excepted (the journal fetches every one).

    Raises `NotFound`.
    """
    found = await store.snapshot(work.db, snapshot_id)
    allowed = await visible(work, principal)
    if found is None or (allowed is not None and found.channel_id not in allowed):
        raise NotFound("SNAPSHOT_UNKNOWN", snapshot_id)
    if principal.role is not Role.SYS:
        work.audit("snapshot.read", snapshot_id, message_id=found.message_id, version=found.version)
    return found


async def _message(work: Work, principal: Principal, message_id: UUID) -> Any:
    found = await store.message(work.db, message_id)
    allowed = await visible(work, principal)
    if found is None or (allowed is not None and found.channel_id not in allowed):
        raise NotFound("MESSAGE_UNKNOWN", message_id)
    return found
