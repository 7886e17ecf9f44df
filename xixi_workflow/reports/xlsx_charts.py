"""Charts of a document, native to the spreadsheet: each drawn from cells beside it that anybody can read and change."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, Final

from xixi_workflow.core.document import Chart
from xixi_workflow.reports.xlsx_looks import Looks, lines_of, room_of

_COLOURS: Final = ("#1F4E79", "#C55A11", "#548235", "#7F6000", "#7030A0", "#008080", "#A6A6A6", "#BF3F3F")
#: Points of a picture, and of a row of cells.
_HIGH, _ROW = 300, 20
#: Labels longer than this stand better at the side, under each other.
_SHORT: Final = 9
#: Columns of numbers before the picture begins.
_BESIDE: Final = 6


def draw(book: Any, sheet: Any, top: int, chart: Chart, title: str, looks: Looks) -> int:
    """Put `chart` at row `top` of `sheet`, its numbers below its title; the row after it."""
    sheet.write_string(top, 0, title, looks["inner"])
    first = top + 1
    number = "0.00%" if chart.unit == "%" else "#,##0.##" if _broken(chart) else "#,##0"
    sheet.write_string(first, 0, chart.unit, looks["column"])
    for at, series in enumerate(chart.series, start=1):
        sheet.write_string(first, at, series.name, looks["column"])
    sheet.set_row(first, 15.5 * max((lines_of(series.name, 12) for series in chart.series), default=1) + 2)
    for n, label in enumerate(chart.labels, start=1):
        sheet.write_string(first + n, 0, label, looks.cell(left=True))
        for at, series in enumerate(chart.series, start=1):
            _number(sheet, first + n, at, series.values[n - 1], chart.unit, looks.cell(left=False, number=number))
    last = first + len(chart.labels)
    if chart.labels and chart.series:
        picture = _picture(book, sheet, first, last, chart, number)
        sheet.insert_chart(first, max(len(chart.series) + 2, _BESIDE), picture, {"object_position": 1})
    return max(last, first + _HIGH // _ROW) + 2


def _picture(book: Any, sheet: Any, first: int, last: int, chart: Chart, number: str) -> Any:
    lying = chart.kind in ("bar", "stacked") and (
        len(chart.labels) > _SHORT or any(room_of(label) > _SHORT for label in chart.labels)
    )
    kinds: dict[str, dict[str, str]] = {
        "line": {"type": "line"},
        "bar": {"type": "bar" if lying else "column"},
        "stacked": {"type": "bar" if lying else "column", "subtype": "stacked"},
        "donut": {"type": "doughnut"},
    }
    picture = book.add_chart(kinds[chart.kind])
    for at in range(1, len(chart.series) + 1):
        colour = _COLOURS[(at - 1) % len(_COLOURS)]
        one: dict[str, Any] = {
            "name": [sheet.name, first, at],
            "categories": [sheet.name, first + 1, 0, last, 0],
            "values": [sheet.name, first + 1, at, last, at],
        }
        if chart.kind == "line":
            one |= {"line": {"color": colour, "width": 2.25}, "marker": {"type": "circle", "size": 5}}
            one["marker"] |= {"fill": {"color": colour}, "border": {"color": colour}}
        elif chart.kind == "donut":
            one["points"] = [{"fill": {"color": _COLOURS[n % len(_COLOURS)]}} for n in range(len(chart.labels))]
            one["data_labels"] = {"percentage": True, "font": {"color": "#FFFFFF", "bold": True}}
        else:
            one |= {"fill": {"color": colour}, "gap": 60}
            if chart.kind == "bar" and len(chart.series) == 1:
                one["data_labels"] = {"value": True, "num_format": number}
        picture.add_series(one)
    picture.set_title({"name": chart.title, "name_font": {"size": 12, "bold": True}, "overlay": False})
    picture.set_legend({"none": True} if len(chart.series) == 1 and chart.kind != "donut" else {"position": "bottom"})
    picture.show_blanks_as("gap")
    grid = {"visible": True, "line": {"color": "#D9D9D9", "width": 0.5}}
    values: dict[str, Any] = {"major_gridlines": grid, "num_format": "0%"}
    if chart.unit != "%":
        values |= {"num_format": "#,##0", "name": chart.unit, "min": 0}
    elif chart.kind != "line":
        # A bar's length is its meaning, from nothing on.
        values |= {"min": 0, "max": 1}
    names: dict[str, Any] = {"num_font": {"size": 9}}
    if lying:
        # Excel begins at the bottom; a ranking is read from the top.
        picture.set_x_axis(values)
        picture.set_y_axis(names | {"reverse": True})
    else:
        picture.set_x_axis(names)
        picture.set_y_axis(values)
    picture.set_size({"width": 620, "height": max(_HIGH, 26 * len(chart.labels) if lying else 0)})
    return picture


def heat(sheet: Any, first: int, chart: Chart, looks: Looks) -> None:
    """A map of colours from row `first` on: the cells themselves, coloured by their numbers."""
    sheet.write_string(first, 0, chart.unit, looks["column"])
    for at, label in enumerate(chart.labels, start=1):
        sheet.write_string(first, at, label, looks["column"])
    number = "0.00%" if chart.unit == "%" else "#,##0.##" if _broken(chart) else "#,##0"
    for n, series in enumerate(chart.series, start=1):
        sheet.write_string(first + n, 0, series.name, looks.cell(left=True))
        for at, value in enumerate(series.values, start=1):
            _number(sheet, first + n, at, value, chart.unit, looks.cell(left=False, number=number))
    last = first + len(chart.series)
    sheet.set_column(0, 0, max((room_of(series.name) for series in chart.series), default=4) + 2)
    sheet.set_column(1, max(1, len(chart.labels)), 8 if chart.unit == "%" else 5)
    if chart.series and chart.labels:
        scale = {"type": "2_color_scale", "min_color": "#FFFFFF", "max_color": "#2E75B6"}
        sheet.conditional_format(first + 1, 1, last, len(chart.labels), scale)


def _number(sheet: Any, row: int, at: int, value: Decimal | int | None, unit: str, look: Any) -> None:
    if value is None:
        sheet.write_blank(row, at, None, look)
    else:
        sheet.write_number(row, at, float(Decimal(value) / 100 if unit == "%" else value), look)


def _broken(chart: Chart) -> bool:
    return any(value is not None and value != int(value) for series in chart.series for value in series.values)
