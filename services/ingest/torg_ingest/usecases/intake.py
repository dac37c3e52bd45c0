"""From raw deliveries to published messages: load all, decide pure, write all."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from torg_shared.errors import Conflict, NotFound
from torg_shared.events.ingest import (
    Attachment,
    Author,
    MessageDeleted,
    MessageEdited,
    MessageOwnSeen,
    MessageReceived,
    MessageVisibilityChanged,
    SnapshotTaken,
)
from torg_shared.ids import uuid7
from torg_shared.work import Work

from torg_ingest.channels import facebook
from torg_ingest.domain import snapshots
from torg_ingest.domain.changes import Change, Delivery, Parsed, SetAside
from torg_ingest.domain.intake import Folded, concerned, fold, release
from torg_ingest.domain.messages import Effect, OwnChannel
from torg_ingest.store import intake as store
from torg_ingest.store import reading

PARSERS: Mapping[str, Callable[[Delivery], Parsed]] = {facebook.PLATFORM: facebook.parse}

_FOREIGN = "not_our_account"
_RELEASED_AT_ONCE = 200


@dataclass(frozen=True, slots=True)
class Told:
    """What became of the parts of a batch: for counters, after the commit."""

    news: int
    known: int
    set_aside: Sequence[tuple[str, SetAside]]


async def take_in(
    work: Work, deliveries: Sequence[Delivery], accounts: store.Accounts, parking: timedelta, *, look: bool = True
) -> Told:
    """Store `deliveries` raw, and everything that their changes tell.

    Without `look`, originals that stand directly under a post are taken to be new, as nearly all are: one question
    less to the database. Raises `Raced` or the driver's `UniqueViolationError` when a message is not as it was taken
    to be: try all of it again, and look.
    """
    parsed = [(one, PARSERS[one.platform](one)) for one in deliveries]
    wanted = {(one.platform, change.account_id) for one, found in parsed for change in found.changes}
    channels = await accounts.of(work.db, wanted, work.now)
    sorted_out = [_ours(one, found, channels) for one, found in parsed]
    changes = [pair for own, _ in sorted_out for pair in own]
    asked = concerned(change for change, _ in changes if look or change.verb != "created" or change.parent_id)
    known = await store.lock_messages(work.db, asked) if asked else {}
    folded = fold(known, changes, work.now, parking)
    kept = [
        store.Kept(delivery, outcome_of(len(own), len(aside)), len(own), aside)
        for delivery, (own, aside) in zip(deliveries, sorted_out, strict=True)
    ]
    await _write(work, folded, kept)
    parts = [(one.delivery.platform, part) for one in kept for part in one.set_aside]
    return Told(len(folded.news), len(changes) - len(folded.news), parts)


async def keep_failed(work: Work, delivery: Delivery, reason: str) -> None:
    """A delivery that nothing could be made of: its bytes stay, with the reason, until somebody replays it."""
    aside = SetAside(0, "quarantined", reason)
    await store.write(work.db, work.now, kept=[store.Kept(delivery, "failed", 0, [aside])])


async def release_waiting(work: Work, parking: timedelta) -> bool:
    """Publish what waited for a parent or an original; True when some went, so that others may follow."""
    waiting = await store.lock_waiting(work.db, work.now - parking, _RELEASED_AT_ONCE)
    if not waiting:
        return False
    parent_ids = {one.parent_id for one in waiting.values() if one.parent_id} - set(waiting)
    parents = await store.lock_messages(work.db, parent_ids)
    channels = {one.id: one for one in (await store.own_channels(work.db)).values()}
    folded = release(waiting, parents, channels, work.now, parking)
    await _write(work, folded, ())
    return bool(folded.touched)


async def replay(work: Work, delivery_id: UUID, parking: timedelta) -> reading.StoredDelivery:
    """Parse a raw delivery again: after a new parser, or after its account was registered. Idempotent.

    Raises `NotFound`; `Conflict` when the platform changed one of its messages in the same instant.
    """
    found = await reading.delivery(work.db, delivery_id, lock=True)
    if found is None:
        raise NotFound("DELIVERY_UNKNOWN", delivery_id)
    await reading.forget_set_aside(work.db, delivery_id)
    channels = await store.own_channels(work.db)
    own, aside = _ours(found.delivery, PARSERS[found.delivery.platform](found.delivery), channels)
    known = await store.lock_messages(work.db, concerned(change for change, _ in own))
    folded = fold(known, own, work.now, parking)
    try:
        await _write(work, folded, ())
    except store.Raced:
        raise Conflict("DELIVERY_BUSY", delivery_id) from None
    await reading.mark_replayed(work.db, delivery_id, outcome_of(len(own), len(aside)), len(own), aside, work.now)
    work.audit("delivery.replayed", delivery_id, changes=len(own), news=len(folded.news), set_aside=len(aside))
    after = await reading.delivery(work.db, delivery_id)
    assert after is not None
    return after


def outcome_of(changes: int, set_aside: int) -> str:
    """`stored`: all of it became messages (or nothing was in it); `partly`, `set_aside`: some or all stayed raw."""
    if not set_aside:
        return "stored"
    return "partly" if changes else "set_aside"


def _ours(
    delivery: Delivery, parsed: Parsed, channels: Mapping[tuple[str, str], OwnChannel]
) -> tuple[list[tuple[Change, OwnChannel]], list[SetAside]]:
    """Changes of registered own accounts; what claims to be another's is not believed (4.2, CVE-2024-23832)."""
    own: list[tuple[Change, OwnChannel]] = []
    aside: list[SetAside] = []
    for change in parsed.changes:
        channel = channels.get((delivery.platform, change.account_id))
        if channel is None:
            aside.append(SetAside(change.position, "quarantined", _FOREIGN, change.account_id, verb=change.verb))
        else:
            own.append((change, channel))
    for part in parsed.set_aside:
        foreign = part.account_id is not None and (delivery.platform, part.account_id) not in channels
        if foreign:
            part = SetAside(part.position, "quarantined", _FOREIGN, part.account_id, part.field, part.item, part.verb)  # noqa: PLW2901
        aside.append(part)
    return own, aside


async def _write(work: Work, folded: Folded, kept: Sequence[store.Kept]) -> None:
    versions = _numbered(folded.effects, work)
    await store.write(
        work.db, work.now, kept=kept, news=folded.news, messages=folded.touched.values(), versions=versions
    )
    evidence = {(one.message.id, one.number): one for one in versions}
    for effect in folded.effects:
        _tell(work, effect, evidence.get((effect.message.id, effect.version)))


def _numbered(effects: Iterable[Effect], work: Work) -> list[store.Version]:
    """The evidence of each new wording, chained to the one before."""
    versions: list[store.Version] = []
    for effect in effects:
        message, wording = effect.message, effect.wording
        if wording is None:
            continue
        facts: dict[str, Any] = {
            "platform": message.platform,
            "account_id": message.account_id,
            "channel_id": message.channel_id,
            "message_id": message.id,
            "conversation_id": message.conversation_id,
            "message_version": effect.version,
            "external_id": message.external_id,
            "kind": message.kind,
            "parent_external_id": message.parent_external_id,
            "post_external_id": message.post_external_id,
            "permalink": message.permalink,
            "author": {"handle": message.author.handle, "display_name": message.author.display_name},
            "text": wording.text,
            "created_at": message.created_at,
            "seen_at": wording.seen_at,
            "received_at": message.received_at,
        }
        shot = snapshots.take(uuid7(), facts, wording.payload, message.snapshot_sha256, work.now)
        message.snapshot_id, message.snapshot_sha256 = shot.id, shot.sha256
        versions.append(store.Version(message, effect.version, wording, shot))
    return versions


def _tell(work: Work, effect: Effect, evidence: store.Version | None) -> None:
    message = effect.message
    conversation = message.conversation_id
    assert conversation is not None  # only what is published has effects
    if effect.wording is None or evidence is None:
        _tell_mark(work, effect, conversation)
        return
    if effect.what == "own_seen":
        work.publish(
            MessageOwnSeen(
                own_id=message.id,
                conversation_id=conversation,
                channel_id=message.channel_id,
                platform=message.platform,
                external_id=message.external_id,
                parent_id=message.parent_id,
                parent_external_id=message.parent_external_id,
                permalink=message.permalink,
                text=effect.wording.text,
                created_at=message.created_at,
                detected_at=effect.wording.seen_at,
            )
        )
        return
    author = Author(handle=message.author.handle, display_name=message.author.display_name)
    shot = evidence.snapshot
    if effect.what == "edited":
        work.publish(
            MessageEdited(
                message_id=message.id,
                conversation_id=conversation,
                message_version=effect.version,
                channel_id=message.channel_id,
                author=author,
                text=effect.wording.text,
                snapshot_id=shot.id,
                sha256=shot.sha256,
                detected_at=effect.wording.seen_at,
            )
        )
    else:
        assert message.received_at is not None
        work.publish(
            MessageReceived(
                message_id=message.id,
                conversation_id=conversation,
                message_version=effect.version,
                channel_id=message.channel_id,
                author=author,
                text=effect.wording.text,
                snapshot_id=shot.id,
                sha256=shot.sha256,
                platform=message.platform,
                external_id=message.external_id,
                permalink=message.permalink,
                kind=message.kind,
                # no job fetches media yet: said as it is, so that nobody waits for them
                attachments=(Attachment(state="missing"),) if message.has_media else (),
                parent_id=message.parent_id,
                parent_external_id=message.parent_external_id,
                created_at=message.created_at,
                received_at=message.received_at,
                received_note=message.received_note,
                raw_ref=message.raw_ref,
            )
        )
    work.publish(
        SnapshotTaken(
            snapshot_id=shot.id,
            message_id=message.id,
            conversation_id=conversation,
            message_version=effect.version,
            sha256=shot.sha256,
            prev_sha256=shot.prev_sha256,
            depth=snapshots.DEPTH,
            capture_method=snapshots.METHOD,
            captured_at=shot.captured_at,
        )
    )


def _tell_mark(work: Work, effect: Effect, conversation: UUID) -> None:
    message = effect.message
    if effect.what == "deleted":
        assert message.removed_at is not None
        work.publish(
            MessageDeleted(
                message_id=message.id,
                conversation_id=conversation,
                message_version=effect.version,
                channel_id=message.channel_id,
                detected_at=message.removed_at,
            )
        )
        return
    work.publish(
        MessageVisibilityChanged(
            message_id=message.id,
            conversation_id=conversation,
            message_version=effect.version,
            channel_id=message.channel_id,
            hidden=effect.hidden,
            detected_at=work.now,
        )
    )
