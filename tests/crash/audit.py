"""Is everything there, once, and does it fit together? Read from the tables, not through the engine."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import SQLModel, col, select

from xixi_workflow.core.petition import Entry, Petition
from xixi_workflow.core.replay import replay
from xixi_workflow.core.work import wake_at
from xixi_workflow.engine.handle import Engine
from xixi_workflow.store.connect import Store
from xixi_workflow.store.rows import decode_petition, encode
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


def assert_whole(engine: Engine) -> None:
    """Every petition's row, working state, intake, journal, outcomes and messages tell one and the same story."""
    store = engine.store
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
    _assert_lived_again(engine, journal)


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


def _assert_lived_again(engine: Engine, journal: dict[int, list[sa.Row[Any]]]) -> None:
    """Judged again from the journal alone, every petition comes to the same state, verdicts and messages."""
    states, outcomes = {}, {}
    #: Not by journal line: a look at the clock and a command at the same instant may have been one decision or two.
    messages: Counter[tuple[int, str, str, str]] = Counter()
    policy = engine.policies.in_force
    for number, written in journal.items():
        entries = [Entry(e.seq, e.event, e.state, e.at, e.noticed_at or e.at, e.actor, e.data or "") for e in written]
        for replayed in replay(entries, petition_id=number, policy_for=lambda entry: policy):
            decision = replayed.decision
            states[number] = decision.petition
            for o in decision.outcomes:
                outcomes[number, o.clock, o.key, o.started_at] = (o.team, o.result, o.due_at, o.settled_at)
            messages.update((number, m.kind, m.to, encode(m.vars).decode()) for m in decision.messages)
    assert states == living(engine.store)
    # A reply to a letter is no petition's message.
    told = [m for m in rows(engine.store, OutboxRow) if m.petition_id > 0]
    assert messages == Counter((m.petition_id, m.kind, m.recipient, m.vars) for m in told)
    assert outcomes == {
        (o.petition_id, o.clock, o.key, o.started_at): (o.team, o.result, o.due_at, o.settled_at)
        for o in rows(engine.store, OutcomeRow)
    }
