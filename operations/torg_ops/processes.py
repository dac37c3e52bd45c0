"""Child processes of a running product: started, watched, stopped; none is left behind."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import httpx

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


class ProcessFailed(Exception):
    """A process ended, or is not ready in time; the text is one line in Norwegian that says what to do."""


@dataclass(slots=True)
class Child:
    """One process with its log. Start it from the main thread only: it is told to end when that thread does."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log: Path
    ready_url: str
    cwd: Path
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    @property
    def code(self) -> int | None:
        """The exit code of the last run; None while it runs or when it never ran."""
        return self.process.poll() if self.process else None

    def start(self, **extra: str) -> None:
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603 - our own programs
                list(self.command),
                env={**self.environment, **extra},
                cwd=self.cwd,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is ours: children end in an order that they do not know
                preexec_fn=_end_with_parent,  # noqa: PLW1509 - no threads have been started when children are
            )

    def stop(self, within_s: float = 25.0) -> int | None:
        """SIGTERM, then SIGKILL when it does not end in time; the exit code."""
        self.terminate()
        return self.wait(within_s)

    def terminate(self) -> None:
        if self.running:
            assert self.process is not None
            self.process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """What a crash looks like: SIGKILL, and gone when this returns."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def wait(self, within_s: float) -> int | None:
        if self.process is None:
            return None
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.process.wait(within_s)
        self.kill()
        return self.process.returncode

    def await_ready(self, within_s: float = 60.0) -> None:
        """Returns when the process answers 200 on its health page. Raises `ProcessFailed`."""
        last = time.monotonic() + within_s
        while time.monotonic() < last:
            if not self.running:
                raise ProcessFailed(f"{self.name} stanset med kode {self.code}: {self.last_words()}")
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(self.ready_url, timeout=2.0, trust_env=False).status_code == 200:
                    return
            time.sleep(0.1)
        raise ProcessFailed(f"{self.name} er ikke klar etter {within_s:.0f} s: {self.last_words()}")

    def last_words(self) -> str:
        """The last line of the log that tells something, and where the rest stands."""
        lines = self.log.read_text(errors="replace").split("\n")[-40:] if self.log.exists() else []
        told = [line.strip() for line in lines if line.strip()]
        return f"{(told[-1] if told else 'uten ord')[:300]} (logg: {self.log})"


def _end_with_parent() -> None:
    """Linux: SIGTERM when the parent dies, however it dies, so that a killed `run` leaves nothing behind."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def python(*arguments: str) -> Sequence[str]:
    return (sys.executable, *arguments)


def inherited() -> dict[str, str]:
    """The environment of children before their own settings: nothing of TORG_ leaks in from outside."""
    return {name: value for name, value in os.environ.items() if not name.startswith("TORG_")}
