"""Which numbers of a publication must be withheld, so that nobody works out a small count from what is printed.

The model: quantities with values, some of them printed; and sums that the reader knows to hold between them. A quantity
is *protected* when its value is 1 … `below` - 1, printed or not, and every quantity that is withheld for its sake is
protected with it. The reader is taken to know all printed quantities, all sums, that a count is never negative, and
that a withheld one is not 0 (for a 0 is printed: it identifies nobody).

`withheld` plays the reader against itself: as long as linear algebra or the bounds of the sums fix a protected
quantity, one printed quantity more is withheld, the least missed first.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Iterable, Mapping
from fractions import Fraction
from typing import Final

import msgspec

Var = Hashable
#: Coefficients of quantities whose weighted sum is 0.
Sum = dict[Var, int]

#: How little a quantity is missed: printed as half of a rate only, a part, a whole with parts of its own.
RATE_ONLY, PART, WHOLE = 0, 1, 2
#: How often a sum is looked at for bounds, at most and in the mean. What has not met by then is narrowed one by one and
#: stays a range for long.
_SWEEPS: Final = 60


class Model(msgspec.Struct):
    """A publication. Every quantity has a value; only those with a `cost` are printed."""

    values: dict[Var, int] = {}
    #: Of printed quantities: how dear each is, see `PART`.
    cost: dict[Var, int] = {}
    sums: list[Sum] = []
    #: Withheld whatever their value is.
    small: set[Var] = set()

    def add(self, whole: Var, parts: Mapping[Var, int] | Iterable[Var]) -> None:
        """The reader knows that `parts` (with their weights) add up to `whole`. Said of what does not, it is no sum."""
        found: Sum = dict(parts) if isinstance(parts, Mapping) else dict.fromkeys(parts, 1)
        if whole in found or sum(weight * self.values[var] for var, weight in found.items()) != self.values[whole]:
            return
        found[whole] = -1
        # What is 0 is printed as 0 and tells nothing more.
        found = {var: weight for var, weight in found.items() if weight and self.values[var]}
        if found:
            self.sums.append(found)


def withheld(model: Model, below: int) -> set[Var]:
    """The printed quantities to withhold. The same for the same model, whatever the order of its sets."""
    return _Search(model, below).run()


class _Search:
    def __init__(self, model: Model, below: int) -> None:
        self.model, self.values = model, model.values
        self.protected = {v for v, n in self.values.items() if 0 < n < below} | model.small
        self.hidden = {v for v in self.protected if v in model.cost}
        self.of: dict[Var, list[int]] = {}
        for at, one in enumerate(model.sums):
            for var in one:
                self.of.setdefault(var, []).append(at)

    def run(self) -> set[Var]:
        self._close(range(len(self.model.sums)))
        while fixed := self._fixed():
            touched: set[int] = set()
            for var in sorted(fixed, key=repr):
                if not touched.isdisjoint(self.of[var]):
                    continue
                another = self._near(var)
                if another is not None:
                    touched |= {*self.of[var], *self._hide(another)}
            if not touched:
                break
            self._close(touched)
        return self.hidden

    def _known(self, var: Var) -> bool:
        return var in self.model.cost and var not in self.hidden

    def _hide(self, var: Var) -> list[int]:
        self.hidden.add(var)
        self.protected.add(var)
        return self.of.get(var, [])

    def _least(self, sums: Iterable[int]) -> Var | None:
        """The printed quantity of `sums` that is missed least."""
        shown = {var for at in sums for var in self.model.sums[at] if self._known(var)}
        return min(shown, key=lambda v: (self.model.cost[v], self.values[v], repr(v)), default=None)

    def _near(self, var: Var) -> Var | None:
        """What to withhold for `var`, which is fixed by several sums together: near it, or else a step further."""
        seen = set(self.of[var])
        while True:
            found = self._least(seen)
            if found is not None:
                return found
            wider = seen | {at for n in seen for other in self.model.sums[n] for at in self.of[other]}
            if wider == seen:
                return None
            seen = wider

    # --- one sum at a time: fast, and nearly always enough ------------------------------------------------------------

    def _close(self, sums: Iterable[int]) -> None:
        waiting = dict.fromkeys(sums)
        while waiting:
            at = next(iter(waiting))
            del waiting[at]
            while self._gives_away(self.model.sums[at]):
                another = self._least([at])
                if another is None:
                    break
                waiting.update(dict.fromkeys(n for n in self._hide(another) if n != at))

    def _gives_away(self, one: Sum) -> bool:
        unknown = [var for var in one if not self._known(var)]
        if self.protected.isdisjoint(unknown):
            return False
        if len(unknown) == 1:
            return True
        if len({one[var] > 0 for var in unknown}) > 1:
            return False
        # All on one side: their sum is printed, and each of them is at its least when that is no more than it must be.
        return all(self.values[var] == self._floor(var) for var in unknown)

    def _floor(self, var: Var) -> int:
        return 1 if var in self.hidden else 0

    # --- all sums together -------------------------------------------------------------------------------------------

    def _fixed(self) -> set[Var]:
        open_sums = []
        for one in self.model.sums:
            unknown = {v: w for v, w in one.items() if not self._known(v)}
            if unknown:
                open_sums.append((unknown, sum(w * self.values[v] for v, w in unknown.items())))
        found = _solved([unknown for unknown, _ in open_sums]) | _bounded(open_sums, self._floor)
        return found & self.protected


#: Nearly all weights are 1 or -1, and whole numbers are ten times as fast.
_Row = dict[Var, Fraction | int]


def _solved(sums: list[Sum]) -> set[Var]:
    """Unknowns that the sums, taken as linear equations, determine."""
    once: dict[Var, int] = {}
    for one in sums:
        for var in one:
            once[var] = once.get(var, 0) + 1
    rows: dict[Var, _Row] = {}
    holders: dict[Var, set[Var]] = {}
    for one in sorted(sums, key=len):
        row: _Row = dict(one)
        for pivot in [var for var in row if var in rows]:
            _subtract(row, rows[pivot], row[pivot])
        if not row:
            continue
        # An unknown of this sum alone is the cheapest to take out.
        pivot = min(row, key=lambda v: (once[v], repr(v)))
        factor = row[pivot]
        scale = factor if factor in (1, -1) else Fraction(1) / factor
        row = {var: weight * scale for var, weight in row.items()}
        for other in list(holders.get(pivot, ())):
            target = rows[other]
            if pivot in target:
                _subtract(target, row, target[pivot])
                for var in row:
                    if var in target:
                        holders.setdefault(var, set()).add(other)
        rows[pivot] = row
        for var in row:
            holders.setdefault(var, set()).add(pivot)
    return {pivot for pivot, row in rows.items() if len(row) == 1}


def _subtract(row: _Row, other: _Row, times: Fraction | int) -> None:
    for var, weight in other.items():
        left = row.get(var, 0) - times * weight
        if left:
            row[var] = left
        else:
            row.pop(var, None)


def _bounded(sums: list[tuple[Sum, int]], floor: Callable[[Var], int]) -> set[Var]:
    """Unknowns whose least and greatest value meet, when bounds are passed on from sum to sum."""
    low = {var: floor(var) for one, _ in sums for var in one}
    high: dict[Var, int] = {}
    of: dict[Var, list[int]] = {}
    for at, (one, _) in enumerate(sums):
        for var in one:
            of.setdefault(var, []).append(at)
    # A queue beside the set: the first key of a dict that is emptied from its front takes ever longer to find.
    queue, waiting = deque(range(len(sums))), set(range(len(sums)))
    for _ in range(_SWEEPS * len(sums)):
        if not queue:
            break
        at = queue.popleft()
        waiting.remove(at)
        one, rest = sums[at]
        for var in _narrow(one, rest, low, high):
            fresh = [n for n in of[var] if n not in waiting]
            queue.extend(fresh)
            waiting.update(fresh)
    return {var for var in low if high.get(var) == low[var]}


def _narrow(one: Sum, rest: int, low: dict[Var, int], high: dict[Var, int]) -> list[Var]:
    """Bounds each unknown by what the others leave it at most and at least, and returns those that moved."""
    moved: list[Var] = []
    for sign in (1, -1):
        # The least that the sum of sign * weight * unknown can be. Where one unknown has no bound, it alone gets one.
        least, unbounded = 0, []
        for var, weight in one.items():
            bound = low[var] if sign * weight > 0 else high.get(var)
            if bound is None:
                unbounded.append(var)
            else:
                least += sign * weight * bound
        if len(unbounded) > 1:
            continue
        for var in unbounded or one:
            weight = sign * one[var]
            if weight > 0:
                most = (sign * rest - least + (0 if unbounded else weight * low[var])) // weight
                if var not in high or most < high[var]:
                    high[var] = most
                    moved.append(var)
            else:
                fewest = -((sign * rest - least + (0 if unbounded else weight * high[var])) // -weight)
                if fewest > low[var]:
                    low[var] = fewest
                    moved.append(var)
    return moved
