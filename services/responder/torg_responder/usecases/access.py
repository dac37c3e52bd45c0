"""Who may see and change what: rights come from own data (architecture, section 4; requirements, section 6)."""

from uuid import UUID

from torg_shared.auth import Principal, Role
from torg_shared.errors import Forbidden, NotFound
from torg_shared.versions import Expected
from torg_shared.work import Work

from torg_responder.domain.reply import Reply, may_work_on
from torg_responder.domain.settle import Message
from torg_responder.store import facts as facts_store
from torg_responder.store import registry
from torg_responder.store import replies as store

ASSIGNED = frozenset({Role.FAG, Role.POL})  # they see what they were asked about
BY_CHANNEL = frozenset({Role.SA, Role.RED})  # their role is bound to channels


async def message_for(work: Work, principal: Principal, message_id: UUID) -> Message:
    """The message that `principal` may see here. Raises `NotFound`, for none and for not yours alike.

    Experts see what their unit was asked about; the political secretariat what is referred to it.
    """
    known = await facts_store.message(work.db, message_id)
    if known is None or known.message.version == 0 or not _may_see(principal, known):
        raise NotFound("MESSAGE_UNKNOWN", message_id)
    return known.message


async def reply_for(work: Work, principal: Principal, reply_id: UUID) -> Reply:
    """The reply, if `principal` may see its message. Raises `NotFound`."""
    reply = await store.one(work.db, reply_id)
    if reply is None:
        raise NotFound("REPLY_UNKNOWN", reply_id)
    known = await facts_store.message(work.db, reply.message_id)
    own = principal.role in ASSIGNED and reply.author == principal.subject
    if not own and (known is None or not _may_see(principal, known)):
        raise NotFound("REPLY_UNKNOWN", reply_id)
    return reply


async def external_reply_for(work: Work, principal: Principal, reply_id: UUID) -> Reply:
    """An answer typed in the platform's own app. Raises `NotFound`, also for one that was written here."""
    reply = await reply_for(work, principal, reply_id)
    if reply.origin != "external":
        raise NotFound("REPLY_UNKNOWN", reply_id)
    return reply


def scope_of(principal: Principal) -> store.Scope:
    """What `principal` may find in a list: the same as one by one."""
    if principal.role in ASSIGNED:
        return store.Scope(principal.subject, principal.unit, politics=principal.role is Role.POL)
    if principal.role in BY_CHANNEL and "*" not in principal.channels:
        return store.Scope(channels=principal.channels)
    return store.Scope()


async def reply_to_change(work: Work, principal: Principal, reply_id: UUID, expected: Expected) -> Reply:
    """The reply locked, after its conversation (architecture, section 5), in the version that the caller has seen.

    Raises `NotFound`, `PreconditionRequired`, `VersionConflict`.
    """
    seen = await reply_for(work, principal, reply_id)
    reply = await locked(work, seen)
    expected.check(reply.id, reply.version, changed_by=reply.last_editor, changed_at=reply.updated_at)
    return reply


async def locked(work: Work, seen: Reply) -> Reply:
    """`seen` as it stands now; nobody else changes anything in its conversation until this transaction ends."""
    await facts_store.lock_conversations(work.db, [seen.conversation_id])
    reply = await store.one(work.db, seen.id, lock=True)
    assert reply is not None  # replies are never deleted
    return reply


async def must_work_on(work: Work, principal: Principal, reply: Reply) -> None:
    """Raises `Forbidden` unless the draft is the caller's, or the caller has taken the message over (section 11)."""
    claim = await registry.claim(work.db, reply.message_id)
    holder = claim.holder if claim is not None and claim.until > work.now else None
    if not may_work_on(reply, principal.subject, holder):
        raise Forbidden("NOT_YOUR_DRAFT", reply.id)


def _may_see(principal: Principal, known: facts_store.Known) -> bool:
    message = known.message
    if principal.role in BY_CHANNEL:
        return known.channel_key is None or principal.has_channel(known.channel_key)
    if principal.role not in ASSIGNED:
        return True
    if principal.unit in known.units or principal.unit == message.unit:
        return True
    return principal.role is Role.POL and "refer_politics" in {message.handling, *message.secondary}
