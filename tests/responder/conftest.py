"""A responder on a real database, with a platform in memory that passes the adapter's contract."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from torg_responder.api import desk_router, registry_router, replies_router
from torg_responder.app import house_rules_of, rules_of, templates_of
from torg_responder.authorisation import MATRIX
from torg_responder.channels.port import Confirmed, Gone, Outcome, Seen, Unreachable
from torg_responder.handlers import groups
from torg_responder.settings import ResponderSettings
from torg_responder.store import registry
from torg_responder.usecases.sending import Sender
from torg_shared.auth import Role
from torg_shared.bus.memory import MemoryBus
from torg_shared.events import classifier, ingest
from torg_shared.events.envelope import Actor, Event, Meta
from torg_shared.ids import uuid7
from torg_shared.metrics import Metrics
from torg_shared.testing import FakeClock, TestTokens
from torg_shared.web import make_api
from torg_shared.work import Works

CHANNEL = uuid4()
CONFIG = Path(__file__).parents[2] / "config" / "sogne"


@dataclass
class FakePlatform:
    """What stands on the platform; `answers` are given to the next posts, `effects` says whether they happen."""

    clock: FakeClock
    objects: dict[str, Seen] = field(default_factory=dict)
    children: dict[str, list[Seen]] = field(default_factory=dict)
    answers: list[Outcome] = field(default_factory=list)
    effects: list[bool] = field(default_factory=list)
    unreachable: Unreachable | None = None
    hides_children: bool = False
    posts: int = 0

    async def reply(self, parent_id: str, text: str) -> Outcome:
        self.posts += 1
        happens = self.effects.pop(0) if self.effects else True
        external_id = f"{parent_id}_r{self.posts}"
        if happens:
            seen = Seen(external_id, text, f"https://platform.example/{external_id}", self.clock.now(), True)
            self.objects[external_id] = seen
            self.children.setdefault(parent_id, []).append(seen)
        if self.answers:
            return self.answers.pop(0)
        return Confirmed(external_id, f"https://platform.example/{external_id}")

    async def fetch(self, object_id: str) -> Seen:
        if self.unreachable:
            raise self.unreachable
        if object_id not in self.objects:
            raise Gone
        return self.objects[object_id]

    async def find_own_replies(self, parent_id: str, since: datetime) -> Sequence[Seen]:
        if self.unreachable:
            raise self.unreachable
        found = [] if self.hides_children else self.children.get(parent_id, [])
        return [one for one in found if one.created_at is None or one.created_at >= since]

    async def close(self) -> None:
        pass


class Desk:
    """The service as people and other services meet it."""

    def __init__(
        self, works: Works, client: httpx.AsyncClient, tokens: TestTokens, platform: FakePlatform, clock: FakeClock
    ) -> None:
        self.works, self.client, self.tokens, self.platform, self.clock = works, client, tokens, platform, clock
        self.rules = rules_of(
            ResponderSettings(database_url="postgresql://unused", bus_url="memory://", jwks="unused", config_dir=CONFIG)
        )
        self.group = groups(self.rules)[0]
        self.sender = Sender(works, platform, self.rules, Metrics(), uuid4())
        self._keys = 0

    async def hear(self, *events: Event) -> None:
        """Events arrive in one batch."""
        for event in events:
            actor = Actor(kind="system", id="test")
            event.with_meta(Meta(uuid7(), self.clock.now(), actor, event.key))
        async with self.works.begin(Actor(kind="system", id="responder")) as work:
            await self.group.handlers.handle(list(events), work)

    async def call(
        self, method: str, path: str, role: Role, body: Any = None, *, version: int | None = None, **claims: Any
    ) -> httpx.Response:
        self._keys += 1
        headers = self.tokens.header(role, **claims) | {"Idempotency-Key": f"k{self._keys}"}
        if version is not None:
            headers["If-Match"] = f'"{version}"'
        return await self.client.request(method, path, json=body, headers=headers)

    async def act(
        self, reply: dict[str, Any], action: str, role: Role, body: Any = None, **claims: Any
    ) -> httpx.Response:
        return await self.call(
            "POST", f"/replies/{reply['id']}/{action}", role, body, version=reply["version"], **claims
        )

    async def reply(self, reply_id: str) -> dict[str, Any]:
        found: dict[str, Any] = (await self.call("GET", f"/replies/{reply_id}", Role.SA)).json()
        return found

    async def event_types(self) -> list[str]:
        from torg_shared import log

        async with self.works.engine.connect() as db:
            return [row.type.removesuffix(".v1") for row in await log.read(db, 0, 500)]

    async def approved(
        self, message: "Citizen", text: str = "Lyset er meldt til montøren.", **claims: Any
    ) -> dict[str, Any]:
        """A full answer, written by Per, approved by Lise."""
        made = await self.call(
            "POST",
            "/replies",
            Role.SA,
            {"message_id": str(message.id), "kind": "full", "text": text},
            subject="per",
        )
        assert made.status_code == 201, made.text
        asked = await self.act(made.json(), "submit", Role.SA, subject="per")
        assert asked.status_code == 200, asked.text
        body = {"binding_sha256": asked.json()["binding_sha256"]}
        done = await self.act(asked.json(), "approve", Role.LED, body, subject="lise")
        assert done.status_code == 200, done.text
        found: dict[str, Any] = done.json()
        return found

    async def released(self, message: "Citizen", text: str = "Lyset er meldt til montøren.") -> dict[str, Any]:
        approved = await self.approved(message, text)
        answer = await self.act(approved, "publish", Role.SA, subject="per")
        assert answer.status_code == 202, answer.text
        found: dict[str, Any] = answer.json()
        return found


class Citizen:
    """A comment under our post, and what happens to it."""

    def __init__(self, text: str = "Hvorfor er gatelyset i Høllebakken av?") -> None:
        self.id, self.conversation, self.external = uuid4(), uuid4(), f"100_{uuid4().hex[:6]}"
        self.text = text

    def received(self, version: int = 1) -> Event:
        return ingest.MessageReceived(
            message_id=self.id,
            conversation_id=self.conversation,
            message_version=version,
            channel_id=CHANNEL,
            author=ingest.Author(handle="ola"),
            text=self.text,
            snapshot_id=uuid4(),
            sha256="0" * 64,
            platform="facebook",
            external_id=self.external,
            kind="comment",
            received_at=datetime.fromisoformat("2026-06-03T08:00:00+00:00"),
            raw_ref=uuid4(),
        )

    def edited(self, text: str, version: int) -> Event:
        return ingest.MessageEdited(
            message_id=self.id,
            conversation_id=self.conversation,
            message_version=version,
            channel_id=CHANNEL,
            author=ingest.Author(handle="ola"),
            text=text,
            snapshot_id=uuid4(),
            sha256="0" * 64,
            detected_at=datetime.fromisoformat("2026-06-03T08:05:00+00:00"),
        )

    def deleted(self, version: int = 2) -> Event:
        return ingest.MessageDeleted(
            message_id=self.id,
            conversation_id=self.conversation,
            message_version=version,
            channel_id=CHANNEL,
            detected_at=datetime.fromisoformat("2026-06-03T08:06:00+00:00"),
        )

    def triaged(self, handling: str = "answer", version: int = 1, **facts: Any) -> Event:
        values: dict[str, Any] = {
            "reply_duty": "must",
            "record_class": "none",
            "unit": "servicetorget",
            "lang": "nb",
            "saksdokument": False,
            "saksbehandling": False,
            "dokumentasjonsverdi": False,
            "by": "person",
            "section": "4.1",
            "guideline_version": "1",
        } | facts
        return classifier.MessageTriaged(
            message_id=self.id,
            conversation_id=self.conversation,
            message_version=1,
            triage_version=version,
            handling=handling,
            **values,
        )

    def own(self, text: str, external_id: str) -> Event:
        return ingest.MessageOwnSeen(
            own_id=uuid4(),
            conversation_id=self.conversation,
            channel_id=CHANNEL,
            platform="facebook",
            external_id=external_id,
            parent_external_id=self.external,
            text=text,
            detected_at=datetime.fromisoformat("2026-06-03T09:00:00+00:00"),
        )

    def stands_on(self, platform: FakePlatform, text: str | None = None) -> None:
        platform.objects[self.external] = Seen(self.external, text or self.text)


def channel(state: str = "active", version: int = 1) -> Event:
    contract = ingest.ChannelActivated if state == "active" else ingest.ChannelSuspended
    return contract(
        channel_id=CHANNEL,
        channel_key="facebook-sogne",
        version=version,
        platform="facebook",
        account_id="105678901234567",
        name="Søgne kommune",
        state=state,
        connection="connected",
        owner_unit="servicetorget",
        comment_mode="open",
        capture_depth="thread",
        purpose="dialog",
    )


@pytest.fixture
async def desk(database: Any, works_for: Any, clock: FakeClock, tokens: TestTokens) -> AsyncIterator[Desk]:
    works = works_for(await database("torg_responder"), "responder", clock)
    platform = FakePlatform(clock)
    async with works.begin(Actor(kind="system", id="seed")) as work:
        await registry.seed(
            work.db,
            templates_of(CONFIG / "templates"),
            [
                {
                    "topic": "postmottak",
                    "lang": "nb",
                    "title": "Kontakt",
                    "url": "https://www.sogne.kommune.no/kontakt",
                },
                {"topic": "politikk", "lang": "nb", "title": "Saker", "url": "https://www.sogne.kommune.no/politikk"},
            ],
            house_rules_of(CONFIG),
            work.now,
        )
    desk = Desk(works, None, tokens, platform, clock)  # type: ignore[arg-type] # the client follows in two lines
    api, _ = make_api(
        name="responder",
        package="torg_responder",
        works=works,
        bus=MemoryBus(),
        metrics=Metrics(),
        tokens=tokens.checker(),
        matrix=MATRIX,
        routers=[replies_router(desk.rules), desk_router(desk.rules), registry_router(desk.rules)],
        cursor_secret=b"secret",
    )
    async with httpx.AsyncClient(transport=httpx.ASGITransport(api), base_url="http://test") as client:
        desk.client = client
        await desk.hear(channel())
        yield desk


@pytest.fixture
async def citizen(desk: Desk) -> Citizen:
    """A triaged message that stands on the platform."""
    found = Citizen()
    found.stands_on(desk.platform)
    await desk.hear(found.received(), found.triaged())
    return found


__all__ = ["CHANNEL", "UUID", "Citizen", "Desk", "channel"]
