"""Assisting teams have clocks of their own; teams and people come and go."""

from __future__ import annotations

from tests.core.lives import (
    DISSATISFIED,
    HANDLER,
    OPERATOR,
    PETITIONER,
    RESOLVE,
    RETURN,
    SYSTEM,
    Life,
    after,
)
from tests.core.policies import small_policy
from xixi_workflow.core import commands as c
from xixi_workflow.core.lifecycle import ROW_OF
from xixi_workflow.core.petition import Actor

POLICY = small_policy()


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


def test_somebody_of_two_assisting_teams_is_asked_for_each() -> None:
    life = Life(small_policy(teams={"teams": {"market": {"handlers": ["market-1", "urban-1"]}}}))
    life.does(c.RoutePetition("NOISE", assisting=("market", "urban")), SYSTEM, after("5s"))
    life.does(c.DispatchPetition(), SYSTEM, after("10s"))
    asked = [m.vars.team for m in life.messages if m.kind == "handler_assist_asked" and m.to == "urban-1"]
    assert asked == ["market", "urban"]


def test_a_role_or_a_team_that_is_gone_from_the_roster_does_not_stop_a_petition() -> None:
    life = Life(POLICY).dispatched(team="market")
    today = small_policy(
        teams={"teams": {"market": None}},
        rosters={"commander": None},
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
