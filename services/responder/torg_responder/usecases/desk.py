"""Claims and the pause: what stands beside the replies."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from torg_shared.auth import Principal
from torg_shared.errors import Conflict, NotFound
from torg_shared.events import responder as contracts
from torg_shared.versions import Expected
from torg_shared.work import Work

from torg_responder.domain.reply import Reply
from torg_responder.domain.settle import Message
from torg_responder.store import facts as facts_store
from torg_responder.store import registry
from torg_responder.store import replies as replies_store

from .access import BY_CHANNEL, message_for
from .offering import shelf
from .rules import Rules


async def claim_of(work: Work, principal: Principal, message_id: UUID) -> Any:
    """The claim on a message. Raises `NotFound` when nobody holds one."""
    await message_for(work, principal, message_id)
    claim = await registry.claim(work.db, message_id)
    if claim is None or claim.until <= work.now:
        raise NotFound("CLAIM_UNKNOWN", message_id)
    return claim


async def take_claim(work: Work, principal: Principal, rules: Rules, message_id: UUID, takeover: bool) -> Any:
    """Work on a message for ten minutes (B-37). Taking over somebody's claim is possible and visible.

    Raises `Conflict` with `CLAIMED` unless `takeover`.
    """
    message = await message_for(work, principal, message_id)
    claim = await registry.claim(work.db, message_id, lock=True)
    held = claim is not None and claim.holder != principal.subject and claim.until > work.now
    if held and not takeover:
        raise Conflict("CLAIMED", message_id, holder=claim.holder, until=claim.until)
    until = work.now + timedelta(minutes=rules.claim_minutes)
    version = claim.version + 1 if claim is not None else 1
    await registry.put_claim(work.db, message_id, message.conversation_id, version, principal.subject, until)
    if held:
        work.audit("claim.taken_over", message_id, from_holder=claim.holder)
    work.publish(
        contracts.ClaimTaken(
            message_id=message_id, conversation_id=message.conversation_id, holder=principal.subject, until=until
        )
    )
    return await registry.claim(work.db, message_id)


async def release_claim(work: Work, principal: Principal, message_id: UUID) -> None:
    """Let go of one's own claim; letting go twice changes nothing."""
    message = await message_for(work, principal, message_id)
    claim = await registry.claim(work.db, message_id, lock=True)
    if claim is None or claim.holder != principal.subject:
        return
    await registry.drop_claim(work.db, message_id)
    work.publish(contracts.ClaimReleased(message_id=message_id, conversation_id=message.conversation_id))


async def pause(work: Work, principal: Principal, expected: Expected, paused: bool, reason: str) -> Any:
    """Stop, or let go again, every outward effect before its intent."""
    row = await registry.pause(work.db, lock=True)
    expected.check("outbound-pause", row.version, changed_by=row.changed_by, changed_at=row.changed_at)
    if row.paused == paused:
        raise Conflict("PAUSE_UNCHANGED", paused=paused)
    await registry.set_pause(work.db, row.version + 1, paused, reason, principal.subject, work.now)
    work.audit("outbound.paused" if paused else "outbound.resumed", "outbound-pause", reason=reason)
    return await registry.pause(work.db)


@dataclass(frozen=True, slots=True)
class Referral:
    """A political enquiry with where matters stand, and what was answered so far."""

    message: Message
    replies: Sequence[Reply]
    link: str | None


async def referrals(
    work: Work, principal: Principal, rules: Rules, after: UUID | None, limit: int
) -> Sequence[Referral]:
    """The secretariat's queue (G-46): messages referred to the political level, by id."""
    channels = principal.channels if principal.role in BY_CHANNEL and "*" not in principal.channels else None
    found = await facts_store.referred(work.db, channels, after, limit)
    replies = await replies_store.of_messages(work.db, [message.id for message in found])
    here = await shelf(work, rules)
    return [
        Referral(
            message,
            [reply for reply in replies if reply.message_id == message.id],
            here.values(message, rules.language_for(message.lang))["politisk_lenke"],
        )
        for message in found
    ]
