"""`xixi list`: the open petitions, the nearest due first."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import typer
from rich.text import Text

from xixi_workflow import clock
from xixi_workflow.adapters.console import in_one_line
from xixi_workflow.cli.failures import USAGE, Stop
from xixi_workflow.cli.screen import Screen, tell_json
from xixi_workflow.cli.session import Json, language, open_engine, takes_settings
from xixi_workflow.core import words
from xixi_workflow.core.lifecycle import OPEN
from xixi_workflow.core.petition import Clock, Petition
from xixi_workflow.core.policy import Policy
from xixi_workflow.store.views import Listed, open_petitions

__all__ = ["list_petitions", "nearest", "remaining"]

#: States that can be listed: somebody owes an answer, or the petitioner a rating.
_LISTED = (*OPEN, "resolved")


@takes_settings
def list_petitions(
    state: Annotated[str, typer.Option(help=f"状态 Only this state: {', '.join(_LISTED)}.")] = "",
    team: Annotated[str, typer.Option(help="部门 Only this lead team, by its code.")] = "",
    late: Annotated[bool, typer.Option("--late", help="超时 Only those with a clock past due.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="行数 At most so many lines.")] = 50,
    as_json: Json = False,
) -> None:
    """清单 Open petitions, the nearest due first; those with nothing left to run come last."""
    if state and state not in _LISTED:
        raise Stop(f"--state {state}: choose one of {', '.join(_LISTED)}", USAGE)
    now = clock.now()
    with open_engine() as engine:
        policy = engine.policies.in_force
        if team and team not in policy.teams:
            raise Stop(f"--team {team}: choose one of {', '.join(policy.teams)}", USAGE)
        found = open_petitions(engine.store, states=(state,) if state else OPEN, team=team)
    lines = [(nearest(p.petition, policy), p) for p in found]
    if late:
        lines = [(due, p) for due, p in lines if due is not None and due.due_at < now]
    lines.sort(key=lambda line: (line[0] is None, line[0].due_at if line[0] else now, line[1].petition.id))
    if as_json:
        tell_json([_as_data(due, p, now) for due, p in lines[:limit]])
        return
    screen = Screen(language(), policy.zone)
    _show(screen, lines[:limit], policy, now)
    left = len(lines) - limit
    shown = screen.pick(f"共 {len(lines)} 件", f"{len(lines)} petitions")
    screen.line(shown, screen.pick(f"另有 {left} 件未列出", f"{left} not listed") if left > 0 else "")


def nearest(petition: Petition, policy: Policy) -> Clock | None:
    """The clock that is due first, or overdue longest; paused clocks and those that merely lapse are left out."""
    running = [
        c
        for c in petition.clocks
        if c.paused_at is None and not (c.name in policy.clocks and policy.clocks[c.name].lapses)
    ]
    return min(running, key=lambda c: c.due_at, default=None)


def remaining(screen: Screen, due_at: datetime, now: datetime) -> Text:
    """What is left of a clock, or by how much it is over."""
    left = (due_at - now).total_seconds()
    if left >= 0:
        return Text(screen.span(left))
    over = screen.span(-left)
    return Text(screen.pick(f"超时 {over}", f"{over} late"), style="bold red")


def _as_data(due: Clock | None, listed: Listed, now: datetime) -> dict[str, Any]:
    p = listed.petition
    return {
        "no": p.no,
        "state": p.state,
        "team": p.lead,
        "handler": p.handler,
        "category": p.category,
        "urgency": p.urgency,
        "round": p.round,
        "received_at": p.received_at,
        "clock": due.name if due else None,
        "due_at": due.due_at if due else None,
        "late": due is not None and due.due_at < now,
        "title": in_one_line(listed.title),
    }


def _show(screen: Screen, lines: list[tuple[Clock | None, Listed]], policy: Policy, now: datetime) -> None:
    say = screen.pick
    urgency = {"normal": "", "urgent": say("紧急", "urgent"), "emergency": say("特急", "EMERGENCY")}
    left = say("剩余", "Left")
    rows: list[list[Any]] = []
    for due, listed in lines:
        p = listed.petition
        plan = policy.clocks.get(due.name) if due else None
        rows.append(
            [
                p.no,
                words.state(p.state, screen.language),
                screen.name(policy.teams.get(p.lead), p.lead),
                Text(urgency[p.urgency], style="red" if p.urgency == "emergency" else ""),
                screen.name(plan.shape if plan else None, due.name if due else "—"),
                due.due_at if due else None,
                remaining(screen, due.due_at, now) if due else "—",
                listed.title[:40],
            ]
        )
    names = (say("单号", "No."), say("状态", "State"), say("承办", "Team"), say("紧急", "Urgency"))
    headings = [*names, say("最近时限", "Next clock"), say("到期", "Due"), left, say("标题", "Title")]
    screen.table("", headings, rows, right=left)
