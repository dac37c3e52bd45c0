"""3.2.1: the redirect says why, names post and e-mail, and carries the form or the page."""

from pathlib import Path

import pytest
from torg_responder.app import templates_of
from torg_responder.domain import templates
from torg_responder.domain.templates import Template, check, fill, offer
from torg_shared.errors import Invalid

from .replied import blocking

_TEMPLATES = templates_of(Path(__file__).parents[2] / "config" / "sogne" / "templates")
_VALUES = {
    "epost": "postmottak@sogne.kommune.no",
    "postadresse": "Søgne kommune, Postboks 1051, 4682 Søgne",
    "lenke": "https://www.sogne.kommune.no/byggesak",
    "politisk_lenke": "https://www.sogne.kommune.no/politikk",
}


def _redirect(lang: str = "nb", flags: frozenset[str] = frozenset()) -> str:
    found = offer(_TEMPLATES, handling="redirect_formal", flags=flags, lang=lang, kind="redirect")
    assert found is not None
    return fill(found, _VALUES)


@pytest.mark.parametrize(("lang", "why", "not_here"), [
    ("nb", "omfattende saksbehandling", "gjør vi ikke her på siden"),
    ("nn", "omfattande saksbehandling", "gjer vi ikkje her på sida"),
])  # fmt: skip
def test_g_20_the_redirect_says_why_and_that_it_is_not_done_here(lang: str, why: str, not_here: str) -> None:
    """G-20."""
    assert why in _redirect(lang)
    assert not_here in _redirect(lang)


@pytest.mark.parametrize("lang", ["nb", "nn"])
def test_g_21_the_redirect_names_post_address_and_email(lang: str) -> None:
    """G-21."""
    text = _redirect(lang)
    assert _VALUES["epost"] in text
    assert _VALUES["postadresse"] in text
    assert blocking(text, kind="redirect", message_lang=lang) == set()


@pytest.mark.parametrize("lacking", ["{epost}", "{postadresse}"])
def test_g_21_a_template_without_them_is_refused(lacking: str) -> None:
    """G-21."""
    text = "Skriv til {epost} eller {postadresse}.".replace(lacking, "oss")
    template = Template("x", "nb", 1, "redirect", ("redirect_formal",), (), "3.2.1", "matter_of_fact", text)
    with pytest.raises(Invalid, match="PLACEHOLDER_REQUIRED"):
        check(template)


@pytest.mark.parametrize("text", ["Skriv til postmottak@sogne.kommune.no.", "Skriv til Postboks 1051, 4682 Søgne."])
def test_g_21_a_redirect_that_names_one_of_them_is_stopped(text: str) -> None:
    """G-21."""
    assert "REFERRAL_INCOMPLETE" in blocking(text, kind="redirect")


def test_g_22_the_form_is_in_the_text_and_a_dead_one_stops_it() -> None:
    """G-22."""
    text = _redirect()
    assert _VALUES["lenke"] in text
    assert "LINK_BROKEN" in blocking(text, kind="redirect", dead_links=[_VALUES["lenke"]])


def test_g_22_what_is_not_known_stays_a_placeholder_and_is_stopped() -> None:
    """G-21, G-22."""
    found = offer(_TEMPLATES, handling="redirect_formal", flags=frozenset(), lang="nb", kind="redirect")
    assert found is not None
    assert "PLACEHOLDER_UNFILLED" in blocking(fill(found, _VALUES | {"lenke": None}), kind="redirect")


@pytest.mark.parametrize("flag", ["legal_request:access", "legal_request:complaint", "legal_request:privacy"])
def test_a_statutory_request_is_told_that_it_is_registered_and_never_sent_away(flag: str) -> None:
    """2.3: valid in any form."""
    text = _redirect(flags=frozenset({flag}))
    assert "registrert" in text
    assert blocking(text, kind="redirect", flags=frozenset({flag})) == set()
    away = "Send oss en formell henvendelse på e-post."
    assert "LEGAL_REQUEST_REFUSED" in blocking(away, flags=frozenset({flag}))


def test_every_template_of_the_municipality_passes_its_own_checks() -> None:
    """What RED has approved beforehand needs no second look (D-11): it must be right in itself."""
    for template in _TEMPLATES:
        text = templates.fill(template, _VALUES)
        facts = {"kind": template.kind, "flags": frozenset(template.flags), "message_lang": template.lang}
        assert blocking(text, **facts) == set(), f"{template.code}.{template.lang}"
