"""3.2.2: "Forventningen om hurtighet er sterkere på internett": a holding reply is offered at once."""

from pathlib import Path
from uuid import UUID

import pytest
from torg_responder.app import templates_of
from torg_responder.domain.settle import Message, wanted_draft
from torg_responder.domain.templates import offer

from .replied import blocking

_TEMPLATES = templates_of(Path(__file__).parents[2] / "config" / "sogne" / "templates")


def _message(handling: str, *flags: str) -> Message:
    return Message(UUID(int=1), UUID(int=2), version=1, text="?", handling=handling, flags=frozenset(flags))


@pytest.mark.parametrize(
    ("handling", "kind"),
    [
        ("open_case", "holding"),
        ("redirect_formal", "redirect"),
        ("refer_politics", "referral"),
        ("thank", "thanks"),
        ("answer", None),
        ("answer_criticism", None),
        ("archive_only", None),
        ("none_needed", None),
        ("remove", None),
    ],
)
def test_g_30_a_confirmed_case_is_offered_a_holding_reply(handling: str, kind: str | None) -> None:
    """G-30, G-20, G-46, G-38: what is offered before anybody asked."""
    assert wanted_draft(_message(handling)) == kind


@pytest.mark.parametrize("handling", ["open_case", "remove"])
@pytest.mark.parametrize("lang", ["nb", "nn"])
def test_where_life_is_at_risk_the_numbers_are_offered_first(handling: str, lang: str) -> None:
    """2.2: 110, 112, 113, 116 117, 116 111."""
    assert wanted_draft(_message(handling, "urgent")) == "holding"
    found = offer(_TEMPLATES, handling=handling, flags=frozenset({"urgent"}), lang=lang, kind="holding")
    assert found is not None
    assert found.lang == lang
    assert all(number in found.text for number in ("110", "112", "113", "116 117", "116 111"))
    assert blocking(found.text, kind="holding", flags=frozenset({"urgent"})) == set()
