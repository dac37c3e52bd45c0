"""Deliveries as Facebook sends them, with our own texts and values."""

import hashlib
import hmac
import json
from typing import Any

PAGE = "105678901234567"
SECRET = b"app-secret"
VERIFY = b"verify-token"
POST = f"{PAGE}_2002"
AT = 1780473600  # 2026-06-03 08:00 UTC, where the test clock stands


def value(comment: Any = "2002_3003", verb: Any = "add", **more: Any) -> dict[str, Any]:
    """The value of a comment's change; a key given as None is left out."""
    content: dict[str, Any] = {
        "item": "comment",
        "verb": verb,
        "comment_id": comment,
        "post_id": POST,
        "parent_id": POST,
        "from": {"id": "7007", "name": "Kari Nordmann"},
        "created_time": AT,
        "message": "Når åpner svømmehallen? 🏊",
    }
    if verb == "remove":
        content |= {"message": None, "created_time": None}
    return {key: one for key, one in (content | more).items() if one is not None}


def reply(comment: str, parent: str, verb: str = "add", **more: Any) -> dict[str, Any]:
    return value(comment, verb, parent_id=parent, **more)


def own(comment: str, parent: str | None = None, **more: Any) -> dict[str, Any]:
    """What the page itself wrote."""
    return value(comment, parent_id=parent or POST, **{"from": {"id": PAGE, "name": "Søgne kommune"}, **more})


def entry(*values: dict[str, Any], page: Any = PAGE, time: Any = AT, field: str = "feed") -> dict[str, Any]:
    return {"id": page, "time": time, "changes": [{"field": field, "value": one} for one in values]}


def delivery(*values: dict[str, Any], time: Any = AT) -> bytes:
    return body(entry(*values, time=time))


def body(*entries: Any, **more: Any) -> bytes:
    """Escaped as Meta escapes: non-ASCII by lower-case hexadecimal, slashes with a backslash."""
    content = {"object": "page", "entry": list(entries)} | more
    return json.dumps(content, separators=(",", ":")).replace("/", "\\/").encode()


def signature(content: bytes, secret: bytes = SECRET) -> str:
    return "sha256=" + hmac.digest(secret, content, hashlib.sha256).hex()
