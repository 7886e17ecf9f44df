"""Events that we hear of after they happened are judged by when they happened."""

from __future__ import annotations

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
    RETURN,
    SATISFIED,
    SUPERVISOR,
    Life,
    after,
    rings,
    ticking,
)
from tests.core.policies import small_policy
from xixi_workflow.core import commands as c

POLICY = small_policy()


def test_an_event_that_arrives_late_is_judged_by_when_it_happened_and_withdraws_the_breach() -> None:
    life = ticking("interim").sweeps(after("4h"))
    assert life.verdict("interim").result == "breached"
    life.does(INTERIM, HANDLER, after("5h"), happened=after("3h"))
    assert (life.verdict("interim").result, life.verdict("interim").settled_at) == ("on_time", after("3h"))
    entry = life.entries[-1]
    assert (entry.event, entry.at, entry.noticed_at) == ("interim_reported", after("3h"), after("5h"))
    assert life.facts("breached", "interim") == [after("3h")]


def test_an_event_that_arrives_late_and_happened_late_is_late() -> None:
    life = ticking("interim").does(INTERIM, HANDLER, after("5h"), happened=after("3h 1u"))
    assert life.verdict("interim").result == "late"


def test_an_event_that_arrives_late_closes_on_the_day_it_happened() -> None:
    life = ticking("callback").does(SATISFIED, PETITIONER, after("3d"), happened=after("22h"))
    assert life.petition.closed_at == after("22h")


def test_time_goes_on_after_an_event_that_arrives_late() -> None:
    life = Life(POLICY).dispatched().does(ACCEPT, HANDLER, after("5h"), happened=after("10m"))
    assert life.verdict("acceptance").result == "on_time"
    assert life.facts("breached", "interim") == [after("3h")]
    assert [e.event for e in life.last.entries] == ["accepted", "warned", "breached", "escalated"]


def test_a_hold_that_we_hear_of_late_withdraws_the_breach_that_it_prevented() -> None:
    life = ticking("closure").sweeps(after("26h"))
    assert life.verdict("closure").result == "breached"
    life.does(HOLD, HANDLER, after("27h"), happened=after("10h"))
    life.does(APPROVE_HOLD, SUPERVISOR, after("27h"), happened=after("11h"))
    assert life.verdict("closure").result == "withdrawn"
    closure = life.does(c.Resume(), HANDLER, after("28h")).clock("closure")
    assert (closure.breached_at, closure.due_at) == (None, after("41h"))
    life.sweeps(after("41h 1u"))
    assert (life.verdict("closure").result, life.verdict("closure").due_at) == ("breached", after("41h"))


def test_an_extension_that_we_hear_of_late_withdraws_the_breach_that_it_prevented() -> None:
    life = ticking("closure").sweeps(after("25h"))
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
    life = ticking("closure").sweeps(after("24h 1u"))
    life.does(RESOLVE, HANDLER, after("24h"))
    assert life.verdict("closure").result == "on_time"


def test_nothing_is_settled_before_it_started() -> None:
    life = (
        ticking("acceptance")
        .does(RETURN, HANDLER, after("1h"))
        .does(c.DispatchPetition("urban"), OPERATOR, after("2h"))
    )
    life.does(ACCEPT, OPERATOR, after("3h"), happened=after("1h"))
    verdict = life.verdicts("acceptance")[-1]
    assert verdict.settled_at == verdict.started_at == after("2h")


def test_a_breach_that_was_withdrawn_and_comes_again_rings_from_the_first_step() -> None:
    life = ticking("closure").sweeps(after("26h")).does(EXTEND, HANDLER, after("27h"), happened=after("22h"))
    life.does(APPROVE_EXTENSION, SUPERVISOR, after("27h"), happened=after("23h")).sweeps(after("2d"))
    assert [(at, level) for at, level in rings(life, "closure") if at > after("27h")][:2] == [
        (after("30h 10m"), 1),
        (after("31h"), 1),
    ]
