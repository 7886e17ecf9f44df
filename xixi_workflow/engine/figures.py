"""A month's figures: counted by the store, rolled up and judged by the core, laid out here for people to read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import msgspec

from xixi_workflow.core import figures_build, kpi_causes, words
from xixi_workflow.core.behind import MOST, Fact, facts
from xixi_workflow.core.figures import Figures, Group
from xixi_workflow.core.kpi import Rate
from xixi_workflow.core.periods import earlier, period_span, year_before
from xixi_workflow.core.policy import Policy
from xixi_workflow.core.words import Language
from xixi_workflow.engine.handle import SERIALS, Engine
from xixi_workflow.store import figures as store


class MonthBoard(msgspec.Struct):
    """`text` is markdown, `teams` one row per clock and team, `headline` what a program would want."""

    month: str
    text: str
    teams: list[dict[str, str]]
    headline: dict[str, Any]


def count(
    engine: Engine,
    period: str,
    *,
    past: Mapping[str, Figures] | None = None,
    cut_off: datetime | None = None,
    policy: int | None = None,
) -> Figures:
    """The figures of `period` (a month or a week, see `core.periods`).

    As it stood at `cut_off` (aware UTC), the end of the period unless a later instant is given. `past`: figures of
    earlier periods of the same kind, for comparing. `policy`: the version whose names, weights, limits and rules of
    the report are used, the one in force unless another is named; clocks were judged by their petitions' own. Raises
    `ValueError` for anything else than a period, `LookupError` for a version that was never published.
    """
    rules = engine.policies.in_force if policy is None else engine.policies.version(policy)
    wanted = _wanted(rules, period, cut_off)
    tally = store.tally(engine.store, wanted, _leads(engine), _pauses(engine))
    asked = figures_build.Asked(period, (wanted.start, wanted.end), wanted.cut_off)
    return figures_build.build(tally, asked, rules, past or {})


def behind(
    engine: Engine, period: str, *, cut_off: datetime | None = None, policy: int | None = None, most: int = MOST
) -> list[Fact]:
    """The petitions behind the figures that `count` gives for the same arguments; raises what it raises.

    It takes some 20 facts a petition and holds them all: for lists of petitions, not for figures. Where more than
    `most` petitions matter, those facts alone that `core.behind.tells` about.
    """
    rules = engine.policies.in_force if policy is None else engine.policies.version(policy)
    wanted = _wanted(rules, period, cut_off)._replace(listed=0)
    return facts(store.tally(engine.store, wanted, _leads(engine), _pauses(engine), by_petition=True, most=most))


def _wanted(rules: Policy, period: str, cut_off: datetime | None) -> store.Month:
    start, end = period_span(period, rules.zone)

    def first(at: datetime, days: int = 0) -> int:
        return int((at.astimezone(rules.zone) + timedelta(days=days)).strftime("%Y%m%d")) * SERIALS

    return store.Month(
        start,
        end,
        max(end, cut_off or end),
        first(start),
        first(start, 1),
        first(end),
        first(end, 1),
        # One day more, for numbers are given by another day's clock than receipts are dated by.
        first(start - timedelta(seconds=rules.main.report.repeat_within), -1),
        int(rules.main.report.repeat_within),
        rules.main.report.listed_overdue,
    )


def with_past(
    engine: Engine, period: str, known: Mapping[str, Figures] | None = None, *, policy: int | None = None
) -> Figures:
    """The figures of `period` beside those of the twelve before it and of a year ago.

    These are counted where they are not `known`, all under the same `policy`, see `count`.
    """
    past = dict(known or {})
    # A year ago is one of the twelve, unless the period is a week.
    for before in [*(earlier(period, by) for by in range(figures_build.TREND - 1, 0, -1)), year_before(period)]:
        if before not in past:
            past[before] = count(engine, before, policy=policy)
    # A period in which nothing ever happened is none to compare with.
    happened = {name: found for name, found in past.items() if found.overview.counts or found.overview.open_at_end}
    return count(engine, period, past=happened, policy=policy)


def _leads(engine: Engine) -> store.LeadOf:
    def lead_of(version: int, category: str) -> str:
        found = engine.policies.version(version).categories.get(category)
        return found.team if found else ""

    return lead_of


def _pauses(engine: Engine) -> store.PausesOf:
    def pauses_of(version: int, clock: str) -> tuple[str, ...]:
        plan = engine.policies.version(version).clocks.get(clock)
        return kpi_causes.labels(plan.pauses_in) if plan else ()

    return pauses_of


def board(engine: Engine, month: str, *, language: Language, found: Figures | None = None) -> MonthBoard:
    """The figures of `month`, laid out; counted unless they are `found` already."""
    found = found or count(engine, month)
    whole, said = found.overview.counts, found.satisfaction
    rows = [
        ("受理 Filed", whole.get("filed", 0)),
        ("办结归档 Closed", whole.get("closed", 0)),
        ("月末未结 Open at the end", found.overview.open_at_end),
        ("退单 Returned by a team", whole.get("returned", 0)),
        ("重办 Rounds of rework", whole.get("rework", 0)),
        ("升级 Escalations", sum(found.breaches.levels.values())),
    ]
    lines = [
        f"# {month}",
        "",
        "| | 件数 Petitions |",
        "|---|---:|",
        *(f"| {name} | {n} |" for name, n in rows),
        "",
        "| 时限 Clock | 到期 Due | 按时 On time | 按时率 Rate | 中位用时 Median |",
        "|---|---:|---:|---:|---:|",
        *(
            f"| {getattr(c, language)} | {c.due} | {c.verdicts['on_time']} | {_percent(c.on_time)} "
            f"| {_span(c.raw.median, language)} |"
            for c in found.timeliness
            if c.due
        ),
        "",
        (
            f"满意率 Satisfaction: {_percent(said.weighted)} (满意 {said.satisfied}, 基本满意 {said.fairly_satisfied}, "
            f"不满意 {said.dissatisfied}, 未评价 not rated {said.not_rated})"
        ),
    ]
    headline = {
        "month": month,
        "filed": whole.get("filed", 0),
        "closed": whole.get("closed", 0),
        "open_at_end": found.overview.open_at_end,
        "on_time": {c.clock: _number(c.on_time) for c in found.timeliness if c.due},
        "satisfaction": _number(said.weighted),
    }
    return MonthBoard(month, "\n".join(lines), _teams(found, language), headline)


def _teams(found: Figures, language: Language) -> list[dict[str, str]]:
    return [
        _team(team, clock.clock, str(getattr(clock, language)), language)
        for clock in found.timeliness
        for team in found.teams
        if any(name.startswith(f"{clock.clock}.") for name in team.counts)
    ]


def _team(team: Group, clock: str, name: str, language: Language) -> dict[str, str]:
    rate, spans = team.rates.get(f"{clock}_on_time"), team.spans.get(clock)
    due = sum(n for counted, n in team.counts.items() if counted.startswith(f"{clock}."))
    return {
        "时限 Clock": name,
        "承办单位 Team": str(getattr(team, language)),
        "到期 Due": str(due),
        "按时 On time": str(team.counts.get(f"{clock}.on_time", 0)),
        "按时率 Rate": _percent(rate) if rate else "—",
        "中位用时 Median": _span(spans.median if spans else None, language),
        "九成用时 90 %": _span(spans.p90 if spans else None, language),
    }


def _percent(rate: Rate) -> str:
    return "—" if rate.percent is None else f"{rate.percent:.2f} %"


def _number(rate: Rate) -> float | None:
    return None if rate.percent is None else float(rate.percent)


def _span(seconds: int | None, language: Language) -> str:
    return "—" if seconds is None else words.span(seconds, language)
