"""What a handling and its flags bring with them: duty to reply, record class, implications (classifier.md 4 and 6)."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Literal, get_args

Handling = Literal[
    "remove",
    "refer_politics",
    "redirect_formal",
    "open_case",
    "archive_only",
    "answer",
    "answer_criticism",
    "thank",
    "none_needed",
]
ReplyDuty = Literal["none", "may", "should", "must"]
RecordClass = Literal["none", "archive", "journal"]

# requirements 2.4: the first that fits wins
ORDER: tuple[Handling, ...] = get_args(Handling)
DUTIES: tuple[ReplyDuty, ...] = get_args(ReplyDuty)
CLASSES: tuple[RecordClass, ...] = get_args(RecordClass)

LEGAL = ("legal_request:access", "legal_request:complaint", "legal_request:privacy", "legal_request:child_concern")
FLAGS = (
    "urgent",
    "threat",
    "hate",
    "exposure",
    "harassment",
    "national_id",
    "personal_data",
    "sensitive",
    "named_person",
    "fact_error",
    *LEGAL,
    "spam",
    "irony",
    "mixed_intent",
    "dialect",
)
IMPLY_REMOVE = frozenset({"threat", "hate", "exposure", "harassment"})
GROUNDS = (
    "TRUSLER",
    "HAT",
    "OPPFORDRING",
    "HENSYNSLOS",
    "PRIVATLIV",
    "BILDE_UTEN_SAMTYKKE",
    "OPPHAVSRETT",
    "PERSONDATA",
    "BEDRAGERI",
    "ULOVLIG_SALG",
    "SEKSUALISERT_BARN",
    "UTHENGING",
    "SJIKANE",
    "SPAM",
)
_GROUND_OF = {"threat": "TRUSLER", "hate": "HAT", "exposure": "UTHENGING", "harassment": "SJIKANE"}

# the section and sentence of the guideline that each handling stands on
SECTION: dict[Handling, tuple[str, str]] = {
    "remove": ("3.1.2", "lovstridig"),
    "refer_politics": ("4.1", "politiske"),
    "redirect_formal": ("3.2.1", "omfattende"),
    "open_case": ("3.2.2", "innhenting"),
    "archive_only": ("3.2.2", "arkivverdig"),
    "answer": ("4.1", "tjenester"),
    "answer_criticism": ("4.1", "negative"),
    "thank": ("4.1", "positive"),
    "none_needed": ("4.1", "noytrale"),
}

_DUTY: dict[Handling, ReplyDuty] = {
    "remove": "none",
    "refer_politics": "must",
    "redirect_formal": "must",
    "open_case": "must",
    "archive_only": "may",
    "answer": "must",
    "answer_criticism": "should",
    "thank": "should",
    "none_needed": "may",
}


@dataclass(frozen=True, slots=True)
class Record:
    """The three questions of the National Archives' advice (L-01)."""

    saksdokument: bool
    saksbehandling: bool
    dokumentasjonsverdi: bool


_RECORD: dict[Handling, Record] = {
    "remove": Record(True, False, True),
    "refer_politics": Record(True, False, False),
    "redirect_formal": Record(True, False, True),
    "open_case": Record(True, True, True),
    "archive_only": Record(True, False, True),
    "answer": Record(True, False, False),
    "answer_criticism": Record(True, False, False),
    "thank": Record(False, False, False),
    "none_needed": Record(False, False, False),
}


def imply(handling: Handling, flags: Iterable[str]) -> tuple[Handling, frozenset[str]]:
    """Handling and flags with what they imply: threat, hate, exposure and harassment are `remove`; a concern for a
    child is sensitive (classifier.md 4)."""
    implied = set(flags)
    if "legal_request:child_concern" in implied:
        implied.add("sensitive")
    return ("remove" if implied & IMPLY_REMOVE else handling), frozenset(implied)


def needs_human(handling: Handling, flags: Collection[str]) -> bool:
    """Requirements 2.2: a person decides before anything but a reversible hide happens."""
    return handling == "remove" or not {"urgent", "sensitive", "national_id", "threat"}.isdisjoint(flags)


def reply_duty(
    handling: Handling, secondary: Iterable[Handling], flags: Collection[str], *, own_data: bool
) -> ReplyDuty:
    """The highest that primary, secondary and flags give (2.6 b). `own_data`: the author told their own data."""
    duties = [_DUTY[handling], *(_DUTY[one] for one in secondary)]
    if handling == "none_needed" and "spam" in flags:
        duties[0] = "none"
    if not {"urgent", "fact_error", *LEGAL}.isdisjoint(flags) or (own_data and handling == "remove"):
        duties.append("must")
    if "national_id" in flags and own_data:
        duties.append("must")
    return max(duties, key=DUTIES.index)


def truth_table(record: Record) -> RecordClass:
    """L-01: both journal, exactly one archive, neither none; what is no saksdokument is never a record."""
    if not record.saksdokument:
        return "none"
    return CLASSES[record.saksbehandling + record.dokumentasjonsverdi]


def prefilled(handling: Handling, flags: Collection[str]) -> Record:
    """The three answers as the classifier proposes them."""
    if not set(LEGAL).isdisjoint(flags):
        return Record(True, True, True)
    if "urgent" in flags and truth_table(_RECORD[handling]) == "none":
        return Record(True, False, True)
    return _RECORD[handling]


def record_class(
    handling: Handling, secondary: Iterable[Handling], flags: Collection[str], record: Record | None = None
) -> RecordClass:
    """The highest that primary, secondary, flags and truth table give (2.6 b); `record` None means: as prefilled."""
    classes = [truth_table(record or prefilled(handling, flags))]
    classes += [truth_table(_RECORD[one]) for one in secondary]
    if "urgent" in flags:
        classes.append("archive")
    if not set(LEGAL).isdisjoint(flags):
        classes.append("journal")
    return max(classes, key=CLASSES.index)


def ground_of(flags: Collection[str], proposed: Iterable[str]) -> str | None:
    """The ground code to propose for a `remove`: what a rule says, else by the gravest flag."""
    told = [ground for ground in proposed if ground in GROUNDS]
    if told:
        return min(told, key=GROUNDS.index)
    return next((ground for flag, ground in _GROUND_OF.items() if flag in flags), None)
