"""Counting a petition line by line."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tests.core.lives import after
from xixi_workflow.core.kpi_fold import MOVES, TIMELY, UNCOUNTED, Counted, Line, Moved, Stayed, fold
from xixi_workflow.core.lifecycle import EVENTS, TABLE

Told = tuple[str, str, str, dict[str, Any]]
TEAM_OF = {"NOISE": "police", "STALL": "urban"}
FILED: Told = ("filed", "received", "0s", {})
ROUTED = ("routed", "routed", "1m", {"category": "NOISE"})
SENT: Told = ("dispatched", "dispatched", "2m", {})
TAKEN: Told = ("accepted", "in_progress", "3m", {})
SOLVED = ("resolved", "resolved", "4m", {"result": "solved"})
GOOD = ("rated", "closed", "5m", {"rating": "satisfied"})


def folded(*told: Told, start: str = "0s", end: str = "10d") -> list[Counted | Moved | Stayed]:
    lines = [
        Line(event, state, after(at), msgspec.json.encode(data).decode() if data else "")
        for event, state, at, data in told
    ]
    return list(fold(lines, TEAM_OF.__getitem__, after(start), after(end)))


def counted(found: list[Counted | Moved | Stayed]) -> list[tuple[str, str, str]]:
    return [(one.event, one.detail, one.team) for one in found if isinstance(one, Counted)]


def test_a_return_belongs_to_the_team_that_returned_it_and_the_rest_to_the_next() -> None:
    found = folded(
        FILED,
        ROUTED,
        SENT,
        ("returned", "returned", "3m", {"reason": "not_my_duty"}),
        ("dispatched", "dispatched", "4m", {"team": "urban"}),
        ("accepted", "in_progress", "5m", {}),
    )
    assert counted(found)[2:] == [
        ("returned", "not_my_duty", "police"),
        # The dispatch was wrong; that shows only now, and it was a dispatch to the police.
        ("misdispatched", "", "police"),
        ("dispatched", "", "urban"),
        ("accepted", "", "urban"),
    ]


def test_a_refused_return_leaves_it_with_its_team_even_if_another_was_named_meanwhile() -> None:
    found = folded(
        FILED,
        ROUTED,
        SENT,
        ("returned", "returned", "3m", {"reason": "not_my_duty"}),
        ("routed", "returned", "4m", {"category": "STALL"}),
        ("return_refused", "dispatched", "5m", {"reason": "请办"}),
        ("accepted", "in_progress", "6m", {}),
    )
    assert counted(found)[-2:] == [("return_refused", "", "police"), ("accepted", "", "police")]


def test_routing_a_petition_that_a_team_has_does_not_move_it() -> None:
    found = folded(FILED, ROUTED, SENT, TAKEN, ("routed", "in_progress", "4m", {"category": "STALL"}), SOLVED)
    assert counted(found)[-1] == ("resolved", "solved", "police")


@pytest.mark.parametrize(
    ("answers", "kept"),
    [
        ((GOOD,), ["satisfied"]),
        ((GOOD, ("rated", "closed", "6m", {"rating": "fairly_satisfied"})), ["fairly_satisfied"]),
        ((GOOD, ("rated_dissatisfied", "dispatched", "6m", {"rating": "dissatisfied"})), [""]),
        # An answer to another answer of ours counts for itself.
        (
            (
                ("rated_dissatisfied", "dispatched", "6m", {"rating": "dissatisfied"}),
                ("resolved", "resolved", "7m", {"result": "solved"}),
                ("rated", "closed", "8m", {"rating": "satisfied"}),
            ),
            ["", "satisfied"],
        ),
        # After the month it does not count, and takes no other's place.
        ((GOOD, ("rated", "closed", "11d", {"rating": "fairly_satisfied"})), ["satisfied"]),
    ],
)
def test_the_last_word_on_each_answer_counts(answers: tuple[Told, ...], kept: list[str]) -> None:
    found = folded(FILED, ROUTED, SENT, TAKEN, SOLVED, *answers)
    assert [detail for event, detail, _ in counted(found) if event.startswith("rated")] == kept


def test_an_answer_of_last_month_that_was_changed_this_month_counts_as_changed() -> None:
    later = ("rated", "closed", "6m", {"rating": "fairly_satisfied"})
    found = folded(FILED, ROUTED, SENT, TAKEN, SOLVED, GOOD, later, start="5m 30s")
    assert counted(found) == [("rated", "fairly_satisfied", "police")]


def test_endings_know_whether_somebody_was_waited_for_and_whether_it_was_done_again() -> None:
    lapsed: Told = ("survey_lapsed", "closed", "4m", {})
    again: Told = ("reopened", "dispatched", "5m", {})
    found = folded(
        FILED, ROUTED, SENT, TAKEN, SOLVED, lapsed, again, TAKEN, SOLVED, ("survey_lapsed", "closed", "9m", {})
    )
    assert [one for one in found if isinstance(one, Moved)] == [
        Moved("survey_lapsed", "resolved", "closed", False, False, "police"),
        Moved("reopened", "closed", "dispatched", True, False, "police"),
        Moved("survey_lapsed", "resolved", "closed", True, True, "police"),
    ]


def test_a_change_heard_of_late_counts_no_earlier_than_the_one_before_it() -> None:
    found = folded(FILED, ROUTED, ("dispatched", "dispatched", "1h", {}), ("accepted", "in_progress", "3m", {}), SOLVED)
    stays = [one for one in found if isinstance(one, Stayed)]
    assert stays == [
        Stayed("received", 60, 60),
        Stayed("routed", 59 * 60, 59 * 60),
        Stayed("dispatched", 0, 0),
        Stayed("in_progress", 0, 0),
    ]


HELD: Told = ("hold_approved", "on_hold", "10m", {})
BACK: Told = ("resumed", "in_progress", "40m", {})


def test_what_a_team_does_before_and_after_a_hold_is_one_stay() -> None:
    again: tuple[Told, ...] = (("hold_approved", "on_hold", "50m", {}), ("hold_ended", "in_progress", "55m", {}))
    found = folded(FILED, ROUTED, SENT, TAKEN, HELD, BACK, *again, ("resolved", "resolved", "63m", {}))
    stays = [one for one in found if isinstance(one, Stayed)]
    assert stays[3:] == [
        Stayed("on_hold", 1800, 1800),
        Stayed("on_hold", 300, 300),
        Stayed("in_progress", 3600, 1500),
    ]


def test_a_stay_that_ends_on_hold_is_that_of_the_team_too() -> None:
    found = folded(FILED, ROUTED, SENT, TAKEN, HELD, ("transferred", "transferred", "20m", {}))
    stays = [one for one in found if isinstance(one, Stayed)]
    assert stays[3:] == [Stayed("on_hold", 600, 600), Stayed("in_progress", 17 * 60, 7 * 60)]


RETURNED: Told = ("returned", "returned", "3m", {"reason": "not_my_duty"})


@pytest.mark.parametrize(
    ("after_it", "wrong"),
    [
        (("dispatched", "dispatched", "4m", {"team": "urban"}), 1),
        (("transferred", "transferred", "4m", {}), 1),
        (("return_refused", "dispatched", "4m", {}), 0),
        (("merged", "merged", "4m", {}), 0),
        (("withdrawn", "withdrawn", "4m", {}), 0),
    ],
)
def test_a_dispatch_was_wrong_when_the_centre_agrees_to_its_return(after_it: Told, wrong: int) -> None:
    assert counted(folded(FILED, ROUTED, SENT, RETURNED, after_it)).count(("misdispatched", "", "police")) == wrong


def test_a_transfer_of_what_nobody_returned_says_nothing_of_its_dispatch() -> None:
    refused: tuple[Told, ...] = (
        RETURNED,
        ("return_refused", "dispatched", "4m", {}),
        ("transferred", "transferred", "5m", {}),
    )
    assert "misdispatched" not in [name for name, _, _ in counted(folded(FILED, ROUTED, SENT, *refused))]


def test_only_what_is_in_the_month_is_counted_but_all_of_it_is_known() -> None:
    story = (FILED, ROUTED, SENT, TAKEN, SOLVED, GOOD)
    parts = [folded(*story, start=a, end=b) for a, b in (("0s", "2m"), ("2m", "4m"), ("4m", "10d"))]
    assert [one for part in parts for one in part] == sorted(
        folded(*story), key=lambda one: next(n for n, part in enumerate(parts) if one in part)
    )
    assert counted(parts[2]) == [("resolved", "solved", "police"), ("rated", "satisfied", "police")]


def test_every_line_that_can_move_a_petition_is_known() -> None:
    moving = {EVENTS[row.event].past for row in TABLE if row.state != row.to}
    assert moving <= {*MOVES}
    assert {*MOVES} >= TIMELY
    assert not {*UNCOUNTED} & ({*MOVES} - {"filed"})
