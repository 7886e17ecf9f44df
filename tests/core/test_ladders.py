"""Warnings and escalations: when, whom, how often, and what silences them."""

from __future__ import annotations

import pytest

from tests.core.lives import (
    APPROVE_EXTENSION,
    APPROVE_HOLD,
    EXTEND,
    HANDLER,
    HOLD,
    RESOLVE,
    SUPERVISOR,
    Life,
    after,
    rings,
    span,
    ticking,
)
from tests.core.policies import small_policy
from xixi_workflow.core import commands as c

POLICY = small_policy()


def test_warnings_are_given_once_each_at_their_share_or_span_before_due() -> None:
    life = ticking("closure")
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
    life = ticking("closure").does(EXTEND, HANDLER, after("13h")).does(APPROVE_EXTENSION, SUPERVISOR, after("13h"))
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
    life = ticking("interim").sweeps(after("5h"))
    assert life.facts("warned", "interim") == [after("2h 24m")]
    assert life.told("handler_interim_due") == []


def test_a_ladder_rings_level_by_level_and_repeats() -> None:
    life = Life(POLICY).sweeps(after("1d"))
    assert rings(life, "response") == [
        (after("1m"), 1),
        (after("6m"), 2),
        (after("16m"), 2),
        (after("26m"), 2),
        (after("31m"), 3),
    ]
    assert life.facts("escalated", "response") == [after("6m"), after("16m"), after("26m"), after("31m")]


def test_each_ring_reaches_whom_the_policy_names() -> None:
    life = ticking("closure")
    for minutes in (10, 60, 110, 120, 240, 480):
        life.sweeps(after("24h") + span(f"{minutes}m"))
    assert life.told("team_overdue")[-6:] == ["police-1", "police-lead"] * 3
    assert [m.vars.level for m in life.messages if m.kind == "leader_overdue" and m.vars.clock == "closure"] == [
        2,
        2,
        3,
    ]


def test_an_acknowledgement_silences_repeats_and_not_higher_levels() -> None:
    life = ticking("closure").sweeps(after("24h 10m")).does(c.Acknowledge("closure"), HANDLER, after("24h 20m"))
    life.sweeps(after("3d"))
    assert rings(life, "closure") == [
        (after("24h 10m"), 1),
        (after("26h"), 2),
        (after("28h"), 2),
        (after("32h"), 3),
    ]
    quiet = ticking("closure").sweeps(after("26h")).does(c.Acknowledge(), HANDLER, after("26h 1m")).sweeps(after("3d"))
    assert [level for _, level in rings(quiet, "closure")] == [1, 1, 1, 2, 3]


def test_no_alarm_is_set_for_a_ring_that_nobody_hears() -> None:
    life = ticking("closure").sweeps(after("24h 10m")).does(c.Acknowledge("closure"), HANDLER, after("24h 20m"))
    assert life.clock("closure").next_at == after("26h")


def test_an_acknowledgement_before_the_first_ring_silences_nothing() -> None:
    life = ticking("closure").does(c.Acknowledge("closure"), HANDLER, after("24h 5m")).sweeps(after("3d"))
    assert [level for _, level in rings(life, "closure")] == [1, 1, 1, 2, 2, 3]


def test_an_acknowledgement_of_one_clock_leaves_the_others_loud() -> None:
    life = ticking("closure").sweeps(after("24h 10m")).does(c.Acknowledge("closure"), HANDLER, after("24h 20m"))
    assert life.clock("interim").acknowledged == 0
    assert life.clock("closure").acknowledged == 1


def test_a_hold_after_the_breach_puts_off_the_rings_that_did_not_come_yet() -> None:
    life = ticking("closure").does(HOLD, HANDLER, after("24h 20m")).does(APPROVE_HOLD, SUPERVISOR, after("24h 30m"))
    life.does(c.Resume(), HANDLER, after("34h 30m")).sweeps(after("4d"))
    assert rings(life, "closure") == [
        (after("24h 10m"), 1),
        (after("35h"), 1),
        (after("35h 50m"), 1),
        (after("36h"), 2),
        (after("38h"), 2),
        (after("42h"), 3),
    ]


def test_a_met_clock_rings_no_more() -> None:
    life = ticking("closure").sweeps(after("24h 10m")).does(RESOLVE, HANDLER, after("24h 30m")).sweeps(after("9d"))
    assert rings(life, "closure") == [(after("24h 10m"), 1)]


def test_whom_a_ring_reaches_is_decided_by_the_roster_of_that_moment() -> None:
    by_day, by_night = Life(POLICY).sweeps(after("31m")), Life(POLICY).sweeps(after("10h"))
    for life, supervisor in ((by_day, "supervisor-1"), (by_night, "supervisor-2")):
        assert [m.to for m in life.messages if m.vars.clock == "response"] == [
            "operator-1",
            "commander-1",
            supervisor,
        ]


def test_a_working_hours_clock_counts_open_time_only_and_its_ladder_plain_time() -> None:
    policy = small_policy(clocks={"closure": {"calendar": "office", "limit": "14h"}})
    life = Life(policy).in_progress()
    # 10:00 Monday: 5 h 30 m are left of Monday, 7 h of Tuesday, 1 h 30 m of Wednesday: due 10:00 Wednesday.
    assert life.clock("closure").due_at == after("2d")
    life.sweeps(after("4d"))
    assert life.facts("warned", "closure") == [after("1d"), after("1d 6h 12m"), after("1d 23h 30m")]
    assert rings(life, "closure")[0] == (after("2d 10m"), 1)
    assert [at for at, level in rings(life, "closure") if level == 3] == [after("2d 8h")]


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
    life = ticking("closure").sweeps(after("13h"))
    before = life.petition
    assert life.sweeps(after("14h")).last.entries == []
    assert life.petition == before
