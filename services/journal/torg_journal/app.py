"""The composition root: real things are made here and nowhere else."""

from torg_shared.auth import keep_fresh, tokens_for
from torg_shared.bus.open import open_bus
from torg_shared.bus.port import Bus
from torg_shared.clock import Clock, SystemClock
from torg_shared.db import make_engine
from torg_shared.housekeeping import standard_limits, tidy
from torg_shared.metrics import Metrics
from torg_shared.service import Job, Service
from torg_shared.web import Router, make_api, read_secret
from torg_shared.work import Works

from torg_journal import handlers
from torg_journal.api.cases import cases
from torg_journal.api.consultations import consultations
from torg_journal.api.deadlines import deadlines
from torg_journal.api.entries import entries
from torg_journal.api.messages import messages
from torg_journal.api.oversight import oversight
from torg_journal.api.public_journal import public_journal
from torg_journal.api.records import records
from torg_journal.api.reports import reports
from torg_journal.api.screening import screening
from torg_journal.api.worklist import worklist
from torg_journal.authorisation import MATRIX
from torg_journal.domain.house import House
from torg_journal.jobs.journal import journal_jobs
from torg_journal.jobs.snapshots import Snapshots, settling_jobs
from torg_journal.settings import JournalSettings, Municipality, house_of, load


def routers_of(municipality: Municipality, house: House) -> list[Router]:
    """Every guarded route of the journal."""
    return [
        worklist(),
        messages(house),
        consultations(house),
        cases(house),
        entries(house),
        records(house),
        deadlines(municipality),
        reports(municipality),
        screening(municipality),
        public_journal(municipality),
        oversight(municipality),
    ]


def build(settings: JournalSettings, *, bus: Bus | None = None, clock: Clock | None = None) -> Service:
    """The journal, ready to run. Raises `ConfigError` for a wrong municipality, `OSError` for a missing secret."""
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
    groups = [handlers.group(house)]
    rest, health = make_api(
        name="journal",
        package="torg_journal",
        works=works,
        bus=bus,
        metrics=metrics,
        tokens=tokens,
        matrix=MATRIX,
        routers=routers_of(municipality, house),
        groups=groups,
        cursor_secret=read_secret(settings.secrets_dir, "cursor_secret"),
    )
    snapshots = Snapshots(works, settings.ingest_url, settings.secrets_dir / "tokens" / "journal")
    limits = standard_limits(settings.inbox_days, settings.idempotency_days, settings.replayed_letter_days)
    return Service(
        name="journal",
        settings=settings,
        works=works,
        bus=bus,
        metrics=metrics,
        api=rest,
        health=health,
        groups=groups,
        jobs=[
            *settling_jobs(works, snapshots, metrics),
            *journal_jobs(works, municipality, metrics, settings.heads_dir),
            Job("housekeeping", 60.0, lambda: tidy(works, limits, metrics)),
        ],
        beside=[lambda stop: keep_fresh(tokens, stop, metrics)],
        closing=[snapshots.close],
    )
