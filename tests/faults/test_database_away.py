"""F6, F7: the database restarts, stays away, or cuts connections in the middle of transactions."""

import asyncio
import hashlib
import hmac
import threading
import time
from collections.abc import Callable

import asyncpg
import httpx
from torg_ops.client import House as Client
from torg_ops.demo import demo
from torg_ops.house import House

_EMPTY = b'{"object":"page","entry":[]}'


def _signed(client: Client) -> dict[str, str]:
    digest = hmac.new(client.running["app_secret"].encode(), _EMPTY, hashlib.sha256).hexdigest()
    return {"X-Hub-Signature-256": f"sha256={digest}", "Content-Type": "application/json"}


def test_without_a_database_a_webhook_is_told_to_come_again_and_nothing_is_lost(
    house: House, client: Client, balanced: Callable[[], None]
) -> None:
    assert house.server is not None
    client.control("POST", "/_sim/posts", {"message": "Spør oss om badet!"})
    url = f"{house.url('ingest')}/webhooks/facebook"
    house.server.stop("immediate")
    try:
        refused = httpx.post(url, content=_EMPTY, headers=_signed(client), timeout=30, trust_env=False)
        comment = client.control("POST", "/_sim/comments", {"message": "Når åpner svømmehallen?"})
    finally:
        house.server.restart()

    assert refused.status_code == 503
    assert int(refused.headers["Retry-After"]) >= 1

    def arrived() -> bool:
        items = client.get("ingest", "/messages", "leder", limit=50)["items"]
        return any(one["external_id"] == comment["id"] for one in items)

    client.until("meldingen etter at databasen kom tilbake", arrived, within_s=60)
    balanced()


def test_services_heal_without_a_restart_after_the_database_did(house: House, client: Client) -> None:
    assert house.server is not None
    before = {name: child.process for name, child in house.children.items()}

    house.server.restart("immediate")

    for name in ("ingest", "classifier", "journal", "responder"):
        ready = client.until(
            f"{name} klar igjen",
            lambda name=name: client.get(name, "/readyz", None)["status"] == "ready",  # type: ignore[misc]
            within_s=60,
        )
        assert ready
    assert {name: child.process for name, child in house.children.items()} == before


def test_connections_cut_in_the_middle_of_transactions_change_nothing(
    house: House, client: Client, balanced: Callable[[], None]
) -> None:
    assert house.server is not None
    url = house.server.url()
    stop = threading.Event()
    cut = []

    async def cutting() -> None:
        admin = await asyncpg.connect(url)
        try:
            while not stop.is_set():
                rows = await admin.fetch(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                    "WHERE usename LIKE 'torg\\_%' AND pid <> pg_backend_pid() "
                    "AND (state LIKE 'idle in transaction%' OR state = 'active')"
                )
                cut.append(len(rows))
                await asyncio.sleep(0.25)
        finally:
            await admin.close()

    cutter = threading.Thread(target=lambda: asyncio.run(cutting()))
    cutter.start()
    try:
        last = time.monotonic() + 120
        done = None
        while done is None:
            done = _try_demo(client, last)
    finally:
        stop.set()
        cutter.join()

    assert sum(cut) > 0
    balanced()


def _try_demo(client: Client, last: float) -> object | None:
    """A whole journey; a person who is told that something went wrong here tries again from the start."""
    try:
        return demo(client, lambda _line: None)
    except Exception:
        if time.monotonic() > last:
            raise
        return None
