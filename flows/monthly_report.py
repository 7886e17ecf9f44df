"""The figures of a month."""

from __future__ import annotations

from typing import Any

from prefect import flow
from pydantic import Field

from flows import show
from flows.forms import Form
from flows.work import at_work
from xixi_workflow import clock
from xixi_workflow.engine import figures
from xixi_workflow.engine.handle import Engine
from xixi_workflow.settings import Settings

DESCRIPTION = """月报：每月 1 日 06:00 生成上月数据，也可指定月份。数据取自流水账，随时重算结果不变。

The figures of a month, made on the first of the next at 06:00 local time, or of any month by hand. They are counted
from the journal: counted again they are the same.
"""


class MonthForm(Form):
    """月份 Which month."""

    month: str = Field(
        "",
        pattern=r"^(\d{4}-(0[1-9]|1[0-2]))?$",
        title="月份 Month",
        description="如 2026-11；留空为上月 · Empty: last month",
        examples=["2026-11"],
    )


LAST_MONTH = MonthForm.model_validate({})


@flow(name="monthly-report", description=DESCRIPTION)
async def monthly_report(form: MonthForm = LAST_MONTH) -> dict[str, Any]:
    """Count the month and show it. Returns the headline figures."""

    def job(engine: Engine, settings: Settings) -> figures.MonthBoard:
        month = form.month or figures.last_month(engine, now=clock.now())
        return figures.board(engine, month, language=settings.language)

    board = await at_work(job)
    await show.name(f"月报 report {board.month}", [f"month:{board.month}"])
    await show.markdown(f"month-{board.month}", board.text, f"{board.month} 月报 Report of the month")
    await show.table(f"month-{board.month}-teams", board.teams, f"{board.month} 各单位时限 Deadlines by team")
    return board.headline
