"""Signed cursors: a place in a list, good for that list and its filter alone."""

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import orjson
from fastapi import Query

from torg_shared.errors import Invalid

After = Annotated[str | None, Query(max_length=1000, description="`next` of the page before")]
Limit = Annotated[int, Query(ge=1, le=200, description="Items on a page")]


@dataclass(frozen=True, slots=True)
class Page:
    """What part of a list is wanted. `position` holds the last item's sort values, None at the start.

    Queries fetch `limit + 1` rows: the extra one says whether there is more.
    """

    name: str
    position: Sequence[Any] | None
    limit: int


@dataclass(frozen=True, slots=True)
class Cursors:
    """Signs and reads cursors with the deployment's secret."""

    secret: bytes

    def page(self, name: str, after: str | None, limit: int) -> Page:
        """`name` says which list with which filters. Raises `Invalid` with `CURSOR_INVALID`."""
        return Page(name, None if after is None else self._read(name, after), limit)

    def sign(self, name: str, position: Sequence[Any]) -> str:
        content = orjson.dumps(list(position), default=str)
        return base64.urlsafe_b64encode(self._mac(name, content) + content).decode().rstrip("=")

    def next(self, page: Page, rows: Sequence[Any], position: Callable[[Any], Sequence[Any]]) -> str | None:
        """The cursor past the last row shown; None when `rows` holds no row beyond the page."""
        return self.sign(page.name, position(rows[page.limit - 1])) if len(rows) > page.limit else None

    def _read(self, name: str, after: str) -> list[Any]:
        try:
            raw = base64.b64decode(after + "=" * (-len(after) % 4), altchars=b"-_", validate=True)
            mac, content = raw[:16], raw[16:]
            if not hmac.compare_digest(mac, self._mac(name, content)):
                raise ValueError("signed for something else")
            position = orjson.loads(content)
        except (ValueError, binascii.Error):
            raise Invalid("CURSOR_INVALID") from None
        return list(position)

    def _mac(self, name: str, content: bytes) -> bytes:
        return hmac.digest(self.secret, name.encode() + b"\0" + content, hashlib.sha256)[:16]
