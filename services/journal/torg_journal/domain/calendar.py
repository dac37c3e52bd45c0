"""The Norwegian working calendar: opening hours, closed days, office hours, calendar months, in local time.

Every method takes and gives aware instants (UTC comes back); days and clock times are those of the calendar's zone.
Public holidays come from the `holidays` package, fixed and Easter-dependent ones alike.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property, lru_cache
from itertools import accumulate, pairwise
from zoneinfo import ZoneInfo

import holidays

OSLO = ZoneInfo("Europe/Oslo")
_MIDNIGHT_MINUTES = 24 * 60
_MOST_DAYS = 5_000
_MOST_YEARS = 100
_LONGEST_SEARCH = 400  # days without any opening: the calendar is wrong, not the municipality closed


@dataclass(frozen=True, slots=True, order=True)
class Interval:
    """Opening hours of one day, in minutes from midnight of the wall clock; `closes` 1440 is midnight."""

    opens: int
    closes: int

    def __post_init__(self) -> None:
        if not 0 <= self.opens < self.closes <= _MIDNIGHT_MINUTES:
            raise ValueError(f"{self} er ikke et tidsrom innenfor ett døgn")

    @classmethod
    def parse(cls, text: str) -> "Interval":
        """The interval in `08:00-15:30`. Raises `ValueError`."""
        opens, _, closes = text.partition("-")
        return cls(_minutes(opens), _minutes(closes))

    def __str__(self) -> str:
        return "-".join(f"{part // 60:02d}:{part % 60:02d}" for part in (self.opens, self.closes))


WHOLE_DAY = (Interval(0, _MIDNIGHT_MINUTES),)


@dataclass(frozen=True)
class WorkingCalendar:
    """When the municipality is at work.

    `week` holds the hours of the seven weekdays, Monday first; `closed` are days of its own (planning days), and
    `closed_yearly` those that return every year as (month, day); `special` are other hours on single days.
    """

    week: tuple[tuple[Interval, ...], ...]
    closed: frozenset[date] = frozenset()
    closed_yearly: frozenset[tuple[int, int]] = frozenset()
    special: tuple[tuple[date, tuple[Interval, ...]], ...] = ()
    zone: ZoneInfo = OSLO
    _known: dict[date, tuple[tuple[datetime, datetime], ...]] = field(default_factory=dict, compare=False, repr=False)
    _years: dict[str, "_Axis"] = field(default_factory=dict, compare=False, repr=False)

    def __post_init__(self) -> None:
        if len(self.week) != 7 or not any(self.week):
            raise ValueError("uka må ha sju dager, og åpningstid minst én av dem")
        for hours in (*self.week, *(one for _, one in self.special)):
            if any(before.closes > after.opens for before, after in pairwise(hours)):
                raise ValueError("åpningstidene på en dag må stå i rekkefølge og ikke overlappe")

    @classmethod
    def of(
        cls,
        week: Mapping[int, Sequence[str]],
        *,
        closed: Iterable[date] = (),
        closed_yearly: Iterable[tuple[int, int]] = (),
        special: Mapping[date, Sequence[str]] | None = None,
        zone: ZoneInfo = OSLO,
    ) -> "WorkingCalendar":
        """From hours as text by weekday (0 is Monday). Raises `ValueError`."""
        return cls(
            tuple(tuple(map(Interval.parse, week.get(day, ()))) for day in range(7)),
            frozenset(closed),
            frozenset(closed_yearly),
            tuple(sorted((day, tuple(map(Interval.parse, hours))) for day, hours in (special or {}).items())),
            zone,
        )

    @cached_property
    def statutory(self) -> "WorkingCalendar":
        """The calendar of the law: every weekday that is no public holiday, around the clock.

        Own closing days and short hours never lengthen a time limit that a statute sets (G-13).
        """
        return WorkingCalendar((WHOLE_DAY,) * 5 + ((), ()), zone=self.zone)

    def local(self, at: datetime) -> datetime:
        """`at` on the wall clock of the zone."""
        return at.astimezone(self.zone)

    def day_of(self, at: datetime) -> date:
        """The date of `at` here; also the journaldato and the year of a number (INV-6)."""
        return self.local(at).date()

    def hours_on(self, day: date) -> tuple[Interval, ...]:
        """Opening hours of `day`; empty when closed."""
        for one, hours in self.special:
            if one == day:
                return hours
        if day in self.closed or (day.month, day.day) in self.closed_yearly or is_public_holiday(day):
            return ()
        return self.week[day.weekday()]

    def is_working_day(self, day: date) -> bool:
        return bool(self.hours_on(day))

    def is_open(self, at: datetime) -> bool:
        """True from opening until just before closing."""
        return any(start <= at < end for start, end in self._openings(self.day_of(at)))

    def next_open(self, at: datetime) -> datetime:
        """`at` itself within the hours, else the next opening."""
        axis = self._axis(at)
        position = bisect_right(axis.closes, at)
        if position == len(axis.opens):
            raise ValueError(f"kalenderen har ingen åpen dag etter {self.day_of(at)}")
        return max(at, axis.opens[position]).astimezone(UTC)

    def last_open(self, before: datetime, after: datetime) -> datetime:
        """The latest opening instant in [`after`, `before`): used to warn in time; `after` when there is none."""
        day, first = self.day_of(before), self.day_of(after)
        while day >= first:
            for start, _ in reversed(self._openings(day)):
                if after <= start < before:
                    return start
            day -= timedelta(days=1)
        return after.astimezone(UTC)

    def add_working_days(self, start: datetime, days: int) -> datetime:
        """The same clock time `days` working days later; a time outside the hours moves to the next opening (G-12)."""
        local = self.local(self.next_open(start))
        day = local.date()
        for _ in range(days):
            day = self._next_working_day(day)
        return self.next_open(self._at(day, local.time()))

    def add_open_time(self, start: datetime, length: timedelta) -> datetime:
        """The instant when `length` of opening hours has passed since `start`; a full day ends at closing time."""
        at = self.next_open(start)
        if not length:
            return at
        axis = self._axis(at)
        wanted = axis.passed(at) + length
        while axis.total < wanted:
            axis = self._axis(at, axis.last + 1)
        position = bisect_left(axis.passed_at_close, wanted)
        return axis.opens[position] + (wanted - axis.passed_at_open[position])

    def open_time(self, start: datetime, end: datetime) -> timedelta:
        """Opening hours between the two instants; zero when `end` is not after `start`."""
        if end <= start:
            return timedelta()
        axis = self._axis(start, end.year + 1)
        return axis.passed(end) - axis.passed(start)

    def add_months(self, start: datetime, months: int) -> datetime:
        """The same date and clock time `months` later, or the last day of a shorter month.

        The end is never moved past a weekend: the municipality may be early, not late.
        """
        local = self.local(start)
        month = local.year * 12 + local.month - 1 + months
        year, month = divmod(month, 12)
        last = (date(year + (month == 11), (month + 1) % 12 + 1, 1) - timedelta(days=1)).day
        return self._at(date(year, month + 1, min(local.day, last)), local.time())

    def _axis(self, at: datetime, last: int = 0) -> "_Axis":
        """Every opening of the years around `at`, and on to `last`, at most a century: made once, then looked up."""
        known = self._years.get("axis")
        first, last = at.year - 1, max(last, at.year + 2)
        if known is None or first < known.first or last > known.last:
            if last - first > _MOST_YEARS:
                raise ValueError(f"kalenderen rekker ikke til {last}")
            if known and max(last, known.last) - min(first, known.first) <= _MOST_YEARS:
                first, last = min(first, known.first), max(last, known.last)
            known = self._years["axis"] = _Axis.of(self, first, last)
        return known

    def _next_working_day(self, day: date) -> date:
        for ahead in range(1, _LONGEST_SEARCH):
            if self._openings(day + timedelta(days=ahead)):
                return day + timedelta(days=ahead)
        raise ValueError(f"kalenderen har ingen åpen dag etter {day}")

    def _openings(self, day: date) -> tuple[tuple[datetime, datetime], ...]:
        known = self._known.get(day)
        if known is None:
            known = tuple((self._minute(day, one.opens), self._minute(day, one.closes)) for one in self.hours_on(day))
            if len(self._known) >= _MOST_DAYS:
                self._known.clear()
            self._known[day] = known
        return known

    def _minute(self, day: date, minute: int) -> datetime:
        if minute == _MIDNIGHT_MINUTES:
            return self._at(day + timedelta(days=1), time())
        return self._at(day, time(minute // 60, minute % 60))

    def _at(self, day: date, clock: time) -> datetime:
        # a time that the spring night skips is read with the winter offset and lands an hour later;
        # one that the autumn night repeats is the first of the two
        return datetime.combine(day, clock.replace(fold=0, tzinfo=self.zone)).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class _Axis:
    """Openings in a row, with the opening hours that have passed when each begins and ends."""

    first: int
    last: int
    opens: list[datetime]
    closes: list[datetime]
    passed_at_open: list[timedelta]
    passed_at_close: list[timedelta]

    @classmethod
    def of(cls, calendar: WorkingCalendar, first: int, last: int) -> "_Axis":
        days = (date(first, 1, 1) + timedelta(days=n) for n in range((date(last + 1, 1, 1) - date(first, 1, 1)).days))
        openings = [one for day in days for one in calendar._openings(day)]
        ends = list(accumulate(end - start for start, end in openings))
        return cls(
            first,
            last,
            [start for start, _ in openings],
            [end for _, end in openings],
            [end - (closes - opens) for end, (opens, closes) in zip(ends, openings, strict=True)],
            ends,
        )

    @property
    def total(self) -> timedelta:
        return self.passed_at_close[-1] if self.passed_at_close else timedelta()

    def passed(self, at: datetime) -> timedelta:
        """Opening hours from the beginning of the axis until `at`."""
        position = bisect_right(self.closes, at)
        if position == len(self.opens):
            return self.total
        return self.passed_at_open[position] + max(timedelta(), at - self.opens[position])


def is_public_holiday(day: date) -> bool:
    """True on Norway's public holidays; ordinary Sundays are not among them."""
    return day in _holidays_of(day.year)


@lru_cache(maxsize=512)
def _holidays_of(year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays("NO", years=year))


def _minutes(clock: str) -> int:
    hours, _, minutes = clock.strip().partition(":")
    if not (hours.isdecimal() and minutes.isdecimal() and len(minutes) == 2 and int(minutes) < 60):
        raise ValueError(f"«{clock}» er ikke et klokkeslett som 08:00")
    return int(hours) * 60 + int(minutes)
