"""Which instant counts as the time of receipt (mottattDato, deadlines): architecture section 5."""

from datetime import UTC, datetime, timedelta

_AHEAD = timedelta(minutes=5)
_EARLIEST = datetime(2004, 1, 1, tzinfo=UTC)  # before any of the platforms

NOT_TOLD = "Plattformen oppga ikke tidspunkt; mottatt tid er da meldingen kom til kommunen."
BEFORE_ACTIVATION = "Skrevet før kanalen ble tatt i bruk; mottatt tid er da meldingen kom til kommunen."
NOT_CREDIBLE = "Plattformens tidspunkt er ikke troverdig; mottatt tid er da meldingen kom til kommunen."


def instant(value: object) -> datetime | None:
    """A platform's number as an instant: seconds or, by magnitude, milliseconds. None for what is neither."""
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value[:20])
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        return None
    seconds = value / 1000 if value > 100_000_000_000 else value
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, ValueError, OSError):
        return None


def credible(told: datetime | None, arrived: datetime) -> bool:
    """False for a time that no platform can have meant, in 1970 or in 2999."""
    return told is not None and _EARLIEST <= told <= arrived + _AHEAD


def order_of(told: datetime | None, arrived: datetime) -> datetime:
    """The instant that orders changes of one thing. An incredible one must not win over all later changes."""
    return told if told is not None and credible(told, arrived) else arrived


def received(created: datetime | None, arrived: datetime, activated: datetime | None) -> tuple[datetime, str | None]:
    """The time of receipt, and the remark (merknad) that explains it when it is not the platform's."""
    if created is None:
        return arrived, NOT_TOLD
    if not credible(created, arrived):
        return arrived, NOT_CREDIBLE
    if activated is not None and created < activated:
        return arrived, BEFORE_ACTIVATION
    return created, None
