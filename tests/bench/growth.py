"""Growth: what a past of closed petitions costs the living ones, in CPU and in bytes."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial

from tests.bench.contest import Case, Entrant, Played, Record, Result, alternate, fresh
from tests.bench.contestant import Contestant
from tests.bench.meter import Meter
from tests.bench.place import Place
from tests.bench.workload import own_text_bytes

_LIVES = 10_000
_DUE = 50_000
_SWEEPS = 5_000
_FRESH = "fresh"
_FULL = "full"


def grow(
    place: Place, sides: Mapping[str, Contestant], n: int, batch: int, rounds: int
) -> tuple[list[Result], dict[str, object]]:
    """Play each case on an empty database and on one with ``n`` closed petitions, side by side.

    Beside the results: bytes per petition without the citizen's own text, and how much dearer
    each case became on the full database (CPU per unit, full over fresh).
    """
    entrants: list[Entrant] = []
    measured: dict[str, object] = {}
    for side, one in sides.items():
        entrants.append(Entrant(side, one, partial(fresh, place, one, side), _FRESH))
        try:
            url, each = _filled(place, one, side, n)
        except NotImplementedError:
            continue
        entrants.append(Entrant(side, one, partial(_kept, place, url), _FULL))
        measured[f"bytes per petition, {side}"] = round(each)
    results = [alternate(case, place, entrants, rounds) for case in _cases(n, batch)]
    *working, idle = results
    for result in working:
        measured |= _growth_of(result)
    for record in idle.records:
        if record.rounds:
            each = 1e3 / record.median(lambda one: one.rate)
            measured[f"ms per idle sweep, {record.name}"] = round(each, 4)
    return results, measured


def _filled(place: Place, one: Contestant, side: str, n: int) -> tuple[str, float]:
    url = place.fresh(f"{side}_past")
    one.prepare(url)
    empty = place.size(url)
    print(f"growth: filling {n:,} closed petitions, {side}", file=sys.stderr, flush=True)
    one.fill(url, n)
    place.tidy(url)
    return url, (place.size(url) - empty) / n - own_text_bytes()


@contextmanager
def _kept(place: Place, url: str) -> Iterator[str]:
    place.settle(url)
    yield url


def _cases(n: int, batch: int) -> list[Case]:
    # Each round's petitions are numbered after all earlier ones, on both databases alike.
    def lives(one: Contestant, url: str, meter: Meter, number: int) -> Played:
        one.lifecycle(url, _LIVES, batch, meter, first=n + number * _LIVES)
        return Played(_LIVES)

    def fires(one: Contestant, url: str, meter: Meter, number: int) -> Played:
        first = 2 * n + 1_000_000 + number * _DUE
        return Played(_DUE, one.timers(url, _DUE, _DUE, meter, first=first))

    def sweeps(one: Contestant, url: str, meter: Meter, _: int) -> Played:
        one.idle_sweep(url, _SWEEPS, meter)
        return Played(_SWEEPS)

    under = f"on none and on {n:,} closed petitions"
    return [
        Case(f"growth, lifecycle: {_LIVES:,} petitions {under}", "petitions", lives),
        Case(f"growth, fire: {_DUE:,} due {under}", "fired", fires),
        Case(f"growth, idle sweep: {_SWEEPS:,} {under}", "sweeps", sweeps),
    ]


def _growth_of(result: Result) -> dict[str, object]:
    def of(side: str, state: str) -> Record | None:
        found = (one for one in result.records if (one.side, one.state) == (side, state))
        return next(found, None)

    title = result.case.title.partition(":")[0]
    factors: dict[str, object] = {}
    for side in dict.fromkeys(record.side for record in result.records):
        full, empty = of(side, _FULL), of(side, _FRESH)
        if full is None or empty is None:
            continue
        ratio = result.ratio(full, empty, lambda one: one.cpu_ms)
        if ratio is not None:
            factors[f"{title}, CPU full over fresh, {side}"] = round(ratio, 2)
    return factors
