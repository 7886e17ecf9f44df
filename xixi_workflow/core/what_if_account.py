"""What differs between two courses of the same month: promises, people, texts. Sums only; nothing of a life is kept.

A run of a clock counts where it was due in the month, as in the month's figures (`kpi_table`): by the rules of the time
and by the others each by its own due instant. `newly_missed` and `no_longer_missed` compare run with run, wherever at
least one of the two was due in the month. How late a run was is wall time, up to the cut-off where it was still open.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Final, Literal, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from xixi_workflow.core.kpi import Spans, rate, spans
from xixi_workflow.core.kpi_table import JUDGED, MISSED
from xixi_workflow.core.petition import Outcome
from xixi_workflow.core.what_if import Course, Told, in_order
from xixi_workflow.core.work import Refused

Side = Literal["then", "now"]
SIDES: Final[tuple[Side, Side]] = ("then", "now")
#: Petitions of these ends are in no rate, see `kpi_table`.
_EXCLUDED: Final = ("rejected", "withdrawn")
#: Hours of the city's day in which a message wakes somebody: from 22 up to 7.
NIGHT: Final = (22, 7)
#: Petitions named as examples of a deed that could not be done again.
_EXAMPLES: Final = 5


class Both(msgspec.Struct, frozen=True):
    """The same number by the rules of the time and by the others."""

    then: int
    now: int


class Kept(msgspec.Struct, frozen=True):
    """How one clock was kept: runs due in the month, of these on time, and how late the others were (seconds)."""

    due: int
    on_time: int
    percent: float | None
    late: Spans


class Verdict(msgspec.Struct, frozen=True):
    """What became of a run; `late` in seconds, None unless it was missed."""

    result: str
    due_at: datetime
    settled_at: datetime | None
    late: int | None


class Changed(msgspec.Struct, frozen=True):
    """A run that one of the two missed and the other did not. None: the run does not exist, or is not due yet."""

    petition: int
    clock: str
    #: The team that answers for it.
    team: str
    then: Verdict | None
    now: Verdict | None


class Compared(msgspec.Struct, frozen=True):
    """One clock; None where those rules have no such clock."""

    clock: str
    then: Kept
    now: Kept
    newly_missed: int
    no_longer_missed: int
    still_missed: int
    #: The worst of each, as many as were asked for.
    newly: list[Changed]
    no_longer: list[Changed]


class Rung(msgspec.Struct):
    """What one person was told: messages, those between 22 and 7, the highest level of a ladder that reached them."""

    messages: int = 0
    night: int = 0
    level: int = 0
    #: Texts and the segments that they are billed as; a message by another way costs none.
    sms: int = 0
    segments: int = 0


class Person(msgspec.Struct, frozen=True):
    """A person id, and what they were told by either rules."""

    person: str
    then: Rung
    now: Rung


class Kind(msgspec.Struct, frozen=True):
    """A kind of message: how many, as SMS, and in how many segments."""

    kind: str
    then: Rung
    now: Rung


class NotDone(msgspec.Struct, frozen=True):
    """Deeds that the other rules refuse, alike in event, reason and state; `refused` is the first of them."""

    event: str
    code: str
    n: int
    refused: Refused
    petitions: list[int]


class StoodIn(msgspec.Struct, frozen=True):
    """Deeds for which the nearest stood in that the other rules know."""

    event: str
    code: str
    n: int


class _Kept(NamedTuple):
    """Runs of one clock on one side; `late` counts seconds."""

    judged: Counter[bool]
    late: Counter[int]


#: How a message goes: (SMS, segments).
Cost = Callable[[Told], tuple[int, int]]


class Account:
    """Sums over petitions. `start` and `end` are the month's, `until` is the cut-off."""

    def __init__(self, start: datetime, end: datetime, until: datetime, zone: ZoneInfo, *, listed: int) -> None:
        self._month = start, end
        self._until = until
        self._zone = zone
        self._listed = listed
        self.petitions = self.deeds = self.idle = 0
        #: Petitions with at least one run that is newly missed, or no longer.
        self.worse = self.better = 0
        #: Of the first, those with a deed that the other rules refuse: an extension asked for too late.
        self.worse_by_refusal = 0
        self._kept: dict[Side, defaultdict[str, _Kept]] = {
            side: defaultdict(lambda: _Kept(Counter(), Counter())) for side in SIDES
        }
        self._moved: dict[str, Counter[str]] = defaultdict(Counter)
        self._worst: dict[tuple[str, str], list[Changed]] = defaultdict(list)
        self._people: dict[str, dict[Side, Rung]] = defaultdict(lambda: {side: Rung() for side in SIDES})
        self._kinds: dict[str, dict[Side, Rung]] = defaultdict(lambda: {side: Rung() for side in SIDES})
        self._levels: dict[Side, Counter[int]] = {side: Counter() for side in SIDES}
        self._repeats: Counter[Side] = Counter()
        self._refused: dict[tuple[str, str, str], tuple[Refused, list[int], list[int]]] = {}
        self._stood_in: Counter[tuple[str, str]] = Counter()

    def add(self, number: int, then: Course, now: Course, cost: dict[Side, Cost]) -> None:
        """One petition's two courses. `cost` says what a message of each side costs."""
        self.petitions += 1
        self.deeds += now.deeds
        self.idle += now.idle
        courses: dict[Side, Course] = {"then": then, "now": now}
        for side, course in courses.items():
            self._promises(side, course)
            self._levels[side].update(course.levels)
            self._repeats[side] += course.repeats
            for told in course.told:
                self._tell(side, told, cost[side](told))
        self._compare(number, then, now)
        for left in now.refused:
            key = left.event, left.refused.code, left.refused.state
            example = msgspec.structs.replace(left.refused, allowed=())
            refused = self._refused.setdefault(key, (example, [0], []))
            refused[1][0] += 1
            if len(refused[2]) < _EXAMPLES and number not in refused[2]:
                refused[2].append(number)
        self._stood_in.update(now.stood_in)

    # --- promises -----------------------------------------------------------------------------------------------------

    def _judged(self, course: Course, outcome: Outcome | None) -> bool:
        excluded = course.petition is not None and course.petition.state in _EXCLUDED
        return outcome is not None and outcome.result in JUDGED and not excluded

    def _in_month(self, outcome: Outcome) -> bool:
        return self._month[0] <= outcome.due_at < self._month[1]

    def _late(self, outcome: Outcome) -> int | None:
        if outcome.result not in MISSED:
            return None
        return max(0, int(((outcome.settled_at or self._until) - outcome.due_at).total_seconds()))

    def _promises(self, side: Side, course: Course) -> None:
        for (clock, _, _), outcome in course.runs.items():
            if self._judged(course, outcome) and self._in_month(outcome):
                kept, late = self._kept[side][clock], self._late(outcome)
                kept.judged[late is None] += 1
                if late is not None:
                    kept.late[late] += 1

    def _compare(self, number: int, then: Course, now: Course) -> None:
        was, is_ = in_order(then.runs), in_order(now.runs)
        worse = better = False
        for run in was.keys() | is_.keys():
            a, b = was.get(run), is_.get(run)
            if not any(o is not None and self._in_month(o) for o in (a, b)):
                continue
            missed = self._judged(then, a) and a.result in MISSED, self._judged(now, b) and b.result in MISSED  # type: ignore[union-attr]
            if not any(missed):
                continue
            how = "still" if all(missed) else "newly" if missed[1] else "no_longer"
            clock = run[0]
            self._moved[clock][how] += 1
            if how != "still":
                worse, better = worse or how == "newly", better or how == "no_longer"
                team = (b or a).team  # type: ignore[union-attr]
                self._note(clock, how, Changed(number, clock, team, self._verdict(a), self._verdict(b)))
        self.worse += worse
        self.worse_by_refusal += worse and bool(now.refused)
        self.better += better

    def _verdict(self, outcome: Outcome | None) -> Verdict | None:
        if outcome is None:
            return None
        return Verdict(outcome.result, outcome.due_at, outcome.settled_at, self._late(outcome))

    def _note(self, clock: str, how: str, changed: Changed) -> None:
        worst = self._worst[clock, how]
        worst.append(changed)
        if len(worst) > 10 * self._listed + 100:
            self._worst[clock, how] = _worst(worst, self._listed)

    # --- people and texts ---------------------------------------------------------------------------------------------

    def _tell(self, side: Side, told: Told, cost: tuple[int, int]) -> None:
        hour = told.at.astimezone(self._zone).hour
        night = hour >= NIGHT[0] or hour < NIGHT[1]
        message = told.message
        for rung in (self._people[message.to][side], self._kinds[message.kind][side]):
            rung.messages += 1
            rung.night += night
            rung.level = max(rung.level, message.vars.level)
            rung.sms += cost[0]
            rung.segments += cost[1]

    # --- results ------------------------------------------------------------------------------------------------------

    def clocks(self, names: Iterable[str]) -> list[Compared]:
        """The clocks of `names`, in their order."""
        return [
            Compared(
                name,
                self._side("then", name),
                self._side("now", name),
                self._moved[name]["newly"],
                self._moved[name]["no_longer"],
                self._moved[name]["still"],
                _worst(self._worst[name, "newly"], self._listed),
                _worst(self._worst[name, "no_longer"], self._listed),
            )
            for name in names
        ]

    def _side(self, side: Side, clock: str) -> Kept:
        kept = self._kept[side][clock]
        due, on_time = kept.judged.total(), kept.judged[True]
        percent = rate(on_time, due).percent
        return Kept(due, on_time, None if percent is None else float(percent), spans(kept.late))

    def people(self) -> list[Person]:
        """Everybody of the staff who was told something, whoever gains or loses most nights first."""
        found = [Person(who, **sides) for who, sides in self._people.items() if who != "petitioner"]
        return sorted(found, key=lambda p: (-abs(p.now.night - p.then.night), -abs(_more(p)), p.person))

    def petitioners(self) -> Person:
        """What petitioners were told."""
        return Person("petitioner", **self._people["petitioner"])

    def kinds(self) -> list[Kind]:
        """Every kind of message, most messages first."""
        found = [Kind(kind, **sides) for kind, sides in self._kinds.items()]
        return sorted(found, key=lambda k: (-max(k.then.messages, k.now.messages), k.kind))

    def levels(self) -> dict[int, Both]:
        """Rings by level."""
        then, now = self._levels["then"], self._levels["now"]
        return {level: Both(then[level], now[level]) for level in sorted(then.keys() | now.keys())}

    def repeats(self) -> Both:
        """Rings that were repeats."""
        return Both(self._repeats["then"], self._repeats["now"])

    def not_done(self) -> list[NotDone]:
        """What could not be done again, most first."""
        found = [
            NotDone(event, code, count[0], refused, petitions)
            for (event, code, _), (refused, count, petitions) in self._refused.items()
        ]
        return sorted(found, key=lambda x: (-x.n, x.event, x.code, x.refused.state))

    def stood_in(self) -> list[StoodIn]:
        """What was done by the nearest that stood in, most first."""
        return [StoodIn(*key, n) for key, n in sorted(self._stood_in.items(), key=lambda x: (-x[1], x[0]))]


def _more(person: Person) -> int:
    return person.now.messages - person.then.messages


def _worst(changed: list[Changed], most: int) -> list[Changed]:
    """The latest first, by whichever of the two was late."""

    def late(one: Changed) -> int:
        return max((v.late for v in (one.then, one.now) if v is not None and v.late is not None), default=0)

    return sorted(changed, key=lambda one: (-late(one), one.petition, one.clock))[:most]
