"""From the store's counts to a month's figures: every sum and every rate is made here."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final, NamedTuple

from xixi_workflow.core import kpi, kpi_table, periods
from xixi_workflow.core.figures import (
    FORMAT,
    Breaches,
    Cause,
    ClockFigures,
    Definition,
    Figures,
    Group,
    HotItem,
    Named,
    Overdue,
    Overview,
    Point,
    Ranking,
    RankRow,
    Satisfaction,
    Stage,
)
from xixi_workflow.core.figures_count import DIMENSIONS, Grouped, group
from xixi_workflow.core.figures_remarks import remarks
from xixi_workflow.core.kpi import Change, Counts, Kpi, Rate
from xixi_workflow.core.kpi_causes import CAUSES
from xixi_workflow.core.kpi_table import JUDGED, RATINGS, VERDICTS, counts_in
from xixi_workflow.core.lifecycle import STATES
from xixi_workflow.core.policy import Policy
from xixi_workflow.core.tally import Tally

#: How many items and communities of each the hot list names.
_HOT, _PLACES = 10, 3
#: Periods of the trend, this one included.
TREND: Final = 13
#: Indicators of which a trend is drawn.
DRAWN: Final = ("response_on_time", "interim_on_time", "closure_on_time", "satisfaction", "rework_rate", "return_rate")
_URGENCIES: Final = {"normal": ("一般", "Normal"), "urgent": ("紧急", "Urgent"), "emergency": ("特急", "Emergency")}

Names = Callable[[str], tuple[str, str]]


class Asked(NamedTuple):
    """What was asked: the period, its span, and until when what happened is taken into account."""

    period: str
    span: tuple[datetime, datetime]
    cut_off: datetime


def build(tally: Tally, asked: Asked, policy: Policy, past: Mapping[str, Figures]) -> Figures:
    """The figures of a period. `past` holds those of earlier periods that are known, by their names."""
    return _Build(tally, asked, policy, past).all()


class _Build:
    def __init__(self, tally: Tally, asked: Asked, policy: Policy, past: Mapping[str, Figures]) -> None:
        self.tally, self.asked, self.policy, self.past = tally, asked, policy, past
        self.rules = policy.main.report
        self.kind = periods.kind_of(asked.period)
        self.zone = policy.zone
        self.weight = Decimal(str(policy.main.fairly_satisfied_weight))
        self.before = past.get(periods.earlier(asked.period, 1))
        self.last_year = past.get(periods.year_before(asked.period))
        shapes = {name: plan.shape for name, plan in policy.clocks.items()}
        # A stored policy has its clocks in no order: the shortest promise first.
        order = sorted(policy.clocks, key=lambda name: (policy.clocks[name].limit, name))
        #: Every clock of the policy, then those that only older policies had.
        self.clocks = [*order, *sorted({cell.clock for cell in tally.verdicts} - {*order})]
        self.clock_names = {n: (shapes[n].zh, shapes[n].en) if n in shapes else (n, n) for n in self.clocks}
        self.lapsing = {name for name, plan in policy.clocks.items() if plan.lapses}
        promises = (name for name in self.clocks if name not in self.lapsing)
        self.kpis = kpi_table.kpis((name, *self.clock_names[name]) for name in promises)
        self.by_key = {k.key: k for k in self.kpis}
        # A policy without one of the clocks has no such indicator: only what it names itself was checked.
        self.weights = {key: Decimal(str(n)) for key, n in self.rules.score.items() if key in self.by_key}
        self.counted: dict[str, Grouped] = {}

    def all(self) -> Figures:
        group_of = {c.code: c.group for c in self.policy.categories.values()}
        self.counted = group(self.tally, group_of)
        whole = self.counted["all"].counts.get("", {})
        rates = self._rates(self.kpis, whole)
        categories = self._groups("category", self._category, parent=group_of)
        teams = self._groups("team", self._team)
        main = self.policy.main
        return Figures(
            FORMAT,
            self.asked.period,
            main.zone,
            *self.asked.span,
            self.asked.cut_off,
            main.city.zh,
            main.city.en,
            self.policy.digest,
            self._overview(whole, rates),
            [self._clock(name) for name in self.clocks],
            teams,
            self._groups("community", self._community),
            categories,
            self._groups("group", self._category_group),
            self._groups("source", self._source),
            self._ranking(teams),
            self._hot(categories),
            self._breaches(),
            self._satisfaction(whole, rates),
            self._stages(),
            self._trend(whole, rates),
            [
                Definition(k.key, k.zh, k.en, k.says_zh, k.says_en, *counts_in(k, self.kind), k.more_is_better)
                for k in self.kpis
            ],
            remarks(self.policy, self.kind, self.by_key, self.weights),
        )

    # --- parts ------------------------------------------------------------------------------------------------------

    def _rates(self, kpis: Iterable[Kpi], counts: Counts) -> dict[str, Rate]:
        return {k.key: kpi.evaluate(k, counts, self.weight) for k in kpis}

    def _overview(self, whole: Counts, rates: dict[str, Rate]) -> Overview:
        t = self.tally
        filed, closed = whole.get("filed", 0), whole.get("closed", 0)
        states: Names = lambda code: STATES[code]  # type: ignore[index]  # noqa: E731
        reasons, results = self.policy.main.return_reasons, self.policy.main.results
        natures = self.policy.routing_words.natures

        def moved(past: Figures | None) -> dict[str, Change]:
            then = past.overview if past else None
            changes = {key: kpi.rates_differ(r, then.rates.get(key) if then else None) for key, r in rates.items()}
            for name, n in (("filed", filed), ("closed", closed)):
                changes[name] = kpi.counts_differ(n, then.counts.get(name, 0) if then else None)
            return changes

        return Overview(
            whole,
            rates,
            moved(self.before),
            moved(self.last_year),
            kpi.quotient(filed, periods.days(self.asked.period)),
            sum(t.open_at_start.values()),
            sum(t.open_at_end.values()),
            named(t.open_at_end, states, list(STATES)),
            named(_sums((c.source, c.n) for c in t.filed), self._source),
            named(_sums((c.channel, c.n) for c in t.filed), self._as_is),
            named(_sums((c.nature, c.n) for c in t.filed), lambda code: _names(natures, code)),
            named(_sums((c.urgency, c.n) for c in t.filed), lambda c: _URGENCIES.get(c, (c, c)), list(_URGENCIES)),
            named(_part(whole, "resolved."), lambda code: _names(results, code)),
            named(_part(whole, "returned."), lambda code: _names(reasons, code)),
            periods.week(t.filed_slots, self.zone),
        )

    def _clock(self, name: str) -> ClockFigures:
        counts = {v: self.counted["all"].counts.get("", {}).get(f"{name}.{v}", 0) for v in VERDICTS}
        plan = self.policy.clocks.get(name)
        hours = [c for c in self.tally.hours if c.clock == name and c.verdict in JUDGED]
        raw, net = self.counted["all"].raw["", name], self.counted["all"].net["", name]
        return ClockFigures(
            name,
            *self.clock_names[name],
            int(plan.limit) if plan else 0,
            sum(counts.values()),
            counts,
            kpi.rate(0, 0) if name in self.lapsing else kpi.rate(counts["on_time"], sum(counts[v] for v in JUDGED)),
            kpi.spans(raw),
            kpi.spans(net),
            periods.week(((c.slot, c.n) for c in hours), self.zone),
            periods.week(((c.slot, c.n) for c in hours if c.verdict == "on_time"), self.zone),
        )

    def _groups(self, kind: str, names: Names, parent: Mapping[str, str] | None = None) -> list[Group]:
        found = self.counted[kind]
        told = [k for k in self.kpis if kind in told_by(k)]

        def then(past: Figures | None, code: str) -> dict[str, Rate]:
            groups: list[Group] = getattr(past, DIMENSIONS[kind]) if past else []
            return next((g.rates for g in groups if g.code == code), {})

        made = []
        for code in sorted(found.counts, key=lambda c: (c == "", c)):
            counts = dict(sorted(found.counts[code].items()))
            rates = self._rates(told, counts)
            spans = {clock: kpi.spans(found.raw[code, clock]) for clock in self.clocks if (code, clock) in found.raw}
            mom, yoy = (
                {key: kpi.rates_differ(r, then(past, code).get(key)) for key, r in rates.items()} if past else {}
                for past in (self.before, self.last_year)
            )
            zh, en = names(code)
            homes = self._households(code) if kind == "community" else None
            made.append(
                Group(
                    code, zh, en, counts, rates, spans, mom, yoy, (parent or {}).get(code, ""),
                    self._score(rates) if kind == "team" and code else None,
                    homes, kpi.quotient(counts.get("filed", 0) * 1000, homes) if homes else None,
                )
            )  # fmt: skip
        return made

    def _score(self, rates: Mapping[str, Rate]) -> Decimal | None:
        return kpi.score(rates, self.weights, {key: self.by_key[key].more_is_better is not False for key in rates})

    def _households(self, name: str) -> int | None:
        community = self.policy.communities.get(name)
        return community.households if community else None

    def _ranking(self, teams: list[Group]) -> Ranking:
        by, minimum = self.rules.ranked_by, self.rules.ranking_minimum
        more = by not in self.by_key or self.by_key[by].more_is_better is not False
        rates = {team.code: team.rates[by] for team in teams if team.code and by in team.rates}
        scores = {team.code: team.score for team in teams}
        ranked = kpi.ranking(rates, minimum=minimum, more_is_better=more)
        red, black = kpi.red_and_black(ranked, rates, most=self.rules.red_and_black, more_is_better=more)
        # Ranks by something else are no ranks to compare with.
        then = self.before.ranking if self.before else None
        before = {row.code: row.rank for row in then.rows} if then and then.kpi == by else {}
        rows = [
            RankRow(r.code, *self._team(r.code), r.rank, r.tied, rates[r.code], before.get(r.code), scores[r.code])
            for r in ranked
        ]
        return Ranking(by, minimum, rows, red, black)

    def _hot(self, categories: list[Group]) -> list[HotItem]:
        filed = sum(c.n for c in self.tally.repeats)
        people = _sums((c.category, c.petitioners) for c in self.tally.repeats)
        items = sorted((g for g in categories if g.counts.get("filed")), key=lambda g: (-g.counts["filed"], g.code))

        def then(past: Figures | None, code: str) -> int | None:
            if past is None:
                return None
            return next((g.counts.get("filed", 0) for g in past.categories if g.code == code), 0)

        return [
            HotItem(
                g.code,
                g.zh,
                g.en,
                n := g.counts["filed"],
                kpi.rate(n, filed),
                people.get(g.code, 0),
                g.counts.get("repeat", 0),
                kpi.counts_differ(n, then(self.before, g.code)),
                kpi.counts_differ(n, then(self.last_year, g.code)),
                named(_sums((c.community, c.n) for c in self.tally.repeats if c.category == g.code), self._community)[
                    :_PLACES
                ],
            )
            for g in items[:_HOT]
        ]

    def _breaches(self) -> Breaches:
        t = self.tally
        clocks = []
        for name in self.clocks:
            of = [c for c in t.causes if c.clock == name]
            by_team: dict[str, Counts] = {}
            for cell in of:
                kpi.add(by_team, cell.team, cell.cause, cell.n)
            causes = {**dict.fromkeys(CAUSES, 0), **_sums((c.cause, c.n) for c in of)}
            if of:
                missed = sum(causes.values())
                clocks.append(Cause(name, missed, named(causes, lambda c: CAUSES[c], list(CAUSES)), by_team))
        rings = [e for e in t.events if e.event in ("breached", "escalated") and not e.excluded]
        by_clock: dict[str, Counts] = {}
        for ring in rings:
            kpi.add(by_clock, ring.detail, str(ring.level), ring.n)
        end = self.asked.cut_off
        overdue = [
            Overdue(
                str(m.petition_id), m.clock, m.key, m.round, m.team, m.category, m.community, m.verdict, m.due_at,
                m.settled_at, ((m.settled_at or end) - m.due_at) // timedelta(seconds=1), m.cause, m.level,
            )
            for m in t.misses
        ]  # fmt: skip
        return Breaches(clocks, kpi.total(by_clock.values()), by_clock, overdue, sum(c.missed for c in clocks))

    def _satisfaction(self, whole: Counts, rates: dict[str, Rate]) -> Satisfaction:
        satisfied, fairly, dissatisfied = (whole.get(f"rated.{rating}", 0) for rating in RATINGS)
        silent = whole.get("not_rated", 0)
        return Satisfaction(
            satisfied,
            fairly,
            dissatisfied,
            silent,
            whole.get("not_asked", 0),
            satisfied + fairly + dissatisfied + silent,
            self.weight,
            rates["satisfaction"],
            rates["satisfaction_plain"],
            rates["dissatisfaction"],
            rates["dissatisfaction_of_on_time"],
        )

    def _stages(self) -> list[Stage]:
        raw: dict[str, Counter[int]] = defaultdict(Counter)
        net: dict[str, Counter[int]] = defaultdict(Counter)
        for cell in self.tally.stages:
            raw[cell.state][cell.seconds] += cell.n
            net[cell.state][cell.net] += cell.n
        return [
            Stage(state, *names, kpi.spans(raw[state]), _seconds(net[state]), kpi.spans(net[state]))
            for state, names in STATES.items()
            if state in raw
        ]

    def _trend(self, whole: Counts, rates: dict[str, Rate]) -> list[Point]:
        points = []
        for by in range(TREND - 1, 0, -1):
            period = periods.earlier(self.asked.period, by)
            then = self.past.get(period)
            if then is None:
                points.append(Point(period, None, None, {}))
            else:
                points.append(_point(period, then.overview.counts, then.overview.rates))
        return [*points, _point(self.asked.period, whole, rates)]

    # --- names ------------------------------------------------------------------------------------------------------

    def _as_is(self, code: str) -> tuple[str, str]:
        return (code, code) if code else ("未填写", "not stated")

    def _community(self, code: str) -> tuple[str, str]:
        community = self.policy.communities.get(code)
        return (code, community.en) if community and community.en else self._as_is(code)

    def _team(self, code: str) -> tuple[str, str]:
        return _names(self.policy.teams, code, ("未派单", "nobody yet"))

    def _category(self, code: str) -> tuple[str, str]:
        return _names(self.policy.categories, code, ("未分类", "not routed"))

    def _category_group(self, code: str) -> tuple[str, str]:
        return _names(self.policy.routing_words.groups, code, ("未分类", "not routed"))

    def _source(self, code: str) -> tuple[str, str]:
        return _names(self.policy.sources.sources, code)


def told_by(indicator: Kpi) -> tuple[str, ...]:
    """The kinds of groups that tell `indicator` apart."""
    return tuple(DIMENSIONS) if indicator.of_teams else ("category", "group", "community")


def named(counts: Mapping[str, int], names: Names, order: list[str] | None = None) -> list[Named]:
    """Counts with their names and shares: in `order`, or the most first, equals in the order of their codes."""
    whole = sum(counts.values())
    if order is None:
        order = sorted(counts, key=lambda code: (-counts[code], code))
    return [Named(code, *names(code), counts[code], kpi.rate(counts[code], whole)) for code in order if code in counts]


def _point(period: str, counts: Counts, rates: Mapping[str, Rate]) -> Point:
    drawn = {key: rates[key] for key in DRAWN if key in rates}
    return Point(period, counts.get("filed", 0), counts.get("closed", 0), drawn)


def _names(known: Mapping[str, object], code: str, none: tuple[str, str] = ("未填写", "not stated")) -> tuple[str, str]:
    one = known.get(code)
    if one is None:
        return (code, code) if code else none
    return str(getattr(one, "zh", code)), str(getattr(one, "en", code))


def _seconds(histogram: Mapping[int, int]) -> int:
    return sum(seconds * n for seconds, n in histogram.items())


def _sums(pairs: Iterable[tuple[str, int]]) -> Counts:
    found: Counts = {}
    for code, n in pairs:
        found[code] = found.get(code, 0) + n
    return found


def _part(counts: Counts, prefix: str) -> Counts:
    return {name.removeprefix(prefix): n for name, n in counts.items() if name.startswith(prefix)}
