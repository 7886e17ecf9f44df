"""One table of a document on a sheet."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, Final

from xixi_workflow.core.document import Cell, Column, Table
from xixi_workflow.reports.xlsx_looks import Looks, lines_of, room_of

_WIDEST, _NARROWEST = 46.0, 7.0
_DAY: Final = 86400
#: A rate that is printed with its parts: `94.69%（614/648）`.
_PARTS: Final = re.compile(r"([-\d.,]+%)\s*[（(]([^（）()]+)[)）]")
_TITLE: Final = {"zh": "{}（分子/分母）", "en": "{} (of)"}
_LEFT: Final = ("text", "code")


class Grid:
    """A table's cells, with a column more after each rate that is printed with its parts: a number has no room."""

    def __init__(self, table: Table, looks: Looks) -> None:
        self.table, self.looks = table, looks
        self.columns: list[Column] = []
        self.rows: list[list[Cell]] = [[] for _ in table.rows]
        for at, column in enumerate(table.columns):
            cells = [row[at] for row in table.rows]
            self._add(column, cells)
            parts = [_PARTS.fullmatch(cell.text) if cell.kind == "rate" else None for cell in cells]
            if any(parts):
                title = _TITLE[looks.language].format(column.title)
                self._add(
                    Column(f"{column.key}_parts", title, "text"),
                    [
                        Cell("text", part[2]) if part else Cell("none", "" if cell.kind == "rate" else cell.text)
                        for part, cell in zip(parts, cells, strict=True)
                    ],
                )
        self.widths = [self._width(at) for at in range(len(self.columns))]
        self.width = sum(self.widths)

    def _add(self, column: Column, cells: list[Cell]) -> None:
        self.columns.append(column)
        for row, cell in zip(self.rows, cells, strict=True):
            row.append(cell)

    def _width(self, at: int) -> float:
        column = self.columns[at]
        texts = [room_of(_PARTS.sub(r"\1", row[at].text)) for row in self.rows]
        # The arrow of the filter stands beside the heading, which wraps sooner than it widens the column.
        heading = room_of(column.title)
        heading = heading if heading <= 10 else max(10.0, heading / 2)
        return min(_WIDEST, max(_NARROWEST, heading + 3, *(width * 1.05 + 3 for width in texts), 0))

    def put(self, sheet: Any, top: int, name: str, *, filters: bool) -> int:
        """Write the table from row `top` on and return the row after it and its notes."""
        looks = self.looks
        for at, width in enumerate(self.widths):
            sheet.set_column(at, at, width)
        ends = top + len(self.rows) - (1 if self.table.total else 0)
        titles = [column.title for column in self.columns]
        if ends > top and all(titles) and len({title.lower() for title in titles}) == len(titles):
            headings = [{"header": title, "header_format": looks["column"]} for title in titles]
            options = {"columns": headings, "name": name, "style": None, "autofilter": filters}
            sheet.add_table(top, 0, ends, len(titles) - 1, options)
        for at, title in enumerate(titles):
            sheet.write_string(top, at, title, looks["column"])
        sheet.set_row(
            top, 16 * max((lines_of(t, w - 2) for t, w in zip(titles, self.widths, strict=True)), default=1) + 6
        )
        for n, row in enumerate(self.rows):
            total = self.table.total and n == len(self.rows) - 1
            for at, cell in enumerate(row):
                self._cell(sheet, top + 1 + n, at, cell, total)
            lines = max((lines_of(c.text, w - 2) for c, w in zip(row, self.widths, strict=True)), default=1)
            sheet.set_row(top + 1 + n, 15.5 * lines + 3)
        after = top + 1 + len(self.rows)
        for note in self.table.notes:
            if len(self.columns) > 1:
                sheet.merge_range(after, 0, after, len(self.columns) - 1, "", looks["note"])
            sheet.write_string(after, 0, note, looks["note"])
            sheet.set_row(after, 13 * lines_of(note, max(self.width, _NARROWEST)) + 3)
            after += 1
        return after

    def _cell(self, sheet: Any, row: int, at: int, cell: Cell, total: bool) -> None:
        looks = self.looks
        left = self.columns[at].kind in _LEFT and cell.kind in _LEFT
        if cell.at is not None:
            local = cell.at.astimezone(looks.zone).replace(tzinfo=None)
            sheet.write_datetime(row, at, local, looks.cell(left=False, number="yyyy-mm-dd hh:mm", total=total))
        elif cell.number is None or cell.kind in _LEFT:
            sheet.write_string(row, at, cell.text, looks.cell(left=left, total=total))
        else:
            value, number = stored(cell, looks)
            sheet.write_number(row, at, value, looks.cell(left=False, number=number, total=total))


def stored(cell: Cell, looks: Looks) -> tuple[float, str]:
    """What a spreadsheet keeps of a number, and the format that prints it as it is printed elsewhere."""
    n = Decimal(cell.number or 0)
    match cell.kind:
        case "rate":
            return float(n / 100), "0.00%"
        case "change":
            return float(n / 100), "+0.00%;-0.00%;0.00%"
        case "points":
            return float(n), looks.points()
        case "span":
            return float(n / _DAY), "[h]:mm:ss"
        case "count":
            return float(n), "#,##0"
    exponent = n.as_tuple().exponent
    places = -exponent if isinstance(exponent, int) and exponent < 0 and n != int(n) else 0
    return float(n), "#,##0" + ("." + "0" * places if places else "")
