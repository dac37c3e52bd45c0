"""The story of one message across the services, told from their feeds: for support, `make demo` and whoever wonders.

Ids, numbers and states are told; nobody's words are.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from .client import House

SERVICES = ("ingest", "classifier", "journal", "responder")
_OSLO = ZoneInfo("Europe/Oslo")
_BEFORE = timedelta(minutes=10)  # clocks of the services differ a little
_PAGE = 200
# what of an event is told, in this order: all of it ids, codes and numbers
_TOLD = (
    "message_version",
    "handling",
    "flags",
    "unit",
    "saksnummer",
    "journalposttype",
    "journalpostnummer",
    "journalsekvensnummer",
    "journalstatus",
    "avskrivningsmaate",
    "record_class",
    "code",
    "due_at",
    "kind",
    "attempt",
    "cause",
    "reason_code",
    "close_reason",
    "external_id",
    "permalink",
    "entry_hash",
)


@dataclass(frozen=True, slots=True)
class Step:
    """One event of the story."""

    at: datetime
    service: str
    type: str
    subject: str
    actor: str
    facts: dict[str, Any]

    def line(self) -> str:
        told = " ".join(f"{name}={value}" for name, value in self.facts.items())
        return (
            f"{self.at.astimezone(_OSLO):%Y-%m-%d %H:%M:%S}  {self.service:<10}  {self.type:<32}  {self.actor}  {told}"
        )


def trace(house: House, message_id: UUID) -> Sequence[Step]:
    """Every event of the message's conversation that is about it or about no other message, in order of time.

    Raises `Refused` with 404 for a message that ingest does not know.
    """
    message = house.get("ingest", f"/messages/{message_id}", "leder").body
    since = datetime.fromisoformat(message["received_at"]) - _BEFORE
    key = message["conversation_id"]
    steps = [
        step
        for service in SERVICES
        for envelope in _events(house, service, key, since)
        if (step := _step(service, envelope, str(message_id)))
    ]
    return sorted(steps, key=lambda step: step.at)


def _events(house: House, service: str, key: str, since: datetime) -> Iterator[dict[str, Any]]:
    position = _position_at(house, service, since)
    while True:
        page = house.get(service, "/feed", "journal", after=position, limit=_PAGE, payload="full").body
        yield from (item["payload"] for item in page["items"] if item["key"] == key)
        if not page["items"]:
            return
        position = page["next"]


def _position_at(house: House, service: str, since: datetime) -> int:
    """A position before the first event after `since`: found by halving, the feed is in order of time."""
    last = 1
    while _first_after(house, service, last) is not None:
        last *= 2
    low, high = 0, last
    while low < high:
        middle = (low + high) // 2
        found = _first_after(house, service, middle)
        if found is not None and found < since:
            low = middle + 1
        else:
            high = middle
    return max(0, low - 1)


def _first_after(house: House, service: str, position: int) -> datetime | None:
    items = house.get(service, "/feed", "journal", after=position, limit=1).body["items"]
    return datetime.fromisoformat(items[0]["time"]).astimezone(UTC) if items else None


def _step(service: str, envelope: dict[str, Any], message_id: str) -> Step | None:
    data = envelope["data"]
    if data.get("message_id", message_id) != message_id:
        return None
    return Step(
        datetime.fromisoformat(envelope["time"]),
        service,
        envelope["type"],
        envelope["subject"],
        envelope["actor"],
        {name: data[name] for name in _TOLD if data.get(name) not in (None, [], ())},
    )
