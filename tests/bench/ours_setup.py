"""What the cases of ours share: an engine on the case's database, a life in eight commands, a policy with one clock."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from tests.bench.workload import DETAIL, PETITIONER, TITLE
from xixi_workflow import wiring
from xixi_workflow.adapters.policy_folder import shipped_folder
from xixi_workflow.core import commands, policy_build
from xixi_workflow.core.petition import Actor
from xixi_workflow.core.policy import Policy
from xixi_workflow.engine.handle import Engine, Request
from xixi_workflow.settings import Settings

_HANDLER: Final = Actor("handler", "citycare-1")
_OPERATOR: Final = Actor("operator", "operator-1")
_PETITIONER: Final = Actor("petitioner")
_WHO: Final = commands.Petitioner(PETITIONER, "19900000000")

#: After filing: what is done, and by whom.
STEPS: Final = (
    (lambda: commands.RoutePetition("SA02"), _OPERATOR),
    (commands.DispatchPetition, _OPERATOR),
    (commands.AcceptPetition, _HANDLER),
    (lambda: commands.ReportInterim("已联系诉求人,正在现场处理"), _HANDLER),
    (lambda: commands.AddNote("已到现场"), _HANDLER),
    (lambda: commands.ResolvePetition("solved", "照明灯已修复,请查看"), _HANDLER),
    (lambda: commands.RatePetition("satisfied"), _PETITIONER),
)


def filing(serial: int, received_at: datetime | None = None) -> Request:
    """The intake of one petition of the workload."""
    command = commands.FilePetition("demo", str(serial), TITLE, DETAIL, received_at, petitioner=_WHO)
    return Request(0, command, _PETITIONER)


def step(number: int, which: int) -> Request:
    """Step `which` of the life of petition `number`."""
    make, actor = STEPS[which]
    return Request(number, make(), actor)


@contextmanager
def engine_on(url: str, policy: Policy | None = None) -> Iterator[Engine]:
    """An engine as every door gets it; `policy` is put in force instead of the shipped one."""
    engine = wiring.open_engine(Settings(database_url=url), now=datetime.now(UTC), upgrade=True)
    try:
        if policy is not None:
            wiring.publish(engine, policy, now=datetime.now(UTC))
        yield engine
    finally:
        engine.store.close()


def bare_policy(folder: Path | None = None, limit: str = "24h") -> Policy:
    """The shipped policy with no clock but closure, due `limit` after receipt, whose breach tells the team's lead.

    The survey stays, which cannot breach and is not reached by petitions that nobody resolves.
    """
    shipped = wiring.read_config(Settings(config=folder or shipped_folder()))
    documents: dict[str, Any] = dict(shipped.documents)
    main = dict(documents["policy.yaml"])
    clocks = main["clocks"]
    closure = {**clocks["closure"], "limit": limit, "ladder": "closure"}
    closure.pop("warn")
    main["clocks"] = {"closure": closure, "survey": clocks["survey"]}
    main["ladders"] = {"closure": [{"level": 1, "after": "0s", "to": ["team_lead"], "message": "team_overdue"}]}
    documents["policy.yaml"] = main
    return policy_build.build(documents)
