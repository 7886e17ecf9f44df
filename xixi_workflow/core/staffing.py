"""Will there be enough people: what is to be expected in each coming hour, against who is then on duty.

Theory of operation
-------------------
Everything is measured from the centre's own history, on the city's clock, and nothing is assumed about a trade.

**Arrivals.** A petition arrives at a team whenever the team has to accept it: a dispatch, a refused return, a rework.
It arrives at the centre's operators when it is filed. Each arrival starts a clock of the policy (the team's
acceptance, the centre's response), so arrivals are runs of that clock, counted in the hour in which they began, and
the clock's verdict says whether the people of that hour could follow.

**What is to be expected.** An hour is compared with the same hour of the same weekday in each of the weeks looked at:
the mean, and a high value that four of five of them did not pass (nearest rank, hours without arrivals included). A
holiday is compared with Sundays, in the past and in the future, where a calendar of the policy knows it. A make-up
working day at a week-end stays a week-end: nobody knows which weekday it will be like.

**Load** is arrivals of an hour per person on duty in it, as the rosters in force at that time had them. A person who
came at half past counts half.

**What one person manages** is the load at which the promise was still kept. More load never makes a promise easier to
keep, so the share kept is taken as a function of the load that never rises, and fitted to all past hours by pooling
neighbours that break this (isotonic regression, the least-squares fit under that one assumption, each hour weighted
by its cases). What was managed is the highest load that was reached in at least `HOURS` hours within the part of the
fit that keeps `KEPT` of its cases. So one lucky hour proves nothing, and neither does one bad one.

It is not guessed beyond what was seen. Where the promise was kept at every load, the true limit is higher than what is
said to be managed, and a coming hour above it is one that nobody has tried (`untried`). Where it was not kept at the
lightest load either, more people alone would not mend it, and no number is given (`not_kept`). With fewer than `WEEKS`
weeks or `CASES` judged cases no number is given either (`too_little`).

**Short** is an hour whose high value is more than its people manage. The people it needs are that value divided by
what one manages, rounded up.

What this leaves out: the work after acceptance, work as assisting team, and cases that wait from the hour before. An
hour that begins with a heap is worse than it looks here.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from fractions import Fraction
from math import ceil
from typing import Final, Literal, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from xixi_workflow.core.duty import Span
from xixi_workflow.core.periods import SLOT
from xixi_workflow.core.policy import Policy

#: Below these, no number is given.
WEEKS: Final = 4
CASES: Final = 30
#: Hours in which a load must have been borne, for it to count as managed.
HOURS: Final = 5
#: Percent of the cases that have to be in time for a load to be borne.
KEPT: Final = 90
#: Percent of the weeks that did not bring more than the high value.
HIGH: Final = 80
#: Verdicts of a clock; whatever else it says (stopped before it was due) is an arrival that nobody judged.
IN_TIME: Final = ("on_time",)
MISSED: Final = ("late", "breached", "unmet")

_HOUR: Final = 3600
_SUNDAY: Final = 6

#: Ordinal of a date in the city, and the hour that its clock shows.
Hour = tuple[int, int]
#: The weekday (0 is Monday) with which the date of an ordinal is compared.
Alike = Callable[[int], int]
#: `measured`; `untried`: measured, and no load was ever too much; the others are explained above.
Verdict = Literal["measured", "untried", "not_kept", "too_little"]


class Runs(NamedTuple):
    """`n` runs of a clock with this verdict that began in one quarter of an hour (see `periods.SLOT`)."""

    slot: int
    result: str
    n: int


class Managed(msgspec.Struct, frozen=True):
    """What one person manages in an hour. `load` is None unless `measured` or `untried`.

    `kept` of `judged` cases were in time, all hours together; `hours` had somebody on duty and cases.
    """

    verdict: Verdict
    load: float | None
    kept: int
    judged: int
    hours: int


class Expected(msgspec.Struct, frozen=True):
    """A coming hour. `mean` and `high` are arrivals, `people` those on duty, `more` how many are missing.

    `load` is the mean per person; None where nobody is on duty.
    """

    at: datetime
    mean: float
    high: int
    people: float
    load: float | None
    needed: int
    more: int


class Outlook(msgspec.Struct, frozen=True):
    """One team, or a role of the centre. `hours` are the coming ones, each of them whole."""

    code: str
    #: It has a roster; otherwise all its people count round the clock.
    roster: bool
    arrivals: int
    managed: Managed
    hours: list[Expected]

    @property
    def short(self) -> list[Expected]:
        """The hours in which people are missing."""
        return [hour for hour in self.hours if hour.more]


class Days(msgspec.Struct, frozen=True):
    """The past days (ordinals) that are looked at: whole weeks, so that each weekday is there equally often."""

    first: int
    #: The day after the last.
    after: int

    @property
    def weeks(self) -> int:
        """How many weeks that is."""
        return (self.after - self.first) // 7


class _Past(NamedTuple):
    arrivals: dict[Hour, int]
    kept: dict[Hour, int]
    judged: dict[Hour, int]


def outlook(
    code: str,
    runs: Iterable[Runs],
    past: Iterable[Span],
    coming: Iterable[Span],
    days: Days,
    *,
    zone: ZoneInfo,
    alike: Alike,
    roster: bool,
) -> Outlook:
    """What is to be expected of `code`: its runs and duty in the past `days`, and its duty in the coming hours.

    `coming` begins and ends at full hours of the city.
    """
    found = _by_hour(runs, zone)
    worked = seconds_on_duty(past, zone)
    managed, exact = _managed(found, worked, days.weeks)
    mean, high = _expected(found.arrivals, days, alike)
    hours = []
    for start, hour, seconds in _hours(coming, zone):
        slot = alike(hour[0]), hour[1]
        hours.append(_hour(start, mean.get(slot, 0.0), high.get(slot, 0), seconds, exact))
    return Outlook(code, roster, sum(found.arrivals.values()), managed, hours)


def looked_at(weeks: int, first_filed: int | None, today: int) -> Days:
    """The whole weeks up to yesterday: `weeks` of them, or fewer since the first petition was filed (day ordinals)."""
    since = today if first_filed is None else first_filed
    return Days(today - 7 * min(weeks, max(0, today - since) // 7), today)


def holidays_as_sundays(policy: Policy) -> Alike:
    """Compares days by weekday, and holidays from Monday to Friday with Sundays.

    Holidays are those of the first calendar that is not always open; without one there are none.
    """
    calendar = next((name for name, one in policy.calendars.items() if not one.is_always), "")

    def alike(day: int) -> int:
        weekday = (day + 6) % 7
        return weekday if not calendar or weekday >= 5 or policy.city.works(calendar, day) else _SUNDAY

    return alike


def seconds_on_duty(spans: Iterable[Span], zone: ZoneInfo) -> dict[Hour, int]:
    """Seconds of duty of all people together, by hour of the city; hours without anybody have 0."""
    found: dict[Hour, int] = {}
    for _, hour, seconds in _hours(spans, zone):
        found[hour] = found.get(hour, 0) + seconds
    return found


def managed_load(hours: Sequence[tuple[Fraction, int, int]]) -> tuple[Fraction | None, bool]:
    """The highest load that was borne, and whether a higher one was not; see the module.

    Each of `hours` is its load, how many of its cases were kept and how many judged (at least one). None where no
    load was borne in `HOURS` hours.
    """
    levels: dict[Fraction, list[int]] = {}
    for load, kept, judged in hours:
        level = levels.setdefault(load, [0, 0, 0])
        for n, more in enumerate((kept, judged, 1)):
            level[n] += more
    # Blocks of neighbouring levels: kept, judged, and the levels in them. A block that keeps more than the one of
    # lighter loads before it is pooled with that.
    blocks: list[tuple[int, int, list[Fraction]]] = []
    for load in sorted(levels):
        kept, judged, _ = levels[load]
        members = [load]
        while blocks and kept * blocks[-1][1] > blocks[-1][0] * judged:
            before = blocks.pop()
            kept, judged, members = kept + before[0], judged + before[1], before[2] + members
        blocks.append((kept, judged, members))
    borne = [load for kept, judged, members in blocks if kept * 100 >= KEPT * judged for load in members]
    times = 0
    for load in reversed(borne):
        times += levels[load][2]
        if times >= HOURS:
            return load, len(borne) < len(levels)
    return None, bool(levels) and not borne


def _managed(past: _Past, worked: Mapping[Hour, int], weeks: int) -> tuple[Managed, Fraction | None]:
    """What one person manages, and the same not rounded."""
    hours = [
        (Fraction(past.arrivals[hour] * _HOUR, worked[hour]), past.kept.get(hour, 0), judged)
        for hour, judged in past.judged.items()
        if worked.get(hour)
    ]
    kept, judged = sum(h[1] for h in hours), sum(h[2] for h in hours)
    load, limit = managed_load(hours) if weeks >= WEEKS and judged >= CASES else (None, False)
    if load is None:
        return Managed("not_kept" if limit else "too_little", None, kept, judged, len(hours)), None
    return Managed("measured" if limit else "untried", round(float(load), 2), kept, judged, len(hours)), load


def _expected(arrivals: Mapping[Hour, int], days: Days, alike: Alike) -> tuple[dict[Hour, float], dict[Hour, int]]:
    """Mean and high value by weekday and hour. A weekday that fell away entirely has neither."""
    dates: dict[int, list[int]] = defaultdict(list)
    for day in range(days.first, days.after):
        dates[alike(day)].append(day)
    mean: dict[Hour, float] = {}
    high: dict[Hour, int] = {}
    for weekday, alikes in dates.items():
        for hour in range(24):
            counts = sorted(arrivals.get((day, hour), 0) for day in alikes)
            mean[weekday, hour] = sum(counts) / len(counts)
            high[weekday, hour] = counts[ceil(len(counts) * HIGH / 100) - 1]
    return mean, high


def _hour(start: datetime, mean: float, high: int, seconds: int, managed: Fraction | None) -> Expected:
    people = Fraction(seconds, _HOUR)
    needed = 0
    if high:
        # Where nobody knows what one person manages, it is only known that somebody must be there.
        needed = ceil(high / managed) if managed else 1
    more = max(0, ceil(needed - people)) if managed or not people else 0
    load = round(mean / float(people), 2) if people else None
    return Expected(start, round(mean, 2), high, round(float(people), 2), load, needed, more)


def _by_hour(runs: Iterable[Runs], zone: ZoneInfo) -> _Past:
    found = _Past(Counter(), Counter(), Counter())
    for slot, result, n in runs:
        local = datetime.fromtimestamp(slot * SLOT, zone)
        hour = local.toordinal(), local.hour
        found.arrivals[hour] += n
        if result in IN_TIME:
            found.kept[hour] += n
        if result in IN_TIME or result in MISSED:
            found.judged[hour] += n
    return found


def _hours(spans: Iterable[Span], zone: ZoneInfo) -> Iterable[tuple[datetime, Hour, int]]:
    """Every hour of the city that `spans`, which follow on each other, touch: its start, itself, seconds of duty."""
    begun: datetime | None = None
    hour: Hour = (0, 0)
    seconds = 0
    for span in spans:
        at = span.start
        while at < span.end:
            local = at.astimezone(zone)
            past = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
            until = min(at + timedelta(hours=1) - past, span.end)
            now = local.toordinal(), local.hour
            # An hour that the clock shows twice is two hours.
            if begun is None or now != hour or at - begun >= timedelta(hours=1):
                if begun is not None:
                    yield begun, hour, seconds
                begun, hour, seconds = at, now, 0
            seconds += round((until - at).total_seconds()) * len(span.people)
            at = until
    if begun is not None:
        yield begun, hour, seconds
