"""Runs a scenario: what each clock does from the start to `now`, and why.

No rule is here. A petition is driven through `Work`, the same object in which the judge makes its decisions, and what
it did to each clock is read off before and after every event. Only the lifecycle is taken lightly: an event that the
table would not allow in the petition's state is judged all the same, with a remark, because the question is about
clocks and not about who may do what.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from xixi_workflow.core import clocks, explain
from xixi_workflow.core.explain import Line
from xixi_workflow.core.lifecycle import ROW_OF, TABLE, Role, Row, State
from xixi_workflow.core.petition import SYSTEM, Actor, Clock, Entry, Outcome, Petition
from xixi_workflow.core.scenario import TEAM, Scenario, Timed
from xixi_workflow.core.words import Language
from xixi_workflow.core.work import Decision, Work

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
    started_at: datetime
    limit: float
    outcome: str = ""
    due_at: datetime | None = None
    breached_at: datetime | None = None
    settled_at: datetime | None = None
    extended_for: float = 0.0
    paused_for: float = 0.0
    remaining: float | None = None
    warnings: list[Warned] = []
    pauses: list[Pause] = []
    escalations: list[Ring] = []
    explanation: list[Explained] = []


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
        self._scenario = scenario
        self._policy = scenario.policy
        self._remarks = list(scenario.remarks)
        #: The runs so far, and of each clock and team the one that is or was last under way.
        self._results: list[Result] = []
        self._latest: dict[tuple[str, str], Result] = {}
        self._lines: list[tuple[Result, Line]] = []
        filed_at = scenario.filed_at
        petition = Petition(
            1, "received", 0, 1, TEAM, scenario.start, filed_at, scenario.category, TEAM, scenario.urgency
        )
        self._work = Work(petition, self._policy, SYSTEM, filed_at, filed_at)
        self._happen("file", "received", filed_at, "operator", petition.copy())
        for event in scenario.events:
            self._judge(event)
        self._pass_time(scenario.now)

    # --- living through it ------------------------------------------------------------------------------------------

    def _judge(self, event: Timed) -> None:
        # The alarm clock looked at every moment up to the one at which the event was heard of.
        self._pass_time(event.noticed_at)
        petition, name = self._work.petition, event.event or "note"
        row = ROW_OF.get((petition.state, name))
        if row is None:
            self._remarks.append(f"{event.place}: the lifecycle has no {name} in {petition.state}; judged all the same")
            row = Row(petition.state, name, _usual(name, petition.state), ("operator",))
        before = petition.copy()
        self._prepare(name, event)
        self._happen(name, event.state or row.to, event.at, row.who[0], before)
        self._work.assist = ""
        self._pass_time(event.noticed_at)

    def _prepare(self, name: str, event: Timed) -> None:
        """What a few commands change besides the state, as their conditions do in the engine."""
        petition, work = self._work.petition, self._work
        work.assist = event.team
        if name in _REWORK:
            petition.round += 1
        elif name == "approve_hold" and event.span is not None:
            petition.hold_until = event.at + timedelta(seconds=event.span)
        elif name == "approve_extension" and event.span is not None:
            for clock in petition.clocks:
                plan = self._policy.clocks[clock.name]
                if plan.shape.extendable:
                    clocks.extend(plan, clock, event.span, event.at)
        elif name == "acknowledge":
            for clock in petition.clocks:
                if clock.breached_at is not None and clock.name == (event.clock or clock.name):
                    clocks.acknowledge(self._policy.clocks[clock.name], clock, event.person)
        elif name == "escalate_to":
            for clock in petition.clocks:
                if clock.breached_at is not None and clock.name == (event.clock or clock.name):
                    ring = clocks.raise_to(self._policy.clocks[clock.name], clock, event.level, event.at)
                    if ring is not None:
                        work.raised.append((clock, ring))
        work.limit = event.span if name == "supervise" else None

    def _happen(self, event: str, to: State, at: datetime, role: Role, before: Petition) -> None:
        work = self._work
        entries, outcomes = len(work.entries), len(work.outcomes)
        work.when = at
        work.actor = Actor(role)
        work.happen(event, to)
        entry = work.entries[entries]
        after = Decision(work.petition, [], [], [], [])
        if event == "file":
            before.clocks = []
        self._note(explain._compared(entry, before, after, work.outcomes[outcomes:]))
        for more in work.entries[entries + 1 :]:
            self._rings(more)

    def _pass_time(self, until: datetime) -> None:
        """Step by step, so that what one moment did is told apart from what the next one did."""
        work = self._work
        while (at := _next(work.petition)) is not None and at <= until:
            before = work.petition.copy()
            entries = len(work.entries)
            work.now = max(at, work.now)
            work.pass_time(at)
            self._note(explain._by_time(before, work.entries[entries:], self._policy))
            for entry in work.entries[entries:]:
                self._rings(entry)
        work.now = max(until, work.now)

    # --- telling it -------------------------------------------------------------------------------------------------

    def _note(self, lines: Iterable[Line]) -> None:
        for line in lines:
            run = (line.clock, line.key)
            if line.what == "started":
                clock = next(c for c in self._work.petition.clocks if (c.name, c.key) == run)
                self._latest[run] = Result(clock.name, clock.key, clock.round, clock.started_at, clock.total)
                self._results.append(self._latest[run])
            result = self._latest[run]
            self._lines.append((result, line))
            if line.what == "warned":
                result.warnings.append(Warned(line.at, True))
            elif line.what == "paused":
                result.pauses.append(Pause(line.at))
            elif line.what == "resumed":
                result.pauses[-1].until = line.at

    def _rings(self, entry: Entry) -> None:
        if entry.event in ("breached", "escalated"):
            fact = msgspec.json.decode(entry.data)
            if "level" in fact:
                result = self._latest[fact["clock"], fact.get("team", "")]
                result.escalations.append(Ring(entry.at, fact["level"], fact.get("repeat", 0)))

    def answer(self, language: Language) -> Answer:
        """Everything that was noted, in order of the clocks' starts."""
        now, zone = self._scenario.now, self._policy.zone
        verdicts = {(o.clock, o.key, o.started_at): o for o in self._work.outcomes}
        running = {(c.name, c.key, c.started_at): c for c in self._work.petition.clocks}
        for result in self._results:
            run = (result.clock, result.key, result.started_at)
            if run in running:
                self._go_on(result, running[run], now)
            else:
                _settle(result, verdicts[run])
        for result, line in self._lines:
            [text] = explain.render([line], self._policy, language)
            result.explanation.append(Explained(line.at, line.what, text))
        answer = Answer(zone.key, now, self._work.petition.state, self._results, self._remarks)
        return _in_zone(answer, zone)

    def _go_on(self, result: Result, clock: Clock, now: datetime) -> None:
        plan = self._policy.clocks[clock.name]
        paused = clock.paused_at is not None
        result.outcome = "paused" if paused else "running" if clock.breached_at is None else "breached"
        result.due_at = None if paused and clock.breached_at is None else clock.due_at
        result.breached_at = clock.breached_at
        result.extended_for, result.paused_for = clock.extended_for, clock.paused_for
        result.remaining = clock.total - clock.used - (0 if paused else clocks.elapsed(plan, clock.ran_from, now))
        if not paused and clock.breached_at is None:
            result.warnings += [Warned(at, False) for at in clocks.warnings(plan, clock)[clock.warned :]]


def _settle(result: Result, outcome: Outcome) -> None:
    result.outcome = outcome.result
    result.due_at, result.settled_at = outcome.due_at, outcome.settled_at
    result.breached_at = outcome.due_at if outcome.result in ("late", "unmet") else None
    result.extended_for, result.paused_for = outcome.extended_for, outcome.paused_for
    if result.pauses and result.pauses[-1].until is None:
        result.pauses[-1].until = outcome.settled_at


def _next(petition: Petition) -> datetime | None:
    """When time alone does the next thing."""
    moments = [c.next_at for c in petition.clocks if c.next_at is not None]
    return min([*moments, petition.hold_until] if petition.hold_until else moments, default=None)


def _usual(event: str, state: State) -> State:
    """Where `event` leads when it changes the state; the present state where it never does, or not always alike."""
    leads_to = {row.to for row in TABLE if row.event == event and row.to != row.state}
    return leads_to.pop() if len(leads_to) == 1 else state


def _in_zone(answer: Answer, zone: ZoneInfo) -> Answer:
    """The same with every instant on the city's clock."""

    def local(value: Any) -> Any:
        if isinstance(value, datetime):
            return value.astimezone(zone)
        if isinstance(value, list):
            return [local(item) for item in value]
        if isinstance(value, msgspec.Struct):
            return type(value)(*(local(getattr(value, name)) for name in value.__struct_fields__))
        return value

    converted: Answer = local(answer)
    return converted
