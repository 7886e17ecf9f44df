"""What `xixi simulate` shows people: promises, changed runs, levels, people, texts, and what could not be redone."""

from __future__ import annotations

from typing import Any

from xixi_workflow.cli.petitions import RESULTS
from xixi_workflow.cli.screen import PAGE, Screen
from xixi_workflow.core import words
from xixi_workflow.core.policy import Policy
from xixi_workflow.core.what_if import KEPT
from xixi_workflow.core.what_if_account import Both, Changed, Compared, NotDone, Rung, Verdict
from xixi_workflow.engine.what_if import WhatIf

#: People and kinds of message that a screen shows; a program gets all.
_SHOWN = 15
#: Petitions named for each refused deed.
_EXAMPLES = 2
_ARROW = "→"

_STOOD_IN: dict[str, tuple[str, str]] = {
    "unknown_person": (
        "新名单没有当时签收的人，由在岗的人代",
        "that roster has not who accepted; somebody on duty did",
    ),
    "not_of_this_team": ("当时签收的人不在新的承办单位，由在岗的人代", "not of that team; somebody on duty did"),
    "not_told": ("当时确认的人未被通知，由被通知的人代", "who acknowledged was not told; somebody who was did"),
    "unknown_category": ("没有这个类别，按规则重新分类", "no such category; routed by the rules"),
    "unknown_team": ("没有这个承办单位，改由所属类别的单位办理", "no such team; the category's own had it"),
    "same_team": ("退单的正是要改派的单位，按驳回退单处理", "that team had given it back; its return was refused"),
    "unknown_reason": ("没有这个原因代码，用第一个代替", "no such reason; the first one instead"),
    "unknown_result": ("没有这个办结结果，用第一个代替", "no such result; the first one instead"),
    KEPT: ("新规则要由人派单，仍按当时的派单时间", "those rules leave the dispatch to an operator; it kept its time"),
}


class Page:
    """One answer, by the names that the other policy and the one before it have."""

    def __init__(self, screen: Screen, found: WhatIf, other: Policy, before: Policy, folder: str) -> None:
        self._screen = screen
        self._say = screen.pick
        self._found = found
        self._other = other
        self._before = before
        self._folder = folder

    def show(self) -> None:
        """All of it."""
        self._head()
        self._promises()
        for clock_ in self._found.clocks:
            self._runs(clock_, clock_.newly, clock_.newly_missed, worse=True)
            self._runs(clock_, clock_.no_longer, clock_.no_longer_missed, worse=False)
        self._levels()
        self._people()
        self._kinds()
        self._left_out()
        self._foot()

    # --- names --------------------------------------------------------------------------------------------------------

    def _clock(self, code: str) -> str:
        plan = self._other.clocks.get(code) or self._before.clocks.get(code)
        return self._screen.name(plan.shape, code) if plan else code

    def _team(self, code: str) -> str:
        return self._screen.name(self._other.teams.get(code) or self._before.teams.get(code), code)

    def _person(self, code: str) -> str:
        person = self._other.people.get(code) or self._before.people.get(code)
        return person.name if person else code

    def _limit(self, policy: Policy, code: str) -> str:
        plan = policy.clocks.get(code)
        return self._screen.span(plan.limit if plan else None)

    # --- what is shown ------------------------------------------------------------------------------------------------

    def _head(self) -> None:
        found, say = self._found, self._say
        versions = ", ".join(map(str, found.versions))
        self._screen.line(
            say(
                f"推演 {found.period}：当时为第 {versions} 版，假如按 {self._folder}",
                f"{found.period} as it was under version {versions}, and as it would have been under {self._folder}",
            ),
            style="bold",
        )
        self._screen.line(
            say(
                f"涉及诉求 {found.petitions} 件，操作 {found.deeds} 次，各按原来的时刻重演",
                f"{found.petitions} petitions, {found.deeds} deeds, each held at its own instant",
            )
        )
        if found.until < found.end:
            until = self._screen.at(found.until)
            self._screen.line(say(f"本期未完，只到 {until}", f"the period is not over: up to {until}"))
        worse, better = found.worse, found.better
        if worse or better:
            self._screen.line(
                say(
                    f"有时限新超时的 {worse} 件，有时限不再超时的 {better} 件",
                    f"{worse} petitions would have missed a clock that they kept, {better} would have kept one that"
                    " they missed",
                ),
                style="bold",
            )
            if refused := found.worse_by_refusal:
                self._screen.line(
                    say(
                        f"新超时的里有 {refused} 件，当时的申请按新规则已太迟或不许（见下），实际会早些申请",
                        f"{refused} of the first had a request that comes too late or is not allowed (below); people"
                        " would ask earlier",
                    )
                )
        else:
            self._screen.line(
                say("没有一件诉求的时限结果会不同", "no petition would have kept or missed another clock"), style="bold"
            )

    def _promises(self) -> None:
        say = self._say
        numbers = [
            say("到期", "Due"),
            say("按时率", "On time"),
            say("百分点", "Points"),
            say("新超时", "Newly missed"),
            say("不再超时", "No longer"),
            say("超时多久（中位）", "Late by (median)"),
        ]
        rows = []
        for c in self._found.clocks:
            if not c.then.due and not c.now.due:
                continue
            limits = [self._limit(policy, c.clock) for policy in (self._before, self._other)]
            points = None if c.then.percent is None or c.now.percent is None else c.now.percent - c.then.percent
            rows.append(
                [
                    self._clock(c.clock),
                    _arrow(*limits),
                    _arrow(str(c.then.due), str(c.now.due)),
                    _arrow(_percent(c.then.percent), _percent(c.now.percent)),
                    "" if not points else f"{points:+.2f}",
                    c.newly_missed or "",
                    c.no_longer_missed or "",
                    _arrow(self._screen.span(c.then.late.median), self._screen.span(c.now.late.median)),
                ]
            )
        headings = [say("时限", "Clock"), say("时长", "Limit"), *numbers]
        self._screen.table(say("当时 → 假如", "Then → what if"), headings, rows, right="|".join(numbers))

    def _runs(self, clock_: Compared, runs: list[Changed], count: int, *, worse: bool) -> None:
        if not runs:
            return
        say, name = self._say, self._clock(clock_.clock)
        what = say("新超时", "newly missed") if worse else say("不再超时", "no longer missed")
        shown = say(f"，最久的 {len(runs)} 件次", f", the {len(runs)} latest") if count > len(runs) else ""
        title = say(f"{name}：{what} {count} 件次{shown}", f"{name}: {count} {what}{shown}")
        late = say("超时", "Late by")
        headings = [
            say("工单", "Petition"),
            say("承办", "Team"),
            say("当时到期", "Due then"),
            say("当时", "Then"),
            say("假如到期", "Due what-if"),
            say("假如", "What if"),
            late,
        ]
        rows = []
        for one in runs:
            told = one.now if worse else one.then
            rows.append(
                [
                    str(one.petition),
                    self._team(one.team),
                    *self._verdict(one.then, one.clock in self._before.clocks),
                    *self._verdict(one.now, one.clock in self._other.clocks),
                    self._screen.span(told.late if told else None),
                ]
            )
        self._screen.table(title, headings, rows, right=late)

    def _verdict(self, verdict: Verdict | None, known: bool) -> list[Any]:
        if verdict is None:
            return [None, self._say("未到期", "not due yet") if known else self._say("无此时限", "no such clock")]
        result = RESULTS.get(verdict.result, (verdict.result, verdict.result))
        return [words.local(verdict.due_at, self._other), result[self._screen.language == "en"]]

    def _levels(self) -> None:
        say, found = self._say, self._found
        then, now = say("当时", "Then"), say("假如", "What if")
        without = say("超时（不升级）", "Breach without a ladder")
        rows = [
            [say(f"第{level}级", f"Level {level}") if level else without, both.then, both.now, _more(both)]
            for level, both in found.levels.items()
        ]
        if rows:
            both = found.repeats
            label = say("其中重复提醒", "of these, repeats")
            rows.append([label, both.then, both.now, _more(both)])
        self._screen.table(say("升级", "Escalations"), ["", then, now, "±"], rows, right=f"{then}|{now}|±")

    def _people(self) -> None:
        say = self._say
        changed = [p for p in self._found.people if p.then != p.now]
        if not changed:
            self._screen.line(say("通知到的人和次数不变", "the same people would have been told as often"))
            return
        numbers = [say("消息", "Messages"), say("夜间 22-7 时", "At night, 22-7"), say("最高级别", "Highest level")]
        people = self._found.people
        nights = _arrow(str(sum(p.then.night for p in people)), str(sum(p.now.night for p in people)))
        woken = _arrow(str(sum(p.then.night > 0 for p in people)), str(sum(p.now.night > 0 for p in people)))
        rows = [
            [
                self._person(p.person),
                p.person,
                _arrow(str(p.then.messages), str(p.now.messages)),
                _arrow(str(p.then.night), str(p.now.night)),
                _arrow(str(p.then.level or "—"), str(p.now.level or "—")),
            ]
            for p in changed[:_SHOWN]
        ]
        title = say(
            f"叫到谁：{len(changed)} 人不同" + "，夜间变化最大的在前" * (len(changed) > 1),
            f"Who would have been told: different for {len(changed)}" + ", most nights first" * (len(changed) > 1),
        )
        headings = [say("人员", "Person"), say("代码", "Code"), *numbers]
        self._screen.table(title, headings, rows, right="|".join(numbers))
        self._screen.line(
            say(
                f"夜间叫到的工作人员 {woken} 人，消息 {nights} 条",
                f"told at night: {woken} members of staff, {nights} messages",
            )
        )
        if len(changed) > _SHOWN:
            rest = len(changed) - _SHOWN
            self._screen.line(say(f"另有 {rest} 人，见 --json", f"and {rest} more, see --json"))

    def _kinds(self) -> None:
        say, found = self._say, self._found
        numbers = [say("条数", "SMS"), say("计费条数", "Segments"), "±"]

        def row(name: str, then: Rung, now: Rung) -> list[Any]:
            more = now.segments - then.segments
            return [name, _arrow(str(then.sms), str(now.sms)), _arrow(str(then.segments), str(now.segments)),
                    f"{more:+d}" if more else ""]  # fmt: skip

        changed = [k for k in found.kinds if k.then != k.now]
        rows = [row(self._kind(k.kind), k.then, k.now) for k in changed[:_SHOWN]]
        total = [Rung(sms=sum(r.sms for r in side), segments=sum(r.segments for r in side))
                 for side in ([k.then for k in found.kinds], [k.now for k in found.kinds])]  # fmt: skip
        rows.append(row(say("全部消息", "All messages"), *total))
        self._screen.table(say("短信", "Texts"), ["", *numbers], rows, right="|".join(numbers))

    def _kind(self, kind: str) -> str:
        name = words.kind(kind, self._other, self._screen.language)
        return name if name != kind else words.kind(kind, self._before, self._screen.language)

    def _left_out(self) -> None:
        say, found = self._say, self._found
        number = say("次数", "Times")
        rows = [
            [
                words.event(x.event, self._screen.language),
                x.n,
                self._why(x),
                " ".join(map(str, x.petitions[:_EXAMPLES])),
            ]
            for x in found.not_done
        ]
        title = say("无法重演的操作", "What could not be done again")
        headings = [say("操作", "Deed"), number, say("原因", "Why"), say("例如", "For example")]
        self._screen.table(title, headings, rows, right=number, most=PAGE)
        rows = [
            [words.event(x.event, self._screen.language), x.n, say(*_STOOD_IN.get(x.code, (x.code, x.code)))]
            for x in found.stood_in
        ]
        title = say("由别人或别的代码代替的操作", "What somebody or something else stood in for")
        self._screen.table(title, [say("操作", "Deed"), number, say("怎样代替", "How")], rows, right=number)
        if found.idle:
            self._screen.line(
                say(
                    f"不再需要的操作（确认、越级升级、派单）{found.idle} 次",
                    f"{found.idle} deeds had become idle (acknowledgements, escalations, dispatches)",
                )
            )

    def _why(self, one: NotDone) -> str:
        tongue = self._screen.language
        if one.code == "not_in_state":
            state = words.state(one.refused.state, tongue)
            return self._say(f"那时工单处于“{state}”", f'it would have been "{state}" by then')
        return words.refusal(one.refused, self._other, role="operator", language=tongue)

    def _foot(self) -> None:
        say, check = self._say, self._found.check
        self._screen.blank()
        if check.exact:
            self._screen.line(
                say(
                    f"核对：按当时的规则重演，{check.verdicts} 个时限结果、{check.messages} 条消息与记录完全一致",
                    f"checked: lived again under the rules of the time, all {check.verdicts} verdicts and"
                    f" {check.messages} messages are as recorded",
                )
            )
        else:
            self._screen.line(
                say(
                    f"核对：按当时的规则重演，与记录一致的时限结果 {check.verdicts_same}/{check.verdicts}，消息"
                    f" {check.messages_same}/{check.messages}（相差的多因停机、晚查或换班未及时读到）",
                    f"checked: under the rules of the time {check.verdicts_same}/{check.verdicts} verdicts and"
                    f" {check.messages_same}/{check.messages} messages are as recorded (late looks, outages, a roster"
                    " not read yet)",
                ),
                style="yellow",
            )
        if self._found.unreadable:
            n = self._found.unreadable
            self._screen.line(
                say(f"{n} 件的日志读不出，未计入", f"{n} journals cannot be read; left out"), style="yellow"
            )
        self._screen.line(
            say(
                "口径：人的操作时间不变，无人因时限变短而加快；当时没响过的提醒无人确认，重复提醒按最多计；短信按一条消息一条短信计，"
                "未扣合并、免打扰和退订",
                "how it was counted: nobody hurries because a limit is shorter; nobody acknowledges what did not ring"
                " then, so repeats are at their most; one text for each message, nothing told together or withheld",
            )
        )


def _arrow(then: str, now: str) -> str:
    return then if then == now else f"{then} {_ARROW} {now}"


def _more(both: Both) -> str:
    return f"{both.now - both.then:+d}" if both.now != both.then else ""


def _percent(percent: float | None) -> str:
    return "—" if percent is None else f"{percent:.2f}%"
