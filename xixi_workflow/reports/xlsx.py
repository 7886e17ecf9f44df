"""A document as xlsx, for whoever calculates on: a sheet of text, one for each table, and charts with their numbers.

Numbers are numbers with a format that prints them as everywhere else: percentages are stored as fractions, spans as
parts of a day, instants on the city's clock; petition numbers are texts, for a spreadsheet rounds what has more than 15
digits. Only what WPS and LibreOffice show like Excel is used: tables, native charts, frozen panes, colour scales.

The provenance is the description (`dc:description` in docProps/core.xml, 备注): of a file's properties the one that may
be longer than 255 characters.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC
from typing import Any, Final
from zoneinfo import ZoneInfo

import xlsxwriter  # type: ignore[import-untyped]

from xixi_workflow.core.document import Chart, Document, Enclosed, Heading, Paragraph, Table
from xixi_workflow.reports import office
from xixi_workflow.reports.office import Part
from xixi_workflow.reports.xlsx_charts import draw, heat
from xixi_workflow.reports.xlsx_looks import Looks, lines_of, room_of, sheet_name
from xixi_workflow.reports.xlsx_tables import Grid

_WORDS: Final = {
    "zh": {"overview": "总览", "charts": "图表", "page": "第 &P 页 共 &N 页"},
    "en": {"overview": "Overview", "charts": "Charts", "page": "Page &P of &N"},
}
#: Width of the sheet of text: columns, and their width each, in characters.
_COLUMNS, _EACH = 8, 11
#: Characters that a header or footer may have; Excel calls a file with more damaged.
_MARGIN_TEXT: Final = 250
_A4: Final = 9
#: A table wider than this, in characters, is printed on paper laid across.
_ACROSS: Final = 90


def write(document: Document, enclosed: Enclosed) -> bytes:
    """The file's bytes; the same for the same document. Of `enclosed` only the city's time zone is used."""
    made = io.BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "default_format_properties": {"font_name": "宋体" if document.language == "zh" else "Calibri", "font_size": 11},
    }
    with xlsxwriter.Workbook(made, options) as book:
        _Book(book, document, ZoneInfo(enclosed.figures.zone)).fill()
    return made.getvalue()


class _Book:
    """The workbook while it is written."""

    def __init__(self, book: Any, document: Document, zone: ZoneInfo) -> None:
        self.book, self.document = book, document
        self.looks = Looks(book, document.language, zone)
        self.words = _WORDS[document.language]
        self.names: set[str] = set()
        self.tables = 0
        #: The sheet of each table and chart, by its key; and those of the annexes with their titles.
        self.where: dict[tuple[type, str], str] = {}
        self.annexed: list[tuple[str, str]] = []

    def fill(self) -> None:
        document = self.document
        self.book.set_properties(
            {
                "title": document.title,
                "author": document.issuer,
                "comments": document.provenance.line,
                # Naive, for xlsxwriter writes it as UTC.
                "created": document.provenance.exported_at.astimezone(UTC).replace(tzinfo=None),
            }
        )
        laid = office.laid(document)
        overview = self.sheet(self.words["overview"])
        every = [*laid.parts, *(part for annex in laid.annexes for part in annex.parts)]
        charts = [(part, part.block) for part in every if isinstance(part.block, Chart)]
        section = ""
        for part in laid.parts:
            if isinstance(part.block, Heading):
                section = part.block.text
            elif isinstance(part.block, Table):
                self.table(part, section)
        self.charts([one for one in charts if one[1].kind != "heat"])
        for one in charts:
            if one[1].kind == "heat":
                self.heat(*one)
        for annex in laid.annexes:
            self.annex(annex)
        self.overview(overview, laid.parts)

    # --- sheets -------------------------------------------------------------------------------------------------------

    def sheet(self, wanted: str, *, across: bool = False) -> Any:
        """A sheet with its paper, and the watermark and the page number on it."""
        sheet = self.book.add_worksheet(sheet_name(wanted, self.names))
        sheet.hide_gridlines(2)
        sheet.set_paper(_A4)
        sheet.set_margins(left=0.6, right=0.6, top=0.9, bottom=0.8)
        sheet.fit_to_pages(1, 0)
        if across:
            sheet.set_landscape()
        mark = _escaped(self.document.watermark)
        if mark:
            sheet.set_header(f"&C&18&KBFBFBF{mark}"[:_MARGIN_TEXT])
        sheet.set_footer(f"&L&8&K7F7F7F{_escaped(self.document.audit)[:180]}&R&9{self.words['page']}")
        return sheet

    def overview(self, sheet: Any, parts: list[Part]) -> None:
        """The text, and where everything else is."""
        document, looks = self.document, self.looks
        sheet.set_column(0, _COLUMNS - 1, _EACH)
        row = 0

        def line(text: str, look: str, high: float = 15.5) -> None:
            nonlocal row
            sheet.merge_range(row, 0, row, _COLUMNS - 1, "", looks[look])
            sheet.write_string(row, 0, text, looks[look])
            width = _COLUMNS * _EACH * (0.62 if look == "title" else 1)
            sheet.set_row(row, high * lines_of(text, width) + 5)
            row += 1

        line(document.issuer, "issuer")
        line(document.title, "title", 30)
        for text in (document.subtitle, document.number, document.date):
            if text:
                line(text, "centred")
        line(document.audit, "faint", 13)

        def link(name: str, title: str) -> None:
            nonlocal row
            sheet.merge_range(row, 0, row, _COLUMNS - 1, "", looks["link"])
            sheet.write_url(row, 0, f"internal:'{name}'!A1", looks["link"], title)
            sheet.set_row(row, 18)
            row += 1

        for part in parts:
            block = part.block
            if isinstance(block, Heading):
                line(f"{part.mark}{block.text}", "heading" if block.level == 1 else "inner", 20)
            elif isinstance(block, Paragraph):
                gap = "" if document.language == "zh" else " "
                line(gap.join(s.text for s in block.sentences), "text")
            elif (type(block), block.key) in self.where:
                link(self.where[type(block), block.key], part.caption or block.title or block.key)
        for name, title in self.annexed:
            link(name, title)
        sheet.activate()

    def table(self, part: Part, section: str) -> None:
        table = part.block
        assert isinstance(table, Table)
        title = table.title or section
        grid = Grid(table, self.looks)
        sheet = self.sheet(title, across=grid.width > _ACROSS)
        self.where[Table, table.key] = sheet.name
        top = self.head(sheet, part.caption or title)
        grid.put(sheet, top, self.table_name(), filters=len(table.rows) > 2)
        sheet.freeze_panes(top + 1, 1)
        sheet.repeat_rows(top)

    def head(self, sheet: Any, title: str) -> int:
        """A sheet's first lines; the row after them."""
        sheet.write_string(0, 0, title, self.looks["sheet title"])
        sheet.set_row(0, 24)
        sheet.write_string(1, 0, self.document.audit, self.looks["faint line"])
        return 2

    def table_name(self) -> str:
        """Every table of a workbook has a name that no other has."""
        self.tables += 1
        return f"Table_{self.tables}"

    def charts(self, charts: list[tuple[Part, Chart]]) -> None:
        """All charts under each other, each beside its numbers and none across two pages."""
        if not charts:
            return
        sheet = self.sheet(self.words["charts"], across=True)
        sheet.set_column(0, 0, max(12.0, *(room_of(label) + 2 for _, chart in charts for label in chart.labels[:40])))
        sheet.set_column(1, max(len(chart.series) for _, chart in charts), 13)
        row = self.head(sheet, self.words["charts"]) + 1
        breaks = []
        for n, (part, chart) in enumerate(charts):
            if n and n % 2 == 0:
                breaks.append(row)
            self.where[Chart, chart.key] = sheet.name
            row = draw(self.book, sheet, row, chart, part.caption or chart.title, self.looks)
        sheet.set_h_pagebreaks(breaks)

    def heat(self, part: Part, chart: Chart) -> None:
        """A map of colours has a sheet of its own: its columns are narrow."""
        sheet = self.sheet(chart.title, across=True)
        self.where[Chart, chart.key] = sheet.name
        top = self.head(sheet, part.caption or chart.title)
        heat(sheet, top, chart, self.looks)
        sheet.freeze_panes(top + 1, 1)

    def annex(self, annex: office.Annex) -> None:
        """Tables of numbers on sheets of their own, to be sorted and filtered; all else under each other on one."""
        own = [part for part in annex.parts if isinstance(part.block, Table) and part.caption and _counts(part.block)]
        for part in own:
            self.table(part, annex.title)
            assert isinstance(part.block, Table)
            self.annexed.append((self.where[Table, part.block.key], part.caption))
        parts = [part for part in annex.parts if part not in own and not isinstance(part.block, Chart)]
        if not any(isinstance(part.block, Table | Paragraph) for part in parts):
            return
        grids = [Grid(part.block, self.looks) for part in parts if isinstance(part.block, Table)]
        widths = [max(column) for column in _columns([grid.widths for grid in grids])]
        sheet = self.sheet(annex.title, across=sum(widths) > _ACROSS)
        self.annexed.append((sheet.name, f"{annex.label}　{annex.title}"))
        row = self.head(sheet, annex.title)
        room = max(sum(widths), _COLUMNS * _EACH)
        tables = iter(grids)
        for part in parts:
            block = part.block
            if isinstance(block, Table):
                if part.caption:
                    sheet.write_string(row, 0, part.caption, self.looks["inner"])
                    row += 1
                row = next(tables).put(sheet, row, self.table_name(), filters=False) + 1
            elif isinstance(block, Heading):
                sheet.write_string(row, 0, f"{part.mark}{block.text}", self.looks["inner"])
                row += 1
            elif isinstance(block, Paragraph):
                last = max(len(widths), 2) - 1
                for one in block.sentences:
                    sheet.merge_range(row, 0, row, last, "", self.looks["text"])
                    sheet.write_string(row, 0, one.text, self.looks["text"])
                    sheet.set_row(row, 15.5 * lines_of(one.text, room) + 4)
                    row += 1
        # The tables of an annex share their columns: each is as wide as the widest asks for.
        for at, width in enumerate(widths):
            sheet.set_column(at, at, width)


def _counts(table: Table) -> bool:
    return any(column.kind not in ("text", "code", "instant") for column in table.columns)


def _columns(rows: list[list[float]]) -> Iterator[list[float]]:
    for at in range(max((len(row) for row in rows), default=0)):
        yield [row[at] for row in rows if at < len(row)]


def _escaped(text: str) -> str:
    """An ampersand begins a command in a header."""
    return text.replace("&", "&&")
