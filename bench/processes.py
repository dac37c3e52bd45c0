"""Processes of a benchmark: started on loopback, waited for, ended by their id."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

SECRET = "bench-secret"


@asynccontextmanager
async def running(*arguments: str, port: int, path: str = "/", **environment: str) -> AsyncIterator[int]:
    """`python -m …` until the block ends; waits until `path` on `port` answers anything. Gives the process id."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", *arguments, env={**os.environ, **environment}, stdout=asyncio.subprocess.DEVNULL
    )
    try:
        async with httpx.AsyncClient() as client:
            for _ in range(600):
                if process.returncode is not None:
                    raise RuntimeError(f"{arguments} ended with {process.returncode}")
                try:
                    await client.get(f"http://127.0.0.1:{port}{path}", timeout=1.0)
                    break
                except httpx.HTTPError:
                    await asyncio.sleep(0.05)
        yield process.pid
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(process.wait(), 20)
            except TimeoutError:
                process.kill()
                await process.wait()


async def output_of(*arguments: str, **environment: str) -> Mapping[str, float]:
    """What `python -m …` prints as one JSON object."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", *arguments, env={**os.environ, **environment}, stdout=asyncio.subprocess.PIPE
    )
    printed, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"{arguments} ended with {process.returncode}")
    found: Mapping[str, float] = json.loads(printed)
    return found


def write_secrets(folder: Path) -> Path:
    """The secrets that a service asks for, in a folder of the run; worth nothing."""
    secrets = folder / "secrets"
    for name in (
        "facebook/app_secret",
        "facebook/verify_token",
        "facebook-sogne/page_token",
        "cursor_secret",
        "receipt_secret",
        "tokens/journal",
    ):
        path = secrets / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(SECRET)
    return secrets
