"""Personal data in a text: where it stands, and the text without it. Pure; spans are offsets into the text as given.

Sources: classifier.md 7.3; personopplysningsloven § 12 for the fødselsnummer. The language of the cues is Norwegian.
"""

import re
import unicodedata
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

Kind = Literal["national_id", "id_like", "reference", "account", "email", "phone", "address"]

LABELS: dict[Kind, str] = {
    "national_id": "[fnr]",
    "id_like": "[fnr]",
    "reference": "[nummer]",
    "account": "[konto]",
    "email": "[epost]",
    "phone": "[telefon]",
    "address": "[adresse]",
}
PERSONAL: frozenset[Kind] = frozenset({"national_id", "id_like", "email", "phone", "address"})


@dataclass(frozen=True, slots=True)
class Span:
    """`text[start:end]` is a value of `kind`.

    `reference`: digits that would pass as fødselsnummer and that the writer calls something else (KID, målernummer).
    They are masked all the same. `account`: a bank account. Neither is personal data by itself.
    """

    kind: Kind
    start: int
    end: int


def find(text: str) -> list[Span]:
    """All values in `text`, in order, never overlapping; the surer kind wins where two meet."""
    folded, places = fold(text)
    found: list[Span] = []
    for detect in _DETECTORS:
        hits: list[tuple[Kind, int, int]] = []
        for kind, start, end in detect(folded):
            if not hits or start >= hits[-1][2]:
                hits.append((kind, start, end))
        for kind, start, end in hits:
            found.append(Span(kind, places[start], places[end] if end < len(folded) else len(text)))
        folded = _without(folded, hits)
    return sorted(found, key=lambda span: span.start)


def mask(text: str, kinds: Collection[Kind] = tuple(LABELS)) -> str:
    """`text` with every value of `kinds` replaced by its label: `[fnr]`, `[telefon]`, `[epost]`, `[adresse]` …"""
    return replace(text, [span for span in find(text) if span.kind in kinds])


def replace(text: str, spans: Sequence[Span]) -> str:
    """`text` with `spans`, as `find` gave them, replaced by their labels."""
    parts, at = [], 0
    for span in spans:
        parts += [text[at : span.start], LABELS[span.kind]]
        at = span.end
    return "".join([*parts, text[at:]])


def is_national_id(digits: str) -> bool:
    """True for eleven digits that are a fødselsnummer or D-number: a date that exists, and both check digits.

    Day +40 is a D-number, month +40 an auxiliary or NAV's synthetic number, month +80 a synthetic one of
    Skatteetaten. Check digits are computed over the digits as written.
    """
    return len(digits) == 11 and _has_date(digits) and _has_check_digits(digits)


_FIRST = (3, 7, 6, 1, 8, 9, 4, 5, 2, 1)
_SECOND = (5, 4, 3, 2, 7, 6, 5, 4, 3, 2, 1)
_MONTH_OFFSETS = (0, 40, 80)


def _has_check_digits(digits: str) -> bool:
    numbers = [int(digit) for digit in digits]
    return all(sum(w * n for w, n in zip(weights, numbers, strict=False)) % 11 == 0 for weights in (_FIRST, _SECOND))


def _has_date(digits: str) -> bool:
    day, month, year = int(digits[:2]), int(digits[2:4]), int(digits[4:6])
    day -= 40 if day > 40 else 0
    offset = max((one for one in _MONTH_OFFSETS if one < month), default=0)
    try:
        date(2000 + year, month - offset, day)  # 2000 was a leap year: no day of 1900 is lost
    except ValueError:
        return False
    return True


# Eleven digits in the groupings people write: 010203 12345, 01.02.03-12345, 01 02 03 123 45, 1234.56.78901.
_GAP = r"[ \u00a0\u2009\u202f.:\-‐‑–/]"
_ELEVEN = re.compile(rf"(?<!\d)(?=(\d{{2}}{_GAP}?\d{{2}}{_GAP}?\d{{2}}{_GAP}{{0,3}}\d{{3}}{_GAP}?\d{{2}})(?!\d))")
_ACCOUNT_FORM = re.compile(r"\d{4}[ \u00a0.]\d{2}[ \u00a0.]\d{5}")
_ID_WORD = (
    r"(?:fødsels|fodsels|foedsels|person|pers|d|fødsel|syntetisk )-?\s?n(?:umme)?r|\bf\.?\s?nr|\bp\.?\s?nr|\bid-?nummer"
)
_ID_CUE = re.compile(_ID_WORD, re.IGNORECASE)
_OTHER_WORD = (
    r"kid|konto|bankkonto|ibn|iban|mål[ea]r|målepunkt|strømmåler|org|organisasjons?|orgnr|faktura|ordre|saks?|journal"
    r"|kunde|abonnement|referanse|ref|avtale|regning|bestilling|kvittering|sporings|sendings|gjeld|lån[es]*|imei|serie"
)
_OTHER_CUE = re.compile(
    rf"(?:^|\W)(?:{_OTHER_WORD})[\w.-]{{0,14}}\W{{0,3}}(?:(?:er|no|nr|nummer|mitt|min|vår|vårt|på|med|til|som)\W{{1,3}})"
    r"{0,3}$",
    re.IGNORECASE,
)
_BEFORE, _AFTER = 40, 25


def _numbers(text: str) -> Iterator[tuple[Kind, int, int]]:
    for match in _ELEVEN.finditer(text):
        start, end = match.span(1)
        digits = "".join(str(unicodedata.digit(one)) for one in match[1] if one.isdigit())
        before = text[max(0, start - _BEFORE) : start]
        told_other = bool(_OTHER_CUE.search(before))
        told_id = not told_other and bool(_ID_CUE.search(before + " " + text[end : end + _AFTER]))
        is_account_form = bool(_ACCOUNT_FORM.fullmatch(match[1]))
        if is_national_id(digits):
            yield ("reference" if told_other or (is_account_form and not told_id) else "national_id"), start, end
        elif told_id and _has_date(digits):
            yield "id_like", start, end
        elif _is_account(digits) and (_ACCOUNT_CUE.search(before) if told_other else is_account_form):
            yield "account", start, end


_ACCOUNT_CUE = re.compile(r"konto|iban", re.IGNORECASE)


def _is_account(digits: str) -> bool:
    return sum(w * int(n) for w, n in zip(_SECOND, digits, strict=True)) % 11 == 0


_LOCAL = r"[\w.+%-]{1,64}"
_EMAIL = re.compile(
    rf"(?<![\w.+%-]){_LOCAL}(?:@|\s?[\[(](?:at|alfakrøll|krøllalfa|snabel-?a)[\])]\s?)"
    r"(?:[\w-]{1,63}(?:\.|\s?[\[(](?:dot|punktum|prikk)[\])]\s?)){1,4}[^\W\d_]{2,24}(?![\w@])",
    re.IGNORECASE,
)


def _emails(text: str) -> Iterator[tuple[Kind, int, int]]:
    for match in _EMAIL.finditer(text):
        yield "email", match.start(), match.end()


# Norwegian numbers: 4x and 9x mobile, 2x to 7x fixed as they are given out; a country code makes it a number anyway
_SPACE = r"[ \u00a0\u2009\u202f\-]"
_PHONE = re.compile(
    rf"(?<![\d.,/:-])(?<!\d[ \u00a0])(?:(?:\+|00){_SPACE}?47{_SPACE}?)?"
    rf"(?:[49]\d{{7}}|(?:2[1-4]|3[1-8]|5[1-7]|6[1-9]|7\d)\d{{6}}"
    rf"|(?:[49]\d|2[1-4]|3[1-8]|5[1-7]|6[1-9]|7\d){_SPACE}\d{{2}}{_SPACE}\d{{2}}{_SPACE}\d{{2}}"
    rf"|[49]\d{{2}}{_SPACE}\d{{2}}{_SPACE}\d{{3}}|[49]\d{{3}}{_SPACE}\d{{4}})"
    r"(?![\d/:]|[.,]\d|[ \u00a0-]\d|\s?(?:kr|kroner|mill|kwh|m2|m³|NOK|stk)\b)"
)
_FOREIGN_PHONE = re.compile(rf"(?<![\w+])(?:\+|00)(?!{_SPACE}?47)[1-9]\d{{0,2}}(?:{_SPACE}?\d){{7,12}}(?!\d)")
_NOT_A_PHONE = re.compile(
    rf"(?:^|\W)(?:kr|kroner|{_OTHER_WORD}|gnr|bnr|dato|versjon)[\w.-]{{0,14}}\W{{0,3}}(?:(?:er|på|nr|nummer|mitt)\W{{1,3}})"
    r"{0,2}$",
    re.IGNORECASE,
)


def _phones(text: str) -> Iterator[tuple[Kind, int, int]]:
    for match in _PHONE.finditer(text):
        if not _NOT_A_PHONE.search(text[max(0, match.start() - _BEFORE) : match.start()]):
            yield "phone", match.start(), match.end()


def _foreign_phones(text: str) -> Iterator[tuple[Kind, int, int]]:
    for match in _FOREIGN_PHONE.finditer(text):
        yield "phone", match.start(), match.end()


# A street with its house number. Weak endings (place names as well) ask for a capital letter.
_STRONG = r"(?:veien|vegen|gata|gaten|gate|vei|veg|allé|alléen|alleen|smauet|terrasse)"
_WEAK = (
    r"(?:stien|sti|bakken|lia|plassen|torget|torg|tunet|ringen|kroken|grenda|svingen|haugen|åsen|løkka|"
    r"brygga|kleiva|vollen|moen|jordet|myra|berget|neset)"
)
_HOUSE = (
    r"\s{1,2}(?:nr\.?\s?)?\d{1,4}(?:\s?[A-Za-z](?!\w))?(?![\d.]*\d)"
    r"(?!\s?(?:m|meter|km|kr|kroner|år|timer|min|minutter|dager|uker|ganger|prosent|grader|mål|stk|av|av\.)(?!\w))(?!\s?%)"
    r"(?:,?\s{1,2}\d{4}\s[A-ZÆØÅ][a-zæøå]{1,30})?"
)
_ADDRESS = re.compile(
    rf"(?<!\w)(?:(?:[A-ZÆØÅ][\w'’.-]{{1,30}}\s){{0,2}}[A-Za-zÆØÅæøå][\w'’-]{{1,30}}{_STRONG}"
    rf"|(?:[A-ZÆØÅ][\w'’.-]{{1,30}}\s){{1,3}}{_STRONG}"
    rf"|(?:[A-ZÆØÅ][\w'’.-]{{1,30}}\s){{0,2}}[A-ZÆØÅ][\w'’-]{{1,30}}{_WEAK}"
    rf"|[A-ZÆØÅa-zæøå][\w'’-]{{1,30}}(?:vn|gt|vg)\.){_HOUSE}"
)
_NO_STREET = re.compile(
    r"(?:^|\s)(?:fylkes|riks|europa|kommunal?|gang|sykkel|hoved|mo?tor|om|bom|skogs|tur|gardsplass|inn|rund|ring|skole|"
    r"skule|privat|av)-?(?:veien|vegen|vei|veg)\s",
    re.IGNORECASE,
)
_BOX = re.compile(r"(?<!\w)postboks\s{1,2}\d{1,5}(?!\d)(?:,?\s{1,2}\d{4}\s[A-ZÆØÅ][a-zæøå]{1,30})?", re.IGNORECASE)


def _addresses(text: str) -> Iterator[tuple[Kind, int, int]]:
    for match in _ADDRESS.finditer(text):
        if not _NO_STREET.search(match[0]):
            yield "address", match.start(), match.end()


def _boxes(text: str) -> Iterator[tuple[Kind, int, int]]:
    for match in _BOX.finditer(text):
        yield "address", match.start(), match.end()


_DETECTORS: tuple[Callable[[str], Iterator[tuple[Kind, int, int]]], ...] = (
    _numbers,
    _emails,
    _phones,
    _foreign_phones,
    _addresses,
    _boxes,
)


def _without(text: str, hits: Sequence[tuple[Kind, int, int]]) -> str:
    """`text` with what was found made unreadable for the next detector, at its length."""
    parts, at = [], 0
    for _, start, end in hits:
        parts += [text[at:start], "\ufffc" * (end - start)]
        at = end
    return "".join([*parts, text[at:]])


_INVISIBLE = {"\ufe0f", "\u20e3", "\u034f"}  # variation selector and keycap: «1️⃣» is a digit


def fold(text: str) -> tuple[str, Sequence[int]]:
    """`text` composed, without invisible characters, with plain digits and letters; and where each character stood."""
    if text.isascii():
        return text, range(len(text))
    characters: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        if character <= "\x7f":
            characters.append(character)
            places.append(place)
            continue
        if character in _INVISIBLE or unicodedata.category(character) == "Cf":
            continue
        if unicodedata.combining(character) and characters:
            composed = unicodedata.normalize("NFC", characters[-1] + character)
            if len(composed) == 1:
                characters[-1] = composed
                continue
        plain = character if character == "\u00a0" else unicodedata.normalize("NFKC", character)
        characters.append(plain if len(plain) == 1 else character)
        places.append(place)
    return "".join(characters), places
