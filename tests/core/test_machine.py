"""A machine that does random things to petitions and asks a plain model what should have come of it."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.core.climbing import climbing_policy
from tests.core.histories import MAKERS, Step, choose, deep, happened, later, steps
from tests.core.lives import ACTORS, Life, encoded
from tests.core.plain_model import Model
from tests.core.policies import MONDAY
from xixi_workflow.core import commands as c
from xixi_workflow.core.commands import Command
from xixi_workflow.core.lifecycle import ENDED, EVENT_OF, ROLES, ROW_OF, State
from xixi_workflow.core.petition import Actor
from xixi_workflow.core.work import Decision, Refused, wake_at

#: Versions of the policy as they come into force; a petition keeps the one under which it was filed.
VERSIONS = {
    1: climbing_policy(),
    2: climbing_policy(
        version=2,
        clocks={
            "closure": {"limit": "8h", "pauses_in": ["on_hold", "returned"], "warn": {"at": ["25%", "-20m"]}},
            "assistance": {"pauses_in": ["on_hold"], "limit": "2h"},
            "survey": {"limit": "12h"},
        },
        most_extensions=3,
    ),
}
#: Rosters of different days.
PEOPLE = [
    climbing_policy(),
    climbing_policy(
        teams={"teams": {"police": {"handlers": ["police-2"]}}},
        rosters={"operator": {"shifts": [{"people": ["urban-1"]}]}},
    ),
]
FINAL_RESULTS = {"on_time", "late", "unmet", "ended", "lapsed"}


class Petitions(RuleBasedStateMachine):
    """One petition at a time under the eyes of its model; filing another one puts the first aside."""

    @initialize(ago=st.sampled_from((0, 30, 61, 20_000)), surveyable=st.booleans(), version=st.sampled_from((1, 2)))
    def file(self, ago: int, surveyable: bool, version: int) -> None:
        self.now = MONDAY
        self.newest = version
        self.roster = 0
        self.pending_for = 0.0
        self.begin(ago, surveyable)

    @precondition(lambda self: self.model.state in ENDED)
    @rule(ago=st.sampled_from((0, 45, 90_000)), surveyable=st.booleans())
    def file_another(self, ago: int, surveyable: bool) -> None:
        self.begin(ago, surveyable)

    def begin(self, ago: int, surveyable: bool) -> None:
        received_at = self.now - timedelta(seconds=ago)
        self.filed_at = self.now
        policy = VERSIONS[self.newest].with_people(PEOPLE[self.roster])
        self.life = Life(policy, received_at=received_at, filed_at=self.now, surveyable=surveyable)
        self.model = Model(policy.documents["policy.yaml"], received_at, surveyable)
        self.model.happens("file", self.now)
        self.model.time_passes(self.now)

    @rule(version=st.sampled_from((1, 2)))
    def publish(self, version: int) -> None:
        self.newest = version

    @rule(roster=st.sampled_from((0, 1)))
    def change_people(self, roster: int) -> None:
        self.roster = roster
        self.life.policy = VERSIONS[self.life.petition.policy].with_people(PEOPLE[roster])

    @rule(step=steps)
    def look(self, step: Step) -> None:
        self.wait(step)
        self.life.sweeps(self.now)
        self.model.time_passes(self.now)

    @rule(step=steps)
    def do(self, step: Step) -> None:
        self.wait(step)
        self.model.time_passes(self.now)
        command, actor = choose(self.model.state, step.choice, step.variant)
        at = None
        if command.happens in ("accept", "report_interim", "finish_assist", "resolve", "rate", "rate_dissatisfied"):
            at = happened(self.now, step.late, max(self.model.last, self.life.petition.received_at))
        self.give(command, actor, at)

    @rule(step=steps)
    def do_three(self, step: Step) -> None:
        """Several in a row, because a deep history is more telling than a broad one."""
        for n in range(3):
            self.do(step._replace(choice=(step.choice + 7 * n) % 41, late=0))

    @rule(choice=st.integers(0, 40), variant=st.integers(0, 5), role=st.sampled_from(list(ROLES)))
    def try_anything(self, choice: int, variant: int, role: str) -> None:
        makers = list(MAKERS.values())
        self.model.time_passes(self.now)
        (actor,) = (a for r, a in ACTORS.items() if r == role)
        self.give(makers[choice % len(makers)][1](variant), Actor("handler") if role == "handler" else actor, None)

    @rule(child=st.integers(1, 9))
    def adopt(self, child: int) -> None:
        self.model.time_passes(self.now)
        self.give(c.AdoptChild(child), ACTORS["system"], None)

    @precondition(lambda self: self.model.round > 1)
    @rule()
    def merge(self) -> None:
        self.model.time_passes(self.now)
        self.give(c.MergePetition(7), ACTORS["operator"], None)

    def wait(self, step: Step) -> None:
        self.now = later(self.now, step.wait, self.model.wake_at(self.now, self.now))

    def give(self, command: Command, actor: Actor, at: datetime | None) -> None:
        """Let the judge decide; the model agrees with the table and follows."""
        event, state = command.happens, self.model.state
        row = ROW_OF.get((state, event))
        made = self.life.tries(command, actor, self.now, happened=at)
        if isinstance(made, Refused):
            expected = "not_in_state" if row is None else "not_permitted" if actor.role not in row.who else ""
            assert expected in (made.code, "")
            assert (expected != "") == (made.code in ("not_in_state", "not_permitted"))
            self.life.sweeps(self.now)
            return
        assert row is not None
        assert actor.role in row.who
        self.life.does(command, actor, self.now, happened=at)
        self.follow(command, actor, made, at or self.now)

    def follow(self, command: Command, actor: Actor, made: Decision, when: datetime) -> None:
        model = self.model
        model._look(when)
        if isinstance(command, c.RoutePetition) and model.state in ("received", "routed", "returned"):
            lead = made.petition.lead
            kept = {team: asked for team, asked in model.assists.items() if asked}
            model.assists = kept | {t: False for t in command.assisting if t != lead and t not in kept}
        elif isinstance(command, c.AskAssist):
            model.assists[command.team] = True
        elif isinstance(command, c.ApproveExtension):
            span = timedelta(seconds=command.seconds or self.pending_for)
            for run in model.runs:
                if run.name == "closure":
                    run.extra.append((when, span))
        elif isinstance(command, c.Acknowledge):
            for run in model.runs:
                if command.clock in ("", run.name) and run.breached(when):
                    run.acknowledge(when, actor.id)
        elif isinstance(command, c.EscalateTo):
            for run in model.runs:
                if command.clock in ("", run.name) and run.breached(when):
                    run.raise_to(command.level, when)
        team = getattr(command, "team", "") if "assist" in command.event else ""
        limit = command.seconds if isinstance(command, c.SupervisePetition) else None
        model.category, model.urgency = made.petition.category, made.petition.urgency
        model.happens(command.happens, when, team=team, lead=made.petition.lead, limit=limit)
        if isinstance(command, c.ApproveHold):
            model.hold_until = when + timedelta(seconds=command.seconds or self.pending_for or 30 * 86400)
        elif isinstance(command, c.FinishAssist):
            del model.assists[command.team]
        elif isinstance(command, c.RequestHold | c.RequestExtension):
            self.pending_for = command.seconds or 0.0
        model.time_passes(self.now)

    @invariant()
    def the_judge_and_the_model_agree(self) -> None:
        petition, model = self.life.petition, self.model
        # What the judge holds may be older than the model: bring it up to now, as any decision would.
        self.life.sweeps(self.now)
        petition = self.life.petition
        assert petition.state == model.state
        assert petition.round == model.round
        assert petition.hold_until == model.hold_until
        assert {a.team for a in petition.assists if not a.finished} == set(model.assists)
        expected = {(r.name, r.key, r.round, r.start): r for r in model.runs}
        assert {(x.name, x.key, x.round, x.started_at) for x in petition.clocks} == set(expected)
        assert len(petition.clocks) == len(expected)
        for clock in petition.clocks:
            run = expected[clock.name, clock.key, clock.round, clock.started_at]
            due = run.due()
            assert (clock.breached_at is not None) == run.breached(self.now)
            assert clock.next_at == run.next(self.now), run
            if due is not None:
                assert clock.due_at == due
            else:
                assert clock.paused_at == run.pauses[-1][0]
        assert wake_at(petition) == model.wake_at(self.now, self.filed_at)

    @invariant()
    def every_verdict_is_the_models(self) -> None:
        last = {(o.clock, o.key, o.started_at): (o.result, o.due_at, o.settled_at) for o in self.life.outcomes}
        assert last == self.model.verdicts

    @invariant()
    def no_verdict_is_given_twice(self) -> None:
        final = [(o.clock, o.key, o.started_at) for o in self.life.outcomes if o.result in FINAL_RESULTS]
        # A clock may start twice in one instant; then the earlier run had no length.
        for name in set(final):
            given = [o for o in self.life.outcomes if (o.clock, o.key, o.started_at) == name]
            assert sum(o.settled_at != o.started_at for o in given if o.result in FINAL_RESULTS) <= 1
        breaches = [(o.clock, o.key, o.started_at) for o in self.life.outcomes if o.result == "breached"]
        assert len(breaches) == len(set(breaches))

    @invariant()
    def the_journal_has_no_gap_and_only_rows_of_the_table(self) -> None:
        entries = self.life.entries
        assert [e.seq for e in entries] == list(range(len(entries)))
        assert self.life.petition.seq == len(entries)
        state: State | None = None
        for entry in entries:
            row = ROW_OF[state, EVENT_OF[entry.event]]
            assert row.to == entry.state
            assert Actor.parse(entry.actor).role in row.who
            state = entry.state

    @invariant()
    def what_is_over_has_no_clock_and_no_alarm(self) -> None:
        if self.life.petition.state in ENDED:
            assert self.life.petition.clocks == []
            assert wake_at(self.life.petition) is None

    @invariant()
    def the_state_survives_its_storage(self) -> None:
        petition = self.life.petition
        stored = msgspec.json.decode(encoded(petition), type=type(petition))
        assert stored == petition


TestPetitions = Petitions.TestCase
TestPetitions.settings = deep(25, steps=25)
