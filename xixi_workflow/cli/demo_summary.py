"""What a supervisor reads when a demonstration has ended."""

from __future__ import annotations

import os
import shutil
import sys
from decimal import Decimal
from pathlib import Path

from xixi_workflow.cli.screen import Screen
from xixi_workflow.core.kpi import quotient
from xixi_workflow.core.policy import Policy
from xixi_workflow.demo.drive import AFTERWARDS, Demonstration

#: How many teams the summary names.
_WORST = 5
#: A team with fewer deadlines is not ranked: one miss would put it first.
_FEW = 10
_PROMISE = (
    ("时限", "Clock"),
    ("限时", "Limit"),
    ("按时", "Kept"),
    ("超时", "Missed"),
    ("未到期", "Running"),
    ("兑现率", "Kept %"),
)


class Summary:
    """What a supervisor wants to know at the end."""

    def __init__(self, screen: Screen, policy: Policy, done: Demonstration) -> None:
        self._screen = screen
        self._say = screen.pick
        self._policy = policy
        self._done = done

    def show(self, days: int) -> None:
        """Everything, on standard output."""
        done, say, line = self._done.result, self._say, self._screen.line
        self._screen.blank()
        first = self._done.start.astimezone(self._policy.zone).date()
        line(
            say(
                f"模拟 {days} 天（自 {first} 起，另 {AFTERWARDS.days} 天收尾），"
                f"用时 {done.seconds:.1f} 秒，每秒 {done.petitions_per_second:g} 件",
                f"Simulated {days} days (from {first}, and {AFTERWARDS.days} more to finish) "
                f"in {done.seconds:.1f} s, {done.petitions_per_second:g} petitions a second",
            ),
            style="bold",
        )
        self._petitions()
        self._promise()
        self._worst()
        self._told()
        self._satisfaction()
        self._places()

    def _petitions(self) -> None:
        done, say = self._done.result, self._say
        on = [
            say(f"受理 {done.received}", f"received {done.received}"),
            say(f"派单 {done.dispatched}", f"dispatched {done.dispatched}"),
            say(f"签收 {done.accepted}", f"accepted {done.accepted}"),
            say(f"办结 {done.resolved}", f"resolved {done.resolved}"),
            say(f"归档 {done.closed}", f"closed {done.closed}"),
        ]
        rejected, transferred, withdrawn = (done.states.get(s, 0) for s in ("rejected", "transferred", "withdrawn"))
        aside = [
            say(f"退单 {done.returned}", f"returned {done.returned}"),
            say(f"重办 {done.reopened}", f"reworked {done.reopened}"),
            say(f"并单 {done.merged}", f"merged {done.merged}"),
            say(f"不予受理 {rejected}", f"rejected {rejected}"),
            say(f"转外部 {transferred}", f"transferred {transferred}"),
            say(f"撤诉 {withdrawn}", f"withdrawn {withdrawn}"),
        ]
        self._screen.line(say("工单：", "Petitions:"), *on)
        self._screen.line(say("其中：", "Of these:"), *aside)

    def _promise(self) -> None:
        say = self._say
        headings = [say(*pair) for pair in _PROMISE]
        rows = []
        for name, plan in sorted(self._policy.clocks.items(), key=lambda clock: clock[1].limit):
            kept = self._done.result.on_time.get(name)
            if kept is not None and not plan.lapses:
                judged = kept.met + kept.breached
                rows.append(
                    [
                        self._screen.name(plan.shape, name),
                        self._screen.span(plan.limit),
                        kept.met,
                        kept.breached,
                        kept.open + kept.paused,
                        _percent(kept.met, judged),
                    ]
                )
        self._screen.table(say("时限兑现", "The promise kept"), headings, rows, "|".join(headings[1:]))

    def _worst(self) -> None:
        """The teams that missed the largest share of their deadlines, all clocks together."""
        missed: dict[str, list[int]] = {}
        for (_, team), (met, breached) in self._done.counted.teams.items():
            if not team:
                # Missed before any team had the petition: nobody's of these.
                continue
            sums = missed.setdefault(team, [0, 0])
            sums[0] += breached
            sums[1] += met + breached
        many = [team for team, (_, due) in missed.items() if due >= _FEW]
        ranked = sorted(many, key=lambda team: (-missed[team][0] / missed[team][1], team))[:_WORST]
        say = self._say
        headings = [say("承办单位", "Team"), say("超时", "Missed"), say("到期", "Due"), say("超时率", "Share")]
        rows = [
            [self._screen.name(self._policy.teams.get(team), team), late, due, _percent(late, due)]
            for team, (late, due) in ((team, missed[team]) for team in ranked)
            if late
        ]
        self._screen.table(say("超时最多的单位", "Teams behind most"), headings, rows, "|".join(headings[1:]))

    def _told(self) -> None:
        done, say = self._done.result, self._say
        levels = "  ".join(say(f"{level}级 {n}", f"level {level}: {n}") for level, n in done.escalations.items())
        self._screen.line(say("升级：", "Escalations:"), levels or say("无", "none"))
        sent = sum(done.messages.values())
        self._screen.line(
            say("消息：", "Messages:"),
            say(f"发出 {sent} 条", f"{sent} sent"),
            say(f"未送达 {done.undelivered} 条（空号）", f"{done.undelivered} not delivered (no such number)"),
        )
        texts, read = done.texts, sum(done.texts.letters.values())
        unclear = read - texts.letters.get("done", 0)
        self._screen.line(
            say("短信：", "SMS:"),
            say(f"发出 {texts.sent} 条", f"{texts.sent} sent"),
            say(
                f"{texts.bundled} 件合并为 {texts.bundles} 条", f"{texts.bundled} messages bundled into {texts.bundles}"
            ),
            say(f"收到回复 {read} 条，已答复 {texts.replies} 条", f"{read} read, {texts.replies} answered"),
            say(f"须追问或人工查看 {unclear} 条", f"{unclear} asked back or for a person to see"),
        )

    def _satisfaction(self) -> None:
        ratings, say = self._done.counted.ratings, self._say
        rated = sum(ratings.values())
        good, fair, bad = ratings["satisfied"], ratings["fairly_satisfied"], ratings["dissatisfied"]
        weight = self._policy.main.fairly_satisfied_weight
        silent = self._done.counted.events.get("survey_lapsed")
        self._screen.line(
            say("满意度：", "Satisfaction:"),
            _percent(good + weight * fair, rated),
            say(f"满意 {good}  基本满意 {fair}  不满意 {bad}", f"satisfied {good}, fairly {fair}, dissatisfied {bad}"),
            say(f"未评价 {silent.times if silent else 0}", f"not rated {silent.times if silent else 0}"),
        )

    def _places(self) -> None:
        done, say, line = self._done.result, self._say, self._screen.line
        sound = say("完好", "sound") if done.journal_verified else say("被改动", "CHANGED")
        line(say("日志链：", "Journal:"), sound, style="" if done.journal_verified else "bold red")
        state = say("已封存", "frozen") if done.version else say("草稿", "draft")
        line(say("月报：", "Report:"), done.month, state)
        for document in done.documents:
            line("  " + document)
        line(say("数据库：", "Database:"), done.database)
        line(say("用真实服务打开：", "Open it live:"), f"{_program()} up --database {done.database}")


def _percent(part: float, whole: int) -> str:
    shown = quotient(Decimal(str(part)) * 100, whole)
    return "—" if shown is None else f"{shown}%"


def _program() -> str:
    """What to type for this program: its name where the shell finds it, else the one beside this interpreter."""
    return "xixi" if shutil.which("xixi") else os.path.relpath(Path(sys.executable).with_name("xixi"))
