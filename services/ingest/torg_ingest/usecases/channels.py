"""The channel registry: propose, decide, activate, suspend, close, mode, upkeep; each state with its event."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from torg_shared.auth import Principal, Role
from torg_shared.errors import Conflict, Invalid, NotFound
from torg_shared.events.ingest import (
    ChannelActivated,
    ChannelClosed,
    ChannelDecided,
    ChannelModeChanged,
    ChannelProposed,
    ChannelSuspended,
)
from torg_shared.ids import uuid7
from torg_shared.versions import Expected
from torg_shared.work import Work

from torg_ingest.channels import facebook
from torg_ingest.domain import channels as rules
from torg_ingest.domain.channels import Channel
from torg_ingest.store import channels as store
from torg_ingest.store import reading

UNNAMED = UUID(int=0)  # a seed gets its id when it is registered
CAPABILITIES: dict[str, dict[str, Any]] = {facebook.PLATFORM: facebook.CAPABILITIES}
_BOUND_TO_CHANNELS = frozenset({Role.SA, Role.RED})
_WITHOUT_INBOX = frozenset({Role.FAG, Role.POL})
_SILENT_AFTER = timedelta(hours=24)


async def propose(work: Work, proposal: rules.Proposal, principal: Principal) -> Channel:
    """4: anyone who sees the need proposes; nothing is used before it is decided.

    Raises `Invalid` for a private profile (4.2) or an unknown platform, `Conflict` when it is registered already.
    """
    made = rules.propose(proposal, uuid7(), principal.subject, work.now)
    if made.platform not in CAPABILITIES:
        raise Invalid("PLATFORM_UNKNOWN", platform=made.platform, known=", ".join(CAPABILITIES))
    if not await store.add(work.db, made):
        raise Conflict("CHANNEL_REGISTERED", key=made.key, account_id=made.account_id)
    work.publish(ChannelProposed(**_state(made)))
    work.audit("channel.proposed", made.id, key=made.key, platform=made.platform)
    return made


async def decide(
    work: Work, channel_id: UUID, decision: rules.Decision, principal: Principal, expected: Expected
) -> Channel:
    return await _change(
        work,
        channel_id,
        principal,
        expected,
        lambda channel: rules.decide(channel, decision, principal.subject, work.now),
        ChannelDecided,
    )


async def activate(work: Work, channel_id: UUID, principal: Principal, expected: Expected) -> Channel:
    return await _change(
        work,
        channel_id,
        principal,
        expected,
        lambda channel: rules.activate(channel, principal.subject, work.now),
        ChannelActivated,
    )


async def suspend(work: Work, channel_id: UUID, grounds: str, principal: Principal, expected: Expected) -> Channel:
    return await _change(
        work,
        channel_id,
        principal,
        expected,
        lambda channel: rules.suspend(channel, grounds, principal.subject, work.now),
        ChannelSuspended,
    )


async def close(
    work: Work,
    channel_id: UUID,
    grounds: str,
    final_capture_ref: str | None,
    principal: Principal,
    expected: Expected,
) -> Channel:
    return await _change(
        work,
        channel_id,
        principal,
        expected,
        lambda channel: rules.close(channel, grounds, final_capture_ref, principal.subject, work.now),
        ChannelClosed,
    )


async def set_mode(
    work: Work,
    channel_id: UUID,
    mode: rules.CommentMode,
    grounds: str,
    principal: Principal,
    expected: Expected,
) -> Channel:
    return await _change(
        work,
        channel_id,
        principal,
        expected,
        lambda channel: rules.set_mode(channel, mode, grounds, principal.subject, work.now),
        ChannelModeChanged,
    )


async def describe(
    work: Work, channel_id: UUID, told: rules.Description, principal: Principal, expected: Expected
) -> Channel:
    return await _change(
        work,
        channel_id,
        principal,
        expected,
        lambda channel: rules.describe(channel, told, principal.subject, work.now),
        ChannelModeChanged,
    )


async def seed(work: Work, channels: Sequence[Channel]) -> int:
    """Register the channels of the configuration whose key is absent; afterwards REST is the truth. Gives how many."""
    added = 0
    for channel in channels:
        made = replace(channel, id=uuid7(), changed_by="config", changed_at=work.now)
        if made.state == "decided":
            made = replace(made, decided_at=made.decided_at or work.now)
        if made.state == "active":
            ready = replace(made, state="decided", decided_at=made.decided_at or work.now)
            made = replace(rules.activate(ready, "config", work.now), version=made.version)
        if await store.add(work.db, made):
            added += 1
            work.publish(_EVENTS[made.state](**_state(made)))
            work.audit("channel.seeded", made.id, key=made.key, state=made.state)
    return added


async def find(work: Work, channel_id: UUID) -> Channel:
    """Any staff may read the registry: it holds no personal data. Raises `NotFound`."""
    channel = await store.find(work.db, channel_id)
    if channel is None:
        raise NotFound("CHANNEL_UNKNOWN", channel_id)
    return channel


async def health(work: Work, channel_id: UUID) -> dict[str, Any]:
    """What is known of the connection: a channel must not look well before a delivery has arrived."""
    channel = await find(work, channel_id)
    last = await reading.last_received(work.db, channel_id)
    aside = await reading.counts_of_set_aside(work.db, channel.account_id, work.now - _SILENT_AFTER)
    return {
        "channel_id": channel.id,
        "state": channel.state,
        "connection": channel.connection,
        "last_event_at": last,
        "silent": last is None or work.now - last > _SILENT_AFTER,
        "token_expires_at": None,
        "quota": None,
        "set_aside_24h": aside,
        "version": channel.version,
    }


async def visible(work: Work, principal: Principal) -> set[UUID] | None:
    """The channels whose messages the caller may read; None means all.

    Side administrators and editors are bound to channels. Experts and the secretariat read what is assigned to them
    in the service that assigned it: nothing here.
    """
    if principal.role in _WITHOUT_INBOX:
        return set()
    if principal.role not in _BOUND_TO_CHANNELS or "*" in principal.channels:
        return None
    return {one.id for one in await store.every(work.db, None, 1000) if principal.has_channel(one.key)}


async def _change(
    work: Work,
    channel_id: UUID,
    principal: Principal,
    expected: Expected,
    rule: Callable[[Channel], Channel],
    event: Callable[..., Any],
) -> Channel:
    channel = await store.find(work.db, channel_id, lock=True)
    if channel is None or (principal.role in _BOUND_TO_CHANNELS and not principal.has_channel(channel.key)):
        raise NotFound("CHANNEL_UNKNOWN", channel_id)
    expected.check(channel_id, channel.version, changed_by=channel.changed_by, changed_at=channel.changed_at)
    changed = rule(channel)
    await store.save(work.db, changed)
    told = event(**_state(changed))
    work.publish(told)
    work.audit(told.TYPE.removesuffix(".v1"), channel_id, state=changed.state, version=changed.version)
    return changed


_EVENTS: dict[str, Callable[..., Any]] = {
    "proposed": ChannelProposed,
    "decided": ChannelDecided,
    "active": ChannelActivated,
    "suspended": ChannelSuspended,
    "closed": ChannelClosed,
}
_TOLD = frozenset(ChannelProposed.model_fields) - {"channel_id", "channel_key", "capabilities"}


def _state(channel: Channel) -> dict[str, Any]:
    """The whole state: one event is enough to know a channel."""
    facts = {name: value for name, value in asdict(channel).items() if name in _TOLD}
    return facts | {
        "channel_id": channel.id,
        "channel_key": channel.key,
        "capabilities": CAPABILITIES.get(channel.platform, {}),
    }
