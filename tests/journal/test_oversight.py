"""Verify, heads, proof and the count of the numbers, against a database that somebody changed behind our back."""

import hashlib
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import httpx
import pytest
import sqlalchemy as sa
from torg_journal.jobs.journal import ACTOR, NightlyCount, publish_heads
from torg_journal.settings import Municipality
from torg_journal.usecases import oversight
from torg_shared.auth import Role
from torg_shared.metrics import Metrics
from torg_shared.testing import FakeClock, TestTokens
from torg_shared.work import Works

from tests.journal.journal_rows import AT, Register, a_case, a_message


@pytest.fixture
async def made(database: Any, works_for: Any, clock: FakeClock) -> tuple[Works, Callable[[str], Awaitable[None]]]:
    """The journal, and a superuser who may do what the run-time role may not."""
    db = await database("torg_journal")

    async def tamper(statement: str) -> None:
        connection = await asyncpg.connect(db.admin_url)
        try:
            await connection.execute("SET session_replication_role = replica")
            await connection.execute(statement)
        finally:
            await connection.close()

    return works_for(db, "journal", clock), tamper


async def a_journal(works: Works, entries: int = 4) -> list[UUID]:
    async with works.begin(ACTOR) as work:
        case, register = await a_case(work.db), Register(work.db)
        made = [await register.entry(case, content=b"%d" % number) for number in range(entries)]
        made.append(await register.entry(case, type_="U", status="E", refers_to=made[:1], reply_id=uuid4()))
    return made


async def report(works: Works) -> oversight.Report:
    async with works.begin(ACTOR) as work:
        return await oversight.verify(work)


def codes(found: oversight.Report) -> list[tuple[str, int]]:
    return [(one.code, one.sequence) for one in found.findings]


async def test_an_untouched_journal_is_whole(made: Any, sogne: Municipality) -> None:
    works, _ = made
    await a_journal(works)
    await publish_heads(works, sogne, None)
    found = await report(works)
    assert found.whole, found
    assert (found.entries, found.heads, found.missing) == (5, 1, {2026: 0})
    assert (await report(works)).audit_rows > 0


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("UPDATE journalposter SET journaldato = '2026-06-04' WHERE journalsekvensnummer = 2", ("CHANGED", 2)),
        ("UPDATE journalposter SET mottatt_dato = '2020-01-01Z' WHERE journalsekvensnummer = 2", ("CHANGED", 2)),
        ("UPDATE journalposter SET journalposttype = 'N' WHERE journalsekvensnummer = 2", ("CHANGED", 2)),
        ("UPDATE journalposter SET journalpostnummer = 99 WHERE journalsekvensnummer = 2", ("CHANGED", 2)),
        ("UPDATE journalposter SET registrert_tittel = 'Noe annet' WHERE journalsekvensnummer = 2", ("TEXT", 2)),
        ("UPDATE journalposter SET tittel_commit = '\\x00' WHERE journalsekvensnummer = 2", ("CHANGED", 2)),
        ("UPDATE journalposter SET refers_to = '{}' WHERE journalsekvensnummer = 5", ("CHANGED", 5)),
        ("UPDATE journalposter SET message_id = gen_random_uuid() WHERE journalsekvensnummer = 2", ("CHANGED", 2)),
        ("UPDATE journalposter SET registrerte_dokumenter = '{}' WHERE journalsekvensnummer = 2", ("CHANGED", 2)),
        ("UPDATE saksmapper SET sakssekvensnummer = 77", ("CHANGED", 1)),
        ("UPDATE korrespondanseparter SET registrert_navn = 'Ola'", ("TEXT", 1)),
        ("UPDATE korrespondanseparter SET korrespondanseparttype = 'EK'", ("CHANGED", 1)),
        ("DELETE FROM korrespondanseparter", ("CHANGED", 1)),
        ("UPDATE files SET content = 'forged' WHERE size = 1", ("DOCUMENT", 1)),
        ("DELETE FROM journalposter WHERE journalsekvensnummer = 3", ("GAP", 3)),
        ("DELETE FROM journalposter WHERE journalsekvensnummer = 5", ("TAIL", 5)),
        ("DELETE FROM avskrivninger", ("REFERENCE", 5)),
        (
            "UPDATE journalposter SET journalsekvensnummer = 7 - journalsekvensnummer + 100 "
            "WHERE journalsekvensnummer IN (3, 4); "
            "UPDATE journalposter SET journalsekvensnummer = journalsekvensnummer - 100 "
            "WHERE journalsekvensnummer > 100",
            ("CHANGED", 3),
        ),
    ],
)
async def test_what_somebody_changed_in_the_database_is_found(
    made: Any, sogne: Municipality, statement: str, code: tuple[str, int]
) -> None:
    works, tamper = made
    await a_journal(works)
    await publish_heads(works, sogne, None)
    await tamper(statement)
    found = await report(works)
    assert not found.whole
    assert code in codes(found)


async def test_a_changed_account_is_found(made: Any, sogne: Municipality) -> None:
    works, tamper = made
    await a_journal(works)
    await publish_heads(works, sogne, None)
    await tamper("UPDATE audit SET actor_id = 'somebody else' WHERE position = 1")
    found = await report(works)
    assert found.findings == ()
    assert found.audit_fault is not None
    assert not found.whole


async def test_lawful_erasure_of_a_text_keeps_the_journal_whole(made: Any) -> None:
    works, tamper = made
    await a_journal(works)
    await tamper("UPDATE korrespondanseparter SET registrert_navn = NULL, navn_salt = NULL, navn = 'Slettet'")
    assert (await report(works)).whole


async def test_the_head_is_published_once_a_day_when_it_moved(
    made: Any, sogne: Municipality, clock: FakeClock, tmp_path: Path
) -> None:
    works, _ = made
    await a_journal(works)
    for _ in range(3):
        await publish_heads(works, sogne, tmp_path)
    clock.move(timedelta(days=1))
    await publish_heads(works, sogne, tmp_path)  # nothing new: no head
    async with works.begin(ACTOR) as work:
        rows = (await work.db.execute(sa.text("SELECT up_to_sequence, head_hash FROM heads"))).all()
        events = await work.db.scalar(sa.text("SELECT count(*) FROM log WHERE type = 'journal.head_published.v1'"))
        last = await work.db.scalar(sa.text("SELECT entry_hash FROM journalposter WHERE journalsekvensnummer = 5"))
    assert [(row.up_to_sequence, row.head_hash) for row in rows] == [(5, last)]
    assert events == 1
    [file] = tmp_path.iterdir()
    assert file.name == "2026-2026-06-03.txt"
    assert file.read_text().split()[:3] == ["2026", "5", bytes(last).hex()]


async def test_a_proof_can_be_walked_by_anybody(
    reading: httpx.AsyncClient, works: Works, sogne: Municipality, tokens: TestTokens
) -> None:
    entries = await a_journal(works)
    header = tokens.header(Role.REV)
    early = await reading.get(f"/journalposter/{entries[1]}/proof", headers=header)
    assert (early.status_code, early.json()["code"]) == (409, "HEAD_NOT_PUBLISHED")
    await publish_heads(works, sogne, None)
    [head] = (await reading.get("/heads", headers=header)).json()["items"]
    for entry in entries:
        proof = (await reading.get(f"/journalposter/{entry}/proof", headers=header)).json()
        assert str(entry) in proof["entry"]
        assert "Nordmann" not in proof["entry"]
        reached = hashlib.sha256(proof["entry"].encode()).digest()
        reached = hashlib.sha256(reached + bytes.fromhex(proof["before"])).digest()
        for one in proof["following"]:
            reached = hashlib.sha256(bytes.fromhex(one) + reached).digest()
        assert reached.hex() == proof["head"] == head["head_hash"]
    assert (await reading.get(f"/journalposter/{uuid4()}/proof", headers=header)).status_code == 404


async def test_verify_by_rest_is_for_those_who_oversee(
    reading: httpx.AsyncClient, works: Works, sogne: Municipality, tokens: TestTokens
) -> None:
    await a_journal(works)
    for role in Role:
        answer = await reading.get("/verify", headers=tokens.header(role))
        assert answer.status_code == (200 if role in (Role.ARK, Role.REV, Role.LED) else 403)
    body = (await reading.get("/verify?year=2026", headers=tokens.header(Role.ARK))).json()
    assert (body["whole"], body["entries"], body["missing_numbers"]) == (True, 5, {"2026": 0})


async def test_the_nightly_count_shows_a_gap_as_a_metric(made: Any, sogne: Municipality, clock: FakeClock) -> None:
    """B-29, INV-6."""
    works, tamper = made
    metrics = Metrics()
    count = NightlyCount(works, sogne, metrics)
    await count.round()
    assert b'torg_journal_gap{year="2026"} 0.0' in metrics.render()
    await a_journal(works)
    await tamper("DELETE FROM journalposter WHERE journalsekvensnummer = 2")
    await count.round()
    assert b'torg_journal_gap{year="2026"} 0.0' in metrics.render()  # counted today already
    clock.move(timedelta(days=1))
    await count.round()
    assert b'torg_journal_gap{year="2026"} 1.0' in metrics.render()


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM journalposter WHERE journalsekvensnummer = 1",
        "DELETE FROM journalposter WHERE journalsekvensnummer = 5",
        "UPDATE journalposter SET journalsekvensnummer = 0 WHERE journalsekvensnummer = 1",
        "UPDATE journal_counters SET n = 9",
        "UPDATE journal_counters SET n = 2",
        "DELETE FROM journal_counters",
    ],
)
async def test_every_kind_of_hole_in_the_numbers_is_counted(made: Any, statement: str) -> None:
    works, tamper = made
    await a_journal(works)
    await tamper(statement)
    async with works.begin(ACTOR) as work:
        assert (await oversight.missing_numbers(work))[2026] > 0


async def test_statistics_count_without_naming_anybody(
    reading: httpx.AsyncClient, works: Works, sogne: Municipality
) -> None:
    """G-03: volume, handling mix and response times, open to everybody."""
    from tests.journal.journal_rows import a_deadline

    async with works.begin(ACTOR) as work:
        for hours, handling in ((1, "answer"), (3, "answer"), (40, "thank")):
            message = await a_message(work.db, handling=handling)
            late = hours > 24
            await a_deadline(
                work.db,
                sogne,
                message_id=message,
                state="satisfied_late" if late else "satisfied",
                ended_at=AT + timedelta(hours=hours),
            )
        await a_message(work.db, backfill=True)
        await a_message(work.db, received_at=AT - timedelta(days=60))
    answer = await reading.get("/statistics")
    body = answer.json()
    assert answer.status_code == 200
    assert body["messages"] == 3
    assert body["handling"] == {"answer": 2, "thank": 1}
    assert body["first_answer"] == {"counted": 3, "in_time": 2, "late": 1, "median_seconds": 3 * 3600}
    assert "Nordmann" not in answer.text
    assert (await reading.get("/statistics?fra=2026-01-01&til=2026-06-30")).json()["messages"] == 4
