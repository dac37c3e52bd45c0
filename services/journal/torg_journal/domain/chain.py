"""The journal's hash chain: proves that nothing before the last published head was changed, moved or removed (B-28).

Per journal year, in the entry's own row: `d_n = SHA-256(canonical(entry_n))` and `h_n = SHA-256(d_n || h_(n-1))`,
starting from 32 zero bytes. The entry holds salted hashes of texts, never texts: lawful erasure drops salt and text
and the chain still verifies. With the two steps the proof of one entry shows nothing of the entries after it but
their digests.

An entry is what is frozen from registration on. What changes later (status, screening, avskrivning) is accounted for
in the audit chain.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

FORM = 1  # version of the canonical form, inside every hash
GENESIS = bytes(32)


@dataclass(frozen=True, slots=True)
class Party:
    """A Korrespondansepart: its type (EA, EM, …) and the salted hash of its name."""

    korrespondanseparttype: str
    name: bytes


@dataclass(frozen=True, slots=True)
class Entry:
    """What is frozen when a journalpost is registered. `tittel` and party names are salted hashes (`commit`).

    `documents` are the SHA-256 (hex) of the bytes registered with it, in the order of dokumentnummer; `refers_to` the
    systemIDs of the entries that it avskriver from the start; `message_id`, `reply_id`, `consultation_id` its origin.
    dokumentetsDato is not among them: it may be corrected until the entry is Arkivert.
    """

    journalaar: int
    journalsekvensnummer: int
    journalpost_id: UUID
    saksmappe_id: UUID
    saksnummer: str
    journalpostnummer: int
    journalposttype: str
    journaldato: date
    tittel: bytes
    parties: tuple[Party, ...] = ()
    documents: tuple[str, ...] = ()
    mottatt_dato: datetime | None = None
    sendt_dato: datetime | None = None
    message_id: UUID | None = None
    message_version: int | None = None
    reply_id: UUID | None = None
    consultation_id: UUID | None = None
    refers_to: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class Text:
    """A text that an entry commits to, with its salt; both None after lawful erasure."""

    field: str
    committed: bytes
    salt: bytes | None
    text: str | None


@dataclass(frozen=True, slots=True)
class Link:
    """A stored entry with its stored hash, the texts behind its commitments, and the bytes behind its documents.

    `found_documents` are hashes computed from the bytes kept now, by the hash that they were registered under.
    """

    entry: Entry
    entry_hash: bytes
    texts: tuple[Text, ...] = ()
    found_documents: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Head:
    """A published head: the hash of the entry `up_to_sequence` of `year`."""

    year: int
    up_to_sequence: int
    head_hash: bytes


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong, and at which number. `code`: GAP, ORDER, CHANGED, TEXT, DOCUMENT, HEAD, TAIL."""

    code: str
    year: int
    sequence: int
    detail: str = ""


def commit(text: str, salt: bytes) -> bytes:
    """The salted hash that stands for `text`. The salt is 16 random bytes, one for each text."""
    return hashlib.sha256(salt + text.encode()).digest()


def canonical(entry: Entry) -> bytes:
    """The bytes that are hashed: sorted keys, UTF-8, explicit nulls, instants in UTC to the microsecond."""
    plain = {name: _plain(getattr(entry, name)) for name in Entry.__slots__}
    return json.dumps(plain | {"form": FORM}, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def digest(entry: Entry) -> bytes:
    return hashlib.sha256(canonical(entry)).digest()


def entry_hash(entry: Entry, previous: bytes) -> bytes:
    """`h_n` of an entry after `previous`, the hash of the entry before it in the year (`GENESIS` for the first)."""
    return link(digest(entry), previous)


def link(entry_digest: bytes, previous: bytes) -> bytes:
    return hashlib.sha256(entry_digest + previous).digest()


class Verifier:
    """Takes links by year and sequence and gives what is wrong with each; a removed tail shows only against a head.

    Each fault is reported where it is, not again for every entry after it.
    """

    def __init__(self, heads: Iterable[Head] = ()) -> None:
        self._heads: dict[tuple[int, int], set[bytes]] = {}
        for head in heads:
            self._heads.setdefault((head.year, head.up_to_sequence), set()).add(head.head_hash)
        self._last: dict[int, int] = {}
        self._previous: dict[int, bytes] = {}

    def take(self, one: Link) -> Iterator[Finding]:
        entry, year, sequence = one.entry, one.entry.journalaar, one.entry.journalsekvensnummer
        expected = self._last.get(year, 0) + 1
        if sequence > expected:
            yield Finding("GAP", year, expected, f"{expected}–{sequence - 1} mangler")
        elif sequence < expected:
            yield Finding("ORDER", year, sequence, f"ventet {expected}")
        elif entry_hash(entry, self._previous.get(year, GENESIS)) != one.entry_hash:
            yield Finding("CHANGED", year, sequence)
        yield from _contents(one)
        if self._heads.pop((year, sequence), set()) - {one.entry_hash}:
            yield Finding("HEAD", year, sequence, "avviker fra publisert hode")
        self._last[year] = max(sequence, expected - 1)
        self._previous[year] = one.entry_hash

    def end(self) -> Iterator[Finding]:
        """The heads that no entry reached."""
        for year, sequence in sorted(self._heads):
            yield Finding("TAIL", year, sequence, f"journalen slutter på {self._last.get(year, 0)}")


def verify(links: Iterable[Link], heads: Iterable[Head] = ()) -> Iterator[Finding]:
    """Everything that is wrong with `links`, given by year and sequence, and with what `heads` say of them."""
    check = Verifier(heads)
    for one in links:
        yield from check.take(one)
    yield from check.end()


def _contents(one: Link) -> Iterator[Finding]:
    year, sequence = one.entry.journalaar, one.entry.journalsekvensnummer
    for text in one.texts:
        erased = text.salt is None
        if not erased and (text.text is None or commit(text.text, text.salt or b"") != text.committed):
            yield Finding("TEXT", year, sequence, text.field)
    for registered, found in (one.found_documents or {}).items():
        if registered != found:
            yield Finding("DOCUMENT", year, sequence, registered)


@dataclass(frozen=True, slots=True)
class Proof:
    """The path from an entry to a head: anyone can walk it with SHA-256 alone.

    `entry` is the canonical form, `before` the hash of the entry before it, `following` the digests of the entries
    after it, up to the head.
    """

    entry: bytes
    before: bytes
    following: tuple[bytes, ...]
    head: bytes

    def holds(self) -> bool:
        """True when the path leads from the entry to the head."""
        reached = link(hashlib.sha256(self.entry).digest(), self.before)
        for one in self.following:
            reached = link(one, reached)
        return reached == self.head


def prove(entry: Entry, before: bytes, following: Sequence[Entry], head: bytes) -> Proof:
    """The proof that `entry` stands behind `head`; `following` are the entries after it, up to the head's."""
    return Proof(canonical(entry), before, tuple(digest(one) for one in following), head)


def _plain(value: Any) -> Any:
    match value:
        case bytes():
            found: Any = value.hex()
        case datetime():
            found = value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        case date():
            found = value.isoformat()
        case UUID():
            found = str(value)
        case Party():
            found = [value.korrespondanseparttype, value.name.hex()]
        case tuple():
            found = [_plain(one) for one in value]
        case _:
            found = value
    return found
