"""Drafts: offered, written, checked, handed in for approval."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from torg_shared.auth import Principal, Role
from torg_shared.errors import Conflict, Forbidden, Invalid, NotFound, VersionConflict
from torg_shared.events import responder as contracts
from torg_shared.ids import uuid7
from torg_shared.versions import Expected
from torg_shared.work import Work

from torg_responder.domain import checks, templates
from torg_responder.domain.reply import (
    EDITABLE,
    ON_THE_WAY,
    OUT,
    Reply,
    State,
    Target,
    binding_of,
    signer_for,
)
from torg_responder.domain.settle import Message
from torg_responder.store import facts as facts_store
from torg_responder.store import registry
from torg_responder.store import replies as store

from . import events
from .rules import Rules

_PRIVATE_FLAGS = frozenset({"urgent", "national_id", "personal_data", "sensitive"})
_ASSIGNED = frozenset({Role.FAG, Role.POL})


async def message_for(work: Work, principal: Principal, message_id: UUID) -> tuple[Message, str | None]:
    """The message that `principal` may see here, and its case's number. Raises `NotFound`.

    Experts see what their unit was asked about; the political secretariat what is referred to it (section 6).
    """
    found = await facts_store.message(work.db, message_id)
    if found is None or found[0].version == 0:
        raise NotFound("MESSAGE_UNKNOWN", message_id)
    message, consulted, saksnummer = found
    if principal.role in _ASSIGNED and principal.unit not in {*consulted, message.unit}:
        referred = principal.role is Role.POL and "refer_politics" in {message.handling, *message.secondary}
        if not referred:
            raise NotFound("MESSAGE_UNKNOWN", message_id)
    return message, saksnummer


async def reply_for(work: Work, principal: Principal, reply_id: UUID, *, lock: bool = False) -> Reply:
    """The reply, if `principal` may see its message. Raises `NotFound`."""
    reply = await store.one(work.db, reply_id, lock=lock)
    if reply is None:
        raise NotFound("REPLY_UNKNOWN", reply_id)
    if principal.role in _ASSIGNED and reply.author != principal.subject:
        try:
            await message_for(work, principal, reply.message_id)
        except NotFound:
            raise NotFound("REPLY_UNKNOWN", reply_id) from None
    return reply


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
    """A new draft, from a template when no text is given.

    Raises `NotFound`, `Conflict` (claimed by somebody else, message deleted), `Invalid` (nothing to start from,
    private answer without a reason of INV-13).
    """
    message, saksnummer = await message_for(work, principal, message_id)
    await _claimed(work, principal, message, timedelta(minutes=rules.claim_minutes))
    if message.deleted:
        raise Conflict("MESSAGE_DELETED", message_id)
    if visibility == "private" and not _may_be_private(message):
        raise Invalid("PRIVATE_NOT_ALLOWED", message_id)
    template = None
    if text is None:
        known = await registry.all_templates(work.db)
        lang = rules.language_for(message.lang)
        template = _chosen(known, template_code, lang) or templates.offer(
            known, handling=message.handling or "", flags=message.flags, lang=lang, kind=kind
        )
        if template is None:
            raise Invalid("TEMPLATE_UNKNOWN", template_code or kind)
        text = templates.fill(template, await _values(work, rules, message, saksnummer, lang))
    reply = _new(work, message, kind, visibility, text, principal.subject, principal.role.value, template)
    await store.put(work.db, reply)
    work.publish(contracts.ReplyDrafted(**events.facts(reply), author_role=reply.author_role))
    work.audit("reply.drafted", reply.id, kind=kind)
    return reply


async def suggest(work: Work, rules: Rules, message: Message, kind: str, saksnummer: str | None = None) -> Reply | None:
    """A draft that the rules offer before anybody asked (G-20, G-30, G-38, G-46); None without a template."""
    if message.channel_id is None:
        return None
    lang = rules.language_for(message.lang)
    taken = await store.thanks_of(work.db, message.conversation_id) if kind == "thanks" else ()
    template = templates.offer(
        await registry.all_templates(work.db),
        handling=message.handling or "",
        flags=message.flags,
        lang=lang,
        kind=kind,
        taken=taken,
    )
    if template is None:
        return None
    text = templates.fill(template, await _values(work, rules, message, saksnummer, lang))
    visibility = "private" if message.reply_private and _may_be_private(message) else "public"
    reply = _new(work, message, kind, visibility, text, "responder", Role.SYS.value, template)
    await store.put(work.db, reply)
    work.publish(contracts.ReplyDrafted(**events.facts(reply), author_role=reply.author_role))
    return reply


async def edit(
    work: Work, principal: Principal, reply_id: UUID, expected: Expected, text: str | None, kind: str | None
) -> Reply:
    """Change a draft's text or kind; what was approved before is a draft again (no event for autosaves).

    Raises `Forbidden` for approvers of it, `Conflict` with `REPLY_PUBLISHED` for what stands on the platform (G-54).
    """
    reply = await reply_for(work, principal, reply_id, lock=True)
    _seen(expected, reply)
    _must_be_mine(principal, reply)
    if reply.state not in EDITABLE:
        raise Conflict("REPLY_PUBLISHED" if reply.state in OUT else "REPLY_STATE", reply.id, state=reply.state.value)
    author = {} if reply.author != "responder" else {"author": principal.subject, "author_role": principal.role.value}
    changed = reply.to(
        State.DRAFT,
        work.now,
        text=reply.text if text is None else text,
        kind=kind or reply.kind,
        last_editor=principal.subject,
        checks=(),
        signer=None,
        binding=None,
        approver=None,
        approved_at=None,
        standing=False,
        template_code=None if text is not None and text != reply.text else reply.template_code,
        **author,
    )
    await store.put(work.db, changed)
    return changed


async def discard(work: Work, principal: Principal, reply_id: UUID, expected: Expected) -> Reply:
    reply = await reply_for(work, principal, reply_id, lock=True)
    _seen(expected, reply)
    _must_be_mine(principal, reply)
    gone = reply.to(State.DISCARDED, work.now, cause="discarded")
    await store.put(work.db, gone)
    work.publish(contracts.ReplyDiscarded(**events.facts(gone), cause="discarded"))
    work.audit("reply.discarded", reply.id)
    return gone


async def check(work: Work, principal: Principal, rules: Rules, reply_id: UUID, expected: Expected) -> Reply:
    """Run the checks; a draft without a blocking finding becomes checked."""
    reply = await reply_for(work, principal, reply_id, lock=True)
    _seen(expected, reply)
    found = await _findings(work, principal, rules, reply)
    blocked = any(one.severity == "blocking" for one in found)
    state = State.DRAFT if blocked else State.CHECKED
    checked = reply.to(state, work.now, checks=tuple(one.as_json() for one in found))
    await store.put(work.db, checked)
    if not blocked:
        work.publish(contracts.ReplyChecked(**events.facts(checked), checks=tuple(events.checks(checked))))
    return checked


async def submit(work: Work, principal: Principal, rules: Rules, reply_id: UUID, expected: Expected) -> Reply:
    """Ask for approval; a text that equals an approved template needs no second look (D-11).

    Raises `Invalid` with `TITLE_REQUIRED` (G-43) or `CHECKS_BLOCKING`, `Conflict` with `ALREADY_ANSWERED` (B-37).
    """
    reply = await reply_for(work, principal, reply_id, lock=True)
    _seen(expected, reply)
    _must_be_mine(principal, reply)
    if reply.state not in (State.DRAFT, State.CHECKED):
        raise Conflict("REPLY_STATE", reply.id, state=reply.state.value)
    message, saksnummer = await message_for(work, principal, reply.message_id)
    if message.deleted:
        raise Conflict("MESSAGE_DELETED", message.id)
    if message.handling == "refer_politics" and reply.kind not in {"referral", "correction"}:
        raise Invalid("REFERRAL_REQUIRED", reply.id)
    await not_answered(work, reply)
    system = reply.author == "responder"
    author, role = (principal.subject, principal.role.value) if system else (reply.author, reply.author_role)
    signer = signer_for(role, principal.name, principal.title, rules.unit_name(principal.unit))
    found = await _findings(work, principal, rules, reply)
    if any(one.severity == "blocking" for one in found):
        codes = sorted({one.code for one in found if one.severity == "blocking"})
        raise Invalid("CHECKS_BLOCKING", reply.id, checks=codes)
    standing = await _standing(work, rules, reply, message, saksnummer)
    asked = reply.to(
        State.APPROVED if standing else State.NEEDS_APPROVAL,
        work.now,
        author=author,
        author_role=role,
        last_editor=principal.subject if system else reply.last_editor,
        message_version=message.version,
        checks=tuple(one.as_json() for one in found),
        signer=signer,
        approver=standing,
        standing=standing is not None,
        approved_at=work.now if standing else None,
        cause=None,
    )
    asked = _bound(asked, message)
    await store.put(work.db, asked)
    work.publish(
        contracts.ReplyApprovalRequested(
            **events.facts(asked), checks=tuple(events.checks(asked)), signer=events.signer(asked)
        )
    )
    if standing:
        assert asked.binding is not None
        work.publish(
            contracts.ReplyApproved(
                **events.facts(asked),
                binding_sha256=asked.binding,
                signer=events.signer(asked),
                approver=standing,
                standing=True,
            )
        )
    work.audit("reply.submitted", reply.id, standing=standing is not None)
    return asked


async def not_answered(work: Work, reply: Reply) -> None:
    """One answer per enquiry (B-37). Raises `Conflict` with `ALREADY_ANSWERED`."""
    if not reply.answers:
        return
    for other in await store.of_message(work.db, reply.message_id):
        taken = other.state in OUT | ON_THE_WAY | {State.RELEASED} and (other.answers or other.origin == "external")
        if other.id != reply.id and taken and other.state is not State.WITHDRAWN:
            raise Conflict("ALREADY_ANSWERED", reply.message_id, reply=str(other.id))


def _new(
    work: Work,
    message: Message,
    kind: str,
    visibility: str,
    text: str,
    author: str,
    role: str,
    template: templates.Template | None,
) -> Reply:
    assert message.channel_id is not None
    return Reply(
        id=uuid7(),
        conversation_id=message.conversation_id,
        message_id=message.id,
        message_version=message.version,
        channel_id=message.channel_id,
        version=1,
        state=State.DRAFT,
        kind=kind,
        visibility=visibility,
        text=text,
        author=author,
        author_role=role,
        last_editor=author,
        created_at=work.now,
        updated_at=work.now,
        template_code=f"{template.code}.{template.lang}" if template else None,
    )


def _bound(reply: Reply, message: Message) -> Reply:

    assert reply.signer is not None
    assert message.external_id is not None
    target = Target(reply.channel_id, message.external_id, reply.message_version)
    return replace(reply, binding=binding_of(reply.outgoing, target, reply.signer))


async def _standing(work: Work, rules: Rules, reply: Reply, message: Message, saksnummer: str | None) -> str | None:
    """Who approved the template that this text equals, None when a person has to look."""
    if reply.template_code is None:
        return None
    code, lang = reply.template_code.rsplit(".", 1)
    template = _chosen(await registry.all_templates(work.db), code, lang, exact=True)
    if template is None or template.approved_by is None:
        return None
    same = templates.fill(template, await _values(work, rules, message, saksnummer, lang)) == reply.text
    return template.approved_by if same else None


async def _findings(work: Work, principal: Principal, rules: Rules, reply: Reply) -> list[checks.Finding]:
    message, _ = await message_for(work, principal, reply.message_id)
    links = await registry.all_links(work.db)
    return checks.run(
        checks.Draft(
            text=reply.text,
            kind=reply.kind,
            visibility=reply.visibility,
            author_role=principal.role.value if reply.author == "responder" else reply.author_role,
            author_name=principal.name if reply.author == principal.subject else None,
            message_text=message.text or "",
            message_lang=message.lang or "nb",
            handling=message.handling,
            flags=message.flags,
            dead_links=[one.url for one in links if one.status is not None and one.status >= 400],
            unchecked_links=[one.url for one in links if one.checked_at is not None and one.status is None],
            shielded_cases=await facts_store.shielded_cases(work.db),
            earlier_thanks=[
                text for text in await store.thanks_of(work.db, reply.conversation_id) if text != reply.text
            ],
            language_policy=rules.language_policy,
        )
    )


async def _values(
    work: Work, rules: Rules, message: Message, saksnummer: str | None, lang: str
) -> dict[str, str | None]:
    """What placeholders stand for."""
    links = await registry.all_links(work.db)

    def link(topic: str | None) -> str | None:
        fitting = [one for one in links if one.topic == topic]
        return next((one.url for one in fitting if one.lang == lang), fitting[0].url if fitting else None)

    return {
        **rules.values,
        "saksnummer": saksnummer,
        "lenke": link(message.topic) or link("postmottak"),
        "politisk_lenke": link("politikk"),
    }


def _chosen(
    known: Sequence[templates.Template], code: str | None, lang: str, *, exact: bool = False
) -> templates.Template | None:
    fitting = [one for one in known if one.code == code and (one.approved_by or not exact)]
    same = next((one for one in fitting if one.lang == lang), None)
    return same if exact else same or (fitting[0] if fitting else None)


def _may_be_private(message: Message) -> bool:
    """INV-13: the same medium, except for what must not stand in public."""
    legal = any(flag.startswith("legal_request:") for flag in message.flags)
    return legal or bool(_PRIVATE_FLAGS & message.flags) or message.reply_private


def _must_be_mine(principal: Principal, reply: Reply) -> None:
    """Experts and the secretariat work on their own drafts; the administrators may go on with any."""
    if principal.role in _ASSIGNED and reply.author not in {principal.subject, "responder"}:
        raise Forbidden("NOT_YOUR_DRAFT", reply.id)


async def _claimed(work: Work, principal: Principal, message: Message, lasts: timedelta) -> None:
    """Starting a reply takes the claim (B-37). Raises `Conflict` while somebody else holds it."""
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


def _seen(expected: Expected, reply: Reply) -> None:
    expected.check(reply.id, reply.version, changed_by=reply.last_editor, changed_at=reply.updated_at)


__all__ = [
    "VersionConflict",
    "check",
    "discard",
    "edit",
    "message_for",
    "not_answered",
    "reply_for",
    "submit",
    "suggest",
    "write",
]
