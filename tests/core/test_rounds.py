"""What becomes of the clocks when a petition goes back, is done again, is rated or is merged."""

from __future__ import annotations

import pytest

from tests.core.lives import (
    ACCEPT,
    APPROVE_EXTENSION,
    DISSATISFIED,
    EXTEND,
    HANDLER,
    OPERATOR,
    PETITIONER,
    RESOLVE,
    RETURN,
    SATISFIED,
    SUPERVISOR,
    SYSTEM,
    Life,
    after,
    ticking,
)
from tests.core.policies import small_policy
from xixi_workflow.core import commands as c
from xixi_workflow.core.commands import Command
from xixi_workflow.core.work import Refused

POLICY = small_policy()


def test_a_return_and_another_dispatch_never_reset_the_petitioners_clocks_and_restart_the_acceptance() -> None:
    life = Life(POLICY).in_progress().does(RETURN, HANDLER, after("2h"))
    assert "acceptance" not in life.running()
    life.does(c.DispatchPetition("urban"), OPERATOR, after("2h 30m"))
    assert life.clock("interim").due_at == after("3h")
    assert life.clock("closure").due_at == after("24h")
    assert life.clock("acceptance").due_at == after("2h 45m")
    assert [o.team for o in life.verdicts("acceptance")] == ["police"]


def test_a_return_before_acceptance_ends_that_clock_and_a_refused_return_starts_it_again() -> None:
    life = Life(POLICY).dispatched().does(RETURN, HANDLER, after("5m"))
    assert life.verdict("acceptance").result == "ended"
    life.does(c.RefuseReturn("属于贵单位职责"), OPERATOR, after("10m"))
    assert life.clock("acceptance").due_at == after("25m")


def test_a_return_after_the_acceptance_was_breached_leaves_it_unmet() -> None:
    life = Life(POLICY).dispatched().does(RETURN, HANDLER, after("1h"))
    assert (life.verdict("acceptance").result, life.verdict("acceptance").due_at) == ("unmet", after("15m 10s"))


def test_rework_is_a_new_round_with_its_own_closure_clock_and_the_old_verdict_stays() -> None:
    life = ticking("closure").does(RESOLVE, HANDLER, after("20h")).does(DISSATISFIED, PETITIONER, after("2d"))
    closure = life.clock("closure")
    assert (life.petition.round, closure.round, closure.started_at, closure.due_at) == (2, 2, after("2d"), after("3d"))
    assert [(o.round, o.result) for o in life.verdicts("closure")] == [(1, "on_time")]
    life.does(ACCEPT, HANDLER, after("2d")).does(RESOLVE, HANDLER, after("3d 1h"))
    assert [(o.round, o.result) for o in life.verdicts("closure")] == [(1, "on_time"), (2, "late")]


def test_an_extension_of_the_first_round_does_not_reach_the_second() -> None:
    life = ticking("closure").does(EXTEND, HANDLER, after("20h")).does(APPROVE_EXTENSION, SUPERVISOR, after("21h"))
    life.does(RESOLVE, HANDLER, after("22h")).does(DISSATISFIED, PETITIONER, after("23h"))
    assert life.clock("closure").due_at == after("47h")


def test_a_survey_that_lapses_is_not_rated() -> None:
    life = ticking("callback").sweeps(after("9d"))
    assert (life.petition.state, life.petition.rating) == ("closed", "")
    assert life.petition.closed_at == after("93h")
    assert (life.verdict("survey").result, life.verdict("survey").settled_at) == ("lapsed", after("93h"))
    assert life.facts("breached", "survey") == []


def test_a_rating_at_the_last_instant_of_the_survey_counts() -> None:
    life = ticking("callback").does(SATISFIED, PETITIONER, after("93h"))
    assert (life.petition.rating, life.verdict("survey").result) == ("satisfied", "on_time")


def test_a_rating_after_the_lapse_is_recorded_and_moves_no_date() -> None:
    life = ticking("callback").sweeps(after("4d")).does(SATISFIED, PETITIONER, after("5d"))
    assert (life.petition.rating, life.petition.closed_at) == ("satisfied", after("93h"))
    assert life.verdict("survey").result == "lapsed"


FAIRLY = c.RatePetition("fairly_satisfied")


def test_the_last_rating_of_a_round_counts_and_all_are_in_the_journal() -> None:
    life = ticking("callback").does(SATISFIED, PETITIONER, after("22h")).does(FAIRLY, PETITIONER, after("93h"))
    assert (life.petition.rating, life.petition.closed_at) == ("fairly_satisfied", after("22h"))
    assert life.happened("rated") == [("rated", after("22h")), ("rated", after("93h"))]
    assert len(life.verdicts("survey")) == 1


def test_a_petitioner_who_thinks_better_of_it_gets_another_round() -> None:
    life = ticking("callback").does(SATISFIED, PETITIONER, after("22h")).does(DISSATISFIED, PETITIONER, after("93h"))
    assert (life.petition.state, life.petition.round, life.petition.rating) == ("dispatched", 2, "")


@pytest.mark.parametrize(
    ("command", "at", "happened"),
    [
        (SATISFIED, "23h", None),  # the same again
        (FAIRLY, "93h 1u", None),  # the survey's 72 hours are over
        (DISSATISFIED, "93h 1u", None),
        (FAIRLY, "23h", "21h 30m"),  # said before the one that counts, heard of after it
    ],
)
def test_a_rating_that_changes_nothing_or_comes_too_late_is_refused(
    command: Command, at: str, happened: str | None
) -> None:
    life = ticking("callback").does(SATISFIED, PETITIONER, after("22h"))
    when = after(happened) if happened else None
    refused = life.tries(command, PETITIONER, after(at), happened=when)
    assert isinstance(refused, Refused)
    assert refused.code == "already_rated"


def test_the_rating_of_a_lapsed_survey_is_final_once_the_survey_is_over() -> None:
    life = ticking("callback").sweeps(after("4d")).does(SATISFIED, PETITIONER, after("5d"))
    refused = life.tries(FAIRLY, PETITIONER, after("5d"))
    assert isinstance(refused, Refused)
    assert refused.code == "already_rated"


def test_a_petition_whose_petitioner_cannot_be_asked_closes_at_once() -> None:
    life = Life(POLICY, surveyable=False).in_progress().does(RESOLVE, HANDLER, after("1h"))
    assert (life.petition.state, life.petition.rating, life.petition.closed_at) == ("closed", "", after("1h"))
    assert life.petition.clocks == []
    assert life.verdicts("survey") == []
    assert life.told("citizen_survey") == []
    assert life.told("citizen_result") == ["petitioner"]


def test_a_petition_without_a_number_sends_the_petitioner_nothing() -> None:
    life = Life(POLICY, surveyable=False, reachable=False).in_progress().does(RESOLVE, HANDLER, after("1h"))
    assert "petitioner" not in {m.to for m in life.messages}


def test_no_event_starts_a_clock_in_a_petition_that_is_over() -> None:
    policy = small_policy(clocks={"callback": {"starts": ["resolve", "note"]}})
    life = Life(policy).in_progress().does(RESOLVE, HANDLER, after("1h")).does(SATISFIED, PETITIONER, after("2h"))
    life.does(c.AddNote("电话"), OPERATOR, after("3h"))
    assert life.petition.clocks == []


def test_a_merge_ends_the_childs_clocks_and_the_parents_answer_reaches_every_child() -> None:
    child = ticking("closure").does(c.MergePetition(7), OPERATOR, after("4h"))
    assert child.petition.clocks == []
    assert child.follow == [(7, c.AdoptChild(child.petition.id))]
    assert child.verdict("interim").result == "unmet"
    assert child.verdict("closure").result == "ended"
    parent = ticking("closure").does(c.AdoptChild(8), SYSTEM, after("4h")).does(c.AdoptChild(9), SYSTEM, after("5h"))
    parent.does(RESOLVE, HANDLER, after("6h"))
    answer = c.FollowParent("solved", "已处理完毕")
    assert parent.follow == [(8, answer), (9, answer)]
    child.does(answer, SYSTEM, after("6h"))
    assert child.told("citizen_result") == ["petitioner"]
    assert child.petition.closed_at == after("4h")


@pytest.mark.parametrize(
    ("ending", "answer"),
    [
        (c.RejectPetition("out_of_area", "不在辖区"), c.FollowParent("out_of_area", "不在辖区")),
        (c.TransferOut("区级平台", "已转"), c.FollowParent("transferred", "已转")),
        (c.TransferOut("区级平台", " "), c.FollowParent("transferred", "区级平台")),
    ],
)
def test_merged_petitioners_hear_of_other_endings_too(ending: Command, answer: Command) -> None:
    parent = ticking("closure").does(c.AdoptChild(8), SYSTEM, after("4h")).does(ending, OPERATOR, after("5h"))
    assert parent.follow == [(8, answer)]


def test_an_answer_goes_down_a_chain_of_merges() -> None:
    middle = (
        ticking("closure").does(c.AdoptChild(8), SYSTEM, after("4h")).does(c.MergePetition(7), OPERATOR, after("5h"))
    )
    middle.does(c.FollowParent("solved", "好了"), SYSTEM, after("6h"))
    assert middle.follow == [(7, c.AdoptChild(middle.petition.id)), (8, c.FollowParent("solved", "好了"))]
