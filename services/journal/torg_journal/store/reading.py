"""What people ask for: saksmapper, journalposter, consultations, messages, decisions, within their rights.

Experts and the political secretariat see what their unit was asked about; sideadministrator and redaktør what
belongs to their channels. "None" and "not yours" look the same.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection
from torg_shared.auth import Principal, Role
from torg_shared.web import Page

from torg_journal import tables as t

_BY_UNIT = frozenset({Role.FAG, Role.POL})
_BY_CHANNEL = frozenset({Role.SA, Role.RED})


@dataclass(frozen=True, slots=True)
class CaseQuery:
    message_id: UUID | None = None
    saksnummer: tuple[int, int] | None = None
    saksstatus: str | None = None
    stage: str | None = None

    def filters(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in CaseQuery.__slots__}


def _messages_of(principal: Principal) -> Sequence[sa.ColumnElement[bool]]:
    c = t.messages.c
    if principal.role in _BY_UNIT:
        return [sa.literal(principal.unit) == sa.any_(c.units)]
    if principal.role in _BY_CHANNEL and "*" not in principal.channels:
        return [c.channel_key.in_(sorted(principal.channels))]
    return []


def _cases_of(principal: Principal) -> Sequence[sa.ColumnElement[bool]]:
    c = t.saksmapper.c
    if principal.role in _BY_UNIT:
        return [sa.literal(principal.unit) == sa.any_(c.units)]
    if principal.role in _BY_CHANNEL and "*" not in principal.channels:
        m = t.messages.c
        mine = sa.select(m.id).where(m.channel_key.in_(sorted(principal.channels)))
        return [c.message_id.in_(mine)]
    return []


async def message(db: AsyncConnection, principal: Principal, message_id: UUID) -> Any | None:
    """The working life of one message."""
    c = t.messages.c
    query = sa.select(t.messages).where(c.id == message_id, c.received_at.is_not(None), *_messages_of(principal))
    return (await db.execute(query)).one_or_none()


async def cases(db: AsyncConnection, principal: Principal, query: CaseQuery, page: Page) -> Sequence[Any]:
    """The newest first."""
    c = t.saksmapper.c
    wanted = [*_cases_of(principal)]
    if query.message_id:
        j = t.journalposter.c
        of_message = sa.select(j.saksmappe_id).where(j.message_id == query.message_id, j.journalposttype == "I")
        wanted.append(c.id.in_(of_message))
    if query.saksnummer:
        wanted += [c.saksaar == query.saksnummer[0], c.sakssekvensnummer == query.saksnummer[1]]
    if query.saksstatus:
        wanted.append(c.saksstatus == query.saksstatus)
    if query.stage:
        wanted.append(c.stage == query.stage)
    if page.position:
        wanted.append(sa.tuple_(c.saksaar, c.sakssekvensnummer) < sa.tuple_(*map(int, page.position)))
    select = sa.select(t.saksmapper).where(*wanted)
    rows = await db.execute(select.order_by(c.saksaar.desc(), c.sakssekvensnummer.desc()).limit(page.limit + 1))
    return rows.all()


async def case(db: AsyncConnection, principal: Principal, saksmappe_id: UUID) -> Any | None:
    query = sa.select(t.saksmapper).where(t.saksmapper.c.id == saksmappe_id, *_cases_of(principal))
    return (await db.execute(query)).one_or_none()


async def entries(db: AsyncConnection, saksmappe_id: UUID, page: Page) -> Sequence[Any]:
    c = t.journalposter.c
    wanted = [c.saksmappe_id == saksmappe_id]
    if page.position:
        wanted.append(c.journalpostnummer > int(page.position[0]))
    select = sa.select(t.journalposter).where(*wanted).order_by(c.journalpostnummer).limit(page.limit + 1)
    return (await db.execute(select)).all()


async def entry(db: AsyncConnection, principal: Principal, journalpost_id: UUID) -> Any | None:
    join = t.journalposter.join(t.saksmapper)
    query = (
        sa.select(t.journalposter, t.saksmapper.c.saksaar, t.saksmapper.c.sakssekvensnummer, t.saksmapper.c.skjermet)
        .select_from(join)
        .where(t.journalposter.c.id == journalpost_id, *_cases_of(principal))
    )
    return (await db.execute(query)).one_or_none()


@dataclass(frozen=True, slots=True)
class Parts:
    """What hangs on registreringer, by their id."""

    parties: Mapping[UUID, Sequence[Any]]
    documents: Mapping[UUID, Sequence[Any]]
    avskrivninger: Mapping[UUID, Sequence[Any]]
    avskriver: Mapping[UUID, Sequence[Any]]
    remarks: Mapping[UUID, Sequence[Any]]


async def parts(db: AsyncConnection, ids: Sequence[UUID]) -> Parts:
    """Parties, documents, avskrivninger both ways and merknader of `ids`: five statements, however many."""
    p, d, a, m, f = (
        t.korrespondanseparter.c,
        t.dokumenter.c,
        t.avskrivninger.c,
        t.merknader.c,
        t.files.c,
    )
    stored = sa.select(t.dokumenter, f.size).select_from(t.dokumenter.outerjoin(t.files, f.sha256 == d.sha256))
    return Parts(
        await _grouped(
            db, sa.select(t.korrespondanseparter).where(p.journalpost_id.in_(ids)).order_by(p.ordinal), "journalpost_id"
        ),
        await _grouped(
            db,
            stored.where(d.registrering_id.in_(ids)).order_by(d.dokumentnummer, d.versjonsnummer),
            "registrering_id",
        ),
        await _grouped(db, sa.select(t.avskrivninger).where(a.incoming.in_(ids)).order_by(a.at, a.id), "incoming"),
        await _grouped(db, sa.select(t.avskrivninger).where(a.outgoing.in_(ids)).order_by(a.at, a.id), "outgoing"),
        await _grouped(
            db,
            sa.select(t.merknader).where(m.registrering_id.in_(ids)).order_by(m.merknadsdato, m.grunnlag),
            "registrering_id",
        ),
    )


async def _grouped(db: AsyncConnection, query: sa.Select[Any], by: str) -> dict[UUID, list[Any]]:
    found: dict[UUID, list[Any]] = {}
    for row in await db.execute(query):
        found.setdefault(getattr(row, by), []).append(row)
    return found


async def document(db: AsyncConnection, registrering_id: UUID, number: int, version: int | None) -> Any | None:
    """The document's newest version, or the one asked for, with its bytes when they are here."""
    d, f = t.dokumenter.c, t.files.c
    query = sa.select(t.dokumenter, f.content).select_from(t.dokumenter.outerjoin(t.files, f.sha256 == d.sha256))
    query = query.where(d.registrering_id == registrering_id, d.dokumentnummer == number)
    if version is not None:
        query = query.where(d.versjonsnummer == version)
    return (await db.execute(query.order_by(d.versjonsnummer.desc()).limit(1))).one_or_none()


async def documents_here(db: AsyncConnection, registrering_id: UUID) -> bool:
    """True when the bytes of every document are here, or a person has said that they will never come."""
    d, f = t.dokumenter.c, t.files.c
    query = (
        sa.select(sa.func.count())
        .select_from(t.dokumenter.outerjoin(t.files, f.sha256 == d.sha256))
        .where(d.registrering_id == registrering_id, f.sha256.is_(None), d.missing.is_(False))
    )
    return not await db.scalar(query)


async def consultations(
    db: AsyncConnection,
    principal: Principal,
    page: Page,
    *,
    message_id: UUID | None = None,
    saksmappe_id: UUID | None = None,
    state: str | None = None,
) -> Sequence[Any]:
    """The latest asked first."""
    c = t.consultations.c
    wanted: list[sa.ColumnElement[bool]] = [*_consultations_of(principal)]
    if message_id:
        wanted.append(c.message_id == message_id)
    if saksmappe_id:
        wanted.append(c.saksmappe_id == saksmappe_id)
    if state:
        wanted.append(c.state == state)
    if page.position:
        at, last = page.position
        wanted.append(sa.tuple_(c.asked_at, c.id) < sa.tuple_(datetime.fromisoformat(at), UUID(last)))
    select = sa.select(t.consultations).where(*wanted).order_by(c.asked_at.desc(), c.id.desc())
    return (await db.execute(select.limit(page.limit + 1))).all()


def _consultations_of(principal: Principal) -> Sequence[sa.ColumnElement[bool]]:
    c = t.consultations.c
    if principal.role in _BY_UNIT:
        return [c.unit == principal.unit]
    if principal.role in _BY_CHANNEL and "*" not in principal.channels:
        m = t.messages.c
        return [c.message_id.in_(sa.select(m.id).where(m.channel_key.in_(sorted(principal.channels))))]
    return []


async def consultation(db: AsyncConnection, principal: Principal, consultation_id: UUID) -> Any | None:
    c = t.consultations.c
    query = sa.select(t.consultations).where(c.id == consultation_id, *_consultations_of(principal))
    return (await db.execute(query)).one_or_none()


async def arkivnotater(db: AsyncConnection, principal: Principal, page: Page, message_id: UUID | None) -> Sequence[Any]:
    c, m = t.arkivnotater.c, t.messages.c
    wanted: list[sa.ColumnElement[bool]] = []
    if rights := _messages_of(principal):
        wanted.append(c.message_id.in_(sa.select(m.id).where(*rights)))
    if message_id:
        wanted.append(c.message_id == message_id)
    if page.position:
        at, last = page.position
        wanted.append(sa.tuple_(c.opprettet_dato, c.id) < sa.tuple_(datetime.fromisoformat(at), UUID(last)))
    select = sa.select(t.arkivnotater).where(*wanted).order_by(c.opprettet_dato.desc(), c.id.desc())
    return (await db.execute(select.limit(page.limit + 1))).all()


async def record_decisions(
    db: AsyncConnection,
    principal: Principal,
    page: Page,
    *,
    message_id: UUID | None = None,
    record_class: str | None = None,
    state: str | None = None,
) -> Sequence[Any]:
    """Decisions to journal, to archive and not to, the newest first."""
    c, m = t.record_decisions.c, t.messages.c
    wanted: list[sa.ColumnElement[bool]] = []
    if rights := _messages_of(principal):
        wanted.append(c.message_id.in_(sa.select(m.id).where(*rights)))
    if message_id:
        wanted.append(c.message_id == message_id)
    if record_class:
        wanted.append(c.record_class == record_class)
    if state:
        wanted.append(c.state == state)
    if page.position:
        wanted.append(c.id < UUID(page.position[0]))
    select = sa.select(t.record_decisions).where(*wanted).order_by(c.id.desc())
    return (await db.execute(select.limit(page.limit + 1))).all()


async def record_decision(db: AsyncConnection, principal: Principal, decision_id: UUID) -> Any | None:
    c, m = t.record_decisions.c, t.messages.c
    query = sa.select(t.record_decisions).where(c.id == decision_id)
    if rights := _messages_of(principal):
        query = query.where(c.message_id.in_(sa.select(m.id).where(*rights)))
    return (await db.execute(query)).one_or_none()


async def arkivnotat(db: AsyncConnection, principal: Principal, arkivnotat_id: UUID) -> Any | None:
    c, m = t.arkivnotater.c, t.messages.c
    query = sa.select(t.arkivnotater).where(c.id == arkivnotat_id)
    if rights := _messages_of(principal):
        query = query.where(c.message_id.in_(sa.select(m.id).where(*rights)))
    return (await db.execute(query)).one_or_none()


async def notes(db: AsyncConnection, message_id: UUID, page: Page) -> Sequence[Any]:
    c = t.notes.c
    wanted = [c.message_id == message_id]
    if page.position:
        wanted.append(c.id > UUID(page.position[0]))
    return (await db.execute(sa.select(t.notes).where(*wanted).order_by(c.id).limit(page.limit + 1))).all()
