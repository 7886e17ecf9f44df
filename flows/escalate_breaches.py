"""Missed deadlines and who was told of them; urging and supervising by hand."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Literal

from prefect import flow
from pydantic import Field, model_validator

from flows import show
from flows.forms import NOBODY_NAMED, Form, GivenBy, Numbers, answers, chosen, counted, tags_of
from flows.work import at_work
from xixi_workflow import clock
from xixi_workflow.core import commands
from xixi_workflow.engine import boards, bulk
from xixi_workflow.engine.handle import Done, Engine
from xixi_workflow.settings import Settings

DESCRIPTION = """超时清单：每项超时及已通知人员。发生超时即自动运行一次（同批合并）；
也可由值班员填写编号，批量催办或督办。

The list of missed deadlines and of those who were told. A breach makes a run at once, one for all that breach together;
by hand an operator may urge or supervise a list of petitions.
"""


class EscalateForm(Form):
    """超时清单与督办 Which petitions, and what to do about them."""

    numbers: Numbers = Field([], title="工单编号 Petition numbers", description="留空则按时段 · Empty: by period")
    hours: int = Field(
        24, ge=1, le=31 * 24, title="最近小时数 Hours back", description="未填编号时有效 · Without numbers"
    )
    order: Literal["show", "urge", "supervise"] = Field(
        "show", title="操作 Order", description="show 只看 look, urge 催办, supervise 督办"
    )
    text: str = Field("", max_length=1000, title="意见 Text", description="督办必填 · Needed to supervise")
    given_by: GivenBy = Field(NOBODY_NAMED, title="下达人 Given by")
    count: int = Field(0, ge=0, title="本批件数 Size of the batch", description="系统填写 · Filled in by the system")

    @model_validator(mode="after")
    def _can_be_done(self) -> EscalateForm:
        if self.order != "show" and not self.numbers:
            raise ValueError("催办或督办须填写工单编号 · urging and supervising need petition numbers")
        if self.order == "supervise" and not self.text.strip():
            raise ValueError("督办须填写意见 · supervising needs a text")
        return self


LAST_DAY = EscalateForm.model_validate({})


# No name template: whoever starts a run of a breach has named it already.
@flow(name="escalate-breaches", description=DESCRIPTION)
async def escalate_breaches(form: EscalateForm = LAST_DAY) -> dict[str, Any]:
    """Carry out the order, if there is one, and show what was missed. Returns counts."""
    numbers = chosen(form.numbers)

    def job(engine: Engine, settings: Settings) -> tuple[list[Done], list[boards.Row], list[boards.Row]]:
        done: list[Done] = []
        if form.order != "show":
            command = commands.parse(form.order, {"text": form.text})
            done = bulk.command_all(engine, numbers, command, form.given_by.actor(), now=clock.now())
        rows = boards.breach_board(
            engine, numbers, timedelta(hours=form.hours), now=clock.now(), language=settings.language
        )
        return done, rows, answers(done, form.given_by, engine.policies.in_force, settings.language)

    done, missed, results = await at_work(job)
    counts: dict[str, Any] = {"missed": len(missed), **counted(done)}
    await show.table("breaches", missed, "超时清单 Missed deadlines and who was told")
    if done:
        await show.table("orders", results, "催办督办结果 What became of the order")
        zh = "催办" if form.order == "urge" else "督办"
        tags = ["by-hand", form.order, *tags_of(form.numbers)]
        await show.name(f"{zh} {form.order} · {counts['done']}/{len(done)}", tags)
    elif not form.count:
        await show.name(f"超时清单 breaches · {len(missed)}")
    return counts
