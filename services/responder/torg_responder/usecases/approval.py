"""Approve, return, hold, release, take back: what people decide about a text before it goes out."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from torg_shared.auth import Principal, Role
from torg_shared.errors import Conflict, Forbidden, Invalid, VersionConflict
from torg_shared.events import responder as contracts
from torg_shared.versions import Expected
from torg_shared.work import Work

from torg_responder.domain.reply import (
    ON_THE_WAY,
    OPEN_APPROVAL,
    OUT,
    Reply,
    State,
    asked_too_long_ago,
    undo_window_open,
)
from torg_responder.store import facts as facts_store
from torg_responder.store import registry
from torg_responder.store import replies as store

from . import events, settling
from .access import message_for, reply_to_change
from .drafting import not_answered
from .rules import Rules


async def approve(
    work: Work, principal: Principal, rules: Rules, reply_id: UUID, expected: Expected, binding: str
) -> Reply:
    """Approve exactly what was shown: `binding` is the hash over text, target and signer on the approver's screen.

    Raises `Forbidden` with `SELF_APPROVAL` for the author and the last editor, whatever hat they wear (B-23);
    `VersionConflict` with `BINDING_MISMATCH` when something else was shown; `Conflict` with `TARGET_CHANGED`,
    `ALREADY_ANSWERED` or `LINK_BROKEN`.
    """
    reply = await reply_to_change(work, principal, reply_id, expected)
    _not_their_own(principal, reply)
    if reply.state is not State.NEEDS_APPROVAL:
        raise _wrong_state(reply)
    if binding != reply.binding:
        raise VersionConflict("BINDING_MISMATCH", reply.id, binding_sha256=reply.binding)
    message = await message_for(work, principal, reply.message_id)
    if message.deleted or message.version != reply.message_version:
        raise Conflict("TARGET_CHANGED", reply.id)
    if asked_too_long_ago(reply, work.now):
        raise Conflict("APPROVAL_EXPIRED", reply.id)
    dead = [one.url for one in await registry.all_links(work.db) if one.status is not None and one.status >= 400]
    if any(url in reply.text for url in dead):
        raise Conflict("LINK_BROKEN", reply.id)
    all_of_them = await store.of_conversations(work.db, [reply.conversation_id])
    not_answered(reply, all_of_them)
    approved = reply.to(State.APPROVED, work.now, approver=principal.subject, approved_at=work.now)
    others = [
        other.to(State.RETIRED, work.now, cause="another_approved", send_after=None, retry_at=None)
        for other in all_of_them
        if other.id != reply.id
        and other.message_id == reply.message_id
        and other.answers
        and reply.answers
        and other.state in OPEN_APPROVAL
    ]
    await store.put(work.db, approved, *others)
    work.publish(
        events.approved(approved),
        *(contracts.ReplyApprovalRetired(**events.facts(one), cause="another_approved") for one in others),
    )
    work.audit("reply.approved", reply.id, binding=approved.binding)
    return approved


async def send_back(work: Work, principal: Principal, reply_id: UUID, expected: Expected, comment: str) -> Reply:
    """Return a reply to its author with a comment. Raises `Forbidden` for the author: that would be no second look."""
    reply = await reply_to_change(work, principal, reply_id, expected)
    _not_their_own(principal, reply)
    returned = reply.to(State.RETURNED, work.now, comment=comment, cause="returned")
    await store.put(work.db, returned)
    work.publish(contracts.ReplyReturned(**events.facts(returned), cause="returned"))
    work.audit("reply.returned", reply.id)
    return returned


async def hold(work: Work, principal: Principal, reply_id: UUID, expected: Expected, reason: str) -> Reply:
    """Keep a reply in the house, or take an approval back before the intent (F22).

    Stopping is nobody's privilege: the author may, too. Raises `Conflict` with `BEING_SENT` after the intent.
    """
    reply = await reply_to_change(work, principal, reply_id, expected)
    if reply.state in ON_THE_WAY:
        raise Conflict("BEING_SENT", reply.id, state=reply.state.value)
    held = reply.to(State.HELD, work.now, cause="held", comment=reason, send_after=None, retry_at=None)
    await store.put(work.db, held)
    work.publish(contracts.ReplyHeld(**events.facts(held), cause="held"))
    work.audit("reply.held", reply.id)
    return held


async def release(work: Work, principal: Principal, rules: Rules, reply_id: UUID, expected: Expected) -> Reply:
    """Let an approved reply go: after the undo window the sender takes it (T-UNDO; at once with `urgent`).

    Raises `Conflict`: `CHANNEL_NOT_ACTIVE` (INV-15), `OUTBOUND_PAUSED`, `APPROVAL_EXPIRED`, `ALREADY_ANSWERED`;
    `Forbidden` with `SELF_APPROVAL` for the approver of a standing approval, who never publishes it (D-11).
    """
    reply = await reply_to_change(work, principal, reply_id, expected)
    if reply.state is not State.APPROVED:
        raise _wrong_state(reply)
    if reply.standing and reply.approver == principal.subject:
        raise Forbidden("SELF_APPROVAL", reply.id)
    if asked_too_long_ago(reply, work.now):
        raise Conflict("APPROVAL_EXPIRED", reply.id)
    channel = await facts_store.channel(work.db, reply.channel_id)
    if channel is None or channel.state != "active":
        raise Conflict("CHANNEL_NOT_ACTIVE", reply.channel_id, state=channel.state if channel else "unknown")
    if not principal.has_channel(channel.key):
        raise Forbidden("NOT_YOUR_CHANNEL", reply.channel_id)
    if (await registry.pause(work.db)).paused:
        raise Conflict("OUTBOUND_PAUSED")
    if reply.visibility != "public":
        raise Conflict("NO_PRIVATE_ROUTE", reply.id)
    message = await message_for(work, principal, reply.message_id)
    not_answered(reply, await store.of_message(work.db, reply.message_id))
    wait = 0 if "urgent" in message.flags else rules.undo_s
    released = reply.to(
        State.RELEASED, work.now, released_by=principal.subject, send_after=work.now + timedelta(seconds=wait)
    )
    await store.put(work.db, released)
    assert released.send_after is not None
    work.publish(
        contracts.ReplyReleased(**events.facts(released), released_by=principal.subject, send_after=released.send_after)
    )
    work.audit("reply.released", reply.id)
    return released


async def undo(work: Work, principal: Principal, reply_id: UUID, expected: Expected) -> Reply:
    """«Angre»: back to draft, the approval is gone. Raises `Conflict` with `UNDO_WINDOW_OVER` (B-26)."""
    reply = await reply_to_change(work, principal, reply_id, expected)
    if not undo_window_open(reply, work.now):
        raise Conflict("UNDO_WINDOW_OVER", reply.id)
    undone = reply.to(
        State.DRAFT, work.now, send_after=None, released_by=None, approver=None, approved_at=None, standing=False,
        binding=None, signer=None, cause="undone",
    )  # fmt: skip
    await store.put(work.db, undone)
    work.publish(contracts.ReplyUndone(**events.facts(undone)))
    work.audit("reply.undone", reply.id)
    return undone


async def resolve(
    work: Work,
    principal: Principal,
    rules: Rules,
    reply_id: UUID,
    expected: Expected,
    outcome: str,
    external_id: str | None,
    permalink: str | None,
    reason: str,
) -> Reply:
    """A person says what became of an unknown outcome: posted, send again (a new decision), or drop.

    Raises `Invalid` with `LINK_REQUIRED` for "posted" without the remote id, `Forbidden` for a leader who sends again.
    """
    reply = await reply_to_change(work, principal, reply_id, expected)
    if reply.state is not State.NEEDS_OPERATOR:
        raise Conflict("REPLY_STATE", reply.id, state=reply.state.value)
    if outcome == "posted":
        if not external_id:
            raise Invalid("LINK_REQUIRED", reply.id)
        done = reply.to(
            State.PUBLISHED,
            work.now,
            external_id=external_id,
            permalink=permalink,
            published_text=reply.outgoing,
            published_at=reply.sent_at or work.now,
            retry_at=None,
            resolved_by=principal.subject,
        )
    elif outcome == "send_again":
        if principal.role not in {Role.SA, Role.RED}:
            raise Forbidden("ROLE_FORBIDDEN", role=principal.role.value)
        not_answered(reply, await store.of_message(work.db, reply.message_id))
        done = reply.to(
            State.RELEASED,
            work.now,
            released_by=principal.subject,
            send_after=work.now + timedelta(seconds=rules.undo_s),
            approved_at=work.now,
            retry_at=None,
            readings=0,
        )
    else:
        done = reply.to(State.DISCARDED, work.now, cause="dropped", retry_at=None)
    await store.put(work.db, done)
    work.publish(contracts.ReplyResolved(**events.facts(done), resolved_by=principal.subject, outcome=outcome))
    if done.state is State.PUBLISHED:
        work.publish(events.published(done))
    work.audit("reply.resolved", reply.id, outcome=outcome, reason=reason)
    await settling.settle(work, rules, [reply.conversation_id])
    return done


async def withdraw(work: Work, principal: Principal, reply_id: UUID, expected: Expected, reason: str) -> Reply:
    """Record that a published reply is taken back; the record stays (G-54). On the platform it is removed by hand."""
    reply = await reply_to_change(work, principal, reply_id, expected)
    gone = reply.to(State.WITHDRAWN, work.now, cause=reason)
    await store.put(work.db, gone)
    work.publish(contracts.ReplyWithdrawn(**events.facts(gone), reason=reason))
    work.audit("reply.withdrawn", reply.id)
    return gone


async def review_external(work: Work, principal: Principal, reply_id: UUID, expected: Expected, kind: str) -> Reply:
    """RED says what an answer typed in the platform's app was (T-EXT, INV-2)."""
    reply = await reply_to_change(work, principal, reply_id, expected)
    if reply.origin != "external":
        raise Conflict("NOT_EXTERNAL", reply.id)
    if reply.reviewed_by is not None:
        raise Conflict("ALREADY_REVIEWED", reply.id, by=reply.reviewed_by)
    reviewed = replace(reply, version=reply.version + 1, updated_at=work.now, kind=kind, reviewed_by=principal.subject)
    await store.put(work.db, reviewed)
    work.audit("reply.external_reviewed", reply.id, kind=kind)
    return reviewed


def _not_their_own(principal: Principal, reply: Reply) -> None:
    """No approver is author or last editor, at any role (B-23, INV-14): the rule follows the person."""
    if principal.subject in {reply.author, reply.last_editor}:
        raise Forbidden("SELF_APPROVAL", reply.id)


def _wrong_state(reply: Reply) -> Conflict:
    return Conflict("REPLY_PUBLISHED" if reply.state in OUT else "REPLY_STATE", reply.id, state=reply.state.value)
