"""Rolls the store's finest counts up: for the month as a whole and for each team, category, community and source."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from xixi_workflow.core.kpi import Counts, add
from xixi_workflow.core.kpi_fold import REWORK, RINGS
from xixi_workflow.core.tally import EndingCell, EventCell, Tally

#: Each kind of group and its section of `Figures`.
DIMENSIONS: Final = {
    "team": "teams",
    "category": "categories",
    "group": "category_groups",
    "community": "communities",
    "source": "sources",
}
#: Lines that happen before a team has the petition, or to it from outside: no team's doing.
NO_TEAMS: Final = (
    *("routed", "breached", "escalated", "escalated_by_hand", "urged", "supervised", "priority_changed"),
)
#: Lines that are counted where a petition ends, where it is known how.
_ENDINGS: Final = ("survey_lapsed", "merged", "withdrawn", "rejected", "transferred")

#: (code of the group, clock) -> how often each span occurred.
Histograms = defaultdict[tuple[str, str], Counter[int]]


def _histograms() -> Histograms:
    return defaultdict(Counter)


class Grouped(msgspec.Struct):
    """One kind of group."""

    counts: dict[str, Counts] = {}
    raw: Histograms = msgspec.field(default_factory=_histograms)
    net: Histograms = msgspec.field(default_factory=_histograms)


def group(tally: Tally, group_of: Mapping[str, str]) -> dict[str, Grouped]:
    """Everything counted, by kind of group; `all` has one group, named by the empty text."""
    found = {kind: Grouped() for kind in ("all", *DIMENSIONS)}

    # A month has few places and very many counts: where each is added up is looked up once.
    places: dict[tuple[str, str, str], list[Counts]] = {}

    def place(category: str, community: str, source: str) -> list[Counts]:
        codes = {"category": category, "group": group_of.get(category, ""), "community": community, "source": source}
        return [found[kind].counts.setdefault(code, {}) for kind, code in {"all": "", **codes}.items()]

    def count(name: str, n: int, team: str | None, *where: *tuple[str, str, str]) -> None:
        groups = places.get(where)
        if groups is None:
            groups = places[where] = place(*where)
        for counts in groups:
            counts[name] = counts.get(name, 0) + n
        if team is not None:
            add(found["team"].counts, team, name, n)

    for v in tally.verdicts:
        count(f"{v.clock}.{v.verdict}", v.n, v.team, v.category, v.community, v.source)
    for e in tally.events:
        team = event_team(e)
        for name in event_names(e):
            count(name, e.n, team, e.category, e.community, e.source)
    for x in tally.endings:
        for name in ending_names(x):
            count(name, x.n, x.team, x.category, x.community, x.source)
    for r in tally.repeats:
        for name, n in (("filed", r.n), ("repeat", r.repeats)):
            if n:
                add(found["category"].counts, r.category, name, n)
                add(found["group"].counts, group_of.get(r.category, ""), name, n)
                add(found["community"].counts, r.community, name, n)
                add(found["all"].counts, "", name, n)
    for f in tally.filed:
        add(found["source"].counts, f.source, "filed", f.n)
    _spans(tally, found)
    return found


def event_team(cell: EventCell) -> str | None:
    """The team that a line counts for; None: no team's."""
    return None if cell.event in NO_TEAMS else cell.team


def event_names(cell: EventCell) -> Iterator[str]:
    """What one journal line counts as."""
    event = cell.event
    if event in _ENDINGS or cell.excluded:
        return
    if event in RINGS:
        yield f"level.{cell.level}"
    elif event == "rated":
        yield f"rated.{cell.detail}"
    elif event == "rated_dissatisfied":
        yield "rated.dissatisfied"
    else:
        yield event
        if cell.detail:
            yield f"{event}.{cell.detail}"
    if event in REWORK:
        yield "rework"


def ending_names(cell: EndingCell) -> Iterator[str]:
    """What one petition that ended, or was taken up again, counts as."""
    if cell.event in REWORK:
        yield "taken_up_again"
        return
    yield "closed"
    yield f"closed.{cell.state}"
    if cell.excluded:
        return
    if cell.state == "closed" and not cell.reworked:
        yield "closed.first_time"
    if cell.event == "survey_lapsed":
        yield "not_rated" if cell.waited else "not_asked"


def _spans(tally: Tally, found: dict[str, Grouped]) -> None:
    whole, teams, categories = (found[kind] for kind in ("all", "team", "category"))
    for s in tally.spans:
        for into, code in ((whole.raw, ""), (teams.raw, s.team), (categories.raw, s.category)):
            into[code, s.clock].update(s.seconds)
    for key, histogram in whole.raw.items():
        whole.net[key] = histogram.copy()
    for a in tally.adjusted:
        whole.net["", a.clock][a.raw] -= a.n
        whole.net["", a.clock][a.net] += a.n
