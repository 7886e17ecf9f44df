"""Turns of duty over a stretch of time: whose they are, and how evenly they are shared."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Final, NamedTuple

from xixi_workflow.core.duty import Roster, Span
from xixi_workflow.core.policy import Policy

#: Somebody on duty at this minute of the city's day has that night: 03:00.
NIGHT: Final = 180


class Share(NamedTuple):
    """What one person has done of one roster."""

    roster: str
    person: str
    hours: float
    #: Nights on duty at 03:00.
    nights: int
    #: Saturdays and Sundays with some duty.
    weekend_days: int
    #: Days from Monday to Friday with some duty on which the roster's calendar is closed.
    holidays: int


def roster_of(policy: Policy, name: str) -> Roster | None:
    """The roster of a team or role; None for a team without one."""
    return policy.team_roster(name) if name in policy.teams else policy.rosters.get(name)


def spans_of(policy: Policy, name: str, since: datetime, until: datetime) -> Iterator[Span]:
    """Who has the duty of a team or role. Raises `LookupError` for another name."""
    roster = roster_of(policy, name)
    if roster is not None:
        yield from roster.spans(since, until)
    elif name in policy.teams:
        yield Span(since, until, tuple(policy.teams[name].handlers))
    else:
        raise LookupError(name)


def turns_of(policy: Policy, person: str, since: datetime, until: datetime) -> Iterator[tuple[str, Span]]:
    """Every turn of one person: the roster and the span, whoever else is on duty. Teams without a roster have none."""
    for name, shape in policy.duty.items():
        if person not in shape.members:
            continue
        held: Span | None = None
        for span in spans_of(policy, name, since, until):
            if person in span.people:
                held = Span(held.start if held else span.start, span.end, (person,))
            elif held is not None:
                yield name, held
                held = None
        if held is not None:
            yield name, held


def shares(policy: Policy, since: datetime, until: datetime) -> list[Share]:
    """How the duty of each roster was shared between two instants, everybody who may be on duty named."""
    found = []
    for name, shape in policy.duty.items():
        sums = {who: [0.0, 0] for who in sorted(shape.members)}
        days: dict[str, set[int]] = {who: set() for who in sums}
        for span in spans_of(policy, name, since, until):
            nights, touched = _days(policy, span)
            for who in span.people:
                total = sums.setdefault(who, [0.0, 0])
                total[0] += (span.end - span.start).total_seconds() / 3600
                total[1] += nights
                days.setdefault(who, set()).update(touched)
        calendar = shape.calendar or _working(policy)
        for who, (hours, night_count) in sums.items():
            weekend = {d for d in days[who] if date.fromordinal(d).weekday() >= 5}
            closed = {d for d in days[who] - weekend if calendar and not policy.city.works(calendar, d)}
            found.append(Share(name, who, hours, int(night_count), len(weekend), len(closed)))
    return found


def month(policy: Policy, year: int, number: int) -> tuple[datetime, datetime]:
    """The first instant of a month on the city's clock, and that of the next."""
    first = date(year, number, 1)
    then = (first + timedelta(days=31)).replace(day=1)
    begins, ends = (datetime.fromtimestamp(policy.city.instant(d.toordinal(), 0), UTC) for d in (first, then))
    return begins, ends


def _days(policy: Policy, span: Span) -> tuple[int, list[int]]:
    """How many nights the span has, and the dates that it touches."""
    city = policy.city
    first, last = span.start.timestamp(), span.end.timestamp()
    days = range(span.start.astimezone(city.zone).toordinal(), span.end.astimezone(city.zone).toordinal() + 1)
    nights = sum(first <= city.instant(day, NIGHT) < last for day in days)
    return nights, [day for day in days if city.instant(day, 0) < last and city.instant(day + 1, 0) > first]


def _working(policy: Policy) -> str:
    """The calendar that knows holidays: the first that is not always open."""
    return next((name for name, calendar in policy.calendars.items() if not calendar.is_always), "")
