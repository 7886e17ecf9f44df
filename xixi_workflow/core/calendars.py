"""Working time: when a clock runs, and how much of it lies between two instants.

A calendar is a set of open periods on the wall clock of one city. Everything else is that one
set asked in four ways (``is_open``, ``next_open``, ``elapsed``, ``add``), tied together by one
sentence: ``add(start, s)`` is the *earliest* instant ``t`` with ``elapsed(start, t) == s``.
Two rules follow from it and need no code of their own:

* time used up exactly at closing falls due at that closing, not at the next opening;
* no time at all is used up at once: ``add(start, 0)`` is ``start``, open or closed.

**Which periods a day has.** A special day's own periods if it is one (a make-up working day 调休,
a half day before a feast; an empty list closes it); else none if it is a dated or a yearly
holiday; else those of its weekday. A period is half open: it contains its opening, not its closing.

**From wall clock to real time.** An opening or closing happens at the first instant at which the
city's clock shows its time or, where that time is skipped, a later one. So a time shown twice in
autumn counts when first shown, a skipped one counts at the jump, and a day that a city left out
altogether has no length. The rule never turns two boundaries round, hence a period stays in one
piece, periods never overlap, and an all-day week is 24x7 in every zone. The length of a period is
the real time between its ends: 01:00-03:00 lasts one hour on the night the clock skips 02:00-03:00.

Arithmetic is in whole microseconds. Seconds go in and out as floats, which hold every microsecond
exactly up to some seventy years. Instants are aware datetimes of any zone going in, UTC coming out.
"""

from bisect import bisect_left
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from math import inf
from types import MappingProxyType
from typing import Final, Self
from zoneinfo import ZoneInfo

END_OF_DAY: Final = time(0)
"""24:00, when written as the closing of a period: no period can close at the start of its day."""

NEVER_OPENS_AFTER_DAYS: Final = 3_653
"""Ten years without one open period: the calendar is taken to be wrong, not patient."""

# Seconds of the day, opening and closing, sorted; and the same of one date in microseconds of UTC.
_Periods = tuple[tuple[int, int], ...]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND: Final = timedelta(seconds=1)
_MICROSECOND: Final = timedelta(microseconds=1)
_MICROS: Final = 1_000_000
_DAY: Final = 86_400
_ALL_DAY: Final[_Periods] = ((0, _DAY),)
# The last date whose closing 24:00 can still be written as a datetime.
_LAST_ORDINAL: Final = date.max.toordinal() - 1
# Some eleven years and 1 MB: more than any report touches, little enough for many calendars.
_CACHED_DAYS: Final = 4_096
_WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_OUT_OF_RANGE: Final = "The instant lies outside the years that a calendar can reckon."
_NO_SPECIAL_DAYS: Final[Mapping[date, Sequence[tuple[time, time]]]] = MappingProxyType({})


class Calendar:
    """The open periods of one city; immutable, equal and hashable by value, safe to share.

    ``is_always`` tells that it is never closed (24x7); all such calendars are equal, whatever their
    zone. Threads may share one: all that changes is a bounded cache of days, each a plain value.
    """

    def __init__(
        self,
        *,
        zone: ZoneInfo,
        week: Mapping[int, Sequence[tuple[time, time]]],
        holidays: Collection[date] = (),
        yearly_holidays: Collection[tuple[int, int]] = (),
        special_days: Mapping[date, Sequence[tuple[time, time]]] = _NO_SPECIAL_DAYS,
    ) -> None:
        """Build from a city's week and its exceptions.

        ``week`` maps weekdays (0 = Monday, a missing one is closed) to periods ``(opening,
        closing)`` on the wall clock of ``zone``, in any order, touching allowed; a closing of
        ``END_OF_DAY`` is 24:00. ``yearly_holidays`` are ``(month, day)``; (2, 29) is a holiday in
        leap years. ``special_days`` have their own periods and win over both kinds of holiday.

        Raises ValueError for a weekday, a month or a day that does not exist, a period that does
        not close after it opens or has parts of a second, periods that overlap, a week without any
        open period, and a year of nothing but holidays.
        """
        for weekday in week:
            if weekday not in range(7):
                raise ValueError(f"Weekday {weekday} does not exist: 0 is Monday, 6 is Sunday.")
        self._zone = zone
        self._week = tuple(_checked(name, week.get(weekday, ())) for weekday, name in enumerate(_WEEKDAYS))
        if not any(self._week):
            raise ValueError("The week has no open period, so no time limit could ever run out.")
        self._holidays = frozenset(_ordinal(day) for day in holidays)
        self._yearly = frozenset(_checked_yearly(month, day) for month, day in yearly_holidays)
        if len(self._yearly) == 366:
            raise ValueError("Every day of the year is a yearly holiday.")
        self._special = {_ordinal(day): _checked(day.isoformat(), periods) for day, periods in special_days.items()}
        self.is_always: Final = (
            all(periods == _ALL_DAY for periods in (*self._week, *self._special.values()))
            and not self._holidays
            and not self._yearly
        )
        self._days: dict[int, _Periods] = {}

    @classmethod
    def always(cls) -> Self:
        """The calendar that is never closed: 24 hours, 7 days, no holidays."""
        all_day = [(time(0), END_OF_DAY)]
        return cls(zone=ZoneInfo("UTC"), week=dict.fromkeys(range(7), all_day))

    def is_open(self, at: datetime) -> bool:
        """Whether working time runs at this instant. Raises ValueError for a naive datetime."""
        at = _utc(at)
        if self.is_always:
            return True
        now = _micros(at)
        today = self._local_ordinal(at)
        # Where a clock is put back over midnight the old date is shown again, yet the new one's
        # periods have begun (see the rule above): hence two days.
        return any(opens <= now < closes for ordinal in (today, today + 1) for opens, closes in self._day(ordinal))

    def next_open(self, at: datetime) -> datetime:
        """The earliest open instant that is not before ``at``: ``at`` itself while open.

        Raises ValueError for a naive datetime, and when nothing opens for ten years.
        """
        at = _utc(at)
        if self.is_always:
            return at
        opens, _ = next(self._open_from(at))
        return _instant(opens)

    def add(self, start: datetime, seconds: float) -> datetime:
        """The earliest instant by which ``seconds`` of open time have passed since ``start``.

        Started while closed, time runs from the next opening; but no time at all (0 s) is over at
        ``start``. Used up exactly at a closing, the result is that closing. Parts of a microsecond
        are rounded.

        Raises ValueError for a naive datetime, for seconds that are negative or not a number, when
        nothing opens for ten years, and for results after the year 9999.
        """
        start = _utc(start)
        if not 0 <= seconds < inf:
            raise ValueError(f"A span of working time must be 0 seconds or more, not {seconds}.")
        try:
            span = timedelta(seconds=seconds)
            if self.is_always:
                return start + span
        except OverflowError:
            raise ValueError(_OUT_OF_RANGE) from None
        left = span // _MICROSECOND
        if not left:
            return start
        intervals = self._open_from(start)
        opens, closes = next(intervals)
        while left > closes - opens:
            left -= closes - opens
            opens, closes = next(intervals)
        return _instant(opens + left)

    def elapsed(self, start: datetime, end: datetime) -> float:
        """Seconds of open time from ``start`` up to ``end``, exact to the microsecond.

        Raises ValueError for a naive datetime and for an ``end`` before its ``start``.
        """
        start, end = _utc(start), _utc(end)
        if end < start:
            raise ValueError(f"The span ends ({end}) before it starts ({start}).")
        if self.is_always:
            return (end - start).total_seconds()
        first, last = _micros(start), _micros(end)
        total = 0
        # One day more than the dates shown, for the same reason as in is_open.
        for ordinal in range(self._local_ordinal(start), self._local_ordinal(end) + 2):
            for opens, closes in self._day(ordinal):
                if opens < last and closes > first:
                    total += min(closes, last) - max(opens, first)
        return total / _MICROS

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Calendar):
            return NotImplemented
        return self._value() == other._value()

    def __hash__(self) -> int:
        return hash(self._value())

    def __repr__(self) -> str:
        hours = "24x7" if self.is_always else self._week
        return f"<Calendar {self._zone.key} {hours}>"

    def _value(self) -> object:
        if self.is_always:
            return ()
        special = frozenset(self._special.items())
        return (self._zone.key, self._week, self._holidays, self._yearly, special)

    def _open_from(self, start: datetime) -> Iterator[tuple[int, int]]:
        """Open intervals after ``start`` in UTC microseconds, the first cut off at ``start``."""
        first = _micros(start)
        ordinal = self._local_ordinal(start)
        given_up = ordinal + NEVER_OPENS_AFTER_DAYS
        while ordinal < given_up:
            for opens, closes in self._day(ordinal):
                if closes > first:
                    yield max(opens, first), closes
                    given_up = ordinal + NEVER_OPENS_AFTER_DAYS
            ordinal += 1
        raise ValueError(
            f"The calendar never opens in the {NEVER_OPENS_AFTER_DAYS // 365} years from "
            f"{date.fromordinal(given_up - NEVER_OPENS_AFTER_DAYS)}."
        )

    def _local_ordinal(self, at: datetime) -> int:
        try:
            return at.astimezone(self._zone).toordinal()
        except OverflowError:
            raise ValueError(_OUT_OF_RANGE) from None

    def _day(self, ordinal: int) -> _Periods:
        """The open intervals of one local date, in UTC microseconds, in order."""
        intervals = self._days.get(ordinal)
        if intervals is None:
            if ordinal > _LAST_ORDINAL:
                raise ValueError(_OUT_OF_RANGE)
            intervals = tuple(
                (opens * _MICROS, closes * _MICROS)
                for opens, closes in (
                    (self._instant_of(ordinal, opening), self._instant_of(ordinal, closing))
                    for opening, closing in self._periods(ordinal)
                )
                if opens < closes  # not so where the clock skipped all of it
            )
            if len(self._days) >= _CACHED_DAYS:
                self._days.clear()
            self._days[ordinal] = intervals
        return intervals

    def _periods(self, ordinal: int) -> _Periods:
        special = self._special.get(ordinal)
        if special is not None:
            return special
        day = date.fromordinal(ordinal)
        if ordinal in self._holidays or (day.month, day.day) in self._yearly:
            return ()
        return self._week[day.weekday()]

    def _instant_of(self, ordinal: int, second: int) -> int:
        """When the city's clock first shows this time of this date or a later one (UTC seconds)."""
        wall = datetime.fromordinal(ordinal) + timedelta(seconds=second)
        early = (wall.replace(tzinfo=self._zone) - _EPOCH) // _SECOND
        late = (wall.replace(tzinfo=self._zone, fold=1) - _EPOCH) // _SECOND
        if early <= late:  # shown once, or twice and this is the first
            return early
        # Skipped (PEP 495: the two readings then lie on either side of the jump, the wrong way
        # round). zoneinfo does not tell where the jump is; looking for it costs some 15 steps,
        # paid only by a boundary inside a gap, once per cached day.
        span = range(late, early + 1)
        return span[bisect_left(span, wall, key=self._shown)]

    def _shown(self, second: int) -> datetime:
        """What the city's clock shows at this UTC second, as a naive datetime."""
        return (_EPOCH + second * _SECOND).astimezone(self._zone).replace(tzinfo=None)


def _utc(at: datetime) -> datetime:
    if at.tzinfo is UTC:
        return at
    if at.utcoffset() is None:
        raise ValueError(f"The instant {at} has no time zone.")
    return at.astimezone(UTC)


def _micros(at: datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND


def _instant(micros: int) -> datetime:
    return _EPOCH + timedelta(microseconds=micros)


def _ordinal(day: date) -> int:
    # A datetime is a date to Python, but would silently lose its time of day here.
    if isinstance(day, datetime):
        raise ValueError(f"A calendar day must be a date, not the instant {day}.")
    return day.toordinal()


def _checked_yearly(month: int, day: int) -> tuple[int, int]:
    try:
        date(2000, month, day)  # a leap year, so that 29 February passes
    except ValueError:
        raise ValueError(f"The yearly holiday {month:02}-{day:02} does not exist.") from None
    return month, day


def _checked(name: str, periods: Sequence[tuple[time, time]]) -> _Periods:
    """Seconds of the day, sorted, touching periods joined; ``name`` is the day, for the error."""
    joined: list[tuple[int, int]] = []
    seconds = [(_second(name, opens), _second(name, closes) or _DAY) for opens, closes in periods]
    for opening, closing in sorted(seconds):
        if opening >= closing:
            raise ValueError(
                f"{name}: the period {_written(opening)}-{_written(closing)} does not close after "
                "it opens; write a night as two, up to 24:00 and from 00:00 of the next day."
            )
        if joined and opening < joined[-1][1]:
            raise ValueError(
                f"{name}: the period {_written(opening)}-{_written(closing)} overlaps the one that "
                f"closes at {_written(joined[-1][1])}."
            )
        if joined and opening == joined[-1][1]:
            joined[-1] = (joined[-1][0], closing)
        else:
            joined.append((opening, closing))
    return tuple(joined)


def _second(name: str, at: time) -> int:
    if at.microsecond or at.tzinfo is not None:
        raise ValueError(
            f"{name}: the time {at} must be whole seconds on the city's own clock; write the end of the day as 24:00."
        )
    return at.hour * 3_600 + at.minute * 60 + at.second


def _written(second: int) -> str:
    clock = f"{second // 3_600:02}:{second // 60 % 60:02}"
    return f"{clock}:{second % 60:02}" if second % 60 else clock
