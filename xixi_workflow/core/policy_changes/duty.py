"""Who would be on duty differently in the weeks to come, whatever the reason: hours by roster and person."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final

from xixi_workflow.core import duty_turns
from xixi_workflow.core.duty import Span
from xixi_workflow.core.policy import Policy
from xixi_workflow.core.policy_changes.names import Names, Two, joined
from xixi_workflow.core.policy_changes.parts import Said

AHEAD: Final = timedelta(days=28)


def hours(old: Policy, new: Policy, names: Names, *, now: datetime) -> Iterator[Said]:
    """For each roster that both have: how many of the coming hours somebody else has, and who gains and loses them."""
    until = now + AHEAD
    rosters = [*(r for r in new.rosters if r in old.rosters), *(t for t in new.teams if t in old.teams)]
    for name in rosters:
        sides = [list(duty_turns.spans_of(policy, name, now, until)) for policy in (old, new)]
        if sides[0] == sides[1]:
            continue
        other, moved = _compared(*sides)
        if not other:
            continue
        shown = names.roster(name)
        shares = joined(_share(names.person(who), by) for who, by in sorted(moved.items(), key=lambda m: (m[1], m[0])))
        days = AHEAD.days
        text = Two(
            f"{shown.zh}值班：今后{days}天有 {other:g} 小时不是同一批人：{shares.zh}",
            f"duty of {shown.en}: for {other:g} hours of the next {days} days other people: {shares.en}",
        )
        yield Said("duty", text)


def _share(who: Two, by: float) -> Two:
    if not by:
        return Two(f"{who.zh} 换了时段、时数不变", f"{who.en} at other times, as many hours")
    return Two(f"{who.zh} {by:+g} 小时", f"{who.en} {by:+g} h")


def _compared(old: list[Span], new: list[Span]) -> tuple[float, dict[str, float]]:
    """Hours in which others are on duty, and what each person gains or loses."""
    cuts = sorted({span.start for side in (old, new) for span in side} | {old[-1].end})
    moved: defaultdict[str, float] = defaultdict(float)
    other = 0.0
    at = [0, 0]
    for start, end in pairwise(cuts):
        people = []
        for n, side in enumerate((old, new)):
            while side[at[n]].end <= start:
                at[n] += 1
            people.append(set(side[at[n]].people))
        if people[0] == people[1]:
            continue
        length = (end - start).total_seconds()
        other += length
        for who in people[1] - people[0]:
            moved[who] += length
        for who in people[0] - people[1]:
            moved[who] -= length
    return round(other / 3600, 1), {who: round(by / 3600, 1) for who, by in moved.items()}
