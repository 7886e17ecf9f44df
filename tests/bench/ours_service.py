"""The cases that need the running service: `xixi up` without Prefect, on the case's database."""

from __future__ import annotations

from collections.abc import Sequence

from tests.bench.contestant import Drive
from tests.bench.meter import Meter


def precision(url: str, n: int, span: float, meter: Meter) -> Sequence[float]:
    """Sparse deadlines through the running service."""
    raise NotImplementedError


def intake(url: str, seconds: float, connections: int, meter: Meter) -> Drive:
    """Durable intake over HTTP."""
    raise NotImplementedError


def start(url: str, meter: Meter) -> None:
    """``xixi up`` until HTTP answers."""
    raise NotImplementedError
