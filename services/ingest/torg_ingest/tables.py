"""The tables of ingest. No foreign keys on the hot path: one whose table was analysed while empty costs a full scan."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from torg_shared.standard_tables import standard_tables

metadata = sa.MetaData()
standard_tables(metadata)


def _when(name: str, *, nullable: bool = False) -> sa.Column[datetime]:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=nullable)


deliveries = sa.Table(
    "deliveries",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("platform", sa.Text, nullable=False),
    _when("received_at"),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("content_type", sa.Text),
    sa.Column("content_encoding", sa.Text),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("changes", sa.Integer, nullable=False),
    sa.Column("revision", sa.Integer, nullable=False, server_default="1"),
    _when("replayed_at", nullable=True),
    sa.CheckConstraint("outcome IN ('stored', 'partly', 'set_aside', 'failed')", name="known_outcome"),
)
sa.Index("deliveries_odd", deliveries.c.id, postgresql_where=deliveries.c.outcome != "stored")

set_aside = sa.Table(
    "set_aside",
    metadata,
    sa.Column("delivery_id", sa.Uuid, primary_key=True),
    sa.Column("position", sa.Integer, primary_key=True),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("account_id", sa.Text),
    sa.Column("field", sa.Text),
    sa.Column("item", sa.Text),
    sa.Column("verb", sa.Text),
    _when("noted_at"),
)
sa.Index("set_aside_noted", set_aside.c.noted_at)

changes = sa.Table(
    "changes",
    metadata,
    sa.Column("change_key", sa.LargeBinary, primary_key=True),
    sa.Column("message_id", sa.Uuid, nullable=False),
    sa.Column("verb", sa.Text, nullable=False),
    sa.Column("delivery_id", sa.Uuid, nullable=False),
    sa.Column("position", sa.Integer, nullable=False),
    _when("seen_at"),
)

messages = sa.Table(
    "messages",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("channel_id", sa.Uuid, nullable=False),
    sa.Column("platform", sa.Text, nullable=False),
    sa.Column("account_id", sa.Text, nullable=False),
    sa.Column("external_id", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    _when("first_seen_at"),
    sa.Column("raw_ref", sa.Uuid, nullable=False),
    sa.Column("parent_id", sa.Uuid),
    sa.Column("parent_external_id", sa.Text),
    sa.Column("post_external_id", sa.Text),
    sa.Column("author_handle", sa.Text),
    sa.Column("author_name", sa.Text),
    sa.Column("is_self", sa.Boolean, nullable=False),
    sa.Column("permalink", sa.Text),
    sa.Column("has_media", sa.Boolean, nullable=False),
    _when("created_at", nullable=True),
    sa.Column("original_seen", sa.Boolean, nullable=False),
    sa.Column("pending", sa.LargeBinary),
    _when("awaiting_since", nullable=True),
    sa.Column("conversation_id", sa.Uuid),
    _when("received_at", nullable=True),
    sa.Column("received_note", sa.Text),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("text_sha256", sa.LargeBinary),
    _when("worded_at", nullable=True),
    sa.Column("snapshot_id", sa.Uuid),
    sa.Column("snapshot_sha256", sa.Text),
    _when("removed_at", nullable=True),
    sa.Column("removal_told", sa.Boolean, nullable=False),
    sa.Column("hidden", sa.Boolean, nullable=False),
    sa.Column("hidden_told", sa.Boolean, nullable=False),
    _when("hidden_order", nullable=True),
    sa.Column("visibility_changes", sa.Integer, nullable=False),
    sa.Column("revision", sa.Integer, nullable=False),
)
sa.Index("messages_conversation", messages.c.conversation_id, postgresql_where=messages.c.conversation_id.is_not(None))
sa.Index(
    "messages_received",
    messages.c.received_at,
    messages.c.id,
    postgresql_where=messages.c.received_at.is_not(None),
)
sa.Index("messages_awaiting", messages.c.awaiting_since, postgresql_where=messages.c.awaiting_since.is_not(None))

versions = sa.Table(
    "versions",
    metadata,
    sa.Column("message_id", sa.Uuid, primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("text", sa.Text),
    sa.Column("author_handle", sa.Text),
    sa.Column("author_name", sa.Text),
    sa.Column("snapshot_id", sa.Uuid, nullable=False),
    sa.Column("raw_ref", sa.Uuid, nullable=False),
    _when("seen_at"),
)

snapshots = sa.Table(
    "snapshots",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("message_id", sa.Uuid, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("content", sa.LargeBinary, nullable=False),
    sa.Column("sha256", sa.Text, nullable=False),
    sa.Column("prev_sha256", sa.Text),
    _when("captured_at"),
)

channels = sa.Table(
    "channels",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("key", sa.Text, nullable=False, unique=True),
    sa.Column("platform", sa.Text, nullable=False),
    sa.Column("account_id", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("owner_unit", sa.Text, nullable=False),
    sa.Column("purpose", sa.Text, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("changed_by", sa.Text, nullable=False),
    _when("changed_at"),
    sa.Column("connection", sa.Text, nullable=False),
    sa.Column("comment_mode", sa.Text, nullable=False),
    sa.Column("capture_depth", sa.Text, nullable=False),
    sa.Column("profile_text", sa.Text, nullable=False),
    sa.Column("arguments_for", sa.Text, nullable=False),
    sa.Column("arguments_against", sa.Text, nullable=False),
    sa.Column("house_rules_url", sa.Text),
    sa.Column("hours", JSONB, nullable=False),
    sa.Column("formal_contact", JSONB, nullable=False),
    sa.Column("decided_by", sa.Text),
    _when("decided_at", nullable=True),
    sa.Column("grounds", sa.Text),
    sa.Column("risk_assessment_ref", sa.Text),
    sa.Column("dpo_opinion", sa.Text),
    sa.Column("review_due", sa.Date),
    _when("activated_at", nullable=True),
    _when("closed_at", nullable=True),
    sa.Column("final_capture_ref", sa.Text),
    sa.UniqueConstraint("platform", "account_id"),
    sa.CheckConstraint("state IN ('proposed', 'decided', 'active', 'suspended', 'closed')", name="known_state"),
    sa.CheckConstraint("comment_mode IN ('open', 'messages_only', 'closed')", name="known_comment_mode"),
)

APPEND_ONLY = ("changes", "versions", "snapshots")
