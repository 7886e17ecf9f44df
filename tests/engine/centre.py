"""What a command centre does all day, in few words; and what is then found in its tables."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import SQLModel, col, select

from xixi_workflow.core import commands as c
from xixi_workflow.core.petition import Actor, Petition
from xixi_workflow.engine.handle import Done, Engine, Request
from xixi_workflow.engine.sweep import Swept, sweep
from xixi_workflow.store.connect import Store
from xixi_workflow.store.rows import decode_petition
from xixi_workflow.store.tables import JournalRow, OutboxRow, PetitionRow

#: A Monday, nine in the morning in Hangzhou.
T0 = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
OPERATOR = Actor("operator", "operator-1")
SUPERVISOR = Actor("supervisor", "supervisor-1")
HANDLER = Actor("handler")
PETITIONER = Actor("petitioner")


def after(**span: float) -> datetime:
    """That long after the beginning: `after(minutes=1)`."""
    return T0 + timedelta(**span)


def filing(source_id: str, title: str = "夜市占道经营", *, phone: str = "19900000000", **more: Any) -> Request:
    """A petition from the demonstration source; its words belong to urban management."""
    petitioner = c.Petitioner("某某", phone)
    return Request(0, c.FilePetition("demo", source_id, title, f"内容 {source_id}", petitioner=petitioner, **more))


def file(engine: Engine, *source_ids: str, now: datetime = T0, **more: Any) -> list[int]:
    """File petitions; their numbers."""
    return [accepted(done).id for done in engine.handle([filing(i, **more) for i in source_ids], now=now)]


def act(engine: Engine, number: int, command: c.Command, actor: Actor = OPERATOR, *, now: datetime = T0) -> Done:
    """One command to one petition."""
    return engine.handle([Request(number, command, actor)], now=now)[0]


def accepted(done: Done) -> Petition:
    """The petition as the request left it; it must not have been refused."""
    assert done.petition is not None, done.refused
    return done.petition


def in_progress(engine: Engine, *source_ids: str, now: datetime = T0) -> list[int]:
    """Petitions filed, routed, dispatched and accepted within a second."""
    numbers = file(engine, *source_ids, now=now)
    sweep_all(engine, now=now)
    for number in numbers:
        accepted(act(engine, number, c.AcceptPetition(), HANDLER, now=now))
    return numbers


def sweep_all(engine: Engine, *, now: datetime) -> list[Swept]:
    """Sweep until nothing is due."""
    swept = [sweep(engine, now=now)]
    while swept[-1].more:
        swept.append(sweep(engine, now=now))
    return swept


def rows(store: Store, table: type[SQLModel]) -> Sequence[Any]:
    """Every row of a table, by its key."""
    columns = table.__table__.columns  # type: ignore[attr-defined]
    with store.reading() as connection:
        return connection.execute(sa.select(*columns).order_by(*(k for k in columns if k.primary_key))).all()


def petition(engine: Engine, number: int) -> Petition:
    """The working state as it is stored."""
    with engine.store.reading() as connection:
        live = connection.scalar(select(PetitionRow.live).where(col(PetitionRow.id) == number))
    assert live is not None
    return decode_petition(live)


def events(engine: Engine, number: int) -> list[str]:
    """The journal of a petition, by its events."""
    return [line.event for line in rows(engine.store, JournalRow) if line.petition_id == number]


def lines(engine: Engine, event: str) -> list[tuple[int, datetime, datetime, dict[str, Any]]]:
    """The journal's lines of an event: petition, when it happened, when it was noticed, its facts."""
    return [
        (line.petition_id, line.at, line.noticed_at or line.at, json.loads(line.data or "{}"))
        for line in rows(engine.store, JournalRow)
        if line.event == event
    ]


def outbox(engine: Engine, kind: str = "") -> list[Any]:
    """The messages, or those of a kind, in order."""
    return [message for message in rows(engine.store, OutboxRow) if message.kind == (kind or message.kind)]


def contents(store: Store) -> dict[str, list[tuple[Any, ...]]]:
    """Everything in the database, to compare before and after."""
    return {name: [tuple(row) for row in _all(store, table)] for name, table in SQLModel.metadata.tables.items()}


def _all(store: Store, table: sa.Table) -> Sequence[Any]:
    with store.reading() as connection:
        return connection.execute(sa.select(table).order_by(*table.primary_key)).all()
