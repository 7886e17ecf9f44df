"""The policy: everything a city decides without a programmer, validated whole (see `policy_build.py`) and frozen.

A policy is identified by the SHA-256 of its canonical JSON: comments and layout do not make a new policy.
Petitions carry the version under which they are judged; the roster in force is always today's (see `with_people`).

The classes here are the compiled form that `decide` reads on its hot path: an event is one dictionary look-up away
from the clocks it starts, meets or ends and from the people it notifies.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from copy import copy
from datetime import datetime, time
from functools import cached_property
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from xixi_workflow.core.calendars import Calendar
from xixi_workflow.core.city_time import CityTime
from xixi_workflow.core.duty import Roster, service_of
from xixi_workflow.core.duty_schema import RosterShape, Shift, gathered, is_duty, place_of
from xixi_workflow.core.forms.schema import FormFile, is_form, name_of
from xixi_workflow.core.ladder import Ladder
from xixi_workflow.core.policy_schema import (
    DAYS,
    CalendarShape,
    CategoriesFile,
    Category,
    ClockShape,
    CommunitiesFile,
    Community,
    Documents,
    Period,
    Person,
    PolicyFile,
    SourcesFile,
    Team,
    TeamsFile,
    WordsFile,
    read_span,
)


class ClockPlan:
    """A configured clock, compiled. `codes` are the categories that a code or a group stands for."""

    def __init__(
        self,
        name: str,
        shape: ClockShape,
        calendar: Calendar,
        ladders: Mapping[str, Ladder],
        codes: Mapping[str, frozenset[str]],
    ) -> None:
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
        self.limit_by_command = shape.limit_by_command
        self.ladders = ladders
        self.ladder = ladders[shape.ladder] if shape.ladder else None
        self._choices = tuple(
            (ladders[c.ladder], frozenset[str]().union(*(codes.get(n, ()) for n in c.categories)), c)
            for c in shape.ladders
        )

    def choose(self, category: str, urgency: str) -> Ladder | None:
        """The ladder of a petition that is breached in this category and urgency."""
        for ladder, categories, choice in self._choices:
            if choice.urgencies and urgency not in choice.urgencies:
                continue
            if not choice.categories or category in categories:
                return ladder
        return self.ladder


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
        communities: CommunitiesFile = files["communities.yaml"]
        self.main = main
        self.zone = ZoneInfo(main.zone)
        self.calendars = {
            name: build_calendar(shape, self.zone) for name, shape in files["calendars.yaml"].calendars.items()
        }
        ladders = {name: Ladder(name, steps) for name, steps in main.ladders.items()}
        codes = category_codes(categories.categories)
        self.clocks = {
            name: ClockPlan(name, shape, self.calendars[shape.calendar], ladders, codes)
            for name, shape in main.clocks.items()
        }
        self.categories: dict[str, Category] = {c.code: c for c in categories.categories}
        self.routing_words = categories
        self.fallback = categories.fallback
        self.sources = sources
        #: By name, as petitions have it.
        self.communities: dict[str, Community] = {c.name: c for c in communities.communities}
        self.words: dict[str, WordsFile] = {language: files[f"words/{language}.yaml"] for language in ("zh", "en")}
        #: What documents can be made of a period's figures, by name; none in a policy of an earlier release.
        self.forms: dict[str, FormFile] = {name_of(f): form for f, form in files.items() if is_form(f)}
        self.pausing: frozenset[str] = frozenset(s for c in self.clocks.values() for s in c.pauses_in)
        #: The clock that lapses: how long the petitioner is waited for. None in a scenario without one.
        self.survey = next((c for c in self.clocks.values() if c.lapses), None)
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
        #: The wall clock and the working days that rosters go by.
        self.city = city = CityTime(self.zone, self.calendars)
        service = {who: service_of(p.joins, p.leaves, city) for who, p in teams.people.items() if p.joins or p.leaves}
        #: From when and up to when those serve who do not serve for ever, in seconds of UTC.
        self.service = service
        #: Every roster as it is written, overrides of all files gathered.
        self.duty: dict[str, RosterShape] = gathered(self._files)
        #: The centre's roles: the rosters that are no team's.
        self.rosters: dict[str, Roster] = {
            name: Roster(shape, city, service) for name, shape in self.duty.items() if name not in teams.teams
        }
        self._team_rosters: dict[str, Roster] = {}
        self._all_handlers = {name: tuple(team.handlers) for name, team in teams.teams.items()}
        for name, team in teams.teams.items():
            shape = self.duty.get(name) or RosterShape()
            if not shape.shifts:
                shape = shape.model_copy(update={"shifts": [Shift(people=team.handlers)]})
            roster = Roster(shape, city, service)
            if name in self.duty or not roster.members.isdisjoint(service):
                self._team_rosters[name] = roster

    def with_people(self, today: Policy) -> Policy:
        """These rules with the people, teams and rosters of `today`: rules are for life, rosters are of the moment.

        Holidays of rosters are today's too; those of clocks are the rules' own.
        """
        if today is self or today._of_the_day == self._of_the_day:
            return self
        judged = copy(self)
        for kept in ("canonical", "digest", "_of_the_day"):
            judged.__dict__.pop(kept, None)
        judged.documents = {f: d for f, d in self.documents.items() if not is_duty(f)} | {
            f: d for f, d in today._of_the_day.items() if f != "calendars.yaml"
        }
        judged.people, judged.teams, judged.service = today.people, today.teams, today.service
        judged.city = today.city
        judged.duty, judged.rosters, judged._team_rosters = today.duty, today.rosters, today._team_rosters
        judged._all_handlers = today._all_handlers
        return judged

    @cached_property
    def _of_the_day(self) -> Documents:
        """The documents that say who is on duty."""
        return {f: d for f, d in self.documents.items() if is_duty(f) or f in ("teams.yaml", "calendars.yaml")}

    @cached_property
    def canonical(self) -> bytes:
        """The documents as JSON with sorted keys (but see `_COUNTED`), the form that is stored and hashed."""
        return json.dumps(_sorted(self.documents), ensure_ascii=False).encode()

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) of `canonical`."""
        return hashlib.sha256(self.canonical).hexdigest()

    def event(self, name: str) -> EventPlan:
        """What `name` (a lifecycle event) starts, meets, ends and notifies."""
        return self._events.get(name, _NOTHING)

    def on_duty(self, role: str, now: datetime) -> tuple[str, ...]:
        """Person ids holding `role` of the centre at `now`.

        The operators, when today's roster has dropped the role or leaves it empty at this instant.
        """
        return (self.rosters.get(role) or self.rosters["operator"]).at(now) or self.rosters["operator"].at(now)

    def handlers_on_duty(self, team: str, now: datetime) -> tuple[str, ...]:
        """Person ids of `team` on duty at `now`; the whole team where it has no roster or the roster a gap."""
        roster = self._team_rosters.get(team)
        return (roster.at(now) if roster else ()) or self._all_handlers[team]

    def team_roster(self, team: str) -> Roster | None:
        """The roster of `team`; None where all its handlers are on duty for ever."""
        return self._team_rosters.get(team)

    def roster_file(self, name: str) -> str:
        """The file in which the shifts of a team or role stand; empty where a team has none."""
        return place_of(self._files, name)

    def serves(self, person: str, now: datetime) -> bool:
        """Is `person` in service at `now`: known, come and not gone?"""
        first, last = self.service.get(person, (0.0, float("inf")))
        return person in self.people and first <= now.timestamp() < last


#: Mappings whose order means something: people choose from them by number, and the first is the default.
_COUNTED = frozenset({"return_reasons", "hold_reasons", "reject_reasons", "results"})


def _sorted(value: Any, *, counted: bool = False) -> Any:
    """`value` with the keys of its mappings in order, except those that stand under `_COUNTED`."""
    if isinstance(value, dict):
        names = value if counted else sorted(value)
        return {name: _sorted(value[name], counted=name in _COUNTED) for name in names}
    return [_sorted(one) for one in value] if isinstance(value, list) else value


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


def category_codes(categories: Iterable[Category]) -> dict[str, frozenset[str]]:
    """The categories that a name in a choice of ladders stands for: a code for itself, a group for all in it."""
    found: dict[str, set[str]] = {}
    for category in categories:
        for name in (category.code, category.group):
            found.setdefault(name, set()).add(category.code)
    return {name: frozenset(codes) for name, codes in found.items()}
