"""Messages, decisions, triages, alerts, and the tables that every service has."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg
from torg_shared.standard_tables import allow_update, create_standard_tables, drop_standard_tables, revoke

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_I = sa.DateTime(timezone=True)


def upgrade() -> None:
    create_standard_tables(op, "classifier")
    op.create_table(
        "messages",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("conversation_id", sa.Uuid, nullable=False),
        sa.Column("channel_id", sa.Uuid, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("text", sa.Text),
        sa.Column("kind", sa.Text),
        sa.Column("backfill", sa.Boolean, nullable=False),
        sa.Column("received_at", _I),
        sa.Column("state_version", sa.Integer, nullable=False),
        sa.Column("changed_by", sa.Text, nullable=False),
        sa.Column("changed_at", _I, nullable=False),
    )
    op.create_table(
        "classifications",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("message_id", sa.Uuid, nullable=False, index=True),
        sa.Column("message_version", sa.Integer, nullable=False),
        sa.Column("handling", sa.Text, nullable=False),
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("rule_ids", pg.ARRAY(sa.Text), nullable=False),
        sa.Column("decision", pg.JSONB, nullable=False),
        sa.Column("classified_at", _I, nullable=False),
    )
    op.create_table(
        "triages",
        sa.Column("message_id", sa.Uuid, primary_key=True),
        sa.Column("version", sa.Integer, primary_key=True),
        sa.Column("message_version", sa.Integer, nullable=False),
        sa.Column("handling", sa.Text, nullable=False),
        sa.Column("proposed", sa.Text, nullable=False),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("actor_id", sa.Text, nullable=False),
        sa.Column("actor_role", sa.Text),
        sa.Column("unit", sa.Text, nullable=False),
        sa.Column("decision", pg.JSONB, nullable=False),
        sa.Column("triaged_at", _I, nullable=False),
    )
    op.create_table(
        "alerts",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("message_id", sa.Uuid, nullable=False),
        sa.Column("message_version", sa.Integer, nullable=False),
        sa.Column("conversation_id", sa.Uuid, nullable=False),
        sa.Column("channel_id", sa.Uuid, nullable=False),
        sa.Column("category", sa.Text, nullable=False),
        sa.Column("rule_ids", pg.ARRAY(sa.Text), nullable=False),
        sa.Column("raised_at", _I, nullable=False),
        sa.Column("next_at", _I, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("escalated_at", _I),
        sa.Column("acknowledged_at", _I),
        sa.Column("acknowledged_by", sa.Text),
        sa.Column("action", sa.Text),
        sa.Column("handed_over", sa.Boolean, nullable=False),
        sa.UniqueConstraint("message_id", "message_version"),
    )
    op.create_index("alerts_open", "alerts", ["next_at"], postgresql_where=sa.text("acknowledged_at IS NULL"))
    op.create_table(
        "alert_attempts",
        sa.Column("alert_id", sa.Uuid, primary_key=True),
        sa.Column("attempt", sa.Integer, primary_key=True),
        sa.Column("route", sa.Text, primary_key=True),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("escalated", sa.Boolean, nullable=False),
        sa.Column("at", _I, nullable=False),
    )
    op.create_table(
        "channels",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
    )
    op.create_table(
        "consultations",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("message_id", sa.Uuid, nullable=False, index=True),
        sa.Column("conversation_id", sa.Uuid, nullable=False),
        sa.Column("unit", sa.Text),
        sa.Column("requested_at", _I, nullable=False),
        sa.Column("applied_at", _I),
    )
    for name in ("classifications", "triages", "alert_attempts"):
        revoke(op, "classifier", name, "UPDATE, DELETE, TRUNCATE")
    allow_update(
        op,
        "classifier",
        "alerts",
        "next_at",
        "attempts",
        "escalated_at",
        "acknowledged_at",
        "acknowledged_by",
        "action",
        "handed_over",
    )


def downgrade() -> None:
    for name in ("consultations", "channels", "alert_attempts", "alerts", "triages", "classifications", "messages"):
        op.drop_table(name)
    drop_standard_tables(op)
