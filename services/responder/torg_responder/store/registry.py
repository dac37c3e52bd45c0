"""Templates, links, claims, the pause and the sender's lease."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from torg_responder.domain.templates import Template
from torg_responder.tables import claims, links, outbound_pause, sender_lease, templates

_SEED = "config"


async def seed(db: AsyncConnection, found: Sequence[Template], registry: Sequence[Mapping[str, str]]) -> None:
    """Templates and links of the configuration, where a key is absent; afterwards REST is the truth."""
    if found:
        rows = [
            {
                **{name: getattr(one, name) for name in ("code", "lang", "kind", "section", "tone", "text")},
                "version": 1,
                "handlings": list(one.handlings),
                "flags": list(one.flags),
                "proposed_by": _SEED,
                "approved_by": one.approved_by,
            }
            for one in found
        ]
        await db.execute(pg.insert(templates).values(rows).on_conflict_do_nothing())
    if registry:
        rows = [{**one, "version": 1} for one in registry]
        await db.execute(pg.insert(links).values(rows).on_conflict_do_nothing())
    await db.execute(pg.insert(outbound_pause).values(one=True, version=1, paused=False).on_conflict_do_nothing())


async def all_templates(db: AsyncConnection) -> Sequence[Template]:
    found = await db.execute(sa.select(templates).order_by(templates.c.code, templates.c.lang))
    return [_template(row) for row in found]


async def all_links(db: AsyncConnection) -> Sequence[Any]:
    return (await db.execute(sa.select(links).order_by(links.c.topic, links.c.lang))).all()


async def note_link(db: AsyncConnection, url: str, status: int | None, now: datetime) -> None:
    await db.execute(links.update().where(links.c.url == url).values(status=status, checked_at=now))


async def pause(db: AsyncConnection, *, lock: bool = False) -> Any:
    """The one row that stops every outward effect before its intent."""
    query = sa.select(outbound_pause)
    return (await db.execute(query.with_for_update(read=not lock))).one()


async def set_pause(db: AsyncConnection, version: int, paused: bool, reason: str, by: str, now: datetime) -> None:
    await db.execute(
        outbound_pause.update().values(version=version, paused=paused, reason=reason, changed_by=by, changed_at=now)
    )


async def claim(db: AsyncConnection, message_id: UUID, *, lock: bool = False) -> Any:
    query = sa.select(claims).where(claims.c.message_id == message_id)
    return (await db.execute(query.with_for_update() if lock else query)).one_or_none()


async def put_claim(
    db: AsyncConnection, message_id: UUID, conversation_id: UUID, version: int, holder: str, until: datetime
) -> None:
    insert = pg.insert(claims).values(
        message_id=message_id, conversation_id=conversation_id, version=version, holder=holder, until=until
    )
    await db.execute(
        insert.on_conflict_do_update(
            index_elements=["message_id"],
            set_={name: insert.excluded[name] for name in ("version", "holder", "until")},
        )
    )


async def drop_claim(db: AsyncConnection, message_id: UUID) -> None:
    await db.execute(claims.delete().where(claims.c.message_id == message_id))


async def take_lease(db: AsyncConnection, holder: UUID, now: datetime, lasts: timedelta) -> int | None:
    """The epoch under which `holder` may send until `now + lasts`, None while another process may."""
    insert = pg.insert(sender_lease).values(one=True, epoch=1, holder=holder, until=now + lasts)
    mine = sender_lease.c.holder == holder
    found = await db.execute(
        insert.on_conflict_do_update(
            index_elements=["one"],
            set_={
                "epoch": sender_lease.c.epoch + sa.case((mine, 0), else_=1),
                "holder": holder,
                "until": now + lasts,
            },
            where=sa.or_(mine, sender_lease.c.until < now),
        ).returning(sender_lease.c.epoch)
    )
    epoch: int | None = found.scalar_one_or_none()
    return epoch


async def drop_lease(db: AsyncConnection, holder: UUID, now: datetime) -> None:
    """Let the lease of `holder` end now; another one's is left alone."""
    ended = now - timedelta(microseconds=1)
    await db.execute(sa.update(sender_lease).where(sender_lease.c.holder == holder).values(until=ended))


async def lease_holds(db: AsyncConnection, holder: UUID, epoch: int, now: datetime) -> bool:
    """True when `epoch` is still ours; nobody can take it before this transaction ends."""
    query = sa.select(sender_lease).with_for_update(read=True)
    row = (await db.execute(query)).one_or_none()
    return row is not None and row.holder == holder and row.epoch == epoch and row.until > now


def _template(row: Any) -> Template:
    return Template(
        code=row.code,
        lang=row.lang,
        version=row.version,
        kind=row.kind,
        handlings=tuple(row.handlings),
        flags=tuple(row.flags),
        section=row.section,
        tone=row.tone,
        text=row.text,
        approved_by=row.approved_by,
    )
