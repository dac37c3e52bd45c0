"""Facts, saksmapper, journalposter with their parts, the working life beside them, and the standard tables."""

from alembic import op
from torg_journal.tables import APPEND_ONLY, STATUS_COLUMNS, metadata
from torg_shared.standard_tables import allow_update, create_standard_tables, drop_standard_tables, revoke

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_OWN = (
    "conversations",
    "facts",
    "channels",
    "messages",
    "saksmapper",
    "journalposter",
    "korrespondanseparter",
    "avskrivninger",
    "arkivnotater",
    "files",
    "dokumenter",
    "fetches",
    "merknader",
    "consultations",
    "deadlines",
    "record_decisions",
    "notes",
    "case_counters",
    "journal_counters",
    "heads",
)
_KEPT = ("conversations", "messages", "consultations", "deadlines", "case_counters", "journal_counters")

_TRIGGERS = (
    # Noark 3.2.4: nothing is registered in a closed saksmappe. The row lock keeps a closing away meanwhile
    """
    CREATE FUNCTION journalpost_in_open_case() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        PERFORM 1 FROM saksmapper WHERE id = NEW.saksmappe_id AND saksstatus = 'B' FOR SHARE;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'saksmappe % is not open (Noark 3.2.4)', NEW.saksmappe_id USING ERRCODE = '23514';
        END IF;
        RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER journalpost_in_open_case BEFORE INSERT ON journalposter
    FOR EACH ROW EXECUTE FUNCTION journalpost_in_open_case()
    """,
    # Noark 3.2.2, 3.2.10: what stands in a closed saksmappe stays as it is
    """
    CREATE FUNCTION closed_case_is_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'saksmappe % is closed (Noark 3.2.2, 3.2.10)', OLD.id USING ERRCODE = '23514';
    END $$
    """,
    """
    CREATE TRIGGER closed_case_is_frozen BEFORE UPDATE ON saksmapper
    FOR EACH ROW WHEN (
        OLD.saksstatus <> 'B' AND NEW.saksstatus <> 'B'
        AND (OLD.tittel, OLD.administrativ_enhet, OLD.saksansvarlig)
            IS DISTINCT FROM (NEW.tittel, NEW.administrativ_enhet, NEW.saksansvarlig)
    ) EXECUTE FUNCTION closed_case_is_frozen()
    """,
    # Noark 3.2.19: Utgår is for ever; 3.2.23: an archived entry keeps its date
    """
    CREATE FUNCTION journalpost_is_frozen() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'journalpost % is frozen (Noark 3.2.19, 3.2.23)', OLD.id USING ERRCODE = '23514';
    END $$
    """,
    """
    CREATE TRIGGER journalpost_is_frozen BEFORE UPDATE ON journalposter
    FOR EACH ROW WHEN (
        (OLD.journalstatus = 'U' AND NEW.journalstatus <> 'U')
        OR (OLD.journalstatus = 'A' AND (
            NEW.journalstatus NOT IN ('A', 'U') OR OLD.dokumentets_dato IS DISTINCT FROM NEW.dokumentets_dato))
    ) EXECUTE FUNCTION journalpost_is_frozen()
    """,
    # Noark 3.2.17: an archived entry takes no more documents
    """
    CREATE FUNCTION document_in_open_entry() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS (SELECT 1 FROM journalposter WHERE id = NEW.registrering_id AND journalstatus IN ('A', 'U')) THEN
            RAISE EXCEPTION 'journalpost % is archived (Noark 3.2.17)', NEW.registrering_id USING ERRCODE = '23514';
        END IF;
        RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER document_in_open_entry BEFORE INSERT ON dokumenter
    FOR EACH ROW EXECUTE FUNCTION document_in_open_entry()
    """,
)


def upgrade() -> None:
    create_standard_tables(op, "journal")
    for name in _OWN:
        metadata.tables[name].create(op.get_bind())
    for name in APPEND_ONLY:
        revoke(op, "journal", name, "UPDATE, DELETE, TRUNCATE")
    for name, columns in STATUS_COLUMNS.items():
        allow_update(op, "journal", name, *columns)
    for name in _KEPT:
        revoke(op, "journal", name, "DELETE, TRUNCATE")
    for statement in _TRIGGERS:
        op.execute(statement)


def downgrade() -> None:
    for name in reversed(_OWN):
        metadata.tables[name].drop(op.get_bind())
    for function in (
        "journalpost_in_open_case",
        "closed_case_is_frozen",
        "journalpost_is_frozen",
        "document_in_open_entry",
    ):
        op.execute(f"DROP FUNCTION {function}")
    drop_standard_tables(op)
