"""What a month's figures are made of: grouped counts, each from one set-based statement, alike on both databases.

The journal and the verdicts are the only sources, so a message, a screen and the report cannot tell different stories.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSON

from xixi_workflow.core.figures import EventCount, SpanCount, Tally, VerdictCount
from xixi_workflow.store.connect import Store
from xixi_workflow.store.tables import JournalRow, OutboxRow, OutcomeRow, PetitionRow, metadata
from xixi_workflow.store.uncounted import counted as counts

_PETITION = metadata.tables[str(PetitionRow.__tablename__)]
_JOURNAL = metadata.tables[str(JournalRow.__tablename__)]
_OUTCOME = metadata.tables[str(OutcomeRow.__tablename__)]
_OUTBOX = metadata.tables[str(OutboxRow.__tablename__)]

#: Petitions that no rate counts: rejected (不予受理) and withdrawn (撤诉).
_EXCLUDED = ("rejected", "withdrawn")
_ENDED = ("closed", "merged", "withdrawn", "rejected", "transferred")
#: Journal lines that can end a petition, and those that can take a closed one up again.
_ENDING = ("rated", "survey_lapsed", "merged", "withdrawn", "rejected", "transferred")
_RETURNING = ("rated_dissatisfied", "reopened")
#: What of a journal line's data tells its lines apart.
_DETAIL = {"rated": "rating", "returned": "reason", "escalated": "clock", "breached": "clock"}
_MET = ("on_time", "late")


def tally(store: Store, start: datetime, end: datetime) -> Tally:
    """Count what fell into `start` <= instant < `end` (aware UTC)."""
    with store.reading() as db:
        return Tally(
            verdicts=_verdicts(db, start, end),
            spans=[
                *_spans(db, "all", sa.literal(""), start, end),
                *_spans(db, "team", _OUTCOME.c.team, start, end),
                *_spans(db, "category", _PETITION.c.category, start, end),
            ],
            events=_events(db, start, end),
            closed=_closed(db, start, end),
            taken_up_again=_taken_up_again(db, start, end),
            open_at_start=_open(db, start),
            open_at_end=_open(db, end),
            messages=_messages(db, start, end),
        )


def _verdicts(db: sa.Connection, start: datetime, end: datetime) -> list[VerdictCount]:
    excluded = (_PETITION.c.state.in_(_EXCLUDED), "excluded")
    # Without the alias PostgreSQL would group by the bound parameters and not by the expression.
    counted = (
        sa.select(
            _OUTCOME.c.clock,
            _OUTCOME.c.team,
            _PETITION.c.category,
            sa.case(excluded, else_=_OUTCOME.c.result).label("verdict"),
        )
        .join(_PETITION, _PETITION.c.id == _OUTCOME.c.petition_id)
        .where(_OUTCOME.c.due_at >= start, _OUTCOME.c.due_at < end)
        # A breach that a late event proved wrong: the clock runs on, and its verdict is still to come.
        .where(_OUTCOME.c.result != "withdrawn", *counts(db, _OUTCOME.c.petition_id))
        .subquery()
    )
    rows = db.execute(sa.select(*counted.c, sa.func.count()).group_by(*counted.c))
    return [VerdictCount(*row) for row in rows]


def _spans(db: sa.Connection, by: str, group: sa.ColumnElement[str], start: datetime, end: datetime) -> list[SpanCount]:
    """Percentiles of the nearest rank: the row whose place among `n` is the first at or above the share."""
    met = (
        sa.select(
            _OUTCOME.c.clock,
            group.label("name"),
            _microseconds(db, _OUTCOME.c.started_at, _OUTCOME.c.settled_at).label("span"),
        )
        .join(_PETITION, _PETITION.c.id == _OUTCOME.c.petition_id)
        .where(
            _OUTCOME.c.due_at >= start,
            _OUTCOME.c.due_at < end,
            _OUTCOME.c.result.in_(_MET),
            _PETITION.c.state.not_in(_EXCLUDED),
            *counts(db, _OUTCOME.c.petition_id),
        )
        .subquery()
    )
    partition = [met.c.clock, met.c.name]
    ranked = sa.select(
        met.c.clock,
        met.c.name,
        met.c.span,
        sa.func.row_number().over(partition_by=partition, order_by=met.c.span).label("place"),
        sa.func.count().over(partition_by=partition).label("n"),
    ).subquery()

    def at(percent: int) -> sa.ColumnElement[Any]:
        place = (ranked.c.n * percent + 99) // 100
        return sa.func.max(sa.case((ranked.c.place == place, ranked.c.span)))

    rows = db.execute(sa.select(ranked.c.clock, ranked.c.name, at(50), at(90)).group_by(ranked.c.clock, ranked.c.name))
    return [SpanCount(clock, by, name, int(median) / 1e6, int(p90) / 1e6) for clock, name, median, p90 in rows]


def _microseconds(db: sa.Connection, since: sa.Column[Any], until: sa.Column[Any]) -> sa.ColumnElement[Any]:
    """The span between two instants; SQLite keeps them as whole microseconds."""
    if db.dialect.name == "sqlite":
        return sa.type_coerce(until, sa.BigInteger) - sa.type_coerce(since, sa.BigInteger)
    return sa.cast(sa.func.extract("epoch", until - since) * 1_000_000, sa.BigInteger)


def _events(db: sa.Connection, start: datetime, end: datetime) -> list[EventCount]:
    details = [(_JOURNAL.c.event == event, _data(db, key)) for event, key in _DETAIL.items()]
    level = sa.cast(_data(db, "level"), sa.Integer)
    counted = (
        sa.select(
            _JOURNAL.c.event,
            sa.func.coalesce(sa.case(*details), "").label("detail"),
            sa.func.coalesce(sa.case((_JOURNAL.c.event.in_(("escalated", "breached")), level)), 0).label("level"),
        )
        .where(_JOURNAL.c.at >= start, _JOURNAL.c.at < end, *counts(db, _JOURNAL.c.petition_id))
        .where(sa.or_(_JOURNAL.c.event != "rated", last_word()))
        .subquery()
    )
    rows = db.execute(sa.select(*counted.c, sa.func.count()).group_by(*counted.c))
    return [EventCount(*row) for row in rows]


def last_word() -> sa.ColumnElement[bool]:
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


def _data(db: sa.Connection, key: str) -> sa.ColumnElement[Any]:
    """A value of the JSON in a journal line, as text."""
    if db.dialect.name == "sqlite":
        return sa.func.json_extract(_JOURNAL.c.data, f"$.{key}")
    text: sa.ColumnElement[Any] = sa.cast(_JOURNAL.c.data, JSON)[key].astext
    return text


def _moves(
    db: sa.Connection, start: datetime, end: datetime, events: tuple[str, ...]
) -> tuple[sa.Join, Any, list[Any]]:
    """Journal lines of `events` beside the line before each: a change of state is where the two differ."""
    before = _JOURNAL.alias("before")
    lines = _JOURNAL.join(
        before, sa.and_(before.c.petition_id == _JOURNAL.c.petition_id, before.c.seq == _JOURNAL.c.seq - 1)
    )
    where = [_JOURNAL.c.at >= start, _JOURNAL.c.at < end, _JOURNAL.c.event.in_(events)]
    return lines, before, [*where, *counts(db, _JOURNAL.c.petition_id)]


def _closed(db: sa.Connection, start: datetime, end: datetime) -> dict[str, int]:
    lines, before, where = _moves(db, start, end, _ENDING)
    rows = db.execute(
        sa.select(_JOURNAL.c.state, sa.func.count())
        .select_from(lines)
        .where(*where, _JOURNAL.c.state.in_(_ENDED), before.c.state.not_in(_ENDED))
        .group_by(_JOURNAL.c.state)
    )
    return {str(state): int(count) for state, count in rows}


def _taken_up_again(db: sa.Connection, start: datetime, end: datetime) -> int:
    lines, before, where = _moves(db, start, end, _RETURNING)
    counted = sa.select(sa.func.count()).select_from(lines).where(*where, before.c.state.in_(_ENDED))
    return db.execute(counted).scalar_one()


def _open(db: sa.Connection, at: datetime) -> dict[str, int]:
    """Petitions not closed at `at`, by the state that the journal shows for that instant.

    The petition's own columns only narrow the search: one that was closed at `at` may have been reopened since.
    """
    last = (
        sa.select(_JOURNAL.c.state)
        .where(_JOURNAL.c.petition_id == _PETITION.c.id, _JOURNAL.c.at < at)
        .order_by(_JOURNAL.c.seq.desc())
        .limit(1)
        .scalar_subquery()
    )
    then = (
        sa.select(last.label("state"))
        .where(_PETITION.c.received_at < at, sa.or_(_PETITION.c.closed_at.is_(None), _PETITION.c.closed_at >= at))
        .where(*counts(db, _PETITION.c.id))
        .subquery()
    )
    rows = db.execute(
        sa.select(then.c.state, sa.func.count()).where(then.c.state.not_in(_ENDED)).group_by(then.c.state)
    )
    return {str(state): int(count) for state, count in rows}


def _messages(db: sa.Connection, start: datetime, end: datetime) -> dict[str, int]:
    caused_by = sa.and_(_JOURNAL.c.petition_id == _OUTBOX.c.petition_id, _JOURNAL.c.seq == _OUTBOX.c.seq)
    rows = db.execute(
        sa.select(_OUTBOX.c.kind, sa.func.count())
        .join(_JOURNAL, caused_by)
        .where(_JOURNAL.c.at >= start, _JOURNAL.c.at < end, *counts(db, _OUTBOX.c.petition_id))
        .group_by(_OUTBOX.c.kind)
    )
    return {str(kind): int(count) for kind, count in rows}
