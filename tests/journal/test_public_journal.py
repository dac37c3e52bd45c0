"""The public form of an entry and its four formats: what they show, what they must never show."""

import csv
import io
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from uuid import UUID
from xml.etree import ElementTree as ET

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torg_journal.api.formats import Sheet, as_csv, as_html, as_json, as_xml, chosen
from torg_journal.domain.public_journal import (
    SensitiveWords,
    StoredEntry,
    StoredParty,
    Unfit,
    internet_form,
    is_public,
    plain,
    unfit_for_internet,
)
from torg_journal.domain.screening import MASK, Kind, Span, checked, whole
from torg_journal.settings import load

SOGNE = load(Path(__file__).parents[2] / "config" / "sogne")
TODAY = date(2026, 6, 10)
TITLE = "Spørsmål fra Kari Nordmann om gatelys og rullestol"
WORDS = SensitiveWords(("rullestol", "barnevern", "sosiale tjenester"), ("syk", "gjeld"))


def an_entry(**changes: object) -> StoredEntry:
    entry = StoredEntry(
        journalpost_id=UUID(int=1),
        journalaar=2026,
        journalsekvensnummer=17,
        saksmappe_id=UUID(int=2),
        saksaar=2026,
        sakssekvensnummer=4,
        journalpostnummer=1,
        journalposttype="I",
        journalstatus="J",
        journaldato=date(2026, 6, 3),
        tittel=TITLE,
        tittel_spans=checked(
            TITLE, [Span(13, 26, Kind.PERSONNAVN), Span(41, 50, Kind.SKJERMET, "taushetsplikt")], "tittel"
        ),
        saksmappe_tittel="Henvendelse på Facebook om gatelys",
        administrativ_enhet="servicetorget",
        parties=(StoredParty("EA", "Kari Nordmann", whole("Kari Nordmann", kind=Kind.PERSONNAVN)),),
        offentlighetsvurdert_dato=date(2026, 6, 4),
        avskrivningsmaate="BU",
        avskrivningsdato=date(2026, 6, 4),
        avskrevet_av="2026/4-2",
        avskrevet_av_id=UUID(int=3),
    )
    return replace(entry, **changes)  # type: ignore[arg-type]


def a_sheet(*entries: StoredEntry, today: date = TODAY) -> Sheet:
    return Sheet([internet_form(one, today) for one in entries], "/offentlig-journal", {}, None, None, None)


def all_formats(sheet: Sheet) -> dict[str, str]:
    return {
        "html": as_html(sheet, SOGNE),
        "json": str(as_json(sheet, SOGNE)),
        "csv": as_csv(sheet, SOGNE).decode("utf-8-sig"),
        "xml": as_xml(sheet, SOGNE).decode(),
    }


def test_every_format_shows_the_same_entry_without_its_exempt_words() -> None:
    for name, text in all_formats(a_sheet(an_entry())).items():
        assert "rullestol" not in text, name
        assert "Kari Nordmann" in text, name
        assert MASK in text, name
        for told in ("2026/4-1", "2026-06-03", "2026/4"):
            assert told in text, (name, told)
        assert "§ 13" in text, name


def test_no_format_shows_a_name_a_year_and_a_day_later_but_the_entry_stays() -> None:
    for name, text in all_formats(a_sheet(an_entry(), today=date(2027, 6, 4))).items():
        assert "Nordmann" not in text, name
        assert "2026/4-1" in text, name
    for name, text in all_formats(a_sheet(an_entry(), today=date(2027, 6, 3))).items():
        assert "Nordmann" in text, name


def test_nothing_is_public_before_a_person_has_judged_it() -> None:
    assert is_public(an_entry())
    assert not is_public(an_entry(offentlighetsvurdert_dato=None))
    for status in ("M", "U", "registered", ""):
        assert not is_public(an_entry(journalstatus=status))


def test_html_is_text_and_asks_not_to_be_indexed() -> None:
    attack = '<script>alert(1)</script>" onload="x'
    spans = whole(attack, kind=Kind.PERSONNAVN)
    page = as_html(
        a_sheet(an_entry(tittel=attack, tittel_spans=(), parties=(StoredParty("EA", attack, spans),))), SOGNE
    )
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert '<meta name="robots" content="noindex' in page
    assert 'lang="nb"' in page
    assert "arkiv@sogne.kommune.no" in page  # the contact point (Noark 5.2.29)
    assert '<span class="personnavn" data-nosnippet>' in page


@pytest.mark.parametrize("start", ["=1+1", "+47 lys", "-2", "@SUM(A1)", "\t=1", " =1", "\r=1"])
def test_no_cell_of_the_csv_is_a_formula(start: str) -> None:
    found = as_csv(a_sheet(an_entry(tittel=start, tittel_spans=())), SOGNE).decode("utf-8-sig")
    row = list(csv.reader(io.StringIO(found), delimiter=";"))[1]
    assert row[6].startswith("'")
    assert all(not cell.startswith(("=", "+", "-", "@")) for cell in row)


def test_the_xml_has_the_order_of_the_schema_and_no_empty_element() -> None:
    root = ET.fromstring(as_xml(a_sheet(an_entry(dokumentets_dato=None, tittel="a\x0bb", tittel_spans=())), SOGNE))
    space = "{http://www.arkivverket.no/standarder/noark5/offentligJournal}"
    assert [one.tag.removeprefix(space) for one in root] == ["journalhode", "journalregistrering"]
    entry = root.find(f"{space}journalregistrering/{space}journalpost")
    assert entry is not None
    assert [one.tag.removeprefix(space) for one in entry] == [
        "systemID",
        "registreringsID",
        "journalaar",
        "journalsekvensnummer",
        "journalpostnummer",
        "offentligTittel",
        "journaldato",
        "avskrivningsdato",
        "avskrivningsmaate",
        "administrativEnhet",
        "referanseAvskrivesAvJournalpost",
        "korrespondansepart",
    ]
    assert all(one.text or len(one) for one in root.iter())
    assert entry.findtext(f"{space}avskrivningsmaate") == "Besvart med brev"  # names, not codes


def test_an_undated_document_is_called_so() -> None:
    assert "Udatert" in as_html(a_sheet(an_entry(dokumentets_dato=None)), SOGNE)


def test_an_empty_day_is_a_page_too() -> None:
    empty = Sheet([], "/offentlig-journal/2026-06-01", {}, date(2026, 6, 1), date(2026, 6, 1), None)
    assert "ingen innførsler" in as_html(empty, SOGNE)
    assert as_json(empty, SOGNE)["items"] == []
    assert "<antallJournalposter>0<" in as_xml(empty, SOGNE).decode()


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({}, []),
        ({"tittel": "Om 17849003070", "tittel_spans": ()}, [Unfit("tittel", "national_id")]),
        ({"saksmappe_tittel": "Ring 912 34 567"}, [Unfit("saksmappe_tittel", "phone")]),
        ({"tittel": "Svar til kari@example.no", "tittel_spans": ()}, [Unfit("tittel", "email")]),
        ({"tittel": "Om barnevernssak", "tittel_spans": ()}, [Unfit("tittel", "sensitive")]),
        ({"tittel": "Om barnevernssak", "tittel_spans": (), "parties": (StoredParty("EA", "Lunde vel"),)}, []),
        ({"tittel": "Klage fra Kari Nordmann", "tittel_spans": ()}, [Unfit("tittel", "untagged_name")]),
        ({"tittel": "Gatelys", "tittel_spans": ()}, []),
        ({"tittel": "Om sosiale tjenester", "tittel_spans": ()}, [Unfit("tittel", "sensitive")]),
        ({"tittel": "Mor er syk.", "tittel_spans": ()}, [Unfit("tittel", "sensitive")]),
        ({"tittel": "Dette gjelder sykkelvei i sosiale medier", "tittel_spans": ()}, []),
        ({"tittel": "Snørydding i Bakkegata 12", "tittel_spans": ()}, [Unfit("tittel", "address")]),
        ({"tittel": "Snørydding i Bakkegata 12", "tittel_spans": (), "parties": (StoredParty("EA", "Vel"),)}, []),
    ],
)
def test_l12_what_never_goes_online_is_found(changes: dict[str, object], found: list[Unfit]) -> None:
    assert list(unfit_for_internet(an_entry(**changes), WORDS)) == found


def test_l12_what_is_masked_is_not_found() -> None:
    text = "Om 17849003070"
    spans = checked(text, [Span(3, 14, Kind.SKJERMET, "foedselsnummer")], "tittel")
    assert unfit_for_internet(an_entry(tittel=text, tittel_spans=spans), WORDS) == ()


@pytest.mark.parametrize(
    ("asked", "accept", "kind"),
    [
        (None, "text/html,application/xhtml+xml,application/xml;q=0.9", "html"),
        (None, "application/json", "json"),
        (None, "*/*", "html"),
        (None, "", "html"),
        (None, "text/csv;q=1", "csv"),
        ("xml", "text/html", "xml"),
    ],
)
def test_the_format_is_asked_for_by_name_or_by_header(asked: str | None, accept: str, kind: str) -> None:
    assert chosen(asked, accept) == kind  # type: ignore[arg-type]


secret_words = st.text(st.characters(whitelist_categories=("Lu", "Ll", "Nd")), min_size=6, max_size=12)


@given(
    secret=secret_words,
    name=secret_words,
    before=st.text(max_size=12),
    after=st.text(max_size=12),
    age=st.integers(0, 800),
)
@settings(max_examples=80, deadline=None)
def test_inv17_no_format_ever_holds_an_exempt_word_or_a_name_older_than_a_year(
    secret: str, name: str, before: str, after: str, age: int
) -> None:
    """INV-17: whatever stands around the words, in every field and format."""
    assume(secret not in name and name not in secret)
    text = f"{before} {secret} {name} {after}"
    at, named = len(before) + 1, len(before) + len(secret) + 2
    spans = checked(
        text,
        [
            Span(at, at + len(secret), Kind.SKJERMET, "taushetsplikt"),
            Span(named, named + len(name), Kind.PERSONNAVN),
        ],
        "tittel",
    )
    entry = an_entry(
        tittel=text,
        tittel_spans=spans,
        saksmappe_tittel=text,
        saksmappe_spans=spans,
        parties=(StoredParty("EA", text, spans),),
    )
    today = entry.journaldato + timedelta(days=age)
    around = before + after + "".join(all_formats(a_sheet(an_entry(tittel="", tittel_spans=(), parties=()))).values())
    for kind, shown in all_formats(a_sheet(entry, today=today)).items():
        if secret not in around:
            assert secret not in shown, kind
        if age > 366 and name not in around:
            assert name not in shown, kind


def test_plain_is_the_text_of_the_pieces() -> None:
    assert plain(internet_form(an_entry(), TODAY).tittel) == "Spørsmål fra Kari Nordmann om gatelys og *****"
