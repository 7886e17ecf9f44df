"""Counting everything in a database: what a demonstration's summary is made of. Each count is one grouped statement.

A demonstration's SQLite file is marked in its header, so that the next one knows which file it may replace.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
import sqlalchemy as sa

from xixi_workflow.store.connect import Store
from xixi_workflow.store.rows import decode_petition
from xixi_workflow.store.tables import (
    DeliveryRow,
    JournalRow,
    LetterRow,
    OutboxRow,
    OutcomeRow,
    PetitionRow,
    metadata,
)
from xixi_workflow.store.uncounted import counted

_PETITION = metadata.tables[str(PetitionRow.__tablename__)]
_JOURNAL = metadata.tables[str(JournalRow.__tablename__)]
_OUTCOME = metadata.tables[str(OutcomeRow.__tablename__)]
_OUTBOX = metadata.tables[str(OutboxRow.__tablename__)]
_DELIVERY = metadata.tables[str(DeliveryRow.__tablename__)]
_LETTER = metadata.tables[str(LetterRow.__tablename__)]

#: SQLite's `application_id` of a demonstration's file ("xdmo"); `user_version` holds the number of its petitions.
_MARK: Final = 0x78646D6F
#: Verdicts of a deadline that was missed, settled since or not.
_MISSED: Final = ("late", "breached", "unmet")
_WENT_OUT: Final = ("sent", "delivered")
#: Rightly so.
_NOT_SENT: Final = ("withheld", "overtaken")
#: And no reply to a letter.
_ABOUT_A_PETITION: Final = _OUTBOX.c.petition_id > 0


class Happened(NamedTuple):
    """How often `event` (past tense) stands in the journal, and for how many petitions."""

    times: int
    petitions: int


class Kept(msgspec.Struct):
    """What became of one clock. `ended` stopped before it was due or ran out where that is no fault."""

    met: int = 0
    breached: int = 0
    open: int = 0
    paused: int = 0
    ended: int = 0


class Texts(msgspec.Struct):
    """SMS in both directions. A text may tell several messages: those are `bundles`, and `bundled` what they told."""

    sent: int = 0
    bundles: int = 0
    bundled: int = 0
    #: Letters by what became of them, see `rows.Answered`, and our answers to them.
    letters: dict[str, int] = {}
    replies: int = 0


class Census(msgspec.Struct):
    """Everything that can be counted, by name."""

    states: dict[str, int]
    events: dict[str, Happened]
    #: Petitions whose petitioner gave a rating of either kind.
    rated: int
    #: Ratings given: satisfied, fairly_satisfied, dissatisfied.
    ratings: dict[str, int]
    clocks: dict[str, Kept]
    #: Judged clocks named `clock` by team: (met, breached).
    teams: dict[tuple[str, str], tuple[int, int]]
    #: Rings of the ladder by level, the breach's own included; level 0 is a breach without a ladder.
    escalations: dict[int, int]
    #: Messages about petitions that went out, by kind, and those that should have and did not.
    messages: dict[str, int]
    undelivered: int


def census(store: Store) -> Census:
    """Count everything; reads each table once."""
    with store.reading() as db:
        return Census(
            states=_grouped(db, _PETITION.c.state, _PETITION),
            events=_events(db),
            rated=_rated(db),
            ratings=_ratings(db),
            clocks=_clocks(db),
            teams=_teams(db),
            escalations=_escalations(db),
            messages=_grouped(db, _OUTBOX.c.kind, _OUTBOX, _ABOUT_A_PETITION, _OUTBOX.c.state.in_(_WENT_OUT)),
            undelivered=_count(db, _OUTBOX, _ABOUT_A_PETITION, _OUTBOX.c.state.not_in((*_WENT_OUT, *_NOT_SENT))),
        )


def texts(store: Store) -> Texts:
    """Count all that was sent and received, a canary's texts too."""
    several = sa.select(_DELIVERY.c.parts).where(_DELIVERY.c.text.is_not(None))
    letters = sa.select(_LETTER.c.state, sa.func.count()).group_by(_LETTER.c.state)
    with store.reading() as db:
        told = [n for (parts,) in db.execute(several) if (n := len(msgspec.json.decode(parts))) > 1]
        return Texts(
            sent=_count(db, _DELIVERY),
            bundles=len(told),
            bundled=sum(told),
            letters=_sorted({str(state): int(n) for state, n in db.execute(letters)}),
            replies=_count(db, _OUTBOX, _OUTBOX.c.petition_id < 0, _OUTBOX.c.state.in_(_WENT_OUT)),
        )


def letters(store: Store, provider: str, ids: list[str]) -> dict[str, tuple[str, str]]:
    """State and outcome of a provider's letters by its own ids, of those that exist."""
    query = sa.select(_LETTER.c.provider_id, _LETTER.c.state, _LETTER.c.outcome)
    with store.reading() as db:
        return {
            name: (state, outcome or "")
            for name, state, outcome in db.execute(
                query.where(_LETTER.c.provider == provider, _LETTER.c.provider_id.in_(ids))
            )
        }


def petitions(store: Store) -> int:
    """How many petitions there are."""
    with store.reading() as db:
        return _count(db, _PETITION)


def missed(store: Store) -> int:
    """How many deadlines have been missed so far."""
    with store.reading() as db:
        return _count(db, _OUTCOME, _OUTCOME.c.result.in_(_MISSED))


def mark(store: Store, count: int) -> None:
    """Write into a SQLite file that it is a demonstration of `count` petitions; other databases are left alone."""
    if store.is_sqlite:
        with store.engine.connect() as db:
            # Neither pragma takes a parameter, and neither may stand in a transaction that also reads.
            db.exec_driver_sql(f"PRAGMA application_id = {_MARK}")
            db.exec_driver_sql(f"PRAGMA user_version = {int(count)}")
            db.commit()


def is_demonstration(path: Path) -> bool:
    """Whether `path` is a demonstration's file to which nobody has added petitions since."""
    try:
        with closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as db:
            (found,) = db.execute("PRAGMA application_id").fetchone()
            (planned,) = db.execute("PRAGMA user_version").fetchone()
            if found != _MARK:
                return False
            (filed,) = db.execute("SELECT count(*) FROM petition").fetchone()
            return bool(filed <= planned)
    except sqlite3.Error:
        return False


def _count(db: sa.Connection, table: sa.Table, *where: sa.ColumnElement[bool]) -> int:
    about = () if table is _DELIVERY else counted(db, _number(table))
    return db.scalar(sa.select(sa.func.count()).select_from(table).where(*where, *about)) or 0


def _number(table: sa.Table) -> sa.Column[Any]:
    """The column that holds the petition's number."""
    return table.c.id if table is _PETITION else table.c.petition_id


def _grouped(
    db: sa.Connection, column: sa.Column[Any], table: sa.Table, *where: sa.ColumnElement[bool]
) -> dict[str, int]:
    where = (*where, *counted(db, _number(table)))
    query = sa.select(column, sa.func.count()).select_from(table).where(*where).group_by(column).order_by(column)
    return _sorted({str(name): int(n) for name, n in db.execute(query)})


def _sorted(found: dict[str, Any]) -> dict[str, Any]:
    """By name in Python's order: databases sort texts each in their own way."""
    return dict(sorted(found.items()))


def _events(db: sa.Connection) -> dict[str, Happened]:
    event = _JOURNAL.c.event
    rows = db.execute(
        sa.select(event, sa.func.count(), sa.func.count(sa.distinct(_JOURNAL.c.petition_id)))
        .where(*counted(db, _JOURNAL.c.petition_id))
        .group_by(event)
    )
    return _sorted({name: Happened(times, of) for name, times, of in rows})


def _rated(db: sa.Connection) -> int:
    rated = _JOURNAL.c.event.in_(("rated", "rated_dissatisfied"))
    return db.scalar(sa.select(sa.func.count(sa.distinct(_JOURNAL.c.petition_id))).where(rated)) or 0


def _ratings(db: sa.Connection) -> dict[str, int]:
    """The last word on each round, from the journal: a petition's row remembers that of its last round only."""
    rows = db.execute(
        sa.select(_JOURNAL.c.data, sa.func.count())
        .where(_JOURNAL.c.event.in_(("rated", "rated_dissatisfied")), _last_word())
        .group_by(_JOURNAL.c.data)
    )
    found = dict.fromkeys(("satisfied", "fairly_satisfied", "dissatisfied"), 0)
    for data, n in rows:
        found[msgspec.json.decode(data)["rating"]] += n
    return found


def _clocks(db: sa.Connection) -> dict[str, Kept]:
    found: dict[str, Kept] = {}
    rows = db.execute(
        sa.select(_OUTCOME.c.clock, _OUTCOME.c.result, sa.func.count())
        .where(*counted(db, _OUTCOME.c.petition_id))
        .group_by(_OUTCOME.c.clock, _OUTCOME.c.result)
    )
    for clock, result, n in rows:
        kept = found.setdefault(clock, Kept())
        if result == "on_time":
            kept.met += n
        elif result in _MISSED:
            kept.breached += n
        elif result != "withdrawn":  # a withdrawn breach is a clock that still runs
            kept.ended += n
    # A closed petition has no running clock, so only those that time can still change are read.
    ticking = sa.select(_PETITION.c.live).where(_PETITION.c.closed_at.is_(None), *counted(db, _PETITION.c.id))
    for (live,) in db.execute(ticking):
        for clock in decode_petition(live).clocks:
            kept = found.setdefault(clock.name, Kept())
            if clock.breached_at is not None:
                continue
            if clock.paused_at is not None:
                kept.paused += 1
            else:
                kept.open += 1
    return _sorted(found)


def _teams(db: sa.Connection) -> dict[tuple[str, str], tuple[int, int]]:
    met = sa.func.sum(sa.case((_OUTCOME.c.result == "on_time", 1), else_=0))
    judged = _OUTCOME.c.result.in_(("on_time", *_MISSED))
    rows = db.execute(
        sa.select(_OUTCOME.c.clock, _OUTCOME.c.team, met, sa.func.count())
        .where(judged, *counted(db, _OUTCOME.c.petition_id))
        .group_by(_OUTCOME.c.clock, _OUTCOME.c.team)
    )
    return {(clock, team): (int(kept), int(n) - int(kept)) for clock, team, kept, n in rows}


def _escalations(db: sa.Connection) -> dict[int, int]:
    """The facts of all rings are few and alike, so they are grouped as text and read here."""
    rows = db.execute(
        sa.select(_JOURNAL.c.data, sa.func.count())
        .where(_JOURNAL.c.event.in_(("breached", "escalated")), *counted(db, _JOURNAL.c.petition_id))
        .group_by(_JOURNAL.c.data)
    )
    found: dict[int, int] = {}
    for data, n in rows:
        level = int(msgspec.json.decode(data).get("level", 0))
        found[level] = found.get(level, 0) + n
    return dict(sorted(found.items()))


def _last_word() -> sa.ColumnElement[bool]:
    """Whether a rating of the journal is the petitioner's last word on its round, whenever that was said.

    Of a round the last answer counts, and a new round begins with the team's next answer.
    """
    later = _JOURNAL.alias("later")
    follows = (
        sa.select(later.c.event)
        .where(
            later.c.petition_id == _JOURNAL.c.petition_id,
            later.c.seq > _JOURNAL.c.seq,
            later.c.event.in_(("rated", "rated_dissatisfied", "resolved")),
        )
        .order_by(later.c.seq)
        .limit(1)
        .correlate(_JOURNAL)
        .scalar_subquery()
    )
    return sa.func.coalesce(follows, "resolved") == "resolved"
