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

_CLOCK = ("计时进程没有运行：在服务器上启动 xixi up", "no clock is running: start xixi up on the server")
_NETWORK = (
    "短信发不出去：先查 xixi senders check，再查网络；急件请打电话",
    "texts do not go out: look at xixi senders check, then at the network; telephone what is urgent",
)
_LOST = (
    "没有收到消息的人请打电话告知；原因见 xixi messages",
    "telephone those who were not told; the reasons are in xixi messages",
)
_LOG = ("处理出错或没有处理：看服务日志，并告知系统管理员", "something failed or stands still: read the service's log")
_LETTERS = ("处理来信：xixi letters", "see to the letters: xixi letters")
_DUTY = (
    "安排值班：xixi duty gaps 看空档，xixi duty takeover 接班",
    "fill the duty: xixi duty gaps shows the holes, xixi duty takeover fills one",
)
#: What to do about each kind of finding, by its `Finding.kind`.
_NEXT = {
    "clock": _CLOCK,
    **dict.fromkeys(("waiting", "sending", "uncertain", "undelivered", "receipt"), _NETWORK),
    **dict.fromkeys(("failed", "withheld", "lost", "breach"), _LOST),
    **dict.fromkeys(("asleep", "trouble", "still", "unread"), _LOG),
    "letter": _LETTERS,
    "duty_gap": _DUTY,
}


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
        told = auditor.together(findings)
        rows = [
            [
                levels[f.alarming],
                auditor.about(f, tongue),
                auditor.sentence(f, policy, tongue),
                words.local(f.since, policy),
            ]
            for f in told
        ]
        screen.table("", headings, rows)
        nothing = say("该提醒的都提醒了。", "Nothing that should have rung stayed silent.")
        screen.line(say(f"共 {len(told)} 项", f"{len(told)} finding(s)") if told else nothing, style="bold")
        for step in dict.fromkeys(_NEXT[f.kind] for f in told if f.kind in _NEXT):
            screen.line("→ " + say(*step))
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
    tongue = language()
    phone = settings().canary_phone.get_secret_value()
    if not phone:
        told = Screen(tongue).pick(
            "没有设置 XIXI_CANARY_PHONE：请填中心自己的一个手机号",
            "XIXI_CANARY_PHONE is not set: name a telephone of the centre's own",
        )
        raise Stop(told, USAGE)
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
            stuck = say(
                "短信没有发出。服务（xixi up）在运行吗？发送渠道：xixi senders check",
                "its message did not go out; is the service running? (xixi up; xixi senders check)",
            )
            screen.line(stuck, flight.remark)
        elif "delivered" not in flight.steps:
            screen.line(say("短信已发出，没有收到送达回执", "its message went out; no receipt came"))
        else:
            screen.line(say("一切正常", "all is well"))
    if not flight.well:
        raise typer.Exit(PROBLEM)
