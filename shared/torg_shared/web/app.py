"""One REST application per service: its routers behind the gate, the standard routes, the health pages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from torg_shared.auth import Matrix, Tokens
from torg_shared.bus.port import Bus
from torg_shared.bus.runner import Group
from torg_shared.errors import DomainError
from torg_shared.metrics import Metrics
from torg_shared.work import Works

from .cursors import Cursors
from .health import Health
from .openapi import describe
from .problems import domain_error, http_error, texts_of, unexpected, wrong_shape
from .routes import Gate, Router, name_of
from .standard import STANDARD_MATRIX, standard_router


@dataclass(frozen=True, slots=True)
class _Kernel:
    works: Works
    cursors: Cursors
    gate: Gate


class _Application(FastAPI):
    """`doors` are answered before any middleware: those of platforms, where each microsecond is paid per delivery."""

    doors: Mapping[str, ASGIApp] = MappingProxyType({})
    rows: Matrix = MappingProxyType({})

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            self.openapi_schema = describe(self, self.rows)
        return self.openapi_schema

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        door = self.doors.get(scope.get("path", ""))
        await (door or super().__call__)(scope, receive, send)


class RouteWithoutRow(Exception):
    """A route and the authorisation matrix do not agree: the application is not built."""


def make_api(
    *,
    name: str,
    package: str,
    works: Works,
    bus: Bus,
    metrics: Metrics,
    tokens: Tokens,
    matrix: Matrix,
    routers: Sequence[Router],
    groups: Sequence[Group] = (),
    cursor_secret: bytes,
    doors: Mapping[str, ASGIApp] = MappingProxyType({}),
) -> tuple[FastAPI, Starlette]:
    """The REST application, and the health pages alone (for workers).

    `doors` (by path) stand outside the gate and authenticate by themselves: ingest's webhooks. Raises
    `RouteWithoutRow`.
    """
    rows = {**STANDARD_MATRIX, **matrix}
    app = _Application(title=f"Torg {name}", version="1", redirect_slashes=False, redoc_url=None)
    app.state.kernel = _Kernel(works, Cursors(cursor_secret), Gate(rows, tokens))
    app.state.error_texts = texts_of(package)
    app.add_exception_handler(DomainError, domain_error)
    app.add_exception_handler(RequestValidationError, wrong_shape)
    app.add_exception_handler(HTTPException, http_error)
    app.add_exception_handler(Exception, unexpected)
    health = Health(works, bus, metrics, tokens, groups).routes()
    app.doors = doors
    app.rows = rows
    app.router.routes[:0] = health
    guarded = (*routers, standard_router(works, groups))
    agree(guarded, rows)
    for router in guarded:
        app.include_router(router)
    return app, Starlette(routes=list(health))


def routes_of(routers: Sequence[Router]) -> list[str]:
    """The guarded routes of `routers`, as the matrix names them."""
    routes = (one for router in routers for one in router.routes if isinstance(one, APIRoute))
    return [name_of(method, one.path_format) for one in routes for method in one.methods or ()]


def agree(routers: Sequence[Router], rows: Matrix) -> None:
    """Raises `RouteWithoutRow` for a route without a row, and for a row without a route."""
    if odd := set(routes_of(routers)) ^ set(rows):
        raise RouteWithoutRow(", ".join(sorted(odd)))


def read_secret(folder: Path, name: str) -> bytes:
    """The secret in the file `name`. Raises `OSError`; an empty one is refused with `ValueError`."""
    content = (folder / name).read_bytes().strip()
    if not content:
        raise ValueError(f"{folder / name} is empty")
    return content
