"""The figures of a month: every rate with its numerator and denominator, from counts that the store has grouped.

What counts where
-----------------
* A month is the city's own month: from midnight of the first to midnight of the next first, local time.
* Timeliness counts a clock in the month in which it was **due**; satisfaction counts a rating in the month in which
  it was **given**, and of several in one round the last alone; filings, closings, returns, rework and escalations
  count where the journal dates them.
* Each clock is counted by itself. Those that nobody promised to the petitioner (urging, supervision) stand beside the
  promised ones and are in no common rate; a level skipped to by hand is an escalation like any other.
* The on-time rate is `on_time / (on_time + late + breached + unmet)`. Not in it: `ended` (stopped before it was due),
  `lapsed` (running out is no fault) and `excluded` (petitions rejected or withdrawn, 不予受理 and 撤诉).
* The satisfaction rate is `(satisfied + weight x fairly satisfied) / rated`. A survey that nobody answered is not
  rated and never satisfied.
* A rate without cases is None and shown as a dash, never as 0 % or 100 %.
* Median and 90th percentile are of the nearest rank, so each is a span that really occurred; they run from the
  clock's start to the event that met it, in plain time, pauses included.
* Percentages are rounded half up to two places.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

#: Verdicts that the on-time rate is made of.
JUDGED: Final = ("on_time", "late", "breached", "unmet")
#: Verdicts in the order in which they are shown.
VERDICTS: Final = (*JUDGED, "ended", "lapsed", "excluded")
_MONTH = re.compile(r"(\d{4})-(\d{2})")


class VerdictCount(NamedTuple):
    """How many clocks of one name, team and category got one verdict (see `petition.Outcome`, and `excluded`)."""

    clock: str
    team: str
    category: str
    verdict: str
    n: int


class SpanCount(NamedTuple):
    """Median and 90th percentile, in seconds, of the spans of `clock` within one group.

    `by` is `all`, `team` or `category`; `group` is the team's or the category's code.
    """

    clock: str
    by: str
    group: str
    median: float
    p90: float


class EventCount(NamedTuple):
    """How often `event` (past tense) stands in the journal; `detail` is its rating, reason or clock."""

    event: str
    detail: str
    level: int
    n: int


class Tally(msgspec.Struct):
    """What the store has counted for one month."""

    verdicts: list[VerdictCount]
    spans: list[SpanCount]
    events: list[EventCount]
    #: Closings by the state they led to, and how many petitions were taken up again after closing.
    closed: dict[str, int]
    taken_up_again: int
    #: Petitions not closed, by state, at the month's first and last instant.
    open_at_start: dict[str, int]
    open_at_end: dict[str, int]
    #: Messages by kind, dated by the journal line that caused them.
    messages: dict[str, int]


class Share(msgspec.Struct, frozen=True):
    """A rate with what it was made of; `percent` is None without cases."""

    numerator: float
    denominator: int
    percent: float | None


class Verdicts(msgspec.Struct):
    """The clocks of one group that were due in the month; spans in seconds."""

    due: int = 0
    on_time: int = 0
    late: int = 0
    breached: int = 0
    unmet: int = 0
    ended: int = 0
    lapsed: int = 0
    excluded: int = 0
    on_time_rate: Share = Share(0, 0, None)
    median: float | None = None
    p90: float | None = None


class ClockFigures(msgspec.Struct):
    """One clock's month."""

    clock: str
    total: Verdicts
    by_team: dict[str, Verdicts]
    by_category: dict[str, Verdicts]


class Satisfaction(msgspec.Struct):
    """The verdicts of petitioners given in the month."""

    satisfied: int
    fairly_satisfied: int
    dissatisfied: int
    #: Asked, and the survey ran out unanswered.
    not_rated: int
    #: Closed without a survey: nobody could be asked.
    not_asked: int
    #: What a `fairly_satisfied` counts.
    weight: float
    rate: Share


class Figures(msgspec.Struct):
    """A month in numbers."""

    month: str
    start: datetime
    end: datetime
    filed: int
    closed: int
    closed_by_state: dict[str, int]
    taken_up_again: int
    open_at_start: int
    open_at_end: int
    open_at_end_by_state: dict[str, int]
    clocks: list[ClockFigures]
    satisfaction: Satisfaction
    returns: int
    returns_by_reason: dict[str, int]
    #: Rounds of rework that began: rated dissatisfied, or reopened by the centre.
    rework_rounds: int
    #: Rings of the ladder by level; level 0 is a breach without a ladder.
    escalations: dict[str, int]
    escalations_by_clock: dict[str, dict[str, int]]
    messages: dict[str, int]


def month_span(month: str, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """First instant of `month` (`YYYY-MM`, local time of `zone`) and of the month after, UTC.

    Raises `ValueError` on anything else.
    """
    match = _MONTH.fullmatch(month)
    if not match or not 1 <= int(match[2]) <= 12 or not 1 <= int(match[1]) < 9999:
        raise ValueError(f"{month!r} is not a month; write YYYY-MM, for example 2026-11")
    year, number = int(match[1]), int(match[2])
    following = (year + number // 12, number % 12 + 1)
    return (
        datetime(year, number, 1, tzinfo=zone).astimezone(UTC),
        datetime(*following, 1, tzinfo=zone).astimezone(UTC),
    )


def share(numerator: float | Decimal, denominator: int) -> Share:
    """`numerator / denominator` as a percentage, half up to two places; no percentage without cases."""
    top = Decimal(str(numerator))
    if not denominator:
        return Share(float(top), 0, None)
    percent = (top * 100 / denominator).quantize(Decimal("0.01"), ROUND_HALF_UP)
    return Share(float(top), denominator, float(percent))


def figures(
    tally: Tally, *, month: str, span: tuple[datetime, datetime], clocks: Sequence[str], weight: float
) -> Figures:
    """The figures of `month`. `clocks` gives the order in which clocks are listed; `weight` is that of a
    `fairly_satisfied` in the satisfaction rate.
    """
    events = tally.events
    escalations: dict[str, int] = {}
    by_clock: dict[str, dict[str, int]] = {}
    for e in sorted(events, key=lambda e: (e.detail, e.level)):
        if e.event in ("escalated", "breached"):
            level = str(e.level)
            escalations[level] = escalations.get(level, 0) + e.n
            of_clock = by_clock.setdefault(e.detail, {})
            of_clock[level] = of_clock.get(level, 0) + e.n
    reasons = {e.detail: e.n for e in sorted(events, key=lambda e: (-e.n, e.detail)) if e.event == "returned"}
    return Figures(
        month=month,
        start=span[0],
        end=span[1],
        filed=_happened(events, "filed"),
        closed=sum(tally.closed.values()),
        closed_by_state=dict(sorted(tally.closed.items())),
        taken_up_again=tally.taken_up_again,
        open_at_start=sum(tally.open_at_start.values()),
        open_at_end=sum(tally.open_at_end.values()),
        open_at_end_by_state=dict(sorted(tally.open_at_end.items())),
        clocks=_clocks(tally, clocks),
        satisfaction=_satisfaction(tally, weight),
        returns=sum(reasons.values()),
        returns_by_reason=reasons,
        rework_rounds=_happened(events, "rated_dissatisfied", "reopened"),
        escalations=dict(sorted(escalations.items())),
        escalations_by_clock=by_clock,
        messages=dict(sorted(tally.messages.items())),
    )


def _happened(events: Iterable[EventCount], *names: str) -> int:
    return sum(e.n for e in events if e.event in names)


def _clocks(tally: Tally, order: Sequence[str]) -> list[ClockFigures]:
    found: dict[str, ClockFigures] = {}
    for v in sorted(tally.verdicts):
        clock = found.setdefault(v.clock, ClockFigures(v.clock, Verdicts(), {}, {}))
        groups = (
            clock.total,
            clock.by_team.setdefault(v.team, Verdicts()),
            clock.by_category.setdefault(v.category, Verdicts()),
        )
        for group in groups:
            group.due += v.n
            setattr(group, v.verdict, getattr(group, v.verdict) + v.n)
    for s in tally.spans:
        clock = found[s.clock]
        group = {"team": clock.by_team, "category": clock.by_category}.get(s.by, {}).get(s.group, clock.total)
        group.median, group.p90 = s.median, s.p90
    for clock in found.values():
        for group in (clock.total, *clock.by_team.values(), *clock.by_category.values()):
            group.on_time_rate = share(group.on_time, sum(getattr(group, v) for v in JUDGED))
    place = {name: n for n, name in enumerate(order)}
    return sorted(found.values(), key=lambda c: (place.get(c.clock, len(place)), c.clock))


def _satisfaction(tally: Tally, weight: float) -> Satisfaction:
    def rated(value: str) -> int:
        return sum(e.n for e in tally.events if e.event == "rated" and e.detail == value)

    satisfied, fairly = rated("satisfied"), rated("fairly_satisfied")
    dissatisfied = _happened(tally.events, "rated_dissatisfied")
    # Every lapse is one line of the journal; only a survey that ran leaves a verdict as well.
    not_rated = sum(v.n for v in tally.verdicts if v.verdict == "lapsed")
    not_asked = max(0, _happened(tally.events, "survey_lapsed") - not_rated)
    counted = satisfied + Decimal(str(weight)) * fairly
    rate = share(counted, satisfied + fairly + dissatisfied)
    return Satisfaction(satisfied, fairly, dissatisfied, not_rated, not_asked, weight, rate)
