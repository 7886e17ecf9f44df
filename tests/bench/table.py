"""The results as a table to read and as one JSON object."""

from __future__ import annotations

import os
import platform
import statistics
from collections.abc import Sequence

from tests.bench.contest import Record, Result, Round

_WIDTHS = (12, 10, 10, 10, 10, 10, 10, 7, 7)
_FIRST = 14


def _line(first: str, cells: Sequence[str]) -> str:
    padded = (cell.rjust(width) for cell, width in zip(cells, _WIDTHS, strict=False))
    return (first.ljust(_FIRST) + "".join(padded)).rstrip()


def _times(ratio: float | None) -> str:
    return "-" if ratio is None else f"{ratio:.2f}x"


def _row(record: Record) -> str:
    if not record.rounds:
        return f"{record.name.ljust(_FIRST)}  {record.missing or 'not run'}"
    late = record.lateness()
    delays = [f"{1e3 * one:,.1f}" for one in (late.p50, late.p99, late.worst)] if late else [""] * 3
    return _line(
        record.name,
        [
            f"{record.median(_rate):,.1f}",
            f"{record.median(_cpu):.4f}",
            f"{record.median(_client):.4f}",
            f"{record.median(_server):.4f}",
            *delays,
            f"{record.median(lambda one: one.reading.load):.2f}",
            f"{record.median(lambda one: one.reading.others):.2f}",
        ],
    )


def _rate(one: Round) -> float:
    return one.rate


def _cpu(one: Round) -> float:
    return one.cpu_ms


def _server(one: Round) -> float:
    return one.server_cpu_ms


def _client(one: Round) -> float:
    return one.cpu_ms - one.server_cpu_ms


def text(result: Result) -> str:
    """The table of one case. The ratios are speeds, more is better, by wall and by CPU."""
    head = [f"{result.case.unit}/s", "CPU ms", "client", "server"]
    head += ["late p50", "p99", "max ms", "load", "others"]
    lines = [result.case.title, _line("", head), *(_row(record) for record in result.records)]
    for ours, floor in result.pairs():
        by_cpu = result.ratio(floor, ours, _cpu)
        cells = [_times(result.ratio(ours, floor, _rate)), _times(by_cpu)]
        lines.append(_line(f"ratio {ours.state}".rstrip(), cells))
    for record in result.records:
        lines += [f"  {record.name}: {one.played.remark}" for one in record.rounds if one.played.remark]
    return "\n".join(lines)


def _plain_round(one: Round) -> dict[str, float]:
    figures = {
        "count": one.played.count,
        "wall_s": one.wall,
        "rate": one.rate,
        "cpu_ms": one.cpu_ms,
        "server_cpu_ms": one.server_cpu_ms,
        "load": one.reading.load,
        "others": one.reading.others,
    }
    return {name: round(figure, 6) for name, figure in figures.items()}


def _plain_record(record: Record) -> dict[str, object]:
    if not record.rounds:
        return {"missing": record.missing or "not run"}
    rounds = [_plain_round(one) for one in record.rounds]
    medians = {name: statistics.median(one[name] for one in rounds) for name in rounds[0] if name != "count"}
    late = record.lateness()
    delays = late and {"p50": late.p50, "p99": late.p99, "max": late.worst}
    return {
        **medians,
        "late_ms": delays and {name: round(1e3 * one, 3) for name, one in delays.items()},
        "remarks": [one.played.remark for one in record.rounds if one.played.remark],
        "rounds": rounds,
    }


def plain(result: Result) -> dict[str, object]:
    """The case as JSON-able data; rates a second, times in milliseconds as named."""
    return {
        "case": result.case.title,
        "unit": result.case.unit,
        **{record.name: _plain_record(record) for record in result.records},
        "ratio": {
            ours.state or "only": {
                "rate": result.ratio(ours, floor, _rate),
                "cpu": result.ratio(floor, ours, _cpu),
            }
            for ours, floor in result.pairs()
        },
    }


def machine() -> dict[str, object]:
    """What the figures were taken on."""
    return {
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "load": os.getloadavg(),
    }
