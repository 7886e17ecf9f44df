"""Asks after the petitioners' verdicts: surveys that ran out, those still open, and who is dissatisfied."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from prefect import flow
from pydantic import Field

from flows import show
from flows.forms import Form
from flows.work import at_work
from xixi_workflow import clock
from xixi_workflow.engine import boards, bulk
from xixi_workflow.engine.handle import Engine
from xixi_workflow.settings import Settings

DESCRIPTION = """满意度回访：评价到期未回的按“未评价”归档，绝不算满意；列出不满意件及其重办情况。

Follow-up of satisfaction: a survey that ran out is "not rated", never "satisfied"; the dissatisfied are listed with
what became of them.
"""
_RATINGS = {
    "satisfied": "满意 satisfied",
    "fairly_satisfied": "基本满意 fairly satisfied",
    "dissatisfied": "不满意 dissatisfied",
}


class FollowUpForm(Form):
    """回访范围 Which petitions."""

    days: int = Field(30, ge=1, le=366, title="最近天数 Days back", description="按诉求登记日 · By the day of filing")


LAST_MONTH = FollowUpForm.model_validate({})


@flow(
    name="follow-up-satisfaction",
    description=DESCRIPTION,
    flow_run_name="回访 follow-up",
)
async def follow_up_satisfaction(form: FollowUpForm = LAST_MONTH) -> dict[str, Any]:
    """Let surveys lapse that ran out, and show what petitioners said. Returns counts."""

    def job(engine: Engine, settings: Settings) -> tuple[int, boards.SurveyBoard]:
        swept = bulk.sweep_all(engine, clock.now, most=50)
        board = boards.survey_board(engine, timedelta(days=form.days), now=clock.now(), language=settings.language)
        return swept.counts.get("survey_lapsed", 0), board

    lapsed, board = await at_work(job)
    await show.markdown("satisfaction", _text(form.days, board), "满意度 What petitioners said")
    await show.table("dissatisfied", board.dissatisfied, "不满意清单 Petitions rated dissatisfied")
    return {
        "lapsed_now": lapsed,
        **board.rated,
        "not_rated": board.not_rated,
        "not_asked": board.not_asked,
        "waiting": board.waiting,
        "dissatisfied_ever": len(board.dissatisfied),
    }


def _text(days: int, board: boards.SurveyBoard) -> str:
    lines = [
        f"最近 {days} 天登记并已答复的诉求 · Petitions filed in the last {days} days that have an answer",
        "",
        "| | 件数 Petitions |",
        "|---|---:|",
        *(f"| {label} | {board.rated.get(rating, 0)} |" for rating, label in _RATINGS.items()),
        f"| 未评价 not rated (survey ran out) | {board.not_rated} |",
        f"| 未征询 not asked | {board.not_asked} |",
        f"| 待评价 may still rate | {board.waiting} |",
        f"| 曾评不满意 was dissatisfied at some time | {len(board.dissatisfied)} |",
    ]
    return "\n".join(lines)
