"""The door for the platforms: plain ASGI, since every microsecond here is paid by every delivery.

Order: size, signature over the raw bytes, then the committer; 200 only after its commit, whatever is in the bytes.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torg_shared.clock import Clock
from torg_shared.ids import uuid7
from torg_shared.metrics import Metrics

from torg_ingest.channels import facebook
from torg_ingest.committer import Committer, Full, StorageAway
from torg_ingest.domain.changes import Delivery

Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]
_LOOK_AGAIN_S = 5.0


@dataclass(frozen=True, slots=True)
class Limits:
    """Bytes of a body, and seconds from its headers to the answer."""

    body_bytes: int
    answer_s: float


class Secrets:
    """The live secrets of a platform's app, read again when a file changes: a rotation needs no restart."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._looked = float("-inf")
        self._app: tuple[bytes, ...] = ()
        self._verify: bytes | None = None

    @property
    def app(self) -> Sequence[bytes]:
        """One secret, two during a rotation; none when nothing is configured, and then nothing is believed."""
        self._look()
        return self._app

    @property
    def verify_token(self) -> bytes | None:
        self._look()
        return self._verify

    def _look(self) -> None:
        now = time.monotonic()
        if now - self._looked < _LOOK_AGAIN_S:
            return
        self._looked = now
        found = [self._read("app_secret"), self._read("app_secret_next")]
        self._app = tuple(one for one in found if one)
        self._verify = self._read("verify_token")

    def _read(self, name: str) -> bytes | None:
        try:
            return (self._folder / name).read_bytes().strip() or None
        except OSError:
            return None


class _Refused(Exception):
    def __init__(self, status: int, code: str, retry_after: int | None = None) -> None:
        super().__init__(code)
        self.status, self.code, self.retry_after = status, code, retry_after


class Webhook:
    """`GET` confirms a subscription, `POST` takes a delivery, of one platform."""

    def __init__(self, committer: Committer, secrets: Secrets, clock: Clock, metrics: Metrics, limits: Limits) -> None:
        self._committer, self._secrets, self._clock, self._limits = committer, secrets, clock, limits
        self._deliveries = metrics.counter("torg_deliveries_total")

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        method = scope["method"]
        if method == "POST":
            await self._deliver(scope, receive, send)
        elif method == "GET":
            await self._confirm(scope, send)
        else:
            await _answer(send, 405, b"", (b"allow", b"GET, POST"))

    async def _confirm(self, scope: Any, send: Send) -> None:
        token = self._secrets.verify_token
        challenge = facebook.handshake(scope["query_string"], token) if token else None
        if challenge is None:
            await _problem(send, _Refused(403, "HANDSHAKE_REFUSED"))
        else:
            await _answer(send, 200, challenge.encode())

    async def _deliver(self, scope: Any, receive: Receive, send: Send) -> None:
        delivery: Delivery | None = None
        try:
            async with asyncio.timeout(self._limits.answer_s):
                delivery = await self._authentic(scope, receive)
                await self._committer.submit(delivery)
        except (_Refused, Full, StorageAway, TimeoutError) as error:
            refused = _refused(error, delivery)
            self._deliveries.labels(facebook.PLATFORM, refused.code.lower()).inc()
            await _problem(send, refused)
        else:
            await send(_STORED)
            await send(_EMPTY)

    async def _authentic(self, scope: Any, receive: Receive) -> Delivery:
        signature = content_type = encoding = length = None
        for name, value in scope["headers"]:
            if name == b"x-hub-signature-256":
                if signature is not None:
                    raise _Refused(401, "SIGNATURE_INVALID")
                signature = value
            elif name == b"content-type":
                content_type = value
            elif name == b"content-encoding":
                encoding = value
            elif name == b"content-length":
                length = value
        if length is not None and length.isdigit() and int(length) > self._limits.body_bytes:
            raise _Refused(413, "BODY_TOO_LARGE")
        body = await self._body(receive)
        if signature is None or not facebook.signed(body, signature, self._secrets.app):
            raise _Refused(401, "SIGNATURE_INVALID")
        return Delivery(uuid7(), facebook.PLATFORM, self._clock.now(), body, _told(content_type), _told(encoding))

    async def _body(self, receive: Receive) -> bytes:
        message = await receive()
        body: bytes = message.get("body", b"")
        if len(body) > self._limits.body_bytes:
            raise _Refused(413, "BODY_TOO_LARGE")
        if not message.get("more_body"):
            return body
        parts, size = [body], len(body)
        while message.get("more_body"):
            message = await receive()
            if message["type"] == "http.disconnect":
                raise _Refused(408, "BODY_INCOMPLETE")
            part = message.get("body", b"")
            size += len(part)
            if size > self._limits.body_bytes:
                raise _Refused(413, "BODY_TOO_LARGE")
            parts.append(part)
        return b"".join(parts)


def _refused(error: Exception, delivery: Delivery | None) -> _Refused:
    """What the platform is told; 503 makes it come again, and what was stored meanwhile is known then."""
    if isinstance(error, _Refused):
        return error
    if isinstance(error, Full):
        return _Refused(503, "QUEUE_FULL", 1)
    if isinstance(error, TimeoutError) and delivery is None:
        return _Refused(408, "BODY_TOO_SLOW")
    return _Refused(503, "STORAGE_AWAY", 5)


def _told(header: bytes | None) -> str | None:
    return header.decode("latin-1")[:200].replace("\x00", "") if header is not None else None


_PLAIN = [
    (b"content-type", b"text/plain; charset=utf-8"),
    (b"x-content-type-options", b"nosniff"),
    (b"cache-control", b"no-store"),
]
_STORED = {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0"), *_PLAIN]}
_EMPTY = {"type": "http.response.body", "body": b""}


async def _answer(send: Send, status: int, body: bytes, *headers: tuple[bytes, bytes]) -> None:
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [length, *_PLAIN, *headers]})
    await send({"type": "http.response.body", "body": body})


async def _problem(send: Send, refused: _Refused) -> None:
    """A short problem document: a platform reads the status alone, a person at the other end the code."""
    body = f'{{"type":"urn:torg:problem:{refused.code}","status":{refused.status},"code":"{refused.code}"}}'.encode()
    headers = [
        (b"content-length", str(len(body)).encode()),
        (b"content-type", b"application/problem+json"),
        (b"x-content-type-options", b"nosniff"),
        (b"cache-control", b"no-store"),
    ]
    if refused.retry_after is not None:
        headers.append((b"retry-after", str(refused.retry_after).encode()))
    if refused.status in {408, 413}:
        headers.append((b"connection", b"close"))  # the rest of the body is not read
    await send({"type": "http.response.start", "status": refused.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
