"""The seam between the frame and what it measures: ours and the floors have the same shape.

A contestant is a module. Each function gets the URL of a database on which ``prepare`` has run,
does its own set-up, wraps the stretch that counts in ``with meter.running():`` and cleans up.
Connecting, loading a policy, starting a service are set-up; every statement and every commit of
the work itself counts. A function that cannot do its job yet raises NotImplementedError, and its
row stays empty.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from tests.bench.meter import Meter


@dataclass(frozen=True, slots=True)
class Drive:
    """What a load driver saw: answers of status 2xx, their delays in seconds, and the others."""

    answered: int
    delays: Sequence[float]
    refused: int
    wall: float


class Contestant(Protocol):
    """Ours, or the floor of one database."""

    def prepare(self, url: str) -> None:
        """Bring the tables of an empty database up."""

    def lifecycle(self, url: str, n: int, batch: int, meter: Meter, first: int = 0) -> None:
        """Take ``n`` petitions, numbered from ``first``, from intake to closed.

        Transitions are durable ``batch`` at a time, each batch in one transaction.
        """

    def transition(self, url: str, n: int, callers: int, meter: Meter) -> None:
        """The same lives of ``n`` petitions, one transition per call.

        ``callers`` callers work at once, each going on when its own transition is durable.
        """

    def timers(self, url: str, open_: int, due: int, meter: Meter, first: int = 0) -> Sequence[float]:
        """Arm ``open_`` timers, ``due`` of them for one instant, then fire these from it on.

        Only the firing counts. Returns for each fired timer the seconds from the instant (or
        from the start of firing, should arming have taken longer) to its commit.
        """

    def precision(self, url: str, n: int, span: float, meter: Meter) -> Sequence[float]:
        """Keep ``n`` deadlines scattered over ``span`` seconds of real time.

        Returns for each the seconds from its due instant to its commit.
        """

    def fill(self, url: str, n: int) -> None:
        """Store ``n`` petitions, numbered from 0, closed long ago, with all their rows."""

    def idle_sweep(self, url: str, times: int, meter: Meter) -> None:
        """Ask ``times`` times for what is due while nothing is."""

    def intake(self, url: str, seconds: float, connections: int, meter: Meter) -> Drive:
        """Answer petitions over HTTP for so long, driven by ``tests.bench.driver``.

        The meter charges the server's process, not the driver's.
        """

    def start(self, url: str, meter: Meter) -> None:
        """From starting the service on an existing database to its first answer over HTTP."""

    def month(self, url: str, meter: Meter) -> tuple[int, int]:
        """Count the month that fills the database.

        Returns how many petitions were filed in it, and how many closure clocks met.
        """

    def delivery(self, url: str, n: int, in_flight: int, meter: Meter) -> None:
        """Send ``n`` messages to as many numbers through the stand-in of the SMS provider.

        Up to ``in_flight`` of them are with the provider at once.
        """
