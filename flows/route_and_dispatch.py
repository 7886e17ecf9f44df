"""Routes and dispatches what waits for it; by hand, routes a list of petitions to a category or team."""

from __future__ import annotations

from typing import Any

from prefect import flow
from pydantic import Field, model_validator

from flows import show
from flows.forms import NOBODY_NAMED, Code, Form, GivenBy, Numbers, answers, chosen, counted, tags_of
from flows.work import at_work
from xixi_workflow import clock
from xixi_workflow.core import commands
from xixi_workflow.engine import boards, bulk
from xixi_workflow.engine.handle import Done, Engine
from xixi_workflow.settings import Settings

DESCRIPTION = """研判派单：自动处理待研判诉求，并列出仍须人工处理的工单；也可由值班员指定类别、单位后派单。

Routes and dispatches what waits, and lists what people have to route, dispatch or judge themselves; by hand, an
operator names the category or team.
"""


class RouteForm(Form):
    """研判派单 What to route, and where to."""

    numbers: Numbers = Field(
        [], title="工单编号 Petition numbers", description="留空则处理全部待研判 · Empty: all that waits"
    )
    category: Code = Field("", title="事项类别 Category", description="类别代码 · Code as in categories.yaml")
    team: Code = Field("", title="承办单位 Team", description="留空则按类别 · Empty: the category's own")
    reason: str = Field("", max_length=500, title="理由 Reason")
    dispatch: bool = Field(True, title="同时派单 Dispatch as well")
    given_by: GivenBy = Field(NOBODY_NAMED, title="下达人 Given by")

    @model_validator(mode="after")
    def _can_be_done(self) -> RouteForm:
        if self.numbers and not (self.category or self.dispatch):
            raise ValueError("请填写事项类别或选择派单 · name a category, or dispatch")
        return self


WHATEVER_WAITS = RouteForm.model_validate({})


@flow(
    name="route-and-dispatch",
    description=DESCRIPTION,
    flow_run_name="研判 route",
)
async def route_and_dispatch(form: RouteForm = WHATEVER_WAITS) -> dict[str, Any]:
    """Route what waits or what the form names, and show what is left for people. Returns counts."""
    numbers = chosen(form.numbers)

    def job(engine: Engine, settings: Settings) -> tuple[dict[str, Any], list[boards.Row], list[boards.Row]]:
        done: list[Done] = []
        counts: dict[str, Any] = {}
        given = form.given_by.actor()
        if not numbers:
            counts = dict(bulk.sweep_all(engine, clock.now, most=50).counts)
        if numbers and form.category:
            arguments: dict[str, object] = {"category": form.category, "team": form.team, "reason": form.reason}
            done += bulk.command_all(engine, numbers, commands.parse("route", arguments), given, now=clock.now())
        if numbers and form.dispatch:
            dispatch = commands.parse("dispatch", {"team": form.team, "note": form.reason})
            done += bulk.command_all(engine, numbers, dispatch, given, now=clock.now())
        results = answers(done, form.given_by, engine.policies.in_force, settings.language)
        waiting = boards.waiting_board(engine, now=clock.now(), language=settings.language)
        return {**counts, **counted(done), "waiting": len(waiting)}, results, waiting

    counts, results, waiting = await at_work(job)
    await show.table("waiting-at-the-centre", waiting, "待人工处理 Petitions on which the centre has to act next")
    if results:
        await show.table("orders", results, "研判派单结果 What became of the order")
        tags = ["by-hand", "route", *tags_of(form.numbers)]
        await show.name(f"人工研判 routed by hand · {counts['done']}/{len(results)}", tags)
    return counts
