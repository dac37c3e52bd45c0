"""The end of a message and its return: closing, reopening, closing many, internal notes (requirements section 5)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from torg_shared.auth import Principal
from torg_shared.errors import Conflict, DomainError, Invalid, NotFound
from torg_shared.ids import uuid7
from torg_shared.versions import Expected
from torg_shared.work import Work

from torg_journal.domain import closing
from torg_journal.domain.effects import Conversation
from torg_journal.domain.facts import CASE_WANTED, CLOSED, NOTAT_WANTED, REOPENED, By, Fact, Message
from torg_journal.domain.folding import messages_of
from torg_journal.domain.house import House
from torg_journal.domain.working import Row
from torg_journal.store import reading
from torg_journal.store import settling as store

from . import settling


@dataclass(frozen=True, slots=True)
class Closing:
    """Why a message is closed. `legal_outcome` is how a statutory request ended when no answer did it."""

    reason: str
    legal_outcome: str | None = None
    ground: str | None = None


@dataclass(frozen=True, slots=True)
class Item:
    """A message in a list to be closed, with the version that was seen."""

    message_id: UUID
    version: int


@dataclass(frozen=True, slots=True)
class Known:
    """A message inside its locked conversation."""

    conversation: Conversation
    message: Message
    row: Row


async def known(work: Work, principal: Principal, message_id: UUID) -> Known:
    """The message with its conversation locked. Raises `NotFound` for none, and for one that is not the caller's."""
    seen = await reading.message(work.db, principal, message_id)
    if seen is None:
        raise NotFound("MESSAGE_UNKNOWN", message_id)
    conversation = await settling.act(work, seen.conversation_id)
    message = next(one for one in messages_of(conversation.facts) if one.message_id == message_id)
    return Known(conversation, message, conversation.rows[message_id])


async def close(
    work: Work, house: House, principal: Principal, message_id: UUID, expected: Expected, wanted: Closing
) -> Row:
    """Close the message. Raises `NotFound`, `VersionConflict`, and `Conflict` that names what is still open."""
    found = await known(work, principal, message_id)
    expected.check(message_id, found.row.version, changed_by=found.row.changed_by, changed_at=found.row.changed_at)
    return await _close(work, house, found, wanted)


async def _close(work: Work, house: House, found: Known, wanted: Closing) -> Row:
    message_id = found.message.message_id
    decided = any(one == message_id for one, _ in found.conversation.decided)
    obstacle = closing.obstacle(
        found.message,
        found.row,
        has_decision=decided,
        reason=wanted.reason,
        legal_outcome=wanted.legal_outcome,
    )
    if obstacle:
        raise Conflict(obstacle, message_id, status=found.row.status)
    if wanted.legal_outcome and not wanted.ground:
        raise Invalid("GROUND_REQUIRED", message_id)
    facts = {"reason": wanted.reason, "legal_outcome": wanted.legal_outcome, "ground": wanted.ground}
    version = len(found.message.turns) + 1
    row = await _say(work, house, found, CLOSED, version, {k: v for k, v in facts.items() if v})
    work.audit("message.closed", message_id, reason=wanted.reason, legal_outcome=wanted.legal_outcome)
    return row


async def bulk_close(
    work: Work, house: House, principal: Principal, items: Sequence[Item], reason: str
) -> Mapping[UUID, str | None]:
    """Close what asks for nothing (`thank`, `none_needed`), each on its own: gives the code of what stands in the way.

    Conversations are locked in the order of their ids, whatever the order of the list.
    """
    told: dict[UUID, str | None] = {}
    seen = {one.message_id: await reading.message(work.db, principal, one.message_id) for one in items}
    await store.lock(work.db, {row.conversation_id for row in seen.values() if row is not None})
    for item in items:
        try:
            found = await known(work, principal, item.message_id)
            Expected.exactly(item.version).check(item.message_id, found.row.version)
            if found.row.handling not in closing.IN_BULK:
                raise Conflict("NOT_IN_BULK", item.message_id)
            await _close(work, house, found, Closing(reason))
            told[item.message_id] = None
        except DomainError as error:
            told[item.message_id] = error.code
    return told


async def reopen(
    work: Work, house: House, principal: Principal, message_id: UUID, expected: Expected, reason: str
) -> Row:
    """Take a closed message back to work. Raises `NotFound`, `VersionConflict`, `Conflict`."""
    found = await known(work, principal, message_id)
    expected.check(message_id, found.row.version, changed_by=found.row.changed_by, changed_at=found.row.changed_at)
    if found.row.status != "closed":
        raise Conflict("MESSAGE_NOT_CLOSED", message_id, status=found.row.status)
    row = await _say(work, house, found, REOPENED, len(found.message.turns) + 1, {"reason": reason})
    work.audit("message.reopened", message_id)
    return row


async def want_case(work: Work, house: House, found: Known) -> settling.Settled:
    """Have the message registered in a saksmappe, whatever its handling: a person decided so."""
    return await _state(work, house, found, CASE_WANTED, 1, {"message_version": found.row.message_version})


async def want_notat(work: Work, house: House, found: Known) -> settling.Settled:
    return await _state(work, house, found, NOTAT_WANTED, 1, {"message_version": found.row.message_version})


async def _say(work: Work, house: House, found: Known, kind: str, version: int, data: Mapping[str, Any]) -> Row:
    settled = await _state(work, house, found, kind, version, data)
    effects = settled.effects[found.conversation.id]
    return next((after for _, after in effects.rows if after.id == found.message.message_id), found.row)


async def _state(
    work: Work, house: House, found: Known, kind: str, version: int, data: Mapping[str, Any]
) -> settling.Settled:
    fact = Fact(
        kind=kind,
        subject=found.message.message_id,
        version=version,
        conversation_id=found.conversation.id,
        message_id=found.message.message_id,
        event_id=uuid7(),
        at=work.now,
        seen_at=work.now,
        by=By(work.actor.kind, work.actor.id, work.actor.role),
        data=data,
    )
    conversations = await settling.say(work, [fact])
    return await settling.settle_all(work, house, conversations, by=work.actor.id)


async def note(work: Work, principal: Principal, message_id: UUID, text: str) -> dict[str, Any]:
    """An internal remark: never published, never journaled. Raises `NotFound`."""
    seen = await reading.message(work.db, principal, message_id)
    if seen is None:
        raise NotFound("MESSAGE_UNKNOWN", message_id)
    row = {
        "id": uuid7(),
        "conversation_id": seen.conversation_id,
        "message_id": message_id,
        "text": text,
        "written_by": work.actor.id,
        "written_role": work.actor.role,
        "written_at": work.now,
    }
    await store.insert(work.db, "notes", [row])
    work.audit("note.written", message_id, note_id=str(row["id"]))
    return row
