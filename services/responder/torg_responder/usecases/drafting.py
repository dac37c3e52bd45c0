"""Drafts: written, changed, checked, handed in for approval."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from torg_shared.auth import Principal
from torg_shared.errors import Conflict, Forbidden, Invalid
from torg_shared.events import responder as contracts
from torg_shared.versions import Expected
from torg_shared.work import Work

from torg_responder.domain import checks
from torg_responder.domain.reply import (
    ADMINISTRATORS,
    EDITABLE,
    ON_THE_WAY,
    OUT,
    SYSTEM_AUTHOR,
    Reply,
    State,
    Target,
    binding_of,
    municipal_texts,
    signer_for,
)
from torg_responder.domain.settle import Message
from torg_responder.store import facts as facts_store
from torg_responder.store import registry
from torg_responder.store import replies as store

from . import events
from .access import message_for, must_work_on, reply_to_change
from .offering import Shelf, may_be_private, new_draft, shelf
from .rules import Rules

_CASE_NUMBER = re.compile(r"\b\d{4}/\d{1,6}\b")
_LOOKED_AT_RECENTLY = timedelta(minutes=10)


async def write(
    work: Work,
    principal: Principal,
    rules: Rules,
    message_id: UUID,
    kind: str,
    visibility: str,
    text: str | None,
    template_code: str | None,
) -> Reply:
    """A new draft, from a template when no text is given. Starting it takes the claim on the message (B-37).

    Raises `NotFound`, `Conflict` (claimed by somebody else, message deleted), `Invalid` (nothing to start from,
    private answer without a reason of INV-13).
    """
    message = await message_for(work, principal, message_id)
    await facts_store.lock_conversations(work.db, [message.conversation_id])
    await claim_for(work, principal, message, timedelta(minutes=rules.claim_minutes))
    if message.deleted:
        raise Conflict("MESSAGE_DELETED", message_id)
    if visibility == "private" and not may_be_private(message):
        raise Invalid("PRIVATE_NOT_ALLOWED", message_id)
    template = None
    if text is None:
        used = await store.thanks_of(work.db, message.conversation_id) if kind == "thanks" else ()
        offered = (await shelf(work, rules)).offer(message, kind, used, template_code)
        if offered is None:
            raise Invalid("TEMPLATE_UNKNOWN", template_code or kind)
        template, text = offered
    await _note(work, principal, rules)
    reply = new_draft(work, message, kind, visibility, text, principal.subject, principal.role.value, template)
    await store.put(work.db, reply)
    work.publish(contracts.ReplyDrafted(**events.facts(reply), author_role=reply.author_role))
    work.audit("reply.drafted", reply.id, kind=kind)
    return reply


async def correct(
    work: Work, principal: Principal, rules: Rules, reply_id: UUID, expected: Expected, text: str
) -> Reply:
    """A new, visible, linked correction of what stands on the platform (G-54, B-07). Raises `Conflict` otherwise."""
    wrong = await reply_to_change(work, principal, reply_id, expected)
    if wrong.state not in OUT | {State.WITHDRAWN}:
        raise Conflict("REPLY_STATE", wrong.id, state=wrong.state.value)
    message = await message_for(work, principal, wrong.message_id)
    await _note(work, principal, rules)
    made = new_draft(
        work, message, "correction", wrong.visibility, text, principal.subject, principal.role.value, template=None
    )
    made = replace(made, corrects=wrong.id)
    await store.put(work.db, made)
    work.publish(contracts.ReplyDrafted(**events.facts(made), author_role=made.author_role))
    work.audit("reply.correction_drafted", made.id, corrects=str(wrong.id))
    return made


async def edit(
    work: Work,
    principal: Principal,
    rules: Rules,
    reply_id: UUID,
    expected: Expected,
    text: str | None,
    kind: str | None,
    visibility: str | None,
) -> Reply:
    """Change a draft's text, kind or visibility; what was approved before is a draft again (no event for autosaves).

    Raises `Forbidden` unless it is the caller's or the caller holds the claim, `Conflict` with `REPLY_PUBLISHED` for
    what stands on the platform (G-54).
    """
    reply = await reply_to_change(work, principal, reply_id, expected)
    await must_work_on(work, principal, reply)
    if reply.state not in EDITABLE:
        raise Conflict("REPLY_PUBLISHED" if reply.state in OUT else "REPLY_STATE", reply.id, state=reply.state.value)
    if visibility == "private" and not may_be_private(await message_for(work, principal, reply.message_id)):
        raise Invalid("PRIVATE_NOT_ALLOWED", reply.message_id)
    await _note(work, principal, rules)
    changed = reply.to(
        State.DRAFT,
        work.now,
        text=reply.text if text is None else text,
        kind=kind or reply.kind,
        visibility=visibility or reply.visibility,
        checks=(),
        signer=None,
        binding=None,
        approver=None,
        approved_at=None,
        submitted_at=None,
        standing=False,
        **{"last_editor": principal.subject, **_adopted(reply, principal)},
    )
    await store.put(work.db, changed)
    return changed


async def discard(work: Work, principal: Principal, reply_id: UUID, expected: Expected) -> Reply:
    reply = await reply_to_change(work, principal, reply_id, expected)
    await must_work_on(work, principal, reply)
    gone = reply.to(State.DISCARDED, work.now, cause="discarded")
    await store.put(work.db, gone)
    work.publish(contracts.ReplyDiscarded(**events.facts(gone), cause="discarded"))
    work.audit("reply.discarded", reply.id)
    return gone


async def check(work: Work, principal: Principal, rules: Rules, reply_id: UUID, expected: Expected) -> Reply:
    """Run the checks; a draft without a blocking finding becomes checked."""
    reply = await reply_to_change(work, principal, reply_id, expected)
    if reply.state not in (State.DRAFT, State.CHECKED):
        raise Conflict("REPLY_PUBLISHED" if reply.state in OUT else "REPLY_STATE", reply.id, state=reply.state.value)
    message = await message_for(work, principal, reply.message_id)
    found = await findings(work, principal, await shelf(work, rules), reply, message)
    blocked = any(one.severity == "blocking" for one in found)
    state = State.DRAFT if blocked else State.CHECKED
    checked = reply.to(state, work.now, checks=tuple(one.as_json() for one in found))
    await store.put(work.db, checked)
    if not blocked:
        work.publish(contracts.ReplyChecked(**events.facts(checked), checks=tuple(events.checks(checked))))
    return checked


async def submit(work: Work, principal: Principal, rules: Rules, reply_id: UUID, expected: Expected) -> Reply:
    """Ask for approval; a text that equals an approved template needs no second look (D-11).

    Only the author hands in, because the author signs; a draft that the rules offered becomes the caller's.
    Raises `Invalid` with `TITLE_REQUIRED` (G-43), `REFERRAL_REQUIRED` (INV-11), `TEXT_EMPTY` or `CHECKS_BLOCKING`,
    `Conflict` with `ALREADY_ANSWERED` (B-37) or `NO_PRIVATE_ROUTE`, `Forbidden` for somebody else's draft.
    """
    reply = await reply_to_change(work, principal, reply_id, expected)
    if reply.state not in (State.DRAFT, State.CHECKED):
        raise Conflict("REPLY_PUBLISHED" if reply.state in OUT else "REPLY_STATE", reply.id, state=reply.state.value)
    reply = replace(reply, **_adopted(reply, principal))
    if reply.author != principal.subject:
        raise Forbidden("AUTHOR_SUBMITS", reply.id)
    message = await message_for(work, principal, reply.message_id)
    _may_be_sent(reply, message)
    others = [
        one for one in await store.of_conversations(work.db, [reply.conversation_id]) if one.id != reply.id
    ]  # locked with the conversation
    not_answered(reply, others)
    signer = signer_for(reply.author_role, principal.name, principal.title, rules.unit_name(principal.unit))
    await _note(work, principal, rules)
    here = await shelf(work, rules)
    found = await findings(work, principal, here, reply, message)
    if codes := sorted({one.code for one in found if one.severity == "blocking"}):
        raise Invalid("CHECKS_BLOCKING", reply.id, checks=codes)
    standing = here.standing_approver(reply, message)
    if standing in {reply.author, reply.last_editor}:
        standing = None  # nobody approves their own, not even beforehand (B-23)
    asked = reply.to(
        State.APPROVED if standing else State.NEEDS_APPROVAL,
        work.now,
        message_version=message.version,
        municipal_seen=municipal_texts(others),
        checks=tuple(one.as_json() for one in found),
        signer=signer,
        approver=standing,
        standing=standing is not None,
        submitted_at=work.now,
        approved_at=work.now if standing else None,
        cause=None,
        comment=None,
    )
    asked = replace(asked, binding=binding_now(asked, message))
    await store.put(work.db, asked)
    await registry.look_again(work.db, _stale_links(here, reply.text, work))
    work.publish(
        contracts.ReplyApprovalRequested(
            **events.facts(asked), checks=tuple(events.checks(asked)), signer=events.signer(asked)
        )
    )
    if standing:
        work.publish(events.approved(asked))
    work.audit("reply.submitted", reply.id, standing=standing is not None)
    return asked


def not_answered(reply: Reply, others: Sequence[Reply]) -> None:
    """One answer per enquiry (B-37). Raises `Conflict` with `ALREADY_ANSWERED`."""
    if not reply.answers:
        return
    for other in others:
        taken = other.state in OUT | ON_THE_WAY | {State.RELEASED} and (other.answers or other.origin == "external")
        if other.message_id == reply.message_id and other.id != reply.id and taken:
            raise Conflict("ALREADY_ANSWERED", reply.message_id, reply=str(other.id))


def binding_now(reply: Reply, message: Message) -> str:
    """The seal over what goes out, where, and in whose name (B-22)."""
    assert reply.signer is not None
    assert message.external_id is not None
    target = Target(reply.channel_id, message.external_id, reply.message_version)
    return binding_of(reply.outgoing, target, reply.signer)


async def findings(
    work: Work, principal: Principal, here: Shelf, reply: Reply, message: Message
) -> list[checks.Finding]:
    """What the checks say of `reply`, seen with the eyes of `principal`, who is its author or takes it over."""
    mine = reply.author in {principal.subject, SYSTEM_AUTHOR}
    role = principal.role.value if reply.author == SYSTEM_AUTHOR else reply.author_role
    unit = here.rules.unit_name(principal.unit)
    complete = principal.name and principal.title and unit
    signature = f"– {principal.name}, {principal.title}, {unit}" if complete or not mine else ""
    return checks.run(
        checks.Draft(
            text=reply.text,
            kind=reply.kind,
            visibility=reply.visibility,
            author_role=role,
            author_name=principal.name if mine else None,
            message_text=message.text or "",
            message_lang=message.lang or "nb",
            handling=message.handling,
            flags=message.flags,
            dead_links=[one.url for one in here.links if one.status is not None and one.status >= 400],
            unchecked_links=[one.url for one in here.links if one.checked_at is not None and one.status is None],
            shielded_cases=await facts_store.shielded_cases(work.db, set(_CASE_NUMBER.findall(reply.text))),
            earlier_thanks=list(await store.thanks_of(work.db, reply.conversation_id, but=reply.id)),
            language_policy=here.rules.language_policy,
            signature="" if role in ADMINISTRATORS else signature,
        )
    )


async def claim_for(work: Work, principal: Principal, message: Message, lasts: timedelta) -> None:
    """Take or renew the claim. Raises `Conflict` with `CLAIMED` while somebody else holds it."""
    claim = await registry.claim(work.db, message.id, lock=True)
    if claim is not None and claim.holder != principal.subject and claim.until > work.now:
        raise Conflict("CLAIMED", message.id, holder=claim.holder, until=claim.until)
    version = claim.version + 1 if claim else 1
    until = work.now + lasts
    await registry.put_claim(work.db, message.id, message.conversation_id, version, principal.subject, until)
    work.publish(
        contracts.ClaimTaken(
            message_id=message.id, conversation_id=message.conversation_id, holder=principal.subject, until=until
        )
    )


def _adopted(reply: Reply, principal: Principal) -> dict[str, Any]:
    """Whoever takes up a draft that the rules offered becomes its author."""
    if reply.author != SYSTEM_AUTHOR:
        return {}
    return {"author": principal.subject, "author_role": principal.role.value, "last_editor": principal.subject}


def _may_be_sent(reply: Reply, message: Message) -> None:
    if not reply.text.strip():
        raise Invalid("TEXT_EMPTY", reply.id)
    if message.deleted:
        raise Conflict("MESSAGE_DELETED", message.id)
    if message.handling == "refer_politics" and reply.kind not in {"referral", "correction"}:
        raise Invalid("REFERRAL_REQUIRED", reply.id)
    if reply.visibility != "public":
        raise Conflict("NO_PRIVATE_ROUTE", reply.id)


def _stale_links(here: Shelf, text: str, work: Work) -> list[str]:
    """Forms and pages in `text` that were not looked at just now: they are, before somebody approves (G-22)."""
    return [
        one.url
        for one in here.links
        if one.url in text and (one.checked_at is None or work.now - one.checked_at > _LOOKED_AT_RECENTLY)
    ]


async def _note(work: Work, principal: Principal, rules: Rules) -> None:
    await registry.note_staff(
        work.db, principal.subject, principal.name, principal.title, rules.unit_name(principal.unit)
    )
