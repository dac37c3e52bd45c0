"""4.1: facts and questions are always answered, praise is thanked for, blame is tried, politics is referred."""

import pytest

from .classified import proposed


@pytest.mark.parametrize(
    "text",
    [
        "Når er det åpent på gjenvinningsstasjonen i påska?",
        "Hva koster SFO?",
        "Hvor leverer jeg hageavfall?",
        "Hva koster en honnørbillett i svømmehallen?",
        "Er det båndtvang på turstiene i september?",
        "Kommer varaordføreren på åpningen av idrettshallen lørdag?",
        "Når har ordførar Even Sandbrekke kontortid i haust?",
        "KID 01010112345 stemmer ikke med fakturaen, hva gjør jeg?",
    ],
)
def test_g_37_questions_about_services_are_answered(text: str) -> None:
    """G-37, G-44: informal, nothing journaled."""
    found = proposed(text)
    assert (found.handling, found.reply_duty, found.record_class) == ("answer", "must", "none")
    assert {"national_id", "personal_data"}.isdisjoint(found.flags)


@pytest.mark.parametrize(
    "text",
    [
        "Dere har jo lagt ned legevakta",
        "Dere har kutta all støtte til korpset!",
        "De skriv at dugnaden er 3. mai, men på heimesida dykkar står det 10. mai.",
    ],
)
def test_g_36_errors_of_fact_are_always_answered(text: str) -> None:
    """G-36."""
    found = proposed(text)
    assert (found.handling, "fact_error" in found.flags, found.reply_duty) == ("answer", True, "must")


@pytest.mark.parametrize(
    "text",
    [
        "Takk for flott 17. mai-arrangement!",
        "Fint bilde!",
        "Takk til hjemmesykepleien, dere er gull verdt ❤️",
        "For en nydelig julegate i år! All ære til dem som hang opp lysene.",
        "Så triveleg besøk av bokbussen i dag, ungane strålte 🥰",
        "Kjekt med nytt skilt på turvegen, sjølv om pila peikar litt skeivt 😅",
        "👏👏",
    ],
)
def test_g_38_praise_is_thanked_for(text: str) -> None:
    """G-38, G-14."""
    found = proposed(text)
    assert (found.handling, found.reply_duty, found.record_class, found.sentiment) == ("thank", "should", "none", 1)


@pytest.mark.parametrize("text", ["Se her @Ola", "@Synne Breidal sjå her", "Ja, da er det høst igjen.", "."])
def test_g_39_neutral_comments_need_no_answer(text: str) -> None:
    """G-39."""
    found = proposed(text)
    assert (found.handling, found.reply_duty) == ("none_needed", "may")


@pytest.mark.parametrize(
    "text",
    [
        "Skammelig dårlig brøyting i Lunde!",
        "Tre dagers varsel om stengt vei er altfor lite. Skjerp dere.",
        "Telefonkøen hos dykk er håplaus. Førti minutt, og så vart eg broten.",
        "Varselet om vannavstenging kom samme morgen. Elendig.",
        "Strålende jobba, nå er hullet så stort at vi kan bade i det.",
        "😡",
    ],
)
def test_g_40_blame_is_tried_to_be_answered(text: str) -> None:
    """G-40."""
    found = proposed(text)
    assert (found.handling, found.reply_duty, found.sentiment) == ("answer_criticism", "should", -1)


@pytest.mark.parametrize(
    "text",
    [
        "Hva mener kommunestyret om vindmøller på heia?",
        "Når skal ordføreren legge ned eiendomsskatten?",
        "Når skal flertallet innse at vi ikke har råd til både kulturhus og to ungdomsskoler?",
        "Kan ikkje de be formannskapet setje inn att pengane til ungdomsklubben?",
        "Hvilke partier stemte for å kutte skoleskyssen, og hvordan forsvarer de det?",
        "Heilt gale å leggje ned grendeskulen.",
        "Ja, bygg for all del ei rundkøyring til. Vi har jo berre sju.",
    ],
)
def test_g_46_politics_is_always_referred(text: str) -> None:
    """G-46."""
    found = proposed(text)
    assert (found.handling, found.reply_duty, found.unit) == ("refer_politics", "must", "politisk-sekretariat")


def test_g_41_the_form_is_seen() -> None:
    """G-41."""
    assert proposed("Kan noen skru på sommeren, please? 😂").tone == "humorous"
    assert proposed("Strålende jobba, nå er hullet så stort at vi kan bade i det.").flags.__contains__("irony")
    assert "irony" in proposed("Ja, bygg for all del ei rundkøyring til. Vi har jo berre sju.").triage_reasons


@pytest.mark.parametrize("text", ["VI KJØPER BRUKTBIL, kontant oppgjør, send melding!", "Billige lån på 5 min www…"])
def test_advertising_is_only_counted(text: str) -> None:
    found = proposed(text)
    assert (found.handling, list(found.flags), found.reply_duty, found.record_class, found.ground) == (
        "none_needed",
        ["spam"],
        "none",
        "none",
        "SPAM",
    )


def test_a_question_beside_blame_or_praise_is_mixed() -> None:
    for text in (
        "Slapp brøyting i går. Hvilket nummer ringer man i helga?",
        "Kjempefin ny brygge! Er det lov å fortøye over natta?",
    ):
        found = proposed(text)
        assert (found.handling, "mixed_intent" in found.flags) == ("answer", True), text
