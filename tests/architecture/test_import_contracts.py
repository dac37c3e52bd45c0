"""The import contracts hold, and each of them refuses what it is there for: broken once on purpose."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from .generate import ROOT

_LINT = [sys.executable, "-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packages side by side in one folder, to be broken."""
    folder = tmp_path_factory.mktemp("tree")
    shutil.copy(ROOT / "pyproject.toml", folder)
    for package in (*ROOT.glob("services/*/torg_*"), *(ROOT / one for one in ("shared/torg_shared", _SIM, _OPS))):
        shutil.copytree(package, folder / package.name, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


_SIM, _OPS = "simulator/torg_simulator", "operations/torg_ops"


def _lint(folder: Path, *contracts: str) -> subprocess.CompletedProcess[str]:
    chosen = [part for one in contracts for part in ("--contract", one)]
    return subprocess.run(
        [*_LINT, "--no-cache", "--no-logo", *chosen],
        cwd=folder,
        env={"PYTHONPATH": str(folder), "PATH": "", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("contract", "place", "line"),
    [
        pytest.param("services", "torg_journal/usecases_broken", "import torg_ingest", id="a service imports another"),
        pytest.param("services", "torg_shared/broken", "import torg_ingest", id="shared imports a service"),
        pytest.param("inwards", "torg_ingest/utils", "", id="a file without a place"),
        pytest.param("rules", "torg_ingest/domain/broken", "import sqlalchemy", id="a rule knows the database"),
        pytest.param("kafka", "torg_shared/broken", "import aiokafka", id="Kafka outside the bus"),
        pytest.param("contracts", "torg_shared/events/broken", "import fastapi", id="a contract needs the web"),
        pytest.param("simulator", "torg_simulator/broken", "import torg_shared", id="the simulator knows Torg"),
    ],
)
def test_refuses(copy: Path, contract: str, place: str, line: str) -> None:
    file = copy / f"{place}.py"
    file.parent.mkdir(exist_ok=True)
    file.write_text(f"{line}\n")
    try:
        done = _lint(copy, contract)
    finally:
        file.unlink()

    assert done.returncode == 1, done.stdout + done.stderr
    assert "BROKEN" in done.stdout


def test_hold(copy: Path) -> None:
    done = _lint(copy)

    assert done.returncode == 0, done.stdout + done.stderr
