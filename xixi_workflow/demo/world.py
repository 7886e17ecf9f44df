"""The course of time: what people do reaches the engine, time passes, messages reach people, and they react.

How a step goes
---------------
1. Everything that people mean to do within the next few minutes is given to `Engine.handle` in one batch, each command
   with the exact instant at which it is given. A step ends early at the next alarm, so that the sweep is never late,
   and soon after a petition arrives, because the promise to answer within a minute is kept by the sweep.
2. `sweep` runs until nothing is due: routing, warnings, breaches, escalations, lapses.
3. `deliver_all` hands every message to this world, which is the sender; whoever is told reacts after a human delay.
   A step brings together what in life comes minute by minute, so nothing is bundled, throttled or kept for the morning.

Nothing here decides for the engine, and nothing but the next alarm is looked up in the database: people know what they
are told and what the screen showed after their last command, and are refused like anybody when they come too late.
"""

from __future__ import annotations

import heapq
import random
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from xixi_workflow.adapters.port import Outgoing, Receipt, Undeliverable, Unknown
from xixi_workflow.core.commands import FilePetition
from xixi_workflow.core.petition import Actor
from xixi_workflow.core.phones import dialled
from xixi_workflow.core.policy import Policy
from xixi_workflow.core.policy_schema import Cap, Quiet, SmsRules, Throttle
from xixi_workflow.demo.arrivals import Arrival
from xixi_workflow.demo.case import Case
from xixi_workflow.demo.centre import Centre
from xixi_workflow.demo.citizens import Citizens
from xixi_workflow.demo.field import Field
from xixi_workflow.demo.stage import Make, Then
from xixi_workflow.engine.deliver import deliver_all
from xixi_workflow.engine.handle import Done, Engine, Request
from xixi_workflow.engine.sweep import sweep
from xixi_workflow.store.board import next_alarm

#: The longest step of simulated time: a clock that starts within a step and is shorter would be noticed late.
QUANTUM = timedelta(minutes=15)
#: A filed petition is routed and dispatched this soon, as the alarm clock of the service does within milliseconds.
ROUTED_WITHIN = timedelta(seconds=3)
#: Time goes on even while an alarm cannot be dealt with.
_TICK = timedelta(seconds=1)
_ONE_BY_ONE = SmsRules.model_construct(
    quiet=Quiet(),
    daily_cap=Cap(),
    throttle=Throttle.model_construct(most=1000, within=0.0),
    bundle_from=1_000_000,
    late_after=86400.0,
    receipt_within=86400.0,
)
_PETITIONER = Actor("petitioner")
_OPERATOR = Actor("operator")
_TAKEN_BY_OPERATORS = frozenset({"phone", "walk_in", "visit"})


class _Deed(NamedTuple):
    """Something that somebody means to do. The heap compares instants, then the order of intentions."""

    at: datetime
    order: int
    case: Case
    make: Make
    then: Then | None
    files: bool


class World:
    """Everybody outside the engine. It is the sender that the engine delivers to."""

    name = "demo"

    def __init__(self, engine: Engine, policy: Policy, arrivals: Sequence[Arrival], seed: int) -> None:
        self._engine = engine
        self._deeds: list[_Deed] = []
        self._order = 0
        self._cases: dict[str, Case] = {}
        self._inbox: list[Outgoing] = []
        self.filed = 0
        self.refused: Counter[str] = Counter()
        self._ids = {dialled(person.phone, policy.main.country_code): name for name, person in policy.people.items()}
        self._citizens = Citizens(self)
        self._centre = Centre(self, policy)
        self._field = Field(self, policy, seed, self._centre.resolved)
        self._hears = self._citizens.hears | self._field.hears | self._centre.hears
        cases: list[Case] = []
        for arrival in arrivals:
            filing = arrival.filing
            rng = random.Random(f"{seed}/{filing.source}/{filing.source_id}")
            case = Case(rng, cases[arrival.twin] if arrival.twin >= 0 else None)
            case.bad_number = case.happens(0.006)
            cases.append(case)
            self._push(_Deed(arrival.at, self._next(), case, self._filing(filing), self._received, files=True))

    def later(self, at: datetime, case: Case, make: Make, then: Then | None = None) -> None:
        """See `stage.Stage`."""
        self._push(_Deed(at, self._next(), case, make, then, files=False))

    def run(self, start: datetime, end: datetime, told: Callable[[datetime], None]) -> None:
        """Let the world go on from `start` to `end`; `told(now)` is called after every step."""
        now = start
        while now < end:
            alarm = next_alarm(self._engine.store) or end
            if alarm <= now:
                alarm = now + _TICK
            first = min(alarm, self._deeds[0].at) if self._deeds else alarm
            deeds, now = self._until(min(max(first, now) + QUANTUM, alarm, end))
            self._do(deeds, now)
            while sweep(self._engine, now=now).more:
                pass
            deliver_all(self._engine, {"sms": self, "chat": self}, now=now, in_flight=1, rules=_ONE_BY_ONE)
            for message in self._heard():
                hears = self._hears.get(message.kind)
                if hears is not None:
                    hears(self._cases[message.petition], self._ids.get(message.address, ""), now)
            told(now)

    def send(self, message: Outgoing) -> Receipt:
        """Somebody's phone rings. Raises `Undeliverable` for a number that nobody has."""
        case = self._cases[message.petition]
        if case.bad_number and message.address not in self._ids:
            raise Undeliverable(permanent=True, reason="the number does not exist")
        self._inbox.append(message)
        return Receipt(message.id, self.name)

    def find(self, message: Outgoing) -> Receipt | Unknown | None:
        """No answer is ever lost here."""
        del message
        return Unknown()

    def _heard(self) -> list[Outgoing]:
        """The messages of this step in the order in which they were decided: databases claim them each in its own."""
        inbox, self._inbox = self._inbox, []
        return sorted(inbox, key=lambda message: [int(part) for part in message.id.split("/")])

    def _until(self, end: datetime) -> tuple[list[_Deed], datetime]:
        """What is to be done by the end of this step, and when that is."""
        deeds = []
        while self._deeds and self._deeds[0].at <= end:
            deed = heapq.heappop(self._deeds)
            if deed.files:
                end = min(end, deed.at + ROUTED_WITHIN)
            deeds.append(deed)
        return deeds, end

    def _do(self, deeds: list[_Deed], now: datetime) -> None:
        requests: list[Request] = []
        done_by: list[_Deed] = []
        for deed in deeds:
            request = deed.make(deed.at)
            if request is not None:
                requests.append(request)
                done_by.append(deed)
        for deed, request, done in zip(done_by, requests, self._engine.handle(requests, now=now), strict=True):
            self._learn(deed, request, done)

    def _learn(self, deed: _Deed, request: Request, done: Done) -> None:
        if done.refused is not None:
            self.refused[f"{request.command.happens}: {done.refused.code}"] += 1
            return
        case = deed.case
        case.seen, case.last_at = done.petition, deed.at
        if deed.then is not None:
            deed.then(case, request, deed.at)

    def _filing(self, filing: FilePetition) -> Make:
        actor = _OPERATOR if filing.channel in _TAKEN_BY_OPERATORS else _PETITIONER
        return lambda at: Request(0, filing, actor, at=at)

    def _received(self, case: Case, request: Request, at: datetime) -> None:
        del request
        self.filed += 1
        self._cases[str(case.number)] = case
        self._citizens.filed(case, at)
        self._centre.filed(case, at)

    def _next(self) -> int:
        self._order += 1
        return self._order

    def _push(self, deed: _Deed) -> None:
        heapq.heappush(self._deeds, deed)
