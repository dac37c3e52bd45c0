"""Alerts: told by every route, again and again, until a person answers (2.6 h, T-EMERG, T-CHILD)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol
from uuid import UUID

from torg_shared.auth import Principal
from torg_shared.errors import Conflict, NotFound
from torg_shared.events.classifier import UrgentAcknowledged
from torg_shared.events.envelope import Actor
from torg_shared.work import Work, Works

from torg_classifier import store

from .triage import may_see

_BATCH = 50
_CHILD = {"child", "child_danger"}


class Route(Protocol):
    """A way to reach the people on duty: webhook, e-mail. Tells ids, category and an address, never a text."""

    name: str

    async def tell(self, alert: store.Alert, *, escalated: bool) -> None:
        """Deliver it, or raise: the attempt is then recorded as failed and comes again."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How soon an alert repeats, and when the leader is told as well."""

    repeat: timedelta
    escalate: timedelta


async def acknowledge(work: Work, principal: Principal, message_id: UUID, action: str, handed_over: bool) -> bool:
    """A person has taken it. Answers whether T-CHILD, which asks for the hand-over as well, is met too."""
    message = await store.lock_message(work.db, message_id)
    classified = (await store.newest_classifications(work.db, [message_id])).get(message_id)
    found = await store.alerts_of(work.db, message_id, lock=True)
    if message is not None and classified is not None and not await may_see(work, principal, message, classified, None):
        found = []
    if not found:
        raise NotFound("ALERT_UNKNOWN", message_id)
    wanted = [one for one in found if one.acknowledged_at is None or (handed_over and not one.handed_over)]
    if not wanted:
        raise Conflict("ALREADY_ACKNOWLEDGED", message_id, by=found[-1].acknowledged_by, at=found[-1].acknowledged_at)
    await store.acknowledge(work.db, [one.id for one in wanted], principal.subject, action, handed_over, work.now)
    if message is not None:
        await store.touch(work.db, [message_id], principal.subject, work.now)
    newest = wanted[-1]
    work.publish(
        UrgentAcknowledged(
            message_id=message_id,
            conversation_id=newest.conversation_id,
            message_version=newest.message_version,
            acknowledged_by=principal.subject,
            action=action,
            handed_over=handed_over,
        )
    )
    work.audit("urgent.acknowledged", message_id, category=newest.category, handed_over=handed_over)
    return all(one.category not in _CHILD or handed_over or one.handed_over for one in found)


async def repeat(works: Works, routes: Sequence[Route], pace: Pace) -> bool:
    """Tell every due alert by every route; True when more may be due. The event of the first time left with its row."""
    actor = Actor(kind="system", id="classifier-alerts")
    async with works.begin(actor) as work:
        due = await store.due_alerts(work.db, work.now, _BATCH)
        if not due:
            return False
        late = {one.id for one in due if work.now - one.raised_at >= pace.escalate}
        outcomes = [
            {
                "alert_id": one.id,
                "attempt": one.attempts + 1,
                "route": "event",
                "outcome": "told" if one.attempts == 0 else "open",
                "escalated": one.id in late,
                "at": work.now,
            }
            for one in due
        ]
        for one in due:
            if one.id in late and one.escalated_at is None:
                work.audit("urgent.escalated", one.message_id, category=one.category)
        await store.note_attempts(work.db, due, outcomes, work.now, pace.repeat, late)
    for one in due:
        for route in routes:
            await _tell(works, route, one, escalated=one.id in late)
    return len(due) == _BATCH


async def _tell(works: Works, route: Route, alert: store.Alert, *, escalated: bool) -> None:
    try:
        await route.tell(alert, escalated=escalated)
        outcome = "told"
    except Exception as error:  # noqa: BLE001 - one dead route must not keep the others from being tried
        outcome = f"failed: {type(error).__name__}"
    async with works.begin(Actor(kind="system", id="classifier-alerts")) as work:
        await store.note_route(work.db, alert.id, alert.attempts + 1, route.name, outcome, escalated, work.now)
