"""What a month's figures are made of, counted from the journal and the verdicts in a few set-based statements.

Everything is read in one snapshot, so that totals foot while others write. The journal and the verdicts are the only
sources, so a message, a screen and the report cannot tell different stories. The few petitions that a grouped count
would get wrong, and the missed clocks whose time must be traced, are read line by line and judged by the core.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from itertools import groupby
from operator import itemgetter
from typing import Any, Final, NamedTuple

import sqlalchemy as sa

from xixi_workflow.core.behind import MOST
from xixi_workflow.core.kpi_causes import Line, Piece, cause, pieces
from xixi_workflow.core.kpi_fold import Counted, Stayed, fold
from xixi_workflow.core.kpi_fold import Line as Told
from xixi_workflow.core.policy_schema import read_span
from xixi_workflow.core.tally import (
    AdjustedCell,
    CauseCell,
    EndingCell,
    EventCell,
    FiledCell,
    HourCell,
    Miss,
    OpenCell,
    RepeatCell,
    SpanCell,
    StageCell,
    Tally,
    VerdictCell,
)
from xixi_workflow.store import figures_sql as sql
from xixi_workflow.store.columns import Instant
from xixi_workflow.store.connect import Store

#: PostgreSQL sorts and hashes a month in memory; the server's default of 4 MB would go to disk 60 times over.
_WORK_MEM: Final = "256MB"
#: Rows fetched at a time where a result may be long.
_CHUNK: Final = 20_000
_INSTANTS: Final = ("start", "end", "cut_off", "since", "at")
#: Of a missed clock in the list: lateness, petition, due, assisting team, start. No two are alike in all of them: rows
#: that are come in another order from each database, and after each change of one.
_WORST_FIRST: Final = itemgetter(0, 1, 2, 3, 4)


class Month(NamedTuple):
    """What is to be counted: `start` <= instant < `end` as it stood at `cut_off` (aware UTC, not before `end`).

    `first` and `last` are the first numbers of the month and of the next, `second` and `beyond` those of their second
    days; `oldest` is the first that a repeat within `within` seconds may go back to.
    """

    start: datetime
    end: datetime
    cut_off: datetime
    first: int
    second: int
    last: int
    beyond: int
    oldest: int
    within: int
    #: How many missed clocks of each name are listed one by one.
    listed: int


#: The team that leads a category under a version of the policy.
LeadOf = Callable[[int, str], str]
#: Causes that are no time of a clock because it stands still meanwhile: (policy version, clock) -> labels.
PausesOf = Callable[[int, str], tuple[str, ...]]


def tally(
    store: Store, month: Month, lead_of: LeadOf, pauses_of: PausesOf, *, by_petition: bool = False, most: int = MOST
) -> Tally:
    """Count a month. `by_petition`: by the same statements, but each petition for itself, see `core.tally`; where they
    are more than `most`, only those of which something tells (`behind.tells`).
    """
    with _snapshot(store) as db:
        return _Count(db, store.is_sqlite, month, by_petition, most).all(lead_of, pauses_of)


@contextmanager
def _snapshot(store: Store) -> Iterator[sa.Connection]:
    with store.connect() as db:
        if not store.is_sqlite:
            db = db.execution_options(isolation_level="REPEATABLE READ")  # noqa: PLW2901 - the same connection
            db.exec_driver_sql(f"SET LOCAL work_mem = '{_WORK_MEM}'")
            # Whatever is read bit by bit is read to its end.
            db.exec_driver_sql("SET LOCAL cursor_tuple_fraction = 1")
        try:
            yield db
        finally:
            # The temporary table goes with it.
            db.rollback()


class _Place(NamedTuple):
    """A row of `month_cell`."""

    kind: int
    lead: str
    category: str
    community: str
    source: str
    #: 0 unless counted by petition.
    petition: int

    @property
    def where(self) -> tuple[str, str, str]:
        return self.category, self.community, self.source


class _Count:
    def __init__(self, db: sa.Connection, sqlite: bool, month: Month, by_petition: bool, most: int) -> None:
        self._db = db
        self._by_petition = by_petition
        self._most = most
        self._words = sql.Words(sqlite=sqlite)
        self._month = month
        # A petition can still be rated this long after it was over.
        windows = [timedelta(seconds=read_span(text)) for (text,) in db.execute(sa.text(sql.windows(self._words)))]
        since = month.start - max([*windows, timedelta(days=sql.REACH_DAYS)])
        self._given: dict[str, Any] = {**month._asdict(), "since": since}
        self._cells: dict[int, _Place] = {}

    def all(self, lead_of: LeadOf, pauses_of: PausesOf) -> Tally:
        w = self._words
        narrowed = self._choose()
        cells = self._cells
        if not cells:
            # Nothing was ever filed that could matter, as in the months before the first petition.
            return Tally(narrowed=narrowed)
        found = Tally(
            narrowed=narrowed,
            verdicts=[
                VerdictCell(clock, team, *cells[cell].where, verdict, n, cells[cell].petition)
                for clock, team, cell, verdict, n in self._grouped(sql.verdicts(), "clock, team, cell, verdict")
            ],
            events=[
                EventCell(event, detail, level, bool(excluded), *cells[cell][1:5], n, cells[cell].petition)
                for event, detail, level, excluded, cell, n in self._grouped(
                    sql.events(w), "event, detail, level, excluded, cell"
                )
            ],
            filed=[
                FiledCell(cells[cell].source, channel, nature, urgency, n, cells[cell].petition)
                for cell, channel, nature, urgency, n in self._grouped(sql.filed(), "cell, channel, nature, urgency")
            ],
            repeats=[
                RepeatCell(*cells[cell][2:4], n, people, again, cells[cell].petition)
                for cell, n, people, again in self._run(sql.repeats(w))
            ],
        )
        if self._by_petition:
            found.open = [
                OpenCell(at == self._month.end, *row)
                for at in (self._month.start, self._month.end)
                for row in self._run(sql.each_open_at(), at=at)
            ]
        else:
            self._of_nobody(found)
        for kind, event, was, state, waited, excluded, cell, span, n in self._run(sql.moves(w)):
            if kind == "ending":
                ways = bool(waited), False, bool(excluded)
                found.endings.append(EndingCell(event, was, state, *ways, *cells[cell][1:5], n, cells[cell].petition))
            elif not self._by_petition:
                found.stages.append(StageCell(was, span, span, n))
        self._fold(found, lead_of)
        self._trace(found, pauses_of)
        return found

    def _of_nobody(self, found: Tally) -> None:
        """What leads back to no petition."""
        w, categories = self._words, {place.kind: place.category for place in self._cells.values()}
        found.hours = [HourCell(*row) for row in self._grouped(sql.hours(), "clock, slot, verdict")]
        found.spans = [
            SpanCell(clock, team, categories[kind], each)
            for clock, team, kind, each in self._gathered(sql.spans(w), "clock, team, kind", "span")
        ]
        found.adjusted = [
            AdjustedCell(clock, team, categories[kind], raw, net, n)
            for clock, team, kind, raw, net, n in self._grouped(sql.adjusted(w), "clock, team, kind, raw, net")
        ]
        found.filed_slots = [(slot, n) for slot, n in self._grouped(sql.filed_slots(), "slot")]
        found.open_at_start, found.open_at_end = (self._open(at) for at in (self._month.start, self._month.end))

    def _choose(self) -> bool:
        """The petitions that can matter, in `month_petition`; whether they were too many to have all one by one."""
        w = self._words
        kinds = {"instant": "integer" if w.sqlite else "timestamptz", "tail": "" if w.sqlite else " ON COMMIT DROP"}
        for table in (sql.CREATE_CELLS, sql.CREATE):
            self._db.exec_driver_sql(table.format(**kinds))
        self._run(sql.cells(w, by_petition=self._by_petition))
        self._run(sql.candidates(w, by_petition=self._by_petition))
        narrowed = False
        if self._by_petition:
            [(candidates,)] = self._run("SELECT count(*) FROM month_petition")
            narrowed = candidates > self._most
        if narrowed:
            self._run(sql.leave_telling(w))
        self._run(sql.to_fold())
        if not w.sqlite:
            self._db.exec_driver_sql("ANALYZE month_petition")
        left = " WHERE cell IN (SELECT cell FROM month_petition)" if narrowed else ""
        self._cells = {row[0]: _Place(*row[1:]) for row in self._run(f"SELECT * FROM month_cell{left}")}
        return narrowed

    def _run(self, text: str, **more: Any) -> Any:
        """The plain rows of a statement; what SQLAlchemy would make of each takes longer than fetching it."""
        statement = sa.text(text)
        names = list(statement.compile().params)
        instants = (sa.bindparam(name, type_=Instant()) for name in names if name in _INSTANTS)
        statement = statement.bindparams(*instants)
        given = {**self._given, **more}
        wanted = {name: given[name] for name in names}
        result = self._db.execute(statement, wanted)
        # PostgreSQL's driver has all rows by now, and makes a list of them in half the time that it takes one by one.
        return result.cursor.fetchall() if result.returns_rows and not self._words.sqlite else result.cursor

    def _many(self, name: str, text: str) -> Iterator[Any]:
        """The same of a result that may be too long to hold. `name`: its own, among those that are read at a time."""
        if self._words.sqlite:
            yield from self._run(text)
            return
        self._run(f"DECLARE {name} NO SCROLL CURSOR FOR {text}")
        while rows := self._db.exec_driver_sql(f"FETCH {_CHUNK} FROM {name}").cursor.fetchall():
            yield from rows

    def _grouped(self, text: str, columns: str) -> Any:
        """How often each row of `text` occurs; `columns` names them all.

        SQLite sorts to group, and at a month's size that takes three times as long as counting here.
        """
        if self._words.sqlite:
            return ((*row, n) for row, n in Counter(self._run(text)).items())
        return self._run(f"SELECT {columns}, count(*) FROM ({text}) v GROUP BY {columns}")

    def _gathered(self, text: str, by: str, value: str) -> Any:
        """All of the last column of `text`, which is `value`, for each of what comes before it, `by`.

        A list of numbers costs a tenth of as many rows.
        """
        if not self._words.sqlite:
            return self._run(f"SELECT {by}, array_agg({value}) FROM ({text}) v GROUP BY {by}")
        found: dict[Any, list[Any]] = {}
        for *key, one in self._run(text):
            found.setdefault(tuple(key), []).append(one)
        return ((*key, each) for key, each in found.items())

    def _open(self, at: datetime) -> dict[str, int]:
        return {row[0]: row[1] for row in sorted(self._run(sql.open_at(), at=at))}

    def _fold(self, found: Tally, lead_of: LeadOf) -> None:
        events: Counter[Any] = Counter()
        endings: Counter[Any] = Counter()
        stages: Counter[Stayed] = Counter()
        month = self._month
        for key, rows in groupby(self._many("folded", sql.folded()), itemgetter(0, 1, 2, 3)):
            _, policy, excluded, cell = key
            where, petition = self._cells[cell].where, self._cells[cell].petition
            lines = [Told(event, state, self._at(at), data or "") for *_, event, state, at, data in rows]
            for one in fold(lines, partial(lead_of, policy), month.start, month.end):
                if isinstance(one, Stayed):
                    stages[one] += 1
                elif isinstance(one, Counted):
                    events[(one.event, one.detail, one.level, bool(excluded), one.team, *where), petition] += 1
                else:
                    endings[(*one[:5], bool(excluded), one.team, *where), petition] += 1
        found.events += [EventCell._make((*key, n, petition)) for (key, petition), n in events.items()]
        found.endings += [EndingCell._make((*key, n, petition)) for (key, petition), n in endings.items()]
        if not self._by_petition:
            found.stages += [StageCell(*stay, n) for stay, n in stages.items()]

    def _trace(self, found: Tally, pauses_of: PausesOf) -> None:
        """Why each missed clock was missed, and the worst of them one by one.

        Instants stay as the driver gives them: only what is listed is worth converting.
        """
        cut_off = self._raw(self._month.cut_off)
        lives = groupby(self._many("lives", sql.lives()), itemgetter(0))
        number, lines = next(lives, (0, iter(())))
        causes: Counter[tuple[str, str, int, str]] = Counter()
        pauses: dict[tuple[int, str], tuple[str, ...]] = {}
        worst: dict[str, list[Any]] = {}
        cut: tuple[int, list[Piece]] = (0, [])
        for row in self._many("missed", sql.missed()):
            petition_id, clock, key, _, team, cell, policy, received_at, started_at, due_at, settled_at, _ = row
            if cut[0] != petition_id:
                while number < petition_id:
                    number, lines = next(lives, (petition_id, iter(())))
                mine = [Line(*line[1:]) for line in lines] if number == petition_id else []
                cut = petition_id, pieces(mine, received_at, cut_off)
            if (policy, clock) not in pauses:
                pauses[policy, clock] = pauses_of(policy, clock)
            why = "field" if key else cause(cut[1], started_at, due_at, pauses[policy, clock])
            causes[clock, team, cell, why] += 1
            listed = worst.setdefault(clock, [])
            listed.append((due_at - (settled_at or cut_off), petition_id, due_at, key, started_at, why, row))
            if len(listed) > 10 * self._month.listed + 100:
                listed.sort(key=_WORST_FIRST)
                del listed[self._month.listed :]
        found.causes = [
            CauseCell(clock, team, self._cells[cell].category, why, n, self._cells[cell].petition)
            for (clock, team, cell, why), n in causes.items()
        ]
        for clock in sorted(worst):
            worst[clock].sort(key=_WORST_FIRST)
            del worst[clock][self._month.listed :]
        found.misses = self._listed([one for clock in sorted(worst) for one in worst[clock]])

    def _listed(self, worst: list[Any]) -> list[Miss]:
        levels: dict[tuple[int, str, str], int] = {}
        if worst:
            for *which, level in self._run(sql.rings(self._words, [one[1] for one in worst])):
                run = (which[0], which[1], which[2])
                levels[run] = max(level, levels.get(run, 0))
        found = []
        for *_, why, row in worst:
            number, clock, key, round_, team, cell, _, _, _, due_at, settled_at, verdict = row
            where = self._cells[cell]
            ends = self._at(due_at), self._at(settled_at)
            level = levels.get((number, clock, key), 0)
            found.append(
                Miss(number, clock, key, round_, team, where.category, where.community, verdict, *ends, why, level)
            )
        return found

    def _at(self, value: Any) -> Any:
        return _INSTANT.process_result_value(value, self._db.dialect)

    def _raw(self, at: datetime) -> Any:
        return _INSTANT.process_bind_param(at, self._db.dialect)


_INSTANT: Final = Instant()
