"""The same product and the same journey with a real Kafka as the bus."""

import os
import tempfile
from pathlib import Path

import pytest
from torg_ops.client import House
from torg_ops.demo import demo
from torg_ops.kafka import missing
from torg_ops.ledger import check, settle

from .conftest import start


@pytest.fixture(scope="module")
def _kafka() -> None:
    if lacking := missing():
        if os.environ.get("TORG_REQUIRE_KAFKA") == "1":
            raise RuntimeError(lacking)
        pytest.skip(lacking)


@pytest.mark.usefixtures("_kafka")
def test_the_journey_is_the_same_on_kafka() -> None:
    with tempfile.TemporaryDirectory(prefix="torg-e2e-") as place:
        Path(place).chmod(0o755)
        running = start(Path(place) / "run", bus="kafka")
        house = House.at(running.folder)
        try:
            story = demo(house, lambda _line: None)
            settle(house)
            ledger = check(house)
        finally:
            house.close()
            code = running.interrupt()

    assert story.entries is not None
    assert len(story.entries) == 4
    assert ledger.faults == []
    assert code == 0
    assert running.process.returncode == 0
