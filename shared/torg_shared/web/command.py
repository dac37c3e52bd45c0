"""What a route gets: who asks, what they saw, and one way to act that commits before it answers."""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, TypeVar
from uuid import UUID

import orjson
from fastapi import Depends
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from torg_shared import crash, idempotency
from torg_shared.auth import Principal, Row
from torg_shared.events.envelope import Actor
from torg_shared.versions import Expected
from torg_shared.work import Work, Works

from .cursors import Cursors, Page
from .problems import BadRequest

T = TypeVar("T")
_KEY = re.compile(r"[\x21-\x7e]{1,200}")
_ETAG = re.compile(r'"(\d{1,18})"')
_TRACEPARENT = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
_PUBLIC = Actor(kind="person", id="public")


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back: a model, or anything JSON can say. `version` becomes the ETag; `media_type` for other bytes."""

    body: Any = None
    status: int = 200
    version: int | None = None
    location: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    media_type: str = "application/json"


@dataclass(frozen=True, slots=True)
class _Command:
    works: Works
    cursors: Cursors
    row: Row
    request: Request
    caller: Principal | None

    @property
    def principal(self) -> Principal:
        """Who asks. Raises `LookupError` on a public route that was asked without a token."""
        if self.caller is None:
            raise LookupError("nobody has signed in on this public route")
        return self.caller

    @property
    def actor(self) -> Actor:
        return self.caller.actor if self.caller else _PUBLIC

    @property
    def expected(self) -> Expected:
        """The version in If-Match; a value that cannot be one of ours matches nothing."""
        header = self.request.headers.get("if-match")
        if header is None or header.strip() == "*":  # "*" would say: whatever it is by now
            return Expected.none()
        found = _ETAG.fullmatch(header.strip())
        return Expected.exactly(int(found[1]) if found else -1)

    async def run(self, use_case: Callable[[Work], Awaitable[T]], answer: Callable[[T], Answer] = Answer) -> Response:
        """Do it and commit, then answer: idempotency key, use case and stored answer are one transaction."""
        key = await self._key()
        async with self.works.begin(self.actor, self._traceparent()) as work:
            self._note_emergency(work)
            if key and (stored := await idempotency.take(work.db, key)):
                headers = orjson.loads(stored.headers) | {"Idempotency-Replayed": "true"}
                return Response(stored.body, stored.status, headers)
            response = _response(answer(await use_case(work)))
            if key:
                headers = orjson.dumps(dict(response.headers))
                kept = idempotency.Stored(response.status_code, headers, bytes(response.body))
                await idempotency.keep(work.db, key, kept, work.now)
            crash.point("command.before_commit")
        crash.point("command.committed")
        return response

    async def read(self, query: Callable[[Work], Awaitable[T]]) -> T:
        """Look something up. The work is open for queries and for noting who read what."""
        async with self.works.begin(self.actor, self._traceparent()) as work:
            self._note_emergency(work)
            return await query(work)

    def answer(self, answer: Answer) -> Response:
        """The response of a GET; 304 when the caller has this version already."""
        response = _response(answer)
        tag = response.headers.get("etag")
        asked = self.request.headers.get("if-none-match", "")
        if tag and tag in [one.strip().removeprefix("W/") for one in asked.split(",")]:
            return Response(status_code=304, headers={"ETag": tag})
        return response

    def page(self, name: str, after: str | None, limit: int, **filters: Any) -> Page:
        """The part of list `name` under `filters` that is wanted. Raises `Invalid` for a foreign cursor."""
        chosen = {key: str(value) for key, value in filters.items() if value is not None}
        return self.cursors.page(name + orjson.dumps(chosen, option=orjson.OPT_SORT_KEYS).decode(), after, limit)

    def list(
        self,
        page: Page,
        rows: Sequence[T],
        position: Callable[[T], Sequence[Any]],
        item: Callable[[T], Any],
    ) -> Response:
        """A page: `items`, and `next` with a Link header when `rows` holds one more than the page."""
        following = self.cursors.next(page, rows, position)
        headers = {}
        if following:
            query = self.request.url.include_query_params(after=following).query
            headers["Link"] = f'<{self.request.url.path}?{query}>; rel="next"'
        items = [item(one) for one in rows[: page.limit]]
        return self.answer(Answer({"items": items, "next": following}, headers=headers))

    async def _key(self) -> idempotency.Key | None:
        if not self.row.key:
            return None
        header = self.request.headers.get("idempotency-key")
        if not header:
            raise BadRequest("IDEMPOTENCY_KEY_REQUIRED")
        if not _KEY.fullmatch(header):
            raise BadRequest("IDEMPOTENCY_KEY_INVALID")
        who = f"{self.caller.subject}" if self.caller else "public"
        url = self.request.url
        return idempotency.Key.of(who, self.request.method, url.path, header, url.query, await self.request.body())

    def _note_emergency(self, work: Work) -> None:
        """Whoever came in with the key from the safe leaves a row for everything, reading included."""
        if self.caller and self.caller.emergency:
            work.audit("break_glass.used", self.caller.subject, method=self.request.method, path=self.request.url.path)

    def _traceparent(self) -> str | None:
        header = self.request.headers.get("traceparent", "")
        return header if _TRACEPARENT.fullmatch(header) else None


def _response(answer: Answer) -> Response:
    headers = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", **answer.headers}
    if answer.version is not None:
        headers["ETag"] = f'"{answer.version}"'
    if answer.location is not None:
        headers["Location"] = answer.location
    if answer.body is None and answer.media_type == "application/json":
        status = 204 if answer.status == 200 else answer.status
        return Response(status_code=status, headers=headers)
    content = answer.body if isinstance(answer.body, bytes | str) else dump(answer.body)
    return Response(content, answer.status, headers, answer.media_type)


def dump(value: Any) -> bytes:
    """`value` as JSON: models by pydantic, instants as RFC 3339 UTC."""
    return orjson.dumps(value, default=_plain, option=orjson.OPT_UTC_Z | orjson.OPT_PASSTHROUGH_DATACLASS)


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, set | frozenset):
        return sorted(value)
    if isinstance(value, UUID):  # the driver's own class, which orjson does not know
        return str(value)
    raise TypeError(f"{type(value).__name__} has no JSON form here: render it")


def _command(request: Request) -> _Command:
    kernel = request.app.state.kernel
    return _Command(kernel.works, kernel.cursors, request.state.row, request, request.state.caller)


Command = Annotated[_Command, Depends(_command)]
