"""Finding the petitions of a figure among the facts."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from xixi_workflow.core.behind import Behind, Fact, Halves, facts, halves, select, tells
from xixi_workflow.core.tally import EndingCell, EventCell, FiledCell, OpenCell, RepeatCell, Tally, VerdictCell

PARENTS = {"noise": "city", "lamp": "city", "theft": "order"}
FACTS = [
    Fact(1, "filed", None, "noise", "甲", "visit"),
    Fact(1, "closure.on_time", "urban", "noise", "甲", "visit"),
    Fact(1, "dispatched", "urban", "noise", "甲", "visit"),
    Fact(2, "filed", None, "theft", "", "qr"),
    Fact(2, "dispatched", "urban", "theft", "", "qr"),
    Fact(2, "dispatched", "police", "theft", "", "qr"),
    Fact(2, "returned", "urban", "theft", "", "qr", 2),
    Fact(2, "closure.late", "police", "theft", "", "qr"),
    Fact(2, "closure.on_time", "police", "theft", "", "qr"),
    Fact(2, "channel.web", None, None, None, None),
    Fact(3, "closure.late", "", "", "", "qr"),
    Fact(3, "resolved", "", "", "", "qr", 2),
    Fact(3, "resolved.unreachable", "", "", "", "qr"),
]


@pytest.mark.parametrize(
    ("behind", "expected"),
    [
        (Behind("all", "", ("filed",)), [1, 2]),
        (Behind("all", "", ("closure.on_time", "closure.late")), [1, 2, 2, 3]),
        (Behind("team", "urban", ("returned",)), [2, 2]),
        (Behind("team", "police", ("closure.late", "closure.on_time")), [2, 2]),
        # No team has filed anything, nobody is answerable for it; a clock without a team is under the empty code.
        (Behind("team", "", ("filed", "closure.late")), [3]),
        (Behind("category", "theft", ("filed",)), [2]),
        (Behind("group", "city", ("filed", "closure.on_time")), [1, 1]),
        (Behind("group", "", ("closure.late",)), [3]),
        (Behind("community", "", ("filed", "channel.web")), [2]),
        (Behind("source", "qr", ("filed", "channel.web")), [2]),
        (Behind("source", "", ("channel.web",)), []),
        (Behind("all", "", ("channel.web", "never.counted")), [2]),
    ],
)
def test_a_figure_leads_to_its_petitions_as_often_as_they_were_counted(behind: Behind, expected: list[int]) -> None:
    assert select(FACTS, behind, PARENTS) == expected


@pytest.mark.parametrize(
    ("kind", "code", "whole", "part", "expected"),
    [
        ("all", "", ("closure.on_time", "closure.late"), ("closure.on_time",), Halves([1, 2], [2, 3], True)),
        ("team", "urban", ("dispatched",), ("returned",), Halves([2, 2], [1, 2], False)),
        ("all", "", ("resolved",), ("resolved", "-1*resolved.unreachable"), Halves([3], [3], True)),
        ("all", "", ("filed",), ("weight*dispatched",), Halves([1, 2, 2], [1, 2], False)),
        ("all", "", ("urged",), ("never",), Halves([], [], True)),
    ],
)
def test_a_rate_has_two_halves(
    kind: str, code: str, whole: tuple[str, ...], part: tuple[str, ...], expected: Halves
) -> None:
    assert halves(FACTS, Behind(kind, code, whole, part), PARENTS) == expected  # type: ignore[arg-type]


def test_what_was_counted_is_named_as_the_figures_name_it_and_added_up() -> None:
    place = ("noise", "甲", "visit")
    tally = Tally(
        verdicts=[VerdictCell("closure", "urban", *place, verdict, 1, 9) for verdict in ("late", "ended")],
        events=[
            EventCell("breached", "closure", 2, False, "urban", *place, 1, 9),
            EventCell("escalated", "closure", 2, False, "urban", *place, 1, 9),
            EventCell("returned", "not_my_duty", 0, False, "urban", *place, 1, 9),
            EventCell("breached", "closure", 1, True, "urban", *place, 1, 8),
        ],
        endings=[EndingCell("rated", "resolved", "closed", True, False, False, "urban", *place, 1, 9)],
        filed=[FiledCell("visit", "web", "", "urgent", 1, 9)],
        repeats=[RepeatCell("noise", "甲", 1, 1, 1, 9)],
        open=[OpenCell(False, "routed", 9), OpenCell(True, "resolved", 8)],
    )
    found = {(fact.petition, fact.name, fact.team): fact.n for fact in facts(tally)}
    assert found == {
        (8, "open_at_end", None): 1,
        (8, "open_at_end.resolved", None): 1,
        (9, "channel.web", None): 1,
        (9, "closed", "urban"): 1,
        (9, "closed.closed", "urban"): 1,
        (9, "closed.first_time", "urban"): 1,
        (9, "closure.ended", "urban"): 1,
        (9, "closure.late", "urban"): 1,
        (9, "filed", None): 1,
        (9, "level.2", None): 2,
        (9, "level.closure.2", None): 2,
        (9, "missed.closure", "urban"): 1,
        (9, "nature.", None): 1,
        (9, "open_at_start", None): 1,
        (9, "repeat", None): 1,
        (9, "returned", "urban"): 1,
        (9, "returned.not_my_duty", "urban"): 1,
        (9, "urgency.urgent", None): 1,
    }
    assert [fact for fact in facts(tally) if fact.name == "repeat"] == [Fact(9, "repeat", None, "noise", "甲", None)]
    tally.narrowed = True
    assert names(facts(tally)) == {"closure.late", "missed.closure", "returned", "returned.not_my_duty"}


def names(found: Iterable[Fact]) -> set[str]:
    return {fact.name for fact in found}


def test_what_somebody_will_ask_about_tells() -> None:
    telling = (
        "closure.late",
        "response.unmet",
        "missed.interim",
        "cause.closure.field",
        "rework",
        "rated.dissatisfied",
    )
    silent = ("filed", "closure.on_time", "closure.ended", "rated.satisfied", "open_at_end", "resolved.solved")
    assert [term for term in (*telling, *silent) if tells(term)] == [*telling]
