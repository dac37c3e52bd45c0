"""Skjerming: which words of a journal entry the world may read, and how long a name may be found (L-11, L-12).

Per text field there are spans, and one renderer gives four views of it. An exempt word is gone from every public
view; the name of a natural person is not secret as such, only less findable, and no longer shown on the internet when
the entry is older than one year (offentlegforskrifta § 6, legal basis `internettjournal_navn`).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from itertools import pairwise

from torg_shared.errors import Invalid

MASK = "*****"  # always five, whatever the word's length, so that the mask tells nothing
TEMPORARY = "Midlertidig skjerming"
TITLE_WORDS = "Skjerming tittel registrering - utvalgte ord"
SENDER_NAME = "Skjerming navn avsender"
RECEIVER_NAME = "Skjerming navn mottaker"
_INCOMING_PARTIES = frozenset({"EA", "IA"})


class Kind(StrEnum):
    PERSONNAVN = "personnavn"  # a natural person's name, also in a business role
    SKJERMET = "skjermet"  # exempt by law; needs a hjemmel


class View(StrEnum):
    """The four renderings."""

    INTERNAL = "internal"
    PUBLIC = "public"  # on request
    INTERNET = "internet"
    INTERNET_OLD = "internet_old"  # older than one year


@dataclass(frozen=True, slots=True)
class Span:
    """Characters [start, end) of a text. `hjemmel` is a code of legal_basis.yaml."""

    start: int
    end: int
    kind: Kind
    hjemmel: str | None = None


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a rendered text; `personnavn` is what XML marks up and search engines must not index."""

    text: str
    personnavn: bool = False
    masked: bool = False
    hjemmel: str | None = None


def checked(text: str, spans: Iterable[Span], field: str) -> tuple[Span, ...]:
    """`spans` in order, widened to whole words: half a masked name is no mask.

    Raises `Invalid` for spans outside `text`, spans that overlap, and an exemption without its hjemmel.
    """
    found = sorted(spans, key=lambda one: (one.start, one.end))
    for one in found:
        if not 0 <= one.start < one.end <= len(text):
            raise Invalid("SPAN_OUTSIDE_TEXT", field=field, start=one.start, end=one.end)
        if (one.kind is Kind.SKJERMET) != (one.hjemmel is not None):
            raise Invalid("SPAN_HJEMMEL", field=field, start=one.start, kind=one.kind.value)
    wide = [_widened(text, one) for one in found]
    for before, after in pairwise(wide):
        if after.start < before.end:
            raise Invalid("SPAN_OVERLAP", field=field, start=after.start)
    return tuple(wide)


def _widened(text: str, span: Span) -> Span:
    start, end = span.start, span.end
    while start > 0 and text[start - 1].isalnum() and text[start].isalnum():
        start -= 1
    while end < len(text) and text[end].isalnum() and text[end - 1].isalnum():
        end += 1
    return Span(start, end, span.kind, span.hjemmel)


def pieces(text: str, spans: Sequence[Span], view: View) -> tuple[Piece, ...]:
    """`text` as `view` shows it. `spans` are those that `checked` gave."""
    found: list[Piece] = []
    at = 0
    for span in spans:
        if span.start > at:
            found.append(Piece(text[at : span.start]))
        found.append(_shown(text[span.start : span.end], span, view))
        at = span.end
    if at < len(text):
        found.append(Piece(text[at:]))
    return tuple(found)


def render(text: str, spans: Sequence[Span], view: View) -> str:
    """The plain text of `pieces`."""
    return "".join(piece.text for piece in pieces(text, spans, view))


def _shown(words: str, span: Span, view: View) -> Piece:
    name = span.kind is Kind.PERSONNAVN
    if view is View.INTERNAL:
        return Piece(words, personnavn=name, hjemmel=span.hjemmel)
    if not name:
        return Piece(MASK, masked=True, hjemmel=span.hjemmel)
    if view is View.INTERNET_OLD:
        return Piece(MASK, masked=True)
    return Piece(words, personnavn=True)


def view_on(journaldato: date, today: date) -> View:
    """How the internet shows an entry today."""
    return View.INTERNET_OLD if today > one_year_after(journaldato) else View.INTERNET


def one_year_after(journaldato: date) -> date:
    """The last day that a name may be found (T-NAME); 28 February for a leap day."""
    try:
        return journaldato.replace(year=journaldato.year + 1)
    except ValueError:
        return date(journaldato.year + 1, 2, 28)


def oldest_with_names(today: date) -> date:
    """The oldest journaldato whose names may still be found on `today`: the same rule, seen from today."""
    if (today.month, today.day) == (2, 29):
        return date(today.year - 1, 3, 1)
    return today.replace(year=today.year - 1)


def whole(text: str, *, kind: Kind, hjemmel: str | None = None) -> tuple[Span, ...]:
    """One span over all of `text`: a sender's name, or a text that is exempt as a whole."""
    return (Span(0, len(text), kind, hjemmel),) if text else ()


def metadata_codes(title: Sequence[Span], parties: Iterable[tuple[str, Sequence[Span]]]) -> tuple[str, ...]:
    """The skjermingMetadata values (M502) that the exemptions amount to. Parties are (type, spans of the name)."""
    found = set()
    if any(span.kind is Kind.SKJERMET for span in title):
        found.add(TITLE_WORDS)
    for party_type, spans in parties:
        if any(span.kind is Kind.SKJERMET for span in spans):
            found.add(SENDER_NAME if party_type in _INCOMING_PARTIES else RECEIVER_NAME)
    return tuple(sorted(found))
