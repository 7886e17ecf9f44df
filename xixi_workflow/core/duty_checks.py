"""What must be true of people, teams and rosters, whatever the day; what a year would bring is in `duty_proof.py`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from xixi_workflow.core.duty_schema import CHANGES, UNREAD, RosterShape, Shift, gathered, is_duty
from xixi_workflow.core.policy_problem import Files, Path, Problem, unknown
from xixi_workflow.core.policy_schema import CalendarsFile, Person, TeamsFile

#: Roles that the lifecycle itself needs somebody in.
NEEDED_ROLES: Final = ("operator", "supervisor")


def roles_of(files: Files) -> set[str]:
    """The centre's roles: the rosters that are no team's."""
    teams: TeamsFile | None = files.get("teams.yaml")
    return {name for name, shape in gathered(files).items() if shape.shifts} - {*(teams.teams if teams else ())}


def has_way(person: Person) -> bool:
    """Does any of the person's ways lead somewhere: a telephone for `sms`, a destination for `chat`?"""
    return any(person.phone if way == "sms" else person.chat for way in person.ways)


def people_and_teams(files: Files) -> Iterator[Problem]:
    """Leads and handlers that do not exist, telephone numbers held twice."""
    teams: TeamsFile | None = files.get("teams.yaml")
    owners: dict[str, str] = {}
    for name, person in teams.people.items() if teams else ():
        number = person.phone.removeprefix("+86").removeprefix("+")
        owner = owners.setdefault(number, name) if number else name
        if owner != name:
            yield Problem("teams.yaml", ("people", name, "phone"), f"the same number as {owner}")
        if person.joins and person.leaves and person.leaves < person.joins:
            yield Problem("teams.yaml", ("people", name, "leaves"), "leaves before the first day")
    for name, team in teams.teams.items() if teams else ():
        named: list[tuple[Path, str]] = [(("lead",), team.lead)]
        named += [(("handlers", n), handler) for n, handler in enumerate(team.handlers)]
        for path, who in named:
            if teams and who not in teams.people:
                yield Problem("teams.yaml", ("teams", name, *path), unknown("person", who, teams.people))


def ways(files: Files) -> Iterator[Problem]:
    """People whom a roster or a team counts on and whom nothing can reach; backups that lead nowhere."""
    teams: TeamsFile | None = files.get("teams.yaml")
    if not teams:
        return
    people = teams.people
    used = {who for team in teams.teams.values() for who in (team.lead, *team.handlers)}
    used = used.union(*(shape.members for shape in gathered(files).values()))
    for name, person in people.items():
        if person.backup is not None and person.backup not in people:
            yield Problem("teams.yaml", ("people", name, "backup"), unknown("person", person.backup, people))
        elif loop := _loop(name, people):
            yield Problem("teams.yaml", ("people", name, "backup"), f"the backups go in a circle: {' → '.join(loop)}")
        elif name in used and not has_way(person) and not _reached(name, people):
            hint = "give a phone for sms, a chat destination for chat" + (
                f"; nobody after the backup {person.backup} has one either" if person.backup else ", or a backup"
            )
            yield Problem("teams.yaml", ("people", name), f"no way leads to this person: {hint}")


def _chain(name: str, people: Mapping[str, Person]) -> list[str]:
    """`name`, the backup, the backup's backup …, up to the first that came before."""
    chain = [name]
    while (then := people[chain[-1]].backup) is not None and then in people:
        chain.append(then)
        if then in chain[:-1]:
            break
    return chain


def _loop(name: str, people: Mapping[str, Person]) -> list[str]:
    chain = _chain(name, people)
    return chain if len(chain) > 1 and chain[-1] == name else []


def _reached(name: str, people: Mapping[str, Person]) -> bool:
    return any(has_way(people[who]) for who in _chain(name, people))


def duty(files: Files) -> Iterator[Problem]:
    """Names in rosters that refer to nothing, shifts written twice, days that no calendar decides."""
    teams: TeamsFile | None = files.get("teams.yaml")
    written: dict[str, str] = {}
    for file in sorted(f for f in files if is_duty(f)):
        for name, shape in files[file].rosters.items():
            at: Path = ("rosters", name)
            shifts: list[Shift] = getattr(shape, "shifts", [])
            if shifts and written.setdefault(name, file) != file:
                yield Problem(file, at, f"the shifts of {name} are in {written[name]} too; a roster stands in one file")
            named: list[tuple[Path, str]] = [
                (("shifts", n, *path), who) for n, shift in enumerate(shifts) for path, who in shift.named
            ]
            named += [
                (("overrides", n, *path), who) for n, dated in enumerate(shape.overrides) for path, who in dated.named
            ]
            for path, who in named:
                yield from _person(teams, name, who, Problem(file, (*at, *path), ""))
            if isinstance(shape, RosterShape):
                yield from _days(files, file, at, shape)
            for n, shift in enumerate(shifts):
                if shift.rotate and len(shift.rotate.people) == 1:
                    message = "a rotation of one never hands over; write people instead"
                    yield Problem(file, (*at, "shifts", n, "rotate", "people"), message)
    if teams and UNREAD not in files:
        yield from _known(files, teams)


def _known(files: Files, teams: TeamsFile) -> Iterator[Problem]:
    rosters = gathered(files)
    for file in sorted(f for f in files if is_duty(f)):
        for name in files[file].rosters:
            if not rosters[name].shifts and name not in teams.teams:
                message = unknown("team or role", name, {*teams.teams, *roles_of(files)})
                hint = "" if file == CHANGES else "; a role needs shifts"
                yield Problem(file, ("rosters", name), message + hint)
    for role in NEEDED_ROLES:
        if role not in rosters or not rosters[role].shifts:
            yield Problem("duty/centre.yaml", ("rosters",), f"somebody must be {role}")


def _person(teams: TeamsFile | None, roster: str, who: str, problem: Problem) -> Iterator[Problem]:
    if teams is None:
        return
    team = teams.teams.get(roster)
    if who not in teams.people:
        yield problem._replace(message=unknown("person", who, teams.people))
    elif team and who not in {team.lead, *team.handlers}:
        yield problem._replace(message=f"{who} is on duty but no handler of {roster}, and could not accept")


def _days(files: Files, file: str, at: Path, shape: RosterShape) -> Iterator[Problem]:
    calendars: CalendarsFile | None = files.get("calendars.yaml")
    known = calendars.calendars if calendars else None
    if known is not None and shape.calendar and shape.calendar not in known:
        yield Problem(file, (*at, "calendar"), unknown("calendar", shape.calendar, known))
    for n, shift in enumerate(shape.shifts):
        if known is not None and shift.calendar and shift.calendar not in known:
            yield Problem(file, (*at, "shifts", n, "calendar"), unknown("calendar", shift.calendar, known))
        if {"workday", "holiday"} & {*shift.days} and not (shift.calendar or shape.calendar):
            message = "workday and holiday need a calendar; name one of calendars.yaml in the roster"
            yield Problem(file, (*at, "shifts", n, "days"), message)
