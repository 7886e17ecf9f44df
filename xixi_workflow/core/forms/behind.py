"""From where a figure stands to the petitions behind it: the names that `behind.Fact` counts them under.

What names there are beside those of `kpi_table` is said in `behind.py`.
"""

from __future__ import annotations

from typing import Any, Final

from xixi_workflow.core import kpi_table
from xixi_workflow.core.behind import Behind, GroupKind
from xixi_workflow.core.figures import Figures
from xixi_workflow.core.figures_count import DIMENSIONS
from xixi_workflow.core.forms.paths import SUMS, Place
from xixi_workflow.core.kpi import Kpi

_KINDS: Final[dict[str, Any]] = {section: kind for kind, section in DIMENSIONS.items()}
#: Parts of the overview, and the names under which their entries are counted.
_LISTED: Final = {
    "by_channel": "channel.",
    "by_nature": "nature.",
    "by_urgency": "urgency.",
    "by_result": "resolved.",
    "returns_by_reason": "returned.",
    "open_by_state": "open_at_end.",
}
#: Fields of `Satisfaction`.
_RATED: Final = {
    "satisfied": ("rated.satisfied",),
    "fairly_satisfied": ("rated.fairly_satisfied",),
    "dissatisfied": ("rated.dissatisfied",),
    "not_rated": ("not_rated",),
    "not_asked": ("not_asked",),
    "asked": (*(f"rated.{rating}" for rating in kpi_table.RATINGS), "not_rated"),
}
_RATED_RATES: Final = {
    "weighted": "satisfaction",
    "plain": "satisfaction_plain",
    "dissatisfaction": "dissatisfaction",
}


def indicators(figures: Figures) -> dict[str, Kpi]:
    """Every indicator of `figures`, by key."""
    clocks = [(clock.clock, clock.zh, clock.en) for clock in figures.timeliness]
    return {indicator.key: indicator for indicator in kpi_table.kpis(clocks)}


def behind(place: Place, figures: Figures, known: dict[str, Kpi]) -> Behind | None:  # noqa: PLR0911 - one for each section
    """The petitions of the figure at `place`; None where they are not counted one by one.

    `known`: the `indicators`.
    """
    trail = [step.removeprefix("[").removesuffix("]") for step in place.trail]
    if len(trail) < 2:
        return None
    section, kind = trail[0], _KINDS.get(trail[0], "")
    if kind and len(trail) >= 4:
        return _counted(kind, trail[1], trail[2:], known)
    if section == "overview":
        return _overview(trail[1:], figures, known)
    if section == "timeliness" and len(trail) >= 3:
        return _clock(trail[1], trail[2:])
    if section == "ranking" and trail[1] == "rows" and trail[3:] == ["rate"]:
        return _rate("team", trail[2], figures.ranking.kpi, known)
    if section == "hot" and trail[2:] in (["n"], ["repeats"]):
        return Behind("category", trail[1], ("filed" if trail[2] == "n" else "repeat",))
    if section == "satisfaction":
        if trail[1] in _RATED:
            return Behind("all", "", _RATED[trail[1]])
        return _rate("all", "", _RATED_RATES[trail[1]], known) if trail[1] in _RATED_RATES else None
    return _breaches(trail[1:], figures) if section == "breaches" else None


def _counted(kind: GroupKind, code: str, trail: list[str], known: dict[str, Kpi]) -> Behind | None:
    if trail[0] == "counts" and len(trail) == 2:
        return Behind(kind, code, _names(trail[1]))
    if trail[0] == "rates" and len(trail) == 2:
        return _rate(kind, code, trail[1], known)
    return None


def _names(name: str) -> tuple[str, ...]:
    clock, _, of = name.rpartition(".")
    return tuple(f"{clock}.{verdict}" for verdict in SUMS[of]) if clock and of in SUMS else (name,)


def _rate(kind: GroupKind, code: str, key: str, known: dict[str, Kpi]) -> Behind | None:
    indicator = known.get(key)
    if indicator is None:
        return None
    return Behind(kind, code, indicator.denominator, indicator.numerator)


def _overview(trail: list[str], figures: Figures, known: dict[str, Kpi]) -> Behind | None:
    if trail[0] in ("open_at_start", "open_at_end"):
        return Behind("all", "", (trail[0],))
    if trail[0] == "by_source" and trail[2:] == ["n"]:
        return Behind("source", trail[1], ("filed",))
    if trail[0] in _LISTED and len(trail) == 3:
        name = f"{_LISTED[trail[0]]}{trail[1]}"
        if trail[2] == "n":
            return Behind("all", "", (name,))
        listed = getattr(figures.overview, trail[0])
        whole = tuple(f"{_LISTED[trail[0]]}{one.code}" for one in listed)
        return Behind("all", "", whole, (name,)) if trail[2] == "share" else None
    return _counted("all", "", trail, known)


def _clock(clock: str, trail: list[str]) -> Behind | None:
    if trail[0] == "due":
        return Behind("all", "", tuple(f"{clock}.{verdict}" for verdict in kpi_table.VERDICTS))
    if trail[0] == "verdicts" and len(trail) == 2:
        return Behind("all", "", _names(f"{clock}.{trail[1]}"))
    if trail == ["on_time"]:
        judged = tuple(f"{clock}.{verdict}" for verdict in kpi_table.JUDGED)
        return Behind("all", "", judged, (f"{clock}.on_time",))
    return None


def _breaches(trail: list[str], figures: Figures) -> Behind | None:  # noqa: PLR0911 - one for each part
    if trail == ["missed"]:
        return Behind("all", "", tuple(f"missed.{one.clock}" for one in figures.breaches.clocks))
    if trail[0] == "levels" and len(trail) == 2:
        return Behind("all", "", (f"level.{trail[1]}",))
    if trail[0] == "levels_by_clock" and len(trail) == 3:
        return Behind("all", "", (f"level.{trail[1]}.{trail[2]}",))
    if trail[0] != "clocks" or len(trail) < 3:
        return None
    clock = trail[1]
    if trail[2] == "missed":
        return Behind("all", "", (f"missed.{clock}",))
    if trail[2] == "causes" and trail[4:] == ["n"]:
        return Behind("all", "", (f"cause.{clock}.{trail[3]}",))
    if trail[2] == "causes" and trail[4:] == ["share"]:
        return Behind("all", "", (f"missed.{clock}",), (f"cause.{clock}.{trail[3]}",))
    if trail[2] == "by_team" and len(trail) == 5:
        return Behind("team", trail[3], (f"cause.{clock}.{trail[4]}",))
    return None
