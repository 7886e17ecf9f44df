"""What charts share: the axis of values, its round numbers, the key of the series, and how a value is written."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import Final

from xixi_workflow.core.document import Chart
from xixi_workflow.reports.drawing import FAINT, GRID, Sheet, width_of

_ROUND: Final = tuple(map(Decimal, ("1", "2", "2.5", "5", "10")))


class Frame:
    """The axis of values at the left with its grid, drawn when it is made; the rest of the sheet is for the chart."""

    def __init__(
        self, sheet: Sheet, steps: list[Decimal], unit: str, *, top: float, right: float, bottom: float
    ) -> None:
        """`steps` are the values that are written; `top`, `right` and `bottom` is room to be left, in points."""
        self._sheet = sheet
        texts = [written(step, unit) for step in steps]
        self.left = max(width_of(text, 7.5) for text in texts) + 7
        self.width = sheet.width - self.left - right
        self.top = top
        self.bottom = sheet.height - bottom
        self._low, self._high = float(steps[0]), float(steps[-1])
        for step, text in zip(steps, texts, strict=True):
            y = self.y(step)
            nothing = step == 0 or step == steps[0]
            sheet.line([(self.left, y), (self.left + self.width, y)], FAINT if nothing else GRID, 0.6)
            sheet.words(self.left - 4, y, text, at=(1, 0.5), size=7.5, fill=FAINT)
        if unit and unit != "%":
            sheet.words(0, top - 11, unit, at=(0, 0.5), size=7.5, fill=FAINT)

    def ground(self) -> None:
        """The line of 0 once more: the edges of bars have cut into it."""
        self._sheet.line([(self.left, self.y(0)), (self.left + self.width, self.y(0))], FAINT)

    def y(self, value: Decimal | int) -> float:
        """Where a value lies."""
        return self.bottom - (float(value) - self._low) / (self._high - self._low) * (self.bottom - self.top)


def steps_between(low: float, high: float, *, wanted: int = 5, whole: bool = False) -> list[Decimal]:
    """Round numbers (1, 2, 2.5, 5 times a power of ten) from at or below `low` to at or above `high`, two at least.

    With `whole` no fractions: half a petition is none.
    """
    spread = high - low if high - low > 1e-6 else 1.0
    power = Decimal(10) ** math.floor(math.log10(spread / wanted))
    step = next(power * f for f in _ROUND if spread / float(power * f) <= wanted)
    if whole:
        step = max(Decimal(1), step if step == step.to_integral_value() else step * 2)
    first = math.floor(Decimal(str(low)) / step)
    last = max(math.ceil(Decimal(str(high)) / step), first + 1)
    return [step * n for n in range(first, last + 1)]


def legend(sheet: Sheet, names: list[str], *, lines: bool = False) -> float:
    """The key of the series at the top, from the left, in as many rows as it needs; how high it became."""
    if not names:
        return 0
    x, y = 0.0, 6.0
    for n, name in enumerate(names):
        wide = 22 + width_of(name, 8)
        if x and x + wide > sheet.width:
            x, y = 0.0, y + 13
        if lines:
            sheet.series_line([(x, y), (x + 16, y)], n, markers=[(x + 8, y)])
        else:
            sheet.swatch(x + 5, y, n)
        sheet.words(x + 20, y, name)
        x += wide + 12
    return y + 8


def values_of(chart: Chart) -> list[Decimal | int]:
    """Every figure of the chart."""
    return [value for series in chart.series for value in series.values if value is not None]


def shown(value: Decimal | int, unit: str) -> str:
    """A value as the tables print it: thousands parted, the places that it has, and the sign of a percentage."""
    return f"{value:,}%" if unit == "%" else f"{value:,}"


def written(step: Decimal, unit: str) -> str:
    """A value of the axis, without needless places."""
    plain = int(step) if step == step.to_integral_value() else step.normalize()
    return f"{plain:,f}" + ("%" if unit == "%" else "") if isinstance(plain, Decimal) else shown(plain, unit)
