"""`xixi month`: close a period, count it again, correct it; its sentences; and which files left the house."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, get_args

import typer

from xixi_workflow import clock
from xixi_workflow.cli.failures import PROBLEM, REFUSED, USAGE, Stop, in_words
from xixi_workflow.cli.screen import PAGE, Screen, tell_json
from xixi_workflow.cli.session import Json, Tongue, language, open_engine, takes_settings
from xixi_workflow.core.document import Sentence
from xixi_workflow.core.frozen import Change, Frozen, Reason
from xixi_workflow.core.lifecycle import EVENT_OF, EVENTS
from xixi_workflow.core.periods import kind_of
from xixi_workflow.engine import exports, freeze, sentences
from xixi_workflow.engine.exports import Asked
from xixi_workflow.engine.freeze import FreezeError, Recounted
from xixi_workflow.engine.handle import Engine

month = typer.Typer(no_args_is_help=True, add_completion=False)

#: Figures and lines that are shown one by one; --json has all.
_SHOWN = 40
#: Characters of a digest in a list; --json has all 64.
_DIGEST = 12

Period = Annotated[str, typer.Argument(metavar="PERIOD", help="统计期 A month 2026-10 or a week 2026-W43.")]
By = Annotated[str, typer.Option("--by", help="经手人 Who does it; the name of this account when left out.")]
Form = Annotated[str, typer.Option("--form", metavar="NAME", help="报表 A form of config/forms.")]
Team = Annotated[str, typer.Option("--team", metavar="CODE", help="单位 Of a form about one team: which.")]
Of = Annotated[str, typer.Option("--of", metavar="zh|en", help="文稿语言 Language of the text; the screen's else.")]


@month.callback()
def about_months() -> None:
    """月结 Close a month or week, count it again, correct it; edit its sentences; see which files were issued."""


@month.command("freeze")
@takes_settings
def freezing(period: Period, by: By = "", as_json: Json = False) -> None:
    """封存 Count a period that is over and keep it: figures, policy version, the journal's root, one hash.

    Refused with exit code 3 while the period runs, while clocks of it are not judged, or when it is frozen already.
    """
    with _engine() as (engine, screen):
        found = freeze.freeze(engine, _period(period), by=_account(by), now=clock.now())
    if as_json:
        tell_json(_as_data(found))
        return
    screen.line(screen.pick(f"{period} 已封存（第 1 版）", f"{period} is frozen (version 1)"), style="bold")
    _root(screen, found)
    _documents(screen, period)


@month.command()
@takes_settings
def recount(
    period: Period,
    correct: Annotated[bool, typer.Option("--correct", help="更正 Keep what differs as the next version.")] = False,
    by: By = "",
    as_json: Json = False,
) -> None:
    """复核 Count a frozen period again from the same inputs. Exit code 1 if a figure differs and is not corrected.

    Says which figures are others and which petitions made them so. With --correct that becomes the next version.
    """
    with _engine() as (engine, screen):
        found = freeze.recount(engine, _period(period), by=_account(by), now=clock.now(), keep=correct)
    if as_json:
        kept = _as_data(found.kept) if found.kept else None
        tell_json({"same": found.same, "changes": found.changes, "reasons": found.reasons, "kept": kept})
    else:
        _recounted(screen, period, found)
    if not found.same and found.kept is None:
        raise typer.Exit(PROBLEM)


@month.command("list")
@takes_settings
def listed(as_json: Json = False) -> None:
    """清单 Every frozen period with its versions and hashes."""
    with _engine() as (engine, screen):
        found = freeze.listed(engine)
    if as_json:
        tell_json(found)
        return
    say = screen.pick
    headings = [
        *(say("统计期", "Period"), say("版本", "Version"), say("封存时间", "Frozen"), say("经手人", "By")),
        *(say("更正项", "Changes"), say("规则版本", "Policy"), say("封印", "Seal"), say("报告校验值", "Report hash")),
    ]
    rows = [[f.period, f.version, f.at, f.by, f.changes or "", f.policy, f.seal, _short(f.report)] for f in found]
    screen.table("", headings, rows, right="|".join([headings[1], *headings[4:7]]), most=PAGE)
    if not found:
        screen.line(say("还没有封存过", "nothing is frozen yet"))


@month.command("text")
@takes_settings
def shown(period: Period, form: Form = "", team: Team = "", of: Of = "", as_json: Json = False) -> None:
    """文稿 The sentences of a report: key, text, and the figure that each number comes from."""
    with _engine() as (engine, screen):
        asked = _asked(period, form, team, of)
        found = sentences.sentences(engine, asked, now=clock.now())
        version = max((one.version for one in freeze.listed(engine) if one.period == period), default=0)
    if as_json:
        tell_json(found)
        return
    state = screen.pick(f"第 {version} 版", f"version {version}") if version else screen.pick("草稿", "draft")
    screen.line(period, asked.form, asked.team, state, style="bold")
    for one in found:
        _sentence(screen, one)
    screen.line("→ " + screen.pick("改一句：", "to change one: ") + f"xixi month edit {period} KEY TEXT")


@month.command()
@takes_settings
def edit(
    period: Period,
    key: Annotated[str, typer.Argument(metavar="KEY", help="句子 The sentence's key, see `xixi month text`.")],
    text: Annotated[str, typer.Argument(metavar="TEXT", help='改后文字 The new text; "" restores the draft.')],
    form: Form = "",
    team: Team = "",
    of: Of = "",
    by: By = "",
    as_json: Json = False,
) -> None:
    """改稿 Put another text in the place of a drafted sentence, for every file made from now on.

    The draft is kept beside it, with who and when. A number for which no figure of the draft vouches is allowed and
    told.
    """
    with _engine() as (engine, screen):
        asked = _asked(period, form, team, of)
        found = sentences.edit(engine, asked, key, text, by=_account(by), now=clock.now())
    if as_json:
        tell_json(found)
        return
    say = screen.pick
    restored = say(f"“{key}”已恢复原稿", f"{key}: the draft again")
    screen.line(say(f"“{key}”已改", f"{key}: changed") if found.edit.text else restored, style="bold")
    screen.line(say("原文", "was"), found.edit.was)
    if found.edit.text:
        screen.line(say("现为", "now"), found.edit.text)
    if found.strange:
        numbers = ", ".join(found.strange)
        warning = f"注意：原稿的数字里没有 {numbers}，请核对；公开版不采用这一句"
        screen.line(
            say(warning, f"mind: no figure of the draft is {numbers}; the public version keeps its draft"),
            style="yellow",
        )
    _documents(screen, period, form, team)


@month.command()
@takes_settings
def issued(
    period: Annotated[str, typer.Option("--period", metavar="PERIOD", help="统计期 Only of this period.")] = "",
    as_json: Json = False,
) -> None:
    """导出记录 Every file of a report that left the house, the last first: what, who, when, its digest."""
    with _engine() as (engine, screen):
        found = exports.issued(engine, _period(period) if period else "")
    if as_json:
        tell_json(found)
        return
    say = screen.pick
    headings = [
        *(say("导出时间", "Issued"), say("经手人", "By"), say("文件", "File"), say("版本", "Version")),
        *(say("对象", "For"), say("字节", "Bytes"), "SHA-256"),
    ]
    audiences = {"internal": say("内部", "internal"), "public": say("公开", "public")}
    rows = [
        [
            f.at,
            f.by,
            f.name,
            f.version or say("草稿", "draft"),
            audiences.get(f.audience, f.audience),
            f"{f.bytes:,}",
            _short(f.sha256),
        ]
        for f in found
    ]
    screen.table("", headings, rows, right="|".join([headings[3], headings[5]]), most=PAGE)
    if not found:
        screen.line(say("还没有导出过", "nothing was issued yet"))


# --- on the screen --------------------------------------------------------------------------------------------------


def _recounted(screen: Screen, period: str, found: Recounted) -> None:
    say = screen.pick
    if found.same:
        same = say("重新核算，逐字节相同", "counted again, the same to the byte")
        screen.line(f"{period}  {say(f'第 {found.of.version} 版', f'version {found.of.version}')}", same, style="bold")
        return
    many = say(f"重新核算，{len(found.changes)} 项数字不同", f"counted again, {len(found.changes)} figures differ")
    screen.line(period, many, style="bold red")
    _changes(screen, found.changes)
    if found.reasons:
        _reasons(screen, found.reasons)
    else:
        nothing = "日志里没有原因：数据库被绕过日志改动过"
        screen.line(say(nothing, "no line of the journal says why: rows were changed past it"), style="bold red")
    if found.kept:
        kept = say(f"已作更正，存为第 {found.kept.version} 版", f"corrected: kept as version {found.kept.version}")
        screen.line(kept, style="bold")
        _root(screen, found.kept)
        _documents(screen, period)
    else:
        screen.line("→ " + say("更正：", "to correct: ") + f"xixi month recount {period} --correct")


def _changes(screen: Screen, found: list[Change]) -> None:
    say = screen.pick
    rows = [[screen.name(one, one.path), one.before or "—", one.after or "—"] for one in found[:_SHOWN]]
    screen.table("", [say("项目", "Figure"), say("原为", "Was"), say("现为", "Is")], rows)
    _rest(screen, found)


def _reasons(screen: Screen, found: list[Reason]) -> None:
    say = screen.pick
    kinds = {"late": say("补记", "noted late"), "relabelled": say("改派", "relabelled")}
    rows = [
        [one.no, screen.name(EVENTS[EVENT_OF[one.event]], one.event), one.at, one.noted_at, one.by, kinds[one.why]]
        for one in found[:_SHOWN]
    ]
    headings = [
        *(say("单号", "Petition"), say("事项", "Event"), say("发生", "Happened"), say("记录", "Noted")),
        *(say("经手人", "By"), say("原因", "Why")),
    ]
    screen.table(say("缘由", "Because of"), headings, rows)
    _rest(screen, found)


def _rest(screen: Screen, found: list[Any]) -> None:
    if len(found) > _SHOWN:
        more = len(found) - _SHOWN
        screen.line(screen.pick(f"……另有 {more} 项，见 --json", f"… {more} more, see --json"))


def _sentence(screen: Screen, one: Sentence) -> None:
    screen.line(one.key, style="bold")
    screen.line("  " + one.text)
    for source in one.sources:
        screen.line(f"    {source.path} = {source.text}", style="dim")
    if one.draft:
        edited = screen.pick("改于", "edited")
        screen.line(f"    {edited} {screen.at(one.edited_at)}  {one.edited_by}", style="yellow")
        screen.line(f"    {screen.pick('原稿', 'draft')}: {one.draft}", style="dim")


def _root(screen: Screen, found: Frozen) -> None:
    say = screen.pick
    screen.line(say("报告校验值", "report hash"), found.report)
    screen.line(say(f"日志根（第 {found.seal} 个封印）", f"journal's root (seal {found.seal})"), found.root)


def _documents(screen: Screen, period: str, form: str = "", team: str = "") -> None:
    """The next step: the documents of what is kept now."""
    of = (f" --form {form}" if form else "") + (f" --team {team}" if team else "")
    screen.line("→ " + screen.pick("出报告：", "the documents: ") + f"xixi report {period}{of} --out DIR")


def _short(digest: str) -> str:
    return f"{digest[:_DIGEST]}…"


def _as_data(found: Frozen) -> dict[str, Any]:
    """Everything of a frozen period but its figures, which `xixi report --json` prints."""
    names = [name for name in found.__struct_fields__ if name not in ("text", "changes", "reasons")]
    return {name: getattr(found, name) for name in names}


# --- what was asked -------------------------------------------------------------------------------------------------


@contextmanager
def _engine() -> Iterator[tuple[Engine, Screen]]:
    """The engine and a screen on the city's clock; what the engine refuses ends the command."""
    tongue = language()
    with open_engine() as engine:
        try:
            yield engine, Screen(tongue, engine.policies.in_force.zone)
        except FreezeError as error:
            raise Stop(in_words(error, tongue), REFUSED) from None
        except ValueError as error:
            raise Stop(in_words(error, tongue), USAGE) from None


def _period(period: str) -> str:
    try:
        kind_of(period)
    except ValueError as error:
        raise Stop(in_words(error, language()), USAGE) from None
    return period


def _asked(period: str, form: str, team: str, of: str) -> Asked:
    if of and of not in get_args(Tongue):
        raise Stop("--of：只能是 zh 或 en" if language() == "zh" else "--of: choose zh or en", USAGE)
    plain = {"month": "monthly", "week": "weekly"}[kind_of(_period(period))]
    tongue: Any = of or language()
    return Asked(period, form or plain, team, tongue)


def _account(by: str) -> str:
    try:
        return (by or getpass.getuser())[:60]
    except (OSError, KeyError):
        return "?"
