"""Whose telephone rings depends on the roster of that very moment."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.stories.story import CITIZEN, Story, code
from xixi_workflow.core import commands as c
from xixi_workflow.core.policy_build import build
from xixi_workflow.engine import duty


def roster_is_edited(story: Story, **people: dict[str, Any]) -> None:
    """Somebody edits the people of the configuration and publishes it."""
    before = story.engine.policies.in_force.documents
    teams = before["teams.yaml"]
    named = {name.replace("_", "-"): change for name, change in people.items()}
    changed = {name: {**person, **named.get(name, {})} for name, person in teams["people"].items()}
    policy = build({**before, "teams.yaml": {**teams, "people": changed}})
    story.engine.publish(policy.canonical, policy.digest, now=story.now)


def test_who_takes_over_is_rung_at_once_and_who_was_relieved_no_more(story: Story) -> None:
    number = story.petition()
    duty.take_over(
        story.engine, "commander", "commander-2", until=story.now + timedelta(hours=4), told={}, now=story.now
    )
    story.forward(minutes=46)
    story.phone("commander-2").sees(code(number))
    story.phone("commander-1").expects_nothing()


def test_a_take_over_ends_by_itself(story: Story) -> None:
    until = story.now + timedelta(hours=1)
    duty.take_over(story.engine, "commander", "commander-2", until=until, told={}, now=story.now)
    story.forward(hours=2)
    number = story.petition()
    story.forward(minutes=46)
    story.phone("commander-1").sees(code(number))
    story.phone("commander-2").expects_nothing()


def test_a_ladder_that_runs_over_the_change_of_shifts_rings_the_new_shift(story: Story) -> None:
    story.forward(hours=10, minutes=50)  # 19:50, ten minutes before the night
    number = story.petition()
    story.forward(minutes=46)
    night = story.engine.policies.in_force.on_duty("commander", story.now)
    assert night != story.engine.policies.in_force.on_duty("commander", story.now - timedelta(minutes=40))
    story.phone(night[0]).sees(code(number))


def test_two_who_swap_are_rung_for_each_other(story: Story) -> None:
    day = {"since": story.now, "until": story.now + timedelta(hours=10), "now": story.now}
    duty.change(story.engine, ["urban"], {"swap": ["urban-1", "urban-3"]}, **day)
    number = story.petition()
    story.phone("urban-3").expects(code(number))
    story.phone("urban-1").expects_nothing()


def test_a_number_that_changes_while_a_text_waits_gets_it_at_the_new_number(story: Story) -> None:
    story.network.down = True
    number = story.petition()
    roster_is_edited(story, urban_1={"phone": "19900007777"})
    story.network.down = False
    story.forward(minutes=5)
    assert any(code(number) in text for text in story.phone("19900007777").unread)
    story.phone("19900000311").expects_nothing()


def test_a_ladder_goes_on_though_the_roster_is_edited_while_it_runs(story: Story) -> None:
    number = story.petition()
    story.forward(minutes=20)
    roster_is_edited(story, commander_1={"leaves": "2026-11-22"}, commander_2={"phone": "19900007778"})
    story.forward(minutes=30)
    assert story.events(number).count("escalated") >= 1
    told = [m for m, text in story.network.carried if code(number) in text]
    assert story.phone("19900000011").number not in told
    assert story.phone("deputy-leader-1").number not in told


def test_everybody_must_answer_for_an_emergency_and_one_answer_does_not_silence_the_other(story: Story) -> None:
    number = story.petition(urgency="emergency")
    story.phone("urban-1").replies(f"{code(number)} 1")
    story.forward(hours=24, minutes=1)
    for who in ("urban-1", "urban-lead"):
        story.phone(who).sees(code(number), "办结")
    story.phone("urban-lead").replies(f"{code(number)} 1")
    for who in ("urban-1", "urban-lead"):
        story.phone(who).puts_away()
    story.forward(minutes=30)
    assert any(code(number) in text for text in story.phone("urban-1").unread)
    assert not any(code(number) in text for text in story.phone("urban-lead").unread)


def test_a_returned_petition_goes_to_another_team_whose_own_ladder_then_runs(story: Story) -> None:
    number = story.petition()
    story.phone("urban-1").replies("2 1")
    story.phone("operator-1").sees(code(number), "退单")
    story.does("operator", "operator-1", number, c.DispatchPetition("market"))
    story.phone("market-1").sees(code(number))
    story.phone(CITIZEN).puts_away()
    story.forward(minutes=46)
    assert any(code(number) in text for text in story.phone("market-lead").unread)
