"""Templates, links, house rules, claims, the pause and the sender's lease."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection
from torg_shared.ids import uuid7

from torg_responder.domain.reply import Signer
from torg_responder.domain.templates import CONFIGURED, Template
from torg_responder.tables import (
    acknowledgements,
    claims,
    house_rules,
    links,
    messages,
    outbound_pause,
    sender_lease,
    staff,
    templates,
)


@dataclass(frozen=True, slots=True)
class Link:
    """A form or page for a topic; one that was only proposed is not offered to citizens."""

    id: UUID
    topic: str
    lang: str
    version: int
    title: str
    url: str
    approved: bool = True
    changed_by: str | None = None
    status: int | None = None
    checked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class HouseRules:
    """A version of the house rules; `approved_by` None means proposed."""

    version: int
    clauses: Sequence[Mapping[str, str]]
    proposed_by: str
    proposed_at: datetime
    approved_by: str | None = None
    approved_at: datetime | None = None


async def seed(
    db: AsyncConnection,
    found: Sequence[Template],
    known_links: Sequence[Mapping[str, str]],
    clauses: Sequence[Mapping[str, str]],
    now: datetime,
) -> None:
    """Templates, links and house rules of the configuration, where a key is absent; afterwards REST is the truth.

    The configuration is the municipality's own decision, so what comes from it counts as approved.
    """
    if found:
        rows = [{**_template_row(one), "id": uuid7(), "proposed_by": CONFIGURED} for one in found]
        await db.execute(pg.insert(templates).values(rows).on_conflict_do_nothing())
    if known_links:
        rows = [{**one, "version": 1, "id": uuid7(), "changed_by": CONFIGURED} for one in known_links]
        await db.execute(pg.insert(links).values(rows).on_conflict_do_nothing())
    if clauses:
        row = {"version": 1, "clauses": list(clauses), "proposed_by": CONFIGURED, "approved_by": CONFIGURED}
        insert = pg.insert(house_rules).values(**row, proposed_at=now, approved_at=now)
        await db.execute(insert.on_conflict_do_nothing())
    await db.execute(pg.insert(outbound_pause).values(one=True, version=1, paused=False).on_conflict_do_nothing())


async def approved_templates(db: AsyncConnection) -> Sequence[Template]:
    """Of every template the newest version that was approved: the ones that may be used."""
    newest = templates.c.version.desc()
    query = (
        sa.select(templates)
        .where(templates.c.approved_by.is_not(None))
        .order_by(templates.c.code, templates.c.lang, newest)
        .ext(pg.distinct_on(templates.c.code, templates.c.lang))
    )
    return [_template(row) for row in await db.execute(query)]


async def newest_templates(db: AsyncConnection) -> Sequence[Template]:
    """Of every template the newest version, approved or proposed."""
    query = (
        sa.select(templates)
        .order_by(templates.c.code, templates.c.lang, templates.c.version.desc())
        .ext(pg.distinct_on(templates.c.code, templates.c.lang))
    )
    return [_template(row) for row in await db.execute(query)]


async def template(db: AsyncConnection, template_id: UUID, *, lock: bool = False) -> Template | None:
    """The newest version of a template; with `lock` nobody else changes any version of it meanwhile."""
    query = sa.select(templates).where(templates.c.id == template_id).order_by(templates.c.version.desc())
    rows = (await db.execute(query.with_for_update() if lock else query)).all()
    return _template(rows[0]) if rows else None


async def template_named(db: AsyncConnection, code: str, lang: str) -> Template | None:
    query = sa.select(templates).where(templates.c.code == code, templates.c.lang == lang)
    rows = (await db.execute(query.order_by(templates.c.version.desc()))).all()
    return _template(rows[0]) if rows else None


async def add_template(db: AsyncConnection, one: Template) -> bool:
    """A new version, or a new template; False when somebody else has just added it."""
    insert = pg.insert(templates).values(_template_row(one) | {"id": one.id, "proposed_by": one.proposed_by})
    return (await db.execute(insert.on_conflict_do_nothing())).rowcount == 1


async def approve_template(db: AsyncConnection, one: Template, by: str, now: datetime) -> None:
    await db.execute(
        templates.update()
        .where(templates.c.id == one.id, templates.c.version == one.version)
        .values(approved_by=by, approved_at=now)
    )


async def all_links(db: AsyncConnection) -> Sequence[Link]:
    found = await db.execute(sa.select(links).order_by(links.c.topic, links.c.lang))
    return [Link(**row._mapping) for row in found]


async def link(db: AsyncConnection, link_id: UUID, *, lock: bool = False) -> Link | None:
    query = sa.select(links).where(links.c.id == link_id)
    row = (await db.execute(query.with_for_update() if lock else query)).one_or_none()
    return Link(**row._mapping) if row else None


async def add_link(db: AsyncConnection, one: Link) -> bool:
    """False when there is one for the topic and language already."""
    insert = pg.insert(links).values({name: getattr(one, name) for name in one.__slots__})
    return (await db.execute(insert.on_conflict_do_nothing())).rowcount == 1


async def change_link(db: AsyncConnection, one: Link) -> None:
    values = {name: getattr(one, name) for name in one.__slots__ if name not in {"id", "topic", "lang"}}
    await db.execute(links.update().where(links.c.id == one.id).values(**values))


async def drop_link(db: AsyncConnection, link_id: UUID) -> None:
    await db.execute(links.delete().where(links.c.id == link_id))


async def links_to_look_at(db: AsyncConnection, checked_before: datetime, limit: int) -> Sequence[str]:
    """Addresses that were never looked at, or not since then."""
    query = (
        sa.select(links.c.url)
        .where(sa.or_(links.c.checked_at.is_(None), links.c.checked_at <= checked_before))
        .group_by(links.c.url)
        .order_by(sa.func.min(links.c.checked_at).nulls_first())
        .limit(limit)
    )
    return list((await db.execute(query)).scalars())


async def note_link(db: AsyncConnection, url: str, status: int | None, now: datetime) -> None:
    await db.execute(
        links.update().where(links.c.url == url).values(status=status, checked_at=now, version=links.c.version + 1)
    )


async def look_again(db: AsyncConnection, urls: Collection[str] | None = None) -> None:
    """Let `urls`, or all, be looked at in the next round."""
    change = links.update().values(checked_at=None)
    await db.execute(change if urls is None else change.where(links.c.url.in_(list(urls))))


async def link_gaps(db: AsyncConnection) -> Mapping[str, int]:
    """Topics that citizens ask about and that have no form or page, with how often (B-31)."""
    query = (
        sa.select(messages.c.topic, sa.func.count().label("count"))
        .where(messages.c.topic.is_not(None), messages.c.topic.not_in(sa.select(links.c.topic)))
        .group_by(messages.c.topic)
        .order_by(messages.c.topic)
    )
    return {row[0]: row[1] for row in await db.execute(query)}


async def house_rules_in_force(db: AsyncConnection) -> HouseRules | None:
    query = sa.select(house_rules).where(house_rules.c.approved_by.is_not(None))
    row = (await db.execute(query.order_by(house_rules.c.version.desc()).limit(1))).one_or_none()
    return HouseRules(**row._mapping) if row else None


async def house_rules_of(db: AsyncConnection, version: int, *, lock: bool = False) -> HouseRules | None:
    query = sa.select(house_rules).where(house_rules.c.version == version)
    row = (await db.execute(query.with_for_update() if lock else query)).one_or_none()
    return HouseRules(**row._mapping) if row else None


async def add_house_rules(db: AsyncConnection, clauses: Sequence[Mapping[str, str]], by: str, now: datetime) -> int:
    """The number of the version proposed. Two at once: the second meets the primary key and is told to come again."""
    newest = sa.select(sa.func.coalesce(sa.func.max(house_rules.c.version), 0) + 1).scalar_subquery()
    insert = house_rules.insert().values(version=newest, clauses=list(clauses), proposed_by=by, proposed_at=now)
    number: int = (await db.execute(insert.returning(house_rules.c.version))).scalar_one()
    return number


async def approve_house_rules(db: AsyncConnection, version: int, by: str, now: datetime) -> None:
    await db.execute(
        house_rules.update().where(house_rules.c.version == version).values(approved_by=by, approved_at=now)
    )


async def acknowledged(db: AsyncConnection, subject: str, guideline_version: str) -> datetime | None:
    query = sa.select(acknowledgements.c.at).where(
        acknowledgements.c.subject == subject, acknowledgements.c.guideline_version == guideline_version
    )
    return (await db.execute(query)).scalar_one_or_none()


async def acknowledge(db: AsyncConnection, subject: str, guideline_version: str, now: datetime) -> None:
    """Once per person and version; the first time stands."""
    insert = pg.insert(acknowledgements).values(subject=subject, guideline_version=guideline_version, at=now)
    await db.execute(insert.on_conflict_do_nothing())


async def note_staff(db: AsyncConnection, subject: str, name: str | None, title: str | None, unit: str | None) -> None:
    """How `subject` signs now (B-22)."""
    insert = pg.insert(staff).values(subject=subject, name=name, title=title, unit=unit)
    new = {column: insert.excluded[column] for column in ("name", "title", "unit")}
    changed = sa.or_(*(staff.c[column].is_distinct_from(value) for column, value in new.items()))
    await db.execute(insert.on_conflict_do_update(index_elements=["subject"], set_=new, where=changed))


async def signers(db: AsyncConnection, subjects: Collection[str]) -> Mapping[str, Signer]:
    """How each of `subjects` would sign as a person today, as far as they have been seen."""
    if not subjects:
        return {}
    query = sa.select(staff).where(staff.c.subject.in_(sorted(subjects)))
    return {row.subject: Signer("person", row.name, row.title, row.unit) for row in await db.execute(query)}


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
    names = ("id", "code", "lang", "version", "kind", "section", "tone", "text", "proposed_by", "approved_by")
    values = {name: getattr(row, name) for name in names}
    return Template(**values, handlings=tuple(row.handlings), flags=tuple(row.flags))


def _template_row(one: Template) -> dict[str, Any]:
    names = ("code", "lang", "version", "kind", "section", "tone", "text", "approved_by")
    return {name: getattr(one, name) for name in names} | {"handlings": list(one.handlings), "flags": list(one.flags)}
