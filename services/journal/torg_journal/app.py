"""The composition root: real things are made here and nowhere else."""

from torg_shared.auth import keep_fresh, tokens_for
from torg_shared.bus.open import open_bus
from torg_shared.bus.port import Bus
from torg_shared.clock import Clock, SystemClock
from torg_shared.db import make_engine
from torg_shared.metrics import Metrics
from torg_shared.service import Service
from torg_shared.web import make_api, read_secret
from torg_shared.work import Works

from torg_journal import handlers
from torg_journal.api.deadlines import deadlines
from torg_journal.api.oversight import oversight
from torg_journal.api.public_journal import public_journal
from torg_journal.api.reports import reports
from torg_journal.api.screening import screening
from torg_journal.api.worklist import worklist
from torg_journal.authorisation import MATRIX
from torg_journal.jobs.journal import housekeeping, journal_jobs
from torg_journal.settings import JournalSettings, house_of, load


def build(settings: JournalSettings, *, bus: Bus | None = None, clock: Clock | None = None) -> Service:
    """The journal, ready to run. Raises `ConfigError` for wrong files, `OSError` for a missing secret."""
    municipality = load(settings.config_dir)
    house = house_of(municipality, settings.config_dir)
    metrics = Metrics()
    engine = make_engine(
        settings.database_url,
        name="torg-journal",
        pool_size=settings.database_pool,
        command_timeout_s=settings.command_timeout_s,
    )
    works = Works(engine, clock or SystemClock(), "journal")
    bus = bus or open_bus(settings.bus_url, "torg-journal")
    tokens = tokens_for(settings)
    group = handlers.group(house)
    rest, health = make_api(
        name="journal",
        package="torg_journal",
        works=works,
        bus=bus,
        metrics=metrics,
        tokens=tokens,
        matrix=MATRIX,
        routers=[
            deadlines(municipality),
            oversight(municipality),
            public_journal(municipality),
            reports(municipality),
            screening(municipality),
            worklist(),
        ],
        groups=[group],
        cursor_secret=read_secret(settings.secrets_dir, "cursor_secret"),
    )
    return Service(
        name="journal",
        settings=settings,
        works=works,
        bus=bus,
        metrics=metrics,
        api=rest,
        health=health,
        groups=[group],
        jobs=[
            *journal_jobs(works, municipality, metrics, settings.heads_dir),
            housekeeping(works, settings, metrics),
        ],
        beside=[lambda stop: keep_fresh(tokens, stop, metrics)],
    )
