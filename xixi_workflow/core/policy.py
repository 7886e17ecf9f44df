"""The policy: everything a city decides without a programmer, validated whole (see `policy_build.py`) and frozen.

A policy is identified by the SHA-256 of its canonical JSON: comments and layout do not make a new policy.
Petitions carry the version under which they are judged; the roster in force is always today's (see `with_people`).

The classes here are the compiled form that `decide` reads on its hot path: an event is one dictionary look-up away
from the clocks it starts, meets or ends and from the people it notifies.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, time
from functools import cached_property
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from xixi_workflow.core.calendars import Calendar
from xixi_workflow.core.duty import Roster
from xixi_workflow.core.policy_schema import (
    DAYS,
    CalendarShape,
    CategoriesFile,
    Category,
    ClockShape,
    Documents,
    Period,
    Person,
    PolicyFile,
    SourcesFile,
    StepShape,
    Team,
    TeamsFile,
    WordsFile,
    read_span,
)


class Ring(NamedTuple):
    """One ring of a ladder, repeats spelled out. `after` is seconds from the breach."""

    after: float
    level: int
    repeat: int
    to: tuple[str, ...]
    message: str


class ClockPlan:
    """A configured clock, compiled."""

    def __init__(self, name: str, shape: ClockShape, calendar: Calendar, rings: tuple[Ring, ...]) -> None:
        self.name = name
        self.shape = shape
        self.limit = shape.limit
        self.calendar = calendar
        self.always = calendar.is_always
        self.from_receipt = shape.counts_from == "receipt"
        self.restarts = shape.restarts
        self.assist = shape.scope == "assist"
        self.lapses = shape.when_due == "lapse"
        self.pauses_in: frozenset[str] = frozenset(shape.pauses_in)
        warn = shape.warn
        self.warn_to: tuple[str, ...] = tuple(warn.to) if warn else ()
        self.warn_message = warn.message if warn else ""
        #: Parsed warnings: (share of the limit, seconds before due); exactly one is not zero.
        self.warnings: tuple[tuple[float, float], ...] = tuple(
            sorted(
                (read_warning(w) for w in (warn.at if warn else ())),
                key=lambda w: w[0] * shape.limit or shape.limit - w[1],
            )
        )
        self.rings = rings


class EventPlan(NamedTuple):
    """What an event does to the clocks, and whom it notifies."""

    starts: tuple[ClockPlan, ...]
    meets: frozenset[str]
    ends: frozenset[str]
    notices: tuple[tuple[str, tuple[str, ...]], ...]


_NOTHING = EventPlan((), frozenset(), frozenset(), ())


def read_warning(text: str) -> tuple[float, float]:
    """`80%` -> (0.8, 0); `-30m` -> (0, 1800). Raises `ValueError` on anything else."""
    if text.endswith("%"):
        try:
            share = float(text[:-1]) / 100
        except ValueError:
            share = 0.0
        if 0 < share < 1:
            return share, 0.0
    elif text.startswith("-"):
        return 0.0, read_span(text[1:])
    raise ValueError(f"{text!r} is not a warning; write for example 80% or -30m")


class Policy:
    """One validated configuration. Build it with `policy_build.build` or `load`; treat it as frozen."""

    def __init__(self, documents: Documents, files: dict[str, Any], version: int = 0) -> None:
        self.documents = documents
        self.version = version
        self._files = files
        main: PolicyFile = files["policy.yaml"]
        teams: TeamsFile = files["teams.yaml"]
        categories: CategoriesFile = files["categories.yaml"]
        sources: SourcesFile = files["sources.yaml"]
        self.main = main
        self.zone = ZoneInfo(main.zone)
        self.calendars = {
            name: build_calendar(shape, self.zone) for name, shape in files["calendars.yaml"].calendars.items()
        }
        self.clocks = {
            name: ClockPlan(
                name,
                shape,
                self.calendars[shape.calendar],
                flatten(main.ladders[shape.ladder]) if shape.ladder else (),
            )
            for name, shape in main.clocks.items()
        }
        self.categories: dict[str, Category] = {c.code: c for c in categories.categories}
        self.routing_words = categories
        self.fallback = categories.fallback
        self.sources = sources
        self.words: dict[str, WordsFile] = {language: files[f"words/{language}.yaml"] for language in ("zh", "en")}
        self.pausing: frozenset[str] = frozenset(s for c in self.clocks.values() for s in c.pauses_in)
        self._events: dict[str, EventPlan] = {}
        for event in {
            *main.notices,
            *(e for c in main.clocks.values() for e in (*c.starts, *c.meets, *c.ends)),
        }:
            self._events[event] = EventPlan(
                tuple(c for c in self.clocks.values() if event in c.shape.starts),
                frozenset(n for n, c in main.clocks.items() if event in c.meets),
                frozenset(n for n, c in main.clocks.items() if event in c.ends),
                tuple((n.message, tuple(n.to)) for n in main.notices.get(event, ())),
            )
        self._take_people(teams)

    def _take_people(self, teams: TeamsFile) -> None:
        self.people: dict[str, Person] = teams.people
        self.teams: dict[str, Team] = teams.teams
        self.rosters: dict[str, Roster] = {role: Roster(shifts, self.zone) for role, shifts in teams.roles.items()}
        self._team_rosters = {name: Roster(team.shifts, self.zone) for name, team in teams.teams.items() if team.shifts}
        self._all_handlers = {name: tuple(team.handlers) for name, team in teams.teams.items()}

    def with_people(self, today: Policy) -> Policy:
        """These rules with the people, teams and shifts of `today`: rules are for life, rosters are of the moment."""
        if today is self or today.documents["teams.yaml"] == self.documents["teams.yaml"]:
            return self
        return Policy(
            {**self.documents, "teams.yaml": today.documents["teams.yaml"]},
            {**self._files, "teams.yaml": today._files["teams.yaml"]},
            self.version,
        )

    @cached_property
    def canonical(self) -> bytes:
        """The documents as JSON with sorted keys, the form that is stored and hashed."""
        return json.dumps(self.documents, ensure_ascii=False, sort_keys=True).encode()

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) of `canonical`."""
        return hashlib.sha256(self.canonical).hexdigest()

    def event(self, name: str) -> EventPlan:
        """What `name` (a lifecycle event) starts, meets, ends and notifies."""
        return self._events.get(name, _NOTHING)

    def on_duty(self, role: str, now: datetime) -> tuple[str, ...]:
        """Person ids holding `role` of the centre at `now`; the operators when today's roster has dropped the role."""
        return (self.rosters.get(role) or self.rosters["operator"]).at(now)

    def handlers_on_duty(self, team: str, now: datetime) -> tuple[str, ...]:
        """Person ids of `team` on duty at `now`; the whole team where it has no shifts."""
        roster = self._team_rosters.get(team)
        return roster.at(now) if roster else self._all_handlers[team]


def build_calendar(shape: CalendarShape, zone: ZoneInfo) -> Calendar:
    """The calendar of a `calendars.yaml` entry. Raises `ValueError` when it makes no sense."""
    if shape.always:
        return Calendar.always()
    return Calendar(
        zone=zone,
        week={DAYS.index(day): [_times(p) for p in periods] for day, periods in shape.week.items()},
        holidays=shape.holidays,
        yearly_holidays=[(int(d[:2]), int(d[3:])) for d in shape.yearly_holidays],
        special_days={day: [_times(p) for p in periods] for day, periods in shape.special_days.items()},
    )


def _times(period: Period) -> tuple[time, time]:
    """Opening and closing; 24:00 is the midnight that ends the day."""
    return time(*divmod(period.from_, 60)), time(*divmod(period.to % (24 * 60), 60))


def flatten(steps: list[StepShape]) -> tuple[Ring, ...]:
    """A ladder's steps with their repeats spelled out, in the order in which they ring."""
    rings = [
        Ring(s.after + n * (s.repeat or 0.0), s.level, n, tuple(s.to), s.message) for s in steps for n in range(s.times)
    ]
    return tuple(sorted(rings, key=lambda r: (r.after, r.level)))
