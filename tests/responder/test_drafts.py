"""Drafts: who writes, what is offered, what a claim is, and what follows from facts in any order."""

from typing import Any

import pytest
from torg_responder.domain.reply import TRANSITIONS, Reply, State
from torg_shared.auth import Role
from torg_shared.errors import Conflict
from torg_shared.events import journal

from .conftest import Citizen, Desk


async def _write(desk: Desk, citizen: Citizen, role: Role = Role.SA, **body: Any) -> Any:
    claims = {name: body.pop(name) for name in ("subject", "unit", "title", "name") if name in body}
    content = {"message_id": str(citizen.id), "kind": "full", "text": "Hei."} | body
    return await desk.call("POST", "/replies", role, content, **claims)


async def test_an_open_case_is_offered_a_holding_reply_at_once(desk: Desk) -> None:
    citizen = Citizen()
    await desk.hear(citizen.received(), citizen.triaged("open_case"))
    replies = (await desk.call("GET", f"/replies?message_id={citizen.id}", Role.SA)).json()["items"]
    assert [(one["kind"], one["state"], one["author"]) for one in replies] == [("holding", "draft", "responder")]
    assert "kommer tilbake" in replies[0]["text"]


async def test_a_text_that_equals_its_approved_template_needs_no_second_look(desk: Desk) -> None:
    citizen = Citizen()
    citizen.stands_on(desk.platform)
    await desk.hear(citizen.received(), citizen.triaged("open_case"))
    draft = (await desk.call("GET", f"/replies?message_id={citizen.id}", Role.SA)).json()["items"][0]
    asked = await desk.act(draft, "submit", Role.SA, subject="per")
    assert (asked.json()["state"], asked.json()["standing_approval"]) == ("approved", True)
    assert (await desk.act(asked.json(), "publish", Role.SA, subject="per")).status_code == 202


async def test_an_edited_template_needs_a_second_person(desk: Desk) -> None:
    citizen = Citizen()
    await desk.hear(citizen.received(), citizen.triaged("open_case"))
    draft = (await desk.call("GET", f"/replies?message_id={citizen.id}", Role.SA)).json()["items"][0]
    edited = await desk.call(
        "PATCH", f"/replies/{draft['id']}", Role.SA, {"text": "Vi ser på det."}, version=draft["version"], subject="per"
    )
    asked = await desk.act(edited.json(), "submit", Role.SA, subject="per")
    assert (asked.json()["state"], asked.json()["author"]) == ("needs_approval", "per")


async def test_the_redirect_names_post_and_email(desk: Desk) -> None:
    citizen = Citizen("Jeg vil søke om dispensasjon for brygge.")
    await desk.hear(citizen.received(), citizen.triaged("redirect_formal"))
    draft = (await desk.call("GET", f"/replies?message_id={citizen.id}", Role.SA)).json()["items"][0]
    assert draft["kind"] == "redirect"
    for part in ("omfattende saksbehandling", "postmottak@sogne.kommune.no", "4682 Søgne", "https://"):
        assert part in draft["text"]


async def test_a_nynorsk_message_is_offered_a_nynorsk_answer(desk: Desk) -> None:
    citizen = Citizen("Eg vil søkje om dispensasjon.")
    await desk.hear(citizen.received(), citizen.triaged("redirect_formal", lang="nn"))
    draft = (await desk.call("GET", f"/replies?message_id={citizen.id}", Role.SA)).json()["items"][0]
    assert "ikkje" in draft["text"]


async def test_a_political_enquiry_is_only_referred(desk: Desk) -> None:
    citizen = Citizen("Når skal ordføreren legge ned eiendomsskatten?")
    await desk.hear(citizen.received(), citizen.triaged("refer_politics"))
    made = await _write(desk, citizen, text="Det bestemmer kommunestyret.")
    answer = await desk.act(made.json(), "submit", Role.SA)
    assert (answer.status_code, answer.json()["code"]) == (422, "REFERRAL_REQUIRED")


async def test_an_expert_signs_with_name_title_and_unit(desk: Desk) -> None:
    citizen = Citizen()
    citizen.stands_on(desk.platform)
    await desk.hear(citizen.received(), citizen.triaged("answer", unit="teknisk-drift"))
    who = {"subject": "anne", "unit": "teknisk-drift", "name": "Anne Berg"}
    made = await _write(desk, citizen, Role.FAG, text="Lyset lyser igjen i morgen.", title="enhetsleder", **who)
    assert made.status_code == 201
    nameless = await desk.act(made.json(), "submit", Role.FAG, title=None, **who)
    assert (nameless.status_code, nameless.json()["code"]) == (422, "TITLE_REQUIRED")
    asked = await desk.act(made.json(), "submit", Role.FAG, title="enhetsleder", **who)
    assert asked.json()["outgoing_text"].endswith("\n\n– Anne Berg, enhetsleder, Enhet for teknisk drift")


async def test_the_administrators_name_stops_the_reply(desk: Desk, citizen: Citizen) -> None:
    made = await _write(desk, citizen, text="Kl. 10.\n\nMvh Per, konsulent")
    answer = await desk.act(made.json(), "submit", Role.SA)
    assert (answer.status_code, answer.json()["code"]) == (422, "CHECKS_BLOCKING")
    assert answer.json()["checks"] == ["SIGNED_BY_ADMIN"]
    checked = await desk.act(made.json(), "check", Role.SA)
    assert (checked.json()["state"], checked.json()["checks"][0]["code"]) == ("draft", "SIGNED_BY_ADMIN")


async def test_experts_see_only_what_their_unit_was_asked(desk: Desk, citizen: Citizen) -> None:
    stranger = {"subject": "anne", "unit": "teknisk-drift"}
    assert (await _write(desk, citizen, Role.FAG, **stranger)).status_code == 404
    await desk.hear(
        journal.ConsultationRequested(
            consultation_id=citizen.id,
            conversation_id=citizen.conversation,
            message_id=citizen.id,
            message_version=1,
            saksmappe_id=citizen.id,
            version=1,
            unit="teknisk-drift",
            requested_at=desk.clock.now(),
        )
    )
    assert (await _write(desk, citizen, Role.FAG, **stranger)).status_code == 201
    assert (await _write(desk, citizen, Role.FAG, subject="nina", unit="oppvekst")).status_code == 404


async def test_a_claim_keeps_others_away_until_it_is_taken_over_in_the_open(desk: Desk, citizen: Citizen) -> None:
    path = f"/messages/{citizen.id}/claim"
    assert (await desk.call("GET", path, Role.SA)).status_code == 404
    assert (await desk.call("POST", path, Role.SA, {}, subject="per")).status_code == 200
    held = await desk.call("POST", path, Role.SA, {}, subject="kari")
    assert (held.status_code, held.json()["code"]) == (409, "CLAIMED")
    assert (await _write(desk, citizen, subject="kari")).json()["code"] == "CLAIMED"
    assert (await desk.call("POST", path, Role.SA, {"takeover": True}, subject="kari")).json()["holder"] == "kari"
    assert (await desk.call("DELETE", path, Role.SA, subject="per")).status_code == 204  # not per's any more
    assert (await desk.call("GET", path, Role.SA)).json()["holder"] == "kari"
    assert (await desk.call("DELETE", path, Role.SA, subject="kari")).status_code == 204
    assert (await desk.call("GET", path, Role.SA)).status_code == 404


async def test_private_answers_need_a_reason(desk: Desk, citizen: Citizen) -> None:
    refused = await _write(desk, citizen, visibility="private")
    assert (refused.status_code, refused.json()["code"]) == (422, "PRIVATE_NOT_ALLOWED")
    await desk.hear(citizen.triaged("answer", 2, flags=("sensitive",)))
    assert (await _write(desk, citizen, visibility="private")).status_code == 201


async def test_the_same_events_twice_offer_one_draft(desk: Desk) -> None:
    citizen = Citizen()
    for _ in range(2):
        await desk.hear(citizen.received(), citizen.triaged("open_case"))
    replies = (await desk.call("GET", f"/replies?message_id={citizen.id}", Role.SA)).json()["items"]
    assert len(replies) == 1


def _reply(state: State) -> Reply:
    from datetime import UTC, datetime
    from uuid import UUID

    at = datetime(2026, 6, 3, tzinfo=UTC)
    one = UUID(int=1)
    return Reply(one, one, one, 1, one, 1, state, "full", "public", "x", "a", "b", "c", at, at)


@pytest.mark.parametrize("state", list(State))
def test_the_table_of_states_is_closed(state: State) -> None:
    reply = _reply(state)
    for wanted in State:
        if wanted in TRANSITIONS[state]:
            assert reply.to(wanted, reply.created_at).state is wanted
        else:
            with pytest.raises(Conflict):
                reply.to(wanted, reply.created_at)
