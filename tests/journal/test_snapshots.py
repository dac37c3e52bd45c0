"""The journal's own copy of snapshots: fetched by hash, verified, tried again; registration never waits (section 4)."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

import pytest
from torg_journal.jobs.snapshots import Snapshots, measure
from torg_shared.events import ingest
from torg_shared.metrics import Metrics
from torg_shared.testing import FakeClock

from .conftest import Journal, People
from .events import Told

CONTENT, PICTURE = b'{"id":"1"}', b"\x89PNG"


class Ingest:
    """Answers every path as told, and remembers what was asked."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, bytes]] = {}
        self.asked: list[tuple[str, str]] = []
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        path = head.split(" ", 2)[1]
        token = next((x.split(": ", 1)[1] for x in head.split("\r\n") if x.lower().startswith("authorization")), "")
        self.asked.append((path, token))
        status, body = self.answers.get(path, (404, b""))
        writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode() + body)
        await writer.drain()
        writer.close()


@pytest.fixture
async def peer() -> AsyncIterator[Ingest]:
    found = Ingest()
    server = await asyncio.start_server(found.serve, "127.0.0.1", 0)
    found.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield found


@pytest.fixture
async def job(journal: Journal, peer: Ingest, tmp_path: Path) -> AsyncIterator[Snapshots]:
    (tmp_path / "token").write_text("the-token\n")
    found = Snapshots(journal.works, peer.url, tmp_path / "token")
    yield found
    await found.close()


def digest(content: bytes) -> str:
    return sha256(content).hexdigest()


async def registered(journal: Journal, told: Callable[[Told], ingest.SnapshotTaken] | None = None) -> Told:
    message = Told(str(uuid4()))
    await journal.take(message.received(sha256=digest(CONTENT)), message.triaged())
    if told:
        await journal.take(told(message))
    return message


async def test_snapshot_and_media_are_fetched_and_verified(
    journal: Journal, job: Snapshots, peer: Ingest, people: People
) -> None:
    medium = ingest.Medium(sha256=digest(PICTURE), mime="image/png")
    message = await registered(journal, lambda one: one.snapshot(media=(medium,)))
    path = f"/snapshots/{message.snapshots[1]}"
    peer.answers = {path: (200, CONTENT), f"{path}/media/{medium.sha256}": (200, PICTURE)}
    assert await job.round() is False
    assert sorted(peer.asked) == [(path, "Bearer the-token"), (f"{path}/media/{medium.sha256}", "Bearer the-token")]
    [case] = (await people.astrid.get("/saksmapper"))["items"]
    [entry] = (await people.astrid.get(f"/saksmapper/{case['id']}/journalposter"))["items"]
    assert [(one["dokumentnummer"], one["state"], one["format"]) for one in entry["dokumenter"]] == [
        (1, "stored", "x-fmt/111"),
        (2, "stored", "fmt/817"),
        (3, "stored", "fmt/12"),
    ]
    done = await people.astrid.post(f"/journalposter/{entry['id']}/journalfoer", version=entry["version"])
    assert done["journalstatus"] == "J"
    peer.asked.clear()
    await job.round()
    assert peer.asked == []


async def test_what_fails_is_tried_again_later(
    journal: Journal, job: Snapshots, peer: Ingest, clock: FakeClock
) -> None:
    message = await registered(journal)
    path = f"/snapshots/{message.snapshots[1]}"
    peer.answers = {path: (503, b"")}
    await job.round()
    await job.round()
    assert len(peer.asked) == 1  # not before its time
    row = await journal.one("SELECT state, attempts, last_error FROM fetches")
    assert tuple(row.values()) == ("wanted", 1, "status 503")
    peer.answers = {path: (200, CONTENT)}
    clock.move(timedelta(seconds=3))
    await job.round()
    assert (await journal.one("SELECT state FROM fetches"))["state"] == "stored"


async def test_other_bytes_are_never_taken(journal: Journal, job: Snapshots, peer: Ingest, clock: FakeClock) -> None:
    """INV-3: what does not have the registered hash is no evidence; a person must look."""
    message = await registered(journal)
    peer.answers = {f"/snapshots/{message.snapshots[1]}": (200, b"forged")}
    await job.round()
    clock.move(timedelta(days=1))
    await job.round()
    assert len(peer.asked) == 1
    assert (await journal.one("SELECT state FROM fetches"))["state"] == "mismatch"
    assert not await journal.rows("SELECT 1 FROM files WHERE content = 'forged'")
    assert await journal.rows("SELECT 1 FROM audit WHERE action = 'snapshot.hash_mismatch'")


async def test_the_age_of_the_oldest_unsettled_fact(journal: Journal, clock: FakeClock) -> None:
    metrics = Metrics()
    message = Told()
    await journal.take(message.triaged())
    clock.move(timedelta(seconds=42))
    await measure(journal.works, metrics)
    assert b"torg_oldest_unsettled_fact_seconds 42.0" in metrics.render()
    await journal.take(message.received())
    await measure(journal.works, metrics)
    assert b"torg_oldest_unsettled_fact_seconds 0.0" in metrics.render()
