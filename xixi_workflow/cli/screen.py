"""How answers look: aligned tables for people, one JSON value for programs, colour only on a terminal.

Texts of petitioners are shown on one line with their mobile numbers masked, and never read as markup.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from xixi_workflow.adapters.console import in_one_line
from xixi_workflow.core import words
from xixi_workflow.core.words import Language

#: Columns of an answer that goes to a file or another program, where no terminal says how wide it is.
_WIDE = 200
#: What a page of a terminal or of a message shows without folding.
PAGE = 100
_DASH = "—"
#: Petition numbers, instants, masked telephones.
_NUMBER = re.compile(r"[\d+*:. —-]*")


def tell_json(answer: Any) -> None:
    """`answer` (structs, lists, dicts, aware datetimes) as the one JSON value on standard output."""
    typer.echo(msgspec.json.format(msgspec.json.encode(answer), indent=2).decode())


class Screen:
    """One command's output in one language. Instants are shown on the city's clock."""

    def __init__(self, language: Language, zone: ZoneInfo | None = None) -> None:
        self.language = language
        self._zone = zone
        self._console = Console(file=sys.stdout, markup=False, emoji=False, highlight=False)
        if not self._console.is_terminal:
            self._console.width = _WIDE

    def pick(self, zh: str, en: str) -> str:
        """The text in the reader's language."""
        return zh if self.language == "zh" else en

    def name(self, named: Any, otherwise: str) -> str:
        """The name of a configured thing (`zh`, `en`) in the reader's language; its code where it has none."""
        return getattr(named, self.language, otherwise)

    def line(self, *parts: str, style: str = "") -> None:
        """One line, its parts two blanks apart, wrapped by nobody."""
        text = "  ".join(part for part in parts if part)
        self._console.print(Text(in_one_line(text), style=style), soft_wrap=True)

    def blank(self) -> None:
        """An empty line."""
        self._console.print()

    def table(
        self, title: str, headings: Sequence[str], rows: Iterable[Sequence[Any]], right: str = "", *, most: int = _WIDE
    ) -> None:
        """A table; `right` names the headings, separated by `|`, whose columns hold numbers. Nothing without rows.

        `most`: columns it may take; longer texts are folded.
        """
        table = Table(
            title=title or None, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False
        )
        to_the_right = right.split("|")
        shown = [[cell if isinstance(cell, Text) else Text(self._shown(cell)) for cell in row] for row in rows]
        for n, heading in enumerate(headings):
            aligned = "right" if heading in to_the_right else "left"
            # A number that is broken in two can be neither read out nor copied.
            whole = all(_NUMBER.fullmatch(row[n].plain) for row in shown)
            table.add_column(heading, justify=aligned, overflow="fold", no_wrap=whole)  # type: ignore[arg-type]
        for row in shown:
            table.add_row(*row)
        if table.row_count:
            self._console.print(table, width=min(most, self._console.width))

    def at(self, instant: datetime | None) -> str:
        """An instant to the second on the city's clock."""
        return instant.astimezone(self._zone).strftime("%Y-%m-%d %H:%M:%S") if instant else _DASH

    def span(self, seconds: float | None) -> str:
        """A span in two units."""
        return _DASH if seconds is None else words.span(seconds, self.language)

    def _shown(self, value: Any) -> str:
        if value is None:
            return _DASH
        if isinstance(value, datetime):
            return self.at(value)
        return in_one_line(str(value))
