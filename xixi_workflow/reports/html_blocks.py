"""The blocks of a document as HTML: headings, sentences, tables, charts. Each text is escaped where it is written."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from html import escape
from typing import Final
from zoneinfo import ZoneInfo

from xixi_workflow.core.behind import Behind
from xixi_workflow.core.document import (
    NONE,
    Cell,
    Chart,
    Column,
    Document,
    Heading,
    Language,
    Paragraph,
    Sentence,
    Source,
    Table,
)
from xixi_workflow.reports import charts
from xixi_workflow.reports.html_facts import Index
from xixi_workflow.reports.office import Annex, Laid, Part
from xixi_workflow.reports.scales import shown

#: The page's own words, all of them.
WORDS: Final[dict[Language, dict[str, str]]] = {
    "zh": {
        "contents": "目录",
        "hint": "点击带下划线的数字，可查看其所涉工单。",
        "limited": "工单超过{most}件，本页仅附超时、退单、重办和不满意所涉工单。",
        "values": "图中数据",
        "source": "来源：{path}",
        "hidden": "数值较小，不予公开",
        "edits": "本段经人工修改",
        "edit": "{who} {when} 修改。系统原稿：",
        "close": "关闭",
        "cases": "所涉工单",
        "numerator": "分子",
        "denominator": "分母",
        "rest": "分母其余",
        "count": "（{cases}件次，工单{petitions}件）",
        "none": "没有工单。",
        "elsewhere": "此数未附工单。",
        "copy": "复制工单号",
        "copied": "已复制",
        "annex": "{label}：{title}",
    },
    "en": {
        "contents": "Contents",
        "hint": "Click an underlined figure to see the petitions behind it.",
        "limited": " With more than {most} petitions, only those missed, returned, reworked or rated dissatisfied"
        " are enclosed.",
        "values": "Figures of this chart",
        "source": "From: {path}",
        "hidden": "A small number, withheld from the public",
        "edits": "Edited by hand",
        "edit": "{who}, {when}. The draft said: ",
        "close": "Close",
        "cases": "Petitions",
        "numerator": "Numerator",
        "denominator": "Denominator",
        "rest": "The rest of the denominator",
        "count": "(cases: {cases}, petitions: {petitions})",
        "none": "No petitions.",
        "elsewhere": "No petitions are enclosed for this figure.",
        "copy": "Copy numbers",
        "copied": "Copied",
        "annex": "{label}: {title}",
    },
}
#: Millimetres of a chart: on a screen it grows to half as much again, on a telephone it must shrink to half.
_CHART_WIDTH: Final = 140.0
#: A table of more columns is set in smaller type.
_WIDE: Final = 8
#: What the parser of HTML knows by itself.
_NAMESPACES: Final = re.compile(r' xmlns(?::\w+)?="[^"]*"')


class Blocks:
    """Writes blocks; `index` of a public page is None, which then leads nowhere."""

    def __init__(self, document: Document, zone: str, index: Index | None) -> None:
        self._language = document.language
        self._words = WORDS[document.language]
        self._zone = ZoneInfo(zone)
        self._index = index
        self._sections = 0

    def headings(self, laid: Laid) -> Iterator[tuple[str, str]]:
        """Name and text of what the contents list, in the order in which `part` and `annex` will write them."""
        found = [f"{p.mark}{p.block.text}" for p in laid.parts if isinstance(p.block, Heading) and p.block.level == 1]
        found += [self._annexed(annex) for annex in laid.annexes]
        yield from ((f"s{n}", text) for n, text in enumerate(found, start=1))

    def part(self, part: Part) -> Iterator[str]:
        """One block of the text."""
        match part.block:
            case Heading(level=1, text=text):
                yield self._section(f"{part.mark}{text}")
            case Heading(text=text):
                yield f"<h3>{escape(part.mark + text)}</h3>"
            case Paragraph() as paragraph:
                yield from self._paragraph(paragraph)
            case Table() as table:
                yield from self._table(table, part.caption)
            case Chart() as chart:
                yield from self._chart(chart, part.caption)

    def annex(self, annex: Annex) -> Iterator[str]:
        """An annex with its heading."""
        yield self._section(self._annexed(annex))
        for part in annex.parts:
            yield from self.part(part)

    def _annexed(self, annex: Annex) -> str:
        return self._words["annex"].format(label=annex.label, title=annex.title)

    def _section(self, text: str) -> str:
        self._sections += 1
        return f'<h2 id="s{self._sections}">{escape(text)}</h2>'

    # --- sentences --------------------------------------------------------------------------------------------------

    def _paragraph(self, paragraph: Paragraph) -> Iterator[str]:
        between = "" if self._language == "zh" else " "
        yield "<p>" + between.join(map(self._sentence, paragraph.sentences)) + "</p>"
        edited = [one for one in paragraph.sentences if one.edited_by] if self._index is not None else []
        if edited:
            items = "".join(self._edit(one) for one in edited)
            yield f'<details class="edits"><summary>{escape(self._words["edits"])}</summary><ul>{items}</ul></details>'

    def _sentence(self, sentence: Sentence) -> str:
        if self._index is None:
            return escape(sentence.text)
        if sentence.edited_by:
            # Its numbers are a person's; what the rules drew from the figures is the draft.
            return f'<span class="edited">{escape(sentence.text)}</span>'
        return self._sourced(sentence.text, sentence.sources)

    def _edit(self, sentence: Sentence) -> str:
        when = f"{sentence.edited_at.astimezone(self._zone):%Y-%m-%d %H:%M}" if sentence.edited_at else ""
        said = self._words["edit"].format(who=sentence.edited_by, when=when)
        return f"<li>{escape(said)}<q>{self._sourced(sentence.draft, sentence.sources)}</q></li>"

    def _sourced(self, text: str, sources: list[Source]) -> str:
        """A sentence with its numbers, which stand in it in the order of `sources`, as links.

        Buttons would be letters of their own to a browser, which then lets a line begin with a bracket.
        """
        made: list[str] = []
        at = 0
        for source in sources:
            found = _number(source.text).search(text, at)
            if found:
                made += [escape(text[at : found.start()]), self._source(source)]
                at = found.end()
        return "".join(made) + escape(text[at:])

    def _source(self, source: Source) -> str:
        number = self._number(source.behind)
        path = escape(source.path)
        title = escape(self._words["source"].format(path=source.path))
        return (
            f'<a href="#panel" data-behind="{"" if number is None else number}" data-path="{path}"'
            f' title="{title}">{escape(source.text)}</a>'
        )

    def _number(self, behind: Behind | None) -> int | None:
        return self._index.number(behind) if behind is not None and self._index is not None else None

    # --- tables -----------------------------------------------------------------------------------------------------

    def _table(self, table: Table, caption: str) -> Iterator[str]:
        yield f'<figure class="table{" wide" if len(table.columns) > _WIDE else ""}">'
        if caption:
            yield f"<figcaption>{escape(caption)}</figcaption>"
        yield _scrolled(caption or table.key)
        yield "<table><thead>"
        heads = (f'<th scope="col" class="{_side(column)}">{escape(column.title)}</th>' for column in table.columns)
        yield f"<tr>{''.join(heads)}</tr></thead><tbody>"
        last = len(table.rows) - 1
        for n, row in enumerate(table.rows):
            cells = "".join(
                self._cell(cell, column, first=k == 0)
                for k, (cell, column) in enumerate(zip(row, table.columns, strict=True))
            )
            yield f'<tr class="total">{cells}</tr>' if table.total and n == last else f"<tr>{cells}</tr>"
        yield "</tbody></table></div>"
        for note in table.notes:
            yield f'<p class="note">{escape(note)}</p>'
        yield "</figure>"

    def _cell(self, cell: Cell, column: Column, *, first: bool) -> str:
        text = escape(cell.text)
        number = self._number(cell.behind)
        if number is not None:
            text = f'<a href="#panel" data-behind="{number}">{text}</a>'
        elif cell.kind == "hidden":
            text = f'<abbr title="{escape(self._words["hidden"])}">{text}</abbr>'
        elif cell.at is not None:
            text = f'<time datetime="{cell.at:%Y-%m-%dT%H:%M:%SZ}">{text}</time>'
        if first and column.kind == "text":
            return f'<th scope="row" class="left">{text}</th>'
        return f'<td class="{_side(column)}">{text}</td>'

    # --- charts -----------------------------------------------------------------------------------------------------

    def _chart(self, chart: Chart, caption: str) -> Iterator[str]:
        yield '<figure class="chart">'
        drawn = _NAMESPACES.sub("", charts.svg(chart, self._language, width_mm=_CHART_WIDTH))
        yield f'<div class="scroll">{drawn}</div>'
        if caption:
            yield f"<figcaption>{escape(caption)}</figcaption>"
        yield f"<details><summary>{escape(self._words['values'])}</summary>"
        yield _scrolled(chart.title)
        yield "<table><thead>"
        # Hours lie across, as in the picture; all else has a row for each label.
        names = [series.name for series in chart.series]
        if chart.kind == "heat":
            yield from _values(chart.labels, names, [[*series.values] for series in chart.series], chart.unit)
        else:
            rows = [[*row] for row in zip(*(series.values for series in chart.series), strict=True)]
            yield from _values(names, chart.labels, rows, chart.unit)
        yield "</table></div></details></figure>"


def _values(heads: list[str], names: list[str], rows: list[list[Decimal | int | None]], unit: str) -> Iterator[str]:
    titles = (f'<th scope="col" class="right">{escape(head)}</th>' for head in heads)
    yield f"<tr><td></td>{''.join(titles)}</tr></thead><tbody>"
    for name, row in zip(names, rows, strict=True):
        cells = (f'<td class="right">{NONE if value is None else escape(shown(value, unit))}</td>' for value in row)
        yield f'<tr><th scope="row" class="left">{escape(name)}</th>{"".join(cells)}</tr>'
    yield "</tbody>"


def _scrolled(label: str) -> str:
    """What is wider than a telephone is moved sideways; by keyboard too, so it must be reachable and have a name."""
    return f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(label)}">'


def _side(column: Column) -> str:
    return "left" if column.kind == "text" else "right"


def _number(text: str) -> re.Pattern[str]:
    """`text` where it is no part of a longer number."""
    return re.compile(rf"(?<![0-9])(?<![0-9][.,]){re.escape(text)}(?![0-9]|[.,][0-9])")
