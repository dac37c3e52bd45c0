"""Rows of the journal, written as registration writes them: numbered, chained, with salted texts."""

import hashlib
import secrets
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection
from torg_journal import tables as t
from torg_journal.domain.chain import GENESIS, Entry, Party, commit, entry_hash
from torg_journal.domain.deadlines import start
from torg_journal.settings import Municipality
from torg_journal.store.deadlines import written

AT = datetime(2026, 6, 3, 8, 0, tzinfo=UTC)


async def a_message(db: AsyncConnection, **values: Any) -> UUID:
    message_id = values.pop("id", None) or uuid4()
    row = {
        "id": message_id,
        "conversation_id": uuid4(),
        "channel_key": "facebook-sogne",
        "platform": "facebook",
        "kind": "comment",
        "author_name": "Kari Nordmann",
        "excerpt": "Når blir det lys?",
        "message_version": 1,
        "received_at": AT,
        "status": "triaged",
        "handling": "answer",
        "reply_duty": "must",
        "record_class": "none",
        "unit": "servicetorget",
        "risk": 2,
        "changed_at": AT,
        "changed_by": "journal",
        "version": 1,
    } | values
    await db.execute(sa.insert(t.messages).values(row))
    return message_id


async def a_case(db: AsyncConnection, number: int = 1, **values: Any) -> UUID:
    case_id = uuid4()
    row = {
        "id": case_id,
        "saksaar": 2026,
        "sakssekvensnummer": number,
        "conversation_id": uuid4(),
        "author_key": f"facebook:{number}",
        "message_id": uuid4(),
        "tittel": "Henvendelse på Facebook om gatelys",
        "tittel_spans": [],
        "offentlig_tittel": "Henvendelse på Facebook om gatelys",
        "klasse_id": "Q20",
        "saksdato": AT.date(),
        "administrativ_enhet": "servicetorget",
        "saksansvarlig": "servicetorget",
        "saksstatus": "B",
        "stage": "opened",
        "antall_journalposter": 0,
        "skjermet": False,
        "opprettet_dato": AT,
        "opprettet_av": "journal",
        "changed_at": AT,
        "changed_by": "journal",
        "version": 1,
    } | values
    await db.execute(sa.insert(t.saksmapper).values(row))
    return case_id


class Register:
    """Registers entries one after another in one journal year."""

    def __init__(self, db: AsyncConnection, year: int = 2026, journaldato: date | None = None) -> None:
        self.db, self.year = db, year
        self.journaldato = journaldato or date(year, 6, 3)
        self.head, self.n = GENESIS, 0
        self.in_case: dict[UUID, int] = {}

    async def entry(
        self,
        case_id: UUID,
        *,
        saksnummer: str = "2026/1",
        type_: str = "I",
        status: str = "M",
        tittel: str = "Henvendelse på Facebook om gatelys",
        sender: str = "Kari Nordmann",
        spans: Sequence[dict[str, Any]] = (),
        content: bytes = b"Naar blir det lys?",
        refers_to: Sequence[UUID] = (),
        **values: Any,
    ) -> UUID:
        self.n += 1
        number = self.in_case[case_id] = self.in_case.get(case_id, 0) + 1
        entry_id = uuid4()
        title_salt, name_salt = secrets.token_bytes(16), secrets.token_bytes(16)
        party_type = {"I": "EA", "U": "EM"}.get(type_, "IA")
        sha256 = hashlib.sha256(content).hexdigest()
        entry = Entry(
            journalaar=self.year,
            journalsekvensnummer=self.n,
            journalpost_id=entry_id,
            saksmappe_id=case_id,
            saksnummer=saksnummer,
            journalpostnummer=number,
            journalposttype=type_,
            journaldato=values.get("journaldato", self.journaldato),
            tittel=commit(tittel, title_salt),
            parties=(Party(party_type, commit(sender, name_salt)),),
            documents=(sha256,),
            mottatt_dato=AT if type_ == "I" else None,
            sendt_dato=AT if type_ == "U" else None,
            message_id=values.get("message_id"),
            reply_id=values.get("reply_id"),
            refers_to=tuple(refers_to),
        )
        previous, self.head = self.head, entry_hash(entry, self.head)
        row = {
            "id": entry_id,
            "saksmappe_id": case_id,
            "conversation_id": uuid4(),
            "journalaar": self.year,
            "journalsekvensnummer": self.n,
            "journalpostnummer": number,
            "journalposttype": type_,
            "journalstatus": status,
            "journaldato": self.journaldato,
            "dokumentets_dato": self.journaldato,
            "mottatt_dato": entry.mottatt_dato,
            "sendt_dato": entry.sendt_dato,
            "tittel": tittel,
            "tittel_spans": [],
            "registrert_tittel": tittel,
            "tittel_salt": title_salt,
            "tittel_commit": entry.tittel,
            "administrativ_enhet": "servicetorget",
            "saksbehandler": "servicetorget",
            "opprettet_dato": AT,
            "opprettet_av": "journal",
            "refers_to": list(refers_to),
            "registrerte_dokumenter": [sha256],
            "previous_hash": previous,
            "entry_hash": self.head,
            "changed_at": AT,
            "changed_by": "journal",
            "version": 1,
        } | values
        await self.db.execute(sa.insert(t.journalposter).values(row))
        await self.db.execute(
            sa.insert(t.korrespondanseparter).values(
                id=uuid4(),
                journalpost_id=entry_id,
                ordinal=1,
                korrespondanseparttype=party_type,
                navn=sender,
                navn_spans=list(spans) or [{"start": 0, "end": len(sender), "kind": "personnavn", "hjemmel": None}],
                registrert_navn=sender,
                navn_salt=name_salt,
                navn_commit=entry.parties[0].name,
            )
        )
        stored = {"sha256": sha256, "content": content, "size": len(content), "stored_at": AT}
        await self.db.execute(insert(t.files).values(stored).on_conflict_do_nothing())
        for incoming in refers_to:
            await self.avskriv(incoming, entry_id)
        await self.count()
        return entry_id

    async def avskriv(self, incoming: UUID, outgoing: UUID | None, how: str = "BU") -> None:
        await self.db.execute(
            sa.insert(t.avskrivninger).values(
                id=uuid4(),
                incoming=incoming,
                outgoing=outgoing,
                conversation_id=uuid4(),
                avskrivningsmaate=how,
                avskrivningsdato=self.journaldato + timedelta(days=1),
                avskrevet_av="journal",
                at=AT,
            )
        )

    async def count(self) -> None:
        statement = """
            INSERT INTO journal_counters (journalaar, n, head) VALUES (:year, :n, :head)
            ON CONFLICT (journalaar) DO UPDATE SET n = :n, head = :head
        """
        await self.db.execute(sa.text(statement), {"year": self.year, "n": self.n, "head": self.head})


async def a_deadline(
    db: AsyncConnection,
    sogne: Municipality,
    code: str = "T-FIRST",
    variant: str = "must",
    at: datetime = AT,
    **values: Any,
) -> UUID:
    deadline_id = uuid4()
    deadline = start(sogne.rules[code, variant], sogne.calendar, at)
    row = {
        "deadline_id": deadline_id,
        "conversation_id": uuid4(),
        "message_id": uuid4(),
        "version": 1,
        **written(deadline),
    } | values
    await db.execute(sa.insert(t.deadlines).values(row))
    return deadline_id
