"""`python -m torg_journal`: api, worker, serve, migrate, replay, resume, --check-config; verify and prove."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, TypeVar
from uuid import UUID

import orjson
import typer
from torg_shared.clock import SystemClock
from torg_shared.db import make_engine
from torg_shared.errors import DomainError
from torg_shared.events.envelope import Actor
from torg_shared.service import command_line
from torg_shared.work import Work, Works

from torg_journal.app import build
from torg_journal.jobs.journal import read_heads
from torg_journal.settings import JournalSettings
from torg_journal.usecases import oversight

T = TypeVar("T")
_OPERATOR = Actor(kind="system", id="journal-command")
_HEADS = "Folder of head files kept outside the database; default TORG_HEADS_DIR"

app = command_line("journal", "torg_journal", build, JournalSettings)


@app.command()
def verify(
    year: Annotated[int | None, typer.Option(help="One journal year; default all")] = None,
    heads: Annotated[Path | None, typer.Option(help=_HEADS)] = None,
) -> None:
    """Recompute the journal's chain against texts, documents and published heads; exit 1 when anything is wrong."""
    settings = JournalSettings()
    folder = heads or settings.heads_dir
    witnesses = read_heads(folder) if folder and folder.is_dir() else []
    found = _do(settings, lambda work: oversight.verify(work, year, witnesses))
    for one in found.findings:
        typer.echo(f"{one.code} {one.year}/{one.sequence} {one.detail}".rstrip())
    for counted, missing in found.missing.items():
        if missing:
            typer.echo(f"NUMBERS {counted}: {missing} nummer mangler")
    if found.audit_fault:
        typer.echo(f"AUDIT {found.audit_fault}")
    verdict = "hel" if found.whole else "IKKE hel"
    told = f"Journalen er {verdict}: {found.entries} journalposter, {found.heads} publiserte kjedetopper,"
    typer.echo(f"{told} {len(witnesses)} av dem også som fil, {found.audit_rows} rader i revisjonsloggen.")
    raise typer.Exit(0 if found.whole else 1)


@app.command()
def prove(journalpost_id: UUID) -> None:
    """Print the path from an entry to the next published head, as JSON that anyone can check with SHA-256."""
    proof = _do(JournalSettings(), lambda work: oversight.prove(work, journalpost_id))
    typer.echo(orjson.dumps(oversight.proof_as_data(proof), option=orjson.OPT_INDENT_2).decode())
    raise typer.Exit(0 if proof.holds() else 1)


def _do(settings: JournalSettings, use_case: Callable[[Work], Awaitable[T]]) -> T:
    async def run() -> T:
        engine = make_engine(settings.database_url, name="torg-journal-command", pool_size=2)
        works = Works(engine, SystemClock(), "journal")
        try:
            async with works.begin(_OPERATOR) as work:
                return await use_case(work)
        finally:
            await works.close()

    try:
        return asyncio.run(run())
    except DomainError as error:
        typer.echo(f"{error.code} {error.subject or ''}".strip(), err=True)
        raise typer.Exit(2) from None


if __name__ == "__main__":
    app()
