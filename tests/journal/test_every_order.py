"""Every order, and every repetition, of a journey's events ends in the same state (architecture section 4).

Proved by induction over the sets of events that have come: for every set S and every event e outside it, S and then
e must lead to the one state of S + e, whatever order S came in. With all those steps checked, so are all n! orders.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import combinations, permutations
from math import factorial
from typing import Any

import pytest
from torg_journal.domain.facts import Fact
from torg_journal.domain.house import House
from torg_journal.handlers import fact_of
from torg_shared.events import ingest
from torg_shared.events.envelope import Event

from .conftest import Journal
from .events import CHANNEL, Told, channel_activated
from .shelf import Shelf

NOW = datetime(2026, 6, 3, 13, 0, tzinfo=UTC)


def journey() -> list[Event]:
    """The main journey, with an edit, a picture, the read-back, and the author's deletion at the end."""
    message = Told()
    reply, holding = message.reply(), message.reply("holding", hours=1)
    return [
        message.received(),
        message.edited(),
        message.classified(),
        message.triaged(),
        message.snapshot(media=(ingest.Medium(sha256="f" * 64, mime="image/jpeg"),)),
        holding.published(),
        reply.drafted(),
        reply.published(),
        reply.verified(),
        message.deleted(),
    ]


def changed_mind() -> list[Event]:
    """`open_case`, then `redirect_formal` (G-45): the duty, the clocks and the case follow the person's last word."""
    message = Told()
    reply = message.reply("redirect")
    return [
        message.received(),
        message.classified("answer", record_class="none"),
        message.classified("open_case", version=2),
        message.edited(),
        message.triaged(),
        message.triaged("redirect_formal", triage=2, version=2),
        message.triaged("redirect_formal", triage=3, version=2, reply_duty="should"),
        reply.published(),
        reply.mismatch(),
    ]


def statutory() -> list[Event]:
    """An access request that is an alarm too, acknowledged and handed over, then answered in the platform's app."""
    message = Told()
    reply = message.reply()
    flags = ("legal_request:access", "urgent")
    return [
        message.received(),
        message.classified("redirect_formal", flags=flags),
        message.urgent(),
        message.urgent("child"),
        message.acknowledged(),
        message.acknowledged(handed_over=True),
        message.triaged("redirect_formal", flags=flags),
        message.triaged("answer", triage=2, record_class="none"),
        reply.captured(),
    ]


def informal() -> list[Event]:
    """A thank-you that is answered: nothing is journaled, the decision not to is recorded."""
    message = Told()
    reply = message.reply("thanks")
    duty: dict[str, Any] = {"reply_duty": "should", "record_class": "none"}
    return [
        message.received(),
        message.classified("thank", **duty),
        message.triaged("thank", **duty),
        reply.drafted(),
        reply.published(),
        reply.verified(),
    ]


def archived() -> list[Event]:
    """A photograph of long ago (G-31)."""
    message = Told()
    return [
        message.received(),
        message.edited(),
        message.classified("archive_only", reply_duty="may", record_class="archive"),
        message.triaged("archive_only", reply_duty="may"),
        message.snapshot(media=(ingest.Medium(sha256="f" * 64, mime="image/png"),)),
    ]


@pytest.mark.parametrize(
    ("story", "orders"),
    [(journey, 3_628_800), (changed_mind, 362_880), (statutory, 362_880), (informal, 720), (archived, 120)],
)
def test_every_order_and_every_repetition_ends_alike(story: Any, orders: int, house: House) -> None:
    facts = [fact_of(event, NOW) for event in story()]
    empty = Shelf.empty(facts[0].conversation_id, house, NOW, {CHANNEL: "facebook-sogne"})
    states: dict[frozenset[int], Shelf] = {frozenset(): empty}
    steps = 0
    for size in range(1, len(facts) + 1):
        for chosen in combinations(range(len(facts)), size):
            whole = frozenset(chosen)
            found = None
            for last in chosen:
                shelf, _ = states[whole - {last}].told([facts[last]])
                picture = shelf.picture()
                steps += 1
                if found is None:
                    found, states[whole] = picture, shelf
                assert picture == found, (story.__name__, [facts[i].kind for i in chosen], facts[last].kind)
            _again_changes_nothing(states[whole], [facts[i] for i in chosen])
    assert steps == len(facts) * 2 ** (len(facts) - 1)
    assert orders == factorial(len(facts))
    assert states[frozenset(range(len(facts)))].conversation.waiting_since is None


def _again_changes_nothing(shelf: Shelf, facts: Sequence[Fact]) -> None:
    _, effects = shelf.told(facts)
    assert not effects.new_cases
    assert not effects.changed_cases
    assert not effects.drafts
    assert not effects.avskrivninger
    assert not effects.decisions
    assert not effects.notater
    assert not effects.remarks
    assert not effects.attached
    assert not effects.rows
    assert not effects.clocks


_STATE = """
SELECT m.conversation_id, m.status, m.answered_by_reply IS NOT NULL AS answered, m.next_due_code, m.risk,
    s.saksstatus, s.stage, s.antall_journalposter,
    (SELECT string_agg(j.journalposttype || j.journalpostnummer || j.journalstatus || j.tittel, ','
        ORDER BY j.journalpostnummer) FROM journalposter j WHERE j.saksmappe_id = s.id) AS entries,
    (SELECT string_agg(a.avskrivningsmaate, ',') FROM avskrivninger a WHERE a.conversation_id = s.conversation_id)
        AS avskrivninger,
    (SELECT string_agg(d.code || d.variant || d.state || d.due_at || coalesce(d.ended_at::text, ''), ','
        ORDER BY d.code, d.variant) FROM deadlines d WHERE d.message_id = m.id) AS deadlines,
    (SELECT string_agg(r.record_class, ',') FROM record_decisions r WHERE r.message_id = m.id) AS decisions,
    (SELECT string_agg(k.dokumentnummer || k.tittel, ',' ORDER BY k.dokumentnummer) FROM dokumenter k
        WHERE k.conversation_id = s.conversation_id AND k.snapshot_id IS NOT NULL) AS documents,
    c.waiting_since
FROM messages m JOIN conversations c ON c.id = m.conversation_id
LEFT JOIN saksmapper s ON s.conversation_id = m.conversation_id
"""


async def test_every_order_of_six_events_in_the_database(journal: Journal) -> None:
    """720 conversations, each told in another order, one event of each in a batch; every batch comes twice."""
    await journal.take(channel_activated())
    stories = []
    for order in permutations(range(6)):
        message = Told()
        reply = message.reply()
        events: list[Event] = [
            message.received(),
            message.classified(),
            message.triaged(),
            message.snapshot(),
            reply.published(),
            reply.verified(),
        ]
        stories.append([events[position] for position in order])
    for step in range(6):
        for part in range(0, len(stories), 120):  # a transaction may think for 3 s at most, on whatever machine
            batch = [story[step] for story in stories[part : part + 120]]
            await journal.take(*batch)
            await journal.take(*batch)
    rows = await journal.rows(_STATE)
    assert len(rows) == 720
    pictures = {tuple((name, value) for name, value in row.items() if name != "conversation_id") for row in rows}
    assert len(pictures) == 1, pictures
    numbers = await journal.one(
        "SELECT count(*) AS n, min(journalsekvensnummer) AS first, max(journalsekvensnummer) AS last FROM journalposter"
    )
    assert dict(numbers) == {"n": 1440, "first": 1, "last": 1440}
