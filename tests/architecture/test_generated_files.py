"""Generated files are fresh: what they follow from has not changed without them."""

from pathlib import Path

import pytest

from .generate import ROOT, SCHEMAS, dump, event_files, guideline_file, openapi_file, settings_file
from .services import SERVICES, openapi_of

_FILES = dict(event_files())


@pytest.mark.parametrize("path", _FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_is_what_the_contracts_say(path: Path) -> None:
    assert path.exists(), "make docs writes it"
    assert path.read_text(encoding="utf-8") == _FILES[path], "make docs writes it anew"


def test_no_schema_is_left_from_a_contract_that_is_gone() -> None:
    assert set(SCHEMAS.glob("*.json")) <= _FILES.keys()


def test_every_setting_is_told() -> None:
    path, content = settings_file()

    assert path.exists(), "make docs writes it"
    assert path.read_text(encoding="utf-8") == content, "make docs writes it anew"
    assert "| None |" not in content, "a setting has no description"


def test_the_guideline_names_the_code_and_the_tests_of_today() -> None:
    path, content = guideline_file()

    assert path.exists(), "make docs writes it"
    assert path.read_text(encoding="utf-8") == content, "make docs writes it anew"


@pytest.mark.parametrize("service", SERVICES)
def test_openapi_document_is_what_the_service_serves(service: str) -> None:
    kept = openapi_file(service)

    assert kept.exists(), "make docs writes it"
    assert kept.read_text(encoding="utf-8") == dump(openapi_of(service)), "make docs writes it anew"
