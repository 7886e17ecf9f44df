"""A document as one page of HTML that asks nobody for anything: no font, no picture, no script from elsewhere.

Charts are drawn into it with their numbers beside them. Inside the house every figure is a link that lists the
petitions behind it (`html_facts`, `html.js`); sentences show where each number comes from and what was edited. A public
page has no script, no petition and no edit. The browser is told to load nothing and to run only what the page was
written with (Content-Security-Policy with digests), so that even an escape that failed would run no stranger's code.
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from html import escape
from pathlib import Path
from typing import Final

from xixi_workflow.core.behind import MOST, Behind
from xixi_workflow.core.document import Block, Document, Enclosed, Paragraph, Table
from xixi_workflow.reports.drawing import width_of
from xixi_workflow.reports.html_blocks import WORDS, Blocks
from xixi_workflow.reports.html_facts import Index, script_json
from xixi_workflow.reports.office import laid

_STYLE: Final = Path(__file__).with_name("html.css").read_text("utf-8")
_SCRIPT: Final = Path(__file__).with_name("html.js").read_text("utf-8")
#: Pixels of the watermark's letters, as in the style.
_MARK_SIZE: Final = 20.0
#: What no page may contain, however it came into a text.
_NO_TEXT: Final = {code: None for code in (*range(32), 127) if chr(code) not in "\t\n"}
_LANG: Final = {"zh": "zh-CN", "en": "en"}


def write(document: Document, enclosed: Enclosed, *, most: int = MOST) -> bytes:
    """The page, UTF-8. From `most` petitions on only those behind missed promises and the like are in it."""
    return "\n".join(_page(document, enclosed, most)).translate(_NO_TEXT).encode("utf-8", "replace")


def _page(document: Document, enclosed: Enclosed, most: int) -> Iterator[str]:
    internal = document.audience == "internal"
    words = WORDS[document.language]
    parents = {category.code: category.parent for category in enclosed.figures.categories}
    index = Index(_figures(document.blocks), enclosed.facts, parents, most=most) if internal else None
    blocks = Blocks(document, enclosed.figures.zone, index)
    yield "<!doctype html>"
    yield f'<html lang="{_LANG[document.language]}">'
    yield "<head>"
    yield '<meta charset="utf-8">'
    script = f"; script-src 'sha256-{_digest(_SCRIPT)}'" if internal else ""
    policy = f"default-src 'none'; style-src 'sha256-{_digest(_STYLE)}'{script}; base-uri 'none'; form-action 'none'"
    yield f'<meta http-equiv="Content-Security-Policy" content="{policy}">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield '<meta name="referrer" content="no-referrer">'
    yield f"<title>{escape(document.title)}</title>"
    yield f"<style>{_STYLE}</style>"
    yield f"<!--\n{_in_comment(document.provenance.line)}\n-->"
    yield "</head>"
    yield "<body>"
    if document.watermark:
        yield _watermark(document.watermark)
    parts = laid(document)
    yield from _contents(words["contents"], blocks.headings(parts))
    yield "<main>"
    yield from _head(document)
    if index is not None:
        limit = words["limited"].format(most=f"{most:,}") if index.limited else ""
        yield f'<p class="hint">{escape(words["hint"] + limit)}</p>'
    for part in parts.parts:
        yield from blocks.part(part)
    for annex in parts.annexes:
        yield from blocks.annex(annex)
    yield f"<footer><p>{escape(document.audit)}</p></footer>"
    yield "</main>"
    if index is not None:
        yield from _panel(words, index)
    yield "</body>"
    yield "</html>\n"


def _digest(text: str) -> str:
    return b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _in_comment(line: str) -> str:
    """A line of JSON with nothing in it that ends a comment; a reader of JSON sees no difference."""
    return line.replace(">", "\\u003e").replace("--", "-\\u002d")


def _watermark(text: str) -> str:
    wide = int(width_of(text, _MARK_SIZE)) + 120
    return (
        f'<svg class="watermark" aria-hidden="true"><defs><pattern id="mark" width="{wide}" height="220"'
        ' patternUnits="userSpaceOnUse" patternTransform="rotate(-28)"><text x="10" y="110">'
        f'{escape(text)}</text></pattern></defs><rect width="100%" height="100%" fill="url(#mark)"/></svg>'
    )


def _contents(title: str, headings: Iterable[tuple[str, str]]) -> Iterator[str]:
    listed = "".join(f'<li><a href="#{name}">{escape(text)}</a></li>' for name, text in headings)
    if listed:
        yield f'<nav aria-label="{escape(title)}"><p>{escape(title)}</p><ol>{listed}</ol></nav>'


def _head(document: Document) -> Iterator[str]:
    lines = (
        ("p", "issuer", document.issuer),
        ("p", "number", document.number),
        ("h1", "", document.title),
        ("p", "subtitle", document.subtitle),
        ("p", "date", document.date),
    )
    yield "<header>"
    for name, kind, text in lines:
        if text:
            yield f'<{name} class="{kind}">{escape(text)}</{name}>' if kind else f"<{name}>{escape(text)}</{name}>"
    yield "</header>"


def _panel(words: Mapping[str, str], index: Index) -> Iterator[str]:
    yield (
        '<dialog id="panel" aria-labelledby="panel-figure"><div class="panel">'
        f'<button type="button" class="plain close" data-close>{escape(words["close"])}</button>'
        '<h2 id="panel-figure" data-figure></h2><p data-about></p><div data-body></div></div></dialog>'
    )
    spoken = ("cases", "numerator", "denominator", "rest", "count", "none", "elsewhere", "copy", "copied")
    data = {"words": {name: words[name] for name in spoken}, **index.packed()}
    yield f'<script type="application/json" id="petitions">{script_json(data)}</script>'
    yield f"<script>{_SCRIPT}</script>"


def _figures(blocks: Iterable[Block]) -> Iterator[Behind]:
    for block in blocks:
        if isinstance(block, Table):
            yield from (cell.behind for row in block.rows for cell in row if cell.behind)
        elif isinstance(block, Paragraph):
            yield from (source.behind for said in block.sentences for source in said.sources if source.behind)
