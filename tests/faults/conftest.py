"""The whole product as processes that can be killed by name, on a database server of its own."""

import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
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


_RECOVERY_S = 90.0  # to settle, and the minute that is promised
_CRASHED = 137
_MOST_ROUNDS = 8


class NeverCame(Exception):
    """A process was to die at a named point, and nothing brought it there."""


class Patient:
    """Runs something again and again while processes die under it, each at one named point after the other.

    Children are started here, in the main thread: they end with the thread that started them.
    """

    def __init__(self, house: House) -> None:
        self.house = house
        self.deaths: list[tuple[str, str]] = []

    def __call__(self, act: Callable[[Client], Any], chains: Mapping[str, Sequence[str]]) -> list[Any]:
        """What each round of `act` gave, until every process has died at every point of its chain.

        Raises `NeverCame`.
        """
        left = {name: list(points) for name, points in chains.items()}
        for name in chains:
            self.house.children[name].stop()
            self._start(name, left)
        outcomes = []
        for _ in range(_MOST_ROUNDS):
            outcomes.append(self._round(act, left))
            if not any(left.values()):
                return outcomes
        raise NeverCame(str({name: points for name, points in left.items() if points}))

    def _round(self, act: Callable[[Client], Any], left: dict[str, list[str]]) -> Any:
        told: list[Any] = []

        def run() -> None:
            client = Client(self.house.running(), patience_s=120.0)
            try:
                told.append(act(client))
            except BaseException as error:  # noqa: BLE001 - told to the main thread, whatever it is
                told.append(error)
            finally:
                client.close()

        acting = threading.Thread(target=run)
        acting.start()
        while acting.is_alive():
            for name, child in self.house.children.items():
                if not child.running:
                    self._died(name, child.code, left)
            time.sleep(0.05)
        if isinstance(told[0], BaseException):
            raise told[0]
        return told[0]

    def _died(self, name: str, code: int | None, left: dict[str, list[str]]) -> None:
        assert code == _CRASHED, f"{name} ended with {code} though nobody killed it"
        self.deaths.append((name, left[name].pop(0)))
        self._start(name, left)

    def _start(self, name: str, left: dict[str, list[str]]) -> None:
        points = left[name]
        self.house.children[name].start(**({"CRASH_AT": points[0]} if points else {}))


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
    """Wait until the ledger balances: within a minute of everything being back (P5)."""

    def look() -> None:
        last = time.monotonic() + _RECOVERY_S
        settle(client, 90)
        while (faults := check(client).faults) and time.monotonic() < last:
            time.sleep(0.5)  # a relay may still be waiting for its next try: no process tells when
        assert faults == []

    return look
