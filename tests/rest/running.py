"""A service as its composition root makes it, on a real database that holds one conversation and what follows."""

import asyncio
import importlib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import orjson
from starlette.types import Receive, Scope, Send
from torg_shared.auth import Matrix, Role
from torg_shared.bus.memory import MemoryBus
from torg_shared.events.envelope import Actor, Event
from torg_shared.events.journal import ConsultationRequested
from torg_shared.service import Service
from torg_shared.testing import ISSUER, FakeClock, TestTokens
from torg_shared.web.standard import STANDARD_MATRIX

from tests.ingest import facebook
from tests.journal.events import RECEIVED_AT, Told, channel_activated, sent

SERVICES = ("ingest", "classifier", "journal", "responder")
CONFIG = Path(__file__).resolve().parents[2] / "config" / "sogne"
UNIT = "teknisk-drift"
METHODS = {"get", "post", "patch", "put", "delete"}


def matrix_of(service: str) -> Matrix:
    found: Matrix = importlib.import_module(f"torg_{service}.authorisation").MATRIX
    return {**STANDARD_MATRIX, **found}


@dataclass
class Running:
    """`known` holds real ids by the name of the path parameter that takes them."""

    name: str
    service: Service
    client: httpx.AsyncClient
    tokens: TestTokens
    matrix: Matrix
    document: Mapping[str, Any]
    known: dict[str, list[str]] = field(default_factory=dict)
    _requests: Any = field(default_factory=lambda: count(1))

    def header(self, role: Role, unit: str = UNIT, **claims: Any) -> dict[str, str]:
        """Subjects take turns, so that nobody asks more often than one person may."""
        return self.tokens.header(role, subject=f"{role.value}-{next(self._requests) % 20}", unit=unit, **claims)

    @property
    def api(self) -> Any:
        return self.service.api

    def role_for(self, route: str) -> Role | None:
        """A role that may take `route`; None for what stands open to everybody alone."""
        return min(self.matrix[route].roles, key=list(Role).index, default=None)

    def allowed(self, route: str, **more: str) -> dict[str, str]:
        """Headers with which `route` gets past the gate, and to its use case when the body is right."""
        role, row = self.role_for(route), self.matrix[route]
        headers = self.header(role) if role else {}
        if row.key:
            headers["Idempotency-Key"] = str(uuid4())
        if row.match:
            headers["If-Match"] = '"1"'
        return headers | more

    def path_of(self, route: str) -> str:
        """A path of `route` with real ids where there are any."""
        path = route.split(" ", 1)[1]
        while "{" in path:
            before, _, rest = path.partition("{")
            name, _, after = rest.partition("}")
            path = before + (self.known.get(name) or [str(uuid4())])[0] + after
        return path

    def routes(self, *methods: str) -> list[str]:
        return [one for one in self.matrix if not methods or one.split(" ")[0] in methods]

    def takes_a_body(self, route: str) -> bool:
        method, path = route.split(" ", 1)
        return "requestBody" in self.document["paths"][path][method.lower()]

    async def ask(self, route: str, path: str | None = None, **request: Any) -> httpx.Response:
        return await self.client.request(route.split(" ", 1)[0], path or self.path_of(route), **request)


class _ManyAddresses:
    """Requests from the public come from many addresses, so that no limit of one stands in the way."""

    def __init__(self, app: Any) -> None:
        self.app = app
        self._numbers = count()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        number = next(self._numbers)
        await self.app({**scope, "client": (f"10.0.{number // 200 % 200}.{number % 200}", 1)}, receive, send)


@asynccontextmanager
async def running(
    name: str, database_url: str, tokens: TestTokens, clock: FakeClock, folder: Path
) -> AsyncIterator[Running]:
    secrets = folder / "secrets"
    for file, content in {
        "facebook/app_secret": facebook.SECRET,
        "facebook/verify_token": facebook.VERIFY,
        "facebook-sogne/page_token": b"page",
        "cursor_secret": b"cursor",
        f"tokens/{name}": b"system",
    }.items():
        (secrets / file).parent.mkdir(parents=True, exist_ok=True)
        (secrets / file).write_bytes(content)
    jwks = folder / "jwks.json"
    jwks.write_bytes(orjson.dumps(tokens.jwks()))
    settings = getattr(importlib.import_module(f"torg_{name}.settings"), f"{name.capitalize()}Settings")(
        database_url=database_url,
        bus_url="memory://",
        jwks=str(jwks),
        token_issuer=ISSUER,
        secrets_dir=secrets,
        config_dir=CONFIG,
    )
    service: Service = importlib.import_module(f"torg_{name}.app").build(settings, bus=MemoryBus(), clock=clock)
    for start in service.starting:
        await start()
    stop = asyncio.Event()
    beside = [asyncio.create_task(task(stop)) for task in service.beside_api]
    transport = httpx.ASGITransport(_ManyAddresses(service.api), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://torg") as client:
        document = (await client.get("/openapi.json")).json()
        house = Running(name, service, client, tokens, matrix_of(name), document)
        await _fill(house)
        yield house
    stop.set()
    await asyncio.gather(*beside)
    for close in service.closing:
        await close()
    await service.works.close()


async def _fill(house: Running) -> None:
    """One conversation in every state that the service knows, and the ids that came of it."""
    message, second = Told("gatelys"), Told("fotgjengerfelt", author="u-2")
    house.known["message_id"] = [str(message.message_id), str(second.message_id)]
    if house.name == "ingest":
        del house.known["message_id"]  # here they are made of what the platform sends
        for number in range(3):
            content = facebook.delivery(facebook.value(f"2002_{3003 + number}"))
            signed = {"X-Hub-Signature-256": facebook.signature(content), "Content-Type": "application/json"}
            assert (await house.client.post("/webhooks/facebook", content=content, headers=signed)).status_code == 200
    events: list[Event] = [channel_activated()]
    for one in (message, second):
        events += [one.received(), one.snapshot(), one.classified(), one.urgent()]
    await hear(house, events)
    await hear(house, [message.triaged(), second.triaged("answer", record_class="none", saksdokument=False)])
    await hear(house, [_asked(message)])
    await _act(house)
    await _look_up(house)


def _asked(message: Told) -> Event:
    return sent(
        ConsultationRequested(
            consultation_id=uuid4(),
            conversation_id=message.conversation_id,
            message_id=message.message_id,
            message_version=1,
            saksmappe_id=uuid4(),
            version=1,
            unit=UNIT,
            requested_at=RECEIVED_AT,
        )
    )


async def hear(house: Running, events: Sequence[Event]) -> None:
    """`events` come to every group of the service that listens for them."""
    for group in house.service.groups:
        mine = [event for event in events if event.TYPE in group.handlers.contracts]
        async with house.service.works.begin(Actor(kind="system", id=house.name)) as work:
            await group.handlers.handle(mine, work)


async def _act(house: Running) -> None:
    """What comes into being through people alone."""
    first, second = house.known.get("message_id", ["", ""])
    made: list[tuple[str, Role, Any]] = []
    if house.name == "responder":
        for message in (first, second):
            made += [("/replies", Role.SA, {"message_id": message, "kind": "full", "text": "Lyset er meldt."})]
    if house.name == "journal":
        asked = {"message_id": first, "unit": UNIT, "question": "Når er lyset i orden?"}
        made += [("/consultations", Role.SA, asked), (f"/messages/{first}/notes", Role.SA, {"text": "Husk saka."})]
    for path, role, body in made:
        answer = await house.client.post(
            path, json=body, headers=house.header(role) | {"Idempotency-Key": str(uuid4())}
        )
        assert answer.status_code in {200, 201}, (path, answer.text)


async def _look_up(house: Running) -> None:
    """The ids that a list tells, for the path parameter of the resource beside it."""
    lists = [route for route in house.routes("GET") if "{" not in route]
    for route in lists:
        path = route.split(" ", 1)[1]
        names = {
            one.split("/{", 1)[1].split("}", 1)[0]
            for one in house.matrix
            if one.split(" ", 1)[1].startswith(path + "/{")
        }
        if not names:
            continue
        found = await house.ask(route, headers=house.allowed(route))
        assert found.status_code == 200, (route, found.text)
        if "json" not in found.headers["content-type"]:
            continue
        for name in names:
            items = [one for one in found.json().get("items", ()) if isinstance(one, dict)]
            # first what the first message led to: about that one the unit is asked
            items.sort(key=lambda one: one.get("message_id") not in {None, *house.known.get("message_id", ())[:1]})
            house.known.setdefault(name, [str(one.get("id") or one.get(name)) for one in items][:5])
    for route in (one for one in house.routes("GET") if one.endswith("}/journalposter")):
        found = await house.ask(route, headers=house.allowed(route))
        house.known.setdefault("journalpost_id", [one["id"] for one in found.json()["items"]])
    house.known |= {
        "version": ["1"],
        "day": ["2026-06-03"],
        "number": ["1"],
        "rule_id": house.known.get("rule_id", ["R-1"]),
    }
