"""Living petitions again under other rules: what people did is held fixed, what the house did is judged anew.

Theory of operation
-------------------
A journal holds what was asked and when it was heard. `lived` reads the deeds back from it and lives them again under
the rules and the roster of the time; `relived` lives the same deeds, each at its own instant, under others. Between two
deeds time passes at every instant at which it changes something, so that warnings, breaches and rings come as they
would have come to a house that never slept. Both go through the same judge in the same steps: what differs between the
two courses differs because of the rules alone.

Rules of the comparison
-----------------------
* A deed is held at its instant whoever would have had to do it. Where the other rules do not know its person, team,
  reason or result, the nearest that they know stands in (`_STAND_IN`), and that is counted.
* Categories that the house chose by words are chosen anew, and with them the team; what an operator routed stays. Where
  the other rules leave a dispatch to an operator, the house's own dispatch is kept: nobody knows when one would have.
* An acknowledgement answers whatever rings at its instant. Nobody acknowledges what did not ring at the time, so a
  ladder that repeats until somebody answers is counted at its longest.
* A deed that the other rules refuse is left out and told (`Course.refused`); one that became idle, because what it
  answered does not happen (`_IDLE`), is counted apart.
* Merges stay merges, and a main petition's answer reaches the merged ones at the instant at which it did.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, NamedTuple

import msgspec

from xixi_workflow.core import commands as c
from xixi_workflow.core import decide as judge
from xixi_workflow.core.commands import Command
from xixi_workflow.core.lifecycle import EVENT_OF
from xixi_workflow.core.petition import Actor, Entry, Message, Outcome, Petition
from xixi_workflow.core.policy import Policy
from xixi_workflow.core.replay import TIME_FACTS, command_of
from xixi_workflow.core.work import Decision, Refused, wake_at

#: The rules and the roster by which an instant is judged.
PolicyAt = Callable[[datetime], Policy]
#: What the category rules make of a petition's text.
Routing = Callable[[], tuple[c.RoutePetition, c.DispatchPetition | None]]
#: Clock, assisting team, start: one run of a clock.
Run = tuple[str, str, datetime]

_FILED: Final = msgspec.json.Decoder(judge.Filed)
#: What became of a deed that was not done as it is written.
KEPT: Final = "dispatch_kept"


class Deed(NamedTuple):
    """Something that somebody did, or the house's own routing and dispatch (`house`)."""

    event: str
    command: Command | judge.Filed
    actor: Actor
    #: When it was decided; `happened` when it happened, if that is earlier.
    now: datetime
    happened: datetime | None
    house: bool
    #: An acknowledgement by somebody of whom it was awaited.
    owed: bool = False


class Told(NamedTuple):
    """A message, when it was decided, and for whom: a person id or `petitioner`."""

    at: datetime
    message: Message


class Left(NamedTuple):
    """A deed that could not be done again."""

    event: str
    refused: Refused


class Course(msgspec.Struct):
    """How a petition went, up to an instant."""

    petition: Petition | None = None
    #: The last verdict of each run.
    runs: dict[Run, Outcome] = {}
    #: What was told from the asked instant on.
    told: list[Told] = []
    #: Rings of ladders from that instant on, by level (0: a breach without one), and how many were repeats.
    levels: Counter[int] = msgspec.field(default_factory=Counter)
    repeats: int = 0
    deeds: int = 0
    refused: list[Left] = []
    #: Deeds that had become idle.
    idle: int = 0
    #: Deeds for which something stood in, by event and reason.
    stood_in: Counter[tuple[str, str]] = msgspec.field(default_factory=Counter)


class UnreadableError(Exception):
    """A line of the journal that no command of today can have written."""


def lived(
    entries: Sequence[Entry], *, number: int, policy_at: PolicyAt, since: datetime, until: datetime
) -> tuple[Course, list[Deed]]:
    """How a petition went by its own rules, and its deeds. `entries` are all its lines, from seq 0 on.

    What was heard from `until` on is not looked at; what was told before `since` is not kept. A deed that its own
    rules refuse (the roster of that very moment was another) stands in `Course.refused`. Raises `UnreadableError`.
    """
    life = _Life(number, policy_at, since)
    deeds: list[Deed] = []
    followed = 0
    for entry in entries:
        if entry.noticed_at >= until:
            break
        if entry.event in TIME_FACTS:
            continue
        if followed:
            # The line of what the deed before it caused by itself.
            followed -= 1
            continue
        deed = _deed(entry)
        if isinstance(deed.command, c.Acknowledge) and life.course.petition is not None:
            life.passes(deed.now)
            deed = deed._replace(owed=deed.actor.id in _awaited(life.course.petition, deed.command))
        deeds.append(deed)
        made = life.does(deed)
        if made is not None:
            followed = sum(e.event not in TIME_FACTS for e in made.entries) - 1
    life.passes(until)
    return life.course, deeds


def relived(
    deeds: Sequence[Deed],
    *,
    number: int,
    policy_at: PolicyAt,
    since: datetime,
    until: datetime,
    routing: Routing | None = None,
) -> Course:
    """The same deeds under other rules. `routing` is asked where the house routed; None keeps what it chose."""
    life = _Life(number, policy_at, since, lenient=True, routing=routing)
    sent = False
    for deed in deeds:
        if deed.house and routing is not None:
            if deed.event == "route":
                route, further = routing()
                if life.does(deed._replace(command=route)) is not None and further is not None:
                    sent = life.does(deed._replace(event="dispatch", command=further)) is not None
                continue
            if sent:
                continue
            life.course.stood_in["dispatch", KEPT] += 1
        life.does(deed)
    life.passes(until)
    return life.course


def in_order(runs: dict[Run, Outcome]) -> dict[tuple[str, str, int], Outcome]:
    """The runs of each clock numbered from 0: the same run in two courses has the same number, whenever it began."""
    numbers: Counter[tuple[str, str]] = Counter()
    found = {}
    for (clock, key, _), outcome in sorted(runs.items(), key=lambda run: run[0][2]):
        found[clock, key, numbers[clock, key]] = outcome
        numbers[clock, key] += 1
    return found


def _deed(entry: Entry) -> Deed:
    try:
        command = _FILED.decode(entry.data) if entry.event == "filed" else command_of(entry)
        actor = Actor.parse(entry.actor)
        event = EVENT_OF[entry.event]
    except (KeyError, ValueError, msgspec.MsgspecError) as error:
        raise UnreadableError(f"line {entry.seq}: {error}") from error
    happened = entry.at if entry.at != entry.noticed_at else None
    house = actor.role == "system" and event in ("route", "dispatch")
    return Deed(event, command, actor, entry.noticed_at, happened, house)


class _Life:
    """A petition that is being lived."""

    def __init__(
        self,
        number: int,
        policy_at: PolicyAt,
        since: datetime,
        *,
        lenient: bool = False,
        routing: Routing | None = None,
    ) -> None:
        self.course = Course()
        self._number = number
        self._policy_at = policy_at
        self._since = since
        self._lenient = lenient
        self._routing = routing

    def does(self, deed: Deed) -> Decision | None:
        """Let time pass up to the deed, and do it; None where it is refused, which is written down."""
        course = self.course
        course.deeds += 1
        self.passes(deed.now)
        made = self._judged(deed)
        if isinstance(made, Refused) and self._lenient and course.petition is not None:
            instead = _stand_in(deed, made, course.petition, self._policy_at(deed.now), self._routing)
            again = self._judged(instead) if instead else made
            if not isinstance(again, Refused):
                course.stood_in[deed.event, made.code] += 1
                made = again
        if isinstance(made, Refused):
            if (deed.event, made.code) in _IDLE or self._overtaken(deed, made):
                course.idle += 1
            else:
                course.refused.append(Left(deed.event, made))
            return None
        self._keep(made, deed.now)
        return made

    def passes(self, until: datetime) -> None:
        """What time does before `until`, each at its instant."""
        while (petition := self.course.petition) is not None:
            # What waits for routing is looked at by nobody else.
            at = None if petition.state == "received" else wake_at(petition)
            if at is None or at >= until:
                return
            made = judge.let_time_pass(petition, self._policy_at(at), now=at)
            self._keep(made, at)
            if wake_at(made.petition) == at:
                raise AssertionError(f"petition {self._number} would be looked at for ever")

    def _judged(self, deed: Deed) -> Decision | Refused:
        policy, command, actor = self._policy_at(deed.now), deed.command, deed.actor
        petition = self.course.petition
        if isinstance(command, judge.Filed):
            return judge.file(command, actor, policy, number=self._number, now=deed.now)
        if petition is None:
            return Refused("no_such_petition", event=deed.event)
        if self._lenient and deed.owed and isinstance(command, c.Acknowledge):
            actor = self._whoever_was_told(petition, command, actor)
        return judge.decide(petition, command, actor, policy, now=deed.now, occurred_at=deed.happened)

    def _whoever_was_told(self, petition: Petition, command: c.Acknowledge, actor: Actor) -> Actor:
        """Who acknowledges: another roster told another person, who does what this one did."""
        awaited = _awaited(petition, command)
        if not awaited or actor.id in awaited:
            return actor
        self.course.stood_in["acknowledge", "not_told"] += 1
        return Actor(actor.role, awaited[0])

    def _overtaken(self, deed: Deed, refused: Refused) -> bool:
        """An operator dispatched what the house has dispatched by itself already."""
        return (
            self._lenient
            and deed.event == "dispatch"
            and refused.code == "not_in_state"
            and refused.state == "dispatched"
        )

    def _keep(self, made: Decision, at: datetime) -> None:
        course = self.course
        course.petition = made.petition
        for outcome in made.outcomes:
            course.runs[outcome.clock, outcome.key, outcome.started_at] = outcome
        if at < self._since:
            return
        course.told += [Told(at, message) for message in made.messages]
        for entry in made.entries:
            if entry.event in ("breached", "escalated"):
                fact = json.loads(entry.data)
                course.levels[fact.get("level", 0)] += 1
                course.repeats += fact.get("repeat", 0) > 0


def _awaited(petition: Petition, command: c.Acknowledge) -> list[str]:
    """Of whom an acknowledgement of these clocks is awaited, who were told."""
    climbs = [clock.climb for clock in petition.clocks if clock.name == (command.clock or clock.name)]
    return [who for climb in climbs if climb is not None for _, who in climb.awaited]


#: Deeds that answer something which, under other rules, may not happen.
_IDLE: Final = frozenset(
    {
        ("acknowledge", "nothing_to_acknowledge"),
        ("escalate_to", "nothing_to_escalate"),
        ("escalate_to", "level_rung_already"),
    }
)


def _stand_in(deed: Deed, refused: Refused, petition: Petition, policy: Policy, routing: Routing | None) -> Deed | None:
    """The nearest that `policy` knows to a deed of people, teams or codes that it does not; None: there is none."""
    command, main = deed.command, policy.main
    instead: Command | None = None
    actor = deed.actor
    match command, refused.code:
        case c.AcceptPetition(), "unknown_person" | "not_of_this_team":
            # One of those on duty; by the number, so that the work is spread and a repetition gives the same.
            able = policy.handlers_on_duty(petition.lead, deed.now) if petition.lead in policy.teams else ("",)
            instead, actor = c.AcceptPetition(able[petition.id % len(able)]), Actor(deed.actor.role)
        case c.RoutePetition(), "unknown_category" | "unknown_team":
            known = command.category if command.category in policy.categories else policy.fallback
            instead = routing()[0] if routing else c.RoutePetition(known, urgency=command.urgency)
        case c.DispatchPetition(), "unknown_team":
            instead = c.DispatchPetition(note=command.note)
        case c.DispatchPetition(), "same_team":
            # The team that gave it back has it again: the centre did not accept the return.
            instead = c.RefuseReturn(command.note.strip() or "—")
        case c.ReturnPetition(), "unknown_reason":
            instead = c.ReturnPetition(next(iter(main.return_reasons)), command.text)
        case c.RequestHold(), "unknown_reason":
            instead = c.RequestHold(next(iter(main.hold_reasons)), command.text, command.seconds)
        case c.RejectPetition(), "unknown_reason":
            instead = c.RejectPetition(next(iter(main.reject_reasons)), command.text)
        case c.ResolvePetition(), "unknown_result":
            instead = c.ResolvePetition(next(iter(main.results)), command.answer)
    return None if instead is None else deed._replace(command=instead, actor=actor)
