"""The working calendar: tables for the nights and days that go wrong, properties for all the others."""

import re
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from torg_journal.domain.calendar import Interval, WorkingCalendar, is_public_holiday
from torg_journal.settings import load
from torg_shared.municipality import ConfigError

OSLO = ZoneInfo("Europe/Oslo")
SOGNE = Path(__file__).parents[2] / "config" / "sogne"
OFFICE = WorkingCalendar.of({day: ["08:00-15:30"] for day in range(5)}, closed_yearly=[(12, 24), (12, 31)])
SPLIT = WorkingCalendar.of({0: ["08:00-11:30", "12:00-15:00"], 2: ["10:00-18:00"], 4: ["08:00-12:00"]})
ROUND_THE_CLOCK = WorkingCalendar.of({day: ["00:00-24:00"] for day in range(7)})


def oslo(text: str, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=OSLO, fold=fold).astimezone(UTC)


def test_norwegian_holidays_are_known_by_date() -> None:
    free = {
        *("2026-01-01", "2026-04-02", "2026-04-03", "2026-04-05", "2026-04-06", "2026-05-01", "2026-05-14"),
        *("2026-05-17", "2026-05-24", "2026-05-25", "2026-12-25", "2026-12-26"),
    }
    days = [date(2026, 1, 1) + timedelta(days=ahead) for ahead in range(365)]
    assert {day.isoformat() for day in days if is_public_holiday(day)} == free


@pytest.mark.parametrize(
    ("start", "days", "due"),
    [
        ("2026-12-23T14:00", 1, "2026-12-28T14:00"),  # own closing day, Christmas, weekend
        ("2026-12-30T10:00", 1, "2027-01-04T10:00"),  # turn of the year
        ("2026-12-31T10:00", 1, "2027-01-05T08:00"),
        ("2028-02-28T09:00", 1, "2028-02-29T09:00"),  # leap day
        ("2027-02-26T09:00", 1, "2027-03-01T09:00"),
        ("2026-05-13T15:29", 1, "2026-05-15T15:29"),  # Ascension Day
        ("2026-05-22T09:00", 1, "2026-05-26T09:00"),  # Whit Monday
        ("2026-06-01T15:30", 1, "2026-06-03T08:00"),  # closing time is already outside the hours
        ("2026-06-01T07:59", 1, "2026-06-02T08:00"),
        ("2026-06-01T00:00", 1, "2026-06-02T08:00"),
        ("2026-06-05T23:59", 1, "2026-06-09T08:00"),
        ("2026-06-01T10:00", 10, "2026-06-15T10:00"),
        ("2026-03-27T10:00", 1, "2026-03-30T10:00"),  # over the spring night: the clock time stays
        ("2026-10-23T10:00", 1, "2026-10-26T10:00"),  # over the autumn night
    ],
)
def test_working_days_keep_the_clock_time(start: str, days: int, due: str) -> None:
    assert OFFICE.add_working_days(oslo(start), days) == oslo(due)


@pytest.mark.parametrize(
    ("start", "hours", "due"),
    [
        ("2026-06-01T11:30", 4, "2026-06-01T15:30"),  # ends with the day, not at the next opening
        ("2026-06-01T11:31", 4, "2026-06-02T08:01"),
        ("2026-06-05T14:00", 4, "2026-06-08T10:30"),
        ("2026-06-06T12:00", 4, "2026-06-08T12:00"),
        ("2026-04-01T13:30", 4, "2026-04-07T10:00"),  # over Easter
        ("2026-06-01T08:00", 15, "2026-06-02T15:30"),
    ],
)
def test_office_hours(start: str, hours: int, due: str) -> None:
    assert OFFICE.add_open_time(oslo(start), timedelta(hours=hours)) == oslo(due)


@pytest.mark.parametrize(
    ("start", "months", "due"),
    [
        ("2026-01-31T10:00", 1, "2026-02-28T10:00"),
        ("2028-01-31T10:00", 1, "2028-02-29T10:00"),
        ("2026-12-15T23:30", 1, "2027-01-15T23:30"),
        ("2026-11-30T08:00", 3, "2027-02-28T08:00"),
        ("2026-05-31T08:00", 13, "2027-06-30T08:00"),
        ("2026-02-28T02:30", 1, "2026-03-28T02:30"),
        ("2026-06-13T12:00", 1, "2026-07-13T12:00"),
        ("2026-02-14T12:00", 1, "2026-03-14T12:00"),  # a Saturday: never moved past the weekend
    ],
)
def test_calendar_months(start: str, months: int, due: str) -> None:
    assert OFFICE.add_months(oslo(start), months) == oslo(due)


def test_a_time_that_the_spring_night_skips_lands_an_hour_later_on_the_clock() -> None:
    assert OFFICE.add_months(oslo("2026-02-28T02:30"), 1) == datetime(2026, 3, 28, 1, 30, tzinfo=UTC)
    assert OFFICE.add_months(oslo("2026-03-01T02:30"), 0) == datetime(2026, 3, 1, 1, 30, tzinfo=UTC)
    skipped = OFFICE.add_months(datetime(2026, 2, 28, 23, 30, tzinfo=UTC), 1)  # 1 March 00:30 in Oslo
    assert skipped == oslo("2026-04-01T00:30")
    assert ROUND_THE_CLOCK.add_working_days(oslo("2026-03-28T02:30"), 1) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


def test_the_nights_of_23_and_25_hours_are_counted_as_they_are() -> None:
    for night, hours in (("2026-03-29", 23), ("2026-10-25", 25), ("2026-06-01", 24)):
        start = oslo(f"{night}T00:00")
        end = oslo((date.fromisoformat(night) + timedelta(days=1)).isoformat() + "T00:00")
        assert ROUND_THE_CLOCK.open_time(start, end) == timedelta(hours=hours)
        assert ROUND_THE_CLOCK.add_open_time(start, timedelta(hours=hours)) == end


def test_a_repeated_time_in_autumn_is_the_first_of_the_two() -> None:
    first, second = oslo("2026-10-25T02:30"), oslo("2026-10-25T02:30", fold=1)
    assert second - first == timedelta(hours=1)
    assert ROUND_THE_CLOCK.add_working_days(oslo("2026-10-24T02:30"), 1) == first


def test_the_day_of_an_instant_is_the_day_here() -> None:
    assert OFFICE.day_of(datetime(2026, 12, 31, 22, 59, 59, tzinfo=UTC)) == date(2026, 12, 31)
    assert OFFICE.day_of(datetime(2026, 12, 31, 23, 0, tzinfo=UTC)) == date(2027, 1, 1)
    assert OFFICE.day_of(datetime(2026, 6, 30, 22, 0, tzinfo=UTC)) == date(2026, 7, 1)


def test_own_closing_days_and_special_hours() -> None:
    calendar = WorkingCalendar.of(
        {day: ["08:00-15:30"] for day in range(5)},
        closed=[date(2026, 6, 2)],
        special={date(2026, 6, 3): ["08:00-12:00"], date(2026, 6, 6): ["10:00-12:00"]},
    )
    assert calendar.add_working_days(oslo("2026-06-01T10:00"), 1) == oslo("2026-06-03T10:00")
    assert calendar.add_working_days(oslo("2026-06-01T14:00"), 1) == oslo("2026-06-04T08:00")  # closed at noon
    assert calendar.is_working_day(date(2026, 6, 6))
    assert not calendar.is_working_day(date(2026, 6, 2))
    assert calendar.statutory.add_working_days(oslo("2026-06-01T10:00"), 1) == oslo("2026-06-02T10:00")


@pytest.mark.parametrize("text", ["08:00", "8-16", "16:00-08:00", "08:00-25:00", "08:60-09:00", "08:00-08:00", "a-b"])
def test_hours_that_are_no_hours_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"klokkeslett|tidsrom"):
        Interval.parse(text)


def test_a_calendar_without_opening_is_refused() -> None:
    with pytest.raises(ValueError, match="åpningstid"):
        WorkingCalendar.of({})
    with pytest.raises(ValueError, match="overlappe"):
        WorkingCalendar.of({0: ["08:00-12:00", "11:00-13:00"]})


YEARS = (datetime(2024, 1, 1), datetime(2030, 12, 31))  # noqa: DTZ001 - Hypothesis wants the bounds without a zone
instants = st.datetimes(*YEARS, timezones=st.just(UTC))
calendars = st.sampled_from([OFFICE, SPLIT])


@given(calendars, instants, instants, st.integers(0, 15))
@settings(max_examples=150, deadline=None)
def test_a_later_start_is_never_due_earlier(
    calendar: WorkingCalendar, one: datetime, other: datetime, days: int
) -> None:
    first, second = sorted((one, other))
    assert calendar.add_working_days(first, days) <= calendar.add_working_days(second, days)
    assert calendar.add_months(first, 1) - calendar.add_months(second, 1) <= timedelta()


@given(calendars, instants, st.integers(0, 15))
@settings(max_examples=150, deadline=None)
def test_due_times_are_in_the_hours_and_so_many_working_days_ahead(
    calendar: WorkingCalendar, start: datetime, days: int
) -> None:
    due = calendar.add_working_days(start, days)
    opening = calendar.next_open(start)
    assert calendar.is_open(due)
    assert calendar.is_open(opening)
    first, last = calendar.day_of(opening), calendar.day_of(due)
    between = [first + timedelta(days=ahead) for ahead in range(1, (last - first).days + 1)]
    counted = sum(calendar.is_working_day(day) for day in between)
    # one more only where the clock time is past that day's closing
    assert counted == days or (counted == days + 1 and calendar.local(due).time() < calendar.local(opening).time())


@given(calendars, instants, st.timedeltas(timedelta(), timedelta(hours=60)))
@settings(max_examples=150, deadline=None)
def test_open_time_is_what_was_added(calendar: WorkingCalendar, start: datetime, length: timedelta) -> None:
    end = calendar.add_open_time(start, length)
    assert calendar.open_time(start, end) == length
    assert end >= start


@given(instants, st.integers(1, 14))
@settings(max_examples=150, deadline=None)
def test_a_month_ends_on_its_date_or_on_the_last_day(start: datetime, months: int) -> None:
    local, due = OFFICE.local(start), OFFICE.local(OFFICE.add_months(start, months))
    assert (due.year * 12 + due.month) - (local.year * 12 + local.month) == months
    assert due.day == local.day or (due.day < local.day and (due + timedelta(days=1)).day == 1)
    assert due.time() == local.time() or due.time() == (local + timedelta(hours=1)).time() or local.time() < time(4)


def test_a_channel_may_have_hours_of_its_own(tmp_path: Path) -> None:
    """G-12: the deadline follows the hours of the channel that the message came by."""
    for file in SOGNE.glob("*.yaml"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    calendar = (SOGNE / "calendar.yaml").read_text("utf-8")
    evening = 'channels: {facebook-sogne: {monday: ["08:00-20:00"], tuesday: ["08:00-20:00"]}}'
    (tmp_path / "calendar.yaml").write_text(re.sub(r"(?m)^channels: .*$", evening, calendar), "utf-8")
    calendars = load(tmp_path).calendars
    start = oslo("2026-06-01T18:00")
    assert calendars.of("facebook-sogne").add_working_days(start, 1) == oslo("2026-06-02T18:00")
    assert calendars.of("another").add_working_days(start, 1) == oslo("2026-06-03T08:00")
    assert calendars.of(None) is calendars.office


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('monday: ["08:00-15:30"]', 'monday: ["15:30-08:00"]', "tidsrom"),
        ('monday: ["08:00-15:30"]', 'monday: ["08-16"]', "klokkeslett"),
        ("monday:", "mandag:", "hours"),
        ("Europe/Oslo", "Europe/Sogne", "ukjent"),
        ('"12-24"', '"24-12"', "closed_yearly"),
        ("closed_days: []", "closed_days: [i morgen]", "closed_days"),
        ("closed_days: []", "closed_day: []", "closed_day"),
    ],
)
def test_a_calendar_that_cannot_be_read_is_named_by_file_and_place(
    tmp_path: Path, old: str, new: str, told: str
) -> None:
    for file in SOGNE.glob("*.yaml"):
        (tmp_path / file.name).write_bytes(file.read_bytes())
    text = (SOGNE / "calendar.yaml").read_text("utf-8")
    assert old in text
    (tmp_path / "calendar.yaml").write_text(text.replace(old, new, 1), "utf-8")
    with pytest.raises(ConfigError, match=f"calendar.yaml: .*{told}"):
        load(tmp_path)
