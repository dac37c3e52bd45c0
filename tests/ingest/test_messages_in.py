"""What deliveries of comments become: messages, versions, evidence, events."""

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest
from torg_ingest.domain.changes import message_id
from torg_shared.events.ingest import (
    MessageDeleted,
    MessageEdited,
    MessageOwnSeen,
    MessageReceived,
    MessageVisibilityChanged,
    SnapshotTaken,
)

from .conftest import Ingest
from .facebook import AT, PAGE, body, delivery, entry, own, reply, value


def of(comment: str) -> UUID:
    return message_id("facebook", PAGE, comment)


async def test_a_comment_becomes_a_message_with_evidence(ingest: Ingest) -> None:
    await ingest.take(delivery(value()))

    received, snapshot = await ingest.events()

    assert isinstance(received, MessageReceived)
    assert received.message_id == received.conversation_id == of("2002_3003")
    assert received.text == "Når åpner svømmehallen? 🏊"
    assert (received.author.handle, received.author.display_name) == ("7007", "Kari Nordmann")
    assert (received.kind, received.message_version, received.external_id) == ("comment", 1, "2002_3003")
    assert received.received_at == received.created_at == datetime.fromtimestamp(AT, UTC)
    assert received.received_note is None
    assert isinstance(snapshot, SnapshotTaken)
    assert snapshot.sha256 == received.sha256
    (row,) = await ingest.rows("SELECT * FROM snapshots")
    assert hashlib.sha256(row["content"]).hexdigest() == snapshot.sha256
    content = orjson.loads(row["content"])
    assert content["text"] == received.text
    assert content["payload"]["value"]["comment_id"] == "2002_3003"
    (raw,) = await ingest.rows("SELECT * FROM deliveries WHERE id = $1", received.raw_ref)
    assert (raw["body"], raw["outcome"]) == (delivery(value()), "stored")


async def test_an_edit_appends_a_version_that_is_chained(ingest: Ingest) -> None:
    await ingest.take(delivery(value()), delivery(value(verb="edited", message="Åpner den i dag?"), time=AT + 9))

    assert await ingest.types() == ["message.received", "snapshot.taken", "message.edited", "snapshot.taken"]
    (edited,) = await ingest.events("message.edited.v1")
    assert isinstance(edited, MessageEdited)
    assert (edited.message_version, edited.text) == (2, "Åpner den i dag?")
    first, second = await ingest.rows("SELECT * FROM snapshots ORDER BY version")
    assert second["prev_sha256"] == first["sha256"]
    assert orjson.loads(second["content"])["prev_sha256"] == first["sha256"]
    assert [row["text"] for row in await ingest.rows("SELECT text FROM versions ORDER BY version")] == [
        "Når åpner svømmehallen? 🏊",
        "Åpner den i dag?",
    ]


async def test_the_last_step_of_a_b_a_b_is_kept(ingest: Ingest) -> None:
    texts = ["B", "A", "B"]
    await ingest.take(delivery(value(message="A")))
    await ingest.take(*(delivery(value(verb="edited", message=t), time=AT + n) for n, t in enumerate(texts, 1)))
    assert [row["text"] for row in await ingest.rows("SELECT text FROM versions ORDER BY version")] == ["A", *texts]

    await ingest.take(*(delivery(value(verb="edited", message=t), time=AT + n) for n, t in enumerate(texts, 1)))
    assert len(await ingest.rows("SELECT 1 FROM versions")) == 4


@pytest.mark.parametrize("apart", [0, 1], ids=["in the same second", "seconds apart"])
async def test_the_last_step_of_hide_show_hide_is_kept(ingest: Ingest, apart: int) -> None:
    await ingest.take(delivery(value()))
    for number, verb in enumerate(("hide", "unhide", "hide"), 1):
        await ingest.take(delivery(value(verb=verb), time=AT + number * apart))

    told = await ingest.events("message.visibility_changed.v1")
    assert [one.hidden for one in told if isinstance(one, MessageVisibilityChanged)] == [True, False, True]


async def test_a_removal_is_a_fact_and_deletes_nothing_of_ours(ingest: Ingest) -> None:
    await ingest.take(delivery(value()), delivery(value(verb="remove"), time=AT + 5))
    await ingest.take(delivery(value(verb="remove"), time=AT + 6))

    (deleted,) = await ingest.events("message.deleted.v1")
    assert isinstance(deleted, MessageDeleted)
    assert (deleted.message_id, deleted.message_version) == (of("2002_3003"), 1)
    assert (await ingest.rows("SELECT text FROM versions"))[0]["text"] == "Når åpner svømmehallen? 🏊"


async def test_a_reply_joins_the_conversation_of_its_parent(ingest: Ingest) -> None:
    await ingest.take(
        delivery(value()),
        delivery(reply("2002_4004", "2002_3003", message="Samme lurer jeg på")),
        delivery(reply("2002_5005", "2002_4004", message="Og jeg")),
    )

    received = await ingest.events("message.received.v1")
    assert {one.conversation_id for one in received if isinstance(one, MessageReceived)} == {of("2002_3003")}
    assert [one.kind for one in received if isinstance(one, MessageReceived)] == ["comment", "reply", "reply"]


async def test_two_citizens_below_one_post_have_two_conversations(ingest: Ingest) -> None:
    await ingest.take(delivery(value("2002_1"), value("2002_2", **{"from": {"id": "8008", "name": "Ola"}})))

    received = await ingest.events("message.received.v1")
    assert len({one.key for one in received}) == 2


async def test_our_own_echo_is_seen_and_never_received(ingest: Ingest) -> None:
    await ingest.take(delivery(value()), delivery(own("2002_6", "2002_3003", message="Kl. 10")))

    assert await ingest.types() == ["message.received", "snapshot.taken", "message.own_seen"]
    (seen,) = await ingest.events("message.own_seen.v1")
    assert isinstance(seen, MessageOwnSeen)
    assert (seen.own_id, seen.conversation_id) == (of("2002_6"), of("2002_3003"))
    assert (seen.parent_external_id, seen.external_id, seen.text) == ("2002_3003", "2002_6", "Kl. 10")


async def test_what_citizens_write_below_our_own_comment_are_their_own_conversations(ingest: Ingest) -> None:
    await ingest.take(
        delivery(own("2002_6", message="Spør oss her!")),
        delivery(reply("2002_7", "2002_6"), reply("2002_8", "2002_6")),
        delivery(own("2002_9", "2002_7", message="Kl. 10")),
        delivery(reply("2002_10", "2002_9", message="Takk!")),
    )

    keys = {one.subject: one.key for one in await ingest.events("message.received.v1")}
    assert keys[str(of("2002_7"))] == str(of("2002_7"))
    assert keys[str(of("2002_8"))] == str(of("2002_8"))
    assert keys[str(of("2002_10"))] == str(of("2002_7"))


@pytest.mark.parametrize(
    ("more", "author", "text"),
    [
        ({"from": None}, (None, None), "Når åpner svømmehallen? 🏊"),
        ({"from": None, "sender_id": 7007, "sender_name": "Kari"}, ("7007", "Kari"), "Når åpner svømmehallen? 🏊"),
        ({"from": {"id": 7007}}, ("7007", None), "Når åpner svømmehallen? 🏊"),
        ({"from": {"name": "x" * 10_000}}, (None, "x" * 500), "Når åpner svømmehallen? 🏊"),
        ({"message": None, "photo": "https://cdn.example/x.jpg"}, ("7007", "Kari Nordmann"), None),
        ({"message": ""}, ("7007", "Kari Nordmann"), ""),
        ({"message": "a\x00b"}, ("7007", "Kari Nordmann"), "a\ufffdb"),
        ({"message": "a\ud800b"}, ("7007", "Kari Nordmann"), "a\ufffdb"),
        ({"message": "x" * 63_206}, ("7007", "Kari Nordmann"), "x" * 63_206),
        (
            {"message": "=cmd()\u202e\u200b<script>\x1b[31m\r\n"},
            ("7007", "Kari Nordmann"),
            "=cmd()\u202e\u200b<script>\x1b[31m\r\n",
        ),
    ],
)
async def test_people_and_texts_are_taken_as_they_are(
    ingest: Ingest, more: dict[str, Any], author: Any, text: str | None
) -> None:
    await ingest.take(delivery(value(**more)))

    (received,) = await ingest.events("message.received.v1")
    assert isinstance(received, MessageReceived)
    assert (received.author.handle, received.author.display_name) == author
    assert received.text == text
    assert [one.state for one in received.attachments] == (["missing"] if "photo" in more else [])


async def test_numeric_ids_are_text(ingest: Ingest) -> None:
    numbers = value(comment=None, post_id=2002, parent_id=2002) | {"comment_id": 3003}
    await ingest.take(body(entry(numbers, page=int(PAGE))))

    (received,) = await ingest.events("message.received.v1")
    assert isinstance(received, MessageReceived)
    assert received.external_id == "3003"


@pytest.mark.parametrize(
    ("created", "note"),
    [(None, "oppga ikke"), (1, "ikke troverdig"), (32_503_680_000, "ikke troverdig"), (AT - 86_400, "tatt i bruk")],
    ids=["not told", "1970", "2999", "before activation"],
)
async def test_the_time_of_arrival_counts_when_the_platforms_cannot(
    ingest: Ingest, created: int | None, note: str
) -> None:
    ingest.clock.move(timedelta(minutes=1))
    await ingest.take(delivery(value(created_time=created)))

    (received,) = await ingest.events("message.received.v1")
    assert isinstance(received, MessageReceived)
    assert received.received_at == ingest.clock.at
    assert note in (received.received_note or "")


async def test_every_change_of_every_entry_is_processed(ingest: Ingest) -> None:
    many = [entry(*(value(f"2002_{page}{n:03}") for n in range(250))) for page in range(4)]
    await ingest.take(body(*many))

    assert len(await ingest.events("message.received.v1")) == 1000
    assert (await ingest.rows("SELECT changes FROM deliveries"))[0]["changes"] == 1000


async def test_what_nothing_handles_stays_raw_and_is_counted(ingest: Ingest) -> None:
    odd = [
        value(item="reaction", verb="add", reaction_type="like"),
        value(item="post"),
        value(verb="pinned"),
        value() | {"comment_id": None},
        value() | {"comment_id": True},
        {},
    ]
    mention = entry(value(), field="mention")
    messenger = {"id": PAGE, "time": AT * 1000, "messaging": [{"sender": {"id": "1"}, "message": {"mid": "m"}}]}
    await ingest.take(body(entry(*odd), mention, messenger, {"id": PAGE}, "odd", None), body(entry(value("2002_9"))))

    assert len(await ingest.events("message.received.v1")) == 1
    aside = await ingest.rows("SELECT * FROM set_aside ORDER BY position")
    assert [row["outcome"] for row in aside] == ["unhandled"] * 11
    assert [row["position"] for row in aside] == list(range(11))
    assert {row["item"] for row in aside} == {"reaction", "post", "comment", "message", None}
    counted = ingest.service.metrics.render().decode()
    assert 'torg_unhandled_total{field="feed",item="reaction",platform="facebook",verb="add"} 1.0' in counted


@pytest.mark.parametrize("shape", [{"object": "user"}, {"object": None}, {"entry": None}, {"entry": {}}])
async def test_an_unknown_object_is_kept(ingest: Ingest, shape: dict[str, Any]) -> None:
    await ingest.take(body(entry(value()), **shape))

    assert await ingest.types() == []
    (kept,) = await ingest.rows("SELECT outcome FROM deliveries")
    assert kept["outcome"] == "set_aside"


async def test_an_empty_delivery_and_a_wrapped_one_are_taken(ingest: Ingest) -> None:
    await ingest.take(body(), b"[" + delivery(value()) + b"]")

    assert await ingest.types() == ["message.received", "snapshot.taken"]


async def test_a_page_that_is_not_ours_is_quarantined_beside_our_own(ingest: Ingest) -> None:
    await ingest.take(body(entry(value(), page="666"), entry(value("2002_8"))))

    (received,) = await ingest.events("message.received.v1")
    assert isinstance(received, MessageReceived)
    assert received.external_id == "2002_8"
    (aside,) = await ingest.rows("SELECT * FROM set_aside")
    assert (aside["outcome"], aside["reason"], aside["account_id"]) == ("quarantined", "not_our_account", "666")
    assert (await ingest.rows("SELECT outcome FROM deliveries"))[0]["outcome"] == "partly"


def test_the_ids_of_messages_never_change() -> None:
    """Made of what the platform knows: a poll after a restore meets the same message without a look-up."""
    assert str(of("2002_3003")) == "add73437-1ffd-5d08-ad97-d5f6ad143bdb"
