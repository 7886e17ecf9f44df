"""The configuration folder is put in force at the start, if it says something else than the policy in force."""

from __future__ import annotations

from datetime import datetime

from xixi_workflow import wiring
from xixi_workflow.adapters.policy_folder import PolicyFolderError
from xixi_workflow.engine.handle import Engine
from xixi_workflow.settings import Settings


def put_in_force(engine: Engine, settings: Settings, *, now: datetime) -> list[str]:
    """The reasons why the folder could not be put in force, by file and line; the old policy stays then."""
    try:
        policy = wiring.read_config(settings)
    except PolicyFolderError as error:
        return [str(problem) for problem in error.problems]
    wiring.publish(engine, policy, now=now)
    return []
