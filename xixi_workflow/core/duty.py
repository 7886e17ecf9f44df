"""Who is on duty at an instant: a pure function of the roster and the instant.

A roster is a list of shifts; the first shift that covers the local minute answers. A shift whose end is not after its
start runs over midnight and belongs to the day on which it starts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from xixi_workflow.core.policy_schema import DAYS, Shift

_DAY = 24 * 60


class Roster:
    """The shifts of one role or team, ready to be asked.

    A week is spelled out minute by minute. Where every minute has the same answer local time is never reckoned.
    """

    def __init__(self, shifts: Sequence[Shift], zone: ZoneInfo) -> None:
        self._zone = zone
        self._week: list[tuple[str, ...]] = [()] * (7 * _DAY)
        for shift in reversed(shifts):
            people = tuple(shift.people)
            for minute in minutes(shift):
                self._week[minute] = people
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


def minutes(shift: Shift) -> Iterator[int]:
    """The minutes of the week that `shift` covers, 0 being Monday 00:00."""
    span = (shift.to - shift.from_) % _DAY or _DAY
    for day in shift.days:
        start = DAYS.index(day) * _DAY + shift.from_
        for minute in range(start, start + span):
            yield minute % (7 * _DAY)


def never_on_duty(shifts: Sequence[Shift]) -> list[int]:
    """Indices of the shifts whose every minute is taken by shifts before them."""
    taken: set[int] = set()
    hidden = []
    for n, shift in enumerate(shifts):
        covered = {*minutes(shift)}
        if covered <= taken:
            hidden.append(n)
        taken |= covered
    return hidden
