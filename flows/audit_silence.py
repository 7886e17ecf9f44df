"""Looks for what should have rung and stayed silent: red when there is anything, a heartbeat outside when not."""

from __future__ import annotations

from typing import Any

from prefect import flow

from flows import show
from flows.forms import Form
from flows.work import at_work
from xixi_workflow import clock, wiring
from xixi_workflow.engine import audit
from xixi_workflow.engine.handle import Engine
from xixi_workflow.settings import Settings

DESCRIPTION = """静默审计：查找应当提醒而没有提醒的事项——超时无人知、消息无结果、巡检或计时停摆、来信无人看、值班空档。
全部正常时向外部心跳地址报平安，有告警时报失败并显示为红色。

Looks for what should have rung and stayed silent: breaches nobody was told of, messages without an outcome, a clock or
sweep that stands still, letters nobody has seen, gaps in the roster. When all is well a heartbeat outside is pinged;
otherwise it is told so and the run is red.
"""


class AuditForm(Form):
    """审计，无需填写 Nothing to fill in."""


NOTHING_TO_SAY = AuditForm.model_validate({})


@flow(name="audit-silence", description=DESCRIPTION, flow_run_name="审计 audit")
async def audit_silence(form: AuditForm = NOTHING_TO_SAY) -> Any:
    """Audit, show the findings, ping the heartbeat. Returns counts; in a run, a failed state when something alarms."""
    del form

    def job(engine: Engine, settings: Settings) -> tuple[dict[str, Any], list[audit.Row]]:
        now = clock.now()
        findings = audit.audit(engine, now=now)
        alarms = audit.alarming(findings)
        heartbeat = wiring.heartbeat(settings)
        counts = {
            "findings": len(findings),
            "alarms": alarms,
            **audit.by_kind(findings),
            "heard": heartbeat.beat(alarms) if heartbeat else None,
        }
        return counts, audit.table(findings, engine.policies.in_force, now=now, language=settings.language)

    counts, rows = await at_work(job)
    await show.table("silence", rows, "应提醒而未提醒 What should have rung and stayed silent")
    if not counts["alarms"]:
        return counts
    await show.name(f"审计告警 audit · {counts['alarms']}", ["silence"])
    return show.red(f"{counts['alarms']} 项应提醒而未提醒 · stayed silent; see the artifact `silence`", counts)
