"""A real Apache Kafka in KRaft mode on loopback, for `make run BUS=kafka` and for the tests.

Its jars are resolved by Maven from `tests/kafka/pom.xml`; JDK 17 or newer runs them.
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

_READY_S = 60.0
_SPARING = ("-Xms256m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1")


class KafkaFailed(Exception):
    """The broker cannot be made or does not start; the text says what to do, in Norwegian."""


def missing() -> str | None:
    """What this machine lacks to run a broker, None when nothing."""
    for program, package in (("java", "JDK 17"), ("mvn", "Maven")):
        if shutil.which(program) is None:
            return f"{package} mangler ({program} finnes ikke)"
    return None


@dataclass(slots=True)
class Kafka:
    """A broker whose data lies in `folder`; started, stopped and killed like any process."""

    folder: Path
    libs: Path
    port: int
    controller_port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start and wait until it listens. Raises `KafkaFailed`."""
        self.folder.mkdir(parents=True, exist_ok=True)
        properties = self.folder / "server.properties"
        properties.write_text(self._properties())
        if not (self.folder / "data" / "meta.properties").exists():
            cluster = self._java("kafka.tools.StorageTool", "random-uuid").strip()
            self._java("kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(properties))
        with (self.folder / "kafka.log").open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603 - a broker of our own making
                ["java", *_SPARING, "-cp", f"{self.libs}/*", "kafka.Kafka", str(properties)],  # noqa: S607 - found on the PATH, as an operator expects
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C must not reach it before its clients are gone
            )
        last = time.monotonic() + _READY_S
        while time.monotonic() < last and self.process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return
            time.sleep(0.1)
        self.kill()
        raise KafkaFailed(f"Kafka starter ikke på port {self.port}; se {self.folder / 'kafka.log'}")

    def stop(self) -> None:
        """Graceful: what a rolling restart does."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def _end(self, how: signal.Signals) -> None:
        if self.process is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.process.pid, how)
            self.process.wait()
            self.process = None

    def _java(self, main: str, *arguments: str) -> str:
        done = subprocess.run(  # noqa: S603 - as above
            ["java", "-XX:TieredStopAtLevel=1", "-cp", f"{self.libs}/*", main, *arguments],  # noqa: S607 - as above
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise KafkaFailed(f"{main} feilet: {done.stderr[-300:].strip()}")
        return done.stdout

    def _properties(self) -> str:
        return "".join(
            f"{name}={value}\n"
            for name, value in {
                "process.roles": "broker,controller",
                "node.id": "1",
                "controller.quorum.voters": f"1@127.0.0.1:{self.controller_port}",
                "listeners": f"PLAINTEXT://127.0.0.1:{self.port},CONTROLLER://127.0.0.1:{self.controller_port}",
                "advertised.listeners": f"PLAINTEXT://127.0.0.1:{self.port}",
                "controller.listener.names": "CONTROLLER",
                "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
                "log.dirs": self.folder / "data",
                "offsets.topic.replication.factor": "1",
                "offsets.topic.num.partitions": "4",
                "transaction.state.log.replication.factor": "1",
                "transaction.state.log.min.isr": "1",
                "group.initial.rebalance.delay.ms": "0",
                "auto.create.topics.enable": "false",
            }.items()
        )


def libraries(pom: Path, libs: Path) -> Path:
    """The broker's jars in `libs`, brought by Maven when they lack. Raises `KafkaFailed`."""
    if lacking := missing():
        raise KafkaFailed(f"{lacking}. Installer det, eller velg BUS=postgres.")
    if not any(libs.glob("kafka_*.jar")):
        for attempt in (1, 2, 3):
            done = subprocess.run(  # noqa: S603 - as above
                ["mvn", "-q", "-B", "-f", str(pom), "dependency:copy-dependencies", f"-DoutputDirectory={libs}"],  # noqa: S607 - as above
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode == 0:
                break
            if attempt == 3:
                raise KafkaFailed(f"Maven henter ikke Kafka: {done.stdout[-300:].strip()}")
    return libs
