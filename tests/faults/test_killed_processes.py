"""F1, F2, F3: a process dies at every named point of its work, is started again, and nothing is lost or done twice.

One journey meets one point in each of several processes; together the journeys meet every point there is.
"""

from collections.abc import Callable

import pytest
from torg_ops.client import House as Client
from torg_ops.demo import Story, demo
from torg_shared.crash import POINTS

from .conftest import Patient

JOURNEYS = [
    {
        "ingest": "ingest.before_commit",
        "classifier": "runner.fetched",
        "journal": "journal.numbers_taken",
        "responder": "responder.before_intent",
    },
    {
        "ingest": "ingest.committed",
        "classifier": "runner.handled",
        "journal": "runner.handled",
        "responder": "responder.intent_committed",
    },
    {
        "ingest": "relay.read",
        "classifier": "runner.committed",
        "journal": "runner.committed",
        "responder": "responder.platform_called",
    },
    {
        "ingest": "relay.published",
        "classifier": "runner.offset_committed",
        "journal": "runner.offset_committed",
        "responder": "responder.confirmed",
    },
    {
        "ingest": "relay.cursor_moved",
        "classifier": "command.before_commit",
        "journal": "command.before_commit",
        "responder": "command.before_commit",
    },
    {
        "classifier": "command.committed",
        "journal": "command.committed",
        "responder": "command.committed",
    },
    {
        "classifier": "relay.published",
        "journal": "runner.fetched",
        "responder": "runner.handled",
    },
    {
        "journal": "relay.published",
        "responder": "relay.published",
    },
    {
        "journal": "relay.read",
        "responder": "runner.committed",
    },
]


def _quietly(client: Client) -> Story:
    return demo(client, lambda _line: None)


@pytest.mark.parametrize("points", JOURNEYS, ids=lambda points: " ".join(points.values()))
def test_a_journey_goes_on_after_every_kill(
    patient: Patient, balanced: Callable[[], None], client: Client, points: dict[str, str]
) -> None:
    story = patient(_quietly, points)

    assert story.entries is not None
    kinds = [one["journalposttype"] for one in sorted(story.entries, key=lambda one: one["journalsekvensnummer"])]
    assert kinds == ["I", "N", "N", "U"]
    answers = client.control("GET", f"/_sim/comments?by=page&parent={story.comment_id}")["data"]
    assert len(answers) == 1
    balanced()


def test_every_point_is_met() -> None:
    assert {point for points in JOURNEYS for point in points.values()} == POINTS
