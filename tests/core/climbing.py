"""The small city with ladders of every kind: chosen by urgency and category, until acknowledged, for everyone."""

from __future__ import annotations

from typing import Any

from tests.core.policies import small_policy
from xixi_workflow.core.policy import Policy

#: Everybody who must answer the ladder's step for everyone.
COUNCIL = ("market-lead", "market-1")
ROSTERS: dict[str, Any] = {"council": {"shifts": [{"people": [*COUNCIL]}]}}


def step(level: int, after: str, *to: str, message: str = "leader_overdue", **more: Any) -> dict[str, Any]:
    """A step of a ladder."""
    return {"level": level, "after": after, "to": [*to], "message": message, **more}


LADDERS: dict[str, Any] = {
    "urgent": [
        step(1, "0s", "handler", "team_lead", message="team_overdue", repeat="3h"),
        step(2, "2h", "council", repeat="90m", everyone=True),
        step(3, "9h", "commander", repeat="8h", times=3),
    ],
    "patient": [
        step(1, "10m", "handler", message="team_overdue", repeat="5h"),
        step(2, "1d", "commander"),
    ],
}
CLOCKS: dict[str, Any] = {
    "closure": {"ladders": [{"ladder": "urgent", "urgencies": ["urgent", "emergency"]}]},
    "acceptance": {"ladders": [{"ladder": "urgent", "categories": ["STALL"]}]},
    "interim": {"ladder": "patient"},
    "supervision": {
        "zh": "督办",
        "en": "Supervision",
        "limit": "4h",
        "limit_by_command": True,
        "starts": ["supervise"],
        "meets": ["report_interim", "resolve", "reject", "transfer_out"],
        "restarts": True,
        "warn": {"at": ["50%", "80%"], "to": ["handler"], "message": "handler_answer_due"},
        "ladder": "short",
    },
}


def climbing_policy(
    *, rosters: dict[str, Any] | None = None, clocks: dict[str, Any] | None = None, **more: Any
) -> Policy:
    """The small city's policy with these ladders; `clocks` are changed further, clock by clock."""
    changed = {name: {**CLOCKS.get(name, {}), **(clocks or {}).get(name, {})} for name in {**CLOCKS, **(clocks or {})}}
    return small_policy(rosters=ROSTERS | (rosters or {}), ladders=LADDERS, clocks=changed, **more)
