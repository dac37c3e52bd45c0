"""Each service alone with `shared` in a clean environment, where its pure tests pass: `make alone`.

What proves "independently deployable": nothing is borrowed from another service, nor from the tools of development.
"""

import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from .services import SERVICES

ROOT = Path(__file__).resolve().parents[2]
_QUIET = ("--quiet", "--disable-pip-version-check", "--no-compile", "--retries", "10")
_PORT_OF_NOBODY = "postgresql://nobody:nothing@127.0.0.1:1/nothing"


def _run(*command: str, **environment: str) -> None:
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", **_inherited(), **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)}\n{done.stdout[-4000:]}\n{done.stderr[-4000:]}")


def _inherited() -> dict[str, str]:
    import os

    return {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "HOME", "SSL_", "OPENBLAS"))}


def alone(service: str, folder: Path) -> str:
    """Install `service` into a clean environment in `folder` and run its pure tests there; what was done."""
    python = str(folder / service / "bin" / "python")
    _run(sys.executable, "-m", "venv", str(folder / service))
    pip = (python, "-m", "pip", "install", *_QUIET)
    _run(*pip, "--require-hashes", "-r", f"requirements/{service}.txt", "-r", "requirements/test.txt")
    _run(*pip, "--no-deps", "--no-build-isolation", "-e", "shared", "-e", f"services/{service}")
    _run(python, "-c", f"import torg_{service}.app, torg_{service}.__main__")
    tests = ROOT / "tests" / service
    if not tests.is_dir():
        return f"{service}: installed and imported alone"
    plain = ("-p", "no:cacheprovider", "-p", "tests.architecture.pure")
    _run(python, "-m", "pytest", *plain, str(tests), TORG_TEST_POSTGRES=_PORT_OF_NOBODY)
    return f"{service}: installed alone, and its pure tests pass"


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="torg-alone-") as folder, ThreadPoolExecutor(max_workers=2) as pool:
        for told in pool.map(lambda service: alone(service, Path(folder)), SERVICES):
            sys.stdout.write(f"{told}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
