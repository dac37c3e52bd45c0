"""Versions of templates, house rules, acknowledgements, signers; what an approval saw of the conversation."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg
from torg_shared.standard_tables import allow_update, revoke

revision = "0002"
down_revision = "0001"

_I = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.add_column("messages", sa.Column("tone", sa.Text))
    op.add_column("messages", sa.Column("classified_version", sa.Integer, nullable=False, server_default="0"))
    op.drop_column("messages", "shielded")
    op.add_column("replies", sa.Column("submitted_at", _I))
    op.add_column("replies", sa.Column("municipal_seen", sa.Integer, nullable=False, server_default="0"))
    op.add_column("replies", sa.Column("resolved_by", sa.Text))
    op.add_column("replies", sa.Column("corrects", sa.Uuid))
    new_id = sa.text("gen_random_uuid()")
    op.add_column("templates", sa.Column("id", sa.Uuid, nullable=False, server_default=new_id))
    op.alter_column("templates", "id", server_default=None)
    op.add_column("templates", sa.Column("approved_at", _I))
    op.drop_constraint("templates_pkey", "templates")
    op.create_primary_key("templates_pkey", "templates", ["code", "lang", "version"])
    op.create_index("ix_templates_id", "templates", ["id"])
    op.add_column("links", sa.Column("id", sa.Uuid, nullable=False, server_default=new_id))
    op.alter_column("links", "id", server_default=None)
    op.create_unique_constraint("links_id_key", "links", ["id"])
    op.add_column("links", sa.Column("approved", sa.Boolean, nullable=False, server_default=sa.true()))
    op.add_column("links", sa.Column("changed_by", sa.Text))
    op.create_table(
        "house_rules",
        sa.Column("version", sa.Integer, primary_key=True),
        sa.Column("clauses", pg.JSONB, nullable=False),
        sa.Column("proposed_by", sa.Text, nullable=False),
        sa.Column("proposed_at", _I, nullable=False),
        sa.Column("approved_by", sa.Text),
        sa.Column("approved_at", _I),
    )
    op.create_table(
        "acknowledgements",
        sa.Column("subject", sa.Text, primary_key=True),
        sa.Column("guideline_version", sa.Text, primary_key=True),
        sa.Column("at", _I, nullable=False),
    )
    op.create_table(
        "staff",
        sa.Column("subject", sa.Text, primary_key=True),
        sa.Column("name", sa.Text),
        sa.Column("title", sa.Text),
        sa.Column("unit", sa.Text),
    )
    allow_update(op, "responder", "templates", "approved_by", "approved_at")
    allow_update(op, "responder", "house_rules", "approved_by", "approved_at")
    revoke(op, "responder", "acknowledgements", "UPDATE, DELETE, TRUNCATE")


def downgrade() -> None:
    for table in ("staff", "acknowledgements", "house_rules"):
        op.drop_table(table)
    op.drop_column("links", "changed_by")
    op.drop_column("links", "approved")
    op.drop_column("links", "id")
    op.execute(
        "DELETE FROM templates t USING templates n WHERE n.code = t.code AND n.lang = t.lang AND n.version > t.version"
    )
    op.drop_index("ix_templates_id", "templates")
    op.drop_constraint("templates_pkey", "templates")
    op.create_primary_key("templates_pkey", "templates", ["code", "lang"])
    op.drop_column("templates", "approved_at")
    op.drop_column("templates", "id")
    for column in ("corrects", "resolved_by", "municipal_seen", "submitted_at"):
        op.drop_column("replies", column)
    op.add_column("messages", sa.Column("shielded", sa.Boolean, nullable=False, server_default=sa.false()))
    op.drop_column("messages", "classified_version")
    op.drop_column("messages", "tone")
