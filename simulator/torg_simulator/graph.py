"""The Graph face: what a page's token may ask and do."""

import base64
import binascii
import hashlib
import hmac
import re
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from . import errors
from .answers import json_response
from .behaviour import Behaviour, Faults, Operation
from .deliveries import Deliveries
from .errors import GraphError
from .fault_answers import answer_after_effect, answer_without_effect
from .fields import comment_fields, page_fields, post_fields
from .platform import LONGEST_COMMENT, Change, Comment, Gone, Platform, Post
from .settings import Settings

_VERSION = re.compile(r"v\d{1,2}\.\d")
_LARGEST_BODY = 4 * 1024 * 1024
_KEPT_CALLS = 10_000
_LARGEST_PAGE = 100
_CALLS_AN_HOUR = 48_000
_NEWEST_VERSION = "v24.0"
_SCOPES = ["pages_show_list", "pages_read_engagement", "pages_read_user_content", "pages_manage_engagement"]


@dataclass(slots=True)
class Call:
    """One call for the journal: no token, no text."""

    n: int
    at: float
    operation: Operation
    object_id: str
    status: int | None = None
    fault: str | None = None
    effect: bool = False
    authorised: bool = True


@dataclass(frozen=True, slots=True)
class _Outcome:
    body: Any
    change: Change | None = None
    effect: bool = False


class Graph:
    def __init__(
        self, settings: Settings, platform: Platform, behaviour: Behaviour, faults: Faults, deliveries: Deliveries
    ) -> None:
        self.calls: deque[Call] = deque(maxlen=_KEPT_CALLS)
        self.counts: Counter[str] = Counter()
        self.effects: Counter[str] = Counter()
        self._lately: deque[float] = deque()
        self._settings = settings
        self._platform = platform
        self._behaviour = behaviour
        self._faults = faults
        self._deliveries = deliveries

    async def answer(self, request: Request) -> Response:
        try:
            asked = await _parameters(request)
        except ClientDisconnect:
            return Response(status_code=400)
        except ValueError:
            return self._refused(GraphError(100, "(#100) Invalid parameter"))
        path = [part for part in request.path_params["path"].split("/") if part]
        if path and _VERSION.fullmatch(path[0]):
            path = path[1:]
        operation = _operation(request.method, path)
        if operation is None:
            return self._refused(GraphError(2500, f"Unknown path components: /{'/'.join(path[1:])}"))
        call = Call(sum(self.counts.values()) + 1, self._platform.clock.now(), operation, path[0])
        self.calls.append(call)
        self.counts[operation] += 1
        response = await self._answered(call, path, asked, request)
        call.status = response.status_code
        for name, value in self._usage().items():
            response.headers.setdefault(name, value)
        return response

    async def _answered(self, call: Call, path: Sequence[str], asked: Mapping[str, str], request: Request) -> Response:
        try:
            self._authorise(call.operation, asked, request.headers.get("authorization"))
        except GraphError as error:
            call.authorised = False
            return self._refused(error)
        fault = self._faults.take(call.operation)
        call.fault = fault.do if fault else None
        if fault and not fault.keeps_effect:
            return answer_without_effect(fault)
        try:
            outcome = self._do(call.operation, path, asked)
        except Gone:
            return self._refused(errors.object_gone(path[0], request.method.lower()))
        except GraphError as error:
            return self._refused(error)
        call.effect = outcome.effect
        self.effects[call.operation] += outcome.effect
        if outcome.change:
            await self._echo(outcome.change)
        response = json_response(200, outcome.body)
        if call.operation == "reply" and "fields" in asked:
            # seen on the platform: the comment is there, and the answer is an error all the same
            response = self._refused(errors.response_format())
        return answer_after_effect(fault, response) if fault else response

    # --- who may

    def _authorise(self, operation: Operation, asked: Mapping[str, str], header: str | None) -> None:
        scheme, _, told = (header or "").partition(" ")
        token = told.strip() if scheme in {"Bearer", "OAuth"} else asked.get("access_token", "")
        own, secret = self._settings.page_token, self._settings.app_secret
        if not token:
            raise GraphError(104, "An access token is required to request this resource.")
        app_token = operation == "debug_token" and _same(token, f"{self._settings.app_id}|{secret}")
        if not (app_token or _same(token, own)):
            raise GraphError(190, "Invalid OAuth access token - Cannot parse access token")
        proof = asked.get("appsecret_proof")
        right = hmac.new(secret.encode(), token.encode(), hashlib.sha256).hexdigest()
        if proof is not None and not _same(proof, right):
            raise GraphError(100, "Invalid appsecret_proof provided in the API argument", kind="GraphMethodException")
        if proof is None and self._behaviour.require_proof:
            raise GraphError(
                100, "API calls from the server require an appsecret_proof argument", kind="GraphMethodException"
            )
        if operation == "debug_token":
            return
        match self._behaviour.token:
            case "expired":
                raise errors.expired_token()
            case "password_changed":
                raise GraphError(
                    190,
                    "Error validating access token: The session has been invalidated because the user changed their "
                    "password or Facebook has changed the session for security reasons.",
                    subcode=460,
                )
            case "no_permission":
                raise GraphError(200, "(#200) Permissions error", status=403)

    # --- what is done

    def _do(self, operation: Operation, path: Sequence[str], asked: Mapping[str, str]) -> _Outcome:  # noqa: PLR0911
        object_id = self._platform.page.id if path[0] == "me" else path[0]
        match operation:
            case "reply":
                return self._reply(object_id, asked)
            case "publish":
                post, change = self._platform.write_post(_text(asked))
                return _Outcome({"id": post.id}, change, effect=True)
            case "update":
                return self._update(object_id, asked)
            case "delete":
                _, change = self._platform.remove(object_id)
                return _Outcome({"success": True}, change, effect=True)
            case "read":
                return _Outcome(self._object(object_id, asked.get("fields")))
            case "list":
                return _Outcome(self._comments(object_id, asked))
            case "feed":
                return _Outcome(self._feed(path, asked))
            case "subscribe":
                return _Outcome({"success": True})
            case "debug_token":
                return _Outcome(self._token(asked))

    def _reply(self, parent_id: str, asked: Mapping[str, str]) -> _Outcome:
        text = _text(asked)
        if len(text) > LONGEST_COMMENT:
            raise GraphError(100, "(#100) Message is too long")
        before = [child for child in self._platform.direct(parent_id) if child.author == self._platform.page]
        if self._behaviour.refuse_repeated and before and before[-1].message == text:
            raise GraphError(506, errors.DOCUMENTED[506])
        comment, change = self._platform.write_comment(parent_id, text, self._platform.page, "graph")
        return _Outcome({"id": comment.id}, change, effect=True)

    def _update(self, comment_id: str, asked: Mapping[str, str]) -> _Outcome:
        comment = self._platform.comment(comment_id)
        own = comment.author == self._platform.page
        if "is_hidden" in asked:
            if own:
                raise GraphError(200, "(#200) The comment cannot be hidden", status=403)
            _, change = self._platform.set_hidden(comment_id, asked["is_hidden"].lower() in {"true", "1"})
            return _Outcome({"success": True}, change, effect=change is not None)
        if not own:
            raise GraphError(200, "(#200) Permissions error", status=403)
        _, changed = self._platform.edit(comment_id, _text(asked))
        return _Outcome({"success": True}, changed, effect=True)

    # --- what is read

    def _object(self, object_id: str, wanted: str | None) -> dict[str, Any]:
        if object_id == self._platform.page.id:
            return page_fields(self._platform, wanted)
        if object_id in self._platform.posts:
            return post_fields(self._platform, self._platform.post(object_id), wanted)
        return comment_fields(self._platform, self._platform.comment(object_id), wanted)

    def _comments(self, parent_id: str, asked: Mapping[str, str]) -> dict[str, Any]:
        if parent_id in self._platform.posts:
            self._platform.post(parent_id)
        else:
            self._platform.comment(parent_id)
        stream = asked.get("filter") == "stream"
        found = list(self._platform.below(parent_id) if stream else self._platform.direct(parent_id))
        latest = self._platform.clock.now() - self._behaviour.read_lag_s
        found = [one for one in found if one.created_exact <= latest and _within(one.created, asked)]
        backwards = asked.get("order", "").startswith("reverse")
        found.sort(key=lambda one: (one.created_exact, one.id), reverse=backwards)
        page = self._page(f"{parent_id}/comments", found, asked)
        page["data"] = [comment_fields(self._platform, one, asked.get("fields")) for one in page["data"]]
        if asked.get("summary", "0").lower() in {"1", "true", "total_count"}:
            order = "reverse_chronological" if backwards else "chronological"
            page["summary"] = {"order": order, "total_count": len(found), "can_comment": True}
        return page

    def _feed(self, path: Sequence[str], asked: Mapping[str, str]) -> dict[str, Any]:
        own = path[1] != "feed"
        found = [
            post
            for post in reversed(self._platform.posts.values())
            if not post.removed and _within(post.created, asked) and not (own and post.author != self._platform.page)
        ]
        page = self._page("/".join(path[:2]), found, asked)
        page["data"] = [post_fields(self._platform, one, asked.get("fields")) for one in page["data"]]
        return page

    def _page(self, edge: str, found: Sequence[Comment] | Sequence[Post], asked: Mapping[str, str]) -> dict[str, Any]:
        """One page; `next` holds the token, as on the platform: whoever follows it blindly puts it into a log."""
        limit = min(_number(asked.get("limit"), 25), _LARGEST_PAGE)
        ids = [one.id for one in found]
        start = 0
        if "after" in asked:
            start = _position(ids, asked["after"]) + 1
        elif "before" in asked:
            start = max(0, _position(ids, asked["before"]) - limit)
        shown = found[start : start + limit]
        if not shown:
            return {"data": []}
        cursors = {"before": _cursor(shown[0].id), "after": _cursor(shown[-1].id)}
        paging: dict[str, Any] = {"cursors": cursors}
        token = f"access_token={self._settings.page_token}&limit={limit}"
        if start + limit < len(found):
            paging["next"] = f"{self._platform.base}/{_NEWEST_VERSION}/{edge}?{token}&after={cursors['after']}"
        if start:
            paging["previous"] = f"{self._platform.base}/{_NEWEST_VERSION}/{edge}?{token}&before={cursors['before']}"
        return {"data": list(shown), "paging": paging}

    def _token(self, asked: Mapping[str, str]) -> dict[str, Any]:
        told = self._behaviour.token
        known = _same(asked.get("input_token", ""), self._settings.page_token)
        data: dict[str, Any] = {
            "app_id": self._settings.app_id,
            "type": "PAGE",
            "application": "Torg",
            "expires_at": 0,
            "data_access_expires_at": int(self._platform.clock.now()) + 60 * 86400,
            "is_valid": known and told in {"valid", "no_permission"},
            "scopes": [] if told == "no_permission" else _SCOPES,
            "profile_id": self._platform.page.id,
            "user_id": "10158000000000001",
        }
        if not data["is_valid"]:
            subcode = {"expired": 463, "password_changed": 460}.get(told)
            data["error"] = {"code": 190, "message": "Invalid token"} | ({"subcode": subcode} if subcode else {})
            data["scopes"] = []
        return {"data": data}

    # --- around it

    async def _echo(self, change: Change) -> None:
        match self._behaviour.echo:
            case "before":
                await self._deliveries.tell_at_once(change)
            case "after":
                self._deliveries.tell_later(self._behaviour.echo_delay_s, change)

    def _refused(self, error: GraphError) -> Response:
        response = json_response(error.status, error.body())
        if error.code in {104, 190}:
            response.headers["www-authenticate"] = f'OAuth "Facebook Platform" "invalid_token" "{error}"'
        return response

    def _usage(self) -> dict[str, str]:
        now = self._platform.clock.now()
        self._lately.append(now)
        while self._lately[0] < now - 3600:
            self._lately.popleft()
        percent = min(99, len(self._lately) * 100 // _CALLS_AN_HOUR)
        page = [{"type": "pages", "call_count": percent, "total_cputime": 1, "total_time": 1}]
        page[0]["estimated_time_to_regain_access"] = 0
        return {
            "facebook-api-version": _NEWEST_VERSION,
            "x-app-usage": orjson.dumps({"call_count": percent, "total_time": 1, "total_cputime": 1}).decode(),
            "x-business-use-case-usage": orjson.dumps({self._platform.page.id: page}).decode(),
        }


def _operation(method: str, path: Sequence[str]) -> Operation | None:  # noqa: PLR0911 - a table reads like one
    match method, len(path), path[1] if len(path) > 1 else "":
        case "GET", 1, _:
            return "debug_token" if path[0] == "debug_token" else "read"
        case "POST", 1, _:
            return "update"
        case "DELETE", 1, _:
            return "delete"
        case "GET", 2, "comments":
            return "list"
        case "POST", 2, "comments":
            return "reply"
        case "GET", 2, "feed" | "posts" | "published_posts":
            return "feed"
        case "POST", 2, "feed":
            return "publish"
        case "GET" | "POST" | "DELETE", 2, "subscribed_apps":
            return "subscribe"
    return None


async def _parameters(request: Request) -> dict[str, str]:
    """Query and body together: a form, or a JSON object. Raises ValueError."""
    asked = dict(request.query_params)
    if request.method == "GET":
        return asked
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LARGEST_BODY:
            raise ValueError("body too large")
    if request.headers.get("content-type", "").startswith("application/json"):
        told = orjson.loads(body or b"{}")
        if not isinstance(told, dict):
            raise ValueError("not an object")
        plain = {
            name: value if isinstance(value, str) else orjson.dumps(value).decode() for name, value in told.items()
        }
        return asked | plain
    return asked | dict(parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=100))


def _text(asked: Mapping[str, str]) -> str:
    text = asked.get("message", "").strip()
    if not text:
        raise GraphError(100, "(#100) The parameter message is required")
    return text


def _within(created: int, asked: Mapping[str, str]) -> bool:
    since, until = _number(asked.get("since"), 0), _number(asked.get("until"), 2**40)
    return since <= created <= until


def _number(told: str | None, default: int) -> int:
    if told is None:
        return default
    if not told.isdecimal() or len(told) > 12:
        raise GraphError(100, "(#100) Param must be a whole number")
    return int(told)


def _cursor(object_id: str) -> str:
    return base64.urlsafe_b64encode(object_id.encode()).decode().rstrip("=")


def _position(ids: Sequence[str], cursor: str) -> int:
    try:
        return ids.index(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode())
    except (ValueError, binascii.Error):
        raise GraphError(100, "(#100) Invalid cursors values passed") from None


def _same(one: str, other: str) -> bool:
    return bool(other) and hmac.compare_digest(one.encode(), other.encode())
