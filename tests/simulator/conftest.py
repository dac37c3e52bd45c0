"""A running simulator with a receiver that answers what a test wants, and clients for its faces."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from torg_shared.testing import free_port
from torg_simulator.app import build, running
from torg_simulator.settings import Settings
from torg_simulator.world import World

SECRET, NEXT_SECRET, VERIFY, TOKEN = (
    "app-secret-for-tests",
    "app-secret-next",
    "verify-for-tests",
    "page-token-for-tests",
)


@dataclass
class Delivered:
    headers: dict[str, str]
    body: bytes

    @property
    def changes(self) -> list[dict[str, Any]]:
        return [change["value"] for entry in orjson.loads(self.body)["entry"] for change in entry["changes"]]


@dataclass
class Receiver:
    """What Torg's intake is to the platform; `answers` are used up first, then all is 200."""

    url: str = ""
    got: list[Delivered] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    accepts_subscription: bool = True
    asked: list[dict[str, str]] = field(default_factory=list)
    tell: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def values(self) -> list[dict[str, Any]]:
        return [value for delivered in self.got for value in delivered.changes]

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                first, *lines = head.strip().split("\r\n")
                headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                status, answer = self._answer(first, headers, body)
                writer.write(f"HTTP/1.1 {status} X\r\ncontent-length: {len(answer)}\r\n\r\n".encode() + answer)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def _answer(self, first: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
        if first.startswith("GET"):
            query = dict(httpx.URL("http://x" + first.split(" ")[1]).params)
            self.asked.append(query)
            return (200, query["hub.challenge"].encode()) if self.accepts_subscription else (403, b"")
        status = self.answers.pop(0) if self.answers else 200
        self.got.append(Delivered(headers, body))
        return status, b""


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    made = Receiver()
    server = await asyncio.start_server(made.handle, "127.0.0.1", 0)
    made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/webhooks/facebook"
    yield made
    server.close()


@pytest.fixture
def settings(tmp_path: Path, receiver: Receiver) -> Settings:
    for name, content in (
        ("facebook/app_secret", SECRET),
        ("facebook/app_secret_next", NEXT_SECRET),
        ("facebook/verify_token", VERIFY),
        ("facebook-sogne/page_token", TOKEN + "\n"),
    ):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(content)
    return Settings(
        secrets_dir=tmp_path,
        public_port=free_port(),
        control_port=free_port(),
        webhook=receiver.url,
        seed="tests",
        retry_s="0,0.01",
    )


@pytest.fixture
def world(settings: Settings) -> World:
    return build(settings)


class Face:
    """A client of one face; answers as JSON."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def get(self, path: str, **params: Any) -> Any:
        return (await self.client.get(path, params=params)).json()

    async def post(self, path: str, **body: Any) -> Any:
        answer = await self.client.post(path, json=body)
        assert answer.status_code in (200, 201), answer.text
        return answer.json()

    async def patch(self, path: str, **body: Any) -> Any:
        answer = await self.client.patch(path, json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture
async def simulator(world: World) -> AsyncIterator[World]:
    async with running(world):
        await asyncio.wait_for(world.deliveries.subscribed.wait(), 5)
        yield world


@pytest.fixture
async def control(simulator: World) -> AsyncIterator[Face]:
    base = f"http://127.0.0.1:{simulator.settings.control_port}"
    async with httpx.AsyncClient(base_url=base, timeout=20) as client:
        yield Face(client)


@pytest.fixture
async def graph(simulator: World) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(
        base_url=simulator.settings.base, headers={"Authorization": f"Bearer {TOKEN}"}, timeout=20
    ) as client:
        yield client


@pytest.fixture
def idle(control: Face) -> Callable[[], Any]:
    async def wait() -> None:
        assert (await control.get("/_sim/idle", timeout_s=10)) == {"idle": True}

    return wait
