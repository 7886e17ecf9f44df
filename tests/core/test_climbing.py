"""Ladders on a petition: which one is climbed, who must answer, what a person can do, and what stops it."""

from __future__ import annotations

import msgspec
import pytest

from tests.core.climbing import COUNCIL, climbing_policy
from tests.core.lives import (
    HANDLER,
    INTERIM,
    LEADER,
    NUMBER,
    OPERATOR,
    RESOLVE,
    SUPERVISOR,
    Life,
    after,
    encoded,
    rings,
)
from xixi_workflow.core import commands as c
from xixi_workflow.core.commands import Command
from xixi_workflow.core.explain import explain, render
from xixi_workflow.core.petition import Actor, Petition
from xixi_workflow.core.work import Refused

POLICY = climbing_policy()
URGENT = c.ChangePriority("urgent", "天气转坏")
CLOSURE = c.Acknowledge("closure")
FIRST, SECOND = (Actor("handler", who) for who in COUNCIL)


def _urgent(until: str = "24h 10m") -> Life:
    """A petition whose closure is overdue on the urgent ladder."""
    return Life(POLICY).in_progress().does(URGENT, OPERATOR, after("2h")).sweeps(after(until))


def _told(life: Life, at: str, clock: str = "closure") -> list[str]:
    """Who hears of `clock` at that instant."""
    life.sweeps(after(at))
    return sorted(m.to for m in life.last.messages if m.vars.clock == clock)


# --- which ladder ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("urgency", "first"), [("normal", "24h 10m"), ("urgent", "24h"), ("emergency", "24h")])
def test_the_urgency_at_the_breach_chooses_the_ladder(urgency: str, first: str) -> None:
    life = Life(POLICY).in_progress()
    life.does(msgspec.convert({"urgency": urgency, "reason": "x"}, c.ChangePriority), OPERATOR, after("2h"))
    assert rings(life.sweeps(after("25h")), "closure")[0] == (after(first), 1)


@pytest.mark.parametrize(("team", "ladder"), [("urban", "urgent"), ("police", "short")])
def test_the_category_at_the_breach_chooses_the_ladder(team: str, ladder: str) -> None:
    life = Life(POLICY).dispatched(team=team).sweeps(after("1h"))
    climb = life.clock("acceptance").climb
    assert climb is not None
    assert climb.ladder == ladder


def test_a_group_stands_for_all_its_categories() -> None:
    choices = [{"ladder": "urgent", "categories": ["ALL"], "urgencies": ["normal"]}]
    policy = climbing_policy(clocks={"interim": {"ladders": choices}})
    for team, at in (("urban", "3h 10m"), ("police", "3h")):  # a street stall is urgent and climbs the other ladder
        assert rings(Life(policy).dispatched(team=team).sweeps(after("4h")), "interim")[0] == (after(at), 1)


def test_a_change_of_urgency_after_the_breach_shifts_no_ring() -> None:
    still, changed = _urgent(), _urgent().does(c.ChangePriority("normal", "不急"), OPERATOR, after("24h 20m"))
    assert rings(still.sweeps(after("3d")), "closure") == rings(changed.sweeps(after("3d")), "closure")


# --- until somebody acknowledges ------------------------------------------------------------------------------------


def test_a_repeat_without_an_end_rings_until_somebody_acknowledges() -> None:
    life = Life(POLICY).in_progress().sweeps(after("22h"))
    assert rings(life, "interim") == [(after(at), 1) for at in ("3h 10m", "8h 10m", "13h 10m", "18h 10m")]
    life.does(c.Acknowledge("interim"), HANDLER, after("22h"))
    assert life.clock("interim").next_at == after("27h"), "the higher level rings all the same"
    assert [at for at, _ in rings(life.sweeps(after("9d")), "interim")][4:] == [after("27h")]


def test_a_repeat_without_an_end_ends_after_a_week_and_leaves_the_petition_no_bigger() -> None:
    life = Life(POLICY).in_progress().sweeps(after("1d"))
    size = len(encoded(life.petition))
    life.sweeps(after("90d"))
    assert max(at for at, _ in rings(life, "interim")) <= after("7d 3h")
    assert life.clock("interim").next_at is None
    assert len(encoded(life.petition)) <= size + 20


def test_a_repeat_stops_with_the_event_that_meets_the_clock() -> None:
    life = Life(POLICY).in_progress().sweeps(after("9h")).does(INTERIM, HANDLER, after("10h"))
    assert len(rings(life.sweeps(after("9d")), "interim")) == 2


def test_a_report_that_was_in_time_and_is_heard_of_late_stops_the_ladder() -> None:
    life = Life(POLICY).in_progress().sweeps(after("9h")).does(INTERIM, HANDLER, after("10h"), happened=after("2h"))
    assert life.verdict("interim").result == "on_time"
    assert len(rings(life.sweeps(after("9d")), "interim")) == 2


# --- everyone must answer -------------------------------------------------------------------------------------------


def test_everyone_who_was_told_must_answer_and_only_the_others_are_asked_again() -> None:
    life = _urgent("25h")
    assert _told(life, "26h") == sorted(COUNCIL)
    life.does(CLOSURE, FIRST, after("26h 10m"))
    assert _told(life, "27h 30m") == [COUNCIL[1]]
    assert _told(life, "29h") == [COUNCIL[1]]
    life.does(CLOSURE, SECOND, after("29h 10m"))
    assert life.clock("closure").next_at == after("33h"), "nothing repeats before the next level"


def test_who_has_left_meanwhile_owes_no_answer_and_whoever_has_the_duty_does() -> None:
    policy = climbing_policy(teams={"people": {COUNCIL[1]: {"leaves": "2026-06-02"}}})
    life = Life(policy).in_progress().does(URGENT, OPERATOR, after("2h")).sweeps(after("26h"))
    life.does(CLOSURE, FIRST, after("27h")).sweeps(after("36h"))
    assert _told(life, "36h 30m") == [COUNCIL[1]]
    life.sweeps(after("39h"))
    assert _told(life, "39h 30m") == [COUNCIL[0]]


def test_an_answer_of_somebody_else_silences_the_other_levels_and_not_everyones_duty() -> None:
    life = _urgent("26h").does(CLOSURE, LEADER, after("26h 10m")).sweeps(after("29h"))
    assert [(at, level) for at, level in rings(life, "closure") if at > after("26h")] == [
        (after("27h 30m"), 2),
        (after("29h"), 2),
    ]


def test_an_answer_before_the_step_for_everyone_does_not_count_for_it() -> None:
    life = _urgent("25h").does(CLOSURE, FIRST, after("25h")).does(CLOSURE, SECOND, after("25h"))
    assert _told(life, "26h") == sorted(COUNCIL)
    assert _told(life, "27h 30m") == sorted(COUNCIL)


def test_somebody_who_has_left_owes_no_answer_and_whoever_has_the_duty_now_does() -> None:
    life = _urgent("26h").does(CLOSURE, FIRST, after("26h 10m"))
    today = climbing_policy(
        teams={"people": {COUNCIL[1]: None}, "teams": {"market": {"handlers": [COUNCIL[0]]}}},
        rosters={"council": {"shifts": [{"people": ["urban-1"]}]}},
    )
    life.policy = POLICY.with_people(today)
    assert _told(life, "27h 30m") == ["urban-1"]
    life.does(CLOSURE, Actor("handler", "urban-1"), after("27h 40m"))
    assert life.clock("closure").next_at == after("33h")


def test_a_met_clock_asks_nobody_any_more() -> None:
    life = _urgent("26h").does(RESOLVE, HANDLER, after("26h 10m")).sweeps(after("9d"))
    assert [level for _, level in rings(life, "closure")] == [1, 2]


# --- skipping to a level by hand ------------------------------------------------------------------------------------


def test_a_level_rings_now_lower_ones_are_passed_over_and_higher_ones_keep_their_instants() -> None:
    life = _urgent().does(c.EscalateTo(2, "影响面大", "closure"), SUPERVISOR, after("24h 30m"))
    assert sorted(m.to for m in life.last.messages if m.vars.clock == "closure") == sorted(COUNCIL)
    assert [e.event for e in life.last.entries] == ["escalated_by_hand", "escalated"]
    for who in (FIRST, SECOND):
        life.does(CLOSURE, who, after("26h 10m"))
    assert rings(life.sweeps(after("34h")), "closure") == [
        (after("24h"), 1),
        (after("24h 30m"), 2),
        (after("26h"), 2),
        (after("33h"), 3),
    ]


def test_a_skip_during_a_hold_counts_where_the_breach_stands_still() -> None:
    life = _urgent("24h 30m").does(c.RequestHold("third_party"), HANDLER, after("24h 30m"))
    life.does(c.ApproveHold(), SUPERVISOR, after("25h")).does(c.EscalateTo(2, "急", "closure"), LEADER, after("28h"))
    assert rings(life, "closure")[-1] == (after("28h"), 2)
    assert life.clock("closure").next_at is None
    life.does(c.Resume(), HANDLER, after("30h"))
    assert life.clock("closure").next_at == after("31h 30m")


def test_a_skip_that_is_heard_of_late_leaves_what_has_rung() -> None:
    life = _urgent("27h").does(c.EscalateTo(3, "急", "closure"), LEADER, after("27h"), happened=after("24h 10m"))
    assert (after("24h 10m"), 3) in rings(life, "closure")
    assert life.clock("closure").next_at == after("32h 10m")


def test_every_overdue_clock_climbs_when_none_is_named() -> None:
    life = _urgent("24h 10m").does(c.EscalateTo(3, "影响面大"), LEADER, after("24h 10m"))
    raised = {x.name for x in life.petition.clocks if x.climb is not None and x.climb.reached == 3}
    assert raised == {"closure"}, "the ladder of the interim report has two levels"


REFUSED: list[tuple[Command, str, dict[str, str]]] = [
    (c.EscalateTo(2, "急", "acceptance"), "nothing_to_escalate", {}),
    (c.EscalateTo(5, "急", "closure"), "no_such_level", {"level": "5", "known": "1, 2, 3"}),
    (c.EscalateTo(1, "急", "closure"), "level_rung_already", {"level": "1", "reached": "1"}),
]


@pytest.mark.parametrize(("command", "code", "facts"), REFUSED)
def test_a_skip_that_makes_no_sense_is_refused(command: Command, code: str, facts: dict[str, str]) -> None:
    refused = _urgent().tries(command, LEADER, after("24h 20m"))
    assert isinstance(refused, Refused)
    assert (refused.code, refused.facts) == (code, facts)


def test_a_skip_by_hand_is_explained_with_who_did_it() -> None:
    life = _urgent().does(c.EscalateTo(2, "急", "closure"), LEADER, after("24h 30m"))
    lines = explain(life.entries, petition_id=NUMBER, policy_for=lambda _: POLICY)
    assert render(lines, POLICY, "zh")[-1] == (
        "2026-06-02 10:30:00 办结：越级升级至第 2 级（越级升级，领导 commander-1）"
    )


# --- a deadline of one's own ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("seconds", "due"), [(None, "6h"), (1800.0, "2h 30m"), (7200, "4h")])
def test_whoever_supervises_may_set_the_deadline(seconds: float | None, due: str) -> None:
    life = Life(POLICY).in_progress().does(c.SupervisePetition("请尽快办理", seconds), LEADER, after("2h"))
    assert life.clock("supervision").due_at == after(due)
    life.sweeps(after("9h"))
    assert rings(life, "supervision")[0] == (after(due), 1)
    half = (life.clock("supervision").due_at - after("2h")) / 2
    assert life.facts("warned", "supervision")[0] == after("2h") + half


def test_a_new_supervision_takes_the_place_of_the_one_before() -> None:
    life = Life(POLICY).in_progress().does(c.SupervisePetition("请办", 1800.0), LEADER, after("2h"))
    life.does(c.SupervisePetition("请办", 3600.0), LEADER, after("2h 10m"))
    assert life.clock("supervision").due_at == after("3h 10m")
    assert life.verdict("supervision").result == "ended"


# --- what was stored before -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("at", "rung"), [("24h 30m", 1), ("25h 30m", 2), ("26h 30m", 4), ("33h", 6)])
def test_a_clock_stored_before_there_was_a_choice_of_ladders_goes_on_where_it_stood(at: str, rung: int) -> None:
    new = Life(POLICY).in_progress().sweeps(after(at))
    clock = new.clock("closure")
    assert clock.rung == rung
    stored = msgspec.json.decode(encoded(new.petition))
    clocks = next(n for n, field in enumerate(Petition.__struct_fields__) if field == "clocks")
    stored[clocks] = [fields[:-1] for fields in stored[clocks]]
    old = Life(POLICY).in_progress().sweeps(after(at))
    old.petition = msgspec.convert(stored, Petition)
    told = old.sweeps(after("4d")).last.entries
    assert [(e.at, e.data) for e in told if '"closure"' in e.data] == [
        (e.at, e.data) for e in new.sweeps(after("4d")).last.entries if '"closure"' in e.data
    ]
