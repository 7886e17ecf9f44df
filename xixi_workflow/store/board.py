"""What the running service says of itself, what one petition looks like from outside, and when the alarm is next due.

The rows that operators' boards are made of are in `boards.py`.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa

from xixi_workflow.core.petition import Petition
from xixi_workflow.store.connect import Store
from xixi_workflow.store.rows import decode_petition
from xixi_workflow.store.tables import (
    JournalRow,
    OutboxRow,
    OutcomeRow,
    PetitionRow,
    PolicyRow,
    ServiceRow,
    TroubleRow,
    metadata,
)

_PETITION = metadata.tables[str(PetitionRow.__tablename__)]
_JOURNAL = metadata.tables[str(JournalRow.__tablename__)]
_OUTCOME = metadata.tables[str(OutcomeRow.__tablename__)]
_OUTBOX = metadata.tables[str(OutboxRow.__tablename__)]
_POLICY = metadata.tables[str(PolicyRow.__tablename__)]
_SERVICE = metadata.tables[str(ServiceRow.__tablename__)]
_TROUBLE = metadata.tables[str(TroubleRow.__tablename__)]

#: A part that was silent for this long has gone for good and is no longer shown.
FORGOTTEN_AFTER = timedelta(hours=1)

_NEXT_ALARM = (
    sa.select(_PETITION.c.wake_at).where(_PETITION.c.wake_at.is_not(None)).order_by(_PETITION.c.wake_at).limit(1)
)


class Beat(NamedTuple):
    """The last sign of life of a part of some running service; `data` is the JSON that it wrote."""

    name: str
    at: datetime
    data: str


class Line(NamedTuple):
    """One journal line without its text, which may be personal."""

    seq: int
    event: str
    state: str
    at: datetime
    noticed_at: datetime | None
    actor: str


class Verdict(NamedTuple):
    """The verdict on one run of a clock, see `core.petition.Outcome`."""

    clock: str
    key: str
    round: int
    result: str
    started_at: datetime
    due_at: datetime
    settled_at: datetime | None


class Record(NamedTuple):
    """Everything about one petition that identifies no person."""

    petition: Petition
    journal: list[Line]
    verdicts: list[Verdict]


class Trouble(NamedTuple):
    """A petition whose decision failed, and is tried again later."""

    petition: int
    at: datetime
    error: str


def next_alarm(store: Store) -> datetime | None:
    """The earliest moment at which time alone could change a petition; None when there is none."""
    with store.reading() as db:
        found: datetime | None = db.scalar(_NEXT_ALARM)
        return found


def beat(store: Store, name: str, data: str, *, now: datetime) -> None:
    """Write that `name` is alive, and forget those that have been silent for long."""
    values: dict[str, Any] = {"at": now, "data": data}
    with store.writing() as db:
        if not db.execute(sa.update(_SERVICE).where(_SERVICE.c.name == name).values(values)).rowcount:
            db.execute(sa.insert(_SERVICE).values(name=name, **values))
            db.execute(sa.delete(_SERVICE).where(_SERVICE.c.at < now - FORGOTTEN_AFTER))


def take_leave(store: Store, name: str) -> None:
    """`name` has stopped in good order."""
    with store.writing() as db:
        db.execute(sa.delete(_SERVICE).where(_SERVICE.c.name == name))


def beats(store: Store, *, now: datetime) -> list[Beat]:
    """The last sign of life of every part that is not forgotten, by name."""
    query = sa.select(_SERVICE).where(_SERVICE.c.at >= now - FORGOTTEN_AFTER).order_by(_SERVICE.c.name)
    with store.reading() as db:
        return [Beat(row.name, row.at, row.data) for row in db.execute(query)]


def oldest_message(store: Store) -> datetime | None:
    """Since when the message that waits longest could have been dealt with; None when none waits."""
    query = sa.select(_OUTBOX.c.next_at).where(_OUTBOX.c.next_at.is_not(None)).order_by(_OUTBOX.c.next_at).limit(1)
    with store.reading() as db:
        found: datetime | None = db.scalar(query)
        return found


def troubles(store: Store, since: datetime, limit: int = 10) -> tuple[int, list[Trouble]]:
    """How many petitions were put off since `since` because their decision failed, and the latest of them.

    One that is still in trouble is tried and noted again every hour, so an old note is of one that has recovered.
    """
    recent = _TROUBLE.c.at >= since
    latest = sa.select(_TROUBLE).where(recent).order_by(_TROUBLE.c.at.desc()).limit(limit)
    with store.reading() as db:
        count = db.scalar(sa.select(sa.func.count()).select_from(_TROUBLE).where(recent)) or 0
        return count, [Trouble(row.petition_id, row.at, row.error) for row in db.execute(latest)]


def policy_since(store: Store) -> tuple[int, datetime] | None:
    """Version of the policy in force and since when; None when no policy was ever published."""
    query = sa.select(_POLICY.c.version, _POLICY.c.at).order_by(_POLICY.c.version.desc()).limit(1)
    with store.reading() as db:
        row = db.execute(query).first()
        return None if row is None else (row.version, row.at)


def record(store: Store, number: int) -> Record | None:
    """One petition as it stands, its journal and the verdicts on its clocks; None when there is no such number."""
    j, o = _JOURNAL.c, _OUTCOME.c
    journal = (
        sa.select(j.seq, j.event, j.state, j.at, j.noticed_at, j.actor).where(j.petition_id == number).order_by(j.seq)
    )
    verdicts = (
        sa.select(o.clock, o.key, o.round, o.result, o.started_at, o.due_at, o.settled_at)
        .where(o.petition_id == number)
        .order_by(o.started_at, o.clock, o.key)
    )
    with store.reading() as db:
        live = db.scalar(sa.select(_PETITION.c.live).where(_PETITION.c.id == number))
        if live is None:
            return None
        return Record(
            decode_petition(live),
            [Line(*row) for row in db.execute(journal)],
            [Verdict(*row) for row in db.execute(verdicts)],
        )
