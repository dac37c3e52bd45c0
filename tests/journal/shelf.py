"""A conversation kept in memory: applies effects as the store does, so that settling can be tried in many orders."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields, replace
from datetime import datetime
from itertools import count
from typing import Any
from uuid import UUID

from torg_journal.domain.cases import Draft, Entry
from torg_journal.domain.effects import Conversation, Effects
from torg_journal.domain.facts import Fact
from torg_journal.domain.house import House
from torg_journal.domain.settle import settle

_NOT_COMPARED = {"version", "changed_at", "changed_by"}


@dataclass(frozen=True)
class Shelf:
    """`ids` gives new ids; equal states of two shelves have equal `picture`s, whatever ids they drew."""

    conversation: Conversation
    house: House
    now: datetime
    ids: Callable[[], UUID]

    @classmethod
    def empty(cls, conversation_id: UUID, house: House, now: datetime, keys: dict[UUID, str]) -> "Shelf":
        numbers = count(1)
        return cls(
            Conversation(id=conversation_id, facts=(), channel_keys=keys),
            house,
            now,
            lambda: UUID(int=next(numbers)),
        )

    def told(self, facts: Iterable[Fact]) -> tuple["Shelf", Effects]:
        """After `facts` came, as one batch; as the store keeps them, one row for each aggregate and version."""
        kept = {(one.kind, one.subject, one.version): one for one in self.conversation.facts}
        for fact in facts:
            key = fact.kind, fact.subject, fact.version
            if key not in kept or kept[key].event_id < fact.event_id:
                kept[key] = fact
        conversation = replace(self.conversation, facts=tuple(kept.values()))
        effects = settle(conversation, self.house, self.now, self.ids)
        return replace(self, conversation=applied(conversation, effects)), effects

    def picture(self) -> dict[str, Any]:
        """The whole state without drawn ids, versions and accounts of change.

        Which of two replies got the lower number is the order in which they came, and stays so for ever (INV-6):
        compared is that the numbers are 1 to n.
        """
        c = self.conversation
        names: dict[UUID, str] = {}
        for case in sorted(c.cases, key=lambda one: one.sakssekvensnummer):
            names[case.id] = f"case {case.sakssekvensnummer}"
        for message_id, (notat_id, _) in c.noted.items():
            names[notat_id] = f"notat {message_id}"
        for entry in c.entries:
            names[entry.id] = f"{entry.journalposttype} {entry.reply_id or entry.message_id}"

        def plain(value: Any) -> Any:
            if isinstance(value, UUID):
                return names.get(value, value)
            return tuple(map(plain, value)) if isinstance(value, tuple) else value

        def shown(one: Any, *aside: str) -> tuple[tuple[str, Any], ...]:
            left_out = _NOT_COMPARED | set(aside)
            return tuple((f.name, plain(getattr(one, f.name))) for f in fields(one) if f.name not in left_out)

        return {
            "cases": sorted(map(shown, c.cases), key=str),
            "entries": sorted(
                (shown(one, "entry_hash", "journalsekvensnummer", "journalpostnummer") for one in c.entries), key=str
            ),
            "numbers": sorted((one.journalsekvensnummer, one.journalpostnummer) for one in c.entries),
            "avskrivninger": sorted((shown(one, "id") for one in c.avskrivninger), key=str),
            "deadlines": sorted((str(shown(one, "id")) for one in c.deadlines), key=str),
            "rows": sorted(map(shown, c.rows.values()), key=str),
            "noted": {message: version for message, (_, version) in c.noted.items()},
            "decided": c.decided,
            "remarked": {(names.get(entry, str(entry)), ground) for entry, ground in c.remarked},
            "attached": {names.get(key, str(key)): sorted(value) for key, value in c.attached.items() if key in names},
        }


def applied(c: Conversation, effects: Effects) -> Conversation:
    """`c` with `effects` stored."""
    numbers = {case.id: case for case in c.cases}
    for position, case in enumerate(effects.new_cases, len(c.cases) + 1):
        numbers[case.id] = replace(case, saksaar=2026, sakssekvensnummer=position)
    for _, after in effects.changed_cases:
        numbers[after.id] = after
    entries = list(c.entries)
    attached = {key: list(value) for key, value in c.attached.items()}
    for draft in effects.drafts:
        case = numbers[draft.saksmappe_id]
        numbers[case.id] = replace(case, antall_journalposter=case.antall_journalposter + 1)
        entries.append(_entry(draft, len(entries) + 1, numbers[case.id].antall_journalposter, case.changed_at))
        attached[draft.id] = [(d.dokumentnummer, d.versjonsnummer, d.sha256) for d in draft.documents]
    for notat in effects.notater:
        attached[notat.id] = [(d.dokumentnummer, d.versjonsnummer, d.sha256) for d in notat.documents]
    for one in effects.attached:
        document = one.document
        attached[one.registrering_id].append((document.dokumentnummer, document.versjonsnummer, document.sha256))
    consultations = {one.id: one for one in c.consultations}
    consultations |= {after.id: after for _, after in effects.consultations}
    deadlines = {one.id: one for one in c.deadlines}
    deadlines |= {one.running.id: one.running for one in effects.clocks}
    return replace(
        c,
        cases=tuple(numbers.values()),
        entries=tuple(entries),
        avskrivninger=(*c.avskrivninger, *effects.avskrivninger),
        consultations=tuple(consultations.values()),
        deadlines=tuple(deadlines.values()),
        rows={**c.rows, **{after.id: after for _, after in effects.rows}},
        noted={**c.noted, **{one.message.message_id: (one.id, one.message_version) for one in effects.notater}},
        decided=c.decided | {(one.message.message_id, one.decision.triage_version) for one in effects.decisions},
        remarked=c.remarked | {(one.registrering_id, one.grunnlag) for one in effects.remarks},
        attached=attached,
        waiting_since=effects.waiting[0] if effects.waiting else None,
    )


def _entry(draft: Draft, sequence: int, number: int, at: datetime) -> Entry:
    return Entry(
        id=draft.id,
        saksmappe_id=draft.saksmappe_id,
        conversation_id=draft.conversation_id,
        message_id=draft.message_id,
        message_version=draft.message_version,
        reply_id=draft.reply_id,
        consultation_id=draft.consultation_id,
        consultation_part=draft.consultation_part,
        journalaar=2026,
        journalsekvensnummer=sequence,
        journalpostnummer=number,
        journalposttype=draft.journalposttype,
        journalstatus=draft.journalstatus,
        tittel=draft.tittel,
        mottatt_dato=draft.mottatt_dato,
        dokumentets_dato=draft.dokumentets_dato,
        skjermingshjemmel=None,
        tilgangsrestriksjon=None,
        entry_hash=b"",
        changed_at=at,
        changed_by="journal",
        version=1,
    )
