"""The way out: last look, intent, one call, outcome; read back what is unknown (reliability.md, section 3.4)."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import structlog
from torg_shared import crash
from torg_shared.events import responder as contracts
from torg_shared.events.envelope import Actor
from torg_shared.metrics import Metrics
from torg_shared.work import Work, Works

from torg_responder.channels.port import Confirmed, Gone, Outcome, Platform, Rejected, Seen, Unreachable
from torg_responder.domain import sending as flow
from torg_responder.domain.reply import Reply, State, same_text, text_sha256
from torg_responder.domain.settle import Message
from torg_responder.store import facts as facts_store
from torg_responder.store import registry
from torg_responder.store import replies as store

from . import events, settling
from .access import locked
from .drafting import binding_now
from .rules import Rules

_ACTOR = Actor(kind="system", id="responder")
_BATCH = 20
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
            stuck = await store.in_state_before(work.db, State.SENDING, work.now - self.stuck, _BATCH)
        for seen in stuck:
            async with self.works.begin(_ACTOR) as work:
                reply = await locked(work, seen)
                if reply.state is State.SENDING and reply.attempt == seen.attempt:
                    await self._keep(work, reply, flow.lost_sight_of(reply, "process_died", work.now, self._settle))

    async def _send(self, reply: Reply, epoch: int) -> bool:
        async with self.works.begin(_ACTOR) as work:
            known = await facts_store.message(work.db, reply.message_id)
            channel = await facts_store.channel(work.db, reply.channel_id)
            paused = (await registry.pause(work.db)).paused
            now = work.now
        if known is None or channel is None or paused:
            return False
        message = known.message
        if channel.paused_until is not None and channel.paused_until > now:
            return False
        if channel.state != "active":
            await self._take_back(reply, State.HELD, "channel_not_active")
            return True
        if not await self._last_look(reply, message):
            return True
        intended = await self._intent(reply, epoch)
        if intended is None:
            return False
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
            await self._defer(reply, error)
            return False
        if message.version == reply.message_version and same_text(message.text or "", seen.text or ""):
            return True
        await self._take_back(reply, State.RETIRED, "target_edited")
        return False

    async def _intent(self, seen: Reply, epoch: int) -> Reply | None:
        """The durable intent before the call; None when something has come between."""
        crash.point("responder.before_intent")
        async with self.works.begin(_ACTOR) as work:
            reply = await locked(work, seen)
            known = await facts_store.message(work.db, seen.message_id)
            if known is None or reply.state is not State.RELEASED or reply.version != seen.version:
                return None
            channel = await facts_store.channel(work.db, reply.channel_id)
            if channel is None or channel.state != "active" or (await registry.pause(work.db)).paused:
                return None
            if not await registry.lease_holds(work.db, self.holder, epoch, work.now):
                return None
            # facts that came since (an edit, an answer from the app, a new title) retire it here, not after the call
            await settling.settle(work, self.rules, [reply.conversation_id])
            reply = await locked(work, seen)
            if reply.state is not State.RELEASED:
                return None
            if reply.visibility != "public" or binding_now(reply, known.message) != reply.binding:
                await store.put(work.db, settling.retired(work, reply, "binding_broken"))
                return None
            intended = flow.intended(reply, work.now)
            await store.put(work.db, intended)
        crash.point("responder.intent_committed")
        return intended

    async def _record(self, intended: Reply, outcome: Outcome) -> None:
        kind = type(outcome).__name__.lower()
        self.metrics.counter("torg_platform_calls_total").labels("facebook", "reply", kind).inc()
        async with self.works.begin(_ACTOR) as work:
            reply = await locked(work, intended)
            if reply.attempt != intended.attempt:
                return
            if reply.state in {State.UNKNOWN, State.NEEDS_OPERATOR} and isinstance(outcome, Confirmed):
                found = Seen(outcome.external_id, reply.outgoing, outcome.permalink)  # late, but proof all the same
                await self._keep(work, reply, flow.confirmed(reply, found, work.now))
                return
            if reply.state is not State.SENDING:
                return  # the echo was here first
            after = flow.recorded(reply, outcome, work.now, self._settle)
            await self._keep(work, reply, after)
            if isinstance(outcome, Rejected) and not outcome.permanent:
                await self._withhold(work, after, outcome.pauses_channel or outcome.retry_after_s is not None)
        _log.info("responder.sent", reply_id=str(intended.id), outcome=kind)

    async def _read_back(self, seen: Reply) -> None:
        async with self.works.begin(_ACTOR) as work:
            known = await facts_store.message(work.db, seen.message_id)
        assert known is not None
        assert known.message.external_id is not None
        assert seen.sent_at is not None
        try:
            own = await self.platform.find_own_replies(known.message.external_id, seen.sent_at - _LOOK_BACK)
        except (Gone, Unreachable):
            own = ()
        async with self.works.begin(_ACTOR) as work:
            reply = await locked(work, seen)
            if reply.state is not State.UNKNOWN or reply.attempt != seen.attempt:
                return
            taken = {other.external_id for other in await store.of_message(work.db, reply.message_id)}
            hits = (one for one in own if same_text(reply.outgoing, one.text) and one.external_id not in taken)
            await self._keep(work, reply, flow.read_back(reply, next(hits, None), work.now))

    async def _verify(self, seen: Reply) -> None:
        assert seen.external_id is not None
        there: Seen | None = None
        reached = True
        try:
            there = await self.platform.fetch(seen.external_id)
        except Gone:
            pass
        except Unreachable:
            reached = False
        async with self.works.begin(_ACTOR) as work:
            reply = await locked(work, seen)
            if reply.state is not State.PUBLISHED:
                return
            if not reached:
                await store.put(work.db, flow.looked_in_vain(reply, work.now))
                return
            after = flow.verified(reply, there, work.now, self._settle)
            await store.put(work.db, after)
            read_back = text_sha256((there.text or "") if there else "")
            if after.state is State.VERIFIED:
                work.publish(contracts.ReplyVerified(**events.facts(after), read_back_sha256=read_back))
            elif after.state is State.MISMATCH:
                stands = after.published_text or ""
                facts = events.facts(after) | {"text_sha256": text_sha256(stands)}
                work.publish(contracts.ReplyMismatch(**facts, read_back_sha256=read_back, published_text=stands))
                work.audit("reply.mismatch", reply.id)

    async def _keep(self, work: Work, before: Reply, after: Reply) -> None:
        """Write the reply after a call or a reading, say so, and settle what had to wait for it."""
        await store.put(work.db, after)
        match after.state:
            case State.PUBLISHED:
                work.publish(events.published(after))
            case State.REJECTED:
                code = after.cause or "rejected"
                work.publish(contracts.ReplyRejected(**events.facts(after), code=code, attempt=after.attempt))
            case State.UNKNOWN if before.state is State.SENDING:
                code = after.cause or "unknown"
                work.publish(contracts.ReplyOutcomeUnknown(**events.facts(after), code=code, attempt=after.attempt))
            case State.NEEDS_OPERATOR:
                work.audit("reply.needs_operator", after.id, attempt=after.attempt)
                _log.warning("responder.needs_operator", reply_id=str(after.id), attempt=after.attempt)
            case State.RELEASED:
                self._say_deferred(work, after)
        if after.state is not State.RELEASED:
            await settling.settle(work, self.rules, [after.conversation_id])

    async def _take_back(self, seen: Reply, state: State, cause: str) -> None:
        async with self.works.begin(_ACTOR) as work:
            reply = await locked(work, seen)
            if reply.state is not State.RELEASED:
                return
            if state is State.RETIRED:
                await store.put(work.db, settling.retired(work, reply, cause))
                return
            held = reply.to(State.HELD, work.now, cause=cause, send_after=None, retry_at=None)
            await store.put(work.db, held)
            work.publish(contracts.ReplyHeld(**events.facts(held), cause=cause))

    async def _defer(self, seen: Reply, error: Unreachable) -> None:
        async with self.works.begin(_ACTOR) as work:
            reply = await locked(work, seen)
            if reply.state is not State.RELEASED:
                return
            later = flow.deferred(reply, error.code, error.retry_after_s, work.now, channel=error.pauses_channel)
            await store.put(work.db, later)
            self._say_deferred(work, later)
            await self._withhold(work, later, error.pauses_channel or error.retry_after_s is not None)

    def _say_deferred(self, work: Work, later: Reply) -> None:
        assert later.retry_at is not None
        code = later.cause or "deferred"
        work.publish(
            contracts.ReplySendDeferred(
                **events.facts(later), code=code, attempt=later.attempt, retry_at=later.retry_at
            )
        )

    async def _withhold(self, work: Work, later: Reply, channel: bool) -> None:
        """A fault of the channel (token, permission, throttling) withholds all its replies until then (F17)."""
        if channel:
            await facts_store.pause_channel(work.db, later.channel_id, later.retry_at, later.cause)
            _log.warning("responder.channel_withheld", channel_id=str(later.channel_id), code=later.cause)

    async def _count(self) -> None:
        async with self.works.begin(_ACTOR) as work:
            found = await store.counts(
                work.db, [State.NEEDS_APPROVAL, State.RELEASED, State.SENDING, State.UNKNOWN, State.NEEDS_OPERATOR]
            )
            withheld = await facts_store.withheld(work.db, work.now)
        for state, number in found.items():
            self.metrics.gauge("torg_replies").labels(state).set(number)
        for platform, number in withheld.items():
            self.metrics.gauge("torg_circuit_open").labels(platform).set(number)

    @property
    def _settle(self) -> timedelta:
        return timedelta(seconds=self.rules.settle_s)
