"""Facts in any order, more than once: every conversation ends in the same place (architecture, section 4)."""

import itertools
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any
from uuid import uuid4

import sqlalchemy as sa
from torg_responder.tables import channels, consulted, messages, own_texts, replies
from torg_shared.events import classifier, journal
from torg_shared.events.envelope import Event

from .conftest import Citizen, Desk


def _classified(citizen: Citizen) -> Event:
    return classifier.MessageClassified(
        classification_id=uuid4(),
        message_id=citizen.id,
        conversation_id=citizen.conversation,
        message_version=1,
        handling="open_case",
        reply_duty="must",
        reply_private=False,
        record_class="journal",
        sentiment=0,
        tone="formal",
        length="short",
        lang="nb",
        unit="servicetorget",
        confidence=0.9,
        needs_human=False,
        needs_triage=False,
        rules_version="1",
        guideline_version="1",
    )


def _opened(citizen: Citizen) -> Event:
    return journal.SaksmappeOpened(
        saksmappe_id=citizen.id,
        conversation_id=citizen.conversation,
        version=1,
        saksnummer="2026/7",
        offentlig_tittel="Spørsmål på Facebook",
        message_id=citizen.id,
        saksansvarlig="per",
        administrativ_enhet="servicetorget",
        saksstatus="Under behandling",
    )


_JOURNEY: Sequence[Callable[[Citizen], Event]] = (
    lambda citizen: citizen.received(),
    lambda citizen: citizen.edited("Hvorfor er gatelyset av? Det er mørkt!", 2),
    lambda citizen: citizen.triaged("redirect_formal"),
    lambda citizen: citizen.triaged("open_case", 2),
    lambda citizen: citizen.own("Vi ser på det!", f"app-{citizen.external}"),
    _classified,
)


async def test_every_order_of_a_journey_ends_alike(desk: Desk) -> None:
    """720 orders, each with its first event once more at the end; all conversations go side by side."""
    orders = list(itertools.permutations(range(len(_JOURNEY))))
    told = [(citizen := Citizen(), [event(citizen) for event in _JOURNEY], order) for order in orders]
    for step in range(len(_JOURNEY) + 1):
        await desk.hear(*[events[(*order, order[0])[step]] for _, events, order in told])

    outcomes: Counter[Any] = Counter()
    async with desk.works.engine.connect() as db:
        rows = {row.id: row for row in await db.execute(sa.select(messages))}
        answers = list(await db.execute(sa.select(replies)))
        own = list(await db.execute(sa.select(own_texts)))
    by_message: dict[Any, list[Any]] = {}
    for row in answers:
        by_message.setdefault(row.message_id, []).append(row)
    for citizen, _, _ in told:
        row = rows[citizen.id]
        live = sorted(
            (reply.kind, reply.state, reply.origin, reply.external_id is not None)
            for reply in by_message.get(citizen.id, [])
            if reply.state != "discarded"
        )
        place = row.external_id == citizen.external
        outcomes[(row.version, row.text, row.handling, row.tone, row.lang, place, tuple(live))] += 1
    answered = (("full", "captured", "external", True),)
    assert set(outcomes) == {
        (2, "Hvorfor er gatelyset av? Det er mørkt!", "open_case", "formal", "nb", True, answered),
    }
    assert all(row.reply_id is not None for row in own)
    assert sum(outcomes.values()) == len(orders) == 720


async def test_a_batch_costs_the_same_statements_whatever_its_size(desk: Desk) -> None:
    counted = []
    for size in (1, 40):
        citizens = [Citizen() for _ in range(size)]
        events = [event(citizen) for citizen in citizens for event in (*_JOURNEY, _opened)]
        seen: list[str] = []
        engine = desk.works.engine.sync_engine

        def count(conn: Any, cursor: Any, statement: str, *rest: Any, into: list[str] = seen) -> None:
            if not statement.startswith("NOTIFY"):  # follows a commit, at most one per 5 ms
                into.append(statement)

        sa.event.listen(engine, "before_cursor_execute", count)
        await desk.hear(*events)
        sa.event.remove(engine, "before_cursor_execute", count)
        counted.append(seen)
    assert [one[:40] for one in counted[0]] == [one[:40] for one in counted[1]]
    assert len(counted[0]) < 30


async def test_what_comes_before_the_message_waits_for_it(desk: Desk) -> None:
    citizen = Citizen()
    await desk.hear(citizen.own("Svar fra mobilen.", "from-the-app"), citizen.triaged("thank"), _opened(citizen))
    async with desk.works.engine.connect() as db:
        assert (await db.execute(sa.select(sa.func.count()).select_from(replies))).scalar_one() == 0
    await desk.hear(citizen.received())
    async with desk.works.engine.connect() as db:
        states = list((await db.execute(sa.select(replies.c.state))).scalars())
        number = (await db.execute(sa.select(messages.c.saksnummer))).scalar_one()
    assert (states, number) == (["captured"], "2026/7")


async def test_facts_are_written_once_however_often_they_come(desk: Desk) -> None:
    citizen = Citizen()
    asked = journal.ConsultationRequested(
        consultation_id=citizen.id,
        conversation_id=citizen.conversation,
        message_id=citizen.id,
        message_version=1,
        saksmappe_id=citizen.id,
        version=1,
        unit="teknisk-drift",
        requested_at=desk.clock.now(),
    )
    for _ in range(2):
        await desk.hear(asked, *[event(citizen) for event in _JOURNEY])
    async with desk.works.engine.connect() as db:
        for table, number in ((consulted, 1), (messages, 1), (channels, 1), (own_texts, 2)):
            found = (await db.execute(sa.select(sa.func.count()).select_from(table))).scalar_one()
            assert (table.name, found) == (table.name, number)
