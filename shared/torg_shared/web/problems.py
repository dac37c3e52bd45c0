"""Errors as RFC 9457 problem documents: a stable `code`, the id concerned, and what to do, in the reader's language."""

from collections.abc import Mapping
from functools import cache
from http import HTTPStatus
from importlib.resources import files
from typing import Any
from uuid import UUID

import orjson
import structlog
import yaml
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from torg_shared.auth import Unauthenticated
from torg_shared.db import is_transient
from torg_shared.errors import (
    Conflict,
    DomainError,
    Forbidden,
    Invalid,
    NotFound,
    PreconditionRequired,
    VersionConflict,
)
from torg_shared.idempotency import InProgress

MEDIA_TYPE = "application/problem+json"
LANGUAGES = ("nb", "nn", "en")
_log = structlog.get_logger()

Texts = Mapping[str, Mapping[str, str]]


class BadRequest(DomainError):
    """The request cannot be understood."""


class TooMany(DomainError):
    """More requests than one principal may send."""


_STATUS: Mapping[type[Exception], int] = {
    BadRequest: 400,
    Unauthenticated: 401,
    Forbidden: 403,
    NotFound: 404,
    VersionConflict: 412,
    Conflict: 409,
    Invalid: 422,
    PreconditionRequired: 428,
    TooMany: 429,
}
_HTTP_CODES = {404: "NO_SUCH_PATH", 405: "METHOD_NOT_ALLOWED", 413: "BODY_TOO_LARGE"}


@cache
def texts_of(package: str) -> Texts:
    """`errors.yaml` of `package`, joined with the kernel's own."""
    own = yaml.safe_load((files("torg_shared.web") / "errors.yaml").read_text(encoding="utf-8"))
    path = files(package) / "errors.yaml"
    theirs = yaml.safe_load(path.read_text(encoding="utf-8")) if path.is_file() else {}
    return {**own, **(theirs or {})}


def language_of(accept: str | None) -> str:
    """The first of nb, nn, en that the header names ("no" is nb); bokmål without one."""
    for part in (accept or "").split(","):
        tag = part.split(";")[0].strip().lower().split("-")[0]
        if tag in LANGUAGES:
            return tag
        if tag == "no":
            return "nb"
    return "nb"


def problem(
    request: Request,
    status: int,
    code: str,
    *,
    subject: UUID | str | None = None,
    facts: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The problem document for `code`; `facts` fill its text and stand beside it as members."""
    texts: Texts = request.app.state.error_texts
    facts = {} if facts is None else {k: v for k, v in facts.items() if v is not None}
    wording = texts.get(code, {})
    told = wording.get(language_of(request.headers.get("accept-language"))) or wording.get("nb") or code
    document = {
        **facts,
        "type": f"urn:torg:problem:{code}",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "code": code,
        "detail": _filled(told, {"subject": subject, **facts}),
    }
    if subject is not None:
        document["subject"] = str(subject)
    content = orjson.dumps(document, default=str, option=orjson.OPT_UTC_Z)
    return Response(content, status, dict(headers or {}), MEDIA_TYPE)


async def domain_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, DomainError)
    status = next(status for kind, status in _STATUS.items() if isinstance(error, kind))
    headers = {}
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, InProgress | TooMany):
        headers["Retry-After"] = "1"
    return problem(request, status, error.code, subject=error.subject, facts=error.facts, headers=headers)


async def wrong_shape(request: Request, error: Exception) -> Response:
    """400 for what is no JSON, 422 for JSON of the wrong shape; the values are not repeated, only their places."""
    assert isinstance(error, RequestValidationError)
    found = error.errors()
    if any(one["type"] == "json_invalid" for one in found):
        return problem(request, 400, "JSON_INVALID")
    places = [{"place": "/".join(map(str, one["loc"])), "problem": str(one["msg"])[:200]} for one in found[:20]]
    return problem(request, 422, "BODY_INVALID", facts={"errors": places})


async def http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = _HTTP_CODES.get(error.status_code, "REQUEST_REFUSED")
    return problem(request, error.status_code, code, headers=error.headers)


async def unexpected(request: Request, error: Exception) -> Response:
    """503 while the database is away, else 500; the cause goes to the log, never to the caller."""
    if is_transient(error):
        _log.warning("http.database_away", error=type(error).__name__)
        return problem(request, 503, "STORAGE_AWAY", headers={"Retry-After": "5"})
    _log.error("http.failed", route=_route_of(request), error=type(error).__name__, exc_info=error)
    return problem(request, 500, "INTERNAL")


def _route_of(request: Request) -> str:
    route = request.scope.get("route")
    return f"{request.method} {getattr(route, 'path', '?')}"


def _filled(text: str, facts: Mapping[str, Any]) -> str:
    for name, value in facts.items():
        text = text.replace("{" + name + "}", str(value))
    return text
