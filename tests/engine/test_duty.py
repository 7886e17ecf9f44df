"""Take-overs, covers and swaps that are asked of the running service: new versions of the policy, and what is kept."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from datetime import timedelta
from typing import Any

import pytest

from tests.engine.centre import T0, after
from xixi_workflow import wiring
from xixi_workflow.core.duty_schema import CHANGES
from xixi_workflow.core.policy import Policy
from xixi_workflow.core.policy_build import PolicyError, build
from xixi_workflow.engine import duty
from xixi_workflow.engine.handle import Engine

TOLD = {"asked_by": "anna", "reason": "ill"}


def take_over(engine: Engine, roster: str, person: str, *, hours: float = 4, at: float = 0) -> int:
    now = after(hours=at)
    return duty.take_over(engine, roster, person, until=now + timedelta(hours=hours), told=TOLD, now=now)


def asked(engine: Engine) -> dict[str, list[dict[str, Any]]]:
    said = engine.policies.in_force.documents.get(CHANGES, {"rosters": {}})
    return {name: changed["overrides"] for name, changed in said["rosters"].items()}


def edited(policy: Policy, limit: str) -> Policy:
    documents = deepcopy(policy.documents)
    documents["policy.yaml"]["clocks"]["interim"]["limit"] = limit
    return build(documents)


def test_a_take_over_holds_at_once_and_ends_by_itself(engine: Engine) -> None:
    before = engine.policies.in_force.on_duty("operator", T0)
    assert take_over(engine, "operator", "commander-2") == 2
    policy = engine.policies.in_force
    assert policy.on_duty("operator", T0) == ("commander-2",)
    assert policy.on_duty("operator", after(hours=4)) != ("commander-2",)
    assert before != ("commander-2",)
    assert engine.policies.version(1).on_duty("operator", T0) == before, "a replay asks the roster of that moment"


def test_who_asked_and_why_is_kept_with_the_change(engine: Engine) -> None:
    take_over(engine, "police", "police-4")
    [change] = asked(engine)["police"]
    assert (change["asked_by"], change["reason"], change["people"]) == ("anna", "ill", ["police-4"])


def test_a_petition_under_way_sees_the_roster_of_the_moment(engine: Engine) -> None:
    take_over(engine, "police", "police-4")
    assert engine.policies.judging(1).handlers_on_duty("police", T0) == ("police-4",)


@pytest.mark.parametrize(
    ("roster", "person", "message"),
    [
        ("police", "nobody", "unknown person 'nobody'"),
        ("police", "traffic-1", "no handler of police, and could not accept"),
        ("polize", "police-1", "unknown team or role 'polize'"),
    ],
)
def test_a_change_that_makes_no_sense_is_refused_and_changes_nothing(
    engine: Engine, roster: str, person: str, message: str
) -> None:
    with pytest.raises(PolicyError, match=message):
        take_over(engine, roster, person)
    assert engine.policies.refresh().version == 1


def test_a_span_that_ends_before_it_begins_is_refused(engine: Engine) -> None:
    with pytest.raises(PolicyError, match="it ends before it begins"):
        take_over(engine, "police", "police-1", hours=-1)


def test_the_same_folder_again_changes_nothing_though_somebody_took_over(engine: Engine, policy: Policy) -> None:
    take_over(engine, "police", "police-4")
    assert wiring.publish(engine, policy, now=after(hours=1)) == 2
    assert wiring.publish(engine, policy, now=after(hours=9)) == 2, "nor when the take-over is over"


def test_a_folder_that_says_something_else_carries_what_still_holds(engine: Engine, policy: Policy) -> None:
    take_over(engine, "police", "police-4", hours=2)
    take_over(engine, "operator", "commander-2", hours=8)
    assert wiring.publish(engine, edited(policy, "2h"), now=after(hours=3)) == 4
    assert [*asked(engine)] == ["operator"], "the other is over"
    assert engine.policies.in_force.clocks["interim"].limit == 7200
    assert engine.policies.in_force.on_duty("operator", after(hours=3)) == ("commander-2",)


def test_what_names_somebody_who_has_gone_from_the_folder_is_dropped(engine: Engine, policy: Policy) -> None:
    take_over(engine, "market", "market-3")
    take_over(engine, "market", "market-2")
    documents = deepcopy(policy.documents)
    del documents["teams.yaml"]["people"]["market-3"]
    documents["teams.yaml"]["teams"]["market"]["handlers"].remove("market-3")
    wiring.publish(engine, build(documents), now=after(hours=1))
    assert [change["people"] for change in asked(engine)["market"]] == [["market-2"]]


def test_a_change_that_is_over_goes_with_the_next_one(engine: Engine) -> None:
    take_over(engine, "police", "police-4", hours=1)
    take_over(engine, "police", "police-3", hours=1, at=2)
    assert [change["people"] for change in asked(engine)["police"]] == [["police-3"]]


def test_changes_asked_at_the_same_moment_all_hold(engine: Engine) -> None:
    teams = ["police", "traffic", "urban", "market", "safety", "citycare"]
    others = [Engine(engine.store) for _ in teams]
    with ThreadPoolExecutor(len(teams)) as threads:
        list(threads.map(lambda pair: take_over(pair[0], pair[1], f"{pair[1]}-2"), zip(others, teams, strict=True)))
    engine.policies.refresh()
    assert {*asked(engine)} == {*teams}
    assert engine.policies.in_force.version == 1 + len(teams)


def test_the_rosters_that_two_people_share_are_found(policy: Policy) -> None:
    assert duty.shared_rosters(policy, "police-1", "police-3", both=True) == ["police"]
    assert duty.shared_rosters(policy, "police-1", "traffic-1", both=False) == []
    assert duty.shared_rosters(policy, "commander-1", "operator-1", both=False) == ["commander"]
    assert duty.shared_rosters(policy, "commander-1", "operator-1", both=True) == []
