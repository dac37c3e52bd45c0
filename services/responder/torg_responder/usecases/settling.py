"""Facts in, effects out: the one path of events, people's actions and jobs (architecture, section 4)."""

from collections.abc import Collection, Sequence
from uuid import UUID

from torg_shared.events import responder as contracts
from torg_shared.ids import uuid7
from torg_shared.work import Work

from torg_responder.domain import settle as domain
from torg_responder.domain.reply import Reply, State
from torg_responder.store import facts as facts_store
from torg_responder.store import replies as store

from . import events
from .drafting import suggest
from .rules import Rules


async def settle(work: Work, rules: Rules, conversations: Collection[UUID]) -> None:
    """Bring `conversations` to where their facts lead. The caller holds their locks."""
    messages = await facts_store.messages_of(work.db, conversations)
    replies = await store.of_conversations(work.db, conversations)
    own = await facts_store.own_of(work.db, conversations)
    changed: dict[UUID, Reply] = {}
    owners: dict[UUID, UUID] = {}
    known = {reply.id: reply for reply in replies}
    for conversation in conversations:
        mine = {one.id: one for one in messages if one.conversation_id == conversation}
        effects = domain.settle(
            mine,
            [reply for reply in replies if reply.conversation_id == conversation],
            [text for text in own if text.conversation_id == conversation],
        )
        for effect in effects:
            match effect:
                case domain.Retire(reply_id, cause):
                    changed[reply_id] = known[reply_id].to(
                        State.RETIRED, work.now, cause=cause, send_after=None, retry_at=None
                    )
                    work.publish(contracts.ReplyApprovalRetired(**events.facts(changed[reply_id]), cause=cause))
                case domain.Confirm(reply_id, text):
                    changed[reply_id] = _confirmed(known[reply_id], text, work)
                    owners[text.id] = reply_id
                    work.publish(events.published(changed[reply_id]))
                case domain.Match(reply_id, text):
                    owners[text.id] = reply_id
                case domain.Capture(text, parent):
                    captured = _captured(text, parent, work)
                    changed[captured.id] = captured
                    owners[text.id] = captured.id
                    work.publish(_capture_event(captured, text))
                case domain.Suggest(message_id, kind):
                    await suggest(work, rules, mine[message_id], kind)
    await store.put(work.db, *changed.values())
    await facts_store.settle_own(work.db, owners)


def _confirmed(reply: Reply, text: domain.OwnText, work: Work) -> Reply:
    return reply.to(
        State.PUBLISHED,
        work.now,
        external_id=text.external_id,
        permalink=text.permalink,
        published_text=text.text,
        published_at=text.seen_at,
        retry_at=None,
    )


def _captured(text: domain.OwnText, parent: domain.Message, work: Work) -> Reply:
    """An answer that nobody approved beforehand counts as full until its review says otherwise (INV-2)."""
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
    )


def _capture_event(reply: Reply, text: domain.OwnText) -> contracts.ReplyCaptured:
    return contracts.ReplyCaptured(
        **events.facts(reply),
        external_id=text.external_id,
        permalink=text.permalink,
        text=text.text or "",
        published_at=text.seen_at,
        parent_external_id=text.parent_external_id,
    )


def conversations_of(found: Sequence[UUID]) -> list[UUID]:
    """Each once, in the order in which they are locked."""
    return sorted(set(found), key=lambda one: one.int)
