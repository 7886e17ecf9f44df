"""Command line: ``python -m tests.bench WHAT --database sqlite|postgresql``.

A figure never makes it fail; only a contestant that breaks does.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
from collections.abc import Sequence
from functools import partial
from types import FrameType

from tests.bench import floor_postgresql, floor_sqlite, month, ours, table
from tests.bench.contest import FLOOR, OURS, Case, Entrant, Played, Result, alternate, fresh
from tests.bench.contestant import Contestant
from tests.bench.growth import grow
from tests.bench.meter import Meter
from tests.bench.place import Place, postgresql_place, sqlite_place

_DEFAULT_N = {
    "lifecycle": 20_000,
    "transition": 3_000,
    "timers": 100_000,
    "precision": 200,
    "growth": 1_000_000,
    "intake": 0,
    "start": 0,
    "delivery": 3_000,
    "month": 100_000,
}
#: Messages with the provider at once, one table each.
_IN_FLIGHT = (1, 8, 32)


def _arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("what", choices=list(_DEFAULT_N))
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument(
        "--url",
        help="PostgreSQL: a server that lets us create databases; SQLite: a file beside which"
        " ours may lie. Without it, temporary ones",
    )
    parser.add_argument(
        "--n",
        "--petitions",
        type=int,
        help="petitions (lifecycle, transition, month), timers due (timers), deadlines (precision),"
        " messages (delivery), closed petitions underneath (growth)",
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--side", choices=["both", FLOOR, OURS], default="both")
    parser.add_argument("--batch", type=int, default=500, help="petitions a transaction")
    parser.add_argument("--callers", type=int, default=16, help="at once, for transition")
    parser.add_argument("--span", type=float, default=60.0, help="seconds, for precision")
    parser.add_argument("--seconds", type=float, default=5.0, help="of load, for intake")
    parser.add_argument("--connections", type=int, default=32, help="for intake")
    parser.add_argument("--json", action="store_true", help="one object on standard output")
    arguments = parser.parse_args(given)
    if arguments.n is None:
        arguments.n = _DEFAULT_N[arguments.what]
    return arguments


def _lifecycle(a: argparse.Namespace) -> Case:
    def play(one: Contestant, url: str, meter: Meter, _: int) -> Played:
        one.lifecycle(url, a.n, a.batch, meter)
        return Played(a.n)

    return Case(f"lifecycle: {a.n:,} petitions, {a.batch} a transaction", "petitions", play)


def _transition(a: argparse.Namespace) -> Case:
    def play(one: Contestant, url: str, meter: Meter, _: int) -> Played:
        one.transition(url, a.n, a.callers, meter)
        return Played(a.n)

    title = f"transition: {a.n:,} petitions, 8 calls each, {a.callers} callers"
    return Case(title, "petitions", play)


def _timers(a: argparse.Namespace) -> Case:
    def play(one: Contestant, url: str, meter: Meter, _: int) -> Played:
        return Played(a.n, one.timers(url, a.n, a.n, meter))

    return Case(f"timers: {a.n:,} due at one instant", "fired", play)


def _precision(a: argparse.Namespace) -> Case:
    def play(one: Contestant, url: str, meter: Meter, _: int) -> Played:
        return Played(a.n, one.precision(url, a.n, a.span, meter))

    return Case(f"precision: {a.n:,} deadlines over {a.span:g} s", "deadlines", play)


def _intake(a: argparse.Namespace) -> Case:
    def play(one: Contestant, url: str, meter: Meter, _: int) -> Played:
        seen = one.intake(url, a.seconds, a.connections, meter)
        remark = f"{seen.refused} answers were not 2xx" if seen.refused else ""
        return Played(seen.answered, seen.delays, seen.wall, remark)

    title = f"intake: {a.connections} connections for {a.seconds:g} s"
    return Case(title, "requests", play)


def _start(_: argparse.Namespace) -> Case:
    def play(one: Contestant, url: str, meter: Meter, _: int) -> Played:
        one.start(url, meter)
        return Played(1, [meter.reading.wall])

    return Case("start: until HTTP answers", "starts", play)


def _delivery(a: argparse.Namespace, in_flight: int) -> Case:
    def play(one: Contestant, url: str, meter: Meter, _: int) -> Played:
        one.delivery(url, a.n, in_flight, meter)
        return Played(a.n)

    return Case(f"delivery: {a.n:,} messages, {in_flight} in flight", "messages", play)


_CASES = {
    "lifecycle": _lifecycle,
    "transition": _transition,
    "timers": _timers,
    "precision": _precision,
    "intake": _intake,
    "start": _start,
}


def _sides(a: argparse.Namespace) -> dict[str, Contestant]:
    floor: Contestant = floor_sqlite if a.database == "sqlite" else floor_postgresql
    both: dict[str, Contestant] = {FLOOR: floor, OURS: ours}
    return both if a.side == "both" else {a.side: both[a.side]}


def _run(a: argparse.Namespace, place: Place) -> tuple[list[Result], dict[str, object]]:
    sides = _sides(a)
    if a.what == "month":
        return month.run(place, sides, a.n, a.rounds)
    if a.what == "growth":
        return grow(place, sides, a.n, a.batch, a.rounds)
    entrants = [Entrant(side, one, partial(fresh, place, one, side)) for side, one in sides.items()]
    if a.what == "delivery":
        return [alternate(_delivery(a, n), place, entrants, a.rounds) for n in _IN_FLIGHT], {}
    return [alternate(_CASES[a.what](a), place, entrants, a.rounds)], {}


def _leave(_signal: int, _frame: FrameType | None) -> None:
    # Raised rather than exited, so that servers are stopped and files removed.
    raise SystemExit(143)


def main(given: Sequence[str] | None = None) -> int:
    """Run one benchmark and print it; 0 whatever the figures say."""
    a = _arguments(given)
    signal.signal(signal.SIGTERM, _leave)
    opened = sqlite_place if a.database == "sqlite" else postgresql_place
    machine = table.machine()
    with opened(a.url) as place:
        results, more = _run(a, place)
        about = f"{place.kind} {place.version}"
        local = place.kind == "sqlite" or place.server is not None
    if a.json:
        whole = {
            "benchmark": a.what,
            "database": about,
            "rounds": a.rounds,
            "machine": machine,
            "server_cpu_counted": local,
            "cases": [table.plain(result) for result in results],
            **more,
        }
        print(json.dumps(whole, ensure_ascii=False))
        return 0
    print(f"{about}, {machine['cores']} cores, Python {machine['python']};", end=" ")
    print(f"median of {a.rounds} rounds; ratios are speeds, by wall and by CPU")
    if not local:
        print("the server runs on another machine: its CPU is not counted")
    for result in results:
        print("\n" + table.text(result))
    for name, value in more.items():
        print(f"{name}: {value}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
