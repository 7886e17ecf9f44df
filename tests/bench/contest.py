"""Rounds, medians and ratios: who runs, in which order, and what comes of it."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field

from tests.bench.contestant import Contestant
from tests.bench.meter import Lateness, Meter, Reading
from tests.bench.place import Place

FLOOR = "floor"
OURS = "ours"


@dataclass(frozen=True, slots=True)
class Entrant:
    """A contestant with the database it runs on; ``state`` sets two databases of one apart."""

    side: str
    contestant: Contestant
    opened: Callable[[], AbstractContextManager[str]]
    state: str = ""

    @property
    def name(self) -> str:
        """How the table calls it."""
        return f"{self.side} {self.state}".rstrip()


@dataclass(frozen=True, slots=True)
class Played:
    """How much was done, how late, and in what wall time if the meter's own is not the one."""

    count: int
    delays: Sequence[float] = ()
    wall: float | None = None
    remark: str = ""


Play = Callable[[Contestant, str, Meter, int], Played]
"""One round: contestant, URL, meter, number of the round from 0."""


@dataclass(frozen=True, slots=True)
class Case:
    """One table: what is counted (``unit``) and how a round is played."""

    title: str
    unit: str
    play: Play


@dataclass(frozen=True, slots=True)
class Round:
    """One entrant's one round."""

    played: Played
    reading: Reading

    @property
    def wall(self) -> float:
        """Seconds from begin to end."""
        return self.reading.wall if self.played.wall is None else self.played.wall

    @property
    def rate(self) -> float:
        """Units a second."""
        return self.played.count / self.wall

    @property
    def cpu_ms(self) -> float:
        """Milliseconds of CPU a unit, client and database server."""
        return 1e3 * self.reading.cpu / self.played.count

    @property
    def server_cpu_ms(self) -> float:
        """Milliseconds of the database server's CPU a unit."""
        return 1e3 * self.reading.server_cpu / self.played.count


@dataclass(slots=True)
class Record:
    """All rounds of one entrant in one case, or why there are none."""

    name: str
    side: str
    state: str
    rounds: list[Round] = field(default_factory=list)
    missing: str = ""

    def median(self, of: Callable[[Round], float]) -> float:
        """The median over the rounds."""
        return statistics.median(of(one) for one in self.rounds)

    def lateness(self) -> Lateness | None:
        """Delays of all rounds together, when the case has any."""
        delays = [delay for one in self.rounds for delay in one.played.delays]
        return Lateness.of(delays) if delays else None


@dataclass(frozen=True, slots=True)
class Result:
    """One case, played."""

    case: Case
    records: Sequence[Record]

    def ratio(self, above: Record, below: Record, of: Callable[[Round], float]) -> float | None:
        """Median over the rounds of one entrant's figure divided by the other's of that round.

        Both ran one after the other, so a neighbour's load weighs on both; None when a figure is
        missing or nothing (a CPU time below the clock's tick).
        """
        pairs = [(of(one), of(other)) for one, other in zip(above.rounds, below.rounds, strict=False)]
        quotients = [one / other for one, other in pairs if other]
        return statistics.median(quotients) if quotients else None

    def pairs(self) -> Iterator[tuple[Record, Record]]:
        """Ours beside the floor, state by state, where both were measured."""
        for ours in self.records:
            for floor in self.records:
                same = ours.state == floor.state and (ours.side, floor.side) == (OURS, FLOOR)
                if same and ours.rounds and floor.rounds:
                    yield ours, floor


@contextmanager
def fresh(place: Place, contestant: Contestant, name: str) -> Iterator[str]:
    """An empty, prepared database for one round."""
    url = place.fresh(name)
    try:
        contestant.prepare(url)
        place.settle(url)
        yield url
    finally:
        place.drop(name)


def alternate(case: Case, place: Place, entrants: Sequence[Entrant], rounds: int) -> Result:
    """Play every round with every entrant, turning the order round each time.

    An entrant that raises NotImplementedError is left out from then on, with its reason.
    """
    records = [Record(one.name, one.side, one.state) for one in entrants]
    for number in range(rounds):
        order = list(zip(entrants, records, strict=True))
        for entrant, record in order if number % 2 == 0 else reversed(order):
            if record.missing:
                continue
            meter = Meter(place.server)
            try:
                with entrant.opened() as url:
                    played = case.play(entrant.contestant, url, meter, number)
            except NotImplementedError as reason:
                record.missing = str(reason)
                continue
            record.rounds.append(Round(played, meter.reading))
            one = record.rounds[-1]
            print(
                f"{case.title}: round {number + 1}, {record.name}: {one.rate:,.1f} {case.unit}/s,"
                f" {one.cpu_ms:.4f} ms CPU, load {one.reading.load:.2f}",
                file=sys.stderr,
                flush=True,
            )
    return Result(case, records)
