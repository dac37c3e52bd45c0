"""Facts, then settle: every effect that is due in a conversation and not yet done, whatever order the facts came in.

`settle` is pure. It names new saksmapper, journalposter, avskrivninger, decisions, notes and clocks, and the working
rows that follow; numbers are given afterwards, when the counters are locked.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from .cases import (
    CANCELLED,
    Avskrivning,
    Case,
    Consultation,
    Draft,
    Entry,
    closed,
    obstacles,
)
from .clocks import Key, Running, deadlines_of, key_of, reconcile
from .deadlines import Deadline
from .effects import Clock, Conversation, Effects
from .facts import Message
from .house import House
from .registering import SYSTEM, Registering
from .working import is_shielded, row_of, turns_of

REDIRECTED = "redirected"


def settle(
    conversation: Conversation,
    house: House,
    now: datetime,
    new_id: Callable[[], UUID],
    *,
    by: str = SYSTEM,
    consultations: Iterable[Consultation] = (),
    cases: Iterable[Case] = (),
    drafts: Iterable[Draft] = (),
    avskrivninger: Iterable[Avskrivning] = (),
) -> Effects:
    """The effects that are due. The iterables are what an action has just made or changed, and is to be stored too."""
    settling = _Settling(conversation, house, now, new_id, by)
    settling.given(consultations, cases, drafts, avskrivninger)
    return settling.run()


class _Settling(Registering):
    """Registers what is due, then draws from it where cases and messages stand and which clocks run."""

    def run(self) -> Effects:
        for message in self.messages:
            self._decide(message)
            self._register(message)
        self._consult()
        for message in self.messages:
            self._answer(message)
            self._remark(message)
            self._note(message)
        self._stages()
        for message in self.messages:
            self._work(message)
        waits = min(self.waits, default=None)
        self.effects.waiting = waits
        return self.effects

    def _stages(self) -> None:
        """Where each saksmappe stands: waits for a unit, may be answered, is answered; a redirected one closes."""
        before = {one.id: one for one in self.stored.cases}
        new = {one.id: position for position, one in enumerate(self.effects.new_cases)}
        for case in list(self.cases.values()):
            current = self._stage(case) if case.is_open else case
            if case.id in new:
                self.effects.new_cases[new[case.id]] = current
            elif current != before[case.id]:
                if current.version == before[case.id].version:
                    current = replace(current, version=current.version + 1, changed_at=self.now, changed_by=self.by)
                self.effects.changed_cases.append((before[case.id], current))
            self.cases[case.id] = current

    def _stage(self, case: Case) -> Case:
        entries = [
            one for one in self.incoming.values() if one.saksmappe_id == case.id and one.journalstatus != CANCELLED
        ]
        asked = [one for one in self.consultations.values() if one.saksmappe_id == case.id]
        stage = "opened"
        if asked:
            stage = "awaiting_information" if any(one.is_open for one in asked) else "ready_to_answer"
        answered = [one for one in self.pairs if one[1] is not None and any(e.id == one[0] for e in entries)]
        if entries and answered and all(one.id in self.done for one in entries):
            stage = "answered"
        units = tuple(sorted({one.unit for one in asked if one.unit} | set(case.units)))
        close_when_ready = case.close_when_ready or self._redirected(case, entries)
        about = {one.message_id for one in entries}
        shielded = any(is_shielded(one) for one in self.messages if one.message_id in about)
        current = replace(
            case,
            stage=stage,
            units=units,
            close_when_ready=close_when_ready,
            skjermet=shielded,
            tilgangsrestriksjon="Unntatt offentlighet" if shielded else None,
        )
        if close_when_ready and case.antall_journalposter and not self._obstacles(current):
            return closed(current, SYSTEM, self.now, close_when_ready)
        return current

    def _redirected(self, case: Case, entries: Sequence[Entry | Draft]) -> str | None:
        """G-45: `open_case` changed to `redirect_formal`, and the redirect stands: the case is kept, and closed."""
        ids = {one.message_id for one in entries}
        own = [one for one in self.messages if one.message_id in ids]
        redirected = own and all(
            one.decision is not None
            and one.decision.handling == "redirect_formal"
            and not one.decision.legal_requests
            and any(reply.published and reply.counts_as == "redirect" for reply in one.replies)
            for one in own
        )
        return REDIRECTED if redirected else None

    def _obstacles(self, case: Case) -> list[str]:
        own = [one for one in self.stored.entries if one.saksmappe_id == case.id]
        if any(one.saksmappe_id == case.id for one in self.effects.drafts):
            return ["JOURNALPOST_NOT_ARCHIVED"]
        messages = {one.message_id for one in own}
        deadlines = [
            clock.code
            for message in self.messages
            if message.message_id in messages
            for clock in self._clocks(message).values()
            if not clock.state.ended
        ]
        return obstacles(
            case,
            own,
            self.done,
            open_consultations=sum(one.is_open for one in self.consultations.values() if one.saksmappe_id == case.id),
            open_deadlines=deadlines,
            unapproved_formats=self.stored.formats.get(case.id, ()),
        )

    def _clocks(self, message: Message) -> dict[Key, Deadline]:
        entry = self.incoming.get(message.message_id)
        case = self.cases.get(entry.saksmappe_id) if entry else None
        name, calendar = self.house.calendar_of(self._channel_key(message))
        return deadlines_of(
            message,
            turns_of(message, self.messages),
            case=case,
            registered=entry is not None,
            consultations=[one for one in self.consultations.values() if one.message_id == message.message_id],
            rules=self.house.rules,
            calendar=calendar,
            calendar_name=name,
        )

    def _channel_key(self, message: Message) -> str | None:
        return self.stored.channel_keys.get(message.received.channel_id) if message.received else None

    def _work(self, message: Message) -> None:
        """The clocks and the worklist's row, compared with what is stored."""
        entry = self.incoming.get(message.message_id)
        case = self.cases.get(entry.saksmappe_id) if entry else None
        stored = {key_of(one.deadline): one for one in self.stored.deadlines if one.message_id == message.message_id}
        now_running: dict[Key, Deadline] = {key: one.deadline for key, one in stored.items()}
        for key, derived in self._clocks(message).items():
            known = stored.get(key)
            current = reconcile(known, derived) if known else derived
            now_running[key] = current
            if known and current == known.deadline and known.saksmappe_id == (case.id if case else None):
                continue
            self.effects.clocks.append(
                Clock(
                    Running(
                        known.id if known else self.new_id(),
                        message.message_id,
                        case.id if case else None,
                        known.version + 1 if known else 1,
                        current,
                    ),
                    known.deadline if known else None,
                )
            )
        consultations = [one for one in self.consultations.values() if one.message_id == message.message_id]
        running = [one for one in now_running.values() if not one.state.ended and one.paused_at is None]
        row = row_of(
            message,
            self.messages,
            channel_key=self._channel_key(message),
            case=case,
            consultations=consultations,
            house=self.house,
            due=min(running, key=lambda one: (one.due_at, one.code), default=None),
        )
        before = self.stored.rows.get(message.message_id)
        if before is None or not row.same_as(before):
            version = before.version + 1 if before else 1
            self.effects.rows.append((before, replace(row, changed_at=self.now, changed_by=self.by, version=version)))
