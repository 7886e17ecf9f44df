"""Changes of the roster that are asked of the running service: take-overs, covers, swaps.

The roster is part of the policy, so each of them is a new version of the policy: the one in force with an override more
in `duty/changes.yaml`, which only this module writes. Every process has it within its heartbeat. A folder that is
published later carries those that are not over yet.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from xixi_workflow.core.duty_schema import CHANGES, Override, write_local
from xixi_workflow.core.policy import Policy
from xixi_workflow.core.policy_build import build
from xixi_workflow.core.policy_schema import Documents
from xixi_workflow.engine.handle import Engine
from xixi_workflow.store import policies as stored

#: A policy is made anew this often when others publish at the same moment; more is no coincidence.
_TRIES = 10


def publish(engine: Engine, make: Callable[[Policy | None], Policy], *, now: datetime) -> int:
    """Put in force what `make` makes of the policy in force (None: there is none); returns its version.

    Asked again when another process publishes in between, so neither's change is lost. Raises what `make` raises.
    """
    for attempt in range(_TRIES):
        try:
            before: Policy | None = engine.policies.refresh()
        except LookupError:
            before = None
        policy = make(before)
        try:
            after = before.version if before else 0
            version = stored.put(engine.store, policy.canonical, policy.digest, now=now, after=after)
        except stored.Overtaken:
            if attempt + 1 == _TRIES:
                raise
        else:
            engine.policies.refresh()
            return version
    raise AssertionError


def carried(folder: Policy, before: Policy | None, *, now: datetime) -> Policy:
    """`folder` with what was asked of the running service and still holds.

    A folder that says what is in force already makes nothing new, though some of what was asked may be over.
    """
    if before is None or CHANGES not in before.documents:
        return folder
    if _without_changes(before.documents) == _without_changes(folder.documents):
        return before
    kept = _kept(before, folder, now)
    return build(folder.documents | {CHANGES: {"rosters": kept}}) if kept else folder


def change(
    engine: Engine, rosters: Sequence[str], what: dict[str, Any], *, since: datetime, until: datetime, now: datetime
) -> int:
    """Override these rosters from `since` up to `until`; returns the version in force from now on.

    `what` is `{people: [...]}`, `{cover: a, by: b}` or `{swap: [a, b]}`, with `reason` and `asked_by`. Raises
    `PolicyError` when it names somebody or something unknown, or ends before it begins.
    """

    def make(before: Policy | None) -> Policy:
        if before is None:
            raise LookupError("no policy has been published to this database")
        between = {"from": write_local(since, before.zone), "to": write_local(until, before.zone)}
        kept = _kept(before, before, now)
        for roster in rosters:
            kept.setdefault(roster, {"overrides": []})["overrides"].append(
                between | {k: v for k, v in what.items() if v}
            )
        return build(before.documents | {CHANGES: {"rosters": kept}})

    return publish(engine, make, now=now)


def take_over(engine: Engine, roster: str, person: str, *, until: datetime, told: dict[str, str], now: datetime) -> int:
    """`person` alone has the duty of `roster` from now up to `until`; returns the version. Raises `PolicyError`.

    `told` may have a `reason` and who `asked_by` for it.
    """
    since = now.replace(microsecond=0)
    return change(engine, [roster], {"people": [person], **told}, since=since, until=until, now=now)


def shared_rosters(policy: Policy, absent: str, instead: str, *, both: bool) -> list[str]:
    """The rosters in which `absent` has duties that `instead` may do; with `both`, those in which both have some."""
    found = []
    for name, shape in policy.duty.items():
        if absent not in shape.members or (both and instead not in shape.members):
            continue
        team = policy.teams.get(name)
        if team is None or instead in {team.lead, *team.handlers}:
            found.append(name)
    return found


def _without_changes(documents: Documents) -> Documents:
    return {file: said for file, said in documents.items() if file != CHANGES}


def _kept(before: Policy, then: Policy, now: datetime) -> dict[str, Any]:
    """What of the changes asked before still holds: not over, of a roster and people that `then` knows."""
    asked = before.documents.get(CHANGES, {}).get("rosters", {})
    kept: dict[str, Any] = {}
    for name, said in asked.items():
        team = then.teams.get(name)
        if team is None and name not in then.rosters:
            continue
        known = {team.lead, *team.handlers} if team else then.people.keys()
        holding = [o for o in said["overrides"] if _holds(Override.model_validate(o), known, before, now)]
        if holding:
            kept[name] = {"overrides": holding}
    return kept


def _holds(override: Override, known: Any, policy: Policy, now: datetime) -> bool:
    return policy.city.of(override.to) > now.timestamp() and all(who in known for _, who in override.named)
