"""Timed loops: alerts that nobody has answered, and tidying."""

from collections.abc import Sequence
from datetime import timedelta

from torg_shared.housekeeping import standard_limits, tidy
from torg_shared.metrics import Metrics
from torg_shared.service import Job
from torg_shared.work import Works

from torg_classifier.settings import ClassifierSettings
from torg_classifier.usecases import alerts

_LOOK_EVERY_S = 2.0
_TIDY_EVERY_S = 300.0


def alarm(works: Works, routes: Sequence[alerts.Route], settings: ClassifierSettings) -> Job:
    pace = alerts.Pace(timedelta(seconds=settings.alert_repeat_s), timedelta(seconds=settings.alert_escalate_s))
    return Job("alerts", _LOOK_EVERY_S, lambda: alerts.repeat(works, routes, pace))


def housekeeping(works: Works, settings: ClassifierSettings, metrics: Metrics) -> Job:
    limits = standard_limits(settings.inbox_days, settings.idempotency_days, settings.replayed_letter_days)
    return Job("housekeeping", _TIDY_EVERY_S, lambda: tidy(works, limits, metrics))
