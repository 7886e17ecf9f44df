"""The rules of the trade about time, each as a table or a story. Petitions are received at `MONDAY`, 10:00 local."""

from __future__ import annotations

from datetime import datetime

import pytest

from tests.core.lives import (
    ACCEPT,
    APPROVE_EXTENSION,
    APPROVE_HOLD,
    DISSATISFIED,
    EXTEND,
    HANDLER,
    HOLD,
    INTERIM,
    OPERATOR,
    PETITIONER,
    RESOLVE,
    RETURN,
    SATISFIED,
    SUPERVISOR,
    SYSTEM,
    Life,
    after,
    span,
)
from tests.core.policies import MONDAY, small_policy
from xixi_workflow.core import commands as c
from xixi_workflow.core.commands import Command
from xixi_workflow.core.lifecycle import ROW_OF
from xixi_workflow.core.petition import Actor
from xixi_workflow.core.work import Refused

POLICY = small_policy()
DISPATCH = c.DispatchPetition("police")
MICROSECOND = span("1u")

#: clock, the command that meets it, who gives it, when it is due
MET = [
    ("response", DISPATCH, OPERATOR, "1m"),
    ("interim", INTERIM, HANDLER, "3h"),
    ("interim", RESOLVE, HANDLER, "3h"),
    ("closure", RESOLVE, HANDLER, "24h"),
    ("acceptance", ACCEPT, HANDLER, "15m 10s"),
    ("assistance", c.FinishAssist("urban"), HANDLER, "10h"),
    ("callback", SATISFIED, PETITIONER, "25h"),
]


def _before(clock: str) -> Life:
    """A petition in which that clock runs."""
    life = Life(POLICY)
    if clock == "response":
        return life
    if clock == "acceptance":
        return life.dispatched()
    life.in_progress()
    if clock == "assistance":
        return life.does(c.AskAssist("urban"), HANDLER, after("2h"))
    if clock == "callback":
        return life.does(RESOLVE, HANDLER, after("21h"))
    return life


# --- due -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("clock", "command", "actor", "due"), MET)
def test_at_the_due_instant_is_on_time(clock: str, command: Command, actor: Actor, due: str) -> None:
    life = _before(clock).does(command, actor, after(due))
    verdict = life.verdict(clock)
    assert (verdict.result, verdict.due_at, verdict.settled_at) == ("on_time", after(due), after(due))
    assert life.facts("breached", clock) == []
    assert clock not in life.running()


@pytest.mark.parametrize(("clock", "command", "actor", "due"), MET)
def test_a_microsecond_later_is_late_and_the_breach_is_dated_at_the_due_instant(
    clock: str, command: Command, actor: Actor, due: str
) -> None:
    life = _before(clock).does(command, actor, after(due) + MICROSECOND)
    verdict = life.verdict(clock)
    assert (verdict.result, verdict.due_at, verdict.settled_at) == ("late", after(due), after(due) + MICROSECOND)
    assert life.facts("breached", clock) == [after(due)]


@pytest.mark.parametrize(("clock", "command", "actor", "due"), MET)
def test_nobody_needs_to_look_at_the_due_instant_for_a_breach_to_be_dated_there(
    clock: str, command: Command, actor: Actor, due: str
) -> None:
    life = _before(clock).sweeps(after(due))
    assert life.facts("breached", clock) == []
    life.sweeps(after("9d"))
    assert life.facts("breached", clock) == [after(due)]
    (breach,) = (e for e in life.entries if e.event == "breached" and e.at == after(due))
    assert breach.noticed_at == after("9d")


def test_a_breach_is_on_record_while_the_clock_still_waits_and_is_settled_as_late() -> None:
    life = _before("interim").sweeps(after("5h"))
    standing = life.verdict("interim")
    assert (standing.result, standing.settled_at, standing.team) == ("breached", None, "police")
    assert life.does(INTERIM, HANDLER, after("6h")).verdict("interim").result == "late"


@pytest.mark.parametrize(
    ("at", "result"), [("2h", "ended"), ("24h", "ended"), ("24h 1u", "unmet")], ids=["early", "at due", "after due"]
)
def test_a_clock_that_is_stopped_without_being_met_is_judged_only_after_a_breach(at: str, result: str) -> None:
    life = _before("closure").does(c.WithdrawPetition(), PETITIONER, after(at))
    assert life.verdict("closure").result == result


@pytest.mark.parametrize("received", ["0s", "-30s", "-1m", "-1m 1u", "-2h", "-2d"])
def test_clocks_count_from_the_receipt_of_the_source_and_not_from_our_intake(received: str) -> None:
    life = Life(POLICY, received_at=after(received), filed_at=MONDAY)
    assert life.clock("closure").due_at == after(received) + span("24h")
    late = after(received) + span("1m") < MONDAY
    due = after(received) + span("1m")
    assert life.facts("breached", "response") == ([due] if late else [])
    assert all(e.noticed_at == MONDAY for e in life.entries)


# --- holds -----------------------------------------------------------------------------------------------------------


def test_a_hold_pauses_closure_and_never_response_or_interim() -> None:
    life = Life(POLICY).on_hold("1h", seconds=5 * 3600)
    assert life.clock("closure").paused_at == after("1h")
    assert life.clock("interim").due_at == after("3h")
    life.sweeps(after("5h"))
    assert life.facts("breached", "interim") == [after("3h")]


@pytest.mark.parametrize(
    ("since", "until", "due"), [("1h", "2h", "25h"), ("1h", "1h", "24h"), ("23h 59m 59s", "9d", "9d 1s")]
)
def test_resuming_recomputes_the_due_instant(since: str, until: str, due: str) -> None:
    life = Life(POLICY).on_hold(since).does(c.Resume(), HANDLER, after(until))
    closure = life.clock("closure")
    assert closure.due_at == after(due)
    assert closure.paused_for == (after(until) - after(since)).total_seconds()
    assert life.does(RESOLVE, HANDLER, after(due)).verdict("closure").result == "on_time"


def test_a_paused_clock_is_never_late_however_long_the_hold() -> None:
    life = Life(POLICY).on_hold("1h", seconds=29 * 86400).sweeps(after("29d"))
    assert life.facts("breached", "closure") == []
    assert life.facts("warned", "closure") == []


@pytest.mark.parametrize(
    ("command", "result"), [(c.TransferOut("区级平台"), "on_time"), (c.WithdrawPetition(), "ended")]
)
def test_a_clock_that_is_settled_in_a_pause_is_not_late_and_is_due_as_if_it_ran_again(
    command: Command, result: str
) -> None:
    life = Life(POLICY).on_hold("1h").does(command, OPERATOR, after("2d"))
    verdict = life.verdict("closure")
    assert (verdict.result, verdict.due_at, verdict.paused_for) == (result, after("2d 23h"), 47 * 3600)


def test_several_holds_add_up() -> None:
    life = Life(POLICY).on_hold("1h").does(c.Resume(), HANDLER, after("3h"))
    life.does(HOLD, HANDLER, after("5h")).does(APPROVE_HOLD, SUPERVISOR, after("6h"))
    closure = life.does(c.Resume(), HANDLER, after("10h")).clock("closure")
    assert (closure.due_at, closure.paused_for) == (after("30h"), 6 * 3600)


@pytest.mark.parametrize(
    ("asked", "granted", "ends"),
    [(None, None, "30d 1h"), (7200.0, None, "3h"), (7200.0, 3600.0, "2h"), (None, 3600.0, "2h")],
)
def test_every_hold_ends_by_itself(asked: float | None, granted: float | None, ends: str) -> None:
    life = Life(POLICY).in_progress().does(c.RequestHold("third_party", seconds=asked), HANDLER, after("1h"))
    life.does(c.ApproveHold(granted), SUPERVISOR, after("1h")).sweeps(after("40d"))
    assert life.happened("hold_ended") == [("hold_ended", after(ends))]
    assert life.facts("breached", "closure") == [after(ends) + span("23h")]


def test_a_hold_granted_after_a_breach_does_not_erase_it() -> None:
    life = _before("closure").does(HOLD, HANDLER, after("23h")).does(APPROVE_HOLD, SUPERVISOR, after("25h"))
    assert life.clock("closure").breached_at == after("24h")
    life.does(c.Resume(), HANDLER, after("30h")).does(RESOLVE, HANDLER, after("31h"))
    verdict = life.verdict("closure")
    assert (verdict.result, verdict.due_at, verdict.paused_for) == ("late", after("24h"), 5 * 3600)


def test_a_hold_at_the_due_instant_is_in_time() -> None:
    life = _before("closure").does(HOLD, HANDLER, after("23h")).does(APPROVE_HOLD, SUPERVISOR, after("24h"))
    closure = life.does(c.Resume(), HANDLER, after("30h")).clock("closure")
    assert (closure.breached_at, closure.due_at) == (None, after("30h"))


# --- extensions ------------------------------------------------------------------------------------------------------


def test_an_extension_moves_the_due_instant_once_and_both_dates_can_be_told() -> None:
    life = _before("closure").does(EXTEND, HANDLER, after("20h")).does(APPROVE_EXTENSION, SUPERVISOR, after("21h"))
    closure = life.clock("closure")
    assert (closure.due_at, closure.extended_for) == (after("30h"), 6 * 3600)
    assert (life.clock("interim").due_at, life.clock("interim").extended_for) == (after("3h"), 0)
    refused = life.tries(EXTEND, HANDLER, after("22h"))
    assert isinstance(refused, Refused)
    assert refused.code == "too_many_extensions"
    assert life.does(RESOLVE, HANDLER, after("30h")).verdict("closure").result == "on_time"


@pytest.mark.parametrize(("at", "code"), [("24h", ""), ("24h 1u", "after_due"), ("3d", "after_due")])
def test_an_extension_is_asked_for_before_due(at: str, code: str) -> None:
    made = _before("closure").tries(EXTEND, HANDLER, after(at))
    assert (made.code if isinstance(made, Refused) else "") == code


def test_an_extension_granted_after_a_breach_does_not_erase_it() -> None:
    life = _before("closure").does(EXTEND, HANDLER, after("23h")).does(APPROVE_EXTENSION, SUPERVISOR, after("25h"))
    closure = life.clock("closure")
    assert (closure.due_at, closure.extended_for) == (after("24h"), 6 * 3600)
    assert life.does(RESOLVE, HANDLER, after("26h")).verdict("closure").result == "late"


def test_the_approver_may_grant_another_span_than_was_asked_for() -> None:
    life = _before("closure").does(EXTEND, HANDLER, after("20h"))
    life.does(c.ApproveExtension(3600), SUPERVISOR, after("21h"))
    assert life.clock("closure").due_at == after("25h")


def test_a_refused_extension_can_be_asked_for_again() -> None:
    life = _before("closure").does(EXTEND, HANDLER, after("20h"))
    life.does(c.RefuseExtension("请先联系群众"), SUPERVISOR, after("21h")).does(EXTEND, HANDLER, after("22h"))
    assert life.clock("closure").due_at == after("24h")


def test_a_hold_and_an_extension_add_up() -> None:
    life = _before("closure").does(EXTEND, HANDLER, after("1h")).does(APPROVE_EXTENSION, SUPERVISOR, after("1h"))
    life.does(HOLD, HANDLER, after("2h")).does(APPROVE_HOLD, SUPERVISOR, after("2h"))
    assert life.does(c.Resume(), HANDLER, after("5h")).clock("closure").due_at == after("33h")


# --- returns, rework, survey -----------------------------------------------------------------------------------------


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
    life = _before("closure").does(RESOLVE, HANDLER, after("20h")).does(DISSATISFIED, PETITIONER, after("2d"))
    closure = life.clock("closure")
    assert (life.petition.round, closure.round, closure.started_at, closure.due_at) == (2, 2, after("2d"), after("3d"))
    assert [(o.round, o.result) for o in life.verdicts("closure")] == [(1, "on_time")]
    life.does(ACCEPT, HANDLER, after("2d")).does(RESOLVE, HANDLER, after("3d 1h"))
    assert [(o.round, o.result) for o in life.verdicts("closure")] == [(1, "on_time"), (2, "late")]


def test_an_extension_of_the_first_round_does_not_reach_the_second() -> None:
    life = _before("closure").does(EXTEND, HANDLER, after("20h")).does(APPROVE_EXTENSION, SUPERVISOR, after("21h"))
    life.does(RESOLVE, HANDLER, after("22h")).does(DISSATISFIED, PETITIONER, after("23h"))
    assert life.clock("closure").due_at == after("47h")


def test_a_survey_that_lapses_is_not_rated() -> None:
    life = _before("callback").sweeps(after("9d"))
    assert (life.petition.state, life.petition.rating) == ("closed", "")
    assert life.petition.closed_at == after("93h")
    assert (life.verdict("survey").result, life.verdict("survey").settled_at) == ("lapsed", after("93h"))
    assert life.facts("breached", "survey") == []


def test_a_rating_at_the_last_instant_of_the_survey_counts() -> None:
    life = _before("callback").does(SATISFIED, PETITIONER, after("93h"))
    assert (life.petition.rating, life.verdict("survey").result) == ("satisfied", "on_time")


def test_a_rating_after_the_lapse_is_recorded_and_moves_no_date() -> None:
    life = _before("callback").sweeps(after("4d")).does(SATISFIED, PETITIONER, after("5d"))
    assert (life.petition.rating, life.petition.closed_at) == ("satisfied", after("93h"))
    assert life.verdict("survey").result == "lapsed"


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


# --- merging ---------------------------------------------------------------------------------------------------------


def test_a_merge_ends_the_childs_clocks_and_the_parents_answer_reaches_every_child() -> None:
    child = _before("closure").does(c.MergePetition(7), OPERATOR, after("4h"))
    assert child.petition.clocks == []
    assert child.follow == [(7, c.AdoptChild(child.petition.id))]
    assert child.verdict("interim").result == "unmet"
    assert child.verdict("closure").result == "ended"
    parent = _before("closure").does(c.AdoptChild(8), SYSTEM, after("4h")).does(c.AdoptChild(9), SYSTEM, after("5h"))
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
    parent = _before("closure").does(c.AdoptChild(8), SYSTEM, after("4h")).does(ending, OPERATOR, after("5h"))
    assert parent.follow == [(8, answer)]


def test_an_answer_goes_down_a_chain_of_merges() -> None:
    middle = (
        _before("closure").does(c.AdoptChild(8), SYSTEM, after("4h")).does(c.MergePetition(7), OPERATOR, after("5h"))
    )
    middle.does(c.FollowParent("solved", "好了"), SYSTEM, after("6h"))
    assert middle.follow == [(7, c.AdoptChild(middle.petition.id)), (8, c.FollowParent("solved", "好了"))]


# --- events that arrive late -----------------------------------------------------------------------------------------


def test_an_event_that_arrives_late_is_judged_by_when_it_happened_and_withdraws_the_breach() -> None:
    life = _before("interim").sweeps(after("4h"))
    assert life.verdict("interim").result == "breached"
    life.does(INTERIM, HANDLER, after("5h"), happened=after("3h"))
    assert (life.verdict("interim").result, life.verdict("interim").settled_at) == ("on_time", after("3h"))
    entry = life.entries[-1]
    assert (entry.event, entry.at, entry.noticed_at) == ("interim_reported", after("3h"), after("5h"))
    assert life.facts("breached", "interim") == [after("3h")]


def test_an_event_that_arrives_late_and_happened_late_is_late() -> None:
    life = _before("interim").does(INTERIM, HANDLER, after("5h"), happened=after("3h 1u"))
    assert life.verdict("interim").result == "late"


def test_an_event_that_arrives_late_closes_on_the_day_it_happened() -> None:
    life = _before("callback").does(SATISFIED, PETITIONER, after("3d"), happened=after("22h"))
    assert life.petition.closed_at == after("22h")


def test_time_goes_on_after_an_event_that_arrives_late() -> None:
    life = Life(POLICY).dispatched().does(ACCEPT, HANDLER, after("5h"), happened=after("10m"))
    assert life.verdict("acceptance").result == "on_time"
    assert life.facts("breached", "interim") == [after("3h")]
    assert [e.event for e in life.last.entries] == ["accepted", "warned", "breached", "escalated"]


def test_a_hold_that_we_hear_of_late_withdraws_the_breach_that_it_prevented() -> None:
    life = _before("closure").sweeps(after("26h"))
    assert life.verdict("closure").result == "breached"
    life.does(HOLD, HANDLER, after("27h"), happened=after("10h"))
    life.does(APPROVE_HOLD, SUPERVISOR, after("27h"), happened=after("11h"))
    assert life.verdict("closure").result == "withdrawn"
    closure = life.does(c.Resume(), HANDLER, after("28h")).clock("closure")
    assert (closure.breached_at, closure.due_at) == (None, after("41h"))
    life.sweeps(after("41h 1u"))
    assert (life.verdict("closure").result, life.verdict("closure").due_at) == ("breached", after("41h"))


def test_an_extension_that_we_hear_of_late_withdraws_the_breach_that_it_prevented() -> None:
    life = _before("closure").sweeps(after("25h"))
    life.does(EXTEND, HANDLER, after("26h"), happened=after("22h"))
    life.does(APPROVE_EXTENSION, SUPERVISOR, after("26h"), happened=after("24h"))
    assert life.verdict("closure").result == "withdrawn"
    assert (life.clock("closure").breached_at, life.clock("closure").due_at) == (None, after("30h"))
    assert life.does(RESOLVE, HANDLER, after("29h")).verdict("closure").result == "on_time"


def test_a_hold_that_we_hear_of_late_begins_no_earlier_than_the_clock_last_began_to_run() -> None:
    life = Life(POLICY).on_hold("1h").does(c.Resume(), HANDLER, after("3h"))
    life.does(HOLD, HANDLER, after("5h"), happened=after("2h"))
    life.does(APPROVE_HOLD, SUPERVISOR, after("5h"), happened=after("2h"))
    closure = life.does(c.Resume(), HANDLER, after("6h")).clock("closure")
    assert (closure.paused_for, closure.due_at) == (5 * 3600, after("29h"))


def test_a_resume_dated_before_its_hold_resumes_at_the_hold() -> None:
    life = Life(POLICY).on_hold("2h").does(c.Resume(), HANDLER, after("3h"), happened=after("1h"))
    closure = life.clock("closure")
    assert (closure.paused_for, closure.due_at) == (0, after("24h"))


def test_what_a_door_took_in_time_is_in_time_though_a_sweep_was_faster() -> None:
    life = _before("closure").sweeps(after("24h 1u"))
    life.does(RESOLVE, HANDLER, after("24h"))
    assert life.verdict("closure").result == "on_time"


def test_nothing_is_settled_before_it_started() -> None:
    life = (
        _before("acceptance")
        .does(RETURN, HANDLER, after("1h"))
        .does(c.DispatchPetition("urban"), OPERATOR, after("2h"))
    )
    life.does(ACCEPT, OPERATOR, after("3h"), happened=after("1h"))
    verdict = life.verdicts("acceptance")[-1]
    assert verdict.settled_at == verdict.started_at == after("2h")


# --- warnings --------------------------------------------------------------------------------------------------------


def test_warnings_are_given_once_each_at_their_share_or_span_before_due() -> None:
    life = _before("closure")
    for hour in range(0, 40, 3):
        life.sweeps(after(f"{hour}h 7s"))
    assert life.facts("warned", "closure") == [after("12h"), after("19h 12m"), after("23h 30m")]
    assert life.told("handler_closure_due") == ["police-1"] * 2, "the third was not sent: due had passed when we looked"


@pytest.mark.parametrize(
    ("since", "until", "warnings"),
    [
        ("1h", "4h", ["15h", "22h 12m", "26h 30m"]),
        ("12h", "13h", ["12h", "20h 12m", "24h 30m"]),
        ("23h 45m", "40h", ["12h", "19h 12m", "23h 30m"]),
    ],
)
def test_pauses_put_off_the_warnings_that_were_not_given(since: str, until: str, warnings: list[str]) -> None:
    life = Life(POLICY).on_hold(since).does(c.Resume(), HANDLER, after(until)).sweeps(after("4d"))
    assert life.facts("warned", "closure") == [after(w) for w in warnings]


def test_an_extension_puts_off_the_warnings_that_were_not_given() -> None:
    life = _before("closure").does(EXTEND, HANDLER, after("13h")).does(APPROVE_EXTENSION, SUPERVISOR, after("13h"))
    life.sweeps(after("4d"))
    assert life.facts("warned", "closure") == [after("12h"), after("24h"), after("29h 30m")]


def test_more_time_may_change_which_warning_comes_first_and_still_gives_each_once() -> None:
    policy = small_policy(
        clocks={"interim": {"limit": "1h"}, "closure": {"limit": "2h", "warn": {"at": ["80%", "-30m"]}}}
    )
    late = (
        Life(policy).in_progress().does(EXTEND, HANDLER, after("1h")).does(APPROVE_EXTENSION, SUPERVISOR, after("1h"))
    )
    assert late.sweeps(after("1d")).facts("warned", "closure") == [after("6h 24m"), after("7h 30m")]
    later = Life(policy).in_progress().does(EXTEND, HANDLER, after("95m"))
    later.does(APPROVE_EXTENSION, SUPERVISOR, after("95m")).sweeps(after("1d"))
    assert later.facts("warned", "closure") == [after("90m"), after("7h 30m")]


def test_a_warning_that_is_noticed_after_due_is_on_record_and_bothers_nobody() -> None:
    life = _before("interim").sweeps(after("5h"))
    assert life.facts("warned", "interim") == [after("2h 24m")]
    assert life.told("handler_interim_due") == []


# --- ladders ---------------------------------------------------------------------------------------------------------


def _rings(life: Life, clock: str) -> list[tuple[datetime, int]]:
    data = [(e.at, e.data) for e in life.entries if e.event in ("breached", "escalated") and f'"{clock}"' in e.data]
    return [(at, int(text.split('"level":')[1][0])) for at, text in data if '"level"' in text]


def test_a_ladder_rings_level_by_level_and_repeats() -> None:
    life = Life(POLICY).sweeps(after("1d"))
    assert _rings(life, "response") == [
        (after("1m"), 1),
        (after("6m"), 2),
        (after("16m"), 2),
        (after("26m"), 2),
        (after("31m"), 3),
    ]
    assert life.facts("escalated", "response") == [after("6m"), after("16m"), after("26m"), after("31m")]


def test_each_ring_reaches_whom_the_policy_names() -> None:
    life = _before("closure")
    for minutes in (10, 60, 110, 120, 240, 480):
        life.sweeps(after("24h") + span(f"{minutes}m"))
    assert life.told("team_overdue")[-6:] == ["police-1", "police-lead"] * 3
    assert [m.vars.level for m in life.messages if m.kind == "leader_overdue" and m.vars.clock == "closure"] == [
        2,
        2,
        3,
    ]


def test_an_acknowledgement_silences_repeats_and_not_higher_levels() -> None:
    life = _before("closure").sweeps(after("24h 10m")).does(c.Acknowledge("closure"), HANDLER, after("24h 20m"))
    life.sweeps(after("3d"))
    assert _rings(life, "closure") == [
        (after("24h 10m"), 1),
        (after("26h"), 2),
        (after("28h"), 2),
        (after("32h"), 3),
    ]
    quiet = _before("closure").sweeps(after("26h")).does(c.Acknowledge(), HANDLER, after("26h 1m")).sweeps(after("3d"))
    assert [level for _, level in _rings(quiet, "closure")] == [1, 1, 1, 2, 3]


def test_no_alarm_is_set_for_a_ring_that_nobody_hears() -> None:
    life = _before("closure").sweeps(after("24h 10m")).does(c.Acknowledge("closure"), HANDLER, after("24h 20m"))
    assert life.clock("closure").next_at == after("26h")


def test_an_acknowledgement_before_the_first_ring_silences_nothing() -> None:
    life = _before("closure").does(c.Acknowledge("closure"), HANDLER, after("24h 5m")).sweeps(after("3d"))
    assert [level for _, level in _rings(life, "closure")] == [1, 1, 1, 2, 2, 3]


def test_an_acknowledgement_of_one_clock_leaves_the_others_loud() -> None:
    life = _before("closure").sweeps(after("24h 10m")).does(c.Acknowledge("closure"), HANDLER, after("24h 20m"))
    assert life.clock("interim").acknowledged == 0
    assert life.clock("closure").acknowledged == 1


def test_a_hold_after_the_breach_puts_off_the_rings_that_did_not_come_yet() -> None:
    life = _before("closure").does(HOLD, HANDLER, after("24h 20m")).does(APPROVE_HOLD, SUPERVISOR, after("24h 30m"))
    life.does(c.Resume(), HANDLER, after("34h 30m")).sweeps(after("4d"))
    assert _rings(life, "closure") == [
        (after("24h 10m"), 1),
        (after("35h"), 1),
        (after("35h 50m"), 1),
        (after("36h"), 2),
        (after("38h"), 2),
        (after("42h"), 3),
    ]


def test_a_met_clock_rings_no_more() -> None:
    life = _before("closure").sweeps(after("24h 10m")).does(RESOLVE, HANDLER, after("24h 30m")).sweeps(after("9d"))
    assert _rings(life, "closure") == [(after("24h 10m"), 1)]


def test_whom_a_ring_reaches_is_decided_by_the_roster_of_that_moment() -> None:
    by_day, by_night = Life(POLICY).sweeps(after("31m")), Life(POLICY).sweeps(after("10h"))
    for life, supervisor in ((by_day, "supervisor-1"), (by_night, "supervisor-2")):
        assert [m.to for m in life.messages if m.vars.clock == "response"] == [
            "operator-1",
            "commander-1",
            supervisor,
        ]


# --- calendars -------------------------------------------------------------------------------------------------------


def test_a_working_hours_clock_counts_open_time_only_and_its_ladder_plain_time() -> None:
    policy = small_policy(clocks={"closure": {"calendar": "office", "limit": "14h"}})
    life = Life(policy).in_progress()
    # 10:00 Monday: 5 h 30 m are left of Monday, 7 h of Tuesday, 1 h 30 m of Wednesday: due 10:00 Wednesday.
    assert life.clock("closure").due_at == after("2d")
    life.sweeps(after("4d"))
    assert life.facts("warned", "closure") == [after("1d"), after("1d 6h 12m"), after("1d 23h 30m")]
    assert _rings(life, "closure")[0] == (after("2d 10m"), 1)
    assert [at for at, level in _rings(life, "closure") if level == 3] == [after("2d 8h")]


def test_a_hold_on_a_working_hours_clock_saves_its_open_time() -> None:
    policy = small_policy(clocks={"closure": {"calendar": "office", "limit": "14h"}})
    # Held from 11:00 Monday to 18:00 Tuesday: one hour used, and 13 h are counted from Wednesday 08:30.
    life = Life(policy).on_hold("1h").does(c.Resume(), HANDLER, after("1d 8h"))
    assert life.clock("closure").due_at == after("3d 6h 30m")
    assert life.clock("closure").paused_for == 31 * 3600


def test_a_limit_used_up_at_closing_time_is_due_at_closing_time() -> None:
    policy = small_policy(clocks={"closure": {"calendar": "office", "limit": "2h"}})
    life = Life(policy).in_progress()
    assert life.clock("closure").due_at == after("2h")
    assert life.does(RESOLVE, HANDLER, after("2h")).verdict("closure").result == "on_time"


# --- outages ---------------------------------------------------------------------------------------------------------


def test_asleep_for_a_day_every_fact_is_dated_at_its_moment_and_each_person_hears_once_of_each_clock() -> None:
    awake, asleep = Life(POLICY).dispatched(), Life(POLICY).dispatched()
    for minute in range(1, 2 * 24 * 60):
        awake.sweeps(after(f"{minute}m"))
    asleep.sweeps(after("2879m"))
    assert [(e.event, e.at, e.data) for e in asleep.entries] == [(e.event, e.at, e.data) for e in awake.entries]
    assert all(e.noticed_at == after("2879m") for e in asleep.last.entries)
    told = [(m.to, m.vars.clock) for m in asleep.last.messages]
    assert len(told) == len(set(told))
    assert len(told) < len(awake.messages) / 2


def test_a_sweep_with_nothing_to_say_changes_nothing() -> None:
    life = _before("closure").sweeps(after("13h"))
    before = life.petition
    assert life.sweeps(after("14h")).last.entries == []
    assert life.petition == before


# --- assisting teams -------------------------------------------------------------------------------------------------


def test_each_assisting_team_has_a_clock_of_its_own() -> None:
    life = Life(POLICY).in_progress()
    life.does(c.AskAssist("urban"), HANDLER, after("1h")).does(c.AskAssist("market"), HANDLER, after("2h"))
    life.does(c.FinishAssist("urban"), OPERATOR, after("3h"))
    assert [(o.key, o.team, o.result) for o in life.verdicts("assistance")] == [("urban", "urban", "on_time")]
    assert life.clock("assistance", "market").due_at == after("10h")
    life.sweeps(after("11h"))
    assert [(o.key, o.result) for o in life.verdicts("assistance")] == [("urban", "on_time"), ("market", "breached")]
    assert life.told("handler_assist_asked") == ["urban-1", "urban-2", "market-1"]


def test_an_assisting_teams_clock_rings_for_that_team() -> None:
    life = Life(POLICY).in_progress().does(c.AskAssist("urban"), HANDLER, after("1h")).sweeps(after("9h 30m"))
    late = [m.to for m in life.messages if m.vars.clock == "assistance"]
    assert late == ["urban-1", "urban-2", "urban-lead"]


def test_teams_named_in_routing_are_asked_when_the_petition_goes_out() -> None:
    life = Life(POLICY).does(c.RoutePetition("STALL", assisting=("market", "urban", "police")), SYSTEM, after("5s"))
    assert life.petition.clocks == [x for x in life.petition.clocks if x.key == ""]
    life.does(c.DispatchPetition(note="占道"), SYSTEM, after("10s"))
    assert [e.event for e in life.last.entries] == ["dispatched", "assist_asked", "assist_asked"]
    assert all(Actor.parse(e.actor).role in ROW_OF["dispatched", "ask_assist"].who for e in life.last.entries)
    assert {x.key: x.due_at for x in life.petition.clocks if x.key} == {
        "market": after("8h 10s"),
        "police": after("8h 10s"),
    }
    asked = [m for m in life.messages if m.kind == "handler_assist_asked"]
    assert {(m.to, m.vars.team, m.vars.text) for m in asked} == {
        ("market-1", "market", "占道"),
        ("police-1", "police", "占道"),
        ("police-2", "police", "占道"),
    }


def test_resolving_ends_what_assisting_teams_still_owe() -> None:
    life = Life(POLICY).in_progress().does(c.AskAssist("urban"), HANDLER, after("1h"))
    assert life.does(RESOLVE, HANDLER, after("2h")).verdict("assistance").result == "ended"


def test_a_new_round_asks_for_its_own_assistance() -> None:
    life = Life(POLICY).in_progress().does(c.AskAssist("urban"), HANDLER, after("1h"))
    life.does(RESOLVE, HANDLER, after("2h")).does(DISSATISFIED, PETITIONER, after("3h"))
    assert life.petition.assists == []
    life.does(c.AskAssist("urban"), OPERATOR, after("4h"))
    assert life.clock("assistance", "urban").due_at == after("12h")


def test_a_team_that_assisted_and_becomes_the_lead_no_longer_assists() -> None:
    life = Life(POLICY).in_progress().does(c.AskAssist("urban"), HANDLER, after("1h"))
    life.does(RETURN, HANDLER, after("2h")).does(c.RoutePetition("STALL", assisting=("market",)), OPERATOR, after("3h"))
    assert [a.team for a in life.petition.assists] == ["urban", "market"]
    life.does(c.DispatchPetition(), OPERATOR, after("4h"))
    assert [(a.team, a.asked) for a in life.petition.assists] == [("market", True)]
    assert [(x.name, x.key) for x in life.petition.clocks if x.key] == [("assistance", "market")]
    assert [(o.key, o.result) for o in life.verdicts("assistance")] == [("urban", "ended")]


def test_an_assistance_that_is_asked_for_on_hold_is_paused_where_the_policy_says_so() -> None:
    policy = small_policy(clocks={"assistance": {"pauses_in": ["on_hold"]}})
    life = Life(policy).on_hold("1h").does(c.AskAssist("urban"), OPERATOR, after("2h"))
    assert life.clock("assistance", "urban").paused_at == after("2h")
    assert life.does(c.Resume(), HANDLER, after("5h")).clock("assistance", "urban").due_at == after("13h")


# --- people come and go ----------------------------------------------------------------------------------------------


def test_a_role_or_a_team_that_is_gone_from_the_roster_does_not_stop_a_petition() -> None:
    life = Life(POLICY).dispatched(team="market")
    today = small_policy(
        teams={"roles": {"commander": None}, "teams": {"market": None}},
        categories=[{"code": "OTHER", "zh": "其他", "en": "Other", "group": "ALL", "team": "police"}],
        ladders=_without_commander(),
    )
    life.policy = POLICY.with_people(today)
    life.sweeps(after("3h"))
    assert "supervisor-1" in life.told("leader_overdue"), "the commander's duty falls to the supervisor"
    assert "operator-1" in life.told("team_overdue"), "the team's falls to the centre"


def _without_commander() -> dict[str, list[dict[str, object]]]:
    return {
        name: [{"level": 1, "after": "0s", "to": ["operator"], "message": "operator_overdue"}]
        for name in ("response", "short", "long")
    }


def test_an_ending_hold_does_not_repeat_what_the_command_before_it_said() -> None:
    life = Life(POLICY).in_progress().does(c.RequestHold("third_party", seconds=3600), HANDLER, after("5h"))
    life.does(APPROVE_HOLD, SUPERVISOR, after("9h"), happened=after("6h"))
    (ended,) = (m for m in life.last.messages if m.kind == "handler_hold_ended")
    assert ended.vars.span == 0
    assert ended.vars.due == after("25h")


def test_a_breach_that_was_withdrawn_and_comes_again_rings_from_the_first_step() -> None:
    life = _before("closure").sweeps(after("26h")).does(EXTEND, HANDLER, after("27h"), happened=after("22h"))
    life.does(APPROVE_EXTENSION, SUPERVISOR, after("27h"), happened=after("23h")).sweeps(after("2d"))
    assert [(at, level) for at, level in _rings(life, "closure") if at > after("27h")][:2] == [
        (after("30h 10m"), 1),
        (after("31h"), 1),
    ]


def test_no_event_starts_a_clock_in_a_petition_that_is_over() -> None:
    policy = small_policy(clocks={"callback": {"starts": ["resolve", "note"]}})
    life = Life(policy).in_progress().does(RESOLVE, HANDLER, after("1h")).does(SATISFIED, PETITIONER, after("2h"))
    life.does(c.AddNote("电话"), OPERATOR, after("3h"))
    assert life.petition.clocks == []


def test_somebody_of_two_assisting_teams_is_asked_for_each() -> None:
    life = Life(small_policy(teams={"teams": {"market": {"handlers": ["market-1", "urban-1"]}}}))
    life.does(c.RoutePetition("NOISE", assisting=("market", "urban")), SYSTEM, after("5s"))
    life.does(c.DispatchPetition(), SYSTEM, after("10s"))
    asked = [m.vars.team for m in life.messages if m.kind == "handler_assist_asked" and m.to == "urban-1"]
    assert asked == ["market", "urban"]
