"""Whole lives of petitions, read in portions: what a month can be lived again from. Nothing is written.

Only the numbers of the petitions are held together; the rest comes a portion at a time, so that memory does not grow
with the month. A journal is only ever added to, and what is added later is dated later: no snapshot is needed.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from typing import Final, NamedTuple

import msgspec
import sqlalchemy as sa
from sqlmodel import col, select

from xixi_workflow.core.petition import Entry, Outcome
from xixi_workflow.store.connect import Store
from xixi_workflow.store.figures_sql import REACH_DAYS, UNCOUNTED_SOURCES
from xixi_workflow.store.tables import IntakeRow, JournalRow, OutboxRow, OutcomeRow, PetitionRow, PolicyRow, metadata

#: Petitions read at a time.
PORTION: Final = 500


class Said(NamedTuple):
    """What messages and category rules read of what was filed. It holds personal data: nothing of it leaves."""

    title: str
    content: str
    address: str
    community: str
    name: str
    language: str
    confidential: bool


class Life(msgspec.Struct):
    """One petition: its number, the policy that judges it, what was said, and its whole record.

    `messages` are kind, recipient and the line that caused each.
    """

    number: int
    policy: int
    said: Said
    journal: list[Entry]
    outcomes: list[Outcome]
    messages: list[tuple[str, str, int]]


def versions(store: Store) -> list[tuple[datetime, int]]:
    """Every policy with the instant from which it was in force, in order."""
    with store.reading() as db:
        found = db.execute(select(PolicyRow.at, PolicyRow.version).order_by(col(PolicyRow.version)))
        return [(at, version) for at, version in found]


def numbers(store: Store, *, since: datetime, start: datetime, end: datetime) -> array[int]:
    """The petitions that something may have happened to from `start` up to `end`, in order.

    Received before `end`, and not over before `since` (before `start`), unless a clock of theirs was due long after.
    """
    petition, outcome = PetitionRow.__table__, OutcomeRow.__table__  # type: ignore[attr-defined]
    far = sa.select(outcome.c.petition_id).where(
        outcome.c.due_at >= start, outcome.c.due_at < end, _far_due(store, outcome)
    )
    over = petition.c.closed_at
    one = sa.select(petition.c.id).where(petition.c.received_at < end, petition.c.source.not_in(UNCOUNTED_SOURCES))
    wanted = sa.union_all(
        one.where(over.is_(None)), one.where(over >= since), one.where(over < since, petition.c.id.in_(far))
    )
    with store.reading() as db:
        return array("q", sorted(number for (number,) in db.execute(wanted)))


def _far_due(store: Store, outcome: sa.Table) -> sa.ColumnElement[bool]:
    """The condition of the index `outcome_far_due`, in its own words."""
    if store.is_sqlite:
        return sa.text(f"due_at - settled_at > {REACH_DAYS * 86400 * 1_000_000}")  # type: ignore[return-value]
    return sa.text(f"due_at - settled_at > interval '{REACH_DAYS} days'")  # type: ignore[return-value]


def lives(store: Store, wanted: array[int]) -> Iterator[list[Life]]:
    """The petitions of `wanted`, a portion at a time, each in order."""
    rest = iter(wanted)
    while portion := list(islice(rest, PORTION)):
        yield _portion(store, portion)


def _portion(store: Store, portion: list[int]) -> list[Life]:
    journal, outbox = metadata.tables[str(JournalRow.__tablename__)], metadata.tables[str(OutboxRow.__tablename__)]
    outcome = metadata.tables[str(OutcomeRow.__tablename__)]
    with store.reading() as db:
        intake = db.execute(
            select(
                PetitionRow.id,
                PetitionRow.policy,
                IntakeRow.title,
                IntakeRow.content,
                IntakeRow.address,
                IntakeRow.community,
                IntakeRow.name,
                IntakeRow.language,
                IntakeRow.confidential,
            )  # type: ignore[call-overload]
            .join(IntakeRow, col(IntakeRow.petition_id) == PetitionRow.id)
            .where(col(PetitionRow.id).in_(portion))
            .order_by(PetitionRow.id)
        ).all()
        lines: dict[int, list[Entry]] = defaultdict(list)
        for r in db.execute(
            sa.select(journal).where(journal.c.petition_id.in_(portion)).order_by(journal.c.petition_id, journal.c.seq)
        ):
            lines[r.petition_id].append(
                Entry(r.seq, r.event, r.state, r.at, r.noticed_at or r.at, r.actor, r.data or "")
            )
        verdicts: dict[int, list[Outcome]] = defaultdict(list)
        for r in db.execute(sa.select(outcome).where(outcome.c.petition_id.in_(portion))):
            verdicts[r.petition_id].append(
                Outcome(r.clock, r.key, r.round, r.team, r.result, r.started_at, r.due_at, r.settled_at)
            )
        told: dict[int, list[tuple[str, str, int]]] = defaultdict(list)
        columns = (outbox.c.petition_id, outbox.c.kind, outbox.c.recipient, outbox.c.seq)
        for number, *message in db.execute(sa.select(*columns).where(outbox.c.petition_id.in_(portion))):
            told[number].append((message[0], message[1], message[2]))
    return [
        Life(number, policy, Said(*said), lines[number], verdicts[number], told[number])
        for number, policy, *said in intake
    ]
