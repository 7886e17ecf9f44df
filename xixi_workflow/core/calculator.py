"""Runs a scenario: what each clock does from the start to `now`, and why.

No rule is here. A petition is driven through `Work`, the same object in which the judge makes its decisions, and what
it did to each clock is read off before and after every event. Only the lifecycle is taken lightly: an event that the
table would not allow in the petition's state is judged all the same, with a remark, because the question is about
clocks and not about who may do what.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import msgspec

from xixi_workflow.core import clocks, explain
from xixi_workflow.core.explain import Line, What
from xixi_workflow.core.lifecycle import EVENT_OF, ROW_OF, TABLE, Row, State
from xixi_workflow.core.petition import SYSTEM, Actor, Clock, Entry, Outcome, Petition
from xixi_workflow.core.policy import Policy
from xixi_workflow.core.scenario import TEAM, Scenario, Timed
from xixi_workflow.core.words import Language
from xixi_workflow.core.work import Work

#: Names one run of one clock.
_Run = tuple[str, str, datetime]
_REWORK: Final = ("rate_dissatisfied", "reopen")


class Warned(msgspec.Struct, frozen=True):
    """A warning that was given, or one that still stands before its clock."""

    at: datetime
    given: bool


class Pause(msgspec.Struct, rename={"since": "from", "until": "to"}):
    """A pause; `until` is None while it lasts."""

    since: datetime
    until: datetime | None = None


class Ring(msgspec.Struct, frozen=True):
    """A ring of the ladder after a breach."""

    at: datetime
    level: int
    repeat: int


class Explained(msgspec.Struct, frozen=True):
    """One thing that happened to the clock."""

    at: datetime
    what: str
    text: str


class Result(msgspec.Struct):
    """One run of one clock. Instants in the scenario's zone, spans in seconds.

    `outcome` is a verdict of `petition.Outcome`, or `running` or `paused`. `due_at` is None while the clock is
    paused: nobody can know it. `remaining` is the open time left of a clock that goes on, negative when it is over.
    """

    clock: str
    key: str
    round: int
    outcome: str
    started_at: datetime
    due_at: datetime | None
    breached_at: datetime | None
    settled_at: datetime | None
    limit: float
    extended_for: float
    paused_for: float
    remaining: float | None
    warnings: list[Warned]
    pauses: list[Pause]
    escalations: list[Ring]
    explanation: list[Explained]


class Answer(msgspec.Struct):
    """What a scenario comes to."""

    zone: str
    now: datetime
    state: State
    clocks: list[Result]
    remarks: list[str]


def run(scenario: Scenario, language: Language) -> Answer:
    """The clocks of `scenario` as they stand at its `now`, with explanations in `language`."""
    return _Course(scenario).answer(language)


class _Course:
    """A petition on its way through a scenario, with a note of everything that its clocks went through."""

    def __init__(self, scenario: Scenario) -> None:
        self._policy: Policy = scenario.policy
        self._now = scenario.now
        self._remarks = list(scenario.remarks)
        self._lines: list[tuple[_Run, Line]] = []
        self._results: dict[_Run, Result] = {}
        filed_at = scenario.filed_at
        petition = Petition(1, "received", 0, 1, TEAM, scenario.start, filed_at, TEAM, TEAM)
        self._work = Work(petition, self._policy, SYSTEM, filed_at, filed_at)
        self._happen("file", "received", filed_at, "operator")
        for event in scenario.events:
            self._judge(event)
        self._pass_time(scenario.now)

    # --- living through it ------------------------------------------------------------------------------------------

    def _judge(self, event: Timed) -> None:
        # The alarm clock looked at every moment up to the one at which the event was heard of.
        self._pass_time(event.noticed_at)
        petition, work = self._work.petition, self._work
        name = event.event or "note"
        row = ROW_OF.get((petition.state, name))
        if row is None:
            self._remarks.append(f"{event.place}: the lifecycle has no {name} in {petition.state}; judged all the same")
            row = Row(petition.state, name, _usual(name, petition.state), ("operator",))
        if name in _REWORK:
            petition.round += 1
        work.assist = event.team
        held = petition.hold_until
        if name == "approve_hold" and event.span is not None:
            petition.hold_until = event.at + _seconds(event.span)
        before = petition.copy()
        if name == "approve_extension" and event.span is not None:
            for clock in petition.clocks:
                plan = self._policy.clocks[clock.name]
                if plan.shape.extendable:
                    clocks.extend(plan, clock, event.span)
        if name == "acknowledge":
            for clock in petition.clocks:
                if clock.breached_at is not None and clock.rung and clock.name == (event.clock or clock.name):
                    clock.acknowledged = self._policy.clocks[clock.name].rings[clock.rung - 1].level
        del held
        self._happen(name, event.state or row.to, event.at, row.who[0], before)
        work.assist = ""
        self._pass_time(event.noticed_at)

    def _happen(self, event: str, to: State, at: datetime, role: Any, before: Petition | None = None) -> None:
        work = self._work
        before = before or work.petition.copy()
        entries, outcomes = len(work.entries), len(work.outcomes)
        work.when = at
        work.actor = Actor(role)
        work.happen(event, to)
        self._note(before, work.entries[entries], work.outcomes[outcomes:])

    def _pass_time(self, until: datetime) -> None:
        """Step by step, so that what one moment did is told apart from what the next one did."""
        work = self._work
        work.now = work.when = max(until, work.now)
        while (at := _next(work.petition)) is not None and at <= until:
            before = work.petition.copy()
            entries, outcomes = len(work.entries), len(work.outcomes)
            work.pass_time(at)
            for entry in work.entries[entries:]:
                self._note(before, entry, work.outcomes[outcomes:])
