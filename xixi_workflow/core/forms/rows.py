"""Where a form is filled from: the figures in one language for one audience, and rows chosen from them."""

from __future__ import annotations

from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from xixi_workflow.core.document import Audience, Cell, Language, Source
from xixi_workflow.core.forms import print as form_print
from xixi_workflow.core.forms.behind import behind, indicators
from xixi_workflow.core.forms.conditions import (
    Comparison,
    Scope,
    Value,
    compile_condition,
    compile_value,
    evaluate,
    holds,
    measure,
)
from xixi_workflow.core.forms.paths import Names, Path, PathError, Place, View, compile_path, entries, look_up
from xixi_workflow.core.forms.schema import RowsShape, Style, Wording
from xixi_workflow.core.forms.structure import Node
from xixi_workflow.core.forms.text import Slot
from xixi_workflow.core.kpi import Kpi


class Rows(NamedTuple):
    """Compiled rows. `row` is the type of each."""

    path: Path
    row: Node
    where: tuple[Comparison, ...]
    sort: Value | None
    falling: bool
    limit: int | None


def compile_rows(shape: RowsShape, *, team: bool, names: Names | None = None) -> Rows:
    """Raises `PathError`, whose `at` is the field in which the mistake is."""
    with_field = ("rows", "where", "sort")
    done: list[Any] = []
    field = with_field[0]
    try:
        path = compile_path(shape.rows, row=None, team=team, names=names)
        if path.node.kind != "list":
            raise PathError(f"{shape.rows}: {path.node.told} has no rows; write a list such as teams or hot")
        row = Node("struct", path.node.model, path.node.group)
        scope = Scope(row, team, names)
        field = with_field[1]
        done.append(compile_condition(shape.where, scope))
        field = with_field[2]
        sort = compile_value(shape.sort.removeprefix("-"), scope) if shape.sort else None
    except PathError as error:
        raise PathError(str(error), field) from None
    return Rows(path, row, done[0], sort, shape.sort.startswith("-"), shape.limit)


class Setting:
    """One document's figures, language, audience and team; prints figures and chooses rows."""

    def __init__(self, view: View, language: Language, audience: Audience) -> None:
        self.view = view
        self.language: Language = language
        self.audience: Audience = audience
        self.zone = ZoneInfo(view.figures.zone)
        self._known: dict[str, Kpi] = indicators(view.figures)

    def word(self, wording: Wording) -> str:
        """The text in the document's language."""
        return wording.zh if self.view.zh else wording.en

    def say(self, zh: str, en: str) -> str:
        """The one of two texts that the document's reader can read."""
        return zh if self.view.zh else en

    def place(self, value: Value, row: Place | None = None) -> Place | None:
        """What `value` is here."""
        return evaluate(value, self.view, row)

    def cell(self, place: Place | None, style: Style = "plain") -> Cell:
        """The figure as it is printed."""
        hidden = self.audience == "public" or place is None
        made_of = None if hidden or place is None else behind(place, self.view.figures, self._known)
        return form_print.cell(place, language=self.language, zone=self.zone, style=style, behind=made_of)

    def source(self, slot: Slot, row: Place | None = None) -> tuple[str, list[Source]] | None:
        """A figure in a sentence; None where there is nothing that may be shown."""
        place = self.place(slot.value, row) if slot.value else None
        style = "words" if place and place.node.kind == "span" else slot.style
        cell = self.cell(place, style)
        if place is None or cell.kind in ("none", "hidden"):
            return None
        return cell.text, [Source(place.path, cell.text, cell.behind)]

    def holds(self, condition: tuple[Comparison, ...], row: Place | None = None) -> bool:
        """Do all comparisons hold here?"""
        return holds(condition, self.view, row)

    def rows(self, rows: Rows) -> list[Place]:
        """The rows that fulfil the condition, in order."""
        found = look_up(rows.path, self.view)
        chosen = [row for row in (entries(found) if found else []) if self.holds(rows.where, row)]
        if rows.sort:
            measured = [(measure(self.place(rows.sort, row)), row) for row in chosen]
            able = sorted((pair for pair in measured if pair[0] is not None), key=_first, reverse=rows.falling)
            chosen = [row for _, row in able] + [row for by, row in measured if by is None]
        return chosen[: rows.limit]


def _first(pair: tuple[Any, Place]) -> Any:
    return pair[0]
