"""Calendars by example: the cases a policy author would ask about."""

import copy
import pickle
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from xixi_workflow.core.calendars import END_OF_DAY, Calendar

HOUR = 3600
HANGZHOU = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")
MORNING = (time(9), time(12))
AFTERNOON = (time(13, 30), time(17, 30))
SPLIT_DAY = [MORNING, AFTERNOON]
ALL_DAY = [(time(0), END_OF_DAY)]
EVERY_DAY = range(7)

# Spring Festival and National Day week in small: both kinds of holiday, two make-up Saturdays.
OFFICE = Calendar(
    zone=HANGZHOU,
    week=dict.fromkeys(range(5), SPLIT_DAY),
    holidays=[date(2026, 2, 17), date(2026, 2, 18), date(2026, 2, 28)],
    yearly_holidays=[(10, 1), (10, 2)],
    special_days={
        date(2026, 2, 28): [MORNING],  # a Saturday, and by mistake a holiday as well
        date(2026, 10, 2): [AFTERNOON],  # a yearly holiday that is worked this once
        date(2026, 10, 10): SPLIT_DAY,
        date(2026, 12, 31): [],
    },
)


def local(written: str, zone: ZoneInfo = HANGZHOU, *, fold: int = 0) -> datetime:
    return datetime.fromisoformat(written).replace(tzinfo=zone, fold=fold).astimezone(UTC)


def night(zone: str, *periods: tuple[time, time]) -> Calendar:
    return Calendar(zone=ZoneInfo(zone), week=dict.fromkeys(EVERY_DAY, periods))


@pytest.mark.parametrize(
    ("at", "is_open"),
    [
        ("2026-06-04 08:59:59.999999", False),
        ("2026-06-04 09:00", True),
        ("2026-06-04 11:59:59.999999", True),
        ("2026-06-04 12:00", False),
        ("2026-06-04 13:29:59.999999", False),
        ("2026-06-04 13:30", True),
        ("2026-06-04 17:30", False),
        ("2026-06-06 10:00", False),  # Saturday
        ("2026-02-17 10:00", False),  # dated holiday
        ("2027-02-17 10:00", True),  # the same date a year later
        ("2026-10-01 10:00", False),  # yearly holiday
        ("2027-10-01 10:00", False),  # every year
        ("2026-10-10 10:00", True),  # make-up Saturday
        ("2026-10-17 10:00", False),  # the Saturday after it
        ("2026-02-28 10:00", True),  # a special day beats a dated holiday,
        ("2026-02-28 14:00", False),  # with its own periods
        ("2026-10-02 10:00", False),  # and a yearly one
        ("2026-10-02 14:00", True),
        ("2026-12-31 10:00", False),  # a special day without periods is closed
    ],
)
def test_a_day_is_special_or_a_holiday_or_its_weekday_in_that_order(at: str, is_open: bool) -> None:
    assert OFFICE.is_open(local(at)) is is_open


@pytest.mark.parametrize(
    ("start", "seconds", "due"),
    [
        ("2026-06-04 09:00", HOUR, "2026-06-04 10:00"),
        ("2026-06-04 11:00", 2 * HOUR, "2026-06-04 14:30"),  # over lunch
        ("2026-06-04 16:30", 2 * HOUR, "2026-06-05 10:00"),  # over night
        ("2026-06-05 16:30", 2 * HOUR, "2026-06-08 10:00"),  # over the week-end
        ("2026-06-04 03:00", HOUR, "2026-06-04 10:00"),  # closed: from the next opening
        ("2026-06-06 23:00", 60, "2026-06-08 09:01"),
        ("2026-02-16 17:00", HOUR, "2026-02-19 09:30"),  # over two holidays
        ("2026-09-30 17:00", HOUR, "2026-10-02 14:00"),  # over one, into one that is worked
        ("2026-10-09 17:00", HOUR, "2026-10-10 09:30"),  # into a make-up Saturday
        ("2026-12-30 17:00", HOUR, "2027-01-01 09:30"),
        ("2026-06-04 09:00", 15 * 7 * HOUR, "2026-06-24 17:30"),  # 15 working days
        ("2026-06-04 09:00:00.000001", 0.000002, "2026-06-04 09:00:00.000003"),
        ("2026-06-04 11:59:59.999999", 0.000002, "2026-06-04 13:30:00.000001"),
    ],
)
def test_working_time_is_added_over_what_is_closed(start: str, seconds: float, due: str) -> None:
    assert OFFICE.add(local(start), seconds) == local(due)
    assert OFFICE.elapsed(local(start), local(due)) == seconds


@pytest.mark.parametrize(
    ("start", "seconds", "closing"),
    [
        ("2026-06-04 09:00", 3 * HOUR, "2026-06-04 12:00"),
        ("2026-06-04 09:00", 7 * HOUR, "2026-06-04 17:30"),
        ("2026-06-05 09:00", 7 * HOUR, "2026-06-05 17:30"),
        ("2026-06-04 18:00", 3 * HOUR, "2026-06-05 12:00"),
    ],
)
def test_time_used_up_at_closing_is_due_at_that_closing(start: str, seconds: float, closing: str) -> None:
    assert OFFICE.add(local(start), seconds) == local(closing)


@pytest.mark.parametrize("start", ["2026-06-04 10:00", "2026-06-04 12:00", "2026-06-06 03:00"])
def test_no_time_at_all_is_over_at_its_start_open_or_closed(start: str) -> None:
    assert OFFICE.add(local(start), 0) == local(start)


@pytest.mark.parametrize(
    ("at", "opening"),
    [
        ("2026-06-04 10:00", "2026-06-04 10:00"),
        ("2026-06-04 09:00", "2026-06-04 09:00"),
        ("2026-06-04 12:00", "2026-06-04 13:30"),
        ("2026-06-05 17:30", "2026-06-08 09:00"),
        ("2026-02-16 20:00", "2026-02-19 09:00"),
    ],
)
def test_the_next_opening_is_now_while_open(at: str, opening: str) -> None:
    assert OFFICE.next_open(local(at)) == local(opening)


def test_elapsed_time_counts_open_seconds_only() -> None:
    week = (local("2026-06-01 00:00"), local("2026-06-08 00:00"))
    assert OFFICE.elapsed(*week) == 5 * 7 * HOUR
    assert OFFICE.elapsed(local("2026-06-04 12:00"), local("2026-06-04 13:30")) == 0
    assert OFFICE.elapsed(local("2026-06-04 11:00"), local("2026-06-04 14:00")) == 1.5 * HOUR
    assert OFFICE.elapsed(week[0], week[0]) == 0


def test_twelve_years_of_working_time_come_out_to_the_microsecond() -> None:
    start, seconds = local("2014-01-01 12:34:56.789012"), 3_100 * 7 * HOUR + 0.000001
    due = OFFICE.add(start, seconds)
    assert OFFICE.elapsed(start, due) == seconds
    assert due.year == 2025


def test_29_february_is_a_yearly_holiday_in_leap_years_only() -> None:
    week = dict.fromkeys(EVERY_DAY, ALL_DAY)
    leap = Calendar(zone=HANGZHOU, week=week, yearly_holidays=[(2, 29)])
    assert leap.elapsed(local("2028-02-28 00:00"), local("2028-03-02 00:00")) == 48 * HOUR
    assert leap.elapsed(local("2027-02-28 00:00"), local("2027-03-02 00:00")) == 48 * HOUR


def test_periods_that_touch_at_noon_or_midnight_run_through() -> None:
    shifts = night(
        "Asia/Shanghai",
        (time(20), END_OF_DAY),
        (time(12), time(14)),
        (time(0), time(6)),
        (time(10), time(12)),
    )
    assert shifts.add(local("2026-06-04 11:00"), 3 * HOUR) == local("2026-06-04 14:00")
    assert shifts.is_open(local("2026-06-04 12:00"))
    assert shifts.add(local("2026-06-04 23:00"), 7 * HOUR) == local("2026-06-05 06:00")
    assert shifts.add(local("2026-06-04 20:00"), 4 * HOUR) == local("2026-06-05 00:00")
    assert shifts.is_open(local("2026-06-05 00:00"))


# One row: a night with a change of the clocks, one period of the day, what it is worth then.
@pytest.mark.parametrize(
    ("zone", "day", "period", "hours"),
    [
        ("Europe/Berlin", "2026-03-28", (time(1), time(3)), 2),
        ("Europe/Berlin", "2026-03-29", (time(1), time(3)), 1),  # 02:00 jumps to 03:00
        ("Europe/Berlin", "2026-03-29", (time(2), time(3)), 0),
        ("Europe/Berlin", "2026-03-29", (time(2, 30), time(3, 30)), 0.5),  # opens at the jump
        ("Europe/Berlin", "2026-03-29", (time(1, 30), time(2, 30)), 0.5),  # closes at the jump
        ("Europe/Berlin", "2026-03-29", (time(2, 10), time(2, 50)), 0),
        ("Europe/Berlin", "2026-10-25", (time(1), time(4)), 4),  # 03:00 goes back to 02:00
        ("Europe/Berlin", "2026-10-25", (time(1), time(3)), 3),
        ("Europe/Berlin", "2026-10-25", (time(1), time(2, 30)), 1.5),  # closes when first shown
        ("Europe/Berlin", "2026-10-25", (time(2, 30), time(3)), 1.5),  # opens when first shown
        ("Australia/Lord_Howe", "2026-10-04", (time(1), time(3)), 1.5),  # half an hour of DST
        ("Australia/Lord_Howe", "2026-04-05", (time(1), time(3)), 2.5),
        ("America/Havana", "2026-03-08", (time(0), time(2)), 1),  # 00:00 does not exist
        ("America/Havana", "2026-11-01", (time(0), time(1)), 2),
        ("Asia/Shanghai", "1986-05-04", (time(1), time(4)), 2),  # China had it until 1991
        ("Pacific/Apia", "2011-12-30", (time(0), END_OF_DAY), 0),  # a day left out
        ("Pacific/Apia", "2011-12-29", (time(0), END_OF_DAY), 24),
    ],
)
def test_a_period_is_worth_the_real_time_between_its_ends(
    zone: str, day: str, period: tuple[time, time], hours: float
) -> None:
    only = Calendar(
        zone=ZoneInfo(zone),
        week={0: ALL_DAY},
        special_days={date.fromisoformat(day) + timedelta(days=n): [period] if n == 0 else [] for n in range(-2, 3)},
    )
    noon = local(f"{day} 12:00", ZoneInfo(zone))
    around = (noon - timedelta(hours=36), noon + timedelta(hours=36))
    assert only.elapsed(*around) == hours * HOUR
    # A period worth nothing is no opening either.
    assert only.is_open(only.next_open(around[0]))


def test_a_clock_put_back_over_midnight_does_not_end_the_new_day() -> None:
    # St. John's, 2010: at 00:01 on 7 November the clock went back to 23:01 of the 6th.
    newfoundland = ZoneInfo("America/St_Johns")
    sundays = Calendar(zone=newfoundland, week={6: [(time(0), time(8))]})
    shown_again = local("2010-11-06 23:30", newfoundland, fold=1)
    assert sundays.is_open(shown_again)
    assert sundays.next_open(shown_again) == shown_again
    assert not sundays.is_open(local("2010-11-06 23:30", newfoundland))
    assert sundays.add(shown_again, 8.5 * HOUR) == local("2010-11-07 08:00", newfoundland)
    assert sundays.elapsed(shown_again - timedelta(hours=1), shown_again) == 30 * 60


@pytest.mark.parametrize("zone", ["Europe/Berlin", "Pacific/Apia", "America/Havana"])
def test_a_calendar_that_never_closes_is_the_24x7_calendar_in_every_zone(zone: str) -> None:
    halves = night(zone, (time(0), time(12)), (time(12), END_OF_DAY))
    assert halves.is_always
    assert halves == Calendar.always()
    assert hash(halves) == hash(Calendar.always())


def test_the_24x7_calendar_is_plain_addition() -> None:
    always, start = Calendar.always(), local("2026-02-17 03:00:00.000001")
    assert always.is_open(start)
    assert always.next_open(start) == start
    assert always.add(start, 24 * HOUR) == start + timedelta(days=1)
    assert always.elapsed(start, start + timedelta(days=1, microseconds=1)) == 24 * HOUR + 0.000001


@pytest.mark.parametrize(
    "closed",
    [
        {"holidays": [date(2026, 1, 1)]},
        {"yearly_holidays": [(1, 1)]},
        {"special_days": {date(2026, 1, 1): [(time(0), time(23, 59))]}},
        {"week": dict.fromkeys(range(6), ALL_DAY)},
    ],
)
def test_one_closed_minute_makes_a_calendar_not_24x7(closed: dict[str, Any]) -> None:
    parts: dict[str, Any] = {"zone": HANGZHOU, "week": dict.fromkeys(EVERY_DAY, ALL_DAY)}
    assert not Calendar(**(parts | closed)).is_always


def office(**changes: Any) -> Calendar:
    parts: dict[str, Any] = {"zone": HANGZHOU, "week": {0: SPLIT_DAY, 1: SPLIT_DAY}}
    return Calendar(**(parts | changes))


def test_calendars_are_equal_by_what_they_say_not_by_how_it_is_written() -> None:
    turned = office(week={1: [AFTERNOON, MORNING], 0: SPLIT_DAY, 3: []})
    assert turned == office()
    assert len({turned, office()}) == 1
    assert office() != "office"


@pytest.mark.parametrize(
    "change",
    [
        {"zone": BERLIN},
        {"week": {0: SPLIT_DAY}},
        {"holidays": [date(2026, 1, 1)]},
        {"yearly_holidays": [(1, 1)]},
        {"special_days": {date(2026, 1, 1): []}},
    ],
)
def test_a_change_of_any_part_makes_another_calendar(change: dict[str, Any]) -> None:
    assert office(**change) != office()


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda c: pickle.loads(pickle.dumps(c))])
def test_a_copy_is_the_same_calendar(copied: Callable[[Calendar], Calendar]) -> None:
    assert copied(OFFICE) == OFFICE
    assert copied(OFFICE).add(local("2026-06-04 11:00"), HOUR) == local("2026-06-04 12:00")


def test_what_the_caller_changes_later_does_not_change_the_calendar() -> None:
    holidays, special, periods = [date(2026, 6, 8)], {date(2026, 6, 9): [MORNING]}, [MORNING]
    calendar = Calendar(zone=HANGZHOU, week={0: periods}, holidays=holidays, special_days=special)
    holidays.clear()
    special.clear()
    periods.clear()
    assert calendar.next_open(local("2026-06-08 00:00")) == local("2026-06-09 09:00")
    assert calendar.next_open(local("2026-06-10 00:00")) == local("2026-06-15 09:00")


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"week": {7: SPLIT_DAY}}, "Weekday 7 does not exist"),
        ({"week": {}}, "no open period"),
        ({"week": {0: [], 4: []}}, "no open period"),
        ({"week": {0: [(time(12), time(9))]}}, "Monday: the period 12:00-09:00 does not close"),
        ({"week": {2: [(time(9), time(9))]}}, "Wednesday: the period 09:00-09:00 does not close"),
        ({"week": {5: [(time(9), time(12)), (time(11, 59, 59), time(13))]}},
         "Saturday: the period 11:59:59-13:00 overlaps the one that closes at 12:00"),
        ({"week": {0: [(time(9), time(12)), (time(9), time(12))]}}, "overlaps"),
        ({"week": {0: [(time(0), time(23, 59, 59, 999_999))]}}, "whole seconds"),
        ({"week": {0: [(time(9, tzinfo=UTC), time(12))]}}, "the city's own clock"),
        ({"special_days": {date(2026, 5, 9): [(time(20), time(8))]}}, "2026-05-09: the period"),
        ({"special_days": {datetime(2026, 5, 9, tzinfo=UTC): []}}, "must be a date"),
        ({"holidays": [datetime(2026, 5, 9, 10, tzinfo=UTC)]}, "must be a date"),
        ({"yearly_holidays": [(2, 30)]}, "The yearly holiday 02-30 does not exist"),
        ({"yearly_holidays": [(13, 1)]}, "The yearly holiday 13-01 does not exist"),
        ({"yearly_holidays": [
            (day.month, day.day)
            for day in (date(2000, 1, 1) + timedelta(days=n) for n in range(366))
        ]}, "Every day of the year is a yearly holiday"),
    ],
)  # fmt: skip
def test_nonsense_is_refused_in_one_sentence(change: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        office(**change)


def test_a_calendar_that_stays_closed_for_ten_years_never_opens() -> None:
    start = local("2026-01-01 00:00")
    closed = office(holidays=[date(2026, 1, 1) + timedelta(days=n) for n in range(3_660)])
    with pytest.raises(ValueError, match="never opens in the 10 years from 2026-01-01"):
        closed.next_open(start)
    with pytest.raises(ValueError, match="never opens"):
        closed.add(start, 1)
    assert closed.elapsed(start, start + timedelta(days=3_655)) == 0
    assert closed.add(start, 0) == start


@pytest.mark.parametrize("calendar", [Calendar.always(), OFFICE])
def test_spans_that_cannot_be_reckoned_are_refused(calendar: Calendar) -> None:
    start = local("2026-06-04 10:00")
    for seconds in (-1, -0.000001, float("nan"), float("inf"), float("-inf")):
        with pytest.raises(ValueError, match="0 seconds or more"):
            calendar.add(start, seconds)
    with pytest.raises(ValueError, match="before it starts"):
        calendar.elapsed(start, start - timedelta(microseconds=1))
    for seconds in (3e11, 1e20):
        with pytest.raises(ValueError, match="outside the years"):
            calendar.add(datetime(9990, 1, 1, tzinfo=UTC), seconds)


def test_instants_beyond_the_local_clock_are_refused() -> None:
    with pytest.raises(ValueError, match="outside the years"):
        OFFICE.is_open(datetime.max.replace(tzinfo=UTC))


@pytest.mark.parametrize("calendar", [Calendar.always(), OFFICE])
def test_instants_without_a_zone_are_refused(calendar: Calendar) -> None:
    naive = datetime(2026, 6, 4, 10)  # noqa: DTZ001
    aware = local("2026-06-04 10:00")
    for ask in (
        lambda: calendar.is_open(naive),
        lambda: calendar.next_open(naive),
        lambda: calendar.add(naive, 1),
        lambda: calendar.elapsed(naive, aware),
        lambda: calendar.elapsed(aware, naive),
    ):
        with pytest.raises(ValueError, match="has no time zone"):
            ask()


@pytest.mark.parametrize("calendar", [Calendar.always(), night("Europe/Berlin", *SPLIT_DAY)])
def test_instants_of_any_zone_are_taken_and_utc_comes_out(calendar: Calendar) -> None:
    # Wall-clock arithmetic in Berlin would be an hour off over this night.
    start, end = local("2026-03-28 10:00", BERLIN), local("2026-03-29 15:00", BERLIN)
    worked = calendar.elapsed(start, end)
    assert calendar.elapsed(start.astimezone(BERLIN), end.astimezone(BERLIN)) == worked
    for zone in (BERLIN, timezone(timedelta(hours=8)), ZoneInfo("UTC")):
        due = calendar.add(start.astimezone(zone), worked)
        assert due == end
        assert due.tzinfo is UTC
        assert calendar.next_open(start.astimezone(zone)).tzinfo is UTC
