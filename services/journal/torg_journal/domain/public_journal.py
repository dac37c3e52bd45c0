"""The public journal: what an entry shows to the world (L-25), what keeps it off the internet (L-12, INV-17).

One function makes the public form of an entry; HTML, JSON, CSV and XML are written from that form alone, so that all
of them show the same and none can show more.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from torg_shared import personal_data

from .screening import MASK, TEMPORARY, Kind, Piece, Span, View, metadata_codes, pieces, view_on

PUBLISHABLE = frozenset({"J", "E", "A"})  # Journalført, Ekspedert, Arkivert
UNDATED = "Udatert"
_NEVER_ONLINE: frozenset[str] = frozenset({"national_id", "id_like", "reference", "phone", "email", "account"})
_NOT_WITH_A_NAME: frozenset[str] = frozenset({"address"})  # a street is what many entries are about


@dataclass(frozen=True, slots=True)
class StoredParty:
    korrespondanseparttype: str
    name: str
    spans: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class StoredEntry:
    """A journalpost with its saksmappe as the database holds it: full texts, spans, and what was decided."""

    journalpost_id: UUID
    journalaar: int
    journalsekvensnummer: int
    saksmappe_id: UUID
    saksaar: int
    sakssekvensnummer: int
    journalpostnummer: int
    journalposttype: str
    journalstatus: str
    journaldato: date
    tittel: str
    saksmappe_tittel: str
    administrativ_enhet: str
    parties: tuple[StoredParty, ...]
    tittel_spans: tuple[Span, ...] = ()
    saksmappe_spans: tuple[Span, ...] = ()
    dokumentets_dato: date | None = None
    klasse_id: str | None = None
    skjermet: bool = False  # the saksmappe is shielded in full
    offentlighetsvurdert_dato: date | None = None
    avskrivningsmaate: str | None = None
    avskrivningsdato: date | None = None
    avskrevet_av: str | None = None  # registreringsID of the answer
    avskrevet_av_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class PublicParty:
    korrespondanseparttype: str
    name: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class PublicEntry:
    """What one rendering shows. Texts are pieces; their plain text is `plain`."""

    journalpost_id: UUID
    journalaar: int
    journalsekvensnummer: int
    saksaar: int
    sakssekvensnummer: int
    journalpostnummer: int
    journalposttype: str
    journaldato: date
    dokumentets_dato: date | None
    klasse_id: str | None
    saksmappe_tittel: tuple[Piece, ...]
    tittel: tuple[Piece, ...]
    parties: tuple[PublicParty, ...]
    administrativ_enhet: str
    avskrivningsmaate: str | None
    avskrivningsdato: date | None
    avskrevet_av: str | None
    avskrevet_av_id: UUID | None
    hjemler: tuple[str, ...]
    skjerming_metadata: tuple[str, ...]
    view: View

    @property
    def saksnummer(self) -> str:
        return f"{self.saksaar}/{self.sakssekvensnummer}"

    @property
    def registrerings_id(self) -> str:
        return f"{self.saksnummer}-{self.journalpostnummer}"


@dataclass(frozen=True, slots=True)
class SensitiveWords:
    """Words of the special categories and of social matters: `stems` begin a word, `words` are whole ones."""

    stems: tuple[str, ...] = ()
    words: tuple[str, ...] = ()

    def stand_in(self, text: str) -> bool:
        lower = text.lower()
        return any(_place(lower, one, whole=False) for one in self.stems) or any(
            _place(lower, one, whole=True) for one in self.words
        )


def _place(text: str, word: str, *, whole: bool) -> bool:
    at = text.find(word)
    while at >= 0:
        end = at + len(word)
        begins = at == 0 or not text[at - 1].isalnum()
        if begins and (not whole or end == len(text) or not text[end].isalnum()):
            return True
        at = text.find(word, at + 1)
    return False


@dataclass(frozen=True, slots=True)
class Unfit:
    """Why a text may not be on the internet: the kind found, in which field. Never the words themselves."""

    field: str
    kind: str


def plain(found: Sequence[Piece]) -> str:
    return "".join(piece.text for piece in found)


def is_public(entry: StoredEntry) -> bool:
    """True once a person has judged it and it is Journalført, Ekspedert or Arkivert; before that it shows nothing."""
    return entry.journalstatus in PUBLISHABLE and entry.offentlighetsvurdert_dato is not None


def public_form(entry: StoredEntry, view: View) -> PublicEntry:
    """`entry` as `view` shows it."""
    spans = [*entry.tittel_spans, *entry.saksmappe_spans, *(one for party in entry.parties for one in party.spans)]
    codes: tuple[str, ...] = metadata_codes(
        entry.tittel_spans, [(one.korrespondanseparttype, one.spans) for one in entry.parties]
    )
    if entry.offentlighetsvurdert_dato is None:
        codes = (TEMPORARY,)
    return PublicEntry(
        journalpost_id=entry.journalpost_id,
        journalaar=entry.journalaar,
        journalsekvensnummer=entry.journalsekvensnummer,
        saksaar=entry.saksaar,
        sakssekvensnummer=entry.sakssekvensnummer,
        journalpostnummer=entry.journalpostnummer,
        journalposttype=entry.journalposttype,
        journaldato=entry.journaldato,
        dokumentets_dato=entry.dokumentets_dato,
        klasse_id=entry.klasse_id,
        saksmappe_tittel=_shown(entry, entry.saksmappe_tittel, entry.saksmappe_spans, view),
        tittel=_shown(entry, entry.tittel, entry.tittel_spans, view),
        parties=tuple(
            PublicParty(one.korrespondanseparttype, _shown(entry, one.name, one.spans, view)) for one in entry.parties
        ),
        administrativ_enhet=entry.administrativ_enhet,
        avskrivningsmaate=entry.avskrivningsmaate,
        avskrivningsdato=entry.avskrivningsdato,
        avskrevet_av=entry.avskrevet_av,
        avskrevet_av_id=entry.avskrevet_av_id,
        hjemler=tuple(sorted({one.hjemmel for one in spans if one.hjemmel})),
        skjerming_metadata=codes,
        view=view,
    )


def _shown(entry: StoredEntry, text: str, spans: Sequence[Span], view: View) -> tuple[Piece, ...]:
    if entry.skjermet and view is not View.INTERNAL:
        return (Piece(MASK, masked=True),)
    return pieces(text, spans, view) or (Piece(MASK, masked=True),)


def internet_form(entry: StoredEntry, today: date) -> PublicEntry:
    """`entry` as the internet shows it today: names go when it is older than a year."""
    return public_form(entry, view_on(entry.journaldato, today))


def unfit_for_internet(entry: StoredEntry, sensitive: SensitiveWords) -> tuple[Unfit, ...]:
    """What must never be on the internet even if it is not exempt, in what would be shown (offentlegforskrifta § 7).

    Id numbers and contact data anywhere; an address, or a word of `sensitive` (health, social matters, crime, belief),
    where a natural person's name would stand beside it; a party's name in a title that
    nobody has tagged, since it would still be found after a year.
    """
    shown = public_form(entry, View.INTERNET)
    titles = [("saksmappe_tittel", plain(shown.saksmappe_tittel)), ("tittel", plain(shown.tittel))]
    fields = [*titles, *(("korrespondansepart", plain(party.name)) for party in shown.parties)]
    parts = [shown.saksmappe_tittel, shown.tittel, *(party.name for party in shown.parties)]
    named = any(piece.personnavn for one in parts for piece in one)
    refused = _NEVER_ONLINE | (_NOT_WITH_A_NAME if named else frozenset())
    found = {
        Unfit(field, span.kind) for field, text in fields for span in personal_data.find(text) if span.kind in refused
    }
    if named:
        found |= {Unfit(field, "sensitive") for field, text in titles if sensitive.stand_in(text)}
    found |= {Unfit(field, "untagged_name") for field in _untagged(entry)}
    return tuple(sorted(found, key=lambda one: (one.field, one.kind)))


def _untagged(entry: StoredEntry) -> Iterable[str]:
    names = [
        one.name.lower()
        for one in entry.parties
        if any(span.kind is Kind.PERSONNAVN for span in one.spans) and one.name
    ]
    if entry.skjermet:
        return
    titles = (
        ("tittel", entry.tittel, entry.tittel_spans),
        ("saksmappe_tittel", entry.saksmappe_tittel, entry.saksmappe_spans),
    )
    for field, text, spans in titles:
        places = [(text.lower().find(name), len(name)) for name in names]
        if any(at >= 0 and not any(s.start <= at and at + long <= s.end for s in spans) for at, long in places):
            yield field
