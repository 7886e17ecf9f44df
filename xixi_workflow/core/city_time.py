"""The city's wall clock and its days, as rosters ask for them.

**From wall clock to real time** the rule is that of `calendars.py`: a boundary happens at the first instant at which
the city's clock shows its time or, where that time is skipped, a later one. So a hand-over at a time that is shown
twice in autumn happens once, a skipped one happens at the jump, and no two boundaries ever change places.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from xixi_workflow.core.calendars import Calendar

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SECOND: Final = timedelta(seconds=1)
_DAY: Final = 86_400
#: Some eleven years: more than any roster is asked for, little enough to keep.
_KEPT_DAYS: Final = 4_096


class CityTime:
    """The clock of one zone, and the calendars that tell its working days. Instants are whole seconds of UTC."""

    def __init__(self, zone: ZoneInfo, calendars: Mapping[str, Calendar]) -> None:
        self.zone = zone
        self._calendars = calendars
        self._midnights: dict[int, int | None] = {}
        self._works: dict[tuple[str, int], bool] = {}

    def instant(self, day: int, minute: int) -> int:
        """When the clock first shows `minute` (from 0, may pass 1440) of the date with ordinal `day`, or later."""
        if minute >= 1440:
            day, minute = day + minute // 1440, minute % 1440
        midnight = self._midnights.get(day, -1)
        if midnight == -1:
            midnight = self._midnight(day)
        if midnight is None:
            return self._search(datetime.fromordinal(day) + timedelta(minutes=minute))
        return midnight + minute * 60

    def of(self, local: datetime) -> int:
        """The instant of a written local time; one with an offset says itself which of two it means."""
        if local.tzinfo is not None:
            return (local - _EPOCH) // _SECOND
        return self.instant(local.toordinal(), local.hour * 60 + local.minute) + local.second

    def shown(self, second: int) -> datetime:
        """What the clock shows at this instant, as a naive datetime."""
        return (_EPOCH + second * _SECOND).astimezone(self.zone).replace(tzinfo=None)

    def works(self, calendar: str, day: int) -> bool:
        """Is `calendar` open at all on the date with ordinal `day`?"""
        works = self._works.get((calendar, day))
        if works is None:
            if len(self._works) >= _KEPT_DAYS:
                self._works.clear()
            begins, ends = utc(self.instant(day, 0)), utc(self.instant(day + 1, 0))
            works = self._works[calendar, day] = begins < ends and self._calendars[calendar].elapsed(begins, ends) > 0
        return works

    def _midnight(self, day: int) -> int | None:
        """The day's first instant where its 24 hours are all there, once each; otherwise None."""
        if len(self._midnights) >= _KEPT_DAYS:
            self._midnights.clear()
        begins, ends = (datetime.fromordinal(d).replace(tzinfo=self.zone) for d in (day, day + 1))
        offsets = {b.replace(fold=fold).utcoffset() for b in (begins, ends) for fold in (0, 1)}
        midnight = (begins - _EPOCH) // _SECOND if len(offsets) == 1 else None
        self._midnights[day] = midnight
        return midnight

    def _search(self, wall: datetime) -> int:
        early = (wall.replace(tzinfo=self.zone) - _EPOCH) // _SECOND
        late = (wall.replace(tzinfo=self.zone, fold=1) - _EPOCH) // _SECOND
        if early <= late:  # shown once, or twice and this is the first
            return early
        # Skipped (PEP 495: the two readings then lie on either side of the jump, the wrong way round).
        span = range(late, early + 1)
        return span[bisect_left(span, wall, key=self.shown)]


def utc(second: int) -> datetime:
    """An instant in seconds as an aware datetime."""
    return _EPOCH + second * _SECOND
