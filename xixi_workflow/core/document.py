"""A document before it has a format: what it says, in order, in one language, for one audience.

Contract for whoever writes it into a file
------------------------------------------
`core/forms/fill.py` makes a `Document` from a period's figures and a form of `config/forms/`; the writers in `reports/`
lay it out and add nothing of their own: no number, no rounding, no sentence beyond their own chrome (page numbers).

* Every `Cell` has its printed `text` in the document's language, the same in every format. `number` is for formats
  that calculate (xlsx, csv): the count, the percentage (94.69, not 0.9469), seconds, percentage points; for `instant`
  see `at`. It is None where nothing is printed as a number ("—", "＊", texts). A `code` is a number that is a name,
  such as a petition's: always written as text.
* A table's last row is its total where `total` is set; it foots.
* `behind` says which petitions a figure is made of (`core/behind.py`); None where that is nobody's business, and
  throughout a public document.
* The same `Document` makes the same bytes: nothing asks the time, and a file's own dates are `provenance.exported_at`.
* Every file carries `provenance` in a form that `xixi verify --report` finds again (`Provenance.line`), `audit` where a
  reader sees it, and `watermark`, unless empty, across every page or sheet.
"""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from typing import Final, Literal

import msgspec

from xixi_workflow.core.behind import Behind, Fact
from xixi_workflow.core.figures import Figures

Language = Literal["zh", "en"]
Audience = Literal["internal", "public"]
#: What a cell holds. `rate` and `change` are percentages, `points` percentage points, `span` seconds, `hidden` a figure
#: that is withheld, `none` one that does not exist.
Kind = Literal["text", "code", "count", "number", "rate", "change", "points", "span", "instant", "hidden", "none"]
#: `line` over time, `bar` and `stacked` beside each other, `donut` shares of a whole, `heat` a table of colours.
ChartKind = Literal["line", "bar", "stacked", "donut", "heat"]

NONE: Final = "—"
HIDDEN: Final = "＊"
#: Begins the line that carries the provenance inside a file.
MARK: Final = "xixi-provenance:"


class _Part(msgspec.Struct, frozen=True, tag=True, omit_defaults=True):
    """The root of all parts of a document."""


class Cell(msgspec.Struct, frozen=True, omit_defaults=True):
    """One figure or word of a table."""

    kind: Kind
    text: str
    number: Decimal | int | None = None
    at: datetime | None = None
    behind: Behind | None = None


class Column(msgspec.Struct, frozen=True):
    """A column; `kind` is that of most of its cells and decides on alignment: texts left, all else right."""

    key: str
    title: str
    kind: Kind


class Heading(_Part, frozen=True):
    """`level` 1 is a section (一、), 2 a part of one (（一）), 0 an appendix. `text` comes without its number."""

    level: int
    text: str


class Source(msgspec.Struct, frozen=True):
    """Where a number in a sentence comes from: its path in the figures, and how it is printed."""

    path: str
    text: str
    behind: Behind | None = None


class Sentence(msgspec.Struct, frozen=True, omit_defaults=True):
    """One drafted sentence. Where somebody changed it, `text` is theirs and `draft` what the rules had said."""

    key: str
    text: str
    sources: list[Source] = []
    draft: str = ""
    edited_by: str = ""
    edited_at: datetime | None = None


class Paragraph(_Part, frozen=True):
    """Sentences that follow on each other."""

    key: str
    sentences: list[Sentence]


class Table(_Part, frozen=True):
    """Rows of equal length. `notes` stand below it."""

    key: str
    title: str
    columns: list[Column]
    rows: list[list[Cell]]
    total: bool = False
    notes: list[str] = []


class Series(msgspec.Struct, frozen=True):
    """One line, bar colour or row of a heat map; None where there is no figure."""

    name: str
    values: list[Decimal | int | None]


class Chart(_Part, frozen=True):
    """`labels` name the places of each series' values. `unit` is written at the axis: `%`, 件, or nothing."""

    key: str
    title: str
    kind: ChartKind
    labels: list[str]
    series: list[Series]
    unit: str = ""


Block = Heading | Paragraph | Table | Chart


class Provenance(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a document is made of, so that a stranger can make it again.

    `version` counts the freezes of a period; 0 is a draft whose figures may still change. Digests are SHA-256 in hex.
    """

    period: str
    version: int
    form: str
    team: str
    language: Language
    audience: Audience
    #: Of `figures.canonical`.
    figures: str
    #: Of the policy whose names, weights and forms these are.
    policy: str
    #: The journal's last seal when the figures were counted, and its hash: the root that vouches for all before it.
    seal: int
    root: str
    #: Of the frozen period as a whole; empty for a draft.
    report: str
    cut_off: datetime
    exported_by: str
    exported_at: datetime

    @property
    def line(self) -> str:
        """One line of ASCII that a file carries; `provenance_of` reads it."""
        return MARK + json.dumps(msgspec.to_builtins(self), separators=(",", ":"))


def provenance_of(line: str) -> Provenance:
    """The inverse of `Provenance.line`. Raises `msgspec.ValidationError` or `msgspec.DecodeError` on anything else."""
    return msgspec.json.decode(line.removeprefix(MARK).encode(), type=Provenance)


class Document(msgspec.Struct, frozen=True):
    """See the module."""

    language: Language
    audience: Audience
    #: The office that issues it, its 发文字号 (may be empty), the title, and the day under it in words.
    issuer: str
    number: str
    title: str
    subtitle: str
    date: str
    blocks: list[Block]
    provenance: Provenance
    #: Who exported it and when, in words; in every document.
    audit: str
    #: Across every page; empty in a public document.
    watermark: str


class Enclosed(msgspec.Struct, frozen=True):
    """What some formats carry besides the document: the figures (json) and the petitions behind them (html).

    Of a public document the figures are those that the public may see and there are no facts.
    """

    figures: Figures
    facts: list[Fact]
