"""What the public may see, tried by somebody who wants to see more."""

from __future__ import annotations

import re
from functools import cache

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.a_month import a_month
from tests.core.an_attack import leaves, true_equations, worked_out
from xixi_workflow.core.figures import WITHHELD, Figures, canonical, read
from xixi_workflow.core.kpi import Change
from xixi_workflow.core.kpi_table import MISSED
from xixi_workflow.core.public import hide
from xixi_workflow.core.publishable import cut

#: Months from one in which nothing happened to one of a real sub-district.
SIZES = st.sampled_from([0, 1, 2, 3, 5, 8, 15, 30, 60, 120, 250, 1000])
SEEDS = st.integers(0, 3)


@cache
def counted_and_public(n: int, seed: int) -> tuple[Figures, Figures]:
    """What the public is told at all, and what of it is left. Made once: to build such a month takes longer than to
    look at it.
    """
    figures = a_month(n, seed)
    return cut(figures), hide(figures)


@settings(max_examples=5, deadline=None)
@given(n=SIZES, seed=SEEDS)
def test_nobody_can_work_out_what_is_withheld(n: int, seed: int) -> None:
    figures, public = counted_and_public(n, seed)
    counted = leaves(figures)
    withheld = {path for path, m in leaves(public).items() if m == WITHHELD and counted[path]}
    # A withheld rate has two parts of which one may be printed elsewhere: that is no secret, unless it is a small one.
    secret = {path for path in withheld if not re.search("/(numerator|denominator)$", path) or 0 < counted[path] < 3}
    assert not secret & worked_out(true_equations(figures), public)


@settings(max_examples=6, deadline=None)
@given(n=SIZES, seed=SEEDS)
def test_no_count_of_one_or_two_is_left_anywhere(n: int, seed: int) -> None:
    few = {
        path: m
        for path, m in leaves(counted_and_public(n, seed)[1]).items()
        if 0 < m < 3 and "/rates/satisfaction/" not in path
    }
    assert not {path: m for path, m in few.items() if not path.endswith("weighted/numerator")}


@settings(max_examples=6, deadline=None)
@given(n=SIZES, seed=SEEDS)
def test_whatever_is_shown_is_what_was_counted(n: int, seed: int) -> None:
    counted, shown = (leaves(figures) for figures in counted_and_public(n, seed))
    assert {path for path, m in shown.items() if m not in (WITHHELD, counted.get(path))} <= _ranked(shown)
    assert all(shown[path] == 0 for path, m in counted.items() if m == 0 and path in shown and "ator" not in path)


def _ranked(shown: dict[str, float]) -> set[str]:
    return {path for path in shown if path.startswith("/ranking/")}


@settings(max_examples=6, deadline=None)
@given(n=SIZES, seed=SEEDS)
def test_to_hide_twice_hides_no_more(n: int, seed: int) -> None:
    _, once = counted_and_public(n, seed)
    assert hide(once) == once
    assert read(canonical(once)) == once


@settings(max_examples=6, deadline=None)
@given(n=SIZES, seed=SEEDS)
def test_a_rate_of_all_but_one_or_two_is_withheld(n: int, seed: int) -> None:
    _, public = counted_and_public(n, seed)
    groups = [*public.teams, *public.categories, *public.communities, *public.sources]
    for rates in (public.overview.rates, *(group.rates for group in groups)):
        for key, rate in rates.items():
            if rate.denominator > 0 and key != "satisfaction":
                assert not 0 < rate.numerator < 3
                assert not 0 < rate.denominator - rate.numerator < 3


def test_a_big_month_keeps_all_but_the_odd_hour() -> None:
    figures = a_month(6000)
    counted, shown = leaves(cut(figures)), leaves(hide(figures))
    gone = {path for path, n in shown.items() if n == WITHHELD and counted[path] != WITHHELD}
    assert {path.split("/")[1] for path in gone if "week" not in path} <= set()
    assert len(gone) < len(counted) / 20


@pytest.mark.parametrize("n", [600, 1500, 3000])
@pytest.mark.parametrize("seed", range(3))
def test_a_month_of_a_sub_district_keeps_its_headlines(n: int, seed: int) -> None:
    public = counted_and_public(n, seed)[1]
    assert public.overview.counts["filed"] == n
    kept = {key for key, rate in public.overview.rates.items() if rate.percent is not None}
    assert kept >= {"response_on_time", "interim_on_time", "closure_on_time", "satisfaction"}


def test_the_public_is_not_told_where_each_team_lost_time_nor_how_each_category_went() -> None:
    figures, public = a_month(250), hide(a_month(250))
    assert any(cause.by_team for cause in figures.breaches.clocks)
    assert figures.breaches.levels
    assert {(bool(c.by_team), bool(c.causes)) for c in public.breaches.clocks} == {(False, False)}
    assert (public.breaches.overdue, public.breaches.levels, public.breaches.missed) == ([], {}, WITHHELD)
    assert {name for category in public.categories for name in category.counts} == {"filed"}
    assert {item.petitioners for item in public.hot} <= {WITHHELD}
    whole = {g.code: sum(g.counts.get(f"closure.{v}", 0) for v in MISSED) for g in figures.sources}
    told = {g.code: g.counts.get("closure.late", 0) for g in public.sources}
    assert all(n in (whole[code], WITHHELD) for code, n in told.items())


def test_what_is_withheld_takes_its_company_along() -> None:
    figures, public = a_month(40, 7), hide(a_month(40, 7))
    for then, now in zip(figures.teams, public.teams, strict=True):
        for key, rate in now.rates.items():
            if rate.denominator == WITHHELD:
                assert rate.percent is None
                assert now.mom.get(key, Change()) == Change()
                assert then.rates[key].percent is not None
    gone = [row for row in public.ranking.rows if row.rate.denominator == WITHHELD]
    assert gone
    assert {(row.rank, row.before, row.score) for row in gone} == {(None, None, None)}
    assert not {row.code for row in gone} & {*public.ranking.red, *public.ranking.black}
    assert [row.rank is None for row in public.ranking.rows] == sorted(row.rank is None for row in public.ranking.rows)


def test_the_ranks_that_are_shown_have_no_gap_where_a_rate_is_withheld() -> None:
    for seed in range(3):
        ranks = [row.rank for row in hide(a_month(150, seed)).ranking.rows if row.rank is not None]
        assert ranks[:1] in ([], [1])
        assert all(after <= place for place, after in enumerate(ranks, start=1))


@pytest.mark.parametrize(("now", "before"), [(3, 2), (30, 31), (1, 30), (40, 1)])
def test_a_change_never_gives_the_earlier_or_the_later_count_away(now: int, before: int) -> None:
    public = hide(a_month(now, 5, before))
    last, this = public.trend[-2], public.trend[-1]
    change = public.overview.mom["filed"]
    assert (last.filed == WITHHELD) == (before < 3)
    assert (this.filed == WITHHELD) >= (now < 3)
    assert (change == Change()) == (WITHHELD in (last.filed, this.filed))


def test_no_number_of_a_petition_is_public() -> None:
    assert hide(a_month(50)).breaches.overdue == []


def test_the_public_are_told_what_the_star_means() -> None:
    zh, en = hide(a_month(9)).remarks[-1]
    assert "＊" in zh
    assert "below 3" in en


def test_the_bound_is_the_policys() -> None:
    shown = leaves(hide(a_month(900), below=6))
    few = {path for path, n in shown.items() if 0 < n < 6}
    assert not {path for path in few if "satisfaction/numerator" not in path and "weighted/num" not in path}


def test_a_withheld_rate_is_written_as_the_contract_says() -> None:
    written = msgspec.json.decode(canonical(hide(a_month(2))))
    rates = written["overview"]["rates"].values()
    assert {"numerator": -1, "denominator": -1, "percent": None} in list(rates)
