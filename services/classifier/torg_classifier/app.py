"""The composition root: real things are made here and nowhere else."""

from collections.abc import Sequence
from datetime import timedelta

from pydantic import BaseModel
from torg_shared.auth import keep_fresh, tokens_for
from torg_shared.bus.open import open_bus
from torg_shared.bus.port import Bus
from torg_shared.clock import Clock, SystemClock
from torg_shared.db import make_engine
from torg_shared.metrics import Metrics
from torg_shared.municipality import read
from torg_shared.service import Service
from torg_shared.web import make_api, read_secret
from torg_shared.work import Works

from torg_classifier import handlers, jobs
from torg_classifier.api import classify, messages, rules
from torg_classifier.authorisation import MATRIX
from torg_classifier.domain.decision import Model, Thresholds
from torg_classifier.domain.facets import Handling
from torg_classifier.domain.triage import Units
from torg_classifier.rules import load
from torg_classifier.rules.identify import identifier
from torg_classifier.settings import ClassifierSettings
from torg_classifier.usecases.alerts import Route
from torg_classifier.usecases.classify import Classifier


class _Unit(BaseModel):
    code: str


class _UnitsFile(BaseModel):
    units: list[_Unit]


def build(
    settings: ClassifierSettings,
    *,
    bus: Bus | None = None,
    clock: Clock | None = None,
    model: Model | None = None,
    routes: Sequence[Route] = (),
) -> Service:
    """The classifier, ready to run. Raises `RuleError` or `ConfigError`, which name the file, for wrong rules."""
    metrics = Metrics()
    config, guideline = load(settings.config_dir, identify=identifier(), thresholds=_thresholds(settings))
    classifier = Classifier(config, model, timedelta(seconds=settings.alert_repeat_s))
    known = read(settings.config_dir / "units.yaml", _UnitsFile)
    units = Units(frozenset(unit.code for unit in known.units), config.lexicon.front_line, config.lexicon.politics)
    engine = make_engine(
        settings.database_url,
        name="torg-classifier",
        pool_size=settings.database_pool,
        command_timeout_s=settings.command_timeout_s,
    )
    works = Works(engine, clock or SystemClock(), "classifier")
    bus = bus or open_bus(settings.bus_url, "torg-classifier")
    tokens = tokens_for(settings)
    groups = handlers.groups(classifier)
    book = rules.Book(config, guideline)
    rest, health = make_api(
        name="classifier",
        package="torg_classifier",
        works=works,
        bus=bus,
        metrics=metrics,
        tokens=tokens,
        matrix=MATRIX,
        routers=[
            classify.router(classifier, book),
            messages.router(units, guideline.version, book),
            rules.router(book),
        ],
        groups=groups,
        cursor_secret=read_secret(settings.secrets_dir, "cursor_secret"),
    )
    return Service(
        name="classifier",
        settings=settings,
        works=works,
        bus=bus,
        metrics=metrics,
        api=rest,
        health=health,
        groups=groups,
        jobs=[jobs.alarm(works, routes, settings), jobs.housekeeping(works, settings, metrics)],
        beside=[lambda stop: keep_fresh(tokens, stop, metrics)],
    )


def _thresholds(settings: ClassifierSettings) -> Thresholds:
    passes: dict[Handling, float | None] = {
        "answer": settings.pass_answer,
        "thank": settings.pass_thank,
        "none_needed": settings.pass_none_needed,
    }
    return Thresholds(
        sure=settings.sure_threshold, passes={one: value for one, value in passes.items() if value is not None}
    )
