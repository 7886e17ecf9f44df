"""Which petitions a figure is made of."""

from __future__ import annotations

from typing import Literal

import msgspec

#: The kinds of groups a figure may be of; `all` is the whole period.
GroupKind = Literal["all", "team", "category", "group", "community", "source"]


class Behind(msgspec.Struct, frozen=True, omit_defaults=True):
    """The cases of a figure: those counted under `names` in the group `code` (empty for `all`).

    Of a rate, `names` are its denominator and `part` its numerator (weights left out).
    """

    kind: GroupKind
    code: str
    names: tuple[str, ...]
    part: tuple[str, ...] = ()


class Fact(msgspec.Struct, frozen=True, array_like=True):
    """A petition that was counted `n` times under `name`, in these groups; the category's group follows from it."""

    petition: int
    name: str
    team: str
    category: str
    community: str
    source: str
    n: int = 1
