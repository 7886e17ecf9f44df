"""The proof that at every minute of a stretch of time everything that rings reaches somebody, or where it does not.

What a step tells is worked out once for each set of recipients (a role, a team's handlers, a team's lead), over spans
of duty and not over minutes: some thousand pairs of category and step share a few dozen sets.

Somebody is reached who is in service and has a way (a telephone for `sms`, a destination for `chat`), or whose backup
is. A petition that is taken belongs to its handler, on shift or not; that everybody has a way is checked with the
policy itself (`duty_checks.ways`). While a hole lasts a team's messages go to all its handlers, a role's to the
operators (see `Policy.on_duty`); a hole is a mistake all the same, since nobody expects to be rung.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Final, Literal, NamedTuple, get_args

from xixi_workflow.core.duty import Roster
from xixi_workflow.core.duty_checks import has_way
from xixi_workflow.core.policy import ClockPlan, Policy
from xixi_workflow.core.policy_problem import Path, Problem
from xixi_workflow.core.policy_reach import ASSIST_EVENTS, runs_in
from xixi_workflow.core.policy_schema import Urgency

#: How far ahead rosters must be covered.
YEAR: Final = timedelta(days=365)

#: A stretch in seconds of UTC, its end not in it.
Stretch = tuple[float, float]


class Target(NamedTuple):
    """Whom a step means: the holders of a role, a team's handlers on duty, or its lead."""

    kind: Literal["role", "team", "lead"]
    name: str


class Affected(NamedTuple):
    """What finds nobody: a clock's `warn` or a level of its ladder (`2`); without a clock, the notices of an event."""

    clock: str
    step: str


class Gap(NamedTuple):
    """A stretch, or several, in which nobody of `told` can be reached."""

    told: tuple[Target, ...]
    affects: tuple[Affected, ...]
    #: Codes of the categories concerned; empty for what concerns none in particular.
    categories: tuple[str, ...]
    #: Each from its first instant up to its end, in order.
    holes: tuple[tuple[datetime, datetime], ...]
    file: str
    path: Path

    @property
    def first(self) -> datetime:
        """The first instant at which nobody is reached."""
        return self.holes[0][0]

    @property
    def last(self) -> datetime:
        """The end of the last hole."""
        return self.holes[-1][1]

    @property
    def seconds(self) -> float:
        """How long in all."""
        return sum((end - start).total_seconds() for start, end in self.holes)


def gaps(policy: Policy, since: datetime, until: datetime) -> list[Gap]:
    """Every set of recipients that is out of reach between `since` and `until`, the earliest first."""
    affected: dict[tuple[Target, ...], dict[Affected, None]] = {}
    categories: dict[tuple[Target, ...], dict[str, None]] = {}
    for told, what, category in _tellings(policy):
        if told:
            affected.setdefault(told, {})[what] = None
            if category:
                categories.setdefault(told, {})[category] = None
    reach = _Reach(policy, since, until)
    found = []
    for told, what_all in affected.items():
        holes = reach.holes(told)
        if holes:
            file, path = _place(policy, told[0])
            instants = tuple((datetime.fromtimestamp(a, UTC), datetime.fromtimestamp(b, UTC)) for a, b in holes)
            found.append(Gap(told, (*what_all,), (*categories.get(told, ()),), instants, file, path))
    return sorted(found, key=lambda gap: (gap.first, gap.told))


def findings(policy: Policy, since: datetime, until: datetime) -> list[Problem]:
    """Mistakes that only the calendar shows: shifts that never count, leads who are out of service."""
    found = []
    for name, shape in policy.duty.items():
        roster = _roster(policy, name)
        if roster is None or not shape.shifts:
            continue
        answering = roster.answering(since, until)
        for n, shift in enumerate(shape.shifts):
            days = (d.astimezone(policy.zone).date() for d in (since, until))
            begins, ends = days
            over = shift.dates.to is not None and shift.dates.to < begins
            ahead = shift.dates.from_ is not None and shift.dates.from_ >= ends
            if n not in answering and not over and not ahead:
                message = "this shift never counts: the shifts above it cover all of it, or nobody in it is in service"
                found.append(Problem(policy.roster_file(name), ("rosters", name, "shifts", n), message))
    for name, team in policy.teams.items():
        first, last = policy.service.get(team.lead, (float("-inf"), float("inf")))
        if first > since.timestamp() or last < until.timestamp():
            person = policy.people[team.lead]
            when = f"joins on {person.joins}" if first > since.timestamp() else f"leaves on {person.leaves}"
            path: Path = ("teams", name, "lead")
            found.append(Problem("teams.yaml", path, f"{team.lead} {when}: a lead must be in service all year"))
    return found


def _tellings(policy: Policy) -> Iterator[tuple[tuple[Target, ...], Affected, str]]:
    """Everything that members of staff are told: whom it may mean, what it is, and about which category."""
    steps = {name: tuple((str(s.level), tuple(s.to)) for s in rungs) for name, rungs in policy.main.ladders.items()}
    idle = policy.teams.keys() - {c.team for c in policy.categories.values()}
    asked = [(team, "") for team in policy.teams]
    led = [*((c.team, c.code) for c in policy.categories.values()), *((team, "") for team in idle)]
    for name, plan in policy.clocks.items():
        every = _ladders(plan, policy.categories)
        for team, category in asked if plan.assist else led:
            ladders = _ladders(plan, [category]) if category else every
            rungs = [rung for ladder in sorted(ladders) for rung in steps[ladder]]
            for step, to in [("warn", plan.warn_to), *rungs]:
                yield _targets(to, team), Affected(name, step), category
        if not plan.assist and "received" in runs_in(plan.shape):
            for ladder in sorted(every):
                for step, to in steps[ladder]:
                    yield _targets(to, ""), Affected(name, step), ""
            yield _targets(plan.warn_to, ""), Affected(name, "warn"), ""
    for event, notices in policy.main.notices.items():
        for notice in notices:
            for team, category in asked if event in ASSIST_EVENTS else led:
                yield _targets(tuple(notice.to), team), Affected("", event), category


def _ladders(plan: ClockPlan, categories: Iterable[str]) -> set[str]:
    chosen = (plan.choose(category, urgency) for category in categories for urgency in get_args(Urgency))
    return {ladder.name for ladder in chosen if ladder is not None}


@cache
def _targets(to: tuple[str, ...], team: str) -> tuple[Target, ...]:
    """Who of the staff is meant where `team` has the petition; before it is routed ("") the operators stand for it."""
    kinds: dict[str, Literal["team", "lead"]] = {"handler": "team", "assisting": "team", "team_lead": "lead"}
    found = []
    for recipient in to:
        if recipient in kinds:
            found.append(Target(kinds[recipient], team) if team else Target("role", "operator"))
        elif recipient not in ("petitioner", "surveyed"):
            found.append(Target("role", recipient))
    return tuple(dict.fromkeys(found))


def _roster(policy: Policy, name: str) -> Roster | None:
    return policy.team_roster(name) if name in policy.teams else policy.rosters.get(name)


def _place(policy: Policy, target: Target) -> tuple[str, Path]:
    file = policy.roster_file(target.name)
    if target.kind != "lead" and file:
        return file, ("rosters", target.name)
    return "teams.yaml", ("teams", target.name, *(("lead",) if target.kind == "lead" else ()))


class _Reach:
    """Who can be reached when, each person and each target worked out once."""

    def __init__(self, policy: Policy, since: datetime, until: datetime) -> None:
        self._policy = policy
        self._since, self._until = since, until
        self._people: dict[str, Stretch] = {}
        self._targets: dict[Target, list[Stretch]] = {}

    def holes(self, told: tuple[Target, ...]) -> list[Stretch]:
        """When none of these is reached."""
        left = [(self._since.timestamp(), self._until.timestamp())]
        for target in told:
            left = _both(left, self._target(target)) if left else left
        return left

    def _target(self, target: Target) -> list[Stretch]:
        known = self._targets.get(target)
        if known is None:
            known = self._targets[target] = [*_joined(self._missing(target))]
        return known

    def _missing(self, target: Target) -> Iterator[Stretch]:
        policy = self._policy
        whole = (self._since.timestamp(), self._until.timestamp())
        if target.kind == "lead":
            yield from self._without(whole, (policy.teams[target.name].lead,))
            return
        roster = _roster(policy, target.name)
        if roster is None:
            people = tuple(policy.teams[target.name].handlers) if target.kind == "team" else ()
            yield from self._without(whole, people)
            return
        for span in roster.spans(self._since, self._until):
            yield from self._without((span.start.timestamp(), span.end.timestamp()), span.people)

    def _without(self, stretch: Stretch, people: tuple[str, ...]) -> list[Stretch]:
        """The parts of `stretch` in which none of `people` is reached."""
        left = [stretch]
        for who in people:
            first, last = self._person(who, ())
            left = [part for a, b in left for part in ((a, min(b, first)), (max(a, last), b)) if part[0] < part[1]]
            if not left:
                break
        return left

    def _person(self, who: str, before: tuple[str, ...]) -> Stretch:
        """From when and up to when somebody is reached; an empty stretch for never."""
        known = self._people.get(who)
        if known is not None:
            return known
        person = self._policy.people.get(who)
        if person is None or who in before:
            return 0.0, 0.0
        first, last = self._policy.service.get(who, (float("-inf"), float("inf")))
        if not has_way(person):
            then = self._person(person.backup, (*before, who)) if person.backup else (0.0, 0.0)
            first, last = max(first, then[0]), min(last, then[1])
        if first >= last:
            first, last = 0.0, 0.0
        self._people[who] = first, last
        return first, last


def _both(a: list[Stretch], b: list[Stretch]) -> list[Stretch]:
    """Where both lists, each in order and without overlaps, have a stretch."""
    found = []
    i = j = 0
    while i < len(a) and j < len(b):
        first, last = max(a[i][0], b[j][0]), min(a[i][1], b[j][1])
        if first < last:
            found.append((first, last))
        if a[i][1] < b[j][1]:
            i += 1
        else:
            j += 1
    return found


def _joined(stretches: Iterable[Stretch]) -> Iterator[Stretch]:
    """Touching neighbours as one."""
    held: Stretch | None = None
    for stretch in stretches:
        if held is not None and held[1] == stretch[0]:
            held = held[0], stretch[1]
        else:
            if held is not None:
                yield held
            held = stretch
    if held is not None:
        yield held
