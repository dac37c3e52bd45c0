"""The webhook half of the bad-input matrix (reliability.md 7.1), row by row."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from torg_ingest.api import webhooks
from torg_shared.metrics import Metrics

from .conftest import Ingest
from .facebook import AT, PAGE, SECRET, VERIFY, body, delivery, entry, signature, value

GOOD = delivery(value())
MIB = 1024 * 1024


async def _nothing_kept(ingest: Ingest) -> bool:
    return not await ingest.rows("SELECT 1 FROM deliveries")


@pytest.mark.parametrize(
    "given",
    [
        None,
        "",
        signature(GOOD).removeprefix("sha256="),
        signature(GOOD).replace("sha256=", "sha1="),
        signature(GOOD)[:-1],
        signature(GOOD)[:-1] + "g",
        signature(GOOD).upper(),
        "sha256=" + signature(GOOD).removeprefix("sha256=").upper(),
        signature(GOOD, b"the secret of another app"),
        signature(GOOD, b""),
        "sha256=\xe6",
    ],
    ids=[
        "missing",
        "empty",
        "without prefix",
        "wrong prefix",
        "truncated",
        "not hexadecimal",
        "upper case",
        "upper-case hexadecimal",
        "another app",
        "empty secret",
        "not ASCII",
    ],
)
async def test_a_delivery_that_nobody_signed_is_refused_unread(ingest: Ingest, given: str | None) -> None:
    headers = {} if given is None else {"X-Hub-Signature-256": given.encode("latin-1")}
    answer = await ingest.client.post("/webhooks/facebook", content=GOOD, headers=headers)  # type: ignore[arg-type]

    assert (answer.status_code, answer.json()["code"]) == (401, "SIGNATURE_INVALID")
    assert "svømmehallen" not in answer.text
    assert await _nothing_kept(ingest)
    counted = ingest.service.metrics.render().decode()
    assert 'torg_deliveries_total{outcome="signature_invalid",platform="facebook"} 1.0' in counted


async def test_two_signatures_are_one_too_many(ingest: Ingest) -> None:
    headers = [("X-Hub-Signature-256", signature(GOOD)), ("X-Hub-Signature-256", signature(GOOD))]
    answer = await ingest.client.post("/webhooks/facebook", content=GOOD, headers=headers)
    assert answer.status_code == 401


async def test_the_old_signature_alone_is_refused(ingest: Ingest) -> None:
    old = "sha1=" + hmac.digest(SECRET, GOOD, hashlib.sha1).hex()
    answer = await ingest.client.post("/webhooks/facebook", content=GOOD, headers={"X-Hub-Signature": old})
    assert answer.status_code == 401


@pytest.mark.parametrize(
    "changed",
    [json.dumps(json.loads(GOOD), sort_keys=True).encode(), GOOD.replace(b"Kari", b"Karl"), GOOD + b" "],
    ids=["keys in another order", "one byte", "one byte more"],
)
async def test_the_signature_is_of_these_bytes_and_no_others(ingest: Ingest, changed: bytes) -> None:
    assert (await ingest.post(changed, X_Hub_Signature_256=signature(GOOD))).status_code == 401


@pytest.mark.parametrize("escaped", [True, False], ids=["escaped", "raw"])
async def test_norwegian_letters_and_emoji_are_signed_as_sent(ingest: Ingest, escaped: bool) -> None:
    content = json.loads(delivery(value(message="Blåbærsyltetøy på brødet 🫐")))
    await ingest.take(json.dumps(content, ensure_ascii=escaped).encode())
    assert (await ingest.rows("SELECT text FROM versions"))[0]["text"] == "Blåbærsyltetøy på brødet 🫐"


async def test_two_secrets_live_while_one_replaces_the_other(ingest: Ingest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "_LOOK_AGAIN_S", 0.0)
    folder = ingest.service.settings.secrets_dir / "facebook"
    assert (await ingest.post(GOOD, X_Hub_Signature_256=signature(GOOD, b"next"))).status_code == 401
    (folder / "app_secret_next").write_bytes(b"next\n")
    assert (await ingest.post(GOOD, X_Hub_Signature_256=signature(GOOD, b"next"))).status_code == 200
    assert (await ingest.post(GOOD)).status_code == 200
    (folder / "app_secret").write_bytes(b"next")
    (folder / "app_secret_next").unlink()
    assert (await ingest.post(GOOD)).status_code == 401


async def test_without_a_secret_nothing_is_believed(ingest: Ingest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhooks, "_LOOK_AGAIN_S", 0.0)
    (ingest.service.settings.secrets_dir / "facebook" / "app_secret").write_bytes(b"")
    for forged in (signature(GOOD, b""), signature(GOOD)):
        assert (await ingest.post(GOOD, X_Hub_Signature_256=forged)).status_code == 401


@pytest.mark.parametrize("later", [timedelta(seconds=1), timedelta(minutes=10), timedelta(days=30)])
async def test_a_replay_makes_no_event(ingest: Ingest, later: timedelta) -> None:
    await ingest.take(GOOD)
    before = await ingest.types()
    ingest.clock.move(later)
    await ingest.take(GOOD, delivery(value(), time=AT + 60))

    assert await ingest.types() == before
    assert len(await ingest.rows("SELECT 1 FROM deliveries")) == 3


async def test_ten_at_once_make_one_event(ingest: Ingest) -> None:
    """F11: the same delivery, and the same content in deliveries of its own."""
    same = [ingest.post(GOOD) for _ in range(10)]
    other = [ingest.post(delivery(value(), time=AT + n)) for n in range(10)]
    answers = await asyncio.gather(*same, *other)

    assert {answer.status_code for answer in answers} == {200}
    assert await ingest.types() == ["message.received", "snapshot.taken"]


async def test_the_challenge_is_echoed_as_text(ingest: Ingest) -> None:
    query = {"hub.mode": "subscribe", "hub.challenge": "<b>1158201444</b>", "hub.verify_token": VERIFY.decode()}
    answer = await ingest.client.get("/webhooks/facebook", params=query)

    assert (answer.status_code, answer.text) == (200, "<b>1158201444</b>")
    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "wrong",
    [
        {"hub.verify_token": "guess"},
        {"hub.verify_token": ""},
        {"hub.mode": "unsubscribe"},
        {"hub.challenge": "1" * 257},
        {"hub.challenge": ""},
        {"hub.verify_token": ["verify-token", "verify-token"]},
        {f"more{n}": "x" for n in range(30)},
    ],
)
async def test_a_wrong_handshake_is_refused(ingest: Ingest, wrong: dict[str, Any]) -> None:
    query = {"hub.mode": "subscribe", "hub.challenge": "1", "hub.verify_token": VERIFY.decode()} | wrong
    answer = await ingest.client.get("/webhooks/facebook", params=query)
    assert (answer.status_code, answer.json()["code"]) == (403, "HANDSHAKE_REFUSED")


async def test_other_methods_and_platforms_have_no_door(ingest: Ingest) -> None:
    answer = await ingest.client.put("/webhooks/facebook", content=GOOD)
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")
    assert (await ingest.client.post("/webhooks/myspace", content=GOOD)).status_code == 404


async def test_eight_mebibytes_are_taken_and_one_byte_more_is_not(ingest: Ingest) -> None:
    filler = delivery(value())
    just = filler + b" " * (8 * MIB - len(filler))
    assert (await ingest.post(just)).status_code == 200
    answer = await ingest.post(just + b" ")
    assert (answer.status_code, answer.json()["code"]) == (413, "BODY_TOO_LARGE")


async def test_a_body_that_lies_about_its_length_is_cut_off(ingest: Ingest) -> None:
    async def parts() -> AsyncIterator[bytes]:
        for _ in range(9):
            yield b" " * MIB

    answer = await ingest.client.post("/webhooks/facebook", content=parts())
    assert answer.status_code == 413


async def test_a_body_that_never_ends_is_given_up(settings: Any, clock: Any) -> None:
    """The answer comes although the sender goes on for ever."""
    door = webhooks.Webhook(
        None,  # type: ignore[arg-type] # never reached
        webhooks.Secrets(settings.secrets_dir / "facebook"),
        clock,
        Metrics(),
        webhooks.Limits(MIB, 0.05),
    )
    sent: list[Any] = []

    async def receive() -> Any:
        await asyncio.sleep(0.01)
        return {"type": "http.request", "body": b" ", "more_body": True}

    async def send(message: Any) -> None:
        sent.append(message)

    await door({"type": "http", "method": "POST", "headers": []}, receive, send)
    assert sent[0]["status"] == 408


async def test_a_sender_that_hangs_up_is_no_fault(settings: Any, clock: Any) -> None:
    secrets = webhooks.Secrets(settings.secrets_dir / "facebook")
    door = webhooks.Webhook(None, secrets, clock, Metrics(), webhooks.Limits(MIB, 5))  # type: ignore[arg-type]
    told = iter([{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}])
    sent: list[Any] = []

    async def receive() -> Any:
        return next(told)

    async def send(message: Any) -> None:
        sent.append(message)

    await door({"type": "http", "method": "POST", "headers": []}, receive, send)
    assert sent[0]["status"] == 408


@pytest.mark.parametrize(
    ("content", "headers", "reason"),
    [
        (b"", {}, "unparseable"),
        (GOOD, {"Content_Encoding": "gzip"}, "content_encoding"),
        (GOOD, {"Content_Type": "text/html"}, "content_type"),
        (GOOD.decode().encode("utf-16"), {}, "unparseable"),
        (b"\xef\xbb\xbf" + GOOD, {}, "unparseable"),
        (GOOD.replace(b"Kari", b"K\xff\xfe"), {}, "unparseable"),
        (b'{"object":"page","entry":[NaN]}', {}, "unparseable"),
        (b'{"object":"page","entry":[1e999]}', {}, "unparseable"),
        (b"[" * 5000 + b"]" * 5000, {}, "unparseable"),
        (b"[" * 100_000, {}, "unparseable"),
        (b'"page"', {}, "not_an_object"),
        (b"17", {}, "not_an_object"),
        (b'[{"object":"page"},1]', {}, "not_an_object"),
    ],
    ids=lambda one: one[:12].hex() if isinstance(one, bytes) else None,
)
async def test_a_signed_body_that_cannot_be_read_is_quarantined(
    ingest: Ingest, content: bytes, headers: dict[str, str], reason: str
) -> None:
    unsigned = await ingest.post(content, X_Hub_Signature_256="", **headers)
    assert unsigned.status_code == 401

    answer = await ingest.post(content, **headers)

    assert answer.status_code == 200
    (kept,) = await ingest.rows("SELECT * FROM deliveries")
    assert (kept["body"], kept["outcome"]) == (content, "set_aside")
    (aside,) = await ingest.rows("SELECT * FROM set_aside")
    assert (aside["outcome"], aside["reason"]) == ("quarantined", reason)
    assert await ingest.types() == []


@pytest.mark.parametrize("kind", ["application/json", "application/json; charset=UTF-8", "Application/JSON"])
async def test_json_is_json_however_it_is_spelled(ingest: Ingest, kind: str) -> None:
    assert (await ingest.post(GOOD, Content_Type=kind)).status_code == 200
    assert "message.received" in await ingest.types()


async def test_odd_json_in_a_signed_delivery_loses_nothing(ingest: Ingest) -> None:
    """Long integers, duplicate and many keys, depth, lone surrogates, NUL: stored raw, used as far as it goes."""
    deep = json.loads("[" * 400 + "]" * 400)
    await ingest.take(
        body(entry(value("2002_1", message="a\x00\ud800b"))),
        body(entry(value("2002_2", extra=int("9" * 400)))),
        body(entry(value("2002_3", extra=deep))),
        body(entry(value("2002_4"))).replace(b'"verb":"add"', b'"verb":"remove","verb":"add"'),
        body(entry(value("2002_5", **{f"k{n}": 1 for n in range(100_000)}))),
        body(entry(value("2002_6", post_id=True, parent_id=["x"], created_time="soon", message={"a": 1}))),
        body(entry(value("2002_7", created_time=-1), time=32_503_680_000)),
        body(entry(value("x" * 201), value("2002_8\x00"))),
    )

    rows = await ingest.rows("SELECT external_id FROM messages ORDER BY external_id")
    assert [row["external_id"] for row in rows] == [f"2002_{n}" for n in range(1, 8)] + ["2002_8\ufffd"]
    assert (await ingest.rows("SELECT text FROM versions WHERE text LIKE 'a%'"))[0]["text"] == "a\ufffd\ufffdb"
    assert {row["outcome"] for row in await ingest.rows("SELECT outcome FROM deliveries")} == {"stored", "partly"}


async def test_what_the_page_said_in_the_year_2999_does_not_outlive_what_it_says_now(ingest: Ingest) -> None:
    await ingest.take(delivery(value()), delivery(value(verb="edited", message="B"), time=32_503_680_000))
    ingest.clock.move(timedelta(minutes=1))
    await ingest.take(delivery(value(verb="edited", message="C"), time=AT + 60))
    assert (await ingest.events("message.edited.v1"))[-1].text == "C"  # type: ignore[attr-defined]


async def test_links_of_attachments_are_never_followed_and_never_cost_the_text(ingest: Ingest) -> None:
    for number, link in enumerate(("http://127.0.0.1/", "http://169.254.169.254/", "file:///etc/passwd", 7)):
        await ingest.take(delivery(value(f"2002_{number}", photo=link, permalink_url="javascript:alert(1)")))
    assert len(await ingest.events("message.received.v1")) == 4
    assert {row["permalink"] for row in await ingest.rows("SELECT permalink FROM messages")} == {None}


async def test_a_citizen_with_the_name_of_a_caseworker_stays_a_citizen(ingest: Ingest) -> None:
    await ingest.take(delivery(value(**{"from": {"id": "7007", "name": "Søgne kommune"}}), value("2002_4")))
    assert [row["is_self"] for row in await ingest.rows("SELECT is_self FROM messages")] == [False, False]
    assert PAGE not in {row["author_handle"] for row in await ingest.rows("SELECT author_handle FROM messages")}
