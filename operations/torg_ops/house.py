"""The whole product on one machine: database, bus, simulator and services, as `make run` and the tests start it."""

import asyncio
import contextlib
import hashlib
import importlib.util
import os
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import asyncpg
import orjson

from . import postgres
from .bootstrap import BUS, SERVICES, Access, prepare
from .credentials import CHANNEL, PAGE_ID, PLATFORM, Credentials, open_credentials
from .issuer import ISSUER, PERSONAS, Issuer, write_secret
from .kafka import Kafka, KafkaFailed, libraries
from .postgres import Postgres, PostgresFailed
from .processes import Child, ProcessFailed, inherited, python

BusKind = Literal["postgres", "kafka"]
SIMULATOR = "simulator"
DEFAULT_PORTS: Mapping[str, int] = {
    "ingest": 8101,
    "classifier": 8102,
    "journal": 8103,
    "responder": 8104,
    "simulator": 8110,
    "control": 8111,
}
_POSTGRES_PORT = 8132
_KAFKA_PORT = 8192
# the demonstration does not wait for minutes: undo window and settle time are 5 s
DEMONSTRATION = {"TORG_UNDO_S": "5", "TORG_SETTLE_S": "5"}
_STOP_FIRST = (SIMULATOR, "ingest")  # then nothing new comes in while the others finish


class HouseFailed(Exception):
    """The product cannot be started; the text is one line in Norwegian that says what to do."""


def free_ports(*names: str) -> dict[str, int]:
    """Ports that nobody listens on now, all different."""
    with contextlib.ExitStack() as held:
        found = {}
        for name in names:
            probe = held.enter_context(socket.socket())
            probe.bind(("127.0.0.1", 0))
            found[name] = int(probe.getsockname()[1])
        return found


@dataclass(slots=True)
class House:
    """`folder` holds everything that is made (`.run`), `root` is the tree with `config/`.

    `admin_url` uses a running PostgreSQL instead of an embedded one; `settings` are further environment variables.
    """

    root: Path
    folder: Path
    bus: BusKind = "postgres"
    ports: Mapping[str, int] = field(default_factory=lambda: dict(DEFAULT_PORTS))
    admin_url: str | None = None
    databases: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    durable: bool = True
    children: dict[str, Child] = field(default_factory=dict, init=False)
    server: Postgres | None = field(default=None, init=False)
    broker: Kafka | None = field(default=None, init=False)
    access: dict[str, Access] = field(default_factory=dict, init=False)
    credentials: Credentials = field(init=False)
    issuer: Issuer = field(init=False)

    def prepare(self) -> None:
        """Secrets, database server, roles, databases, migrations and bus. Raises `HouseFailed`."""
        self._check_ports()
        self.folder.mkdir(parents=True, exist_ok=True)
        self.credentials = open_credentials(self.folder / "secrets")
        self.issuer = Issuer.open(self.folder / "issuer")
        self.mint()
        try:
            admin_url = self.admin_url or self._start_postgres()
            asyncio.run(self._prepare_databases(admin_url))
            if self.bus == "kafka":
                self._start_kafka()
        except (PostgresFailed, KafkaFailed) as error:
            raise HouseFailed(str(error)) from None
        except (OSError, TimeoutError, asyncpg.PostgresError) as error:
            raise HouseFailed(f"Databasen svarer ikke: {error or type(error).__name__}") from None
        self._migrate()
        self.children = {SIMULATOR: self._simulator()} | {name: self._service(name) for name in SERVICES}

    def mint(self) -> None:
        """New tokens for services, in the files where they look; they hold for a day."""
        for name in SERVICES:
            self.credentials.write_system_token(name, self.issuer.mint_system(name))

    def start(self, *names: str) -> None:
        for name in names or self.children:
            self.children[name].start()

    def await_ready(self, *names: str, within_s: float = 90.0) -> None:
        """Returns when all answer on their health page. Raises `HouseFailed`."""
        last = time.monotonic() + within_s
        try:
            for name in names or self.children:
                self.children[name].await_ready(max(1.0, last - time.monotonic()))
        except ProcessFailed as error:
            raise HouseFailed(str(error)) from None

    def stop(self) -> list[str]:
        """Stop everything, the entrances first; the names of those that did not end by themselves."""
        late = []
        rest = [name for name in self.children if name not in _STOP_FIRST]
        for wave in (_STOP_FIRST, rest):
            running = [self.children[name] for name in wave if name in self.children and self.children[name].running]
            for child in running:
                child.terminate()
            late += [child.name for child in running if child.wait(25.0) != 0]
        if self.broker:
            self.broker.stop()
        if self.server:
            self.server.stop()
        return late

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.ports[name]}"

    @property
    def bus_url(self) -> str:
        return f"kafka://{self.broker.address}" if self.broker else self.access[BUS].url

    def running(self) -> dict[str, Any]:
        """What scripts and tests need to drive this house: the content of running.json."""
        return {
            "services": {name: self.url(name) for name in SERVICES},
            "simulator": {"public": self.url(SIMULATOR), "control": self.url("control")},
            "tokens": {persona.key: self.issuer.mint(persona) for persona in PERSONAS},
            "system_tokens": {name: self.issuer.mint_system(name) for name in SERVICES},
            "page_id": PAGE_ID,
            "app_secret": self.credentials.read(f"{PLATFORM}/app_secret"),
            "verify_token": self.credentials.read(f"{PLATFORM}/verify_token"),
            "bus": self.bus,
            "pid": os.getpid(),
        }

    def write_running(self) -> Path:
        path = self.folder / "running.json"
        write_secret(path, orjson.dumps(self.running(), option=orjson.OPT_INDENT_2))
        return path

    def environment(self, name: str) -> dict[str, str]:
        """What one service is told; also for its own commands (`verify`, `replay`)."""
        return {
            **inherited(),
            **self._common(),
            "TORG_DATABASE_URL": self.access[name].url,
            "TORG_HTTP_PORT": str(self.ports[name]),
            **self.settings,
        }

    def _common(self) -> dict[str, str]:
        return {
            "TORG_BUS_URL": self.bus_url,
            "TORG_JWKS": str(self.issuer.jwks),
            "TORG_TOKEN_ISSUER": ISSUER,
            "TORG_SECRETS_DIR": str(self.credentials.folder),
            "TORG_CONFIG_DIR": str(self.root / "config" / "sogne"),
            "TORG_INGEST_URL": self.url("ingest"),
            "TORG_HEADS_DIR": str(self.folder / "heads"),
            "TORG_FACEBOOK_URL": self.url(SIMULATOR),
            "TORG_ALLOW_PRIVATE_HOSTS": "true",  # the simulator is on this machine
        }

    def _service(self, name: str) -> Child:
        return self._child(name, self.environment(name), f"{self.url(name)}/readyz", "serve")

    def _simulator(self) -> Child:
        environment = {
            **inherited(),
            "TORG_SECRETS_DIR": str(self.credentials.folder),
            "TORG_SIMULATOR_PUBLIC_PORT": str(self.ports[SIMULATOR]),
            "TORG_SIMULATOR_CONTROL_PORT": str(self.ports["control"]),
            "TORG_SIMULATOR_WEBHOOK": f"{self.url('ingest')}/webhooks/facebook",
            "TORG_SIMULATOR_PAGE_ID": PAGE_ID,
            "TORG_SIMULATOR_PAGE_NAME": "Søgne kommune",
            "TORG_SIMULATOR_CHANNEL": CHANNEL,
            "TORG_SIMULATOR_STATE": str(self.folder / "simulator.json"),
            **{name: value for name, value in self.settings.items() if name.startswith("TORG_SIMULATOR_")},
        }
        return self._child(SIMULATOR, environment, f"{self.url('control')}/healthz", "serve")

    def _child(self, name: str, environment: Mapping[str, str], ready_url: str, command: str) -> Child:
        log = self.folder / "logs" / f"{name}.log"
        return Child(name, python("-m", f"torg_{name}", command), environment, log, ready_url, self.root)

    def _check_ports(self) -> None:
        for name, port in self.ports.items():
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind(("127.0.0.1", port))
                except OSError:
                    raise HouseFailed(
                        f"Port {port} ({name}) er opptatt: stans programmet som bruker den (finn det med "
                        f"«ss -ltnp sport = :{port}»), eller start med make run PORTS=free"
                    ) from None

    def _start_postgres(self) -> str:
        port = self.ports.get("postgres", _POSTGRES_PORT)
        with socket.socket() as probe:  # it serves our own processes only: any port will do
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                port = free_ports("postgres")["postgres"]
        self.server = postgres.start(self.folder / "postgres", port, durable=self.durable)
        return self.server.url()

    def _start_kafka(self) -> None:
        recipe = self.root / "tests" / "kafka"
        libs = libraries(recipe / "pom.xml", recipe / "libs")
        port = self.ports.get("kafka", _KAFKA_PORT)
        self.broker = Kafka(self.folder / "kafka", libs, port, free_ports("controller")["controller"])
        self.broker.start()

    async def _prepare_databases(self, admin_url: str) -> None:
        names = (*SERVICES, BUS)
        prepared = await asyncio.gather(
            *(prepare(admin_url, name, self.credentials.passwords[name], self.databases.get(name)) for name in names)
        )
        self.access = dict(zip(names, prepared, strict=True))

    def _migrate(self) -> None:
        """All databases side by side; one whose migrations are the same as last time is left alone."""
        done = self.folder / "migrated.json"
        before: dict[str, str] = orjson.loads(done.read_bytes()) if done.exists() else {}
        now = {name: _fingerprint(name, self.access[name].owner_url) for name in (*SERVICES, BUS)}
        if self.bus == "kafka":
            del now[BUS]  # topics are asked for at every start: a broker may have lost them
        wanted = [name for name, print_ in now.items() if before.get(name) != print_]
        if self.bus == "kafka":
            wanted.append(BUS)
        with ThreadPoolExecutor(max_workers=3) as pool:
            list(pool.map(self._migrate_one, wanted))
        write_secret(done, orjson.dumps(before | now))

    def _migrate_one(self, name: str) -> None:
        module = "torg_shared.bus" if name == BUS else f"torg_{name}"
        environment = {
            **inherited(),
            **self._common(),
            "TORG_DATABASE_URL": self.access[name].url,
            "TORG_MIGRATE_URL": self.access[name].owner_url,
            "TORG_HTTP_PORT": str(self.ports.get(name, 1)),
        }
        log = self.folder / "logs" / f"migrate-{name}.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as out:
            code = subprocess.run(  # noqa: S603 - our own programs
                [*python("-m", module, "migrate")],
                env=environment,
                cwd=self.root,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                check=False,
            ).returncode
        if code != 0:
            told = [line for line in log.read_text(errors="replace").split("\n") if line.strip()]
            words = told[-1].strip()[:300] if told else f"kode {code}"
            raise HouseFailed(f"Databasen til {name} kan ikke migreres: {words} (logg: {log})")


def _fingerprint(name: str, owner_url: str) -> str:
    """What a migration depends on: its scripts, the shared tables, and which database it is."""
    digest = hashlib.sha256(owner_url.encode())
    for folder in (_folder_of("torg_shared"), *([] if name == BUS else [_folder_of(f"torg_{name}")])):
        for path in sorted(_scripts(folder)):
            digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()


def _scripts(folder: Path) -> Sequence[Path]:
    """Every source of the package: migrations import tables, and tables import what they please."""
    return list(folder.rglob("*.py"))


def _folder_of(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise HouseFailed(f"Pakken {package} er ikke installert: kjør make install")
    return Path(next(iter(spec.submodule_search_locations)))
