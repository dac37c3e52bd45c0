"""Evidence: the canonical bytes of one wording and their hash, chained to the wording before."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

_FORM = 1  # version of the canonical form, inside every hash
DEPTH = "item"  # the item alone; thread and media are added by the job that fetches them
METHOD = "webhook"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Immutable. `prev_sha256` is the snapshot of the wording before, so that none can be slipped in or taken out."""

    id: UUID
    content: bytes
    sha256: str
    prev_sha256: str | None
    captured_at: datetime


def take(snapshot_id: UUID, facts: dict[str, Any], payload: Any, prev_sha256: str | None, at: datetime) -> Snapshot:
    """The snapshot of `facts` and the platform's own `payload`: sorted keys, UTF-8, UTC instants."""
    canonical = {
        **facts,
        "form": _FORM,
        "depth": DEPTH,
        "capture_method": METHOD,
        "captured_at": at,
        "prev_sha256": prev_sha256,
        "payload": payload,
    }
    try:
        content = _dump(canonical)
    except TypeError:  # nested deeper than orjson writes
        canonical["payload"] = json.dumps(payload, sort_keys=True)
        content = _dump(canonical)
    return Snapshot(snapshot_id, content, hashlib.sha256(content).hexdigest(), prev_sha256, at)


def _dump(canonical: dict[str, Any]) -> bytes:
    # the driver's UUIDs are a class of their own, which orjson hands to `default`
    return orjson.dumps(canonical, option=orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z, default=str)
