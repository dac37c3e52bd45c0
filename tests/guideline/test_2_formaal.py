"""2: people are led to the traditional channels, so every channel knows where those are."""

from dataclasses import replace

import pytest
from torg_ingest.domain import channels as rules
from torg_shared.errors import Conflict

from .test_4_kanaler import NOW, decided


@pytest.mark.parametrize("contact", [{}, {"email": "a@b.no"}, {"postal_address": ["x"]}, {"email": ""}])
def test_g_06_a_channel_without_formal_contact_is_not_used(contact: dict[str, object]) -> None:
    """G-06."""
    with pytest.raises(Conflict) as refused:
        rules.activate(replace(decided(), formal_contact=contact), "leder", NOW)
    assert refused.value.code == "FORMAL_CONTACT_MISSING"


def test_g_06_an_active_channel_keeps_its_formal_contact() -> None:
    active = rules.activate(decided(), "leder", NOW)
    with pytest.raises(Conflict) as refused:
        rules.describe(active, rules.Description(formal_contact={}), "redaktoer", NOW)
    assert refused.value.code == "FORMAL_CONTACT_MISSING"
