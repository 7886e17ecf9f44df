"""Petitions from a file that somebody exported: CSV, Excel or JSON, with the headings that the office happens to use.

A file is work that people have already done, so as much of it is kept as can be: every row that is a petition is
given, every other is named with its line and its reason, and reading the same file again gives the same petitions
with the same source ids, so that nothing is filed twice.

The heading row is looked for in the first rows, under whatever title a report puts above it; headings over merged
cells may take two rows.
"""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from hashlib import blake2b
from itertools import chain, islice
from pathlib import Path
from typing import Any, Final, Literal, cast
from zoneinfo import ZoneInfo

import msgspec

from xixi_workflow.adapters.console import in_one_line
from xixi_workflow.adapters.intake_json import json_rows
from xixi_workflow.adapters.intake_rows import (
    BadRow,
    IntakeFileError,
    Row,
    csv_rows,
    encoding_of,
    kind_of,
    xlsx_sheets,
)
from xixi_workflow.adapters.intake_values import (
    Unfit,
    as_code,
    as_instant,
    as_line,
    as_phone,
    as_text,
    as_urgency,
    as_yes,
)
from xixi_workflow.core.commands import FilePetition, Petitioner, Urgency
from xixi_workflow.core.policy import Policy
from xixi_workflow.core.policy_checks import plain_heading
from xixi_workflow.core.policy_schema import COLUMN_FIELDS, Named

__all__ = ["BadRow", "IntakeFileError", "read_file", "sentence"]

#: Rows in which the headings are looked for.
HEADING_ROWS: Final = 20
#: Characters of the content that stand in for a missing title.
TITLE_FROM_CONTENT: Final = 30
_DELIMITERS: Final = (",", "\t", ";", "|")

_CODE: Final = re.compile(r"[\w.:-]{1,40}")
_NOBODY: Final[Mapping[str, Named]] = {}


def read_file(
    path: Path,
    columns: Mapping[str, Sequence[str]],
    *,
    source: str,
    mapping: Mapping[str, str] | None = None,
    zone: ZoneInfo,
    sources: Mapping[str, Named] = _NOBODY,
    natures: Mapping[str, Named] = _NOBODY,
) -> Iterator[FilePetition | BadRow]:
    """The petitions of the file, in its order, and a `BadRow` for each row that is none.

    `columns` has the headings that a field of `COLUMN_FIELDS` goes by (`sources.yaml`); `mapping` (field -> heading)
    goes before them. `source` is that of rows which name none (empty: they are bad rows); a name in `sources` or
    `natures` becomes its code. Times without an offset are of `zone`. The whole file is never in memory.

    Raises `IntakeFileError` at once, before any row, when the file as a whole cannot be used.
    """
    kind = kind_of(path)
    headings = _Headings(path, columns, mapping or {})
    petitions = _Petitions(source, zone, sources, natures)
    if kind == "json":
        return _from_objects(json_rows(path, encoding_of(path)), headings, petitions)
    if kind == "csv":
        encoding = encoding_of(path)
        tables: Iterable[Generator[Row | BadRow, None, None]] = (csv_rows(path, encoding, d) for d in _DELIMITERS)
    else:
        tables = xlsx_sheets(path)
    # The first delimiter, or the first visible sheet, under which the headings make sense.
    seen: list[str] = []
    for table in tables:
        first = list(islice(table, HEADING_ROWS))
        found = headings.find(first)
        if found is not None:
            rows = chain(first, table)
            return _from_table(rows, *found, petitions, tables, extra=kind == "csv")
        table.close()
        seen = seen or next(([as_seen(c) for c in row[1]] for row in first if not isinstance(row, BadRow)), [])
    headings.explain(seen)
    raise IntakeFileError("file_no_heading", file=path.name, seen=_shown(seen))


def _shown(cells: Iterable[str]) -> str:
    """What a heading row holds, for an error; a file without headings begins with somebody's telephone number."""
    return in_one_line(", ".join(filter(None, cells)))[:200]


def sentence(bad: BadRow | IntakeFileError, policy: Policy, language: Literal["zh", "en"]) -> str:
    """Why the row or the file cannot be used, from the words catalogue."""
    text = policy.words[language].screens.get(bad.reason)
    # A policy that was stored by an earlier release may lack the words.
    return text.format_map(bad.facts) if text else " ".join([bad.reason, *bad.facts.values()])


def as_seen(cell: Any) -> str:
    """A cell of a heading row as text, empty for one that holds none."""
    return "" if cell is None else " ".join(str(cell).split())[:40]


class _Headings:
    """Which column holds which field."""

    def __init__(self, path: Path, columns: Mapping[str, Sequence[str]], mapping: Mapping[str, str]) -> None:
        self._path = path
        for field in mapping:
            if field not in COLUMN_FIELDS:
                known = ", ".join(sorted(COLUMN_FIELDS))
                raise IntakeFileError("file_no_field", file=path.name, column=field, known=known)
        self._mapping = mapping
        taken = {plain_heading(heading) for heading in mapping.values()}
        #: Plain heading -> (field, rank); the lowest rank of a field wins.
        self._known: dict[str, tuple[str, int]] = {}
        for field in sorted(COLUMN_FIELDS - mapping.keys()):
            for rank, heading in enumerate([*columns.get(field, ()), field]):
                if (plain := plain_heading(heading)) not in taken:
                    self._known.setdefault(plain, (field, rank))
        self._known |= {plain_heading(heading): (field, -1) for field, heading in mapping.items()}

    def of(self, cells: Sequence[Any]) -> dict[str, int]:
        """Field -> index of its column among these heading cells."""
        best: dict[str, tuple[int, int]] = {}
        for n, cell in enumerate(cells):
            field, rank = self._known.get(plain_heading(as_seen(cell)), ("", 0))
            if field and (field not in best or rank < best[field][0]):
                best[field] = rank, n
        return {field: n for field, (_, n) in best.items()}

    def find(self, rows: Sequence[Row | BadRow]) -> tuple[int, dict[str, int], list[str]] | None:
        """The line up to which the headings go, the columns, and the headings as written; None without headings.

        Of several rows that could be headings it is the one that names most fields.
        """
        best: tuple[int, dict[str, int], list[str]] | None = None
        for i, row in enumerate(rows):
            if isinstance(row, BadRow):
                continue
            line, cells = row
            columns = self.of(cells)
            below = rows[i + 1] if i + 1 < len(rows) else None
            if columns and below is not None and not isinstance(below, BadRow):
                joined = self._joined(cells, columns, below[1])
                if joined is not None:
                    line, cells, columns = below[0], joined, self.of(joined)
            if self._enough(columns) and (best is None or len(columns) > len(best[1])):
                best = line, columns, [as_seen(cell) for cell in cells]
        return best

    def _joined(self, upper: Sequence[Any], columns: Mapping[str, int], lower: Sequence[Any]) -> list[Any] | None:
        """Headings over two rows: the lower one has headings, too, and nothing else under a heading of the upper."""
        named = {*self.of(lower).values()}
        if not named or any(n < len(lower) and as_seen(lower[n]) and n not in named for n in columns.values()):
            return None
        width = max(len(upper), len(lower))
        above, below = ([*cells, *[None] * (width - len(cells))] for cells in (upper, lower))
        return [b if as_seen(b) else a for a, b in zip(above, below, strict=True)]

    def _enough(self, columns: Mapping[str, int]) -> bool:
        return ("title" in columns or "content" in columns) and self._mapping.keys() <= columns.keys()

    def explain(self, seen: Sequence[str]) -> None:
        """Raise the more exact error when it is a column named by hand that is not there."""
        plain = {plain_heading(heading) for heading in seen}
        for heading in self._mapping.values():
            if plain_heading(heading) not in plain:
                raise IntakeFileError("file_no_column", file=self._path.name, column=heading, seen=_shown(seen))


def _from_table(
    rows: Iterable[Row | BadRow],
    heading_line: int,
    columns: Mapping[str, int],
    headings: Sequence[str],
    petitions: _Petitions,
    tables: Iterable[object],
    *,
    extra: bool,
) -> Iterator[FilePetition | BadRow]:
    """The petitions under the headings. `extra`: cells beyond the headings are a fault and not somebody's notes."""
    names = {field: headings[n] for field, n in columns.items()}
    width = len(headings)
    for row in rows:
        if isinstance(row, BadRow):
            yield row
            continue
        line, cells = row
        if line <= heading_line or not any(as_seen(cell) for cell in cells):
            continue
        if as_seen(cells[0]) == headings[0] and [as_seen(cell) for cell in cells[:width]] == headings:
            continue  # the headings again, on the next page of a report
        if extra and any(as_seen(cell) for cell in cells[width:]):
            yield BadRow(line, "", "row_extra_cells", {"count": str(len(cells) - width)})
            continue
        yield petitions.make(line, {f: cells[n] for f, n in columns.items() if n < len(cells)}, names)
    del tables  # keeps the workbook open until its last row


def _from_objects(
    rows: Iterable[tuple[int, Any] | BadRow], headings: _Headings, petitions: _Petitions
) -> Iterator[FilePetition | BadRow]:
    for row in rows:
        if isinstance(row, BadRow):
            yield row
            continue
        line, value = row
        if not isinstance(value, dict):
            yield BadRow(line, "", "row_not_object")
            continue
        who = value.get("petitioner")
        if isinstance(who, dict):
            value = {k: v for k, v in value.items() if k != "petitioner"} | {
                f"petitioner_{k}": v for k, v in who.items()
            }
        keys = list(value)
        columns = headings.of(keys)
        names = {field: keys[n] for field, n in columns.items()}
        yield petitions.make(line, {field: value[key] for field, key in names.items()}, names)


def _longest() -> dict[str, int]:
    """Most characters of each text, as the command itself says."""
    found = {}
    for kind, prefix in ((FilePetition, ""), (Petitioner, "petitioner_")):
        for field in cast(msgspec.inspect.StructType, msgspec.inspect.type_info(kind)).fields:
            if isinstance(field.type, msgspec.inspect.StrType) and field.type.max_length:
                found[prefix + field.name] = field.type.max_length
    return found


_LONGEST: Final = _longest()


class _Petitions:
    """Makes petitions of the cells of a row."""

    def __init__(self, source: str, zone: ZoneInfo, sources: Mapping[str, Named], natures: Mapping[str, Named]) -> None:
        self._source = source
        self._zone = zone
        self._sources = sources
        self._natures = natures

    def make(self, line: int, values: Mapping[str, Any], names: Mapping[str, str]) -> FilePetition | BadRow:
        """The petition that `values` (field -> cell) describe; `names` are the headings, for the report."""
        field = ""
        try:
            read: dict[str, Any] = {}
            for field, cell in values.items():
                read[field] = self._value(field, cell)
                most = _LONGEST.get(field)
                if most and len(read[field]) > most:
                    raise Unfit("row_too_long", length=str(len(read[field])), most=str(most))
        except Unfit as unfit:
            facts = {"column": names.get(field, field), **unfit.facts}
            return BadRow(line, field, unfit.reason, facts)
        content = read.get("content", "")
        title = read.get("title", "") or " ".join(content.split())[:TITLE_FROM_CONTENT]
        if not title:
            return BadRow(line, "title", "row_no_text")
        if not (read.get("source") or self._source):
            return BadRow(line, "source", "row_no_source")
        return self._petition(title, content, read)

    def _value(self, field: str, cell: Any) -> Any:
        if field == "content":
            return as_text(cell)
        if field == "received_at":
            return as_instant(cell, self._zone)
        if field == "urgency":
            return as_urgency(cell)
        if field == "confidential":
            return as_yes(cell)
        if field == "petitioner_phone":
            return as_phone(cell)
        if field == "nature":
            return as_code(cell, self._natures)
        if field == "source":
            code = as_code(cell, self._sources)
            if code and (code not in self._sources if self._sources else not _CODE.fullmatch(code)):
                raise Unfit("row_unknown_source", value=code[:40])
            return code
        return as_line(cell)

    def _petition(self, title: str, content: str, read: Mapping[str, Any]) -> FilePetition:
        received_at: datetime | None = read.get("received_at")
        petition = FilePetition(
            read.get("source") or self._source,
            read.get("source_id", ""),
            title,
            content,
            received_at,
            read.get("channel", ""),
            read.get("nature", ""),
            cast(Urgency, read.get("urgency", "normal")),
            read.get("community", ""),
            read.get("address", ""),
            Petitioner(read.get("petitioner_name", ""), read.get("petitioner_phone", "")),
            read.get("confidential", False),
        )
        if petition.source_id:
            return petition
        # The row itself is its number: the same row, in whatever kind of file, is the same petition.
        digest = blake2b(msgspec.json.encode(petition), digest_size=12).hexdigest()
        return msgspec.structs.replace(petition, source_id=f"row-{digest}")
