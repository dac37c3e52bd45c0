"""3.2.1: what would have to be decided is asked for in a formal enquiry; statutory requests keep their own way."""

import pytest

from .classified import proposed


@pytest.mark.parametrize(
    "text",
    [
        "Naboen bygger garasje over tomtegrensa, hva gjør dere?",
        "Jeg vil søke om dispensasjon for brygge, hva må jeg gjøre?",
        "Jeg vil skille ut en tomt på Lohneheia. Hva må jeg sende dere?",
        "Ei grein frå kommuneskogen bulka taket på bilen. Eg krev skaden dekt.",
        "Kan dere frita oss for feieavgift? Hytta har ikke ildsted.",
        "Kan de stanse bygginga på nabotomta? Dei har ikkje løyve.",
    ],
)
def test_g_20_deciding_is_for_a_formal_enquiry(text: str) -> None:
    """G-20, G-45."""
    found = proposed(text)
    assert (found.handling, found.reply_duty, found.record_class) == ("redirect_formal", "must", "archive")


def test_g_22_the_topic_chooses_the_form() -> None:
    """G-22."""
    assert proposed("Jeg vil søke om dispensasjon for brygge, hva må jeg gjøre?").topic == "byggesak"


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Eg ynskjer innsyn i alle e-postar om skulestrukturen.", "access"),
        ("Jeg klager på avslaget jeg fikk i forrige uke", "complaint"),
        ("Eg klagar på vedtaket om skuleskyss.", "complaint"),
        ("Slett alt dere har lagret om meg", "privacy"),
        ("Hva har dere lagret om meg? Jeg vil ha det slettet.", "privacy"),
        ("Jeg kjenner en familie der det ikke står bra til med barna. Hva gjør dere med sånt?", "child_concern"),
    ],
)
def test_l_05_to_l_08_statutory_requests_are_seen_in_any_form(text: str, kind: str) -> None:
    """L-05, L-06, L-07, L-08: always to a person, always journal when confirmed, never only sent away."""
    found = proposed(text)
    assert (found.handling, f"legal_request:{kind}" in found.flags) == ("redirect_formal", True)
    assert (found.record_class, found.reply_duty) == ("journal", "must")
    assert "legal_request" in found.triage_reasons


@pytest.mark.parametrize(
    "text",
    [
        "Hvilket nummer ringer man hvis man er bekymret for et barn?",
        "Folk klager alltid på brøytinga.",
        "Vi får innsyn fra naboen etter at hekken ble klippet.",
        "Hvorfor slettet dere kommentaren min?",
    ],
)
def test_words_of_the_law_in_other_matters_are_no_request(text: str) -> None:
    assert not [flag for flag in proposed(text).flags if flag.startswith("legal_request")]
