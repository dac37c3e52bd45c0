"""4.2: confidentiality holds here too, administrators publish, and what is published stays."""

from pathlib import Path

import pytest
from torg_responder.app import rules_of
from torg_responder.authorisation import MATRIX
from torg_responder.domain.reply import TRANSITIONS, State
from torg_responder.settings import ResponderSettings
from torg_shared.auth import Role

from .replied import blocking, warnings


@pytest.mark.parametrize(
    "text",
    [
        "Vedtaket om sosialhjelp til Ola Nordmann er på vei.",
        "Kari Nordmann er innlagt og svarer senere.",
        "Diagnosen til Per Olsen kjenner vi.",
        "Barnevernet har snakket med Kari Nordmann.",
        "Sak 2026/17 tar vi ikke her.",
    ],
)
def test_g_50_confidential_content_never_leaves(text: str) -> None:
    """G-50."""
    assert "CONFIDENTIAL" in blocking(text, shielded_cases=["2026/17"])


@pytest.mark.parametrize("number", ["17849003070", "178490 03070"])
def test_g_50_no_national_id_leaves(number: str) -> None:
    """G-50, L-12: a synthetic number with valid check digits."""
    assert "NATIONAL_ID" in blocking(f"Vi fant deg på {number}.")


@pytest.mark.parametrize(
    "text",
    [
        "Siden du er pasient hos oss, ring avdelingen.",
        "Som elev hos oss kan du låne pc.",
        "Saken din hos NAV går sin gang.",
    ],
)
def test_a_reply_never_confirms_who_is_a_client(text: str) -> None:
    """B-39."""
    assert "PATIENT_CONFIRMATION" in blocking(text)


@pytest.mark.parametrize("message", ["jeg går i 8B", "eg går på ungdomsskulen", "jeg er 12 år"])
def test_g_49_somebody_who_seems_to_be_a_child_is_a_reason_to_think(message: str) -> None:
    """G-49."""
    assert "MINOR" in warnings("Hallen åpner kl. 10.", message_text=message)


def test_g_53_only_administrators_publish() -> None:
    """G-53."""
    for route in ("POST /replies/{reply_id}/publish", "POST /replies/{reply_id}/undo"):
        assert MATRIX[route].roles == {Role.SA, Role.RED}


def test_g_54_a_published_text_only_ever_becomes_verified_different_or_withdrawn() -> None:
    """G-54: corrections are new replies."""
    reachable, new = set[State](), {State.PUBLISHED}
    while new:
        reachable |= new
        new = {after for state in new for after in TRANSITIONS[state]} - reachable
    assert reachable == {State.PUBLISHED, State.VERIFIED, State.MISMATCH, State.WITHDRAWN}


def test_g_47_the_handbook_has_the_tips_of_4_2_one_entry_each() -> None:
    """G-47, G-52, L-23."""
    config = Path(__file__).parents[2] / "config" / "sogne"
    entries = rules_of(
        ResponderSettings(database_url="postgresql://unused", bus_url="memory://", jwks="unused", config_dir=config)
    ).handbook
    codes = [entry["code"] for entry in entries]
    assert len(codes) == len(set(codes)) == 10
    assert codes[0] == "ytringsfrihet"  # freedom first, duties second
    assert all(entry["sentence"] and entry["tip"] for entry in entries)
    assert {"privatperson", "aapen"} <= {entry["code"] for entry in entries if entry.get("phrase")}
