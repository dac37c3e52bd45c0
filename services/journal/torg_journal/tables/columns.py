"""Columns that many tables of the journal have."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from torg_shared.standard_tables import standard_tables

metadata = sa.MetaData()
standard_tables(metadata)


def when(name: str, *, nullable: bool = False) -> sa.Column[datetime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


def texts(name: str) -> sa.Column[list[str]]:
    return sa.Column(name, ARRAY(sa.Text), nullable=False, server_default="{}")


def flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean, nullable=False, server_default=sa.false())


def json_of(name: str, default: str = "[]") -> sa.Column[object]:
    return sa.Column(name, JSONB, nullable=False, server_default=default)


def version_of() -> sa.Column[int]:
    return sa.Column("version", sa.Integer, nullable=False)


def ref(name: str, target: str, *, nullable: bool = False) -> sa.Column[UUID]:
    return sa.Column(name, sa.Uuid, sa.ForeignKey(target, ondelete="RESTRICT"), nullable=nullable)
