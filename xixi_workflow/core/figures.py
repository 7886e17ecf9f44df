"""A month's figures, frozen: everything that a document about the month says, and nothing that has to be asked for.

Contract for whoever writes a document from it
----------------------------------------------
`Figures` is plain data. It knows no language but carries both names of everything; it holds no personal data: no
petitioner, no text, no address, only numbers of petitions in `breaches.overdue`. A writer needs this structure alone,
no policy, no database, and computes nothing but layout: whatever is printed is a field here.

* **Numbers.** Counts are `int`. A rate is a `Rate`: print `percent` with two places and `numerator/denominator` beside
  it; `percent` None is printed as a dash "—". Spans are whole seconds. `Change.points` is in percentage points
  (百分点), `Change.percent` in percent; None is a dash. Instants are aware UTC; print them in `zone`.
* **Groups.** A `Group` is one team, category, category group, community or source: `counts` by the names of
  `kpi_table`, `rates` by the key of the indicator, `spans` by clock. A count that is absent is 0; a rate is there for
  every indicator that is told apart by that kind of group. An empty `code` is "not stated" (未填写 / none).
* **Indicators** are listed in `definitions`, in the order in which they are shown, with names, formula in words, and
  the month in which a case counts. Print all of them as the appendix 口径说明. Look a rate up by its `key`.
* **Totals foot.** For each name the `counts` of teams add up to `overview.counts` where teams are told apart (clocks
  of petitions that nobody led yet are under the empty code), those of categories, communities and sources likewise.
  In each clock's section `due` is the sum of its verdicts, and its `week` adds up to them.
* **Order.** Lists come in the order in which they are printed; clocks with the shortest promise first.
  `ranking.rows` is best first. Who has too few cases has rank None and comes last. `ranking.red` and `ranking.black`
  hold codes.
* **Time.** What counts in the month is said in `definitions`. Everything is as it stood at `cut_off`: a clock missed
  and met only afterwards is still `breached`, here and in every later recount.
* **Trend.** `trend` has 13 points, oldest first, the last of them this period; one without figures has None.
* **Periods.** All this is of a week as it is of a month; where it says month, read the period (see `core/periods.py`).

`canonical` is the one serialisation: JSON in UTF-8, keys sorted, no blanks, decimals as numbers. Equal figures have
equal bytes; `digest` is their SHA-256. `read` is the inverse. A field may be added with a default; whoever changes
the meaning of one raises `FORMAT`.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from decimal import Decimal
from typing import Final

import msgspec

from xixi_workflow.core.kpi import Change, Counts, Rate, Spans

FORMAT: Final = 1
#: Stands for a count that is withheld from the public, see `public`.
WITHHELD: Final = -1


class _Frozen(msgspec.Struct, frozen=True):
    """The root of all parts."""


class Named(_Frozen, frozen=True):
    """A code with its names and how often it was counted, with its share of the whole."""

    code: str
    zh: str
    en: str
    n: int
    share: Rate


class Group(_Frozen, frozen=True):
    """One team, category, category group, community or source."""

    code: str
    zh: str
    en: str
    counts: Counts
    rates: dict[str, Rate]
    #: By clock: from its start to the event that met it, in plain time. Of teams and categories only.
    spans: dict[str, Spans] = {}
    #: By indicator: against the period before, and the one that stood there a year ago (see `periods.year_before`).
    mom: dict[str, Change] = {}
    yoy: dict[str, Change] = {}
    #: A category's group.
    parent: str = ""
    #: A team's points (得分), 0 to 100, see `kpi.score`; None where there is nothing to judge.
    score: Decimal | None = None
    #: Of a community where they are configured, with its filings for each thousand of them, two places.
    households: int | None = None
    per_thousand: Decimal | None = None


class Overview(_Frozen, frozen=True):
    """一、总体情况."""

    counts: Counts
    rates: dict[str, Rate]
    #: By indicator, and by `filed` and `closed` for the two counts.
    mom: dict[str, Change]
    yoy: dict[str, Change]
    #: Filed a day, two places.
    daily: Decimal | None
    open_at_start: int
    open_at_end: int
    #: By state, in the order of a petition's life.
    open_by_state: list[Named]
    by_source: list[Named]
    by_channel: list[Named]
    by_nature: list[Named]
    by_urgency: list[Named]
    by_result: list[Named]
    returns_by_reason: list[Named]
    #: Filings by hour of the source's receipt: 7 days, Monday first, of 24 hours.
    week: list[list[int]]


class ClockFigures(_Frozen, frozen=True):
    """One clock. `due` is the sum of `verdicts`; `on_time` leaves out what was not judged.

    `on_time` has no cases for a clock that promises nothing (the survey's, which the petitioner may let run out).
    """

    clock: str
    zh: str
    en: str
    #: The limit of the policy in force, seconds of its calendar; 0 for a clock that it no longer has.
    limit: int
    due: int
    verdicts: Counts
    on_time: Rate
    #: From start to the event that met it, plain time; and without pauses and what was used of extensions.
    raw: Spans
    net: Spans
    #: Judged clocks, and those of them on time, by hour of the source's receipt: 7 days, Monday first, of 24 hours.
    week_judged: list[list[int]]
    week_on_time: list[list[int]]


class Stage(_Frozen, frozen=True):
    """Stays in one state that ended in the month; what a team does before and after a hold is one stay.

    Of the state in progress, `spans` hold the holds too and `net` leaves them out; of all others both are the same.
    """

    state: str
    zh: str
    en: str
    spans: Spans
    #: All those stays together without holds, which have a stage of their own; seconds. The stages add up.
    seconds: int
    net: Spans = Spans(0, None, None)


class RankRow(_Frozen, frozen=True):
    """A team's place. `before` is its rank of the period before; None where it had none. `score`: see `Group`."""

    code: str
    zh: str
    en: str
    rank: int | None
    #: How many share the rank, itself included.
    tied: int
    rate: Rate
    before: int | None
    score: Decimal | None = None


class Ranking(_Frozen, frozen=True):
    """Teams by `kpi`, those with at least `minimum` cases."""

    kpi: str
    minimum: int
    rows: list[RankRow]
    red: list[str]
    black: list[str]


class HotItem(_Frozen, frozen=True):
    """A category that many asked about. The rule: most filings first; equals in the order of their codes.

    `petitioners` are telephones, each once; filings without one are in `n` alone. `communities`: the three with the
    most filings and how many.
    """

    code: str
    zh: str
    en: str
    n: int
    share: Rate
    petitioners: int
    repeats: int
    mom: Change
    yoy: Change
    communities: list[Named]


class Cause(_Frozen, frozen=True):
    """Missed clocks by cause, see `kpi_causes`. `causes` has every cause in its order, 0 included."""

    clock: str
    missed: int
    causes: list[Named]
    by_team: dict[str, Counts]


class Overdue(_Frozen, frozen=True):
    """One missed clock. `late` in seconds up to the event that settled it, or to the cut-off."""

    no: str
    clock: str
    #: The assisting team, for an assisting team's clock.
    key: str
    round: int
    team: str
    category: str
    community: str
    verdict: str
    due_at: datetime
    settled_at: datetime | None
    late: int
    cause: str
    #: The highest level that was told of it; 0: nobody was.
    level: int


class Breaches(_Frozen, frozen=True):
    """Missed clocks, why, and who was told."""

    clocks: list[Cause]
    #: Rings of the ladder by level (text, so that JSON can have it as a key), all clocks and each.
    levels: Counts
    levels_by_clock: dict[str, Counts]
    #: The longest overdue of each clock, worst first; `listed` of `missed` in all.
    overdue: list[Overdue]
    missed: int


class Satisfaction(_Frozen, frozen=True):
    """What petitioners said. `asked` = rated + not_rated."""

    satisfied: int
    fairly_satisfied: int
    dissatisfied: int
    not_rated: int
    not_asked: int
    asked: int
    weight: Decimal
    weighted: Rate
    plain: Rate
    dissatisfaction: Rate
    #: The same people, of the petitions closed on time; offices print either.
    dissatisfaction_of_on_time: Rate = Rate(Decimal(0), 0, None)


class Point(_Frozen, frozen=True):
    """A period of the trend. None: no figures for it."""

    period: str
    filed: int | None
    closed: int | None
    #: By indicator.
    rates: dict[str, Rate]


class Definition(_Frozen, frozen=True):
    """One line of the appendix 口径说明."""

    key: str
    zh: str
    en: str
    formula_zh: str
    formula_en: str
    counts_in_zh: str
    counts_in_en: str
    more_is_better: bool | None


class Figures(_Frozen, frozen=True):
    """See the module."""

    format: int
    period: str
    zone: str
    start: datetime
    end: datetime
    cut_off: datetime
    city_zh: str
    city_en: str
    #: Digest of the policy in force, whose names, weight and limits these are.
    policy: str
    overview: Overview
    timeliness: list[ClockFigures]
    teams: list[Group]
    communities: list[Group]
    categories: list[Group]
    category_groups: list[Group]
    sources: list[Group]
    ranking: Ranking
    hot: list[HotItem]
    breaches: Breaches
    satisfaction: Satisfaction
    stages: list[Stage]
    trend: list[Point]
    definitions: list[Definition]
    #: Rules that are no formula, (zh, en), for the appendix.
    remarks: list[tuple[str, str]]


_encoder = msgspec.json.Encoder(order="sorted", decimal_format="number")
_decode = msgspec.json.Decoder(Figures).decode


def canonical(figures: Figures) -> bytes:
    """The bytes that are stored, hashed and compared."""
    return _encoder.encode(figures)


def digest(figures: Figures) -> str:
    """SHA-256 (hex) of `canonical`."""
    return hashlib.sha256(canonical(figures)).hexdigest()


def read(text: bytes) -> Figures:
    """The inverse of `canonical`.

    Raises `msgspec.ValidationError` for anything else, and for a format that this release does not know.
    """
    figures: Figures = _decode(text)
    if figures.format != FORMAT:
        raise msgspec.ValidationError(f"figures of format {figures.format}; this release reads {FORMAT}")
    return figures
