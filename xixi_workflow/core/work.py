"""A decision in the making: how an event, or time, changes a petition, its clocks, its journal and its messages.

`Work` holds a private copy of the petition and gathers what has to be written with it. `decide.py` drives it and
`conditions.py` holds what each command asks for beyond the lifecycle table.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import msgspec

from xixi_workflow.core import clocks
from xixi_workflow.core.commands import Command
from xixi_workflow.core.ladder import Ring
from xixi_workflow.core.lifecycle import ENDED, EVENTS, ROW_OF, State, allowed
from xixi_workflow.core.petition import Actor, Clock, Entry, Message, Outcome, Petition, Vars
from xixi_workflow.core.policy import ClockPlan, Policy

#: Characters of a text that a message may quote; the journal keeps it whole.
QUOTED = 60

_encode = msgspec.json.Encoder().encode


class Refused(msgspec.Struct, frozen=True):
    """Nothing happened. `code` names the sentence in the words catalogue, `facts` complete it."""

    code: str
    #: State of the petition, empty when there is none.
    state: str = ""
    event: str = ""
    #: Events that the same actor may cause now.
    allowed: tuple[str, ...] = ()
    facts: dict[str, str] = {}


def _fact(clock: Clock) -> dict[str, Any]:
    """The journal's data of what time does to a clock."""
    return {"clock": clock.name, "team": clock.key} if clock.key else {"clock": clock.name}


class Decision(msgspec.Struct):
    """What happened: the new working state and everything that has to be written with it, in one transaction."""

    petition: Petition
    entries: list[Entry]
    outcomes: list[Outcome]
    messages: list[Message]
    #: Commands that this decision causes on other petitions; they succeed or fail with it.
    follow: list[tuple[int, Command]]

    @property
    def wake_at(self) -> datetime | None:
        """The earliest moment at which time alone could change the petition; None when never again."""
        return wake_at(self.petition)


def wake_at(petition: Petition) -> datetime | None:
    """The earliest moment at which `petition` needs a look. A petition that waits for routing needs it at once."""
    if petition.state == "received":
        return petition.filed_at
    first = petition.hold_until
    for clock in petition.clocks:
        at = clock.next_at
        if at is not None and (first is None or at < first):
            first = at
    return first


class Work:
    """A decision in the making. The conditions of commands read and write it."""

    __slots__ = (
        "actor",
        "assist",
        "entries",
        "follow",
        "limit",
        "messages",
        "now",
        "outcomes",
        "petition",
        "policy",
        "raised",
        "vars",
        "when",
        "written",
    )

    def __init__(self, petition: Petition, policy: Policy, actor: Actor, now: datetime, when: datetime) -> None:
        self.petition = petition
        self.policy = policy
        self.actor = actor
        self.now = now
        self.when = when
        self.entries: list[Entry] = []
        self.outcomes: list[Outcome] = []
        #: Keyed by person and clock: of several things due at once only the last is told (no storm after an outage).
        #: What an event says is keyed by its journal line too, so that it is told whoever let time pass before it.
        self.messages: dict[tuple[str, str, int], Message] = {}
        self.follow: list[tuple[int, Command]] = []
        #: The assisting team an event is about; empty for the petition itself.
        self.assist = ""
        #: What the command adds to its notices.
        self.vars: Vars | None = None
        #: The deadline that the command itself sets, in seconds, for clocks that take it.
        self.limit: float | None = None
        #: The command as the journal has it, where the judge adds to it.
        self.written: Command | None = None
        #: Rings that the command causes at once.
        self.raised: list[tuple[Clock, Ring]] = []

    def refuse(self, code: str, event: str, /, **facts: str) -> Refused:
        """The refusal of `event`, with what the same actor may do instead."""
        state = self.petition.state
        return Refused(code, state, event, tuple(allowed(state, self.actor.role)), facts)

    def say(self, text: str = "", code: str = "", span: float = 0.0) -> None:
        """What the notices of this event may quote."""
        self.vars = Vars(text=text[:QUOTED], code=code, span=int(span))

    def finish(self) -> Decision:
        """The decision as it stands."""
        return Decision(self.petition, self.entries, self.outcomes, list(self.messages.values()), self.follow)

    # --- what an event does -----------------------------------------------------------------------------------------

    def happen(self, event: str, to: State, data: str = "", actor: str = "") -> None:
        """Write the journal line of `event`, move to state `to`, drive the clocks and tell people."""
        petition, when = self.petition, self.when
        before, petition.state = petition.state, to
        self.write(EVENTS[event].past, when, data, actor)
        plan = self.policy.event(event)
        ended = to in ENDED
        if before != to:
            petition.pending = ""
            petition.hold_until = petition.hold_until if to == "on_hold" else None
            if ended:
                petition.closed_at = when
        if petition.clocks:
            if plan.meets or plan.ends:
                self._settle(plan.meets, plan.ends)
            if ended:
                self._settle_all()
            elif before != to and (before in self.policy.pausing or to in self.policy.pausing):
                self._pause_and_resume(to)
        if not ended:
            for clock in plan.starts:
                self._start(clock, event)
        for message, to_whom in plan.notices:
            self.tell(message, to_whom, "", self.vars, self.assist)
        if event == "resolve" and not petition.surveyable:
            # Nobody can be asked, so there is nothing to wait for: closed, not rated.
            self._by_time("survey_lapses", when)
        elif event == "dispatch":
            self._ask_assists()
        elif self.raised:
            self._ring_by_hand()

    def _ask_assists(self) -> None:
        """Teams named when the petition was routed are asked once it goes out."""
        petition = self.petition
        note = self.vars.text if self.vars else ""
        for assist in petition.assists:
            if not assist.asked:
                assist.asked = True
                self.assist = assist.team
                self.vars = Vars(text=note)
                data = _encode({"team": assist.team}).decode()
                self.happen("ask_assist", petition.state, data)
        self.assist = ""

    def _ring_by_hand(self) -> None:
        for clock, ring in self.raised:
            if clock in self.petition.clocks:
                self._escalate(clock, self.policy.clocks[clock.name], ring, self.when)
        self.raised = []

    def write(self, past: str, at: datetime, data: str, actor: str = "") -> None:
        """One journal line about the petition in the state it now has."""
        petition = self.petition
        who = actor or str(self.actor)
        self.entries.append(Entry(petition.seq, past, petition.state, at, self.now, who, data))
        petition.seq += 1

    def _start(self, plan: ClockPlan, event: str) -> None:
        petition = self.petition
        if plan.lapses and not (petition.surveyable and petition.state == "resolved"):
            # Running out ends the wait for the petitioner's verdict: there must be such a wait.
            return
        key = self.assist if plan.assist else ""
        at = petition.received_at if plan.from_receipt and event == "file" else self.when
        running = next((c for c in petition.clocks if c.name == plan.name and c.key == key), None)
        if running is not None:
            if not plan.restarts:
                return
            self._verdict(running, met=False)
        limit = self.limit if plan.limit_by_command else None
        clock = clocks.start(plan, at, round=petition.round, key=key, limit=limit)
        if petition.state in plan.pauses_in:
            clocks.pause(plan, clock, at)
        petition.clocks.append(clock)

    def _settle(self, meets: frozenset[str], ends: frozenset[str]) -> None:
        for clock in self.petition.clocks[:]:
            # One assisting team's event says nothing about another's clock.
            if clock.key and self.assist and clock.key != self.assist:
                continue
            if clock.name in meets:
                self._verdict(clock, met=True)
            elif clock.name in ends:
                self._verdict(clock, met=False)

    def _settle_all(self) -> None:
        for clock in self.petition.clocks[:]:
            self._verdict(clock, met=False)

    def _verdict(self, clock: Clock, *, met: bool) -> None:
        team = clock.key or self.petition.lead
        plan = self.policy.clocks[clock.name]
        self.outcomes.append(clocks.settle(plan, clock, self.when, met=met, team=team))
        self.petition.clocks.remove(clock)

    def _pause_and_resume(self, to: State) -> None:
        for clock in self.petition.clocks:
            plan = self.policy.clocks[clock.name]
            if to in plan.pauses_in:
                breached = clock.breached_at is not None
                clocks.pause(plan, clock, self.when)
                if breached and clock.breached_at is None:
                    self._withdrawn(clock)
            elif clock.paused_at is not None:
                clocks.resume(plan, clock, self.when)

    def _withdrawn(self, clock: Clock) -> None:
        self.outcomes.append(clocks.standing(clock, "withdrawn", clock.key or self.petition.lead))

    def extend(self, seconds: float) -> None:
        """Give every extendable clock `seconds` more."""
        for clock in self.petition.clocks:
            plan = self.policy.clocks[clock.name]
            if plan.shape.extendable:
                breached = clock.breached_at is not None
                clocks.extend(plan, clock, seconds, self.when)
                if breached and clock.breached_at is None:
                    self._withdrawn(clock)

    def end_assists(self, team: str = "") -> None:
        """End the sub-task of `team`, or of all assisting teams, with its clock."""
        petition = self.petition
        for clock in petition.clocks[:]:
            if clock.key and team in ("", clock.key):
                self._verdict(clock, met=False)
        petition.assists = [a for a in petition.assists if team and a.team != team]

    # --- what time does ---------------------------------------------------------------------------------------------

    def pass_time(self, until: datetime) -> None:
        """Everything that falls due up to and including `until`, in the order in which it fell due."""
        petition = self.petition
        while True:
            first: Clock | None = None
            at = until
            for clock in petition.clocks:
                due = clock.next_at
                if due is not None and due <= at and (first is None or due < at):
                    first, at = clock, due
            if petition.hold_until is not None and petition.hold_until <= at:
                self._by_time("hold_ends", petition.hold_until)
            elif first is not None:
                self._fall_due(first, self.policy.clocks[first.name], at)
            else:
                return

    def _fall_due(self, clock: Clock, plan: ClockPlan, at: datetime) -> None:
        petition = self.petition
        if clock.breached_at is not None:
            ring = clocks.next_ring(plan, clock)
            if ring is None:
                raise AssertionError("a breached clock is due for its next ring alone")
            self._escalate(clock, plan, ring, at)
            return
        fact = _fact(clock)
        if clock.warned < len(plan.warnings):
            clocks.warned(plan, clock)
            left = (clock.due_at - self.now).total_seconds()
            fact["left"] = (clock.due_at - at).total_seconds()
            self.write("warned", at, _encode(fact).decode(), "system")
            if left > 0:
                about = self._about(clock, left)
                self.tell(plan.warn_message, plan.warn_to, clock.name, about, clock.key)
        elif plan.lapses:
            self.outcomes.append(clocks.standing(clock, "lapsed", petition.lead))
            petition.clocks.remove(clock)
            if petition.state == "resolved":
                self._by_time("survey_lapses", clock.due_at)
        else:
            ring = clocks.breach(plan, clock, plan.choose(petition.category, petition.urgency))
            clock.missed_by = clock.key or petition.lead
            self.outcomes.append(clocks.standing(clock, "breached", clock.missed_by))
            # A ladder that rings at the breach itself shares its line: the common case costs one entry, not two.
            if ring is not None:
                fact["level"] = ring.level
            self.write("breached", clock.due_at, _encode(fact).decode(), "system")
            if ring is not None:
                self._ring(clock, plan, ring)

    def _escalate(self, clock: Clock, plan: ClockPlan, ring: Ring, at: datetime) -> None:
        fact = _fact(clock) | {"level": ring.level, "repeat": ring.repeat}
        self.write("escalated", at, _encode(fact).decode(), "system")
        self._ring(clock, plan, ring)

    def _ring(self, clock: Clock, plan: ClockPlan, ring: Ring) -> None:
        told = self._about(clock, (self.now - clock.due_at).total_seconds())
        told.level = ring.level
        if not ring.everyone:
            self.tell(ring.message, ring.to, clock.name, told, clock.key)
            clocks.rang(plan, clock, ring)
            return
        # Who has left meanwhile cannot answer; once nobody is left who could, whoever has the duty now must.
        awaited = clocks.climb(plan, clock).awaited
        owing = [who for level, who in awaited if level == ring.level and self.policy.serves(who, self.now)]
        people = owing or list(dict.fromkeys(p for to in ring.to for p in self._people(to, clock.key)))
        for person in people:
            self.messages[person, clock.name, 0] = Message(ring.message, person, told)
        clocks.rang(plan, clock, ring, people)

    def _about(self, clock: Clock, span: float) -> Vars:
        petition = self.petition
        return Vars(
            petition.category,
            clock.key or petition.lead,
            "" if petition.urgency == "normal" else petition.urgency,
            clock.name,
            clock.due_at,
            0,
            int(span),
        )

    def _by_time(self, event: str, at: datetime) -> None:
        """An event of the lifecycle that time causes, dated at `at`."""
        held = self.when, self.vars, self.assist, self.limit
        # What the command said belongs to the command's own notices and clocks.
        self.when, self.vars, self.assist, self.limit = at, None, "", None
        self.happen(event, ROW_OF[self.petition.state, event].to, "", "system")
        self.when, self.vars, self.assist, self.limit = held

    # --- whom it tells ----------------------------------------------------------------------------------------------

    def tell(self, kind: str, to: Iterable[str], clock: str, told: Vars | None, assist: str = "") -> None:
        """Add message `kind` for everybody that the recipients `to` stand for at this moment."""
        petition = self.petition
        if told is None:
            told = Vars()
        if not clock and not told.category:
            told.category = petition.category
            told.team = assist or petition.lead
            told.urgency = "" if petition.urgency == "normal" else petition.urgency
            told.due = told.due or self.promised()
        what, line = (clock, 0) if clock else (kind, petition.seq)
        for recipient in to:
            # What an assisting team has done is for whoever answers for the petition; its own clock rings for itself.
            about = assist if clock or recipient != "handler" else ""
            for person in self._people(recipient, about):
                self.messages[person, what, line] = Message(kind, person, told)

    def promised(self) -> datetime | None:
        """When the petitioner's answer is due: the extendable clock's due instant."""
        for clock in self.petition.clocks:
            if self.policy.clocks[clock.name].shape.extendable:
                return clock.due_at
        return None

    def _people(self, recipient: str, assist: str) -> Iterable[str]:
        petition, policy = self.petition, self.policy
        if recipient == "petitioner":
            return ("petitioner",) if petition.reachable else ()
        if recipient == "surveyed":
            return ("petitioner",) if petition.surveyable else ()
        if recipient == "handler" and not assist and policy.serves(petition.handler, self.now):
            return (petition.handler,)
        if recipient in ("handler", "team_lead", "assisting"):
            team = policy.teams.get(assist or petition.lead)
            if team is None:
                # Not dispatched yet, or a team that the roster no longer knows: the centre must hear of it.
                return policy.on_duty("operator", self.now)
            if recipient == "team_lead" and policy.serves(team.lead, self.now):
                return (team.lead,)
            return policy.handlers_on_duty(assist or petition.lead, self.now)
        # A role that an older policy names and today's roster no longer has: its duty falls to the supervisor.
        return policy.on_duty(recipient if recipient in policy.rosters else "supervisor", self.now)
