"""JSON files of petitions: an array of objects, or objects one after the other (JSON lines).

The standard parser wants the whole text at once. Here it is given a window of the file that slides from object to
object, so that a file of any size is read in bounded memory.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, TextIO

from xixi_workflow.adapters.intake_rows import BadRow, Encoding

_CHUNK: Final = 1 << 16
#: An object beyond this is no petition.
_LARGEST_OBJECT: Final = 1 << 20
#: Characters of `-Infinity`, `\\u0000` and the like, which the window may cut.
_LONGEST_TOKEN: Final = 16
_BLANK: Final = re.compile(r"[\s,]*")


def json_rows(path: Path, encoding: Encoding) -> Iterator[tuple[int, Any] | BadRow]:
    """Every value of the file with the line where it begins. What cannot be read is reported once.

    In JSON lines reading goes on in the line after a broken one; inside an array nothing after it can be trusted.
    """
    with path.open(encoding=encoding.name, errors=encoding.errors) as file:
        yield from _Window(file).rows()


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


class _Window:
    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._text = ""
        self._at = 0
        self._line = 1
        self._decode = json.JSONDecoder(parse_constant=_refuse_constant).raw_decode

    def rows(self) -> Iterator[tuple[int, Any] | BadRow]:
        self._skip_blanks()
        array = self._text.startswith("[", self._at)
        if array:
            self._advance(self._at + 1)
        while True:
            self._skip_blanks()
            line = self._line
            if self._at >= len(self._text):
                if array:
                    yield BadRow(line, "", "row_rest_lost")  # it was never closed
                return
            if array and self._text[self._at] == "]":
                return
            try:
                value = self._value()
            except (ValueError, RecursionError):
                if array:
                    yield BadRow(line, "", "row_rest_lost")
                    return
                yield BadRow(line, "", "row_not_json")
                self._skip_line()
                continue
            yield line, value

    def _value(self) -> Any:
        """The value that begins here. Raises `ValueError` when there is none, however much is read."""
        while True:
            try:
                value, end = self._decode(self._text, self._at)
            except json.JSONDecodeError as error:
                # Near the window's end it may be whole once more is read; what breaks before stays broken.
                cut = error.pos > len(self._text) - _LONGEST_TOKEN or error.msg.startswith("Unterminated")
                if not cut or len(self._text) - self._at > _LARGEST_OBJECT or not self._more():
                    raise
                continue
            if end == len(self._text) and self._more():
                continue  # a number could go on
            self._advance(end)
            return value

    def _more(self) -> bool:
        """Read on, dropping what lies behind; False at the end of the file."""
        chunk = self._file.read(_CHUNK)
        if not chunk:
            return False
        self._text = self._text[self._at :] + chunk
        self._at = 0
        return True

    def _advance(self, to: int) -> None:
        self._line += self._text.count("\n", self._at, to)
        self._at = to

    def _skip_blanks(self) -> None:
        while True:
            blank = _BLANK.match(self._text, self._at)
            self._advance(blank.end() if blank else self._at)
            if self._at < len(self._text) or not self._more():
                return

    def _skip_line(self) -> None:
        while (end := self._text.find("\n", self._at)) < 0:
            self._advance(len(self._text))
            if not self._more():
                return
        self._advance(end)
