"""Delivers the messages that wait, and tries again those that failed."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

from prefect import flow
from pydantic import Field

from flows import show
from flows.forms import Form
from flows.work import at_work
from xixi_workflow import clock, wiring
from xixi_workflow.engine import boards
from xixi_workflow.engine.deliver import deliver_all
from xixi_workflow.engine.handle import Engine
from xixi_workflow.settings import Settings

DESCRIPTION = """发送等待中的短信与通知，作为服务自身投递的第二道保障；也可将发送失败的消息重新发送。

Delivers the messages that wait, as second pair of hands beside the service's own delivery; by hand, lets those that
failed go out again.
"""


class NotifyForm(Form):
    """消息发送 What to deliver."""

    resend_failed: bool = Field(False, title="重发失败消息 Send failed ones again")
    days: int = Field(7, ge=1, le=92, title="最近天数 Days back", description="按诉求登记日 · By the day of filing")


WHATEVER_WAITS = NotifyForm.model_validate({})


@flow(name="notify-teams", description=DESCRIPTION, flow_run_name="发送 deliver")
async def notify_teams(form: NotifyForm = WHATEVER_WAITS) -> dict[str, Any]:
    """Deliver until nothing waits. Returns counts, of sent messages by kind."""

    def job(engine: Engine, settings: Settings) -> dict[str, Any]:
        span = timedelta(days=form.days)
        again = boards.resend_failed(engine, span, now=clock.now()) if form.resend_failed else 0
        rounds = deliver_all(engine, wiring.senders(settings), now=clock.now(), in_flight=settings.sms_in_flight)
        sent: Counter[str] = sum((Counter(one.sent) for one in rounds), Counter())
        return {
            "sent": dict(sent),
            "retried": sum(one.retried for one in rounds),
            "failed": sum(one.failed for one in rounds),
            "uncertain": sum(one.uncertain for one in rounds),
            "withheld": sum(one.withheld for one in rounds),
            "overtaken": sum(one.overtaken for one in rounds),
            "again": again,
            "unsettled": boards.unsettled_messages(engine, span, now=clock.now()),
        }

    counts = await at_work(job)
    await show.markdown("messages", _text(counts), "消息发送 What was delivered and what waits")
    total = sum(counts["sent"].values())
    if total or counts["failed"]:
        await show.name(f"发送 sent {total}, failed {counts['failed']}", ["acted"])
    return counts


def _text(counts: dict[str, Any]) -> str:
    this_run = (
        f"**本次 This run**: 已发 sent {sum(counts['sent'].values())}, 稍后重试 to retry {counts['retried']}, "
        f"失败 failed {counts['failed']}, 结果不明 uncertain {counts['uncertain']}, "
        f"不再需要 overtaken {counts['overtaken']}, 免打扰 withheld {counts['withheld']}, "
        f"重发 sent again {counts['again']}"
    )
    lines = [
        this_run,
        "",
        "| 消息 Message | 已发 Sent |",
        "|---|---:|",
        *(f"| {kind} | {n} |" for kind, n in sorted(counts["sent"].items())),
        "",
        "| 状态 State | 件数 Messages |",
        "|---|---:|",
        *(f"| {state} | {n} |" for state, n in sorted(counts["unsettled"].items())),
    ]
    return "\n".join(lines)
