"""Alive, able to work, and in numbers: what supervisors and operators ask."""

import asyncio
from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from torg_shared import inbox
from torg_shared.auth import Tokens
from torg_shared.bus.port import Bus, BusAway
from torg_shared.bus.runner import Group, describe
from torg_shared.db import is_privileged
from torg_shared.metrics import Metrics
from torg_shared.work import Works

from .command import dump

_PATIENCE_S = 3.0


class Health:
    """The three pages of one process."""

    def __init__(self, works: Works, bus: Bus, metrics: Metrics, tokens: Tokens, groups: Sequence[Group]) -> None:
        self.works, self.bus, self.metrics, self.tokens, self.groups = works, bus, metrics, tokens, groups

    def routes(self) -> list[Route]:
        return [
            Route("/healthz", self.alive),
            Route("/readyz", self.ready),
            Route("/metrics", self.numbers),
        ]

    async def alive(self, _request: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def numbers(self, _request: Request) -> Response:
        return Response(self.metrics.render(), media_type="text/plain; version=0.0.4; charset=utf-8")

    async def ready(self, _request: Request) -> Response:
        """503 only when this process can do nothing; a bus that is away or a halted group is `degraded`."""
        database, halted = await self._database()
        bus, lag = await self._bus()
        checks: dict[str, Any] = {
            "database": database,
            "tokens": "ok" if self.tokens.ready else "no keys",
            "bus": bus,
            "lag": lag,
            "halted": halted,
        }
        if database != "ok" or not self.tokens.ready:
            status = "not_ready"
        else:
            status = "degraded" if checks["bus"] != "ok" or halted else "ready"
        content = dump({"status": status, "service": self.works.service, "checks": checks})
        return Response(content, 503 if status == "not_ready" else 200, media_type="application/json")

    async def _database(self) -> tuple[str, dict[str, str]]:
        try:
            async with asyncio.timeout(_PATIENCE_S), self.works.engine.connect() as db:
                if await is_privileged(db):
                    return "the run-time role owns tables or is superuser", {}
                return "ok", await inbox.halted(db)
        except Exception as error:  # noqa: BLE001 - whatever it is, the answer is: not ready, and why
            return describe(error), {}

    async def _bus(self) -> tuple[str, dict[str, int]]:
        """Whether the bus answers, and how many events wait for each group of this service."""
        try:
            async with asyncio.timeout(_PATIENCE_S):
                return "ok", {group.name: await self.bus.lag(group.name) for group in self.groups}
        except (BusAway, TimeoutError):
            return "away", {}
