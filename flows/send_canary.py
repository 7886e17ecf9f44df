"""Flies a canary: a petition of nobody's on the real path, to a telephone of the centre's own."""

from __future__ import annotations

from typing import Any

from prefect import flow
from pydantic import Field

from flows import show
from flows.forms import Form
from flows.work import at_work
from xixi_workflow import clock
from xixi_workflow.engine import canary
from xixi_workflow.engine.handle import Engine
from xixi_workflow.settings import Settings

DESCRIPTION = """演练件：向中心自备手机（XIXI_CANARY_PHONE）登记一件演练诉求，走真实的受理、研判、短信全程，
记录每一步用时；研判后自动撤回，不打扰承办人，不计入任何报表。

Files a petition for a telephone of the centre's own (XIXI_CANARY_PHONE) on the real path of intake, routing and SMS,
and shows the seconds that each step took. It is withdrawn once routed: no handler is called, no figure counts it.
"""


class CanaryForm(Form):
    """演练 How long to watch."""

    patience: int = Field(
        int(canary.PATIENCE),
        ge=1,
        le=900,
        title="最长等待秒数 Patience",
        description="秒 · Seconds to wait for the SMS",
    )


AS_USUAL = CanaryForm.model_validate({})


@flow(name="send-canary", description=DESCRIPTION, flow_run_name="演练 canary")
async def send_canary(form: CanaryForm = AS_USUAL) -> Any:
    """Fly one canary. Returns how far it came; in a run, a failed state when its message did not go out."""

    def job(engine: Engine, settings: Settings) -> canary.Flight | None:
        phone = settings.canary_phone.get_secret_value()
        if not phone:
            return None
        return canary.fly(engine, phone, clock.now, language=settings.language, patience=form.patience)

    flight = await at_work(job)
    if flight is None:
        await show.name("演练未启用 canary off: XIXI_CANARY_PHONE is not set")
        return {"flown": False}
    found: dict[str, Any] = {"flown": True, "well": flight.well, "message": flight.message, "seconds": flight.steps}
    await show.table("canary", canary.table(flight), "演练每步用时 Seconds that each step of the canary took")
    if flight.well:
        await show.name(f"演练 canary · {flight.message} {flight.steps['sent']:.1f} s", [f"petition:{flight.number}"])
        return found
    await show.name("演练未通过 canary lost", ["silence", f"petition:{flight.number}"])
    return show.red(f"演练短信没有发出 · the canary's message did not go out ({flight.message or 'none made'})", found)
