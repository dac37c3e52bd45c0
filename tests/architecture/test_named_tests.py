"""Where a document or a promise names a test, that test exists; a paragraph without a test is told as such."""

import ast
import re
from pathlib import Path

import pytest

from tests.promises import PROMISES

from .generate import ROOT

_NAMED = re.compile(r"`(tests/[\w/]+\.py(?:::\w+)*)`")
_CODE = re.compile(r"`((?:services|shared|operations|simulator|config|tests|deploy|docs)/[\w./<>*-]*\w)(?:::\w+)*`")
DOCUMENTS = [*sorted((ROOT / "docs").glob("*.md")), ROOT / "README.md", ROOT / "CONTRIBUTING.md"]


def missing(test: str) -> str | None:
    """Why the test that is named so cannot be found, or None."""
    file, *names = test.split("::")
    path = ROOT / file
    if not path.is_file():
        return f"{file} does not exist"
    scope: list[ast.stmt] = ast.parse(path.read_text(encoding="utf-8")).body
    for name in names:
        kinds = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
        found = next((one for one in scope if isinstance(one, kinds) and one.name == name), None)
        if found is None:
            return f"{file} has no {name}"
        scope = found.body
    return None


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
class TestDocument:
    def test_names_only_tests_that_exist(self, document: Path) -> None:
        named = set(_NAMED.findall(document.read_text(encoding="utf-8")))

        assert [told for test in sorted(named) if (told := missing(test))] == []

    def test_names_only_files_that_exist(self, document: Path) -> None:
        named = {name for name in _CODE.findall(document.read_text(encoding="utf-8")) if not set("<>*") & set(name)}

        assert sorted(name for name in named if not (ROOT / name).exists()) == []


@pytest.mark.parametrize("name", [f"P{n}" for n in range(1, 8)])
def test_promise_has_tests_that_exist_or_says_that_it_has_none(name: str) -> None:
    promise = PROMISES[name]

    assert promise.tests or promise.lacking
    assert [told for test in promise.tests if (told := missing(test))] == []
