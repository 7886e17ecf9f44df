"""The course of time: what people do reaches the engine, time passes, messages reach people, and they react.

How a step goes
---------------
1. Everything that people mean to do within the next few minutes is given to `Engine.handle` in one batch, each command
   with the exact instant at which it is given. A step ends early at the next alarm, so that the sweep is never late,
   and soon after a petition arrives, because the promise to answer within a minute is kept by the sweep.
2. `sweep` runs until nothing is due: routing, warnings, breaches, escalations, lapses.
3. `deliver_all` hands every text to this world, which is the provider and all the telephones; whoever is told reacts
   after a human delay. A step brings together what in life comes minute by minute, so no message counts as late.

Most of what people do in the field, at home and on the way is an SMS to the engine (`texting.py`): kept, read, carried
out and answered as in life, all those of one step together.

Nothing here decides for the engine, and nothing but the next alarm is looked up in the database: people know what they
are told and what the screen showed after their last command, and are refused like anybody when they come too late.
"""

from __future__ import annotations

import heapq
import random
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from xixi_workflow.adapters.port import Outgoing, Receipt, Undeliverable, Unknown
from xixi_workflow.core.commands import FilePetition
from xixi_workflow.core.petition import Actor, Petition
from xixi_workflow.core.phones import dialled
from xixi_workflow.core.policy import Policy
from xixi_workflow.core.replies import no6
from xixi_workflow.demo.arrivals import Arrival
from xixi_workflow.demo.case import Case
from xixi_workflow.demo.centre import Centre
from xixi_workflow.demo.citizens import Citizens
from xixi_workflow.demo.field import Field
from xixi_workflow.demo.reading import Digests, kinds
from xixi_workflow.demo.stage import Make, Then
from xixi_workflow.demo.texting import PROVIDER, Post, Read, Written, body
from xixi_workflow.engine.compose import DIGEST
from xixi_workflow.engine.deliver import deliver_all
from xixi_workflow.engine.handle import Done, Engine, Request
from xixi_workflow.engine.sweep import sweep
from xixi_workflow.store.board import next_alarm
from xixi_workflow.store.writers import working

#: The longest step of simulated time: a clock that starts within a step and is shorter would be noticed late.
QUANTUM = timedelta(minutes=15)
#: A filed petition is routed and dispatched this soon, as the alarm clock of the service does within milliseconds.
ROUTED_WITHIN = timedelta(seconds=3)
#: Time goes on even while an alarm cannot be dealt with.
_TICK = timedelta(seconds=1)
#: Whoever is asked which petition is meant writes again so soon.
_AGAIN = timedelta(minutes=1)
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
    #: Once more, with the whole number.
    again: Request | None = None


class World:
    """Everybody outside the engine. It is the sender that the engine delivers to."""

    name = PROVIDER

    def __init__(
        self, engine: Engine, policy: Policy, arrivals: Sequence[Arrival], seed: int, texted: Mapping[str, float]
    ) -> None:
        self._engine = engine
        self._texted = texted
        self._deeds: list[_Deed] = []
        self._order = 0
        self._cases: dict[str, Case] = {}
        #: By number as texts show it; of two with the same one the younger is meant.
        self._shown: dict[str, Case] = {}
        self._inbox: list[Outgoing] = []
        self._policy = policy
        self._post = Post(engine)
        self._digests = Digests(policy)
        self._rules = policy.main.sms.model_copy(update={"late_after": 2 * QUANTUM.total_seconds()})
        self.filed = 0
        self.refused: Counter[str] = Counter()
        country = policy.main.country_code
        self._ids = {dialled(person.phone, country): name for name, person in policy.people.items()}
        self._numbers = {name: address for address, name in self._ids.items()}
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
            case.phone = dialled(filing.petitioner.phone, country)
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
            deliver_all(self._engine, {"sms": self, "chat": self}, now=now, in_flight=1, rules=self._rules)
            for message in self._heard():
                person = self._ids.get(message.address, "")
                if message.kind == DIGEST:
                    self._read_several(message.text, person, now)
                else:
                    self._hear(message.kind, message.petition, person, now)
            told(now)

    def send(self, message: Outgoing) -> Receipt:
        """Somebody's phone rings. Raises `Undeliverable` for a number that nobody has."""
        case = self._cases.get(message.petition)
        if case is not None and case.bad_number and message.address not in self._ids:
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

    def _hear(self, kind: str, petition: str, person: str, now: datetime) -> None:
        hears = self._hears.get(kind)
        if hears is not None:
            hears(self._cases[petition], person, now)

    def _read_several(self, text: str, person: str, now: datetime) -> None:
        """Whoever is told of several petitions looks them up and acts on each."""
        told = [(self._shown[no], asked) for no, asked in self._digests.read(text) if no in self._shown]
        seen = working(self._engine.store, {case.number for case, _ in told})
        for case, asked in told:
            case.seen = seen[case.number][0]
            for kind in kinds(asked, case.seen):
                self._hear(kind, str(case.number), person, now)

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
        meant = [(deed, request) for deed in deeds if (request := deed.again or deed.make(deed.at)) is not None]
        written = [one for one in (self._sms(deed, request) for deed, request in meant) if one is not None]
        # What is entered is decided before what was written is read: whoever does both within a step enters both.
        entered = Counter(request.number for _, request in meant) - Counter(one.case.number for one in written)
        texts = {id(one.request): one for one in written if one.case.number not in entered}
        by_hand = [(deed, request) for deed, request in meant if id(request) not in texts]
        by_sms = [(deed, texts[id(request)]) for deed, request in meant if id(request) in texts]
        requests = [request for _, request in by_hand]
        for (deed, request), done in zip(by_hand, self._engine.handle(requests, now=now), strict=True):
            self._learn(deed, request, done)
        if by_sms:
            for (deed, sms), read in zip(by_sms, self._post.bring([sms for _, sms in by_sms], now), strict=True):
                self._learn_by_sms(deed, sms, read)

    def _sms(self, deed: _Deed, request: Request) -> Written | None:
        """The command as an SMS, if its giver would rather write one."""
        case, actor = deed.case, request.actor
        if deed.files or request.occurred_at is not None:
            return None
        address = self._numbers.get(actor.id, "") if actor.id else case.phone if actor == _PETITIONER else ""
        if not address or (deed.again is None and not case.happens(self._texted.get(actor.role, 0.0))):
            return None
        text = body(request, self._policy, case.rng, exact=deed.again is not None)
        return Written(deed.at, address, text, request, case) if text else None

    def _learn_by_sms(self, deed: _Deed, sms: Written, read: Read) -> None:
        if read.unclear and deed.again is None:
            self._push(deed._replace(at=deed.at + _AGAIN, order=self._next(), again=sms.request))
        elif read.done:
            self._done(deed, sms.request, read.petition)
        else:
            self.refused[f"{sms.request.command.happens}: {read.outcome}"] += 1

    def _learn(self, deed: _Deed, request: Request, done: Done) -> None:
        if done.refused is not None:
            self.refused[f"{request.command.happens}: {done.refused.code}"] += 1
        else:
            self._done(deed, request, done.petition)

    def _done(self, deed: _Deed, request: Request, petition: Petition | None) -> None:
        case = deed.case
        case.seen, case.last_at = petition, deed.at
        if deed.then is not None:
            deed.then(case, request, deed.at)

    def _filing(self, filing: FilePetition) -> Make:
        actor = _OPERATOR if filing.channel in _TAKEN_BY_OPERATORS else _PETITIONER
        return lambda at: Request(0, filing, actor, at=at)

    def _received(self, case: Case, request: Request, at: datetime) -> None:
        del request
        self.filed += 1
        self._cases[str(case.number)] = case
        self._shown[no6(case.number)] = case
        self._citizens.filed(case, at)
        self._centre.filed(case, at)

    def _next(self) -> int:
        self._order += 1
        return self._order

    def _push(self, deed: _Deed) -> None:
        heapq.heappush(self._deeds, deed)
