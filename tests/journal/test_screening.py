"""Spans, four renderings, names older than a year (L-11)."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from torg_journal.domain.screening import (
    MASK,
    SENDER_NAME,
    TITLE_WORDS,
    Kind,
    Span,
    View,
    checked,
    metadata_codes,
    oldest_with_names,
    one_year_after,
    pieces,
    render,
    view_on,
    whole,
)
from torg_shared.errors import Invalid

TITLE = "Klage fra Ola Nordmann om støtte til rullestol"
NAME = Span(10, 22, Kind.PERSONNAVN)
EXEMPT = Span(37, 46, Kind.SKJERMET, "taushetsplikt")


def test_the_four_renderings() -> None:
    spans = checked(TITLE, [EXEMPT, NAME], "tittel")
    assert render(TITLE, spans, View.INTERNAL) == TITLE
    assert render(TITLE, spans, View.PUBLIC) == "Klage fra Ola Nordmann om støtte til *****"
    assert render(TITLE, spans, View.INTERNET) == "Klage fra Ola Nordmann om støtte til *****"
    assert render(TITLE, spans, View.INTERNET_OLD) == "Klage fra ***** om støtte til *****"
    assert [one.personnavn for one in pieces(TITLE, spans, View.INTERNET)] == [False, True, False, False]
    assert [one.hjemmel for one in pieces(TITLE, spans, View.PUBLIC)] == [None, None, None, "taushetsplikt"]


def test_half_a_name_is_no_mask() -> None:
    spans = checked(TITLE, [Span(11, 20, Kind.PERSONNAVN)], "tittel")
    assert render(TITLE, spans, View.INTERNET_OLD) == "Klage fra ***** om støtte til rullestol"


@pytest.mark.parametrize(
    ("spans", "code"),
    [
        ([Span(-1, 3, Kind.PERSONNAVN)], "SPAN_OUTSIDE_TEXT"),
        ([Span(3, 3, Kind.PERSONNAVN)], "SPAN_OUTSIDE_TEXT"),
        ([Span(40, 47, Kind.PERSONNAVN)], "SPAN_OUTSIDE_TEXT"),
        ([Span(0, 5, Kind.SKJERMET)], "SPAN_HJEMMEL"),
        ([Span(0, 5, Kind.PERSONNAVN, "taushetsplikt")], "SPAN_HJEMMEL"),
        ([Span(0, 9, Kind.PERSONNAVN), Span(6, 9, Kind.PERSONNAVN)], "SPAN_OVERLAP"),
        ([Span(0, 3, Kind.PERSONNAVN), Span(4, 5, Kind.PERSONNAVN)], "SPAN_OVERLAP"),  # the same word
    ],
)
def test_spans_that_say_nothing_sure_are_refused(spans: list[Span], code: str) -> None:
    with pytest.raises(Invalid) as refused:
        checked(TITLE, spans, "tittel")
    assert refused.value.code == code


def test_a_whole_field_can_be_exempt() -> None:
    assert render("Ola", whole("Ola", kind=Kind.SKJERMET, hjemmel="taushetsplikt"), View.INTERNET) == MASK
    assert whole("", kind=Kind.PERSONNAVN) == ()


def test_metadata_codes_name_what_is_exempt_and_never_a_tagged_name() -> None:
    assert metadata_codes([NAME, EXEMPT], [("EA", [NAME])]) == (TITLE_WORDS,)
    assert metadata_codes([NAME], [("EA", [EXEMPT])]) == (SENDER_NAME,)


@pytest.mark.parametrize(
    ("journaldato", "last_day"),
    [
        (date(2026, 6, 3), date(2027, 6, 3)),
        (date(2028, 2, 29), date(2029, 2, 28)),
        (date(2027, 2, 28), date(2028, 2, 28)),
    ],
)
def test_a_name_is_found_for_one_year_and_not_a_day_longer(journaldato: date, last_day: date) -> None:
    assert one_year_after(journaldato) == last_day
    assert view_on(journaldato, last_day) is View.INTERNET
    assert view_on(journaldato, last_day + timedelta(days=1)) is View.INTERNET_OLD


@given(st.dates(date(2024, 1, 1), date(2034, 1, 1)), st.integers(300, 430))
def test_the_search_bound_is_the_rule_of_the_view(journaldato: date, age: int) -> None:
    today = journaldato + timedelta(days=age)
    assert (journaldato >= oldest_with_names(today)) == (view_on(journaldato, today) is View.INTERNET)


words = st.lists(st.sampled_from(["Ola", "Kari-Anne", "12.", "støtte", "Øst", "—"]), min_size=1, max_size=8)


@given(words, st.data())
def test_no_masked_word_is_left_in_a_public_view(found: list[str], data: st.DataObject) -> None:
    text = " ".join(f"{word}{place}" for place, word in enumerate(found))
    place = data.draw(st.integers(0, len(found) - 1))
    start = text.index(f"{found[place]}{place}")
    end = start + len(found[place])
    spans = checked(text, [Span(start, end, Kind.SKJERMET, "taushetsplikt")], "tittel")
    secret = f"{found[place]}{place}"
    for view in (View.PUBLIC, View.INTERNET, View.INTERNET_OLD):
        assert secret not in render(text, spans, view).split(" ")
    assert render(text, spans, View.INTERNAL) == text
