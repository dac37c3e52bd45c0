"""The three buses behind one fixture, each with a catalogue of its own; a real Kafka once per test session."""

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest
from torg_ops.bootstrap import Access, prepare
from torg_ops.kafka import Kafka, KafkaFailed, libraries, missing
from torg_shared.bus import kafka, postgres
from torg_shared.bus.kafka import KafkaBus
from torg_shared.bus.memory import MemoryBus
from torg_shared.bus.port import Bus
from torg_shared.bus.postgres import PostgresBus
from torg_shared.events.catalogue import PARTITIONS
from torg_shared.testing import free_port

_KAFKA = Path(__file__).parents[2] / "kafka"


@dataclass(frozen=True, slots=True)
class Place:
    """A bus with a topic that nobody else uses; `url` for processes that open it themselves."""

    bus: Bus
    topic: str
    other: str
    url: str


def _broker(folder: Path) -> Kafka:
    return Kafka(folder, libraries(_KAFKA / "pom.xml", _KAFKA / "libs"), free_port(), free_port())


@pytest.fixture(scope="session")
def kafka_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """`TORG_TEST_KAFKA` names a running broker; else one is started, where Maven and a JDK are at hand."""
    if running := os.environ.get("TORG_TEST_KAFKA"):
        yield running
        return
    required = os.environ.get("TORG_REQUIRE_KAFKA") == "1"
    if (reason := missing()) and not required:
        pytest.skip(reason)
    try:
        broker = _broker(tmp_path_factory.mktemp("kafka"))
        broker.start()
    except KafkaFailed as error:
        if required:
            raise
        pytest.skip(str(error))
    yield broker.address
    broker.kill()


@pytest.fixture
def own_broker(tmp_path: Path, kafka_address: str) -> Iterator[Kafka]:
    """A broker that a test may stop and kill; `kafka_address` decides whether there can be one."""
    broker = _broker(tmp_path / "broker")
    broker.start()
    yield broker
    broker.kill()


@pytest.fixture
async def bus_database(postgres_url: str) -> AsyncIterator[Callable[[], Awaitable[Access]]]:
    """`await bus_database()` gives the access to a PostgreSQL bus's database of its own."""
    made: list[str] = []

    async def make() -> Access:
        name = f"torg_test_bus_{secrets.token_hex(6)}"
        access = await prepare(postgres_url, "bus", ("only-for-tests", "only-for-tests"), name)
        made.append(name)
        return access

    yield make
    for name in made:
        admin = await asyncpg.connect(postgres_url)
        await admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
        await admin.close()


@pytest.fixture(params=["memory", "postgres", "kafka"])
async def place(request: pytest.FixtureRequest, bus_database: Callable[[], Awaitable[Access]]) -> AsyncIterator[Place]:
    """One after the other, the three buses."""
    mark = secrets.token_hex(4)
    topics = [(f"torg.test-{mark}", PARTITIONS, 1), (f"torg.other-{mark}", PARTITIONS, 1)]
    bus: Bus
    if request.param == "memory":
        bus, url = MemoryBus(), "memory://"
    elif request.param == "postgres":
        access = await bus_database()
        await postgres.make(access.owner_url, topics)
        bus, url = PostgresBus(access.url, "test"), access.url
    else:
        address = request.getfixturevalue("kafka_address")
        await kafka.make(address, topics)
        bus, url = KafkaBus(address, "test"), f"kafka://{address}"
    yield Place(bus, topics[0][0], topics[1][0], url)
    await bus.close()
    await asyncio.sleep(0)
