"""From effects to rows. One statement per table that has any, in an order that the foreign keys allow."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID, uuid4

from torg_shared.ids import uuid7
from torg_shared.work import Work

from torg_journal.domain.cases import Case, Document, Draft
from torg_journal.domain.effects import Effects, NewDecision, Notat
from torg_journal.domain.numbers import Numbered
from torg_journal.domain.screening import Kind, whole
from torg_journal.store import settling as store


async def write(
    work: Work, effects: Collection[Effects], cases: Mapping[UUID, Case], entries: Sequence[Numbered]
) -> None:
    """Store everything that `effects` name; `cases` and `entries` have their numbers."""
    db = work.db
    new = {case.id for one in effects for case in one.new_cases}
    stored = {case.id for one in effects for case, _ in one.changed_cases}
    counted = {one.draft.saksmappe_id for one in entries}
    await store.insert(db, "saksmapper", [store.case_row(cases[one]) for one in cases if one in new])
    old = (stored | counted) - new
    await store.change(db, "saksmapper", [store.case_row(cases[one]) for one in cases if one in old])
    await store.upsert(
        db, "consultations", "id", [store.consultation_row(after) for one in effects for _, after in one.consultations]
    )
    await store.insert(db, "journalposter", [_entry(work, one) for one in entries])
    await store.insert(db, "korrespondanseparter", [row for one in entries for row in _parties(one)])
    await store.insert(db, "arkivnotater", [_notat(work, one) for e in effects for one in e.notater])
    await _documents(work, effects, [one.draft for one in entries])
    await store.insert(
        db,
        "avskrivninger",
        [
            {
                "id": one.id,
                "incoming": one.incoming,
                "outgoing": one.outgoing,
                "conversation_id": effect.conversation_id,
                "avskrivningsmaate": one.avskrivningsmaate,
                "avskrivningsdato": one.avskrivningsdato,
                "avskrevet_av": one.avskrevet_av,
                "reason": one.reason,
                "at": work.now,
            }
            for effect in effects
            for one in effect.avskrivninger
        ],
    )
    await store.insert(
        db,
        "merknader",
        [
            {
                "id": uuid4(),
                "registrering_id": one.registrering_id,
                "conversation_id": effect.conversation_id,
                "grunnlag": one.grunnlag,
                "merknadstekst": one.merknadstekst,
                "merknadsdato": work.now,
                "merknad_registrert_av": work.actor.id,
            }
            for effect in effects
            for one in effect.remarks
        ],
    )
    await store.insert(db, "record_decisions", [_decision(one) for e in effects for one in e.decisions])
    await store.upsert(
        db,
        "deadlines",
        "deadline_id",
        [store.deadline_row(e.conversation_id, one.running) for e in effects for one in e.clocks],
    )
    await store.upsert(db, "messages", "id", [store.message_row(after) for e in effects for _, after in e.rows])
    moved = [e for e in effects if (e.waiting[0] if e.waiting else None) != e.waiting_before]
    await store.note_waiting(
        db,
        [e.conversation_id for e in moved],
        [e.waiting[0] if e.waiting else None for e in moved],
        [e.waiting[1] if e.waiting else None for e in moved],
    )


def _entry(work: Work, one: Numbered) -> dict[str, Any]:
    draft = one.draft
    return {
        "id": draft.id,
        "saksmappe_id": draft.saksmappe_id,
        "conversation_id": draft.conversation_id,
        "message_id": draft.message_id,
        "message_version": draft.message_version,
        "reply_id": draft.reply_id,
        "consultation_id": draft.consultation_id,
        "consultation_part": draft.consultation_part,
        "journalaar": one.journalaar,
        "journalsekvensnummer": one.journalsekvensnummer,
        "journalpostnummer": one.journalpostnummer,
        "journalposttype": draft.journalposttype,
        "journalstatus": draft.journalstatus,
        "journaldato": one.journaldato,
        "dokumentets_dato": draft.dokumentets_dato,
        "mottatt_dato": draft.mottatt_dato,
        "sendt_dato": draft.sendt_dato,
        "tittel": draft.tittel,
        "tittel_spans": [],
        "registrert_tittel": draft.tittel,
        "tittel_salt": one.title.salt,
        "tittel_commit": one.title.commit,
        "permalink": draft.permalink,
        "visibility": draft.visibility,
        "unapproved": draft.unapproved,
        "binding_sha256": draft.binding_sha256,
        "administrativ_enhet": draft.administrativ_enhet,
        "saksbehandler": draft.saksbehandler,
        "opprettet_dato": work.now,
        "opprettet_av": draft.opprettet_av,
        "refers_to": draft.refers_to,
        "registrerte_dokumenter": [document.sha256 for document in draft.documents],
        "previous_hash": one.previous_hash,
        "entry_hash": one.entry_hash,
        "changed_at": work.now,
        "changed_by": work.actor.id,
        "version": 1,
    }


def _parties(one: Numbered) -> Iterable[dict[str, Any]]:
    for ordinal, (party, name) in enumerate(zip(one.draft.parties, one.names, strict=True), 1):
        spans = whole(party.navn, kind=Kind.PERSONNAVN) if party.is_person else ()
        yield {
            "id": uuid4(),
            "journalpost_id": one.draft.id,
            "ordinal": ordinal,
            "korrespondanseparttype": party.korrespondanseparttype,
            "navn": party.navn,
            "navn_spans": store.written_spans(spans),
            "handle": party.handle,
            "administrativ_enhet": party.administrativ_enhet,
            "saksbehandler": party.saksbehandler,
            "registrert_navn": party.navn,
            "navn_salt": name.salt,
            "navn_commit": name.commit,
        }


def _notat(work: Work, one: Notat) -> dict[str, Any]:
    received = one.message.received
    assert received is not None
    return {
        "id": one.id,
        "conversation_id": one.message.conversation_id,
        "message_id": one.message.message_id,
        "message_version": one.message_version,
        "reply_id": one.reply_id,
        "klasse_id": one.klasse[0],
        "klasse_tittel": one.klasse[1],
        "tittel": one.tittel,
        "retention_class": "archive",
        "mottatt_dato": received.at,
        "avsender": one.avsender,
        "snapshot_id": one.snapshot_id,
        "opprettet_dato": work.now,
        "opprettet_av": work.actor.id,
        "version": 1,
    }


async def _documents(work: Work, effects: Collection[Effects], drafts: Sequence[Draft]) -> None:
    """Rows of the documents, the bytes that are here already, and what is to be fetched from ingest."""
    found: list[tuple[UUID, UUID, Document]] = [
        (draft.id, draft.conversation_id, document) for draft in drafts for document in draft.documents
    ]
    for effect in effects:
        found += [(one.id, effect.conversation_id, document) for one in effect.notater for document in one.documents]
        found += [(one.registrering_id, effect.conversation_id, one.document) for one in effect.attached]
    if not found:
        return
    contents = {document.sha256: document.content for _, _, document in found if document.content is not None}
    await store.insert(
        work.db,
        "files",
        [
            {"sha256": sha, "content": content, "size": len(content), "stored_at": work.now}
            for sha, content in sorted(contents.items())
        ],
        "ON CONFLICT (sha256) DO NOTHING",
    )
    await store.insert(
        work.db,
        "dokumenter",
        [
            {
                "id": uuid4(),
                "registrering_id": registrering_id,
                "conversation_id": conversation_id,
                "dokumentnummer": document.dokumentnummer,
                "versjonsnummer": document.versjonsnummer,
                "tilknyttet_som": document.tilknyttet_som,
                "tittel": document.tittel,
                "dokumenttype": document.dokumenttype,
                "variantformat": document.variantformat,
                "format": document.format,
                "mime": document.mime,
                "filnavn": document.filnavn,
                "sha256": document.sha256,
                "snapshot_id": document.snapshot_id,
                "missing": False,
                "opprettet_dato": work.now,
                "opprettet_av": work.actor.id,
            }
            for registrering_id, conversation_id, document in found
        ],
    )
    wanted = {
        (document.snapshot_id, document.sha256): (conversation_id, document)
        for _, conversation_id, document in found
        if document.snapshot_id is not None
    }
    await store.insert(
        work.db,
        "fetches",
        [
            {
                "snapshot_id": snapshot_id,
                "sha256": sha,
                "media": document.dokumentnummer != 2,
                "conversation_id": conversation_id,
                "state": "wanted",
                "attempts": 0,
                "next_try": work.now,
            }
            for (snapshot_id, sha), (conversation_id, document) in wanted.items()
        ],
        "ON CONFLICT (snapshot_id, sha256) DO NOTHING",
    )


def _decision(one: NewDecision) -> dict[str, Any]:
    decision, data = one.decision, one.decision.data
    return {
        "id": uuid7(),
        "conversation_id": one.message.conversation_id,
        "message_id": one.message.message_id,
        "message_version": decision.message_version,
        "triage_version": decision.triage_version,
        "handling": decision.handling,
        "record_class": one.record_class,
        "saksdokument": bool(data.get("saksdokument")),
        "saksbehandling": bool(data.get("saksbehandling")),
        "dokumentasjonsverdi": bool(data.get("dokumentasjonsverdi")),
        "section": data["section"],
        "guideline_version": data["guideline_version"],
        "rule_id": data.get("rule_id"),
        "decided_kind": data["by"],
        "decided_by": data.get("rule_id") or decision.by.id if data["by"] == "rule" else decision.by.id,
        "decided_role": decision.by.role,
        "decided_at": decision.at,
        "reason": data.get("reason"),
        "state": "decided",
        "version": 1,
    }
