"""The tables of the journal. Noark nouns are Noark's own; everything else is English.

Facts and conversations are what settling reads; saksmapper, journalposter and their parts are the journal itself
(append-only but for status); messages, deadlines and consultations are the working life beside it.
"""

from .columns import metadata
from .records import (
    arkivnotater,
    avskrivninger,
    case_counters,
    dokumenter,
    fetches,
    files,
    heads,
    journal_counters,
    journalposter,
    korrespondanseparter,
    merknader,
    record_decisions,
    saksmapper,
)
from .working import channels, consultations, conversations, deadlines, facts, messages, notes

APPEND_ONLY = ("avskrivninger", "arkivnotater", "files", "merknader", "notes", "heads")
# What may still change in the journal; everything else of a row is as it was registered, for ever
STATUS_COLUMNS = {
    "saksmapper": (
        "tittel",
        "tittel_spans",
        "offentlig_tittel",
        "klasse_id",
        "klasse_tittel",
        "administrativ_enhet",
        "saksansvarlig",
        "saksstatus",
        "stage",
        "close_when_ready",
        "antall_journalposter",
        "skjermet",
        "tilgangsrestriksjon",
        "skjermingshjemmel",
        "units",
        "avsluttet_dato",
        "avsluttet_av",
        "reason",
        "changed_at",
        "changed_by",
        "version",
    ),
    "journalposter": (
        "journalstatus",
        "dokumentets_dato",
        "forfallsdato",
        "tittel",
        "tittel_spans",
        "tilgangsrestriksjon",
        "skjermingshjemmel",
        "skjerming_dokument",
        "skjermingshjemmel_dokument",
        "offentlighetsvurdert_dato",
        "offentlighetsvurdert_av",
        "published_at",
        "withheld",
        "journalfoert_dato",
        "journalfoert_av",
        "arkivert_dato",
        "arkivert_av",
        "utgaar_grunn",
        "changed_at",
        "changed_by",
        "version",
    ),
    "korrespondanseparter": ("navn", "navn_spans"),
    "dokumenter": ("missing",),
    "record_decisions": ("state", "verdict", "reviewed_by", "reviewed_at", "review_reason", "version"),
}

__all__ = [
    "APPEND_ONLY",
    "STATUS_COLUMNS",
    "arkivnotater",
    "avskrivninger",
    "case_counters",
    "channels",
    "consultations",
    "conversations",
    "deadlines",
    "dokumenter",
    "facts",
    "fetches",
    "files",
    "heads",
    "journal_counters",
    "journalposter",
    "korrespondanseparter",
    "merknader",
    "messages",
    "metadata",
    "notes",
    "record_decisions",
    "saksmapper",
]
