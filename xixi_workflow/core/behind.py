"""Which petitions a figure is made of.

Facts come from the store's finest counts, made by the same statements as the figures' but petition by petition
(`tally.Tally`), and are named by the same functions (`figures_count`). So for every group and every name in its
`counts` the `n` of the group's facts add up to the count.

Names beyond those of `kpi_table`, for figures of the overview and of breaches that are no counts:

* `channel.<code>`, `nature.<code>`, `urgency.<code>`: filings, of the whole period alone.
* `open_at_start`, `open_at_end`, `open_at_end.<state>`: of the whole period alone.
* `missed.<clock>`: the clock's `late`, `breached` and `unmet` together, by all groups.
* `cause.<clock>.<cause>`: the same by cause, by team and category.
* `level.<clock>.<n>`: rings of the ladder of one clock, by all groups but teams.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from sys import intern
from typing import Final, Literal

import msgspec

from xixi_workflow.core.figures_count import ending_names, event_names, event_team
from xixi_workflow.core.kpi_fold import REWORK, RINGS
from xixi_workflow.core.kpi_table import MISSED
from xixi_workflow.core.tally import Tally

#: The kinds of groups a figure may be of; `all` is the whole period.
GroupKind = Literal["all", "team", "category", "group", "community", "source"]
#: So many petitions are led back to one by one; of more, only those of which something tells. A fact takes 80 bytes, a
#: petition some 20 facts, and counting them several times as much for a moment: 1.3 GB for 60,000 eventful ones.
MOST: Final = 60_000
_TELLING: Final = frozenset(("returned", "return_refused", "rework", "taken_up_again", *REWORK, "rated.dissatisfied"))
_TELLING_OF: Final = ("missed.", "cause.", "returned.")


class Behind(msgspec.Struct, frozen=True, omit_defaults=True):
    """The cases of a figure: those counted under `names` in the group `code` (empty for `all`).

    Of a rate, `names` are its denominator and `part` its numerator. Terms may be written as in `kpi_table`: a weight
    before a name is left out (`weight*rated.fairly_satisfied`), a negative one takes cases away (`-1*resolved.…`).
    """

    kind: GroupKind
    code: str
    names: tuple[str, ...]
    part: tuple[str, ...] = ()


class Fact(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """A petition that was counted `n` times under `name`, in these groups; the category's group follows from it.

    None: not counted in groups of that kind, as no team is answerable for what was filed. The empty text is a group
    like any other: not stated.
    """

    petition: int
    name: str
    team: str | None
    category: str | None
    community: str | None
    source: str | None
    n: int = 1


class Halves(msgspec.Struct, frozen=True):
    """The petitions of a rate, in order, each as often as it was counted.

    `rest`: those of the denominator that are not in the numerator; where the numerator is no part of it (returns of
    dispatches), `within` is false and `rest` is the whole denominator.
    """

    numerator: list[int]
    rest: list[int]
    within: bool


def facts(tally: Tally) -> list[Fact]:
    """Everything counted, in order of petitions and names. `tally` was counted by petition.

    Of a narrowed one, which lacks petitions, only what `tells`: of that it has all.
    """
    found: list[Fact] = []
    each = (fact for fact in _each(tally) if tells(fact.name)) if tally.narrowed else _each(tally)
    for _, alike in groupby(sorted(each, key=_order), _order):
        first, *more = alike
        found.append(msgspec.structs.replace(first, n=first.n + sum(one.n for one in more)) if more else first)
    return found


def tells(term: str) -> bool:
    """Whether it is about what was missed, returned, reworked or rated dissatisfied: what somebody will ask about."""
    _, name = signed(term)
    return name in _TELLING or name.startswith(_TELLING_OF) or name.rpartition(".")[2] in MISSED


def _order(fact: Fact) -> tuple[int, str, str]:
    # A petition may be counted for two teams under one name; in all else it is in one group or in none.
    return fact.petition, fact.name, fact.team or ""


def select(facts: Iterable[Fact], behind: Behind, parents: Mapping[str, str]) -> list[int]:
    """The petitions counted under `behind.names`, in order, each as often as it was counted.

    `parents` gives each category's group, as `figures.Group.parent` does.
    """
    return sorted(_counted(facts, behind, behind.names, parents).elements())


def halves(facts: Iterable[Fact], behind: Behind, parents: Mapping[str, str]) -> Halves:
    """The same of a rate."""
    facts = list(facts)
    part, whole = (_counted(facts, behind, terms, parents) for terms in (behind.part, behind.names))
    within = all(n <= whole[petition] for petition, n in part.items())
    return Halves(sorted(part.elements()), sorted(((whole - part) if within else whole).elements()), within)


def signed(term: str) -> tuple[int, str]:
    """A term of a formula without its weight: 1 or -1, and the name counted."""
    factor, _, name = term.rpartition("*")
    return (-1 if factor.startswith("-") else 1), name


def _counted(facts: Iterable[Fact], behind: Behind, terms: Iterable[str], parents: Mapping[str, str]) -> Counter[int]:
    signs = {name: sign for sign, name in map(signed, terms)}
    found: Counter[int] = Counter()
    for fact in facts:
        sign = signs.get(fact.name)
        if sign is not None and _is_in(fact, behind, parents):
            found[fact.petition] += sign * fact.n
    return +found


def _is_in(fact: Fact, behind: Behind, parents: Mapping[str, str]) -> bool:
    if behind.kind == "all":
        return True
    if behind.kind == "group":
        return fact.category is not None and parents.get(fact.category, "") == behind.code
    return bool(getattr(fact, behind.kind) == behind.code)


def _each(tally: Tally) -> Iterator[Fact]:
    # A month has some names and very many facts: each name is kept once.
    for v in tally.verdicts:
        where = v.team, v.category, v.community, v.source
        yield Fact(v.petition, intern(f"{v.clock}.{v.verdict}"), *where, v.n)
        if v.verdict in MISSED:
            yield Fact(v.petition, intern(f"missed.{v.clock}"), *where, v.n)
    for e in tally.events:
        names = list(event_names(e))
        if names and e.event in RINGS:
            names.append(f"level.{e.detail}.{e.level}")
        for name in names:
            yield Fact(e.petition, intern(name), event_team(e), e.category, e.community, e.source, e.n)
    for x in tally.endings:
        for name in ending_names(x):
            yield Fact(x.petition, intern(name), x.team, x.category, x.community, x.source, x.n)
    sources = {f.petition: f.source for f in tally.filed}
    for r in tally.repeats:
        yield Fact(r.petition, "filed", None, r.category, r.community, sources.get(r.petition), r.n)
        if r.repeats:
            yield Fact(r.petition, "repeat", None, r.category, r.community, None, r.repeats)
    for f in tally.filed:
        for name in (f"channel.{f.channel}", f"nature.{f.nature}", f"urgency.{f.urgency}"):
            yield Fact(f.petition, intern(name), None, None, None, None, f.n)
    for o in tally.open:
        for name in ("open_at_end", f"open_at_end.{o.state}") if o.at_end else ("open_at_start",):
            yield Fact(o.petition, intern(name), None, None, None, None)
    for c in tally.causes:
        yield Fact(c.petition, intern(f"cause.{c.clock}.{c.cause}"), c.team, c.category, None, None, c.n)
