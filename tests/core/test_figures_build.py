"""From counts to figures: what the policy's rules of the report do, and what is said of weeks."""

from __future__ import annotations

import copy
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.core.spoilt import SHIPPED
from xixi_workflow.core import figures_build
from xixi_workflow.core.figures import Figures
from xixi_workflow.core.kpi_table import RATINGS
from xixi_workflow.core.periods import earlier, period_span
from xixi_workflow.core.policy import Policy
from xixi_workflow.core.policy_build import build
from xixi_workflow.core.tally import EventCell, FiledCell, RepeatCell, StageCell, Tally, VerdictCell

WHERE = ("SA02", "文三社区", "visit")
#: Judged closures, of these on time; answers by rating; returns, of these refused.
TEAMS: dict[str, tuple[int, int, tuple[int, int, int], int, int]] = {
    "police": (20, 20, (8, 0, 2), 0, 0),
    "urban": (20, 15, (10, 0, 0), 4, 2),
    "traffic": (9, 9, (0, 0, 0), 0, 0),
    "economy": (40, 10, (0, 5, 5), 2, 0),
}


def ruled(**rules: Any) -> Policy:
    """The shipped policy with other rules of the report, and with the households of one community."""
    documents = copy.deepcopy(SHIPPED.documents)
    documents["policy.yaml"]["report"] |= rules
    next(c for c in documents["communities.yaml"]["communities"] if c["name"] == "文三社区")["households"] = 3000
    return build(documents)


def some_counts() -> Tally:
    found = Tally()
    for team, (judged, kept, ratings, returned, refused) in TEAMS.items():
        for verdict, n in (("on_time", kept), ("late", judged - kept)):
            found.verdicts.append(VerdictCell("closure", team, *WHERE, verdict, n))
        lines = [("rated", rating, n) for rating, n in zip(RATINGS, ratings, strict=True)]
        for event, detail, n in (*lines, ("returned", "not_my_duty", returned), ("return_refused", "", refused)):
            found.events.append(EventCell(event, detail, 0, False, team, *WHERE, n))
    found.filed = [FiledCell("visit", "", "", "normal", 75)]
    found.repeats = [RepeatCell("SA02", "文三社区", 70, 60, 3), RepeatCell("SA02", "别处", 5, 5, 0)]
    found.stages = [StageCell("in_progress", 7200, 3600, 2), StageCell("on_hold", 3600, 3600, 2)]
    return found


def figures_of(period: str, policy: Policy, past: dict[str, Figures] | None = None) -> Figures:
    span = period_span(period, policy.zone)
    return figures_build.build(some_counts(), figures_build.Asked(period, span, span[1]), policy, past or {})


@pytest.mark.parametrize(
    ("rules", "ranks", "red", "black"),
    [
        ({}, {"police": 1, "urban": 2, "economy": 3, "traffic": None}, ["police", "urban", "economy"], []),
        (
            {"ranking_minimum": 9, "red_and_black": 1},
            {"police": 1, "traffic": 1, "urban": 3, "economy": 4},
            ["police", "traffic"],
            ["economy"],
        ),
        (
            {"ranked_by": "satisfaction", "ranking_minimum": 1, "red_and_black": 1},
            {"urban": 1, "police": 2, "economy": 3, "traffic": None},
            ["urban"],
            ["economy"],
        ),
        # Less is better: the team that returned nothing without ground is the first.
        (
            {"ranked_by": "groundless_return_rate", "ranking_minimum": 1, "red_and_black": 1},
            {"economy": 1, "urban": 2, "police": None, "traffic": None},
            ["economy"],
            ["urban"],
        ),
        ({"red_and_black": 0}, {"police": 1, "urban": 2, "economy": 3, "traffic": None}, [], []),
    ],
)
def test_teams_are_ranked_by_the_rules_of_the_policy(
    rules: dict[str, Any], ranks: dict[str, int | None], red: list[str], black: list[str]
) -> None:
    found = figures_of("2026-06", ruled(**rules)).ranking
    assert {row.code: row.rank for row in found.rows} == ranks
    assert (found.red, found.black) == (red, black)
    assert (found.kpi, found.minimum) == (rules.get("ranked_by", "closure_on_time"), rules.get("ranking_minimum", 10))


def test_a_team_has_its_points_beside_its_rank() -> None:
    weights = {"closure_on_time": 60, "satisfaction": 30, "groundless_return_rate": 10}
    found = figures_of("2026-06", ruled(score=weights))
    # Urban: 75 % on time, 100 % satisfied, half of its returns without ground. Police: 100 %, 80 %, no return at all.
    points = {"urban": "80.00", "police": "93.33", "traffic": "100.00", "economy": "34.00"}
    assert {group.code: str(group.score) for group in found.teams} == points
    assert {row.code: str(row.score) for row in found.ranking.rows} == points
    assert {group.score for group in (*found.categories, *found.communities, *found.sources)} == {None}


def test_ranks_by_something_else_are_not_compared_with() -> None:
    before = {earlier("2026-06", 1): figures_of("2026-05", ruled())}
    same = figures_of("2026-06", ruled(), before).ranking
    assert {row.code: row.before for row in same.rows} == {row.code: row.rank for row in same.rows}
    other = figures_of("2026-06", ruled(ranked_by="satisfaction"), before).ranking
    assert {row.before for row in other.rows} == {None}


def test_filings_are_told_by_the_thousand_households_where_these_are_known() -> None:
    found = {group.code: group for group in figures_of("2026-06", ruled()).communities}
    assert (found["文三社区"].households, found["文三社区"].per_thousand) == (3000, Decimal("23.33"))
    assert (found["别处"].households, found["别处"].per_thousand) == (None, None)


def test_a_stage_is_told_with_its_holds_and_without_and_the_stages_add_up() -> None:
    work, hold = figures_of("2026-06", ruled()).stages
    assert (work.spans.median, work.net.median, hold.net.median) == (7200, 3600, 3600)
    assert work.seconds + hold.seconds == 2 * 7200


def test_a_week_is_spoken_of_as_a_week_and_compared_with_weeks() -> None:
    policy = ruled()
    weeks = {earlier("2026-W24", by): figures_of(earlier("2026-W24", by), policy) for by in (1, 52)}
    found = figures_of("2026-W24", policy, weeks)
    assert found.end - found.start == timedelta(weeks=1)
    assert found.overview.daily == Decimal("10.71")
    assert found.overview.mom["filed"].by == found.overview.yoy["filed"].by == 0
    assert [point.period for point in found.trend] == [f"2026-W{n}" for n in range(12, 25)]
    said = " ".join(text for pair in found.remarks for text in pair)
    said += " ".join(f"{d.counts_in_zh} {d.counts_in_en}" for d in found.definitions)
    assert "周" in said
    assert "月" not in said
    assert "month" not in said


def test_what_the_rules_are_is_said_beside_the_definitions() -> None:
    rules = {"ranked_by": "satisfaction", "ranking_minimum": 7, "contact_within": "45m", "repeat_within": "20d"}
    said = figures_of("2026-06", ruled(**rules, score={"satisfaction": 2.5})).remarks
    zh, en = (" ".join(pair[n] for pair in said) for n in (0, 1))
    assert all(text in zh for text in ("满意率", "少于 7 件", "45分", "20天", "满意率 2.5", "自然月"))
    assert all(text in en for text in ("satisfaction", "from 7 cases", "45min", "20d", "Satisfaction 2.5", "month"))


def test_a_policy_without_a_clock_is_scored_by_what_it_has() -> None:
    """The defaults name clocks that a policy need not have."""
    documents = copy.deepcopy(ruled().documents)
    main = documents["policy.yaml"]
    del main["report"]
    for part in (main["clocks"], main["ladders"]):
        for name in [name for name in part if name.startswith("acceptance")]:
            del part[name]
    found = figures_of("2026-06", build(documents))
    assert {team.code: team.score is not None for team in found.teams} == dict.fromkeys(sorted(TEAMS), True)
    assert "签收" not in " ".join(pair[0] for pair in found.remarks)
