"""Deliveries, messages with versions and snapshots, channels, and the tables that every service has."""

from alembic import op
from torg_ingest.tables import APPEND_ONLY, metadata
from torg_shared.standard_tables import create_standard_tables, drop_standard_tables, revoke

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_OWN = ("deliveries", "set_aside", "changes", "messages", "versions", "snapshots", "channels")


def upgrade() -> None:
    create_standard_tables(op, "ingest")
    for name in _OWN:
        metadata.tables[name].create(op.get_bind())
    for name in APPEND_ONLY:
        revoke(op, "ingest", name, "UPDATE, DELETE, TRUNCATE")


def downgrade() -> None:
    for name in reversed(_OWN):
        metadata.tables[name].drop(op.get_bind())
    drop_standard_tables(op)
