"""What the journal knows of the channels: their keys, hours and state, from the channel events alone."""

from collections.abc import Mapping, Sequence
from typing import Any

from torg_shared.work import Work

from torg_journal.domain.house import House
from torg_journal.store import settling as store

from . import settling

_KEPT = ("version", "platform", "account_id", "name", "state", "owner_unit", "comment_mode", "hours", "formal_contact")


async def take(work: Work, house: House, states: Sequence[Mapping[str, Any]]) -> None:
    """Keep the newest state of each channel; messages that waited for their channel get its key and its hours."""
    newest: dict[str, Mapping[str, Any]] = {}
    for state in states:
        known = newest.get(state["channel_id"])
        if known is None or known["version"] < state["version"]:
            newest[state["channel_id"]] = state
    rows = [
        {name: state[name] for name in _KEPT}
        | {
            "id": state["channel_id"],
            "key": state["channel_key"],
            "activated_at": state.get("activated_at"),
            "seen_at": work.now,
        }
        for state in newest.values()
    ]
    await settling.again(work, house, await store.put_channels(work.db, rows))
