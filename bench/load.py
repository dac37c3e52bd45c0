"""A bounded load of signed deliveries over keep-alive connections, from a process of its own.

`python -m bench.load PORT SECRET PAGE CLIENTS SECONDS` prints one JSON object: requests per second and latencies.
"""

import asyncio
import gc
import hashlib
import hmac
import json
import sys
import time
from collections.abc import Iterator
from typing import cast

import uvloop

_TEXT = (
    "Hei, det har vært mørkt i Høllebakken siden tirsdag, og ungene går der på vei til skolen. Kan noen se på "
    "gatelyset ved den gamle butikken? Vi har meldt fra før, men har ikke hørt noe. Hilsen oss i nummer fire."
)


def delivery(page: str, number: int, created: int) -> bytes:
    """A comment as Facebook sends it, about 1.2 kB, with an id of its own."""
    comment = f"{page}_{created}{number:07d}"
    body = {
        "object": "page",
        "entry": [
            {
                "id": page,
                "time": created,
                "changes": [
                    {
                        "field": "feed",
                        "value": {
                            "from": {"id": f"72{number % 5000:012d}", "name": "Kari Nordmann Haugland"},
                            "post": {
                                "status_type": "mobile_status_update",
                                "is_published": True,
                                "updated_time": "2026-06-03T08:00:00+0000",
                                "permalink_url": f"https://www.facebook.example/{page}/posts/pfbid0{number:020d}",
                                "promotion_status": "ineligible",
                                "id": f"{page}_{number % 200:015d}",
                            },
                            "message": _TEXT,
                            "post_id": f"{page}_{number % 200:015d}",
                            "comment_id": comment,
                            "created_time": created,
                            "item": "comment",
                            "parent_id": f"{page}_{number % 200:015d}",
                            "verb": "add",
                        },
                    }
                ],
            }
        ],
    }
    return json.dumps(body).replace("/", "\\/").encode()


def requests(secret: bytes, page: str, count: int) -> Iterator[bytes]:
    """Whole HTTP requests, made before the clock starts."""
    created = int(time.time())
    for number in range(count):
        body = delivery(page, number, created)
        mac = hmac.digest(secret, body, hashlib.sha256).hex()
        yield (
            b"POST /webhooks/facebook HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: facebookexternalua\r\n"
            b"Content-Type: application/json\r\nX-Hub-Signature-256: sha256=%s\r\nContent-Length: %d\r\n\r\n%s"
            % (mac.encode(), len(body), body)
        )


class _Client(asyncio.Protocol):
    def __init__(self, source: Iterator[bytes], until: float, seen: list[float], refused: list[bytes]) -> None:
        self.source, self.until, self.seen, self.refused = source, until, seen, refused
        self.ended = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is of no class of asyncio's
        self._send()

    def data_received(self, data: bytes) -> None:
        self.seen.append(time.perf_counter() - self.sent)
        if not data.startswith(b"HTTP/1.1 200"):
            self.refused.append(data[:60])
        self._send()

    def connection_lost(self, _error: Exception | None) -> None:
        if not self.ended.done():
            self.ended.set_result(None)

    def _send(self) -> None:
        request = next(self.source, None)
        if request is None or time.perf_counter() > self.until:
            self.transport.close()
            return
        self.sent = time.perf_counter()
        self.transport.write(request)


async def main(port: int, secret: bytes, page: str, clients: int, seconds: float, most: int) -> dict[str, float]:
    source = iter(list(requests(secret, page, most)))
    gc.freeze()
    gc.disable()
    seen: list[float] = []
    refused: list[bytes] = []
    loop = asyncio.get_running_loop()
    start = time.perf_counter()
    made = [
        (await loop.create_connection(lambda: _Client(source, start + seconds, seen, refused), "127.0.0.1", port))[1]
        for _ in range(clients)
    ]
    await asyncio.gather(*(client.ended for client in made))
    took = time.perf_counter() - start
    seen.sort()
    return {
        "per_second": len(seen) / took,
        "p50_ms": seen[len(seen) // 2] * 1000,
        "p99_ms": seen[int(len(seen) * 0.99)] * 1000,
        "requests": len(seen),
        "refused": len(refused),
    }


if __name__ == "__main__":
    port, secret, page, clients, seconds, most = sys.argv[1:7]
    print(json.dumps(uvloop.run(main(int(port), secret.encode(), page, int(clients), float(seconds), int(most)))))
