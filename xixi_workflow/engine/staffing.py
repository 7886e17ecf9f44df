"""Staffing of the coming days: the history from the store, the rosters of each time, one judgement."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Final

import msgspec

from xixi_workflow.core import duty_turns, staffing
from xixi_workflow.core.duty import Span
from xixi_workflow.core.policy import ClockPlan, Policy
from xixi_workflow.core.staffing import Outlook, Runs
from xixi_workflow.engine.handle import SERIALS, Engine
from xixi_workflow.store import staffing as store

#: The role of the centre to which petitions are filed.
OPERATOR: Final = "operator"


class Staffing(msgspec.Struct, frozen=True):
    """What is to be expected from `since` up to `until`, judged by the history from `first` up to `after` (UTC).

    `weeks` is how many whole weeks that is; fewer than were asked for where the centre is younger. `unmeasured` are
    those for whom the policy has no clock that would tell.
    """

    since: datetime
    until: datetime
    first: datetime
    after: datetime
    weeks: int
    outlooks: list[Outlook]
    unmeasured: list[str]


def staffing_of(engine: Engine, *, now: datetime, weeks: int = 8, ahead: int = 7, team: str = "") -> Staffing:
    """The outlook of the operators and of every team, or of `team` (a team or the role `operator`) alone.

    From the next full hour on for `ahead` days. Raises `LookupError` for another name.
    """
    policy = engine.policies.in_force
    codes = [team] if team else [OPERATOR, *policy.teams]
    if team and team != OPERATOR and team not in policy.teams:
        raise LookupError(team)
    today = now.astimezone(policy.zone).toordinal()
    days = staffing.looked_at(weeks, _first_day(engine), today)
    first, after = (_midnight(policy, day) for day in (days.first, days.after))
    clocks = {code: _reaction(policy, code) for code in codes}
    names = {clock.name for clock in clocks.values() if clock}
    centre = clocks.get(OPERATOR)
    seen: dict[str, list[Runs]] = defaultdict(list)
    for clock, who, slot, result, n in store.runs(engine.store, sorted(names), first, after) if names else ():
        seen[OPERATOR if centre and clock == centre.name else who].append(Runs(slot, result, n))
    since = _next_hour(now, policy)
    until = since + timedelta(days=ahead)
    alike = staffing.holidays_as_sundays(policy)
    outlooks = [
        staffing.outlook(
            code,
            seen[code],
            duty_then(engine, code, first, after),
            _spans(policy, code, since, until),
            days,
            zone=policy.zone,
            alike=alike,
            roster=duty_turns.roster_of(policy, code) is not None,
        )
        for code in codes
        if clocks[code]
    ]
    return Staffing(since, until, first, after, days.weeks, outlooks, [c for c in codes if not clocks[c]])


def _reaction(policy: Policy, code: str) -> ClockPlan | None:
    """The clock that an arrival at `code` starts and a person's reaction meets; None where the policy has none."""
    starts, meets = ("file", "dispatch") if code == OPERATOR else ("dispatch", "accept")
    for clock in policy.clocks.values():
        if starts in clock.shape.starts and meets in clock.shape.meets and not clock.assist:
            return clock
    return None


def _first_day(engine: Engine) -> int | None:
    """The day (ordinal) of the first petition's filing."""
    number = store.first_number(engine.store)
    if number is None:
        return None
    day = str(number // SERIALS)
    return date(int(day[:4]), int(day[4:6]), int(day[6:8])).toordinal()


def duty_then(engine: Engine, code: str, since: datetime, until: datetime) -> Iterator[Span]:
    """Who was on duty, by the roster that was in force at each time; before the first, by the first."""
    versions = store.in_force(engine.store)
    for n, (version, begins) in enumerate(versions):
        start = max(since, begins) if n else since
        end = min(until, versions[n + 1].since) if n + 1 < len(versions) else until
        if start < end:
            yield from _spans(engine.policies.version(version), code, start, end)


def _spans(policy: Policy, code: str, since: datetime, until: datetime) -> Iterator[Span]:
    try:
        yield from duty_turns.spans_of(policy, code, since, until)
    except LookupError:
        # A team that this version did not know yet.
        yield Span(since, until, ())


def _midnight(policy: Policy, day: int) -> datetime:
    return datetime.fromtimestamp(policy.city.instant(day, 0), UTC)


def _next_hour(now: datetime, policy: Policy) -> datetime:
    """The next full hour of the city's clock."""
    local = now.astimezone(policy.zone)
    past = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
    return (now - past + timedelta(hours=1)).astimezone(UTC)
