"""The journal's own copy of raw snapshots and media: fetched from ingest by REST, verified, kept by hash.

Registration never waits for it. No transaction is open while the network is asked.
"""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import structlog
from torg_shared.events.envelope import Actor
from torg_shared.http import Outbound, OutboundError
from torg_shared.metrics import Metrics
from torg_shared.service import Job
from torg_shared.work import Works

from torg_journal.domain.cases import sha256
from torg_journal.store import files, settling

_ACTOR = Actor(kind="system", id="journal")
_EVERY_S = 1.0
_BATCH = 20
_FIRST_WAIT_S, _LONGEST_WAIT_S = 2.0, 300.0
_LARGEST = 64 * 1024 * 1024
_log = structlog.get_logger()


class Snapshots:
    """`token_file` holds the journal's system token, read anew for each round so that a rotation needs no restart."""

    def __init__(self, works: Works, ingest_url: str, token_file: Path) -> None:
        self._works, self._url, self._token_file = works, ingest_url.rstrip("/"), token_file
        host = urlsplit(ingest_url).hostname or ""
        # ingest is a peer that the operator names, on this machine or network
        self._ingest = Outbound([host], allow_private=True, max_body=_LARGEST, user_agent="Torg journal")

    async def round(self) -> bool:
        """One batch of what is due; True when there may be more."""
        async with self._works.begin(_ACTOR) as work:
            wanted = await files.claim(work.db, work.now, _BATCH, _wait_after)
        if not wanted:
            return False
        token = self._token_file.read_text(encoding="ascii").strip()
        for one in wanted:
            await self._fetch(one, token)
        return len(wanted) == _BATCH

    async def _fetch(self, one: files.Wanted, token: str) -> None:
        path = f"/snapshots/{one.snapshot_id}" + (f"/media/{one.sha256}" if one.media else "")
        try:
            answer = await self._ingest.request("GET", self._url + path, headers={"authorization": f"Bearer {token}"})
            error = None if answer.ok else f"status {answer.status}"
        except OutboundError as cause:
            answer, error = None, str(cause)
        async with self._works.begin(_ACTOR) as work:
            if answer is None or error is not None:
                await files.failed(work.db, one, error or "no answer")
                _log.warning("journal.snapshot_not_fetched", snapshot_id=str(one.snapshot_id), error=error)
            elif sha256(answer.body) != one.sha256:
                await files.mismatched(work.db, one)
                work.audit("snapshot.hash_mismatch", one.snapshot_id, wanted=one.sha256, found=sha256(answer.body))
                _log.error("journal.snapshot_hash_mismatch", snapshot_id=str(one.snapshot_id))
            else:
                await files.keep(work.db, one, answer.body, work.now)

    async def close(self) -> None:
        await self._ingest.close()


def _wait_after(attempts: int) -> timedelta:
    return timedelta(seconds=min(_FIRST_WAIT_S * 2 ** min(attempts, 10), _LONGEST_WAIT_S))


async def measure(works: Works, metrics: Metrics) -> bool:
    """The age of the oldest fact that waits for its partner (architecture section 4)."""
    async with works.begin(_ACTOR) as work:
        oldest = await settling.oldest_waiting(work.db)
        age = (work.now - oldest).total_seconds() if oldest else 0.0
    metrics.gauge("torg_oldest_unsettled_fact_seconds").set(max(0.0, age))
    return False


def settling_jobs(works: Works, snapshots: Snapshots, metrics: Metrics) -> Sequence[Job]:
    return (
        Job("snapshots", _EVERY_S, snapshots.round),
        Job("unsettled", 10.0, lambda: measure(works, metrics)),
    )
