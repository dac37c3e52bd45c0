"""The passing of time, and people who stop a clock and let it go on."""

from dataclasses import replace
from uuid import UUID

from torg_shared.auth import Principal
from torg_shared.errors import NotFound
from torg_shared.events.envelope import Event
from torg_shared.events.journal import DeadlineDueSoon, DeadlineOverdue, DeadlinePaused, DeadlineResumed
from torg_shared.versions import Expected
from torg_shared.work import Work

from torg_journal.domain import deadlines as rules
from torg_journal.domain.deadlines import Deadline, PauseReason, State
from torg_journal.settings import Municipality
from torg_journal.store import deadlines as store
from torg_journal.store import settling
from torg_journal.store.deadlines import StoredDeadline


async def one(work: Work, deadline_id: UUID, principal: Principal) -> StoredDeadline:
    """Raises `NotFound`."""
    found = await store.one(work.db, deadline_id, principal)
    if found is None:
        raise NotFound("DEADLINE_UNKNOWN", deadline_id)
    return found


async def pause(
    work: Work, principal: Principal, deadline_id: UUID, expected: Expected, reason: PauseReason
) -> StoredDeadline:
    """Stop the clock. Raises `NotFound`, `VersionConflict`, `Conflict` for one that does not run."""
    found = await _locked(work, principal, deadline_id, expected)
    moved = _moved(found, rules.pause(found.deadline, work.now, reason.value))
    work.publish(DeadlinePaused(**_facts(moved), reason=reason.value))
    work.audit("deadline.paused", deadline_id, code=found.deadline.code, reason=reason.value)
    await store.save(work.db, [moved])
    await store.show_next_due(work.db, moved.message_id)
    return moved


async def resume(
    work: Work, principal: Principal, municipality: Municipality, deadline_id: UUID, expected: Expected
) -> StoredDeadline:
    """Let it go on. Raises `NotFound`, `VersionConflict`, `Conflict` for one that is not paused."""
    found = await _locked(work, principal, deadline_id, expected)
    unit = municipality.rules[found.deadline.code, found.deadline.variant].unit
    calendar = municipality.calendars.of(await store.channel_key_of(work.db, found.message_id))
    moved = _moved(found, rules.resume(found.deadline, calendar, work.now, unit))
    work.publish(DeadlineResumed(**_facts(moved)))
    work.audit("deadline.resumed", deadline_id, code=found.deadline.code)
    await store.save(work.db, [moved])
    await store.show_next_due(work.db, moved.message_id)
    return moved


async def tick(work: Work, limit: int) -> int:
    """Warn of what is due soon and tell what is overdue; gives the number looked at. Two statements, however many."""
    found = await store.to_look_at(work.db, work.now, limit)
    events: list[Event] = []
    changed: list[StoredDeadline] = []
    for stored in found:
        deadline, percent = rules.tick(stored.deadline, work.now)
        moved = _moved(stored, deadline)
        changed.append(moved)
        if percent is not None:
            events.append(DeadlineDueSoon(**_facts(moved), used_percent=percent))
        elif deadline.state is State.OVERDUE:
            events.append(DeadlineOverdue(**_facts(moved)))
    await store.save(work.db, changed)
    work.publish(*events)
    return len(found)


async def _locked(work: Work, principal: Principal, deadline_id: UUID, expected: Expected) -> StoredDeadline:
    seen = await one(work, deadline_id, principal)
    await settling.lock(work.db, [seen.conversation_id])  # settling holds it while it writes deadlines and messages
    found = await store.one(work.db, deadline_id, principal, lock=True) or seen
    expected.check(deadline_id, found.version)
    return found


def _moved(stored: StoredDeadline, deadline: Deadline) -> StoredDeadline:
    return replace(stored, deadline=deadline, version=stored.version + 1)


def _facts(stored: StoredDeadline) -> dict[str, object]:
    one = stored.deadline
    return {
        "deadline_id": stored.id,
        "conversation_id": stored.conversation_id,
        "message_id": stored.message_id,
        "saksmappe_id": stored.saksmappe_id,
        "version": stored.version,
        "code": one.code,
        "due_at": one.due_at,
        "statutory": one.statutory,
        "basis_code": one.basis,
    }
