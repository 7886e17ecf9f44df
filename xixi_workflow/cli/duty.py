"""`xixi duty`: who is on duty, where nobody is, how the duty is shared; and changes of it (`duty_changes.py`)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from xixi_workflow import clock
from xixi_workflow.cli import duty_changes
from xixi_workflow.cli.failures import PROBLEM, USAGE, Stop
from xixi_workflow.cli.screen import Screen, tell_json
from xixi_workflow.cli.session import Json, language, open_engine, takes_settings
from xixi_workflow.cli.staffing import staffing
from xixi_workflow.core import duty_proof, duty_turns, duty_words
from xixi_workflow.core.duty import Span
from xixi_workflow.core.policy import Policy

#: How far ahead the next hand-over is looked for.
_AHEAD = timedelta(days=40)

duty = typer.Typer(no_args_is_help=True, add_completion=False)


@duty.callback()
def roster() -> None:
    """值班 Who is on duty, now or at any time; take over, cover, swap; calendars in and out."""


@duty.command("now")
@takes_settings
def now_(as_json: Json = False) -> None:
    """当前 Who is on duty now, and until when."""
    _show(clock.now(), as_json=as_json)


@duty.command("at")
@takes_settings
def at_(
    when: Annotated[str, typer.Argument(metavar="WHEN", help='时间 Local time, for example "2026-12-01 03:00".')],
    as_json: Json = False,
) -> None:
    """某时 Who is on duty at an instant, and until when."""
    _show(when, as_json=as_json)


def _show(when: datetime | str, *, as_json: bool) -> None:
    with open_engine() as engine:
        policy = engine.policies.in_force
    at = duty_changes.instant(when, policy) if isinstance(when, str) else when
    found = [(name, next(iter(duty_turns.spans_of(policy, name, at, at + _AHEAD)))) for name in _rosters(policy)]
    if as_json:
        rosters = [
            {
                "roster": name,
                "team": name in policy.teams,
                "people": span.people,
                "until": span.end if span.end < at + _AHEAD else None,
            }
            for name, span in found
        ]
        tell_json({"at": at, "rosters": rosters})
        return
    screen = Screen(language(), policy.zone)
    say = screen.pick
    screen.line(duty_words.instant(at, policy, screen.language), style="bold")
    headings = [say("岗位、部门", "Role, team"), say("代码", "Code"), say("在岗", "On duty"), say("至", "Until")]
    screen.table("", headings, [_row(screen, policy, name, span, at) for name, span in found])
    names = (say("岗位、部门", "Role, team"), say("起", "From"), say("止", "Until"), say("调整", "Change"))
    headings = [*names, say("经手人", "Asked by"), say("原因", "Reason")]
    screen.table(say("临时调整", "Changes"), headings, _overrides(screen, policy, at))
    screen.line(
        say(
            "换人：xixi duty takeover 人员 --role 岗位（或 --team 部门）--for 4h",
            "To change it: xixi duty takeover PERSON --role ROLE (or --team TEAM) --for 4h",
        )
    )


def _rosters(policy: Policy) -> Iterator[str]:
    yield from policy.rosters
    yield from policy.teams


def _row(screen: Screen, policy: Policy, name: str, span: Span, at: datetime) -> list[Any]:
    until = _short(span.end, policy, screen) if span.end < at + _AHEAD else screen.pick("长期", "open end")
    if name in policy.teams and policy.team_roster(name) is None:
        until = screen.pick("全天候", "round the clock")
    # A blank between names lets a narrow terminal break the line there and not within a name.
    people = duty_words.people(span.people, policy, screen.language).replace("、", " ")
    return [duty_words.roster(name, policy, screen.language), name, people, until]


def _short(at: datetime, policy: Policy, screen: Screen) -> str:
    """`周二 11-24 08:00`: the year is plain from the heading."""
    local = at.astimezone(policy.zone)
    day = duty_words.instant(at, policy, screen.language)
    weekday = day.split()[1] if screen.language == "zh" else day.split()[0]
    return f"{weekday} {local:%m-%d %H:%M}"


def _overrides(screen: Screen, policy: Policy, at: datetime) -> Iterator[list[Any]]:
    """The overrides that hold at an instant or begin soon after."""
    for name, shape in policy.duty.items():
        for override in shape.overrides:
            begins, ends = (datetime.fromtimestamp(policy.city.of(t), UTC) for t in (override.from_, override.to))
            if begins >= at + _AHEAD or ends <= at:
                continue
            if override.people:
                what = duty_words.people((*override.people,), policy, screen.language)
            else:
                two = (override.cover, override.by) if override.cover else override.swap or ()
                arrow = " → " if override.cover else " ⇄ "
                what = arrow.join(duty_words.people((who or "",), policy, screen.language) for who in two)
            when = [_short(t, policy, screen) for t in (begins, ends)]
            yield [duty_words.roster(name, policy, screen.language), *when, what, override.asked_by, override.reason]


@duty.command()
@takes_settings
def gaps(
    days: Annotated[int, typer.Option(min=1, max=3660, help="天数 How many days ahead.")] = 365, as_json: Json = False
) -> None:
    """空档 When nobody is on duty or can be reached, and what would then find nobody. Exit code 1 if there is a gap."""
    now = clock.now()
    with open_engine() as engine:
        policy = engine.policies.in_force
    until = now + timedelta(days=days)
    found = duty_proof.gaps(policy, now, until)
    strange = duty_proof.findings(policy, now, until)
    if as_json:
        tell_json({"gaps": [gap_data(gap) for gap in found], "problems": [p._asdict() for p in strange]})
    else:
        screen = Screen(language(), policy.zone)
        for gap in found:
            screen.line(f"{gap.file}: {duty_words.gap(gap, policy, screen.language)}", style="bold red")
        for problem in strange:
            screen.line(f"{problem.file}: {'.'.join(map(str, problem.path))}: {problem.message}")
        if found or strange:
            screen.line(
                screen.pick(
                    "补上：在 config/duty/ 加班次，再 xixi config publish；临时顶班用 xixi duty takeover",
                    "fill them: add shifts in config/duty/, then xixi config publish; for now xixi duty takeover",
                )
            )
        else:
            screen.line(screen.pick(f"今后 {days} 天没有空档", f"no gap in the next {days} days"))
    if found or strange:
        raise typer.Exit(PROBLEM)


def gap_data(gap: duty_proof.Gap) -> dict[str, Any]:
    """A gap for a program."""
    return {
        "file": gap.file,
        "told": [target._asdict() for target in gap.told],
        "affects": [what._asdict() for what in gap.affects],
        "categories": gap.categories,
        "first": gap.first,
        "last": gap.last,
        "seconds": gap.seconds,
        "holes": [{"from": start, "to": end} for start, end in gap.holes],
    }


@duty.command()
@takes_settings
def fairness(
    month: Annotated[str, typer.Option(metavar="YYYY-MM", help="月份 A month; this one when left out.")] = "",
    as_json: Json = False,
) -> None:
    """公平 How the duty of a month is shared: hours, nights, week-ends and holidays of each, and the spread."""
    with open_engine() as engine:
        policy = engine.policies.in_force
    month = month or f"{clock.now().astimezone(policy.zone):%Y-%m}"
    try:
        year, number = (int(part) for part in month.split("-"))
        since, until = duty_turns.month(policy, year, number)
    except ValueError:
        raise Stop(f"--month {month}: write for example 2026-11", USAGE) from None
    found = duty_turns.shares(policy, since, until)
    if as_json:
        tell_json({"month": month, "shares": [share._asdict() for share in found]})
        return
    screen = Screen(language(), policy.zone)
    say = screen.pick
    number_headings = [
        say("小时", "Hours"),
        say("夜", "Nights"),
        say("周末天", "Week-end days"),
        say("节假日", "Holidays"),
    ]
    for name in dict.fromkeys(share.roster for share in found):
        mine = [share for share in found if share.roster == name]
        rows: list[list[Any]] = [
            [duty_words.people((s.person,), policy, screen.language), f"{s.hours:g}", s.nights, s.weekend_days,
             s.holidays] for s in mine
        ]  # fmt: skip
        if len(mine) > 1:
            spread = [max(values) - min(values) for values in zip(*(s[2:] for s in mine), strict=True)]
            rows.append([say("相差", "Spread"), f"{spread[0]:g}", *spread[1:]])
        title = f"{duty_words.roster(name, policy, screen.language)} · {month}"
        screen.table(title, [say("人员", "Person"), *number_headings], rows, right="|".join(number_headings))


duty.command("takeover")(duty_changes.takeover)
duty.command("cover")(duty_changes.cover)
duty.command("swap")(duty_changes.swap)
duty.command("import")(duty_changes.import_)
duty.command("ical")(duty_changes.ical)
duty.command("staffing")(staffing)
