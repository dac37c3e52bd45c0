"""The tables that every service has, made by each service's own first migration."""

from typing import Any

import sqlalchemy as sa

from .audit import audit_tables
from .idempotency import idempotency_table
from .inbox import inbox_tables
from .log import log_tables

_APPEND_ONLY = ("log", "audit")


def standard_tables(metadata: sa.MetaData) -> None:
    """Add log, relay cursor, inbox, dead letters, halted groups, idempotency keys and audit to `metadata`."""
    log_tables(metadata)
    inbox_tables(metadata)
    idempotency_table(metadata)
    audit_tables(metadata)


def create_standard_tables(op: Any, service: str) -> None:
    """In a migration (`op` is Alembic's): make them, and take from the run-time role what must not be undone."""
    metadata = sa.MetaData()
    standard_tables(metadata)
    metadata.create_all(op.get_bind())
    for table in _APPEND_ONLY:
        revoke(op, service, table, "UPDATE, DELETE, TRUNCATE")


def drop_standard_tables(op: Any) -> None:
    metadata = sa.MetaData()
    standard_tables(metadata)
    metadata.drop_all(op.get_bind())


def revoke(op: Any, service: str, table: str, rights: str) -> None:
    """Take `rights` on `table` from the service's run-time role: what the law wants append-only."""
    op.execute(f'REVOKE {rights} ON "{table}" FROM "torg_{service}"')


def allow_update(op: Any, service: str, table: str, *columns: str) -> None:
    """Append-only but for `columns` (status fields): UPDATE is granted on these alone, DELETE not at all."""
    revoke(op, service, table, "UPDATE, DELETE, TRUNCATE")
    names = ", ".join(f'"{column}"' for column in columns)
    op.execute(f'GRANT UPDATE ({names}) ON "{table}" TO "torg_{service}"')
