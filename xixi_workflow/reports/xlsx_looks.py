"""How cells of a workbook look, how wide their texts are, and how sheets may be called."""

from __future__ import annotations

import math
import re
from typing import Any, Final
from zoneinfo import ZoneInfo

from xixi_workflow.core.document import Language
from xixi_workflow.reports.drawing import width_of

_BLUE, _PALE, _LINE, _FAINT = "#1F4E79", "#EAF1F8", "#BFBFBF", "#7F7F7F"
_LOOKS: Final[dict[str, dict[str, Any]]] = {
    "issuer": {"align": "center", "font_color": "#C00000", "bold": True, "font_size": 13},
    "title": {"align": "center", "valign": "vcenter", "bold": True, "font_size": 18, "text_wrap": True},
    "centred": {"align": "center", "font_color": "#404040"},
    "faint": {"align": "center", "font_color": _FAINT, "font_size": 9},
    "faint line": {"font_color": _FAINT, "font_size": 9},
    "heading": {"bold": True, "font_size": 13, "font_color": _BLUE, "bottom": 1, "bottom_color": _BLUE},
    "inner": {"bold": True, "font_size": 11},
    "text": {"text_wrap": True, "valign": "top"},
    "link": {"font_color": _BLUE, "underline": 1},
    "sheet title": {"bold": True, "font_size": 14, "font_color": _BLUE},
    "note": {"font_color": "#595959", "font_size": 9, "text_wrap": True, "valign": "top"},
    "column": {
        "bold": True, "bg_color": _BLUE, "font_color": "#FFFFFF", "align": "center", "valign": "vcenter",
        "text_wrap": True, "border": 1, "border_color": _LINE,
    },
}  # fmt: skip
#: Where each kind of cell stands. A text wraps; a number never does.
_LEFT: Final = {"align": "left", "text_wrap": True, "valign": "vcenter", "indent": 1}
_RIGHT: Final = {"align": "right", "valign": "vcenter"}
#: Characters of Excel's own width in a centimetre of 小四 are not to be had; its unit is a digit of the standard font.
_DIGIT: Final = width_of("0", 11)
_NO_NAME: Final = re.compile(r"[\[\]:*?/\\]")
_LONGEST_NAME: Final = 31


class Looks:
    """Formats of one workbook, each made once."""

    def __init__(self, book: Any, language: Language, zone: ZoneInfo) -> None:
        self._book = book
        self.language, self.zone = language, zone
        self._made: dict[tuple[str, str, bool], Any] = {}

    def __getitem__(self, name: str) -> Any:
        return self._of(name, "", False, _LOOKS[name])

    def cell(self, *, left: bool, number: str = "", total: bool = False) -> Any:
        """A cell of a table; `number` is a format of Excel's."""
        how = {**(_LEFT if left else _RIGHT), "border": 1, "border_color": _LINE}
        if number:
            how["num_format"] = number
        if total:
            how |= {"bold": True, "bg_color": _PALE, "top": 2, "top_color": _BLUE}
        return self._of("left" if left else "right", number, total, how)

    def points(self) -> str:
        """The number format of percentage points: with sign and unit."""
        unit = "个百分点" if self.language == "zh" else " points"
        return f'+#,##0.00"{unit}";-#,##0.00"{unit}";0.00"{unit}"'

    def _of(self, name: str, number: str, total: bool, how: dict[str, Any]) -> Any:
        key = name, number, total
        if key not in self._made:
            self._made[key] = self._book.add_format(how)
        return self._made[key]


def room_of(text: str) -> float:
    """How wide `text` is, in Excel's characters."""
    return width_of(text, 11) / _DIGIT


def lines_of(text: str, width: float) -> int:
    """Lines that `text` takes in a cell of `width` characters: one more than it needs is better than one less."""
    return sum(max(1, math.ceil(room_of(line) * 1.04 / width)) for line in text.split("\n"))


def sheet_name(wanted: str, taken: set[str]) -> str:
    """`wanted` as a sheet may be called, unlike any of `taken` (in small letters), to which it is added."""
    plain = _NO_NAME.sub(" ", wanted).strip().strip("'") or "—"
    name, n = plain[:_LONGEST_NAME], 1
    while name.lower() in taken:
        n += 1
        end = f" {n}"
        name = plain[: _LONGEST_NAME - len(end)] + end
    taken.add(name.lower())
    return name
