"""What the operators' boards are made of: rows of open petitions, missed deadlines, messages and verdicts.

A petition's number begins with its day of filing, so "filed since" is a range of the primary key and none of these
looks reads the whole history. Every open petition is in one of two small indexes, however old it is: one that time can
still change is found by its alarm, any other in `petition_still`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import msgspec
import sqlalchemy as sa

from xixi_workflow.core.petition import Petition
from xixi_workflow.store.connect import Store
from xixi_workflow.store.rows import decode_petition
from xixi_workflow.store.tables import JournalRow, OutboxRow, OutcomeRow, PetitionRow, metadata

_PETITION = metadata.tables[str(PetitionRow.__tablename__)]
_JOURNAL = metadata.tables[str(JournalRow.__tablename__)]
_OUTCOME = metadata.tables[str(OutcomeRow.__tablename__)]
_OUTBOX = metadata.tables[str(OutboxRow.__tablename__)]

#: Verdicts of a clock whose deadline was missed, whatever came after.
MISSED = ("breached", "late", "unmet")


class Missed(NamedTuple):
    """A deadline that was missed. `settled_at` is empty while the clock is still owed an answer."""

    petition: int
    clock: str
    key: str
    team: str
    result: str
    due_at: datetime
    settled_at: datetime | None
    state: str


class Sent(NamedTuple):
    """A message about a petition: who gets it, what completes its words (JSON of `petition.Vars`), its fate."""

    petition: int
    kind: str
    recipient: str
    vars: str
    state: str
    sent_at: datetime | None


class Open(NamedTuple):
    """The petitions that are not closed."""

    #: Time can still change them.
    ticking: list[Petition]
    #: No alarm is set.
    still: list[Petition]
    #: Numbers of those whose state is damaged.
    unreadable: list[int]


class Survey(NamedTuple):
    """How petitions that were answered ended, by state and rating (empty: not rated)."""

    state: str
    rating: str
    n: int


def open_petitions(store: Store) -> list[Petition]:
    """Working states of all petitions that are not closed and can be read."""
    found = every_open(store)
    return [*found.ticking, *found.still]


def every_open(store: Store) -> Open:
    """All petitions that are not closed."""
    p = _PETITION.c
    query = sa.select(p.id, p.live).where(p.closed_at.is_(None))
    with store.reading() as db:
        ticking = db.execute(query.where(p.wake_at.is_not(None))).all()
        still = db.execute(query.where(p.wake_at.is_(None))).all()
    unreadable: list[int] = []
    return Open(_readable(ticking, unreadable), _readable(still, unreadable), unreadable)


def _readable(rows: Sequence[Any], unreadable: list[int]) -> list[Petition]:
    found = []
    for number, live in rows:
        try:
            found.append(decode_petition(live))
        except msgspec.MsgspecError:
            # One that is damaged must not hide all others.
            unreadable.append(number)
    return found


def missed(
    store: Store,
    *,
    numbers: Sequence[int] = (),
    filed_from: int = 0,
    since: datetime | None = None,
    limit: int = 500,
) -> list[Missed]:
    """Deadlines that were missed, the latest first: of the petitions `numbers`, or due `since` and filed since
    `filed_from`.
    """
    o, p = _OUTCOME.c, _PETITION.c
    query = (
        sa.select(o.petition_id, o.clock, o.key, o.team, o.result, o.due_at, o.settled_at, p.state)
        .join(_PETITION, p.id == o.petition_id)
        .where(o.result.in_(MISSED))
        .order_by(o.due_at.desc(), o.petition_id)
        .limit(limit)
    )
    if numbers:
        query = query.where(o.petition_id.in_(numbers))
    else:
        query = query.where(o.petition_id >= filed_from)
        if since is not None:
            query = query.where(o.due_at >= since)
    with store.reading() as db:
        return [Missed(*row) for row in db.execute(query)]


def messages(store: Store, numbers: Sequence[int]) -> list[Sent]:
    """Every message about the petitions `numbers`."""
    if not numbers:
        return []
    b = _OUTBOX.c
    query = sa.select(b.petition_id, b.kind, b.recipient, b.vars, b.state, b.sent_at).where(b.petition_id.in_(numbers))
    with store.reading() as db:
        return [Sent(*row) for row in db.execute(query.order_by(b.petition_id, b.seq, b.n))]


def unsettled_messages(store: Store, filed_from: int) -> dict[str, int]:
    """Messages by state: those that wait for something, and those that failed about petitions filed since then."""
    b = _OUTBOX.c
    waiting = sa.select(b.state, sa.func.count()).where(b.next_at.is_not(None)).group_by(b.state)
    failed = sa.select(sa.func.count()).where(b.petition_id >= filed_from, b.state == "failed")
    with store.reading() as db:
        counts = {str(state): int(n) for state, n in db.execute(waiting)}
        counts["failed"] = db.execute(failed).scalar_one()
    return counts


def resend_failed(store: Store, filed_from: int, *, now: datetime) -> int:
    """Let every message that failed, about petitions filed since then, wait to be sent again; returns how many.

    Failed means that it certainly did not go out, so nobody is told twice.
    """
    b = _OUTBOX.c
    again: dict[str, Any] = {"state": "waiting", "next_at": now, "attempts": 0, "way": 0, "tried_at": None}
    with store.writing() as db:
        done = db.execute(sa.update(_OUTBOX).where(b.petition_id >= filed_from, b.state == "failed").values(again))
        return done.rowcount


def surveys(store: Store, filed_from: int) -> list[Survey]:
    """Petitions filed since then that have an answer, by state and rating."""
    p = _PETITION.c
    rating = sa.func.coalesce(p.rating, "")
    query = (
        sa.select(p.state, rating, sa.func.count())
        .where(p.id >= filed_from, p.state.in_(("resolved", "closed")))
        .group_by(p.state, rating)
    )
    with store.reading() as db:
        return [Survey(*row) for row in db.execute(query)]


def lapsed_surveys(store: Store, clocks: Sequence[str], filed_from: int) -> int:
    """Surveys that ran out unanswered; `clocks` are the clocks that lapse."""
    o = _OUTCOME.c
    query = sa.select(sa.func.count()).where(o.petition_id >= filed_from, o.clock.in_(clocks), o.result == "lapsed")
    with store.reading() as db:
        return db.execute(query).scalar_one()


def dissatisfied(store: Store, filed_from: int, limit: int = 200) -> list[tuple[int, datetime, str, str, int]]:
    """Number, instant of the rating, team, state and round of petitions rated dissatisfied, the latest first."""
    j, p = _JOURNAL.c, _PETITION.c
    query = (
        sa.select(j.petition_id, j.at, p.lead, p.state, p.round)
        .join(_PETITION, p.id == j.petition_id)
        .where(j.petition_id >= filed_from, j.event == "rated_dissatisfied")
        .order_by(j.at.desc())
        .limit(limit)
    )
    with store.reading() as db:
        return [(int(number), at, team, state, int(round_)) for number, at, team, state, round_ in db.execute(query)]
