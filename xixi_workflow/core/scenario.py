"""A scenario for the calculator: calendars and clocks as in the configuration, a start, and a list of timed events.

Everything that a whole policy needs and a question about clocks does not (teams, people, words) is filled in here, so
that the clocks run on the very functions of the engine. The format is described in `docs/clocks-calc.md`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final, cast
from zoneinfo import ZoneInfo

import msgspec
from pydantic import Field, ValidationError

from xixi_workflow.core.duty_schema import DutyFile
from xixi_workflow.core.lifecycle import EVENTS, STATES, State
from xixi_workflow.core.policy import Policy
from xixi_workflow.core.policy_checks import RECIPIENTS, cross_check
from xixi_workflow.core.policy_problem import Path, unknown
from xixi_workflow.core.policy_reach import CLOCK_FACTS
from xixi_workflow.core.policy_schema import FILES, CalendarsFile, Code, PolicyFile, Shape, Span, Urgency

#: The team that handles the scenario's petition.
TEAM: Final = "team"
_PERSON: Final = "person"
_YEARS: Final = "3650d"
_DUTY: Final = "duty/centre.yaml"


class ScenarioError(Exception):
    """The scenario cannot be run; `problems` names the field and the mistake, one a line."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class _EventShape(Shape):
    at: str
    event: str = ""
    state: str = ""
    noticed_at: str | None = None
    span: Span | None = None
    team: str = ""
    clock: str = ""
    level: int | None = None
    person: str = ""


class _ScenarioShape(Shape):
    zone: str
    category: Code = TEAM
    urgency: Urgency = "normal"
    calendars: dict[str, dict[str, Any]] = Field(default={})
    clocks: dict[str, dict[str, Any]]
    ladders: dict[str, list[dict[str, Any]]] = Field(default={})
    start: str
    filed_at: str | None = None
    events: list[_EventShape] = Field(default=[])
    now: str | None = None


class Timed(msgspec.Struct, frozen=True):
    """Something that happened: an event of the lifecycle, a state that was entered, or both."""

    at: datetime
    #: When it was heard of; equal to `at` unless it came late.
    noticed_at: datetime
    event: str
    state: State | None
    #: Seconds granted by an extension, or the length of a hold.
    span: float | None
    #: The assisting team that it is about.
    team: str
    clock: str
    #: Of a skip by hand: the level that rings.
    level: int
    #: Who acknowledges, where everyone must.
    person: str
    #: Where it stands in the input, for remarks.
    place: str


class Scenario(msgspec.Struct, frozen=True):
    """A scenario that can be run. `remarks` are doubts about it that do not stop it."""

    policy: Policy
    start: datetime
    filed_at: datetime
    #: What the ladders' choices are made by.
    category: str
    urgency: Urgency
    events: list[Timed]
    now: datetime
    remarks: list[str]


def read(data: object) -> Scenario:
    """The scenario in parsed JSON. Raises `ScenarioError` with every problem that could be found."""
    try:
        shape = _ScenarioShape.model_validate(data)
    except ValidationError as error:
        raise ScenarioError(_told(error)) from None
    policy, remarks = _policy(shape)
    problems: list[str] = []
    start = _instant(shape.start, "start", policy.zone, problems)
    filed_at = _instant(shape.filed_at or shape.start, "filed_at", policy.zone, problems)
    events = [_timed(e, f"events[{n}]", policy, problems) for n, e in enumerate(shape.events)]
    # A stable order: of two events at one instant, the one that is written first happened first.
    events.sort(key=lambda e: e.noticed_at)
    last = max([filed_at, *(e.noticed_at for e in events)])
    now = _instant(shape.now, "now", policy.zone, problems) if shape.now else last
    if filed_at < start:
        problems.append("filed_at: is before start")
    problems += [f"{e.place}.at: is before start" for e in events if e.at < start]
    problems += [f"{e.place}.noticed_at: is before at" for e in events if e.noticed_at < e.at]
    if now < last and not problems:
        problems.append(f"now: is before the last event ({last.astimezone(policy.zone).isoformat()})")
    if problems:
        raise ScenarioError(problems)
    return Scenario(policy, start, filed_at, shape.category, shape.urgency, events, now, remarks)


def _told(error: ValidationError, *, skip: Path = ()) -> list[str]:
    return [
        f"{_field(tuple(e['loc'])[len(skip) :])}: {str(e['msg']).removeprefix('Value error, ')}" for e in error.errors()
    ]


def _field(path: Path) -> str:
    """A path as in the input: `clocks.closure.warn.at[0]`, counting as JSON does."""
    keys = (f"[{key}]" if isinstance(key, int) else f".{key}" for key in path if key != "[key]")
    return "".join(keys).removeprefix(".") or "scenario"


def _instant(text: str, field: str, zone: ZoneInfo, problems: list[str]) -> datetime:
    try:
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        problems.append(f"{field}: {text!r} is not an instant; write for example 2026-11-23T09:00:00+08:00")
        return datetime(1970, 1, 1, tzinfo=UTC)


def _timed(shape: _EventShape, place: str, policy: Policy, problems: list[str]) -> Timed:
    if not shape.event and not shape.state:
        problems.append(f"{place}: name an event or a state")
    if shape.event in CLOCK_FACTS:
        problems.append(f"{place}.event: {shape.event} is what a clock does by itself; leave it out")
    elif shape.event and shape.event not in EVENTS:
        problems.append(f"{place}.event: {unknown('event', shape.event, EVENTS)}")
    if shape.state and shape.state not in STATES:
        problems.append(f"{place}.state: {unknown('state', shape.state, STATES)}")
    if shape.event == "approve_extension" and shape.span is None:
        problems.append(f"{place}.span: an extension needs one, for example 24h")
    if shape.event == "escalate_to" and shape.level is None:
        problems.append(f"{place}.level: a skip by hand needs one, for example 3")
    if shape.clock and shape.clock not in policy.clocks:
        problems.append(f"{place}.clock: {unknown('clock', shape.clock, policy.clocks)}")
    at = _instant(shape.at, f"{place}.at", policy.zone, problems)
    heard = _instant(shape.noticed_at, f"{place}.noticed_at", policy.zone, problems) if shape.noticed_at else at
    state = next((s for s in STATES if s == shape.state), None)
    return Timed(
        at, heard, shape.event, state, shape.span, shape.team, shape.clock, shape.level or 0, shape.person, place
    )


# --- a policy around the clocks -------------------------------------------------------------------------------------


def _policy(shape: _ScenarioShape) -> tuple[Policy, list[str]]:
    documents = _documents(shape)
    files: dict[str, Any] = {}
    problems: list[str] = []
    models: dict[str, type[Shape]] = {**FILES, _DUTY: DutyFile}
    for name, model in models.items():
        try:
            files[name] = model.model_validate(documents[name])
        except ValidationError as error:
            problems += _told(error)
    if problems:
        raise ScenarioError(problems)
    main: PolicyFile = files["policy.yaml"]
    remarks: list[str] = []
    calendars: CalendarsFile = files["calendars.yaml"]
    for problem in cross_check({"policy.yaml": main, "calendars.yaml": calendars}):
        if problem.path[:1] in (("clocks",), ("ladders",), ("calendars",), ("zone",)) and len(problem.path) != 1:
            said = f"{_field(problem.path)}: {problem.message}"
            (problems if _stops(problem.path, main) else remarks).append(said)
        elif problem.path[:1] == ("zone",):
            problems.append(f"zone: {problem.message}")
    if problems:
        raise ScenarioError(problems)
    return Policy(documents, files, 1), remarks


def _stops(path: Path, main: PolicyFile) -> bool:
    """Whether a mistake at `path` leaves nothing to reckon with; others are doubts, and the clock runs all the same."""
    if path[0] == "calendars":
        return True
    if path[0] != "clocks" or len(path) < 3:
        return False
    key = path[2]
    if key in ("calendar", "ladder") or path[-1] == "ladder":
        return True
    if key == "warn":
        return path[3:4] == ("at",)
    if len(path) == 4 and key != "ladders":
        known = STATES if key == "pauses_in" else EVENTS
        named: list[str] = getattr(main.clocks[str(path[1])], str(key))
        return named[cast("int", path[3])] not in known
    return False


def _documents(shape: _ScenarioShape) -> dict[str, Any]:
    clocks = {name: {"zh": name, "en": name, **_with_warning(clock)} for name, clock in shape.clocks.items()}
    ladders = {
        name: [{"to": ["operator"], "message": "told", **step} for step in steps]
        for name, steps in shape.ladders.items()
    }
    calendars = {name: {"zh": name, "en": name, **calendar} for name, calendar in shape.calendars.items()}
    teams = {TEAM, *(e.team for e in shape.events if e.team)}
    on_duty = {
        "operator",
        "supervisor",
        *_recipients([*ladders.values()]),
        *_recipients([[_warn(c)] for c in clocks.values()]),
    }
    name = {"zh": TEAM, "en": TEAM}
    # A choice of ladders names a category or a group; in a scenario the petition's category is either.
    categories = [shape.category, *(c for clock in clocks.values() for c in _chosen(clock) if c != shape.category)]
    words: dict[str, Any] = {"messages": {}, "refusals": {}, "screens": {}}
    return {
        "policy.yaml": {
            "city": name,
            "zone": shape.zone,
            "telephone": "00000000",
            "signature": name,
            "clocks": clocks,
            "ladders": ladders,
            "notices": {},
            **dict.fromkeys(("reopening_window", "longest_extension", "longest_hold"), _YEARS),
            **{kind: {} for kind in ("return_reasons", "hold_reasons", "reject_reasons", "results")},
        },
        "calendars.yaml": {"calendars": {"always": {**name, "always": True}, **calendars}},
        "categories.yaml": {
            "fallback": shape.category,
            "groups": {TEAM: name},
            "categories": [{**name, "code": c, "group": TEAM, "team": TEAM} for c in dict.fromkeys(categories)],
        },
        "teams.yaml": {
            "people": {_PERSON: {"name": _PERSON, "phone": "00000"}},
            "teams": {team: {**name, "lead": _PERSON, "handlers": [_PERSON]} for team in sorted(teams)},
        },
        _DUTY: {"rosters": {role: {"shifts": [{"people": [_PERSON]}]} for role in sorted(on_duty)}},
        "sources.yaml": {"sources": {TEAM: name}},
        "communities.yaml": {"communities": []},
        "words/zh.yaml": words,
        "words/en.yaml": words,
    }


def _with_warning(clock: dict[str, Any]) -> dict[str, Any]:
    """`warn` may be the list of instants alone: whom it tells does not matter to a clock."""
    warn = clock.get("warn")
    if isinstance(warn, list):
        warn = {"at": warn}
    return {**clock, "warn": {"to": ["operator"], "message": "told", **warn}} if isinstance(warn, dict) else clock


def _warn(clock: dict[str, Any]) -> dict[str, Any]:
    warn = clock.get("warn")
    return warn if isinstance(warn, dict) else {}


def _chosen(clock: dict[str, Any]) -> Iterator[str]:
    """Categories that a clock's choices of ladders name; what has another shape is found wrong elsewhere."""
    choices = clock.get("ladders")
    for choice in choices if isinstance(choices, list) else ():
        named = choice.get("categories") if isinstance(choice, dict) else None
        yield from (c for c in (named if isinstance(named, list) else ()) if isinstance(c, str))


def _recipients(ladders: list[list[dict[str, Any]]]) -> set[str]:
    """Roles that are named and must therefore be filled."""
    named = (who for steps in ladders for step in steps for who in step.get("to", ()) if isinstance(who, str))
    return {who for who in named if who not in RECIPIENTS}
