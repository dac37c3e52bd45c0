"""Answers as the platform gives them, and those that no well-behaved server gives."""

import asyncio
import contextlib
import socket
import struct
from typing import Any

import orjson
from starlette.responses import Response
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

TRANSPORT = "torg_simulator.transport"


class Protocol(HttpToolsProtocol):
    """Gives the application its connection: a reset cannot be said in ASGI."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["state"][TRANSPORT] = self.transport


def json_response(status: int, body: Any) -> Response:
    return Response(orjson.dumps(body), status_code=status, media_type="application/json; charset=UTF-8")


class Reset(Response):
    """The connection is reset before the answer."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await _break(scope, receive, reset=True)


class Hanging(Response):
    """No answer; the connection closes after a while, or when the caller gives up."""

    def __init__(self, hold_s: float) -> None:
        super().__init__()
        self._hold_s = hold_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._hold_s):
                await _gone(receive)
        await _break(scope, receive, reset=False)


class Cut(Response):
    """The head and half of the body, then the connection closes."""

    def __init__(self, whole: Response) -> None:
        super().__init__(status_code=whole.status_code)
        self._whole = whole

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self._whole.raw_headers})
        body = bytes(self._whole.body)
        await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
        await _break(scope, receive, reset=False)


class Late(Response):
    """The right answer, after a pause."""

    def __init__(self, whole: Response, delay_s: float) -> None:
        super().__init__(status_code=whole.status_code)
        self._whole = whole
        self._delay_s = delay_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(self._delay_s)
        await self._whole(scope, receive, send)


class Trickled(Response):
    """The right answer, one byte at a time."""

    def __init__(self, whole: Response, delay_s: float) -> None:
        super().__init__(status_code=whole.status_code)
        self._whole = whole
        self._delay_s = delay_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self._whole.raw_headers})
        for byte in bytes(self._whole.body):
            await send({"type": "http.response.body", "body": bytes([byte]), "more_body": True})
            await asyncio.sleep(self._delay_s)
        await send({"type": "http.response.body", "body": b""})


async def _break(scope: Scope, receive: Receive, *, reset: bool) -> None:
    transport = scope["state"][TRANSPORT]
    raw = transport.get_extra_info("socket")
    if reset and raw is not None:
        # a close with bytes unsent and no lingering is a reset on the wire
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    else:
        transport.close()
    await _gone(receive)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
