"""One issue of a report: freeze where that is asked for, fill and write every document, put the files in the folder.

It may be run late, twice or by two at once: a period that is frozen stays as it is, and a file that is made again takes
the place of the one before, each noted with its own digest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path

import msgspec
import structlog

from xixi_workflow.adapters.report_folder import ReportFolder
from xixi_workflow.core.document import Audience, Language
from xixi_workflow.core.figures import Figures
from xixi_workflow.core.periods import containing, earlier, kind_of
from xixi_workflow.engine import exports, freeze
from xixi_workflow.engine.exports import FORMATS, Asked, Taken, Writer
from xixi_workflow.engine.freeze import FreezeError
from xixi_workflow.engine.handle import Engine

log = structlog.get_logger()


class Order(msgspec.Struct, frozen=True):
    """What is to be issued. Without a `period` the last one that is over, of the form's kind; without `teams`, of a
    form about one team, every team that has figures.
    """

    period: str = ""
    form: str = "monthly"
    teams: tuple[str, ...] = ()
    formats: tuple[str, ...] = FORMATS
    audience: Audience = "internal"
    language: Language = "zh"
    #: Freeze the period first, unless it is frozen already.
    freeze: bool = False


class Made(msgspec.Struct, frozen=True):
    """A file in the folder."""

    name: str
    format: str
    team: str
    size: int
    sha256: str
    path: Path


class Issue(msgspec.Struct, frozen=True):
    """What came of an order. `version` 0 is a draft; `frozen_now`: by this order.

    `not_frozen` says why the period could not be frozen although that was asked for: (zh, en), empty otherwise.
    `figures` are the whole ones, whoever the documents are for.
    """

    order: Order
    period: str
    version: int
    frozen_now: bool
    not_frozen: tuple[str, str]
    figures: Figures
    files: list[Made]

    @property
    def state(self) -> tuple[str, str]:
        """Frozen, a correction or a draft, in words (zh, en)."""
        if not self.version:
            return "草稿", "draft"
        return (
            ("已封存", "frozen") if self.version == 1 else (f"更正第 {self.version} 版", f"correction {self.version}")
        )


def issue(
    engine: Engine, order: Order, writers: Mapping[str, Writer], folder: ReportFolder, *, by: str, now: datetime
) -> Issue:
    """Make the documents of an order.

    A period that cannot be frozen (not over, not all clocks judged yet) is issued as a draft, and the issue says so.
    Raises `FreezeError` for a form, format or team that nobody knows, `ValueError` for anything else than a period or
    a form that does not suit what was asked, `OSError` where the folder cannot be written.
    """
    policy = engine.policies.refresh()
    form = exports.form_of(engine, order.form, policy)
    period = order.period or last_period(engine, form.period, now=now)
    if kind_of(period) != form.period:
        raise FreezeError(
            f"“{form.zh}”按{'月' if form.period == 'month' else '周'}出，{period} 不是",
            f"{form.en} is of a {form.period}; {period} is not",
        )
    # What cannot be made is refused before anything is frozen.
    if order.audience not in form.audiences:
        whom = "公开" if order.audience == "public" else "内部"
        raise FreezeError(f"“{form.zh}”不作{whom}用", f"{form.en} is not for the {order.audience}")
    if order.teams and form.scope != "team":
        raise FreezeError(f"“{form.zh}”不分单位", f"{form.en} is not about one team")
    if unknown := [team for team in order.teams if team not in policy.teams]:
        raise FreezeError(f"没有这个单位：{'、'.join(unknown)}", f"no such team: {', '.join(unknown)}")
    frozen_now, not_frozen = _frozen(engine, period, by=by, now=now) if order.freeze else (False, ("", ""))
    taken = exports.take(engine, period)
    teams = order.teams or _with_figures(taken, policy.teams) if form.scope == "team" else [""]
    files = []
    for team in teams:
        asked = Asked(period, order.form, team, order.language, order.audience, order.formats)
        for file in exports.export(engine, asked, writers, by=by, now=now, taken=taken):
            path = folder.keep(file.name, file.data)
            files.append(Made(file.name, file.format, team, len(file.data), file.sha256, path))
    log.info("report_issued", period=period, form=order.form, version=taken.version, files=len(files))
    return Issue(order, period, taken.version, frozen_now, not_frozen, taken.figures, files)


def last_period(engine: Engine, kind: str, *, now: datetime) -> str:
    """The last month or week of the city that is over at `now`."""
    today = now.astimezone(engine.policies.in_force.zone).date()
    return earlier(containing(today, "month" if kind == "month" else "week"), 1)


def letter(issue: Issue, engine: Engine, link: Callable[[Made], str]) -> tuple[str, str]:
    """Title and text of the message that goes with the documents: what they are and where, and no figure."""
    policy, language = engine.policies.in_force, issue.order.language
    form = exports.form_of(engine, issue.order.form, policy)
    city, name = getattr(policy.main.city, language), getattr(form, language)
    state = issue.state[0 if language == "zh" else 1]
    files = [f"- {file.name}  {link(file)}" for file in issue.files]
    if language == "zh":
        title = f"{city} {issue.period} {name}（{state}）"
        lines = [title, "", *files]
        if issue.not_frozen[0]:
            lines += ["", f"未能封存：{issue.not_frozen[0]}"]
        if issue.order.audience == "internal":
            lines += ["", "内部资料，请勿外传。核对文件：xixi verify --report 文件"]
    else:
        title = f"{city}: {name} {issue.period} ({state})"
        lines = [title, "", *files]
        if issue.not_frozen[1]:
            lines += ["", f"Not frozen: {issue.not_frozen[1]}"]
        if issue.order.audience == "internal":
            lines += ["", "Internal; please do not pass it on. To check a file: xixi verify --report FILE"]
    return title, "\n".join(lines)


def _frozen(engine: Engine, period: str, *, by: str, now: datetime) -> tuple[bool, tuple[str, str]]:
    """Whether it was frozen now, and why it could not be."""
    try:
        freeze.freeze(engine, period, by=by, now=now)
    except FreezeError as error:
        # Frozen before, or by somebody who was faster: that is all that is wanted.
        if freeze.frozen(engine, period) is not None:
            return False, ("", "")
        log.warning("period_not_frozen", period=period, why=error.en)
        return False, (error.zh, error.en)
    return True, ("", "")


def _with_figures(taken: Taken, teams: Mapping[str, object]) -> Sequence[str]:
    return [group.code for group in taken.figures.teams if group.code in teams and any(group.counts.values())]
