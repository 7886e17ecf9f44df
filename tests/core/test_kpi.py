"""The arithmetic of figures, held against numbers that offices have printed."""

from __future__ import annotations

from decimal import Decimal
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xixi_workflow.core import kpi
from xixi_workflow.core.kpi import Change, Counts, Kpi, Ranked, Rate, Spans
from xixi_workflow.core.kpi_table import COUNTS_IN, counts_in, kpis
from xixi_workflow.core.periods import Kind

CLOCKS = [("response", "响应", "Response"), ("closure", "办结", "Closure")]
KPIS: dict[str, Kpi] = {k.key: k for k in kpis(CLOCKS)}
SIX_TENTHS = Decimal("0.6")

#: Xining Chengzhong 2024-06, 670 call-backs.
XINING: Counts = {
    "rated.satisfied": 614,
    "rated.fairly_satisfied": 34,
    "rated.dissatisfied": 22,
    "resolved": 670,
    "resolved.solved": 663,
    "resolved.partly_solved": 7,
}
#: Lianyungang 2017-04 and Tianmen 2016-12: due for closing, closed, closed on time.
LIANYUNGANG: Counts = {"closure.on_time": 22345, "closure.late": 23974 - 22345, "closure.breached": 24932 - 23974}
TIANMEN: Counts = {"closure.on_time": 737, "closure.late": 911 - 737, "closure.breached": 972 - 911}
#: Ningguo 2022-04: of 601 dispatched 597 on time; 8 of 87 answers dissatisfied.
NINGGUO: Counts = {"closure.on_time": 597, "dispatched": 601, "rated.dissatisfied": 8, "rated.satisfied": 79}
NINGGUO_SURVEYED: Counts = {"closure.on_time": 87, "rated.dissatisfied": 8}


@pytest.mark.parametrize(
    ("key", "counts", "made_of", "printed"),
    [
        ("satisfaction", XINING, ("634.4", 670), "94.69"),
        ("satisfaction_plain", XINING, ("648", 670), "96.72"),
        ("solved_rate", XINING, ("663", 670), "98.96"),
        ("contact_rate", XINING, ("670", 670), "100.00"),
        ("close_rate", LIANYUNGANG, ("23974", 24932), "96.16"),
        ("closure_on_time", LIANYUNGANG, ("22345", 24932), "89.62"),
        ("close_rate", TIANMEN, ("911", 972), "93.72"),
        ("closure_on_time", TIANMEN, ("737", 972), "75.82"),
        # Printed as 99 % and 9 %.
        ("closure_of_dispatched", NINGGUO, ("597", 601), "99.33"),
        ("dissatisfaction", NINGGUO, ("8", 87), "9.20"),
        # The same office: of the petitions closed on time, which are what it asked about.
        ("dissatisfaction_of_on_time", NINGGUO_SURVEYED, ("8", 87), "9.20"),
    ],
)
def test_printed_figures_are_reproduced(key: str, counts: Counts, made_of: tuple[str, int], printed: str) -> None:
    assert kpi.evaluate(KPIS[key], counts, SIX_TENTHS) == Rate(Decimal(made_of[0]), made_of[1], Decimal(printed))


def test_a_slip_in_a_printed_notice_is_not_reproduced() -> None:
    """591 of 594 were printed as 99.6 %."""
    assert kpi.rate(591, 594).percent == Decimal("99.49")


@pytest.mark.parametrize(
    ("weight", "printed"), [("0", "91.64"), ("0.5", "94.18"), ("0.6", "94.69"), ("0.8", "95.70"), ("1", "96.72")]
)
def test_the_weight_of_fairly_satisfied_is_the_citys_own(weight: str, printed: str) -> None:
    assert kpi.evaluate(KPIS["satisfaction"], XINING, Decimal(weight)).percent == Decimal(printed)


@pytest.mark.parametrize(
    ("numerator", "denominator", "percent"),
    [
        ("1", 3, "33.33"),
        ("2", 3, "66.67"),
        ("1", 800, "0.13"),  # 0.125: half up, not to the even digit
        ("1", 1600, "0.06"),  # 0.0625
        ("3", 1600, "0.19"),  # 0.1875
        ("0", 5, "0.00"),
        ("5", 5, "100.00"),
        ("99999", 100000, "100.00"),  # printed alike, ranked apart
        ("0", 0, None),
        ("3", 0, None),
    ],
)
def test_rates_are_rounded_half_up_and_none_without_cases(
    numerator: str, denominator: int, percent: str | None
) -> None:
    found = kpi.rate(Decimal(numerator), denominator)
    assert found.percent == (None if percent is None else Decimal(percent))
    assert (found.numerator, found.denominator) == (Decimal(numerator), denominator)


@given(st.integers(0, 10**7), st.integers(1, 10**7))
def test_no_rounding_is_off_by_more_than_half_a_hundredth(numerator: int, denominator: int) -> None:
    percent = kpi.rate(numerator, denominator).percent
    assert percent is not None
    # Exact integers: |percent - true| <= 0.005, and upwards at exactly half.
    off = int(percent * 100) * denominator - numerator * 100 * 100
    assert -denominator < 2 * off <= denominator


@pytest.mark.parametrize("key", KPIS)
def test_an_indicator_without_cases_has_no_percentage(key: str) -> None:
    found = kpi.evaluate(KPIS[key], {}, SIX_TENTHS)
    assert found == Rate(Decimal(0), 0, None)


@pytest.mark.parametrize("key", KPIS)
def test_every_indicator_says_in_both_languages_what_it_is_made_of(key: str) -> None:
    one = KPIS[key]
    assert all((one.zh, one.en, one.numerator, one.denominator))
    assert "/" in one.says_zh
    assert "/" in one.says_en
    assert one.counts_in in COUNTS_IN


@pytest.mark.parametrize(
    ("counts", "key", "percent"),
    [
        # Stopped before due is not judged; excluded and lapsed neither.
        (
            {"closure.on_time": 1, "closure.ended": 5, "closure.excluded": 7, "closure.lapsed": 9},
            "closure_on_time",
            100,
        ),
        ({"closure.unmet": 3, "closure.on_time": 1}, "closure_on_time", 25),
        # Stopped overdue without an answer is due and not closed.
        ({"closure.unmet": 3, "closure.on_time": 1}, "close_rate", 25),
        ({"closure.unmet": 1, "closure.breached": 1, "closure.late": 1, "closure.on_time": 1}, "overdue_rate", 75),
        # Explained, unfounded: neither solved nor unsolved.
        (
            {"resolved": 9, "resolved.solved": 3, "resolved.partly_solved": 1, "resolved.explained": 5},
            "solved_rate",
            75,
        ),
        ({"resolved": 4, "resolved.unreachable": 1, "resolved.solved": 3}, "contact_rate", 75),
        # Who did not answer is not dissatisfied, and not satisfied.
        ({"rated.satisfied": 1, "not_rated": 3, "not_asked": 4}, "satisfaction", 100),
        ({"rated.satisfied": 1, "not_rated": 3, "not_asked": 4}, "effective_survey_rate", 25),
        ({"rated.satisfied": 1, "not_rated": 3, "not_asked": 4}, "survey_rate", 50),
        ({"closed": 9, "closed.closed": 4, "closed.first_time": 3, "closed.merged": 5}, "first_time_fix", 75),
        ({"rework": 1, "resolved": 4}, "rework_rate", 25),
        ({"returned": 1, "dispatched": 4, "return_refused": 1}, "return_rate", 25),
        ({"returned": 4, "return_refused": 1}, "groundless_return_rate", 25),
        ({"dispatched": 8, "returned": 4, "misdispatched": 2, "return_refused": 1}, "misdispatch_rate", 25),
        # What was late or a second time is a contact, and none in time.
        (
            {"dispatched": 4, "contacted": 5, "contacted.in_time": 1, "contacted.late": 2, "contacted.again": 2},
            "first_contact_rate",
            25,
        ),
        ({"filed": 4, "repeat": 1}, "repeat_rate", 25),
    ],
)
def test_what_belongs_to_which_side_of_a_rate(counts: Counts, key: str, percent: int) -> None:
    assert kpi.evaluate(KPIS[key], counts, SIX_TENTHS).percent == percent


@pytest.mark.parametrize(("kind", "zh", "en"), [("month", "当月", "in the month"), ("week", "当周", "in the week")])
def test_a_definition_says_which_period_a_case_counts_in(kind: Kind, zh: str, en: str) -> None:
    for one in KPIS.values():
        said = counts_in(one, kind)
        assert zh in said[0]
        assert en in said[1]


WEIGHTS = {"good": Decimal(3), "bad": Decimal(1)}
BETTER = {"good": True, "bad": False}


@pytest.mark.parametrize(
    ("good", "bad", "points"),
    [
        ((9, 10), (1, 10), "90.00"),
        ((1, 1), (0, 7), "100.00"),
        ((2, 3), (0, 1), "75.00"),  # 66.67, as it is printed: (200.01 + 100) / 4
        # Nobody has less than nothing, however often a thing was done again.
        ((1, 2), (3, 1), "37.50"),
        # Without cases: neither a gain nor a loss.
        ((9, 10), (0, 0), "90.00"),
        ((0, 0), (1, 4), "75.00"),
        ((0, 0), (0, 0), None),
    ],
)
def test_a_score_is_the_mean_of_the_printed_rates_by_weight(
    good: tuple[int, int], bad: tuple[int, int], points: str | None
) -> None:
    rates = {"good": kpi.rate(*good), "bad": kpi.rate(*bad), "other": kpi.rate(0, 9)}
    found = kpi.score(rates, WEIGHTS, {**BETTER, "other": True})
    assert found == (None if points is None else Decimal(points))


@given(
    st.dictionaries(st.sampled_from("abcd"), st.tuples(st.integers(0, 50), st.integers(0, 50))),
    st.dictionaries(st.sampled_from("abcd"), st.decimals("0.1", 100, places=1)),
)
def test_a_score_lies_between_the_worst_and_the_best_of_its_rates(
    cases: dict[str, tuple[int, int]], weights: dict[str, Decimal]
) -> None:
    rates = {key: kpi.rate(min(pair), max(pair)) for key, pair in cases.items()}
    found = kpi.score(rates, weights, dict.fromkeys("abcd", True))
    judged = [percent for key in weights if key in rates and (percent := rates[key].percent) is not None]
    if found is None:
        assert not judged
    else:
        assert min(judged) - Decimal("0.01") <= found <= max(judged) + Decimal("0.01")


def test_rates_differ_in_points_and_counts_in_percent() -> None:
    now, then = kpi.rate(22345, 24932), kpi.rate(737, 972)
    assert kpi.rates_differ(now, then) == Change(points=Decimal("13.80"))
    assert kpi.counts_differ(972, 24932) == Change(by=-23960, percent=Decimal("-96.10"))
    assert kpi.counts_differ(5, 4) == Change(by=1, percent=Decimal("25.00"))
    # Nothing to compare with, and nothing to divide by.
    assert kpi.rates_differ(now, None) == kpi.rates_differ(now, kpi.rate(0, 0)) == kpi.rates_differ(kpi.rate(0, 0), now)
    assert kpi.rates_differ(now, None) == Change() == kpi.counts_differ(3, None)
    assert kpi.counts_differ(3, 0) == Change(by=3, percent=None)


def test_the_difference_is_that_of_the_printed_rates() -> None:
    now, then = kpi.rate(2, 3), kpi.rate(1, 3)
    assert kpi.rates_differ(now, then).points == Decimal("66.67") - Decimal("33.33")


@given(st.lists(st.integers(0, 50), min_size=1))
def test_spans_are_of_the_nearest_rank_and_really_occurred(values: list[int]) -> None:
    histogram = {value: values.count(value) for value in values}
    median, p90 = (sorted(values)[ceil(len(values) * percent / 100) - 1] for percent in (50, 90))
    assert kpi.spans(histogram) == Spans(len(values), median, p90, sum(values) // len(values))
    # A span that was taken away again leaves an empty place behind.
    assert kpi.spans({**histogram, 51: 0, -1: 0}) == kpi.spans(histogram)


def test_no_spans_have_no_median() -> None:
    assert kpi.spans({}) == kpi.spans({7: 0}) == Spans(0, None, None)


RATES = {
    "a": kpi.rate(19, 20),
    "b": kpi.rate(20, 20),
    "c": kpi.rate(190, 200),
    "d": kpi.rate(5, 20),
    "few": kpi.rate(9, 9),
    "none": kpi.rate(0, 0),
}


def test_equals_share_a_rank_and_who_has_too_few_cases_has_none() -> None:
    assert kpi.ranking(RATES, minimum=10) == [
        Ranked("b", 1, 1),
        Ranked("a", 2, 2),
        Ranked("c", 2, 2),
        Ranked("d", 4, 1),
        Ranked("few", None, 0),
        Ranked("none", None, 0),
    ]
    assert kpi.ranking(RATES, minimum=0)[-1] == Ranked("none", None, 0)
    assert [r.code for r in kpi.ranking(RATES, minimum=10, more_is_better=False)][:2] == ["d", "a"]


def test_rates_that_are_printed_alike_are_not_ranked_alike() -> None:
    close = {"x": kpi.rate(99999, 100000), "y": kpi.rate(1000, 1000)}
    assert close["x"].percent == close["y"].percent
    assert [(r.code, r.rank) for r in kpi.ranking(close, minimum=10)] == [("y", 1), ("x", 2)]


@pytest.mark.parametrize(
    ("quotients", "most", "red", "black"),
    [
        ({"a": 20, "b": 19, "c": 18, "d": 17, "e": 16, "f": 15}, 2, ["a", "b"], ["f", "e"]),
        # Who shares the last place is on the list too.
        ({"a": 20, "b": 19, "c": 19, "d": 15, "e": 16, "f": 15}, 2, ["a", "b", "c"], ["f", "d"]),
        ({"a": 20, "b": 18, "c": 15, "d": 15, "e": 15}, 1, ["a"], ["e", "d", "c"]),
        # Nobody is on both; a faultless team is on no black list, one with nothing on time on no red one.
        ({"a": 20, "b": 19}, 3, ["a", "b"], []),
        ({"a": 20, "b": 20, "c": 20, "d": 20}, 1, ["a", "b", "c", "d"], []),
        ({"a": 0, "b": 0}, 1, [], ["b", "a"]),
        ({}, 3, [], []),
        ({"a": 20, "b": 19}, 0, [], []),
    ],
)
def test_red_and_black_lists(quotients: dict[str, int], most: int, red: list[str], black: list[str]) -> None:
    rates = {code: kpi.rate(n, 20) for code, n in quotients.items()}
    assert kpi.red_and_black(kpi.ranking(rates, minimum=1), rates, most=most) == (red, black)


@given(st.dictionaries(st.text("abcdef", min_size=1, max_size=2), st.tuples(st.integers(0, 6), st.integers(0, 6))))
def test_a_ranking_is_in_order_and_forgets_nobody(cases: dict[str, tuple[int, int]]) -> None:
    rates = {code: kpi.rate(min(pair), max(pair)) for code, pair in cases.items()}
    ranked = kpi.ranking(rates, minimum=2)
    assert sorted(r.code for r in ranked) == sorted(rates)
    able = [r for r in ranked if r.rank is not None]
    assert able == ranked[: len(able)]
    for r in able:
        better = [
            o
            for o in able
            if rates[o.code].numerator * rates[r.code].denominator > rates[r.code].numerator * rates[o.code].denominator
        ]
        assert r.rank == len(better) + 1
        assert r.tied == sum(o.rank == r.rank for o in able)
    red, black = kpi.red_and_black(ranked, rates, most=2)
    assert not {*red} & {*black}
