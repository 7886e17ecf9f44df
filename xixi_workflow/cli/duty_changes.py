"""`xixi duty takeover|cover|swap`: changes of the duty at once, without a file; `import` and `ical`: calendars."""

from __future__ import annotations

import getpass
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from xixi_workflow import clock
from xixi_workflow.cli.failures import REFUSED, UNUSABLE, USAGE, Stop
from xixi_workflow.cli.screen import Screen, tell_json
from xixi_workflow.cli.session import Json, language, open_engine, settings, takes_settings
from xixi_workflow.core import duty_turns, duty_words
from xixi_workflow.core.duty_schema import read_local
from xixi_workflow.core.policy import Policy
from xixi_workflow.core.policy_build import PolicyError
from xixi_workflow.core.policy_schema import read_span
from xixi_workflow.engine import duty

#: A take-over of which nobody says how long it is to last.
_TAKEN_FOR = "12h"

Person = Annotated[str, typer.Argument(metavar="PERSON", help="人员代码 A person of teams.yaml.")]
Roster = Annotated[
    str, typer.Option("--team", "--role", metavar="NAME", help="部门或岗位 A team or a role, by its code.")
]
Since = Annotated[
    str, typer.Option("--from", metavar="WHEN", help='起 Local time: "2026-12-01 08:00". Now if left out.')
]
Until = Annotated[str, typer.Option("--until", metavar="WHEN", help='止 Local time: "2026-12-01 20:00".')]
Reason = Annotated[str, typer.Option("--reason", help="原因 Why.")]
By = Annotated[str, typer.Option("--by", help="经手人 Who asks for it; the name of this account when left out.")]


@takes_settings
def takeover(
    person: Person,
    roster: Roster = "",
    lasting: Annotated[
        str, typer.Option("--for", metavar="SPAN", help=f"时长 How long: 4h. {_TAKEN_FOR} if left out.")
    ] = "",
    until: Until = "",
    reason: Reason = "",
    by: By = "",
    as_json: Json = False,
) -> None:
    """接班 Take the duty of a team or role over, now and alone."""
    if lasting and until:
        raise Stop("--for and --until: give one of them", USAGE)
    now = clock.now()
    with open_engine() as engine:
        policy = engine.policies.in_force
        name = _one(policy, roster)
        ends = instant(until, policy) if until else now + _span(lasting or _TAKEN_FOR)
        told = {"reason": reason, "asked_by": _account(by)}
        version = _refusing(lambda: duty.take_over(engine, name, person, until=ends, told=told, now=now))
        _tell(engine.policies.in_force, [name], now, ends, version, as_json=as_json)


@takes_settings
def cover(
    absent: Annotated[str, typer.Argument(metavar="ABSENT", help="被代班人 Whose duties.")],
    instead: Annotated[str, typer.Argument(metavar="INSTEAD", help="代班人 Who does them.")],
    until: Until,
    since: Since = "",
    roster: Roster = "",
    reason: Reason = "",
    by: By = "",
    as_json: Json = False,
) -> None:
    """代班 INSTEAD does the duties of ABSENT for a time, in every roster where that is possible or in the one named."""
    told = {"reason": reason, "asked_by": _account(by)}
    _exchange({"cover": absent, "by": instead}, (absent, instead), (since, until), roster, told, as_json=as_json)


@takes_settings
def swap(
    one: Annotated[str, typer.Argument(metavar="A", help="一人 One person.")],
    other: Annotated[str, typer.Argument(metavar="B", help="另一人 Another.")],
    until: Until,
    since: Since = "",
    roster: Roster = "",
    reason: Reason = "",
    by: By = "",
    as_json: Json = False,
) -> None:
    """换班 A and B do each other's duties for a time, in every roster that has both or in the one named."""
    told = {"reason": reason, "asked_by": _account(by)}
    _exchange({"swap": [one, other]}, (one, other), (since, until), roster, told, as_json=as_json)


def _exchange(
    what: dict[str, Any], two: tuple[str, str], when: tuple[str, str], roster: str, told: dict[str, str], *,
    as_json: bool,
) -> None:  # fmt: skip
    now = clock.now()
    with open_engine() as engine:
        policy = engine.policies.in_force
        for person in two:
            _known(policy, person)
        names = [_one(policy, roster)] if roster else duty.shared_rosters(policy, *two, both="swap" in what)
        if not names:
            raise Stop(f"no roster has duties that {two[0]} and {two[1]} can exchange", REFUSED)
        begins = instant(when[0], policy) if when[0] else now.replace(microsecond=0)
        ends = instant(when[1], policy)
        version = _refusing(lambda: duty.change(engine, names, what | told, since=begins, until=ends, now=now))
        _tell(engine.policies.in_force, names, max(begins, now), ends, version, as_json=as_json)


def _known(policy: Policy, person: str) -> None:
    if person not in policy.people:
        raise Stop(f"unknown person {person!r}", REFUSED)


def _tell(policy: Policy, names: list[str], at: datetime, until: datetime, version: int, *, as_json: bool) -> None:
    on_duty = {name: next(iter(duty_turns.spans_of(policy, name, at, at + timedelta(days=1)))) for name in names}
    if as_json:
        tell_json(
            {"version": version, "rosters": {name: span.people for name, span in on_duty.items()}, "until": until}
        )
        return
    screen = Screen(language(), policy.zone)
    for name, span in on_duty.items():
        roster = duty_words.roster(name, policy, screen.language)
        people = duty_words.people(span.people, policy, screen.language)
        when = duty_words.instant(at, policy, screen.language)
        screen.line(roster, when, screen.pick(f"起在岗：{people}", f"on duty from then: {people}"))
    ends = duty_words.instant(until, policy, screen.language)
    screen.line(screen.pick(f"到 {ends} 为止；已生效：第 {version} 版", f"until {ends}; in force: version {version}"))


@takes_settings
def import_(
    file: Annotated[
        Path, typer.Argument(metavar="FILE.ics", help="日历文件 An iCalendar file.", exists=True, dir_okay=False)
    ],
    roster: Annotated[str, typer.Option("--for", metavar="NAME", help="部门或岗位 The team or role whose duty it is.")],
    until: Annotated[
        str, typer.Option("--until", metavar="DAY", help="止 Up to this day: 2027-11-30. A year if left out.")
    ] = "",
) -> None:
    """导入 Print a file for config/duty/ that puts those on duty who are named in a calendar, from today on."""
    from xixi_workflow.adapters import ical as calendars

    now = clock.now()
    with open_engine() as engine:
        policy = engine.policies.in_force
    name = _one(policy, roster)
    team = policy.teams.get(name)
    who = {code: policy.people[code] for code in (team.lead, *team.handlers)} if team else policy.people
    ends = instant(f"{until} 00:00", policy) if until else now + timedelta(days=365)
    midnight = now.astimezone(policy.zone).replace(hour=0, minute=0, second=0, microsecond=0)
    try:
        if file.stat().st_size > calendars.LARGEST_FILE:
            raise Stop(f"{file}: larger than {calendars.LARGEST_FILE // 1_000_000} MB", UNUSABLE)
        found = calendars.read(file.read_bytes(), who, policy.zone, since=midnight, until=ends)
    except calendars.IcalError as error:
        raise Stop("\n".join(f"{file}: {problem}" for problem in error.problems), UNUSABLE) from None
    typer.echo(calendars.as_yaml(name, found, policy.zone), nl=False)


@takes_settings
def ical(
    roster: Roster = "",
    person: Annotated[str, typer.Option("--person", help="人员 A person, by the code.")] = "",
    link: Annotated[bool, typer.Option("--link", help="地址 Print the address to subscribe to instead.")] = False,
) -> None:
    """日历 The duty of a team, role or person as an iCalendar file: 4 weeks back, 26 ahead."""
    with open_engine() as engine:
        policy = engine.policies.in_force
    if person and roster:
        raise Stop("--team, --role, --person: give one of them", USAGE)
    name = person or _one(policy, roster)
    if person:
        _known(policy, person)
    if link:
        from xixi_workflow.processes.token import token_of
        from xixi_workflow.web.duty_feed import address

        here = settings()
        try:
            token = token_of(here)
        except ValueError as error:
            raise Stop(str(error), UNUSABLE) from None
        typer.echo(address(here.public_url or f"http://{here.host}:{here.port}", token, name))
        return
    from xixi_workflow.adapters.ical_feed import feed

    typer.echo(feed(policy, name, language=language(), now=clock.now()), nl=False)


def instant(text: str, policy: Policy) -> datetime:
    """A local time of the city that somebody typed. Raises `Stop`."""
    try:
        return datetime.fromtimestamp(policy.city.of(read_local(text)), policy.zone)
    except ValueError as error:
        raise Stop(str(error), USAGE) from None


def _span(text: str) -> timedelta:
    try:
        return timedelta(seconds=read_span(text))
    except ValueError as error:
        raise Stop(f"--for: {error}", USAGE) from None


def _one(policy: Policy, roster: str) -> str:
    """The team or role that is meant. Raises `Stop`."""
    if not roster:
        raise Stop("--team, --role: name the one that is meant", USAGE)
    if roster not in policy.teams and roster not in policy.rosters:
        known = ", ".join([*policy.rosters, *policy.teams])
        raise Stop(f"unknown team or role {roster!r}; known: {known}", REFUSED)
    return roster


def _account(by: str) -> str:
    try:
        return (by or getpass.getuser())[:60]
    except (OSError, KeyError):
        return "?"


def _refusing(ask: Callable[[], int]) -> int:
    try:
        return ask()
    except PolicyError as error:
        raise Stop("; ".join(problem.message for problem in error.problems), REFUSED) from None
