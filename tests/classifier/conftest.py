"""The classifier on a fresh database: rules of the demonstration municipality, handlers, REST."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from torg_classifier.api import classify, messages, rules
from torg_classifier.authorisation import MATRIX
from torg_classifier.domain.decision import Config
from torg_classifier.domain.triage import Units
from torg_classifier.handlers import groups
from torg_classifier.rules import load
from torg_classifier.rules.loader import Guideline
from torg_classifier.usecases.classify import Classifier
from torg_shared import log
from torg_shared.bus.memory import MemoryBus
from torg_shared.events.catalogue import CONTRACTS
from torg_shared.events.envelope import Actor, Event, Meta, decode
from torg_shared.events.ingest import Author, MessageEdited, MessageReceived
from torg_shared.events.journal import ConsultationRequested
from torg_shared.ids import uuid7
from torg_shared.metrics import Metrics
from torg_shared.testing import FakeClock
from torg_shared.web import make_api
from torg_shared.work import Works

CONFIG_DIR = Path(__file__).parents[2] / "config" / "sogne"
RECEIVED = datetime(2026, 6, 3, 7, 58, tzinfo=UTC)
CHANNEL = UUID("7d7f3f0c-5d0e-5c41-9f52-0b7d2f6a1c11")
UNITS = Units(
    frozenset({"servicetorget", "teknisk-drift", "politisk-sekretariat", "oppvekst", "barnevern", "arkiv"}),
    "servicetorget",
    "politisk-sekretariat",
)


@pytest.fixture(scope="session")
def loaded() -> tuple[Config, Guideline]:
    return load(CONFIG_DIR)


@pytest.fixture(scope="session")
def config(loaded: tuple[Config, Guideline]) -> Config:
    return loaded[0]


@pytest.fixture(scope="session")
def classifier(config: Config) -> Classifier:
    return Classifier(config, None, timedelta(minutes=5))


def travelled(event: Event, at: datetime = RECEIVED) -> Any:
    return event.with_meta(Meta(uuid7(), at, Actor(kind="platform", id="facebook"), event.key))


def received(text: str | None, message_id: UUID | None = None, **facts: Any) -> MessageReceived:
    message_id = message_id or uuid4()
    known: dict[str, Any] = {
        "message_id": message_id,
        "conversation_id": message_id,
        "message_version": 1,
        "channel_id": CHANNEL,
        "author": Author(handle="kari.n", display_name="Kari N"),
        "text": text,
        "snapshot_id": uuid4(),
        "sha256": "0" * 64,
        "platform": "facebook",
        "external_id": str(message_id),
        "kind": "comment",
        "received_at": RECEIVED,
        "raw_ref": uuid4(),
    } | facts
    found: MessageReceived = travelled(MessageReceived(**known))
    return found


def edited(text: str | None, message_id: UUID, version: int = 2) -> MessageEdited:
    found: MessageEdited = travelled(
        MessageEdited(
            message_id=message_id,
            conversation_id=message_id,
            message_version=version,
            channel_id=CHANNEL,
            author=Author(handle="kari.n"),
            text=text,
            snapshot_id=uuid4(),
            sha256="1" * 64,
            detected_at=RECEIVED,
        )
    )
    return found


def asked(message_id: UUID, unit: str = "teknisk-drift") -> ConsultationRequested:
    found: ConsultationRequested = travelled(
        ConsultationRequested(
            consultation_id=uuid7(),
            conversation_id=message_id,
            message_id=message_id,
            message_version=1,
            saksmappe_id=uuid4(),
            version=1,
            unit=unit,
            requested_at=RECEIVED,
        )
    )
    return found


class House:
    """The classifier's handlers, its API, and what it has told the bus."""

    def __init__(self, works: Works, classifier: Classifier, client: httpx.AsyncClient, tokens: Any) -> None:
        self.works, self.client, self.tokens = works, client, tokens
        self.classifying, self.urgent = groups(classifier)

    async def take(self, *events: Event, group: str = "classifier") -> None:
        chosen = self.classifying if group == "classifier" else self.urgent
        mine = [event for event in events if event.TYPE in chosen.handlers.contracts]
        async with self.works.begin(Actor(kind="system", id="classifier")) as work:
            await chosen.handlers.handle(mine, work)

    async def told(self, *types: str) -> list[Any]:
        async with self.works.begin(Actor(kind="system", id="test")) as work:
            rows = await log.read(work.db, 0, 1000, types or None)
        return [decode(bytes(row.payload), CONTRACTS) for row in rows]

    async def get(self, path: str, *roles: Any, **claims: Any) -> httpx.Response:
        return await self.client.get(path, headers=self.tokens.header(*roles, **claims))

    async def post(
        self, path: str, body: Any, *roles: Any, version: int | None = None, key: str | None = None, **claims: Any
    ) -> httpx.Response:
        headers = self.tokens.header(*roles, **claims) | {"Idempotency-Key": key or str(uuid4())}
        if version is not None:
            headers["If-Match"] = f'"{version}"'
        return await self.client.post(path, json=body, headers=headers)


Open = Callable[..., Awaitable[House]]


@pytest.fixture
async def house(
    database: Any, works_for: Any, tokens: Any, clock: FakeClock, classifier: Classifier, loaded: Any
) -> AsyncIterator[House]:
    works = works_for(await database("torg_classifier"), "classifier", clock)
    config, guideline = loaded
    book = rules.Book(config, guideline)
    api, _ = make_api(
        name="classifier",
        package="torg_classifier",
        works=works,
        bus=MemoryBus(),
        metrics=Metrics(),
        tokens=tokens.checker(),
        matrix=MATRIX,
        routers=[
            classify.router(classifier, book),
            messages.router(UNITS, guideline.version, book),
            rules.router(book),
        ],
        groups=groups(classifier),
        cursor_secret=b"secret",
    )
    transport = httpx.ASGITransport(api)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield House(works, classifier, client, tokens)


__all__: Sequence[str] = ("House", "asked", "edited", "received")
