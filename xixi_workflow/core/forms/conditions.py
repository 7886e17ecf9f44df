"""Values and conditions of a form: sums and differences of paths, and comparisons of them.

* A value is a path; counts may be added and taken from each other (`counts.rework + counts.returned`); of two rates
  the difference is in percentage points.
* A condition is one comparison or several joined by `and`: `rates.closure_on_time < overview.rates.closure_on_time`,
  `overview.mom.filed > 0`, `clock = 'closure'`, `code in ranking.red`, `code not in ranking.black`.

What is compared are the printed figures: the percentage of a rate, the points or the percent of a change, the seconds
of a span. Where one side does not exist or is withheld, no comparison holds; but for one: a withheld count is more than
0, for a 0 is never withheld.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final, NamedTuple

from xixi_workflow.core import kpi
from xixi_workflow.core.figures import WITHHELD
from xixi_workflow.core.forms.paths import Names, Path, PathError, Place, View, compile_path, look_up
from xixi_workflow.core.forms.structure import Node
from xixi_workflow.core.kpi import Change, Rate

_OPERATOR: Final = re.compile(r"\s+(>=|<=|!=|=|>|<|not in|in)\s+")
_SIGN: Final = re.compile(r"\s+([+-])\s+")
_NUMBER: Final = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_QUOTED: Final = re.compile(r"'([^']*)'")
_COMPARED: Final[dict[str, Callable[[Any, Any], bool]]] = {
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
    "=": operator.eq,
    "!=": operator.ne,
}
#: Kinds that can be compared with each other, by what they are compared as.
_MEASURE: Final = {
    "count": "number",
    "number": "number",
    "span": "number",
    "rate": "number",
    "change": "number",
    "text": "text",
    "instant": "instant",
}


class Value(NamedTuple):
    """A compiled value: paths with 1 or -1 before each."""

    terms: tuple[tuple[int, Path], ...]
    node: Node


class Comparison(NamedTuple):
    """One comparison; the right side is a value, a number, a text, or a list of texts."""

    left: Value
    sign: str
    right: Value | Path | Decimal | str


class Scope(NamedTuple):
    """What a path of a form may refer to."""

    row: Node | None
    team: bool
    names: Names | None


def compile_value(text: str, scope: Scope) -> Value:
    """A path, or a sum or difference of some. Raises `PathError`."""
    parts = _SIGN.split(text.strip())
    terms = [(1, _path(parts[0], scope))]
    for sign, part in zip(parts[1::2], parts[2::2], strict=True):
        terms.append((1 if sign == "+" else -1, _path(part, scope)))
    kinds = [path.node.kind for _, path in terms]
    if len(terms) == 1:
        return Value(tuple(terms), terms[0][1].node)
    if kinds == ["rate", "rate"] and terms[1][0] == -1:
        return Value(tuple(terms), Node("change", Change))
    if set(kinds) != {"count"}:
        told = ", ".join(path.node.told for _, path in terms)
        raise PathError(f"{text}: only counts can be added, and one rate taken from another; these are {told}")
    return Value(tuple(terms), Node("count"))


def compile_condition(text: str, scope: Scope) -> tuple[Comparison, ...]:
    """Comparisons that must all hold; none for an empty text. Raises `PathError`."""
    return tuple(_comparison(part, scope) for part in re.split(r"\s+and\s+", text.strip())) if text.strip() else ()


def evaluate(value: Value, view: View, row: Place | None = None) -> Place | None:
    """What `value` is; None where a part of it does not exist."""
    places = [look_up(path, view, row) for _, path in value.terms]
    found = [place for place in places if place is not None]
    if len(found) < len(places):
        return None
    if len(found) == 1:
        return found[0]
    signs = " ".join(
        f"{'+' if sign > 0 else '-'} {place.path}" for (sign, _), place in zip(value.terms, found, strict=True)
    )
    trail = (signs.removeprefix("+ "),)
    if value.node.kind == "change":
        one, other = found[0].value, found[1].value
        if is_withheld(found[0]) or is_withheld(found[1]):
            return Place(WITHHELD, Node("count"), trail)
        return Place(kpi.rates_differ(one, other), value.node, trail)
    if any(is_withheld(place) for place in found):
        return Place(WITHHELD, value.node, trail)
    return Place(sum(s * p.value for (s, _), p in zip(value.terms, found, strict=True)), value.node, trail)


def holds(condition: tuple[Comparison, ...], view: View, row: Place | None = None) -> bool:
    """Do all comparisons hold?"""
    return all(_holds(one, view, row) for one in condition)


def is_withheld(place: Place) -> bool:
    """Is the figure there, but not for the public?"""
    value = place.value
    if isinstance(value, Rate):
        return WITHHELD in {value.denominator, value.numerator}
    return place.node.kind in ("count", "span", "number") and bool(value == WITHHELD)


def measure(place: Place | None) -> Any:
    """What a figure is compared and sorted by; None where there is nothing to compare."""
    if place is None or is_withheld(place):
        return None
    value = place.value
    if isinstance(value, Rate):
        return value.percent
    if isinstance(value, Change):
        return value.points if value.points is not None else value.percent if value.percent is not None else value.by
    return value


def _path(text: str, scope: Scope) -> Path:
    return compile_path(text.strip(), row=scope.row, team=scope.team, names=scope.names)


def _comparison(text: str, scope: Scope) -> Comparison:
    parts = _OPERATOR.split(text.strip())
    if len(parts) != 3:
        raise PathError(f"{text!r} is not a comparison; write for example overview.counts.filed > 0")
    left = compile_value(parts[0], scope)
    sign, other = parts[1], parts[2].strip()
    if sign in ("in", "not in"):
        path = _path(other, scope)
        if path.node.kind != "texts" or left.node.kind != "text":
            raise PathError(f"{text}: `in` asks whether a text is in a list of texts, such as ranking.red")
        return Comparison(left, sign, path)
    right: Value | Decimal | str
    if _NUMBER.fullmatch(other):
        right, kind = Decimal(other), "number"
    elif quoted := _QUOTED.fullmatch(other):
        right, kind = quoted[1], "text"
    else:
        right = compile_value(other, scope)
        kind = _MEASURE.get(right.node.kind, "")
    mine = _MEASURE.get(left.node.kind, "")
    if not mine or mine != kind:
        told = "a number" if kind == "number" else right.node.told if isinstance(right, Value) else "a text"
        raise PathError(f"{text}: {left.node.told} cannot be compared with {told}")
    if mine == "text" and sign not in ("=", "!="):
        raise PathError(f"{text}: texts are equal or not; {sign} is for numbers")
    return Comparison(left, sign, right)


def _holds(one: Comparison, view: View, row: Place | None) -> bool:
    place = evaluate(one.left, view, row)
    left = measure(place)
    if left is None:
        return one.sign in (">", "!=") and one.right == 0 and place is not None and place.node.kind == "count"
    if isinstance(one.right, Path):
        listed = look_up(one.right, view, row)
        return listed is not None and (left in listed.value) == (one.sign == "in")
    right = measure(evaluate(one.right, view, row)) if isinstance(one.right, Value) else one.right
    return right is not None and _COMPARED[one.sign](left, right)
