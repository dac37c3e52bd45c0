"""The worklist: order, filters, pages, whose eyes, and that the index carries it at ten thousand open messages."""

import random
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import sqlalchemy as sa
from torg_journal import tables as t
from torg_journal.jobs.journal import ACTOR
from torg_shared.auth import Role
from torg_shared.testing import FakeClock, TestTokens
from torg_shared.work import Works

from tests.journal.journal_rows import AT, a_message


async def ids(client: httpx.AsyncClient, headers: dict[str, str], limit: Any = 50, **query: Any) -> list[str]:
    """Every id of the list, page by page."""
    found: list[str] = []
    after = None
    while True:
        asked = {"limit": limit, **query, **({"after": after} if after else {})}
        answer = await client.get("/worklist", params=asked, headers=headers)
        assert answer.status_code == 200, answer.text
        found += [one["message_id"] for one in answer.json()["items"]]
        after = answer.json()["next"]
        if after is None:
            return found


async def test_most_at_risk_first_then_by_what_is_due(
    reading: httpx.AsyncClient, works: Works, tokens: TestTokens
) -> None:
    made: list[UUID] = []
    async with works.begin(ACTOR) as work:
        for risk, hours in ((4, None), (2, 9), (2, None), (0, 30), (2, 3), (1, None), (2, 3)):
            due = None if hours is None else AT + timedelta(hours=hours)
            made.append(
                await a_message(work.db, risk=risk, next_due=due, received_at=AT + timedelta(seconds=len(made)))
            )
    wanted = [str(made[place]) for place in (3, 5, 4, 6, 1, 2, 0)]
    for limit in (1, 2, 3, 50):
        assert await ids(reading, tokens.header(Role.SA), limit) == wanted


async def test_closed_and_unknown_messages_are_not_open_work(
    reading: httpx.AsyncClient, works: Works, tokens: TestTokens
) -> None:
    async with works.begin(ACTOR) as work:
        one = await a_message(work.db)
        older = await a_message(work.db, status="closed", close_reason="answered")
        newer = await a_message(work.db, status="closed", received_at=AT + timedelta(hours=1))
        await a_message(work.db, received_at=None)
    assert await ids(reading, tokens.header(Role.SA)) == [str(one)]
    assert await ids(reading, tokens.header(Role.SA), 1, state="closed") == [str(newer), str(older)]


async def test_filters(reading: httpx.AsyncClient, works: Works, tokens: TestTokens, clock: FakeClock) -> None:
    clock.at = AT + timedelta(hours=5)
    case = uuid4()
    async with works.begin(ACTOR) as work:
        named = {
            "criticism": await a_message(work.db, handling="answer_criticism"),
            "access": await a_message(work.db, flags=["legal_request:access"], risk=1),
            "technical": await a_message(work.db, unit="teknisk-drift", saksmappe_id=case),
            "late": await a_message(work.db, next_due=AT + timedelta(hours=4)),
            "human": await a_message(work.db, needs_human=True, needs_triage=True),
            "instagram": await a_message(work.db, channel_key="instagram-sogne", status="answered"),
        }
    header = tokens.header(Role.LED)
    for query, names in (
        ({"handling": "answer_criticism"}, ["criticism"]),
        ({"flag": "legal_request:access"}, ["access"]),
        ({"unit": "teknisk-drift"}, ["technical"]),
        ({"saksmappe_id": str(case)}, ["technical"]),
        ({"overdue": "true"}, ["late"]),
        ({"needs_human": "true"}, ["human"]),
        ({"needs_triage": "true"}, ["human"]),
        ({"channel": "instagram-sogne"}, ["instagram"]),
        ({"status": "answered"}, ["instagram"]),
        ({"status": "classified"}, []),
    ):
        assert await ids(reading, header, **query) == [str(named[name]) for name in names], query
    assert len(await ids(reading, header, overdue="false")) == 5
    for query in ({"handling": "Nei'; DROP"}, {"flag": "A"}, {"status": "closed"}, {"unknown": "1"}):
        assert (await reading.get("/worklist", params=query, headers=header)).status_code == 422


async def test_experts_see_what_their_unit_was_asked_about_and_administrators_their_channels(
    reading: httpx.AsyncClient, works: Works, tokens: TestTokens
) -> None:
    async with works.begin(ACTOR) as work:
        asked = await a_message(work.db, units=["teknisk-drift"])
        own = await a_message(work.db, unit="teknisk-drift", received_at=AT + timedelta(hours=1))  # proposed, not asked
        other = await a_message(work.db, channel_key="instagram-sogne", received_at=AT + timedelta(hours=2))
    everything = [str(asked), str(own), str(other)]
    assert await ids(reading, tokens.header(Role.FAG, unit="teknisk-drift")) == everything[:1]
    assert await ids(reading, tokens.header(Role.POL, unit="politisk-sekretariat")) == []
    assert await ids(reading, tokens.header(Role.SA, channels=["facebook-sogne"])) == everything[:2]
    for role in (Role.SA, Role.RED, Role.ARK, Role.LED, Role.REV):
        assert await ids(reading, tokens.header(role)) == everything
    assert (await reading.get("/worklist")).status_code == 401
    assert (await reading.get("/worklist", headers=tokens.header(Role.SYS))).status_code == 403


async def test_a_cursor_is_good_for_its_list_filter_and_reader_alone(
    reading: httpx.AsyncClient, works: Works, tokens: TestTokens
) -> None:
    async with works.begin(ACTOR) as work:
        for _ in range(3):
            await a_message(work.db)
    header = tokens.header(Role.SA, subject="per")
    after = (await reading.get("/worklist?limit=1", headers=header)).json()["next"]
    assert (await reading.get("/worklist", params={"after": after}, headers=header)).status_code == 200
    for query, other in (
        ({"after": after, "handling": "answer"}, header),
        ({"after": after}, tokens.header(Role.SA, subject="kari")),
        ({"after": after[:-2] + "AA"}, header),
        ({"after": "nonsense"}, header),
    ):
        answer = await reading.get("/worklist", params=query, headers=other)
        assert (answer.status_code, answer.json()["code"]) == (422, "CURSOR_INVALID")
    assert (await reading.get("/deadlines", params={"after": after}, headers=header)).status_code == 422


async def test_a_line_shows_colour_and_a_claim_only_while_it_lasts(
    reading: httpx.AsyncClient, works: Works, tokens: TestTokens, clock: FakeClock
) -> None:
    async with works.begin(ACTOR) as work:
        await a_message(
            work.db,
            next_due=AT + timedelta(hours=4),
            next_due_code="T-FIRST",
            claim_holder="per",
            claim_until=AT + timedelta(minutes=10),
        )
    seen = []
    for minutes in (0, 9, 10, 119, 120, 239, 240):
        clock.at = AT + timedelta(minutes=minutes)
        [one] = (await reading.get("/worklist", headers=tokens.header(Role.SA))).json()["items"]
        seen.append((one["colour"], one["claim_holder"]))
    assert seen == [
        ("green", "per"),
        ("green", "per"),
        ("green", None),
        ("green", None),
        ("amber", None),
        ("amber", None),
        ("red", None),
    ]
    assert one["excerpt"] == "Når blir det lys?"


async def test_pages_hold_every_message_once_and_in_order(
    reading: httpx.AsyncClient, works: Works, tokens: TestTokens
) -> None:
    """With ties in every column but the id, and with messages that have no deadline."""
    dice = random.Random(35)
    made = []
    async with works.begin(ACTOR) as work:
        for _ in range(60):
            risk, due, received = dice.randrange(3), dice.choice([None, 0, 1]), dice.randrange(3)
            due_at = None if due is None else AT + timedelta(hours=due)
            received_at = AT + timedelta(hours=received)
            one = await a_message(work.db, risk=risk, next_due=due_at, received_at=received_at)
            made.append((risk, due is None, due or 0, received, one))
    wanted = [str(one[-1]) for one in sorted(made)]
    for limit in (1, 7, 59, 60, 200):
        assert await ids(reading, tokens.header(Role.SA), limit) == wanted


async def test_ten_thousand_open_messages_are_read_by_the_index(works: Works) -> None:
    """Pages far down too: the plan walks the index of the list, sorts nothing and reads no more than it must."""
    from torg_journal.store.worklist import WorklistQuery, worklist
    from torg_shared.testing import a_principal
    from torg_shared.web import Page

    async with works.begin(ACTOR) as work:
        await work.db.execute(
            sa.text(
                """
                INSERT INTO messages (id, conversation_id, channel_key, message_version, received_at, status, handling,
                                      unit, risk, next_due, changed_at, changed_by, version, excerpt)
                SELECT gen_random_uuid(), gen_random_uuid(), 'facebook-sogne', 1, now() - n * interval '1 minute',
                       CASE WHEN n % 3 = 0 THEN 'closed' ELSE 'triaged' END, 'answer', 'servicetorget', 1 + n % 4,
                       CASE WHEN n % 5 = 0 THEN NULL ELSE now() + n * interval '1 minute' END, now(), 'x', 1, 'tekst'
                FROM generate_series(1, 15000) AS n
                """
            )
        )
    query = WorklistQuery(a_principal(Role.SA))
    async with works.begin(ACTOR) as work:
        place: Any = None
        for _ in range(3):
            found = await worklist(work.db, query, Page("worklist", place, 50), work.now)
            assert len(found) == 51
            last = found[49]
            due = last.next_due.isoformat() if last.next_due else "infinity"
            place = [last.risk, due, last.received_at.isoformat(), str(last.id)]
        plan = await _plan(work.db, query, Page("worklist", place, 50), work.now)
    assert "messages_worklist" in plan
    assert "Sort" not in plan
    assert "Seq Scan" not in plan


async def _plan(db: Any, query: Any, page: Any, now: Any) -> str:
    from sqlalchemy.dialects import postgresql
    from torg_journal.store import worklist as store

    caught: list[Any] = []

    class Catch:
        async def execute(self, statement: Any) -> Any:
            caught.append(statement)
            return await db.execute(statement)

    await store.worklist(Catch(), query, page, now)  # type: ignore[arg-type]
    dialect: Any = postgresql.dialect
    text = caught[0].compile(dialect=dialect(), compile_kwargs={"literal_binds": True})
    rows = await db.execute(sa.text("EXPLAIN " + str(text).replace(":", "\\:")))
    return "\n".join(row[0] for row in rows)


@pytest.mark.parametrize("name", ["messages_worklist"])
def test_the_index_has_the_order_of_the_list(name: str) -> None:
    [index] = [one for one in t.messages.indexes if one.name == name]
    assert [column.name for column in index.columns] == ["risk", "next_due", "received_at", "id"]
