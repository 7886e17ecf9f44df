"""Our engine as a contestant. The meaning of each function is in ``contestant.Contestant``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tests.bench.contestant import Drive
from tests.bench.meter import Meter

_NOT_YET: Final = "engine not there yet"


def prepare(url: str) -> None:
    """Migrate the empty database."""
    raise NotImplementedError(_NOT_YET)


def lifecycle(url: str, n: int, batch: int, meter: Meter, first: int = 0) -> None:
    """Whole lives in batches."""
    raise NotImplementedError(_NOT_YET)


def transition(url: str, n: int, callers: int, meter: Meter) -> None:
    """Whole lives, one command per call, committed together by the desk."""
    raise NotImplementedError(_NOT_YET)


def timers(url: str, open_: int, due: int, meter: Meter, first: int = 0) -> Sequence[float]:
    """Many clocks due at one instant."""
    raise NotImplementedError(_NOT_YET)


def precision(url: str, n: int, span: float, meter: Meter) -> Sequence[float]:
    """Sparse deadlines through the running service."""
    raise NotImplementedError(_NOT_YET)


def fill(url: str, n: int) -> None:
    """Closed petitions of the past."""
    raise NotImplementedError(_NOT_YET)


def idle_sweep(url: str, times: int, meter: Meter) -> None:
    """Sweeps that find nothing."""
    raise NotImplementedError(_NOT_YET)


def intake(url: str, seconds: float, connections: int, meter: Meter) -> Drive:
    """Durable intake over HTTP."""
    raise NotImplementedError(_NOT_YET)


def start(url: str, meter: Meter) -> None:
    """``xixi up`` until HTTP answers."""
    raise NotImplementedError(_NOT_YET)
