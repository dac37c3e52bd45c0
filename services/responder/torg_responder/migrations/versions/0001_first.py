"""The responder's tables: facts, replies, claims, templates, links, the pause, the sender's lease."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg
from torg_shared.standard_tables import create_standard_tables, drop_standard_tables, revoke

revision = "0001"
down_revision = None

_I = sa.DateTime(timezone=True)
_NONE = sa.text("'{}'")


def upgrade() -> None:
    create_standard_tables(op, "responder")
    op.create_table(
        "messages",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("conversation_id", sa.Uuid, nullable=False, index=True),
        sa.Column("version", sa.Integer, nullable=False, server_default="0"),
        sa.Column("channel_id", sa.Uuid),
        sa.Column("external_id", sa.Text, index=True),
        sa.Column("text", sa.Text),
        sa.Column("author", sa.Text),
        sa.Column("lang", sa.Text),
        sa.Column("deleted", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("handling", sa.Text),
        sa.Column("secondary", pg.ARRAY(sa.Text), nullable=False, server_default=_NONE),
        sa.Column("flags", pg.ARRAY(sa.Text), nullable=False, server_default=_NONE),
        sa.Column("unit", sa.Text),
        sa.Column("topic", sa.Text),
        sa.Column("reply_private", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("triage_version", sa.Integer, nullable=False, server_default="0"),
        sa.Column("triaged_at", _I),
        sa.Column("backfill", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("saksnummer", sa.Text),
        sa.Column("shielded", sa.Boolean, nullable=False, server_default=sa.false()),
    )
    op.create_table(
        "consulted",
        sa.Column("message_id", sa.Uuid, primary_key=True),
        sa.Column("unit", sa.Text, primary_key=True),
    )
    op.create_table(
        "channels",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("platform", sa.Text, nullable=False),
        sa.Column("account_id", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("formal_contact", pg.JSONB, nullable=False, server_default=_NONE),
        sa.Column("paused_until", _I),
        sa.Column("paused_cause", sa.Text),
    )
    op.create_table(
        "replies",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("conversation_id", sa.Uuid, nullable=False, index=True),
        sa.Column("message_id", sa.Uuid, nullable=False, index=True),
        sa.Column("message_version", sa.Integer, nullable=False),
        sa.Column("channel_id", sa.Uuid, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("visibility", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("author_role", sa.Text, nullable=False),
        sa.Column("last_editor", sa.Text, nullable=False),
        sa.Column("created_at", _I, nullable=False),
        sa.Column("updated_at", _I, nullable=False),
        sa.Column("template_code", sa.Text),
        sa.Column("checks", pg.JSONB, nullable=False, server_default=sa.text("'[]'")),
        sa.Column("signer", pg.JSONB),
        sa.Column("binding", sa.Text),
        sa.Column("approver", sa.Text),
        sa.Column("standing", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("approved_at", _I),
        sa.Column("released_by", sa.Text),
        sa.Column("send_after", _I),
        sa.Column("retry_at", _I),
        sa.Column("attempt", sa.Integer, nullable=False, server_default="0"),
        sa.Column("sent_at", _I),
        sa.Column("readings", sa.Integer, nullable=False, server_default="0"),
        sa.Column("external_id", sa.Text, index=True),
        sa.Column("permalink", sa.Text),
        sa.Column("published_text", sa.Text),
        sa.Column("published_at", _I),
        sa.Column("cause", sa.Text),
        sa.Column("comment", sa.Text),
        sa.Column("origin", sa.Text, nullable=False, server_default="torg"),
        sa.Column("reviewed_by", sa.Text),
    )
    op.create_index(
        "replies_under_way",
        "replies",
        ["state", "send_after"],
        postgresql_where=sa.text("state IN ('released', 'sending', 'unknown', 'published')"),
    )
    op.create_index(
        "replies_once",
        "replies",
        ["message_id", "binding"],
        unique=True,
        postgresql_where=sa.text("state IN ('approved', 'released', 'sending', 'unknown', 'needs_operator')"),
    )
    op.create_table(
        "own_texts",
        sa.Column("id", sa.Uuid, primary_key=True),
        sa.Column("conversation_id", sa.Uuid, nullable=False, index=True),
        sa.Column("channel_id", sa.Uuid, nullable=False),
        sa.Column("external_id", sa.Text, nullable=False),
        sa.Column("parent_external_id", sa.Text),
        sa.Column("text", sa.Text),
        sa.Column("permalink", sa.Text),
        sa.Column("seen_at", _I, nullable=False),
        sa.Column("reply_id", sa.Uuid),
    )
    op.create_table(
        "claims",
        sa.Column("message_id", sa.Uuid, primary_key=True),
        sa.Column("conversation_id", sa.Uuid, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("holder", sa.Text, nullable=False),
        sa.Column("until", _I, nullable=False),
    )
    op.create_table(
        "templates",
        sa.Column("code", sa.Text, primary_key=True),
        sa.Column("lang", sa.Text, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("handlings", pg.ARRAY(sa.Text), nullable=False),
        sa.Column("flags", pg.ARRAY(sa.Text), nullable=False),
        sa.Column("section", sa.Text, nullable=False),
        sa.Column("tone", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("proposed_by", sa.Text, nullable=False),
        sa.Column("approved_by", sa.Text),
    )
    op.create_table(
        "links",
        sa.Column("topic", sa.Text, primary_key=True),
        sa.Column("lang", sa.Text, primary_key=True),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("checked_at", _I),
    )
    op.create_table(
        "outbound_pause",
        sa.Column("one", sa.Boolean, primary_key=True, server_default=sa.true()),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("paused", sa.Boolean, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("changed_by", sa.Text),
        sa.Column("changed_at", _I),
    )
    op.create_table(
        "sender_lease",
        sa.Column("one", sa.Boolean, primary_key=True, server_default=sa.true()),
        sa.Column("epoch", sa.BigInteger, nullable=False),
        sa.Column("holder", sa.Uuid, nullable=False),
        sa.Column("until", _I, nullable=False),
    )
    for table in ("messages", "consulted", "channels", "replies", "own_texts", "outbound_pause"):
        revoke(op, "responder", table, "DELETE, TRUNCATE")


def downgrade() -> None:
    for table in (
        "sender_lease",
        "outbound_pause",
        "links",
        "templates",
        "claims",
        "own_texts",
        "replies",
        "channels",
        "consulted",
        "messages",
    ):
        op.drop_table(table)
    drop_standard_tables(op)
