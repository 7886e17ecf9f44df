"""A document as CSV, for programs and for whoever wants to filter: one line for each figure, the same columns for all.

| column | holds |
|---|---|
| block | `about`, `text`, `table`, `chart`; the last line is `provenance` |
| key, title | of the paragraph, table or chart |
| row, row_name | number from 1, and the row's first cell (of a chart: the series) |
| column, column_title | key and heading (of a chart: the label) |
| kind | see `document.Kind` |
| unit | `count`, `percent`, `points`, `seconds`, or the axis of a chart; empty for texts |
| value | the plain number, or the instant in UTC; empty where nothing is printed as a number |
| text | as it is printed |

UTF-8 with a byte order mark and CRLF, for spreadsheets that take anything else for another encoding. What a
spreadsheet would take for a formula gets an apostrophe before it; numbers are left alone.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from datetime import UTC
from typing import Final, NamedTuple

from xixi_workflow.core.document import Cell, Chart, Document, Enclosed, Heading, Paragraph, Table

_UNITS: Final = {
    "count": "count",
    "rate": "percent",
    "change": "percent",
    "points": "points",
    "span": "seconds",
}
#: A spreadsheet calculates what begins so, also behind blanks.
_FORMULA: Final = re.compile(r"\s*[=+\-@＝＋－＠]")
_NUMBER: Final = re.compile(r"[+-]?[\d,]+(\.\d+)?%?")


class _Line(NamedTuple):
    block: str
    key: str = ""
    title: str = ""
    row: int | str = ""
    row_name: str = ""
    column: str = ""
    column_title: str = ""
    kind: str = "text"
    unit: str = ""
    value: str = ""
    text: str = ""


def write(document: Document, enclosed: Enclosed) -> bytes:
    """The file's bytes. Nothing of `enclosed` goes into it."""
    to = io.StringIO(newline="")
    writer = csv.writer(to, lineterminator="\r\n")
    writer.writerow(_Line._fields)
    writer.writerows([harmless(str(cell)) for cell in line] for line in _lines(document))
    # Last, and as it is: a program looks for it.
    writer.writerow(_Line("provenance", text=document.provenance.line))
    return to.getvalue().encode("utf-8-sig")


def harmless(text: str) -> str:
    """`text` as no spreadsheet calculates it."""
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def _lines(document: Document) -> Iterator[_Line]:
    for name in ("issuer", "number", "title", "subtitle", "date", "audit", "watermark"):
        if text := getattr(document, name):
            yield _Line("about", name, text=text)
    section = ""
    for block in document.blocks:
        match block:
            case Heading(text=text):
                section = text
            case Paragraph(key=key, sentences=sentences):
                for n, one in enumerate(sentences, start=1):
                    yield _Line("text", key, section, n, column=one.key, text=one.text)
            case Table():
                yield from _table(block, section)
            case Chart():
                yield from _chart(block)


def _table(table: Table, section: str) -> Iterator[_Line]:
    title = table.title or section
    for n, row in enumerate(table.rows, start=1):
        for column, cell in zip(table.columns, row, strict=True):
            yield _Line(
                "table", table.key, title, n, row[0].text, column.key, column.title,
                cell.kind, _UNITS.get(cell.kind, ""), _value(cell), cell.text,
            )  # fmt: skip
    for n, note in enumerate(table.notes, start=1):
        yield _Line("text", table.key, title, n, column="note", text=note)


def _value(cell: Cell) -> str:
    if cell.at is not None:
        return cell.at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return "" if cell.number is None else f"{cell.number:f}" if not isinstance(cell.number, int) else str(cell.number)


def _chart(chart: Chart) -> Iterator[_Line]:
    for n, series in enumerate(chart.series, start=1):
        for label, value in zip(chart.labels, series.values, strict=True):
            shown = "" if value is None else f"{value:f}" if not isinstance(value, int) else str(value)
            unit = "percent" if chart.unit == "%" else chart.unit
            kind = "none" if value is None else "number"
            yield _Line("chart", chart.key, chart.title, n, series.name, label, label, kind, unit, shown, shown)
