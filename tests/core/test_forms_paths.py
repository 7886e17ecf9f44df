"""Paths, sums and conditions of forms: what each finds, and what is wrong with those that find nothing."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from tests.core.a_month import a_month
from tests.core.spoilt import SHIPPED
from xixi_workflow.core import kpi, kpi_table
from xixi_workflow.core.behind import Behind
from xixi_workflow.core.figures import WITHHELD, Figures
from xixi_workflow.core.forms.behind import behind, indicators
from xixi_workflow.core.forms.conditions import Scope, compile_condition, compile_value, evaluate, holds
from xixi_workflow.core.forms.names import names_of
from xixi_workflow.core.forms.paths import PathError, Place, View, compile_path, entries, look_up
from xixi_workflow.core.forms.structure import Node, fields_of
from xixi_workflow.core.policy_schema import FILES

MONTH = a_month(400, seed=7)
URBAN = next(team for team in MONTH.teams if team.code == "urban")
VIEW = View(MONTH, True, URBAN, "2026年10月")
NAMES = names_of({file: FILES[file].model_validate(SHIPPED.documents[file]) for file in FILES})
WHOLE = Scope(None, False, None)
JUDGED = ("closure.on_time", "closure.late", "closure.breached", "closure.unmet")


def found(text: str, view: View = VIEW, row: Place | None = None) -> Any:
    scope = Scope(row.node if row else None, view.unit is not None, None)
    place = evaluate(compile_value(text, scope), view, row)
    return place.value if place else None


def row_of(path: str, n: int) -> Place:
    place = look_up(compile_path(path, row=None, team=False), VIEW)
    assert place is not None
    return entries(place)[n]


COUNTS = MONTH.overview.counts
VALUES = [
    ("overview.counts.filed", COUNTS["filed"]),
    ("overview.counts.closure.on_time", COUNTS["closure.on_time"]),
    ("overview.counts.closure.judged", sum(COUNTS.get(name, 0) for name in JUDGED)),
    ("overview.counts.closure.missed", sum(COUNTS.get(name, 0) for name in JUDGED[1:])),
    ("overview.counts.never_counted", 0),
    ("overview.counts.rework + overview.counts.returned", COUNTS["rework"] + COUNTS["returned"]),
    ("overview.counts.filed - overview.counts.closed", COUNTS["filed"] - COUNTS["closed"]),
    ("overview.rates.closure_on_time", MONTH.overview.rates["closure_on_time"]),
    ("overview.rates[closure_on_time].denominator", MONTH.overview.rates["closure_on_time"].denominator),
    ("overview.rates[ranking.kpi]", MONTH.overview.rates["closure_on_time"]),
    ("definitions[ranking.kpi].name", next(d.zh for d in MONTH.definitions if d.key == "closure_on_time")),
    ("teams[urban].name", URBAN.zh),
    ("unit.counts.closure.judged", sum(URBAN.counts.get(name, 0) for name in JUDGED)),
    ("teams[nobody].name", None),
    ("timeliness[closure].verdicts.missed", sum(COUNTS.get(name, 0) for name in JUDGED[1:])),
    ("timeliness[closure].raw.median", next(c.raw.median for c in MONTH.timeliness if c.clock == "closure")),
    ("teams.length", len(MONTH.teams)),
    ("overview.by_source.most.n", max(one.n for one in MONTH.overview.by_source)),
    ("city", MONTH.city_zh),
    ("period", "2026年10月"),
    ("overview.yoy.closure_on_time", MONTH.overview.yoy["closure_on_time"]),
    ("overview.rates.no_such_rate", None),
]


@pytest.mark.parametrize(("text", "value"), VALUES, ids=[text for text, _ in VALUES])
def test_a_path_finds_what_stands_there(text: str, value: Any) -> None:
    assert found(text) == value


def test_the_difference_of_two_rates_is_that_of_the_printed_percentages() -> None:
    ours, whole = URBAN.rates["closure_on_time"], MONTH.overview.rates["closure_on_time"]
    assert ours.percent is not None and whole.percent is not None  # noqa: PT018 - for mypy
    assert found("unit.rates.closure_on_time - overview.rates.closure_on_time").points == ours.percent - whole.percent


def test_in_a_row_its_own_fields_come_first_and_the_figures_after_them() -> None:
    row = row_of("teams", 0)
    assert found("counts.dispatched", row=row) == row.value.counts["dispatched"]
    assert found("overview.counts.dispatched", row=row) == COUNTS["dispatched"]
    assert found("ranking.rows[.code].rate", row=row) == next(
        r.rate for r in MONTH.ranking.rows if r.code == row.value.code
    )


def test_a_path_found_says_where_it_stands() -> None:
    row = row_of("ranking.rows", 0)
    place = evaluate(compile_value("teams[.code].rates.closure_on_time", Scope(row.node, False, None)), VIEW, row)
    assert place is not None
    assert place.path == f"teams[{row.value.code}].rates.closure_on_time"


# --- mistakes -------------------------------------------------------------------------------------------------------

MISTAKES = [
    ("overview.count.filed", "unknown field 'count'; known: by_channel, "),
    ("overview..counts", "is not a path"),
    ("overview.rates.closure_in_time", "unknown indicator 'closure_in_time'; known: acceptance_on_time, "),
    ("overview.rates.closure_on_time.percentage", "unknown field 'percentage'; known: denominator, "),
    ("timeliness[clousure].due", "unknown clock 'clousure'; known: acceptance, "),
    ("teams[fire].name", "unknown team 'fire'; known: "),
    ("overview.counts.closure.ontime", "unknown count 'closure.ontime'; known: "),
    ("teams[urban].counts.filed", "unknown count 'filed'"),
    ("teams[urban].counts.level.1", "unknown count 'level.1'"),
    ("teams[urban].rates.repeat_rate", "unknown indicator 'repeat_rate'"),
    ("trend[2026-10].rates.solved_rate", "unknown drawn"),
    ("overview.by_result[solvd].n", "unknown result 'solvd'"),
    ("breaches.clocks[closure].causes[sleep].n", "unknown cause 'sleep'"),
    ("unit.counts.dispatched", "only a form whose scope is team has a `unit`"),
    ("hot.most", "only a list of counted names has a `most`"),
    ("teams[.code].name", "asks for a text of the row"),
    ("overview[filed]", "has no entries to choose from"),
    ("overview.counts.filed + overview.rates.solved_rate", "only counts can be added"),
    ("overview.rates.solved_rate + overview.rates.return_rate", "only counts can be added"),
]


@pytest.mark.parametrize(("text", "message"), MISTAKES, ids=[text for text, _ in MISTAKES])
def test_a_path_that_leads_nowhere_says_why(text: str, message: str) -> None:
    with pytest.raises(PathError) as caught:
        compile_value(text, Scope(None, False, NAMES))
    assert message in str(caught.value)


def test_every_field_of_the_figures_can_be_walked_to() -> None:
    walked = set[Any]()

    def walk(node: Node) -> None:
        if node.kind in ("struct", "list") and node.model not in walked:
            walked.add(node.model)
            for child in fields_of(node.model).values():
                walk(child)

    walk(Node("struct", Figures))
    assert {model.__name__ for model in walked} >= {"Group", "HotItem", "Overdue", "Cause", "Named", "Stage", "Point"}
    assert all(issubclass(model, msgspec.Struct) for model in walked)


# --- conditions -----------------------------------------------------------------------------------------------------

CONDITIONS = [
    ("", True),
    ("overview.counts.filed > 0", True),
    ("overview.counts.filed > 100000", False),
    ("overview.counts.filed = 400 and overview.counts.closed < 400", True),
    ("overview.counts.filed = 400 and overview.counts.closed > 400", False),
    ("overview.rates.closure_on_time >= 0.01", True),
    ("overview.rates.closure_on_time < overview.rates.closure_on_time", False),
    ("overview.mom.filed = 0", True),
    ("overview.yoy.filed > 0", False),
    ("overview.yoy.filed <= 0", False),
    ("timeliness[closure].raw.median < 9000", True),
    ("ranking.kpi = 'closure_on_time'", True),
    ("ranking.kpi != 'closure_on_time'", False),
    ("timeliness[nothing].due > 0", False),
    ("overview.mom.closure_on_time > -100", True),
]


@pytest.mark.parametrize(("text", "true"), CONDITIONS, ids=[text for text, _ in CONDITIONS])
def test_a_condition_holds_or_not(text: str, *, true: bool) -> None:
    assert holds(compile_condition(text, WHOLE), VIEW) is true


def test_a_row_is_in_a_list_or_not() -> None:
    for row in entries(look_up(compile_path("ranking.rows", row=None, team=False), VIEW) or row_of("teams", 0)):
        inside = holds(compile_condition("code in ranking.red", Scope(row.node, False, None)), VIEW, row)
        outside = holds(compile_condition("code not in ranking.red", Scope(row.node, False, None)), VIEW, row)
        assert inside is (row.value.code in MONTH.ranking.red)
        assert outside is not inside


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("overview.counts.filed", "is not a comparison"),
        ("overview.counts.filed > 'many'", "a count cannot be compared with a text"),
        ("overview.rates.solved_rate > city", "a rate cannot be compared with a text"),
        ("overview > 3", "a group of figures cannot be compared with a number"),
        ("city > 'a'", "texts are equal or not"),
        ("city in teams", "asks whether a text is in a list of texts"),
        ("overview.counts.filed in ranking.red", "asks whether a text is in a list of texts"),
    ],
)
def test_a_comparison_of_unlike_things_says_why(text: str, message: str) -> None:
    with pytest.raises(PathError) as caught:
        compile_condition(text, Scope(None, False, NAMES))
    assert message in str(caught.value)


# --- withheld -------------------------------------------------------------------------------------------------------


def hidden_view() -> View:
    counts = {**COUNTS, "rework": WITHHELD, "closure.late": WITHHELD}
    rates = {**MONTH.overview.rates, "solved_rate": kpi.Rate(Decimal(WITHHELD), WITHHELD, None)}
    return VIEW._replace(
        figures=replace(MONTH, overview=replace(MONTH.overview, counts=counts, rates=rates)), unit=None
    )


@pytest.mark.parametrize("text", ["overview.counts.closure.judged", "overview.counts.rework + overview.counts.filed"])
def test_a_sum_with_a_withheld_count_is_withheld(text: str) -> None:
    assert found(text, hidden_view()) == WITHHELD


@pytest.mark.parametrize(
    ("text", "true"),
    [
        ("overview.counts.rework > 0", True),
        ("overview.counts.rework != 0", True),
        ("overview.counts.rework > 1", False),
        ("overview.counts.rework < 3", False),
        ("overview.counts.rework = 0", False),
        ("overview.rates.solved_rate > 0", False),
        ("overview.rates.solved_rate >= 0", False),
    ],
)
def test_of_a_withheld_count_is_known_only_that_it_is_not_nothing(text: str, *, true: bool) -> None:
    assert holds(compile_condition(text, WHOLE), hidden_view()) is true


# --- the petitions behind -------------------------------------------------------------------------------------------

BEHIND = [
    ("overview.counts.filed", Behind("all", "", ("filed",))),
    ("overview.counts.closure.judged", Behind("all", "", JUDGED)),
    ("overview.rates.closure_on_time", Behind("all", "", JUDGED, ("closure.on_time",))),
    ("unit.counts.dispatched", Behind("team", "urban", ("dispatched",))),
    ("teams[urban].rates.return_rate", Behind("team", "urban", ("dispatched",), ("returned",))),
    ("communities[甲社区].counts.filed", Behind("community", "甲社区", ("filed",))),
    ("timeliness[closure].on_time", Behind("all", "", JUDGED, ("closure.on_time",))),
    ("timeliness[closure].verdicts.late", Behind("all", "", ("closure.late",))),
    ("ranking.rows[urban].rate", Behind("team", "urban", JUDGED, ("closure.on_time",))),
    ("hot[noise].n", Behind("category", "noise", ("filed",))),
    ("overview.by_source[qr].n", Behind("source", "qr", ("filed",))),
    ("overview.by_channel[web].n", Behind("all", "", ("channel.web",))),
    ("overview.by_channel[web].share", Behind("all", "", ("channel.phone", "channel.web"), ("channel.web",))),
    ("overview.open_at_end", Behind("all", "", ("open_at_end",))),
    ("overview.open_by_state[on_hold].n", Behind("all", "", ("open_at_end.on_hold",))),
    ("breaches.clocks[closure].missed", Behind("all", "", ("missed.closure",))),
    ("breaches.clocks[closure].causes[field].n", Behind("all", "", ("cause.closure.field",))),
    ("breaches.clocks[closure].by_team[urban].field", Behind("team", "urban", ("cause.closure.field",))),
    ("breaches.levels.1", Behind("all", "", ("level.1",))),
    ("breaches.levels_by_clock[closure].1", Behind("all", "", ("level.closure.1",))),
    ("satisfaction.dissatisfied", Behind("all", "", ("rated.dissatisfied",))),
    ("overview.mom.filed", None),
    ("overview.daily", None),
    ("timeliness[closure].raw.median", None),
    ("city", None),
]


@pytest.mark.parametrize(("text", "made_of"), BEHIND, ids=[text for text, _ in BEHIND])
def test_a_figure_knows_the_petitions_it_is_made_of(text: str, made_of: Behind | None) -> None:
    place = evaluate(compile_value(text, Scope(None, True, None)), VIEW)
    assert place is not None
    got = behind(place, MONTH, indicators(MONTH))
    if got and made_of:
        got, made_of = (
            replace(got, names=tuple(sorted(got.names))),
            replace(made_of, names=tuple(sorted(made_of.names))),
        )
    assert got == made_of


def test_the_names_of_a_rate_are_those_of_its_formula() -> None:
    place = evaluate(compile_value("overview.rates.satisfaction", WHOLE), VIEW)
    indicator = next(k for k in kpi_table.kpis(()) if k.key == "satisfaction")
    assert place is not None
    assert behind(place, MONTH, indicators(MONTH)) == Behind("all", "", indicator.denominator, indicator.numerator)
