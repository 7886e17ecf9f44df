"""Tables and charts of a form, filled."""

from __future__ import annotations

from decimal import Decimal
from typing import Final, NamedTuple

from xixi_workflow.core import kpi
from xixi_workflow.core.document import Cell, Chart, Column, Series, Table
from xixi_workflow.core.figures import WITHHELD, Named
from xixi_workflow.core.forms.conditions import Scope, Value, compile_value, is_withheld
from xixi_workflow.core.forms.paths import Names, Path, PathError, Place, compile_path, look_up
from xixi_workflow.core.forms.print import kind_of
from xixi_workflow.core.forms.rows import Rows, Setting, compile_rows
from xixi_workflow.core.forms.schema import ChartShape, ColumnShape, RowsShape, TableShape
from xixi_workflow.core.forms.structure import Node

#: As `total`: the last row has the sums of the counts above it.
SUM: Final = "sum"
#: Points that make a line.
_LINE: Final = 2
_DAYS: Final = (
    ("周一", "Mon"),
    ("周二", "Tue"),
    ("周三", "Wed"),
    ("周四", "Thu"),
    ("周五", "Fri"),
    ("周六", "Sat"),
    ("周日", "Sun"),
)


class TablePlan(NamedTuple):
    """A compiled table; `totals` has for each column what stands in the last row, None for nothing."""

    rows: Rows
    values: list[Value]
    total: Path | None
    totals: list[Value | None]


class ChartPlan(NamedTuple):
    """A compiled chart."""

    rows: Rows | None
    label: Value | None
    values: list[Value]
    week: Path | None
    of: Path | None


def compile_table(shape: TableShape, *, team: bool, names: Names | None = None) -> TablePlan:
    """Raises `PathError`, whose `at` says where in the shape the mistake is."""
    rows = compile_rows(shape, team=team, names=names)
    scope = Scope(rows.row, team, names)
    values = [_column(column, n, scope) for n, column in enumerate(shape.columns)]
    if not shape.total or shape.total == SUM:
        _whole(shape)
        return TablePlan(rows, values, None, [None] * len(values))
    _whole(shape)
    try:
        total = compile_path(shape.total, row=None, team=team, names=names)
        if total.node.kind != "struct":
            raise PathError(f"{shape.total}: {total.node.told} cannot be a total; write for example overview, or sum")
    except PathError as error:
        raise PathError(str(error), "total") from None
    within = Scope(total.node, team, names)
    return TablePlan(rows, values, total, [_total(c, n, within) for n, c in enumerate(shape.columns)])


def _whole(shape: TableShape) -> None:
    if shape.total and (shape.where or shape.limit):
        raise PathError(
            "a table with a total shows all its rows, so that it foots; leave `where` and `limit` out", "total"
        )


def _column(column: ColumnShape, n: int, scope: Scope) -> Value:
    try:
        value = compile_value(column.value, scope)
        named = value.node.kind == "list" and value.node.model is Named
        if not named and value.node.kind in ("struct", "list", "map", "counts", "spans", "week", "texts"):
            raise PathError(f"{column.value}: {value.node.told} does not fit into a cell; choose a part of it")
        if column.style == "parts" and value.node.kind != "rate":
            raise PathError(f"{column.value}: parts is for a rate, and this is {value.node.told}")
    except PathError as error:
        raise PathError(str(error), "columns", n, "value") from None
    return value


def _total(column: ColumnShape, n: int, scope: Scope) -> Value | None:
    """What the total has in a column: its own path, the same path of the total, or nothing."""
    if column.total:
        try:
            return compile_value(column.total, scope)
        except PathError as error:
            raise PathError(str(error), "columns", n, "total") from None
    try:
        return None if column.value == "name" else compile_value(column.value, scope)
    except PathError:
        return None


def fill_table(shape: TableShape, plan: TablePlan, setting: Setting) -> Table | None:
    """The table; None without rows."""
    shown = [n for n, column in enumerate(shape.columns) if setting.audience in column.audiences]
    lines: list[list[Cell]] = []
    for row in setting.rows(plan.rows):
        cells = [setting.cell(setting.place(plan.values[n], row), shape.columns[n].style) for n in shown]
        if shape.total and all(cell.number == 0 for cell in cells if cell.kind in ("count", "hidden")):
            continue
        lines.append(cells)
    if not lines:
        return None
    last = _last(shape, plan, setting, shown) if shape.total else []
    # A column of dashes alone says nothing (of a first month there is no 环比), nor does one that is all withheld.
    kept = [k for k in range(len(shown)) if k == 0 or any(line[k].kind not in ("none", "hidden") for line in lines)]
    if len(kept) == 1 < len(shown):
        return None
    shown, lines = [shown[k] for k in kept], [[line[k] for k in kept] for line in lines]
    if shape.numbered:
        lines = [[Cell("count", str(n), n), *cells] for n, cells in enumerate(lines, start=1)]
    columns = [Column("n", setting.say("序号", "No."), "count")] if shape.numbered else []
    for n in shown:
        column = shape.columns[n]
        columns.append(Column(column.key, setting.word(column), kind_of(plan.values[n].node)))
    if shape.total:
        ahead = [Cell("text", "")] if shape.numbered else []
        lines.append([*ahead, *(last[k] for k in kept)])
    notes = [setting.word(note) for note in shape.notes]
    if any(cell.kind == "hidden" for line in lines for cell in line):
        zh, en = "“＊”为不予公开的较小数字，或可据以推算的数字。", "＊ is a small count, or what would tell it."
        notes.append(setting.say(zh, en))
    return Table(shape.key, setting.word(shape), columns, lines, bool(shape.total), notes)


def _last(shape: TableShape, plan: TablePlan, setting: Setting, shown: list[int]) -> list[Cell]:
    said = Cell("text", setting.say("合计", "Total"))
    cells: list[Cell] = []
    rows = setting.rows(plan.rows) if shape.total == SUM else []
    total = look_up(plan.total, setting.view) if plan.total else None
    for n in shown:
        value = plan.totals[n]
        if n == shown[0]:
            cells.append(said)
        elif shape.total == SUM:
            cells.append(setting.cell(_sum([setting.place(plan.values[n], row) for row in rows])))
        else:
            cells.append(setting.cell(setting.place(value, total) if value else None, shape.columns[n].style))
    return cells


def _sum(places: list[Place | None]) -> Place | None:
    """The sum of a column of counts, or of shares of one whole; None of anything else."""
    found = [place for place in places if place is not None]
    if len(found) < len(places):
        return None
    values = [place.value for place in found]
    kinds = {place.node.kind for place in found}
    if kinds == {"count"}:
        hidden = any(is_withheld(place) for place in found)
        return Place(WITHHELD if hidden else sum(values), Node("count"))
    if kinds == {"rate"} and len({value.denominator for value in values}) == 1:
        if any(is_withheld(place) for place in found):
            return None
        return Place(kpi.rate(sum(value.numerator for value in values), values[0].denominator), Node("rate"))
    return None


def compile_chart(shape: ChartShape, *, team: bool, names: Names | None = None) -> ChartPlan:
    """Raises `PathError`, whose `at` says where in the shape the mistake is."""
    if shape.week:
        weeks = []
        for field in ("week", "of"):
            text = getattr(shape, field)
            try:
                path = compile_path(text, row=None, team=team, names=names) if text else None
                if path and path.node.kind != "week":
                    raise PathError(f"{text}: {path.node.told} has no hours of the week")
            except PathError as error:
                raise PathError(str(error), field) from None
            weeks.append(path)
        return ChartPlan(None, None, [], *weeks)
    rows = compile_rows(_rows_of(shape), team=team, names=names)
    scope = Scope(rows.row, team, names)
    try:
        label = compile_value(shape.label, scope)
    except PathError as error:
        raise PathError(str(error), "label") from None
    values = []
    for n, series in enumerate(shape.series):
        try:
            value = compile_value(series.value, scope)
            if value.node.kind not in ("count", "number", "rate", "change", "span"):
                raise PathError(f"{series.value}: {value.node.told} cannot be drawn")
        except PathError as error:
            raise PathError(str(error), "series", n, "value") from None
        values.append(value)
    return ChartPlan(rows, label, values, None, None)


def _rows_of(shape: ChartShape) -> RowsShape:
    return RowsShape(rows=shape.rows, where=shape.where, sort=shape.sort, limit=shape.limit)


def fill_chart(shape: ChartShape, plan: ChartPlan, setting: Setting) -> Chart | None:
    """The chart; None where there is nothing to draw."""
    if plan.rows is None:
        labels, series = _heat(plan, setting)
    else:
        rows = setting.rows(plan.rows)
        if shape.kind == "line":
            rows = _begun(setting, plan, rows)
        labels = [_label(setting, setting.place(plan.label, row) if plan.label else None) for row in rows]
        series = [
            Series(setting.word(one), [_drawn(setting, value, row) for row in rows])
            for one, value in zip(shape.series, plan.values, strict=True)
        ]
    if not any(value for one in series for value in one.values):
        return None
    # A ring without one of its parts shows all others too large.
    if shape.kind == "donut" and any(value is None for one in series for value in one.values):
        return None
    if shape.kind == "line" and all(sum(value is not None for value in one.values) < _LINE for one in series):
        return None
    unit = setting.word(shape.unit) if shape.unit else ""
    return Chart(shape.key, setting.word(shape), shape.kind, labels, series, unit)


def _begun(setting: Setting, plan: ChartPlan, rows: list[Place]) -> list[Place]:
    """The rows from the first with a figure on: a line that has ten empty places before it is read as a fall."""
    drawn = [any(_drawn(setting, value, row) is not None for value in plan.values) for row in rows]
    return rows[drawn.index(True) :] if any(drawn) else rows


def _label(setting: Setting, place: Place | None) -> str:
    """Under an axis a week is 第25周, W25; everything else as it is printed in a cell."""
    text = setting.cell(place).text
    if place and place.trail[-1:] == ("period",) and text[4:6] == "-W":
        return setting.say(f"第{int(text[6:])}周", text[5:])
    return text


def _drawn(setting: Setting, value: Value, row: Place) -> Decimal | int | None:
    return setting.cell(setting.place(value, row)).number


def _heat(plan: ChartPlan, setting: Setting) -> tuple[list[str], list[Series]]:
    week, of = (look_up(path, setting.view) if path else None for path in (plan.week, plan.of))
    series = []
    for day, names in enumerate(_DAYS):
        hours: list[Decimal | int | None] = [n if n >= 0 else None for n in week.value[day]] if week else []
        if of:
            hours = [
                kpi.quotient(n * 100, whole) if n is not None and whole > 0 else None
                for n, whole in zip(hours, of.value[day], strict=True)
            ]
        series.append(Series(setting.say(*names), hours))
    return [str(hour) for hour in range(24)], series
