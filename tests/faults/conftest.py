"""The whole product as processes that can be killed by name, on a database server of its own."""

import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from torg_ops.client import House as Client
from torg_ops.house import DEFAULT_PORTS, House, free_ports
from torg_ops.ledger import check, settle

ROOT = Path(__file__).resolve().parents[2]
_IMPATIENT = {
    "TORG_UNDO_S": "0",
    "TORG_SETTLE_S": "1",
    "TORG_LEASE_S": "2",
    "TORG_PLATFORM_DEADLINE_S": "3",
    "TORG_STUCK_S": "4",
    "TORG_SIMULATOR_RETRY_S": "0,0.2,0.5,1,1,1,1,1,1,1,2",
    "TORG_DRAIN_S": "5",
}


class Crashed(Exception):
    """A process was to die at a named point and never came there."""


class Patient:
    """Runs something while processes die under it, and starts again what has ended.

    Children are started here, in the main thread: they end with the thread that started them.
    """

    def __init__(self, house: House) -> None:
        self.house = house

    def __call__(self, act: Callable[[Client], Any], points: Mapping[str, str]) -> Any:
        """`act` with the processes of `points` (name -> crash point) made to die at their points, once each.

        Raises `Crashed` for a point that nothing came to pass.
        """
        for name, point in points.items():
            self.house.children[name].stop()
            self.house.children[name].start(CRASH_AT=point)
        self.house.await_ready(*points)
        died: dict[str, int | None] = {}
        outcome: list[Any] = []

        def run() -> None:
            client = Client(self.house.running(), patience_s=40.0)
            try:
                outcome.append(act(client))
            except BaseException as error:  # noqa: BLE001 - told to the main thread, whatever it is
                outcome.append(error)
            finally:
                client.close()

        acting = threading.Thread(target=run)
        acting.start()
        while acting.is_alive():
            self._start_again(died)
            time.sleep(0.05)
        last = time.monotonic() + 20
        while died.keys() < set(points) and time.monotonic() < last:
            self._start_again(died)
            time.sleep(0.05)
        for name, point in points.items():
            self._without_crash(name, died)
            if name not in died:
                raise Crashed(f"{name} never came to {point}")
        [told] = outcome
        if isinstance(told, BaseException):
            raise told
        return told

    def _start_again(self, died: dict[str, int | None]) -> None:
        for name, child in self.house.children.items():
            if not child.running:
                died.setdefault(name, child.code)
                child.start()

    def _without_crash(self, name: str, died: Mapping[str, int | None]) -> None:
        if name not in died:
            self.house.children[name].stop()
            self.house.children[name].start()


@pytest.fixture(scope="session")
def house() -> Iterator[House]:
    with tempfile.TemporaryDirectory(prefix="torg-faults-") as place:
        Path(place).chmod(0o755)
        made = House(
            ROOT,
            Path(place) / "run",
            ports=free_ports(*DEFAULT_PORTS, "postgres"),
            settings=_IMPATIENT,
        )
        try:
            made.prepare()
            made.start()
            made.await_ready()
            yield made
        finally:
            made.stop()


@pytest.fixture
def patient(house: House) -> Patient:
    for name, child in house.children.items():
        if not child.running:
            child.start()
            house.await_ready(name)
    return Patient(house)


@pytest.fixture
def client(house: House) -> Iterator[Client]:
    made = Client(house.running(), patience_s=40.0)
    yield made
    made.close()


@pytest.fixture
def balanced(client: Client) -> Callable[[], None]:
    """Wait until nothing is under way; then the ledger must balance."""

    def look() -> None:
        settle(client, 90)
        ledger = check(client)
        assert ledger.faults == []

    return look
