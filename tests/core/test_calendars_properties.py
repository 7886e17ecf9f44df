"""Calendars for all cases: the laws of working time, and a model that walks minute by minute."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import accumulate
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from xixi_workflow.core.calendars import END_OF_DAY, Calendar

Periods = Sequence[tuple[time, time]]

MINUTE = timedelta(minutes=1)
WINDOW = 3 * 24 * 60
DAY = 24 * 60

# The middle day of each window of three: the clock jumps, is put back, or does nothing.
CHANGES = [
    ("Europe/Berlin", date(2026, 3, 29)),
    ("Europe/Berlin", date(2026, 10, 25)),
    ("America/New_York", date(2026, 3, 8)),
    ("America/New_York", date(2026, 11, 1)),
    ("Asia/Shanghai", date(2026, 2, 17)),
    ("Asia/Shanghai", date(1986, 9, 14)),
    ("Australia/Lord_Howe", date(2026, 4, 5)),
    ("Australia/Lord_Howe", date(2026, 10, 4)),
    ("America/Havana", date(2026, 3, 8)),  # 00:00 is skipped
    ("America/St_Johns", date(2010, 11, 7)),  # 00:01 goes back to 23:01 of the day before
    ("Pacific/Apia", date(2011, 12, 30)),  # the whole day is skipped
]
ZONES = sorted({zone for zone, _ in CHANGES})


# Ten-minute marks, so that boundaries often fall on and into a change of the clocks.
MARKS = [time(minute // 60, minute % 60) for minute in range(0, DAY, 10)]


def paired(marks: set[int]) -> Periods:
    clock = [*MARKS, END_OF_DAY]
    ends = [clock[mark] for mark in sorted(marks)]
    return list(zip(ends[::2], ends[1::2], strict=False))


marks_of_a_day = st.integers(0, len(MARKS))
open_days = st.sets(marks_of_a_day, min_size=2, max_size=6).map(paired)
any_days: st.SearchStrategy[Periods] = st.one_of(st.just([]), open_days)


@dataclass(frozen=True)
class Plan:
    """What a calendar is made from, kept readable for the model."""

    zone: str
    week: Mapping[int, Periods]
    holidays: frozenset[date]
    yearly: frozenset[tuple[int, int]]
    special: Mapping[date, Periods]

    def calendar(self) -> Calendar:
        return Calendar(
            zone=ZoneInfo(self.zone),
            week=self.week,
            holidays=self.holidays,
            yearly_holidays=self.yearly,
            special_days=self.special,
        )

    def periods(self, day: date) -> Periods:
        if day in self.special:
            return self.special[day]
        if day in self.holidays or (day.month, day.day) in self.yearly:
            return []
        return self.week[day.weekday()]


def lies_in(periods: Periods, shown: time) -> bool:
    return any(a <= shown and (b == END_OF_DAY or shown < b) for a, b in periods)


@st.composite
def plans(draw: st.DrawFn, zone: str, middle: date) -> Plan:
    days = st.integers(-2, 2).map(lambda n: middle + timedelta(days=n))
    kinds = [draw(open_days), draw(any_days)]
    week = {day: draw(st.sampled_from(kinds)) for day in range(7)}
    return Plan(
        zone=zone,
        week={**week, middle.weekday(): kinds[0]},
        holidays=draw(st.frozensets(days, max_size=1)),
        yearly=draw(st.frozensets(days.map(lambda day: (day.month, day.day)), max_size=1)),
        special=draw(st.dictionaries(days, any_days, max_size=2)),
    )


@cache
def minutes_of(zone: str, middle: date) -> tuple[datetime, tuple[datetime, ...]]:
    """Where a window starts, and what the city's clock has shown at most by each of its minutes.

    That is the written rule seen from the other side: a boundary is passed for good when its time
    or a later one is first shown, so a clock that is put back counts as standing still.
    """
    noon = datetime(middle.year, middle.month, middle.day, 12, tzinfo=UTC)
    first = noon - timedelta(minutes=WINDOW // 2)
    shown = ((first + n * MINUTE).astimezone(ZoneInfo(zone)).replace(tzinfo=None) for n in range(WINDOW))
    return first, tuple(accumulate(shown, max))


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_a_walk_minute_by_minute_comes_to_the_same(data: st.DataObject) -> None:
    zone, middle = data.draw(st.sampled_from(CHANGES))
    plan = data.draw(plans(zone, middle))
    calendar = plan.calendar()
    first, shown = minutes_of(zone, middle)
    periods = {day: plan.periods(day) for day in {reading.date() for reading in shown}}
    is_open = [lies_in(periods[reading.date()], reading.time()) for reading in shown]
    minutes = st.integers(0, WINDOW - 1)
    start, end = sorted((data.draw(minutes), data.draw(minutes)))

    changes = [n for n in range(1, WINDOW) if is_open[n] != is_open[n - 1]]
    for n in {start, end, *changes, *(n - 1 for n in changes)}:
        assert calendar.is_open(first + n * MINUTE) is is_open[n]

    worked = [n for n in range(start, end) if is_open[n]]
    assert calendar.elapsed(first + start * MINUTE, first + end * MINUTE) == 60 * len(worked)
    if worked:
        assert calendar.next_open(first + start * MINUTE) == first + worked[0] * MINUTE
        due = calendar.add(first + start * MINUTE, 60 * len(worked))
        assert due == first + (worked[-1] + 1) * MINUTE
    else:
        assert calendar.next_open(first + start * MINUTE) >= first + end * MINUTE


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    if draw(st.integers(0, 9)) == 0:
        return Calendar.always()
    return draw(plans(draw(st.sampled_from(ZONES)), date(2026, 3, 29))).calendar()


FIRST = datetime(2026, 3, 19, tzinfo=UTC)
HOUR_MICROS = 3_600 * 10**6

# Ten days either way of the exceptions, changes of the clocks among them; odd and round ones.
instants = st.one_of(
    st.integers(0, 20 * 24 * HOUR_MICROS).map(lambda n: FIRST + timedelta(microseconds=n)),
    st.integers(0, 20 * 24 * 6).map(lambda n: FIRST + timedelta(minutes=10 * n)),
)
spans = st.one_of(
    st.integers(0, 20 * 24 * HOUR_MICROS).map(lambda n: n / 10**6),
    st.integers(0, 40 * 24 * 6).map(lambda n: n * 600.0),
)


def micros(seconds: float) -> int:
    return round(seconds * 10**6)


@settings(max_examples=25, deadline=None)
@given(calendars(), instants, spans)
def test_a_deadline_is_the_earliest_instant_at_which_its_time_is_used_up(
    calendar: Calendar, start: datetime, seconds: float
) -> None:
    due = calendar.add(start, seconds)
    assert due >= start
    assert calendar.elapsed(start, due) == seconds
    if due > start:
        assert calendar.elapsed(start, due - timedelta(microseconds=1)) < seconds


@settings(max_examples=20, deadline=None)
@given(calendars(), instants, instants, spans, spans)
def test_later_starts_and_longer_limits_are_never_due_earlier(
    calendar: Calendar, one: datetime, other: datetime, short: float, long: float
) -> None:
    one, other = sorted((one, other))
    short, long = sorted((short, long))
    assert calendar.add(one, short) <= calendar.add(one, long)
    assert calendar.add(one, short) <= calendar.add(other, short)


@settings(max_examples=20, deadline=None)
@given(calendars(), st.tuples(instants, instants, instants))
def test_the_parts_of_a_span_add_up_to_the_span(calendar: Calendar, cuts: tuple[datetime, datetime, datetime]) -> None:
    start, cut, end = sorted(cuts)
    parts = micros(calendar.elapsed(start, cut)) + micros(calendar.elapsed(cut, end))
    assert parts == micros(calendar.elapsed(start, end))


@settings(max_examples=25, deadline=None)
@given(calendars(), instants)
def test_a_second_counts_if_and_only_if_it_is_open(calendar: Calendar, at: datetime) -> None:
    second = timedelta(seconds=1)
    at = at.replace(microsecond=0)
    opening = calendar.next_open(at)
    for step in (at, opening, opening - second):
        assert calendar.elapsed(step, step + second) == float(calendar.is_open(step))
    assert calendar.is_open(opening)
    assert calendar.elapsed(at, opening) == 0
