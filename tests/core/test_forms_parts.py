"""Tables, lists and charts of a form, each made by itself from one month."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from tests.core.a_month import a_month
from tests.core.test_forms_fill import filled, sentences, tables
from xixi_workflow.core.document import HIDDEN, NONE, Audience, Chart, Table
from xixi_workflow.core.figures import WITHHELD, Figures
from xixi_workflow.core.forms.schema import FormFile
from xixi_workflow.core.kpi import quotient

MONTH = a_month(400, seed=7, before=380)
NAME = {"key": "name", "zh": "单位", "en": "Team", "value": "name"}
DUE = {"key": "due", "zh": "应结", "en": "Due", "value": "counts.closure.judged"}
RATE = {"key": "rate", "zh": "及时率", "en": "On time", "value": "rates.closure_on_time"}


def form_of(**block: Any) -> FormFile:
    made = {"zh": "小", "en": "Small", "period": "month", "title": {"zh": "小", "en": "Small"}, "blocks": [block]}
    return FormFile.model_validate(made)


def table(figures: Figures = MONTH, audience: Audience = "internal", **shape: Any) -> Table | None:
    made = {"key": "x", "zh": "表", "en": "Table", "rows": "teams", "columns": [NAME, DUE]} | shape
    return tables(filled(form_of(table=made), figures, audience=audience)).get("x")


def column(found: Table | None, n: int) -> list[str]:
    assert found is not None
    return [row[n].text for row in found.rows]


def chart(figures: Figures = MONTH, **shape: Any) -> Chart | None:
    made = {"key": "x", "zh": "图", "en": "Chart", **shape}
    blocks = filled(form_of(chart=made), figures).blocks
    return next((block for block in blocks if isinstance(block, Chart)), None)


# --- rows -----------------------------------------------------------------------------------------------------------


def due_of(figures: Figures) -> dict[str, int]:
    judged = ("on_time", "late", "breached", "unmet")
    return {team.zh: sum(team.counts.get(f"closure.{v}", 0) for v in judged) for team in figures.teams}


@pytest.mark.parametrize(("sort", "falling"), [("counts.closure.judged", False), ("-counts.closure.judged", True)])
def test_rows_stand_in_the_order_asked_for(sort: str, *, falling: bool) -> None:
    in_order = sorted(due_of(MONTH).items(), key=lambda pair: pair[1], reverse=falling)
    assert column(table(sort=sort), 0) == [name for name, _ in in_order]


def test_rows_without_what_they_are_sorted_by_come_last_either_way() -> None:
    unranked = MONTH.ranking.rows[0]
    rows = [replace(unranked, rank=None), *MONTH.ranking.rows[1:]]
    figures = replace(MONTH, ranking=replace(MONTH.ranking, rows=rows))
    for sort in ("rank", "-rank"):
        found = column(table(figures, rows="ranking.rows", sort=sort, columns=[NAME]), 0)
        assert found[-1] == unranked.zh
        assert len(found) == len(rows)


def test_only_rows_that_fulfil_the_condition_are_shown_and_no_more_than_asked_for() -> None:
    most = max(due_of(MONTH).values())
    assert column(table(where=f"counts.closure.judged = {most}"), 1) == [f"{most:,}"]
    assert len(column(table(limit=2), 0)) == 2
    assert table(where="counts.closure.judged < 0") is None


def test_a_numbered_table_counts_its_rows() -> None:
    assert column(table(numbered=True), 0) == [str(n) for n in range(1, len(MONTH.teams) + 1)]


def test_a_column_may_be_for_one_audience() -> None:
    columns = [NAME, DUE | {"audiences": ["internal"]}, RATE]
    shown = {audience: table(audience=audience, columns=columns) for audience in ("internal", "public")}
    assert {audience: [c.key for c in t.columns] for audience, t in shown.items() if t} == {
        "internal": ["name", "due", "rate"],
        "public": ["name", "rate"],
    }


def test_a_list_in_a_sentence_is_told_in_the_order_asked_for() -> None:
    each = {"rows": "teams", "sort": "-counts.closure.judged", "limit": 2, "zh": "{name}", "en": "{name}"}
    sentence = {"key": "x", "zh": "依次为{each}。", "en": "{each}.", "each": each}
    first, second = sorted(due_of(MONTH).items(), key=lambda pair: -pair[1])[:2]
    for joined, between in (("words", "、"), ("clauses", "；")):
        said = sentence | {"each": each | {"joined": joined}}
        [found] = sentences(filled(form_of(text={"key": "t", "sentences": [said]})))
        assert found.text == f"依次为{first[0]}{between}{second[0]}。"


# --- totals ---------------------------------------------------------------------------------------------------------


def test_a_total_shows_the_same_figures_of_the_whole() -> None:
    found = table(total="overview", columns=[NAME, DUE, RATE])
    assert found is not None
    assert found.total
    last = found.rows[-1]
    rate = MONTH.overview.rates["closure_on_time"].percent
    assert [cell.text for cell in last] == ["合计", f"{sum(due_of(MONTH).values()):,}", f"{rate:.2f}%"]


def test_what_the_whole_does_not_have_is_a_dash_in_the_total_or_what_the_column_says() -> None:
    median = {"key": "median", "zh": "中位数", "en": "Median", "value": "spans.closure.median"}
    found = table(total="overview", columns=[NAME, DUE, median])
    assert column(found, 2)[-1] == NONE
    found = table(total="overview", columns=[NAME, DUE, median | {"total": "timeliness[closure].raw.median"}])
    assert column(found, 2)[-1] != NONE


def test_a_sum_adds_counts_and_shares_of_one_whole_and_nothing_else() -> None:
    columns = [
        NAME,
        {"key": "n", "zh": "件", "en": "N", "value": "n"},
        {"key": "share", "zh": "占比", "en": "Share", "value": "share"},
    ]
    found = table(rows="overview.by_source", total="sum", columns=columns)
    assert [cells[-1] for cells in (column(found, n) for n in range(3))] == ["合计", "400", "100.00%"]
    found = table(total="sum", columns=[NAME, DUE, RATE])
    assert column(found, 2)[-1] == NONE


def test_rows_of_nothing_but_zeros_are_left_out_of_a_table_with_a_total() -> None:
    teams = [replace(MONTH.teams[0], counts={}), *MONTH.teams[1:]]
    figures = replace(MONTH, teams=teams)
    assert MONTH.teams[0].zh in column(table(figures), 0)
    assert MONTH.teams[0].zh not in column(table(figures, total="sum"), 0)


def test_a_row_with_a_withheld_count_stays_and_its_column_has_no_sum() -> None:
    teams = [replace(MONTH.teams[0], counts={"closure.on_time": WITHHELD}), *MONTH.teams[1:]]
    found = table(replace(MONTH, teams=teams), "public", total="sum")
    assert column(found, 0)[0] == MONTH.teams[0].zh
    assert (column(found, 1)[0], column(found, 1)[-1]) == (HIDDEN, HIDDEN)


LAST_MONTH = {"key": "mom", "zh": "环比", "en": "On last month", "value": "mom.closure_on_time"}


def test_a_column_in_which_nothing_exists_is_left_out() -> None:
    first = replace(MONTH, teams=[replace(team, mom={}) for team in MONTH.teams])
    for total in ("", "overview"):
        found = table(first, columns=[NAME, LAST_MONTH, DUE], total=total)
        assert found is not None
        assert [one.key for one in found.columns] == ["name", "due"]
        assert {len(row) for row in found.rows} == {2}
        compared = table(columns=[NAME, LAST_MONTH, DUE], total=total)
        assert compared is not None
        assert [one.key for one in compared.columns] == ["name", "mom", "due"]


def test_a_table_of_which_all_is_withheld_is_left_out_and_one_of_which_some_is_says_why() -> None:
    few = {f"closure.{verdict}": WITHHELD for verdict in ("on_time", "late", "breached", "unmet")}
    teams = [replace(team, counts=team.counts | few) for team in MONTH.teams]
    assert table(replace(MONTH, teams=teams), "public") is None
    some = table(replace(MONTH, teams=[teams[0], *MONTH.teams[1:]]), "public")
    assert some is not None
    assert HIDDEN in some.notes[-1]
    whole = table(audience="public")
    assert whole is not None
    assert whole.notes == []


# --- charts ---------------------------------------------------------------------------------------------------------

LINE: dict[str, Any] = {
    "kind": "line",
    "rows": "trend",
    "label": "period",
    "series": [{"zh": "受理", "en": "Filed", "value": "filed"}],
}
BARS: dict[str, Any] = {
    "kind": "bar",
    "rows": "teams",
    "series": [{"zh": "率", "en": "Rate", "value": "rates.closure_on_time"}],
}


def test_a_line_begins_with_the_first_figure() -> None:
    found = chart(**LINE)
    assert found is not None
    assert found.labels == ["2026-09", "2026-10"]
    assert found.series[0].values == [380, 400]


def test_a_line_shows_gaps_where_there_is_no_figure() -> None:
    gone = replace(MONTH.trend[-1], filed=None)
    found = chart(replace(MONTH, trend=[*MONTH.trend[-2:], gone, *MONTH.trend[-1:]]), **LINE)
    assert found is not None
    assert found.series[0].values == [380, 400, None, 400]


def test_under_an_axis_a_week_is_its_number() -> None:
    weeks = [
        replace(point, period=name) for point, name in zip(MONTH.trend[-2:], ("2026-W09", "2026-W10"), strict=True)
    ]
    found = chart(replace(MONTH, trend=weeks), **LINE)
    assert found is not None
    assert found.labels == ["第9周", "第10周"]


def test_a_ring_without_one_of_its_parts_is_not_drawn() -> None:
    ring = {"kind": "donut", "rows": "overview.by_source", "series": [{"zh": "件", "en": "N", "value": "n"}]}
    assert chart(MONTH, **ring) is not None
    first, *others = MONTH.overview.by_source
    sources = [replace(first, n=WITHHELD), *others]
    assert chart(replace(MONTH, overview=replace(MONTH.overview, by_source=sources)), **ring) is None


def test_a_single_point_is_no_line() -> None:
    assert chart(replace(MONTH, trend=MONTH.trend[-1:]), **LINE) is None


def test_bars_are_the_printed_percentages() -> None:
    found = chart(**BARS)
    assert found is not None
    assert found.labels == [team.zh for team in MONTH.teams]
    assert found.series[0].values == [team.rates["closure_on_time"].percent for team in MONTH.teams]


def test_what_is_withheld_is_not_drawn() -> None:
    teams = [replace(team, counts={"dispatched": WITHHELD if n else 5}) for n, team in enumerate(MONTH.teams)]
    bars = BARS | {"series": [{"zh": "派单", "en": "Dispatched", "value": "counts.dispatched"}]}
    found = chart(replace(MONTH, teams=teams), **bars)
    assert found is not None
    assert found.series[0].values == [5, *[None] * (len(teams) - 1)]


def test_a_heat_map_has_a_row_for_each_day_and_a_share_where_there_is_a_whole() -> None:
    counts = chart(kind="heat", week="overview.week")
    share = chart(kind="heat", week="timeliness[closure].week_on_time", of="timeliness[closure].week_judged")
    assert counts is not None
    assert share is not None
    assert [series.name for series in counts.series] == ["周一", "周二", "周三", "周四", "周五", "周六", "周日"]
    assert [series.values for series in counts.series] == MONTH.overview.week
    clock = next(clock for clock in MONTH.timeliness if clock.clock == "closure")
    for day, series in enumerate(share.series):
        for hour, value in enumerate(series.values):
            judged, on_time = clock.week_judged[day][hour], clock.week_on_time[day][hour]
            assert value == (quotient(on_time * 100, judged) if judged else None)


def test_a_chart_of_nothing_is_left_out() -> None:
    nothing = replace(MONTH, overview=replace(MONTH.overview, week=[[0] * 24] * 7))
    assert chart(nothing, kind="heat", week="overview.week") is None
