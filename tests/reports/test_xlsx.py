"""A document as a workbook, read back by another library."""

from __future__ import annotations

import io
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any

import openpyxl
import pytest

from tests.core.a_month import a_month
from tests.reports.a_document import EXPORTED_AT, a_document
from xixi_workflow.adapters import report_files
from xixi_workflow.core.document import Cell, Chart, Column, Document, Enclosed, Heading, Table
from xixi_workflow.reports.xlsx import write
from xixi_workflow.reports.xlsx_looks import sheet_name

FIGURES = a_month(3)


def book(document: Document) -> Any:
    return openpyxl.load_workbook(io.BytesIO(write(document, Enclosed(FIGURES, []))))


def rows_of(sheet: Any, heading: str) -> list[list[Any]]:
    """The cells of the table whose first heading this is, below its headings."""
    rows = [list(row) for row in sheet.iter_rows()]
    top = next(n for n, row in enumerate(rows) if row[0].value == heading)
    return rows[top + 1 :]


def is_as_printed(written: Any, cell: Cell) -> bool:
    value = written.value
    if cell.at is not None:
        return isinstance(value, datetime) and value.strftime("%Y-%m-%d %H:%M") == cell.text
    if cell.number is None or cell.kind in ("text", "code"):
        return bool(value == cell.text and written.data_type == "s")
    n = Decimal(cell.number)
    match cell.kind:
        case "rate":
            return f"{round(Decimal(repr(value)) * 100, 2):.2f}" == f"{n:.2f}" and written.number_format == "0.00%"
        case "change":
            return round(Decimal(repr(value)) * 100, 2) == n and "0.00%" in written.number_format
        case "span":
            whole = value if isinstance(value, timedelta) else timedelta(
                hours=value.hour, minutes=value.minute, seconds=value.second
            ) if isinstance(value, time) else timedelta(days=value)  # fmt: skip
            return round(whole.total_seconds()) == n and written.number_format == "[h]:mm:ss"
    return Decimal(repr(value)) == n and written.data_type == "n"


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_number_of_every_table_can_be_read_back(language: str) -> None:
    document = a_document("zh" if language == "zh" else "en")
    sheets = book(document)
    heading = ""
    for block in document.blocks:
        if isinstance(block, Heading):
            heading = block.text
        if isinstance(block, Table):
            sheet = sheets[block.title or heading]
            written = rows_of(sheet, block.columns[0].title)
            for row, cells in zip(written, block.rows, strict=False):
                for at, cell in enumerate(cells):
                    assert is_as_printed(row[at], cell), (row[at].value, cell)
            assert len(written) >= len(block.rows)


def test_the_numbers_of_every_chart_are_cells_and_the_charts_are_native() -> None:
    document = a_document("en")
    sheets = book(document)
    plain = [block for block in document.blocks if isinstance(block, Chart) and block.kind != "heat"]
    sheet = sheets["Charts"]
    assert len(sheet._charts) == len(plain)
    written = [cell.value for row in sheet.iter_rows() for cell in row if isinstance(cell.value, int | float)]
    factor = {"%": Decimal("0.01")}
    numbers = [
        float(n * factor.get(chart.unit, 1))
        for chart in plain
        for at in range(len(chart.labels))
        for series in chart.series
        if (n := series.values[at]) is not None
    ]
    assert written == numbers


def test_a_map_of_colours_is_coloured_by_its_numbers() -> None:
    document = a_document("en")
    [heat] = [block for block in document.blocks if isinstance(block, Chart) and block.kind == "heat"]
    sheet = book(document)[heat.title]
    written = [[cell.value for cell in row[1:]] for row in sheet.iter_rows(min_row=4, max_row=3 + len(heat.series))]
    assert written == [series.values for series in heat.series]
    assert [rule.type for rules in sheet.conditional_formatting for rule in rules.rules] == ["colorScale"]


def test_a_rate_printed_with_its_parts_keeps_them_in_a_column_of_their_own() -> None:
    table = Table(
        "t", "T", [Column("name", "Team", "text"), Column("rate", "Rate", "rate"), Column("n", "N", "count")],
        [
            [Cell("text", "a"), Cell("rate", "94.69%（634.4/670）", Decimal("94.69")), Cell("count", "1,234", 1234)],
            [Cell("text", "b"), Cell("none", "—"), Cell("hidden", "＊")],
        ],
    )  # fmt: skip
    sheet = book(a_document("zh", blocks=[table]))["T"]
    assert [[cell.value for cell in row] for row in sheet.iter_rows(min_row=3)] == [
        ["Team", "Rate", "Rate（分子/分母）", "N"],
        ["a", 0.9469, "634.4/670", 1234],
        ["b", "—", "—", "＊"],
    ]


def test_a_clerk_can_scroll_filter_and_print() -> None:
    sheet = book(a_document("zh"))["各单位办结情况"]
    assert sheet.freeze_panes == "B4"
    [table] = sheet.tables.values()
    # The total stands outside: a filter that hides it, or a sort that moves it, makes a wrong table.
    assert table.ref == "A3:E5"
    assert [cell.value for cell in sheet[6]][:2] == ["合计", 12]
    assert sheet["A6"].font.bold
    assert (sheet.page_setup.paperSize, sheet.page_setup.fitToHeight) == (9, 0)
    assert sheet.print_title_rows == "$3:$3"
    assert "第 &P 页 共 &N 页" in str(sheet.oddFooter.right.text)


def test_the_watermark_and_the_audit_line_are_on_every_sheet_and_an_ampersand_is_one() -> None:
    document = a_document("zh", watermark="内部资料 A&B", audit="导出：A&B")
    for sheet in book(document):
        assert "A&&B" in str(sheet.oddHeader.center.text) + str(sheet.oddHeader.left.text)
        assert "A&&B" in str(sheet.oddFooter.left.text)
        seen = [cell.value for row in sheet.iter_rows(max_row=8) for cell in row]
        assert "导出：A&B" in seen


def test_a_public_document_has_no_watermark() -> None:
    for sheet in book(a_document("zh", "public")):
        assert not sheet.oddHeader.center.text


def test_no_text_becomes_a_formula_a_number_or_a_link() -> None:
    texts = ["=1+1", "{=1}", "@A1", "https://example.org", "0571", "20261001000010"]
    table = Table("t", "T", [Column("a", "A", "text")], [[Cell("text", text)] for text in texts])
    sheet = book(a_document(title="=2+2", blocks=[table]))["T"]
    cells = [row[0] for row in sheet.iter_rows(min_row=4)]
    assert [cell.value for cell in cells] == texts
    assert {cell.data_type for cell in cells} == {"s"}
    assert not [cell for cell in cells if cell.hyperlink]


def test_the_provenance_is_found_again_and_longer_than_a_custom_property_may_be() -> None:
    document = a_document()
    data = write(document, Enclosed(FIGURES, []))
    assert len(document.provenance.line) > 255
    assert report_files.provenance(data) == document.provenance
    assert openpyxl.load_workbook(io.BytesIO(data)).properties.description == document.provenance.line


def test_the_same_document_has_the_same_bytes_and_the_date_of_its_export() -> None:
    first, second = (write(a_document(), Enclosed(FIGURES, [])) for _ in range(2))
    assert first == second
    created = openpyxl.load_workbook(io.BytesIO(first)).properties.created
    assert created == EXPORTED_AT.replace(tzinfo=None)


def test_every_sheet_can_be_reached_from_the_first() -> None:
    sheets = book(a_document("zh"))
    first, *others = sheets.worksheets
    links = {cell.hyperlink.location for row in first.iter_rows() for cell in row if cell.hyperlink}
    assert {f"'{sheet.title}'!A1" for sheet in others} == links


@pytest.mark.parametrize(
    ("wanted", "name"),
    [
        ("办结[2026/10]: 总表?", "办结 2026 10   总表"),
        ("一" * 40, "一" * 31),
        ("'quoted'", "quoted"),
        ("", "—"),
        ("taken", "taken 2"),
        ("TAKEN", "TAKEN 2"),
    ],
)
def test_sheets_have_names_that_a_spreadsheet_allows(wanted: str, name: str) -> None:
    assert sheet_name(wanted, {"taken"}) == name


def test_two_tables_of_one_title_are_two_sheets() -> None:
    table = Table("a", "同名", [Column("n", "数", "count")], [[Cell("count", "1", 1)]])
    names = book(a_document(blocks=[table, Table("b", *[getattr(table, f) for f in ("title", "columns", "rows")])]))
    assert names.sheetnames == ["总览", "同名", "同名 2"]


def test_a_document_without_anything_is_still_a_workbook() -> None:
    assert book(a_document(blocks=[])).sheetnames == ["总览"]
