"""4.1: the administrator answers without a name, others always with theirs; politics is referred; tone fits."""

from pathlib import Path

import pytest
from torg_responder.app import templates_of
from torg_responder.domain.reply import signer_for
from torg_responder.domain.templates import offer
from torg_shared.errors import Invalid

from .replied import blocking, warnings

_TEMPLATES = templates_of(Path(__file__).parents[2] / "config" / "sogne" / "templates")


@pytest.mark.parametrize(
    "text",
    [
        "Biblioteket åpner kl. 10.\n\nMvh Per, konsulent",
        "Kl. 10. Vennlig hilsen Kari Nordmann",
        "Kl. 10.\n– Per Vik, rådgiver",
        "Med venleg helsing Per Vik",
    ],
)
def test_g_42_the_administrator_signs_with_no_name(text: str) -> None:
    """G-42, INV-12."""
    assert "SIGNED_BY_ADMIN" in blocking(text)


@pytest.mark.parametrize("role", ["sideadministrator", "redaktoer"])
def test_g_42_the_signer_is_the_municipality(role: str) -> None:
    """G-42."""
    assert (signer_for(role, "Per Vik", "konsulent", "Servicetorget").line) is None


@pytest.mark.parametrize("role", ["fagperson", "leder", "politisk_sekretariat"])
def test_g_43_others_sign_with_full_name_title_and_unit(role: str) -> None:
    """G-43, INV-12."""
    signer = signer_for(role, "Anne Berg", "enhetsleder", "Enhet for teknisk drift")
    assert signer.line == "– Anne Berg, enhetsleder, Enhet for teknisk drift"


@pytest.mark.parametrize(
    ("name", "title", "unit"),
    [(None, "leder", "X"), ("Anne", "leder", "X"), ("Anne Berg", None, "X"), ("A B", "l", None)],
)
def test_g_43_a_missing_part_of_the_signature_blocks(name: str | None, title: str | None, unit: str | None) -> None:
    """G-43."""
    with pytest.raises(Invalid, match="TITLE_REQUIRED"):
        signer_for("fagperson", name, title, unit)
    assert "TITLE_REQUIRED" in blocking("Det ordner vi.", author_role="fagperson", signature="")


@pytest.mark.parametrize(
    "text",
    [
        "Vi mener skatten er riktig. Se https://www.sogne.kommune.no/politikk",
        "Heldigvis bestemmer formannskapet dette: https://www.sogne.kommune.no/politikk",
        "Etter vår vurdering er det galt av kommunestyret. politisk@sogne.kommune.no",
    ],
)
def test_g_46_a_political_enquiry_is_never_judged(text: str) -> None:
    """G-46, INV-11."""
    assert "POLITICAL_ASSESSMENT" in blocking(text, kind="referral", handling="refer_politics")


def test_g_46_a_referral_names_the_body_and_where_it_is_found() -> None:
    """G-46, L-09."""
    assert "REFERRAL_INCOMPLETE" in blocking("Dette avgjør politikerne.", kind="referral")
    assert "REFERRAL_INCOMPLETE" in blocking("Se https://www.sogne.kommune.no", kind="referral")
    good = "Dette avgjør kommunestyret. Vedtaket finner du her: https://www.sogne.kommune.no/politikk"
    assert blocking(good, kind="referral", handling="refer_politics") == set()


def test_g_36_a_corrected_fact_names_its_source() -> None:
    """G-36."""
    facts = {"flags": frozenset({"fact_error"})}
    assert "SOURCE_MISSING" in warnings("Legevakta er ikke lagt ned.", **facts)
    assert "SOURCE_MISSING" not in warnings("Se https://www.sogne.kommune.no/legevakt", **facts)


def test_g_38_thanks_are_varied_within_a_thread() -> None:
    """G-38."""
    said: list[str] = []
    for _ in range(2):
        template = offer(_TEMPLATES, handling="thank", flags=frozenset(), lang="nb", kind="thanks", taken=said)
        assert template is not None
        assert template.text not in said
        said.append(template.text)
    assert "REPEATED_THANKS" in warnings("Tusen takk!", kind="thanks", earlier_thanks=["Tusen takk!"])


def test_g_41_humour_answers_humour() -> None:
    """G-41."""
    facts = {"handling": "thank", "lang": "nb", "kind": "thanks"}
    funny = offer(_TEMPLATES, flags=frozenset(), tone="humorous", **facts)
    assert funny is not None
    assert funny.tone == "humorous"
    for taken in range(4):
        used = [one.text for one in _TEMPLATES if one.kind == "thanks" and one.tone != "humorous"][:taken]
        plain = offer(_TEMPLATES, flags=frozenset(), tone="matter_of_fact", taken=used, **facts)
        assert plain is None or plain.tone != "humorous"


@pytest.mark.parametrize("flag", ["urgent", "sensitive", "legal_request:access"])
def test_g_41_never_where_it_would_hurt(flag: str) -> None:
    """G-41."""
    found = offer(_TEMPLATES, handling="thank", flags=frozenset({flag}), lang="nb", tone="humorous", kind="thanks")
    assert found is None or found.tone != "humorous"
    assert "TONE" in warnings("Det ordner seg 😂", flags=frozenset({flag}))


def test_the_answer_follows_the_written_form_of_the_sender() -> None:
    """L-14."""
    assert "LANGUAGE_MISMATCH" in warnings("Vi vet ikke hva dere mener.", message_lang="nn")
    assert "LANGUAGE_MISMATCH" not in warnings("Vi veit ikkje kva de meiner, men kjem att.", message_lang="nn")
    assert "LANGUAGE_MISMATCH" in warnings(
        "Me veit ikkje kva de meiner.", message_lang="nn", language_policy="fixed:nb"
    )
