"""Tables of the responder."""

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from torg_shared.standard_tables import standard_tables

metadata = sa.MetaData()
standard_tables(metadata)

_instant = sa.DateTime(timezone=True)

messages = sa.Table(
    "messages",
    metadata,
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
    sa.Column("secondary", pg.ARRAY(sa.Text), nullable=False, server_default="{}"),
    sa.Column("flags", pg.ARRAY(sa.Text), nullable=False, server_default="{}"),
    sa.Column("unit", sa.Text),
    sa.Column("topic", sa.Text),
    sa.Column("reply_private", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("triage_version", sa.Integer, nullable=False, server_default="0"),
    sa.Column("triaged_at", _instant),
    sa.Column("backfill", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("saksnummer", sa.Text),
    sa.Column("tone", sa.Text),
    sa.Column("classified_version", sa.Integer, nullable=False, server_default="0"),
)

consulted = sa.Table(
    "consulted",
    metadata,
    sa.Column("message_id", sa.Uuid, primary_key=True),
    sa.Column("unit", sa.Text, primary_key=True),
)

channels = sa.Table(
    "channels",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("key", sa.Text, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("platform", sa.Text, nullable=False),
    sa.Column("account_id", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("formal_contact", pg.JSONB, nullable=False, server_default="{}"),
    sa.Column("paused_until", _instant),
    sa.Column("paused_cause", sa.Text),
)

replies = sa.Table(
    "replies",
    metadata,
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
    sa.Column("created_at", _instant, nullable=False),
    sa.Column("updated_at", _instant, nullable=False),
    sa.Column("template_code", sa.Text),
    sa.Column("checks", pg.JSONB, nullable=False, server_default="[]"),
    sa.Column("signer", pg.JSONB),
    sa.Column("binding", sa.Text),
    sa.Column("approver", sa.Text),
    sa.Column("standing", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("approved_at", _instant),
    sa.Column("released_by", sa.Text),
    sa.Column("send_after", _instant),
    sa.Column("retry_at", _instant),
    sa.Column("attempt", sa.Integer, nullable=False, server_default="0"),
    sa.Column("sent_at", _instant),
    sa.Column("readings", sa.Integer, nullable=False, server_default="0"),
    sa.Column("external_id", sa.Text, index=True),
    sa.Column("permalink", sa.Text),
    sa.Column("published_text", sa.Text),
    sa.Column("published_at", _instant),
    sa.Column("cause", sa.Text),
    sa.Column("comment", sa.Text),
    sa.Column("origin", sa.Text, nullable=False, server_default="torg"),
    sa.Column("reviewed_by", sa.Text),
    sa.Column("submitted_at", _instant),
    sa.Column("municipal_seen", sa.Integer, nullable=False, server_default="0"),
    sa.Column("resolved_by", sa.Text),
    sa.Column("corrects", sa.Uuid),
    sa.Index(
        "replies_under_way",
        "state",
        "send_after",
        postgresql_where=sa.text("state IN ('released', 'sending', 'unknown', 'published')"),
    ),
    # two identical answers to one message are never under way together (channels.md, section 10)
    sa.Index(
        "replies_once",
        "message_id",
        "binding",
        unique=True,
        postgresql_where=sa.text("state IN ('approved', 'released', 'sending', 'unknown', 'needs_operator')"),
    ),
)

own_texts = sa.Table(
    "own_texts",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("conversation_id", sa.Uuid, nullable=False, index=True),
    sa.Column("channel_id", sa.Uuid, nullable=False),
    sa.Column("external_id", sa.Text, nullable=False),
    sa.Column("parent_external_id", sa.Text),
    sa.Column("text", sa.Text),
    sa.Column("permalink", sa.Text),
    sa.Column("seen_at", _instant, nullable=False),
    sa.Column("reply_id", sa.Uuid),
)

claims = sa.Table(
    "claims",
    metadata,
    sa.Column("message_id", sa.Uuid, primary_key=True),
    sa.Column("conversation_id", sa.Uuid, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("holder", sa.Text, nullable=False),
    sa.Column("until", _instant, nullable=False),
)

# one row per version: what was once approved stays readable
templates = sa.Table(
    "templates",
    metadata,
    sa.Column("id", sa.Uuid, nullable=False, index=True),
    sa.Column("code", sa.Text, primary_key=True),
    sa.Column("lang", sa.Text, primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("handlings", pg.ARRAY(sa.Text), nullable=False),
    sa.Column("flags", pg.ARRAY(sa.Text), nullable=False),
    sa.Column("section", sa.Text, nullable=False),
    sa.Column("tone", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("proposed_by", sa.Text, nullable=False),
    sa.Column("approved_by", sa.Text),
    sa.Column("approved_at", _instant),
)

links = sa.Table(
    "links",
    metadata,
    sa.Column("id", sa.Uuid, nullable=False, unique=True),
    sa.Column("topic", sa.Text, primary_key=True),
    sa.Column("lang", sa.Text, primary_key=True),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("approved", sa.Boolean, nullable=False, server_default=sa.true()),
    sa.Column("changed_by", sa.Text),
    sa.Column("status", sa.Integer),
    sa.Column("checked_at", _instant),
)

house_rules = sa.Table(
    "house_rules",
    metadata,
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("clauses", pg.JSONB, nullable=False),
    sa.Column("proposed_by", sa.Text, nullable=False),
    sa.Column("proposed_at", _instant, nullable=False),
    sa.Column("approved_by", sa.Text),
    sa.Column("approved_at", _instant),
)

acknowledgements = sa.Table(
    "acknowledgements",
    metadata,
    sa.Column("subject", sa.Text, primary_key=True),
    sa.Column("guideline_version", sa.Text, primary_key=True),
    sa.Column("at", _instant, nullable=False),
)

# how people signed when they were last here: a changed title retires what was approved under the old one
staff = sa.Table(
    "staff",
    metadata,
    sa.Column("subject", sa.Text, primary_key=True),
    sa.Column("name", sa.Text),
    sa.Column("title", sa.Text),
    sa.Column("unit", sa.Text),
)

outbound_pause = sa.Table(
    "outbound_pause",
    metadata,
    sa.Column("one", sa.Boolean, primary_key=True, server_default=sa.true()),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("paused", sa.Boolean, nullable=False),
    sa.Column("reason", sa.Text),
    sa.Column("changed_by", sa.Text),
    sa.Column("changed_at", _instant),
)

sender_lease = sa.Table(
    "sender_lease",
    metadata,
    sa.Column("one", sa.Boolean, primary_key=True, server_default=sa.true()),
    sa.Column("epoch", sa.BigInteger, nullable=False),
    sa.Column("holder", sa.Uuid, nullable=False),
    sa.Column("until", _instant, nullable=False),
)
