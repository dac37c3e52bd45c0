"""The whole product, started as the README says, on ports that are free."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from torg_ops.client import House

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Running:
    """A `make run`: its process, its folder, and what it has said so far."""

    process: subprocess.Popen[bytes]
    folder: Path
    output: Path

    def said(self) -> str:
        return self.output.read_text()

    def interrupt(self) -> int:
        """Ctrl-C, and the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(60)


def start(folder: Path, bus: str = "postgres") -> Running:
    """`torg_ops run` with its data in `folder`; returns when it is up."""
    output = folder.parent / f"{folder.name}.said"
    with output.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "torg_ops", "run", "--bus", bus, "--ports", "free", "--folder", str(folder)],
            cwd=ROOT,
            env={name: value for name, value in os.environ.items() if not name.startswith("TORG_")},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    running = Running(process, folder, output)
    last = time.monotonic() + 180
    while not (folder / "running.json").exists():
        assert process.poll() is None, running.said()
        assert time.monotonic() < last, running.said()
        time.sleep(0.1)
    return running


@pytest.fixture(scope="session")
def running() -> Iterator[Running]:
    with tempfile.TemporaryDirectory(prefix="torg-e2e-") as place:
        Path(place).chmod(0o755)  # as root, PostgreSQL runs as another account
        made = start(Path(place) / "run")
        yield made
        if made.process.poll() is None:
            made.interrupt()


@pytest.fixture
def house(running: Running) -> Iterator[House]:
    client = House.at(running.folder)
    yield client
    client.close()
