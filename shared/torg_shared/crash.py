"""Named points where a test makes a process die at once, as `kill -9` would.

`CRASH_AT=<name>` exits at the first pass of that point, `CRASH_AT=<name>:<n>` at the n-th. Unset, a point costs one
look into the environment.
"""

import os
from collections import Counter

POINTS = frozenset(
    {
        "ingest.before_commit",
        "ingest.committed",
        "relay.read",
        "relay.published",
        "relay.cursor_moved",
        "runner.fetched",
        "runner.handled",
        "runner.committed",
        "runner.offset_committed",
        "command.before_commit",
        "command.committed",
        "journal.numbers_taken",
        "responder.before_intent",
        "responder.intent_committed",
        "responder.platform_called",
        "responder.confirmed",
    }
)

_passes: Counter[str] = Counter()


def point(name: str) -> None:
    """Die here if the environment says so. Raises `KeyError` for a name that is not listed."""
    if name not in POINTS:
        raise KeyError(name)
    wanted = os.environ.get("CRASH_AT")
    if not wanted:
        return
    where, _, nth = wanted.partition(":")
    if where == name:
        _passes[name] += 1
        if _passes[name] >= int(nth or 1):
            os._exit(137)
