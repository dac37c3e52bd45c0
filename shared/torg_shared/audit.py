"""Who did what: an append-only, hash-chained account of the service's own actions, written with the effect.

`h_n = SHA-256(canonical(row_n) || h_(n-1))`: a changed, moved or removed row breaks the chain (B-28).
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.ext.asyncio import AsyncConnection

from .events.envelope import Actor

_FORM = 1  # version of the canonical form, inside every hash
GENESIS = bytes(32)


@dataclass(frozen=True, slots=True)
class Note:
    """One action, before it has its place in the chain."""

    at: datetime
    actor: Actor
    action: str
    subject: str
    facts: dict[str, Any]


@dataclass(frozen=True, slots=True)
class AuditRow:
    position: int
    note: Note
    entry_hash: bytes


def audit_tables(metadata: sa.MetaData) -> tuple[sa.Table, sa.Table]:
    """The account and the head of its chain, in the service's own metadata and migrations."""
    audit = sa.Table(
        "audit",
        metadata,
        sa.Column("position", sa.BigInteger, primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_kind", sa.Text, nullable=False),
        sa.Column("actor_id", sa.Text, nullable=False),
        sa.Column("actor_role", sa.Text),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False, index=True),
        sa.Column("facts", sa.LargeBinary, nullable=False),
        sa.Column("entry_hash", sa.LargeBinary, nullable=False),
    )
    head = sa.Table(
        "audit_head",
        metadata,
        sa.Column("one", sa.Boolean, primary_key=True, server_default=sa.true()),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("entry_hash", sa.LargeBinary, nullable=False),
    )
    return audit, head


_LOCK = sa.text(
    "INSERT INTO audit_head (one, position, entry_hash) VALUES (true, 0, :genesis) "
    "ON CONFLICT (one) DO UPDATE SET position = audit_head.position RETURNING position, entry_hash"
)
_WRITE = sa.text(
    """
    WITH moved AS (UPDATE audit_head SET position = :last, entry_hash = :head)
    INSERT INTO audit (position, at, actor_kind, actor_id, actor_role, action, subject, facts, entry_hash)
    SELECT * FROM unnest(:positions, :ats, :kinds, :ids, :roles, :actions, :subjects, :facts, :hashes)
    """
).bindparams(
    sa.bindparam("positions", type_=pg.ARRAY(sa.BigInteger)),
    sa.bindparam("ats", type_=pg.ARRAY(sa.DateTime(timezone=True))),
    *(sa.bindparam(name, type_=pg.ARRAY(sa.Text)) for name in ("kinds", "ids", "roles", "actions", "subjects")),
    *(sa.bindparam(name, type_=pg.ARRAY(sa.LargeBinary)) for name in ("facts", "hashes")),
)
_COLUMNS = "position, at, actor_kind, actor_id, actor_role, action, subject, facts, entry_hash"


def entry_hash(position: int, note: Note, previous: bytes) -> bytes:
    """The hash of one row after `previous`."""
    canonical = {
        "form": _FORM,
        "position": position,
        "at": note.at,
        "actor": [note.actor.kind, note.actor.id, note.actor.role],
        "action": note.action,
        "subject": note.subject,
        "facts": note.facts,
    }
    content = orjson.dumps(canonical, option=orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z, default=str)
    return hashlib.sha256(content + previous).digest()


async def append(db: AsyncConnection, notes: Sequence[Note]) -> None:
    """Chain `notes` in their order. Takes the head's row lock: called by `Works` just before the log."""
    if not notes:
        return
    position, head = (await db.execute(_LOCK, {"genesis": GENESIS})).one()
    notes = [Note(n.at, n.actor, n.action, n.subject, orjson.loads(_facts(n))) for n in notes]
    hashes = []
    for number, note in enumerate(notes, position + 1):
        head = entry_hash(number, note, bytes(head))
        hashes.append(head)
    await db.execute(
        _WRITE,
        {
            "last": position + len(notes),
            "head": head,
            "positions": list(range(position + 1, position + 1 + len(notes))),
            "ats": [note.at for note in notes],
            "kinds": [note.actor.kind for note in notes],
            "ids": [note.actor.id for note in notes],
            "roles": [note.actor.role for note in notes],
            "actions": [note.action for note in notes],
            "subjects": [note.subject for note in notes],
            "facts": [_facts(note) for note in notes],
            "hashes": hashes,
        },
    )


async def read(db: AsyncConnection, after: int, limit: int, subject: str | None = None) -> Sequence[AuditRow]:
    """At most `limit` rows past position `after`, oldest first; only those about `subject` when it is given."""
    found = await db.execute(
        sa.text(
            f"SELECT {_COLUMNS} FROM audit "  # noqa: S608 - the column list is a constant of this module
            "WHERE position > :after AND (CAST(:subject AS text) IS NULL OR subject = :subject) "
            "ORDER BY position LIMIT :limit"
        ),
        {"after": after, "limit": limit, "subject": subject},
    )
    return [_row(row) for row in found]


async def verify(db: AsyncConnection) -> tuple[int, str | None]:
    """The number of rows, and what is wrong with the first that does not hold (None when all do)."""
    head, count = GENESIS, 0
    while rows := await read(db, count, 1000):
        for row in rows:
            if row.position != count + 1:
                return count, f"row {count + 1} is missing"
            head = entry_hash(row.position, row.note, head)
            if head != row.entry_hash:
                return count, f"row {row.position} was changed"
            count += 1
    found = (await db.execute(sa.text("SELECT position, entry_hash FROM audit_head"))).one_or_none()
    if (found.position, bytes(found.entry_hash)) != (count, head) if found else count:
        return count, "the end was cut"
    return count, None


def _facts(note: Note) -> bytes:
    return orjson.dumps(note.facts, option=orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z, default=str)


def _row(row: Any) -> AuditRow:
    actor = Actor(kind=row.actor_kind, id=row.actor_id, role=row.actor_role)
    return AuditRow(row.position, Note(row.at, actor, row.action, row.subject, orjson.loads(row.facts)), row.entry_hash)


def note(at: datetime, actor: Actor, action: str, subject: UUID | str, facts: dict[str, Any]) -> Note:
    """A note about `subject`; facts are ids, codes and reasons, never a citizen's words."""
    return Note(at, actor, action, str(subject), facts)
