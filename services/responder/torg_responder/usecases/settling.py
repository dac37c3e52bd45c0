"""Facts in, effects out: the one path of events, people's actions and jobs (architecture, section 4)."""

from collections.abc import Collection, Sequence
from uuid import UUID

from torg_shared.events import responder as contracts
from torg_shared.events.envelope import Actor
from torg_shared.ids import uuid7
from torg_shared.metrics import Metrics
from torg_shared.work import Work, Works

from torg_responder.domain import checks, sending
from torg_responder.domain import settle as domain
from torg_responder.domain.reply import APPROVAL_LASTS, Reply, State
from torg_responder.store import facts as facts_store
from torg_responder.store import registry
from torg_responder.store import replies as store

from . import events
from .offering import shelf, suggestion
from .rules import Rules

_ACTOR = Actor(kind="system", id="responder")


_BATCH = 50


async def settle(work: Work, rules: Rules, conversations: Collection[UUID]) -> None:
    """Bring `conversations` to where their facts lead, in a fixed number of statements. The caller holds the locks."""
    messages = await facts_store.messages_of(work.db, conversations)
    replies = await store.of_conversations(work.db, conversations)
    own = await facts_store.own_of(work.db, conversations)
    authors = {reply.author for reply in replies if reply.signer is not None and reply.signer.kind == "person"}
    signers = await registry.signers(work.db, authors)
    here = await shelf(work, rules)
    changed: dict[UUID, Reply] = {}
    owners: dict[UUID, UUID] = {}
    known = {reply.id: reply for reply in replies}
    for conversation in conversations:
        mine = {one.id: one for one in messages if one.conversation_id == conversation}
        theirs = [reply for reply in replies if reply.conversation_id == conversation]
        texts = [text for text in own if text.conversation_id == conversation]
        for effect in domain.settle(mine, theirs, texts, signers, work.now):
            match effect:
                case domain.Retire(reply_id, cause):
                    changed[reply_id] = retired(work, known[reply_id], cause)
                case domain.Confirm(reply_id, text):
                    changed[reply_id] = sending.confirmed(known[reply_id], _as_seen(text), work.now)
                    owners[text.id] = reply_id
                    work.publish(events.published(changed[reply_id]))
                case domain.Match(reply_id, text):
                    owners[text.id] = reply_id
                case domain.Capture(text, parent):
                    captured = _captured(text, parent, work)
                    changed[captured.id] = captured
                    owners[text.id] = captured.id
                    work.publish(events.captured(captured, text.parent_external_id))
                case domain.Drop(reply_id):
                    dropped = known[reply_id].to(State.DISCARDED, work.now, cause=domain.DROPPED)
                    changed[reply_id] = dropped
                    work.publish(contracts.ReplyDiscarded(**events.facts(dropped), cause=domain.DROPPED))
                case domain.Suggest(message_id, kind):
                    if made := suggestion(work, here, mine[message_id], kind, theirs):
                        changed[made.id] = made
    await store.put(work.db, *changed.values())
    await facts_store.settle_own(work.db, owners)


async def settle_what_waits(works: Works, rules: Rules, metrics: Metrics) -> bool:
    """What becomes due without an event: approvals that grow old, signers who change, echoes that had to wait."""
    async with works.begin(_ACTOR) as work:
        waiting = await facts_store.to_settle(work.db, work.now - APPROVAL_LASTS, _BATCH)
        if waiting:
            conversations = conversations_of(waiting)
            await facts_store.lock_conversations(work.db, conversations)
            await settle(work, rules, conversations)
        oldest = await facts_store.own_waiting(work.db)
        age = (work.now - oldest).total_seconds() if oldest else 0.0
    metrics.gauge("torg_oldest_unsettled_fact_seconds").set(max(0.0, age))
    return len(waiting) == _BATCH


def retired(work: Work, reply: Reply, cause: str) -> Reply:
    """`reply` without its approval, and the event that says why (B-22)."""
    after = reply.to(State.RETIRED, work.now, cause=cause, send_after=None, retry_at=None)
    work.publish(contracts.ReplyApprovalRetired(**events.facts(after), cause=cause))
    return after


def _as_seen(text: domain.OwnText) -> sending.Seen:
    return sending.Seen(text.external_id, text.text, text.permalink, text.seen_at, is_own=True)


def _captured(text: domain.OwnText, parent: domain.Message, work: Work) -> Reply:
    """An answer that nobody approved beforehand counts as full until its review says otherwise (INV-2).

    The checks run afterwards, so that its reviewer sees what they would have stopped (B-21).
    """
    found = checks.run(
        checks.Draft(
            text=text.text or "",
            kind="full",
            visibility="public",
            author_role="sideadministrator",
            message_text=parent.text or "",
            message_lang=parent.lang or "nb",
            handling=parent.handling,
            flags=parent.flags,
        )
    )
    return Reply(
        id=uuid7(),
        conversation_id=text.conversation_id,
        message_id=parent.id,
        message_version=max(1, parent.version),
        channel_id=text.channel_id,
        version=1,
        state=State.CAPTURED,
        kind="full",
        visibility="public",
        text=text.text or "",
        author="external",
        author_role="external",
        last_editor="external",
        created_at=work.now,
        updated_at=work.now,
        external_id=text.external_id,
        permalink=text.permalink,
        published_text=text.text or "",
        published_at=text.seen_at,
        origin="external",
        checks=tuple(one.as_json() for one in found),
    )


def conversations_of(found: Sequence[UUID]) -> list[UUID]:
    """Each once, in the order in which they are locked."""
    return sorted(set(found), key=lambda one: one.int)
