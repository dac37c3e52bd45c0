"""How the journal's things look as JSON: Noark's names for Noark's fields, English for the rest."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from torg_journal.domain.house import House
from torg_journal.domain.working import Row
from torg_journal.store.reading import Parts

SAKSSTATUS = {"B": "Under behandling", "A": "Avsluttet", "U": "Utgår"}
JOURNALSTATUS = {"M": "Registrert", "J": "Journalført", "E": "Ekspedert", "A": "Arkivert", "U": "Utgår"}
AVSKRIVNINGSMAATE = {
    "BU": "Besvart med brev",
    "BE": "Besvart med e-post",
    "TLF": "Besvart på telefon",
    "TE": "Tatt til etterretning",
    "TO": "Tatt til orientering",
    "BN": "Besvart med notat",
    "SA": "Saken ble avsluttet",
}


def case(row: Any) -> dict[str, Any]:
    """A Saksmappe, from its row or its domain value."""
    return {
        "id": row.id,
        "systemID": row.id,
        "conversation_id": row.conversation_id,
        "message_id": row.message_id,
        "mappeID": f"{row.saksaar}/{row.sakssekvensnummer}",
        "saksnummer": f"{row.saksaar}/{row.sakssekvensnummer}",
        "saksaar": row.saksaar,
        "sakssekvensnummer": row.sakssekvensnummer,
        "tittel": row.tittel,
        "offentligTittel": row.offentlig_tittel,
        "klasseID": row.klasse_id,
        "klasseTittel": row.klasse_tittel,
        "saksdato": row.saksdato,
        "administrativEnhet": row.administrativ_enhet,
        "saksansvarlig": row.saksansvarlig,
        "saksstatus": row.saksstatus,
        "saksstatus_name": SAKSSTATUS[row.saksstatus],
        "stage": row.stage,
        "close_when_ready": row.close_when_ready,
        "antallJournalposter": row.antall_journalposter,
        "skjermet": row.skjermet,
        "tilgangsrestriksjon": row.tilgangsrestriksjon,
        "skjermingshjemmel": row.skjermingshjemmel,
        "opprettetDato": row.opprettet_dato,
        "opprettetAv": row.opprettet_av,
        "avsluttetDato": row.avsluttet_dato,
        "avsluttetAv": row.avsluttet_av,
        "reason": row.reason,
        "version": row.version,
    }


def entry(row: Any, saksnummer: str, parts: Parts) -> dict[str, Any]:
    """A Journalpost with its parties, documents, avskrivninger and merknader."""
    return {
        "id": row.id,
        "systemID": row.id,
        "saksmappe_id": row.saksmappe_id,
        "message_id": row.message_id,
        "message_version": row.message_version,
        "reply_id": row.reply_id,
        "consultation_id": row.consultation_id,
        "saksnummer": saksnummer,
        "registreringsID": f"{saksnummer}-{row.journalpostnummer}",
        "journalaar": row.journalaar,
        "journalsekvensnummer": row.journalsekvensnummer,
        "journalpostnummer": row.journalpostnummer,
        "journalposttype": row.journalposttype,
        "journalstatus": row.journalstatus,
        "journalstatus_name": JOURNALSTATUS[row.journalstatus],
        "journaldato": row.journaldato,
        "dokumentetsDato": row.dokumentets_dato,
        "mottattDato": row.mottatt_dato,
        "sendtDato": row.sendt_dato,
        "forfallsdato": row.forfallsdato,
        "tittel": row.tittel,
        "offentlighetsvurdertDato": row.offentlighetsvurdert_dato,
        "tilgangsrestriksjon": row.tilgangsrestriksjon,
        "skjermingshjemmel": row.skjermingshjemmel,
        "published_at": row.published_at,
        "permalink": row.permalink,
        "visibility": row.visibility,
        "unapproved": row.unapproved,
        "binding_sha256": row.binding_sha256,
        "administrativEnhet": row.administrativ_enhet,
        "saksbehandler": row.saksbehandler,
        "opprettetDato": row.opprettet_dato,
        "opprettetAv": row.opprettet_av,
        "journalfoertDato": row.journalfoert_dato,
        "arkivertDato": row.arkivert_dato,
        "utgaarGrunn": row.utgaar_grunn,
        "korrespondanseparter": [_party(one) for one in parts.parties.get(row.id, ())],
        "dokumenter": [document(one) for one in parts.documents.get(row.id, ())],
        "avskrivninger": [_avskrivning(one) for one in parts.avskrivninger.get(row.id, ())],
        "avskriver": [one.incoming for one in parts.avskriver.get(row.id, ())],
        "merknader": remarks(parts, row.id),
        "entry_hash": row.entry_hash.hex(),
        "version": row.version,
    }


def _party(row: Any) -> dict[str, Any]:
    return {
        "number": row.ordinal,
        "korrespondanseparttype": row.korrespondanseparttype,
        "korrespondansepartNavn": row.navn,
        "administrativEnhet": row.administrativ_enhet,
        "saksbehandler": row.saksbehandler,
    }


def document(row: Any) -> dict[str, Any]:
    return {
        "id": row.id,
        "dokumentnummer": row.dokumentnummer,
        "versjonsnummer": row.versjonsnummer,
        "tilknyttetRegistreringSom": row.tilknyttet_som,
        "tittel": row.tittel,
        "dokumenttype": row.dokumenttype,
        "variantformat": row.variantformat,
        "format": row.format,
        "mimeType": row.mime,
        "filnavn": row.filnavn,
        "sjekksum": row.sha256,
        "sjekksumAlgoritme": "SHA256",
        "filstoerrelse": row.size,
        "state": "stored" if row.size is not None else "missing" if row.missing else "pending",
    }


def _avskrivning(row: Any) -> dict[str, Any]:
    return {
        "avskrivningsdato": row.avskrivningsdato,
        "avskrevetAv": row.avskrevet_av,
        "avskrivningsmaate": row.avskrivningsmaate,
        "avskrivningsmaate_name": AVSKRIVNINGSMAATE[row.avskrivningsmaate],
        "referanseAvskrivesAvJournalpost": row.outgoing,
        "reason": row.reason,
    }


def remarks(parts: Parts, registrering_id: UUID) -> Sequence[dict[str, Any]]:
    return [
        {
            "merknadstekst": one.merknadstekst,
            "merknadsdato": one.merknadsdato,
            "merknadRegistrertAv": one.merknad_registrert_av,
        }
        for one in parts.remarks.get(registrering_id, ())
    ]


def consultation(one: Any, house: House) -> dict[str, Any]:
    """A consultation, from its row or its domain value."""
    return {
        "id": one.id,
        "conversation_id": one.conversation_id,
        "message_id": one.message_id,
        "message_version": one.message_version,
        "saksmappe_id": one.saksmappe_id,
        "kind": one.kind,
        "unit": one.unit,
        "unit_name": house.unit_name(one.unit) if one.unit else None,
        "source": one.source,
        "question": one.question,
        "asked_by": one.asked_by,
        "asked_at": one.asked_at,
        "due_at": one.due_at,
        "state": one.state,
        "answer": one.answer,
        "source_ref": one.source_ref,
        "answerer_name": one.answerer_name,
        "answerer_title": one.answerer_title,
        "answerer_unit": one.answerer_unit,
        "ended_at": one.ended_at,
        "reason": one.reason,
        "version": one.version,
    }


def working(row: Any | Row) -> dict[str, Any]:
    """The working life of a message: where it stands, and what holds it."""
    return {
        "id": row.id,
        "conversation_id": row.conversation_id,
        "channel_id": row.channel_id,
        "channel": row.channel_key,
        "platform": row.platform,
        "kind": row.kind,
        "permalink": row.permalink,
        "author": {"handle": row.author_handle, "display_name": row.author_name},
        "excerpt": row.excerpt,
        "message_version": row.message_version,
        "received_at": row.received_at,
        "deleted_at": row.deleted_at,
        "status": row.status,
        "status_since": row.status_since,
        "close_reason": row.close_reason,
        "answered_at": row.answered_at,
        "handling": row.handling,
        "secondary": list(row.secondary),
        "flags": list(row.flags),
        "reply_duty": row.reply_duty,
        "record_class": row.record_class,
        "unit": row.unit,
        "urgent": row.urgent,
        "acknowledged": row.acknowledged,
        "next_due": row.next_due,
        "next_due_code": row.next_due_code,
        "reply_state": row.reply_state,
        "reply_id": row.reply_id,
        "moderation_state": row.moderation_state,
        "saksmappe_id": row.saksmappe_id,
        "open_consultations": row.open_consultations,
        "version": row.version,
    }


def decision(row: Any) -> dict[str, Any]:
    return {
        "id": row.id,
        "message_id": row.message_id,
        "message_version": row.message_version,
        "handling": row.handling,
        "record_class": row.record_class,
        "saksdokument": row.saksdokument,
        "saksbehandling": row.saksbehandling,
        "dokumentasjonsverdi": row.dokumentasjonsverdi,
        "section": row.section,
        "guideline_version": row.guideline_version,
        "rule_id": row.rule_id,
        "by": row.decided_by,
        "by_kind": row.decided_kind,
        "role": row.decided_role,
        "at": row.decided_at,
        "reason": row.reason,
        "state": row.state,
        "verdict": row.verdict,
        "reviewed_by": row.reviewed_by,
        "reviewed_at": row.reviewed_at,
        "review_reason": row.review_reason,
        "version": row.version,
    }


def notat(row: Any, parts: Parts) -> dict[str, Any]:
    return {
        "id": row.id,
        "systemID": row.id,
        "message_id": row.message_id,
        "message_version": row.message_version,
        "reply_id": row.reply_id,
        "klasseID": row.klasse_id,
        "klasseTittel": row.klasse_tittel,
        "tittel": row.tittel,
        "retention_class": row.retention_class,
        "mottattDato": row.mottatt_dato,
        "avsender": row.avsender,
        "snapshot_id": row.snapshot_id,
        "opprettetDato": row.opprettet_dato,
        "opprettetAv": row.opprettet_av,
        "dokumenter": [document(one) for one in parts.documents.get(row.id, ())],
        "version": row.version,
    }


def note(row: Any) -> dict[str, Any]:
    told = row if isinstance(row, dict) else row._mapping
    return {name: told[name] for name in ("id", "message_id", "text", "written_by", "written_role", "written_at")}
