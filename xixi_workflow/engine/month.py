"""A month's figures for people to read: counted by the store, judged by the core, laid out here."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import msgspec

from xixi_workflow.core import figures as core
from xixi_workflow.core import words
from xixi_workflow.core.policy import Policy
from xixi_workflow.core.words import Language
from xixi_workflow.engine.handle import Engine
from xixi_workflow.store import figures as store


class MonthBoard(msgspec.Struct):
    """`text` is markdown, `teams` one row per clock and team, `headline` what a program would want."""

    month: str
    text: str
    teams: list[dict[str, str]]
    headline: dict[str, Any]


def last_month(engine: Engine, *, now: datetime) -> str:
    """The city's month before the one of `now`: `2026-10` on any day of November."""
    local = now.astimezone(engine.policies.in_force.zone)
    return (local.replace(day=1) - timedelta(days=1)).strftime("%Y-%m")


def count(engine: Engine, month: str) -> core.Figures:
    """The figures of `month` (`YYYY-MM`) under the policy in force. Raises `ValueError` for anything else."""
    policy = engine.policies.in_force
    span = core.month_span(month, policy.zone)
    return core.figures(
        store.tally(engine.store, *span),
        month=month,
        span=span,
        clocks=list(policy.clocks),
        weight=policy.main.fairly_satisfied_weight,
    )


def board(engine: Engine, month: str, *, language: Language) -> MonthBoard:
    """The figures of `month`, laid out."""
    policy, found = engine.policies.in_force, count(engine, month)
    rates = {clock.clock: clock.total.on_time_rate.percent for clock in found.clocks}
    said = found.satisfaction
    satisfaction = (
        f"满意率 Satisfaction: {_percent(said.rate)} "
        f"(满意 {said.satisfied}, 基本满意 {said.fairly_satisfied}, 不满意 {said.dissatisfied}, "
        f"未评价 not rated {said.not_rated})"
    )
    lines = [
        f"# {month}",
        "",
        "| | 件数 Petitions |",
        "|---|---:|",
        f"| 受理 Filed | {found.filed} |",
        f"| 办结归档 Closed | {found.closed} |",
        f"| 月末未结 Open at the end | {found.open_at_end} |",
        f"| 退单 Returned by a team | {found.returns} |",
        f"| 重办 Rounds of rework | {found.rework_rounds} |",
        f"| 升级 Escalations | {sum(found.escalations.values())} |",
        "",
        "| 时限 Clock | 到期 Due | 按时 On time | 按时率 Rate | 中位用时 Median |",
        "|---|---:|---:|---:|---:|",
        *(
            f"| {_clock(c.clock, policy, language)} | {c.total.due} | {c.total.on_time} "
            f"| {_percent(c.total.on_time_rate)} | {_span(c.total.median, language)} |"
            for c in found.clocks
        ),
        "",
        satisfaction,
    ]
    headline = {
        "month": month,
        "filed": found.filed,
        "closed": found.closed,
        "open_at_end": found.open_at_end,
        "on_time": rates,
        "satisfaction": said.rate.percent,
    }
    return MonthBoard(month, "\n".join(lines), _teams(found, policy, language), headline)


def _teams(found: core.Figures, policy: Policy, language: Language) -> list[dict[str, str]]:
    return [
        {
            "时限 Clock": _clock(clock.clock, policy, language),
            "承办单位 Team": str(getattr(policy.teams.get(team), language, team)) or "-",
            "到期 Due": str(group.due),
            "按时 On time": str(group.on_time),
            "按时率 Rate": _percent(group.on_time_rate),
            "中位用时 Median": _span(group.median, language),
            "九成用时 90 %": _span(group.p90, language),
        }
        for clock in found.clocks
        for team, group in clock.by_team.items()
    ]


def _clock(name: str, policy: Policy, language: Language) -> str:
    clock = policy.clocks.get(name)
    return str(getattr(clock.shape, language)) if clock else name


def _percent(rate: core.Share) -> str:
    return "-" if rate.percent is None else f"{rate.percent:.2f} %"


def _span(seconds: float | None, language: Language) -> str:
    return "-" if seconds is None else words.span(seconds, language)
