"""The figures that the public may see: what would point at one or two people is withheld.

The rules
---------
* First what the public is not told at all is left out (`publishable`).
* A count of petitions from 1 to `below` - 1 is withheld. A 0 stays: it says of nobody that they asked for anything,
  and a table of a small month without its zeros would say nothing at all.
* A rate is withheld when its numerator, its denominator, or the difference of the two is such a count: 97 of 98 tells
  of the one. With weights the petitions count, not the weighted sum. Spans of as few cases are withheld too.
* As many more numbers are withheld as keep those from being worked out from printed totals (`disclosure`): of what adds
  up to a total the smallest that is not 0, else the total.
* Changes are withheld where a withheld number, of this period or an earlier one, would follow from them.
* Who has a withheld rate is not ranked, and the others are ranked among themselves: a gap between two ranks would pin
  the missing rate down.

Withheld is `figures.WITHHELD` for a count and both parts of a rate; what goes with it is None.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from xixi_workflow.core import kpi, periods
from xixi_workflow.core.disclosure import PART, RATE_ONLY, WHOLE, Var, withheld
from xixi_workflow.core.figures import (
    WITHHELD,
    Breaches,
    Cause,
    ClockFigures,
    Figures,
    Group,
    HotItem,
    Overview,
    Point,
    Ranking,
    Satisfaction,
    Stage,
)
from xixi_workflow.core.figures_count import DIMENSIONS
from xixi_workflow.core.footing import NO_RATE, Footing
from xixi_workflow.core.kpi import Change, Rate
from xixi_workflow.core.kpi_table import JUDGED, MISSED
from xixi_workflow.core.publishable import cut


def hide(figures: Figures, *, below: int = 3) -> Figures:
    """`figures` for the public, see the module. Of figures that are public already: the same."""
    remark = (
        f"公开版：少于 {below} 件的数，以及能推算出它们的数，以“＊”代替；名次只在列出比率的单位之间排定。",
        f"Public version: ＊ is a count below {below} or what would tell it. Only rates that are shown are ranked.",
    )
    if figures.remarks[-1:] == [remark]:
        return figures
    told = cut(figures)
    read = _Walk(told, below, set())
    read.all()
    shown = _Walk(told, below, withheld(read.model(), below)).all()
    return replace(shown, remarks=[*figures.remarks, remark])


class _Walk(Footing):
    """Goes through all figures. Made twice: to read the model, and to write the figures without what is hidden, so that
    nothing that is printed can be forgotten in one of them.
    """

    def __init__(self, figures: Figures, below: int, hidden: set[Var]) -> None:
        super().__init__(figures, below, hidden)
        self.before = periods.earlier(figures.period, 1)
        self.last_year = periods.year_before(figures.period)

    def all(self) -> Figures:
        f = self.f
        groups = {kind: [self._group(kind, g) for g in getattr(f, name)] for kind, name in DIMENSIONS.items()}
        overview = self._overview(f.overview)
        self._foot()
        return replace(
            f,
            overview=overview,
            timeliness=[self._clock(c) for c in f.timeliness],
            teams=groups["team"],
            communities=groups["community"],
            categories=groups["category"],
            category_groups=groups["group"],
            sources=groups["source"],
            ranking=self._ranking(f.ranking, groups["team"]),
            hot=self._hot(f.hot),
            breaches=self._breaches(f.breaches),
            satisfaction=self._satisfaction(f.satisfaction),
            stages=[self._stage(s) for s in f.stages],
            trend=[self._point(p) for p in f.trend],
        )

    def _group(self, kind: str, group: Group) -> Group:
        code = group.code
        counts = self.counts(kind, code, group.counts)
        rates = self.rates(kind, code, group.rates)
        return replace(
            group,
            counts=counts,
            rates=rates,
            per_thousand=None if (kind, code, "filed") in self.hidden else group.per_thousand,
        )

    def _stage(self, s: Stage) -> Stage:
        name: Var = ("stage", s.state)
        return replace(
            s,
            spans=self.spans(name, s.spans),
            net=self.spans(name, s.net),
            seconds=WITHHELD if name in self.hidden else s.seconds,
        )

    def _foot(self) -> None:
        """Every kind of groups adds up to the whole, and categories to their groups."""
        f = self.f
        for kind, section in DIMENSIONS.items():
            groups: list[Group] = getattr(f, section)
            for name in f.overview.counts:
                self.foots(("all", "", name), [(kind, g.code, name) for g in groups])
            # Of groups, what was missed is one number.
            self.foots(("missed", "closure"), [(kind, g.code, "closure.late") for g in groups])
        for group in f.category_groups:
            members = [c.code for c in f.categories if c.parent == group.code]
            for name in group.counts:
                self.foots(("group", group.code, name), [("category", code, name) for code in members])

    def _overview(self, o: Overview) -> Overview:
        counts = self.counts("all", "", o.counts, WHOLE)
        filed: Var = ("all", "", "filed")
        start, end = (
            self.count("open at start", o.open_at_start, WHOLE),
            self.count("open at end", o.open_at_end, WHOLE),
        )
        self.foots(
            "open at end", {"open at start": 1, filed: 1, ("all", "", "closed"): -1, ("all", "", "taken_up_again"): 1}
        )
        week = self.grid(("week",), o.week)
        self.foots(filed, [("week", day, hour) for day in range(len(week)) for hour in range(len(week[day]))])
        rates = self.rates("all", "", o.rates)
        return replace(
            o,
            counts=counts,
            rates=rates,
            mom=self._moved(o, rates, o.mom, self.before),
            yoy=self._moved(o, rates, o.yoy, self.last_year),
            daily=None if filed in self.hidden else o.daily,
            open_at_start=start,
            open_at_end=end,
            open_by_state=self.named(o.open_by_state, lambda code: ("open", code), "open at end"),
            by_source=self.named(o.by_source, lambda code: ("source", code, "filed"), filed),
            by_channel=self.named(o.by_channel, lambda code: ("channel", code), filed),
            by_nature=self.named(o.by_nature, lambda code: ("nature", code), filed),
            by_urgency=self.named(o.by_urgency, lambda code: ("urgency", code), filed),
            by_result=self.named(o.by_result, lambda code: ("all", "", f"resolved.{code}"), ("all", "", "resolved")),
            returns_by_reason=self.named(
                o.returns_by_reason, lambda code: ("all", "", f"returned.{code}"), ("all", "", "returned")
            ),
            week=week,
        )

    def _moved(
        self, o: Overview, rates: Mapping[str, Rate], changes: Mapping[str, Change], then: str
    ) -> dict[str, Change]:
        earlier = next((self._point(p).rates for p in self.f.trend if p.period == then), {})
        found = {}
        for key, change in changes.items():
            if key in rates:
                gone = rates[key].denominator < 0 or (key in earlier and earlier[key].denominator < 0)
                found[key] = Change() if gone else change
            else:
                found[key] = self._differs(("all", "", key), (then, key), o.counts.get(key, 0), change)
        return found

    def _differs(self, now: Var, then: Var, n: int, change: Change) -> Change:
        """A change of a count: printed, it prints the earlier count too."""
        if change.by is None:
            return change
        self.count(then, n - change.by)
        return Change() if now in self.hidden or then in self.hidden else change

    def _clock(self, c: ClockFigures) -> ClockFigures:
        name = c.clock
        judged = {v: WHOLE if v in JUDGED else PART for v in c.verdicts}
        verdicts = {v: self.count(("all", "", f"{name}.{v}"), n, judged[v]) for v, n in c.verdicts.items()}
        # All that was due, with what nobody judged: of all of a clock's numbers it is missed least.
        due = self.count(("due", name), c.due, RATE_ONLY)
        self.foots(("due", name), [("all", "", f"{name}.{v}") for v in c.verdicts])
        met: Var = ("all", "", "met", name)
        raw, net = self.spans(met, c.raw), self.spans(("net", name), c.net)
        self.foots(met, [("net", name)])
        self.foots(met, [("all", "", f"{name}.{v}") for v in ("on_time", "late")])
        on_time = self.rate("all", "", f"{name}_on_time", c.on_time)
        whole = self.unprinted(("judged", name), sum(c.verdicts.get(v, 0) for v in JUDGED))
        self.foots(whole, [("all", "", f"{name}.{v}") for v in JUDGED])
        return replace(c, due=due, verdicts=verdicts, on_time=on_time, raw=raw, net=net)

    def _ranking(self, r: Ranking, teams: list[Group]) -> Ranking:
        rates = {row.code: self.rate("team", row.code, r.kpi, row.rate) for row in r.rows}
        scores = {team.code: team.score for team in teams}
        if all(rate.denominator >= 0 for rate in rates.values()):
            return replace(r, rows=[replace(row, score=scores.get(row.code)) for row in r.rows])
        shown = {code: rate for code, rate in rates.items() if rate.denominator >= 0}
        better = next((d.more_is_better for d in self.f.definitions if d.key == r.kpi), True) is not False
        ranked = kpi.ranking(shown, minimum=r.minimum, more_is_better=better)
        red, black = kpi.red_and_black(ranked, shown, most=max(len(r.red), len(r.black)), more_is_better=better)
        rows = {row.code: row for row in r.rows}
        placed = [replace(rows[one.code], rank=one.rank, tied=one.tied, score=scores[one.code]) for one in ranked]
        gone = [
            replace(rows[code], rank=None, tied=0, rate=NO_RATE, before=None, score=None)
            for code in sorted(rates.keys() - shown.keys())
        ]
        return replace(r, rows=[*placed, *gone], red=red, black=black)

    def _hot(self, items: list[HotItem]) -> list[HotItem]:
        filed: Var = ("all", "", "filed")
        everything: Var = ("shares of", filed, "hot")
        shown = []
        for item in items:
            self.count(everything, item.share.denominator, RATE_ONLY)
            here: Var = ("category", item.code, "filed")
            n = self.count(here, item.n)
            shown.append(
                replace(
                    item,
                    n=n,
                    share=self.share(here, everything, item.share),
                    repeats=self.count(("category", item.code, "repeat"), item.repeats),
                    mom=self._differs(here, (self.before, "category", item.code), item.n, item.mom),
                    yoy=self._differs(here, (self.last_year, "category", item.code), item.n, item.yoy),
                )
            )
        if items:
            self.foots(filed, [everything])
        for then in (self.before, self.last_year):
            known = [var for item in items if (var := (then, "category", item.code)) in self.found.values]
            if known and (then, "filed") in self.found.values:
                self.rest((then, "filed"), known)
        return shown

    def _breaches(self, b: Breaches) -> Breaches:
        return replace(b, clocks=[self._cause(c) for c in b.clocks])

    def _cause(self, c: Cause) -> Cause:
        whole: Var = ("missed", c.clock)
        missed = self.count(whole, c.missed, WHOLE)
        self.foots(whole, [("all", "", f"{c.clock}.{v}") for v in MISSED])
        return replace(c, missed=missed)

    def _satisfaction(self, s: Satisfaction) -> Satisfaction:
        names = {
            "satisfied": "rated.satisfied",
            "fairly_satisfied": "rated.fairly_satisfied",
            "dissatisfied": "rated.dissatisfied",
            "not_rated": "not_rated",
            "not_asked": "not_asked",
        }
        said = {field: self.count(("all", "", name), getattr(s, field), WHOLE) for field, name in names.items()}
        asked = self.count("asked", s.asked, WHOLE)
        self.foots("asked", [("all", "", name) for field, name in names.items() if field != "not_asked"])
        keys = {
            "weighted": "satisfaction",
            "plain": "satisfaction_plain",
            "dissatisfaction": "dissatisfaction",
            "dissatisfaction_of_on_time": "dissatisfaction_of_on_time",
        }
        rates = {field: self.rate("all", "", key, getattr(s, field)) for field, key in keys.items()}
        return replace(s, **said, asked=asked, **rates)

    def _point(self, p: Point) -> Point:
        if p.filed is None or p.closed is None:
            return p
        if p.period == self.f.period:
            filed, closed = (
                self.count(("all", "", n), v, WHOLE) for n, v in (("filed", p.filed), ("closed", p.closed))
            )
            return replace(p, filed=filed, closed=closed, rates=self.rates("all", "", p.rates))
        filed, closed = self.count((p.period, "filed"), p.filed), self.count((p.period, "closed"), p.closed)
        # Of an earlier period the parts are not known: with weights, whatever might be as few is withheld.
        rates = {key: NO_RATE if self._is_small(rate) else rate for key, rate in p.rates.items()}
        return replace(p, filed=filed, closed=closed, rates=rates)

    def _is_small(self, rate: Rate) -> bool:
        top, bottom = rate.numerator, rate.denominator
        return any(0 < n < self.below for n in (top, bottom, bottom - top))
