"""The documents of a month or a week: frozen, written, shown with their links, and sent."""

from __future__ import annotations

import asyncio
import re
from typing import Annotated, Any, Final, Literal

from prefect import flow
from pydantic import Field, model_validator

from flows import show
from flows.forms import NOBODY_NAMED, Code, Form, GivenBy
from flows.work import at_work
from xixi_workflow import clock, wiring
from xixi_workflow.adapters.report_mail import Sent
from xixi_workflow.engine import figures
from xixi_workflow.engine.handle import Engine
from xixi_workflow.engine.report_issue import Issue, Made, Order
from xixi_workflow.settings import Settings

DESCRIPTION = """报表：每月 1 日 06:00 出上月月报，每周一 06:30 出上周周报，也可随时手工出。
先封存当期数据（已封存的不变），再生成各种格式的文件，存入报表目录，并按设置发送。重复运行无妨。

Documents of the figures: of last month on the first at 06:00 local time, of last week on Mondays at 06:30, or of any
period by hand. The period is frozen first (what is frozen stays as it is), the files are put in the reports' folder and
sent to whom the settings name. Running it again does no harm.
"""
#: Link artifacts of one run; the table has the rest.
LINKS: Final = 12
#: Who is named where a schedule started the run.
BY_SCHEDULE: Final = "system"

Format = Literal["xlsx", "pdf", "docx", "html", "csv", "json"]


class ReportForm(Form):
    """报表 Which documents."""

    period: str = Field(
        "",
        pattern=r"^(\d{4}-(0[1-9]|1[0-2])|\d{4}-W(0[1-9]|[1-4]\d|5[0-3]))?$",
        title="期间 Period",
        description="月如 2026-11，周如 2026-W48；留空为上一期 · A month or a week; empty: the last one",
        examples=["2026-11", "2026-W48"],
    )
    form: Annotated[Code, Field(min_length=1)] = Field(
        "monthly",
        title="表式 Form",
        description="monthly 月报、weekly 周报、team 单位评分卡等，见 config/forms/ · A form of config/forms/",
    )
    teams: Annotated[list[Code], Field(max_length=200)] = Field(
        [], title="承办单位 Teams", description="仅单位表式；留空为全部 · Of a form about one team; empty: all of them"
    )
    formats: Annotated[list[Format], Field(min_length=1, max_length=6)] = Field(
        ["xlsx", "pdf", "docx", "html", "csv", "json"], title="格式 Formats"
    )
    audience: Literal["internal", "public"] = Field(
        "internal", title="范围 For", description="internal 内部，public 对外公开（隐去 3 件以下的数）"
    )
    language: Literal["zh", "en"] = Field("zh", title="语言 Language")
    freeze: bool = Field(
        False, title="封存 Freeze", description="先封存本期数据；已封存的不变 · Close the period first"
    )
    send: bool = Field(
        False, title="发送 Send", description="发送给 XIXI_REPORT_TO 中的收件人 · To whom XIXI_REPORT_TO names"
    )
    given_by: GivenBy = Field(NOBODY_NAMED, title="经办人 By")

    @model_validator(mode="after")
    def _once_each(self) -> ReportForm:
        if len(set(self.formats)) < len(self.formats) or len(set(self.teams)) < len(self.teams):
            raise ValueError("格式和单位请勿重复 · name each format and team once")
        return self

    def order(self) -> Order:
        """As the engine knows it."""
        return Order(
            self.period, self.form, tuple(self.teams), tuple(self.formats), self.audience, self.language, self.freeze
        )


LAST_MONTH = ReportForm.model_validate({})


# No name template: what the run is about is known only once it has looked.
@flow(name="monthly-report", description=DESCRIPTION)
async def monthly_report(form: ReportForm = LAST_MONTH) -> Any:
    """Make the documents and show them. Returns the headline figures and what was made and sent; in a run, a failed
    state where the period could not be frozen or an address did not take the message.
    """

    def job(engine: Engine, settings: Settings) -> tuple[Issue, figures.MonthBoard, list[Sent], list[str]]:
        by = form.given_by.person or BY_SCHEDULE
        issue = wiring.issue_report(engine, settings, form.order(), by=by, now=clock.now())
        board = figures.board(engine, issue.period, language=settings.language, found=issue.figures)
        sent = wiring.send_report(engine, settings, issue) if form.send else []
        return issue, board, sent, [wiring.report_link(settings, file) for file in issue.files]

    issue, board, sent, links = await at_work(job)
    period = issue.period
    key = f"{form.form}-{period}".lower().replace("_", "-")
    zh, en = issue.state
    await show.name(f"报表 {form.form} {period} · {zh} {en}", [f"period:{period}", f"form:{form.form}"])
    await show.markdown(f"period-{period.lower()}", board.text, f"{period} 数据 Figures")
    await show.table(f"period-{period.lower()}-teams", board.teams, f"{period} 各单位时限 Deadlines by team")
    await show.table(f"{key}-files", _files(issue.files, links), f"{period} {zh} {en}：文件 Documents")
    linked = [(file, url) for file, url in zip(issue.files, links, strict=True) if url.startswith("http")]
    await asyncio.gather(*(show.link(_key(file), url, file.name) for file, url in linked[:LINKS]))
    if sent:
        await show.table(f"{key}-sent", _sent(sent), f"{period} 发送结果 Who was sent it")
    found = {
        **board.headline,
        "period": period,
        "version": issue.version,
        "frozen_now": issue.frozen_now,
        "files": [file.name for file in issue.files],
        "sent": sum(one.taken for one in sent),
        "not_sent": sum(not one.taken for one in sent),
    }
    if issue.not_frozen[1]:
        return show.red(f"未能封存，出的是草稿：{issue.not_frozen[0]} · not frozen: {issue.not_frozen[1]}", found)
    if found["not_sent"]:
        return show.red(f"{found['not_sent']} 个收件人没有收到 · not taken; see the artifact `{key}-sent`", found)
    return found


def _files(files: list[Made], links: list[str]) -> list[dict[str, str]]:
    return [
        {
            "文件 File": f"[{file.name}]({url})" if url.startswith("http") else file.name,
            "格式 Format": file.format,
            "单位 Team": file.team or "—",
            "大小 Size": f"{max(1, round(file.size / 1000))} kB",
            "SHA-256": file.sha256[:12],
            "位置 Where": url,
        }
        for file, url in zip(files, links, strict=True)
    ]


def _sent(sent: list[Sent]) -> list[dict[str, str]]:
    return [
        {
            "收件人 To": one.to,
            "结果 Result": "已发 Sent" if one.taken else "未发 Not sent",
            "附件 Attached": str(one.attached),
            "说明 Why": one.why,
        }
        for one in sent
    ]


def _key(file: Made) -> str:
    """Prefect allows small letters, digits and dashes."""
    return re.sub(r"[^a-z0-9]+", "-", f"report-{file.name}".lower())
