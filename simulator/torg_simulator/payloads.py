"""A delivery as bytes, and its signature, as the platform makes them."""

import hashlib
import hmac
import json
from collections.abc import Sequence
from typing import Any, Literal

from .platform import Change

Signature = Literal["right", "both", "wrong", "none", "sha1_only", "next"]
USER_AGENT = "facebookexternalua"


def encode(payload: Any) -> bytes:
    r"""JSON with everything beyond ASCII as `\u00e6` in lower case and `/` as `\/`: these bytes are signed and sent."""
    return json.dumps(payload, ensure_ascii=True, separators=(",", ":")).replace("/", "\\/").encode("ascii")


def delivery(changes: Sequence[Change], platform_object: str = "page") -> dict[str, Any]:
    """One body for all changes: an entry for each run of changes with the same page and time."""
    entries: list[dict[str, Any]] = []
    for change in changes:
        head = {"id": change.page_id} | ({} if change.time is None else {"time": change.time})
        if not entries or {key: entries[-1][key] for key in entries[-1] if key != "changes"} != head:
            entries.append({**head, "changes": []})
        entries[-1]["changes"].append({"value": change.value, "field": change.field})
    return {"entry": entries, "object": platform_object}


def signature_headers(body: bytes, how: Signature, secret: str, next_secret: str) -> dict[str, str]:
    """The signature headers over exactly these bytes."""
    if how == "none":
        return {}
    key = {"wrong": "not the secret of the app", "next": next_secret}.get(how, secret).encode()
    sha256 = {"X-Hub-Signature-256": "sha256=" + hmac.new(key, body, hashlib.sha256).hexdigest()}
    sha1 = {"X-Hub-Signature": "sha1=" + hmac.new(key, body, hashlib.sha1).hexdigest()}
    if how == "sha1_only":
        return sha1
    return sha1 | sha256 if how == "both" else sha256
