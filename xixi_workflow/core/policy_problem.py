"""One mistake in a configuration, as every check reports it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple

#: Where a mistake stands inside its file: keys and list indices from the top.
Path = tuple[str | int, ...]
#: The files that could be read, by name, each as the model of `policy_schema.FILES`.
Files = dict[str, Any]


class Problem(NamedTuple):
    """One mistake in the configuration: the file, the path of keys inside it, and what is wrong."""

    file: str
    path: Path
    message: str


def unknown(kind: str, name: str, known: Collection[str]) -> str:
    """The sentence for a name that refers to nothing."""
    return f"unknown {kind} {name!r}; known: {', '.join(sorted(known))}"
