"""Rows as they lie in a file of petitions: CSV in the encodings that offices use, Excel, JSON.

Nothing here knows what a petition is. A file is read once from its beginning to its end and never held whole, a row
that cannot be read is reported and the next one goes on, and a file that is something else than its suffix says is one
clear error before the first row.
"""

from __future__ import annotations

import codecs
import csv
import warnings
import zipfile
import zlib
from collections import deque
from collections.abc import Generator, Iterator
from itertools import count, islice
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

import msgspec
import openpyxl

Kind = Literal["csv", "xlsx", "json"]

SUFFIXES: Final[dict[str, Kind]] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".xlsx": "xlsx",
    ".xlsm": "xlsx",
    ".json": "json",
    ".jsonl": "json",
    ".ndjson": "json",
}
#: What the first bytes of each kind look like.
_AS_SEEN: Final[dict[Kind, str]] = {"csv": "text", "xlsx": "xlsx", "json": "json"}
_CHUNK: Final = 1 << 16
#: A line beyond this has lost its line ends; it is cut rather than held.
_LONGEST_LINE: Final = 1 << 20
#: Multi-byte characters after which a broken one means a damaged UTF-8 file and not another encoding.
_SURELY_UTF8: Final = 8
_MARKS: Final = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


class BadRow(msgspec.Struct, frozen=True):
    """A row that is no petition. `line` counts from 1 in the file, or is the row number of a spreadsheet.

    `reason` is a key of `screens` in the words catalogue and `facts` complete its sentence (`intake_files.sentence`).
    """

    line: int
    #: The field of a petition that is wrong; empty when it is the whole row.
    field: str
    reason: str
    facts: dict[str, str] = {}


class IntakeFileError(Exception):
    """No row of the file can be read; `reason` and `facts` are as those of a `BadRow`."""

    def __init__(self, reason: str, **facts: str) -> None:
        super().__init__(f"{reason}: {', '.join(facts.values())}")
        self.reason = reason
        self.facts = facts


class Fault(NamedTuple):
    """A spreadsheet cell without a usable value: the reason, and what the cell shows."""

    reason: str
    shown: str = ""


class Encoding(NamedTuple):
    """How the bytes of a file become text. Broken bytes become half characters, which no text may hold in the end."""

    name: str
    errors: Literal["strict", "replace", "surrogateescape"] = "strict"


Row = tuple[int, list[Any]]


def kind_of(path: Path) -> Kind:
    """What the file is. Raises `IntakeFileError` when it cannot be read, is empty, or is not what its suffix says."""
    try:
        with path.open("rb") as file:
            head = file.read(8192)
    except OSError as error:
        raise IntakeFileError("file_unreadable", file=path.name, problem=error.strerror or "") from error
    if not head.strip():
        raise IntakeFileError("file_empty", file=path.name)
    kind = SUFFIXES.get(path.suffix.lower())
    if kind is None:
        raise IntakeFileError("file_kind", file=path.name)
    found = _looks_like(path, head)
    if found != _AS_SEEN[kind]:
        raise IntakeFileError("file_disguised", file=path.name, suffix=path.suffix, kind=found)
    return kind


def _looks_like(path: Path, head: bytes) -> str:
    start = head.removeprefix(codecs.BOM_UTF8).lstrip().lower()
    if head.startswith(b"PK\x03\x04"):
        try:
            with zipfile.ZipFile(path) as parts:
                return "xlsx" if "xl/workbook.xml" in parts.namelist() else "zip"
        except zipfile.BadZipFile:
            raise IntakeFileError("file_damaged", file=path.name) from None
    if head.startswith(bytes.fromhex("D0CF11E0A1B11AE1")):
        return "xls"  # also an xlsx with a password
    if start.startswith(b"%pdf"):
        return "pdf"
    if start.startswith((b"<!doctype", b"<html", b"<table", b"<?xml", b"<meta")):
        return "html"
    if start.startswith((b'{"', b"{\n", b"{\r", b"{ ", b"{}", b"[{", b"[\n", b"[\r", b"[ ", b"[]")):
        return "json"
    return "text"


def encoding_of(path: Path) -> Encoding:
    """UTF-8 with or without a mark, UTF-16 with one, or GB 18030, by trying. Raises `IntakeFileError` for others.

    A UTF-8 file with a few broken bytes stays UTF-8: read as GB 18030 it would be nonsense without an error.
    """
    with path.open("rb") as file:
        head = file.read(4)
    for mark, name in _MARKS.items():
        if head.startswith(mark):
            return Encoding(name, "surrogateescape" if name == "utf-8-sig" else "replace")
    wide = _wide_characters(path)
    if wide is None:
        return Encoding("utf-8")
    if wide >= _SURELY_UTF8:
        return Encoding("utf-8", "surrogateescape")
    decoder = codecs.getincrementaldecoder("gb18030")()
    try:
        for chunk in _chunks(path):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        raise IntakeFileError("file_encoding", file=path.name) from None
    return Encoding("gb18030")


def _wide_characters(path: Path) -> int | None:
    """Whether characters beyond ASCII come before the first that is no UTF-8, counted as far as they tell anything.

    None when all of the file is UTF-8.
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    wide = 0
    try:
        for chunk in _chunks(path):
            text = decoder.decode(chunk)
            if wide < _SURELY_UTF8:
                wide += _count_wide(text)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        before = error.object[: error.start].decode("utf-8", "ignore")
        return wide + _count_wide(before)
    return None


def _count_wide(text: str) -> int:
    """Characters of `text` beyond ASCII, at most as many as are asked for."""
    return sum(1 for _ in islice((c for c in text if c > "\x7f"), _SURELY_UTF8))


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk


# --- CSV ------------------------------------------------------------------------------------------------------------


class _Lines:
    """The lines of a file, of which the last row's can be taken back."""

    def __init__(self, lines: Iterator[str]) -> None:
        self._lines = lines
        self._again: deque[str] = deque()
        self._taken: list[str] = []
        self.number = 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._again.popleft() if self._again else next(self._lines)
        self._taken.append(line)
        self.number += 1
        return line

    def begin(self) -> int:
        """A new row begins here; its line number."""
        self._taken.clear()
        return self.number + 1

    def take_back(self) -> None:
        """Give out again all lines of the row but its first."""
        self._again.extendleft(reversed(self._taken[1:]))
        self.number -= len(self._taken) - 1


def csv_rows(path: Path, encoding: Encoding, delimiter: str) -> Generator[Row | BadRow, None, None]:
    """The rows of a CSV file. A row whose quotes do not match is reported, and reading goes on in the next line."""
    with path.open(encoding=encoding.name, errors=encoding.errors, newline="") as file:
        lines = _Lines(iter(lambda: file.readline(_LONGEST_LINE), ""))
        while True:
            start = lines.begin()
            try:
                # A reader for each row, so that none has read ahead when a row is taken back.
                yield start, next(csv.reader(lines, delimiter=delimiter, strict=True))
            except StopIteration:
                return
            except csv.Error:
                lines.take_back()
                yield BadRow(start, "", "row_broken_quotes")


# --- Excel ----------------------------------------------------------------------------------------------------------

#: What openpyxl raises for a workbook that is damaged or that it does not understand.
_DAMAGE: Final = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    SyntaxError,  # of its XML
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
)


def xlsx_sheets(path: Path) -> Iterator[Generator[Row | BadRow, None, None]]:
    """The rows of each visible sheet. Raises `IntakeFileError` for a workbook that cannot be opened."""
    book = _open(path, values=False)
    try:
        for sheet in book.worksheets:
            if sheet.sheet_state == "visible":
                yield _sheet_rows(path, sheet)
    finally:
        book.close()


def _open(path: Path, *, values: bool) -> Any:
    try:
        with warnings.catch_warnings():
            # It warns of drop-down lists and colours that it will not keep; nobody asked it to.
            warnings.simplefilter("ignore")
            return openpyxl.load_workbook(path, read_only=True, data_only=values)
    except _DAMAGE:
        raise IntakeFileError("file_damaged", file=path.name) from None


def _sheet_rows(path: Path, sheet: Any) -> Generator[Row | BadRow, None, None]:
    # Other programs often write a wrong extent into the file.
    sheet.reset_dimensions()
    results = _Results(path, sheet.title)
    rows = sheet.iter_rows()
    try:
        for number in count(1):
            try:
                cells = next(rows)
            except StopIteration:
                return
            except _DAMAGE:
                yield BadRow(number, "", "row_rest_lost")
                return
            values = [Fault("row_cell_error", str(c.value)) if c.data_type == "e" else c.value for c in cells]
            for n, cell in enumerate(cells):
                if cell.data_type == "f":
                    values[n] = results.of(number, n)
            yield number, values
    finally:
        results.close()


class _Results:
    """What the formulas of a sheet came to when it was last saved.

    A workbook is read either with its formulas or with their results, so the second reading is begun only when there
    is a formula, and runs beside the first.
    """

    def __init__(self, path: Path, title: str) -> None:
        self._path = path
        self._title = title
        self._book: Any = None
        self._rows: Iterator[Any] = iter(())
        self._number = 0
        self._cells: Any = ()

    def of(self, row: int, column: int) -> Any:
        """The result of the formula in this cell; rows are asked for in rising order."""
        if self._book is None:
            self._book = _open(self._path, values=True)
            sheet = self._book[self._title]
            sheet.reset_dimensions()
            self._rows = sheet.iter_rows()
        while self._number < row:
            self._cells = next(self._rows, ())
            self._number += 1
        cell = self._cells[column] if column < len(self._cells) else None
        if cell is None or cell.value is None:
            return Fault("row_formula")
        return Fault("row_cell_error", str(cell.value)) if cell.data_type == "e" else cell.value

    def close(self) -> None:
        """Close the second reading, if there was one."""
        if self._book is not None:
            self._book.close()
