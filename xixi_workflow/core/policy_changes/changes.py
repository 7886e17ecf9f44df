"""What differs between the documents of two policies, leaf by leaf, gathered by what it is about.

Lists of things that have a code (categories, communities, the steps of a ladder) are compared by that code, so that a
new first entry does not change all others; other lists are compared whole. Types count: `1` is not `true`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from xixi_workflow.core.duty_schema import is_duty
from xixi_workflow.core.policy_schema import Documents

Path = tuple[str, ...]


class _Missing:
    """Not there at all; a value may well be null."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing()
#: The last part of a path where only the order of things differs.
ORDER: Final = "(order)"
#: Lists whose entries are known by a key of theirs: (file, section) -> key.
_KEYED: Final = {
    ("categories.yaml", "categories"): "code",
    ("communities.yaml", "communities"): "name",
}
#: Mappings and keyed lists whose order means something: see `policy._COUNTED`; categories are tried in their order.
_ORDERED: Final = frozenset(
    {
        ("categories.yaml", "categories"),
        *(("policy.yaml", name) for name in ("return_reasons", "hold_reasons", "reject_reasons", "results")),
    }
)
#: Sections of which each entry is a thing of its own.
_ENTRIES: Final = frozenset(
    {
        *(
            ("policy.yaml", name)
            for name in (
                "clocks",
                "ladders",
                "notices",
                "return_reasons",
                "hold_reasons",
                "reject_reasons",
                "results",
            )
        ),
        ("calendars.yaml", "calendars"),
        ("categories.yaml", "categories"),
        ("categories.yaml", "natures"),
        ("categories.yaml", "groups"),
        ("communities.yaml", "communities"),
        ("teams.yaml", "people"),
        ("teams.yaml", "teams"),
        ("sources.yaml", "sources"),
        ("sources.yaml", "columns"),
    }
)


class Change(NamedTuple):
    """A leaf that differs, or a whole part that only one side has. `path` begins with the file."""

    path: Path
    old: Any
    new: Any


class Subject(NamedTuple):
    """One thing, such as a clock or a person, and what differs of it, by the path within it. `take` empties it."""

    path: Path
    changes: dict[Path, Change]

    def take(self, *within: str) -> Change | None:
        """The change at this place, which is then no longer among those that still have to be said."""
        return self.changes.pop(within, None)

    def take_under(self, *within: str) -> list[Change]:
        """Every change at or below this place."""
        return [self.changes.pop(path) for path in list(self.changes) if path[: len(within)] == within]


def subjects(old: Documents, new: Documents) -> list[Subject]:
    """What differs, by subject, in the order of the files and of what stands in them."""
    found: dict[Path, Subject] = {}
    for change in _differences((), old, new):
        about = _subject(change.path)
        found.setdefault(about, Subject(about, {})).changes[change.path[len(about) :]] = change
    return list(found.values())


def _subject(path: Path) -> Path:
    depth = _depth(path)
    return path[:depth] if depth and ORDER not in path[:depth] else path


def _depth(path: Path) -> int:
    """How many parts of a path name its subject; 0: every leaf is its own."""
    file = path[0]
    if file.startswith("forms/"):
        return 1
    if is_duty(file) or file.startswith("words/") or path[:2] in _ENTRIES:
        return 3
    return 0


def same(a: Any, b: Any) -> bool:
    """Whether two values of documents are the same, type for type."""
    return _canonical(a) == _canonical(b)


def _canonical(value: Any) -> str:
    return "" if value is MISSING else json.dumps(value, sort_keys=True, ensure_ascii=False)


def _differences(path: Path, old: Any, new: Any) -> Iterator[Change]:
    if len(path) <= 2 and MISSING not in (old, new) and json.dumps(old) == json.dumps(new):
        # Most of two policies is the same, order included: nothing to take apart.
        return
    if len(path) > 1:
        old, new = _keyed(path, old), _keyed(path, new)
    sides = [value for value in (old, new) if value is not MISSING]
    if not all(isinstance(value, dict) for value in sides) or (len(sides) == 1 and not _goes_on(path, sides[0])):
        if not same(old, new):
            yield Change(path, old, new)
        return
    was, is_ = ({} if value is MISSING else value for value in (old, new))
    for key in [*was, *(k for k in is_ if k not in was)]:
        yield from _differences((*path, str(key)), was.get(key, MISSING), is_.get(key, MISSING))
    if path[:2] in _ORDERED and len(path) == 2:
        both = [[key for key in side if key in other] for side, other in ((was, is_), (is_, was))]
        if both[0] != both[1]:
            yield Change((*path, ORDER), both[0], both[1])


def _goes_on(path: Path, only: dict[str, Any]) -> bool:
    """Whether what only one side has is taken apart: a file or a section is, a thing of its own is not."""
    if not path or not only:
        return bool(only)
    deepest = _depth((*path, "", ""))
    return not deepest or len(path) < deepest


def _keyed(path: Path, value: Any) -> Any:
    """A list of things with a code as a mapping; as it is where codes are missing or not unique."""
    key = _KEYED.get((path[0], path[1])) if len(path) == 2 else None
    if len(path) == 3 and path[:2] == ("policy.yaml", "ladders"):
        key = "level"
    if key is None or not isinstance(value, list) or not value:
        return value
    if not all(isinstance(one, dict) and key in one for one in value):
        return value
    by_key = {str(one[key]): {k: v for k, v in one.items() if k != key} for one in value}
    return by_key if len(by_key) == len(value) else value
