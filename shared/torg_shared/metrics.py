"""Metrics. The names are a closed list with units; a service asks for one by name and cannot invent another."""

from dataclasses import dataclass
from typing import TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

M = TypeVar("M", Counter, Gauge, Histogram)


@dataclass(frozen=True, slots=True)
class Metric:
    help: str
    labels: tuple[str, ...] = ()


METRICS = {
    "torg_events_handled_total": Metric("Events handled with effect", ("group",)),
    "torg_events_duplicate_total": Metric("Events dropped because the inbox knew them", ("group",)),
    "torg_events_parked_total": Metric("Events that became dead letters", ("group",)),
    "torg_batches_retried_total": Metric("Batches tried again after a passing failure", ("group",)),
    "torg_group_rejoined_total": Metric("Times a group was joined again", ("group", "cause")),
    "torg_group_halted": Metric("1 while the group stands still after ten parked events in a row", ("group",)),
    "torg_handle_seconds": Metric("Time from fetch to database commit of a batch, in seconds", ("group",)),
    "torg_relayed_total": Metric("Log rows published to the bus"),
    "torg_relay_failures_total": Metric("Publishing attempts that failed"),
    "torg_relay_is_leader": Metric("1 in the process that relays this service's log"),
    "torg_log_unrelayed_age_seconds": Metric("Age of the oldest log row that is not yet on the bus, in seconds"),
    "torg_loop_lag_seconds": Metric("How late the event loop wakes, in seconds"),
    "torg_job_failures_total": Metric("Rounds of a timed job that failed", ("job",)),
    "torg_rows_tidied_total": Metric("Rows deleted because their time was over", ("table",)),
    "torg_keys_refreshed_total": Metric("Times the keys that sign tokens were fetched", ("outcome",)),
    "torg_deliveries_total": Metric("Webhook deliveries by outcome", ("platform", "outcome")),
    "torg_changes_total": Metric("Changes in deliveries by outcome", ("platform", "outcome")),
    "torg_unhandled_total": Metric(
        "Changes kept raw because nothing handles them", ("platform", "field", "item", "verb")
    ),
    "torg_commit_batch_deliveries": Metric("Deliveries stored by one commit"),
    "torg_committer_queue_bytes": Metric("Bytes of deliveries that wait for the committer"),
    "torg_classified_total": Metric("Classifications by handling", ("handling",)),
    "torg_oldest_unsettled_fact_seconds": Metric("Age of the oldest fact that waits for its partner, in seconds"),
    "torg_journal_gap": Metric("1 when a journal year has a hole in its numbers", ("year",)),
    "torg_deadlines_overdue": Metric("Running deadlines past their due time", ("code",)),
    "torg_replies": Metric("Replies by state that needs somebody", ("state",)),
    "torg_platform_calls_total": Metric("Calls to a platform by outcome", ("platform", "operation", "outcome")),
    "torg_circuit_open": Metric("1 while calls to the platform are withheld", ("platform",)),
}


class Metrics:
    """One process's metrics, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._made: dict[str, Counter | Gauge | Histogram] = {}

    def counter(self, name: str) -> Counter:
        """The counter `name`. Raises `KeyError` for a name outside the list."""
        return self._get(name, Counter)

    def gauge(self, name: str) -> Gauge:
        """The gauge `name`. Raises `KeyError` for a name outside the list."""
        return self._get(name, Gauge)

    def histogram(self, name: str) -> Histogram:
        """The histogram `name`. Raises `KeyError` for a name outside the list."""
        return self._get(name, Histogram)

    def render(self) -> bytes:
        """The text format of Prometheus."""
        return generate_latest(self.registry)

    def _get(self, name: str, kind: type[M]) -> M:
        if name not in self._made:
            metric = METRICS[name]
            self._made[name] = kind(name.removesuffix("_total"), metric.help, metric.labels, registry=self.registry)
        made = self._made[name]
        if not isinstance(made, kind):
            raise TypeError(f"{name} is a {type(made).__name__} already")
        return made
