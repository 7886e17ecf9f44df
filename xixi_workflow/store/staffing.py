"""When petitions arrived and whether they were reacted to in time, counted in one statement over all petitions.

Arrivals are runs of a clock (see `core/staffing.py`), so they are rows of `outcome`. Of the petitions only those are
looked at that were not over before the time asked for, by the same two indexes that find a month's.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import sqlalchemy as sa

from xixi_workflow.store.columns import Instant
from xixi_workflow.store.connect import Store
from xixi_workflow.store.figures_sql import REACH_DAYS, UNCOUNTED_SOURCES, Words, among


class Began(NamedTuple):
    """`n` runs of `clock` with this verdict that `team` answered for, begun in one quarter of an hour."""

    clock: str
    team: str
    slot: int
    result: str
    n: int


class InForce(NamedTuple):
    """A version of the policy and since when it was in force."""

    version: int
    since: datetime


def runs(store: Store, clocks: Sequence[str], since: datetime, until: datetime) -> list[Began]:
    """All runs of `clocks` that began in `since` <= instant < `until` and have a verdict, in no order.

    A clock that still runs and is not due yet has none.
    """
    words = Words(sqlite=store.is_sqlite)
    # What we hear of late may end a petition before its last clock began; not by this much.
    over = "p.closed_at >= :over", "p.closed_at IS NULL AND p.wake_at IS NOT NULL"
    parts = (
        f"SELECT o.clock, o.team, {words.slot('o.started_at')} AS slot, o.result FROM petition p"
        " JOIN outcome o ON o.petition_id = p.id"
        " WHERE o.clock IN :clocks AND o.started_at >= :since AND o.started_at < :until"
        f" AND p.source NOT IN {among(UNCOUNTED_SOURCES)} AND {which}"
        for which in (*over, "p.closed_at IS NULL AND p.wake_at IS NULL")
    )
    grouped = f"SELECT clock, team, slot, result, count(*) FROM ({' UNION ALL '.join(parts)}) r"
    statement = sa.text(f"{grouped} GROUP BY clock, team, slot, result").bindparams(
        *(sa.bindparam(name, type_=Instant()) for name in ("since", "until", "over")),
        sa.bindparam("clocks", expanding=True),
    )
    given = {"clocks": list(clocks), "since": since, "until": until, "over": since - timedelta(days=REACH_DAYS)}
    with store.reading() as db:
        return [Began(*row) for row in db.execute(statement, given)]


def first_number(store: Store) -> int | None:
    """The number of the first petition there is, which begins with the day of its filing; None without any."""
    with store.reading() as db:
        number: int | None = db.scalar(sa.text("SELECT min(id) FROM petition"))
    return number


def in_force(store: Store) -> list[InForce]:
    """Every version of the policy there was, the first one first."""
    statement = sa.text("SELECT version, at FROM policy ORDER BY version").columns(version=sa.Integer, at=Instant())
    with store.reading() as db:
        return [InForce(version, at) for version, at in db.execute(statement)]
