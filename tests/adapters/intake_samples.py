"""Reading and writing files of petitions, for the tests of intake."""

from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl

from xixi_workflow.adapters.intake_files import read_file
from xixi_workflow.adapters.intake_rows import BadRow
from xixi_workflow.adapters.policy_folder import read_policy, shipped_folder
from xixi_workflow.core.commands import FilePetition

POLICY = read_policy(shipped_folder())
COLUMNS = POLICY.sources.columns
HANGZHOU = ZoneInfo("Asia/Shanghai")


def read(path: Path, **more: Any) -> list[FilePetition | BadRow]:
    given_: dict[str, Any] = {"source": "grid", "zone": HANGZHOU} | more
    return list(read_file(path, COLUMNS, **given_))


def petitions(path: Path, **more: Any) -> list[FilePetition]:
    rows = read(path, **more)
    assert [row for row in rows if isinstance(row, BadRow)] == []
    return [row for row in rows if isinstance(row, FilePetition)]


def bad(path: Path, **more: Any) -> list[tuple[int, str, str]]:
    return [(row.line, row.field, row.reason) for row in read(path, **more) if isinstance(row, BadRow)]


def titles(path: Path, **more: Any) -> list[str]:
    return [row.title for row in read(path, **more) if isinstance(row, FilePetition)]


def wall(year: int, month: int, day: int, hour: int, minute: int) -> datetime:
    """What a spreadsheet holds: a wall clock without a zone."""
    return datetime(year, month, day, hour, minute)  # noqa: DTZ001


def csv_file(path: Path, *lines: str, encoding: str = "utf-8", ending: str = "\n") -> Path:
    path.write_bytes(ending.join(lines).encode(encoding))
    return path


def xlsx_file(path: Path, rows: list[list[Any]], merged: tuple[str, ...] = ()) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    for cells in merged:
        sheet.merge_cells(cells)
    book.save(path)
    return path
