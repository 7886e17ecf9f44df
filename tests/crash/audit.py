"""Is everything there, once, and does it fit together? Read from the tables, not through the engine."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import SQLModel, col, select

from xixi_workflow.core.petition import Petition
from xixi_workflow.core.work import wake_at
from xixi_workflow.store.connect import Store
from xixi_workflow.store.rows import decode_petition
from xixi_workflow.store.tables import IntakeRow, JournalRow, OutboxRow, OutcomeRow, PetitionRow, SealRow
from xixi_workflow.store.verify import Verified, verify

Breach = tuple[int, str, str, datetime]


def rows(store: Store, table: type[SQLModel], *order: Any) -> Sequence[sa.Row[Any]]:
    """Every row of a table."""
    with store.reading() as connection:
        return connection.execute(select(*table.__table__.columns).order_by(*order)).all()  # type: ignore[attr-defined]


def journals(store: Store) -> dict[int, list[sa.Row[Any]]]:
    """The journal of every petition, in order."""
    found = defaultdict(list)
    for line in rows(store, JournalRow, col(JournalRow.petition_id), col(JournalRow.seq)):
        found[line.petition_id].append(line)
    return dict(found)


def living(store: Store) -> dict[int, Petition]:
    """The working state of every petition."""
    return {row.id: decode_petition(row.live) for row in rows(store, PetitionRow)}


def breaches(store: Store) -> list[Breach]:
    """Every breach of the journal: petition, clock, assisting team, when it was due."""
    found = []
    for line in rows(store, JournalRow, col(JournalRow.petition_id), col(JournalRow.seq)):
        if line.event == "breached":
            fact = json.loads(line.data)
            found.append((line.petition_id, fact["clock"], fact.get("team", ""), line.at))
    return found


def assert_whole(store: Store) -> None:
    """Every petition's row, working state, intake, journal, outcomes and messages tell one and the same story."""
    journal = journals(store)
    petitions = {row.id: row for row in rows(store, PetitionRow)}
    assert {row.petition_id for row in rows(store, IntakeRow)} == petitions.keys() == journal.keys()
    for number, row in petitions.items():
        live = decode_petition(row.live)
        lines = journal[number]
        assert [line.seq for line in lines] == list(range(live.seq)), number
        assert lines[0].event == "filed"
        assert live.id == number
        told = (row.state, row.category, row.lead, row.urgency, row.round, row.result or "", row.rating or "")
        assert told == (
            live.state, live.category, live.lead, live.urgency, live.round, live.result, live.rating
        )  # fmt: skip
        assert (row.wake_at, row.closed_at) == (wake_at(live), live.closed_at)
        # The last line may be a fact of a clock; its state is the petition's all the same.
        assert lines[-1].state == live.state
    assert_each_breach_once(store)
    _assert_seals(store, journal)
    for message in rows(store, OutboxRow):
        assert 0 <= message.seq < len(journal[message.petition_id])


def assert_each_breach_once(store: Store) -> None:
    """No clock's run was breached twice, and the outcomes know the same breaches as the journal."""
    found = breaches(store)
    assert [breach for breach, times in Counter(found).items() if times > 1] == []
    missed = [o for o in rows(store, OutcomeRow) if o.result in ("breached", "late", "unmet")]
    assert {(o.petition_id, o.clock, o.key, o.due_at) for o in missed} == set(found)


def _assert_seals(store: Store, journal: dict[int, list[sa.Row[Any]]]) -> None:
    verified = verify(store)
    assert isinstance(verified, Verified), verified
    seals = [(seal.number, seal.entries) for seal in rows(store, SealRow, col(SealRow.number))]
    assert [number for number, _ in seals] == list(range(1, len(seals) + 1))
    assert Counter(line.seal for lines in journal.values() for line in lines) == dict(seals)
    assert verified.entries == sum(map(len, journal.values()))
