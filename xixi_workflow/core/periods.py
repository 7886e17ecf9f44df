"""The city's calendar months and weeks, and hours of its week.

A period is written `2026-10` (a month) or `2026-W43` (a week of ISO 8601, Monday first). It begins and ends at the
city's midnight.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

Kind = Literal["month", "week"]

#: Both in Chinese and English.
NAMES: Final[dict[Kind, tuple[str, str]]] = {"month": ("月", "month"), "week": ("周", "week")}
#: Seconds of a slot. Every offset from UTC in use today is a multiple of it, so a slot lies in one local hour.
SLOT: Final = 900
_MONTH: Final = re.compile(r"([0-9]{4})-([0-9]{2})")
_WEEK: Final = re.compile(r"([0-9]{4})-W([0-9]{2})")
#: A year of weeks, so that the same weekdays are compared.
_WEEKS: Final = 52


class PeriodError(ValueError):
    """Something else than a period was named; what, in both languages (`str` is English)."""

    def __init__(self, period: str) -> None:
        en = f"{period!r} is not a month or a week; write YYYY-MM or YYYY-Www, for example 2026-11 or 2026-W48"
        super().__init__(en)
        self.en = en
        self.zh = f"“{period}”不是月份也不是周；请写 YYYY-MM 或 YYYY-Www，例如 2026-11 或 2026-W48"


def kind_of(period: str) -> Kind:
    """Whether `period` is a month or a week. Raises `PeriodError` on anything else, as all of this module does."""
    _days(period)
    return "month" if _MONTH.fullmatch(period) else "week"


def period_span(period: str, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """First instant of `period` (local time of `zone`) and of the one after it, UTC. Raises `PeriodError`."""
    first, after = _days(period)
    start, end = (datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC) for day in (first, after))
    return start, end


def earlier(period: str, by: int) -> str:
    """The period `by` periods before: `earlier("2026-01", 1)` is `2025-12`. Raises `PeriodError`."""
    first, _ = _days(period)
    if _MONTH.fullmatch(period):
        months = first.year * 12 + first.month - 1 - by
        return f"{months // 12:04}-{months % 12 + 1:02}"
    return _week_of(first - timedelta(weeks=by))


def year_before(period: str) -> str:
    """The period that a year ago stood where this one stands: the same month, or 52 weeks before."""
    return earlier(period, 12 if kind_of(period) == "month" else _WEEKS)


def containing(local: date, kind: Kind) -> str:
    """The period that has the day `local` in it."""
    return f"{local:%Y-%m}" if kind == "month" else _week_of(local)


def days(period: str) -> int:
    """How many days `period` has. Raises `PeriodError`."""
    first, after = _days(period)
    return (after - first).days


def week(slots: Iterable[tuple[int, int]], zone: ZoneInfo) -> list[list[int]]:
    """Counts by slot (quarters of an hour since 1970 UTC), by local weekday (Monday first) and hour: 7 x 24."""
    found = [[0] * 24 for _ in range(7)]
    for slot, n in slots:
        local = datetime.fromtimestamp(slot * SLOT, zone)
        found[local.weekday()][local.hour] += n
    return found


def _week_of(day: date) -> str:
    year, number, _ = day.isocalendar()
    return f"{year:04}-W{number:02}"


def _days(period: str) -> tuple[date, date]:
    """The first day of the period and of the next."""
    if (m := _MONTH.fullmatch(period)) and 1 <= int(m[2]) <= 12 and 1 <= int(m[1]) < 9999:
        year, number = int(m[1]), int(m[2])
        return date(year, number, 1), date(year + number // 12, number % 12 + 1, 1)
    if (m := _WEEK.fullmatch(period)) and 1 <= int(m[1]) < 9999:
        try:
            first = date.fromisocalendar(int(m[1]), int(m[2]), 1)
        except ValueError:
            pass
        else:
            return first, first + timedelta(weeks=1)
    raise PeriodError(period)
