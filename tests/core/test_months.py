"""The city's months and hours."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from xixi_workflow.core.months import SLOT, days, earlier, month_span, week

SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("month", "start", "end"),
    [
        ("2026-06", datetime(2026, 5, 31, 16, tzinfo=UTC), datetime(2026, 6, 30, 16, tzinfo=UTC)),
        ("2026-12", datetime(2026, 11, 30, 16, tzinfo=UTC), datetime(2026, 12, 31, 16, tzinfo=UTC)),
    ],
)
def test_a_month_begins_at_the_citys_midnight(month: str, start: datetime, end: datetime) -> None:
    assert month_span(month, SHANGHAI) == (start, end)


def test_a_month_with_a_changed_clock_is_an_hour_shorter() -> None:
    start, end = month_span("2026-03", ZoneInfo("Europe/Berlin"))
    assert (end - start).total_seconds() == 31 * 86400 - 3600


@pytest.mark.parametrize(
    "text", ["2026-13", "2026-00", "2026-6", "202606", "juni", "", "2026-06-01", "0000-01", "9999-12"]
)
def test_what_is_no_month_is_refused(text: str) -> None:
    for function in (lambda: month_span(text, SHANGHAI), lambda: earlier(text, 1), lambda: days(text)):
        with pytest.raises(ValueError, match="YYYY-MM"):
            function()


@pytest.mark.parametrize(
    ("month", "by", "found"), [("2026-06", 1, "2026-05"), ("2026-01", 1, "2025-12"), ("2026-06", 12, "2025-06")]
)
def test_earlier_months(month: str, by: int, found: str) -> None:
    assert earlier(month, by) == found


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
