"""`xixi duty staffing`: the coming hours in which people will be short, from the centre's own history."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any

import typer

from xixi_workflow import clock
from xixi_workflow.cli.failures import USAGE, Stop
from xixi_workflow.cli.screen import PAGE, Screen, tell_json
from xixi_workflow.cli.session import Json, language, open_engine, takes_settings
from xixi_workflow.core import duty_words
from xixi_workflow.core.policy import Policy
from xixi_workflow.core.staffing import CASES, HIGH, KEPT, WEEKS, Expected, Managed, Outlook
from xixi_workflow.engine.staffing import Staffing, staffing_of

#: Maps of hours that are shown unless one team is asked for.
_MAPS = 3


@takes_settings
def staffing(
    weeks: Annotated[int, typer.Option(min=1, max=104, help="对照周数 Weeks of history.")] = 8,
    ahead: Annotated[int, typer.Option(min=1, max=60, help="预测天数 Days ahead.")] = 7,
    team: Annotated[
        str, typer.Option("--team", "--role", metavar="CODE", help="部门，或 operator · A team, or operator.")
    ] = "",
    as_json: Json = False,
) -> None:
    """人手 The coming hours in which people will be short, by what came and what was managed before."""
    with open_engine() as engine:
        policy = engine.policies.in_force
        try:
            found = staffing_of(engine, now=clock.now(), weeks=weeks, ahead=ahead, team=team)
        except LookupError:
            known = ", ".join(["operator", *policy.teams])
            zh, en = f"没有单位 {team}；可用：{known}", f"no such team: {team}; known: {known}"
            raise Stop(zh if language() == "zh" else en, USAGE) from None
    if as_json:
        tell_json({"short": [_short_data(o, run) for o in found.outlooks for run in runs(o.short)], "staffing": found})
        return
    screen = Screen(language(), policy.zone)
    _heading(screen, policy, found)
    _short(screen, policy, found)
    _managed(screen, policy, found)
    wanted = found.outlooks if team else [o for o in found.outlooks if o.short][:_MAPS]
    for outlook in wanted:
        _map(screen, policy, outlook)
    if wanted:
        screen.line(
            screen.pick(
                "图例（每格一小时）：空 无来件　. 轻　o 接近可承担量　# 人手不足　! 有来件而无人在岗",
                "each character is an hour: blank nothing expected, . light, o near what is managed, # short, ! nobody",
            )
        )
    elif found.outlooks:
        screen.line(screen.pick("看某部门的逐时图：--team 代码", "to see the hours of one team: --team CODE"))


def runs(hours: Sequence[Expected]) -> Iterator[list[Expected]]:
    """Hours that follow on each other, together."""
    run: list[Expected] = []
    for hour in hours:
        if run and hour.at - run[-1].at != timedelta(hours=1):
            yield run
            run = []
        run.append(hour)
    if run:
        yield run


def _worst(run: Sequence[Expected]) -> Expected:
    return max(run, key=lambda hour: (hour.more, hour.high))


def _short_data(outlook: Outlook, run: Sequence[Expected]) -> dict[str, Any]:
    worst = _worst(run)
    return {
        "code": outlook.code,
        "from": run[0].at,
        "until": run[-1].at + timedelta(hours=1),
        "mean": round(sum(hour.mean for hour in run), 2),
        "worst": worst,
        "managed": outlook.managed.load,
        "more": worst.more,
    }


def _heading(screen: Screen, policy: Policy, found: Staffing) -> None:
    between = [duty_words.instant(at, policy, screen.language) for at in (found.since, found.until)]
    screen.line(" — ".join(between), style="bold")
    dates = [f"{at.astimezone(policy.zone):%Y-%m-%d}" for at in (found.first, found.after - timedelta(days=1))]
    if found.weeks < WEEKS:
        screen.line(
            screen.pick(
                f"只有 {found.weeks} 整周的历史，不足 {WEEKS} 周：不下结论，只列在岗空缺和已有来件。",
                f"only {found.weeks} whole weeks of history, fewer than {WEEKS}: too little to judge by",
            ),
            style="bold yellow",
        )
        return
    screen.line(
        screen.pick(
            f"对照 {found.weeks} 周（{dates[0]} — {dates[1]}）的同一星期几、同一小时；节假日按周日对照。",
            f"judged by the same hours of {found.weeks} weeks ({dates[0]} — {dates[1]}); holidays as Sundays",
        )
    )


def _short(screen: Screen, policy: Policy, found: Staffing) -> None:
    say = screen.pick
    rows = [(run[0].at, outlook, run) for outlook in found.outlooks for run in runs(outlook.short)]
    if not rows:
        screen.line(say("没有预计人手不足的时段。", "No hours are expected to be short."), style="bold green")
        return
    rows.sort(key=lambda row: (row[0], row[1].code))
    shown = []
    for _, outlook, run in rows:
        worst = _worst(run)
        shown.append(
            [
                _between(run, policy, screen),
                duty_words.roster(outlook.code, policy, screen.language),
                f"{sum(hour.mean for hour in run):.1f}",
                worst.high,
                f"{worst.people:g}",
                _load(outlook.managed, screen),
                f"+{worst.more}",
            ]
        )
    numbers = [
        say("预计来件", "Expected"),
        say("最忙一小时", "Busiest hour"),
        say("在岗", "On duty"),
        say("每人每时可承担", "Managed per person-hour"),
        say("还差人", "People missing"),
    ]
    title = say("人手不足的时段", "Hours that will be short")
    screen.table(title, [say("时段", "When"), say("部门", "Team"), *numbers], shown, right="|".join(numbers))
    screen.line(
        say(
            f"最忙一小时：{HIGH}% 的周次不超过此数。≥：从未超过，上限未知。补班：xixi duty cover 或 config/duty/。",
            f"busiest hour: {HIGH} % of the weeks brought no more. ≥: the limit was never met."
            " Add people: config/duty/, or xixi duty takeover",
        )
    )


def _between(run: Sequence[Expected], policy: Policy, screen: Screen) -> str:
    """`2026-11-28 周六 20:00–23:00`."""
    ends = run[-1].at + timedelta(hours=1)
    start, end = (at.astimezone(policy.zone) for at in (run[0].at, ends))
    until = end.strftime("%H:%M") if (end - timedelta(hours=1)).date() == start.date() else end.strftime("%m-%d %H:%M")
    return f"{duty_words.instant(run[0].at, policy, screen.language)}–{'24:00' if until == '00:00' else until}"


def _load(managed: Managed, screen: Screen) -> str:
    if managed.load is not None:
        return f"{'≥ ' if managed.verdict == 'untried' else ''}{managed.load:g}"
    return _verdict(managed, screen)


def _verdict(managed: Managed, screen: Screen) -> str:
    say = screen.pick
    return {
        "measured": say("已测得", "measured"),
        "untried": say("从未超负荷", "never overloaded"),
        "not_kept": say("再轻也不及时：不是人数问题", "late even when quiet: not for want of people"),
        "too_little": say("样本太少，不下结论", "too little to judge"),
    }[managed.verdict]


def _managed(screen: Screen, policy: Policy, found: Staffing) -> None:
    say = screen.pick
    weeks = max(1, found.weeks)
    rows = [
        [
            duty_words.roster(o.code, policy, screen.language),
            f"{o.arrivals / weeks:.1f}",
            f"{100 * o.managed.kept / o.managed.judged:.1f}%" if o.managed.judged else None,
            o.managed.judged,
            None if o.managed.load is None else _load(o.managed, screen),
            _verdict(o.managed, screen),
            "" if o.roster else say("无班表：全员全天计为在岗", "no roster: all count day and night"),
        ]
        for o in found.outlooks
        if o.arrivals
    ]
    numbers = [
        say("每周来件", "Arrivals a week"),
        say("按时", "In time"),
        say("样本", "Cases"),
        say("每人每时可承担", "Managed per person-hour"),
    ]
    headings = [say("部门", "Team"), *numbers, say("依据", "Judged"), say("说明", "Remark")]
    title = say(
        f"每人每小时能承担多少（{KEPT}% 按时签收或响应时的最高来件量，样本不足 {CASES} 件不下结论）",
        f"What one person manages in an hour, {KEPT}% in time ({CASES} cases at least)",
    )
    # A line of its own: a table folds its title to its own width.
    screen.line(title, style="bold")
    screen.table("", headings, rows, right="|".join(numbers), most=PAGE)
    if quiet := [duty_words.roster(o.code, policy, screen.language) for o in found.outlooks if not o.arrivals]:
        screen.line(say("没有来件：", "Nothing came to: ") + say("、", ", ").join(quiet))
    for code in found.unmeasured:
        screen.line(
            duty_words.roster(code, policy, screen.language),
            say("配置中没有签收（响应）时限，无法测算。", "no clock of the policy tells when they react"),
        )


def _map(screen: Screen, policy: Policy, outlook: Outlook) -> None:
    """A line for each coming day, a character for each hour."""
    screen.line(duty_words.roster(outlook.code, policy, screen.language), style="bold")
    screen.line("            " + "".join(f"{hour:02}" if hour % 3 == 0 else " " for hour in range(24) if hour % 3 != 1))
    days: dict[int, dict[int, Expected]] = {}
    for hour in outlook.hours:
        local = hour.at.astimezone(policy.zone)
        days.setdefault(local.toordinal(), {})[local.hour] = hour
    busiest = max((hour.load or 0.0 for hour in outlook.hours), default=0.0)
    for hours in days.values():
        first = next(iter(hours.values()))
        marks = "".join(_mark(hours.get(n), outlook.managed, busiest) for n in range(24))
        screen.line(f"{_day(first.at, policy, screen)} |{marks}|")


def _day(at: datetime, policy: Policy, screen: Screen) -> str:
    local = at.astimezone(policy.zone)
    words = duty_words.instant(at, policy, screen.language).split()
    return f"{words[1] if screen.language == 'zh' else words[0] + ' '} {local:%m-%d}"


def _mark(hour: Expected | None, managed: Managed, busiest: float) -> str:
    if hour is None or (not hour.high and not hour.mean):
        return " "
    if hour.load is None:
        return "!" if hour.high else "."
    if hour.more:
        return "#"
    return "o" if hour.load * 2 > (managed.load or busiest) else "."
