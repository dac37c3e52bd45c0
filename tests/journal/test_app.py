"""The journal as it is composed: it starts, serves and answers; its commands see what the REST sees."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from torg_journal.app import build
from torg_journal.jobs.journal import ACTOR, publish_heads
from torg_journal.settings import JournalSettings, Municipality
from torg_shared.bus.memory import MemoryBus
from torg_shared.testing import ISSUER, FakeClock, TestTokens

from tests.journal.journal_rows import Register, a_case

SOGNE = Path(__file__).parents[2] / "config" / "sogne"


@pytest.fixture
async def settings(database: Any, tokens: TestTokens, tmp_path: Path) -> JournalSettings:
    (tmp_path / "cursor_secret").write_bytes(b"secret")
    (tmp_path / "jwks.json").write_bytes(orjson.dumps(tokens.jwks()))
    return JournalSettings(
        database_url=(await database("torg_journal")).url,
        bus_url="memory://",
        jwks=str(tmp_path / "jwks.json"),
        token_issuer=ISSUER,
        secrets_dir=tmp_path,
        config_dir=SOGNE,
        heads_dir=tmp_path / "heads",
    )


async def test_the_journal_is_ready_and_says_so(settings: JournalSettings, clock: FakeClock) -> None:
    service = build(settings, bus=MemoryBus(), clock=clock)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(service.api), base_url="http://journal") as client:
        assert (await client.get("/healthz")).status_code == 200
        assert (await client.get("/readyz")).status_code == 200
        assert (await client.get("/offentlig-journal")).status_code == 200
        for job in service.jobs:
            await job.round()
        assert b'torg_journal_gap{year="2026"} 0.0' in (await client.get("/metrics")).content
    await service.works.close()


async def test_verify_and_prove_from_the_command_line(
    settings: JournalSettings, clock: FakeClock, works_for: Any, sogne: Municipality
) -> None:
    service = build(settings, bus=MemoryBus(), clock=clock)
    works = service.works
    async with works.begin(ACTOR) as work:
        case, register = await a_case(work.db), Register(work.db)
        entries = [await register.entry(case) for _ in range(3)]
    await publish_heads(works, sogne, settings.heads_dir)
    await works.close()

    whole = command(settings, "verify")
    assert whole.returncode == 0, whole.stderr
    assert "Journalen er hel: 3 journalposter, 1 publiserte kjedetopper, 1 av dem også som fil" in whole.stdout
    proof = command(settings, "prove", str(entries[0]))
    assert proof.returncode == 0, proof.stderr
    assert orjson.loads(proof.stdout)["holds"] is True
    assert command(settings, "prove", str(case)).returncode == 2

    assert settings.heads_dir is not None
    [head] = settings.heads_dir.iterdir()
    head.write_text(head.read_text("ascii").replace("2026 3 ", "2026 4 "), "ascii")
    lost = command(settings, "verify")
    assert lost.returncode == 1
    assert "TAIL 2026/4 journalen slutter på 3" in lost.stdout


def command(settings: JournalSettings, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {f"TORG_{name.upper()}": str(value) for name, value in settings.model_dump(exclude_none=True).items()}
    return subprocess.run(
        [sys.executable, "-m", "torg_journal", *words],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
