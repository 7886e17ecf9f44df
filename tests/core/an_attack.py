"""A reader of the public figures who wants to know what is withheld: all sums of their contract, and bounds.

Written from the contract in `core/figures.py`, not from what hides: it knows figures as JSON alone.
"""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec
import numpy as np

from xixi_workflow.core import kpi_table
from xixi_workflow.core.figures import Figures, canonical

KINDS: Final = ("teams", "categories", "category_groups", "communities", "sources")
#: No counts of petitions: ranks, sizes of a rule, seconds, percentages, and the figure's own weights.
_OTHERS: Final = re.compile(
    r"/(format|rank|tied|before|minimum|limit|median|p90|mean|seconds|percent|points|weight|score|households"
    r"|per_thousand|daily|by)$"
)

Equation = tuple[dict[str, float], float]


def leaves(figures: Figures) -> dict[str, float]:
    """Every number of the figures by its path, those apart that count nothing."""
    found: dict[str, float] = {}

    def walk(path: str, node: Any) -> None:
        if isinstance(node, dict):
            for key, value in node.items():
                walk(f"{path}/{key}", value)
        elif isinstance(node, list):
            for at, value in enumerate(node):
                walk(f"{path}/{value['code'] if isinstance(value, dict) and 'code' in value else at}", value)
        elif isinstance(node, int | float) and not _OTHERS.search(path) and not isinstance(node, bool):
            found[path] = node

    walk("", msgspec.json.decode(canonical(figures)))
    return found


def equations(figures: Figures) -> list[tuple[str, dict[str, float]]]:  # noqa: PLR0912 - a list, read once
    """What the contract says adds up: a whole, and its parts with their weights."""
    found: list[tuple[str, dict[str, float]]] = []

    def foots(whole: str, parts: list[str]) -> None:
        found.append((whole, dict.fromkeys(parts, 1.0)))

    tree = msgspec.json.decode(canonical(figures))
    whole = tree["overview"]["counts"]
    groups = {kind: {g["code"]: g for g in tree[kind]} for kind in KINDS}
    holders = [("/overview", tree["overview"])]
    for kind in KINDS:
        holders += [(f"/{kind}/{code}", group) for code, group in groups[kind].items()]
        for name in whole:
            foots(f"/overview/counts/{name}", [f"/{kind}/{code}/counts/{name}" for code in groups[kind]])
    for code, group in groups["category_groups"].items():
        members = [c for c, g in groups["categories"].items() if g["parent"] == code]
        for name in group["counts"]:
            foots(f"/category_groups/{code}/counts/{name}", [f"/categories/{c}/counts/{name}" for c in members])
    kpis = {k.key: k for k in kpi_table.kpis((c.clock, c.zh, c.en) for c in figures.timeliness)}
    weight = float(figures.satisfaction.weight)
    for path, holder in holders:
        for base in ("closed", "returned", "resolved"):
            names = [n for n in holder["counts"] if n.startswith(f"{base}.") and n != "closed.first_time"]
            foots(f"{path}/counts/{base}", [f"{path}/counts/{name}" for name in names])
        for key, rate in holder["rates"].items():
            if rate["percent"] is not None:
                terms = [term.rpartition("*")[::2] for term in kpis[key].numerator]
                parts = {f"{path}/counts/{n}": weight if w == "weight" else float(w or 1) for w, n in terms}
                found.append((f"{path}/rates/{key}/numerator", parts))
                foots(f"{path}/rates/{key}/denominator", [f"{path}/counts/{n}" for n in kpis[key].denominator])
    for at, clock in enumerate(tree["timeliness"]):
        here, name = f"/timeliness/{at}", clock["clock"]
        foots(f"{here}/due", [f"{here}/verdicts/{v}" for v in clock["verdicts"]])
        for verdict in clock["verdicts"]:
            foots(f"{here}/verdicts/{verdict}", [f"/overview/counts/{name}.{verdict}"])
        foots(f"{here}/verdicts/on_time", cells(f"{here}/week_on_time"))
        judged = dict.fromkeys(cells(f"{here}/week_judged"), 1.0)
        first, *others = (f"{here}/verdicts/{v}" for v in kpi_table.JUDGED)
        found.append((first, {**judged, **dict.fromkeys(others, -1.0)}))
    foots("/overview/counts/filed", cells("/overview/week"))
    for field in ("by_source", "by_channel", "by_nature", "by_urgency"):
        foots("/overview/counts/filed", [f"/overview/{field}/{n['code']}/n" for n in tree["overview"][field]])
    for one in tree["overview"]["by_result"]:
        foots(f"/overview/by_result/{one['code']}/n", [f"/overview/counts/resolved.{one['code']}"])
    foots(
        "/overview/open_at_end", [f"/overview/open_by_state/{n['code']}/n" for n in tree["overview"]["open_by_state"]]
    )
    for field in ("satisfied", "fairly_satisfied", "dissatisfied"):
        foots(f"/satisfaction/{field}", [f"/overview/counts/rated.{field}"])
    rated = [f"/satisfaction/{field}" for field in ("satisfied", "fairly_satisfied", "dissatisfied", "not_rated")]
    foots("/satisfaction/asked", rated)
    for at, cause in enumerate(tree["breaches"]["clocks"]):
        here, teams = f"/breaches/clocks/{at}", cause["by_team"]
        foots(f"{here}/missed", [f"{here}/causes/{c['code']}/n" for c in cause["causes"]])
        foots(f"{here}/missed", [f"/overview/counts/{cause['clock']}.{v}" for v in kpi_table.MISSED])
        if cause["clock"] == "closure":
            # Of groups, what was missed is one number.
            for kind in KINDS:
                foots(f"{here}/missed", [f"/{kind}/{code}/counts/closure.late" for code in groups[kind]])
        for one in cause["causes"]:
            foots(f"{here}/causes/{one['code']}/n", [f"{here}/by_team/{t}/{one['code']}" for t in teams])
        for team, of in teams.items():
            parts = {f"{here}/by_team/{team}/{code}": 1.0 for code in of}
            first, *others = (f"/teams/{team}/counts/{cause['clock']}.{v}" for v in kpi_table.MISSED)
            found.append((first, {**parts, **dict.fromkeys(others, -1.0)}))
    for item in tree["hot"]:
        foots(f"/hot/{item['code']}/n", [f"/categories/{item['code']}/counts/filed"])
        foots(f"/hot/{item['code']}/repeats", [f"/categories/{item['code']}/counts/repeat"])
    last = tree["trend"][-1]
    for name in ("filed", "closed"):
        foots(f"/trend/{len(tree['trend']) - 1}/{name}", [f"/overview/counts/{name}"])
    assert last["period"] == tree["period"]
    return found


def cells(path: str) -> list[str]:
    return [f"{path}/{day}/{hour}" for day in range(7) for hour in range(24)]


def true_equations(figures: Figures) -> list[tuple[str, dict[str, float]]]:
    """Those that hold: teams are not told apart by what happens before there is one, and so on."""
    known = leaves(figures)
    return [
        (whole, parts)
        for whole, parts in equations(figures)
        if abs(known.get(whole, 0) - sum(w * known.get(p, 0) for p, w in parts.items())) < 1e-9
    ]


def worked_out(true: list[tuple[str, dict[str, float]]], public: Figures) -> set[str]:
    """The withheld numbers that follow from the public ones."""
    shown = leaves(public)
    open_ones: list[Equation] = []
    for whole, parts in true:
        terms, rest = {}, 0.0
        for path, weight in ((whole, -1.0), *parts.items()):
            value = shown.get(path, 0)
            # A rate that is not there to be read has no numerator; a count that is not there is 0.
            if value == -1:
                terms[path] = weight
            else:
                rest -= weight * value
        if terms:
            open_ones.append((terms, rest))
    return _solved(open_ones) | _bounded(open_ones)


def _solved(open_ones: list[Equation]) -> set[str]:
    names = sorted({path for terms, _ in open_ones for path in terms})
    if not names:
        return set()
    at = {path: n for n, path in enumerate(names)}
    matrix = np.zeros((len(open_ones), len(names)))
    for row, (terms, _) in enumerate(open_ones):
        for path, weight in terms.items():
            matrix[row, at[path]] = weight
    # Squared, for that is ten times as fast; the weights are small whole numbers and tenths, and leave room for it.
    size, basis = np.linalg.eigh(matrix.T @ matrix)
    free = basis[:, size < 1e-8].T
    # What no direction of freedom moves is determined.
    return {path for path in names if not len(free) or np.abs(free[:, at[path]]).max() < 1e-7}


def _bounded(open_ones: list[Equation]) -> set[str]:
    low: dict[str, float] = {path: 0 if "rates" in path else 1 for terms, _ in open_ones for path in terms}
    high = dict.fromkeys(low, float("inf"))
    for _ in range(200):
        before = dict(low), dict(high)
        for terms, rest in open_ones:
            for path, weight in terms.items():
                others = [(p, w) for p, w in terms.items() if p != path]
                least = sum(w * (low[p] if w > 0 else high[p]) for p, w in others)
                most = sum(w * (high[p] if w > 0 else low[p]) for p, w in others)
                ends = sorted(((rest - least) / weight, (rest - most) / weight))
                if "rates" not in path:
                    ends = [np.ceil(ends[0] - 1e-9), np.floor(ends[1] + 1e-9)]
                low[path], high[path] = max(low[path], ends[0]), min(high[path], ends[1])
        if before == (low, high):
            break
    return {path for path in low if high[path] - low[path] < 1e-9}
