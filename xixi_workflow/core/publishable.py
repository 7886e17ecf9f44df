"""What of a period's figures is for the public at all, before anything small is withheld from it.

Every number that is printed is one more equation with which a small one can be worked out, so what tells the public
little is not told: how each clock went in each category, which team lost time where, hours in which clocks were
missed. Of groups, what was missed is one number, however it ended. Without this a single petition would cost the
month its totals.
"""

from __future__ import annotations

from typing import Final

from msgspec.structs import replace

from xixi_workflow.core.figures import WITHHELD, Breaches, ClockFigures, Figures, Group, HotItem, Overview
from xixi_workflow.core.kpi import Rate
from xixi_workflow.core.kpi_table import MISSED

_ON_TIME: Final = "closure.on_time"
_LATE: Final = "closure.late"
_RATED: Final = ("rated.satisfied", "rated.fairly_satisfied", "rated.dissatisfied")
#: Of groups, by the name of their list: which counts, and which rates.
_COUNTS: Final = {
    "teams": ("dispatched", _ON_TIME, *_RATED),
    "communities": ("filed", "repeat", _ON_TIME, *_RATED),
    "category_groups": ("filed", "repeat", _ON_TIME, *_RATED),
    "sources": ("filed", _ON_TIME, *_RATED),
    "categories": ("filed",),
}
_RATES: Final = ("closure_on_time", "satisfaction")
_WHOLE: Final = (
    *("filed", "closed", "dispatched", "resolved", "returned", "rework", "taken_up_again", "repeat"),
    *(*_RATED, "not_rated", "not_asked"),
)


def cut(figures: Figures) -> Figures:
    """`figures` without what the public is not told; counts that are left out are absent, grids and people withheld."""
    groups = {name: [_group(g, _COUNTS[name]) for g in getattr(figures, name)] for name in _COUNTS}
    return replace(
        figures,
        overview=_overview(figures.overview, figures),
        timeliness=[_clock(c) for c in figures.timeliness],
        hot=[_hot(item) for item in figures.hot],
        breaches=_breaches(figures.breaches),
        **groups,
    )


def _overview(o: Overview, figures: Figures) -> Overview:
    clocks = tuple(f"{c.clock}." for c in figures.timeliness)
    told = {
        name: n
        for name, n in o.counts.items()
        if name in _WHOLE or name.startswith((*clocks, "resolved.", "closed.closed", "closed.first"))
    }
    return replace(o, counts=told, returns_by_reason=[])


def _group(g: Group, names: tuple[str, ...]) -> Group:
    counts = {name: n for name in names if (n := g.counts.get(name, 0))}
    rates: dict[str, Rate] = {}
    if _ON_TIME in names:
        if missed := sum(g.counts.get(f"closure.{verdict}", 0) for verdict in MISSED):
            counts[_LATE] = missed
        rates = {key: g.rates[key] for key in _RATES if key in g.rates}
    return replace(g, counts=counts, rates=rates, spans={}, mom={}, yoy={}, score=None)


def _clock(c: ClockFigures) -> ClockFigures:
    hours = [[WITHHELD] * len(day) for day in c.week_judged]
    return replace(c, week_judged=hours, week_on_time=hours)


def _hot(item: HotItem) -> HotItem:
    return replace(item, petitioners=WITHHELD, communities=[])


def _breaches(b: Breaches) -> Breaches:
    clocks = [replace(c, by_team={}, causes=[]) for c in b.clocks]
    return replace(b, clocks=clocks, levels={}, levels_by_clock={}, overdue=[], missed=WITHHELD)
