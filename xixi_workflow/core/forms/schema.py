"""The shape of the files in `config/forms/`: what a document says, in which order, and from which figures.

A form is data. Its texts hold no number of their own: each comes from a path into `figures.Figures` (`paths.py`)
between braces. Conditions and sums are in `conditions.py`, what is printed in `print.py`. `docs/forms.md`
shows how to write one; `checks.py` finds the mistakes in one, `fill.py` makes a document of it.
"""

from __future__ import annotations

from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from xixi_workflow.core.document import Audience, ChartKind
from xixi_workflow.core.policy_schema import Code, Named, Shape

Text = Annotated[str, Field(min_length=1, max_length=1000)]
#: `all`: about the whole city; `team`: about one team, which has to be named.
Scope = Literal["all", "team"]
#: How a cell is printed: a rate as `rate`, or with what it was made of.
Style = Literal["plain", "parts", "words"]

_EVERYBODY: Final[list[Audience]] = ["internal", "public"]


class Wording(Shape):
    """A text in both languages; `{path}` stands for a figure."""

    zh: Text
    en: Text


class Told(Shape):
    """What can be kept from one audience."""

    audiences: list[Audience] = _EVERYBODY


class RowsShape(Shape):
    """Rows of the figures: a path to a list, those that fulfil `where`, in the order of `sort`, the first `limit`.

    `sort` is a value of the row, with a `-` before it the greatest first; rows without it come last.
    """

    rows: Text
    where: str = ""
    sort: str = ""
    limit: Annotated[int, Field(ge=1, le=10_000)] | None = None


class EachShape(RowsShape, Wording):
    """The rows that a sentence lists where it has `{each}`; the texts are those of one row.

    `joined`: words by `、`, or clauses by `；`.
    """

    joined: Literal["words", "clauses"] = "words"


class SentenceShape(Wording, Told):
    """One sentence. It is said where `when` holds and every figure in it exists.

    A part in `[ ]` is left out on its own where one of its figures does not. `otherwise`: said only where its
    paragraph would be empty; that is nothing for the public, from whom a sentence may have been withheld.
    """

    key: Code
    when: str = ""
    each: EachShape | None = None
    otherwise: bool = False


class HeadingShape(Wording):
    """A heading; 0 is an appendix, see `document.Heading`."""

    level: Annotated[int, Field(ge=0, le=2)] = 1


class TextShape(Shape):
    """A paragraph."""

    key: Code
    sentences: Annotated[list[SentenceShape], Field(min_length=1)]


class ColumnShape(Wording, Told):
    """A column: `value` is a path of the row or of the figures, or a sum or difference of them."""

    key: Code
    value: Text
    style: Style = "plain"
    #: What the total's row has here instead of the same path of the total.
    total: str = ""


class TableShape(RowsShape, Wording):
    """A table. `total` is the path to what the last row shows; then no row may be missing, so that it foots."""

    key: Code
    columns: Annotated[list[ColumnShape], Field(min_length=1, max_length=20)]
    total: str = ""
    #: Puts 1, 2, 3 before the rows.
    numbered: bool = False
    notes: list[Wording] = Field(default=[])


class SeriesShape(Wording):
    """One line, bar colour or share of a chart."""

    value: Text


class ChartShape(Wording):
    """A chart: of `rows` with `label` and `series`, or of a `week` (hours by weekday), as a share of `of`."""

    key: Code
    kind: ChartKind
    rows: str = ""
    where: str = ""
    sort: str = ""
    limit: Annotated[int, Field(ge=1, le=1000)] | None = None
    label: str = "name"
    series: list[SeriesShape] = Field(default=[])
    week: str = ""
    of: str = ""
    unit: Wording | None = None

    @model_validator(mode="after")
    def _one_kind_of_data(self) -> ChartShape:
        if (self.kind == "heat") != bool(self.week):
            raise ValueError("a heat map has a `week`, every other chart has `rows` and `series`")
        if not self.week and not (self.rows and self.series):
            raise ValueError("a chart needs `rows` and at least one of `series`")
        if self.week and (self.rows or self.series):
            raise ValueError("a heat map has a `week` and no `rows` or `series`")
        return self


class BlockShape(Told):
    """One of heading, text, table or chart, where `when` holds."""

    when: str = ""
    heading: HeadingShape | None = None
    text: TextShape | None = None
    table: TableShape | None = None
    chart: ChartShape | None = None

    @model_validator(mode="after")
    def _one_thing(self) -> BlockShape:
        if sum(part is not None for part in (self.heading, self.text, self.table, self.chart)) != 1:
            raise ValueError("a block is one of heading, text, table and chart")
        return self


class FormFile(Named):
    """`forms/NAME.yaml`. `zh` and `en` are the form's names in a list of forms."""

    period: Literal["month", "week"]
    scope: Scope = "all"
    title: Wording
    subtitle: Wording | None = None
    audiences: list[Audience] = _EVERYBODY
    blocks: Annotated[list[BlockShape], Field(min_length=1, max_length=200)]


def is_form(file: str) -> bool:
    """Is `file` (relative to the configuration folder) one of the forms?"""
    return file.startswith("forms/") and file.endswith(".yaml") and file.count("/") == 1


def name_of(file: str) -> str:
    """`monthly` of `forms/monthly.yaml`."""
    return file.removeprefix("forms/").removesuffix(".yaml")
