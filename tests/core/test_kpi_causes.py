"""Where the time of a missed promise went."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from tests.core.lives import after, ticking
from xixi_workflow.core.kpi_causes import CAUSES, TELLING, Line, Piece, cause, labels, pieces
from xixi_workflow.core.lifecycle import EVENTS, STATES

#: (event, state, hours after receipt)
Told = tuple[str, str, float]
FILED: Told = ("filed", "received", 0)
ROUTED: Told = ("routed", "routed", 0)


def hours(n: float) -> datetime:
    return after("0s") + timedelta(hours=n)


def life(*told: Told, until: float = 48) -> list[Piece]:
    lines = [Line(seq, event, state, hours(at)) for seq, (event, state, at) in enumerate(told)]
    return pieces(lines, hours(0), hours(until))


def spent(*told: Told, until: float = 48) -> dict[str, float]:
    found: dict[str, float] = {}
    for since, till, label in life(*told, until=until):
        found[label] = found.get(label, 0) + (till - since).total_seconds() / 3600
    return found


@pytest.mark.parametrize(
    ("told", "found"),
    [
        ((), {"intake": 48}),
        ((("filed", "received", 5),), {"intake": 5, "dispatch": 43}),
        ((FILED, ROUTED, ("dispatched", "dispatched", 4)), {"dispatch": 4, "acceptance": 44}),
        (
            (FILED, ("dispatched", "dispatched", 1), ("accepted", "in_progress", 3), ("resolved", "resolved", 10)),
            {"dispatch": 1, "acceptance": 2, "field": 7, "other": 38},
        ),
        # A return takes back everything since the dispatch to the team that returned it, accepted or not.
        (
            (
                FILED,
                ("dispatched", "dispatched", 1),
                ("accepted", "in_progress", 3),
                ("returned", "returned", 9),
                ("dispatched", "dispatched", 11),
                ("accepted", "in_progress", 12),
            ),
            {"dispatch": 1, "return": 10, "acceptance": 1, "field": 36},
        ),
        # A refused return is a loop too.
        (
            (FILED, ("dispatched", "dispatched", 1), ("returned", "returned", 2), ("return_refused", "dispatched", 6)),
            {"dispatch": 1, "return": 5, "acceptance": 42},
        ),
        # Rerouting in somebody's hands changes nothing.
        (
            (FILED, ("dispatched", "dispatched", 1), ("accepted", "in_progress", 2), ("routed", "in_progress", 9)),
            {"dispatch": 1, "acceptance": 1, "field": 46},
        ),
        (
            (
                FILED,
                ("dispatched", "dispatched", 0),
                ("accepted", "in_progress", 0),
                ("hold_requested", "in_progress", 2),
                ("hold_approved", "on_hold", 5),
                ("resumed", "in_progress", 25),
                ("extension_requested", "in_progress", 30),
                ("extension_refused", "in_progress", 34),
            ),
            {"field": 2 + 5 + 14, "approval": 3 + 4, "hold": 20},
        ),
        # Rework is another dispatch.
        (
            (
                FILED,
                ("dispatched", "dispatched", 0),
                ("accepted", "in_progress", 1),
                ("resolved", "resolved", 2),
                ("reopened", "dispatched", 20),
                ("accepted", "in_progress", 30),
            ),
            {"acceptance": 1 + 10, "field": 1 + 18, "other": 18},
        ),
        # Heard of late: what counts is when it happened.
        (
            (FILED, ("dispatched", "dispatched", 6), ("accepted", "in_progress", 8), ("resolved", "resolved", 7)),
            {"dispatch": 6, "acceptance": 1, "other": 1, "field": 40},
        ),
    ],
)
def test_a_life_is_cut_into_pieces_with_one_label_each(told: tuple[Told, ...], found: dict[str, float]) -> None:
    assert spent(*told) == found
    whole = life(*told)
    assert [whole[0].since, whole[-1].until] == [hours(0), hours(48)]
    assert all(a.until == b.since for a, b in pairwise(whole))


@pytest.mark.parametrize(
    ("since", "until", "pauses_in", "found"),
    [
        (0, 24, (), "hold"),
        (0, 24, ("hold",), "field"),
        (0, 3, (), "dispatch"),
        # Half and half: the earlier cause of the list.
        (1, 5, (), "dispatch"),
        (2.9, 5, (), "acceptance"),
        # What came after it was due is not looked at, nor what was before it started.
        (4, 8, (), "field"),
        (20, 20, (), "other"),
        (30, 40, (), "other"),
    ],
)
def test_the_cause_is_where_the_most_time_went_before_it_was_due(
    since: float, until: float, pauses_in: tuple[str, ...], found: str
) -> None:
    told: tuple[Told, ...] = (
        FILED,
        ("dispatched", "dispatched", 3),
        ("accepted", "in_progress", 5),
        ("hold_approved", "on_hold", 12),
        ("resumed", "in_progress", 22),
        ("resolved", "resolved", 24),
    )
    assert cause(life(*told), hours(since), hours(until), pauses_in) == found


def test_a_clock_that_pauses_on_hold_cannot_blame_it() -> None:
    assert labels(frozenset({"on_hold"})) == ("hold",)
    assert labels(frozenset()) == ()


def test_every_cause_has_names_and_every_telling_line_is_an_event() -> None:
    assert all(zh and en for zh, en in CAUSES.values())
    assert {*TELLING} <= {event.past for event in EVENTS.values()}
    assert {piece.label for state in STATES for piece in life(("x", state, 0))} <= CAUSES.keys()


def test_a_real_journal_tells_that_nobody_accepted() -> None:
    lived = ticking("acceptance").sweeps(after("3d"))
    lines = [Line(e.seq, e.event, e.state, e.at) for e in lived.entries if e.event in TELLING]
    breached = lived.verdict("closure")
    assert breached.result == "breached"
    whole = pieces(lines, lived.petition.received_at, after("3d"))
    assert cause(whole, breached.started_at, breached.due_at, ("hold",)) == "acceptance"
