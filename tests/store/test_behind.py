"""Every figure is the petitions that it leads to, on both databases."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import timedelta
from decimal import Decimal
from typing import get_args

import pytest

from tests.store.random_month import JULY, live_a_month, pages
from xixi_workflow.core.behind import Behind, Fact, GroupKind, halves, select, tells
from xixi_workflow.core.figures import Figures, Named
from xixi_workflow.core.figures_count import DIMENSIONS
from xixi_workflow.core.kpi import Kpi
from xixi_workflow.core.kpi_table import MISSED, kpis
from xixi_workflow.core.lifecycle import STATES
from xixi_workflow.engine.figures import behind, count

SEEDS = (1, 3)


def sums(facts: list[Fact], figures: Figures) -> dict[tuple[str, str], Counter[str]]:
    """The facts of every group by name."""
    parent = parents(figures)
    found: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for fact in facts:
        group = None if fact.category is None else parent.get(fact.category, "")
        for kind in get_args(GroupKind):
            code = "" if kind == "all" else group if kind == "group" else getattr(fact, kind)
            if code is not None:
                found[kind, code][fact.name] += fact.n
    return found


def parents(figures: Figures) -> dict[str, str]:
    return {category.code: category.parent for category in figures.categories}


def coded(prefix: str, named: list[Named]) -> dict[str, int]:
    return {f"{prefix}.{one.code}": one.n for one in named if one.n}


def starting(prefix: str, counts: Counter[str]) -> dict[str, int]:
    return {name: n for name, n in counts.items() if name.startswith(f"{prefix}.")}


@pytest.mark.parametrize("seed", SEEDS)
def test_the_petitions_behind_every_count_add_up_to_it(database_url: str, seed: int) -> None:
    engine = live_a_month(database_url, seed)
    for period, cut_off in (("2026-06", None), ("2026-06", JULY + timedelta(days=2)), ("2026-W27", None)):
        figures, facts = count(engine, period, cut_off=cut_off), behind(engine, period, cut_off=cut_off)
        found = sums(facts, figures)
        of_tables = {("all", ""): figures.overview.counts} | {
            (kind, group.code): group.counts for kind in DIMENSIONS for group in getattr(figures, DIMENSIONS[kind])
        }
        own = ("channel", "nature", "urgency", "open_at_start", "open_at_end", "missed", "cause")
        for key in {*of_tables, *found}:
            counted = {
                name: n
                for name, n in found[key].items()
                if name.partition(".")[0] not in own and not (name.startswith("level.") and name.count(".") == 2)
            }
            assert counted == of_tables.get(key, {}), key
        overview, whole = figures.overview, found["all", ""]
        assert starting("channel", whole) == coded("channel", overview.by_channel)
        assert starting("nature", whole) == coded("nature", overview.by_nature)
        assert starting("urgency", whole) == coded("urgency", overview.by_urgency)
        assert starting("open_at_end", whole) == coded("open_at_end", overview.open_by_state)
        assert (whole["open_at_start"], whole["open_at_end"]) == (overview.open_at_start, overview.open_at_end)
        missed: Counter[str] = Counter()
        for (kind, _), counts in found.items():
            for name, n in counts.items():
                if name.startswith("missed."):
                    assert n == sum(counts[f"{name[7:]}.{verdict}"] for verdict in MISSED)
                    missed[name] += n if kind == "all" else 0
        assert +missed == {f"missed.{cause.clock}": cause.missed for cause in figures.breaches.clocks}
        for cause in figures.breaches.clocks:
            assert starting(f"cause.{cause.clock}", whole) == coded(f"cause.{cause.clock}", cause.causes)
            for team, causes in cause.by_team.items():
                of_team = starting(f"cause.{cause.clock}", found["team", team])
                assert of_team == {f"cause.{cause.clock}.{why}": n for why, n in causes.items()}
        for clock, levels in figures.breaches.levels_by_clock.items():
            assert starting(f"level.{clock}", whole) == {f"level.{clock}.{level}": n for level, n in levels.items()}
    engine.store.close()


def test_the_petitions_of_a_group_are_those_whose_pages_say_so(database_url: str) -> None:
    engine = live_a_month(database_url, 2)
    figures, facts = count(engine, "2026-06"), behind(engine, "2026-06")
    found = {page.petition.id: page for page in pages(engine)}
    parent = parents(figures)
    for community in figures.communities:
        filed = select(facts, Behind("community", community.code, ("filed",)), parent)
        assert len(filed) == community.counts.get("filed", 0)
        assert {found[number].said.community for number in filed} <= {community.code}
    for group in figures.category_groups:
        resolved = select(facts, Behind("group", group.code, ("resolved",)), parent)
        assert len(resolved) == group.counts.get("resolved", 0)
        assert {parent.get(found[number].petition.category, "") for number in resolved} <= {group.code}
    for team in figures.teams:
        of_team = Behind("team", team.code, tuple(f"missed.{clock.clock}" for clock in figures.timeliness))
        missed = select(facts, of_team, parent)
        outcomes = {
            number
            for number, page in found.items()
            if any(o.team == team.code and o.result in MISSED for o in page.outcomes)
        }
        assert set(missed) <= outcomes
    states = {code: [f"open_at_end.{code}"] for code in STATES}
    listed = [n for names in states.values() for n in select(facts, Behind("all", "", tuple(names)), parent)]
    assert sorted(listed) == select(facts, Behind("all", "", ("open_at_end",)), parent)
    assert len({*listed}) == len(listed) == figures.overview.open_at_end
    engine.store.close()


def test_of_too_many_petitions_whatever_tells_is_still_led_back_in_full(database_url: str) -> None:
    engine = live_a_month(database_url, 4)
    every = behind(engine, "2026-06")
    telling = behind(engine, "2026-06", most=10)
    assert telling == [fact for fact in every if tells(fact.name)]
    assert {"returned", "rework", "rated.dissatisfied", "missed.closure"} <= {fact.name for fact in telling}
    assert len({fact.petition for fact in telling}) < len({fact.petition for fact in every})
    assert behind(engine, "2026-06", most=10_000) == every
    engine.store.close()


def weight_of(kpi: Kpi) -> Decimal:
    return Decimal(2 if any(term.startswith("weight*") for term in kpi.numerator) else 1)


@pytest.mark.parametrize("seed", [2])
def test_both_halves_of_every_rate_add_up_to_it(database_url: str, seed: int) -> None:
    engine = live_a_month(database_url, seed)
    figures, facts = count(engine, "2026-06"), behind(engine, "2026-06")
    for kpi in kpis((clock.clock, clock.zh, clock.en) for clock in figures.timeliness if clock.clock != "survey"):
        for kind in ("all", *DIMENSIONS):
            groups = [("", figures.overview.rates)] if kind == "all" else [
                (group.code, group.rates) for group in getattr(figures, DIMENSIONS[kind])
            ]  # fmt: skip
            for code, rates in groups:
                rate = rates.get(kpi.key)
                if rate is None:
                    continue
                found = halves(facts, Behind(kind, code, kpi.denominator, kpi.numerator), parents(figures))  # type: ignore[arg-type]
                whole = len(found.rest) + (len(found.numerator) if found.within else 0)
                assert whole == rate.denominator, (kpi.key, kind, code)
                if weight_of(kpi) == 1:
                    assert len(found.numerator) == rate.numerator, (kpi.key, kind, code)
    engine.store.close()
