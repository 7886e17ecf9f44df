"""What must be true between the files of a configuration, each mistake named where it stands.

Checks run on whatever files could be read, so that one run lists every problem and not only the first.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from string import Formatter
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from xixi_workflow.core.duty import Roster
from xixi_workflow.core.lifecycle import EVENTS, STATES
from xixi_workflow.core.policy import build_calendar, read_warning
from xixi_workflow.core.policy_schema import (
    CalendarsFile,
    CategoriesFile,
    PolicyFile,
    TeamsFile,
    WordsFile,
)
from xixi_workflow.core.words import FIXED_REFUSALS, PLACEHOLDERS

Files = dict[str, Any]
#: Who can be told, besides the centre's roles of `teams.yaml`.
RECIPIENTS = ("petitioner", "surveyed", "handler", "team_lead", "assisting")
#: Roles that the lifecycle itself needs somebody in.
NEEDED_ROLES = ("operator", "supervisor")


class Problem(NamedTuple):
    """One mistake in the configuration: the file, the path of keys inside it, and what is wrong."""

    file: str
    path: tuple[str | int, ...]
    message: str


def cross_check(files: Files) -> list[Problem]:
    """Every mistake between the files that could be read."""
    checks: list[Callable[[Files], Iterator[Problem]]] = [
        _zone,
        _calendars,
        _clocks,
        _ladders,
        _notices,
        _categories,
        _teams,
        _rosters,
        _words,
    ]
    return [problem for check in checks for problem in check(files)]


def _unknown(kind: str, name: str, known: Collection[str]) -> str:
    return f"unknown {kind} {name!r}; known: {', '.join(sorted(known))}"


def _zone(files: Files) -> Iterator[Problem]:
    main: PolicyFile | None = files.get("policy.yaml")
    if main and _zone_of(files) is None:
        yield Problem("policy.yaml", ("zone",), f"{main.zone!r} is not a time zone")


def _zone_of(files: Files) -> ZoneInfo | None:
    main: PolicyFile | None = files.get("policy.yaml")
    try:
        return ZoneInfo(main.zone) if main else None
    except (KeyError, ValueError, OSError):
        return None


def _calendars(files: Files) -> Iterator[Problem]:
    calendars: CalendarsFile | None = files.get("calendars.yaml")
    zone = _zone_of(files)
    if calendars and zone:
        for name, shape in calendars.calendars.items():
            try:
                build_calendar(shape, zone)
            except ValueError as error:
                yield Problem("calendars.yaml", ("calendars", name), str(error))


def _clocks(files: Files) -> Iterator[Problem]:
    main: PolicyFile | None = files.get("policy.yaml")
    if not main:
        return
    calendars: CalendarsFile | None = files.get("calendars.yaml")
    for name, clock in main.clocks.items():
        at = ("clocks", name)
        for key in ("starts", "meets", "ends"):
            for i, event in enumerate(getattr(clock, key)):
                if event not in EVENTS:
                    yield Problem("policy.yaml", (*at, key, i), _unknown("event", event, EVENTS))
        both = {*clock.starts} & {*clock.meets, *clock.ends}
        if both and not clock.restarts:
            yield Problem("policy.yaml", at, f"{', '.join(both)} both starts and stops this clock")
        if not clock.starts:
            yield Problem("policy.yaml", (*at, "starts"), "nothing starts this clock")
        if clock.limit <= 0:
            yield Problem("policy.yaml", (*at, "limit"), "the limit must be more than zero")
        for i, state in enumerate(clock.pauses_in):
            if state not in STATES:
                yield Problem("policy.yaml", (*at, "pauses_in", i), _unknown("state", state, STATES))
        if calendars and clock.calendar not in calendars.calendars:
            known = calendars.calendars
            yield Problem("policy.yaml", (*at, "calendar"), _unknown("calendar", clock.calendar, known))
        if clock.ladder and clock.ladder not in main.ladders:
            yield Problem(
                "policy.yaml", (*at, "ladder"), _unknown("ladder", clock.ladder, main.ladders)
            )
        if clock.when_due == "lapse" and (clock.ladder or clock.warn):
            yield Problem("policy.yaml", at, "a clock that lapses is nobody's fault: no warn, no ladder")
        for i, text in enumerate(clock.warn.at if clock.warn else ()):
            try:
                share, before = read_warning(text)
            except ValueError as error:
                yield Problem("policy.yaml", (*at, "warn", "at", i), str(error))
                continue
            if before >= clock.limit and not share:
                yield Problem("policy.yaml", (*at, "warn", "at", i), f"{text} is before the start")
        if clock.warn:
            yield from _told(files, (*at, "warn"), clock.warn.to, clock.warn.message)


def _ladders(files: Files) -> Iterator[Problem]:
    main: PolicyFile | None = files.get("policy.yaml")
    for name, steps in main.ladders.items() if main else ():
        if not steps:
            yield Problem("policy.yaml", ("ladders", name), "a ladder needs at least one step")
        for i, step in enumerate(steps):
            at = ("ladders", name, i)
            if i and (step.after < steps[i - 1].after or step.level <= steps[i - 1].level):
                yield Problem(
                    "policy.yaml", at, "levels must rise, and later levels must not come sooner"
                )
            if step.times > 1 and not step.repeat:
                yield Problem("policy.yaml", at, "`times` needs a `repeat` span")
            yield from _told(files, at, step.to, step.message)


def _notices(files: Files) -> Iterator[Problem]:
    main: PolicyFile | None = files.get("policy.yaml")
    for event, notices in main.notices.items() if main else ():
        if event not in EVENTS:
            yield Problem("policy.yaml", ("notices", event), _unknown("event", event, EVENTS))
        for i, notice in enumerate(notices):
            yield from _told(files, ("notices", event, i), notice.to, notice.message)


def _told(
    files: Files, at: tuple[str | int, ...], to: list[str], message: str
) -> Iterator[Problem]:
    teams: TeamsFile | None = files.get("teams.yaml")
    known = {*RECIPIENTS, *(teams.roles if teams else ())}
    if not to:
        yield Problem("policy.yaml", (*at, "to"), "nobody is told")
    for i, who in enumerate(to):
        if teams and who not in known:
            yield Problem("policy.yaml", (*at, "to", i), _unknown("recipient", who, known))
    words: WordsFile | None = files.get("words/zh.yaml")
    if words and message not in words.messages:
        yield Problem(
            "policy.yaml", (*at, "message"), _unknown("message", message, words.messages)
        )


def _categories(files: Files) -> Iterator[Problem]:
    shape: CategoriesFile | None = files.get("categories.yaml")
    teams: TeamsFile | None = files.get("teams.yaml")
    if not shape:
        return
    seen: set[str] = set()
    for i, category in enumerate(shape.categories):
        at = ("categories", i)
        if category.code in seen:
            yield Problem("categories.yaml", (*at, "code"), f"{category.code} is there twice")
        seen.add(category.code)
        if category.group not in shape.groups:
            yield Problem(
                "categories.yaml", (*at, "group"), _unknown("group", category.group, shape.groups)
            )
        for key, name in (("team", category.team), *(("assisting", t) for t in category.assisting)):
            if teams and name not in teams.teams:
                yield Problem("categories.yaml", (*at, key), _unknown("team", name, teams.teams))
        if category.team in category.assisting:
            yield Problem("categories.yaml", (*at, "assisting"), "the lead team cannot assist itself")
    if shape.fallback not in seen:
        yield Problem("categories.yaml", ("fallback",), _unknown("category", shape.fallback, seen))


def _teams(files: Files) -> Iterator[Problem]:
    teams: TeamsFile | None = files.get("teams.yaml")
    if not teams:
        return
    for name, team in teams.teams.items():
        at = ("teams", name)
        named = [("lead", team.lead), *(("handlers", h) for h in team.handlers)]
        named += [("shifts", p) for shift in team.shifts for p in shift.people]
        for key, person in named:
            if person not in teams.people:
                yield Problem("teams.yaml", (*at, key), _unknown("person", person, teams.people))
    for role, shifts in teams.roles.items():
        for i, shift in enumerate(shifts):
            for person in shift.people:
                if person not in teams.people:
                    yield Problem(
                        "teams.yaml", ("roles", role, i), _unknown("person", person, teams.people)
                    )
    for role in NEEDED_ROLES:
        if role not in teams.roles:
            yield Problem("teams.yaml", ("roles",), f"somebody must be {role}")
    for role in RECIPIENTS:
        if role in teams.roles:
            yield Problem("teams.yaml", ("roles", role), "this name has a fixed meaning; choose another")


def _rosters(files: Files) -> Iterator[Problem]:
    teams: TeamsFile | None = files.get("teams.yaml")
    zone = _zone_of(files)
    if not teams or not zone:
        return
    rosters = [(("roles", role), shifts) for role, shifts in teams.roles.items()]
    rosters += [(("teams", n, "shifts"), t.shifts) for n, t in teams.teams.items() if t.shifts]  # type: ignore[misc]
    for path, shifts in rosters:
        if gap := Roster(shifts, zone).gap():
            yield Problem("teams.yaml", path, f"nobody is on duty at {gap}")


def _words(files: Files) -> Iterator[Problem]:
    languages: dict[str, WordsFile] = {
        n: files[n] for n in ("words/zh.yaml", "words/en.yaml") if n in files
    }
    for name, words in languages.items():
        other_name, other = next(((n, w) for n, w in languages.items() if n != name), (name, words))
        for part in ("messages", "refusals", "screens"):
            mine, theirs = getattr(words, part), getattr(other, part)
            for key in theirs.keys() - mine.keys():
                yield Problem(name, (part,), f"{key} is in {other_name} but not here")
            for key, text in mine.items():
                try:
                    fields = _fields(text)
                except ValueError as error:
                    yield Problem(name, (part, key), f"{error} in {text!r}")
                    continue
                if part == "messages":
                    for field in sorted(fields - PLACEHOLDERS):
                        yield Problem(
                            name, (part, key), _unknown("placeholder", field, PLACEHOLDERS)
                        )
                if key in theirs and name == "words/zh.yaml":
                    yield from _same_fields(part, key, fields, theirs[key], other_name)
        for key in sorted(FIXED_REFUSALS - words.refusals.keys()):
            yield Problem(name, ("refusals",), f"the refusal {key} has no words")


def _same_fields(
    part: str, key: str, fields: set[str], text: str, other: str
) -> Iterator[Problem]:
    try:
        differ = fields ^ _fields(text)
    except ValueError:
        return
    if differ:
        yield Problem(other, (part, key), f"placeholders differ from the Chinese: {sorted(differ)}")


def _fields(text: str) -> set[str]:
    return {field for _, field, _, _ in Formatter().parse(text) if field is not None}
