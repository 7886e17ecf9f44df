"""Who is on duty at an instant: a pure function of the roster and the instant.

A roster is a list of shifts and of dated overrides. The first shift that covers the instant and has somebody in
service answers; overrides change that answer, later ones having the last word. Days and times are on the city's clock
(see `city_time.py` for the days on which it changes).

Nothing is asked of shifts on the hot path: a day of UTC is compiled once, when first asked for, into its boundaries
and who is on duty from each on; a question is then one look-up and one search.
"""

from __future__ import annotations

from bisect import bisect_right
from calendar import monthrange
from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta
from math import ceil, floor
from typing import Final, NamedTuple

from xixi_workflow.core.city_time import CityTime, utc
from xixi_workflow.core.duty_schema import Override, RosterShape, Rotation, Shift
from xixi_workflow.core.policy_schema import DAYS

_DAY: Final = 86_400
#: Days of UTC that a roster keeps compiled.
_KEPT_DAYS: Final = 1_000
#: Compiled at a time when a long stretch is asked for.
_STRETCH: Final = 28 * _DAY

#: From when and up to when somebody serves, in seconds of UTC.
Service = tuple[float, float]


class Span(NamedTuple):
    """From `start` up to `end` (aware UTC) the same `people` are on duty; they may be nobody."""

    start: datetime
    end: datetime
    people: tuple[str, ...]


class Roster:
    """The duty of one role or team, ready to be asked. Safe to share: what changes is a cache of plain values."""

    def __init__(self, shape: RosterShape, city: CityTime, service: Mapping[str, Service]) -> None:
        """`service` names those who do not serve for ever."""
        self._city = city
        self._shifts = [_Pattern(shift, shape.calendar, city) for shift in shape.shifts]
        self._overrides = [(city.of(o.from_), city.of(o.to), o) for o in shape.overrides]
        #: Everybody who may ever be on duty.
        self.members = shape.members
        self._service = {who: service[who] for who in self.members if who in service}
        self._days: dict[int, tuple[list[int], list[tuple[str, ...]]]] = {}
        plain = not self._service and not shape.overrides and self._shifts
        self._constant = self._shifts[0].constant if plain else None

    def at(self, now: datetime) -> tuple[str, ...]:
        """Ids of the people on duty at `now` (aware); empty when nobody is."""
        if self._constant is not None:
            return self._constant
        second = now.timestamp()
        number = int(second // _DAY)
        day = self._days.get(number)
        if day is None:
            if len(self._days) >= _KEPT_DAYS:
                self._days.clear()
            pieces = self._compiled(number * _DAY, (number + 1) * _DAY)
            day = self._days[number] = [p.start for p in pieces], [p.people for p in pieces]
        starts, people = day
        return people[bisect_right(starts, second) - 1]

    def spans(self, since: datetime, until: datetime) -> Iterator[Span]:
        """Who is on duty from `since` up to `until` without a break, each span as long as the people stay the same."""
        if since >= until:
            return
        if self._constant is not None:
            yield Span(since, until, self._constant)
            return
        begun, people = since, None
        for piece in self._pieces(since, until):
            if people is None:
                people = piece.people
            elif piece.people != people:
                at = utc(piece.start)
                yield Span(begun, at, people)
                begun, people = at, piece.people
        yield Span(begun, until, people or ())

    def answering(self, since: datetime, until: datetime) -> set[int]:
        """Indices of the shifts that put somebody on duty at least once, overrides left aside."""
        return {piece.shift for piece in self._pieces(since, until) if piece.shift >= 0}

    def _pieces(self, since: datetime, until: datetime) -> Iterator[_Piece]:
        first, last = floor(since.timestamp()), ceil(until.timestamp())
        for start in range(first, last, _STRETCH):
            yield from self._compiled(start, min(start + _STRETCH, last))

    def _compiled(self, first: int, last: int) -> list[_Piece]:
        """What holds from each boundary in `first` … `last` on, the first piece beginning at `first`."""
        covered = [pattern.covered(first, last) for pattern in self._shifts]
        cuts = {first}
        for pattern, (starts, ends) in zip(self._shifts, covered, strict=True):
            cuts.update(starts, ends)
            if pattern.turns is not None:
                cuts.update(pattern.turns.handovers(first, last))
        for begins, ends_at, _ in self._overrides:
            cuts.update((begins, ends_at))
        for begins_at, until in self._service.values():
            cuts.update(int(at) for at in (begins_at, until) if first < at < last)
        pieces: list[_Piece] = []
        for cut in sorted(c for c in cuts if first <= c < last):
            people, shift = self._answer(cut, covered)
            if self._overrides:
                people = self._overridden(cut, people)
            if not pieces or pieces[-1].people != people or pieces[-1].shift != shift:
                pieces.append(_Piece(cut, people, shift))
        return pieces

    def _answer(self, at: int, covered: list[tuple[list[int], list[int]]]) -> tuple[tuple[str, ...], int]:
        for n, (starts, ends) in enumerate(covered):
            k = bisect_right(starts, at) - 1
            if k >= 0 and ends[k] > at:
                people = self._serving(self._shifts[n].people(at), at)
                if people:
                    return people, n
        return (), -1

    def _overridden(self, at: int, people: tuple[str, ...]) -> tuple[str, ...]:
        for begins, ends, override in self._overrides:
            if begins <= at < ends:
                people = self._serving(_exchanged(people, override, self._serves, at), at) or people
        return people

    def _serving(self, people: tuple[str, ...], at: int) -> tuple[str, ...]:
        return tuple(who for who in people if self._serves(who, at)) if self._service else people

    def _serves(self, who: str, at: int) -> bool:
        first, last = self._service.get(who, (at, at + 1))
        return first <= at < last


class _Piece(NamedTuple):
    start: int
    people: tuple[str, ...]
    #: Index of the shift that answered, -1 for none.
    shift: int


def _exchanged(
    people: tuple[str, ...], override: Override, serves: Callable[[str, int], bool], at: int
) -> tuple[str, ...]:
    """`people` after one override. Nobody is exchanged for somebody who is out of service."""
    if override.people is not None:
        return tuple(dict.fromkeys(override.people))
    if override.swap is not None:
        a, b = override.swap
        instead = {a: b, b: a}
    else:
        instead = {override.cover or "": override.by or ""}
    return tuple(dict.fromkeys(instead[w] if w in instead and serves(instead[w], at) else w for w in people))


class _Pattern:
    """A shift, compiled: the days that count, the periods, and whose turn it is."""

    def __init__(self, shift: Shift, calendar: str | None, city: CityTime) -> None:
        self._city = city
        self._weekdays = frozenset(DAYS.index(day) for day in shift.days if day in DAYS)
        self._kinds = frozenset(day == "workday" for day in shift.days if day not in DAYS)
        self._calendar = shift.calendar or calendar or ""
        self._times = shift.times
        self._first = shift.dates.from_.toordinal() if shift.dates.from_ else 0
        self._last = shift.dates.to.toordinal() if shift.dates.to else date.max.toordinal()
        self._people = tuple(dict.fromkeys(shift.people or ()))
        self.turns = _Turns(shift.rotate, city) if shift.rotate else None
        whole = any(p.from_ == 0 and p.to >= 1440 for p in shift.times) and len(self._weekdays) == 7
        dated = shift.dates.from_ or shift.dates.to
        #: The people, where this shift covers every minute there is and they never change.
        self.constant = self._people if whole and not dated and self.turns is None else None

    def people(self, at: int) -> tuple[str, ...]:
        """Who is meant at this instant, in service or not."""
        return self._people if self.turns is None else self.turns.at(at)

    def covered(self, first: int, last: int) -> tuple[list[int], list[int]]:
        """Starts and ends of the stretches between `first` and `last` that the shift covers, disjoint and in order."""
        city = self._city
        # A night that began on the day before reaches in; a clock put back over midnight shows the old date again.
        days = range(
            max(city.shown(first).toordinal() - 2, self._first),
            min(city.shown(last).toordinal() + 1, self._last) + 1,
        )
        found = [
            (city.instant(day, begins), city.instant(day, ends))
            for day in days
            if self._counts(day)
            for begins, ends in self._times
        ]
        found.sort()
        starts: list[int] = []
        ends_at: list[int] = []
        for begins, ends in found:
            if begins >= ends or ends <= first or begins >= last:
                continue
            if ends_at and begins <= ends_at[-1]:
                ends_at[-1] = max(ends, ends_at[-1])
            else:
                starts.append(begins)
                ends_at.append(ends)
        return starts, ends_at

    def _counts(self, day: int) -> bool:
        if (day + 6) % 7 in self._weekdays:
            return True
        return bool(self._kinds) and self._city.works(self._calendar, day) in self._kinds


class _Turns:
    """A rotation, compiled."""

    def __init__(self, rotation: Rotation, city: CityTime) -> None:
        self._city = city
        self._groups = [tuple(dict.fromkeys(group)) for group in rotation.people]
        self._number, self._unit = rotation.every
        since = rotation.since
        self._origin = city.of(since)
        self._since = city.shown(self._origin) if since.tzinfo else since

    def at(self, at: int) -> tuple[str, ...]:
        """The group whose turn it is."""
        return self._groups[self._turn(at) % len(self._groups)]

    def handovers(self, first: int, last: int) -> Iterator[int]:
        """The instants from `first` up to `last` at which a turn begins."""
        turn = self._turn(first)
        while (at := self._begins(turn)) < last:
            if at >= first:
                yield at
            turn += 1

    def _begins(self, turn: int) -> int:
        if self._unit == "h":
            return self._origin + turn * self._number * 3600
        since = self._since
        minute = since.hour * 60 + since.minute
        if self._unit == "mo":
            years, month = divmod(since.month - 1 + turn * self._number, 12)
            year = since.year + years
            day = date(year, month + 1, min(since.day, monthrange(year, month + 1)[1])).toordinal()
        else:
            day = since.toordinal() + turn * self._number * (7 if self._unit == "w" else 1)
        return self._city.instant(day, minute) + since.second

    def _turn(self, at: int) -> int:
        """The number of the turn, 0 beginning at `since`."""
        if self._unit == "h":
            return (at - self._origin) // (self._number * 3600)
        shown = self._city.shown(at)
        if self._unit == "mo":
            turn = ((shown.year - self._since.year) * 12 + shown.month - self._since.month) // self._number
        else:
            days = self._number * (7 if self._unit == "w" else 1)
            turn = (shown.toordinal() - self._since.toordinal()) // days
        while self._begins(turn) > at:
            turn -= 1
        while self._begins(turn + 1) <= at:
            turn += 1
        return turn


def service_of(joins: date | None, leaves: date | None, city: CityTime) -> Service:
    """From the first instant of the first day up to the end of the last day."""
    first = city.instant(joins.toordinal(), 0) if joins else float("-inf")
    last = city.instant((leaves + timedelta(days=1)).toordinal(), 0) if leaves and leaves < date.max else float("inf")
    return first, last
