"""The events of a reply, made from the reply as it stands after the change."""

from typing import Any

from torg_shared.events import responder as contracts

from torg_responder.domain.reply import Reply, text_sha256


def facts(reply: Reply) -> dict[str, Any]:
    """What every reply event carries."""
    return {
        "reply_id": reply.id,
        "conversation_id": reply.conversation_id,
        "message_id": reply.message_id,
        "message_version": reply.message_version,
        "channel_id": reply.channel_id,
        "version": reply.version,
        "kind": reply.kind,
        "visibility": reply.visibility,
        "text_sha256": text_sha256(reply.published_text or reply.outgoing),
    }


def checks(reply: Reply) -> list[contracts.Check]:
    return [contracts.Check.model_validate(one) for one in reply.checks]


def signer(reply: Reply) -> contracts.Signer:
    assert reply.signer is not None
    return contracts.Signer.model_validate(reply.signer.as_json())


def approved(reply: Reply) -> contracts.ReplyApproved:
    assert reply.binding is not None
    assert reply.approver is not None
    return contracts.ReplyApproved(
        **facts(reply),
        binding_sha256=reply.binding,
        signer=signer(reply),
        approver=reply.approver,
        standing=reply.standing,
    )


def captured(reply: Reply, parent_external_id: str | None) -> contracts.ReplyCaptured:
    assert reply.external_id is not None
    assert reply.published_at is not None
    return contracts.ReplyCaptured(
        **facts(reply),
        external_id=reply.external_id,
        permalink=reply.permalink,
        text=reply.published_text or "",
        published_at=reply.published_at,
        parent_external_id=parent_external_id,
    )


def published(reply: Reply) -> contracts.ReplyPublished:
    assert reply.external_id is not None
    assert reply.published_at is not None
    return contracts.ReplyPublished(
        **facts(reply),
        external_id=reply.external_id,
        permalink=reply.permalink,
        text=reply.published_text or reply.outgoing,
        published_at=reply.published_at,
        binding_sha256=reply.binding,
        published_by=reply.released_by or "unknown",
        attempt=reply.attempt,
    )
