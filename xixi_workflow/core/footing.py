"""Calling every number of some figures by its name, and saying which add up to which: the model of `disclosure`.

A quantity's name is a tuple, `(kind, code, count)` for the counts of groups. What is printed twice has one name, or two
names and a sum that makes them equal; a sum that does not hold in these figures is none (`Model.add`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal
from fractions import Fraction
from math import lcm
from typing import Final

from msgspec.structs import replace

from xixi_workflow.core import kpi_table
from xixi_workflow.core.disclosure import PART, RATE_ONLY, Model, Var
from xixi_workflow.core.figures import WITHHELD, Figures, Named
from xixi_workflow.core.kpi import Counts, Rate, Spans

NO_RATE: Final = Rate(Decimal(WITHHELD), WITHHELD, None)
_NO_SPANS: Final = Spans(WITHHELD, None, None)
#: Not a way to end, but some of `closed.closed`.
_NO_PARTS: Final = ("closed.first_time",)


class Footing:
    """Numbers on their way through: each is noted, and returned as it is shown without what is `hidden`."""

    def __init__(self, figures: Figures, below: int, hidden: set[Var]) -> None:
        self.f, self.below, self.hidden = figures, below, hidden
        self.found = Model()
        self.sums: list[tuple[Var, Mapping[Var, int]]] = []
        self.kpis = {k.key: k for k in kpi_table.kpis((c.clock, c.zh, c.en) for c in figures.timeliness)}
        self.weight = Fraction(figures.satisfaction.weight)

    def model(self) -> Model:
        """What was noted."""
        for whole, parts in self.sums:
            for var in (whole, *parts):
                self.found.values.setdefault(var, 0)
            self.found.add(whole, parts)
        return self.found

    def count(self, var: Var, n: int, cost: int = PART) -> int:
        """A printed count."""
        self.found.values[var] = n
        self.found.cost[var] = cost
        return WITHHELD if var in self.hidden else n

    def unprinted(self, var: Var, n: int) -> Var:
        """A count that nobody prints and that can be worked out all the same."""
        self.found.values[var] = n
        return var

    def foots(self, whole: Var, parts: Iterable[Var] | Mapping[Var, int]) -> None:
        """`parts`, with weights where they are a mapping, add up to `whole`."""
        self.sums.append((whole, parts if isinstance(parts, Mapping) else dict.fromkeys(parts, 1)))

    def rest(self, whole: Var, parts: Sequence[Var]) -> None:
        """What of `whole` is in none of `parts`; to be protected like a count that is printed."""
        values = self.found.values
        left = values[whole] - sum(values[part] for part in parts)
        if left > 0:
            self.foots(whole, [*parts, self.unprinted(("rest", whole, *parts), left)])
        elif left == 0:
            self.foots(whole, parts)

    def of(self, kind: str, code: str, names: Mapping[str, int], value: int) -> Var:
        """A sum of counts of one group, printed as a part of a rate."""
        if list(names.values()) == [1]:
            var: Var = (kind, code, *names)
            if var not in self.found.values:
                self.count(var, value)
            return var
        var = (kind, code, tuple(sorted(names.items())))
        if var not in self.found.values:
            self.found.values[var] = value
            self.found.cost[var] = RATE_ONLY
            self.foots(var, {(kind, code, name): weight for name, weight in names.items()})
        return var

    def share(self, part: Var, whole: Var, rate: Rate) -> Rate:
        """A rate of two counts that are known by name."""
        if not rate.denominator:
            return rate
        self.rest(whole, [part])
        return NO_RATE if part in self.hidden or whole in self.hidden else rate

    def rate(self, kind: str, code: str, key: str, rate: Rate) -> Rate:
        """An indicator of one group."""
        indicator = self.kpis.get(key)
        if indicator is None or not (rate.numerator or rate.denominator):
            return rate
        weights = dict(self._weighted(term) for term in indicator.numerator)
        # Whole numbers: a numerator of 614 + 0.6 x 34 is 5 x 614 + 3 x 34 fifths.
        parts = lcm(*(weight.denominator for weight in weights.values()))
        names = {name: int(weight * parts) for name, weight in weights.items()}
        top = self.of(kind, code, names, int(Fraction(rate.numerator) * parts))
        bottom = self.of(kind, code, dict.fromkeys(indicator.denominator, 1), rate.denominator)
        if parts == 1:
            self.rest(bottom, [top])
        else:
            plain = self.unprinted((kind, code, key), sum(self._n(kind, code, name) for name in names))
            self.foots(plain, [(kind, code, name) for name in names])
            self.rest(bottom, [plain])
            if 0 < self.found.values[plain] < self.below:
                self.found.small.add(top)
        return NO_RATE if top in self.hidden or bottom in self.hidden else rate

    def _weighted(self, term: str) -> tuple[str, Fraction]:
        factor, star, name = term.rpartition("*")
        return name, Fraction(1) if not star else self.weight if factor == "weight" else Fraction(factor)

    def _n(self, kind: str, code: str, name: str) -> int:
        return self.found.values.get((kind, code, name), 0)

    def rates(self, kind: str, code: str, rates: Mapping[str, Rate]) -> dict[str, Rate]:
        """All indicators of one group."""
        return {key: self.rate(kind, code, key, rate) for key, rate in rates.items()}

    def spans(self, var: Var, spans: Spans) -> Spans:
        """Spans, counted under the name `var`."""
        return _NO_SPANS if self.count(var, spans.n) < 0 else spans

    def counts(self, kind: str, code: str, counts: Counts, cost: int = PART) -> Counts:
        """The counts of one group, of which some are parts of others."""
        shown = {name: self.count((kind, code, name), n, cost) for name, n in counts.items()}
        for whole in ("closed", "returned", "resolved"):
            names = [n for n in counts if n.startswith(f"{whole}.") and n not in _NO_PARTS]
            if whole in counts:
                self.foots((kind, code, whole), [(kind, code, name) for name in names])
        self.foots((kind, code, "rework"), [(kind, code, "rated.dissatisfied"), (kind, code, "reopened")])
        return shown

    def named(self, listed: list[Named], var_of: Callable[[str], Var], whole: Var) -> list[Named]:
        """A list of counts with their shares of a whole."""
        total: Var = ("shares of", whole, tuple(n.code for n in listed))
        self.found.values[total] = next((n.share.denominator for n in listed), 0)
        self.found.cost[total] = RATE_ONLY
        if listed:
            self.foots(whole, [total])
        shown = []
        for one in listed:
            n = self.count(var_of(one.code), one.n)
            shown.append(replace(one, n=n, share=self.share(var_of(one.code), total, one.share)))
        self.foots(total, [var_of(one.code) for one in listed])
        return shown

    def grid(self, var: tuple[str, ...], grid: list[list[int]]) -> list[list[int]]:
        """A week of counts, each named by `var`, its day and its hour."""
        return [[self.count((*var, day, hour), n) for hour, n in enumerate(row)] for day, row in enumerate(grid)]
