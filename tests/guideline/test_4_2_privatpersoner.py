"""4.2: employees have freedom of speech; their private profiles are nobody's source."""

from dataclasses import replace

import pytest
from torg_ingest.domain import channels as rules
from torg_shared.errors import Invalid
from torg_shared.ids import uuid7

from .test_4_kanaler import NOW, PROPOSAL


@pytest.mark.parametrize("account_type", ["profile", "person", "group", "private", ""])
def test_g_51_a_private_profile_is_never_registered(account_type: str) -> None:
    """G-51."""
    with pytest.raises(Invalid) as refused:
        rules.propose(replace(PROPOSAL, account_type=account_type), uuid7(), "redaktoer", NOW)
    assert refused.value.code == "NOT_AN_OWN_CHANNEL"
