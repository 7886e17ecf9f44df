"""先行联系: whether a team spoke to the petitioner in time, counted from its own dispatch."""

from __future__ import annotations

import copy

import msgspec
import pytest

from tests.core.lives import HANDLER, OPERATOR, PETITIONER, RETURN, Life, after
from tests.core.policies import small_policy
from xixi_workflow.core import commands as c
from xixi_workflow.core.policy_build import build

POLICY = small_policy()
CONTACT = c.ContactPetitioner("已通话")


def judged(life: Life) -> list[str]:
    return [msgspec.json.decode(e.data)["judged"] for e in life.entries if e.event == "contacted"]


@pytest.mark.parametrize(
    ("at", "verdict"), [("3m", "in_time"), ("1h 2m", "in_time"), ("1h 2m 1u", "late"), ("5h", "late")]
)
def test_a_contact_at_the_end_of_the_hour_from_the_dispatch_is_in_time(at: str, verdict: str) -> None:
    life = Life(POLICY).does(c.RoutePetition("NOISE"), OPERATOR, after("1m"))
    life.does(c.DispatchPetition(), OPERATOR, after("2m")).does(CONTACT, HANDLER, after(at))
    assert judged(life) == [verdict]
    assert life.petition.state == "dispatched"


def test_the_first_contact_of_each_dispatch_counts_and_rework_is_no_dispatch() -> None:
    life = Life(POLICY).dispatched().does(CONTACT, HANDLER, after("5m")).does(CONTACT, HANDLER, after("6m"))
    life.does(RETURN, HANDLER, after("10m")).does(c.DispatchPetition("urban"), OPERATOR, after("2h"))
    life.does(CONTACT, OPERATOR, after("3h 1m")).does(c.AcceptPetition(), OPERATOR, after("3h 2m"))
    life.does(c.ResolvePetition("solved", "已办"), OPERATOR, after("4h"))
    life.does(c.RatePetition("dissatisfied", "没有解决"), PETITIONER, after("5h")).does(CONTACT, OPERATOR, after("6h"))
    assert judged(life) == ["in_time", "again", "late", "again"]


def test_a_refused_return_leaves_the_time_as_it_was() -> None:
    life = Life(POLICY).dispatched().does(RETURN, HANDLER, after("10m"))
    life.does(c.RefuseReturn("属于贵单位职责"), OPERATOR, after("2h")).does(CONTACT, HANDLER, after("2h 1m"))
    assert judged(life) == ["late"]


def test_what_is_heard_of_late_is_judged_by_when_it_happened() -> None:
    life = Life(POLICY).dispatched().does(CONTACT, HANDLER, after("9h"), happened=after("30m"))
    assert judged(life) == ["in_time"]


def test_nobody_judges_his_own_contact() -> None:
    life = Life(POLICY).dispatched().does(c.ContactPetitioner(judged="in_time"), HANDLER, after("9h"))
    assert judged(life) == ["late"]


def test_the_policy_says_how_long_a_team_has() -> None:
    documents = copy.deepcopy(POLICY.documents)
    documents["policy.yaml"]["report"] = {"contact_within": "10m"}
    strict = build(documents)
    life = Life(strict).dispatched().does(CONTACT, HANDLER, after("30m"))
    assert judged(life) == ["late"]
