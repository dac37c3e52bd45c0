"""The service as it is composed: what comes in on the bus goes out on the log."""

import asyncio
from pathlib import Path
from typing import Any

import orjson
import pytest
from torg_classifier.app import build
from torg_classifier.settings import ClassifierSettings
from torg_shared import log
from torg_shared.bus.memory import MemoryBus
from torg_shared.bus.port import Outgoing
from torg_shared.bus.runner import Pace, run_group
from torg_shared.events.envelope import Actor, Meta, encode
from torg_shared.ids import uuid7
from torg_shared.municipality import ConfigError
from torg_shared.testing import until

from .conftest import CONFIG_DIR, RECEIVED, received

DANGER = "Det henger en strømledning ned over gangveien ved kiosken NÅ"


@pytest.fixture
def settings(tmp_path: Path, tokens: Any) -> dict[str, Any]:
    (tmp_path / "cursor_secret").write_text("secret")
    (tmp_path / "jwks.json").write_bytes(orjson.dumps(tokens.jwks()))
    return {
        "database_url": "postgresql://torg_classifier@127.0.0.1:1/none",
        "bus_url": "postgresql://torg_bus@127.0.0.1:1/none",
        "jwks": str(tmp_path / "jwks.json"),
        "secrets_dir": tmp_path,
        "config_dir": CONFIG_DIR,
    }


async def test_both_groups_take_a_message_from_the_bus(settings: dict[str, Any], database: Any) -> None:
    db = await database("torg_classifier")
    bus = MemoryBus()
    service = build(ClassifierSettings(**settings | {"database_url": db.url}), bus=bus)
    message = received(DANGER)
    meta = Meta(uuid7(), RECEIVED, Actor(kind="platform", id="facebook"), message.key)
    payload = encode(message, meta, "urn:torg:ingest")
    stop = asyncio.Event()
    pace = Pace(wait_s=0.05)
    running = [
        asyncio.create_task(run_group(one, bus, service.works, stop, service.metrics, pace)) for one in service.groups
    ]

    async def told() -> set[str]:
        async with service.works.begin(Actor(kind="system", id="test")) as work:
            return {row.type for row in await log.read(work.db, 0, 100)}

    async def done() -> bool:
        return {"message.classified.v1", "urgent.raised.v1"} <= await told()

    for _ in range(2):
        await bus.publish([Outgoing(message.TOPIC, message.key, meta.id, message.TYPE, payload)])
    await until(done, what="proposal and alert")
    stop.set()
    await asyncio.gather(*running)
    async with service.works.begin(Actor(kind="system", id="test")) as work:
        types = [row.type for row in await log.read(work.db, 0, 100)]
    assert sorted(types) == ["message.classified.v1", "urgent.raised.v1"]
    await service.works.close()


async def test_the_groups_keep_their_names(settings: dict[str, Any]) -> None:
    service = build(ClassifierSettings(**settings), bus=MemoryBus())
    assert [group.name for group in service.groups] == ["classifier", "classifier-urgent"]
    await service.works.close()


def test_a_municipality_without_gazetteers_is_refused_by_name(settings: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"guideline\.yaml"):
        build(ClassifierSettings(**settings | {"config_dir": tmp_path}), bus=MemoryBus())


async def test_tables_and_migrations_agree(database: Any) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext
    from sqlalchemy.ext.asyncio import create_async_engine
    from torg_classifier.tables import metadata

    db = await database("torg_classifier")
    engine = create_async_engine(db.owner_url.replace("postgresql://", "postgresql+asyncpg://"))
    async with engine.connect() as connection:
        differences = await connection.run_sync(
            lambda sync: compare_metadata(MigrationContext.configure(sync), metadata)
        )
    await engine.dispose()
    assert [one for one in differences if "alembic_version" not in str(one)] == []
