"""The REST resources of ingest, as staff and the other services use them."""

import base64
import hashlib
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from torg_ingest.authorisation import MATRIX
from torg_ingest.domain.changes import message_id
from torg_shared.auth import Role

from .conftest import Ingest
from .facebook import AT, PAGE, body, delivery, entry, own, reply, value


@pytest.fixture
def sa(tokens: Any) -> dict[str, str]:
    found: dict[str, str] = tokens.header(Role.SA, subject="per")
    return found


def of(comment: str) -> UUID:
    return message_id("facebook", PAGE, comment)


async def test_messages_are_listed_newest_first_in_pages(ingest: Ingest, sa: dict[str, str]) -> None:
    for number in range(5):
        await ingest.take(delivery(value(f"2002_{number}", created_time=AT + number)))
        ingest.clock.move(timedelta(seconds=1))
    await ingest.take(delivery(own("2002_9", "2002_1")), delivery(reply("2002_8", "2002_404")))

    first = (await ingest.client.get("/messages", params={"limit": 3}, headers=sa)).json()
    second = (await ingest.client.get("/messages", params={"limit": 3, "after": first["next"]}, headers=sa)).json()

    assert [one["external_id"] for one in first["items"] + second["items"]] == [f"2002_{n}" for n in (4, 3, 2, 1, 0)]
    assert second["next"] is None
    assert first["items"][0]["text"] == "Når åpner svømmehallen? 🏊"
    own_texts = (await ingest.client.get("/messages", params={"own": "true"}, headers=sa)).json()["items"]
    assert [one["external_id"] for one in own_texts] == ["2002_9"]


async def test_a_message_comes_with_its_thread_and_an_etag(ingest: Ingest, sa: dict[str, str]) -> None:
    await ingest.take(delivery(value("2002_1")), delivery(own("2002_2", "2002_1")))
    ingest.clock.move(timedelta(seconds=5))
    await ingest.take(delivery(reply("2002_3", "2002_1", created_time=AT + 5)))

    answer = await ingest.client.get(f"/messages/{of('2002_1')}", headers=sa)
    assert [one["external_id"] for one in answer.json()["thread"]][-1] == "2002_3"
    assert {one["own"] for one in answer.json()["thread"]} == {True, False}
    again = await ingest.client.get(f"/messages/{of('2002_1')}", headers=sa | {"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304

    await ingest.take(delivery(reply("2002_3", "2002_1", "hide"), time=AT + 9))
    changed = await ingest.client.get(
        f"/messages/{of('2002_1')}", headers=sa | {"If-None-Match": answer.headers["etag"]}
    )
    assert changed.json()["thread"][-1]["hidden"] is True


async def test_every_wording_and_its_evidence_can_be_read(ingest: Ingest, sa: dict[str, str]) -> None:
    await ingest.take(delivery(value("2002_1", message="A")))
    await ingest.take(delivery(value("2002_1", "edited", message="B"), time=AT + 1))

    versions = (await ingest.client.get(f"/messages/{of('2002_1')}/versions", headers=sa)).json()["items"]
    assert [(one["message_version"], one["text"]) for one in versions] == [(1, "A"), (2, "B")]
    shown = (await ingest.client.get(f"/messages/{of('2002_1')}/snapshot", headers=sa)).json()
    assert shown["snapshot_id"] == versions[1]["snapshot_id"]
    assert shown["content"]["text"] == "B"

    for one in versions:
        answer = await ingest.client.get(f"/snapshots/{one['snapshot_id']}", headers=sa)
        assert hashlib.sha256(answer.content).hexdigest() == one["sha256"] == answer.headers["torg-sha256"]
        assert answer.headers["content-disposition"].startswith("attachment")
        assert answer.headers["x-content-type-options"] == "nosniff"
    audit = await ingest.rows("SELECT action FROM audit WHERE actor_id = 'per'")
    assert len(audit) == 3


async def test_the_journal_fetches_evidence_with_its_own_token(ingest: Ingest, tokens: Any) -> None:
    await ingest.take(delivery(value()))
    (row,) = await ingest.rows("SELECT id, sha256 FROM snapshots")
    answer = await ingest.client.get(f"/snapshots/{row['id']}", headers=tokens.header(Role.SYS, subject="journal"))
    assert hashlib.sha256(answer.content).hexdigest() == row["sha256"]


async def test_what_is_not_yours_is_not_there(ingest: Ingest, tokens: Any) -> None:
    """Side administrators and editors by channel; experts and the secretariat read where they were asked."""
    await ingest.take(delivery(value()))
    (row,) = await ingest.rows("SELECT id FROM snapshots")
    paths = [f"/messages/{of('2002_3003')}{more}" for more in ("", "/versions", "/snapshot")]
    paths.append(f"/snapshots/{row['id']}")
    here, elsewhere = {"channels": ["facebook-sogne"]}, {"channels": ["facebook-kultur"]}
    for header, seen in (
        (tokens.header(Role.SA, **here), True),
        (tokens.header(Role.RED, **here), True),
        (tokens.header(Role.ARK, channels=[]), True),
        (tokens.header(Role.LED, channels=[]), True),
        (tokens.header(Role.SA, **elsewhere), False),
        (tokens.header(Role.RED, channels=[]), False),
        (tokens.header(Role.FAG), False),
        (tokens.header(Role.POL), False),
    ):
        listed = (await ingest.client.get("/messages", headers=header)).json()["items"]
        assert bool(listed) is seen
        for path in paths:
            assert (await ingest.client.get(path, headers=header)).status_code == (200 if seen else 404)


async def test_unknown_ids_are_404(ingest: Ingest, tokens: Any) -> None:
    header = tokens.header(Role.LED)
    for path, code in (
        ("messages/{}", "MESSAGE_UNKNOWN"),
        ("messages/{}/versions", "MESSAGE_UNKNOWN"),
        ("messages/{}/snapshot", "MESSAGE_UNKNOWN"),
        ("snapshots/{}", "SNAPSHOT_UNKNOWN"),
        ("deliveries/{}", "DELIVERY_UNKNOWN"),
        ("channels/{}", "CHANNEL_UNKNOWN"),
        ("channels/{}/health", "CHANNEL_UNKNOWN"),
        ("channels/{}/capabilities", "CHANNEL_UNKNOWN"),
    ):
        answer = await ingest.client.get(f"/{path.format(uuid4())}", headers=header)
        assert (answer.status_code, answer.json()["code"]) == (404, code)
        assert not answer.json()["detail"].startswith(code)


@pytest.mark.parametrize("query", ["kind=wall", "own=yes", "channel_id=1", "limit=0", "after=x", "author=Kari"])
async def test_a_wrong_filter_is_refused(ingest: Ingest, sa: dict[str, str], query: str) -> None:
    assert (await ingest.client.get(f"/messages?{query}", headers=sa)).status_code == 422


async def test_every_route_asks_for_its_role(ingest: Ingest, tokens: Any) -> None:
    for route, wanted in MATRIX.items():
        method, path = route.split(" ")
        for name in ("message_id", "snapshot_id", "channel_id", "delivery_id"):
            path = path.replace("{" + name + "}", str(uuid4()))
        assert (await ingest.client.request(method, path)).status_code == 401
        for role in Role:
            answer = await ingest.client.request(method, path, headers=tokens.header(role))
            assert (answer.status_code == 403) is (role not in wanted.roles), (route, role)


async def test_raw_deliveries_are_shown_with_what_became_of_them(ingest: Ingest, tokens: Any) -> None:
    odd = body(entry(value(item="reaction"), value()))
    await ingest.take(delivery(value("2002_1")), odd)
    header = tokens.header(Role.LED)

    every = (await ingest.client.get("/deliveries", headers=header)).json()["items"]
    partly = (await ingest.client.get("/deliveries", params={"outcome": "partly"}, headers=header)).json()["items"]
    assert [one["outcome"] for one in every] == ["partly", "stored"]
    assert partly == every[:1]
    assert partly[0]["set_aside"][0]["item"] == "reaction"
    one = (await ingest.client.get(f"/deliveries/{partly[0]['id']}", headers=header)).json()
    assert base64.b64decode(one["body_base64"]) == odd


async def test_a_replay_after_the_page_was_registered_finds_its_messages(ingest: Ingest, tokens: Any) -> None:
    await ingest.take(body(entry(value(), page="999")))
    assert await ingest.types() == []
    (kept,) = await ingest.rows("SELECT id FROM deliveries")
    led = tokens.header(Role.LED)
    proposed = await ingest.client.post(
        "/channels",
        json={
            "key": "facebook-kultur",
            "platform": "facebook",
            "account_id": "999",
            "account_type": "page",
            "name": "Kulturskolen",
            "owner_unit": "kultur",
            "purpose": "Kulturtilbud",
        },
        headers=led | {"Idempotency-Key": "k"},
    )
    assert proposed.status_code == 201, proposed.text
    ingest.clock.move(timedelta(seconds=2))

    for key, news in (("a", ["message.received", "snapshot.taken"]), ("b", ["message.received", "snapshot.taken"])):
        answer = await ingest.client.post(f"/deliveries/{kept['id']}/replay", headers=led | {"Idempotency-Key": key})
        assert answer.status_code == 200, answer.text
        assert (answer.json()["outcome"], answer.json()["set_aside"]) == ("stored", [])
        assert await ingest.types() == news
    assert answer.headers["etag"] == '"3"'


async def test_a_failed_delivery_can_be_replayed(ingest: Ingest, tokens: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from torg_ingest import committer

    with monkeypatch.context() as patched:

        async def bug(*_: Any, **__: Any) -> Any:
            raise RuntimeError

        patched.setattr(committer, "take_in", bug)
        await ingest.take(delivery(value()))
    (kept,) = await ingest.rows("SELECT id, outcome FROM deliveries")
    assert kept["outcome"] == "failed"
    header = tokens.header(Role.SYS) | {"Idempotency-Key": "k"}
    assert (await ingest.client.post(f"/deliveries/{kept['id']}/replay", headers=header)).json()["outcome"] == "stored"
    assert await ingest.types() == ["message.received", "snapshot.taken"]


async def test_the_feed_shows_what_happened_in_order(ingest: Ingest, tokens: Any) -> None:
    await ingest.take(delivery(value()))
    header = tokens.header(Role.SYS)
    items = (await ingest.client.get("/feed", params={"payload": "full"}, headers=header)).json()["items"]
    assert [one["type"] for one in items] == ["channel.activated.v1", "message.received.v1", "snapshot.taken.v1"]
    assert items[1]["payload"]["actor"] == "platform/-/facebook"
    assert items[1]["payload"]["correlationid"] == items[1]["key"] == str(of("2002_3003"))
    assert orjson.loads(orjson.dumps(items[1]["payload"]["data"]))["author"]["handle"] == "7007"


async def test_nobody_at_run_time_can_change_what_the_law_wants_unchanged(ingest: Ingest) -> None:
    import sqlalchemy as sa_
    from sqlalchemy.exc import DBAPIError

    await ingest.take(delivery(value()))
    for statement in (
        "UPDATE versions SET text = 'x'",
        "DELETE FROM versions",
        "UPDATE snapshots SET content = ''",
        "DELETE FROM snapshots",
        "TRUNCATE snapshots",
        "DELETE FROM changes",
        "UPDATE log SET payload = ''",
        "DELETE FROM audit",
    ):
        async with ingest.service.works.engine.connect() as db:
            with pytest.raises(DBAPIError, match="permission denied"):
                await db.execute(sa_.text(statement))


async def test_raw_deliveries_go_when_their_time_is_over_and_messages_stay(ingest: Ingest) -> None:
    await ingest.take(delivery(value()), b"no json")
    ingest.clock.move(timedelta(days=91))
    job = next(job for job in ingest.service.jobs if job.name == "housekeeping")
    while await job.round():
        pass
    assert [row["outcome"] for row in await ingest.rows("SELECT outcome FROM deliveries")] == ["set_aside"]

    ingest.clock.move(timedelta(days=310))
    await job.round()
    assert await ingest.rows("SELECT 1 FROM deliveries") == []
    assert await ingest.rows("SELECT 1 FROM set_aside") == []
    assert len(await ingest.rows("SELECT 1 FROM snapshots")) == 1
