"""Idempotency keys: the same request twice has one effect and one answer; the key row commits with the effect."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from .errors import Conflict, Invalid


def idempotency_table(metadata: sa.MetaData) -> sa.Table:
    """The keys, in the service's own metadata and migrations."""
    return sa.Table(
        "idempotency_keys",
        metadata,
        sa.Column("scope", sa.LargeBinary, primary_key=True),
        sa.Column("request", sa.LargeBinary, nullable=False),
        sa.Column("status", sa.Integer, nullable=False),
        sa.Column("headers", sa.LargeBinary, nullable=False),
        sa.Column("body", sa.LargeBinary, nullable=False),
        sa.Column("stored_at", sa.DateTime(timezone=True), nullable=False, index=True),
    )


class InProgress(Conflict):
    """The same key is being worked on right now: ask again in a second."""


@dataclass(frozen=True, slots=True)
class Key:
    """`scope` covers principal, method, path and key; `request` covers everything that was asked."""

    scope: bytes
    request: bytes

    @classmethod
    def of(cls, principal: str, method: str, path: str, key: str, query: str, body: bytes) -> "Key":
        scope = hashlib.sha256("\0".join((principal, method, path, key)).encode()).digest()
        return cls(scope, hashlib.sha256(query.encode() + b"\0" + body).digest())


@dataclass(frozen=True, slots=True)
class Stored:
    status: int
    headers: bytes
    body: bytes


async def take(db: AsyncConnection, key: Key) -> Stored | None:
    """The stored answer, or None and the key is ours until the transaction ends.

    Raises `InProgress`, `Invalid` with `IDEMPOTENCY_KEY_REUSED`.
    """
    number = int.from_bytes(key.scope[:8], "big", signed=True)
    # an uncommitted row is invisible, therefore a lock says that somebody is at it
    if not await db.scalar(sa.text("SELECT pg_try_advisory_xact_lock(:n)"), {"n": number}):
        raise InProgress("IDEMPOTENCY_IN_PROGRESS")
    row = (
        await db.execute(
            sa.text("SELECT request, status, headers, body FROM idempotency_keys WHERE scope = :scope"),
            {"scope": key.scope},
        )
    ).one_or_none()
    if row is None:
        return None
    if row.request != key.request:
        raise Invalid("IDEMPOTENCY_KEY_REUSED")
    return Stored(row.status, row.headers, row.body)


async def keep(db: AsyncConnection, key: Key, answer: Stored, now: datetime) -> None:
    await db.execute(
        sa.text(
            "INSERT INTO idempotency_keys (scope, request, status, headers, body, stored_at) "
            "VALUES (:scope, :request, :status, :headers, :body, :now)"
        ),
        {
            "scope": key.scope,
            "request": key.request,
            "status": answer.status,
            "headers": answer.headers,
            "body": answer.body,
            "now": now,
        },
    )
