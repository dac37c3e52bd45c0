"""The way out: last look, intent, one call, outcome; read back what is unknown (reliability.md, section 3.4)."""

from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

import structlog
from torg_shared import crash
from torg_shared.events import responder as contracts
from torg_shared.events.envelope import Actor
from torg_shared.metrics import Metrics
from torg_shared.work import Work, Works

from torg_responder.channels.port import Confirmed, Gone, Outcome, Platform, Rejected, Seen, Unknown, Unreachable
from torg_responder.domain.reply import Reply, State, Target, binding_of, text_sha256
from torg_responder.domain.settle import Message
from torg_responder.store import facts as facts_store
from torg_responder.store import registry
from torg_responder.store import replies as store

from . import events
from .approval import same_text
from .rules import Rules

_ACTOR = Actor(kind="system", id="responder")
_BATCH = 20
_BACK_OFF_S = (5, 15, 60, 300, 900)
_READ_AGAIN_S = 20  # three readings fit in the minute after the settle time (T-UNKNOWN)
_READINGS = 3
_LOOK_BACK = timedelta(minutes=2)
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Sender:
    """One process that may send. `holder` names it in the lease; only one holds it at a time.

    `stuck` must be longer than the longest platform call: what is `sending` for so long has lost its process.
    """

    works: Works
    platform: Platform
    rules: Rules
    metrics: Metrics
    holder: UUID
    lease: timedelta = timedelta(seconds=60)
    stuck: timedelta = timedelta(seconds=90)

    async def round(self) -> bool:
        """Send what is due, read back what is unknown, verify what is out. True when there may be more at once."""
        epoch = await self._lease()
        if epoch is None:
            return False
        await self._give_up_stuck()
        more = False
        async with self.works.begin(_ACTOR) as work:
            due = await store.to_send(work.db, work.now, _BATCH)
        for reply in due:
            more = await self._send(reply, epoch) or more
        async with self.works.begin(_ACTOR) as work:
            unknown = await store.in_state_before(work.db, State.UNKNOWN, work.now, _BATCH)
            out = await store.in_state_before(work.db, State.PUBLISHED, work.now, _BATCH)
        for reply in unknown:
            await self._read_back(reply)
        for reply in out:
            await self._verify(reply)
        await self._count()
        return more

    async def leave(self) -> None:
        """At an orderly end: whoever sends next need not wait until the lease runs out."""
        async with self.works.begin(_ACTOR) as work:
            await registry.drop_lease(work.db, self.holder, work.now)

    async def _lease(self) -> int | None:
        async with self.works.begin(_ACTOR) as work:
            return await registry.take_lease(work.db, self.holder, work.now, self.lease)

    async def _give_up_stuck(self) -> None:
        """A reply found in `sending` long after its call could have ended: its process died in between."""
        async with self.works.begin(_ACTOR) as work:
            for stuck in await store.in_state_before(work.db, State.SENDING, work.now - self.stuck, _BATCH):
                reply = await store.one(work.db, stuck.id, lock=True)
                if reply is not None and reply.state is State.SENDING and reply.attempt == stuck.attempt:
                    await self._unknown(work, reply, "process_died")

    async def _send(self, reply: Reply, epoch: int) -> bool:
        async with self.works.begin(_ACTOR) as work:
            found = await facts_store.message(work.db, reply.message_id)
            channel = await facts_store.channel(work.db, reply.channel_id)
            paused = (await registry.pause(work.db)).paused
            now = work.now
        if found is None or channel is None or paused:
            return False
        message = found[0]
        if channel.paused_until is not None and channel.paused_until > now:
            return False
        if channel.state != "active":
            await self._take_back(reply, State.HELD, "channel_not_active")
            return True
        if not await self._last_look(reply, message):
            return True
        intended = await self._intent(reply, epoch)
        if intended is None:
            return True
        assert message.external_id is not None
        outcome = await self.platform.reply(message.external_id, intended.outgoing)
        crash.point("responder.platform_called")
        await self._record(intended, outcome)
        crash.point("responder.confirmed")
        return True

    async def _last_look(self, reply: Reply, message: Message) -> bool:
        """The target as it stands now must be the one that was approved (architecture, section 4)."""
        assert message.external_id is not None
        try:
            seen = await self.platform.fetch(message.external_id)
        except Gone:
            await self._take_back(reply, State.RETIRED, "target_deleted")
            return False
        except Unreachable as error:
            await self._defer(reply, error.code, error.retry_after_s, error.pauses_channel)
            return False
        if message.version == reply.message_version and same_text(message.text or "", seen.text or ""):
            return True
        await self._take_back(reply, State.RETIRED, "target_edited")
        return False

    async def _intent(self, seen: Reply, epoch: int) -> Reply | None:
        """The durable intent before the call; None when something has come between."""
        crash.point("responder.before_intent")
        async with self.works.begin(_ACTOR) as work:
            reply = await store.one(work.db, seen.id, lock=True)
            found = await facts_store.message(work.db, seen.message_id)
            if reply is None or found is None or reply.state is not State.RELEASED or reply.version != seen.version:
                return None
            channel = await facts_store.channel(work.db, reply.channel_id)
            if channel is None or channel.state != "active" or (await registry.pause(work.db)).paused:
                return None
            if not await registry.lease_holds(work.db, self.holder, epoch, work.now):
                return None
            message = found[0]
            assert message.external_id is not None
            assert reply.signer is not None
            target = Target(reply.channel_id, message.external_id, reply.message_version)
            if (
                message.version != reply.message_version
                or binding_of(reply.outgoing, target, reply.signer) != reply.binding
            ):
                await self._retire(work, reply, "binding_broken")
                return None
            intended = reply.to(
                State.SENDING, work.now, attempt=reply.attempt + 1, sent_at=work.now, retry_at=None, readings=0
            )
            await store.put(work.db, intended)
        crash.point("responder.intent_committed")
        return intended

    async def _record(self, intended: Reply, outcome: Outcome) -> None:
        self.metrics.counter("torg_platform_calls_total").labels(
            "facebook", "reply", type(outcome).__name__.lower()
        ).inc()
        async with self.works.begin(_ACTOR) as work:
            reply = await store.one(work.db, intended.id, lock=True)
            if reply is None or reply.state is not State.SENDING or reply.attempt != intended.attempt:
                return  # somebody else has settled this attempt meanwhile
            match outcome:
                case Confirmed(external_id, permalink):
                    done = reply.to(
                        State.PUBLISHED,
                        work.now,
                        external_id=external_id,
                        permalink=permalink,
                        published_text=reply.outgoing,
                        published_at=work.now,
                        cause=None,
                    )
                    await store.put(work.db, done)
                    work.publish(events.published(done))
                case Rejected(code, permanent=True):
                    refused = reply.to(State.REJECTED, work.now, cause=code, approver=None, approved_at=None)
                    await store.put(work.db, refused)
                    work.publish(contracts.ReplyRejected(**events.facts(refused), code=code, attempt=refused.attempt))
                case Rejected(code, retry_after_s=retry_after_s, pauses_channel=pauses):
                    await self._deferred(work, reply, code, retry_after_s, pauses)
                case Unknown(code):
                    await self._unknown(work, reply, code)
        _log.info("responder.sent", reply_id=str(intended.id), outcome=type(outcome).__name__)

    async def _unknown(self, work: Work, reply: Reply, code: str) -> None:
        """Never posted again by itself: read back after the settle time."""
        assert reply.sent_at is not None
        first = max(reply.sent_at + timedelta(seconds=self.rules.settle_s), work.now)
        unknown = reply.to(State.UNKNOWN, work.now, cause=code, retry_at=first, readings=0)
        await store.put(work.db, unknown)
        work.publish(contracts.ReplyOutcomeUnknown(**events.facts(unknown), code=code, attempt=unknown.attempt))

    async def _read_back(self, seen: Reply) -> None:
        async with self.works.begin(_ACTOR) as work:
            found = await facts_store.message(work.db, seen.message_id)
        assert found is not None
        assert found[0].external_id is not None
        assert seen.sent_at is not None
        try:
            own = await self.platform.find_own_replies(found[0].external_id, seen.sent_at - _LOOK_BACK)
        except (Gone, Unreachable):
            own = ()
        hit = next((one for one in own if same_text(seen.outgoing, one.text)), None)
        async with self.works.begin(_ACTOR) as work:
            reply = await store.one(work.db, seen.id, lock=True)
            if reply is None or reply.state is not State.UNKNOWN or reply.attempt != seen.attempt:
                return
            if hit is not None and not await _is_other(work, reply, hit):
                done = reply.to(
                    State.PUBLISHED,
                    work.now,
                    external_id=hit.external_id,
                    permalink=hit.permalink,
                    published_text=hit.text,
                    published_at=hit.created_at or reply.sent_at,
                    retry_at=None,
                )
                await store.put(work.db, done)
                work.publish(events.published(done))
            elif reply.readings + 1 < _READINGS:
                later = work.now + timedelta(seconds=_READ_AGAIN_S)
                again = replace(reply, readings=reply.readings + 1, retry_at=later, version=reply.version + 1)
                await store.put(work.db, again)
            else:
                waits = reply.to(State.NEEDS_OPERATOR, work.now, readings=reply.readings + 1, retry_at=None)
                await store.put(work.db, waits)
                work.audit("reply.needs_operator", reply.id, attempt=reply.attempt)

    async def _verify(self, seen: Reply) -> None:
        """Approved text equals published text, or it is an incident (B-24, INV-4)."""
        assert seen.external_id is not None
        try:
            there: Seen | None = await self.platform.fetch(seen.external_id)
        except Gone:
            there = None
        except Unreachable:
            await self._look_later(seen)
            return
        async with self.works.begin(_ACTOR) as work:
            reply = await store.one(work.db, seen.id, lock=True)
            if reply is None or reply.state is not State.PUBLISHED:
                return
            if there is not None and same_text(reply.outgoing, there.text):
                good = reply.to(State.VERIFIED, work.now, permalink=reply.permalink or there.permalink, retry_at=None)
                await store.put(work.db, good)
                work.publish(
                    contracts.ReplyVerified(**events.facts(good), read_back_sha256=text_sha256(there.text or ""))
                )
                return
            stands = there.text or "" if there else ""
            bad = reply.to(State.MISMATCH, work.now, published_text=stands, cause="mismatch", retry_at=None)
            await store.put(work.db, bad)
            work.publish(
                contracts.ReplyMismatch(
                    **events.facts(bad), read_back_sha256=text_sha256(stands), published_text=stands
                )
            )
            work.audit("reply.mismatch", reply.id)

    async def _look_later(self, seen: Reply) -> None:

        async with self.works.begin(_ACTOR) as work:
            reply = await store.one(work.db, seen.id, lock=True)
            if reply is not None and reply.state is State.PUBLISHED:
                later = work.now + timedelta(seconds=_READ_AGAIN_S)
                await store.put(work.db, replace(reply, retry_at=later, version=reply.version + 1))

    async def _take_back(self, seen: Reply, state: State, cause: str) -> None:
        async with self.works.begin(_ACTOR) as work:
            reply = await store.one(work.db, seen.id, lock=True)
            if reply is None or reply.state is not State.RELEASED:
                return
            if state is State.RETIRED:
                await self._retire(work, reply, cause)
                return
            held = reply.to(State.HELD, work.now, cause=cause, send_after=None, retry_at=None)
            await store.put(work.db, held)
            work.publish(contracts.ReplyHeld(**events.facts(held), cause=cause))

    async def _retire(self, work: Work, reply: Reply, cause: str) -> None:
        retired = reply.to(State.RETIRED, work.now, cause=cause, send_after=None, retry_at=None)
        await store.put(work.db, retired)
        work.publish(contracts.ReplyApprovalRetired(**events.facts(retired), cause=cause))

    async def _defer(self, seen: Reply, code: str, retry_after_s: float | None, pauses: bool) -> None:
        async with self.works.begin(_ACTOR) as work:
            reply = await store.one(work.db, seen.id, lock=True)
            if reply is not None and reply.state is State.RELEASED:
                await self._deferred(work, reply, code, retry_after_s, pauses)

    async def _deferred(self, work: Work, reply: Reply, code: str, retry_after_s: float | None, pauses: bool) -> None:
        """Back to released with a time that survives a restart; a fault of the channel withholds all its replies."""
        tries = min(reply.attempt, len(_BACK_OFF_S) - 1)
        retry_at = work.now + timedelta(seconds=retry_after_s if retry_after_s is not None else _BACK_OFF_S[tries])
        later = reply.to(State.RELEASED, work.now, retry_at=retry_at, cause=code)
        await store.put(work.db, later)
        if pauses or retry_after_s is not None:
            await facts_store.pause_channel(work.db, reply.channel_id, retry_at, code)
        work.publish(
            contracts.ReplySendDeferred(**events.facts(later), code=code, attempt=later.attempt, retry_at=retry_at)
        )

    async def _count(self) -> None:
        async with self.works.begin(_ACTOR) as work:
            found = await store.counts(
                work.db, [State.NEEDS_APPROVAL, State.RELEASED, State.SENDING, State.UNKNOWN, State.NEEDS_OPERATOR]
            )
        for state, number in found.items():
            self.metrics.gauge("torg_replies").labels(state).set(number)


async def _is_other(work: Work, reply: Reply, hit: Seen) -> bool:
    """True when the text that was found belongs to another reply of ours already."""
    return any(
        other.external_id == hit.external_id
        for other in await store.of_message(work.db, reply.message_id)
        if other.id != reply.id
    )
