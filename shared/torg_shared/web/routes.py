"""Routes that ask for rights before they look at the body, and that take nothing they do not name."""

import time
from collections.abc import AsyncGenerator, Callable, Coroutine
from typing import Any

from fastapi import APIRouter
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from torg_shared.auth import Matrix, Principal, Row, Tokens, Unauthenticated
from torg_shared.errors import DomainError, Forbidden, Invalid

from .bodies import LONGEST_BODY, parse
from .problems import TooMany, unexpected

_PER_SECOND, _BURST = 200.0, 400.0
_PUBLIC_PER_SECOND, _PUBLIC_BURST = 50.0, 200.0
_MOST_CALLERS = 10_000


class Gate:
    """Lets a request through to its route: token, role, rate. Made once per application."""

    def __init__(self, matrix: Matrix, tokens: Tokens) -> None:
        self.matrix = matrix
        self.tokens = tokens
        self._buckets: dict[str, tuple[float, float]] = {}

    def check(self, request: Request, row: Row) -> Principal | None:
        """The caller, None for the public. Raises `Unauthenticated`, `Forbidden`, `TooMany`."""
        header = request.headers.get("authorization")
        if header is None and row.public:
            self._limit(f"public {request.client.host if request.client else ''}", _PUBLIC_PER_SECOND, _PUBLIC_BURST)
            return None
        if header is None:
            raise Unauthenticated("TOKEN_MISSING")
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer":
            raise Unauthenticated("TOKEN_INVALID")
        caller = self.tokens.check(token.strip(), request.headers.get("torg-role"))
        self._limit(caller.subject, _PER_SECOND, _BURST)
        if not row.public and caller.role not in row.roles:
            raise Forbidden("ROLE_FORBIDDEN", role=caller.role.value)
        return caller

    def _limit(self, caller: str, per_second: float, burst: float) -> None:
        now = time.monotonic()
        left, seen = self._buckets.get(caller, (burst, now))
        left = min(burst, left + (now - seen) * per_second) - 1
        if left < 0:
            raise TooMany("TOO_MANY_REQUESTS")
        if len(self._buckets) >= _MOST_CALLERS and caller not in self._buckets:
            self._buckets.clear()  # forgetting is cheaper than remembering everybody
        self._buckets[caller] = (left, now)


class _GuardedRoute(APIRoute):
    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        inner = super().get_route_handler()
        known = {field.alias for field in self.dependant.query_params}

        async def guarded(request: Request) -> Response:
            gate: Gate = request.app.state.kernel.gate
            row = gate.matrix[name_of(request.method, self.path_format)]
            request.state.row = row
            request.state.caller = gate.check(request, row)
            for parameter in request.query_params:
                values = request.query_params.getlist(parameter)
                if parameter not in known or len(values) > 1 or "\0" in values[0]:  # NUL: no column can hold it
                    raise Invalid("QUERY_INVALID", parameter=parameter[:50])
            try:
                return await inner(_StrictRequest(request.scope, request.receive))
            except (DomainError, RequestValidationError, HTTPException):
                raise
            except Exception as error:  # noqa: BLE001 - the last place that still can answer as a problem document
                return await unexpected(request, error)

        return guarded


class _StrictRequest(Request):
    async def stream(self) -> AsyncGenerator[bytes, None]:
        """Raises `HTTPException` 413 as soon as the body is seen to be too long, whatever its header claims."""
        seen = 0
        async for chunk in super().stream():
            seen += len(chunk)
            if seen > LONGEST_BODY:
                raise HTTPException(413)
            yield chunk

    async def json(self) -> Any:
        return parse(await self.body())


class Router(APIRouter):
    """The router of every service: all its routes are guarded by the authorisation matrix."""

    def __init__(self, **options: Any) -> None:
        super().__init__(route_class=_GuardedRoute, **options)


def name_of(method: str, path: str) -> str:
    """The key of the matrix: `GET /replies/{reply_id}`."""
    return f"{method} {path}"
