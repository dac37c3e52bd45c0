"""An event travels: what was written is read, the envelope beside it; what is no event is refused by name."""

from datetime import UTC, datetime
from uuid import UUID

import orjson
import pytest
from torg_shared.events.catalogue import CONTRACTS
from torg_shared.events.classifier import UrgentAcknowledged
from torg_shared.events.envelope import Actor, Meta, decode, encode
from torg_shared.ids import uuid7

_EVENT = UrgentAcknowledged(
    message_id=UUID(int=1), conversation_id=UUID(int=2), message_version=3, acknowledged_by="kari/æ", action="called"
)


def _meta(**more: object) -> Meta:
    actor = Actor(kind="person", id="kari/nord", role="leder")
    return Meta(uuid7(), datetime(2026, 6, 3, 8, tzinfo=UTC), actor, "root", **more)  # type: ignore[arg-type]


def test_an_event_is_read_as_it_was_written() -> None:
    for meta in (_meta(), _meta(causationid=uuid7(), traceparent="00-" + "a" * 32 + "-" + "b" * 16 + "-01")):
        found = decode(encode(_EVENT, meta, "urn:torg:test"), CONTRACTS)
        assert found == _EVENT
        assert found.meta == meta


def test_an_event_made_here_has_no_envelope() -> None:
    with pytest.raises(LookupError):
        _ = _EVENT.meta


def test_unknown_fields_of_a_newer_producer_are_passed_over() -> None:
    wire = orjson.loads(encode(_EVENT, _meta(), "urn:torg:test"))
    wire["data"]["later"] = 1
    wire["laterextension"] = "x"
    assert decode(orjson.dumps(wire), CONTRACTS) == _EVENT


@pytest.mark.parametrize(
    "change",
    [
        {"id": "no-id"},
        {"id": None},
        {"time": "yesterday"},
        {"time": "2026-06-03T08:00:00"},
        {"specversion": "0.3"},
        {"actor": "nobody"},
        {"actor": "ghost/-/x"},
        {"data": {"message_id": "x"}},
        {"data": None},
    ],
)
def test_what_is_no_event_is_refused(change: dict[str, object]) -> None:
    wire = orjson.loads(encode(_EVENT, _meta(), "urn:torg:test")) | change
    with pytest.raises(ValueError, match=r"."):
        decode(orjson.dumps(wire), CONTRACTS)
    for payload in (b"", b"[]", b"null", b"{", b"\xff"):
        with pytest.raises(ValueError, match=r"."):
            decode(payload, CONTRACTS)


def test_an_unknown_type_is_named() -> None:
    wire = orjson.loads(encode(_EVENT, _meta(), "urn:torg:test")) | {"type": "unheard.of.v1"}
    with pytest.raises(KeyError, match=r"unheard\.of\.v1"):
        decode(orjson.dumps(wire), CONTRACTS)
