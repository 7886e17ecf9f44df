"""The letters of every document: fonts that travel with the house, so that no machine's own fonts decide on a page.

Noto Serif SC stands in for 仿宋 and 小标宋, Noto Sans SC for 黑体: the fonts that GB/T 9704 names are licensed and
cannot be shipped. Both are under the OFL and cover GBK and the rarer characters of names (喆堃玥䶮). What even they
lack is replaced by `MISSING`, a mark that printers use for this, and the reader is told which character it stands for.
Nothing is left out silently.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

import pylopdf_fonts_zh_cn
import typst

#: The geta mark: stands for a character that no font here has.
MISSING: Final = "〓"

#: Format 12 of a `cmap` covers all of Unicode, 4 its first 65,536 characters; fonts for Chinese have both.
_ALL_OF_UNICODE: Final = 12


@cache
def faces() -> typst.Fonts:
    """The two fonts and no others, opened once."""
    return typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=False, font_paths=[sans().parent, serif().parent]
    )


def sans() -> Path:
    """The file of Noto Sans SC."""
    return Path(pylopdf_fonts_zh_cn.sans_path())


def serif() -> Path:
    """The file of Noto Serif SC."""
    return Path(pylopdf_fonts_zh_cn.serif_path())


@cache
def covered() -> frozenset[int]:
    """Every character that at least one of the two can draw."""
    return frozenset(code for code in _characters(serif()) | _characters(sans()) if not _private(code))


def _private(code: int) -> bool:
    """Private use: means something else in each font, so that no archive takes it (PDF/A)."""
    return 0xE000 <= code <= 0xF8FF or code >= 0xF0000


def printable(text: str) -> tuple[str, set[str]]:
    """`text` with `MISSING` for each character that cannot be drawn, and those characters.

    Line ends and tabs become blanks; other control characters and lone surrogates count as missing. Marks that only
    choose between the shapes of the character before them (variation selectors, joiners) are dropped.
    """
    known = covered()
    if all(ord(letter) in known for letter in text):
        return text, set()
    missing: set[str] = set()
    letters: list[str] = []
    for letter in text:
        code = ord(letter)
        if code in known:
            letters.append(letter)
        elif letter.isspace():
            letters.append(" ")
        elif 0xFE00 <= code <= 0xFE0F or 0x200B <= code <= 0x200F or 0xE0100 <= code <= 0xE01EF or code == 0xFEFF:
            continue
        else:
            letters.append(MISSING)
            missing.add(letter)
    return "".join(letters), missing


@cache
def advance(letter: str) -> float:
    """How wide a letter is in em: in the wider one of the two faces, so that what fits fits in both."""
    return max((_advances(font).get(ord(letter), 0.0) for font in (sans(), serif())), default=0.0) or 1.0


@cache
def _advances(font: Path) -> dict[int, float]:
    """The widths of the letters below U+2000 (`hmtx`); all of Chinese is one em wide and not worth a table."""
    data = font.read_bytes()
    start, wide = _table(data, b"cmap"), _table(data, b"hmtx")
    (em,) = struct.unpack_from(">H", data, _table(data, b"head") + 18)
    (last,) = struct.unpack_from(">H", data, _table(data, b"hhea") + 34)
    return {
        code: struct.unpack_from(">H", data, wide + 4 * min(glyph, last - 1))[0] / em
        for code, glyph in _of_groups(data, _map_at(data, start))
        if code < 0x2000
    }


@cache
def _characters(font: Path) -> frozenset[int]:
    """What the font's `cmap` maps to a glyph (OpenType 1.9, "cmap", format 12).

    Read here rather than through a font library: forty lines against a dependency of four megabytes.
    """
    data = font.read_bytes()
    return frozenset(code for code, _ in _of_groups(data, _map_at(data, _table(data, b"cmap"))))


def _map_at(data: bytes, start: int) -> int:
    """Where the map for all of Unicode begins, within the `cmap` at `start`."""
    (count,) = struct.unpack_from(">H", data, start + 2)
    for n in range(count):
        (offset,) = struct.unpack_from(">I", data, start + 4 + 8 * n + 4)
        if struct.unpack_from(">H", data, start + offset) == (_ALL_OF_UNICODE,):
            return start + int(offset)
    raise ValueError("the font has no character map for all of Unicode")


def _table(data: bytes, tag: bytes) -> int:
    """Where a table of the font begins."""
    (count,) = struct.unpack_from(">H", data, 4)
    for n in range(count):
        name, _, offset, _ = struct.unpack_from(">4sIII", data, 12 + 16 * n)
        if name == tag:
            return int(offset)
    raise ValueError(f"the font has no table {tag.decode()}")


def _of_groups(data: bytes, at: int) -> Iterator[tuple[int, int]]:
    """Characters and their glyphs; glyph 0 is the empty box itself."""
    (count,) = struct.unpack_from(">I", data, at + 12)
    for n in range(count):
        first, last, glyph = struct.unpack_from(">III", data, at + 16 + 12 * n)
        for code in range(first, last + 1):
            if glyph + code - first:
                yield code, glyph + code - first
