"""A document as PDF: the page of an office (`office`), typeset by typst, fonts embedded, tagged for screen readers.

Text goes to typst as JSON and is put on the page as strings, so that nothing a person wrote is ever read as markup. The
provenance is the PDF's keywords; its dates are the document's.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

import typst

from xixi_workflow.core.document import NONE, Chart, Document, Enclosed, Heading, Paragraph, Table
from xixi_workflow.reports import charts, office
from xixi_workflow.reports.drawing import width_of
from xixi_workflow.reports.fonts import faces, printable
from xixi_workflow.reports.office import Annex, Part

_PROGRAM: Final = charts.PROGRAM + Path(__file__).with_name("paper.typ").read_text("utf-8")
#: How many runs typst's memory goes back.
_REMEMBERED: Final = 10
#: A row higher than this (points) may be parted by the end of a page; all others are kept whole.
_LONG: Final = 300.0


def write(document: Document, enclosed: Enclosed) -> bytes:
    """The PDF's bytes; the same for the same document. Nothing of `enclosed` goes into it.

    Raises `typst.TypstError` only if the house's own layout is broken; no text can make it fail.
    """
    made = typst.Compiler(font_paths=faces()).compile(
        _PROGRAM.encode(),
        format="pdf",
        # An archive can read it in thirty years (PDF/A-2a) and a blind reader today (PDF/UA-1).
        pdf_standards=["a-2a", "ua-1"],
        # Typst takes whole seconds only.
        timestamp=document.provenance.exported_at.replace(microsecond=0),
        sys_inputs={"document": json.dumps(_Page(document).plain(), ensure_ascii=False)},
    )
    assert isinstance(made, bytes)
    _forget()
    return made


def _forget() -> None:
    """Makes typst let go of what it remembers of the document, 60 MB of a month's report.

    It keeps the work of its last ten runs, lest a preview be typeset anew; a service that lives for months would hold
    half a gigabyte for reports that nobody asks for twice. Eleven empty pages cost less than a tenth of a second.
    """
    compiler = typst.Compiler(font_paths=faces())
    for _ in range(_REMEMBERED + 1):
        compiler.compile(b"", format="svg")


class _Page:
    """What `paper.typ` is told. Remembers the characters that no font has, to print which they were."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._missing: set[str] = set()

    def plain(self) -> dict[str, Any]:
        document = self._document
        zh = document.language == "zh"
        laid = office.laid(document)
        title = self._text(document.title) or NONE
        page: dict[str, Any] = {
            "language": document.language,
            "words": office.WORDS[document.language],
            "size": office.SIZE_3 if zh else 11.5,
            "pitch": office.PITCH if zh else 17.5,
            # 红头 is for what an office sends to others by its number, and for its own circulars.
            "head": bool(document.number) or document.audience == "internal",
            "issuer": self._text(document.issuer),
            "number": self._text(document.number),
            "title": title,
            "title-lines": office.title_lines(title, office.TEXT[0], office.SIZE_2),
            "subtitle": self._text(document.subtitle),
            "date": self._text(document.date),
            "audit": self._text(document.audit),
            "watermark": self._text(document.watermark),
            "keywords": document.provenance.line,
            "blocks": self._blocks(laid.parts),
            "annexes": [self._annex(annex) for annex in laid.annexes],
        }
        page["missing"] = "　".join(f"U+{ord(letter):04X}" for letter in sorted(self._missing))
        return page

    def _text(self, text: str) -> str:
        clean, missing = printable(text)
        self._missing |= missing
        return clean

    def _annex(self, annex: Annex) -> dict[str, Any]:
        title = self._text(annex.title) or NONE
        head = {
            "kind": "annex",
            "label": annex.label,
            "lines": office.title_lines(title, office.TEXT[0], office.SIZE_2),
        }
        return {"title": title, "blocks": self._blocks(annex.parts, head)}

    def _blocks(self, parts: Iterable[Part], *first: dict[str, Any]) -> list[dict[str, Any]]:
        """Wide tables with the headings over them are put together on pages that lie across."""
        blocks: list[dict[str, Any]] = [*first]
        for part in parts:
            block = self._block(part)
            if not block.pop("across", False):
                blocks.append(block)
                continue
            over: list[dict[str, Any]] = []
            while blocks and blocks[-1]["kind"] in ("heading", "annex"):
                over.insert(0, blocks.pop())
            if blocks and blocks[-1]["kind"] == "across":
                blocks[-1]["blocks"] += [*over, block]
            else:
                blocks.append({"kind": "across", "blocks": [*over, block]})
        return blocks

    def _block(self, part: Part) -> dict[str, Any]:
        match part.block:
            case Heading(level=level, text=text):
                return {"kind": "heading", "level": level, "text": part.mark + self._text(text)}
            case Paragraph(sentences=sentences):
                between = "" if self._document.language == "zh" else " "
                return {"kind": "paragraph", "text": between.join(self._text(s.text) for s in sentences)}
            case Chart() as chart:
                _, missing = printable("".join([*chart.labels, *(s.name for s in chart.series), chart.unit]))
                self._missing |= missing
                drawing = charts.layout(chart).plain()
                title = self._text(chart.title) or NONE
                return {"kind": "chart", "caption": self._text(part.caption), "title": title, "drawing": drawing}
            case Table() as table:
                return self._table(table, part.caption)

    def _table(self, table: Table, caption: str) -> dict[str, Any]:
        fit = office.fit(table)
        columns = [
            {
                "lines": office.title_lines(self._text(column.title), fit.widths[k] - 8, fit.size, ends=" "),
                "right": column.kind != "text",
                "apart": office.apart(table, k),
                "width": fit.widths[k],
            }
            for k, column in enumerate(table.columns)
        ]
        return {
            "kind": "table",
            "across": fit.across,
            "caption": self._text(caption),
            "size": fit.size,
            "columns": columns,
            "rows": [self._row([cell.text for cell in row], fit.widths, fit.size) for row in table.rows],
            "total": table.total,
            "notes": [self._text(note) for note in table.notes],
        }

    def _row(self, texts: list[str], widths: list[float], size: float) -> dict[str, Any]:
        lines = max(
            (width_of(text, size) / max(room - 8, size) for text, room in zip(texts, widths, strict=True)), default=1
        )
        cells = [parted(self._text(text), size, room - 8) for text, room in zip(texts, widths, strict=True)]
        return {"cells": cells, "long": lines * size * 1.25 > _LONG}


def parted(text: str, size: float, room: float) -> str:
    """`text` with places to break (U+200B) in words that are wider than `room` points; others as they are."""
    words = text.split(" ")
    for n, word in enumerate(words):
        if word.isascii() and width_of(word, size) > room:
            step = max(1, int(room / (0.75 * size)))
            words[n] = "\u200b".join(word[k : k + step] for k in range(0, len(word), step))
    return " ".join(words)
