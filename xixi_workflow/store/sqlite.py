"""The hot path on SQLite: plain `executemany` of tuples on the driver's own cursor.

Going through compiled statements costs about 20 µs a call and one object a row, which is more than SQLite itself
takes; the statements here name the columns of `tables.py` and a test compares them.
"""

from __future__ import annotations

import sqlite3
import time
from datetime import datetime

from xixi_workflow.store.columns import to_micros
from xixi_workflow.store.rows import (
    Seal,
    Unit,
    encode,
    encode_petition,
    printable,
    seal_hash,
    seal_line,
    seal_text,
)
from xixi_workflow.store.sqlite_messages import SqliteMessages

#: Seconds that a writer waits for another; longer than any batch takes.
LONGEST_WAIT = 20.0
_ASK_AGAIN = 0.0005

_INSERT_PETITION = (
    "INSERT INTO petition (id, source, source_id, policy, state, category, lead, urgency, round, result, rating,"
    " received_at, closed_at, wake_at, live) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)"
)
_UPDATE_PETITION = (
    "UPDATE petition SET state=?, category=?, lead=?, urgency=?, round=?, result=?, rating=?, closed_at=?, wake_at=?,"
    " live=? WHERE id=?"
)
_INSERT_INTAKE = (
    "INSERT INTO intake (petition_id, title, content, address, community, channel, nature, name, phone, language,"
    " confidential) VALUES (?,?,?,?,?,?,?,?,?,?,?)"
)
_INSERT_JOURNAL = (
    "INSERT INTO journal (petition_id, seq, seal, event, state, at, noticed_at, actor, data) VALUES (?,?,?,?,?,?,?,?,?)"
)
_UPSERT_OUTCOME = (
    "INSERT INTO outcome (petition_id, clock, key, started_at, round, team, result, due_at, settled_at, paused_for,"
    " extended_for) VALUES (?,?,?,?,?,?,?,?,?,?,?) ON CONFLICT (petition_id, clock, key, started_at) DO UPDATE SET"
    " team=excluded.team, result=excluded.result, due_at=excluded.due_at, settled_at=excluded.settled_at,"
    " paused_for=excluded.paused_for, extended_for=excluded.extended_for"
)
_INSERT_OUTBOX = (
    "INSERT INTO outbox (petition_id, seq, n, kind, recipient, vars, state, next_at, attempts)"
    " VALUES (?,?,?,?,?,?,'waiting',?,0)"
)


class SqliteTx(SqliteMessages):
    """One `BEGIN IMMEDIATE` transaction: the only writer while it lasts, so rows need no locks of their own."""

    def begin(self) -> None:
        """Start writing; waits for another writer up to `LONGEST_WAIT`.

        SQLite's own waiting sleeps longer and longer, up to 100 ms, and so starves whoever waits beside a busy writer
        (measured: p99 of an intake beside the sweep .7 s). Asking every half millisecond costs little and is fair.
        """
        self._execute("PRAGMA busy_timeout = 0")
        try:
            for _ in range(int(LONGEST_WAIT / _ASK_AGAIN)):
                try:
                    self._execute("BEGIN IMMEDIATE")
                except sqlite3.OperationalError as error:
                    if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                        raise
                    time.sleep(_ASK_AGAIN)
                else:
                    return
            self._execute("BEGIN IMMEDIATE")
        finally:
            self._execute(f"PRAGMA busy_timeout = {int(LONGEST_WAIT * 1000)}")

    def commit(self) -> None:
        """Make everything durable."""
        self._execute("COMMIT")

    def rollback(self) -> None:
        """Forget everything since `begin`."""
        if self._connection.in_transaction:
            self._execute("ROLLBACK")

    def load(self, ids: list[int]) -> dict[int, bytes]:
        """See `rows.Tx`."""
        if len(ids) == 1:
            return dict(self._execute("SELECT id, live FROM petition WHERE id = ?", ids).fetchall())
        return dict(
            self._execute(
                "SELECT p.id, p.live FROM json_each(?) j JOIN petition p ON p.id = j.value", (encode(ids).decode(),)
            ).fetchall()
        )

    def due(self, now: datetime, limit: int) -> list[tuple[int, bytes]]:
        """See `rows.Tx`."""
        return self._execute(
            "SELECT id, live FROM petition WHERE wake_at <= ? ORDER BY wake_at LIMIT ?", (to_micros(now), limit)
        ).fetchall()

    def find(self, keys: list[tuple[str, str]]) -> dict[tuple[str, str], int]:
        """See `rows.Tx`."""
        rows = self._execute(
            "SELECT p.source, p.source_id, p.id FROM json_each(?) j JOIN petition p"
            " ON p.source = json_extract(j.value, '$[0]') AND p.source_id = json_extract(j.value, '$[1]')",
            (encode(keys).decode(),),
        )
        return {(source, source_id): number for source, source_id, number in rows}

    def texts(self, ids: list[int]) -> dict[int, tuple[str, str]]:
        """See `rows.Tx`."""
        rows = self._execute(
            "SELECT i.petition_id, i.title, i.content FROM json_each(?) j JOIN intake i ON i.petition_id = j.value",
            (encode(ids).decode(),),
        )
        return {number: (title, content) for number, title, content in rows}

    def reserve(self, day: int, count: int) -> int:
        """See `rows.Tx`."""
        row = self._execute(
            "INSERT INTO counter (day, last) VALUES (?, ?) ON CONFLICT (day) DO UPDATE SET last = last + excluded.last"
            " RETURNING last",
            (day, count),
        ).fetchone()
        return int(row[0]) - count + 1

    def apply(self, units: list[Unit], seal: Seal) -> None:
        """See `rows.Tx`."""
        head = self._execute("SELECT number, hash FROM chain WHERE id = 1").fetchone()
        number = head[0] + 1
        at = to_micros(seal.at)
        inserts, updates, intakes, journal, outcomes, outbox = [], [], [], [], [], []
        lines: list[str] = []
        for unit in sorted(units, key=_id):
            p = unit.petition
            pid = p.id
            live = encode_petition(p)
            wake = None if unit.wake_at is None else to_micros(unit.wake_at)
            closed = None if p.closed_at is None else to_micros(p.closed_at)
            result, rating = p.result or None, p.rating or None
            if unit.intake is None:
                updates.append(
                    (p.state, p.category, p.lead, p.urgency, p.round, result, rating, closed, wake, live, pid)
                )
            else:
                source_id, said = unit.intake
                received = to_micros(p.received_at)
                inserts.append(
                    (pid, p.source, source_id, p.policy, p.state, p.category, p.lead, p.urgency, p.round, result,
                     rating, received, closed, wake, live)
                )  # fmt: skip
                intakes.append(
                    (pid, said.title, said.content, said.address, said.community, said.channel, said.nature, said.name,
                     said.phone, said.language, said.confidential)
                )  # fmt: skip
            for e in unit.entries:
                # Nearly always one and the same object as the seal's instant, which spares the arithmetic.
                happened = at if e.at is seal.at else to_micros(e.at)
                noticed = 0 if e.noticed_at is e.at or e.noticed_at == e.at else to_micros(e.noticed_at)
                journal.append(
                    (pid, e.seq, number, e.event, e.state, happened, noticed or None, e.actor, e.data or None)
                )
                lines.append(seal_line(pid, e.seq, e.event, e.state, happened, noticed, e.actor, e.data))
            for o in unit.outcomes:
                settled = None if o.settled_at is None else at if o.settled_at is seal.at else to_micros(o.settled_at)
                outcomes.append(
                    (pid, o.clock, o.key, to_micros(o.started_at), o.round, o.team, o.result, to_micros(o.due_at),
                     settled, o.paused_for or None, o.extended_for or None)
                )  # fmt: skip
            for seq, n, m in unit.messages:
                outbox.append((pid, seq, n, m.kind, m.to, encode(m.vars).decode(), at))
        many = self._many
        if inserts:
            many(_INSERT_PETITION, inserts)
            many(_INSERT_INTAKE, intakes)
        if updates:
            many(_UPDATE_PETITION, updates)
        if outcomes:
            many(_UPSERT_OUTCOME, outcomes)
        if outbox:
            many(_INSERT_OUTBOX, outbox)
        if journal:
            many(_INSERT_JOURNAL, journal)
            sealed = seal_hash(head[1], number, seal_text(at, seal.policy, lines))
            self._execute(
                "INSERT INTO seal (number, at, policy, entries, hash) VALUES (?,?,?,?,?)",
                (number, at, seal.policy, len(journal), sealed),
            )
            self._execute("UPDATE chain SET number = ?, hash = ? WHERE id = 1", (number, sealed))

    def put_off(self, ids: list[int], until: datetime, at: datetime, errors: list[str]) -> None:
        """See `rows.Tx`."""
        self._many("UPDATE petition SET wake_at = ? WHERE id = ?", [(to_micros(until), i) for i in ids])
        self._many(
            "INSERT INTO trouble (petition_id, at, error) VALUES (?,?,?) ON CONFLICT (petition_id) DO UPDATE SET"
            " at = excluded.at, error = excluded.error",
            [(i, to_micros(at), printable(error)) for i, error in zip(ids, errors, strict=True)],
        )


def _id(unit: Unit) -> int:
    return unit.petition.id
