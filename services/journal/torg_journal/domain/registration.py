"""How a message, a question, an answer and a published reply become journalposter (guideline 3.2.2; G-27 to G-29)."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from .cases import (
    DISPATCHED,
    JSON_FORMAT,
    OPEN,
    PLAIN_TEXT,
    PUID_OF_MIME,
    REGISTERED,
    Case,
    Consultation,
    Document,
    Draft,
    Entry,
    Party,
    Remark,
    sha256,
)
from .facts import Medium, Message, Reply, Wording
from .house import PLATFORMS, House

UNKNOWN_AUTHOR = "Ukjent avsender"
_NO_TEXT = "[Plattformen har ikke oppgitt teksten.]"
_TITLES = {
    "holding": "Foreløpig melding om",
    "preliminary": "Foreløpig svar på",
    "correction": "Rettelse til svar på",
    "redirect": "Veiledning om",
    "referral": "Henvisning av",
    "thanks": "Takk for",
}


def upper_first(text: str) -> str:
    return text[:1].upper() + text[1:]


def lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]


def author_name(message: Message) -> str:
    """The sender as the platform names them; a handle when that is all there is."""
    first = message.wordings[min(message.wordings)] if message.wordings else None
    return (first and (first.author_name or first.author_handle)) or UNKNOWN_AUTHOR


def is_known(message: Message) -> bool:
    return author_name(message) != UNKNOWN_AUTHOR


def citizen(message: Message, korrespondanseparttype: str) -> Party:
    first = message.wordings[min(message.wordings)] if message.wordings else None
    handle = first.author_handle if first else None
    return Party(korrespondanseparttype, author_name(message), is_person=is_known(message), handle=handle)


def text_of(content: bytes, title: str, name: str, *, number: int = 1, version: int = 1, kind: str) -> Document:
    """A plain text document with its bytes."""
    return Document(
        dokumentnummer=number,
        versjonsnummer=version,
        tilknyttet_som="H" if number == 1 else "V",
        tittel=title,
        dokumenttype=kind,
        variantformat="A",
        format=PLAIN_TEXT,
        mime="text/plain; charset=utf-8",
        filnavn=name,
        sha256=sha256(content),
        content=content,
    )


def evidence(message: Message, wording: Wording, house: House) -> tuple[Document, ...]:
    """The message as text (Hoveddokument) and the snapshot that ingest took (Vedlegg, fetched later by its hash)."""
    snapshot = Document(
        dokumentnummer=2,
        versjonsnummer=1,
        tilknyttet_som="V",
        tittel="Øyeblikksbilde fra plattformen",
        dokumenttype="VEDLEGG",
        variantformat="P",
        format=JSON_FORMAT,
        mime="application/json",
        filnavn=f"{wording.snapshot_id}.json",
        sha256=wording.sha256,
        snapshot_id=wording.snapshot_id,
    )
    content = readable(message, wording, house).encode()
    text = text_of(content, "Meldingen som tekst", f"{message.message_id}-{wording.version}.txt", kind="MELDING")
    return text, snapshot


def readable(message: Message, wording: Wording, house: House) -> str:
    """The message with what one needs to know of it: author, place, times, identity."""
    received = message.received
    assert received is not None
    local = house.calendar.local(received.at)
    lines = [
        f"Plattform: {PLATFORMS.get(received.platform, received.platform)}",
        f"Avsender: {author_name(message)}",
        f"Avsenders id: {wording.author_handle or 'ikke oppgitt'}",
        f"Mottatt: {local.isoformat(timespec='seconds')}",
        f"Lenke: {received.permalink or 'ingen'}",
        f"Plattformens id: {received.external_id}",
        f"Melding: {message.message_id}, versjon {wording.version}",
        f"Øyeblikksbilde: {wording.snapshot_id}, SHA-256 {wording.sha256}",
        "",
        wording.text if wording.text is not None else _NO_TEXT,
        "",
    ]
    return "\n".join(lines)


def media_documents(media: Sequence[Medium], snapshot_id: UUID, first: int) -> tuple[Document, ...]:
    """Pictures and films of a message, as Vedlegg from number `first` on; the bytes are fetched by hash."""
    return tuple(
        Document(
            dokumentnummer=number,
            versjonsnummer=1,
            tilknyttet_som="V",
            tittel=f"Vedlegg {number - first + 1}",
            dokumenttype="VEDLEGG",
            variantformat="P",
            format=PUID_OF_MIME.get(one.mime, "av/0"),
            mime=one.mime,
            filnavn=one.sha256,
            sha256=one.sha256,
            snapshot_id=snapshot_id,
        )
        for number, one in enumerate(media, first)
    )


def new_case(case_id: UUID, message: Message, topic: str | None, house: House, now: datetime, by: str) -> Case:
    """A saksmappe for `message`, without its number; servicetorget is case handler (G-26)."""
    platform = message.received.platform if message.received else ""
    title = upper_first(house.subject_of(platform, topic))
    return Case(
        id=case_id,
        conversation_id=message.conversation_id,
        author_key=message.author_key,
        message_id=message.message_id,
        saksaar=0,
        sakssekvensnummer=0,
        tittel=title,
        tittel_spans=(),
        offentlig_tittel=title,
        klasse_id=None,
        klasse_tittel=None,
        saksdato=house.calendar.day_of(now),
        administrativ_enhet=house.administrativ_enhet,
        saksansvarlig=house.saksansvarlig,
        saksstatus=OPEN,
        stage="opened",
        close_when_ready=None,
        antall_journalposter=0,
        skjermet=False,
        tilgangsrestriksjon=None,
        skjermingshjemmel=None,
        units=(),
        opprettet_dato=now,
        opprettet_av=by,
        avsluttet_dato=None,
        avsluttet_av=None,
        reason=None,
        changed_at=now,
        changed_by=by,
        version=1,
    )


def incoming(entry_id: UUID, case_id: UUID, message: Message, wording: Wording, topic: str | None, h: House) -> Draft:
    """The inngående journalpost of a message: received time, sender, a title without the sender's name (G-27)."""
    received = message.received
    assert received is not None
    return Draft(
        id=entry_id,
        saksmappe_id=case_id,
        conversation_id=message.conversation_id,
        journalposttype="I",
        journalstatus=REGISTERED,
        tittel=upper_first(h.subject_of(received.platform, topic)),
        parties=(
            citizen(message, "EA"),
            Party("IM", h.unit_name(h.administrativ_enhet), administrativ_enhet=h.administrativ_enhet),
        ),
        documents=evidence(message, wording, h),
        administrativ_enhet=h.administrativ_enhet,
        saksbehandler=h.saksansvarlig,
        opprettet_av="journal",
        message_id=message.message_id,
        message_version=wording.version,
        dokumentets_dato=h.calendar.day_of(received.at),
        mottatt_dato=received.at,
        permalink=received.permalink,
        visibility="private" if received.kind == "private" else "public",
    )


def outgoing(
    entry_id: UUID, case_id: UUID, message: Message, reply: Reply, subject: str, refers_to: tuple[UUID, ...], h: House
) -> Draft:
    """The utgående journalpost of a published reply: the text exactly as published, Ekspedert at the platform's time
    (G-29)."""
    sent = reply.published
    assert sent is not None
    title = f"{_TITLES.get(reply.counts_as, 'Svar på')} {lower_first(subject)}"
    content = sent.text.encode()
    return Draft(
        id=entry_id,
        saksmappe_id=case_id,
        conversation_id=message.conversation_id,
        journalposttype="U",
        journalstatus=DISPATCHED,
        tittel=title,
        parties=(
            Party("IA", h.unit_name(h.administrativ_enhet), administrativ_enhet=h.administrativ_enhet),
            citizen(message, "EM"),
        ),
        documents=(text_of(content, "Svaret slik det ble publisert", f"{reply.reply_id}.txt", kind="KORR"),),
        administrativ_enhet=h.administrativ_enhet,
        saksbehandler=h.saksansvarlig,
        opprettet_av=sent.by,
        message_id=message.message_id,
        reply_id=reply.reply_id,
        dokumentets_dato=h.calendar.day_of(sent.at),
        sendt_dato=sent.at,
        permalink=sent.permalink,
        visibility=reply.visibility,
        unapproved=sent.captured,
        binding_sha256=sent.binding_sha256,
        refers_to=refers_to,
    )


def question(entry_id: UUID, case_id: UUID, asked: Consultation, subject: str, h: House) -> Draft:
    """A question as organinternt dokument for oppfølging (G-28)."""
    return _internal(
        entry_id,
        case_id,
        asked,
        h,
        journalposttype="N",
        part="question",
        tittel=f"Forespørsel til {asked_name(asked, h)} om {lower_first(subject)}",
        text=asked.question,
        parties=(front_line(h), asked_party(asked, "IM", h)),
    )


def answer(
    entry_id: UUID, case_id: UUID, asked: Consultation, subject: str, refers_to: tuple[UUID, ...], h: House
) -> Draft:
    """The answer to a question, as N or X by the municipality's choice (G-28)."""
    signed = ", ".join(
        part
        for part in (
            asked.answerer_name,
            asked.answerer_title,
            h.unit_name(asked.answerer_unit) if asked.answerer_unit else None,
        )
        if part
    )
    source = f"\nKilde: {asked.source_ref}" if asked.source_ref else ""
    return _internal(
        entry_id,
        case_id,
        asked,
        h,
        journalposttype=h.answer_type,
        part="answer",
        tittel=f"Svar fra {asked_name(asked, h)} om {lower_first(subject)}",
        text=f"{asked.answer}\n\n{signed}{source}\n",
        parties=(asked_party(asked, "IA", h), front_line(h, "IM")),
        refers_to=refers_to,
    )


def front_line(h: House, korrespondanseparttype: str = "IA") -> Party:
    return Party(korrespondanseparttype, h.unit_name(h.administrativ_enhet), administrativ_enhet=h.administrativ_enhet)


def asked_name(asked: Consultation, h: House) -> str:
    return h.unit_name(asked.unit) if asked.unit else (asked.source or "ekstern kilde")


def asked_party(asked: Consultation, korrespondanseparttype: str, h: House) -> Party:
    return Party(
        korrespondanseparttype,
        asked_name(asked, h),
        administrativ_enhet=asked.unit,
        saksbehandler=asked.answered_by if korrespondanseparttype == "IA" else None,
    )


def _internal(
    entry_id: UUID,
    case_id: UUID,
    asked: Consultation,
    h: House,
    *,
    journalposttype: str,
    part: str,
    tittel: str,
    text: str,
    parties: tuple[Party, ...],
    refers_to: tuple[UUID, ...] = (),
) -> Draft:
    at = asked.asked_at if part == "question" else asked.ended_at
    content = text.encode()
    return Draft(
        id=entry_id,
        saksmappe_id=case_id,
        conversation_id=asked.conversation_id,
        journalposttype=journalposttype,
        journalstatus=REGISTERED,
        tittel=tittel,
        parties=parties,
        documents=(text_of(content, tittel, f"{asked.id}-{part}.txt", kind="NOTAT"),),
        administrativ_enhet=h.administrativ_enhet,
        saksbehandler=h.saksansvarlig,
        opprettet_av=asked.asked_by if part == "question" else asked.answered_by or asked.changed_by,
        message_id=asked.message_id,
        consultation_id=asked.id,
        consultation_part=part,
        dokumentets_dato=h.calendar.day_of(at or asked.asked_at),
        refers_to=refers_to,
    )


def remarks_on_incoming(entry: Draft | Entry, message: Message, h: House) -> list[Remark]:
    """What the archive should know of the message besides its document: later wordings, deletion, received time."""
    found = [
        Remark(
            entry.id,
            f"version:{one.version}",
            f"Avsenderen endret meldingen {h.calendar.local(one.at):%d.%m.%Y kl. %H:%M} (versjon {one.version}). "
            "Dokumentet her er slik meldingen lød da den ble registrert.",
        )
        for one in message.wordings.values()
        if entry.message_version is not None and one.version > entry.message_version
    ]
    if message.deleted_at:
        at = f"{h.calendar.local(message.deleted_at):%d.%m.%Y kl. %H:%M}"
        found.append(Remark(entry.id, "deleted", f"Avsenderen slettet meldingen {at}."))
    if message.received and message.received.note:
        found.append(Remark(entry.id, "received", f"Mottatt tid: {message.received.note}"))
    return found


def remarks_on_outgoing(entry_id: UUID, reply: Reply, *, avskriver: bool) -> list[Remark]:
    """How it was answered (L-13), that nobody approved it (B-21), that the platform shows another text (B-24)."""
    sent = reply.published
    assert sent is not None
    found = []
    if avskriver:
        where = f": {sent.permalink}" if sent.permalink else ""
        found.append(Remark(entry_id, "answered", f"Besvart i sosialt medium{where}"))
    if sent.captured:
        found.append(Remark(entry_id, "unapproved", "Skrevet i plattformens egen app. Ikke godkjent på forhånd."))
    if reply.found_text is not None:
        found.append(
            Remark(
                entry_id,
                "mismatch",
                "Teksten på plattformen avviker fra den som ble godkjent; den står som versjon 2 av dokumentet.",
            )
        )
    if reply.state == "withdrawn":
        found.append(Remark(entry_id, "withdrawn", "Svaret er trukket tilbake fra plattformen."))
    return found
