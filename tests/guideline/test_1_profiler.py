"""1: the first profile is on Facebook, others follow; whoever writes there is heard."""

from datetime import UTC, datetime, timedelta

from torg_ingest.channels import facebook
from torg_ingest.domain.changes import Delivery
from torg_ingest.domain.intake import fold
from torg_ingest.domain.messages import OwnChannel
from torg_ingest.usecases.intake import PARSERS
from torg_shared.ids import uuid7

from tests.ingest.facebook import delivery, value

NOW = datetime(2026, 6, 3, 8, 0, tzinfo=UTC)
CHANNEL = OwnChannel(uuid7(), NOW - timedelta(days=1), closed=False)


def test_g_01_a_platform_is_one_parser_behind_one_normal_form() -> None:
    """G-01: a further platform is one more line here; nothing behind it knows which platform spoke."""
    assert {"facebook": facebook.parse} == PARSERS


def test_g_02_a_sender_needs_no_identity() -> None:
    """G-02: an author hidden by the platform is still received."""
    content = delivery(value(message="Hei, er svømmehallen åpen 17. mai?", **{"from": None}))
    (change,) = facebook.parse(Delivery(uuid7(), "facebook", NOW, content)).changes
    done = fold({}, [(change, CHANNEL)], NOW, timedelta(seconds=20))

    (effect,) = done.effects
    assert effect.what == "received"
    assert effect.message.author.handle is None
    assert not effect.message.is_self
