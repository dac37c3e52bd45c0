"""F1, F2, F3: a process dies at every named point of its work, is started again; nothing is lost or done twice."""

from collections.abc import Callable

from torg_ops.client import House as Client
from torg_ops.demo import Story, demo
from torg_ops.house import House
from torg_shared.crash import POINTS

from .conftest import Patient

_RUNNER = ["runner.fetched", "runner.handled", "runner.committed", "runner.offset_committed"]
_COMMAND = ["command.before_commit", "command.committed"]
CHAINS = {
    "ingest": ["ingest.before_commit", "ingest.committed", "relay.read", "relay.published", "relay.cursor_moved"],
    "classifier": [*_RUNNER, *_COMMAND, "relay.published"],
    "journal": [*_RUNNER, "journal.numbers_taken", *_COMMAND, "relay.published"],
    "responder": [
        *_RUNNER,
        *_COMMAND,
        "responder.before_intent",
        "responder.intent_committed",
        "responder.platform_called",
        "responder.confirmed",
        "relay.published",
    ],
}


def _quietly(client: Client) -> Story:
    return demo(client, lambda _line: None)


def test_journeys_go_on_while_every_process_dies_at_every_point(
    patient: Patient, balanced: Callable[[], None], client: Client
) -> None:
    stories = patient(_quietly, CHAINS)

    assert len(patient.deaths) == sum(len(points) for points in CHAINS.values())
    for story in stories:
        assert story.entries is not None
        kinds = [one["journalposttype"] for one in sorted(story.entries, key=lambda one: one["journalsekvensnummer"])]
        assert kinds == ["I", "N", "N", "U"]
        answers = client.control("GET", f"/_sim/comments?by=page&parent={story.comment_id}")["data"]
        assert len(answers) == 1
    balanced()


def test_what_the_relay_sent_twice_is_dropped_by_the_inboxes(
    patient: Patient, balanced: Callable[[], None], client: Client, house: House
) -> None:
    before = _duplicates(client)

    patient(_quietly, {"ingest": ["relay.published"]})

    client.until("hendelser som kom to ganger", lambda: _duplicates(client) > before, within_s=60)
    balanced()


def _duplicates(client: Client) -> float:
    """Events that consumers met a second time, since they were started."""
    found = 0.0
    for service in ("classifier", "journal", "responder"):
        for line in client.get(service, "/metrics", None).body.splitlines():
            if line.startswith("torg_events_duplicate_total{"):
                found += float(line.split()[-1])
    return found


def test_every_point_is_met() -> None:
    assert {point for points in CHAINS.values() for point in points} == POINTS
