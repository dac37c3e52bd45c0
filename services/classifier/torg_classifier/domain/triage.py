"""Triage: a person confirms or changes the proposal. A closed machine; what it does not name is refused.

Rights by requirements 6: SA, RED and LED decide the handling, ARK the record facet, POL returns to the service desk.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from torg_shared.errors import Conflict, Forbidden, Invalid

from .facets import (
    CLASSES,
    FLAGS,
    IMPLY_REMOVE,
    LEGAL,
    Handling,
    Record,
    RecordClass,
    ReplyDuty,
    imply,
    prefilled,
    record_class,
    reply_duty,
    truth_table,
)

_DECIDERS = {"sideadministrator", "redaktoer", "leder"}
_ARCHIVIST, _SECRETARIAT = "arkivar", "politisk_sekretariat"


@dataclass(frozen=True, slots=True)
class Units:
    """The municipality's unit codes, and which of them is the service desk and the political secretariat."""

    known: frozenset[str]
    desk: str
    politics: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """The newest classification of the newest version: what a person looks at."""

    message_version: int
    handling: Handling
    secondary: Sequence[Handling]
    flags: Sequence[str]
    reply_private: bool
    ground: str | None
    topic: str | None
    unit: str
    lang: str


@dataclass(frozen=True, slots=True)
class Triage:
    """A decision that stands until the next one. `version` counts them per message."""

    version: int
    message_version: int
    handling: Handling
    secondary: Sequence[Handling]
    flags: Sequence[str]
    reply_duty: ReplyDuty
    reply_private: bool
    record: Record
    record_class: RecordClass
    ground: str | None
    topic: str | None
    unit: str
    lang: str
    changed_from: Handling | None
    by: str
    rule_id: str | None
    reason: str | None
    returned: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """What a person sends. None means: as it stands, or as proposed."""

    handling: Handling | None = None
    secondary: Sequence[Handling] | None = None
    flags: Sequence[str] | None = None
    topic: str | None = None
    unit: str | None = None
    saksdokument: bool | None = None
    saksbehandling: bool | None = None
    dokumentasjonsverdi: bool | None = None
    reason: str | None = None
    returned: bool = False

    @property
    def answers(self) -> tuple[bool | None, bool | None, bool | None]:
        return self.saksdokument, self.saksbehandling, self.dokumentasjonsverdi

    @property
    def touches_handling(self) -> bool:
        return any(one is not None for one in (self.handling, self.secondary, self.flags, self.topic, self.unit))


def decide(
    subject: str, proposal: Proposal, standing: Triage | None, choice: Choice, role: str, units: Units
) -> Triage:
    """The next decision about `subject`. Raises `Forbidden`, `Conflict` and `Invalid` with stable codes."""
    if choice.returned or role == _SECRETARIAT:
        return _returned(subject, standing, choice, role, units)
    if role == _ARCHIVIST:
        return _recorded(subject, standing, choice)
    if role not in _DECIDERS:
        raise Forbidden("ROLE_FORBIDDEN", subject, role=role)
    if choice.handling is None:
        raise Invalid("HANDLING_REQUIRED", subject)
    return _decided(subject, proposal, standing, choice, role, units)


def by_consultation(proposal: Proposal, standing: Triage | None) -> Triage | None:
    """D-6: whoever is asked turns the message into `open_case`, with the original received time; None when it is."""
    if standing is not None and standing.handling == "open_case":
        return None
    base = standing or proposal
    if base.handling == "remove":
        # the utterance still has to go: finding out becomes the enquiry inside it (2.6 a)
        handling: Handling = "remove"
        secondary: list[Handling] = [*(one for one in base.secondary if one != "open_case")]
        secondary.append("open_case")
        if standing is not None and list(standing.secondary) == secondary:
            return None
    else:
        handling = "open_case"
        secondary = [one for one in base.secondary if one != "open_case"]
    flags = list(base.flags)
    return Triage(
        version=standing.version + 1 if standing else 1,
        message_version=proposal.message_version,
        handling=handling,
        secondary=secondary,
        flags=flags,
        reply_duty=reply_duty(handling, secondary, flags, own_data=base.reply_private),
        reply_private=base.reply_private,
        record=Record(True, True, True),
        record_class="journal",
        ground=base.ground if handling == "remove" else None,
        topic=base.topic,
        unit=base.unit,
        lang=base.lang,
        changed_from=base.handling if base.handling != handling else None,
        by="rule",
        rule_id="D-6",
        reason=None,
    )


def by_rule(proposal: Proposal) -> Triage:
    """A proposal that may pass without a person (requirements 2), confirmed as it is."""
    record = prefilled(proposal.handling, proposal.flags)
    return Triage(
        version=1,
        message_version=proposal.message_version,
        handling=proposal.handling,
        secondary=proposal.secondary,
        flags=proposal.flags,
        reply_duty=reply_duty(proposal.handling, proposal.secondary, proposal.flags, own_data=False),
        reply_private=proposal.reply_private,
        record=record,
        record_class=record_class(proposal.handling, proposal.secondary, proposal.flags, record),
        ground=None,
        topic=proposal.topic,
        unit=proposal.unit,
        lang=proposal.lang,
        changed_from=None,
        by="rule",
        rule_id="PASS",
        reason=None,
    )


def _returned(subject: str, standing: Triage | None, choice: Choice, role: str, units: Units) -> Triage:
    """The political secretariat gives back what is not politics: the service desk decides again (4.1)."""
    answered = any(answer is not None for answer in choice.answers)
    if role != _SECRETARIAT or not choice.returned or choice.touches_handling or answered:
        raise Forbidden("RETURN_ONLY", subject, role=role)
    if standing is None or standing.handling != "refer_politics" or standing.returned:
        raise Conflict("NOT_REFERRED", subject)
    _demand_reason(subject, choice)
    return replace(
        standing,
        version=standing.version + 1,
        unit=units.desk,
        changed_from=None,
        by="person",
        rule_id=None,
        reason=choice.reason,
        returned=True,
    )


def _recorded(subject: str, standing: Triage | None, choice: Choice) -> Triage:
    """The archivist's facet (2.6 d): the three answers alone, also lower than journal."""
    if choice.touches_handling:
        raise Forbidden("RECORD_FACET_ONLY", subject)
    if standing is None:
        raise Conflict("NOT_TRIAGED", subject)
    record = _answered(choice, standing.record)
    wanted = truth_table(record)
    if record == standing.record and wanted == standing.record_class:
        raise Invalid("NOTHING_CHANGED", subject)
    _demand_reason(subject, choice)
    if wanted != "journal" and not set(LEGAL).isdisjoint(standing.flags):
        raise Conflict("LEGAL_REQUEST_IS_JOURNALED", subject)
    return replace(
        standing,
        version=standing.version + 1,
        record=record,
        record_class=wanted,
        changed_from=None,
        by="person",
        rule_id=None,
        reason=choice.reason,
    )


def _decided(
    subject: str, proposal: Proposal, standing: Triage | None, choice: Choice, role: str, units: Units
) -> Triage:
    base: Proposal | Triage = proposal
    if standing is not None and standing.message_version >= proposal.message_version:
        base = standing
    handling = choice.handling or base.handling
    secondary = list(base.secondary if choice.secondary is None else choice.secondary)
    if choice.secondary is None:
        secondary = [one for one in secondary if one != handling]
    flags = _flags(subject, base, choice, handling)
    if handling in secondary or len(set(secondary)) != len(secondary):
        raise Invalid("SECONDARY_INVALID", subject)
    if secondary:
        flags |= {"mixed_intent"}
    unit = choice.unit or (base.unit if handling == base.handling else _unit_of(handling, base, units))
    if unit not in units.known:
        raise Invalid("UNIT_UNKNOWN", subject, unit=unit)
    changed = handling != base.handling or flags - {"mixed_intent"} != frozenset(base.flags) - {"mixed_intent"}
    if changed:
        _demand_reason(subject, choice)
    record, chosen = _record(subject, standing, choice, role, handling, secondary, flags)
    return Triage(
        version=standing.version + 1 if standing else 1,
        message_version=proposal.message_version,
        handling=handling,
        secondary=secondary,
        flags=[flag for flag in FLAGS if flag in flags],
        reply_duty=reply_duty(handling, secondary, flags, own_data=base.reply_private),
        reply_private=base.reply_private,
        record=record,
        record_class=chosen,
        ground=base.ground if handling == "remove" else None,
        topic=choice.topic or base.topic,
        unit=unit,
        lang=base.lang,
        changed_from=base.handling if handling != base.handling else None,
        by="person",
        rule_id=None,
        reason=choice.reason,
    )


def _flags(subject: str, base: Proposal | Triage, choice: Choice, handling: Handling) -> frozenset[str]:
    """A person who says that it need not go takes the flags back that would make it go; told apart it is refused."""
    if choice.flags is None:
        flags = frozenset(base.flags)
        if handling != "remove":
            flags -= IMPLY_REMOVE
        return imply(handling, flags)[1]
    unknown = set(choice.flags) - set(FLAGS)
    if unknown:
        raise Invalid("FLAG_UNKNOWN", subject, flag=sorted(unknown)[0])
    implied, flags = imply(handling, choice.flags)
    if implied != handling:
        raise Invalid("FLAGS_IMPLY_REMOVE", subject, flag=sorted(flags & IMPLY_REMOVE)[0])
    return flags


def _unit_of(handling: Handling, base: Proposal | Triage, units: Units) -> str:
    """4.1: politics is the secretariat's; what it turns out not to be goes back to the desk."""
    if handling == "refer_politics":
        return units.politics
    return units.desk if base.unit == units.politics else base.unit


def _record(
    subject: str,
    standing: Triage | None,
    choice: Choice,
    role: str,
    handling: Handling,
    secondary: Sequence[Handling],
    flags: frozenset[str],
) -> tuple[Record, RecordClass]:
    """L-01 and 2.6 b, d: the answers given, or as prefilled; nobody but the archivist goes below journal."""
    default = record_class(handling, secondary, flags)
    if all(answer is None for answer in choice.answers):
        if standing is not None and standing.record_class == "journal":
            return standing.record, "journal"
        record = prefilled(handling, flags)
        return (Record(True, True, True) if default == "journal" else record), default
    record = _answered(choice, prefilled(handling, flags))
    wanted = truth_table(record)
    floor = standing.record_class if standing is not None and standing.record_class == "journal" else default
    if CLASSES.index(wanted) < CLASSES.index(floor):
        if not set(LEGAL).isdisjoint(flags):
            raise Conflict("LEGAL_REQUEST_IS_JOURNALED", subject)
        if floor == "journal":
            raise Forbidden("ARCHIVIST_LOWERS", subject, role=role)
        _demand_reason(subject, choice)
    return record, wanted


def _answered(choice: Choice, base: Record) -> Record:
    given = choice.answers
    known = (base.saksdokument, base.saksbehandling, base.dokumentasjonsverdi)
    return Record(*(one if answer is None else answer for answer, one in zip(given, known, strict=True)))


def _demand_reason(subject: str, choice: Choice) -> None:
    if not (choice.reason or "").strip():
        raise Invalid("REASON_REQUIRED", subject)
