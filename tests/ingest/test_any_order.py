"""F12: the end state of a thread is the same for every order of arrival, and every delivery may come twice."""

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st
from torg_ingest.channels import facebook as adapter
from torg_ingest.domain.changes import Change, Delivery, message_id
from torg_ingest.domain.intake import fold, release
from torg_ingest.domain.messages import Effect, Message, OwnChannel
from torg_shared.events.ingest import MessageReceived
from torg_shared.ids import uuid7

from .conftest import PARKING, Ingest
from .facebook import AT, PAGE, delivery, own, reply, value

NOW = datetime.fromtimestamp(AT, UTC)
CHANNEL = OwnChannel(uuid7(), NOW - timedelta(days=1), closed=False)

# a recorded thread: what each delivery tells, in the order in which it happened
THREAD = [
    delivery(value("2002_1", message="A"), time=AT + 1),
    delivery(value("2002_1", "edited", message="B"), time=AT + 2),
    delivery(reply("2002_2", "2002_1", message="svar"), time=AT + 3),
    delivery(own("2002_3", "2002_1", message="Hei fra kommunen"), time=AT + 4),
    delivery(reply("2002_4", "2002_3", message="takk"), time=AT + 5),
    delivery(value("2002_1", "edited", message="A"), time=AT + 6),
    delivery(reply("2002_2", "2002_1", "hide"), time=AT + 7),
    delivery(reply("2002_2", "2002_1", "unhide"), time=AT + 8),
    delivery(reply("2002_2", "2002_1", "hide"), time=AT + 9),
    delivery(reply("2002_4", "2002_3", "remove"), time=AT + 10),
    delivery(value("2002_5", message="et annet innlegg", **{"from": None}), time=AT + 11),
    delivery(value("2002_5", "remove"), time=AT + 12),
]


def _changes(content: bytes) -> list[tuple[Change, OwnChannel]]:
    parsed = adapter.parse(Delivery(uuid7(), "facebook", NOW, content, "application/json"))
    return [(change, CHANNEL) for change in parsed.changes]


class House:
    """The rules alone, with everything they would store."""

    def __init__(self) -> None:
        self.messages: dict[Any, Message] = {}
        self.effects: list[Effect] = []

    def take(self, *contents: bytes) -> None:
        """One batch."""
        changes = [pair for content in contents for pair in _changes(content)]
        done = fold(self.messages, changes, NOW, PARKING)
        self.messages |= done.touched
        self.effects += done.effects

    def settle(self, now: datetime = NOW) -> None:
        while True:
            waiting = {one.id: one for one in self.messages.values() if one.awaiting_since}
            done = release(waiting, self.messages, {CHANNEL.id: CHANNEL}, now, PARKING)
            self.effects += done.effects
            if not done.touched:
                return

    def state(self) -> Any:
        """What a reader sees in the end; the numbers of versions tell of the way, not of the end."""
        texts = {e.message.external_id: e.wording.text for e in self.effects if e.wording}
        return {
            one.external_id: (
                texts.get(one.external_id),
                one.conversation_id,
                one.parent_id,
                one.author,
                one.is_self,
                one.kind,
                one.removed_at is not None,
                one.removal_told,
                one.hidden,
                one.hidden_told,
                one.received_at,
                one.received_note,
                one.awaiting_since,
            )
            for one in self.messages.values()
        }


def _in_order() -> Any:
    house = House()
    for content in THREAD:
        house.take(content)
    house.settle()
    return house.state()


EXPECTED = _in_order()


def test_the_end_in_order_is_what_happened() -> None:
    assert {name: (one[0], one[6], one[8]) for name, one in EXPECTED.items()} == {
        "2002_1": ("A", False, False),
        "2002_2": ("svar", False, True),
        "2002_3": ("Hei fra kommunen", False, False),
        "2002_4": ("takk", True, False),
        "2002_5": ("et annet innlegg", True, False),
    }
    conversations = {name: one[1] for name, one in EXPECTED.items()}
    root = message_id("facebook", PAGE, "2002_1")
    assert [conversations[f"2002_{n}"] == root for n in range(1, 6)] == [True, True, True, True, False]


@settings(max_examples=300, deadline=None)
@given(
    order=st.permutations(range(len(THREAD))),
    again=st.lists(st.integers(0, len(THREAD) - 1), max_size=6),
    cut=st.sets(st.integers(1, 17)),
)
@example(order=list(reversed(range(len(THREAD)))), again=[0, 1, 2, 5], cut=set())
def test_the_end_is_the_same_for_every_order(order: list[int], again: list[int], cut: set[int]) -> None:
    """Shuffled, with repetitions, in batches of any size."""
    house = House()
    contents = [THREAD[n] for n in (*order, *again)]
    borders = [0, *sorted(one for one in cut if one < len(contents)), len(contents)]
    for start, end in itertools.pairwise(borders):
        house.take(*contents[start:end])
    house.settle()

    assert house.state() == EXPECTED


@settings(max_examples=100, deadline=None)
@given(order=st.permutations(range(len(THREAD))))
def test_every_order_tells_a_message_once_and_its_end_once(order: list[int]) -> None:
    house = House()
    for n in order:
        house.take(THREAD[n])
    house.settle()

    told = [(one.what, one.message.external_id) for one in house.effects]
    assert sorted(one for one in told if one[0] == "received") == [
        ("received", "2002_1"),
        ("received", "2002_2"),
        ("received", "2002_4"),
        ("received", "2002_5"),
    ]
    assert sorted(one for one in told if one[0] == "deleted") == [("deleted", "2002_4"), ("deleted", "2002_5")]
    for name in {external for _, external in told}:
        numbers = [one.version for one in house.effects if one.message.external_id == name and one.wording]
        assert numbers == list(range(1, len(numbers) + 1))


async def test_shuffled_deliveries_end_alike_in_the_database(ingest: Ingest) -> None:
    for content in reversed(THREAD):
        await ingest.take(content)
    await ingest.release()

    rows = await ingest.rows(
        "SELECT external_id, conversation_id, hidden, removed_at IS NOT NULL AS removed, text, awaiting_since "
        "FROM messages m LEFT JOIN versions v ON v.message_id = m.id AND v.version = m.version"
    )
    assert {
        row["external_id"]: (row["text"], row["conversation_id"], row["removed"], row["hidden"], row["awaiting_since"])
        for row in rows
    } == {name: (one[0], one[1], one[6], one[8], None) for name, one in EXPECTED.items()}


async def test_a_reply_whose_parent_never_comes_stands_for_itself_for_ever(ingest: Ingest) -> None:
    await ingest.take(delivery(reply("2002_2", "2002_1")))
    ingest.clock.move(timedelta(seconds=19))
    await ingest.release()
    assert await ingest.types() == []

    ingest.clock.move(timedelta(seconds=1))
    await ingest.release()
    await ingest.take(delivery(value("2002_1")), delivery(reply("2002_6", "2002_2")))
    await ingest.release()

    received = {e.external_id: e for e in await ingest.events("message.received.v1") if isinstance(e, MessageReceived)}
    alone = message_id("facebook", PAGE, "2002_2")
    assert received["2002_2"].conversation_id == alone
    assert "kom ikke" in (received["2002_2"].received_note or "")
    assert received["2002_6"].conversation_id == alone
    assert received["2002_1"].conversation_id == message_id("facebook", PAGE, "2002_1")


async def test_an_edit_before_its_original_becomes_the_second_version(ingest: Ingest) -> None:
    """Acceptance 19: delivered out of order with its edit, the edit is kept as version 2."""
    await ingest.take(delivery(value("2002_1", "edited", message="B"), time=AT + 9))
    assert await ingest.types() == []
    await ingest.take(delivery(value("2002_1", message="A")))

    assert [row["text"] for row in await ingest.rows("SELECT text FROM versions ORDER BY version")] == ["A", "B"]
    assert await ingest.types() == ["message.received", "snapshot.taken", "message.edited", "snapshot.taken"]


async def test_an_edit_whose_original_never_comes_is_published_with_a_remark(ingest: Ingest) -> None:
    await ingest.take(delivery(value("2002_1", "edited", message="B"), time=AT + 9))
    ingest.clock.move(PARKING)
    await ingest.release()
    await ingest.take(delivery(value("2002_1", message="A")))

    (received,) = await ingest.events("message.received.v1")
    assert isinstance(received, MessageReceived)
    assert received.text == "B"
    assert "opprinnelige ordlyden" in (received.received_note or "")
    assert len(await ingest.rows("SELECT 1 FROM versions")) == 1


async def test_a_removal_of_what_nobody_knows_leaves_a_tombstone(ingest: Ingest) -> None:
    await ingest.take(delivery(value("2002_1", "remove")))
    ingest.clock.move(PARKING)
    await ingest.release()
    assert await ingest.types() == []

    await ingest.take(delivery(value("2002_1")))
    assert await ingest.types() == ["message.received", "snapshot.taken", "message.deleted"]


async def test_a_chain_of_waiting_replies_goes_when_its_root_comes(ingest: Ingest) -> None:
    await ingest.take(*(delivery(reply(f"2002_{n}", f"2002_{n - 1}")) for n in range(6, 1, -1)))
    await ingest.take(delivery(value("2002_1")))
    await ingest.release()

    assert {one.key for one in await ingest.events("message.received.v1")} == {
        str(message_id("facebook", PAGE, "2002_1"))
    }


async def test_replies_in_a_circle_do_not_wait_for_ever(ingest: Ingest) -> None:
    await ingest.take(delivery(reply("2002_1", "2002_2"), reply("2002_2", "2002_1")))
    ingest.clock.move(PARKING)
    await ingest.release()
    assert len(await ingest.events("message.received.v1")) == 2
