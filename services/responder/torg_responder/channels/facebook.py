"""Facebook pages by the Graph API (channels.md, sections 4 and 10): decided by code and subcode, never by text."""

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from torg_shared.http import Answer, NotSent, Outbound, OutcomeUnknown

from .port import Confirmed, Gone, Outcome, Rejected, Seen, Unknown, Unreachable

_THROTTLED = frozenset({4, 17, 32, 341, 613, 80001})
_TOKEN = frozenset({102, 190})
_BLOCKED = 368
_BAD_PARAMETER = 100
_GONE_SUBCODE = 33
_THROTTLE_S = 60.0
_LONGEST_THROTTLE_S = 24 * 60 * 60.0
_MOST_PAGES = 20
_FIELDS = "id,message,from,created_time,permalink_url"


class Facebook:
    """One page. `secrets` gives app secret and page token at every call, so that a rotation needs no restart."""

    def __init__(
        self, outbound: Outbound, base: str, version: str, page_id: str, secrets: Callable[[], tuple[str, str]]
    ) -> None:
        self._outbound = outbound
        self._base = f"{base.rstrip('/')}/{version}"
        self._page_id = page_id
        self._secrets = secrets

    async def reply(self, parent_id: str, text: str) -> Outcome:
        try:
            secrets = self._secrets()
        except OSError:
            return Rejected("token_missing", pauses_channel=True)
        try:
            # no `fields`: reported to create the comment and to answer 400 afterwards
            answer = await self._call("POST", f"{parent_id}/comments", secrets, form={"message": text})
        except NotSent:
            return Rejected("not_sent")
        except (OutcomeUnknown, OSError):
            return Unknown("no_answer")
        return _outcome(answer)

    async def fetch(self, object_id: str) -> Seen:
        return self._seen(await self._get(object_id, {"fields": _FIELDS}))

    async def find_own_replies(self, parent_id: str, since: datetime) -> Sequence[Seen]:
        found: list[Seen] = []
        asked = {"filter": "stream", "order": "reverse_chronological", "limit": "100", "fields": _FIELDS}
        for _ in range(_MOST_PAGES):
            page = await self._get(f"{parent_id}/comments", asked)
            data = page.get("data")
            known = data if isinstance(data, list) else []
            items = [self._seen(one) for one in known if isinstance(one, Mapping) and one.get("id")]
            found += [one for one in items if one.is_own and (one.created_at is None or one.created_at >= since)]
            after = _at(page, "paging", "cursors", "after")
            past = any(one.created_at is not None and one.created_at < since for one in items)
            if past or not items or not isinstance(after, str) or _at(page, "paging", "next") is None:
                break
            asked = {**asked, "after": after}
        return found

    async def close(self) -> None:
        await self._outbound.close()

    async def _call(self, method: str, path: str, secrets: tuple[str, str], **parts: Any) -> Answer:
        app_secret, token = secrets
        proof = hmac.digest(app_secret.encode(), token.encode(), hashlib.sha256).hex()
        if method == "GET":
            parts["params"] = {**parts.get("params", {}), "appsecret_proof": proof}
        else:
            parts["form"] = {**parts.get("form", {}), "appsecret_proof": proof}
        headers = {"Authorization": f"Bearer {token}"}
        return await self._outbound.request(method, f"{self._base}/{path}", headers=headers, **parts)

    async def _get(self, path: str, params: dict[str, str]) -> Mapping[str, Any]:
        try:
            secrets = self._secrets()
        except OSError:
            raise Unreachable("token_missing", pauses_channel=True) from None
        try:
            answer = await self._call("GET", path, secrets, params=params)
        except (NotSent, OutcomeUnknown, OSError) as error:
            raise Unreachable(type(error).__name__) from None
        body = answer.json()
        code, subcode = _error_of(body)
        if answer.ok and isinstance(body, Mapping) and code is None:
            return body
        if code == _BAD_PARAMETER and subcode == _GONE_SUBCODE:
            raise Gone
        if code in _TOKEN or (code is not None and (code == 10 or 200 <= code < 300)):
            raise Unreachable(f"facebook:{code}", pauses_channel=True)
        retry = _throttled_for(answer) if answer.status == 429 or code in _THROTTLED else None
        raise Unreachable(f"facebook:{code if code is not None else answer.status}", retry)

    def _seen(self, one: Mapping[str, Any]) -> Seen:
        return Seen(
            external_id=str(one.get("id")),
            text=one["message"] if isinstance(one.get("message"), str) else None,
            permalink=one["permalink_url"] if isinstance(one.get("permalink_url"), str) else None,
            created_at=_time(one.get("created_time")),
            is_own=str(_at(one, "from", "id")) == self._page_id,
        )


def _outcome(answer: Answer) -> Outcome:
    """What a POST did (section 4.2). Whatever is not documented may have had its effect."""
    body = answer.json()
    code, subcode = _error_of(body)
    if answer.ok and code is None and isinstance(body, Mapping) and isinstance(body.get("id"), str | int):
        return Confirmed(str(body["id"]))
    if answer.status == 429 or code in _THROTTLED:
        return Rejected(f"throttled:{code or 429}", retry_after_s=_throttled_for(answer))
    if code in _TOKEN or (code is not None and (code == 10 or 200 <= code < 300)):
        return Rejected(f"token:{code}", retry_after_s=_THROTTLE_S, pauses_channel=True)
    if code == _BLOCKED:
        return Unknown("blocked:368")  # also said when the same text was posted already: look first
    if code == _BAD_PARAMETER:
        return Rejected(f"bad_parameter:{subcode or 0}", permanent=True)
    return Unknown(f"facebook:{code if code is not None else answer.status}")


def _throttled_for(answer: Answer) -> float:
    """Seconds until the platform listens again: as it says itself, else a minute (section 4.1)."""
    told = answer.retry_after_s(datetime.now(UTC))
    if told:
        return told
    try:
        usage = json.loads(answer.headers.get("x-business-use-case-usage", "{}"))
        minutes = [_at(one, "estimated_time_to_regain_access") for uses in usage.values() for one in uses]
        longest = max((float(one) * 60 for one in minutes if isinstance(one, int | float)), default=0.0)
    except (ValueError, AttributeError, TypeError):
        longest = 0.0
    return min(max(longest, _THROTTLE_S), _LONGEST_THROTTLE_S)


def _error_of(body: Any) -> tuple[int | None, int | None]:
    error = body.get("error") if isinstance(body, Mapping) else None
    if not isinstance(error, Mapping):
        return None, None
    code, subcode = error.get("code"), error.get("error_subcode")
    return (code if isinstance(code, int) else -1), (subcode if isinstance(subcode, int) else None)


def _at(value: Any, *path: str) -> Any:
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _time(value: Any) -> datetime | None:
    """Graph writes +0000 without a colon."""
    if isinstance(value, str):
        try:
            return datetime.strptime(value, "%Y-%m-%dT%H:%M:%S%z")
        except ValueError:
            return None
    return None
