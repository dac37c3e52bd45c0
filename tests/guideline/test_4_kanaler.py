"""4: the management decides at all times which social media are used, and looks at each again."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from torg_ingest.authorisation import MATRIX
from torg_ingest.domain import channels as rules
from torg_ingest.domain.channels import Channel
from torg_shared.auth import Role
from torg_shared.errors import Conflict, Invalid
from torg_shared.ids import uuid7

NOW = datetime(2026, 6, 3, 8, 0, tzinfo=UTC)
PROPOSAL = rules.Proposal(
    key="facebook-kultur",
    platform="facebook",
    account_id="999",
    account_type="page",
    name="Kulturskolen",
    owner_unit="kultur",
    purpose="Kulturtilbud",
    arguments_for="Når mange unge",
    arguments_against="Krever oppfølging hver dag",
    formal_contact={"email": "postmottak@sogne.kommune.no", "postal_address": ["4682 Søgne"]},
    house_rules_url="https://www.sogne.kommune.no/husregler",
)
DECISION = rules.Decision("Ledermøte 3. juni", "Kulturtilbud", date(2027, 6, 1), "ROS-7", "Ingen innvendinger")


def proposed() -> Channel:
    return rules.propose(PROPOSAL, uuid7(), "fagperson", NOW)


def decided() -> Channel:
    return rules.decide(proposed(), DECISION, "leder", NOW)


def test_g_33_only_the_management_decides() -> None:
    """G-33."""
    for action in ("decide", "activate", "close", "mode"):
        assert MATRIX[f"POST /channels/{{channel_id}}/{action}"].roles == {Role.LED}
    assert MATRIX["POST /channels/{channel_id}/suspend"].roles == {Role.LED, Role.RED}


def test_g_33_a_decision_is_on_record_with_who_when_why_and_until() -> None:
    channel = decided()
    assert (channel.decided_by, channel.decided_at, channel.grounds) == ("leder", NOW, "Ledermøte 3. juni")
    assert (channel.risk_assessment_ref, channel.review_due) == ("ROS-7", date(2027, 6, 1))


def test_g_33_a_channel_that_is_only_proposed_is_not_active() -> None:
    with pytest.raises(Conflict) as refused:
        rules.activate(proposed(), "leder", NOW)
    assert refused.value.code == "CHANNEL_STATE_FORBIDS"


def test_g_34_a_proposal_keeps_what_speaks_for_and_against_it() -> None:
    """G-34."""
    channel = decided()
    assert (channel.arguments_for, channel.arguments_against) == ("Når mange unge", "Krever oppfølging hver dag")


@pytest.mark.parametrize(
    ("day", "allowed"),
    [
        (date(2026, 6, 3), False),
        (date(2026, 6, 4), True),
        (date(2027, 6, 3), True),
        (date(2027, 6, 4), False),
    ],
)
def test_l_18_a_channel_is_looked_at_again_within_a_year(day: date, allowed: bool) -> None:
    """L-18."""
    decision = replace(DECISION, review_due=day)
    if allowed:
        assert rules.decide(proposed(), decision, "leder", NOW).review_due == day
        return
    with pytest.raises(Invalid) as refused:
        rules.decide(proposed(), decision, "leder", NOW)
    assert refused.value.code == "REVIEW_DUE_OUT_OF_RANGE"


def test_l_18_a_year_from_the_leap_day_ends_on_the_28th() -> None:
    leap = datetime(2028, 2, 29, 8, 0, tzinfo=UTC)
    rules.decide(proposed(), replace(DECISION, review_due=date(2029, 2, 28)), "leder", leap)
    with pytest.raises(Invalid):
        rules.decide(proposed(), replace(DECISION, review_due=date(2029, 3, 1)), "leder", leap)


@pytest.mark.parametrize(
    ("without", "code"),
    [
        ({"risk_assessment_ref": None}, "RISK_ASSESSMENT_MISSING"),
        ({"dpo_opinion": None}, "DPO_OPINION_MISSING"),
        ({"review_due": None}, "REVIEW_DUE_MISSING"),
        ({"house_rules_url": None}, "HOUSE_RULES_MISSING"),
        ({"owner_unit": ""}, "OWNER_UNIT_MISSING"),
    ],
)
def test_l_18_nothing_is_used_before_all_is_in_order(without: dict[str, object], code: str) -> None:
    with pytest.raises(Conflict) as refused:
        rules.activate(replace(decided(), **without), "leder", NOW)  # type: ignore[arg-type]
    assert refused.value.code == code


def test_g_32_a_channel_is_closed_after_it_was_documented_a_last_time() -> None:
    """G-32, 3.2.2: documentation of the homepage and the like."""
    active = rules.activate(decided(), "leder", NOW)
    with pytest.raises(Conflict) as refused:
        rules.close(active, "Slutt", None, "leder", NOW)
    assert refused.value.code == "FINAL_CAPTURE_MISSING"
    assert rules.close(active, "Slutt", "2026/9-1", "leder", NOW).state == "closed"
