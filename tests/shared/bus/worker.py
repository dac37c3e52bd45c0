"""A service of one group as a process of its own: what the process suite starts, signals and kills.

`python -m tests.shared.bus.worker <database> <bus> <topic> <gate>`: each event becomes a row of `effects`. While the
file `gate` exists, the handler waits in its transaction, and says so by making `<gate>.reached`.
"""

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

import sqlalchemy as sa
import uvloop
from torg_shared import logs
from torg_shared.bus.handlers import Handlers
from torg_shared.bus.kafka import KafkaBus
from torg_shared.bus.open import open_bus
from torg_shared.bus.port import Bus
from torg_shared.bus.runner import Group
from torg_shared.clock import SystemClock
from torg_shared.db import make_engine
from torg_shared.events.envelope import Event
from torg_shared.metrics import Metrics
from torg_shared.service import Service, run
from torg_shared.settings import ServiceSettings
from torg_shared.testing import free_port
from torg_shared.work import Work, Works

GROUP = "shared-suite"
TABLE = """
CREATE TABLE effects (
    n bigint GENERATED ALWAYS AS IDENTITY, event_id uuid PRIMARY KEY,
    place text NOT NULL, number int NOT NULL, process int NOT NULL
)
"""
_SESSION_S = 6.0  # the least that a broker allows: how long a killed member is missed
_INSERT = sa.text("INSERT INTO effects (event_id, place, number, process) VALUES (:id, :place, :number, :process)")


class Happened(Event, type="test.happened.v1", topic="", subject="place", key="place"):
    """Its topic is that of one test."""

    place: str
    number: int


def bus_of(url: str) -> Bus:
    if url.startswith("kafka://"):
        return KafkaBus(url.removeprefix("kafka://"), "test", _SESSION_S)
    return open_bus(url, "test")


async def _health(_scope: Any, _receive: Any, send: Any) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def main(database: str, bus: str, topic: str, gate: Path) -> int:
    Happened.TOPIC = topic

    async def handle(event: Happened, work: Work) -> None:
        facts = {"id": event.meta.id, "place": event.place, "number": event.number, "process": os.getpid()}
        await work.db.execute(_INSERT, facts)
        while gate.exists():
            gate.with_suffix(".reached").touch()
            await asyncio.sleep(0.02)

    settings = ServiceSettings(database_url=database, bus_url=bus, http_port=free_port(), jwks="unused", batch_size=40)
    return await run(
        Service(
            name="shared",
            settings=settings,
            works=Works(make_engine(database, name="worker"), SystemClock(), "shared"),
            bus=bus_of(bus),
            metrics=Metrics(),
            api=_health,
            health=_health,
            groups=[Group(GROUP, Handlers().on(Happened, handle))],
        ),
        "worker",
    )


if __name__ == "__main__":
    logs.configure("worker", "WARNING")
    sys.exit(uvloop.run(main(sys.argv[1], sys.argv[2], sys.argv[3], Path(sys.argv[4]))))
