"""Paths into the figures, as forms write them: `overview.counts.filed`, `teams[urban].rates.closure_on_time`.

The language
------------
* A step is a field of `figures.Figures` and its parts, or a name in one of its mappings.
* `list[code]` is the entry of that code (clock, key, state), and so with mappings. The code may stand somewhere
  itself: `[.field]` is that of the row, `[ranking.kpi]` a text of the figures. `list.length` is how many there are;
  `list.most` the entry that was counted most often, if any was.
* `name` of anything that has both names is the one of the document's language.
* Under `counts`, all that follows is the name of the count: `counts.closure.on_time`. A clock's `judged`, `missed`
  and `due` are sums: `counts.closure.judged`.
* Beside the fields of `Figures` there are `city`, `period` in words, and in a form about a team `unit`, its group.

In a row the fields of the row come first: `counts.filed` there is the row's.

A path is compiled once against the structure, which finds every misspelt name (`PathError`); looking it up then
cannot fail, it can only find nothing (None).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any, Final, NamedTuple

from xixi_workflow.core.figures import WITHHELD, Figures, Group, Named
from xixi_workflow.core.forms.structure import TEXT, Node, fields_of
from xixi_workflow.core.kpi import Change, Rate, Spans
from xixi_workflow.core.kpi_table import JUDGED, MISSED, VERDICTS

#: Sums of a clock's verdicts.
SUMS: Final = {"judged": JUDGED, "missed": MISSED, "due": VERDICTS}
#: What tells the entries of a list apart: the first of these that they have.
_IDS: Final = ("code", "clock", "key", "state", "period", "no")
_PATH: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+|\[\.?[^\[\]{}]+\])*")
_FIRST: Final = re.compile(r"[.\[]")
_STEP: Final = re.compile(r"\.?([A-Za-z0-9_]+)|\[(\.?)([^\[\]{}]+)\]")


class PathError(ValueError):
    """A path, condition or text of a form that makes no sense; says why, and `at` which field of the shape."""

    def __init__(self, message: str, *at: str | int) -> None:
        super().__init__(message)
        self.at = at


class Place(NamedTuple):
    """A value found, how it is printed, and where: `trail` are the steps, an entry of a list in brackets."""

    value: Any
    node: Node
    trail: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        """The trail as one would write it."""
        return "".join(step if step.startswith("[") else f".{step}" for step in self.trail).removeprefix(".")


class Step(NamedTuple):
    """One step: `kind` is `root`, `field`, `key`, `entry`, `most`, `length`, `sum` or `name`.

    `by`: where the code of an entry is found.
    """

    kind: str
    name: str
    node: Node
    by: Path | None = None


class Path(NamedTuple):
    """A compiled path; from the row where `in_row`, else from the root."""

    in_row: bool
    steps: tuple[Step, ...]
    node: Node


class View(NamedTuple):
    """What paths are looked up in: figures, and in which language and for which team."""

    figures: Figures
    zh: bool
    unit: Group | None
    period: str


#: The names that a policy knows, by what they name (`clock`, `indicator/team`, `count/all`, …).
Names = Mapping[str, Collection[str]]


def compile_path(text: str, *, row: Node | None, team: bool, names: Names | None = None) -> Path:
    """The path `text`, seen from a `row` where there is one. `team`: the form is about a team.

    Raises `PathError`. Without `names` any name is taken to exist.
    """
    if not _PATH.fullmatch(text):
        raise PathError(f"{text!r} is not a path; write for example overview.counts.filed or teams[urban].name")
    root = Node("struct", Figures)
    in_row = row is not None and _child(row, text.split(".", maxsplit=1)[0].split("[", maxsplit=1)[0]) is not None
    node = row if in_row and row is not None else root
    steps: list[Step] = []
    rest = text
    while rest:
        match = _STEP.match(rest)
        if match is None:  # pragma: no cover - `_PATH` lets nothing else through
            raise PathError(f"{text!r} is not a path")
        rest = rest[match.end() :]
        step: Step
        if node.kind == "counts" and match[1]:
            name = match[1] + rest
            _known(node, name, names, text)
            step = Step("sum" if name.rpartition(".")[2] in SUMS else "key", name, Node("count"))
            rest = ""
        elif match[1]:
            step = _field(node, match[1], text, at_root=not steps and not in_row, team=team, names=names)
        else:
            by = _by(match[2], match[3], row=row, team=team, names=names)
            step = _index(node, match[3], text, by=by, names=names)
        steps.append(step)
        node = step.node
    return Path(in_row, tuple(steps), node)


def _child(node: Node, name: str) -> Node | None:
    if node.kind == "struct" and name == "name" and {"zh", "en"} <= fields_of(node.model).keys():
        return TEXT
    if node.kind == "struct" or node.kind in ("rate", "spans"):
        found = fields_of(node.model).get(name)
        return found._replace(group=node.group) if found and node.group else found
    return None


def _field(node: Node, name: str, text: str, *, at_root: bool, team: bool, names: Names | None) -> Step:
    if at_root and name in ("city", "period"):
        return Step("root", name, TEXT)
    if at_root and name == "unit":
        if not team:
            raise PathError(f"{text}: only a form whose scope is team has a `unit`")
        return Step("root", name, Node("struct", Group, "team"))
    if node.kind == "list" and name == "length":
        return Step("length", name, Node("count"))
    if node.kind == "list" and name == "most":
        if node.model is not Named:
            raise PathError(f"{text}: only a list of counted names has a `most`")
        return Step("most", name, Node("struct", Named))
    if node.kind == "map":
        return _index(node, name, text, by=None, names=names)
    found = _child(node, name)
    if found is None:
        known = sorted(fields_of(node.model)) if node.kind in ("struct", "rate", "spans") else []
        hint = f"known: {', '.join(known)}" if known else f"{node.told} has no parts of that name"
        raise PathError(f"{text}: unknown field {name!r}; {hint}")
    return Step("name" if name == "name" and found is TEXT else "field", name, found)


def _by(dot: str, index: str, *, row: Node | None, team: bool, names: Names | None) -> Path | None:
    """Where the code of an entry stands; None where `index` is the code itself."""
    first, more, _ = index.partition(".")
    if not dot and not (more and (first in fields_of(Figures) or first == "unit")):
        return None
    if dot and (row is None or _child(row, first) is None):
        raise PathError(f"[.{index}] asks for a text of the row, and there is none of that name")
    path = compile_path(index, row=row if dot else None, team=team, names=names)
    if path.node.kind != "text":
        raise PathError(f"[{dot}{index}] asks for a code, and that is {path.node.told}")
    return path


def _index(node: Node, name: str, text: str, *, by: Path | None, names: Names | None) -> Step:
    if by is None:
        _known(node, name, names, text)
    if node.kind == "list":
        return Step("entry", name, Node("struct", node.model, node.group), by)
    if node.kind == "map":
        inner = {Rate: "rate", Change: "change", Spans: "spans"}.get(node.model)
        found = Node(inner, node.model) if inner else Node("counts", None, node.group, node.within)
        return Step("key", name, found, by)
    if node.kind == "counts":
        return Step("key", name, Node("count"), by)
    raise PathError(f"{text}: {node.told} has no entries to choose from")


def _known(node: Node, name: str, names: Names | None, text: str) -> None:
    """Raises `PathError` where the policy knows no such name."""
    if names is None:
        return
    what = node.names or ("count" if node.kind == "counts" else "")
    what = f"{what}/{node.group or 'all'}" if what in ("count", "indicator", "moved") and node.kind != "list" else what
    known = names.get(what)
    if known is None or name in known:
        return
    said = what.partition("/")[0].replace("moved", "indicator").replace("_", " ")
    near = sorted(known) if len(known) <= 40 else sorted(n for n in known if n[:3] == name[:3])
    raise PathError(f"{text}: unknown {said} {name!r}; known: {', '.join(near)}")


# --- looking up -----------------------------------------------------------------------------------------------------


def look_up(path: Path, view: View, row: Place | None = None) -> Place | None:
    """What stands at `path`; None where there is nothing."""
    start = row if path.in_row and row is not None else Place(view.figures, Node("struct", Figures))
    place = start
    for step in path.steps:
        found = _take(step, place, view, row)
        if found is None:
            return None
        place = found
    return place


def entries(place: Place) -> list[Place]:
    """The rows of a list."""
    node = Node("struct", place.node.model, place.node.group)
    return [Place(one, node, (*place.trail, f"[{identity(one)}]")) for one in place.value]


def identity(entry: Any) -> str:
    """The code by which an entry of a list is known."""
    return str(next(getattr(entry, name) for name in _IDS if hasattr(entry, name)))


def _take(step: Step, place: Place, view: View, row: Place | None) -> Place | None:
    value, name = place.value, step.name
    if step.by:
        code = look_up(step.by, view, row)
        name = str(code.value) if code else ""
    trail = (*place.trail, name)
    found: Any
    if step.kind == "root":
        if name == "unit":
            return Place(view.unit, step.node, ("teams", f"[{view.unit.code}]")) if view.unit else None
        found = view.period if name == "period" else _named(view.figures, "city", zh=view.zh)
    elif step.kind == "name":
        found = value.zh if view.zh else value.en
    elif step.kind == "field":
        found = getattr(value, name)
        if found is None and isinstance(value, Spans) and value.n == WITHHELD:
            found = WITHHELD
    elif step.kind == "length":
        found = len(value)
    elif step.kind == "most":
        found = max(value, key=lambda one: one.n, default=None)
        if found is None or found.n <= 0:
            return None
        trail = (*place.trail, f"[{found.code}]")
    elif step.kind == "entry":
        found = next((one for one in value if identity(one) == name), None)
        trail = (*place.trail, f"[{name}]")
    elif step.kind == "sum":
        clock, dot, of = name.rpartition(".")
        parts = [value.get(f"{clock}{dot}{verdict}", 0) for verdict in SUMS[of]]
        found = WITHHELD if WITHHELD in parts else sum(parts)
    else:
        # A count that is absent is none; a rate that is absent does not exist.
        absent: Any = 0 if step.node.kind == "count" else {} if step.node.kind == "counts" else None
        found = value.get(name, absent)
    return None if found is None else Place(found, step.node, trail)


def _named(of: Any, prefix: str, *, zh: bool) -> str:
    return str(getattr(of, f"{prefix}_zh" if zh else f"{prefix}_en"))
