"""What the machine can do at best: bare endpoints that do the unavoidable part of the work and nothing else.

`python -m bench.limits group_commit|fastapi PORT SECRET [DATABASE]`
"""

import asyncio
import gc
import hashlib
import hmac
import sys
import uuid
from typing import Any

import asyncpg
import uvicorn
from fastapi import FastAPI, Request
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

SCHEMA = """
CREATE TABLE IF NOT EXISTS raw (id uuid PRIMARY KEY, body bytea NOT NULL, at timestamptz NOT NULL DEFAULT now());
CREATE TABLE IF NOT EXISTS log (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, event_id uuid NOT NULL UNIQUE,
    payload bytea NOT NULL);
"""
_RAW = "INSERT INTO raw (id, body) SELECT * FROM unnest($1::uuid[], $2::bytea[])"
_LOG = """
WITH held AS MATERIALIZED (SELECT pg_advisory_xact_lock(1))
INSERT INTO log (event_id, payload) SELECT e.* FROM held, unnest($1::uuid[], $2::bytea[]) AS e
"""


def _signed(secret: bytes, body: bytes, header: str) -> bool:
    return hmac.compare_digest(hmac.digest(secret, body, hashlib.sha256).hex(), header.removeprefix("sha256="))


def group_commit(secret: bytes, database: str) -> Starlette:
    """Verifies, then one task stores what queued while its last commit ran: one raw and one log row each."""
    queue: list[tuple[bytes, asyncio.Future[None]]] = []
    some = asyncio.Event()
    running: list[asyncio.Task[None]] = []

    async def commit_for_ever() -> None:
        db = await asyncpg.connect(database)
        await db.execute(SCHEMA)
        while True:
            await some.wait()
            some.clear()
            batch, queue[:] = list(queue), []
            ids, bodies = [uuid.uuid4() for _ in batch], [body for body, _ in batch]
            async with db.transaction():
                await db.execute(_RAW, ids, bodies)
                await db.execute(_LOG, ids, bodies)
            for _, done in batch:
                done.set_result(None)

    async def receive(request: Request) -> Response:
        if not running:
            running.append(asyncio.create_task(commit_for_ever()))
        body = await request.body()
        if not _signed(secret, body, request.headers.get("x-hub-signature-256", "")):
            return Response(status_code=401)
        done = asyncio.get_running_loop().create_future()
        queue.append((body, done))
        some.set()
        await done
        return Response()

    return Starlette(routes=[Route("/webhooks/facebook", receive, methods=["POST"])])


def fastapi(secret: bytes) -> FastAPI:
    """Verifies and stores nothing."""
    app = FastAPI()

    @app.post("/webhooks/facebook")
    async def receive(request: Request) -> Response:
        good = _signed(secret, await request.body(), request.headers.get("x-hub-signature-256", ""))
        return Response(status_code=200 if good else 401)

    return app


if __name__ == "__main__":
    kind, port, secret = sys.argv[1:4]
    app: Any = fastapi(secret.encode()) if kind == "fastapi" else group_commit(secret.encode(), sys.argv[4])
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    uvicorn.run(app, host="127.0.0.1", port=int(port), access_log=False, log_level="warning", loop="uvloop")
