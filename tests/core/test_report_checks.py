"""The checks of the rules of the report: each case spoils the shipped policy in a single spot."""

from __future__ import annotations

from typing import Any

import pytest

from tests.core.spoilt import COMMUNITIES, POLICY, problems

MISTAKES: list[tuple[tuple[str, str, Any], tuple[str | int, ...], str]] = [
    (
        (POLICY, "report/ranked_by", "closure_in_time"),
        ("report", "ranked_by"),
        "unknown indicator 'closure_in_time'; known: acceptance_on_time, ",
    ),
    (
        (POLICY, "report/score", {"repeat_rate": 1}),
        ("report", "score", "repeat_rate"),
        "repeat_rate is not told of teams, who do not decide what is filed",
    ),
    # The petitioner may let the survey run out.
    ((POLICY, "report/score/survey_on_time", 5), ("report", "score", "survey_on_time"), "unknown indicator 'survey"),
    ((POLICY, "report/score", {}), ("report", "score"), "at least one indicator is needed"),
    ((POLICY, "report/score/satisfaction", 0), ("report", "score", "satisfaction"), "Input should be greater than 0"),
    ((POLICY, "report/contact_within", "0s"), ("report", "contact_within"), "must be more than zero"),
    ((POLICY, "report/repeat_within", "0s"), ("report", "repeat_within"), "must be more than zero"),
    ((POLICY, "report/ranking_minimum", 0), ("report", "ranking_minimum"), "Input should be greater than or equal to"),
    ((COMMUNITIES, "communities/0/households", 0), ("communities", 0, "households"), "Input should be greater than or"),
]


@pytest.mark.parametrize(("change", "path", "message"), MISTAKES)
def test_a_mistake_in_the_rules_is_named_where_it_stands(
    change: tuple[str, str, Any], path: tuple[str | int, ...], message: str
) -> None:
    [problem] = problems(change)
    assert (problem.file, problem.path) == (change[0], path)
    assert problem.message.startswith(message)
