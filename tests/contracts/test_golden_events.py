"""Every version that was ever sent is still understood, and no contract changes but by addition."""

import json
from pathlib import Path
from typing import Any

import pytest
from torg_shared.events.catalogue import CONTRACTS, TOPICS
from torg_shared.events.envelope import decode

from tests.architecture.generate import GOLDEN, schema_of

from .compatibility import breaking_changes


def _golden(name: str) -> dict[str, Any]:
    path = GOLDEN / f"{name}.json"
    assert path.exists(), f"{name} has no golden event: make docs writes it"
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


@pytest.mark.parametrize("name", sorted(CONTRACTS))
class TestGoldenEvent:
    def test_is_understood_by_the_contract_of_today(self, name: str) -> None:
        sent = _golden(name)["event"]

        event = decode(json.dumps(sent).encode(), CONTRACTS)

        told = json.loads(event.model_dump_json())
        assert {field: told[field] for field in sent["data"]} == sent["data"]
        assert event.meta.correlationid == sent["correlationid"]

    def test_schema_has_changed_by_addition_only(self, name: str) -> None:
        assert breaking_changes(_golden(name)["schema"], schema_of(CONTRACTS[name])) == []

    def test_is_understood_with_fields_of_a_later_version(self, name: str) -> None:
        sent = _golden(name)["event"]
        sent["data"]["something_of_tomorrow"] = {"a": [1]}

        assert name == decode(json.dumps(sent).encode(), CONTRACTS).TYPE

    def test_names_topic_subject_and_key_itself(self, name: str) -> None:
        contract = CONTRACTS[name]

        assert contract.TOPIC in {topic.name for topic in TOPICS}
        assert {contract.SUBJECT, contract.KEY} <= contract.model_fields.keys()


def test_no_contract_that_was_sent_has_disappeared() -> None:
    assert {path.stem for path in Path(GOLDEN).glob("*.json")} == set(CONTRACTS)
