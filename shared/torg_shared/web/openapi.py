"""What the OpenAPI document says beyond what FastAPI knows: tokens, keys, versions, and errors as they really come."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from torg_shared.auth import Matrix, Row

from .problems import MEDIA_TYPE
from .routes import name_of

_PROBLEM: dict[str, Any] = {
    "type": "object",
    "description": "RFC 9457; `code` is stable and decides, `detail` is for people. More members tell the facts.",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "pattern": "^[A-Z][A-Z0-9_]*$"},
        "detail": {"type": "string"},
        "subject": {"type": "string"},
    },
    "required": ["type", "title", "status", "code", "detail"],
}
_ERROR = {
    "description": "Refused, or failed: a problem document",
    "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
}
_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "A new unique value for each action; the same one when the action is sent again",
    "schema": {"type": "string", "pattern": "^[\\x21-\\x7e]{1,200}$"},
}
_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": True,
    "description": "The ETag of the version that the action was decided on",
    "schema": {"type": "string", "pattern": '^"[0-9]{1,18}"$'},
}
_HAT = {
    "name": "Torg-Role",
    "in": "header",
    "required": False,
    "description": "Which of the token's roles is meant; the first by default",
    "schema": {"type": "string"},
}


def describe(app: FastAPI, matrix: Matrix) -> dict[str, Any]:
    """The document of `app`, with the rules of requirements section 11 on every route that `matrix` guards."""
    document = get_openapi(title=app.title, version=app.version, routes=app.routes)
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if row := matrix.get(name_of(method.upper(), path)):
                _complete(operation, row)
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    schemas["Problem"] = _PROBLEM
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
    return document


def _complete(operation: dict[str, Any], row: Row) -> None:
    wanted = [one for one, used in ((_KEY, row.key), (_MATCH, row.match), (_HAT, True)) if used]
    operation["parameters"] = [*operation.get("parameters", ()), *wanted]
    operation["security"] = [{}, {"token": []}] if row.public else [{"token": []}]
    operation["responses"].pop("422", None)  # FastAPI's own form of a refusal, which never comes
    operation["responses"]["default"] = _ERROR
