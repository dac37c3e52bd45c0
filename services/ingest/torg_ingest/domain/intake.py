"""A batch of changes upon what is known: pure, so that every order of arrival can be tried."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from .changes import Change
from .messages import Effect, Message, OwnChannel, change_key, see, settle


@dataclass(frozen=True, slots=True)
class News:
    """A change that told something new, under the key that makes it happen once."""

    key: bytes
    message_id: UUID
    change: Change


@dataclass(slots=True)
class Folded:
    """`touched` are the messages to write back, `effects` what must be told, in order."""

    touched: dict[UUID, Message] = field(default_factory=dict)
    news: list[News] = field(default_factory=list)
    effects: list[Effect] = field(default_factory=list)


def concerned(changes: Iterable[Change]) -> set[UUID]:
    """The messages that these changes are about, or that stand above them."""
    found: set[UUID] = set()
    for change in changes:
        found.add(change.message_id)
        if change.parent_id:
            found.add(change.parent_id)
    return found


def fold(
    known: Mapping[UUID, Message],
    changes: Iterable[tuple[Change, OwnChannel]],
    now: datetime,
    parking: timedelta,
) -> Folded:
    """What `changes`, in their order of arrival, make of `known` (which they change)."""
    done = Folded()
    states = dict(known)
    channels: dict[UUID, OwnChannel] = {}
    waiting = False
    for change, channel in changes:
        found = states.get(change.message_id)
        key = change_key(change, found)
        message, new = see(found, change, channel.id)
        states[message.id] = done.touched[message.id] = message
        channels[message.id] = channel
        if new:
            done.news.append(News(key, message.id, change))
        done.effects += settle(message, _parent(message, states), channel, now, parking)
        waiting = waiting or message.awaiting_since is not None
    if waiting:
        done.effects += _release(done.touched, states, channels, now, parking)
    return done


def release(
    waiting: Mapping[UUID, Message],
    parents: Mapping[UUID, Message],
    channels: Mapping[UUID, OwnChannel],
    now: datetime,
    parking: timedelta,
) -> Folded:
    """Publish those of `waiting` whose parent and original are known by now, or whose time of waiting is over."""
    done = Folded()
    states = {**parents, **waiting}
    by_message = {message.id: channels[message.channel_id] for message in waiting.values()}
    done.effects += _release(waiting, states, by_message, now, parking)
    done.touched = {message.id: message for message in waiting.values() if message.published}
    return done


def _release(
    touched: Mapping[UUID, Message],
    states: Mapping[UUID, Message],
    channels: Mapping[UUID, OwnChannel],
    now: datetime,
    parking: timedelta,
) -> list[Effect]:
    """A parent that is published lets its children go, and they theirs."""
    effects: list[Effect] = []
    waiting = [message for message in touched.values() if message.awaiting_since is not None]
    progress = True
    while waiting and progress:
        below = {message.id for message in waiting}
        # whose parent waits too comes after it, also when the time of both is over
        for message in [one for one in waiting if one.parent_id not in below] or waiting:
            effects += settle(message, _parent(message, states), channels[message.id], now, parking)
        still = [message for message in waiting if message.awaiting_since is not None]
        progress = len(still) < len(waiting)
        waiting = still
    return effects


def _parent(message: Message, states: Mapping[UUID, Message]) -> Message | None:
    return states.get(message.parent_id) if message.parent_id else None
