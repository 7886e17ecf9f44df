"""The structure of the figures, as paths of a form may walk it: read from the types of `figures.Figures`.

A field that is added there can be named in a form at once. What types do not say stands in the tables here: which
numbers are seconds, and which names a list or a mapping has.
"""

from __future__ import annotations

import types
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, NamedTuple, Union, get_args, get_origin, get_type_hints

import msgspec

from xixi_workflow.core.figures import (
    Breaches,
    Cause,
    ClockFigures,
    Figures,
    Group,
    Overdue,
    Overview,
    Point,
    Stage,
)
from xixi_workflow.core.figures_count import DIMENSIONS
from xixi_workflow.core.kpi import Change, Rate, Spans

_SPANS: Final = {(ClockFigures, "limit"), (Stage, "seconds"), (Spans, "median"), (Spans, "p90"), (Overdue, "late")}
_SECTIONS: Final = {section: kind for kind, section in DIMENSIONS.items()}
#: Which names a list or a mapping may be asked for, by the field that holds it.
_NAMES: Final[dict[tuple[type, str], str]] = {
    (Figures, "timeliness"): "clock",
    (Figures, "teams"): "team",
    (Figures, "categories"): "category",
    (Figures, "category_groups"): "group",
    (Figures, "sources"): "source",
    (Figures, "communities"): "community",
    (Figures, "definitions"): "indicator",
    (Figures, "stages"): "state",
    (Overview, "open_by_state"): "state",
    (Overview, "by_source"): "source",
    (Overview, "by_result"): "result",
    (Overview, "returns_by_reason"): "return_reason",
    (Overview, "by_urgency"): "urgency",
    (Overview, "by_nature"): "nature",
    (ClockFigures, "verdicts"): "verdict",
    (Group, "spans"): "clock",
    (Breaches, "clocks"): "clock",
    (Breaches, "levels_by_clock"): "clock",
    (Cause, "causes"): "cause",
    (Cause, "by_team"): "team",
    (Breaches, "levels"): "level",
    (Point, "rates"): "drawn",
}
#: The names in the counts that a mapping of counts holds.
_WITHIN: Final = {"by_team": "cause", "levels_by_clock": "level"}
_MAPPED: Final = {Rate: "indicator", Change: "moved"}


class Node(NamedTuple):
    """The type of a place in the figures.

    `kind`: `count`, `number`, `rate`, `change`, `spans`, `span`, `instant`, `text`, `week`; or `struct`, `list`, `map`,
    `counts`, which have parts. `group` is the kind of group it belongs to; `names` which names a mapping or list has.
    """

    kind: str
    model: Any = None
    group: str = ""
    names: str = ""
    #: Of a mapping of counts: which names those have.
    within: str = ""

    @property
    def told(self) -> str:
        """What it is, for a message."""
        return {"struct": "a group of figures", "map": "a group of figures", "counts": "a group of counts"}.get(
            self.kind, f"a {self.kind}"
        )


TEXT: Final = Node("text")
_FIELDS: Final[dict[type, dict[str, Node]]] = {}


def fields_of(model: Any) -> dict[str, Node]:
    """Every field of a part of the figures with its type."""
    if model not in _FIELDS:
        _FIELDS[model] = {
            name: found
            for name, hint in get_type_hints(model).items()
            if (found := _node(model, name, hint)) is not None
        }
    return _FIELDS[model]


def _node(model: type, name: str, hint: Any) -> Node | None:  # noqa: PLR0911 - one for each type
    if get_origin(hint) in (Union, types.UnionType):
        hint = next(arg for arg in get_args(hint) if arg is not type(None))
    names = _NAMES.get((model, name), "")
    group = _SECTIONS.get(name, "") if model is Figures else ""
    if hint is int:
        return Node("span" if (model, name) in _SPANS else "count")
    plain = {Decimal: "number", str: "text", datetime: "instant", Rate: "rate", Change: "change", Spans: "spans"}
    if hint in plain:
        return Node(plain[hint], hint)
    if get_origin(hint) is dict:
        item = get_args(hint)[1]
        if item is int:
            return Node("counts", None, "", names)
        return Node("map", item, "", names or _MAPPED.get(item, ""), _WITHIN.get(name, ""))
    if get_origin(hint) is list:
        item = get_args(hint)[0]
        if get_origin(item) is list:
            return Node("week")
        if item is str:
            return Node("texts")
        return Node("list", item, group, names) if isinstance(item, type) else None
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return Node("struct", hint, "all" if hint is Overview else group)
    return None
