"""The arithmetic of figures: rates that keep what they are made of, changes, nearest ranks, rankings. Exact and pure.

Rules, each with a test:

* A rate keeps numerator and denominator. Without cases it is None and shown as a dash, never as 0 % or 100 %.
* Percentages are rounded half up to two places, from exact decimals.
* Two rates differ in percentage points (百分点), two counts in percent; the difference is of the *printed* rates, so
  that a reader who subtracts gets what is printed. No change is stated where either side is missing, nor in percent
  of nothing.
* Median and 90th percentile are of the nearest rank: a span that really occurred, in whole seconds, cut off.
* Equal rates share a rank and the next one is left out (1, 1, 3). Who has fewer cases than the minimum is not ranked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from typing import Final, NamedTuple

import msgspec

#: How often each thing named was counted, within one group; see `kpi_table` for the names.
Counts = dict[str, int]

_TWO_PLACES: Final = Decimal("0.01")


class Rate(msgspec.Struct, frozen=True):
    """A rate with what it was made of; `percent` is None without cases."""

    numerator: Decimal
    denominator: int
    percent: Decimal | None


class Change(msgspec.Struct, frozen=True, omit_defaults=True):
    """How something moved against an earlier month. None: nothing to compare with.

    `points` is of rates, `percent` of counts; `by` is the plain difference of counts.
    """

    points: Decimal | None = None
    by: int | None = None
    percent: Decimal | None = None


class Spans(msgspec.Struct, frozen=True):
    """Median, 90th percentile and mean (cut off) of `n` spans, in whole seconds; None without cases."""

    n: int
    median: int | None
    p90: int | None
    mean: int | None = None


class Kpi(msgspec.Struct, frozen=True):
    """An indicator, declared. `numerator` and `denominator` are sums of counts; a leading number is a weight, and
    `weight*` stands for the configured weight of `fairly_satisfied`.
    """

    key: str
    zh: str
    en: str
    numerator: tuple[str, ...]
    denominator: tuple[str, ...]
    #: The formula in words, numerator / denominator.
    says_zh: str
    says_en: str
    #: Which month a case counts in: a key of `kpi_table.COUNTS_IN`.
    counts_in: str
    #: Whether more is better; None where neither is.
    more_is_better: bool | None = True

    @property
    def of_teams(self) -> bool:
        """Whether teams are told apart: they are not answerable for what was filed."""
        return self.counts_in != "filed"


def rate(numerator: Decimal | int, denominator: int) -> Rate:
    """`numerator / denominator` as a percentage, half up to two places; no percentage without cases."""
    top = Decimal(numerator)
    return Rate(top, denominator, quotient(top * 100, denominator))


def quotient(numerator: Decimal | int, denominator: int) -> Decimal | None:
    """Half up to two places; None when `denominator` is 0."""
    if not denominator:
        return None
    return (Decimal(numerator) / denominator).quantize(_TWO_PLACES, ROUND_HALF_UP)


def evaluate(kpi: Kpi, counts: Mapping[str, int], weight: Decimal) -> Rate:
    """`kpi` over `counts`; what was never counted is 0."""
    top = sum((_weighted(term, counts, weight) for term in kpi.numerator), Decimal(0))
    return rate(top, sum(counts.get(name, 0) for name in kpi.denominator))


def _weighted(term: str, counts: Mapping[str, int], weight: Decimal) -> Decimal:
    factor, star, name = term.rpartition("*")
    if not star:
        return Decimal(counts.get(name, 0))
    return counts.get(name, 0) * (weight if factor == "weight" else Decimal(factor))


def rates_differ(now: Rate, then: Rate | None) -> Change:
    """Percentage points between two rates."""
    if then is None or now.percent is None or then.percent is None:
        return Change()
    return Change(points=now.percent - then.percent)


def counts_differ(now: int, then: int | None) -> Change:
    """Difference of two counts, and in percent of the earlier one."""
    if then is None:
        return Change()
    return Change(by=now - then, percent=quotient((now - then) * 100, then))


def spans(histogram: Mapping[int, int]) -> Spans:
    """Median, 90th percentile and mean of `histogram`: how often each span (whole seconds) occurred."""
    n = sum(histogram.values())
    if not n:
        return Spans(0, None, None)
    wanted = [(n * 50 + 99) // 100, (n * 90 + 99) // 100]
    found: list[int] = []
    seen = 0
    for seconds in sorted(histogram):
        seen += histogram[seconds]
        while wanted and seen >= wanted[0]:
            found.append(seconds)
            wanted.pop(0)
        if not wanted:
            break
    return Spans(n, found[0], found[1], sum(seconds * times for seconds, times in histogram.items()) // n)


class Ranked(NamedTuple):
    """`rank` is None for who has too few cases, or none."""

    code: str
    rank: int | None
    #: How many share the rank, itself included.
    tied: int


def ranking(rates: Mapping[str, Rate], *, minimum: int, more_is_better: bool = True) -> list[Ranked]:
    """Everybody of `rates`, best first, those without a rank last; equals in the order of their codes.

    Compared by the exact quotient: 99.996 % is not as good as 100 %, though both are printed alike.
    """
    sign = -1 if more_is_better else 1
    able = {code: r.numerator / r.denominator for code, r in rates.items() if r.denominator >= max(1, minimum)}
    order = sorted(able, key=lambda code: (sign * able[code], code))
    placed: list[Ranked] = []
    for place, code in enumerate(order, start=1):
        first = placed[-1].rank if placed and able[placed[-1].code] == able[code] else place
        placed.append(Ranked(code, first, sum(value == able[code] for value in able.values())))
    return [*placed, *(Ranked(code, None, 0) for code in sorted(rates) if code not in able)]


def red_and_black(
    ranked: Sequence[Ranked], rates: Mapping[str, Rate], *, most: int = 3, more_is_better: bool = True
) -> tuple[list[str], list[str]]:
    """The red list (红榜, the first `most`) and the black list (黑榜, the last `most`).

    Who shares the last rank of a list is on it too, however long it becomes. Nobody is on both: the red list goes
    first. A faultless rate is never on the black list, and one of nothing achieved never on the red.
    """
    able = [one for one in ranked if one.rank is not None]
    best, worst = (1, 0) if more_is_better else (0, 1)

    def is_at(code: str, bound: int) -> bool:
        return rates[code].numerator == bound * rates[code].denominator

    red = _first(able, most, lambda code: is_at(code, worst))
    left = [one for one in reversed(able) if one.code not in red]
    return red, _first(left, most, lambda code: is_at(code, best))


def _first(order: Sequence[Ranked], most: int, barred: Callable[[str], bool]) -> list[str]:
    fit = [one for one in order if not barred(one.code)]
    if len(fit) <= most:
        return [one.code for one in fit]
    last = fit[most - 1].rank if most else None
    return [one.code for n, one in enumerate(fit) if n < most or one.rank == last]


def score(
    rates: Mapping[str, Rate], weights: Mapping[str, Decimal], more_is_better: Mapping[str, bool]
) -> Decimal | None:
    """The points (得分) for `rates` by indicator, 0 to 100, half up to two places; None where there is none to judge.

    The rule: each indicator of `weights` gives the percentage that is printed, or 100 less it where less is better
    (`more_is_better`), but no fewer than 0 points and no more than 100. The score is the mean of these by weight. An
    indicator without cases is left out with its weight, and the others count for the more: nobody gains or loses by
    what never happened.
    """
    points = whole = Decimal(0)
    for key, weight in weights.items():
        percent = rates[key].percent if key in rates else None
        if percent is not None:
            better = percent if more_is_better[key] else 100 - percent
            points += weight * min(max(better, Decimal(0)), Decimal(100))
            whole += weight
    return (points / whole).quantize(_TWO_PLACES, ROUND_HALF_UP) if whole else None


def add(into: dict[str, Counts], code: str, name: str, n: int) -> None:
    """Count `n` more of `name` in the group `code`."""
    counts = into.setdefault(code, {})
    counts[name] = counts.get(name, 0) + n


def total(groups: Iterable[Mapping[str, int]]) -> Counts:
    """The sum of several groups' counts."""
    found: Counts = {}
    for counts in groups:
        for name, n in counts.items():
            found[name] = found.get(name, 0) + n
    return found
