"""The names that a form may use, as far as the policy settles them: clocks, indicators, counts, teams, reasons."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from xixi_workflow.core import figures_build, kpi_table
from xixi_workflow.core.figures_count import DIMENSIONS, NO_TEAMS
from xixi_workflow.core.forms.paths import SUMS, Names
from xixi_workflow.core.kpi_causes import CAUSES
from xixi_workflow.core.lifecycle import ENDED, EVENTS, STATES
from xixi_workflow.core.policy_problem import Files
from xixi_workflow.core.policy_schema import PolicyFile

_URGENCIES: Final = ("normal", "urgent", "emergency")
#: Levels of a ladder; 0 is a breach without one.
_LEVELS: Final = tuple(str(level) for level in range(100))
#: Counted of petitions before anybody has them.
_FILINGS: Final = frozenset({"filed", "repeat"})
#: Files whose names are asked for, and by what name.
_CODES: Final = {"team": ("teams.yaml", "teams"), "source": ("sources.yaml", "sources")}


def names_of(files: Files) -> Names:
    """What may be named, by kind; of a file that could not be read nothing, so that its names are not missed."""
    found: dict[str, Iterable[str]] = {
        "cause": CAUSES,
        "state": STATES,
        "verdict": (*kpi_table.VERDICTS, *SUMS),
        "urgency": _URGENCIES,
        "level": _LEVELS,
    }
    for kind, (file, field) in _CODES.items():
        if file in files:
            found[kind] = getattr(files[file], field)
    if "categories.yaml" in files:
        shape = files["categories.yaml"]
        found |= {
            "category": (category.code for category in shape.categories),
            "group": shape.groups,
            "nature": shape.natures,
        }
    if "communities.yaml" in files:
        found["community"] = (community.name for community in files["communities.yaml"].communities)
    if "policy.yaml" in files:
        found |= _of_policy(files["policy.yaml"])
    return {kind: frozenset(names) for kind, names in found.items()}


def _of_policy(main: PolicyFile) -> Mapping[str, Iterable[str]]:
    promises = [(name, clock.zh, clock.en) for name, clock in main.clocks.items() if clock.when_due != "lapse"]
    indicators = kpi_table.kpis(promises)
    every = {indicator.key for indicator in indicators}
    found: dict[str, Iterable[str]] = {
        "clock": main.clocks,
        "result": main.results,
        "return_reason": main.return_reasons,
        "indicator": every,
        "indicator/all": every,
        "moved/all": {*every, "filed", "closed"},
        "drawn": figures_build.DRAWN,
        "count/all": _counts(main, ""),
    }
    for kind in DIMENSIONS:
        told = {indicator.key for indicator in indicators if kind in figures_build.told_by(indicator)}
        found |= {f"indicator/{kind}": told, f"moved/{kind}": told, f"count/{kind}": _counts(main, kind)}
    return found


def _counts(main: PolicyFile, kind: str) -> set[str]:
    """Names of counts that a kind of group has, see `kpi_table`; of the whole period for no kind."""
    names = {f"{clock}.{verdict}" for clock in main.clocks for verdict in (*kpi_table.VERDICTS, *SUMS)}
    names |= {event.past for event in EVENTS.values()}
    for indicator in kpi_table.kpis(()):
        names |= {term.rpartition("*")[2] for term in (*indicator.numerator, *indicator.denominator)}
    names |= {f"returned.{reason}" for reason in main.return_reasons}
    names |= {f"resolved.{result}" for result in main.results}
    names |= {"closed", "taken_up_again", "rework", *(f"closed.{state}" for state in ENDED)}
    names |= {"contacted.in_time", "contacted.late", "contacted.again", "misdispatched"}
    names |= _FILINGS | {f"level.{level}" for level in _LEVELS}
    if kind == "team":
        return {name for name in names if name not in {*_FILINGS, *NO_TEAMS} and not name.startswith("level.")}
    return names - {"repeat"} if kind == "source" else names
