"""The pinned requirements: hashed, without addresses, each a subset of all, and whole. Nothing is resolved anew."""

import re
import tomllib
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from .generate import ROOT
from .services import SERVICES

REQUIREMENTS = ROOT / "requirements"
OWN = {"torg-shared", *(f"torg-{name}" for name in SERVICES), "torg-simulator", "torg-ops"}
MEMBERS = {
    **{name: (f"services/{name}", "shared") for name in SERVICES},
    "simulator": ("simulator",),
    "operations": ("operations", "shared"),
}
_ENTRY = re.compile(r"^([A-Za-z0-9._-]+)==([^\s\\]+)(?:\s*;[^\\]*)?((?:\s*\\\n\s+--hash=sha256:[0-9a-f]{64})+)\n", re.M)

Pins = dict[str, tuple[str, frozenset[str]]]


def pins(path: Path) -> Pins:
    """Version and hashes by package; fails on anything else in the file."""
    text = path.read_text(encoding="utf-8")
    assert _ENTRY.sub("", text).strip() == "", f"{path.name} holds more than hashed pins"
    return {
        canonicalize_name(name): (version, frozenset(re.findall(r"[0-9a-f]{64}", hashes)))
        for name, version, hashes in _ENTRY.findall(text)
    }


def declared(member: str) -> list[Requirement]:
    project = tomllib.loads((ROOT / member / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return [Requirement(one) for one in project["dependencies"]]


def whole(wanted: list[Requirement]) -> set[str]:
    """Everything that `wanted` brings along on this machine, by the installed packages' own word."""
    found: set[str] = set()
    todo = [(canonicalize_name(one.name), frozenset(one.extras)) for one in wanted]
    seen = set()
    while todo:
        name, extras = todo.pop()
        if (name, extras) in seen or name in OWN:
            continue
        seen.add((name, extras))
        found.add(name)
        for line in distribution(name).requires or ():
            one = Requirement(line)
            if one.marker is None or any(one.marker.evaluate({"extra": extra}) for extra in (*extras, "")):
                todo.append((canonicalize_name(one.name), frozenset(one.extras)))
    return found


ALL = pins(REQUIREMENTS / "dev.txt")


@pytest.mark.parametrize("name", MEMBERS)
class TestRequirementsOfOneMember:
    def test_are_a_subset_of_all_at_the_same_versions(self, name: str) -> None:
        own = pins(REQUIREMENTS / f"{name}.txt")

        assert {one: pin for one, pin in own.items() if ALL.get(one) != pin} == {}

    def test_hold_everything_that_the_member_declares(self, name: str) -> None:
        own = pins(REQUIREMENTS / f"{name}.txt")
        build = [Requirement(one) for one in _build_group()]

        needed = whole([one for member in MEMBERS[name] for one in declared(member)] + build)

        assert needed - own.keys() == set(), "make lock writes it anew"

    def test_hold_nothing_else(self, name: str) -> None:
        build = [Requirement(one) for one in _build_group()]
        needed = whole([one for member in MEMBERS[name] for one in declared(member)] + build)

        more = pins(REQUIREMENTS / f"{name}.txt").keys() - needed

        assert {one for one in more if not _only_elsewhere(one)} == set(), "make lock writes it anew"


def _build_group() -> list[str]:
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]
    return list(groups["build"])


def _only_elsewhere(name: str) -> bool:
    """True for what another platform or interpreter needs: pinned here, not installed on this machine."""
    lines = [path.read_text(encoding="utf-8") for path in REQUIREMENTS.glob("*.txt")]
    return any(re.search(rf"^{re.escape(name)}==[^\n]*;", text, re.M | re.I) for text in lines)


def test_no_requirement_names_an_address() -> None:
    naming = {path.name for path in REQUIREMENTS.glob("*.txt") if re.search(r"https?:|@ file", path.read_text())}

    assert naming == set()


def test_the_tools_of_tests_are_a_subset_of_all() -> None:
    own = pins(REQUIREMENTS / "test.txt")

    assert {one: pin for one, pin in own.items() if ALL.get(one) != pin} == {}


def test_every_file_belongs_to_a_member() -> None:
    assert {path.stem for path in REQUIREMENTS.glob("*.txt")} == {"dev", "test", *MEMBERS}
