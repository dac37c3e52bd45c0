"""What events made is whole: chain, worklist, deadlines, screening and the public journal of a real journey."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import sqlalchemy as sa
from torg_journal.jobs.journal import pass_deadlines, publish_heads
from torg_journal.settings import Municipality
from torg_journal.usecases import oversight
from torg_shared.auth import Role
from torg_shared.metrics import Metrics
from torg_shared.testing import FakeClock, TestTokens

from .conftest import Journal
from .events import Told, channel_activated


async def a_journey(journal: Journal, *, answered: bool = True) -> None:
    message = Told()
    await journal.take(channel_activated())
    await journal.take_each([message.received(), message.classified(), message.triaged()])
    if answered:
        reply = message.reply()
        await journal.take_each([reply.published(), reply.verified()])


async def test_the_chain_that_registration_wrote_verifies(journal: Journal, sogne: Municipality) -> None:
    for _ in range(3):
        await a_journey(journal)
    await publish_heads(journal.works, sogne, None)
    found = await journal.do(oversight.verify)
    assert found.findings == ()
    assert (found.whole, found.entries, found.heads) == (True, 6, 1)


async def test_the_entries_reach_the_public_journal_with_the_senders_name_for_a_year(
    journal: Journal, reading: httpx.AsyncClient, tokens: TestTokens, clock: FakeClock
) -> None:
    await a_journey(journal)
    await journal.do(_all_journalfoert)
    header = tokens.header(Role.ARK)
    queue = (await reading.get("/screenings", headers=header)).json()["items"]
    assert [one["journalposttype"] for one in queue] == ["I", "U"]
    names: set[str] = set()
    for one in queue:
        path = f"/journalposter/{one['journalpost_id']}"
        preview = (await reading.get(f"{path}/preview", headers=header)).json()
        parties = [field for field in preview["fields"] if field["field"] == "korrespondansepart"]
        names |= {field["text"] for field in parties if field["spans"]}
        keyed = header | {"Idempotency-Key": uuid4().hex, "If-Match": f'"{preview["version"]}"'}
        done = await reading.post(f"{path}/screen", json={"tittel": []}, headers=keyed)
        assert done.json()["published"] is True, done.text
    assert len(names) == 1  # the sender is tagged from the start, units are not
    [name] = names
    page = await reading.get("/offentlig-journal?format=json")
    incoming = next(one for one in page.json()["items"] if one["journalposttype"] == "I")
    assert incoming["avskrivningsmaate"] == "BU"
    assert name in page.text
    clock.move(timedelta(days=367))
    assert name not in (await reading.get("/offentlig-journal?format=json")).text
    assert (await reading.post("/offentlig-journal/search", json={"text": name})).json()["items"] == []


async def _all_journalfoert(work: Any) -> None:
    await work.db.execute(sa.text("UPDATE journalposter SET journalstatus = 'J' WHERE journalstatus IN ('M', 'E')"))


async def test_the_worklist_shows_what_settling_found_due(
    journal: Journal, reading: httpx.AsyncClient, tokens: TestTokens, clock: FakeClock
) -> None:
    await a_journey(journal, answered=False)
    header = tokens.header(Role.SA)
    [line] = (await reading.get("/worklist", headers=header)).json()["items"]
    found = (await reading.get("/deadlines", headers=header)).json()["items"]
    codes = [one["code"] for one in found]
    assert {"T-FIRST", "T-HOLD", "T-PRELIM", "T-FULL"} <= set(codes)
    assert (line["next_due"], line["next_due_code"]) == (found[0]["due_at"], codes[0])
    clock.at = datetime(2026, 9, 1, tzinfo=UTC)
    while await pass_deadlines(journal.works, Metrics()):
        pass
    states = {one["code"]: one["state"] for one in (await reading.get("/deadlines", headers=header)).json()["items"]}
    assert set(states.values()) == {"overdue"}
    [line] = (await reading.get("/worklist?overdue=true", headers=header)).json()["items"]
    assert line["colour"] == "red"
    assert UUID(line["message_id"])
    overdue = [one for one in await journal.published() if one == "deadline.overdue.v1"]
    assert len(overdue) == len(codes)
