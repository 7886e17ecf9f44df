"""The city's calendar months, and hours of its week."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

#: Seconds of a slot. Every offset from UTC in use today is a multiple of it, so a slot lies in one local hour.
SLOT: Final = 900
_MONTH = re.compile(r"(\d{4})-(\d{2})")


def month_span(month: str, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """First instant of `month` (`YYYY-MM`, local time of `zone`) and of the month after, UTC.

    Raises `ValueError` on anything else.
    """
    year, number = _parts(month)
    following = (year + number // 12, number % 12 + 1)
    return (
        datetime(year, number, 1, tzinfo=zone).astimezone(UTC),
        datetime(*following, 1, tzinfo=zone).astimezone(UTC),
    )


def earlier(month: str, by: int) -> str:
    """The month `by` months before `month`: `earlier("2026-01", 1)` is `2025-12`. Raises `ValueError`."""
    year, number = _parts(month)
    months = year * 12 + number - 1 - by
    return f"{months // 12:04}-{months % 12 + 1:02}"


def days(month: str) -> int:
    """How many days `month` has. Raises `ValueError`."""
    year, number = _parts(month)
    following = datetime(year + number // 12, number % 12 + 1, 1, tzinfo=UTC)
    return (following - datetime(year, number, 1, tzinfo=UTC)).days


def week(slots: Iterable[tuple[int, int]], zone: ZoneInfo) -> list[list[int]]:
    """Counts by slot (quarters of an hour since 1970 UTC), by local weekday (Monday first) and hour: 7 x 24."""
    found = [[0] * 24 for _ in range(7)]
    for slot, n in slots:
        local = datetime.fromtimestamp(slot * SLOT, zone)
        found[local.weekday()][local.hour] += n
    return found


def _parts(month: str) -> tuple[int, int]:
    match = _MONTH.fullmatch(month)
    if not match or not 1 <= int(match[2]) <= 12 or not 1 <= int(match[1]) < 9999:
        raise ValueError(f"{month!r} is not a month; write YYYY-MM, for example 2026-11")
    return int(match[1]), int(match[2])
