"""The worklist: the working life of messages, most at risk first, then by what is due next."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query
from starlette.responses import Response
from torg_shared.web import After, Command, Limit, Router

from torg_journal.store import worklist as store

_Word = Annotated[str | None, Query(max_length=60, pattern=r"^[a-z][a-z0-9_:-]*$")]
_AMBER = 0.5


def worklist() -> Router:
    """`GET /worklist`."""
    router = Router()

    @router.get("/worklist")
    async def all_messages(
        command: Command,
        state: Literal["open", "closed"] = "open",
        status: Literal["received", "classified", "triaged", "answered"] | None = None,
        handling: _Word = None,
        flag: _Word = None,
        unit: _Word = None,
        channel: _Word = None,
        overdue: bool | None = None,
        needs_human: bool | None = None,
        needs_triage: bool | None = None,
        saksmappe_id: UUID | None = None,
        after: After = None,
        limit: Limit = 50,
    ) -> Response:
        query = store.WorklistQuery(
            principal=command.principal,
            ended=state == "closed",
            status=status,
            handling=handling,
            flag=flag,
            unit=unit,
            channel=channel,
            overdue=overdue,
            needs_human=needs_human,
            needs_triage=needs_triage,
            saksmappe_id=saksmappe_id,
        )
        page = command.page("worklist", after, limit, **query.filters())
        now = command.works.clock.now()
        rows = await command.read(lambda work: store.worklist(work.db, query, page, work.now))
        return command.list(page, rows, lambda row: store.position(query, row), lambda row: _item(row, now))

    return router


def _item(row: Any, now: datetime) -> dict[str, Any]:
    """One line: ids as strings, the colour of what is due next, a claim only while it lasts."""
    found = {name: getattr(row, name) for name in store.COLUMNS}
    for name in ("id", "conversation_id", "channel_id", "reply_id", "saksmappe_id"):
        found[name] = str(found[name]) if found[name] else None
    found["message_id"] = found.pop("id")
    if found["claim_until"] is None or found["claim_until"] <= now:
        found["claim_holder"] = found["claim_until"] = None
    found["colour"] = _colour(row, now)
    return found


def _colour(row: Any, now: datetime) -> str | None:
    """Green, amber from half of the time between receipt and due, red from the due time (G-12)."""
    if row.next_due is None:
        return None
    if now >= row.next_due:
        return "red"
    whole = row.next_due - row.received_at
    return "amber" if now - row.received_at >= whole * _AMBER else "green"
