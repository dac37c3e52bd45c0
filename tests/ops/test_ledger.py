"""The oracle of the fault tests must itself see every fault: each is made once, by hand."""

from dataclasses import replace
from typing import Any

import pytest
from torg_ops import ledger
from torg_ops.ledger import Ledger, Seen

MESSAGE, CASE, REPLY = "message-1", "case-1", "reply-1"


def a_comment(identity: str = "comment-1", **facts: Any) -> dict[str, Any]:
    known = {"id": identity, "message": "Hei", "removed": False, "by_page": False, "parent_id": "post-1", "origin": ""}
    return known | facts


def a_message(**facts: Any) -> dict[str, Any]:
    known = {"id": MESSAGE, "external_id": "comment-1", "text": "Hei", "message_version": 1, "removed_at": None}
    return known | facts


def an_entry(kind: str, number: int, **facts: Any) -> dict[str, Any]:
    known = {
        "journalpost_id": f"entry-{number}",
        "saksmappe_id": CASE,
        "message_id": MESSAGE,
        "saksnummer": "2026/1",
        "journalposttype": kind,
        "journalpostnummer": number,
        "journalaar": 2026,
        "journalsekvensnummer": number,
        "avskrevet": {"avskrivningsmaate": "BU"},
    }
    return known | facts


def a_reply(**facts: Any) -> dict[str, Any]:
    return {"id": REPLY, "message_id": MESSAGE, "state": "published", "kind": "full", "external_id": "answer-1"} | facts


ANSWER = a_comment("answer-1", message="Svar", by_page=True, parent_id="comment-1", origin="graph")
BALANCED = Seen(
    platform=(a_comment(), ANSWER),
    messages=(a_message(),),
    deliveries=({"id": "delivery-1", "outcome": "stored"},),
    classified={MESSAGE: 1},
    saksmapper=({"saksnummer": "2026/1"},),
    journalposter=(an_entry("I", 1), an_entry("U", 2)),
    replies=(a_reply(),),
)


def faults(seen: Seen) -> list[str]:
    found = Ledger()
    checks = (
        ledger._deliveries,
        ledger._messages,
        ledger._classifications,
        ledger._cases,
        ledger._numbers,
        ledger._replies,
    )
    for check in checks:
        check(seen, found)
    return found.faults


def test_a_whole_journey_balances() -> None:
    assert faults(BALANCED) == []


@pytest.mark.parametrize(
    ("seen", "told"),
    [
        pytest.param(replace(BALANCED, messages=()), "kommentaren comment-1 er lagret 0 ganger", id="a lost message"),
        pytest.param(
            replace(BALANCED, messages=(a_message(), a_message(id="message-2"))),
            "kommentaren comment-1 er lagret 2 ganger",
            id="a message stored twice",
        ),
        pytest.param(
            replace(BALANCED, messages=(a_message(text="Hallo"),)), "har en annen ordlyd", id="another wording"
        ),
        pytest.param(
            replace(BALANCED, deliveries=({"id": "delivery-1", "outcome": "failed"},)),
            "leveransen delivery-1 er ikke behandlet",
            id="a delivery not handled",
        ),
        pytest.param(replace(BALANCED, classified={}), "er klassifisert i versjon 0", id="a message not classified"),
        pytest.param(
            replace(BALANCED, saksmapper=({"saksnummer": "2026/1"}, {"saksnummer": "2026/1"})),
            "saksnummer er brukt to ganger",
            id="a case number used twice",
        ),
        pytest.param(
            replace(BALANCED, journalposter=(an_entry("I", 1), an_entry("I", 2), an_entry("U", 3))),
            "har 2 inngående journalposter",
            id="an enquiry journaled twice",
        ),
        pytest.param(
            replace(BALANCED, journalposter=(an_entry("I", 1), an_entry("U", 2, journalsekvensnummer=3))),
            "numrene i journalen 2026 har hull",
            id="a gap in the journal",
        ),
        pytest.param(
            replace(BALANCED, journalposter=(an_entry("I", 1), an_entry("U", 3, journalsekvensnummer=2))),
            "numrene i saksmappen case-1 har hull",
            id="a gap in a case",
        ),
        pytest.param(
            replace(BALANCED, journalposter=(an_entry("I", 1),)),
            "har 1 publiserte svar og 0 utgående poster",
            id="a reply not journaled",
        ),
        pytest.param(
            replace(BALANCED, journalposter=(an_entry("I", 1, avskrevet=None), an_entry("U", 2))),
            "er besvart, men ikke avskrevet",
            id="an answered enquiry not signed off",
        ),
        pytest.param(
            replace(BALANCED, platform=(a_comment(),)),
            "svaret reply-1 står ikke på plattformen",
            id="a reply not posted",
        ),
        pytest.param(
            replace(BALANCED, platform=(*BALANCED.platform, ANSWER | {"id": "answer-2"})),
            "samme svar står 2 ganger",
            id="a reply posted twice",
        ),
        pytest.param(
            replace(BALANCED, replies=(a_reply(state="approved", external_id=None),)),
            "svar står på plattformen uten å høre til et godkjent svar",
            id="a post that no reply owns",
        ),
    ],
)
def test_it_sees(seen: Seen, told: str) -> None:
    assert any(told in fault for fault in faults(seen)), faults(seen)


def test_a_reply_of_unknown_outcome_may_stand_on_the_platform() -> None:
    seen = replace(
        BALANCED,
        replies=(a_reply(state="unknown", external_id=None),),
        journalposter=(an_entry("I", 1, avskrevet=None),),
    )

    assert faults(seen) == []


def test_a_message_that_its_author_took_away_need_not_be_classified_in_its_last_version() -> None:
    gone = a_message(message_version=2, removed_at="2026-06-03T08:00:00Z")

    assert faults(replace(BALANCED, messages=(gone,), platform=(a_comment(removed=True), ANSWER))) == []


def test_the_newest_state_of_an_entry_counts_in_whatever_order_it_is_told() -> None:
    first = {"type": "journalpost.registered.v1", "data": an_entry("I", 1, version=1, journalstatus="M")}
    later = {"type": "journalpost.journaled.v1", "data": an_entry("I", 1, version=2, journalstatus="J")}
    signed = {"type": "journalpost.avskrevet.v1", "data": {"incoming": "entry-1", "avskrivningsmaate": "BU"}}

    for events in ([first, later, signed], [signed, later, first]):
        [entry] = ledger._entries(events)
        assert (entry["journalstatus"], entry["avskrevet"]["avskrivningsmaate"]) == ("J", "BU")
