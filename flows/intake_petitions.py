"""Files the petitions of a file on the server, or those typed into the form."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from prefect import flow
from pydantic import Field, model_validator

from flows import show
from flows.forms import Form
from flows.work import at_work
from xixi_workflow import clock
from xixi_workflow.adapters.intake_files import read_file, sentence
from xixi_workflow.adapters.intake_rows import BadRow, IntakeFileError
from xixi_workflow.core import words
from xixi_workflow.core.commands import FilePetition
from xixi_workflow.core.petition import Actor
from xixi_workflow.core.policy import Policy
from xixi_workflow.engine import bulk
from xixi_workflow.engine.handle import Engine
from xixi_workflow.settings import Settings

DESCRIPTION = """导入诉求：读取服务器上的 csv、xlsx、json 文件，或登记表单中填写的诉求；坏行逐行列出原因，
好行照常登记，重复运行不会重复登记。

Files the petitions of a csv, xlsx or json file on the server, or those typed here. Every bad row is listed with its
reason, good rows are kept, and running it again files nothing twice.
"""
#: Rows of each table that are shown; the counts are always complete.
MOST_SHOWN = 200
PLACE, REASON = "行/编号 Row", "原因 Reason"


class TypedPetition(Form):
    """一件诉求 One petition. 不收姓名和电话：Prefect 明文保存表单 · No name or phone: Prefect keeps forms in clear."""

    title: str = Field(min_length=1, max_length=200, pattern=r"\S", title="标题 Title")
    content: str = Field("", max_length=5000, title="内容 Content")
    address: str = Field("", max_length=300, title="地址 Address")
    community: str = Field("", max_length=60, title="社区 Community")
    urgency: Literal["normal", "urgent", "emergency"] = Field("normal", title="紧急程度 Urgency")
    source_id: str = Field(
        "", max_length=100, title="来源编号 Source's number", description="留空则由内容得出 · Empty: made from the text"
    )

    def filing(self, source: str) -> FilePetition:
        """As a command. Without the source's number the text stands for it, so typing it twice files it once."""
        text = f"{self.title}\n{self.content}\n{self.address}"
        number = self.source_id or f"form-{hashlib.sha256(text.encode()).hexdigest()[:24]}"
        return FilePetition(
            source,
            number,
            self.title,
            self.content,
            channel="form",
            urgency=self.urgency,
            community=self.community,
            address=self.address,
            surveyable=False,
        )


class IntakeForm(Form):
    """导入内容 What to file."""

    file: str = Field("", max_length=1000, title="服务器上的文件 File on the server", examples=["petitions.csv"])
    petitions: Annotated[list[TypedPetition], Field(max_length=100)] = Field([], title="或直接填写 Or type them")
    source: str = Field(
        "grid",
        pattern=r"^[\w.:-]{1,40}$",
        title="来源 Source",
        description="sources.yaml 中的代码；文件有来源列时以其为准 · As in sources.yaml; the file's own goes first",
    )
    columns: dict[str, str] = Field(
        {}, title="列对应 Columns", description="字段: 列名 · field: heading, where the file's own are not recognised"
    )
    dry_run: bool = Field(False, title="只检查 Only check", description="不登记 · Files nothing")

    def rows(self, policy: Policy) -> Iterator[FilePetition | BadRow]:
        """What there is to file. Raises `IntakeFileError` when the file cannot be used."""
        if not self.file:
            return (petition.filing(self.source) for petition in self.petitions)
        sources = policy.sources
        return read_file(
            Path(self.file),
            sources.columns,
            source=self.source,
            mapping=self.columns,
            zone=policy.zone,
            sources=sources.sources,
            natures=policy.routing_words.natures,
        )

    @model_validator(mode="after")
    def _has_something(self) -> IntakeForm:
        if bool(self.file) == bool(self.petitions):
            raise ValueError("请填写文件或诉求之一 · name a file or type petitions, one of the two")
        return self


@flow(
    name="intake-petitions",
    description=DESCRIPTION,
    flow_run_name="导入 intake",
)
async def intake_petitions(form: IntakeForm) -> dict[str, Any]:
    """File what the form names. Returns counts."""

    def job(engine: Engine, settings: Settings) -> tuple[bulk.FiledAll[BadRow], list[dict[str, str]]]:
        policy, language = engine.policies.in_force, settings.language
        try:
            filed = bulk.file_all(engine, form.rows(policy), Actor("operator"), clock.now, dry_run=form.dry_run)
        except IntakeFileError as error:
            raise ValueError(sentence(error, policy, language)) from None
        bad = [
            {PLACE: f"第 {row.line} 行 line {row.line}", REASON: sentence(row, policy, language)} for row in filed.bad
        ]
        refused = [
            {PLACE: command.source_id, REASON: words.refusal(why, policy, role="operator", language=language)}
            for command, why in filed.refused
        ]
        return filed, bad + refused

    filed, rejected = await at_work(job)
    counts = {
        "read": filed.read,
        "filed": filed.filed,
        "repeated": filed.repeated,
        "refused": len(filed.refused),
        "bad": len(filed.bad),
        "dry_run": form.dry_run,
    }
    await show.markdown("intake", _text(counts), "导入结果 What was filed")
    if rejected:
        await show.table("intake-rejected", rejected[:MOST_SHOWN], "未登记的行 Rows that were not filed, and why")
    await show.name(
        f"导入 intake · {filed.filed}/{filed.read}" + (" 试运行 dry run" if form.dry_run else ""), ["by-hand"]
    )
    return counts


def _text(counts: dict[str, Any]) -> str:
    lines = ["| | 行 Rows |", "|---|---:|"]
    labels = {
        "read": "读到 read",
        "filed": "登记 filed",
        "repeated": "以前已登记 filed before",
        "refused": "不受理 refused",
        "bad": "坏行 bad",
    }
    lines += [f"| {label} | {counts[key]} |" for key, label in labels.items()]
    if counts["dry_run"]:
        lines += ["", "只检查，未登记 · Only checked, nothing was filed"]
    return "\n".join(lines)
