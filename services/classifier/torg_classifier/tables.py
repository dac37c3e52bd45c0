"""The classifier's tables. Decisions, triages and attempts to alert are append-only."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from torg_shared.standard_tables import standard_tables

metadata = sa.MetaData()
standard_tables(metadata)

_I = sa.DateTime(timezone=True)

messages = sa.Table(
    "messages",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("conversation_id", sa.Uuid, nullable=False),
    sa.Column("channel_id", sa.Uuid, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("text", sa.Text),  # of the newest version alone: for triage and for classifying again
    sa.Column("kind", sa.Text),
    sa.Column("backfill", sa.Boolean, nullable=False),
    sa.Column("received_at", _I),
    sa.Column("state_version", sa.Integer, nullable=False),
    sa.Column("changed_by", sa.Text, nullable=False),
    sa.Column("changed_at", _I, nullable=False),
)

classifications = sa.Table(
    "classifications",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("message_id", sa.Uuid, nullable=False, index=True),
    sa.Column("message_version", sa.Integer, nullable=False),
    sa.Column("handling", sa.Text, nullable=False),
    sa.Column("unit", sa.Text, nullable=False),
    sa.Column("rule_ids", pg.ARRAY(sa.Text), nullable=False),
    sa.Column("decision", pg.JSONB, nullable=False),
    sa.Column("classified_at", _I, nullable=False),
)

triages = sa.Table(
    "triages",
    metadata,
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

alerts = sa.Table(
    "alerts",
    metadata,
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
    sa.Index("alerts_open", "next_at", postgresql_where=sa.text("acknowledged_at IS NULL")),
)

alert_attempts = sa.Table(
    "alert_attempts",
    metadata,
    sa.Column("alert_id", sa.Uuid, primary_key=True),
    sa.Column("attempt", sa.Integer, primary_key=True),
    sa.Column("route", sa.Text, primary_key=True),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("escalated", sa.Boolean, nullable=False),
    sa.Column("at", _I, nullable=False),
)

channels = sa.Table(
    "channels",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
)

consultations = sa.Table(
    "consultations",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("message_id", sa.Uuid, nullable=False, index=True),
    sa.Column("conversation_id", sa.Uuid, nullable=False),
    sa.Column("unit", sa.Text),
    sa.Column("requested_at", _I, nullable=False),
    sa.Column("applied_at", _I),
)

OWN = ("messages", "classifications", "triages", "alerts", "alert_attempts", "channels", "consultations")
APPEND_ONLY = ("classifications", "triages", "alert_attempts")
