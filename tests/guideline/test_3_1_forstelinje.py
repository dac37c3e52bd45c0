"""3.1: the front line owns what nobody else does."""

from .classified import proposed


def test_g_07_what_no_topic_gives_away_is_the_service_desks() -> None:
    """G-07."""
    assert proposed("Hei, jeg lurer på noe helt annet?").unit == "servicetorget"
    assert proposed("Takk for flott 17. mai-arrangement!").unit == "servicetorget"


def test_g_07_a_case_goes_to_the_unit_that_knows() -> None:
    assert proposed("Hvorfor er gatelyset i Høllebakken av?").unit == "teknisk-drift"


def test_g_02_nobody_needs_a_municipal_identity() -> None:
    """G-02: the text alone is classified; who wrote it is not asked for."""
    found = proposed("Hei, er svømmehallen åpen 17. mai?")
    assert (found.handling, found.reply_duty) == ("answer", "must")


def test_g_11_every_proposal_carries_a_record_decision() -> None:
    """G-11, G-18, G-19."""
    for text, record in (
        ("Når åpner biblioteket i morgen?", "none"),
        ("Hvorfor er gatelyset i Høllebakken av?", "journal"),
        ("Naboen bygger garasje over tomtegrensa, hva gjør dere?", "archive"),
        ("Bestefar tok dette bildet da Tangvall skole brant i 1953", "archive"),
    ):
        assert proposed(text).record_class == record, text
