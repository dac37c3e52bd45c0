"""Facebook pages: the signature, the handshake, and what the payloads of `feed` mean."""

import hashlib
import hmac
import json
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl

import orjson

from torg_ingest.domain.changes import UNKNOWN, Author, Change, Delivery, Parsed, SetAside, Verb, message_id
from torg_ingest.domain.times import instant, order_of

PLATFORM = "facebook"
LONGEST_CHALLENGE = 256
CAPABILITIES = {
    "receive": ["webhook"],
    "sees_edits": True,
    "sees_removals": True,
    "reply": True,
    "reply_longest": 8000,
    "hide": "can_hide",
    "delete": "can_remove",
    "idempotency": None,
    "manual": True,
}

_PREFIX = b"sha256="
_VERBS: dict[str, Verb] = {
    "add": "created",
    "edited": "edited",
    "remove": "removed",
    "hide": "hidden",
    "unhide": "unhidden",
}
_MOST_PARAMETERS = 20
_LONGEST_ID = 200
_LONGEST_NAME = 500
_LONGEST_LINK = 2000
_LONGEST_LABEL = 40
_REPLACEMENT = "\ufffd"
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


class NoJson(ValueError):
    """The body is no JSON that can be trusted to mean one thing."""


def signed(body: bytes, signature: bytes, secrets: Sequence[bytes]) -> bool:
    """True when one of the live `secrets` signed exactly these bytes. Lower-case hexadecimal only, constant time."""
    good = False
    for secret in secrets:
        good |= hmac.compare_digest(_PREFIX + hmac.digest(secret, body, "sha256").hex().encode(), signature)
    return good


def handshake(query: bytes, verify_token: bytes) -> str | None:
    """The challenge to echo, None when the subscription is not ours to confirm."""
    try:
        pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True, max_num_fields=_MOST_PARAMETERS)
    except ValueError:
        return None
    asked = dict(pairs)
    if len(asked) != len(pairs) or asked.get("hub.mode") != "subscribe":
        return None
    theirs = hashlib.sha256(asked.get("hub.verify_token", "").encode()).digest()
    if not hmac.compare_digest(theirs, hashlib.sha256(verify_token).digest()):
        return None
    challenge = asked.get("hub.challenge", "")
    return challenge if 0 < len(challenge) <= LONGEST_CHALLENGE else None


def parse(delivery: Delivery) -> Parsed:
    """Every change of every entry; what nothing handles comes back set aside. Never raises for what is in the bytes."""
    if reason := _not_json(delivery):
        return _quarantined(reason)
    try:
        body = read_json(delivery.body)
    except NoJson:
        return _quarantined("unparseable")
    # some of Meta's own examples wrap the body in an array
    wholes = body if isinstance(body, list) else [body]
    if not all(isinstance(whole, dict) for whole in wholes):
        return _quarantined("not_an_object")
    changes: list[Change] = []
    aside: list[SetAside] = []
    position = 0
    for whole in wholes:
        entries = whole.get("entry")
        if whole.get("object") != "page" or not isinstance(entries, list):
            aside.append(SetAside(position, "unhandled", "unknown_object", field=_label(whole.get("object"))))
            position += 1
            continue
        for entry in entries:
            found = _entry(entry, delivery, position)
            position += len(found)
            for one in found:
                if isinstance(one, Change):
                    changes.append(one)
                else:
                    aside.append(one)
    return Parsed(changes, aside)


def read_json(content: bytes) -> Any:
    """The JSON value in `content`; lone surrogates become U+FFFD. Raises `NoJson`."""
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        pass
    # orjson refuses lone surrogates and very long integers, which Meta's PHP can well produce
    try:
        return _mended(json.loads(content.decode("utf-8"), parse_constant=_refuse, parse_float=_finite))
    except (ValueError, RecursionError) as error:
        raise NoJson(type(error).__name__) from None


def _not_json(delivery: Delivery) -> str | None:
    if delivery.content_encoding not in {None, "", "identity"}:
        return "content_encoding"
    media_type = (delivery.content_type or "application/json").partition(";")[0].strip().lower()
    return None if media_type == "application/json" else "content_type"


def _quarantined(reason: str) -> Parsed:
    return Parsed((), (SetAside(0, "quarantined", reason),))


def _entry(entry: Any, delivery: Delivery, position: int) -> Sequence[Change | SetAside]:
    if not isinstance(entry, dict):
        return [SetAside(position, "unhandled", "entry_is_no_object")]
    account = _id(entry.get("id"))
    told = instant(entry.get("time"))
    found: list[Change | SetAside] = []
    changes = entry.get("changes")
    if isinstance(changes, list):
        for change in changes:
            found.append(_change(change, account, told, delivery, position + len(found)))
    for name in ("messaging", "standby"):
        for item in entry[name] if isinstance(entry.get(name), list) else ():
            kind = next((key for key in item if key not in _ENVELOPE), None) if isinstance(item, dict) else None
            found.append(
                SetAside(position + len(found), "unhandled", "not_handled_yet", account, name, _label(kind), None)
            )
    if not found and "changes" not in entry:
        found.append(SetAside(position, "unhandled", "nothing_known_in_entry", account))
    return found


_ENVELOPE = {"sender", "recipient", "timestamp"}


def _change(
    change: Any, account: str | None, told: datetime | None, delivery: Delivery, position: int
) -> Change | SetAside:
    value = change.get("value") if isinstance(change, dict) else None
    if not isinstance(value, dict):
        field = _label(change.get("field")) if isinstance(change, dict) else None
        return SetAside(position, "unhandled", "no_value", account, field)
    field, item, verb = change.get("field"), value.get("item"), value.get("verb")
    known = _VERBS.get(verb) if isinstance(verb, str) else None
    object_id = _id(value.get("comment_id"))
    if field != "feed" or item != "comment" or known is None or object_id is None or account is None:
        reason = "not_handled_yet"
        if field == "feed" and item == "comment":
            reason = "unknown_verb" if known is None else "id_missing"
        return SetAside(position, "unhandled", reason, account, _label(field), _label(item), _label(verb))
    post = _id(value.get("post_id"))
    parent = _id(value.get("parent_id"))
    if parent in {post, account, object_id}:
        parent = None
    text = value.get("message")
    arrived = delivery.received_at
    return Change(
        platform=PLATFORM,
        account_id=account,
        verb=known,
        kind="comment" if parent is None else "reply",
        message_id=message_id(PLATFORM, account, object_id),
        object_id=object_id,
        parent_id=message_id(PLATFORM, account, parent) if parent else None,
        parent=parent,
        post=post,
        # a removal names the author, or the moderator: it says nothing of whose the comment was
        author=UNKNOWN if known == "removed" else _author(value),
        text=_clean(text) if isinstance(text, str) else None,
        has_media=bool(value.get("photo") or value.get("video") or value.get("photos")),
        permalink=_permalink(value),
        created_at=None if known == "removed" else instant(value.get("created_time")),
        order=order_of(told, arrived),
        received_at=arrived,
        raw_ref=delivery.id,
        position=position,
        payload=change,
    )


def _author(value: dict[str, Any]) -> Author:
    source = value.get("from")
    if isinstance(source, dict):
        handle, name = _id(source.get("id")), source.get("name")
    else:
        handle, name = _id(value.get("sender_id")), value.get("sender_name")
    return Author(handle, _clean(name)[:_LONGEST_NAME] if isinstance(name, str) and name else None)


def _permalink(value: dict[str, Any]) -> str | None:
    """The address of the comment where it is told, else of its post; only what a browser may open."""
    post = value.get("post")
    link = value.get("permalink_url") or (post.get("permalink_url") if isinstance(post, dict) else None)
    if isinstance(link, str) and link.startswith(("https://", "http://")) and len(link) <= _LONGEST_LINK:
        return _clean(link)
    return None


def _id(value: object) -> str | None:
    """Ids are text; old shapes send numbers."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)[:_LONGEST_ID]
    if isinstance(value, str) and 0 < len(value) <= _LONGEST_ID:
        return _clean(value)
    return None


def _label(value: object) -> str | None:
    """A word of the platform for counters and lists, whatever came."""
    return re.sub(r"[^\w.-]", "?", value)[:_LONGEST_LABEL] if isinstance(value, str) else None


def _clean(text: str) -> str:
    """PostgreSQL cannot store NUL; the raw bytes keep it."""
    return text.replace("\x00", _REPLACEMENT) if "\x00" in text else text


def _mended(value: Any) -> Any:
    if isinstance(value, str):
        return _LONE_SURROGATE.sub(_REPLACEMENT, value)
    if isinstance(value, dict):
        return {_mended(key): _mended(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_mended(one) for one in value]
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > 63:
        return str(value)
    return value


def _refuse(name: str) -> Any:
    raise NoJson(name)


def _finite(text: str) -> float:
    value = float(text)
    if value in {float("inf"), float("-inf")}:
        raise NoJson("infinite")
    return value
