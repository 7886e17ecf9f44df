"""The rings of a ladder: reckoned one by one, they are what a list of all of them would be."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xixi_workflow.core.ladder import LAST_REPEAT, Climb, Ladder, Ring, rang
from xixi_workflow.core.policy_schema import StepShape

DAY = 86400


def step(level: int, after: str, repeat: str | None = None, times: int | None = None, **more: Any) -> StepShape:
    told = {"to": ["operator"], "message": "operator_overdue"}
    return StepShape.model_validate({"level": level, "after": after, "repeat": repeat, "times": times, **told, **more})


def climbed(ladder: Ladder, most: int = 10_000, acknowledged: int = 0, climb: Climb | None = None) -> list[Ring]:
    """Every ring from where `climb` stands, as the clock would do them."""
    rings: list[Ring] = []
    climb = climb or Climb(ladder.name)
    while len(rings) < most and (ring := ladder.next(climb, acknowledged)) is not None:
        rings.append(ring)
        climb = rang(climb, ring)
    return rings


def told(rings: list[Ring]) -> list[tuple[float, int, int]]:
    return [(ring.after, ring.level, ring.repeat) for ring in rings]


def spelled_out(steps: list[StepShape]) -> list[tuple[float, int, int]]:
    """The plain second opinion: all rings, written down and sorted."""
    rings = []
    for s in steps:
        times = s.times or (100_000 if s.repeat else 1)
        for n in range(times):
            # To the microsecond, as every instant: what falls together rings in the order of levels.
            at = round(s.after + n * (s.repeat or 0), 6)
            if n and s.times is None and at > LAST_REPEAT:
                break
            rings.append((at, s.level, n))
    return sorted(rings)


def test_a_ladder_is_spelled_out_in_the_order_of_its_rings() -> None:
    ladder = Ladder("x", [step(1, "0s", "10m", 3), step(2, "15m")])
    assert told(climbed(ladder)) == [(0, 1, 0), (600, 1, 1), (900, 2, 0), (1200, 1, 2)]


@st.composite
def ladders(draw: st.DrawFn) -> list[StepShape]:
    steps, after = [], 0
    for level in range(1, draw(st.integers(1, 4)) + 1):
        after += draw(st.sampled_from((0, 600, 3600, DAY)))
        repeat = draw(st.sampled_from((None, "20h", "1d", "2d12h", "3d")))
        times = draw(st.sampled_from((None, 2, 5))) if repeat else None
        steps.append(step(level, f"{after}s", repeat, times))
    return steps


@given(ladders())
def test_each_next_ring_is_the_next_of_the_list_of_all(steps: list[StepShape]) -> None:
    assert told(climbed(Ladder("x", steps))) == spelled_out(steps)


@given(st.sampled_from(("61s", "60.1s", "70.7s", "10m", "33.3m")), st.integers(0, 7000))
def test_odd_spans_skip_and_double_no_ring(repeat: str, place: int) -> None:
    steps = [step(1, "0.3s", repeat), step(2, "1h", "90s")]
    rings = spelled_out(steps)
    place %= len(rings) - 1
    at, level, _ = rings[place]
    reached = max(ring[1] for ring in rings[: place + 1])
    [ring] = climbed(Ladder("x", steps), 1, climb=Climb("x", round(at, 6), level, reached))
    expected = rings[place + 1]
    assert (round(ring.after, 4), ring.level, ring.repeat) == (round(expected[0], 4), *expected[1:])


def test_a_step_without_times_repeats_for_a_week_and_no_longer() -> None:
    rings = climbed(Ladder("x", [step(1, "0s", "10m")]))
    assert [ring.repeat for ring in rings] == list(range(1009))
    assert rings[-1].after == LAST_REPEAT == 7 * DAY


def test_a_level_that_comes_after_the_last_repeat_still_rings_once() -> None:
    assert told(climbed(Ladder("x", [step(1, "0s"), step(2, "20d")]))) == [(0, 1, 0), (20 * DAY, 2, 0)]


def test_what_was_acknowledged_is_silent_and_higher_levels_ring() -> None:
    ladder = Ladder("x", [step(1, "0s", "10m"), step(2, "1h", "30m", 2)])
    rings = climbed(ladder, acknowledged=1)
    assert told(rings) == [(0, 1, 0), (3600, 2, 0), (5400, 2, 1)]


def test_two_levels_of_one_instant_ring_in_their_order() -> None:
    ladder = Ladder("x", [step(1, "0s", "1h", 3), step(2, "1h", "1h", 2)])
    assert told(climbed(ladder)) == [(0, 1, 0), (3600, 1, 1), (3600, 2, 0), (7200, 1, 2), (7200, 2, 1)]


@pytest.mark.parametrize(("level", "found"), [(1, True), (2, True), (3, False)])
def test_a_level_rings_by_hand_if_the_ladder_has_it(level: int, found: bool) -> None:
    ladder = Ladder("x", [step(1, "0s"), step(2, "1h", "30m")])
    assert (ladder.by_hand(level, 60.0) is not None) == found


def test_a_level_skipped_to_by_hand_repeats_from_then_and_higher_levels_keep_their_instants() -> None:
    ladder = Ladder("x", [step(1, "0s", "10m"), step(2, "1h", "30m", 3), step(3, "2h"), step(4, "3h")])
    at_600 = rang(rang(Climb("x"), climbed(ladder, 1)[0]), climbed(ladder, 2)[1])
    by_hand = ladder.by_hand(2, 700.0)
    assert by_hand is not None
    skipped = rang(Climb("x", at_600.after, at_600.level, at_600.reached, 2, 700.0), by_hand)
    assert told(climbed(ladder, climb=skipped)) == [(2500, 2, 1), (4300, 2, 2), (7200, 3, 0), (10800, 4, 0)]
