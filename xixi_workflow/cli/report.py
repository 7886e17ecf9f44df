"""`xixi report PERIOD`: the figures of a month or week, on the screen or as documents."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from xixi_workflow.cli.failures import USAGE, Stop, in_words
from xixi_workflow.cli.petitions import RESULTS
from xixi_workflow.cli.screen import PAGE, Screen
from xixi_workflow.cli.session import Json, language, open_engine, takes_settings
from xixi_workflow.clock import now
from xixi_workflow.core import words
from xixi_workflow.core.figures import ClockFigures, Figures, Group, Named, canonical
from xixi_workflow.core.kpi import Rate
from xixi_workflow.core.kpi_table import MISSED
from xixi_workflow.core.lifecycle import FINAL
from xixi_workflow.core.periods import kind_of
from xixi_workflow.engine import figures, freeze
from xixi_workflow.engine.exports import FORMATS


@takes_settings
def report(
    period: Annotated[str, typer.Argument(metavar="PERIOD", help="统计期 A month 2026-10 or a week 2026-W43.")],
    out: Annotated[
        Path | None, typer.Option("--out", metavar="DIR", help="目录 Write documents into this folder.")
    ] = None,
    formats: Annotated[
        str, typer.Option("--formats", metavar="NAMES", help="格式 Of xlsx,pdf,docx,html,csv,json; all when left out.")
    ] = "",
    form: Annotated[str, typer.Option("--form", metavar="NAME", help="报表 A form of config/forms.")] = "",
    team: Annotated[
        list[str] | None,
        typer.Option("--team", metavar="CODE", help="单位 Of a form about one team: which; all when left out."),
    ] = None,
    public: Annotated[bool, typer.Option("--public", help="公开版 For the public: small counts withheld.")] = False,
    by: Annotated[str, typer.Option("--by", help="经手人 Who takes them; the name of this account else.")] = "",
    as_json: Json = False,
) -> None:
    """月报 The figures of a month or week: every rate with its numerator and denominator.

    Clocks count in the month in which they were due, ratings in the month in which they were given. As JSON:
    everything, with the definition of each indicator.

    With --out the documents of the period, from its last frozen version, or a draft where it is not frozen: in one
    folder, each noted with its digest. A document there is replaced by the same one made again; any other file is
    left alone.
    """
    if out is not None:
        _export(period, out, formats, form, team or [], public=public, by=by, as_json=as_json)
        return
    if formats or form or team or public or by:
        zh, en = "写文件请用 --out DIR 指明目录", "to write documents name a folder: --out DIR"
        raise Stop(zh if language() == "zh" else en, USAGE)
    with open_engine() as engine:
        zone = engine.policies.in_force.zone
        try:
            found = figures.count(engine, period)
        except ValueError as error:
            raise Stop(in_words(error, language()), USAGE) from None
        versions = [one.version for one in freeze.listed(engine) if one.period == period]
    if as_json:
        typer.echo(msgspec.json.format(canonical(found), indent=2).decode())
        return
    screen = Screen(language(), zone)
    _state(screen, found, max(versions, default=0))
    _overview(screen, found)
    _clocks(screen, found)
    _indicators(screen, found)
    for clock in found.timeliness:
        if clock.due:
            _teams(screen, clock, found.teams)


def _export(
    period: str, out: Path, formats: str, form: str, teams: list[str], *, public: bool, by: str, as_json: bool
) -> None:
    # What writes documents is loaded for those who want one.
    from xixi_workflow.cli.report_export import export
    from xixi_workflow.engine.report_issue import Order

    named = tuple(dict.fromkeys(name.strip() for name in formats.split(",") if name.strip()))
    order = Order(
        period,
        form or _form_of(period),
        tuple(teams),
        named or FORMATS,
        "public" if public else "internal",
        language(),
    )
    export(order, out, by=by, as_json=as_json)


def _form_of(period: str) -> str:
    try:
        return "monthly" if kind_of(period) == "month" else "weekly"
    except ValueError as error:
        raise Stop(in_words(error, language()), USAGE) from None


def _rate(rate: Rate | None) -> str:
    if rate is None or rate.percent is None:
        return "—"
    return f"{rate.percent}% ({rate.numerator:f}/{rate.denominator})"


def _state(screen: Screen, found: Figures, version: int) -> None:
    """The first line: what these figures are, and what can be done with them."""
    say, period = screen.pick, found.period
    if now() < found.end:
        screen.line(period, say("尚未结束：截至目前的数字", "not over: the figures until now"), style="bold yellow")
    elif version:
        counted = say("现在核算的数字", "counted now")
        screen.line(period, counted, say(f"已封存第 {version} 版", f"frozen as version {version}"), style="bold")
        screen.line("→ " + say("与封存的核对：", "compared with what is frozen: ") + f"xixi month recount {period}")
    else:
        screen.line(period, say("现在核算的数字，尚未封存", "counted now, not frozen"), style="bold")
        screen.line("→ " + say("封存：", "to freeze: ") + f"xixi month freeze {period}")


def _overview(screen: Screen, found: Figures) -> None:
    say, s, whole = screen.pick, found.satisfaction, found.overview.counts
    ends = {state: whole.get(f"closed.{state}", 0) for state in ("closed", *FINAL)}
    closed = "  ".join(f"{words.state(state, screen.language)} {n}" for state, n in ends.items() if n)
    rated = say(
        f"满意 {s.satisfied}，基本满意 {s.fairly_satisfied}（权重 {s.weight}），不满意 {s.dissatisfied}，"
        f"未评价 {s.not_rated}，未回访 {s.not_asked}",
        f"satisfied {s.satisfied}, fairly {s.fairly_satisfied} (weight {s.weight}), dissatisfied {s.dissatisfied},"
        f" not rated {s.not_rated}, not asked {s.not_asked}",
    )
    levels = "  ".join(
        say(f"第{level}级 {n}", f"level {level} {n}") for level, n in sorted(found.breaches.levels.items())
    )
    month = kind_of(found.period) == "month"
    rows: list[list[Any]] = [
        [say("月初在办" if month else "期初在办", "Open at the start"), found.overview.open_at_start, ""],
        [say("受理", "Filed"), whole.get("filed", 0), _counts(screen, found.overview.by_source)],
        [say("归档", "Closed"), whole.get("closed", 0), closed],
        [say("归档后重办", "Taken up again"), whole.get("taken_up_again", 0), ""],
        [
            say("月末在办" if month else "期末在办", "Open at the end"),
            found.overview.open_at_end,
            _counts(screen, found.overview.open_by_state),
        ],
        [say("退单", "Returned"), whole.get("returned", 0), _counts(screen, found.overview.returns_by_reason)],
        [say("重办轮次", "Rounds of rework"), whole.get("rework", 0), ""],
        [say("升级", "Escalations"), sum(found.breaches.levels.values()), levels],
        [say("满意率", "Satisfaction"), _rate(s.weighted), rated],
    ]
    number = " "
    screen.table("", ["", number, "  "], rows, right=number, most=PAGE)


def _counts(screen: Screen, named: list[Named]) -> str:
    return "  ".join(f"{screen.name(one, one.code)} {one.n}" for one in named)


def _clocks(screen: Screen, found: Figures) -> None:
    say = screen.pick
    verdicts = {code: pair[screen.language == "en"] for code, pair in RESULTS.items()}
    rows = [
        [
            screen.name(c, c.clock),
            c.due,
            _rate(c.on_time),
            screen.span(c.raw.median),
            screen.span(c.raw.p90),
            "  ".join(f"{name} {c.verdicts[code]}" for code, name in verdicts.items() if c.verdicts.get(code)),
        ]
        for c in found.timeliness
        if c.due
    ]
    headings = ["", say("到期", "Due"), say("按时率", "On time"), say("中位", "Median"), "P90", say("判定", "Verdicts")]
    screen.table(say("时限", "Clocks"), headings, rows, right="|".join(headings[1:5]), most=PAGE)


def _indicators(screen: Screen, found: Figures) -> None:
    say = screen.pick
    headings = ["", say("数值", "Figure"), say("口径", "Formula")]
    rows = [
        [screen.name(d, d.key), _rate(found.overview.rates[d.key]), say(d.formula_zh, d.formula_en)]
        for d in found.definitions
    ]
    screen.table(say("指标", "Indicators"), headings, rows, right=headings[1], most=PAGE)


def _teams(screen: Screen, clock: ClockFigures, teams: list[Group]) -> None:
    say = screen.pick
    headings = [
        *("", say("到期", "Due"), say("按时率", "On time"), say("超时", "Missed"), say("其他", "Other")),
        *(say("中位", "Median"), "P90"),
    ]
    rows = []
    for team in teams:
        of = {name.removeprefix(f"{clock.clock}."): n for name, n in team.counts.items()}
        due = sum(n for name, n in team.counts.items() if name.startswith(f"{clock.clock}."))
        missed = sum(of.get(code, 0) for code in MISSED)
        spans = team.spans.get(clock.clock)
        if due:
            rows.append(
                [
                    screen.name(team, team.code),
                    due,
                    _rate(team.rates.get(f"{clock.clock}_on_time")),
                    missed or "",
                    due - missed - of.get("on_time", 0) or "",
                    screen.span(spans.median if spans else None),
                    screen.span(spans.p90 if spans else None),
                ]
            )
    title = f"{screen.name(clock, clock.clock)} · {screen.pick('按部门', 'by team')}"
    screen.table(title, headings, rows, right="|".join(headings[1:]), most=PAGE)
