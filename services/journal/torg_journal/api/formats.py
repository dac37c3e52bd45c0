"""The public journal as HTML, JSON, CSV and XML, all written from the same public form of the entries."""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from html import escape
from typing import Any, Literal
from urllib.parse import urlencode
from xml.etree import ElementTree as ET

from torg_journal.domain.public_journal import UNDATED, PublicEntry, plain
from torg_journal.domain.screening import Piece
from torg_journal.settings.municipality import Municipality

from .views import AVSKRIVNINGSMAATE

Format = Literal["html", "json", "csv", "xml"]
MEDIA_TYPES: Mapping[Format, str] = {
    "html": "text/html; charset=utf-8",
    "json": "application/json",
    "csv": "text/csv; charset=utf-8",
    "xml": "application/xml; charset=utf-8",
}
# kept out of search engines (Noark 5.2.32); the page runs nothing and loads nothing
HEADERS = {
    "X-Robots-Tag": "noindex, nofollow, noarchive",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Vary": "Accept",
}
TYPES = {
    "I": "Inngående dokument",
    "U": "Utgående dokument",
    "N": "Organinternt dokument for oppfølging",
    "X": "Organinternt dokument uten oppfølging",
}
PARTIES = {
    "EA": "Avsender",
    "EM": "Mottaker",
    "EK": "Kopimottaker",
    "IA": "Intern avsender",
    "IM": "Intern mottaker",
}
_RESTRICTION = "Unntatt offentlighet"
_NAMESPACE = "http://www.arkivverket.no/standarder/noark5/offentligJournal"
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Sheet:
    """One page of the journal: its entries, the days it covers, and where the pages around it are."""

    entries: Sequence[PublicEntry]
    path: str
    query: Mapping[str, str]
    first_day: date | None
    last_day: date | None
    following: str | None


def chosen(asked: Format | None, accept: str) -> Format:
    """The format that was asked for by name, or the first that the Accept header names; HTML for a browser."""
    if asked:
        return asked
    for part in accept.split(","):
        match part.split(";")[0].strip().lower():
            case "text/html" | "application/xhtml+xml":
                return "html"
            case "application/json":
                return "json"
            case "text/csv":
                return "csv"
            case "application/xml" | "text/xml":
                return "xml"
    return "html"


def as_json(sheet: Sheet, municipality: Municipality) -> dict[str, Any]:
    """The page as data; `tittel_deler` marks which parts are a natural person's name."""
    page = municipality.profile.public_journal
    return {
        "organ": municipality.profile.name,
        "kontakt": page.contact.model_dump(exclude_defaults=True),
        "om": page.statement,
        "items": [_item(one, municipality) for one in sheet.entries],
        "next": sheet.following,
    }


def _item(one: PublicEntry, municipality: Municipality) -> dict[str, Any]:
    return {
        "journalpost_id": str(one.journalpost_id),
        "registreringsID": one.registrerings_id,
        "mappeID": one.saksnummer,
        "journalaar": one.journalaar,
        "journalsekvensnummer": one.journalsekvensnummer,
        "journalposttype": one.journalposttype,
        "journaldato": one.journaldato.isoformat(),
        "dokumentetsDato": one.dokumentets_dato.isoformat() if one.dokumentets_dato else UNDATED,
        "klasseID": one.klasse_id,
        "saksmappe_offentligTittel": plain(one.saksmappe_tittel),
        "offentligTittel": plain(one.tittel),
        "tittel_deler": [_part(piece) for piece in one.tittel],
        "korrespondanseparter": [
            {
                "korrespondanseparttype": party.korrespondanseparttype,
                "korrespondansepartNavn": plain(party.name),
                "personnavn": any(piece.personnavn for piece in party.name),
            }
            for party in one.parties
        ],
        "administrativEnhet": _unit(one, municipality),
        "avskrivningsmaate": one.avskrivningsmaate,
        "avskrivningsdato": one.avskrivningsdato.isoformat() if one.avskrivningsdato else None,
        "referanseAvskrivesAvJournalpost": one.avskrevet_av,
        "tilgangsrestriksjon": _RESTRICTION if one.hjemler else None,
        "skjermingshjemmel": _hjemler(one, municipality),
        "skjermingMetadata": list(one.skjerming_metadata),
    }


def _part(piece: Piece) -> dict[str, Any]:
    return {"tekst": piece.text, "personnavn": piece.personnavn}


_COLUMNS = (
    "Løpenummer",
    "Saks- og dokumentnummer",
    "Journaldato",
    "Dokumentets dato",
    "Type",
    "Avsender/mottaker",
    "Tittel",
    "Sak",
    "Klasse",
    "Enhet",
    "Avskrevet",
    "Skjermingshjemmel",
)


def _cells(one: PublicEntry, municipality: Municipality) -> tuple[str, ...]:
    avskrevet = ""
    if one.avskrivningsmaate:
        told = AVSKRIVNINGSMAATE.get(one.avskrivningsmaate, one.avskrivningsmaate)
        when = f" {one.avskrivningsdato.isoformat()}" if one.avskrivningsdato else ""
        avskrevet = told + when + (f" ({one.avskrevet_av})" if one.avskrevet_av else "")
    return (
        f"{one.journalsekvensnummer}/{one.journalaar}",
        one.registrerings_id,
        one.journaldato.isoformat(),
        one.dokumentets_dato.isoformat() if one.dokumentets_dato else UNDATED,
        one.journalposttype,
        "; ".join(f"{_party(party.korrespondanseparttype)}: {plain(party.name)}" for party in one.parties),
        plain(one.tittel),
        plain(one.saksmappe_tittel),
        one.klasse_id or "",
        _unit(one, municipality),
        avskrevet,
        _hjemler(one, municipality) or "",
    )


def as_csv(sheet: Sheet, municipality: Municipality) -> bytes:
    """Semicolons and a byte order mark, as spreadsheets here expect; no cell can become a formula."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(_COLUMNS)
    for one in sheet.entries:
        writer.writerow([_harmless(cell) for cell in _cells(one, municipality)])
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def _harmless(cell: str) -> str:
    """A cell that a spreadsheet would calculate begins with an apostrophe instead."""
    return "'" + cell if cell.lstrip(" \u00a0").startswith(_FORMULA) or cell.startswith(_FORMULA) else cell


def as_xml(sheet: Sheet, municipality: Municipality) -> bytes:
    """Noark 5 `offentligJournal`; the order of elements is the schema's. The schema knows no empty journal."""
    root = ET.Element("offentligJournal", xmlns=_NAMESPACE)
    head = ET.SubElement(root, "journalhode")
    days = [one.journaldato for one in sheet.entries]
    first = sheet.first_day or min(days, default=date.min)
    last = sheet.last_day or max(days, default=date.min)
    _put(head, "journalStartDato", first.isoformat())
    _put(head, "journalSluttDato", last.isoformat())
    _put(head, "antallJournalposter", str(len(sheet.entries)))
    maker = ET.SubElement(head, "arkivskaper")
    _put(maker, "arkivskaperID", municipality.profile.organisation_number)
    _put(maker, "arkivskaperNavn", municipality.profile.name)
    for one in sorted(sheet.entries, key=lambda one: (one.journalaar, one.journalsekvensnummer)):
        _registration(ET.SubElement(root, "journalregistrering"), one, municipality)
    ET.indent(root)
    written: bytes = ET.tostring(root, encoding="UTF-8", xml_declaration=True)
    return written


def _registration(parent: ET.Element, one: PublicEntry, municipality: Municipality) -> None:
    case = ET.SubElement(parent, "saksmappe")
    _put(case, "mappeID", one.saksnummer)
    _put(case, "saksaar", str(one.saksaar))
    _put(case, "sakssekvensnummer", str(one.sakssekvensnummer))
    _put(case, "offentligTittel", plain(one.saksmappe_tittel))
    _put(case, "administrativEnhet", _unit(one, municipality))
    entry = ET.SubElement(parent, "journalpost")
    _put(entry, "systemID", str(one.journalpost_id))
    _put(entry, "registreringsID", one.registrerings_id)
    _put(entry, "journalaar", str(one.journalaar))
    _put(entry, "journalsekvensnummer", str(one.journalsekvensnummer))
    _put(entry, "journalpostnummer", str(one.journalpostnummer))
    _put(entry, "offentligTittel", plain(one.tittel))
    _put(entry, "skjermingMetadata", one.skjerming_metadata[0] if one.skjerming_metadata else None)
    _put(entry, "journaldato", one.journaldato.isoformat())
    _put(entry, "dokumentetsDato", one.dokumentets_dato.isoformat() if one.dokumentets_dato else None)
    _put(entry, "avskrivningsdato", one.avskrivningsdato.isoformat() if one.avskrivningsdato else None)
    _put(entry, "avskrivningsmaate", AVSKRIVNINGSMAATE.get(one.avskrivningsmaate or ""))
    _put(entry, "administrativEnhet", _unit(one, municipality))
    _put(entry, "referanseAvskrivesAvJournalpost", str(one.avskrevet_av_id) if one.avskrevet_av_id else None)
    _put(entry, "tilgangsrestriksjon", _RESTRICTION if one.hjemler else None)
    _put(entry, "skjermingshjemmel", _hjemler(one, municipality))
    for party in one.parties:
        element = ET.SubElement(entry, "korrespondansepart")
        _put(element, "korrespondanseparttype", _party(party.korrespondanseparttype))
        _put(element, "korrespondansepartNavn", plain(party.name))


def _put(parent: ET.Element, name: str, value: str | None) -> None:
    """An element with content; an empty one is left out (Noark 6.4.5)."""
    if value:
        ET.SubElement(parent, name).text = _NOT_XML.sub("\ufffd", value)


_STYLE = """
body{font:1rem/1.5 system-ui,sans-serif;margin:0 auto;max-width:90rem;padding:1rem;color:#1a1a1a;background:#fff}
h1{font-size:1.5rem}table{border-collapse:collapse;width:100%}caption{text-align:left;font-weight:600;padding:.5rem 0}
th,td{border:1px solid #767676;padding:.35rem .5rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}
thead th{background:#eef2f6}.scroll{overflow-x:auto}a{color:#0b4f8a}a:focus,.scroll:focus{outline:3px solid #0b4f8a}
"""


def as_html(sheet: Sheet, municipality: Municipality) -> str:
    """A plain table that works without script, with a keyboard and on paper."""
    page, name = municipality.profile.public_journal, municipality.profile.name
    rows = "\n".join(_row(one, municipality) for one in sheet.entries)
    heads = "".join(f'<th scope="col">{escape(one)}</th>' for one in _COLUMNS)
    body = (
        f'<div class="scroll" tabindex="0" role="region" aria-labelledby="oversikt"><table>'
        f'<caption id="oversikt">{escape(_covers(sheet))}</caption>'
        f"<thead><tr>{heads}</tr></thead><tbody>\n{rows}\n</tbody></table></div>"
        if sheet.entries
        else f"<p>{escape(_covers(sheet))}: ingen innførsler.</p>"
    )
    links = [_link(sheet, {"format": kind}, kind.upper()) for kind in ("csv", "json", "xml")]
    if sheet.following:
        links.insert(0, _link(sheet, {"after": sheet.following}, "Neste side"))
    contact = page.contact
    return f"""<!doctype html>
<html lang="{municipality.profile.language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex, nofollow, noarchive">
<title>{escape(page.title)}</title>
<style>{_STYLE}</style>
</head>
<body>
<main>
<h1>{escape(page.title)}</h1>
<p>{escape(page.statement)}</p>
{body}
<nav aria-label="Flere sider og andre formater"><p>{" · ".join(links)}</p></nav>
</main>
<footer>
<p>Kontakt: {escape(name)}, {escape(contact.unit)},
<a href="mailto:{escape(contact.email)}">{escape(contact.email)}</a>, telefon {escape(contact.phone)}</p>
</footer>
</body>
</html>
"""


def _row(one: PublicEntry, municipality: Municipality) -> str:
    cells = [escape(cell) for cell in _cells(one, municipality)]
    cells[4] = f'<abbr title="{escape(TYPES.get(one.journalposttype, ""))}">{cells[4]}</abbr>'
    cells[5] = "; ".join(
        f"{escape(_party(party.korrespondanseparttype))}: {_marked(party.name)}" for party in one.parties
    )
    cells[6] = _marked(one.tittel)
    cells[7] = _marked(one.saksmappe_tittel)
    return f'<tr><th scope="row">{cells[0]}</th>' + "".join(f"<td>{cell}</td>" for cell in cells[1:]) + "</tr>"


def _marked(parts: Sequence[Piece]) -> str:
    return "".join(
        f'<span class="personnavn" data-nosnippet>{escape(one.text)}</span>' if one.personnavn else escape(one.text)
        for one in parts
    )


def _covers(sheet: Sheet) -> str:
    if sheet.first_day and sheet.first_day == sheet.last_day:
        return f"Journaldato {sheet.first_day.isoformat()}"
    if sheet.first_day or sheet.last_day:
        first = sheet.first_day.isoformat() if sheet.first_day else "begynnelsen"
        last = sheet.last_day.isoformat() if sheet.last_day else "i dag"
        return f"Journaldato fra {first} til {last}"
    return "Nyeste innførsler først"


def _link(sheet: Sheet, change: Mapping[str, str], text: str) -> str:
    query = {**sheet.query, **change}
    return f'<a href="{escape(sheet.path)}?{escape(urlencode(query))}">{escape(text)}</a>'


def _unit(one: PublicEntry, municipality: Municipality) -> str:
    unit = municipality.units.get(one.administrativ_enhet)
    return unit.name if unit else one.administrativ_enhet


def _hjemler(one: PublicEntry, municipality: Municipality) -> str | None:
    labels = [municipality.legal_basis[code].label for code in one.hjemler if code in municipality.legal_basis]
    return ", ".join(labels) or None


def _party(code: str) -> str:
    return PARTIES.get(code, code)
