"""A month's figures: ours, from the database to canonical bytes, beside plain SQL over the same tables.

Both read one database that is filled once. Ours also freezes the month and looks at it again.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta

from tests.bench import month_floor
from tests.bench.contest import Case, Entrant, Played, Result, alternate
from tests.bench.contestant import Contestant
from tests.bench.meter import Meter
from tests.bench.month_lives import MONTH, live
from tests.bench.ours_setup import engine_on
from tests.bench.place import Place
from xixi_workflow.core.figures import canonical
from xixi_workflow.core.periods import period_span
from xixi_workflow.engine import freeze
from xixi_workflow.engine.figures import count
from xixi_workflow.engine.handle import Engine

#: Looks at the frozen month.
_LOOKS = 20


def ours(url: str, meter: Meter) -> tuple[int, int]:
    """The engine's count."""
    with engine_on(url) as engine, meter.running():
        found = count(engine, MONTH)
        canonical(found)
    return found.overview.counts["filed"], found.overview.counts["closure.on_time"]


def floor(url: str, meter: Meter) -> tuple[int, int]:
    """Raw SQL, see `month_floor`."""
    with engine_on(url) as engine:
        start, end = period_span(MONTH, engine.policies.in_force.zone)
        with meter.running():
            found = month_floor.count(engine.store, start, end)
    return found.filed, found.closure_on_time


def run(
    place: Place, sides: Mapping[str, Contestant], petitions: int, rounds: int
) -> tuple[list[Result], dict[str, object]]:
    """Fill a month, count it in turns, freeze it and look at it again."""
    url = place.fresh("month")
    with engine_on(url) as engine:
        print(f"month: filling {petitions:,} petitions", file=sys.stderr, flush=True)
        live(engine, petitions)
    place.tidy(url)
    answers: dict[str, tuple[int, int]] = {}

    def play(one: Contestant, given: str, meter: Meter, _: int) -> Played:
        found = one.month(given, meter)
        if answers.setdefault("", found) != found:
            raise AssertionError(f"the sides disagree: {answers['']} and {found}")
        return Played(petitions)

    @contextmanager
    def kept() -> Iterator[str]:
        place.settle(url)
        yield url

    entrants = [Entrant(side, one, kept) for side, one in sides.items()]
    result = alternate(Case(f"month: figures of {petitions:,} petitions", "petitions", play), place, entrants, rounds)
    more: dict[str, object] = {
        f"seconds, {record.name}": (
            f"{record.median(lambda one: one.wall):.2f} wall, {record.median(lambda one: one.reading.cpu):.2f} CPU,"
            f" of it {record.median(lambda one: one.reading.server_cpu):.2f} the server's"
        )
        for record in result.records
    }
    more["bytes of the database"] = place.size(url)
    with engine_on(url) as engine:
        more |= _looked_at_again(engine)
    place.drop("month")
    return [result], more


def _looked_at_again(engine: Engine) -> dict[str, object]:
    """How long a frozen month takes to open, from the database to figures."""
    _, end = period_span(MONTH, engine.policies.in_force.zone)
    freeze.freeze(engine, MONTH, by="bench", now=end + timedelta(days=1))
    spans = []
    for _ in range(_LOOKS):
        begun = time.perf_counter()
        found = freeze.frozen(engine, MONTH)
        assert found is not None
        assert found.figures.period == MONTH
        spans.append(time.perf_counter() - begun)
    return {"ms to open it frozen": round(1e3 * statistics.median(spans), 1)}
