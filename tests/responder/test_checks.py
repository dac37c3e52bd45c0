"""Each check of the closed list, with what it must stop and what it must let through."""

import pytest
from torg_responder.domain.checks import Draft, run

_CONTACT = "Skriv til postmottak@sogne.kommune.no eller Søgne kommune, Postboks 1051, 4682 Søgne."


def _codes(text: str, **facts: object) -> list[tuple[str, str]]:
    plain = {
        "text": text,
        "kind": "full",
        "visibility": "public",
        "author_role": "fagperson",
        "signature": "– A B, C, D",
    }
    draft = Draft(**(plain | facts))  # type: ignore[arg-type]
    return [(one.code, one.severity) for one in run(draft)]


@pytest.mark.parametrize(
    ("code", "text", "facts"),
    [
        ("DECISION_IN_PUBLIC", "Søknaden din om barnehageplass er innvilget.", {}),
        ("DECISION_IN_PUBLIC", "Du får avslag, og klagefristen er tre uker.", {}),
        ("DECISION_IN_PUBLIC", "Søknaden vart avslått i går.", {}),
        ("CONFIDENTIAL", "Vedtaket om sosialhjelp til Ola Nordmann er sendt.", {"visibility": "private"}),
        ("CONFIDENTIAL", "Kari Nordmann er innlagt og svarer senere.", {}),
        ("CONFIDENTIAL", "Saken din har nummer 2026/17.", {"shielded_cases": ["2026/17"]}),
        ("NATIONAL_ID", "Vi fant deg på 14859210091.", {}),
        ("PATIENT_CONFIRMATION", "Siden du er pasient hos oss, ring avdelingen.", {}),
        ("SIGNED_BY_ADMIN", "Biblioteket åpner kl. 10.\n\nMvh Per, konsulent", {"author_role": "sideadministrator"}),
        ("SIGNED_BY_ADMIN", "Kl. 10. Hilsen Kari Nordmann", {"author_role": "redaktoer"}),
        ("SIGNED_BY_ADMIN", "– Per Vik, rådgiver", {"author_role": "sideadministrator"}),
        ("SIGNED_BY_ADMIN", "Spør per vik.", {"author_role": "sideadministrator", "author_name": "Per Vik"}),
        ("PLACEHOLDER_UNFILLED", "Se {lenke}.", {}),
        ("PLACEHOLDER_UNFILLED", "Se [LENKE].", {}),
        ("PLACEHOLDER_UNFILLED", "Hei ###", {}),
        ("PLACEHOLDER_UNFILLED", "– [NAVN, TITTEL]", {}),
        ("REFERRAL_INCOMPLETE", "Send oss en e-post: postmottak@sogne.kommune.no", {"kind": "redirect"}),
        ("REFERRAL_INCOMPLETE", "Dette må politikerne svare på.", {"kind": "referral"}),
        ("POLITICAL_ASSESSMENT", "Vi mener kommunestyret tok feil: https://x.no", {"handling": "refer_politics"}),
        ("LEGAL_REQUEST_REFUSED", "Send oss en formell henvendelse.", {"flags": frozenset({"legal_request:access"})}),
        ("LINK_BROKEN", "Se https://x.no/skjema.", {"dead_links": ["https://x.no/skjema"]}),
        ("TITLE_REQUIRED", "Lyset lyser igjen i morgen.", {"signature": ""}),
        ("TOO_LONG", "a" * 8001, {"author_role": "sideadministrator"}),
        ("TOO_LONG", "a" * 7990, {"signature": "– Anne Berg, enhetsleder, Enhet for teknisk drift"}),
    ],
)
def test_what_must_not_go_out_is_stopped(code: str, text: str, facts: dict[str, object]) -> None:
    assert (code, "blocking") in _codes(text, **facts)


@pytest.mark.parametrize(
    ("code", "text", "facts"),
    [
        ("LINK_BROKEN", "Se https://x.no/skjema.", {"unchecked_links": ["https://x.no/skjema"]}),
        ("SOURCE_MISSING", "Legevakten er ikke lagt ned.", {"flags": frozenset({"fact_error"})}),
        ("LANGUAGE_MISMATCH", "Vi vet ikke hva dere mener.", {"message_lang": "nn"}),
        ("MINOR", "Hallen åpner kl. 10.", {"message_text": "jeg går i 8B, når åpner hallen?"}),
        ("REPEATED_THANKS", "Tusen takk!", {"kind": "thanks", "earlier_thanks": ["Tusen takk!"]}),
        ("TONE", "Det ordner seg 😂", {"handling": "answer_criticism"}),
    ],
)
def test_what_needs_a_thought_is_warned_of(code: str, text: str, facts: dict[str, object]) -> None:
    assert (code, "warning") in _codes(text, **facts)


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        ("Biblioteket åpner kl. 10.", {"author_role": "sideadministrator"}),
        ("Takk for at du sier fra. Hilsen Søgne kommune", {"author_role": "sideadministrator"}),
        ("Slik gjør du:\n- send søknaden\n- vent på svar", {"author_role": "sideadministrator"}),
        ("Diabetesuka er i november, og sykehjemmet har åpen dag.", {}),
        ("Kommunestyret behandler saken. Vedtaket finner du her: https://x.no/sak", {"kind": "referral"}),
        (f"Dette krever omfattende saksbehandling. {_CONTACT} https://x.no", {"kind": "redirect"}),
        (
            "Innsynskravet er registrert. Send oss gjerne flere detaljer.",
            {"flags": frozenset({"legal_request:access"})},
        ),
        ("Vi veit ikkje kva det kjem av.", {"message_lang": "nn"}),
        ("Hva er KID 01010112345?", {}),
    ],
)
def test_ordinary_answers_go_through(text: str, facts: dict[str, object]) -> None:
    assert _codes(text, **facts) == []


def test_hostile_texts_are_checked_in_time() -> None:
    for text in ("A" * 8000, "Aa " * 2600, "sosialhjelp " * 600, "{" * 8000, "mvh " * 2000, "https://" * 1000):
        assert isinstance(_codes(text), list)
