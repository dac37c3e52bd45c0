"""Registering: what of a conversation must stand in the journal and does not yet (guideline 3.2; G-23 to G-31)."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from . import registration
from .cases import (
    ARCHIVED,
    BY_NOTE,
    CANCELLED,
    CLOSED,
    NOTED,
    OPEN,
    Avskrivning,
    Case,
    Consultation,
    Draft,
    Entry,
    Remark,
    reopened,
)
from .effects import Attached, Conversation, Effects, NewDecision, Notat
from .facts import Message, Reply
from .folding import messages_of
from .house import House
from .records import ANSWERING, arkivnotat_for, is_journaled, record_class

SYSTEM = "journal"


class Registering:
    """One run over one conversation; what earlier steps decide, later ones see."""

    def __init__(
        self, conversation: Conversation, house: House, now: datetime, new_id: Callable[[], UUID], by: str
    ) -> None:
        self.stored, self.house, self.now, self.new_id, self.by = conversation, house, now, new_id, by
        self.messages = messages_of(conversation.facts)
        self.effects = Effects(conversation.id, waiting_before=conversation.waiting_since)
        self.cases: dict[UUID, Case] = {one.id: one for one in conversation.cases}
        self.incoming: dict[UUID, Entry | Draft] = {}
        self.outgoing: dict[UUID, Entry | Draft] = {}
        self.asked: dict[tuple[UUID, str], Entry | Draft] = {}
        for entry in conversation.entries:
            self._index(entry)
        self.done = {one.incoming for one in conversation.avskrivninger}
        self.pairs = {(one.incoming, one.outgoing) for one in conversation.avskrivninger}
        self.consultations = {one.id: one for one in conversation.consultations}
        self.changed: set[UUID] = set()
        self.waits: list[tuple[datetime, str]] = [one for message in self.messages for one in message.waiting]

    def given(
        self,
        consultations: Iterable[Consultation],
        cases: Iterable[Case],
        drafts: Iterable[Draft],
        avskrivninger: Iterable[Avskrivning],
    ) -> None:
        self.cases |= {one.id: one for one in cases}
        asked = {one.id: one for one in consultations}
        self.changed = set(asked)
        self.consultations |= asked
        for draft in drafts:
            self._add(draft)
        for one in avskrivninger:
            self.pairs.add((one.incoming, one.outgoing))
            self.done.add(one.incoming)
            self.effects.avskrivninger.append(one)

    def _index(self, entry: Entry | Draft) -> None:
        if entry.consultation_id and entry.consultation_part:
            self.asked[entry.consultation_id, entry.consultation_part] = entry
        elif entry.journalposttype == "I" and entry.message_id:
            self.incoming[entry.message_id] = entry
        elif entry.reply_id:
            self.outgoing[entry.reply_id] = entry

    def _add(self, draft: Draft) -> None:
        self.effects.drafts.append(draft)
        self._index(draft)

    def _decide(self, message: Message) -> None:
        for one in message.triages:
            if (message.message_id, one.triage_version) not in self.stored.decided:
                self.effects.decisions.append(NewDecision(self.new_id(), message, one, record_class(one)))

    def _register(self, message: Message) -> None:
        """G-25, G-27, 2.3, D-6: a decided `open_case` or statutory request, or the first consultation."""
        if message.message_id in self.incoming or message.received is None:
            return
        asked = [one for one in self.consultations.values() if one.message_id == message.message_id]
        causes = [(one.at, one.message_version, one.topic) for one in message.triages if is_journaled(one)]
        causes += [(one.asked_at, one.message_version, None) for one in asked]
        causes += [(one.at, one.message_version, None) for one in message.case_wanted]
        if not causes:
            return
        _, version, topic = min(causes, key=lambda one: one[:2])
        wording = message.wordings.get(version)
        if wording is None:
            return  # noted as waiting where the message is read
        if topic is None and message.decision:
            topic = message.decision.topic
        case = self._case_for(message, topic)
        self._add(registration.incoming(self.new_id(), case.id, message, wording, topic, self.house))

    def _case_for(self, message: Message, topic: str | None) -> Case:
        """The open saksmappe of the same author in the conversation, else a new one (G-25, INV-5)."""
        key = message.author_key
        for case in self.cases.values():
            if case.is_open and case.author_key == key:
                return case
        case = registration.new_case(self.new_id(), message, topic, self.house, self.now, self.by)
        self.cases[case.id] = case
        self.effects.new_cases.append(case)
        return case

    def _consult(self) -> None:
        """Question and answer as internal documents, both avskrevet when it is answered (G-28)."""
        for one in sorted(self.consultations.values(), key=lambda c: (c.asked_at, c.id)):
            entry = self.incoming.get(one.message_id)
            if entry is None:
                self.waits.append((one.asked_at, "consultation: the message is not registered"))
                continue
            current = one if one.saksmappe_id else replace(one, saksmappe_id=entry.saksmappe_id)
            self.consultations[one.id] = current
            if one.id in self.changed or current is not one:
                before = next((old for old in self.stored.consultations if old.id == one.id), None)
                self.effects.consultations.append((before, current))
            case_id = current.saksmappe_id or entry.saksmappe_id
            subject = self.cases[case_id].tittel
            question = self.asked.get((one.id, "question"))
            if question is None:
                question = registration.question(self.new_id(), case_id, current, subject, self.house)
                self._add(question)
            if current.is_open:
                continue
            answer: Entry | Draft | None = self.asked.get((one.id, "answer"))
            if current.state == "answered" and answer is None:
                answer = registration.answer(self.new_id(), case_id, current, subject, (question.id,), self.house)
                self._add(answer)
            by = current.answered_by or current.changed_by
            if answer is not None:
                self._avskriv(question.id, answer.id, BY_NOTE, by)
                if answer.journalposttype == "N":
                    self._avskriv(answer.id, None, NOTED, by)
            else:
                self._avskriv(question.id, None, NOTED, by, reason=current.state)

    def _answer(self, message: Message) -> None:
        """Every published reply to a journaled enquiry is one U; an answering one avskriver the I (G-29, INV-2)."""
        entry = self.incoming.get(message.message_id)
        if entry is None:
            return
        for reply in message.replies:
            if reply.published is None:
                continue
            known = self.outgoing.get(reply.reply_id)
            avskriver = reply.counts_as in ANSWERING
            live = not isinstance(entry, Entry) or entry.live
            if known is None:
                case = self._case_to_write_in(self.cases[entry.saksmappe_id])
                if case is None:
                    continue
                refers_to = (entry.id,) if avskriver and live else ()
                known = registration.outgoing(
                    self.new_id(), case.id, message, reply, entry.tittel, refers_to, self.house
                )
                self._add(known)
            if avskriver and live and (not isinstance(known, Entry) or known.live):
                self._avskriv(entry.id, known.id, self.house.answered_in_social_media, reply.published.by)
            self._remark_all(known.id, registration.remarks_on_outgoing(known.id, reply, avskriver=avskriver))
            if reply.found_text is not None and self._takes_documents(known):
                self._attach_other_text(known.id, reply, reply.found_text)

    def _case_to_write_in(self, case: Case) -> Case | None:
        """A closed case opens again for what must stand in it (Noark 3.2.4); a void one never does."""
        if case.saksstatus == OPEN:
            return case
        if case.saksstatus != CLOSED:
            return None
        other = next((one for one in self.cases.values() if one.is_open and one.author_key == case.author_key), None)
        if other is not None:
            return other
        again = reopened(case, SYSTEM, self.now, "reply_published")
        self.cases[case.id] = again
        return again

    def _avskriv(self, incoming: UUID, outgoing: UUID | None, maate: str, by: str, reason: str | None = None) -> None:
        if (incoming, outgoing) in self.pairs or (outgoing is None and incoming in self.done):
            return
        self.pairs.add((incoming, outgoing))
        self.done.add(incoming)
        today = self.house.calendar.day_of(self.now)
        self.effects.avskrivninger.append(Avskrivning(self.new_id(), incoming, outgoing, maate, today, by, reason))

    def _takes_documents(self, entry: Entry | Draft) -> bool:
        return entry.journalstatus not in (ARCHIVED, CANCELLED)

    def _attach_other_text(self, entry_id: UUID, reply: Reply, text: str) -> None:
        content = text.encode()
        document = registration.text_of(
            content, "Teksten slik den står på plattformen", f"{reply.reply_id}-2.txt", version=2, kind="KORR"
        )
        if not any(number == 1 and version == 2 for number, version, _ in self.stored.attached.get(entry_id, ())):
            self.effects.attached.append(Attached(entry_id, document))

    def _remark_all(self, registrering_id: UUID, remarks: Iterable[Remark]) -> None:
        self.effects.remarks += [one for one in remarks if (registrering_id, one.grunnlag) not in self.stored.remarked]

    def _remark(self, message: Message) -> None:
        entry = self.incoming.get(message.message_id)
        if entry is None:
            return
        self._remark_all(entry.id, registration.remarks_on_incoming(entry, message, self.house))
        if self._takes_documents(entry):
            self._attach_media(entry.id, message, entry.message_version or 0, 3)

    def _attach_media(self, registrering_id: UUID, message: Message, version: int, first: int) -> None:
        """Pictures and films join when the snapshot with them is taken; registration never waits for it."""
        wording = message.wordings.get(version)
        media = message.media.get(wording.snapshot_id, ()) if wording else ()
        here = {sha for _, _, sha in self.stored.attached.get(registrering_id, ())}
        for document in registration.media_documents(media, wording.snapshot_id, first) if wording else ():
            if document.sha256 not in here:
                here.add(document.sha256)
                self.effects.attached.append(Attached(registrering_id, document))

    def _note(self, message: Message) -> None:
        """An Arkivnotat for what is worth keeping without a case (G-31), and for a redirect that stands (G-23)."""
        if message.received is None:
            return
        if known := self.stored.noted.get(message.message_id):
            self._attach_media(known[0], message, known[1], 4)
            return
        wanted = [(one.message_version, one.topic, *arkivnotat_for(message, one)) for one in message.triages]
        wanted += [(one.message_version, None, True, None) for one in message.notat_wanted]
        for version, topic, due, reply in wanted:
            wording = message.wordings.get(version)
            if not due or wording is None or message.message_id in self.incoming:
                continue
            documents = registration.evidence(message, wording, self.house)
            if reply is not None and reply.published is not None:
                sent = registration.text_of(
                    reply.published.text.encode(), "Veiledningen slik den ble publisert", f"{reply.reply_id}.txt",
                    number=3, kind="KORR",
                )  # fmt: skip
                documents = (*documents, sent)
            subject = self.house.subject_of(message.received.platform, topic)
            self.effects.notater.append(
                Notat(
                    id=self.new_id(),
                    message=message,
                    message_version=wording.version,
                    reply_id=reply.reply_id if reply else None,
                    tittel=registration.upper_first(subject),
                    klasse=self.house.web_klasse,
                    avsender=registration.author_name(message),
                    snapshot_id=wording.snapshot_id,
                    documents=documents,
                )
            )
            self._attach_media(self.effects.notater[-1].id, message, wording.version, 4)
            return
