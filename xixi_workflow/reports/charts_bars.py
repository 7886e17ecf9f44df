"""Bars beside each other and bars of parts; see `charts`."""

from __future__ import annotations

from decimal import Decimal
from itertools import accumulate
from typing import Final

from xixi_workflow.core.document import Chart
from xixi_workflow.reports.drawing import FAINT, POINTS, Sheet, colour_of, folded, hatch_of, on, width_of
from xixi_workflow.reports.scales import Frame, legend, shown, steps_between, values_of

#: The share of the width that names may take beside lying bars.
_NAMES: Final = 0.36
#: No chart is higher than a page has room for, with its caption.
_HIGHEST: Final = 205 * POINTS


def bars(chart: Chart, width: float, height: float | None) -> Sheet:
    """Upright while every name fits under its bars, else lying, with the names at the left."""
    slot = (width - 50) / len(chart.labels)
    widest = max(width_of(shown(v, chart.unit), 7.5) for v in values_of(chart))
    narrow = all(width_of(label, 7.5) <= slot - 4 for label in chart.labels)
    if narrow and widest <= slot / len(chart.series) and len(chart.labels) > 1:
        return _upright(chart, width, height)
    return _lying(chart, width, height)


def _upright(chart: Chart, width: float, height: float | None) -> Sheet:
    sheet = Sheet(width, height or 60 * POINTS)
    values = values_of(chart)
    steps = steps_between(
        min(0.0, float(min(values))), float(max(values)), whole=all(isinstance(v, int) for v in values)
    )
    top = legend(sheet, [s.name for s in chart.series] if len(chart.series) > 1 else []) + 18
    frame = Frame(sheet, steps, chart.unit, top=top, right=0, bottom=16)
    slot = frame.width / len(chart.labels)
    thick = min(slot * 0.62 / len(chart.series), 40)
    for k, label in enumerate(chart.labels):
        middle = frame.left + slot * (k + 0.5)
        sheet.words(middle, frame.bottom + 5, label, at=(0.5, 0), size=7.5)
        for n, series in enumerate(chart.series):
            value = series.values[k]
            if value is None:
                continue
            x = middle + thick * (n - len(chart.series) / 2)
            ends = sorted((frame.y(0), frame.y(value)))
            sheet.box(x, ends[0], thick, ends[1] - ends[0], colour_of(n), hatch=hatch_of(n))
            sheet.words(x + thick / 2, ends[0] - 3, shown(value, chart.unit), at=(0.5, 1), size=7.5, halo="#ffffff")
    frame.ground()
    return sheet


def _lying(chart: Chart, width: float, height: float | None) -> Sheet:
    rows, several = len(chart.labels), len(chart.series)
    names = [folded(label, 8, width * _NAMES) for label in chart.labels]
    need = max(several * 11 + 7, 21 if any(len(lines) > 1 for lines in names) else 0)
    sheet, top, pitch = _rows(chart, width, height, need)
    left = max(width_of(line, 8) for lines in names for line in lines) + 8
    values = values_of(chart)
    room = width - left - max(width_of(shown(v, chart.unit), 8) for v in values) - 8
    low, high = min(0.0, float(min(values))), max(0.0, float(max(values)))
    spread = high - low or 1.0
    nothing = left + room * -low / spread
    thick = min((pitch - 5) / several, 11)
    for k in range(rows):
        middle = top + pitch * (k + 0.5)
        _name(sheet, left - 6, middle, names[k])
        for n, series in enumerate(chart.series):
            value = series.values[k]
            if value is None:
                continue
            y = middle + thick * (n - several / 2)
            far = left + room * (float(value) - low) / spread
            sheet.box(min(far, nothing), y, abs(far - nothing), thick, colour_of(n), hatch=hatch_of(n))
            sheet.words(max(far, nothing) + 4, y + thick / 2, shown(value, chart.unit))
    sheet.line([(nothing, top), (nothing, top + pitch * rows)], FAINT)
    return sheet


def stacked(chart: Chart, width: float, height: float | None) -> Sheet:
    """Lying bars, each of the parts of one label; a part's value is in it where there is room."""
    names = [folded(label, 8, width * _NAMES) for label in chart.labels]
    sheet, top, pitch = _rows(chart, width, height, 21 if any(len(lines) > 1 for lines in names) else 18)
    left = max(width_of(line, 8) for lines in names for line in lines) + 8
    parts = [[max(series.values[k] or 0, 0) for series in chart.series] for k in range(len(chart.labels))]
    longest = max(sum(map(Decimal, row)) for row in parts) or Decimal(1)
    room = width - left - 4
    thick = min(pitch - 5, 14)
    for k, row in enumerate(parts):
        middle = top + pitch * (k + 0.5)
        _name(sheet, left - 6, middle, names[k])
        ends = [left + room * float(Decimal(end) / longest) for end in accumulate(row, initial=Decimal(0))]
        for n, value in enumerate(row):
            colour, size = colour_of(n), ends[n + 1] - ends[n]
            sheet.box(ends[n], middle - thick / 2, size, thick, colour, hatch=hatch_of(n))
            text = shown(value, chart.unit)
            if value and width_of(text, 7.5) + 4 <= size:
                at = ((ends[n] + ends[n + 1]) / 2, middle)
                sheet.words(*at, text, at=(0.5, 0.5), size=7.5, fill=on(colour), halo=colour if hatch_of(n) else "")
    sheet.line([(left, top), (left, top + pitch * len(parts))], FAINT)
    return sheet


def _rows(chart: Chart, width: float, height: float | None, need: float) -> tuple[Sheet, float, float]:
    """A sheet with the key and the unit drawn, where its rows begin, and how far apart they are."""
    key = [s.name for s in chart.series] if len(chart.series) > 1 else []
    probe = legend(Sheet(width, 0), key)
    unit = chart.unit if chart.unit != "%" else ""
    top = probe + (14 if unit else 4)
    pitch = min(need, (_HIGHEST - top) / len(chart.labels))
    if height:
        pitch = (height - top - 2) / len(chart.labels)
    sheet = Sheet(width, top + pitch * len(chart.labels) + 2)
    legend(sheet, key)
    sheet.words(width, top - 6, unit, at=(1, 0.5), size=7.5, fill=FAINT)
    return sheet, top, pitch


def _name(sheet: Sheet, x: float, y: float, lines: list[str]) -> None:
    for k, line in enumerate(lines):
        sheet.words(x, y + 9.5 * (k - (len(lines) - 1) / 2), line, at=(1, 0.5))
