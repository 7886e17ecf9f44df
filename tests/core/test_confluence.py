"""It makes no difference who looks, when, and how often: time does the same to a petition."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from tests.core.climbing import climbing_policy
from tests.core.histories import Step, choose, deep, later, steps
from tests.core.lives import Life, encoded
from tests.core.policies import MONDAY, small_policy
from xixi_workflow.core.policy import Policy
from xixi_workflow.core.work import Decision, wake_at

POLICIES = [
    small_policy(),
    climbing_policy(),
    climbing_policy(
        clocks={
            "closure": {"calendar": "office", "limit": "20h", "pauses_in": ["on_hold", "returned"]},
            "assistance": {"pauses_in": ["on_hold"]},
        }
    ),
]


def _story(life: Life) -> list[tuple[object, ...]]:
    return [(e.seq, e.event, e.state, e.at, e.actor, e.data) for e in life.entries]


def _verdicts(life: Life) -> dict[tuple[object, ...], object]:
    return {(o.clock, o.key, o.started_at): o for o in life.outcomes}


@deep(30)
@given(
    st.sampled_from(POLICIES),
    st.booleans(),
    st.lists(st.tuples(steps, st.lists(st.floats(0, 1), max_size=3)), max_size=25),
)
def test_sweeps_in_between_make_no_difference(
    policy: Policy, surveyable: bool, history: list[tuple[Step, list[float]]]
) -> None:
    watched, alone = (Life(policy, surveyable=surveyable) for _ in range(2))
    now = MONDAY
    for step, looks in history:
        then, now = now, later(now, step.wait, wake_at(watched.petition))
        for share in sorted(looks):
            watched.sweeps(then + share * (now - then))
        watched.sweeps(now)
        command, actor = choose(watched.petition.state, step.choice, step.variant)
        made = [life.tries(command, actor, now) for life in (watched, alone)]
        assert isinstance(made[0], Decision) == isinstance(made[1], Decision)
        if isinstance(made[0], Decision):
            for life in (watched, alone):
                life.does(command, actor, now)
    now += timedelta(days=40)
    watched.sweeps(now)
    alone.sweeps(now)
    assert encoded(watched.petition) == encoded(alone.petition)
    assert _story(watched) == _story(alone)
    assert _verdicts(watched) == _verdicts(alone)


@deep(20)
@given(st.lists(steps, max_size=25))
def test_waking_only_when_the_petition_asks_for_it_misses_nothing(history: list[Step]) -> None:
    asked, late = Life(POLICIES[1]).dispatched(), Life(POLICIES[1]).dispatched()
    now = MONDAY + timedelta(seconds=10)
    for step in history:
        now = later(now, step.wait, wake_at(asked.petition))
        while (wake := wake_at(asked.petition)) is not None and wake <= now and asked.petition.state != "received":
            asked.sweeps(wake)
            assert asked.last.entries, "an alarm that goes off has something to say"
            assert all(e.noticed_at - e.at <= timedelta(microseconds=1) for e in asked.last.entries)
        command, actor = choose(asked.petition.state, step.choice, step.variant)
        if isinstance(asked.tries(command, actor, now), Decision):
            asked.does(command, actor, now)
            late.does(command, actor, now)
    late.sweeps(now)
    assert encoded(asked.petition) == encoded(late.petition)
    assert _story(asked) == _story(late)
