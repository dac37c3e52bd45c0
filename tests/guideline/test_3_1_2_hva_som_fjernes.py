"""3.1.2: what is unlawful, exposes or harasses is proposed for removal at once; criticism never is."""

import pytest

from .classified import proposed


@pytest.mark.parametrize(
    ("text", "flag", "ground"),
    [
        ("Jeg skal komme ned på rådhuset og knuse trynet på saksbehandleren", "threat", "TRUSLER"),
        ("Neste gang dere kommer for å lese av vannmåleren, står jeg klar med øksa.", "threat", "TRUSLER"),
        ('Siterer bare naboen: "slike burde jages ut med hagle".', "threat", "OPPFORDRING"),
        ("Slike folk burde sendes hjem i kasser", "hate", "HAT"),
        ("Kari Hansen i resepsjonen er en løgner og burde skamme seg", "exposure", "UTHENGING"),
        ("Han læreren på 7. trinn, Per Olsen, er en drittsekk og burde sparkes", "harassment", "SJIKANE"),
        ("Ordfører Even Sandbrekke er for dum til å knytte sine egne sko.", "harassment", "SJIKANE"),
        ("Magnar Tveitlid i oppmålinga er eit ekkelt menneske som nyt å plage folk.", "harassment", "SJIKANE"),
        ("Tenk på Jorunn Myrkleiv, ho fekk kreftdiagnosen i går 💐", "exposure", "PRIVATLIV"),
        ("Kontaktlæreren til 4B er innlagt etter et sammenbrudd. God bedring!", "exposure", "PRIVATLIV"),
        ("Ho som klagar på støyen bur i Fuglevegen 9, ring på der de.", "exposure", "PERSONDATA"),
        ("Send regningen til Halvard Kvernes, nummeret hans er 54859210085.", "exposure", "PERSONDATA"),
        ("Du har 4800 kr til gode hos kommunen, trykk her og logg inn med BankID", "spam", "BEDRAGERI"),
    ],
)
def test_g_15_unlawful_texts_are_proposed_for_removal_with_their_ground(text: str, flag: str, ground: str) -> None:
    """G-15, G-16."""
    found = proposed(text)
    assert (found.handling, flag in found.flags, found.ground) == ("remove", True, ground)
    assert (found.needs_human, found.needs_triage, found.record_class) == (True, True, "archive")


@pytest.mark.parametrize(
    ("text", "handling"),
    [
        ("Kommunen er elendig på brøyting!", "answer_criticism"),
        ("Elendig kommune. Igjen.", "answer_criticism"),
        ("Ordføreren har sviktet ytre bygd og bør gå av før valget.", "refer_politics"),
        ("Heile formannskapet er ein vits, ingen av dei toler motstand.", "refer_politics"),
        ("Fy faen for et føre, og null strøing i bakken.", "answer_criticism"),
        ("Helsike så kaldt badevatnet var 😂", "none_needed"),
        ("Gunnvor Lioddane på servicetorget lovet svar forrige uke. Jeg har ikke hørt noe.", "answer_criticism"),
        ("Skammeleg at folk skriv slikt om innvandrarar her.", "none_needed"),
        ('Noen har skrevet "heng dem" under innlegget deres. Ta det bort!', "open_case"),
        ("Vi skal drepe tida med kaffe på kaia.", "none_needed"),
    ],
)
def test_g_16_criticism_politics_and_oaths_are_never_a_ground(text: str, handling: str) -> None:
    """G-16: neither the municipality, its work nor a politician's conduct in office is a person to be protected."""
    found = proposed(text)
    assert (found.handling, found.ground) == (handling, None)
    assert {"threat", "hate", "exposure", "harassment"}.isdisjoint(found.flags)


def test_an_enquiry_inside_a_text_that_must_go_is_still_handled_and_answered_privately() -> None:
    found = proposed("Jeg skal ta dere, men når kommer svaret på byggesaken min?")
    assert (found.handling, list(found.secondary)) == ("remove", ["open_case"])
    assert {"threat", "mixed_intent"} <= set(found.flags)
    assert (found.reply_private, found.reply_duty, found.record_class) == (True, "must", "journal")


def test_a_concern_for_an_identifiable_child_is_hidden_and_alarmed() -> None:
    found = proposed("Jeg er bekymret for barna i nr. 14, de står ute om natta")
    assert (found.handling, found.ground, found.urgent) == ("remove", "PERSONDATA", "child_danger")
    wanted = {"legal_request:child_concern", "exposure", "sensitive", "personal_data", "urgent"}
    assert wanted <= set(found.flags)
    assert (found.record_class, found.unit) == ("journal", "barnevern")
