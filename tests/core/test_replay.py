"""A journal lived again gives the same petition, and a changed journal does not go unnoticed."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.climbing import climbing_policy
from tests.core.histories import Step, choose, deep, happened, later, steps
from tests.core.lives import HANDLER, NUMBER, OPERATOR, RESOLVE, SATISFIED, SYSTEM, Life, after, encoded
from tests.core.policies import MONDAY, small_policy
from xixi_workflow.core import commands as c
from xixi_workflow.core.petition import Entry, Message, Outcome
from xixi_workflow.core.policy import Policy
from xixi_workflow.core.replay import Replayed, ReplayError, command_of, replay
from xixi_workflow.core.work import Decision, wake_at

POLICY = climbing_policy()
#: The same rules with another roster, which changes who is told and nothing else.
OTHER_PEOPLE = POLICY.with_people(
    small_policy(
        teams={"teams": {"police": {"handlers": ["police-2"]}}},
        rosters={"operator": {"shifts": [{"people": ["urban-1"]}]}},
    )
)


class Kept(Life):
    """A life that remembers each decision that wrote something, and the policy of each journal line."""

    def __init__(self, policy: Policy, surveyable: bool) -> None:
        self.decisions: list[Decision] = []
        self.policies: dict[int, Policy] = {}
        super().__init__(policy, received_at=MONDAY - timedelta(seconds=30), filed_at=MONDAY, surveyable=surveyable)

    def _keep(self, decision: Decision) -> None:
        super()._keep(decision)
        if decision.entries:
            self.decisions.append(decision)
            self.policies |= dict.fromkeys((e.seq for e in decision.entries), self.policy)


def _again(life: Life) -> list[Replayed]:
    return list(replay(life.entries, petition_id=NUMBER, policy_for=lambda _: life.policy))


@deep(40)
@given(st.booleans(), st.lists(st.tuples(steps, st.booleans(), st.booleans()), max_size=30))
def test_a_replay_gives_the_same_state_clocks_outcomes_and_messages(
    surveyable: bool, history: list[tuple[Step, bool, bool]]
) -> None:
    life = Kept(POLICY, surveyable)
    now = MONDAY
    for step, sweep, people in history:
        now = later(now, step.wait, wake_at(life.petition))
        life.policy = OTHER_PEOPLE if people else POLICY
        if sweep:
            life.sweeps(now)
        command, actor = choose(life.petition.state, step.choice, step.variant)
        at = happened(now, step.late, MONDAY)
        if isinstance(life.tries(command, actor, now, happened=at), Decision):
            life.does(command, actor, now, happened=at)
    life.sweeps(now + timedelta(days=4))
    entries: list[Entry] = []
    outcomes: list[Outcome] = []
    messages: list[Message] = []
    last = life.petition
    for step_again in replay(life.entries, petition_id=NUMBER, policy_for=lambda e: life.policies[e.seq]):
        entries += step_again.decision.entries
        outcomes += step_again.decision.outcomes
        messages += step_again.decision.messages
        last = step_again.decision.petition
    assert msgspec.json.encode(entries) == msgspec.json.encode(life.entries)
    assert encoded(last) == encoded(life.petition)
    assert outcomes == life.outcomes
    assert messages == life.messages


def _long_life() -> Life:
    life = Life(POLICY).on_hold("1h", seconds=7200).does(c.AskAssist("urban"), HANDLER, after("2h"))
    life.sweeps(after("4h")).does(c.ReportInterim("进展"), HANDLER, after("5h"), happened=after("2h 30m"))
    return life.sweeps(after("1d")).does(RESOLVE, HANDLER, after("2d")).does(SATISFIED, OPERATOR, after("3d"))


def test_each_decision_is_found_again_with_its_lines() -> None:
    steps_again = _again(_long_life())
    assert [[e.event for e in s.entries] for s in steps_again][:6] == [
        ["filed"],
        ["routed"],
        ["dispatched"],
        ["accepted"],
        ["hold_requested"],
        ["hold_approved"],
    ]
    assert [(s.before is None) for s in steps_again] == [True] + [False] * (len(steps_again) - 1)
    assert all(a.decision.petition == b.before for a, b in pairwise(steps_again))


def test_a_sweep_and_a_command_at_the_same_moment_are_told_apart_from_nothing_else() -> None:
    for swept in (True, False):
        life = Life(POLICY).in_progress()
        if swept:
            life.sweeps(after("3h 1u"))
        life.does(c.ReportInterim("进展"), HANDLER, after("3h 1u"))
        life.does(c.AddNote("电话"), HANDLER, after("3h 1u"))
        again = [m for s in _again(life) for m in s.decision.messages]
        assert again == life.messages


def test_a_late_event_after_a_sweep_of_the_same_moment() -> None:
    life = Life(POLICY).in_progress().sweeps(after("4h"))
    life.does(c.ReportInterim("进展"), HANDLER, after("4h"), happened=after("3h"))
    assert _again(life)[-1].decision.petition == life.petition


def test_every_command_can_be_read_back_from_its_line() -> None:
    for entry in _long_life().entries:
        if entry.actor != "system" or entry.event in ("routed", "dispatched"):
            if entry.event == "filed":
                continue
            assert msgspec.json.encode(command_of(entry)).decode() == (entry.data or "{}")


def _changed(n: int, **fields: object) -> list[Entry]:
    entries = _long_life().entries
    entries[n] = msgspec.structs.replace(entries[n], **fields)
    return entries


TAMPERED: list[tuple[str, list[Entry], int]] = [
    ("text", _changed(4, data='{"reason":"waiting_citizen","seconds":3600.0}'), 6),
    ("state", _changed(3, state="on_hold"), 3),
    ("actor", _changed(3, actor="petitioner"), 3),
    ("unknown actor", _changed(3, actor="somebody"), 3),
    ("instant", _changed(3, at=after("2m")), 3),
    ("event", _changed(3, event="resolved", data='{"result":"solved","answer":"x"}'), 3),
    ("no such event", _changed(3, event="nonsense"), 3),
    ("no longer read", _changed(3, data='{"nonsense":1}'), 3),
    ("left out", [e for e in _long_life().entries if e.seq != 3], 4),
    ("a breach left out", [e for e in _long_life().entries if e.event != "breached"], 0),
    ("not from the start", _long_life().entries[1:], 1),
    ("filed twice", [*_long_life().entries[:1], msgspec.structs.replace(_long_life().entries[0], seq=1)], 1),
]


@pytest.mark.parametrize(("entries", "seq"), [x[1:] for x in TAMPERED], ids=[x[0] for x in TAMPERED])
def test_a_journal_that_was_changed_does_not_replay(entries: list[Entry], seq: int) -> None:
    with pytest.raises(ReplayError) as caught:
        list(replay(entries, petition_id=NUMBER, policy_for=lambda _: POLICY))
    assert caught.value.petition_id == NUMBER
    assert seq in (caught.value.seq, 0)
    assert f"line {caught.value.seq}" in str(caught.value)


def test_another_policy_than_that_of_the_time_does_not_replay() -> None:
    stricter = small_policy(clocks={"closure": {"limit": "20h"}})
    with pytest.raises(ReplayError):
        list(replay(_long_life().entries, petition_id=NUMBER, policy_for=lambda _: stricter))


def test_an_empty_journal_replays_to_nothing() -> None:
    assert list(replay([], petition_id=NUMBER, policy_for=lambda _: POLICY)) == []


def test_a_merge_and_its_answer_replay() -> None:
    life = Life(POLICY).in_progress().does(c.MergePetition(NUMBER + 1), OPERATOR, after("1h"))
    life.does(c.FollowParent("solved", "已处理"), SYSTEM, after("2h"))
    assert _again(life)[-1].decision.petition == life.petition
