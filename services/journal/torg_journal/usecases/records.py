"""Record decisions under the archivist's eyes, and archive records by hand (B-19, G-31)."""

from typing import Any
from uuid import UUID

from torg_shared.auth import Principal
from torg_shared.errors import Conflict, NotFound
from torg_shared.events.journal import RecordReviewed
from torg_shared.versions import Expected
from torg_shared.work import Work

from torg_journal.domain.house import House
from torg_journal.store import entries as store
from torg_journal.store import reading

from . import messages


async def one(work: Work, principal: Principal, decision_id: UUID) -> Any:
    """The record decision. Raises `NotFound`."""
    found = await reading.record_decision(work.db, principal, decision_id)
    if found is None:
        raise NotFound("RECORD_DECISION_UNKNOWN", decision_id)
    return found


async def review(
    work: Work,
    house: House,
    principal: Principal,
    decision_id: UUID,
    expected: Expected,
    *,
    verdict: str,
    reason: str | None,
) -> Any:
    """Agree, or raise: a raise journals with the original received time. Raises `NotFound`, `Conflict`."""
    found = await messages.known(work, principal, (await one(work, principal, decision_id)).message_id)
    decision = await one(work, principal, decision_id)  # read again: its conversation is locked now
    expected.check(decision_id, decision.version, changed_by=decision.reviewed_by, changed_at=decision.reviewed_at)
    if decision.state == "reviewed":
        raise Conflict("RECORD_DECISION_REVIEWED", decision_id)
    if verdict == "raise" and decision.record_class == "journal":
        raise Conflict("RECORD_CLASS_HIGHEST", decision_id)
    await store.review(
        work.db,
        decision_id,
        {
            "state": "reviewed",
            "verdict": verdict,
            "reviewed_by": work.actor.id,
            "reviewed_at": work.now,
            "review_reason": reason,
        },
    )
    if verdict == "raise":
        await messages.want_case(work, house, found)
    work.publish(
        RecordReviewed(
            record_decision_id=decision_id,
            message_id=decision.message_id,
            conversation_id=decision.conversation_id,
            record_class="journal" if verdict == "raise" else decision.record_class,
            outcome="raise" if verdict == "raise" else "agree",
        )
    )
    work.audit("record.reviewed", decision_id, verdict=verdict)
    return await one(work, principal, decision_id)


async def archive(work: Work, house: House, principal: Principal, message_id: UUID) -> UUID:
    """An Arkivnotat for a message, by hand. Raises `NotFound`, `Conflict` when it has one or stands in a saksmappe."""
    found = await messages.known(work, principal, message_id)
    if found.row.saksmappe_id is not None:
        raise Conflict("MESSAGE_JOURNALED", message_id)
    if message_id in found.conversation.noted:
        raise Conflict("ARKIVNOTAT_EXISTS", message_id)
    settled = await messages.want_notat(work, house, found)
    [notat] = settled.effects[found.conversation.id].notater
    work.audit("arkivnotat.recorded", notat.id)
    return notat.id
