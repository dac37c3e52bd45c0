"""4.2: what people tell of themselves is kept from the public, and never hides what they ask for."""

import pytest

from .classified import proposed


def test_the_writers_own_number_is_masked_and_answered_privately() -> None:
    found = proposed("Fødselsnummeret mitt er 17849003070, kan dere sjekke søknaden?")
    assert (found.handling, found.reply_private, found.needs_human, found.reply_duty) == (
        "open_case",
        True,
        True,
        "must",
    )
    assert {"national_id", "personal_data"} <= set(found.flags)


def test_a_number_that_fails_is_personal_data_and_no_id() -> None:
    found = proposed("Fødselsnummer 01010112345, ring meg")
    assert "personal_data" in found.flags
    assert "national_id" not in found.flags
    assert (found.reply_private, "id_like_number" in found.triage_reasons) == (True, True)


@pytest.mark.parametrize(
    ("text", "handling"),
    [
        ("Eg sit i rullestol. Er det rampe til biblioteket?", "answer"),
        ("Sønnen min har autisme, finnes det avlastning?", "answer"),
        ("Mora mi har demens og venter på plass.", "redirect_formal"),
    ],
)
def test_own_health_is_sensitive_and_keeps_the_handling_asked_for(text: str, handling: str) -> None:
    found = proposed(text)
    assert (found.handling, "sensitive" in found.flags, found.reply_private) == (handling, True, True)


def test_health_words_about_nobody_are_not_sensitive() -> None:
    for text in (
        "Når er diabetesuka?",
        "Sykehjemmet har fin hage.",
        "Kari Hansen holder foredrag om demens i kulturhuset.",
    ):
        assert "sensitive" not in proposed(text).flags, text
