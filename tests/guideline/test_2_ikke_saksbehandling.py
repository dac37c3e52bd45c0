"""2: "skal, i utgangspunktet, ikke drive saksbehandling i sosiale medier": no decision is published as a reply."""

import pytest

from .replied import blocking


@pytest.mark.parametrize(
    "text",
    [
        "Søknaden din om barnehageplass er innvilget",
        "Søknaden er innvilga.",
        "Du har fått avslag på byggesøknaden.",
        "Søknaden vart avslått i går.",
        "Vi har fattet vedtak i saken din.",
        "Klagefristen er tre uker.",
        "Garasjen din er godkjent.",
        "Dispensasjon er gitt.",
    ],
)
def test_g_05_no_decision_about_a_person_is_published(text: str) -> None:
    """G-05."""
    assert "DECISION_IN_PUBLIC" in blocking(text)


@pytest.mark.parametrize(
    "text",
    ["Søknadsfristen er 1. mars.", "Du søker om plass på nettsiden vår.", "Kunsten å klage finner du på biblioteket."],
)
def test_g_05_information_about_services_is_no_decision(text: str) -> None:
    """G-05."""
    assert blocking(text) == set()
