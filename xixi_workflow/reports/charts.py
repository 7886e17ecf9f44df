"""Charts, laid out here and drawn by typst: as pictures for html and docx, and as lines and letters inside a pdf.

Why not a plotting library: the usual one takes two seconds to import, 60 ms a chart, 56 MB of disk, and searches the
machine for fonts (anew in each process where its cache cannot be written). This takes about 2 ms a chart and reads two
font files. A chart says what its numbers say: gaps stay gaps, bars begin at nothing, no number is rounded. Only scales
and the shares of a ring are made here, the shares by the house's one rule (`kpi.quotient`).
"""

from __future__ import annotations

import itertools
import json
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any, Final
from xml.sax.saxutils import escape

import typst

from xixi_workflow.core.document import NONE, Chart, Language
from xixi_workflow.core.kpi import quotient
from xixi_workflow.reports.charts_bars import bars, stacked
from xixi_workflow.reports.drawing import FAINT, GRID, INK, POINTS, Sheet, blend, colour_of, on, shortened, width_of
from xixi_workflow.reports.fonts import faces
from xixi_workflow.reports.scales import Frame, legend, shown, steps_between, values_of

#: As wide as the text of an office page (GB/T 9704: 156 mm).
WIDTH_MM: Final = 156.0
#: The language in which typst draws; `drawing(d, language)` is its door.
PROGRAM: Final = (Path(__file__).with_name("chart.typ")).read_text("utf-8")
_PICTURE: Final = PROGRAM + (
    "#let d = json(bytes(sys.inputs.chart))\n"
    "#set page(width: d.width * 1pt, height: d.height * 1pt, margin: 0pt, "
    'fill: if sys.inputs.clear == "yes" { none } else { white })\n'
    "#drawing(d, sys.inputs.language)\n"
)


def svg(chart: Chart, language: Language, *, width_mm: float = WIDTH_MM, height_mm: float | None = None) -> str:
    """The chart as one `<svg>` element, for a page of its own or inside html; its title is its accessible name.

    Letters are outlines, so that it looks alike on a machine without Chinese fonts. Two of them may stand in one page:
    their ids are digests of what they name. Without `height_mm` a chart is as high as its rows need.
    """
    made = _picture(layout(chart, width_mm, height_mm), language, "svg").decode()
    head, rest = made.split(">", 1)
    return f'{head} role="img"><title>{escape(chart.title)}</title>{rest}'


def png(
    chart: Chart,
    language: Language,
    *,
    width_mm: float = WIDTH_MM,
    height_mm: float | None = None,
    dpi: int = 200,
    clear: bool = False,
) -> bytes:
    """The chart as a PNG, `dpi` dots per inch; on white, or with `clear` on whatever lies behind it."""
    return _picture(layout(chart, width_mm, height_mm), language, "png", dpi=dpi, clear=clear)


def layout(chart: Chart, width_mm: float = WIDTH_MM, height_mm: float | None = None) -> Sheet:
    """Everything that is drawn, in points. A chart without a single figure is an empty frame with a dash."""
    width = width_mm * POINTS
    height = height_mm * POINTS if height_mm else None
    if not values_of(chart) or not chart.labels:
        return _empty(width, height)
    match chart.kind:
        case "line":
            return _line(chart, width, height)
        case "bar":
            return bars(chart, width, height)
        case "stacked":
            return stacked(chart, width, height)
        case "donut":
            return _donut(chart, width, height)
        case "heat":
            return _heat(chart, width, height)


def _picture(sheet: Sheet, language: Language, kind: Any, *, dpi: int = 200, clear: bool = False) -> bytes:
    drawn = json.dumps(sheet.plain(), ensure_ascii=False)
    made = typst.Compiler(font_paths=faces()).compile(
        _PICTURE.encode(),
        format=kind,
        ppi=dpi,
        sys_inputs={"chart": drawn, "language": language, "clear": "yes" if clear else ""},
    )
    assert isinstance(made, bytes)
    return made


def _empty(width: float, height: float | None) -> Sheet:
    sheet = Sheet(width, height or 90)
    corners = [(0.5, 0.5), (width - 0.5, 0.5), (width - 0.5, sheet.height - 0.5), (0.5, sheet.height - 0.5), (0.5, 0.5)]
    sheet.line(corners, GRID)
    sheet.words(width / 2, sheet.height / 2, NONE, at=(0.5, 0.5), size=12, fill=FAINT)
    return sheet


def _line(chart: Chart, width: float, height: float | None) -> Sheet:
    sheet = Sheet(width, height or 62 * POINTS)
    values = values_of(chart)
    # Of rates near 100 % nothing would be seen on a scale from 0; of counts anything else would mislead.
    low = float(min(values)) if chart.unit == "%" else min(0.0, float(min(values)))
    high = float(max(values))
    if chart.unit == "%" and high - low < 5:
        low, high = max(min(0.0, low), low - 2.5), min(100.0, high + 2.5) if high <= 100 else high
    steps = steps_between(low, high, whole=all(isinstance(v, int) for v in values))
    lasts = {
        series.name: shown(value, chart.unit)
        for series in chart.series
        if (value := next((v for v in reversed(series.values) if v is not None), None)) is not None
    }
    right = 10 + max(width_of(text, 8) for text in lasts.values())
    top = legend(sheet, [s.name for s in chart.series] if len(chart.series) > 1 else [], lines=True) + 16
    frame = Frame(sheet, steps, chart.unit, top=top, right=right, bottom=16)
    n = len(chart.labels)
    places = [frame.left + 8 + (frame.width - 16) * (k / (n - 1) if n > 1 else 0.5) for k in range(n)]
    _labels_below(sheet, chart.labels, places, frame.bottom)
    ends: list[tuple[float, float, str, int]] = []
    for n, series in enumerate(chart.series):
        points = [
            (x, frame.y(value)) if value is not None else None for x, value in zip(places, series.values, strict=False)
        ]
        for there, run in itertools.groupby(points, key=lambda point: point is not None):
            if there:
                sheet.series_line([point for point in run if point is not None], n)
        seen = [point for point in points if point is not None]
        if seen:
            ends.append((*seen[-1], lasts[series.name], n))
    _at_the_ends(sheet, ends)
    return sheet


def _labels_below(sheet: Sheet, labels: list[str], places: list[float], y: float) -> None:
    """Under each place its label; every second, third, … counted from the last where they would touch."""
    room = (places[-1] - places[0]) / max(1, len(places) - 1) if len(places) > 1 else sheet.width
    widest = max(width_of(label, 7.5) for label in labels) + 4
    every = max(1, -(-int(widest * 10) // max(1, int(room * 10))))
    for k, (label, x) in enumerate(zip(labels, places, strict=True)):
        if (len(labels) - 1 - k) % every == 0:
            text = shortened(label, 7.5, sheet.width / 4)
            half = width_of(text, 7.5) / 2
            sheet.words(min(max(x, half), sheet.width - half), y + 5, text, at=(0.5, 0), size=7.5)


def _at_the_ends(sheet: Sheet, ends: list[tuple[float, float, str, int]]) -> None:
    """The last value of each line beside it; those that would lie on each other are moved apart."""
    taken: list[float] = []
    for x, y, text, n in sorted(ends, key=lambda end: (end[1], end[3])):
        place = y if not taken else max(y, taken[-1] + 9.5)
        taken.append(place)
        colour = colour_of(n)
        sheet.words(x + 6, place, text, fill=colour if on(colour) == "#ffffff" else INK, halo="#ffffff")


def _donut(chart: Chart, width: float, height: float | None) -> Sheet:
    slices = [
        (name, value)
        for name, value in zip(chart.labels, chart.series[0].values, strict=False)
        if value is not None and value > 0
    ]
    whole = sum((Decimal(value) for _, value in slices), Decimal(0))
    if not whole:
        return _empty(width, height)
    columns = 1 if len(slices) <= 10 else 2
    rows = -(-len(slices) // columns)
    sheet = Sheet(width, height or max(54 * POINTS, rows * 14 + 16))
    reach = min(sheet.height, 54 * POINTS) / 2 - 4
    keys = [(name, f"{shown(value, chart.unit)}　{share_of(value, whole)}%") for name, value in slices]
    ring = 2 * reach + 30
    widest = max(width_of(f"{name}{figures}", 8.5) for name, figures in keys) + 40
    room = min((width - ring) / columns, max(widest, 150.0))
    # Ring and key stand in the middle of the page together.
    centre = ((width - ring - room * columns) / 2 + reach, sheet.height / 2)
    left = centre[0] + reach + 30
    turn = Decimal(0)
    for n, (_, value) in enumerate(slices):
        ahead = turn + Decimal(value) / whole
        sheet.wedge(centre, (reach * 0.56, reach), (float(turn), float(ahead)), n)
        turn = ahead
    first = sheet.height / 2 - (rows - 1) * 7
    for n, (name, figures) in enumerate(keys):
        x, y = left + room * (n // rows), first + 14 * (n % rows)
        sheet.swatch(x, y, n)
        sheet.words(x + 15, y, shortened(name, 8.5, room - 37 - width_of(figures, 8.5)), size=8.5)
        sheet.words(x + room - 14, y, figures, at=(1, 0.5), size=8.5)
    return sheet


def share_of(value: Decimal | int, whole: Decimal) -> Decimal:
    """`value` in percent of `whole`, which is not 0: two places, half up."""
    if whole == whole.to_integral_value():
        return quotient(Decimal(value) * 100, int(whole)) or Decimal(0)
    return (Decimal(value) * 100 / whole).quantize(Decimal("0.01"), ROUND_HALF_UP)


def _heat(chart: Chart, width: float, height: float | None) -> Sheet:
    rows, across = len(chart.series), len(chart.labels)
    left = max(width_of(series.name, 8) for series in chart.series) + 8
    pitch = (height - 40) / rows if height else 14.0
    sheet = Sheet(width, height or rows * pitch + 40)
    cell = (width - left - 1) / across
    values = values_of(chart)
    # Counts from nothing; of rates near 100 % nothing would be told apart so.
    low, high = Decimal(min(values) if chart.unit == "%" else min(0, *values)), Decimal(max(values))
    spread = high - low or Decimal(1)
    texts = [[("" if v is None else shown(v, "")) for v in series.values] for series in chart.series]
    widest = max(width_of(text, 1) for row in texts for text in row)
    size = next((size for size in (6.5, 5.5, 5.0) if widest * size <= cell - 1), None)
    for r, series in enumerate(chart.series):
        y = r * pitch + 1
        sheet.words(left - 6, y + pitch / 2, series.name, at=(1, 0.5))
        for c, value in enumerate(series.values[:across]):
            if value is None:
                sheet.box(left + c * cell, y, cell, pitch, "#ffffff", edge=GRID)
                continue
            colour = blend(float((Decimal(value) - low) / spread))
            sheet.box(left + c * cell, y, cell, pitch, colour)
            if size:
                middle = (left + (c + 0.5) * cell, y + pitch / 2)
                sheet.words(*middle, texts[r][c], at=(0.5, 0.5), size=size, fill=on(colour))
    places = [left + (c + 0.5) * cell for c in range(across)]
    _labels_below(sheet, chart.labels, places, rows * pitch)
    least = min(values)
    _scale(sheet, (shown(least if low == least else 0, chart.unit), shown(max(values), chart.unit)))
    return sheet


def _scale(sheet: Sheet, ends: tuple[str, str]) -> None:
    """The key of a heat map, lower right: nine colours between its least and its greatest value."""
    y = sheet.height - 11
    right = sheet.width - width_of(ends[1], 7.5) - 6
    for k in range(9):
        sheet.box(right - 9 * 14 + k * 14, y, 14, 8, blend(k / 8), edge=GRID)
    sheet.words(right - 9 * 14 - 5, y + 4, ends[0], at=(1, 0.5), size=7.5)
    sheet.words(right + 5, y + 4, ends[1], size=7.5)
