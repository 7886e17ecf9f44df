"""One petition's life in a test: its state, and everything that every decision about it wrote."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from tests.core.policies import MONDAY, small_policy
from xixi_workflow.core import commands as c
from xixi_workflow.core import decide as judge
from xixi_workflow.core.commands import Command
from xixi_workflow.core.lifecycle import Role
from xixi_workflow.core.petition import Actor, Clock, Entry, Message, Outcome, Petition
from xixi_workflow.core.policy import Policy
from xixi_workflow.core.work import Decision, Refused

SMALL = small_policy()
#: The number of the petition in most tests.
NUMBER = 20260601000001

PETITIONER = Actor("petitioner")
OPERATOR = Actor("operator", "operator-1")
HANDLER = Actor("handler", "police-1")
SUPERVISOR = Actor("supervisor", "supervisor-1")
LEADER = Actor("leader", "commander-1")
SYSTEM = Actor("system")
ACTORS: dict[Role, Actor] = {a.role: a for a in (PETITIONER, OPERATOR, HANDLER, SUPERVISOR, LEADER, SYSTEM)}

ACCEPT = c.AcceptPetition()
INTERIM = c.ReportInterim("已到现场")
RESOLVE = c.ResolvePetition("solved", "已处理完毕")
HOLD = c.RequestHold("third_party")
APPROVE_HOLD = c.ApproveHold()
EXTEND = c.RequestExtension(6 * 3600, "需要更多时间")
APPROVE_EXTENSION = c.ApproveExtension()
RETURN = c.ReturnPetition("not_my_duty")
SATISFIED = c.RatePetition("satisfied")
DISSATISFIED = c.RatePetition("dissatisfied")


def span(text: str) -> timedelta:
    """`1d 2h 3m 4s 5u` in any selection; `u` is a microsecond, a leading minus goes back."""
    sign = -1 if text.startswith("-") else 1
    units = {"d": 86_400_000_000, "h": 3_600_000_000, "m": 60_000_000, "s": 1_000_000, "u": 1}
    return sign * timedelta(microseconds=sum(int(p[:-1]) * units[p[-1]] for p in text.lstrip("-").split()))


def after(text: str) -> datetime:
    """The instant that long after `MONDAY`, when petitions in tests are received."""
    return MONDAY + span(text)


def encoded(petition: Petition) -> bytes:
    """All of a petition, for comparing."""
    return msgspec.json.encode(petition)


class Life:
    """A petition that is filed at `MONDAY` and driven from there."""

    def __init__(
        self,
        policy: Policy,
        *,
        received_at: datetime = MONDAY,
        filed_at: datetime | None = None,
        surveyable: bool = True,
        reachable: bool = True,
        number: int = NUMBER,
    ) -> None:
        self.policy = policy
        self.entries: list[Entry] = []
        self.outcomes: list[Outcome] = []
        self.messages: list[Message] = []
        self.follow: list[tuple[int, Command]] = []
        self.last: Decision
        facts = judge.Filed("code", "1", "digest", received_at, surveyable=surveyable, reachable=reachable)
        decision = judge.file(facts, SYSTEM, policy, number=number, now=filed_at or received_at)
        assert isinstance(decision, Decision), decision
        self._keep(decision)

    def tries(
        self, command: Command, actor: Actor, at: datetime, *, happened: datetime | None = None
    ) -> Decision | Refused:
        """Judge without keeping; the petition must come out of it as it was."""
        before = encoded(self.petition)
        made = judge.decide(self.petition, command, actor, self.policy, now=at, occurred_at=happened)
        assert encoded(self.petition) == before
        return made

    def does(self, command: Command, actor: Actor, at: datetime, *, happened: datetime | None = None) -> Life:
        """Judge and keep; a refusal fails the test."""
        made = self.tries(command, actor, at, happened=happened)
        assert isinstance(made, Decision), made
        self._keep(made)
        return self

    def sweeps(self, at: datetime) -> Life:
        """Let time pass up to `at`."""
        before = encoded(self.petition)
        decision = judge.let_time_pass(self.petition, self.policy, now=at)
        assert encoded(self.petition) == before
        self._keep(decision)
        return self

    def dispatched(self, at: str = "10s", team: str = "police") -> Life:
        """Routed and dispatched by the centre."""
        category = {"police": "NOISE", "urban": "STALL", "market": "OTHER"}[team]
        self.does(c.RoutePetition(category, team=team), SYSTEM, after(at))
        return self.does(c.DispatchPetition(), SYSTEM, after(at))

    def in_progress(self, at: str = "1m") -> Life:
        """Dispatched to the police and accepted by one of them."""
        return self.dispatched().does(ACCEPT, HANDLER, after(at))

    def on_hold(self, since: str = "1h", seconds: float | None = None) -> Life:
        """In progress, then on hold from `since`."""
        hold = c.RequestHold("third_party", seconds=seconds)
        return self.in_progress().does(hold, HANDLER, after(since)).does(APPROVE_HOLD, SUPERVISOR, after(since))

    def clock(self, name: str, key: str = "") -> Clock:
        """The running clock of that name."""
        (clock,) = (x for x in self.petition.clocks if x.name == name and x.key == key)
        return clock

    def running(self) -> set[str]:
        """Names of running clocks."""
        return {clock.name for clock in self.petition.clocks}

    def verdicts(self, name: str) -> list[Outcome]:
        """What is on record for a clock: the last word for each time it was started."""
        last = {(o.clock, o.key, o.started_at): o for o in self.outcomes}
        return [o for o in last.values() if o.clock == name]

    def verdict(self, name: str) -> Outcome:
        """The only verdict on a clock."""
        (outcome,) = self.verdicts(name)
        return outcome

    def happened(self, *events: str) -> list[tuple[str, datetime]]:
        """Journal lines of these kinds: event and when it happened."""
        return [(e.event, e.at) for e in self.entries if e.event in events]

    def facts(self, event: str, clock: str) -> list[datetime]:
        """When time did that to the clock, by the journal."""
        return [
            e.at for e in self.entries if e.event == event and e.data and msgspec.json.decode(e.data)["clock"] == clock
        ]

    def told(self, kind: str) -> list[str]:
        """Whom messages of this kind went to, ever."""
        return [m.to for m in self.messages if m.kind == kind]

    def _keep(self, decision: Decision) -> None:
        self.last = decision
        self.petition = decision.petition
        self.entries += decision.entries
        self.outcomes += decision.outcomes
        self.messages += decision.messages
        self.follow += decision.follow


def ticking(clock: str, policy: Policy = SMALL) -> Life:
    """A petition in which that clock runs."""
    life = Life(policy)
    if clock == "response":
        return life
    if clock == "acceptance":
        return life.dispatched()
    life.in_progress()
    if clock == "assistance":
        return life.does(c.AskAssist("urban"), HANDLER, after("2h"))
    if clock == "callback":
        return life.does(RESOLVE, HANDLER, after("21h"))
    return life


def rings(life: Life, clock: str) -> list[tuple[datetime, int]]:
    """When a clock's ladder rang, and on which level."""
    data = [(e.at, e.data) for e in life.entries if e.event in ("breached", "escalated") and f'"{clock}"' in e.data]
    return [(at, int(text.split('"level":')[1][0])) for at, text in data if '"level"' in text]
