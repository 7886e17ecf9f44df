"""The petitions behind a page's figures, small enough to travel in it.

Columns of small numbers, one row a petition: its number as the difference to the one before, the place (category,
community, source) and the profile (what it was counted as, for which team, how often), both as places in dictionaries.
Most petitions of a month went one of few ways, so a row costs some 12 bytes. Only what a figure
of the page is made of is kept.

**Too many.** From `behind.MOST` petitions on the facts are of those alone that somebody will ask about, and the page
says so. Whoever hands in more gets the same page: with all of them it would be slow to open.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Any, NamedTuple

import msgspec

from xixi_workflow.core.behind import MOST, Behind, Fact, signed, tells

#: What of a fact's place is told, as bits.
_CATEGORY, _COMMUNITY, _SOURCE = 1, 2, 4


class _Shown(NamedTuple):
    """What is carried of a figure: its cases, or of a rate its denominator and numerator. None: not carried, or none.

    `rest`: of the denominator only what is not in the numerator.
    """

    whole: tuple[str, ...] | None = None
    part: tuple[str, ...] | None = None
    rest: bool = False


class Index:
    """Which of a page's figures can be led back, and under which number its script finds each."""

    def __init__(
        self, figures: Iterable[Behind], facts: Sequence[Fact], parents: Mapping[str, str], *, most: int = MOST
    ) -> None:
        """`parents`: see `behind.select`. What no figure leads to is not carried: a team's card has no other team's."""
        self._parents = parents
        wanted: dict[str, set[tuple[str, str | None]]] = {}
        for behind in figures:
            for _, name in map(signed, behind.names + behind.part):
                wanted.setdefault(name, set()).add((behind.kind, behind.code))
        self._facts = [fact for fact in facts if fact.name in wanted and self._is_in(fact, wanted[fact.name])]
        #: Whether the page carries only those petitions that somebody will ask about.
        self.limited = len({fact.petition for fact in facts}) > most or (
            bool(facts) and all(tells(fact.name) for fact in facts)
        )
        if self.limited:
            self._facts = [fact for fact in self._facts if tells(fact.name)]
        self._numbers: dict[Behind, int] = {}

    def _is_in(self, fact: Fact, groups: set[tuple[str, str | None]]) -> bool:
        group = None if fact.category is None else self._parents.get(fact.category, "")
        return ("all", "") in groups or not groups.isdisjoint(
            (
                ("team", fact.team),
                ("category", fact.category),
                ("group", group),
                ("community", fact.community),
                ("source", fact.source),
            )
        )

    def number(self, behind: Behind) -> int | None:
        """The number of a figure; None where nothing behind it is carried."""
        if behind not in self._numbers:
            if not any(self._shown(behind)):
                return None
            self._numbers[behind] = len(self._numbers)
        return self._numbers[behind]

    def _shown(self, behind: Behind) -> _Shown:
        whole, part = behind.names, behind.part or None
        told, part_told = all(map(tells, whole)), part is not None and all(map(tells, part))
        if not self.limited or (told and (part_told or part is None)):
            return _Shown(whole, part)
        if part_told:
            return _Shown(None, part)
        rest = tuple(name for name in whole if name not in behind.part)
        if part is not None and {*part} <= {*whole} and rest and all(map(tells, rest)):
            return _Shown(rest, None, rest=True)
        return _Shown()

    def packed(self) -> dict[str, Any]:
        """Everything that the script needs, of the figures that were numbered."""
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
            shown = self._shown(behind)
            figures.append(
                [behind.kind, behind.code, names.terms(shown.whole), names.terms(shown.part), int(shown.rest)]
            )
        return {
            "figures": figures,
            "teams": teams.texts,
            "categories": categories.texts,
            "groups": [self._parents.get(code, "") for code in categories.texts],
            "communities": communities.texts,
            "sources": sources.texts,
            "places": [list(place) for place in places],
            "profiles": [list(profile) for profile in profiles],
            "numbers": numbers,
            "place": place_of,
            "profile": profile_of,
        }


def script_json(value: Any) -> str:
    """JSON that cannot end the element it stands in."""
    return msgspec.json.encode(value).decode().replace("<", "\\u003c").replace("&", "\\u0026")


class _Codes:
    """Texts and their places in a list."""

    def __init__(self) -> None:
        self.known: dict[str, int] = {}

    def __getitem__(self, text: str) -> int:
        return self.known.setdefault(text, len(self.known))

    def terms(self, terms: tuple[str, ...] | None) -> list[int] | None:
        """Each term as its name's place + 1, negative where it takes away; what was never counted is left out."""
        if terms is None:
            return None
        return [(self.known[name] + 1) * sign for sign, name in map(signed, terms) if name in self.known]

    @property
    def texts(self) -> list[str]:
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
