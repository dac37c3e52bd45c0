"""Queries of the classifier. A batch costs a fixed number of statements, however many messages it holds."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from .domain.facets import Record
from .domain.triage import Triage
from .tables import alert_attempts, alerts, channels, classifications, consultations, messages, triages


@dataclass(frozen=True, slots=True)
class Message:
    """What the classifier keeps of a message: the newest wording, and a version that every change of state raises."""

    id: UUID
    conversation_id: UUID
    channel_id: UUID
    version: int
    text: str | None
    kind: str | None
    backfill: bool
    received_at: datetime | None
    state_version: int
    changed_by: str
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Classified:
    """One stored proposal; `decision` is what the event said."""

    id: UUID
    message_id: UUID
    message_version: int
    decision: Mapping[str, Any]
    classified_at: datetime


@dataclass(frozen=True, slots=True)
class Triaged:
    """One stored triage with who made it."""

    message_id: UUID
    triage: Triage
    actor_id: str
    actor_role: str | None
    triaged_at: datetime


@dataclass(frozen=True, slots=True)
class Alert:
    id: UUID
    message_id: UUID
    message_version: int
    conversation_id: UUID
    channel_id: UUID
    category: str
    rule_ids: Sequence[str]
    raised_at: datetime
    next_at: datetime
    attempts: int
    escalated_at: datetime | None
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    action: str | None
    handed_over: bool


async def keep_messages(db: AsyncConnection, rows: Sequence[Message]) -> dict[UUID, Message]:
    """Upsert wordings: a newer one replaces, an older one fills only what was missing. Rows stay locked."""
    made = pg.insert(messages).values([asdict(row) for row in rows])
    new = made.excluded
    newer = new.version >= messages.c.version
    done = await db.execute(
        made.on_conflict_do_update(
            index_elements=[messages.c.id],
            set_={
                "version": sa.func.greatest(messages.c.version, new.version),
                "text": sa.case((newer, new.text), else_=messages.c.text),
                "kind": sa.func.coalesce(messages.c.kind, new.kind),
                "backfill": messages.c.backfill | new.backfill,
                "received_at": sa.func.coalesce(messages.c.received_at, new.received_at),
                "state_version": messages.c.state_version + 1,
                "changed_by": new.changed_by,
                "changed_at": new.changed_at,
            },
        ).returning(*messages.c)
    )
    return {row.id: Message(*row) for row in done}


async def add_classifications(db: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    await db.execute(sa.insert(classifications).values(list(rows)))


async def add_triages(db: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    await db.execute(sa.insert(triages).values(list(rows)))


async def raise_alerts(db: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> set[tuple[UUID, int]]:
    """Those that nobody had raised before: unique per message version, whichever group comes first (INV-22)."""
    if not rows:
        return set()
    done = await db.execute(
        pg.insert(alerts)
        .values(list(rows))
        .on_conflict_do_nothing(index_elements=[alerts.c.message_id, alerts.c.message_version])
        .returning(alerts.c.message_id, alerts.c.message_version)
    )
    return {(row.message_id, row.message_version) for row in done}


async def lock_message(db: AsyncConnection, message_id: UUID) -> Message | None:
    found = (await db.execute(sa.select(messages).where(messages.c.id == message_id).with_for_update())).one_or_none()
    return Message(*found) if found else None


async def lock_messages(db: AsyncConnection, ids: Collection[UUID]) -> dict[UUID, Message]:
    found = await db.execute(
        sa.select(messages).where(messages.c.id.in_(sorted(ids))).order_by(messages.c.id).with_for_update()
    )
    return {row.id: Message(*row) for row in found}


async def message(db: AsyncConnection, message_id: UUID) -> Message | None:
    found = (await db.execute(sa.select(messages).where(messages.c.id == message_id))).one_or_none()
    return Message(*found) if found else None


async def touch(db: AsyncConnection, ids: Collection[UUID], by: str, at: datetime) -> None:
    """The state of these messages has changed: whoever looked at them before must look again."""
    await db.execute(
        sa.update(messages)
        .where(messages.c.id.in_(list(ids)))
        .values(state_version=messages.c.state_version + 1, changed_by=by, changed_at=at)
    )


_NEWEST = (classifications.c.message_id, classifications.c.message_version.desc(), classifications.c.id.desc())


async def newest_classifications(db: AsyncConnection, ids: Collection[UUID]) -> dict[UUID, Classified]:
    """The current proposal of each message: the newest of its newest version."""
    found = await db.execute(
        sa.select(*_CLASSIFIED)
        .where(classifications.c.message_id.in_(list(ids)))
        .ext(pg.distinct_on(classifications.c.message_id))
        .order_by(*_NEWEST)
    )
    return {row.message_id: Classified(*row) for row in found}


_CLASSIFIED = (
    classifications.c.id,
    classifications.c.message_id,
    classifications.c.message_version,
    classifications.c.decision,
    classifications.c.classified_at,
)


async def all_classifications(db: AsyncConnection, message_id: UUID) -> list[Classified]:
    found = await db.execute(
        sa.select(*_CLASSIFIED).where(classifications.c.message_id == message_id).order_by(classifications.c.id)
    )
    return [Classified(*row) for row in found]


async def standing_triages(db: AsyncConnection, ids: Collection[UUID]) -> dict[UUID, Triaged]:
    found = await db.execute(
        sa.select(triages)
        .where(triages.c.message_id.in_(list(ids)))
        .ext(pg.distinct_on(triages.c.message_id))
        .order_by(triages.c.message_id, triages.c.version.desc())
    )
    return {row.message_id: _triaged(row) for row in found}


async def all_triages(db: AsyncConnection, message_id: UUID) -> list[Triaged]:
    found = await db.execute(sa.select(triages).where(triages.c.message_id == message_id).order_by(triages.c.version))
    return [_triaged(row) for row in found]


def triage_row(message_id: UUID, triage: Triage, proposed: str, actor_id: str, role: str | None, at: datetime) -> Any:
    return {
        "message_id": message_id,
        "version": triage.version,
        "message_version": triage.message_version,
        "handling": triage.handling,
        "proposed": proposed,
        "by": triage.by,
        "actor_id": actor_id,
        "actor_role": role,
        "unit": triage.unit,
        "decision": asdict(triage),
        "triaged_at": at,
    }


def _triaged(row: Any) -> Triaged:
    decision = dict(row.decision)
    decision["record"] = Record(**decision["record"])
    return Triaged(row.message_id, Triage(**decision), row.actor_id, row.actor_role, row.triaged_at)


async def alerts_of(db: AsyncConnection, message_id: UUID, *, lock: bool = False) -> list[Alert]:
    query = sa.select(alerts).where(alerts.c.message_id == message_id).order_by(alerts.c.message_version)
    return [Alert(*row) for row in await db.execute(query.with_for_update() if lock else query)]


async def open_alerts(db: AsyncConnection, after: UUID | None, limit: int) -> list[Alert]:
    query = sa.select(alerts).where(alerts.c.acknowledged_at.is_(None)).order_by(alerts.c.id).limit(limit)
    return [Alert(*row) for row in await db.execute(query.where(alerts.c.id > after) if after else query)]


async def acknowledge(
    db: AsyncConnection, ids: Collection[UUID], by: str, action: str, handed_over: bool, at: datetime
) -> None:
    await db.execute(
        sa.update(alerts)
        .where(alerts.c.id.in_(list(ids)))
        .values(
            acknowledged_at=sa.func.coalesce(alerts.c.acknowledged_at, at),
            acknowledged_by=sa.func.coalesce(alerts.c.acknowledged_by, by),
            action=action,
            handed_over=alerts.c.handed_over | sa.literal(handed_over),
        )
    )


async def due_alerts(db: AsyncConnection, now: datetime, limit: int) -> list[Alert]:
    """Unacknowledged alerts whose next attempt is due; replicas skip each other's rows."""
    found = await db.execute(
        sa.select(alerts)
        .where(alerts.c.acknowledged_at.is_(None), alerts.c.next_at <= now)
        .order_by(alerts.c.next_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    return [Alert(*row) for row in found]


async def note_attempts(
    db: AsyncConnection,
    due: Sequence[Alert],
    outcomes: Sequence[Mapping[str, Any]],
    now: datetime,
    again: timedelta,
    escalated: Collection[UUID],
) -> None:
    """The next attempt is set before anything leaves: an alert repeats too often rather than too seldom."""
    ids = [one.id for one in due]
    await db.execute(
        sa.update(alerts)
        .where(alerts.c.id.in_(ids))
        .values(
            attempts=alerts.c.attempts + 1,
            next_at=now + again,
            escalated_at=sa.case(
                (alerts.c.id.in_(list(escalated)), sa.func.coalesce(alerts.c.escalated_at, now)),
                else_=alerts.c.escalated_at,
            ),
        )
    )
    if outcomes:
        await db.execute(sa.insert(alert_attempts).values(list(outcomes)))


async def keep_channels(db: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    made = pg.insert(channels).values(list(rows))
    await db.execute(
        made.on_conflict_do_update(
            index_elements=[channels.c.id],
            set_={"key": made.excluded.key, "version": made.excluded.version},
            where=made.excluded.version > channels.c.version,
        )
    )


async def channel_key(db: AsyncConnection, channel_id: UUID) -> str | None:
    return await db.scalar(sa.select(channels.c.key).where(channels.c.id == channel_id))


async def keep_consultations(db: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> None:
    await db.execute(
        pg.insert(consultations).values(list(rows)).on_conflict_do_nothing(index_elements=[consultations.c.id])
    )


async def unapplied_consultations(db: AsyncConnection, ids: Collection[UUID]) -> dict[UUID, UUID]:
    """Messages among `ids` that somebody was asked about and whose triage does not say so yet; with the first one."""
    found = await db.execute(
        sa.select(consultations.c.message_id, consultations.c.id)
        .where(consultations.c.message_id.in_(list(ids)), consultations.c.applied_at.is_(None))
        .order_by(consultations.c.id.desc())
    )
    return {row.message_id: row.id for row in found}


async def apply_consultations(db: AsyncConnection, ids: Collection[UUID], at: datetime) -> None:
    await db.execute(
        sa.update(consultations)
        .where(consultations.c.message_id.in_(list(ids)), consultations.c.applied_at.is_(None))
        .values(applied_at=at)
    )


async def consulted_units(db: AsyncConnection, message_id: UUID) -> set[str]:
    found = await db.scalars(sa.select(consultations.c.unit).where(consultations.c.message_id == message_id))
    return {unit for unit in found if unit}


async def statistics(db: AsyncConnection, since: datetime | None, until: datetime | None) -> Mapping[str, Any]:
    """Agreement per handling and per rule: what was proposed, and what people made of it. Counts alone."""
    within = sa.and_(
        sa.true() if since is None else triages.c.triaged_at >= since,
        sa.true() if until is None else triages.c.triaged_at < until,
    )
    first = (
        sa.select(triages.c.message_id, triages.c.proposed, triages.c.handling)
        .where(triages.c.by == "person", within)
        .ext(pg.distinct_on(triages.c.message_id))
        .order_by(triages.c.message_id, triages.c.version.desc())
        .subquery()
    )
    per_handling = await db.execute(
        sa.select(first.c.proposed, first.c.handling, sa.func.count()).group_by(first.c.proposed, first.c.handling)
    )
    newest = (
        sa.select(classifications.c.message_id, classifications.c.rule_ids)
        .ext(pg.distinct_on(classifications.c.message_id))
        .order_by(*_NEWEST)
        .subquery()
    )
    rule = sa.func.unnest(newest.c.rule_ids).label("rule_id")
    hit = (
        sa.select(rule, (first.c.proposed == first.c.handling).label("agreed"))
        .select_from(first.join(newest, newest.c.message_id == first.c.message_id))
        .subquery()
    )
    per_rule = await db.execute(
        sa.select(hit.c.rule_id, sa.func.count(), sa.func.count().filter(hit.c.agreed)).group_by(hit.c.rule_id)
    )
    proposals = await db.execute(
        sa.select(classifications.c.handling, sa.func.count())
        .where(
            sa.true() if since is None else classifications.c.classified_at >= since,
            sa.true() if until is None else classifications.c.classified_at < until,
        )
        .group_by(classifications.c.handling)
    )
    return {
        "proposed": {row[0]: row[1] for row in proposals},
        "decided": [(row[0], row[1], row[2]) for row in per_handling],
        "rules": {row[0]: (row[1], row[2]) for row in per_rule},
    }


async def note_route(
    db: AsyncConnection, alert_id: UUID, attempt: int, route: str, outcome: str, escalated: bool, at: datetime
) -> None:
    await db.execute(
        sa.insert(alert_attempts).values(
            alert_id=alert_id, attempt=attempt, route=route, outcome=outcome, escalated=escalated, at=at
        )
    )
