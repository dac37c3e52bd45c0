"""The outbound port: every effect has one of three outcomes, and `Unknown` is a state, not an exception."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Confirmed:
    external_id: str
    permalink: str | None = None


@dataclass(frozen=True, slots=True)
class Rejected:
    """Certainly no effect. `permanent` goes to a person; otherwise it is tried again after `retry_after_s`.

    `pauses_channel`: the token or a permission is at fault, or the platform blocks us; nothing else is sent either.
    """

    code: str
    permanent: bool = False
    retry_after_s: float | None = None
    pauses_channel: bool = False


@dataclass(frozen=True, slots=True)
class Unknown:
    """It may have happened."""

    code: str


Outcome = Confirmed | Rejected | Unknown


@dataclass(frozen=True, slots=True)
class Seen:
    """An object as it stands on the platform."""

    external_id: str
    text: str | None
    permalink: str | None = None
    created_at: datetime | None = None
    is_own: bool = False


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
