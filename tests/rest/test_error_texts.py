"""Every code that a service raises has a text in bokmål, nynorsk and English, and no text waits for a code in vain."""

import ast
import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest
import yaml
from torg_shared.web.problems import LANGUAGES, texts_of

from .running import SERVICES

ROOT = Path(__file__).resolve().parents[2]
SHARED = ROOT / "shared" / "torg_shared"
ERRORS = {
    "BadRequest",
    "Conflict",
    "Forbidden",
    "InProgress",
    "Invalid",
    "NotFound",
    "PreconditionRequired",
    "TooMany",
    "Unauthenticated",
    "VersionConflict",
    "problem",
}
_CODE = re.compile(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)+|INTERNAL|SHIELDED|[A-Z]{5,}")
_PLACE = re.compile(r"\{(\w+)\}")


def _folder(service: str) -> Path:
    return ROOT / "services" / service / f"torg_{service}"


def _trees(folder: Path) -> Iterator[tuple[Path, ast.Module]]:
    for path in sorted(folder.rglob("*.py")):
        if "migrations" not in path.parts:
            yield path, ast.parse(path.read_text(encoding="utf-8"))


def _constants(node: ast.AST) -> set[str]:
    return {
        one.value
        for one in ast.walk(node)
        if isinstance(one, ast.Constant) and isinstance(one.value, str) and _CODE.fullmatch(one.value)
    }


def _calls(folder: Path) -> Iterator[tuple[str, ast.Call]]:
    for path, tree in _trees(folder):
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
                if name in ERRORS and node.args:
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", node


def raised(folder: Path) -> dict[str, str]:
    """Codes written where an error is made, with a place each."""
    found: dict[str, str] = {}
    for place, call in _calls(folder):
        for argument in call.args[:3]:
            if isinstance(argument, ast.Constant | ast.IfExp):
                found |= dict.fromkeys(_constants(argument), place)
    return found


def mentioned(folder: Path) -> set[str]:
    return set().union(*(_constants(tree) for _, tree in _trees(folder)))


@pytest.mark.parametrize("service", SERVICES)
def test_every_code_raised_has_texts_in_three_languages(service: str) -> None:
    texts = texts_of(f"torg_{service}")
    codes = raised(_folder(service)) | raised(SHARED)
    assert codes
    assert {code: place for code, place in codes.items() if code not in texts} == {}
    for code, wording in texts.items():
        assert set(wording) == set(LANGUAGES), code
        assert all(isinstance(text, str) and text.strip() for text in wording.values()), code


@pytest.mark.parametrize("service", SERVICES)
def test_the_languages_of_a_text_tell_the_same_facts(service: str) -> None:
    for code, wording in texts_of(f"torg_{service}").items():
        places = {frozenset(_PLACE.findall(text)) for text in wording.values()}
        assert len(places) == 1, code


@pytest.mark.parametrize("service", [*SERVICES, "kernel"])
def test_no_text_is_left_over(service: str) -> None:
    package, folder = ("torg_shared.web", SHARED) if service == "kernel" else (f"torg_{service}", _folder(service))
    own = yaml.safe_load((files(package) / "errors.yaml").read_text(encoding="utf-8"))
    assert set(own) - mentioned(folder) == set()


@pytest.mark.parametrize("service", SERVICES)
def test_what_a_text_names_is_told_where_the_error_is_made(service: str) -> None:
    """A place that no fact fills would stand as {braces} before a citizen or a caseworker."""
    texts = texts_of(f"torg_{service}")
    missing = []
    for place, call in _calls(_folder(service)):
        code = call.args[0].value if isinstance(call.args[0], ast.Constant) else None
        if not isinstance(code, str) or code not in texts or any(one.arg is None for one in call.keywords):
            continue
        told = {one.arg for one in call.keywords}
        if len(call.args) > 1 or "subject" in told:
            told.add("subject")
        missing += [(place, code, name) for name in _PLACE.findall(texts[code]["nb"]) if name not in told]
    assert missing == []
