"""The checks before publication (closed list of requirements section 5): pure, each with its paragraph.

Blocking unless `warning`. Offsets point into the draft's text.
"""

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Literal

from torg_shared import personal_data

from .reply import ADMINISTRATORS
from .templates import SERIOUS_HANDLINGS, is_serious

Severity = Literal["blocking", "warning"]
LONGEST_COMMENT = 8000


@dataclass(frozen=True, slots=True)
class Finding:
    code: str
    severity: Severity
    start: int | None = None
    end: int | None = None

    def as_json(self) -> dict[str, str | int | None]:
        return {"code": self.code, "severity": self.severity, "start": self.start, "end": self.end}


@dataclass(frozen=True, slots=True)
class Draft:
    """What the checks look at: the text, who wrote it, and what it answers."""

    text: str
    kind: str
    visibility: str
    author_role: str
    lang: str = "nb"
    message_text: str = ""
    message_lang: str = "nb"
    handling: str | None = None
    flags: frozenset[str] = frozenset()
    author_name: str | None = None
    dead_links: Collection[str] = ()
    unchecked_links: Collection[str] = ()
    shielded_cases: Collection[str] = ()
    earlier_thanks: Collection[str] = ()
    language_policy: str = "mirror"
    signature: str = ""


def run(draft: Draft) -> list[Finding]:
    """Everything that stops or warns, in the order of the text."""
    found = [finding for check in CHECKS for finding in check(draft)]
    return sorted(found, key=lambda one: (one.start or 0, one.code))


_DECISION = re.compile(
    r"\b(innvilg\w*|avslå(?:s|tt|r)|avslag|(?:en|enkelt)?vedtak(?:et)?|klagefrist\w*|(?:er|blir|vert) godkjent|"
    r"dispensasjon (?:er|blir|vert) gitt)\b",
    re.I,
)
_ABOUT_DECISION = re.compile(r"\b(vedtak(?:et)?|klagefrist\w*|avslag)\b", re.I)


def decision_in_public(draft: Draft) -> Iterator[Finding]:
    """Section 2 (G-05): no case is decided in social media. A referral may name the council's decision (G-46)."""
    if draft.visibility != "public":
        return
    for hit in _DECISION.finditer(draft.text):
        if draft.kind == "referral" and _ABOUT_DECISION.fullmatch(hit[0]):
            continue
        yield Finding("DECISION_IN_PUBLIC", "blocking", *hit.span())


_CONDITION = (
    r"(?i:sosialhjelp\w*|sosialstønad\w*|fosterhjem\w*|demen[ts]\w*|depresjon\w*|overgrep\w*|voldsutsatt\w*|"
    r"sykmeld\w*|sjukmeld\w*|rusmisbruk\w*|barnevern\w*|diagnos\w*|psykiat\w*|rusbehandling\w*|innlagt|sykdom\w*|sjukdom\w*|"
    r"økonomisk sosial\w*|omsorgsovertakelse\w*|kreft\w*|abort\w*|selvmord\w*|sjølvmord\w*)"
)
_NAME = r"[A-ZÆØÅ][a-zæøåéö]+(?:[- ][A-ZÆØÅ][a-zæøåéö]+)+"
_CONFIDENTIAL = re.compile(rf"(?:\b{_CONDITION}[^.!?\n]{{0,80}}?\b{_NAME}|\b{_NAME}[^.!?\n]{{0,80}}?\b{_CONDITION})")


def confidential(draft: Draft) -> Iterator[Finding]:
    """Section 4.2 (G-50): health, welfare or child-care words about a named person; addresses with a condition;
    numbers of shielded cases."""
    for hit in _CONFIDENTIAL.finditer(draft.text):
        yield Finding("CONFIDENTIAL", "blocking", *hit.span())
    spans = personal_data.find(draft.text)
    if any(span.kind == "address" for span in spans) and re.search(_CONDITION, draft.text, re.I):
        yield Finding("CONFIDENTIAL", "blocking")
    for number in draft.shielded_cases:
        at = draft.text.find(number)
        if at >= 0:
            yield Finding("CONFIDENTIAL", "blocking", at, at + len(number))


def national_id(draft: Draft) -> Iterator[Finding]:
    """Section 4.2 (G-50), L-12: no id number leaves the house, nor one that only looks like it."""
    for span in personal_data.find(draft.text):
        if span.kind in {"national_id", "id_like"}:
            yield Finding("NATIONAL_ID", "blocking", span.start, span.end)


_RELATION = re.compile(
    r"\b(?:du (?:er|har vært|har vore) (?:pasient|bruker|brukar|klient|elev|beboer|bebuar)|som (?:pasient|klient|"
    r"bruker|brukar|elev) hos|hjemmesykepleien hos deg|saken din (?:i|hos) (?:nav|barnevernet)|hjelpen du får fra|"
    r"hjelpa du får frå)\b",
    re.I,
)


def patient_confirmation(draft: Draft) -> Iterator[Finding]:
    """B-39: a reply never confirms that the writer is a patient, client or pupil."""
    for hit in _RELATION.finditer(draft.text):
        yield Finding("PATIENT_CONFIRMATION", "blocking", *hit.span())


_GREETING = (
    r"(?i:mvh|m\.v\.h\.?|hilsen|helsing|vennlig hilsen|venleg helsing|med vennlig hilsen|med venleg helsing|"
    r"med helsing|beste hilsen)"
)
_SIGNED = re.compile(
    rf"(?:^|\n|[.!?] )[ \t]*(?:{_GREETING}[ ,:\n]*(?!(?i:søgne|kommunen|servicetorget|oss))[A-ZÆØÅ][a-zæøåé]+"
    r"|[-–—] ?[A-ZÆØÅ][a-zæøåé]+(?: [A-ZÆØÅ][a-zæøåé]+|, ))[^\n]*",
)


def signed_by_admin(draft: Draft) -> Iterator[Finding]:
    """Section 4.1 (G-42): the administrator answers for the municipality, without name or title."""
    if draft.author_role not in ADMINISTRATORS:
        return
    if hit := _SIGNED.search(draft.text):
        yield Finding("SIGNED_BY_ADMIN", "blocking", *hit.span())
    elif draft.author_name and (at := draft.text.lower().find(draft.author_name.lower())) >= 0:
        yield Finding("SIGNED_BY_ADMIN", "blocking", at, at + len(draft.author_name))


def title_required(draft: Draft) -> Iterator[Finding]:
    """Section 4.1 (G-43): whoever is not an administrator signs with full name, title and unit."""
    if draft.author_role not in ADMINISTRATORS and not draft.signature:
        yield Finding("TITLE_REQUIRED", "blocking")


_PLACEHOLDER = re.compile(r"\{[^{}\n]{0,60}\}|\[(?:LENKE|LENKJE|NAVN|NAMN|TITTEL|NAVN, TITTEL|DATO|…|\.\.\.)\]|###|XXX")


def placeholder_unfilled(draft: Draft) -> Iterator[Finding]:
    """Section 3.2.1 (G-21): nothing of the template's machinery reaches a citizen."""
    for hit in _PLACEHOLDER.finditer(draft.text):
        yield Finding("PLACEHOLDER_UNFILLED", "blocking", *hit.span())


_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_LINK = re.compile(r"https?://\S+")
_POST = re.compile(r"\b(?:\d{4} [A-ZÆØÅ]|postboks|per post|i posten|postadress)", re.I)


def referral_incomplete(draft: Draft) -> Iterator[Finding]:
    """Sections 3.2.1, 4.1 (G-21, L-09): a redirect names post address, e-mail and link or form; a referral the body
    and a link or an address of it."""
    text = draft.text
    if draft.kind == "redirect" and not (_EMAIL.search(text) and _POST.search(text)):
        yield Finding("REFERRAL_INCOMPLETE", "blocking")
    if draft.kind == "referral":
        body = re.search(
            r"politisk|kommunestyre|formannskap|folkevalgt|folkevald|utvalg|utval|ordfører|ordførar", text, re.I
        )
        if not (body and (_LINK.search(text) or _EMAIL.search(text))):
            yield Finding("REFERRAL_INCOMPLETE", "blocking")


_ASSESSMENT = re.compile(
    r"\b(vi (?:mener|meiner|synes|syns|tror|trur)|etter vår (?:mening|vurdering)|vi er (?:enige|uenige|einige|ueinige)|"
    r"heldigvis|dessverre er politikerne|riktig (?:av|å)|galt (?:av|å)|bør politikerne)\b",
    re.I,
)


def political_assessment(draft: Draft) -> Iterator[Finding]:
    """Section 4.1 (G-46): a political enquiry is referred, never judged."""
    if draft.handling == "refer_politics" or draft.kind == "referral":
        for hit in _ASSESSMENT.finditer(draft.text):
            yield Finding("POLITICAL_ASSESSMENT", "blocking", *hit.span())


_REGISTERED = re.compile(
    r"\b(mottatt|motteke|registrert|journalført|har fått (?:innsyns)?krav\w*|starter behandlingen|sak \d{4}/\d+)", re.I
)
_SENDS_AWAY = re.compile(
    r"\b(send (?:oss|inn|det|dette)|ta kontakt (?:på|per)|må (?:du )?sende|rette? en (?:mer )?formell)", re.I
)


def legal_request_refused(draft: Draft) -> Iterator[Finding]:
    """Section 2.3: a statutory request is valid in any form; the reply says that it is registered."""
    legal = any(flag.startswith("legal_request:") for flag in draft.flags)
    if legal and (hit := _SENDS_AWAY.search(draft.text)) and not _REGISTERED.search(draft.text):
        yield Finding("LEGAL_REQUEST_REFUSED", "blocking", *hit.span())


def link_broken(draft: Draft) -> Iterator[Finding]:
    """Section 3.2.1 (G-22): a form that answers 400 or worse helps nobody; a failed look only warns."""
    for hit in _LINK.finditer(draft.text):
        url = hit[0].rstrip(".,;:!?)")
        if url in draft.dead_links:
            yield Finding("LINK_BROKEN", "blocking", *hit.span())
        elif url in draft.unchecked_links:
            yield Finding("LINK_BROKEN", "warning", *hit.span())


def too_long(draft: Draft) -> Iterator[Finding]:
    """The platform's limit, for the text with its signature (channels.md, section 4)."""
    room = LONGEST_COMMENT - (len(draft.signature) + 2 if draft.signature else 0)
    if len(draft.text) > room:
        yield Finding("TOO_LONG", "blocking", room, len(draft.text))


def source_missing(draft: Draft) -> Iterator[Finding]:
    """Section 4.1 (G-36): a corrected fact names its source."""
    if "fact_error" in draft.flags and not _LINK.search(draft.text):
        yield Finding("SOURCE_MISSING", "warning")


_NYNORSK = re.compile(r"\b(eg|ikkje|kva|korleis|frå|dykk|vart|berre|noko|nokon|kjem|me)\b", re.I)
_BOKMAL = re.compile(r"\b(jeg|ikke|hva|hvordan|fra|dere|ble|bare|noe|noen|kommer|vi)\b", re.I)


def written_form(text: str) -> str | None:
    """`nb` or `nn` by marker words, None when they do not decide."""
    nn, nb = len(_NYNORSK.findall(text)), len(_BOKMAL.findall(text))
    return None if nn == nb else "nn" if nn > nb else "nb"


def language_mismatch(draft: Draft) -> Iterator[Finding]:
    """L-14: the reply follows the sender's written form when the municipality's policy is to mirror it."""
    wanted = draft.message_lang if draft.language_policy == "mirror" else draft.language_policy.removeprefix("fixed:")
    written = written_form(draft.text)
    if wanted in {"nb", "nn"} and written is not None and written != wanted:
        yield Finding("LANGUAGE_MISMATCH", "warning")


_MINOR = re.compile(
    r"\b(går (?:i|på) (?:\d{1,2}\.? ?(?:klasse|trinn|klassen|trinnet)|[1-9][A-H]\b|ungdomsskolen|ungdomsskulen)"
    r"|er (?:1[0-7]|[6-9]) år)\b"
)


def minor(draft: Draft) -> Iterator[Finding]:
    """Section 4.2 (G-49): think before answering somebody who seems to be a child."""
    if _MINOR.search(draft.message_text):
        yield Finding("MINOR", "warning")


def repeated_thanks(draft: Draft) -> Iterator[Finding]:
    """Section 4.1 (G-38): never the same thank-you twice running in a thread."""
    if draft.kind == "thanks" and draft.text.strip() in {text.strip() for text in draft.earlier_thanks}:
        yield Finding("REPEATED_THANKS", "warning")


_LAUGHTER = re.compile("[😂🤣😅😆😜😉😄]|haha|hehe", re.I)


def tone(draft: Draft) -> Iterator[Finding]:
    """Section 4.1 (G-41): no humour towards danger, law, grief or criticism."""
    serious = draft.handling in SERIOUS_HANDLINGS or any(is_serious(flag) for flag in draft.flags)
    if serious and (hit := _LAUGHTER.search(draft.text)):
        yield Finding("TONE", "warning", *hit.span())


CHECKS: tuple[Callable[[Draft], Iterator[Finding]], ...] = (
    decision_in_public,
    confidential,
    national_id,
    patient_confirmation,
    signed_by_admin,
    title_required,
    placeholder_unfilled,
    referral_incomplete,
    political_assessment,
    legal_request_refused,
    link_broken,
    too_long,
    source_missing,
    language_mismatch,
    minor,
    repeated_thanks,
    tone,
)
