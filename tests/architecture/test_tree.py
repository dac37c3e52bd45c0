"""The tree is what architecture says: every service, package and file has its place."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from .generate import ROOT
from .services import SERVICES

PACKAGES = {
    "shared": ROOT / "shared" / "torg_shared",
    **{name: ROOT / "services" / name / f"torg_{name}" for name in SERVICES},
    "simulator": ROOT / "simulator" / "torg_simulator",
    "operations": ROOT / "operations" / "torg_ops",
}
EVERYWHERE = {
    "__init__",
    "__main__",
    "app",
    "api",
    "handlers",
    "jobs",
    "committer",
    "usecases",
    "store",
    "channels",
    "migrations",
    "tables",
    "settings",
    "authorisation",
    "domain",
}
# what one service alone has, beside the names of all: given a layer in pyproject.toml by the commit that adds it
OF_ONE_SERVICE: dict[str, set[str]] = {name: set() for name in SERVICES} | {"classifier": {"rules", "training"}}
LONGEST_FILE = 450  # "about 400": then it becomes a package
_INSERT_INTO_LOG = re.compile(r"INSERT\s+INTO\s+log\b|\blog\s*\.\s*insert\(|insert\(\s*(?:tables\.)?log\s*\)", re.I)


def sources(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*.py")) if "__pycache__" not in path.parts)


def _modules(package: Path) -> set[str]:
    return {
        one.stem for one in package.iterdir() if one.suffix == ".py" or (one.is_dir() and list(one.glob("**/*.py")))
    } - {"__pycache__"}


@pytest.mark.parametrize("service", SERVICES)
class TestService:
    def test_has_no_file_without_a_place_in_the_layers(self, service: str) -> None:
        assert _modules(PACKAGES[service]) - EVERYWHERE - OF_ONE_SERVICE[service] == set()

    def test_has_a_migration_folder_without_init(self, service: str) -> None:
        migrations = PACKAGES[service] / "migrations"

        assert (migrations / "env.py").exists()
        assert not (migrations / "__init__.py").exists()

    def test_says_in_its_package_what_it_owns(self, service: str) -> None:
        assert (PACKAGES[service] / "__init__.py").read_text(encoding="utf-8").startswith('"""')


def test_every_service_stands_in_the_lists() -> None:
    found = {path.parent.name for path in (ROOT / "services").glob("*/pyproject.toml")}
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    inwards = next(one for one in contracts["contracts"] if one["id"] == "inwards")

    assert found == set(SERVICES)
    assert {f"torg_{name}" for name in found} == set(inwards["containers"])
    assert {path.name for path in PACKAGES.values()} == set(contracts["root_packages"])


def test_only_the_log_inserts_into_the_log() -> None:
    writers = {
        str(path.relative_to(ROOT))
        for package in PACKAGES.values()
        for path in sources(package)
        if _INSERT_INTO_LOG.search(path.read_text(encoding="utf-8"))
    }

    assert writers == {"shared/torg_shared/log.py"}


def test_only_the_bus_knows_kafka() -> None:
    knowing = {
        str(path.relative_to(ROOT))
        for package in PACKAGES.values()
        for path in sources(package)
        if re.search(r"^\s*(?:import|from) aiokafka", path.read_text(encoding="utf-8"), re.M)
    }

    assert knowing == {"shared/torg_shared/bus/kafka.py"}


def test_now_never_stands_in_domain_sql() -> None:
    """Time is the injected clock's: `now()` in a statement would be the server's."""
    asking = {
        str(path.relative_to(ROOT))
        for name in SERVICES
        for path in sources(PACKAGES[name])
        if re.search(r"func\.(?:now|current_timestamp)\(|\b(?:NOW|CURRENT_TIMESTAMP|now)\(\)", _without_clock(path))
    }

    assert asking == set()


def _without_clock(path: Path) -> str:
    """The source less the calls that read a clock of ours: `clock.now()`, `works.clock.now()`, `self.now()`."""
    return re.sub(r"[\w\])]\.now\(\)", "", path.read_text(encoding="utf-8"))


def test_no_file_is_longer_than_a_reader_s_patience() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for package in PACKAGES.values()
        for path in sources(package)
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > LONGEST_FILE
    }

    assert long == {}


def test_shared_speaks_no_municipal_word_outside_the_contracts() -> None:
    """Shared may hold no Noark model, no rule, no reply text: it does not even have words for them."""
    words = re.compile(r"saksmappe|journalpost|avskriv|skjerm|arkiv|kommune|moderation|triage", re.I)
    speaking = {
        str(path.relative_to(ROOT)): found.group(0)
        for path in sources(PACKAGES["shared"])
        if "events" not in path.parts and (found := words.search(_code(path)))
    }

    assert speaking == {}


def _code(path: Path) -> str:
    """The source without docstrings and comments, and without the names of roles."""
    text = re.sub(r'""".*?"""|#[^\n]*', "", path.read_text(encoding="utf-8"), flags=re.S)
    return re.sub(r'"(?:sideadministrator|arkivar|politisk_sekretariat)"', "", text)


def test_nothing_is_called_utils() -> None:
    found = {path for package in PACKAGES.values() for path in sources(package) if path.stem in {"utils", "helpers"}}

    assert found == set()
