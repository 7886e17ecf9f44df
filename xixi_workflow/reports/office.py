"""The paper of an office: what GB/T 9704-2012 asks of a page, for whoever lays out a document on one.

Measures are those of the standard: A4, 37 mm above the text, 28 mm at the binding, text 156 x 225 mm of 22 lines with
28 characters of size 3 (15.75 pt); 一、 in 黑体, （一） in 楷体; the date four characters from the right; annexes on
pages of their own; page numbers "— 1 —" outside. English documents keep the paper and number as English readers expect.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from xixi_workflow.core.document import Block, Chart, Document, Heading, Language, Table
from xixi_workflow.reports.drawing import POINTS, width_of

#: Millimetres; above, below, at the binding and opposite of it.
PAGE: Final = (210.0, 297.0)
ABOVE, BELOW, BINDING, OUTER = 37.0, 35.0, 28.0, 26.0
#: Width and height of the text, points.
TEXT: Final = (156 * POINTS, 225 * POINTS)
#: Sizes of type in points: 2 号, 3 号, 4 号, 小四, 五号, 小五.
SIZE_2, SIZE_3, SIZE_4, SIZE_5, SMALL_5 = 22.0, 15.75, 14.0, 10.5, 9.0
#: From line to line, points: 22 lines on a page.
PITCH: Final = 28.95

#: A writer's own words, all of them, by language.
WORDS: Final[dict[Language, dict[str, str]]] = {
    "zh": {
        "table": "表{n}　{title}",
        "figure": "图{n}　{title}",
        "annex": "附件",
        "annexes": "附件：",
        "note": "注：",
        "missing": "“〓”表示字体未收录的字：",
    },
    "en": {
        "table": "Table {n}. {title}",
        "figure": "Figure {n}. {title}",
        "annex": "Annex",
        "annexes": "Annexes: ",
        "note": "Note: ",
        "missing": "〓 stands for a character that the fonts lack: ",
    },
}
_DIGITS: Final = "零一二三四五六七八九"
#: A title is best broken after one of these.
_GOOD_ENDS: Final = "的月年季度周区市县省道处局办会、，：）》 "


class Part(NamedTuple):
    """A block with what numbering adds to it: `mark` before a heading's text, `caption` of a table or chart.

    Where `caption` is empty the block has none: a table without a title is not counted.
    """

    block: Block
    mark: str = ""
    caption: str = ""


class Annex(NamedTuple):
    """`label` is 附件 or, of several, 附件1."""

    label: str
    title: str
    parts: list[Part]


class Laid(NamedTuple):
    """A document's blocks, numbered: its text, and what is annexed."""

    parts: list[Part]
    annexes: list[Annex]


def laid(document: Document) -> Laid:
    """Numbers headings, tables and charts, and parts the text from its annexes (headings of level 0)."""
    titles = [block.text for block in document.blocks if isinstance(block, Heading) and block.level == 0]
    label = WORDS[document.language]["annex"]
    zh = document.language == "zh"
    text: list[Part] = []
    annexes: list[Annex] = []
    for part in _numbered(document):
        block = part.block
        if isinstance(block, Heading) and block.level == 0:
            n = len(annexes) + 1
            annexes.append(
                Annex(label if len(titles) == 1 else f"{label}{n}" if zh else f"{label} {n}", block.text, [])
            )
        else:
            (annexes[-1].parts if annexes else text).append(part)
    return Laid(text, annexes)


def _numbered(document: Document) -> Iterator[Part]:
    zh = document.language == "zh"
    words = WORDS[document.language]
    sections = inner = tables = figures = 0
    for block in document.blocks:
        match block:
            case Heading(level=0):
                sections = inner = 0
                yield Part(block)
            case Heading(level=1):
                sections, inner = sections + 1, 0
                yield Part(block, f"{in_chinese(sections)}、" if zh else f"{sections}. ")
            case Heading():
                inner += 1
                before = f"{sections}.{inner} " if sections else f"{inner}. "
                # Under no section it is one itself: an outline that begins at its second level is none.
                yield Part(block if sections else Heading(1, block.text), f"（{in_chinese(inner)}）" if zh else before)
            case Table(columns=[]):
                continue
            case Table(title=title) if title:
                tables += 1
                yield Part(block, caption=words["table"].format(n=tables, title=title))
            case Chart(title=title) if title:
                figures += 1
                yield Part(block, caption=words["figure"].format(n=figures, title=title))
            case _:
                yield Part(block)


def in_chinese(n: int) -> str:
    """1 to 99 in Chinese: 一, 十, 十二, 二十三."""
    tens, ones = divmod(n, 10)
    head = "" if not tens else "十" if tens == 1 else f"{_DIGITS[tens]}十"
    return head + (_DIGITS[ones] if ones or not tens else "")


def title_lines(title: str, room: float, size: float, *, ends: str = _GOOD_ENDS) -> list[str]:
    """`title` in as few lines as fit into `room` points, of nearly equal length and broken where one would breathe.

    A word of Latin letters or a number is never parted; 2026年10月 stays whole. `ends`: after which it would; nothing
    for a few words of a column's head, where 超时办 would be torn from 结.
    """
    wide = width_of(title, size)
    wanted = -(-int(wide) // int(room)) if wide > room else 1
    lines: list[str] = []
    rest = title
    for left in range(wanted, 1, -1):
        share = width_of(rest, size) / left
        breaks = [k for k in range(1, len(rest)) if _may_part(rest, k) and width_of(rest[:k], size) <= room]
        if not breaks:
            break
        k = min(breaks, key=lambda k: abs(width_of(rest[:k], size) - share) - (size * 2.5) * (rest[k - 1] in ends))
        lines.append(rest[:k].strip())
        rest = rest[k:].strip()
    return [*lines, rest]


def _may_part(text: str, k: int) -> bool:
    before, after = text[k - 1], text[k]
    if after in "，。、；：）》”’？！" or before in "（《“‘":
        return False
    if after in "年月日季周%" and before.isdigit():
        return False
    latin = (before.isascii() and not before.isspace(), after.isascii() and not after.isspace())
    return not all(latin) and not (before in "年月" and after.isdigit())


class Fit(NamedTuple):
    """How a table lies on paper: size of type and widths of columns, points; across the page where it must."""

    size: float
    widths: list[float]
    across: bool


#: Room left and right of a cell's text, together.
_PAD: Final = 8.0
#: What a column of words that follows a column of numbers gets besides: else the two run into each other.
_APART: Final = 10.0


def fit(table: Table, *, air: float = 1.0) -> Fit:
    """The largest type in which every number stays on one line and words keep their room; then the page is turned.

    `air`: how much wider than ours the letters may be, where the reader's machine has the fonts.

    Whatever has too many columns even so is laid across the page in the smallest type, its words broken.
    """
    tries = [(size, False) for size in (SIZE_5, SMALL_5, 8.0)] + [
        (size, True) for size in (SIZE_5, SMALL_5, 8.0, 7.0, 6.0)
    ]
    for size, across in tries:
        room = TEXT[1] if across else TEXT[0]
        widths = _widths(table, size * air, room)
        if widths:
            return Fit(size, widths, across)
    return Fit(6.0, [TEXT[1] / len(table.columns)] * len(table.columns), True)


def _widths(table: Table, size: float, room: float) -> list[float]:
    """Widths that fill `room`; nothing where a column would get less than it needs."""
    least: list[float] = []
    most: list[float] = []
    for k, column in enumerate(table.columns):
        cells = [width_of(row[k].text, size) for row in table.rows] or [0.0]
        head = width_of(column.title, size)
        need = max(_longest_word(column.title, size), head / 3 + size / 2, 2 * size)
        if column.kind == "text":
            # Seven characters of a longer text in each line are read without effort.
            need = max(need, min(max(cells), 7 * size), *(_longest_word(row[k].text, size) for row in table.rows[:200]))
        else:
            need = max(need, *cells)
        pad = _PAD + _APART * apart(table, k)
        least.append(need + pad)
        most.append(max(need, *cells, min(head, 9 * size)) + pad)
    if sum(least) > room:
        return []
    spare = room - sum(least)
    if sum(most) >= room:
        # Who lacks little gets it first: one long text must not break a whole column of short ones.
        widths = list(least)
        order = sorted(range(len(least)), key=lambda k: most[k] - least[k])
        for n, k in enumerate(order):
            given = min(most[k] - least[k], spare / (len(order) - n))
            widths[k] += given
            spare -= given
        return widths
    return [width * room / sum(most) for width in most]


def apart(table: Table, k: int) -> bool:
    """Whether column `k` is one of words after one of numbers."""
    return k > 0 and table.columns[k].kind == "text" and table.columns[k - 1].kind != "text"


def _longest_word(text: str, size: float) -> float:
    """Of Latin letters, and no more than fourteen characters' room: longer ones are broken."""
    words = ("".join(c if c.isascii() else " " for c in text)).split()
    return min(max((width_of(word, size) for word in words), default=0.0), 14 * size)
