"""The outbound client: allow-list, checked address, one attempt, total deadline, size cap.

OutboundError
├── NotSent          certainly no effect: refused by us, no address, no connection, TLS failed; may be sent again
└── OutcomeUnknown   the request, or a part of it, had left: the effect may have happened; never send it again blindly
"""

import asyncio
import json as stdlib_json
import socket
import ssl
import zlib
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import orjson

from .addresses import is_public
from .circuit import Circuit

_TIMEOUTS = httpx.Timeout(connect=5.0, read=20.0, write=20.0, pool=5.0)
_SERVER_ERROR = 500
_MOST_ADDRESSES = 4


class OutboundError(Exception):
    """A call without an answer. The text names method, host and cause; never path, query, header or body."""


class NotSent(OutboundError):
    """No byte of the request has left: there is certainly no effect."""


class OutcomeUnknown(OutboundError):
    """The request was being sent, or had been: whether it took effect cannot be known from here."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the other side said. Header names are lower case; `body` is decompressed. A redirect is an answer too."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    def json(self) -> Any:
        """The body as JSON; None when it is none (an error page, NaN, nesting without end). Hostile input: validate."""
        try:
            return orjson.loads(self.body)
        except orjson.JSONDecodeError:
            pass
        with suppress(ValueError, RecursionError):  # lone surrogates, which orjson refuses and platforms send
            return stdlib_json.loads(self.body, parse_constant=_no_number)
        return None

    def retry_after_s(self, now: datetime) -> float | None:
        """Seconds until `Retry-After`, which holds seconds or a date; None without a readable one."""
        told = self.headers.get("retry-after", "").strip()
        if told.isdecimal() and len(told) < 10:
            return float(told)
        try:
            return max(0.0, (parsedate_to_datetime(told) - now).total_seconds())
        except (ValueError, TypeError):
            return None


class Outbound:
    """Calls the hosts of one platform, with connections, calls in flight and a circuit of its own.

    `hosts` are exact names, or `.example.net` for all names below it. Unless `allow_private`, only https on port 443
    and only addresses of the open internet are called; `allow_private` is for peers that the operator configures on
    the same machine or network, never for an address that came with content. The name is resolved once per call and
    the connection goes to the address that was checked, so a name that changes its address in between gains nothing.
    Nothing is repeated, no redirect is followed, no proxy is taken from the environment. Connections are not kept:
    a request on one that the peer has just closed has an unknown outcome, and a fresh one avoids it.
    """

    def __init__(
        self,
        hosts: Collection[str],
        *,
        allow_private: bool = False,
        deadline_s: float = 30.0,
        max_body: int = 8 * 1024 * 1024,
        in_flight: int = 8,
        circuit: Circuit | None = None,
        user_agent: str = "Torg",
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._hosts = frozenset(host.lower() for host in hosts)
        self._allow_private = allow_private
        self._deadline_s = deadline_s
        self._max_body = max_body
        self.circuit = circuit
        self._headers = {"accept-encoding": "identity", "connection": "close", "user-agent": user_agent}
        self._client = httpx.AsyncClient(
            timeout=_TIMEOUTS,
            limits=httpx.Limits(max_connections=in_flight, max_keepalive_connections=0),
            trust_env=False,
            follow_redirects=False,
            verify=True if tls is None else tls,
        )

    async def request(
        self,
        method: str,
        url: str,
        *,
        params: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
        deadline_s: float | None = None,
    ) -> Answer:
        """Send one request, once. Any status is an answer. Raises NotSent or OutcomeUnknown."""
        call = _Call(method)
        self._admit(call)
        try:
            async with asyncio.timeout(self._deadline_s if deadline_s is None else deadline_s):
                answer = await self._exchange(call, url, params=params, form=form, json=json, headers=headers)
        except TimeoutError:
            error = call.failed("deadline passed")
        except (httpx.HTTPError, OSError) as cause:
            error = call.failed(type(cause).__name__)
        except OutboundError as cause:
            error = cause
        else:
            self._note(ok=answer.status < _SERVER_ERROR)
            return answer
        self._note(ok=call.refused)
        raise error

    async def close(self) -> None:
        await self._client.aclose()

    def _admit(self, call: "_Call") -> None:
        if self.circuit and not self.circuit.admit():
            raise NotSent(f"{call.method}: the circuit is open")

    def _note(self, *, ok: bool) -> None:
        if self.circuit:
            self.circuit.note(ok=ok)

    async def _exchange(self, call: "_Call", url: str, **parts: Any) -> Answer:
        target, host = self._checked(call, url)
        if not all(_writable(value) for value in (parts["headers"] or {}).values()):
            raise call.refusal("a header that cannot be written")
        for address in (addresses := await self._resolved(call, host, target.port or _port(target.scheme))):
            request = self._client.build_request(
                call.method,
                target.copy_with(host=address),
                params=parts["params"],
                data=parts["form"],
                json=parts["json"],
                headers={**(parts["headers"] or {}), **self._headers, "host": target.netloc.decode("ascii")},
                extensions={"sni_hostname": host, "trace": call.trace},
            )
            try:
                response = await self._client.send(request, stream=True)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                if call.sent or address == addresses[-1]:
                    raise
                continue
            try:
                return Answer(response.status_code, dict(response.headers.items()), await self._body(call, response))
            finally:
                await response.aclose()
        raise AssertionError("a name without addresses is refused before")

    def _checked(self, call: "_Call", url: str) -> tuple[httpx.URL, str]:
        try:
            target = httpx.URL(url)
            host = target.raw_host.decode("ascii").lower()
        except (httpx.InvalidURL, UnicodeError):
            raise call.refusal("not a web address") from None
        call.host = host
        if target.userinfo:
            raise call.refusal("a web address with user information")
        if not self._listed(host):
            raise call.refusal("host is not on the allow-list")
        if target.scheme != "https" and not (self._allow_private and target.scheme == "http"):
            raise call.refusal("only https is called")
        if target.port not in (None, 443) and not self._allow_private:
            raise call.refusal("only port 443 is called")
        return target, host

    def _listed(self, host: str) -> bool:
        labels = host.split(".")
        return host in self._hosts or any("." + ".".join(labels[at:]) in self._hosts for at in range(1, len(labels)))

    async def _resolved(self, call: "_Call", host: str, port: int) -> list[str]:
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise call.failed("name not found", sent=False) from None
        addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        if not addresses:
            raise call.failed("name not found", sent=False)
        if not self._allow_private and not all(is_public(address) for address in addresses):
            raise call.refusal("an address inside a network")
        return addresses[:_MOST_ADDRESSES]

    async def _body(self, call: "_Call", response: httpx.Response) -> bytes:
        body = bytearray()
        async for chunk in _decompressed(call, response, self._max_body):
            body += chunk
            if len(body) > self._max_body:
                raise call.failed("answer too large", sent=True)
        return bytes(body)


class _Call:
    """One request under way: knows whether a byte of it may have left."""

    def __init__(self, method: str) -> None:
        self.method = method.upper()
        self.host = "?"
        self.sent = False
        self.refused = False

    async def trace(self, event: str, _info: Mapping[str, Any]) -> None:
        if event.endswith("send_request_headers.started"):
            self.sent = True

    def failed(self, cause: str, *, sent: bool | None = None) -> OutboundError:
        kind = OutcomeUnknown if (self.sent if sent is None else sent) else NotSent
        return kind(f"{self.method} {self.host}: {cause}")

    def refusal(self, cause: str) -> OutboundError:
        """Refused by us: says nothing about the health of the other side."""
        self.refused = True
        return NotSent(f"{self.method} {self.host}: {cause}")


async def _decompressed(call: _Call, response: httpx.Response, limit: int) -> AsyncIterator[bytes]:
    """The body in pieces of at most `limit` + 1 bytes, however far a piece on the wire would unfold."""
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "", "gzip", "x-gzip", "deflate"):
        raise call.failed("answer in an unknown encoding", sent=True)
    unpack = zlib.decompressobj(zlib.MAX_WBITS | 32) if encoding not in ("identity", "") else None
    async for chunk in response.aiter_raw():
        if unpack is None:
            yield chunk
            continue
        try:
            yield unpack.decompress(chunk, limit + 1)
        except zlib.error:
            raise call.failed("answer cannot be unpacked", sent=True) from None
        if unpack.unconsumed_tail:
            raise call.failed("answer too large", sent=True)
    if unpack is not None and not unpack.eof:
        raise call.failed("answer was cut", sent=True)


def _writable(value: str) -> bool:
    """Also no token file that was empty: "Bearer " would break only when half of the request is made."""
    return value.isascii() and value.isprintable() and value == value.strip()


def _port(scheme: str) -> int:
    return 443 if scheme == "https" else 80


def _no_number(_name: str) -> None:
    raise ValueError("NaN and infinities are no JSON")
