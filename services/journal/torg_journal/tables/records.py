"""The journal itself: saksmapper, journalposter with their parts, documents, arkivnotater, decisions, numbers."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from .columns import flag, json_of, metadata, ref, texts, version_of, when

saksmapper = sa.Table(
    "saksmapper",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("saksaar", sa.Integer, nullable=False),
    sa.Column("sakssekvensnummer", sa.Integer, nullable=False),
    sa.Column("conversation_id", sa.Uuid, nullable=False, index=True),
    sa.Column("author_key", sa.Text, nullable=False),
    sa.Column("message_id", sa.Uuid, nullable=False),
    sa.Column("tittel", sa.Text, nullable=False),
    json_of("tittel_spans"),
    sa.Column("offentlig_tittel", sa.Text, nullable=False),
    sa.Column("klasse_id", sa.Text),
    sa.Column("klasse_tittel", sa.Text),
    sa.Column("saksdato", sa.Date, nullable=False),
    sa.Column("administrativ_enhet", sa.Text, nullable=False),
    sa.Column("saksansvarlig", sa.Text, nullable=False),
    sa.Column("saksstatus", sa.Text, nullable=False),  # B Under behandling, A Avsluttet, U Utgår
    sa.Column("stage", sa.Text, nullable=False),
    sa.Column("close_when_ready", sa.Text),  # why the case shall be closed as soon as L-24 lets it (G-45)
    sa.Column("antall_journalposter", sa.Integer, nullable=False),
    sa.Column("skjermet", sa.Boolean, nullable=False),
    sa.Column("tilgangsrestriksjon", sa.Text),
    sa.Column("skjermingshjemmel", sa.Text),
    texts("units"),
    when("opprettet_dato"),
    sa.Column("opprettet_av", sa.Text, nullable=False),
    when("avsluttet_dato", nullable=True),
    sa.Column("avsluttet_av", sa.Text),
    sa.Column("reason", sa.Text),
    when("changed_at"),
    sa.Column("changed_by", sa.Text, nullable=False),
    version_of(),
    sa.UniqueConstraint("saksaar", "sakssekvensnummer"),
    sa.CheckConstraint("saksstatus IN ('B', 'A', 'U')", name="known_saksstatus"),
    sa.CheckConstraint(
        "stage IN ('opened', 'awaiting_information', 'ready_to_answer', 'answered', 'closed', 'transferred', 'void')",
        name="known_stage",
    ),
)
# INV-5: one open saksmappe per conversation and author, whatever happens twice
sa.Index(
    "saksmapper_one_open",
    saksmapper.c.conversation_id,
    saksmapper.c.author_key,
    unique=True,
    postgresql_where=saksmapper.c.saksstatus == "B",
)

journalposter = sa.Table(
    "journalposter",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    ref("saksmappe_id", "saksmapper.id"),
    sa.Column("conversation_id", sa.Uuid, nullable=False, index=True),
    sa.Column("message_id", sa.Uuid),
    sa.Column("message_version", sa.Integer),
    sa.Column("reply_id", sa.Uuid),
    sa.Column("consultation_id", sa.Uuid),
    sa.Column("consultation_part", sa.Text),  # question, answer
    sa.Column("journalaar", sa.Integer, nullable=False),
    sa.Column("journalsekvensnummer", sa.Integer, nullable=False),
    sa.Column("journalpostnummer", sa.Integer, nullable=False),
    sa.Column("journalposttype", sa.Text, nullable=False),
    # M registered (internal), J Journalført, E Ekspedert, A Arkivert, U Utgår
    sa.Column("journalstatus", sa.Text, nullable=False),
    sa.Column("journaldato", sa.Date, nullable=False),
    sa.Column("dokumentets_dato", sa.Date),
    when("mottatt_dato", nullable=True),
    when("sendt_dato", nullable=True),
    sa.Column("forfallsdato", sa.Date),
    sa.Column("tittel", sa.Text, nullable=False),
    json_of("tittel_spans"),
    # what was registered, which the chain commits to by salted hash; salt and text go at lawful erasure
    sa.Column("registrert_tittel", sa.Text),
    sa.Column("tittel_salt", sa.LargeBinary),
    sa.Column("tittel_commit", sa.LargeBinary, nullable=False),
    sa.Column("tilgangsrestriksjon", sa.Text),
    sa.Column("skjermingshjemmel", sa.Text),
    sa.Column("skjerming_dokument", sa.Text),  # H whole document, D parts of it: pre-classification, not the entry
    sa.Column("skjermingshjemmel_dokument", sa.Text),
    sa.Column("offentlighetsvurdert_dato", sa.Date),
    sa.Column("offentlighetsvurdert_av", sa.Text),
    when("published_at", nullable=True),
    sa.Column("withheld", sa.Text),  # why it may not go on the internet, in kinds of finding (L-12)
    sa.Column("permalink", sa.Text),
    sa.Column("visibility", sa.Text),
    flag("unapproved"),  # captured in the native app: not approved beforehand (B-21)
    sa.Column("binding_sha256", sa.Text),
    sa.Column("administrativ_enhet", sa.Text, nullable=False),
    sa.Column("saksbehandler", sa.Text, nullable=False),
    when("opprettet_dato"),
    sa.Column("opprettet_av", sa.Text, nullable=False),
    when("journalfoert_dato", nullable=True),
    sa.Column("journalfoert_av", sa.Text),
    when("arkivert_dato", nullable=True),
    sa.Column("arkivert_av", sa.Text),
    sa.Column("utgaar_grunn", sa.Text),
    sa.Column("refers_to", ARRAY(sa.Uuid), nullable=False, server_default="{}"),
    # SHA-256 of the documents registered with it, in the order of dokumentnummer: what the chain commits to
    sa.Column("registrerte_dokumenter", ARRAY(sa.Text), nullable=False, server_default="{}"),
    sa.Column("previous_hash", sa.LargeBinary, nullable=False),
    sa.Column("entry_hash", sa.LargeBinary, nullable=False),
    when("changed_at"),
    sa.Column("changed_by", sa.Text, nullable=False),
    version_of(),
    sa.UniqueConstraint("journalaar", "journalsekvensnummer"),
    sa.UniqueConstraint("saksmappe_id", "journalpostnummer"),
    sa.UniqueConstraint("consultation_id", "consultation_part"),
    sa.CheckConstraint("journalposttype IN ('I', 'U', 'N', 'X')", name="known_journalposttype"),
    sa.CheckConstraint("journalstatus IN ('M', 'J', 'E', 'A', 'U')", name="known_journalstatus"),
    sa.CheckConstraint("journalposttype <> 'I' OR mottatt_dato IS NOT NULL", name="received_when"),
    sa.CheckConstraint("journalposttype <> 'U' OR sendt_dato IS NOT NULL", name="sent_when"),
)
sa.Index(
    "journalposter_one_incoming",
    journalposter.c.message_id,
    unique=True,
    postgresql_where=sa.text("journalposttype = 'I' AND message_id IS NOT NULL"),
)
# INV-2: exactly one U for each published reply
sa.Index(
    "journalposter_one_outgoing",
    journalposter.c.reply_id,
    unique=True,
    postgresql_where=journalposter.c.reply_id.is_not(None),
)
sa.Index("journalposter_journaldato", journalposter.c.journaldato, journalposter.c.journalsekvensnummer)

korrespondanseparter = sa.Table(
    "korrespondanseparter",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    ref("journalpost_id", "journalposter.id"),
    sa.Column("ordinal", sa.Integer, nullable=False),
    sa.Column("korrespondanseparttype", sa.Text, nullable=False),  # EA, EM, EK, IA, IM
    sa.Column("navn", sa.Text, nullable=False),
    json_of("navn_spans"),
    sa.Column("handle", sa.Text),
    sa.Column("administrativ_enhet", sa.Text),
    sa.Column("saksbehandler", sa.Text),
    sa.Column("registrert_navn", sa.Text),
    sa.Column("navn_salt", sa.LargeBinary),
    sa.Column("navn_commit", sa.LargeBinary, nullable=False),
    sa.UniqueConstraint("journalpost_id", "ordinal"),
)

avskrivninger = sa.Table(
    "avskrivninger",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    ref("incoming", "journalposter.id"),
    ref("outgoing", "journalposter.id", nullable=True),  # referanseAvskrivesAvJournalpost
    sa.Column("conversation_id", sa.Uuid, nullable=False, index=True),
    sa.Column("avskrivningsmaate", sa.Text, nullable=False),
    sa.Column("avskrivningsdato", sa.Date, nullable=False),
    sa.Column("avskrevet_av", sa.Text, nullable=False),
    sa.Column("reason", sa.Text),
    when("at"),
    sa.UniqueConstraint("incoming", "outgoing", postgresql_nulls_not_distinct=True),
)
sa.Index("avskrivninger_outgoing", avskrivninger.c.outgoing)

arkivnotater = sa.Table(
    "arkivnotater",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("conversation_id", sa.Uuid, nullable=False, index=True),
    sa.Column("message_id", sa.Uuid, nullable=False),
    sa.Column("message_version", sa.Integer, nullable=False),
    sa.Column("reply_id", sa.Uuid),
    sa.Column("klasse_id", sa.Text, nullable=False),
    sa.Column("klasse_tittel", sa.Text, nullable=False),
    sa.Column("tittel", sa.Text, nullable=False),
    sa.Column("retention_class", sa.Text, nullable=False),
    when("mottatt_dato"),
    sa.Column("avsender", sa.Text, nullable=False),
    sa.Column("snapshot_id", sa.Uuid, nullable=False),
    when("opprettet_dato"),
    sa.Column("opprettet_av", sa.Text, nullable=False),
    version_of(),
    sa.UniqueConstraint("message_id"),
)

# The journal's own copy of every document, by hash; written once
files = sa.Table(
    "files",
    metadata,
    sa.Column("sha256", sa.Text, primary_key=True),
    sa.Column("content", sa.LargeBinary, nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    when("stored_at"),
)

dokumenter = sa.Table(
    "dokumenter",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("registrering_id", sa.Uuid, nullable=False),  # a journalpost or an arkivnotat
    sa.Column("conversation_id", sa.Uuid, nullable=False, index=True),
    sa.Column("dokumentnummer", sa.Integer, nullable=False),
    sa.Column("versjonsnummer", sa.Integer, nullable=False),
    sa.Column("tilknyttet_som", sa.Text, nullable=False),  # H Hoveddokument, V Vedlegg
    sa.Column("tittel", sa.Text, nullable=False),
    sa.Column("dokumenttype", sa.Text, nullable=False),
    sa.Column("variantformat", sa.Text, nullable=False),  # P, A, O
    sa.Column("format", sa.Text, nullable=False),  # PRONOM PUID
    sa.Column("mime", sa.Text, nullable=False),
    sa.Column("filnavn", sa.Text, nullable=False),
    sa.Column("sha256", sa.Text, nullable=False, index=True),
    sa.Column("snapshot_id", sa.Uuid),  # where the bytes are fetched from while `files` has none
    flag("missing"),  # marked so by a person: the bytes will never come
    when("opprettet_dato"),
    sa.Column("opprettet_av", sa.Text, nullable=False),
    sa.UniqueConstraint("registrering_id", "dokumentnummer", "versjonsnummer"),
)

fetches = sa.Table(
    "fetches",
    metadata,
    sa.Column("snapshot_id", sa.Uuid, primary_key=True),
    sa.Column("sha256", sa.Text, primary_key=True),
    sa.Column("media", sa.Boolean, nullable=False),
    sa.Column("conversation_id", sa.Uuid, nullable=False),
    sa.Column("state", sa.Text, nullable=False),  # wanted, stored, mismatch
    sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
    when("next_try"),
    sa.Column("last_error", sa.Text),
)
sa.Index("fetches_wanted", fetches.c.next_try, postgresql_where=fetches.c.state == "wanted")

merknader = sa.Table(
    "merknader",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("registrering_id", sa.Uuid, nullable=False, index=True),
    sa.Column("conversation_id", sa.Uuid, nullable=False, index=True),
    sa.Column("grunnlag", sa.Text, nullable=False),  # what it is about: one remark for each ground
    sa.Column("merknadstekst", sa.Text, nullable=False),
    when("merknadsdato"),
    sa.Column("merknad_registrert_av", sa.Text, nullable=False),
    sa.UniqueConstraint("registrering_id", "grunnlag"),
)

record_decisions = sa.Table(
    "record_decisions",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("conversation_id", sa.Uuid, nullable=False, index=True),
    sa.Column("message_id", sa.Uuid, nullable=False),
    sa.Column("message_version", sa.Integer, nullable=False),
    sa.Column("triage_version", sa.Integer, nullable=False),
    sa.Column("handling", sa.Text, nullable=False),
    sa.Column("record_class", sa.Text, nullable=False),
    sa.Column("saksdokument", sa.Boolean, nullable=False),
    sa.Column("saksbehandling", sa.Boolean, nullable=False),
    sa.Column("dokumentasjonsverdi", sa.Boolean, nullable=False),
    sa.Column("section", sa.Text, nullable=False),
    sa.Column("guideline_version", sa.Text, nullable=False),
    sa.Column("rule_id", sa.Text),
    sa.Column("decided_kind", sa.Text, nullable=False),  # person, rule
    sa.Column("decided_by", sa.Text, nullable=False),
    sa.Column("decided_role", sa.Text),
    when("decided_at"),
    sa.Column("reason", sa.Text),
    sa.Column("state", sa.Text, nullable=False, server_default="decided"),  # decided, reviewed
    sa.Column("verdict", sa.Text),  # agree, raise
    sa.Column("reviewed_by", sa.Text),
    when("reviewed_at", nullable=True),
    sa.Column("review_reason", sa.Text),
    sa.Column("version", sa.Integer, nullable=False, server_default="1"),
    sa.UniqueConstraint("message_id", "triage_version"),
    sa.CheckConstraint("record_class IN ('none', 'archive', 'journal')", name="known_record_class"),
)

# Numbers come from these rows, locked until commit; the journal's row holds the head of the hash chain
case_counters = sa.Table(
    "case_counters",
    metadata,
    sa.Column("saksaar", sa.Integer, primary_key=True),
    sa.Column("n", sa.Integer, nullable=False),
)
journal_counters = sa.Table(
    "journal_counters",
    metadata,
    sa.Column("journalaar", sa.Integer, primary_key=True),
    sa.Column("n", sa.Integer, nullable=False),
    sa.Column("head", sa.LargeBinary, nullable=False),
)

heads = sa.Table(
    "heads",
    metadata,
    sa.Column("id", sa.Uuid, primary_key=True),
    sa.Column("journalaar", sa.Integer, nullable=False),
    sa.Column("up_to_sequence", sa.Integer, nullable=False),
    sa.Column("head_hash", sa.LargeBinary, nullable=False),
    sa.Column("day", sa.Date, nullable=False),
    when("published_at"),
    sa.UniqueConstraint("journalaar", "day"),
)
