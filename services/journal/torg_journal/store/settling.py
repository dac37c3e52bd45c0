"""What settling reads and writes: whole conversations, in a number of statements that does not grow with the batch.

Rows go in as one JSON text per table, so that a batch is one statement whatever its size.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy.ext.asyncio import AsyncConnection
from torg_shared.db import driver_of

from torg_journal import tables
from torg_journal.domain.cases import APPROVED_FORMATS, Avskrivning, Case, Consultation, Entry
from torg_journal.domain.clocks import Running
from torg_journal.domain.deadlines import Deadline, State, Warning, next_look
from torg_journal.domain.effects import Conversation, by_registrering
from torg_journal.domain.facts import By, Fact
from torg_journal.domain.screening import Kind, Span
from torg_journal.domain.working import Row

_LOCK = "SELECT id, waiting_since FROM conversations WHERE id = ANY($1) ORDER BY id FOR UPDATE"
_DEADLINES = "SELECT * FROM deadlines WHERE conversation_id = ANY($1)"
_LOCKED_DEADLINES = f"{_DEADLINES} ORDER BY deadline_id FOR UPDATE"
_BEGIN = "INSERT INTO conversations (id) SELECT unnest($1::uuid[]) ON CONFLICT DO NOTHING"
_CASE = tuple(one.name for one in fields(Case))
_ENTRY = tuple(one.name for one in fields(Entry))
_AVSKRIVNING = tuple(one.name for one in fields(Avskrivning))
_CONSULTATION = tuple(one.name for one in fields(Consultation))
_ROW = tuple(one.name for one in fields(Row))


def _columns(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


async def lock(db: AsyncConnection, ids: Collection[UUID]) -> None:
    """The conversations' rows, locked in the order of their ids; the first lock of every transaction here."""
    driver = await driver_of(db)
    wanted = sorted(ids)
    await driver.execute(_BEGIN, wanted)
    await driver.fetch(_LOCK, wanted)


_PUT_FACTS = """
INSERT INTO facts (kind, subject, version, conversation_id, message_id, event_id, at, seen_at,
                   actor_kind, actor_id, actor_role, data)
SELECT * FROM unnest($1::text[], $2::uuid[], $3::int[], $4::uuid[], $5::uuid[], $6::uuid[], $7::timestamptz[],
                     $8::timestamptz[], $9::text[], $10::text[], $11::text[], $12::jsonb[])
ON CONFLICT (kind, subject, version) DO UPDATE SET
    event_id = excluded.event_id, at = excluded.at, actor_kind = excluded.actor_kind, actor_id = excluded.actor_id,
    actor_role = excluded.actor_role, data = excluded.data
WHERE facts.event_id < excluded.event_id
"""


async def put_facts(db: AsyncConnection, facts: Sequence[Fact]) -> None:
    """Keep what was said; of two sayings about one version of an aggregate the later event id stands."""
    latest: dict[tuple[str, UUID, int], Fact] = {}
    for one in facts:
        key = one.kind, one.subject, one.version
        if key not in latest or latest[key].event_id < one.event_id:
            latest[key] = one
    rows = [latest[key] for key in sorted(latest, key=lambda k: (k[0], k[1].int, k[2]))]
    driver = await driver_of(db)
    await driver.execute(
        _PUT_FACTS,
        [one.kind for one in rows],
        [one.subject for one in rows],
        [one.version for one in rows],
        [one.conversation_id for one in rows],
        [one.message_id for one in rows],
        [one.event_id for one in rows],
        [one.at for one in rows],
        [one.seen_at for one in rows],
        [one.by.kind for one in rows],
        [one.by.id for one in rows],
        [one.by.role for one in rows],
        [orjson.dumps(one.data).decode() for one in rows],
    )


async def load(db: AsyncConnection, ids: Collection[UUID], *, lock: bool = True) -> dict[UUID, Conversation]:
    """Everything stored about the conversations, which the caller has locked; `lock` False only reads."""
    driver = await driver_of(db)
    wanted = list(ids)
    facts = await _by_conversation(driver, "SELECT * FROM facts WHERE conversation_id = ANY($1)", wanted, _fact)
    keys = {row[0]: row[1] for row in await driver.fetch("SELECT id, key FROM channels")}
    waiting = await driver.fetch(
        "SELECT id, waiting_since FROM conversations WHERE id = ANY($1) AND waiting_since IS NOT NULL", wanted
    )
    # deadlines before rows: jobs that move a deadline write the row's due time in the same transaction
    deadlines = await _by_conversation(
        driver,
        _LOCKED_DEADLINES if lock else _DEADLINES,
        wanted,
        _running,
    )
    rows = await _all(driver, "messages", _ROW, wanted, _row)
    decided = await _by_conversation(
        driver,
        "SELECT conversation_id, message_id, triage_version FROM record_decisions WHERE conversation_id = ANY($1)",
        wanted,
        lambda row: (row["message_id"], row["triage_version"]),
    )
    noted = await _by_conversation(
        driver,
        "SELECT conversation_id, message_id, id, message_version FROM arkivnotater WHERE conversation_id = ANY($1)",
        wanted,
        lambda row: (row["message_id"], (row["id"], row["message_version"])),
    )
    cases = await _all(driver, "saksmapper", _CASE, wanted, case_of)
    with_case = list(cases)
    entries = await _all(driver, "journalposter", _ENTRY, with_case, entry_of)
    avskrivninger = await _all(driver, "avskrivninger", _AVSKRIVNING, with_case, lambda row: Avskrivning(**row))
    consultations = await _all(driver, "consultations", _CONSULTATION, with_case, lambda row: Consultation(**row))
    remarked = await _by_conversation(
        driver,
        "SELECT conversation_id, registrering_id, grunnlag FROM merknader WHERE conversation_id = ANY($1)",
        with_case,
        lambda row: (row["registrering_id"], row["grunnlag"]),
    )
    documents = await _by_conversation(
        driver,
        "SELECT conversation_id, registrering_id, dokumentnummer, versjonsnummer, sha256, format FROM dokumenter "
        "WHERE conversation_id = ANY($1)",
        [*with_case, *(one for one in noted if one not in cases)],
        tuple,
    )
    since = {row["id"]: row["waiting_since"] for row in waiting}
    return {
        one: Conversation(
            id=one,
            facts=facts[one],
            channel_keys=keys,
            cases=cases[one],
            entries=entries[one],
            avskrivninger=avskrivninger[one],
            consultations=consultations[one],
            deadlines=deadlines[one],
            rows={row.id: row for row in rows[one]},
            noted=dict(noted[one]),
            decided=frozenset(decided[one]),
            remarked=frozenset(remarked[one]),
            attached=by_registrering(row[1:5] for row in documents[one]),
            formats=_unapproved(entries[one], documents[one]),
            waiting_since=since.get(one),
        )
        for one in wanted
    }


def _unapproved(entries: Sequence[Entry], documents: Sequence[tuple[Any, ...]]) -> Mapping[UUID, Sequence[str]]:
    case_of_entry = {one.id: one.saksmappe_id for one in entries if one.live}
    found: dict[UUID, list[str]] = defaultdict(list)
    for row in documents:
        registrering_id, format_ = row[1], row[5]
        if registrering_id in case_of_entry and format_ not in APPROVED_FORMATS:
            found[case_of_entry[registrering_id]].append(format_)
    return found


async def _by_conversation(
    driver: Any, query: str, ids: Sequence[UUID], read: Callable[[Any], Any]
) -> dict[UUID, list[Any]]:
    found: dict[UUID, list[Any]] = defaultdict(list)
    if ids:
        for row in await driver.fetch(query, ids):
            found[row["conversation_id"]].append(read(row))
    return found


async def _all(
    driver: Any, table: str, names: Sequence[str], ids: Sequence[UUID], read: Callable[[Mapping[str, Any]], Any]
) -> dict[UUID, list[Any]]:
    # table and column names come from the domain's own fields, never from a caller
    extra = "" if "conversation_id" in names else ", conversation_id"
    query = f"SELECT {_columns(names)}{extra} FROM {table} WHERE conversation_id = ANY($1)"  # noqa: S608
    return await _by_conversation(
        driver, query, ids, lambda row: read({name: row[position] for position, name in enumerate(names)})
    )


def _fact(row: Any) -> Fact:
    return Fact(
        row["kind"],
        row["subject"],
        row["version"],
        row["conversation_id"],
        row["message_id"],
        row["event_id"],
        row["at"],
        row["seen_at"],
        By(row["actor_kind"], row["actor_id"], row["actor_role"]),
        row["data"],
    )


def spans_of(data: Any) -> tuple[Span, ...]:
    """Spans as their column holds them."""
    return tuple(Span(one["start"], one["end"], Kind(one["kind"]), one.get("hjemmel")) for one in data)


def written_spans(spans: Iterable[Span]) -> list[dict[str, Any]]:
    return [{"start": s.start, "end": s.end, "kind": s.kind.value, "hjemmel": s.hjemmel} for s in spans]


def case_of(row: Mapping[str, Any]) -> Case:
    return Case(**{**row, "tittel_spans": spans_of(row["tittel_spans"]), "units": tuple(row["units"])})


def entry_of(row: Mapping[str, Any]) -> Entry:
    return Entry(**{**row, "entry_hash": bytes(row["entry_hash"])})


def _row(row: Mapping[str, Any]) -> Row:
    lists = {name: tuple(row[name]) for name in ("secondary", "flags", "units")}
    return Row(**{**row, **lists})


def _running(row: Any) -> Running:
    deadline = Deadline(
        code=row["code"],
        variant=row["variant"],
        started_at=row["started_at"],
        due_at=row["due_at"],
        statutory=row["statutory"],
        basis=row["basis_code"],
        warnings=tuple(Warning(one["percent"], datetime.fromisoformat(one["at"])) for one in row["warnings"]),
        inputs=row["inputs"],
        ref=row["ref"],
        state=State(row["state"]),
        warned=row["warned"],
        paused_at=row["paused_at"],
        ended_at=row["ended_at"],
        reason=row["reason"],
    )
    return Running(row["deadline_id"], row["message_id"], row["saksmappe_id"], row["version"], deadline)


def deadline_row(conversation_id: UUID, one: Running) -> dict[str, Any]:
    """A deadline as its columns."""
    known = one.deadline
    return {
        "deadline_id": one.id,
        "conversation_id": conversation_id,
        "message_id": one.message_id,
        "saksmappe_id": one.saksmappe_id,
        "code": known.code,
        "variant": known.variant,
        "ref": known.ref,
        "started_at": known.started_at,
        "due_at": known.due_at,
        "statutory": known.statutory,
        "basis_code": known.basis,
        "warnings": [{"percent": w.percent, "at": w.at} for w in known.warnings],
        "inputs": dict(known.inputs),
        "state": known.state.value,
        "warned": known.warned,
        "paused_at": known.paused_at,
        "ended_at": known.ended_at,
        "reason": known.reason,
        "next_look_at": next_look(known),
        "version": one.version,
    }


def case_row(case: Case) -> dict[str, Any]:
    return {name: getattr(case, name) for name in _CASE} | {"tittel_spans": written_spans(case.tittel_spans)}


def message_row(row: Row) -> dict[str, Any]:
    return {name: getattr(row, name) for name in _ROW}


def consultation_row(one: Consultation) -> dict[str, Any]:
    return {name: getattr(one, name) for name in _CONSULTATION}


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return "\\x" + value.hex()
    if isinstance(value, UUID):  # the driver's own subclass
        return str(value)
    raise TypeError(type(value).__name__)


def _json(rows: Sequence[Mapping[str, Any]]) -> str:
    return orjson.dumps(list(rows), default=_plain).decode()


async def insert(db: AsyncConnection, table: str, rows: Sequence[Mapping[str, Any]], conflict: str = "") -> None:
    """All `rows` (with the same columns) into `table`, in one statement."""
    if not rows:
        return
    driver = await driver_of(db)
    names = _columns(rows[0])
    statement = (
        f"INSERT INTO {table} ({names}) "  # noqa: S608 - names are those of our own rows
        f"SELECT {names} FROM json_populate_recordset(NULL::{table}, $1::text::json) {conflict}"
    )
    await driver.execute(statement, _json(rows))


async def upsert(db: AsyncConnection, table: str, key: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert, or replace every column but the key."""
    if rows:
        changed = ", ".join(f'"{name}" = excluded."{name}"' for name in rows[0] if name != key)
        await insert(db, table, rows, f"ON CONFLICT ({key}) DO UPDATE SET {changed}")


async def change(db: AsyncConnection, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write the columns that may change (the grants of the table) of rows that are there."""
    if not rows:
        return
    driver = await driver_of(db)
    allowed = [name for name in tables.STATUS_COLUMNS[table] if name in rows[0]]
    setting = ", ".join(f'"{name}" = n."{name}"' for name in allowed)
    statement = (
        f"UPDATE {table} AS o SET {setting} "  # noqa: S608 - names are those of our own rows
        f"FROM json_populate_recordset(NULL::{table}, $1::text::json) AS n WHERE o.id = n.id"
    )
    await driver.execute(statement, _json(rows))


_CASE_NUMBERS = """
INSERT INTO case_counters (saksaar, n) VALUES ($1, $2)
ON CONFLICT (saksaar) DO UPDATE SET n = case_counters.n + $2 RETURNING n
"""
_JOURNAL_NUMBERS = """
INSERT INTO journal_counters (journalaar, n, head) VALUES ($1, 0, $2)
ON CONFLICT (journalaar) DO UPDATE SET n = journal_counters.n RETURNING n, head
"""
_MOVE = "UPDATE journal_counters SET n = $2, head = $3 WHERE journalaar = $1"


async def take_case_numbers(db: AsyncConnection, year: int, count: int) -> int:
    """Take `count` numbers of the year's saksmapper; gives the last. The counter's row stays locked until commit."""
    driver = await driver_of(db)
    last: int = await driver.fetchval(_CASE_NUMBERS, year, count)
    return last


async def lock_journal_numbers(db: AsyncConnection, year: int, genesis: bytes) -> tuple[int, bytes]:
    """The last number of the journal year and the head of its chain, locked until commit."""
    driver = await driver_of(db)
    row = await driver.fetchrow(_JOURNAL_NUMBERS, year, genesis)
    return row["n"], bytes(row["head"])


async def move_journal_numbers(db: AsyncConnection, year: int, last: int, head: bytes) -> None:
    driver = await driver_of(db)
    await driver.execute(_MOVE, year, last, head)


_WAIT = """
UPDATE conversations AS c SET waiting_since = n.since, waiting_for = n.what
FROM unnest($1::uuid[], $2::timestamptz[], $3::text[]) AS n(id, since, what) WHERE c.id = n.id
"""


async def note_waiting(
    db: AsyncConnection, ids: Sequence[UUID], since: Sequence[datetime | None], what: Sequence[str | None]
) -> None:
    """How long something in each conversation has waited for its partner; None when nothing does."""
    if ids:
        driver = await driver_of(db)
        await driver.execute(_WAIT, ids, since, what)


async def oldest_waiting(db: AsyncConnection) -> datetime | None:
    driver = await driver_of(db)
    found: datetime | None = await driver.fetchval("SELECT min(waiting_since) FROM conversations")
    return found


_CHANNELS = """
INSERT INTO channels (id, key, version, platform, account_id, name, state, owner_unit, comment_mode, hours,
                      formal_contact, activated_at, seen_at)
SELECT id, key, version, platform, account_id, name, state, owner_unit, comment_mode, hours, formal_contact,
       activated_at, seen_at
FROM json_populate_recordset(NULL::channels, $1::text::json)
ON CONFLICT (id) DO UPDATE SET
    key = excluded.key, version = excluded.version, platform = excluded.platform, account_id = excluded.account_id,
    name = excluded.name, state = excluded.state, owner_unit = excluded.owner_unit,
    comment_mode = excluded.comment_mode, hours = excluded.hours, formal_contact = excluded.formal_contact,
    activated_at = excluded.activated_at, seen_at = excluded.seen_at
WHERE channels.version < excluded.version
"""


async def put_channels(db: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> Sequence[UUID]:
    """Keep the newest state of each channel; gives the conversations that did not know their channel until now."""
    driver = await driver_of(db)
    await driver.execute(_CHANNELS, _json(rows))
    found = await driver.fetch(
        "SELECT DISTINCT m.conversation_id FROM messages m JOIN channels c ON c.id = m.channel_id "
        "WHERE c.id = ANY($1) AND m.channel_key IS DISTINCT FROM c.key",
        [row["id"] for row in rows],
    )
    return [row[0] for row in found]
