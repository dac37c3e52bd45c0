"""Bodies of requests: strict, closed, and refusing what PostgreSQL cannot store."""

import json
import re
from datetime import date, datetime
from typing import Annotated, Any, TypeVar
from uuid import UUID

import orjson
from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

LONGEST_BODY = 1024 * 1024
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


T = TypeVar("T", date, datetime)


class Body(BaseModel):
    """Base of request bodies: unknown fields are refused, "1" is no number."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def _storable(text: str) -> str:
    if "\x00" in text:
        raise ValueError("NUL is not allowed")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("lone surrogates are not allowed") from None
    return text


def _in_our_time(at: T) -> T:
    if not 1900 <= at.year < 2300:  # an instant at the edge of the calendar has no UTC form, its day no morrow
        raise ValueError("the year is out of range")
    return at


def _rfc3339(given: object) -> object:
    """Without this a number would be taken for seconds since 1970, and a date for its midnight."""
    if isinstance(given, str) and not _INSTANT.fullmatch(given):
        raise ValueError("an RFC 3339 time with seconds and zone is wanted, as 2026-06-03T08:00:00Z")
    if not isinstance(given, str | datetime):
        raise ValueError("a time is written as a string")
    return given


def _full_date(given: object) -> object:
    if isinstance(given, str) and not _DAY.fullmatch(given):
        raise ValueError("a date is wanted, as 2026-06-03")
    if not isinstance(given, str | date) or isinstance(given, datetime):
        raise ValueError("a date is written as a string")
    return given


Text = Annotated[str, AfterValidator(_storable), Field(max_length=100_000)]
Line = Annotated[str, AfterValidator(_storable), Field(min_length=1, max_length=500, pattern=r"^[^\r\n]*$")]
# JSON has no ids, instants and days: these three are read from strings also in strict bodies
Id = Annotated[UUID, Field(strict=False)]
Instant = Annotated[AwareDatetime, BeforeValidator(_rfc3339), AfterValidator(_in_our_time), Field(strict=False)]
Day = Annotated[date, BeforeValidator(_full_date), AfterValidator(_in_our_time), Field(strict=False)]


def parse(content: bytes) -> Any:
    """The JSON value in `content`. Raises `json.JSONDecodeError` for everything that is not plain JSON.

    orjson refuses NaN, 1e999 and great depth; the second pass refuses a key that comes twice, of which orjson would
    keep the last.
    """
    try:
        orjson.loads(content)
        return json.loads(content, object_pairs_hook=_unique, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise json.JSONDecodeError(str(error).split(":", 1)[0], "", 0) from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key comes twice")
    return found


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is no JSON")
