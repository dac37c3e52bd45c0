"""3.2.2: bounded finding-out opens a case; what is worth keeping without case handling is archived."""

import pytest

from .classified import proposed


@pytest.mark.parametrize(
    "text",
    [
        "Hvorfor er det ikke strødd på gangveien ved Tinntjønn skole?",
        "Hvorfor er gatelyset i Høllebakken av?",
        "Lyset ved bussholdeplassen på Langenes har blinket siden tirsdag. Kan noen se på det?",
        "Papirdunken vår vart ikkje tømd i dag heller. Kva har skjedd?",
        "Hvor mange elever begynte i første klasse i år, og hvor mange i fjor?",
        "Kvifor kom ikkje glasbilen til oss på onsdag?",
        "Kan dere sjekke om nabotomta er regulert til bolig?",
        "Varaordfører Tordis Fjellvang sa at gangbrua påbegynnes i juni. Stemmer det fortsatt?",
    ],
)
def test_g_24_finding_out_is_a_case(text: str) -> None:
    """G-24."""
    found = proposed(text)
    assert (found.handling, found.reply_duty, found.record_class) == ("open_case", "must", "journal")
    assert (found.record.saksdokument, found.record.saksbehandling) == (True, True)


@pytest.mark.parametrize(
    "text",
    [
        "Bestefar tok dette bildet da Tangvall skole brant i 1953",
        "Her er bilder fra åpningen av Langenesbrua i 1962",
        "Kleplia velforening vedtok i går å overta stellet av lekeplassen. Bare til orientering.",
        "Talde 34 svaner i fjorden laurdag morgon, same rute som i fjor. De kan bruke talet.",
        "Dere har min tillatelse til å bruke bildet av båtbyggeriet i jubileumsheftet. Hilsen fotografen.",
    ],
)
def test_g_31_what_is_given_and_asks_for_nothing_is_archived(text: str) -> None:
    """G-31."""
    found = proposed(text)
    assert (found.handling, found.reply_duty, found.record_class) == ("archive_only", "may", "archive")


@pytest.mark.parametrize(
    ("text", "category"),
    [
        ("Orker ikke mer. Hadet alle sammen.", "self_harm"),
        ("Eg orkar ikkje ei natt til. Farvel.", "self_harm"),
        ("Det henger en strømledning ned over gangveien ved kiosken NÅ", "hazard"),
        ("Kumlokket ved barnehageporten er borte, ungene kommer om en time!", "hazard"),
        ("Det brenner i skogen bak Lohne!", "fire"),
        ("Det ligger en mann bevisstløs ved busstoppet på Tangvall", "life"),
    ],
)
def test_danger_now_is_a_case_that_waits_for_no_queue(text: str, category: str) -> None:
    """2.4, first point."""
    found = proposed(text)
    assert (found.handling, found.urgent, "urgent" in found.flags) == ("open_case", category, True)
    assert (found.reply_duty, found.needs_human) == ("must", True)


def test_danger_in_the_past_or_as_an_exercise_is_none() -> None:
    for text in (
        "Brannvesenet har øvelse ved skolen i morgen, det kommer røyk ut av bygget",
        "Det gikk et ras over veien i 1953.",
        "Er det lov å brenne bål i hagen i mai?",
        "Kurs i førstehjelp ved hjertestans, når er det?",
    ):
        assert proposed(text).urgent is None, text


def test_a_case_with_thanks_beside_it_has_two_parts() -> None:
    found = proposed("Kan noen se på hullet i veien på Lohne? Og takk for fin brøyting!")
    assert (found.handling, list(found.secondary), "mixed_intent" in found.flags) == ("open_case", ["thank"], True)
