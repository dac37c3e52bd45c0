"""The dry run, the public rules, and what they never show."""

from typing import Any

import pytest
from torg_shared.auth import Role

from .conftest import House


async def test_a_dry_run_says_why_with_the_sentence_of_the_guideline_and_stores_nothing(house: House) -> None:
    text = "Hvorfor er gatelyset i Høllebakken av?"
    answer = await house.post("/classify", {"text": text}, Role.SA)
    assert answer.status_code == 200, answer.text
    body = answer.json()
    [reason] = [one for one in body["reasons"] if one["rule_id"] == "CASE-FAULT-01"]
    assert reason["quote"].startswith("… innhenting av informasjon")
    assert text[reason["start"] : reason["end"]] == reason["matched"]
    assert (body["handling"], body["section"]) == ("open_case", "3.2.2")
    assert body["record"] == {"saksdokument": True, "saksbehandling": True, "dokumentasjonsverdi": True}
    assert (await house.get("/feed", Role.SA)).json()["items"] == []


async def test_values_are_masked_in_what_is_shown(house: House) -> None:
    text = "Fødselsnummeret mitt er 14859210091, kan dere sjekke søknaden?"
    answer = await house.post("/classify", {"text": text}, Role.SYS)
    assert "14859210091" not in answer.text
    assert "[fnr]" in answer.text


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"text": None, "attachments": 1}, 200),
        ({"text": ""}, 200),
        ({}, 422),
        ({"text": "a\u0000b"}, 422),
        ({"text": "x" * 70_001}, 422),
        ({"text": "x", "kind": "letter"}, 422),
        ({"text": "x", "handling": "thank"}, 422),
        ({"text": 5}, 422),
    ],
)
async def test_bad_input_gets_a_clear_answer(house: House, body: Any, status: int) -> None:
    answer = await house.post("/classify", body, Role.SA)
    assert answer.status_code == status


async def test_the_public_may_not_classify(house: House) -> None:
    assert (await house.client.post("/classify", json={"text": "x"})).status_code == 401


async def test_everybody_reads_every_rule_in_plain_norwegian(house: House) -> None:
    answer = await house.client.get("/rules")
    assert answer.status_code == 200
    items = answer.json()["items"]
    assert len(items) > 50
    for one in items:
        assert one["quote"], one["id"]
        assert one["explain"]["nb"]
        assert one["explain"]["nn"]
        assert one["guideline_version"] == "1"
        single = await house.client.get(f"/rules/{one['id']}")
        assert single.json() == one
    only = (await house.client.get("/rules?section=4.1")).json()["items"]
    assert {one["section"] for one in only} == {"4.1"}


async def test_words_of_abuse_are_summarised(house: House) -> None:
    insult = (await house.client.get("/rules/REMOVE-INSULT-01")).json()
    assert insult["examples"] is None
    assert "patterns" not in insult
    assert (await house.client.get("/rules/ANSWER-FACTS-01")).json()["examples"]["fits"]


async def test_every_rule_that_a_decision_names_can_be_read(house: House) -> None:
    for text in (
        "Fødselsnummeret mitt er 14859210091, ring meg på 91234567",
        "Ho som klagar bur i Fuglevegen 9",
        "Elendig kommune. Igjen.",
        "Ja, da er det høst igjen.",
    ):
        body = (await house.post("/classify", {"text": text}, Role.SA)).json()
        assert body["reasons"]
        for reason in body["reasons"]:
            assert (await house.client.get(f"/rules/{reason['rule_id']}")).status_code == 200, reason


async def test_unknown_rules_and_messages_are_not_found(house: House) -> None:
    unknown = await house.client.get("/rules/NO-SUCH-01")
    assert (unknown.status_code, unknown.json()["code"]) == (404, "RULE_UNKNOWN")
    missing = "00000000-0000-4000-8000-000000000000"
    for path in ("classification", "classifications", "triages"):
        answer = await house.get(f"/messages/{missing}/{path}", Role.SA)
        assert (answer.status_code, answer.json()["code"]) == (404, "MESSAGE_UNKNOWN")
