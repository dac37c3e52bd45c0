"""Children of `run`: ready when they answer, gone when they are stopped, told apart when they fail."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from torg_ops.processes import Child, ProcessFailed
from torg_shared.testing import free_port

_SERVER = """
import http.server, signal, sys
class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
    def log_message(self, *args): pass
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Page).serve_forever()
"""
_DEAF = "import signal, time\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('deaf', flush=True)\ntime.sleep(60)"


def _child(tmp_path: Path, script: str, port: int = 1) -> Child:
    return Child(
        "barn",
        (sys.executable, "-c", script, str(port)),
        dict(os.environ),
        tmp_path / "barn.log",
        f"http://127.0.0.1:{port}/readyz",
        tmp_path,
    )


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Child]:
    child = _child(tmp_path, _SERVER, free_port())
    child.start()
    yield child
    child.kill()


def test_a_child_that_answers_is_ready_and_ends_by_itself(server: Child) -> None:
    server.await_ready(30)

    assert server.running
    assert server.stop() == 0
    assert not server.running


def test_a_killed_child_is_gone_at_once_and_can_be_started_again(server: Child) -> None:
    server.await_ready(30)
    server.kill()
    assert server.code == -signal.SIGKILL

    server.start()

    server.await_ready(30)
    assert server.running


def test_a_child_that_ends_before_it_is_ready_tells_its_last_words(tmp_path: Path) -> None:
    child = _child(tmp_path, "import sys; print('TORG_JWKS: Field required', file=sys.stderr); sys.exit(2)")
    child.start()

    with pytest.raises(ProcessFailed, match=r"barn stanset med kode 2: TORG_JWKS: Field required \(logg: .*barn.log\)"):
        child.await_ready(30)


def test_a_child_that_does_not_listen_to_sigterm_is_killed(tmp_path: Path) -> None:
    child = _child(tmp_path, _DEAF)
    child.start()
    last = time.monotonic() + 30
    while "deaf" not in child.last_words() and time.monotonic() < last:
        time.sleep(0.02)

    assert child.stop(within_s=0.2) == -signal.SIGKILL


def test_a_child_ends_with_its_parent_however_that_ends(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    parent = f"""
import os, sys, time
from pathlib import Path
from torg_ops.processes import Child
child = Child("barn", (sys.executable, "-c", "import time; time.sleep(60)"), dict(os.environ),
              Path({str(tmp_path / "barn.log")!r}), "http://127.0.0.1:1/", Path({str(tmp_path)!r}))
child.start()
Path({str(pid_file)!r}).write_text(str(child.process.pid) + "\\n")
time.sleep(60)
"""
    forebear = _child(tmp_path, parent)
    forebear.start()
    last = time.monotonic() + 30
    while not (pid_file.exists() and pid_file.read_text().endswith("\n")) and time.monotonic() < last:
        time.sleep(0.02)

    forebear.kill()

    pid = int(pid_file.read_text())
    while _alive(pid) and time.monotonic() < last:
        time.sleep(0.02)
    assert not _alive(pid)


def _alive(pid: int) -> bool:
    """A zombie, which nobody here may have waited for, is not alive."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
