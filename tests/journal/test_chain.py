"""The chain finds every flipped class of content, swaps and removals; a removed tail only against a published head."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from torg_journal.domain.chain import (
    GENESIS,
    Entry,
    Finding,
    Head,
    Link,
    Party,
    Text,
    canonical,
    commit,
    entry_hash,
    prove,
    verify,
)

AT = datetime(2026, 6, 3, 8, 0, tzinfo=UTC)


def an_entry(number: int, year: int = 2026) -> Entry:
    title, name = commit(f"Henvendelse {number}", salt(number)), commit("Kari Nordmann", salt(number))
    return Entry(
        journalaar=year,
        journalsekvensnummer=number,
        journalpost_id=UUID(int=year * 1000 + number),
        saksmappe_id=UUID(int=7),
        saksnummer=f"{year}/{number}",
        journalpostnummer=1,
        journalposttype="I",
        journaldato=date(year, 6, 3),
        tittel=title,
        parties=(Party("EA", name),),
        documents=(hashlib.sha256(b"snapshot %d" % number).hexdigest(),),
        mottatt_dato=AT + timedelta(minutes=number),
        message_id=UUID(int=number),
        message_version=1,
        refers_to=(UUID(int=9),),
    )


def salt(number: int) -> bytes:
    return hashlib.sha256(b"salt %d" % number).digest()[:16]


def a_chain(length: int, year: int = 2026) -> list[Link]:
    links: list[Link] = []
    previous = GENESIS
    for number in range(1, length + 1):
        entry = an_entry(number, year)
        previous = entry_hash(entry, previous)
        texts = (
            Text("tittel", entry.tittel, salt(number), f"Henvendelse {number}"),
            Text("korrespondansepart", entry.parties[0].name, salt(number), "Kari Nordmann"),
        )
        links.append(Link(entry, previous, texts, {entry.documents[0]: entry.documents[0]}))
    return links


def codes(links: Sequence[Link], heads: Sequence[Head] = ()) -> list[tuple[str, int]]:
    return [(one.code, one.sequence) for one in verify(links, heads)]


def test_an_untouched_journal_over_two_years_is_whole() -> None:
    links = a_chain(5) + a_chain(3, 2027)
    heads = [Head(2026, 5, links[4].entry_hash), Head(2027, 2, links[6].entry_hash)]
    assert codes(links, heads) == []
    assert codes([]) == []


CHANGES: dict[str, Callable[[Entry], Entry]] = {
    "title": lambda one: replace(one, tittel=commit("another", salt(1))),
    "party": lambda one: replace(one, parties=(Party("EA", commit("Ola Nordmann", salt(1))),)),
    "party type": lambda one: replace(one, parties=(Party("EM", one.parties[0].name),)),
    "party gone": lambda one: replace(one, parties=()),
    "journaldato": lambda one: replace(one, journaldato=one.journaldato + timedelta(days=1)),
    "mottatt_dato": lambda one: replace(one, mottatt_dato=AT + timedelta(microseconds=1)),
    "sendt_dato": lambda one: replace(one, sendt_dato=AT),
    "case number": lambda one: replace(one, saksnummer="2026/99"),
    "number in the case": lambda one: replace(one, journalpostnummer=2),
    "type": lambda one: replace(one, journalposttype="U"),
    "document": lambda one: replace(one, documents=("00" * 32,)),
    "document added": lambda one: replace(one, documents=(*one.documents, "00" * 32)),
    "reference": lambda one: replace(one, refers_to=(UUID(int=10),)),
    "message": lambda one: replace(one, message_id=UUID(int=999)),
    "message version": lambda one: replace(one, message_version=2),
    "system id": lambda one: replace(one, journalpost_id=UUID(int=1)),
    "case": lambda one: replace(one, saksmappe_id=UUID(int=1)),
    "reply": lambda one: replace(one, reply_id=UUID(int=1)),
    "consultation": lambda one: replace(one, consultation_id=UUID(int=1)),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("place", [0, 3, 6])
def test_each_flipped_class_of_content_is_found_where_it_is(change: str, place: int) -> None:
    links = a_chain(7)
    links[place] = replace(links[place], entry=CHANGES[change](links[place].entry))
    assert codes(links) == [("CHANGED", place + 1)]


def test_every_field_of_an_entry_is_in_the_hash() -> None:
    covered = {"journalaar", "journalsekvensnummer"}  # these order the chain
    for change in CHANGES.values():
        one, other = an_entry(1), change(an_entry(1))
        covered |= {name for name in Entry.__slots__ if getattr(one, name) != getattr(other, name)}
    assert covered == set(Entry.__slots__)


def test_a_changed_text_or_document_behind_its_hash_is_found() -> None:
    links = a_chain(3)
    text = links[1].texts[0]
    changed = replace(links[1], texts=(replace(text, text="Noe annet"), links[1].texts[1]))
    assert codes([links[0], changed, links[2]]) == [("TEXT", 2)]
    lost = replace(links[1], texts=(replace(text, text=None), links[1].texts[1]))
    assert codes([links[0], lost, links[2]]) == [("TEXT", 2)]
    bytes_changed = replace(links[1], found_documents={links[1].entry.documents[0]: "ff" * 32})
    assert codes([links[0], bytes_changed, links[2]]) == [("DOCUMENT", 2)]


def test_lawful_erasure_keeps_the_chain_whole() -> None:
    links = a_chain(3)
    erased = tuple(replace(one, salt=None, text=None) for one in links[1].texts)
    assert codes([links[0], replace(links[1], texts=erased), links[2]]) == []


def test_a_recomputed_hash_moves_the_fault_to_the_next_entry_and_the_head() -> None:
    links = a_chain(4)
    heads = [Head(2026, 4, links[3].entry_hash)]
    entry = replace(links[1].entry, journaldato=date(2025, 1, 1))
    links[1] = replace(links[1], entry=entry, entry_hash=entry_hash(entry, links[0].entry_hash))
    assert codes(links) == [("CHANGED", 3)]
    for place in (2, 3):  # whoever recomputes all of it is found by the head alone
        links[place] = replace(links[place], entry_hash=entry_hash(links[place].entry, links[place - 1].entry_hash))
    assert codes(links) == []
    assert codes(links, heads) == [("HEAD", 4)]


@given(st.integers(2, 8), st.data())
@settings(max_examples=100, deadline=None)
def test_two_swapped_rows_are_found(length: int, data: st.DataObject) -> None:
    links = a_chain(length)
    one = data.draw(st.integers(0, length - 2))
    other = data.draw(st.integers(one + 1, length - 1))
    first, second = links[one], links[other]
    swapped = list(links)
    swapped[one] = replace(second, entry=replace(second.entry, journalsekvensnummer=one + 1))
    swapped[other] = replace(first, entry=replace(first.entry, journalsekvensnummer=other + 1))
    assert ("CHANGED", one + 1) in codes(swapped)
    rows = list(links)
    rows[one], rows[other] = rows[other], rows[one]
    assert codes(rows)


@given(st.integers(2, 8), st.data())
@settings(max_examples=100, deadline=None)
def test_removed_rows_are_found_the_tail_only_against_a_head(length: int, data: st.DataObject) -> None:
    links = a_chain(length)
    heads = [Head(2026, length, links[-1].entry_hash)]
    first = data.draw(st.integers(1, length))
    last = data.draw(st.integers(first, length))
    left = links[: first - 1] + links[last:]
    if last < length:
        assert ("GAP", first) in codes(left)
        moved = [
            replace(one, entry=replace(one.entry, journalsekvensnummer=place)) for place, one in enumerate(left, 1)
        ]
        assert ("CHANGED", first) in codes(moved)
    else:
        assert codes(left) == []
        assert codes(left, heads) == [("TAIL", length)]


@given(st.integers(1, 8), st.data())
@settings(max_examples=100, deadline=None)
def test_a_proof_leads_from_the_entry_to_the_head_and_from_nothing_else(length: int, data: st.DataObject) -> None:
    links = a_chain(length)
    place = data.draw(st.integers(0, length - 1))
    before = links[place - 1].entry_hash if place else GENESIS
    proof = prove(links[place].entry, before, [one.entry for one in links[place + 1 :]], links[-1].entry_hash)
    assert proof.holds()
    flipped = bytearray(proof.entry)
    flipped[data.draw(st.integers(0, len(flipped) - 1))] ^= 1
    assert not replace(proof, entry=bytes(flipped)).holds()
    if proof.following:
        assert not replace(proof, following=proof.following[:-1]).holds()


def test_the_canonical_form_is_version_one_for_ever() -> None:
    """A golden value: whoever changes it breaks every published head. Make a form 2 instead."""
    assert canonical(an_entry(1)).startswith(b'{"consultation_id":null,"documents":["')
    assert b'"form":1' in canonical(an_entry(1))
    assert b'"mottatt_dato":"2026-06-03T08:01:00.000000Z"' in canonical(an_entry(1))
    assert entry_hash(an_entry(1), GENESIS).hex() == GOLDEN


GOLDEN = "4c3ed79c6c69662637b3c4da7f327fbf8e466a7f24f1ed0281a62d596ea97abb"


def test_findings_say_where() -> None:
    assert next(verify(a_chain(3)[1:])) == Finding("GAP", 2026, 1, "1–1 mangler")
