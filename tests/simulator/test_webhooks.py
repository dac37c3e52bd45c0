"""Deliveries as the platform makes them: bytes, signature, retries, batches, order."""

import hashlib
import re
from collections.abc import Callable
from typing import Any

import httpx
import orjson
import pytest
from torg_simulator.world import World

from .conftest import NEXT_SECRET, SECRET, VERIFY, Delivered, Face, Receiver

Idle = Callable[[], Any]
TEXT = "Når åpner svømmehallen? 🏊 </b> http://sogne.example/æ"


def hmac_sha256(key: bytes, message: bytes) -> str:
    """RFC 2104 written out: independent of what the simulator signs with."""
    block = key.ljust(64, b"\0")
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in block) + message).digest()
    return hashlib.sha256(bytes(byte ^ 0x5C for byte in block) + inner).hexdigest()


def signature_of(delivered: Delivered) -> str | None:
    return delivered.headers.get("x-hub-signature-256")


class TestBytes:
    async def test_raw_bytes_are_signed(self, control: Face, receiver: Receiver, idle: Idle) -> None:
        await control.post("/_sim/comments", message=TEXT)
        await idle()

        (delivered,) = receiver.got
        assert signature_of(delivered) == "sha256=" + hmac_sha256(SECRET.encode(), delivered.body)
        assert (delivered.headers["content-type"], delivered.headers["user-agent"]) == (
            "application/json",
            "facebookexternalua",
        )

    async def test_beyond_ascii_is_escaped_in_lower_case(self, control: Face, receiver: Receiver, idle: Idle) -> None:
        await control.post("/_sim/comments", message=TEXT)
        await idle()

        body = receiver.got[0].body
        assert body.isascii()
        assert rb"N\u00e5r \u00e5pner sv\u00f8mmehallen? \ud83c\udfca <\/b> http:\/\/sogne.example\/\u00e6" in body
        assert not re.search(rb'[:,] ["{\[]', body.replace(b"http:", b""))
        assert receiver.values[0]["message"] == TEXT
        assert signature_of(receiver.got[0]) != "sha256=" + hmac_sha256(
            SECRET.encode(), orjson.dumps(orjson.loads(body))
        )

    @pytest.mark.parametrize(
        ("how", "has_256", "has_1"),
        [
            ("right", True, False),
            ("both", True, True),
            ("none", False, False),
            ("sha1_only", False, True),
            ("wrong", True, False),
            ("next", True, False),
        ],
    )
    async def test_signature_by_behaviour(
        self, how: str, has_256: bool, has_1: bool, control: Face, receiver: Receiver, idle: Idle
    ) -> None:
        await control.patch("/_sim/behaviour", signature=how)
        await control.post("/_sim/comments", message="x")
        await idle()

        (delivered,) = receiver.got
        assert (signature_of(delivered) is not None, "x-hub-signature" in delivered.headers) == (has_256, has_1)
        right = {"next": NEXT_SECRET, "wrong": None}.get(how, SECRET)
        if has_256:
            expected = "sha256=" + hmac_sha256((right or SECRET).encode(), delivered.body)
            assert (signature_of(delivered) == expected) == (right is not None)


class TestPayloads:
    async def test_comment(self, control: Face, receiver: Receiver, idle: Idle) -> None:
        made = await control.post("/_sim/comments", message="Hei", name="Ola")
        await idle()

        (entry,) = orjson.loads(receiver.got[0].body)["entry"]
        (change,) = entry["changes"]
        value = change["value"]
        assert (entry["id"], change["field"]) == ("105678901234567", "feed")
        assert value["post"]["permalink_url"].endswith("/posts/" + made["post_id"].partition("_")[2])
        del value["post"]
        assert value == {
            "from": made["from"],
            "message": "Hei",
            "created_time": entry["time"],
            "post_id": made["post_id"],
            "comment_id": made["id"],
            "parent_id": made["post_id"],
            "item": "comment",
            "verb": "add",
        }
        assert made["id"].partition("_")[0] == made["post_id"].partition("_")[2]

    async def test_every_verb(self, control: Face, receiver: Receiver, idle: Idle) -> None:
        made = await control.post("/_sim/comments", message="A")
        for act, body in (("edit", {"message": "B"}), ("hide", {}), ("unhide", {}), ("remove", {})):
            await control.post(f"/_sim/comments/{made['id']}/{act}", **body)
        await idle()

        told = [(value["verb"], value.get("message"), "created_time" in value) for value in receiver.values]
        assert told == [
            ("add", "A", True),
            ("edited", "B", True),
            ("hide", "B", True),
            ("unhide", "B", True),
            ("remove", None, False),
        ]

    async def test_what_has_not_changed_is_not_told(self, control: Face, receiver: Receiver, idle: Idle) -> None:
        made = await control.post("/_sim/comments", message="A")
        await control.post(f"/_sim/comments/{made['id']}/unhide")
        await idle()

        assert len(receiver.got) == 1

    async def test_children_of_a_removed_comment_get_no_change(
        self, control: Face, receiver: Receiver, idle: Idle
    ) -> None:
        made = await control.post("/_sim/comments", message="A")
        child = await control.post("/_sim/comments", message="B", parent=made["id"])
        await control.post(f"/_sim/comments/{made['id']}/remove")
        await idle()

        assert [value["verb"] for value in receiver.values] == ["add", "add", "remove"]
        assert (await control.get(f"/_sim/comments/{child['id']}"))["removed"] is True

    async def test_reply_names_its_parent(self, control: Face, receiver: Receiver, idle: Idle) -> None:
        made = await control.post("/_sim/comments", message="A")
        await control.post("/_sim/comments", message="B", parent=made["id"], name="Per")
        await idle()

        reply = receiver.values[1]
        assert (reply["parent_id"], reply["post_id"], reply["from"]["name"]) == (made["id"], made["post_id"], "Per")

    async def test_shapes_that_lack_things(self, control: Face, receiver: Receiver, idle: Idle) -> None:
        await control.post("/_sim/comments", message="x", without_from=True)
        await control.post("/_sim/comments", photo=True)
        await control.post("/_sim/comments", message="x", old_shape=True, name="Ola")
        await idle()

        private, photo, old = receiver.values
        assert "from" not in private
        assert "message" not in photo
        assert photo["photo"].endswith(".png")
        assert "from" not in old
        assert (type(old["sender_id"]), old["sender_name"]) == (int, "Ola")

    async def test_visitor_and_page_posts(self, control: Face, receiver: Receiver, idle: Idle) -> None:
        await control.post("/_sim/posts", message="Fra siden")
        await control.post("/_sim/posts", message="Fra en gjest", name="Kari")
        await idle()

        assert [(value["item"], value["from"]["name"]) for value in receiver.values] == [
            ("status", "Sogne kommune"),
            ("post", "Kari"),
        ]

    async def test_app_reply_of_the_page_is_told_as_its_own(
        self, control: Face, receiver: Receiver, idle: Idle
    ) -> None:
        await control.post("/_sim/comments", message="Svar", as_page=True)
        await idle()

        assert receiver.values[0]["from"]["id"] == "105678901234567"


class TestSubscription:
    async def test_handshake_comes_first(self, simulator: World, receiver: Receiver) -> None:
        (asked,) = receiver.asked
        assert (asked["hub.mode"], asked["hub.verify_token"]) == ("subscribe", VERIFY)
        assert asked["hub.challenge"].isdecimal()

    async def test_nothing_is_sent_before_it_succeeds(self, world: World, receiver: Receiver) -> None:
        from torg_simulator.app import running

        receiver.accepts_subscription = False
        async with running(world):
            world.platform.newest_post()
            _, change = world.platform.write_comment(
                world.platform.newest_post().id, "x", world.platform.page, "citizen"
            )
            world.deliveries.tell(change)
            assert (await world.deliveries.subscribe(receiver.url), world.deliveries.subscribed.is_set()) == (
                403,
                False,
            )
            assert (receiver.got, await world.deliveries.idle(0)) == ([], False)

            receiver.accepts_subscription = True
            assert await world.deliveries.subscribe(receiver.url) == 200
            assert await world.deliveries.idle(10)
        assert len(receiver.got) == 1


class TestDeliveries:
    async def test_refused_delivery_comes_again_with_the_same_bytes(
        self, control: Face, receiver: Receiver, idle: Idle
    ) -> None:
        receiver.answers += [503, 500, 413]
        await control.post("/_sim/comments", message="x")
        await idle()

        assert len(receiver.got) == 4
        assert len({(delivered.body, signature_of(delivered)) for delivered in receiver.got}) == 1
        (row,) = (await control.get("/_sim/deliveries"))["data"]
        assert (row["state"], [attempt["status"] for attempt in row["attempts"]]) == (
            "delivered",
            [503, 500, 413, 200],
        )

    async def test_dropped_after_36_hours(self, control: Face, receiver: Receiver, idle: Idle) -> None:
        receiver.answers += [503] * 1000
        await control.post("/_sim/comments", message="x")
        await control.post("/_sim/clock", forward_s=36 * 3600 + 1)
        await idle()

        receiver.answers.clear()
        assert (await control.get("/_sim/counts"))["deliveries"] == {
            "held": 0,
            "waiting": 0,
            "delivered": 0,
            "dropped": 1,
        }

    async def test_held_changes_come_in_batches_when_released(
        self, control: Face, receiver: Receiver, idle: Idle
    ) -> None:
        await control.post("/_sim/hold")
        made = await control.post("/_sim/comments/bulk", count=1500)
        await idle()
        assert receiver.got == []

        released = await control.post("/_sim/release", batch=1000)
        await idle()

        assert (len(released["deliveries"]), [len(delivered.changes) for delivered in receiver.got]) == (2, [1000, 500])
        assert [value["comment_id"] for value in receiver.values] == made["ids"]

    @pytest.mark.parametrize("order", ["reversed", "shuffled"])
    async def test_disorder(self, order: str, control: Face, receiver: Receiver, idle: Idle) -> None:
        await control.post("/_sim/hold")
        made = await control.post("/_sim/comments/bulk", count=30)
        await control.post("/_sim/release", order=order)
        await idle()

        got = [value["comment_id"] for value in receiver.values]
        assert sorted(got) == sorted(made["ids"])
        assert got != made["ids"]
        assert (got == made["ids"][::-1]) == (order == "reversed")

    async def test_standing_disorder_shuffles_what_waits(self, control: Face, receiver: Receiver, idle: Idle) -> None:
        await control.patch("/_sim/behaviour", disorder=True)
        made = await control.post("/_sim/comments/bulk", count=30)
        await idle()

        got = [value["comment_id"] for value in receiver.values]
        assert (sorted(got), got != made["ids"]) == (sorted(made["ids"]), True)

    async def test_duplicates_are_the_same_bytes_or_remade(self, control: Face, receiver: Receiver, idle: Idle) -> None:
        await control.patch("/_sim/behaviour", duplicates=9)
        await control.post("/_sim/comments", message="x")
        await idle()
        assert (len(receiver.got), len({delivered.body for delivered in receiver.got})) == (10, 1)

        receiver.got.clear()
        await control.patch("/_sim/behaviour", duplicates=2, remake=True)
        await control.post("/_sim/comments", message="y")
        await idle()
        assert (len(receiver.got), len({delivered.body for delivered in receiver.got})) == (3, 3)
        assert len({value["comment_id"] for value in receiver.values}) == 1

    async def test_side_by_side_all_arrive(self, control: Face, receiver: Receiver, idle: Idle) -> None:
        await control.patch("/_sim/behaviour", senders=8)
        made = await control.post("/_sim/comments/bulk", count=60)
        await idle()

        assert sorted(value["comment_id"] for value in receiver.values) == sorted(made["ids"])

    async def test_resend_by_number(self, control: Face, receiver: Receiver, idle: Idle) -> None:
        await control.post("/_sim/comments", message="x")
        await idle()

        answered = await control.post("/_sim/deliveries/1/resend", times=3)

        assert [attempt["status"] for attempt in answered["attempts"]] == [200] * 3
        assert (len(receiver.got), len({delivered.body for delivered in receiver.got})) == (4, 1)
        assert (await control.client.post("/_sim/deliveries/999/resend")).status_code == 404

    async def test_delivery_by_hand(self, control: Face, receiver: Receiver) -> None:
        await control.post("/_sim/deliveries", json={"object": "page", "entry": []})
        await control.post(
            "/_sim/deliveries", raw="no json æ", signature="none", headers={"Content-Type": "text/plain"}
        )

        signed, unsigned = receiver.got
        assert signature_of(signed) == "sha256=" + hmac_sha256(SECRET.encode(), signed.body)
        assert (unsigned.body, signature_of(unsigned), unsigned.headers["content-type"]) == (
            "no json æ".encode(),
            None,
            "text/plain",
        )

    async def test_retry_now_does_not_wait_for_the_gap(
        self, world: World, control: Face, receiver: Receiver, idle: Idle, monkeypatch: Any
    ) -> None:
        monkeypatch.setattr(type(world.settings), "gaps_s", property(lambda _: (3600.0,)))
        receiver.answers.append(503)
        await control.post("/_sim/comments", message="x")
        while not receiver.got or not (await control.get("/_sim/deliveries"))["data"][0]["attempts"]:
            await control.get("/_sim/idle", timeout_s=0)

        await control.post("/_sim/deliveries/retry")
        await idle()

        assert len(receiver.got) == 2


class TestEcho:
    async def reply(self, control: Face, graph: httpx.AsyncClient) -> dict[str, Any]:
        made = await control.post("/_sim/comments", message="Spørsmål")
        await control.get("/_sim/idle")
        answer = await graph.post(f"/v23.0/{made['id']}/comments", data={"message": "Svar"})
        return {"parent": made["id"], "id": answer.json()["id"]}

    async def test_after_the_answer(
        self, control: Face, graph: httpx.AsyncClient, receiver: Receiver, idle: Idle
    ) -> None:
        await control.patch("/_sim/behaviour", echo_delay_s=0.2)
        reply = await self.reply(control, graph)
        assert len(receiver.values) == 1

        await idle()
        echo = receiver.values[1]
        assert (echo["comment_id"], echo["from"]["id"], echo["parent_id"], echo["message"]) == (
            reply["id"],
            "105678901234567",
            reply["parent"],
            "Svar",
        )

    async def test_before_the_answer(self, control: Face, graph: httpx.AsyncClient, receiver: Receiver) -> None:
        await control.patch("/_sim/behaviour", echo="before")
        reply = await self.reply(control, graph)

        assert receiver.values[1]["comment_id"] == reply["id"]

    async def test_none(self, control: Face, graph: httpx.AsyncClient, receiver: Receiver, idle: Idle) -> None:
        await control.patch("/_sim/behaviour", echo="none")
        await self.reply(control, graph)
        await idle()

        assert len(receiver.values) == 1
