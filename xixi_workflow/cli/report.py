"""`xixi report MONTH`: the figures of a month."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from xixi_workflow.cli.failures import USAGE, Stop
from xixi_workflow.cli.petitions import RESULTS
from xixi_workflow.cli.screen import Screen, tell_json
from xixi_workflow.cli.session import Json, language, open_engine, takes_settings
from xixi_workflow.core import words
from xixi_workflow.core.figures import Figures, Share, Verdicts
from xixi_workflow.core.policy import Policy
from xixi_workflow.engine import month as months


@takes_settings
def report(
    month: Annotated[str, typer.Argument(metavar="YYYY-MM", help="月份 A month of the city's calendar.")],
    as_json: Json = False,
) -> None:
    """月报 The figures of a month: every rate with its numerator and denominator.

    Clocks count in the month in which they were due, ratings in the month in which they were given.
    """
    with open_engine() as engine:
        policy = engine.policies.in_force
        try:
            found = months.count(engine, month)
        except ValueError as error:
            raise Stop(str(error), USAGE) from None
    if as_json:
        tell_json(found)
        return
    found.clocks.sort(key=lambda c: policy.clocks[c.clock].limit if c.clock in policy.clocks else 0)
    screen = Screen(language(), policy.zone)
    _overview(screen, found)
    _clocks(screen, found, policy)
    for clock in found.clocks:
        plan = policy.clocks.get(clock.clock)
        name = screen.name(plan.shape if plan else None, clock.clock)
        _groups(screen, f"{name} · {screen.pick('按部门', 'by team')}", clock.by_team, policy.teams)


def _rate(rate: Share) -> str:
    if rate.percent is None:
        return "—"
    return f"{rate.percent:.2f} % ({rate.numerator:g}/{rate.denominator})"


def _overview(screen: Screen, found: Figures) -> None:
    say, s = screen.pick, found.satisfaction
    screen.line(found.month, style="bold")
    states = [f"{words.state(state, screen.language)} {n}" for state, n in found.open_at_end_by_state.items()]
    rated = say(
        f"满意 {s.satisfied}，基本满意 {s.fairly_satisfied}（权重 {s.weight:g}），不满意 {s.dissatisfied}，"
        f"未评价 {s.not_rated}，未回访 {s.not_asked}",
        f"satisfied {s.satisfied}, fairly {s.fairly_satisfied} (weight {s.weight:g}), dissatisfied {s.dissatisfied},"
        f" not rated {s.not_rated}, not asked {s.not_asked}",
    )
    rows: list[list[Any]] = [
        [say("月初在办", "Open at the start"), found.open_at_start, ""],
        [say("受理", "Filed"), found.filed, ""],
        [say("归档", "Closed"), found.closed, _counts(screen, found.closed_by_state)],
        [say("归档后重办", "Taken up again"), found.taken_up_again, ""],
        [say("月末在办", "Open at the end"), found.open_at_end, "  ".join(states)],
        [say("退单", "Returned"), found.returns, "  ".join(f"{k} {n}" for k, n in found.returns_by_reason.items())],
        [say("重办轮次", "Rounds of rework"), found.rework_rounds, ""],
        [say("升级", "Escalations"), sum(found.escalations.values()), _levels(screen, found.escalations)],
        [say("消息", "Messages"), sum(found.messages.values()), ""],
        [say("满意率", "Satisfaction"), _rate(s.rate), rated],
    ]
    number = " "
    screen.table("", ["", number, "  "], rows, right=number)


def _counts(screen: Screen, by_state: dict[str, int]) -> str:
    return "  ".join(f"{words.state(state, screen.language)} {n}" for state, n in by_state.items())


def _levels(screen: Screen, escalations: dict[str, int]) -> str:
    level = screen.pick("第{}级", "level {}")
    return "  ".join(f"{level.format(name)} {n}" for name, n in escalations.items())


def _clocks(screen: Screen, found: Figures, policy: Policy) -> None:
    named = {clock.clock: clock.total for clock in found.clocks}
    shapes = {name: plan.shape for name, plan in policy.clocks.items()}
    _groups(screen, screen.pick("时限", "Clocks"), named, shapes)


def _groups(screen: Screen, title: str, groups: dict[str, Verdicts], names: Any) -> None:
    """One line for each clock, team or category; `names` gives what a code is called."""
    say = screen.pick
    verdicts = {code: pair[screen.language == "en"] for code, pair in RESULTS.items()}
    headings = ["", say("到期", "Due"), say("按时率", "On time"), *verdicts.values(), say("中位", "Median"), "P90"]
    rows = [
        [
            screen.name(names.get(code), code),
            v.due,
            _rate(v.on_time_rate),
            *(getattr(v, code) or "" for code in verdicts),
            screen.span(v.median),
            screen.span(v.p90),
        ]
        for code, v in groups.items()
    ]
    screen.table(title, headings, rows, right="|".join(headings[1:]))
