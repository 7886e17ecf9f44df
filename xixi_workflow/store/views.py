"""What people look at: one petition with its whole history, and the petitions that are still open.

No view holds a petitioner's name or telephone number; whether somebody can be reached at all is in the working state.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlmodel import col, select

from xixi_workflow.core.petition import Entry, Outcome, Petition, Vars
from xixi_workflow.store.connect import Store
from xixi_workflow.store.rows import decode_petition
from xixi_workflow.store.tables import IntakeRow, JournalRow, OutboxRow, OutcomeRow, PetitionRow, SealRow, metadata

_decode_vars = msgspec.json.Decoder(Vars).decode


class Said(msgspec.Struct, frozen=True):
    """What was said at intake, without who said it."""

    source_id: str
    title: str
    content: str
    address: str
    community: str
    channel: str
    nature: str


class Told(msgspec.Struct, frozen=True):
    """A message and its fate; `seq` is the journal line that caused it, see `tables.OutboxRow`."""

    seq: int
    kind: str
    to: str
    vars: Vars
    state: str
    attempts: int
    next_at: datetime | None
    sent_at: datetime | None
    remark: str


class Page(msgspec.Struct, frozen=True):
    """Everything about one petition, oldest first."""

    petition: Petition
    said: Said
    journal: list[Entry]
    #: Of each journal line, the policy version whose roster was in force when it was written.
    rosters: list[int]
    outcomes: list[Outcome]
    messages: list[Told]


class Listed(msgspec.Struct, frozen=True):
    """A line of a list of petitions."""

    petition: Petition
    title: str


def page(store: Store, number: int) -> Page | None:
    """The petition `number`; None when there is none."""
    with store.reading() as db:
        found: Any = db.execute(
            select(
                PetitionRow.live,
                PetitionRow.source_id,
                IntakeRow.title,
                IntakeRow.content,
                IntakeRow.address,
                IntakeRow.community,
                IntakeRow.channel,
                IntakeRow.nature,
            )  # type: ignore[call-overload]
            .join(IntakeRow, col(IntakeRow.petition_id) == PetitionRow.id)
            .where(PetitionRow.id == number)
        ).first()
        if found is None:
            return None
        petition = decode_petition(found[0])
        # Lines written since the state was read belong to the next look.
        lines = _journal(db, number, petition.seq)
        return Page(
            petition,
            Said(*found[1:]),
            [Entry(r.seq, r.event, r.state, r.at, r.noticed_at or r.at, r.actor, r.data or "") for r in lines],
            [r.policy for r in lines],
            _outcomes(db, number),
            _messages(db, number, petition.seq),
        )


def _journal(db: sa.Connection, number: int, lines: int) -> Sequence[Any]:
    journal, seal = metadata.tables[str(JournalRow.__tablename__)], metadata.tables[str(SealRow.__tablename__)]
    return db.execute(
        sa.select(journal, seal.c.policy)
        .join(seal, seal.c.number == journal.c.seal)
        .where(journal.c.petition_id == number, journal.c.seq < lines)
        .order_by(journal.c.seq)
    ).all()


def _outcomes(db: sa.Connection, number: int) -> list[Outcome]:
    rows: Any = db.execute(
        select(OutcomeRow.__table__)  # type: ignore[attr-defined]
        .where(OutcomeRow.petition_id == number)
        .order_by(col(OutcomeRow.started_at), col(OutcomeRow.due_at), col(OutcomeRow.clock), col(OutcomeRow.key))
    )
    return [
        Outcome(
            r.clock,
            r.key,
            r.round,
            r.team,
            r.result,
            r.started_at,
            r.due_at,
            r.settled_at,
            r.paused_for or 0.0,
            r.extended_for or 0.0,
        )
        for r in rows
    ]


def _messages(db: sa.Connection, number: int, lines: int) -> list[Told]:
    rows: Any = db.execute(
        select(OutboxRow.__table__)  # type: ignore[attr-defined]
        .where(OutboxRow.petition_id == number, col(OutboxRow.seq) < lines)
        .order_by(col(OutboxRow.seq), col(OutboxRow.n))
    )
    return [
        Told(
            r.seq,
            r.kind,
            r.recipient,
            _decode_vars(r.vars),
            r.state,
            r.attempts,
            r.next_at,
            r.sent_at,
            r.remark or "",
        )
        for r in rows
    ]


def open_petitions(store: Store, *, states: tuple[str, ...], team: str = "") -> list[Listed]:
    """Petitions in one of `states`, of lead team `team` where one is named, in the order of their numbers."""
    wanted = (
        select(PetitionRow.live, IntakeRow.title)
        .join(IntakeRow, col(IntakeRow.petition_id) == PetitionRow.id)
        .where(col(PetitionRow.closed_at).is_(None), col(PetitionRow.state).in_(states))
        .order_by(col(PetitionRow.id))
    )
    if team:
        wanted = wanted.where(PetitionRow.lead == team)
    with store.reading() as db:
        return [Listed(decode_petition(live), title) for live, title in db.execute(wanted)]
