"""Gapless numbers and the hash chain over them (P3): n + 1 … n + k from a counter whose row is locked until commit."""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from . import chain
from .cases import Draft, Party


@dataclass(frozen=True, slots=True)
class Salted:
    """A text as the chain commits to it."""

    salt: bytes
    commit: bytes

    @classmethod
    def of(cls, text: str) -> "Salted":
        salt = secrets.token_bytes(16)
        return cls(salt, chain.commit(text, salt))


@dataclass(frozen=True, slots=True)
class Numbered:
    """A draft with its numbers and its link of the chain."""

    draft: Draft
    journalaar: int
    journalsekvensnummer: int
    journalpostnummer: int
    journaldato: date
    title: Salted
    names: tuple[Salted, ...]
    previous_hash: bytes
    entry_hash: bytes


def number(
    drafts: Sequence[Draft],
    *,
    year: int,
    journaldato: date,
    last: int,
    head: bytes,
    case_numbers: Mapping[UUID, str],
    in_case: Mapping[UUID, int],
) -> tuple[list[Numbered], bytes, dict[UUID, int]]:
    """`drafts` numbered on from `last`, chained on from `head`; gives the new head and the new count of each case.

    `case_numbers` are the saksnumre, `in_case` the journalposter that each saksmappe has so far.
    """
    found = []
    counts = dict(in_case)
    for sequence, draft in enumerate(drafts, last + 1):
        counts[draft.saksmappe_id] = counts.get(draft.saksmappe_id, 0) + 1
        title = Salted.of(draft.tittel)
        names = tuple(Salted.of(party.navn) for party in draft.parties)
        entry = chain.Entry(
            journalaar=year,
            journalsekvensnummer=sequence,
            journalpost_id=draft.id,
            saksmappe_id=draft.saksmappe_id,
            saksnummer=case_numbers[draft.saksmappe_id],
            journalpostnummer=counts[draft.saksmappe_id],
            journalposttype=draft.journalposttype,
            journaldato=journaldato,
            tittel=title.commit,
            parties=tuple(_committed(draft.parties, names)),
            documents=tuple(one.sha256 for one in draft.documents),
            mottatt_dato=draft.mottatt_dato,
            sendt_dato=draft.sendt_dato,
            message_id=draft.message_id,
            message_version=draft.message_version,
            reply_id=draft.reply_id,
            consultation_id=draft.consultation_id,
            refers_to=draft.refers_to,
        )
        linked = chain.entry_hash(entry, head)
        found.append(
            Numbered(
                draft=draft,
                journalaar=year,
                journalsekvensnummer=sequence,
                journalpostnummer=counts[draft.saksmappe_id],
                journaldato=journaldato,
                title=title,
                names=names,
                previous_hash=head,
                entry_hash=linked,
            )
        )
        head = linked
    return found, head, counts


def _committed(parties: Iterable[Party], names: Iterable[Salted]) -> Iterable[chain.Party]:
    return (chain.Party(party.korrespondanseparttype, name.commit) for party, name in zip(parties, names, strict=True))
