"""Mistakes in a form: each is named at its place, before a report is made of it. Each case spoils the shipped form."""

from __future__ import annotations

import copy
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.core.spoilt import GONE, POLICY, SHIPPED, changed, problems
from xixi_workflow.core.forms.names import names_of
from xixi_workflow.core.kpi_table import kpis
from xixi_workflow.core.policy import Policy
from xixi_workflow.core.policy_build import PolicyError, build, load

FORM = "forms/small.yaml"
SENTENCE = {"key": "filed", "zh": "受理{overview.counts.filed}件。", "en": "Filed: {overview.counts.filed}."}
TABLE = {
    "key": "teams",
    "zh": "单位",
    "en": "Teams",
    "rows": "teams",
    "total": "overview",
    "columns": [
        {"key": "name", "zh": "单位", "en": "Team", "value": "name"},
        {"key": "due", "zh": "应结", "en": "Due", "value": "counts.closure.judged"},
        {"key": "rate", "zh": "及时率", "en": "On time", "value": "rates.closure_on_time", "style": "parts"},
    ],
}
CHART = {
    "key": "trend",
    "kind": "line",
    "zh": "趋势",
    "en": "Trend",
    "rows": "trend",
    "label": "period",
    "series": [{"zh": "受理", "en": "Filed", "value": "filed"}],
}
HEAT = {"key": "hours", "kind": "heat", "zh": "时段", "en": "Hours", "week": "overview.week"}
SMALL: dict[str, Any] = {
    "zh": "小",
    "en": "Small",
    "period": "month",
    "title": {"zh": "{period}情况", "en": "{period}"},
    "blocks": [
        {"heading": {"zh": "概况", "en": "Overview"}},
        {"text": {"key": "overview", "sentences": [SENTENCE]}},
        {"table": TABLE},
        {"chart": CHART},
        {"chart": HEAT},
    ],
}


def built(*changes: tuple[str, Any]) -> Policy:
    """The shipped policy with the small form, of which the values at some places are others."""
    form = copy.deepcopy(SMALL)
    for place, value in changes:
        at: Any = form
        *parents, last = [int(key) if key.isdigit() else key for key in place.split("/")]
        for key in parents:
            at = at[key]
        if value is GONE:
            del at[last]
        else:
            at[last] = value
    return build(SHIPPED.documents | {FORM: form})


def test_the_small_form_has_no_mistake() -> None:
    assert built().forms["small"].blocks[1].text is not None


SAID = "blocks/1/text/sentences/0"
AT = ("blocks", 1, "text", "sentences", 0)
EACH = {"rows": "hot", "zh": "{name}", "en": "{name}"}
MISTAKES: list[tuple[str, Any, tuple[str | int, ...], str]] = [
    # sentences
    (f"{SAID}/zh", "受理3件。", (*AT, "zh"), "the text has a number of its own (3)"),
    (f"{SAID}/en", "Filed: ３.", (*AT, "en"), "the text has a number of its own (３)"),
    (f"{SAID}/zh", "受理{overview.counts.filled}件。", (*AT, "zh"), "overview.counts.filled: unknown count 'filled'"),
    (f"{SAID}/en", "{overview.rates.solved}", (*AT, "en"), "overview.rates.solved: unknown indicator 'solved'; "),
    (f"{SAID}/zh", "{overview.rates}", (*AT, "zh"), "{overview.rates}: a group of figures cannot be printed"),
    (f"{SAID}/zh", "{teams}", (*AT, "zh"), "{teams}: a list cannot be printed"),
    (f"{SAID}/zh", "{}", (*AT, "zh"), "'' is not a path"),
    (f"{SAID}/zh", "受理{city", (*AT, "zh"), "a figure begins with { and ends with }"),
    (f"{SAID}/zh", "受理[，{city}", (*AT, "zh"), "a part that may be left out begins with [ and ends with ]"),
    (f"{SAID}/zh", "受理[，甲]", (*AT, "zh"), "a part in [ ] needs a figure"),
    (f"{SAID}/zh", "{overview.counts.filed:parts}", (*AT, "zh"), "{overview.counts.filed:parts}: parts is for a rate"),
    (f"{SAID}/zh", "{overview.counts.filed:bold}", (*AT, "zh"), "{overview.counts.filed:bold}: unknown style 'bold'"),
    (f"{SAID}/zh", "{each}", (*AT, "zh"), "{each} needs an `each` beside the sentence"),
    (f"{SAID}/when", "overview.counts.filed", (*AT, "when"), "'overview.counts.filed' is not a comparison"),
    (f"{SAID}/when", "overview.rates.solved_rate > 'a'", (*AT, "when"), "overview.rates.solved_rate > 'a': a rate can"),
    (f"{SAID}/each", EACH, (*AT, "zh"), "the text has no {each} for the list to stand in"),
    (f"{SAID}/each", EACH | {"rows": "overview"}, (*AT, "each", "rows"), "overview: a group of figures has no rows"),
    (f"{SAID}/each", EACH | {"where": "m > 1"}, (*AT, "each", "where"), "m: unknown field 'm'"),
    (f"{SAID}/each", EACH | {"sort": "-m"}, (*AT, "each", "sort"), "m: unknown field 'm'"),
    (f"{SAID}/each", EACH | {"zh": "{m}"}, (*AT, "each", "zh"), "m: unknown field 'm'"),
    (f"{SAID}/otherwise", True, (*AT, "otherwise"), "not for the public"),
    (f"{SAID}/audiences", [], (*AT, "audiences"), "nobody may read it"),
    ("blocks/1/text/sentences", [SENTENCE, SENTENCE], (*AT[:-1], 1, "key"), "filed is a key already"),
    (f"{SAID}/wen", "overview.counts.filed > 0", (*AT, "wen"), "unknown key"),
    # blocks
    ("blocks/0/when", "a > b", ("blocks", 0, "when"), "a: unknown field 'a'"),
    ("blocks/0/heading/zh", "第1部分", ("blocks", 0, "heading", "zh"), "the text has a number of its own"),
    ("blocks/0/heading/level", 7, ("blocks", 0, "heading", "level"), "Input should be less than or equal to 2"),
    ("blocks/0/text", {"key": "x", "sentences": [SENTENCE]}, ("blocks", 0), "a block is one of heading, text, table"),
    ("title/zh", "{unit.name}", ("title", "zh"), "unit.name: only a form whose scope is team has a `unit`"),
    ("audiences", [], ("audiences",), "nobody may read it"),
    ("period", "year", ("period",), "Input should be 'month' or 'week'"),
    ("blocks", [], ("blocks",), "List should have at least 1 item"),
    # tables
    ("blocks/2/table/rows", "timelines", ("blocks", 2, "table", "rows"), "timelines: unknown field 'timelines'"),
    ("blocks/2/table/limit", 3, ("blocks", 2, "table", "total"), "a table with a total shows all its rows"),
    ("blocks/2/table/total", "teams", ("blocks", 2, "table", "total"), "teams: a list cannot be a total"),
    (
        "blocks/2/table/columns/1/value",
        "counts.filed",
        ("blocks", 2, "table", "columns", 1, "value"),
        "counts.filed: un",
    ),
    ("blocks/2/table/columns/1/value", "rates", ("blocks", 2, "table", "columns", 1, "value"), "rates: a group of fig"),
    (
        "blocks/2/table/columns/1/style",
        "parts",
        ("blocks", 2, "table", "columns", 1, "value"),
        "counts.closure.judged: ",
    ),
    ("blocks/2/table/columns/1/total", "x", ("blocks", 2, "table", "columns", 1, "total"), "x: unknown field 'x'"),
    ("blocks/2/table/columns/1/key", "name", ("blocks", 2, "table", "columns", 1, "key"), "name is there twice"),
    ("blocks/2/table/columns/1/audiences", [], ("blocks", 2, "table", "columns", 1, "audiences"), "nobody may read it"),
    ("blocks/2/table/key", "overview", ("blocks", 2, "table", "key"), "overview is a key already, of blocks.2.text"),
    # charts
    ("blocks/3/chart/kind", "pie", ("blocks", 3, "chart", "kind"), "Input should be 'line', 'bar', "),
    ("blocks/3/chart/label", "n", ("blocks", 3, "chart", "label"), "n: unknown field 'n'"),
    (
        "blocks/3/chart/series/0/value",
        "period",
        ("blocks", 3, "chart", "series", 0, "value"),
        "period: a text cannot be",
    ),
    (
        "blocks/3/chart/series/0/value",
        "rates.solved_rate",
        ("blocks", 3, "chart", "series", 0, "value"),
        "rates.solved",
    ),
    ("blocks/3/chart/series", [], ("blocks", 3, "chart"), "a chart needs `rows` and at least one of `series`"),
    ("blocks/4/chart/week", "overview.daily", ("blocks", 4, "chart", "week"), "overview.daily: a number has no hours"),
    ("blocks/4/chart/kind", "bar", ("blocks", 4, "chart"), "a heat map has a `week`"),
    ("blocks/4/chart/rows", "trend", ("blocks", 4, "chart"), "a heat map has a `week` and no `rows`"),
]


@pytest.mark.parametrize(
    ("place", "value", "at", "message"), MISTAKES, ids=[f"{n}-{place}" for n, (place, *_) in enumerate(MISTAKES)]
)
def test_a_mistake_in_a_form_is_named_at_its_place(
    place: str, value: Any, at: tuple[str | int, ...], message: str
) -> None:
    with pytest.raises(PolicyError) as caught:
        built((place, value))
    found = [problem.message for problem in caught.value.problems if (problem.file, problem.path) == (FORM, at)]
    assert len(found) == 1, caught.value.problems
    assert found[0].startswith(message)


def test_one_run_names_every_mistake_of_a_form() -> None:
    columns = "blocks/2/table/columns"
    spoilt = (f"{SAID}/zh", f"{SAID}/en", f"{columns}/1/value", f"{columns}/2/value", "blocks/3/chart/label")
    with pytest.raises(PolicyError) as caught:
        built(*((place, "{a}" if place.startswith(SAID) else "a") for place in spoilt))
    places = ["/".join(map(str, problem.path)) for problem in caught.value.problems]
    assert sorted(places) == sorted(spoilt)


def test_a_mistake_in_the_rows_of_a_table_is_named_once() -> None:
    with pytest.raises(PolicyError) as caught:
        built(("blocks/2/table/rows", "overview"))
    assert [problem.path for problem in caught.value.problems] == [("blocks", 2, "table", "rows")]


def test_a_form_that_asks_for_a_clock_which_the_city_does_not_have_is_a_mistake() -> None:
    found = problems((POLICY, "clocks/interim", GONE))
    assert any(p.file == "forms/monthly.yaml" and "unknown clock 'interim'" in p.message for p in found)


def test_every_indicator_and_every_count_of_its_formula_may_be_named() -> None:
    names = names_of({POLICY: SHIPPED.main})
    for indicator in kpis((name, "", "") for name, plan in SHIPPED.clocks.items() if not plan.lapses):
        assert indicator.key in names["indicator/all"]
        for term in (*indicator.numerator, *indicator.denominator):
            assert term.rpartition("*")[2] in names["count/all"]


def test_the_form_in_the_handbook_is_a_form() -> None:
    page = (Path(__file__).parents[2] / "docs" / "forms.md").read_text("utf-8")
    [example] = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    assert build(SHIPPED.documents | {FORM: yaml.safe_load(example)}).forms["small"].en == "Small report"


# --- in the policy --------------------------------------------------------------------------------------------------


def test_a_form_is_a_part_of_the_policy_and_survives_being_stored() -> None:
    policy = built()
    again = load(policy.canonical, 3)
    assert again.forms == policy.forms
    assert {"monthly", "weekly", "team", "small"} == again.forms.keys()
    assert policy.digest != SHIPPED.digest


def test_a_policy_that_was_stored_before_there_were_forms_still_judges() -> None:
    documents = {file: said for file, said in SHIPPED.documents.items() if not file.startswith("forms/")}
    policy = load(Policy(documents, SHIPPED._files).canonical, 1)
    assert policy.forms == {}
    assert policy.clocks.keys() == SHIPPED.clocks.keys()


def test_a_stored_form_that_this_release_cannot_read_takes_no_policy_away() -> None:
    documents = changed(("forms/weekly.yaml", "blocks/0", {"picture": "of another release"}))
    with pytest.raises(PolicyError):
        build(documents)
    policy = load(Policy(documents, SHIPPED._files).canonical, 1)
    assert {"monthly", "team"} == policy.forms.keys()
