"""Who is on duty at an instant: a pure function of the roster and the instant.

A roster is a list of shifts; the first shift that covers the local minute answers. A shift whose end is not after its
start runs over midnight and belongs to the day on which it starts.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from xixi_workflow.core.policy_schema import DAYS, Shift

_DAY = 24 * 60


class Roster:
    """The shifts of one role or team, ready to be asked.

    `people` is the answer of every minute when a single shift covers the whole week, which spares the reckoning of
    local time.
    """

    def __init__(self, shifts: Sequence[Shift], zone: ZoneInfo) -> None:
        self._zone = zone
        self._week: list[tuple[str, ...]] = [()] * (7 * _DAY)
        for shift in reversed(shifts):
            people = tuple(shift.people)
            span = (shift.to - shift.from_) % _DAY or _DAY
            for day in shift.days:
                start = DAYS.index(day) * _DAY + shift.from_
                for minute in range(start, start + span):
                    self._week[minute % (7 * _DAY)] = people
        self._constant = self._week[0] if len(set(self._week)) == 1 else None

    def gap(self) -> str | None:
        """The first uncovered minute of the week, as `mon 08:00`; None when every minute is covered."""
        for minute, people in enumerate(self._week):
            if not people:
                return f"{DAYS[minute // _DAY]} {minute % _DAY // 60:02}:{minute % 60:02}"
        return None

    def at(self, now: datetime) -> tuple[str, ...]:
        """Ids of the people on duty at `now` (aware UTC); empty when nobody is."""
        if self._constant is not None:
            return self._constant
        local = now.astimezone(self._zone)
        return self._week[local.weekday() * _DAY + local.hour * 60 + local.minute]
