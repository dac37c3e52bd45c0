"""Personal data is found as people write it, nothing else is taken for it, and nothing of it is left by the mask."""

import re
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.exceptions import ValidationError
from stdnum.no import fodselsnummer
from torg_shared.personal_data import LABELS, find, is_national_id, mask

WEIGHTS = ((3, 7, 6, 1, 8, 9, 4, 5, 2), (5, 4, 3, 2, 7, 6, 5, 4, 3, 2))


def with_check_digits(nine: str) -> str | None:
    digits = nine
    for weights in WEIGHTS:
        check = -sum(w * int(n) for w, n in zip(weights, digits, strict=True)) % 11
        if check == 10:
            return None
        digits += str(check)
    return digits


def numbers(months: tuple[int, ...] = (0, 40, 80), days: tuple[int, ...] = (0, 40)) -> st.SearchStrategy[str]:
    born = st.integers(0, 36_000).map(lambda days: date(1900, 1, 1) + timedelta(days))

    def write(day: date, individual: int, more_days: int, more_months: int) -> str | None:
        return with_check_digits(
            f"{day.day + more_days:02}{day.month + more_months:02}{day.year % 100:02}{individual:03}"
        )

    written = st.builds(write, born, st.integers(0, 999), st.sampled_from(days), st.sampled_from(months))
    return written.filter(bool).map(str)


def kinds(text: str) -> list[tuple[str, str]]:
    return [(span.kind, text[span.start : span.end]) for span in find(text)]


SEPARATORS = ["", " ", "\u00a0", ".", "-", ":", " - ", "\u200b", "\u2011"]


@given(number=numbers(), separator=st.sampled_from(SEPARATORS), before=st.sampled_from(["", "Fnr: ", "jeg er ", "("]))
def test_every_valid_number_is_found_with_every_separator(number: str, separator: str, before: str) -> None:
    text = f"{before}{number[:6]}{separator}{number[6:]}, hilsen meg"
    assert kinds(text) == [("national_id", number[:6] + separator + number[6:])]
    assert mask(text) == f"{before}[fnr], hilsen meg"


@given(number=numbers())
def test_full_width_digits_and_dates_with_points_are_the_same_number(number: str) -> None:
    wide = number.translate({ord(str(n)): 0xFF10 + n for n in range(10)})
    dotted = f"{number[:2]}.{number[2:4]}.{number[4:6]} {number[6:]}"
    keycaps = "".join(digit + "\ufe0f\u20e3" for digit in number)
    for written in (wide, dotted, keycaps):
        assert kinds(f"nr {written}!") == [("national_id", written)]


@given(number=numbers(), place=st.integers(0, 10), other=st.integers(1, 9))
def test_no_number_with_one_digit_changed_is_valid(number: str, place: int, other: int) -> None:
    changed = str((int(number[place]) + other) % 10)
    assert not is_national_id(number[:place] + changed + number[place + 1 :])


@given(number=numbers(), more=st.text("0123456789", min_size=1, max_size=9), front=st.booleans())
def test_longer_runs_of_digits_are_something_else(number: str, more: str, front: bool) -> None:
    run = more + number if front else number + more
    assert not [one for one in find(f"nummer {run} her") if one.kind in {"national_id", "id_like"}]


@given(number=numbers(months=(0, 40)))
def test_agrees_with_the_library_where_it_has_an_opinion(number: str) -> None:
    assert is_national_id(number)
    other = number[:-1] + str((int(number[-1]) + 1) % 10)
    with pytest.raises(ValidationError):
        fodselsnummer.validate(other)


@given(digits=st.text("0123456789", min_size=11, max_size=11))
def test_what_the_library_accepts_is_found(digits: str) -> None:
    assert is_national_id(digits) or not fodselsnummer.is_valid(digits)


@pytest.mark.parametrize("number", ["14859210091", "14859210172", "03910710000", "54859210085", "17849003070"])
def test_synthetic_numbers_are_numbers(number: str) -> None:
    assert kinds(number) == [("national_id", number)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Fødselsnummer 01010112345, ring meg", [("id_like", "01010112345")]),
        ("mitt personnr: 010101 12345", [("id_like", "010101 12345")]),
        ("KID 01010112345 stemmer ikke med fakturaen", []),
        ("KID 14859210091 stemmer ikke", [("reference", "14859210091")]),
        ("Målernummeret er 14859210091", [("reference", "14859210091")]),
        ("saksnr. 14859210091", [("reference", "14859210091")]),
        ("ordrenummer 01010112345, fnr 01010112346", [("id_like", "01010112346")]),
        ("KID 12345678 og 01010112345", []),
        ("Fødselsnummer: nei, KID 14859210091", [("reference", "14859210091")]),
        ("32010112345 er ingen dato, fnr", []),
        ("De 14859210091234 kronene", []),
    ],
)
def test_eleven_digits_are_what_the_writer_calls_them(text: str, found: list[tuple[str, str]]) -> None:
    assert kinds(text) == found


@pytest.mark.parametrize(
    "number",
    [
        "38055555",
        "38 05 55 55",
        "912 34 567",
        "91234567",
        "9123 4567",
        "+47 91234567",
        "0047 912 34 567",
        "+48 601 234 567",
    ],
)
def test_telephone_numbers_are_found(number: str) -> None:
    assert kinds(f"Ring meg på {number}.") == [("phone", number)]
    assert mask(f"({number})") == "([telefon])"


@pytest.mark.parametrize(
    "text",
    [
        "20.05.2024",
        "2024-05-17",
        "20240517",
        "25 000 000 kr",
        "40 000 kr",
        "saksnummer 41234567",
        "faktura nr 91234567",
        "kundenummer: 91234567",
        "Målernr 41234567",
        "1234.56.78901",
        "kl 10.30-11.30",
        "nødnummer 110, 112, 113 og 116 117",
        "gnr 38 bnr 55",
        "2023/4512",
        "47 biler, 58 sykler og 2000 gående",
        "1998-2004",
        "912345678",
    ],
)
def test_other_numbers_are_no_telephone(text: str) -> None:
    assert not kinds(text)


@pytest.mark.parametrize(
    "address", ["ola.nordmann@example.no", "o@e.example", "kari (at) example.no", "Kari+x@mail.example.com"]
)
def test_e_mail_addresses_are_found(address: str) -> None:
    assert kinds(f"Skriv til {address}, takk") == [("email", address)]


@pytest.mark.parametrize("text", ["@Synne Breidal sjå her", "kl@", "a@b", "50 % @ kaia"])
def test_a_tag_is_no_e_mail_address(text: str) -> None:
    assert not kinds(text)


@pytest.mark.parametrize(
    "street",
    [
        "Fuglevegen 9",
        "fuglevegen 9",
        "Rådhusveien 1",
        "Storgata 5B",
        "Øvre Strandgate 12 b",
        "Nedre Lohne vei 3",
        "Solbakken 14",
        "Postboks 123",
        "Fuglevegen 9, 4640 Søgne",
        "Gangbroveien nr. 7",
    ],
)
def test_street_addresses_are_found(street: str) -> None:
    assert kinds(f"Han bor i {street}.") == [("address", street)]


@pytest.mark.parametrize(
    "text",
    [
        "riksvei 41",
        "Fylkesvei 456 er stengt",
        "veien 50 meter",
        "i Fuglevegen i går",
        "bakken 3 ganger",
        "Fuglevegen 200 meter nord",
        "turveien 2,5 km",
        "skoleveien 4 dager i uka",
    ],
)
def test_roads_without_a_house_are_no_address(text: str) -> None:
    assert not kinds(text)


VALUES = st.one_of(
    numbers(),
    st.sampled_from(["91234567", "38 05 55 55", "ola@example.no", "Fuglevegen 9", "+48 601 234 567"]),
)
WORDS = st.text("abc æøå.,!?\u200b😀\n", max_size=6)


@given(parts=st.lists(st.tuples(WORDS, VALUES), min_size=1, max_size=4), end=WORDS)
def test_no_planted_value_is_left_by_the_mask(parts: list[tuple[str, str]], end: str) -> None:
    text = "".join(f"{words} {value} " for words, value in parts) + end
    masked = mask(text)
    assert not re.search(r"\d", masked), masked
    assert all(value not in masked for _, value in parts)


@given(text=st.text(max_size=300))
def test_spans_lie_in_the_text_in_order_and_the_mask_leaves_nothing_to_find(text: str) -> None:
    spans = find(text)
    assert all(0 <= one.start < one.end <= len(text) for one in spans)
    assert all(one.end <= two.start for one, two in pairwise(spans))
    assert not find(mask(text))


def test_only_the_kinds_asked_for_are_masked() -> None:
    text = "14859210091 og 91234567"
    assert mask(text, ["phone"]) == "14859210091 og [telefon]"
    assert set(LABELS) >= {span.kind for span in find(text)}


def test_a_decomposed_letter_is_the_letter() -> None:
    text = "Ma\u030alernummer 14859210091 i A\u030asveien 4"
    assert kinds(text) == [("reference", "14859210091"), ("address", "A\u030asveien 4")]


@pytest.mark.parametrize(
    "hostile",
    ["1" * 63_206, "1 " * 31_000, "a@" * 31_000, "Aaveien " * 8_000, "A'" * 31_000, "kid " * 15_000, "+47 " * 15_000],
    ids=lambda text: text[:8],
)
def test_hostile_text_comes_to_an_end(hostile: str) -> None:
    assert isinstance(find(hostile), list)
