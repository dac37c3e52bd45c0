"""Triage: who may decide what, in which order, and what every decision tells the house."""

from typing import Any
from uuid import UUID

import pytest
from torg_classifier.domain.facets import Record
from torg_classifier.domain.triage import Choice, Proposal, Triage, by_consultation, decide
from torg_shared.auth import Role
from torg_shared.errors import Conflict, DomainError, Forbidden, Invalid

from .conftest import UNITS, House, asked, edited, received

LAMP = "Hvorfor er gatelyset i Høllebakken av?"
THREAT = "Jeg skal komme ned på rådhuset og knuse trynet på saksbehandleren"
INSYN = "Eg ynskjer innsyn i alle e-postar om skulestrukturen."


async def _seen(house: House, message_id: UUID, role: Role = Role.SA, **claims: Any) -> tuple[int, dict[str, Any]]:
    answer = await house.get(f"/messages/{message_id}/classification", role, **claims)
    assert answer.status_code == 200, answer.text
    return int(answer.headers["etag"].strip('"')), answer.json()


async def _triage(house: House, message_id: UUID, body: Any, role: Role = Role.SA, **claims: Any) -> Any:
    version, _ = await _seen(house, message_id, Role.LED)
    return await house.post(f"/messages/{message_id}/triage", body, role, version=version, **claims)


async def test_confirming_tells_the_house_with_truth_table_section_and_version(house: House) -> None:
    message = received(LAMP)
    await house.take(message)
    answer = await _triage(house, message.message_id, {"handling": "open_case"}, subject="per")
    assert answer.status_code == 200, answer.text
    assert (answer.json()["handling"], answer.json()["record_class"], answer.json()["version"]) == (
        "open_case",
        "journal",
        1,
    )
    [told] = await house.told("message.triaged.v1")
    assert (told.by, told.changed_from, told.section, told.guideline_version) == ("person", None, "3.2.2", "1")
    assert (told.saksdokument, told.saksbehandling, told.dokumentasjonsverdi) == (True, True, True)
    assert (told.triage_version, told.message_version, told.unit) == (1, 1, "teknisk-drift")
    assert told.meta.actor.id == "per"
    _, body = await _seen(house, message.message_id)
    assert (body["state"], body["decision"]["by_id"], body["decision_is_older"]) == ("triaged", "per", False)


async def test_changing_needs_a_reason_and_keeps_history(house: House) -> None:
    message = received(LAMP)
    await house.take(message)
    silent = await _triage(house, message.message_id, {"handling": "answer"})
    assert (silent.status_code, silent.json()["code"]) == (422, "REASON_REQUIRED")
    changed = await _triage(house, message.message_id, {"handling": "answer", "reason": "Står på nettsiden."})
    assert (changed.status_code, changed.json()["changed_from"]) == (200, "open_case")
    back = await _triage(house, message.message_id, {"handling": "open_case", "reason": "Likevel ikke."}, Role.LED)
    assert (back.status_code, back.json()["changed_from"]) == (200, "answer")
    history = (await house.get(f"/messages/{message.message_id}/triages", Role.REV)).json()["items"]
    assert [(one["version"], one["handling"]) for one in history] == [(1, "answer"), (2, "open_case")]


async def test_a_stale_version_is_refused_and_says_who_was_first(house: House) -> None:
    message = received(LAMP)
    await house.take(message)
    version, _ = await _seen(house, message.message_id)
    path = f"/messages/{message.message_id}/triage"
    assert (
        await house.post(path, {"handling": "open_case"}, Role.SA, version=version, subject="per")
    ).status_code == 200
    late = await house.post(path, {"handling": "open_case"}, Role.SA, version=version, subject="kari")
    assert (late.status_code, late.json()["code"], late.json()["changed_by"]) == (412, "VERSION_CONFLICT", "per")
    missing = await house.post(path, {"handling": "open_case"}, Role.SA)
    assert missing.status_code == 428
    assert len(await house.told("message.triaged.v1")) == 1


async def test_an_edit_between_reading_and_deciding_is_a_conflict(house: House) -> None:
    message = received(LAMP)
    await house.take(message)
    version, _ = await _seen(house, message.message_id)
    await house.take(edited("Takk, lyset er tilbake!", message.message_id))
    path = f"/messages/{message.message_id}/triage"
    answer = await house.post(path, {"handling": "open_case"}, Role.SA, version=version)
    assert answer.status_code == 412


async def test_an_edited_message_is_proposed_anew_and_the_decision_stands_until_confirmed(house: House) -> None:
    message = received(LAMP)
    await house.take(message)
    await _triage(house, message.message_id, {"handling": "open_case"})
    await house.take(edited("Når åpner biblioteket i morgen?", message.message_id))
    _, body = await _seen(house, message.message_id)
    assert (body["handling"], body["decision"]["handling"], body["decision_is_older"], body["state"]) == (
        "answer",
        "open_case",
        True,
        "edited",
    )
    assert len(await house.told("message.triaged.v1")) == 1
    confirmed = await _triage(house, message.message_id, {"handling": "answer"})
    assert confirmed.status_code == 200
    # what was confirmed for the journal is not lowered by the desk, whatever the new handling
    assert (confirmed.json()["message_version"], confirmed.json()["record_class"]) == (2, "journal")


async def test_the_same_key_decides_once(house: House) -> None:
    message = received(LAMP)
    await house.take(message)
    version, _ = await _seen(house, message.message_id)
    path = f"/messages/{message.message_id}/triage"
    answers = [
        await house.post(path, {"handling": "open_case"}, Role.SA, version=version, key="en", subject="per")
        for _ in range(2)
    ]
    assert [one.status_code for one in answers] == [200, 200]
    assert answers[0].json() == answers[1].json()
    assert len(await house.told("message.triaged.v1")) == 1


async def test_politics_goes_to_the_secretariat_which_may_only_return_it(house: House) -> None:
    message = received("Hva mener kommunestyret om vindmøller på heia?")
    await house.take(message)
    pol: dict[str, Any] = {"unit": "politisk-sekretariat"}
    hidden = await house.get(f"/messages/{message.message_id}/classification", Role.POL, **pol)
    assert hidden.status_code == 404, "nothing is assigned to them yet"
    await _triage(house, message.message_id, {"handling": "refer_politics"})
    change = await _triage(house, message.message_id, {"handling": "answer", "reason": "x"}, Role.POL, **pol)
    assert (change.status_code, change.json()["code"]) == (403, "RETURN_ONLY")
    silent = await _triage(house, message.message_id, {"returned": True}, Role.POL, **pol)
    assert silent.json()["code"] == "REASON_REQUIRED"
    body = {"returned": True, "reason": "Gjelder drift, ikke politikk."}
    returned = await _triage(house, message.message_id, body, Role.POL, **pol)
    assert (returned.status_code, returned.json()["unit"], returned.json()["returned"]) == (200, "servicetorget", True)
    told = (await house.told("message.triaged.v1"))[-1]
    assert (told.returned, told.unit, told.handling) == (True, "servicetorget", "refer_politics")
    assert (await _seen(house, message.message_id))[1]["state"] == "returned"
    twice = await _triage(house, message.message_id, body, Role.POL, **pol)
    assert twice.status_code in {404, 409}
    anew = await _triage(house, message.message_id, {"handling": "open_case", "reason": "Teknisk drift vet."})
    assert (anew.status_code, anew.json()["returned"], anew.json()["unit"]) == (200, False, "servicetorget")


async def test_the_desk_cannot_return_for_the_secretariat(house: House) -> None:
    message = received(LAMP)
    await house.take(message)
    answer = await _triage(house, message.message_id, {"returned": True, "reason": "x"})
    assert (answer.status_code, answer.json()["code"]) == (403, "RETURN_ONLY")


async def test_only_the_archivist_lowers_from_journal(house: House) -> None:
    message = received(LAMP)
    await house.take(message)
    lower = {"saksbehandling": False, "dokumentasjonsverdi": False, "reason": "Ingen verdi."}
    early = await _triage(house, message.message_id, lower, Role.ARK)
    assert (early.status_code, early.json()["code"]) == (409, "NOT_TRIAGED")
    desk = await _triage(house, message.message_id, {"handling": "open_case"} | lower)
    assert (desk.status_code, desk.json()["code"]) == (403, "ARCHIVIST_LOWERS")
    await _triage(house, message.message_id, {"handling": "open_case"})
    handling = await _triage(house, message.message_id, {"handling": "answer", "reason": "x"}, Role.ARK)
    assert (handling.status_code, handling.json()["code"]) == (403, "RECORD_FACET_ONLY")
    done = await _triage(house, message.message_id, lower, Role.ARK, subject="ark")
    assert (done.status_code, done.json()["record_class"], done.json()["handling"]) == (200, "none", "open_case")
    raised = await _triage(
        house, message.message_id, {"handling": "open_case", "saksbehandling": True, "dokumentasjonsverdi": True}
    )
    assert (raised.status_code, raised.json()["record_class"]) == (200, "journal")


async def test_a_statutory_request_stays_in_the_journal_while_it_is_one(house: House) -> None:
    message = received(INSYN)
    await house.take(message)
    await _triage(house, message.message_id, {"handling": "redirect_formal"})
    answer = await _triage(house, message.message_id, {"dokumentasjonsverdi": False, "reason": "x"}, Role.ARK)
    assert (answer.status_code, answer.json()["code"]) == (409, "LEGAL_REQUEST_IS_JOURNALED")
    [told] = await house.told("message.triaged.v1")
    assert (told.record_class, told.flags) == ("journal", ("legal_request:access",))


async def test_experts_see_what_they_were_asked_and_decide_nothing(house: House) -> None:
    message = received("Når åpner biblioteket i morgen?")
    await house.take(message)
    path = f"/messages/{message.message_id}"
    assert (await house.get(f"{path}/classification", Role.FAG, unit="teknisk-drift")).status_code == 404
    await house.take(asked(message.message_id, "teknisk-drift"))
    assert (await house.get(f"{path}/classification", Role.FAG, unit="teknisk-drift")).status_code == 200
    assert (await house.get(f"{path}/classifications", Role.FAG, unit="oppvekst")).status_code == 404
    assert (await house.post(f"{path}/triage", {"handling": "thank"}, Role.FAG, version=1)).status_code == 403


async def test_a_desk_bound_to_other_channels_does_not_see_the_message(house: House) -> None:
    message = received(LAMP)
    await house.take(message)
    path = f"/messages/{message.message_id}"
    assert (await house.get(f"{path}/classification", Role.SA, channels=["annen-side"])).status_code == 404
    answer = await house.post(f"{path}/triage", {"handling": "open_case"}, Role.SA, version=1, channels=["annen-side"])
    assert (answer.status_code, answer.json()["code"]) == (404, "MESSAGE_UNKNOWN")


async def test_every_decision_is_accounted_for(house: House) -> None:
    message = received(LAMP)
    await house.take(message)
    await _triage(house, message.message_id, {"handling": "open_case"}, subject="per")
    rows = (await house.get(f"/audit?subject={message.message_id}", Role.REV)).json()["items"]
    assert [(one["action"], one["actor"]["id"], one["facts"]["handling"]) for one in rows] == [
        ("message.triaged", "per", "open_case")
    ]


async def test_statistics_count_agreement_per_handling_and_rule(house: House) -> None:
    first, second = received(LAMP), received(f"{LAMP} Svar!")
    await house.take(first, second)
    await _triage(house, first.message_id, {"handling": "open_case"})
    await _triage(house, second.message_id, {"handling": "answer", "reason": "Kjent."})
    found = (await house.get("/statistics", Role.LED)).json()
    assert found["proposed"] == {"open_case": 2}
    assert found["handlings"]["open_case"] == {"decided": 2, "agreed": 1, "changed_to": {"answer": 1}}
    assert found["rules"]["CASE-FAULT-01"] == {"decided": 2, "agreed": 1}


def a_proposal(handling: Any = "open_case", flags: tuple[str, ...] = (), **facts: Any) -> Proposal:
    known: dict[str, Any] = {"secondary": (), "reply_private": False, "ground": None, "topic": "veg", "lang": "nb"}
    return Proposal(message_version=1, handling=handling, flags=flags, unit="teknisk-drift", **known | facts)


def chosen(proposal: Proposal, standing: Triage | None = None, role: Role = Role.SA, **choice: Any) -> Triage:
    return decide("m", proposal, standing, Choice(**choice), role.value, UNITS)


ROLES_AND_CHOICES: list[tuple[Role, dict[str, Any], type[DomainError], str]] = [
    (Role.SA, {}, Invalid, "HANDLING_REQUIRED"),
    (Role.FAG, {"handling": "open_case"}, Forbidden, "ROLE_FORBIDDEN"),
    (Role.REV, {"handling": "open_case"}, Forbidden, "ROLE_FORBIDDEN"),
    (Role.SYS, {"handling": "open_case"}, Forbidden, "ROLE_FORBIDDEN"),
    (Role.POL, {"handling": "open_case"}, Forbidden, "RETURN_ONLY"),
    (Role.POL, {"returned": True, "saksdokument": True, "reason": "x"}, Forbidden, "RETURN_ONLY"),
    (Role.POL, {"returned": True, "reason": "x"}, Conflict, "NOT_REFERRED"),
    (Role.ARK, {"saksdokument": False, "reason": "x"}, Conflict, "NOT_TRIAGED"),
    (Role.ARK, {"unit": "arkiv"}, Forbidden, "RECORD_FACET_ONLY"),
    (Role.SA, {"handling": "thank", "reason": "  "}, Invalid, "REASON_REQUIRED"),
    (Role.SA, {"handling": "open_case", "flags": ["made_up"]}, Invalid, "FLAG_UNKNOWN"),
    (Role.SA, {"handling": "open_case", "flags": ["threat"], "reason": "x"}, Invalid, "FLAGS_IMPLY_REMOVE"),
    (Role.SA, {"handling": "open_case", "secondary": ["open_case"]}, Invalid, "SECONDARY_INVALID"),
    (Role.SA, {"handling": "open_case", "secondary": ["thank", "thank"]}, Invalid, "SECONDARY_INVALID"),
    (Role.SA, {"handling": "open_case", "unit": "månen"}, Invalid, "UNIT_UNKNOWN"),
    (Role.SA, {"handling": "open_case", "flags": ["urgent"]}, Invalid, "REASON_REQUIRED"),
    (Role.SA, {"handling": "open_case", "saksdokument": False, "reason": "x"}, Forbidden, "ARCHIVIST_LOWERS"),
]


@pytest.mark.parametrize(("role", "choice", "error", "code"), ROLES_AND_CHOICES)
def test_the_machine_refuses_what_it_does_not_name(
    role: Role, choice: dict[str, Any], error: type[DomainError], code: str
) -> None:
    with pytest.raises(error) as refused:
        chosen(a_proposal(), None, role, **choice)
    assert refused.value.code == code


def test_a_person_who_keeps_the_text_takes_its_flags_back() -> None:
    proposal = a_proposal("remove", ("threat", "named_person"), ground="TRUSLER")
    kept = chosen(proposal, handling="answer_criticism", reason="Sitat fra en film.")
    assert (list(kept.flags), kept.ground, kept.changed_from) == (["named_person"], None, "remove")
    gone = chosen(proposal, handling="remove")
    assert (gone.ground, gone.reply_duty, gone.record_class) == ("TRUSLER", "none", "archive")


def test_a_concern_for_a_child_is_sensitive_whatever_was_ticked() -> None:
    done = chosen(a_proposal(), handling="open_case", flags=["legal_request:child_concern"], reason="Ser det nå.")
    assert "sensitive" in done.flags
    assert done.record_class == "journal"


def test_secondary_handlings_give_the_highest_of_the_parts() -> None:
    done = chosen(a_proposal("answer"), handling="answer", secondary=["open_case"])
    assert (done.record_class, done.reply_duty, "mixed_intent" in done.flags) == ("journal", "must", True)


def test_a_case_may_become_a_redirect_and_stays_in_the_journal() -> None:
    """G-45: the saksmappe is kept."""
    case = chosen(a_proposal(), handling="open_case")
    redirect = chosen(a_proposal(), case, handling="redirect_formal", reason="Krever vedtak.")
    assert (redirect.handling, redirect.record_class, redirect.version) == ("redirect_formal", "journal", 2)


def test_a_consultation_on_a_case_changes_nothing() -> None:
    case = chosen(a_proposal(), handling="open_case")
    assert by_consultation(a_proposal(), case) is None
    made = by_consultation(a_proposal("answer"), None)
    assert made is not None
    assert (made.handling, made.record, made.rule_id) == ("open_case", Record(True, True, True), "D-6")
