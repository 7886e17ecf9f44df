"""Keeps the clocks: the alarm clock's second pair of hands, the heartbeat in Prefect, the board of all deadlines."""

from __future__ import annotations

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

DESCRIPTION = """每分钟巡检一次全部时限：预警、超时、升级均按应到时刻入账，重复运行无副作用。
时限由闹钟进程即时处理，本流程为第二道保障。

Sweeps all clocks once a minute: warnings, breaches and escalations are dated at the moment at which they fell due, and
running it twice does nothing twice. The alarm clock acts at once; this is the second pair of hands.
"""


class EnforceForm(Form):
    """巡检范围 How much to sweep."""

    batches: int = Field(
        50,
        ge=1,
        le=1000,
        title="最多批数 Most batches",
        description="每批最多 1000 件，处理完即止 · At most 1,000 petitions a batch; stops when nothing is due",
    )


ROUTINE = EnforceForm.model_validate({})


@flow(
    name="enforce-time-limits",
    description=DESCRIPTION,
    flow_run_name="巡检 sweep",
)
async def enforce_time_limits(form: EnforceForm = ROUTINE) -> dict[str, Any]:
    """Sweep until nothing is due, then show the board. Returns what was noticed, by event."""

    def job(engine: Engine, settings: Settings) -> tuple[dict[str, Any], list[boards.Row], list[boards.Row]]:
        swept = bulk.sweep_all(engine, clock.now, most=form.batches)
        counts = {"looked": swept.looked, "put_off": swept.put_off, "more": swept.more, **swept.counts}
        return counts, *boards.clock_board(engine, swept, now=clock.now(), language=settings.language)

    counts, states, pressing = await at_work(job)
    await show.table("sla-board", states, "未结时限 Open clocks by state, and what this sweep noticed")
    await show.table("sla-pressing", pressing, "最紧急五十项 The fifty most pressing clocks")
    if counts["looked"]:
        noticed = (("预警", "warned"), ("超时", "breached"), ("升级", "escalated"))
        said = " ".join(f"{zh}{counts.get(event, 0)}" for zh, event in noticed)
        await show.name(f"巡检 sweep {counts['looked']} · {said}", ["acted"])
    return counts
