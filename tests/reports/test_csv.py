"""A document as one long table, as a program and as a spreadsheet read it."""

from __future__ import annotations

import csv
import io
from decimal import Decimal

import pytest

from tests.core.a_month import a_month
from tests.reports.a_document import a_document
from xixi_workflow.adapters import report_files
from xixi_workflow.core.document import Cell, Chart, Column, Document, Enclosed, Paragraph, Table
from xixi_workflow.reports.csv_file import harmless, write


def read(document: Document) -> list[dict[str, str]]:
    data = write(document, Enclosed(a_month(1), []))
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_number_is_there_as_it_is_and_as_it_is_printed(language: str) -> None:
    document = a_document("zh" if language == "zh" else "en")
    lines = read(document)
    for table in (block for block in document.blocks if isinstance(block, Table)):
        written = [line for line in lines if (line["block"], line["key"]) == ("table", table.key)]
        cells = [cell for row in table.rows for cell in row]
        assert [line["text"].removeprefix("'") for line in written] == [cell.text for cell in cells]
        for line, cell in zip(written, cells, strict=True):
            assert line["kind"] == cell.kind
            if cell.at is None:
                assert (Decimal(line["value"]) if line["value"] else None) == cell.number
        assert [int(line["row"]) for line in written] == [n for n, row in enumerate(table.rows, start=1) for _ in row]
    for chart in (block for block in document.blocks if isinstance(block, Chart)):
        values = [line["value"] for line in lines if (line["block"], line["key"]) == ("chart", chart.key)]
        assert [Decimal(n) if n else None for n in values] == [n for series in chart.series for n in series.values]
    for paragraph in (block for block in document.blocks if isinstance(block, Paragraph)):
        said = [line["text"] for line in lines if (line["block"], line["key"]) == ("text", paragraph.key)]
        assert said == [sentence.text for sentence in paragraph.sentences]


def test_an_instant_is_written_in_utc() -> None:
    [line] = [line for line in read(a_document()) if line["kind"] == "instant"]
    assert (line["value"], line["text"]) == ("2026-10-02T01:30:00Z", "2026-10-02 09:30")


def test_a_spreadsheet_takes_the_file_for_utf_8_with_lines_of_its_own() -> None:
    data = write(a_document(), Enclosed(a_month(1), []))
    assert data.startswith(b"\xef\xbb\xbf")
    assert data.count(b"\r\n") == data.count(b"\n")


def test_the_last_line_is_the_provenance() -> None:
    document = a_document()
    assert read(document)[-1] == {**dict.fromkeys(read(document)[0], ""), "block": "provenance", "kind": "text",
                                  "text": document.provenance.line}  # fmt: skip
    assert report_files.provenance(write(document, Enclosed(a_month(1), []))) == document.provenance


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("=1+1", "'=1+1"),
        (" =1+1", "' =1+1"),
        ("\t=1+1", "'\t=1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("-2+3", "'-2+3"),
        ("+cmd", "'+cmd"),
        ("＝1", "'＝1"),
        ("+1.20个百分点", "'+1.20个百分点"),
        ("-3.50%", "-3.50%"),
        ("+1,234", "+1,234"),
        ("-5", "-5"),
        ("甲社区", "甲社区"),
        ("—", "—"),
        ("", ""),
    ],
)
def test_no_text_is_calculated_and_no_number_is_touched(text: str, written: str) -> None:
    assert harmless(text) == written


def test_a_formula_is_harmless_wherever_it_comes_from() -> None:
    evil = "=cmd|' /C calc'!A0"
    table = Table(evil, evil, [Column(evil, evil, "text")], [[Cell("text", evil)]], notes=[evil])
    lines = read(a_document(title=evil, issuer=evil, blocks=[table]))
    assert not [cell for line in lines for cell in line.values() if cell.startswith("=")]
