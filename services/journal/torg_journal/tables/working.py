"""The working life: facts, the worklist's messages, consultations, deadlines, internal notes."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from .columns import flag, json_of, metadata, ref, texts, version_of, when

# What is locked first, and how long something in it has waited for its partner
conversations = sa.Table(
    "conversations",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    when("waiting_since", nullable=True),
    sa.Column("waiting_for", sa.Text),
)
sa.Index(
    "conversations_waiting", conversations.c.waiting_since, postgresql_where=conversations.c.waiting_since.is_not(None)
)

# One row for each thing said about an aggregate in one of its versions; of two sayings the later event id stands
facts = sa.Table(
    "facts",
    metadata,
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("subject", sa.Uuid, primary_key=True),
    sa.Column("version", sa.Integer, primary_key=True),
    sa.Column("conversation_id", sa.Uuid, nullable=False, index=True),
    sa.Column("message_id", sa.Uuid),
    sa.Column("event_id", sa.Uuid, nullable=False),
    when("at"),
    when("seen_at"),
    sa.Column("actor_kind", sa.Text, nullable=False),
    sa.Column("actor_id", sa.Text, nullable=False),
    sa.Column("actor_role", sa.Text),
    sa.Column("data", JSONB, nullable=False),
)

channels = sa.Table(
    "channels",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("key", sa.Text, nullable=False),
    version_of(),
    sa.Column("platform", sa.Text, nullable=False),
    sa.Column("account_id", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("owner_unit", sa.Text, nullable=False),
    sa.Column("comment_mode", sa.Text, nullable=False),
    json_of("hours", "{}"),
    json_of("formal_contact", "{}"),
    when("activated_at", nullable=True),
    when("seen_at"),
)

# The worklist's one table: the working life of a message. A row without received_at waits for the message itself
messages = sa.Table(
    "messages",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("conversation_id", sa.Uuid, nullable=False, index=True),
    sa.Column("channel_id", sa.Uuid),
    sa.Column("channel_key", sa.Text),
    sa.Column("platform", sa.Text),
    sa.Column("kind", sa.Text),
    sa.Column("permalink", sa.Text),
    sa.Column("parent_id", sa.Uuid),
    sa.Column("author_key", sa.Text),
    sa.Column("author_handle", sa.Text),
    sa.Column("author_name", sa.Text),
    sa.Column("excerpt", sa.Text),
    sa.Column("message_version", sa.Integer, nullable=False),
    when("received_at", nullable=True),
    flag("backfill"),
    when("deleted_at", nullable=True),
    sa.Column("status", sa.Text, nullable=False),
    when("status_since", nullable=True),
    sa.Column("close_reason", sa.Text),
    when("answered_at", nullable=True),
    sa.Column("answered_by_reply", sa.Uuid),
    sa.Column("handling", sa.Text),
    texts("secondary"),
    texts("flags"),
    sa.Column("reply_duty", sa.Text),
    flag("reply_private"),
    sa.Column("record_class", sa.Text),
    sa.Column("topic", sa.Text),
    sa.Column("unit", sa.Text),
    sa.Column("lang", sa.Text),
    sa.Column("tone", sa.Text),
    sa.Column("confidence", sa.Float),
    flag("needs_human"),
    flag("needs_triage"),
    sa.Column("ground", sa.Text),
    sa.Column("triage_version", sa.Integer, nullable=False, server_default="0"),
    when("triaged_at", nullable=True),
    flag("urgent"),
    flag("acknowledged"),
    # 0 urgent, 1 statutory request or unlawful, 2 must, 3 should, 4 the rest: what the worklist sorts by first
    sa.Column("risk", sa.SmallInteger, nullable=False),
    when("next_due", nullable=True),
    sa.Column("next_due_code", sa.Text),
    flag("next_due_statutory"),
    sa.Column("reply_state", sa.Text),
    sa.Column("reply_id", sa.Uuid),
    sa.Column("reply_kind", sa.Text),
    flag("incident"),
    sa.Column("moderation_state", sa.Text),
    sa.Column("claim_holder", sa.Text),
    when("claim_until", nullable=True),
    sa.Column("saksmappe_id", sa.Uuid),
    sa.Column("open_consultations", sa.Integer, nullable=False, server_default="0"),
    texts("units"),
    when("changed_at"),
    sa.Column("changed_by", sa.Text, nullable=False),
    version_of(),
    sa.CheckConstraint(
        "status IN ('received', 'classified', 'triaged', 'answered', 'closed', 'purged')", name="known_status"
    ),
)
sa.Index(
    "messages_worklist",
    messages.c.risk,
    messages.c.next_due,
    messages.c.received_at,
    messages.c.id,
    postgresql_where=sa.text("status NOT IN ('closed', 'purged') AND received_at IS NOT NULL"),
)
sa.Index("messages_received", messages.c.received_at, messages.c.id)

consultations = sa.Table(
    "consultations",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("conversation_id", sa.Uuid, nullable=False, index=True),
    sa.Column("message_id", sa.Uuid, nullable=False),
    sa.Column("message_version", sa.Integer, nullable=False),
    ref("saksmappe_id", "saksmapper.id"),
    sa.Column("kind", sa.Text, nullable=False),  # unit, external, forwarded
    sa.Column("unit", sa.Text),
    sa.Column("source", sa.Text),
    sa.Column("question", sa.Text, nullable=False),
    sa.Column("asked_by", sa.Text, nullable=False),
    when("asked_at"),
    when("due_at", nullable=True),
    sa.Column("state", sa.Text, nullable=False),  # asked, answered, declined, withdrawn
    sa.Column("answer", sa.Text),
    sa.Column("source_ref", sa.Text),
    sa.Column("answered_by", sa.Text),
    sa.Column("answerer_name", sa.Text),
    sa.Column("answerer_title", sa.Text),
    sa.Column("answerer_unit", sa.Text),
    when("ended_at", nullable=True),
    sa.Column("reason", sa.Text),
    when("changed_at"),
    sa.Column("changed_by", sa.Text, nullable=False),
    version_of(),
    sa.CheckConstraint("state IN ('asked', 'answered', 'declined', 'withdrawn')", name="known_consultation_state"),
    sa.CheckConstraint("(unit IS NULL) <> (source IS NULL)", name="one_asked"),
)
sa.Index("consultations_unit", consultations.c.unit, consultations.c.state)

deadlines = sa.Table(
    "deadlines",
    metadata,
    sa.Column("deadline_id", sa.Uuid, primary_key=True),
    sa.Column("conversation_id", sa.Uuid, nullable=False, index=True),
    sa.Column("message_id", sa.Uuid, nullable=False),
    sa.Column("saksmappe_id", sa.Uuid),
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("variant", sa.Text, nullable=False),
    sa.Column("ref", sa.Uuid),  # the consultation of a T-CONSULT
    when("started_at"),
    when("due_at"),
    sa.Column("statutory", sa.Boolean, nullable=False),
    sa.Column("basis_code", sa.Text, nullable=False),
    json_of("warnings"),  # [{"percent": 50, "at": "…"}]
    json_of("inputs", "{}"),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("warned", sa.Integer, nullable=False),
    when("paused_at", nullable=True),
    when("ended_at", nullable=True),
    sa.Column("reason", sa.Text),
    when("next_look_at", nullable=True),  # when the job has something to do with it
    version_of(),
    sa.UniqueConstraint("message_id", "code", "variant", "ref", postgresql_nulls_not_distinct=True),
)
sa.Index("deadlines_next_look", deadlines.c.next_look_at, postgresql_where=deadlines.c.next_look_at.is_not(None))
sa.Index("deadlines_due", deadlines.c.due_at, deadlines.c.deadline_id)
sa.Index("deadlines_overdue", deadlines.c.code, postgresql_where=deadlines.c.state == "overdue")

notes = sa.Table(
    "notes",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("conversation_id", sa.Uuid, nullable=False),
    sa.Column("message_id", sa.Uuid, nullable=False, index=True),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("written_by", sa.Text, nullable=False),
    sa.Column("written_role", sa.Text),
    when("written_at"),
)
