"""`xixi audit` and `xixi canary`: is anything silent that should have rung, and does the real path still work."""

from __future__ import annotations

from typing import Annotated

import typer

from xixi_workflow import clock
from xixi_workflow.cli.failures import PROBLEM, REFUSED, USAGE, Stop
from xixi_workflow.cli.screen import Screen, tell_json
from xixi_workflow.cli.session import Json, language, open_engine, settings, takes_settings
from xixi_workflow.core import words
from xixi_workflow.core.silence import Finding
from xixi_workflow.engine import audit as auditor
from xixi_workflow.engine import canary as canaries


@takes_settings
def audit(as_json: Json = False) -> None:
    """审计 What should have rung and stayed silent: breaches, messages, alarms, letters, the clock itself.

    Ends with 1 when somebody who had to hear of something did not.
    """
    now = clock.now()
    with open_engine() as engine:
        findings = auditor.audit(engine, now=now)
        policy = engine.policies.in_force
    tongue = language()
    if as_json:
        tell_json([_as_data(f) | {"says": auditor.sentence(f, policy, tongue)} for f in findings])
    else:
        screen = Screen(tongue, policy.zone)
        say = screen.pick
        headings = [say("级别", "Level"), say("对象", "About"), say("情况", "Finding"), say("起于", "Since")]
        levels = say("提示", "note"), say("告警", "ALARM")
        rows = [[levels[f.alarming], f.key or "—", auditor.sentence(f, policy, tongue), f.since] for f in findings]
        screen.table("", headings, rows)
        nothing = say("该提醒的都提醒了。", "Nothing that should have rung stayed silent.")
        screen.line(say(f"共 {len(findings)} 项", f"{len(findings)} findings") if findings else nothing)
    if auditor.alarming(findings):
        raise typer.Exit(PROBLEM)


def _as_data(finding: Finding) -> dict[str, object]:
    return {
        "kind": finding.kind,
        "about": finding.key,
        "since": finding.since,
        "alarming": finding.alarming,
        "facts": finding.facts,
    }


@takes_settings
def canary(
    patience: Annotated[int, typer.Option(min=1, max=900, help="最长等待秒数 Seconds to wait for the message.")] = int(
        canaries.PATIENCE
    ),
    as_json: Json = False,
) -> None:
    """演练 File a canary petition for XIXI_CANARY_PHONE through the running service, and watch how far it comes.

    It is withdrawn once routed, bothers no handler and counts in no figure. Ends with 1 if its message did not go out.
    """
    phone = settings().canary_phone.get_secret_value()
    if not phone:
        raise Stop("XIXI_CANARY_PHONE is not set: name a telephone of the centre's own", USAGE)
    tongue = language()
    with open_engine() as engine:
        flight = canaries.fly(engine, phone, clock.now, language=tongue, patience=patience)
        policy = engine.policies.in_force
    if flight.refused is not None:
        raise Stop(words.refusal(flight.refused, policy, role="system", language=tongue), REFUSED)
    screen = Screen(tongue)
    say = screen.pick
    if as_json:
        tell_json({"no": str(flight.number), "well": flight.well, "message": flight.message, "seconds": flight.steps})
    else:
        rows = canaries.table(flight)
        screen.table(str(flight.number), list(rows[0]), [list(row.values()) for row in rows])
        if not flight.well:
            stuck = say("短信没有发出；服务在运行吗？", "its message did not go out; is the service running?")
            screen.line(stuck, flight.message, flight.remark)
    if not flight.well:
        raise typer.Exit(PROBLEM)
