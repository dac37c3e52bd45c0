"""The outbound port: every effect has one of three outcomes, and `Unknown` is a state, not an exception."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from torg_responder.domain.sending import Confirmed, Outcome, Rejected, Seen, Unknown

__all__ = ["Confirmed", "Gone", "Outcome", "Platform", "Rejected", "Seen", "Unknown", "Unreachable"]


class Gone(Exception):
    """The object is not there, or not for us."""


class Unreachable(Exception):
    """The platform did not answer usefully: nothing is known; ask later. `retry_after_s` when it said so."""

    def __init__(self, code: str, retry_after_s: float | None = None, pauses_channel: bool = False) -> None:
        super().__init__(code)
        self.code, self.retry_after_s, self.pauses_channel = code, retry_after_s, pauses_channel


class Platform(Protocol):
    async def reply(self, parent_id: str, text: str) -> Outcome:
        """Post `text` under `parent_id`: one call, never repeated."""

    async def fetch(self, object_id: str) -> Seen:
        """The object now. Raises `Gone`, `Unreachable`."""

    async def find_own_replies(self, parent_id: str, since: datetime) -> Sequence[Seen]:
        """Our own replies under `parent_id` since then, newest first, to the end of the window.

        Raises `Gone`, `Unreachable`.
        """

    async def close(self) -> None: ...
