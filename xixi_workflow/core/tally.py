"""What the store counts for one month: plain rows, grouped as finely as the figures need and no finer.

The core rolls them up (`figures_build`), so that both databases answer only what databases are good at, and every sum
is made once, here, and foots. Spans are whole seconds, cut off. A `slot` is a quarter of an hour since 1970 UTC in
which the source received the petition.

Counted by petition (see `core/behind.py`), each cell says whose it is: `petition` is its number, otherwise 0. Hours,
spans and stays lead back to nobody and are then left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec


class VerdictCell(NamedTuple):
    """Runs of a clock that were due in the month. `verdict` is one of `kpi_table.VERDICTS`."""

    clock: str
    team: str
    category: str
    community: str
    source: str
    verdict: str
    n: int
    petition: int = 0


class HourCell(NamedTuple):
    """The same by the hour of receipt."""

    clock: str
    slot: int
    verdict: str
    n: int


class SpanCell(NamedTuple):
    """Clocks met by the cut-off, from start to the event that met them, in plain time: each of them, in no order."""

    clock: str
    team: str
    category: str
    seconds: Sequence[int]


class AdjustedCell(NamedTuple):
    """Those of the above that were paused or extended: plain time, and without pauses and extensions."""

    clock: str
    team: str
    category: str
    raw: int
    net: int
    n: int


class EventCell(NamedTuple):
    """Journal lines of the month. `detail` is the reason, result, rating or clock; `level` the ladder's."""

    event: str
    detail: str
    level: int
    excluded: bool
    team: str
    category: str
    community: str
    source: str
    n: int
    petition: int = 0


class EndingCell(NamedTuple):
    """Petitions that came to their end, or were taken up again, in the month: the states before and after.

    `waited`: the state before lasted longer than no time at all. `reworked`: there was a round of rework before.
    """

    event: str
    was: str
    state: str
    waited: bool
    reworked: bool
    excluded: bool
    team: str
    category: str
    community: str
    source: str
    n: int
    petition: int = 0


class StageCell(NamedTuple):
    """Stays in a state that ended in the month; in progress goes on over holds, which `net` leaves out."""

    state: str
    seconds: int
    net: int
    n: int


class FiledCell(NamedTuple):
    """Filings of the month, by what only the overview asks for."""

    source: str
    channel: str
    nature: str
    urgency: str
    n: int
    petition: int = 0


class RepeatCell(NamedTuple):
    """Filings of the month by category and community: how many, by how many known petitioners, how many repeated."""

    category: str
    community: str
    n: int
    petitioners: int
    repeats: int
    petition: int = 0


class Miss(NamedTuple):
    """One missed clock, for the list of the overdue. `level` is the highest that its ladder has rung by the cut-off."""

    petition_id: int
    clock: str
    key: str
    round: int
    team: str
    category: str
    community: str
    verdict: str
    due_at: datetime
    settled_at: datetime | None
    cause: str
    level: int


class CauseCell(NamedTuple):
    """Missed clocks by cause, see `kpi_causes`."""

    clock: str
    team: str
    category: str
    cause: str
    n: int
    petition: int = 0


class OpenCell(NamedTuple):
    """A petition that was not over at the month's end, or at its first instant."""

    at_end: bool
    state: str
    petition: int


class Tally(msgspec.Struct):
    """One month, counted."""

    verdicts: list[VerdictCell] = []
    hours: list[HourCell] = []
    spans: list[SpanCell] = []
    adjusted: list[AdjustedCell] = []
    events: list[EventCell] = []
    endings: list[EndingCell] = []
    stages: list[StageCell] = []
    filed: list[FiledCell] = []
    #: Filings of the month by slot.
    filed_slots: list[tuple[int, int]] = []
    repeats: list[RepeatCell] = []
    causes: list[CauseCell] = []
    #: The longest overdue of each clock, worst first.
    misses: list[Miss] = []
    #: Petitions not over at the month's first instant and at its end, by state.
    open_at_start: dict[str, int] = {}
    open_at_end: dict[str, int] = {}
    #: The same one by one, when counted by petition.
    open: list[OpenCell] = []
    #: Only petitions of which something tells, see `behind.tells`; the cells are then too few for all else.
    narrowed: bool = False
