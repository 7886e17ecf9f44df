"""The petitions behind a page's figures, small enough to travel in it.

Columns of small numbers, one row a petition: its number as the difference to the one before, the place (category,
community, source) and the profile (what it was counted as, for which team, how often), both as places in dictionaries.
Most petitions of a month went one of few ways, so a row costs some 12 bytes. Only names that a figure of the page is
made of are kept.

**Too many.** From `MOST` petitions on a page of that kind is slow to open, so it carries those alone that somebody
will ask about: behind what was missed, returned, reworked or rated dissatisfied. The page says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any, Final

import msgspec

from xixi_workflow.core.behind import Behind, Fact, signed
from xixi_workflow.core.kpi_table import MISSED

#: Petitions of a page that carries them all; at 12 bytes each, and with 4 MB of charts and tables, one that still
#: travels by mail.
MOST: Final = 60_000

_TELLING: Final = frozenset(
    ("returned", "return_refused", "rework", "taken_up_again", "rated.dissatisfied", "rated_dissatisfied")
)
_TELLING_OF: Final = ("missed.", "cause.", "returned.")
#: What of a fact's place is told, as bits.
_CATEGORY, _COMMUNITY, _SOURCE = 1, 2, 4

Terms = tuple[str, ...]
#: Of a figure without parts the cases; of a rate denominator and numerator. None: not carried.
Shown = tuple[Terms | None, Terms | None]


class Index:
    """Which of a page's figures can be led back, and under which number its script finds each."""

    def __init__(self, figures: Iterable[Behind], facts: Sequence[Fact], *, most: int = MOST) -> None:
        wanted = {name: None for behind in figures for _, name in map(signed, behind.names + behind.part)}
        self._facts = [fact for fact in facts if fact.name in wanted]
        #: Whether the page carries only those petitions that somebody will ask about.
        self.limited = len({fact.petition for fact in self._facts}) > most
        if self.limited:
            self._facts = [fact for fact in self._facts if _tells(fact.name)]
        self._numbers: dict[Behind, int] = {}

    def number(self, behind: Behind) -> int | None:
        """The number of a figure; None where nothing behind it is carried."""
        if behind not in self._numbers:
            if not any(self._shown(behind)):
                return None
            self._numbers[behind] = len(self._numbers)
        return self._numbers[behind]

    def _shown(self, behind: Behind) -> Shown:
        if not self.limited:
            return behind.names, behind.part or None
        if all(map(_tells, behind.names)):
            return behind.names, behind.part if behind.part and all(map(_tells, behind.part)) else None
        if behind.part and all(map(_tells, behind.part)):
            return None, behind.part
        rest = tuple(name for name in behind.names if name not in behind.part)
        contained = set(behind.part) <= set(behind.names)
        return (rest, ()) if contained and rest and all(map(_tells, rest)) else (None, None)

    def packed(self, parents: Mapping[str, str]) -> dict[str, Any]:
        """Everything that the script needs, of the figures that were numbered. `parents`: see `behind.select`."""
        names, teams, categories, communities, sources = (_Codes() for _ in range(5))
        places: dict[tuple[int, int, int], int] = {}
        profiles: dict[tuple[int, ...], int] = {}
        numbers: list[int] = []
        place_of: list[int] = []
        profile_of: list[int] = []
        last = 0
        for petition, place, counted in _rows(self._facts):
            where = categories[place[0]], communities[place[1]], sources[place[2]]
            profile = tuple(
                part
                for fact in counted
                for part in (names[fact.name], -1 if fact.team is None else teams[fact.team], fact.n, _told(fact))
            )
            numbers.append(petition - last)
            place_of.append(places.setdefault(where, len(places)))
            profile_of.append(profiles.setdefault(profile, len(profiles)))
            last = petition
        figures = []
        for behind in self._numbers:
            terms = [
                None if part is None else [(names.known[name] + 1) * sign for sign, name in map(signed, part) if name in names.known]
                for part in self._shown(behind)
            ]  # fmt: skip
            figures.append([behind.kind, behind.code, *terms])
        return {
            "figures": figures,
            "teams": teams.list,
            "categories": categories.list,
            "groups": [parents.get(code, "") for code in categories.list],
            "communities": communities.list,
            "sources": sources.list,
            "places": [list(place) for place in places],
            "profiles": [list(profile) for profile in profiles],
            "numbers": numbers,
            "place": place_of,
            "profile": profile_of,
        }


def script_json(value: Any) -> str:
    """JSON that cannot end the element it stands in."""
    return msgspec.json.encode(value).decode().replace("<", "\\u003c").replace("&", "\\u0026")


def _tells(term: str) -> bool:
    _, name = signed(term)
    return name in _TELLING or name.startswith(_TELLING_OF) or name.rpartition(".")[2] in MISSED


class _Codes:
    """Texts and their places in a list."""

    def __init__(self) -> None:
        self.known: dict[str, int] = {}

    def __getitem__(self, text: str) -> int:
        return self.known.setdefault(text, len(self.known))

    @property
    def list(self) -> list[str]:
        return [*self.known]


def _told(fact: Fact) -> int:
    return (
        (fact.category is not None) * _CATEGORY
        + (fact.community is not None) * _COMMUNITY
        + (fact.source is not None) * _SOURCE
    )


_by_petition = attrgetter("petition")


def _rows(facts: Sequence[Fact]) -> Iterator[tuple[int, tuple[str, str, str], list[Fact]]]:
    """The facts of each petition; a row more for each further place, which an ordinary petition has not."""
    for petition, mine in groupby(sorted(facts, key=_by_petition), _by_petition):
        rows: list[tuple[list[str | None], list[Fact]]] = []
        for fact in sorted(mine, key=lambda one: (one.name, one.team or "")):
            here = fact.category, fact.community, fact.source
            for place, counted in rows:
                if all(a is None or b is None or a == b for a, b in zip(here, place, strict=True)):
                    place[:] = [b if a is None else a for a, b in zip(here, place, strict=True)]
                    counted.append(fact)
                    break
            else:
                rows.append(([*here], [fact]))
        for place, counted in rows:
            yield petition, (place[0] or "", place[1] or "", place[2] or ""), counted
