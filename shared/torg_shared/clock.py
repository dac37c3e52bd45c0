"""The injected clock. Read once per transaction; `now()` never stands in domain SQL."""

from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    def now(self) -> datetime:
        """The instant, timezone-aware, in UTC."""


class SystemClock:
    """The clock of a running service."""

    def now(self) -> datetime:
        return datetime.now(UTC)
