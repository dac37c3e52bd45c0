"""The passing of time over stored deadlines, and people who stop a clock."""

import asyncio
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import orjson
import sqlalchemy as sa
from torg_journal.jobs.journal import ACTOR, pass_deadlines
from torg_journal.settings import Municipality
from torg_journal.usecases import clocks
from torg_shared.auth import Role
from torg_shared.metrics import Metrics
from torg_shared.testing import FakeClock, TestTokens
from torg_shared.work import Works

from tests.journal.journal_rows import AT, Register, a_case, a_deadline, a_message


def keyed(tokens: TestTokens, role: Role, version: int) -> dict[str, str]:
    return tokens.header(role) | {"Idempotency-Key": uuid4().hex, "If-Match": f'"{version}"'}


async def told(works: Works) -> list[tuple[str, dict[str, Any]]]:
    """Type and data of what was published, in order."""
    async with works.begin(ACTOR) as work:
        rows = await work.db.execute(sa.text("SELECT type, payload FROM log ORDER BY id"))
        return [(row.type.removesuffix(".v1"), orjson.loads(row.payload)["data"]) for row in rows]


async def test_a_deadline_warns_twice_and_is_overdue_once(works: Works, sogne: Municipality, clock: FakeClock) -> None:
    metrics = Metrics()
    async with works.begin(ACTOR) as work:
        deadline_id = await a_deadline(work.db, sogne)
    for hours in (0, 3, 3.75, 4, 22, 22.5, 23, 23.9, 24, 25, 48):
        clock.at = AT + timedelta(hours=hours)
        await pass_deadlines(works, metrics)
    found = await told(works)
    assert [(name, data.get("used_percent")) for name, data in found] == [
        ("deadline.due_soon", 50),
        ("deadline.due_soon", 80),
        ("deadline.overdue", None),
    ]
    assert {data["deadline_id"] for _, data in found} == {str(deadline_id)}
    assert [data["version"] for _, data in found] == [2, 3, 4]
    assert b'torg_deadlines_overdue{code="T-FIRST"} 1.0' in metrics.render()
    assert b'torg_deadlines_overdue{code="T-GDPR"} 0.0' in metrics.render()


async def test_a_batch_costs_the_same_statements_whatever_its_size(
    works: Works, sogne: Municipality, clock: FakeClock
) -> None:
    counted = []
    for size in (1, 40):
        async with works.begin(ACTOR) as work:
            for _ in range(size):
                await a_deadline(work.db, sogne)
        clock.at = AT + timedelta(hours=4)
        statements: list[str] = []

        def count(*event: Any, into: list[str] = statements) -> None:
            into.append(event[2])

        sa.event.listen(works.engine.sync_engine, "before_cursor_execute", count)
        async with works.begin(ACTOR) as work:
            assert await clocks.tick(work, 200) == size
        sa.event.remove(works.engine.sync_engine, "before_cursor_execute", count)
        counted.append(len(statements))
    assert counted[0] == counted[1]


async def test_two_replicas_tell_each_thing_once(works: Works, sogne: Municipality, clock: FakeClock) -> None:
    async with works.begin(ACTOR) as work:
        for _ in range(30):
            await a_deadline(work.db, sogne)
    clock.at = AT + timedelta(hours=30)
    await asyncio.gather(*(pass_deadlines(works, Metrics()) for _ in range(4)))
    await pass_deadlines(works, Metrics())
    names = [name for name, _ in await told(works)]
    assert names == ["deadline.overdue"] * 30


async def test_pause_and_resume_move_the_clock_and_the_worklist(
    reading: httpx.AsyncClient, works: Works, sogne: Municipality, clock: FakeClock, tokens: TestTokens
) -> None:
    async with works.begin(ACTOR) as work:
        message = await a_message(work.db, next_due=AT + timedelta(hours=24))
        one = await a_deadline(work.db, sogne, message_id=message)
    path = f"/deadlines/{one}"
    clock.at = AT + timedelta(hours=2)
    paused = await reading.post(f"{path}/pause", json={"reason": "awaiting_author"}, headers=keyed(tokens, Role.SA, 1))
    assert (paused.status_code, paused.json()["state"], paused.headers["etag"]) == (200, "paused", '"2"'), paused.text
    assert await next_due(works, message) is None
    clock.at = AT + timedelta(hours=100)
    await pass_deadlines(works, Metrics())
    clock.at = AT + timedelta(hours=2 + 24 * 5)  # Monday, the same time of day
    resumed = await reading.post(f"{path}/resume", json={}, headers=keyed(tokens, Role.LED, 2))
    assert resumed.json()["state"] == "running"
    assert datetime.fromisoformat(resumed.json()["due_at"]) == AT + timedelta(hours=24 * 6)
    assert await next_due(works, message) == AT + timedelta(hours=24 * 6)
    assert [name for name, _ in await told(works)] == ["deadline.paused", "deadline.resumed"]


async def next_due(works: Works, message: UUID) -> datetime | None:
    async with works.begin(ACTOR) as work:
        found: datetime | None = await work.db.scalar(
            sa.text("SELECT next_due FROM messages WHERE id = :id"), {"id": message}
        )
        return found


async def test_a_clock_is_stopped_by_the_right_people_for_the_right_reasons(
    reading: httpx.AsyncClient, works: Works, sogne: Municipality, tokens: TestTokens
) -> None:
    async with works.begin(ACTOR) as work:
        one = await a_deadline(work.db, sogne, message_id=await a_message(work.db))
    path, body = f"/deadlines/{one}/pause", {"reason": "awaiting_author"}
    for role in Role:
        expected = 412 if role in (Role.SA, Role.LED) else 403
        assert (await reading.post(path, json=body, headers=keyed(tokens, role, 9))).status_code == expected
    header = tokens.header(Role.SA) | {"Idempotency-Key": "x"}
    assert (await reading.post(path, json=body, headers=header)).status_code == 428
    assert (await reading.post(path, json={"reason": "ferie"}, headers=keyed(tokens, Role.SA, 1))).status_code == 422
    resume = await reading.post(f"/deadlines/{one}/resume", json={}, headers=keyed(tokens, Role.SA, 1))
    assert (resume.status_code, resume.json()["code"]) == (409, "DEADLINE_STATE")
    unknown = await reading.post(f"/deadlines/{uuid4()}/pause", json=body, headers=keyed(tokens, Role.SA, 1))
    assert unknown.status_code == 404


async def test_the_list_of_deadlines(
    reading: httpx.AsyncClient, works: Works, sogne: Municipality, tokens: TestTokens, clock: FakeClock
) -> None:
    async with works.begin(ACTOR) as work:
        message = await a_message(work.db, units=["teknisk-drift"])
        first = await a_deadline(work.db, sogne, message_id=message)
        statutory = await a_deadline(work.db, sogne, "T-PRELIM", "", message_id=message)
        await a_deadline(work.db, sogne, "T-HOLD", "", state="satisfied", message_id=message)
        hidden = await a_deadline(work.db, sogne, "T-GDPR", "", message_id=await a_message(work.db))

    async def ids(role: Role = Role.LED, **query: Any) -> list[str]:
        answer = await reading.get("/deadlines", params=query, headers=tokens.header(role, unit="teknisk-drift"))
        assert answer.status_code == 200, answer.text
        return [one["deadline_id"] for one in answer.json()["items"]]

    assert await ids() == [str(first), *sorted([str(statutory), str(hidden)])]
    assert await ids(code="T-FIRST") == [str(first)]
    assert await ids(statutory="true", message_id=str(message)) == [str(statutory)]
    assert await ids(state="satisfied") != []
    assert await ids(due_before="2026-06-05T00:00:00Z") == [str(first)]
    assert await ids(Role.FAG) == [str(first), str(statutory)]
    header = tokens.header(Role.FAG, unit="oppvekst")
    assert (await reading.get(f"/deadlines/{first}", headers=header)).status_code == 404
    clock.at = AT + timedelta(hours=12)
    one = await reading.get(f"/deadlines/{first}", headers=tokens.header(Role.LED))
    told_of = one.json()
    assert (told_of["colour"], told_of["used_percent"], told_of["code"]) == ("amber", 50, "T-FIRST")
    assert told_of["inputs"]["unit"] == "working_days"


async def test_restanser_and_forfall(
    reading: httpx.AsyncClient, works: Works, sogne: Municipality, tokens: TestTokens, clock: FakeClock
) -> None:
    """Noark 3.4: open I and N with age in days; X, avskrevne and Utgår are not among them."""
    async with works.begin(ACTOR) as work:
        case, register = await a_case(work.db), Register(work.db)
        message = await a_message(work.db, saksmappe_id=case)
        open_i = await register.entry(case, message_id=message)
        open_n = await register.entry(case, type_="N")
        await register.entry(case, type_="X")
        await register.entry(case, type_="N", status="U")
        answered = await register.entry(case)
        await register.entry(case, type_="U", status="E", refers_to=[answered], reply_id=uuid4())
        due = await a_deadline(work.db, sogne, "T-PRELIM", "", message_id=message, saksmappe_id=case)
        await a_deadline(work.db, sogne, "T-FULL", "", message_id=message, saksmappe_id=case, state="satisfied")
    clock.at = AT + timedelta(days=10)
    header = tokens.header(Role.ARK)
    found = (await reading.get("/restanser", headers=header)).json()["items"]
    assert {one["journalpost_id"] for one in found} == {str(open_i), str(open_n)}
    assert {one["days"] for one in found} == {10}
    [incoming] = [one for one in found if one["journalposttype"] == "I"]
    assert incoming["registreringsID"] == "2026/1-1"
    assert incoming["due_at"].startswith("2026-07-03")
    for older, count in ((10, 2), (11, 0)):
        answer = await reading.get(f"/restanser?older_than={older}", headers=header)
        assert len(answer.json()["items"]) == count
    assert (await reading.get("/restanser", headers=tokens.header(Role.FAG, unit="oppvekst"))).json()["items"] == []
    assert (await reading.get("/forfall?within=3", headers=header)).json()["items"] == []
    [one] = (await reading.get("/forfall?within=30", headers=header)).json()["items"]
    assert (one["deadline_id"], one["saksnummer"], one["overdue"]) == (str(due), "2026/1", False)
    clock.at = AT + timedelta(days=40)
    [one] = (await reading.get("/forfall?within=0", headers=header)).json()["items"]
    assert one["overdue"] is True
