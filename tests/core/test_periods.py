"""The city's months, weeks and hours."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from xixi_workflow.core.periods import SLOT, containing, days, earlier, kind_of, period_span, week, year_before

SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("period", "start", "end"),
    [
        ("2026-06", datetime(2026, 5, 31, 16, tzinfo=UTC), datetime(2026, 6, 30, 16, tzinfo=UTC)),
        ("2026-12", datetime(2026, 11, 30, 16, tzinfo=UTC), datetime(2026, 12, 31, 16, tzinfo=UTC)),
        ("2026-W43", datetime(2026, 10, 18, 16, tzinfo=UTC), datetime(2026, 10, 25, 16, tzinfo=UTC)),
        ("2026-W01", datetime(2025, 12, 28, 16, tzinfo=UTC), datetime(2026, 1, 4, 16, tzinfo=UTC)),
    ],
)
def test_a_period_begins_at_the_citys_midnight(period: str, start: datetime, end: datetime) -> None:
    assert period_span(period, SHANGHAI) == (start, end)


def test_a_month_with_a_changed_clock_is_an_hour_shorter() -> None:
    start, end = period_span("2026-03", ZoneInfo("Europe/Berlin"))
    assert (end - start).total_seconds() == 31 * 86400 - 3600


@pytest.mark.parametrize(
    "text",
    [
        "2026-13",
        "2026-00",
        "2026-6",
        "202606",
        "juni",
        "",
        "2026-06-01",
        "0000-01",
        "9999-12",
        "2026-W00",
        "2025-W53",
        "2026-W1",
    ],
)
def test_what_is_no_period_is_refused(text: str) -> None:
    for function in (lambda: period_span(text, SHANGHAI), lambda: earlier(text, 1), lambda: days(text)):
        with pytest.raises(ValueError, match="YYYY-MM"):
            function()


@pytest.mark.parametrize(
    ("period", "by", "found"),
    [
        ("2026-06", 1, "2026-05"),
        ("2026-01", 1, "2025-12"),
        ("2026-06", 12, "2025-06"),
        ("2026-W01", 1, "2025-W52"),
        ("2021-W01", 1, "2020-W53"),
    ],
)
def test_earlier_periods(period: str, by: int, found: str) -> None:
    assert earlier(period, by) == found


@pytest.mark.parametrize(
    ("period", "found"), [("2026-06", "2025-06"), ("2026-W43", "2025-W43"), ("2021-W10", "2020-W11")]
)
def test_a_year_before_a_week_has_the_same_weekdays(period: str, found: str) -> None:
    assert year_before(period) == found


@pytest.mark.parametrize(
    ("day", "month", "week_of_it"),
    [(date(2026, 10, 25), "2026-10", "2026-W43"), (date(2027, 1, 3), "2027-01", "2026-W53")],
)
def test_the_periods_of_a_day(day: date, month: str, week_of_it: str) -> None:
    assert (containing(day, "month"), containing(day, "week")) == (month, week_of_it)
    assert (kind_of(month), kind_of(week_of_it)) == ("month", "week")


@pytest.mark.parametrize(("month", "found"), [("2026-02", 28), ("2028-02", 29), ("2026-12", 31), ("2026-06", 30)])
def test_days_of_a_month(month: str, found: int) -> None:
    assert days(month) == found


@pytest.mark.parametrize(
    ("zone", "at", "day", "hour"),
    [
        ("Asia/Shanghai", datetime(2026, 5, 31, 16, 0, tzinfo=UTC), 0, 0),
        ("Asia/Shanghai", datetime(2026, 5, 31, 15, 59, tzinfo=UTC), 6, 23),
        ("Asia/Kathmandu", datetime(2026, 5, 31, 18, 14, tzinfo=UTC), 6, 23),
        ("Asia/Kathmandu", datetime(2026, 5, 31, 18, 15, tzinfo=UTC), 0, 0),
    ],
)
def test_hours_of_the_week_are_local(zone: str, at: datetime, day: int, hour: int) -> None:
    counted = week([(int(at.timestamp()) // SLOT, 3)], ZoneInfo(zone))
    assert counted[day][hour] == 3
    assert sum(map(sum, counted)) == 3
    assert (len(counted), {len(hours) for hours in counted}) == (7, {24})
