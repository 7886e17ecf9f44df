"""When a clock is due, and what a hold or an extension does to it. Petitions are received at `MONDAY`, 10:00 local."""

from __future__ import annotations

import pytest

from tests.core.lives import (
    ACCEPT,
    APPROVE_EXTENSION,
    APPROVE_HOLD,
    EXTEND,
    HANDLER,
    HOLD,
    INTERIM,
    OPERATOR,
    PETITIONER,
    RESOLVE,
    SATISFIED,
    SUPERVISOR,
    Life,
    after,
    span,
    ticking,
)
from tests.core.policies import MONDAY, small_policy
from xixi_workflow.core import commands as c
from xixi_workflow.core.commands import Command
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


@pytest.mark.parametrize(("clock", "command", "actor", "due"), MET)
def test_at_the_due_instant_is_on_time(clock: str, command: Command, actor: Actor, due: str) -> None:
    life = ticking(clock).does(command, actor, after(due))
    verdict = life.verdict(clock)
    assert (verdict.result, verdict.due_at, verdict.settled_at) == ("on_time", after(due), after(due))
    assert life.facts("breached", clock) == []
    assert clock not in life.running()


@pytest.mark.parametrize(("clock", "command", "actor", "due"), MET)
def test_a_microsecond_later_is_late_and_the_breach_is_dated_at_the_due_instant(
    clock: str, command: Command, actor: Actor, due: str
) -> None:
    life = ticking(clock).does(command, actor, after(due) + MICROSECOND)
    verdict = life.verdict(clock)
    assert (verdict.result, verdict.due_at, verdict.settled_at) == ("late", after(due), after(due) + MICROSECOND)
    assert life.facts("breached", clock) == [after(due)]


@pytest.mark.parametrize(("clock", "command", "actor", "due"), MET)
def test_nobody_needs_to_look_at_the_due_instant_for_a_breach_to_be_dated_there(
    clock: str, command: Command, actor: Actor, due: str
) -> None:
    life = ticking(clock).sweeps(after(due))
    assert life.facts("breached", clock) == []
    life.sweeps(after("9d"))
    assert life.facts("breached", clock) == [after(due)]
    (breach,) = (e for e in life.entries if e.event == "breached" and e.at == after(due))
    assert breach.noticed_at == after("9d")


def test_a_breach_is_on_record_while_the_clock_still_waits_and_is_settled_as_late() -> None:
    life = ticking("interim").sweeps(after("5h"))
    standing = life.verdict("interim")
    assert (standing.result, standing.settled_at, standing.team) == ("breached", None, "police")
    assert life.does(INTERIM, HANDLER, after("6h")).verdict("interim").result == "late"


@pytest.mark.parametrize(
    ("last", "who", "result"), [(RESOLVE, HANDLER, "late"), (c.WithdrawPetition(), PETITIONER, "unmet")]
)
def test_who_gets_a_petition_after_it_was_missed_does_not_answer_for_the_breach(
    last: Command, who: Actor, result: str
) -> None:
    life = ticking("closure").sweeps(after("25h"))
    life.does(c.ReturnPetition("not_my_duty"), HANDLER, after("26h"))
    life.does(c.DispatchPetition("urban"), OPERATOR, after("27h")).does(ACCEPT, OPERATOR, after("27h 5m"))
    life.does(last, who, after("28h"))
    closure = life.verdict("closure")
    assert (closure.result, closure.team) == (result, "police")


def test_a_breach_of_what_nobody_had_yet_stays_nobodys() -> None:
    life = Life(POLICY).sweeps(after("30h"))
    assert life.verdict("closure").team == ""
    life.does(c.RoutePetition("NOISE"), OPERATOR, after("31h")).does(DISPATCH, OPERATOR, after("32h"))
    life.does(ACCEPT, HANDLER, after("33h")).does(RESOLVE, HANDLER, after("34h"))
    assert (life.verdict("closure").result, life.verdict("closure").team) == ("late", "")


def test_who_meets_a_clock_in_time_has_it_although_a_breach_was_noted_of_another() -> None:
    """What was noted is proved wrong by what we hear of late."""
    life = ticking("closure").does(c.ReturnPetition("not_my_duty"), HANDLER, after("3h"))
    life.sweeps(after("25h"))
    assert life.verdict("closure").team == "police"
    life.does(c.DispatchPetition("urban"), OPERATOR, after("26h"), happened=after("4h"))
    life.does(ACCEPT, OPERATOR, after("26h"), happened=after("5h"))
    life.does(RESOLVE, HANDLER, after("26h"), happened=after("20h"))
    assert (life.verdict("closure").result, life.verdict("closure").team) == ("on_time", "urban")


@pytest.mark.parametrize(
    ("at", "result"), [("2h", "ended"), ("24h", "ended"), ("24h 1u", "unmet")], ids=["early", "at due", "after due"]
)
def test_a_clock_that_is_stopped_without_being_met_is_judged_only_after_a_breach(at: str, result: str) -> None:
    life = ticking("closure").does(c.WithdrawPetition(), PETITIONER, after(at))
    assert life.verdict("closure").result == result


@pytest.mark.parametrize("received", ["0s", "-30s", "-1m", "-1m 1u", "-2h", "-2d"])
def test_clocks_count_from_the_receipt_of_the_source_and_not_from_our_intake(received: str) -> None:
    life = Life(POLICY, received_at=after(received), filed_at=MONDAY)
    assert life.clock("closure").due_at == after(received) + span("24h")
    late = after(received) + span("1m") < MONDAY
    due = after(received) + span("1m")
    assert life.facts("breached", "response") == ([due] if late else [])
    assert all(e.noticed_at == MONDAY for e in life.entries)


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
    life = ticking("closure").does(HOLD, HANDLER, after("23h")).does(APPROVE_HOLD, SUPERVISOR, after("25h"))
    assert life.clock("closure").breached_at == after("24h")
    life.does(c.Resume(), HANDLER, after("30h")).does(RESOLVE, HANDLER, after("31h"))
    verdict = life.verdict("closure")
    assert (verdict.result, verdict.due_at, verdict.paused_for) == ("late", after("24h"), 5 * 3600)


def test_a_hold_at_the_due_instant_is_in_time() -> None:
    life = ticking("closure").does(HOLD, HANDLER, after("23h")).does(APPROVE_HOLD, SUPERVISOR, after("24h"))
    closure = life.does(c.Resume(), HANDLER, after("30h")).clock("closure")
    assert (closure.breached_at, closure.due_at) == (None, after("30h"))


def test_an_ending_hold_does_not_repeat_what_the_command_before_it_said() -> None:
    life = Life(POLICY).in_progress().does(c.RequestHold("third_party", seconds=3600), HANDLER, after("5h"))
    life.does(APPROVE_HOLD, SUPERVISOR, after("9h"), happened=after("6h"))
    (ended,) = (m for m in life.last.messages if m.kind == "handler_hold_ended")
    assert ended.vars.span == 0
    assert ended.vars.due == after("25h")


def test_an_extension_moves_the_due_instant_once_and_both_dates_can_be_told() -> None:
    life = ticking("closure").does(EXTEND, HANDLER, after("20h")).does(APPROVE_EXTENSION, SUPERVISOR, after("21h"))
    closure = life.clock("closure")
    assert (closure.due_at, closure.extended_for) == (after("30h"), 6 * 3600)
    assert (life.clock("interim").due_at, life.clock("interim").extended_for) == (after("3h"), 0)
    refused = life.tries(EXTEND, HANDLER, after("22h"))
    assert isinstance(refused, Refused)
    assert refused.code == "too_many_extensions"
    assert life.does(RESOLVE, HANDLER, after("30h")).verdict("closure").result == "on_time"


@pytest.mark.parametrize(("at", "code"), [("24h", ""), ("24h 1u", "after_due"), ("3d", "after_due")])
def test_an_extension_is_asked_for_before_due(at: str, code: str) -> None:
    made = ticking("closure").tries(EXTEND, HANDLER, after(at))
    assert (made.code if isinstance(made, Refused) else "") == code


def test_an_extension_granted_after_a_breach_does_not_erase_it() -> None:
    life = ticking("closure").does(EXTEND, HANDLER, after("23h")).does(APPROVE_EXTENSION, SUPERVISOR, after("25h"))
    closure = life.clock("closure")
    assert (closure.due_at, closure.extended_for) == (after("24h"), 6 * 3600)
    assert life.does(RESOLVE, HANDLER, after("26h")).verdict("closure").result == "late"


def test_the_approver_may_grant_another_span_than_was_asked_for() -> None:
    life = ticking("closure").does(EXTEND, HANDLER, after("20h"))
    life.does(c.ApproveExtension(3600), SUPERVISOR, after("21h"))
    assert life.clock("closure").due_at == after("25h")


def test_a_refused_extension_can_be_asked_for_again() -> None:
    life = ticking("closure").does(EXTEND, HANDLER, after("20h"))
    life.does(c.RefuseExtension("请先联系群众"), SUPERVISOR, after("21h")).does(EXTEND, HANDLER, after("22h"))
    assert life.clock("closure").due_at == after("24h")


def test_a_hold_and_an_extension_add_up() -> None:
    life = ticking("closure").does(EXTEND, HANDLER, after("1h")).does(APPROVE_EXTENSION, SUPERVISOR, after("1h"))
    life.does(HOLD, HANDLER, after("2h")).does(APPROVE_HOLD, SUPERVISOR, after("2h"))
    assert life.does(c.Resume(), HANDLER, after("5h")).clock("closure").due_at == after("33h")
