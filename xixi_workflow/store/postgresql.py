"""The hot path on PostgreSQL: a transaction's whole result goes over as one JSON document and is spread into the
tables by one statement.

One round trip instead of six matters for a single click (each costs about 60 µs on a local socket), and building one
JSON document in C costs less than adapting every value of every row. Rows are claimed with `FOR UPDATE SKIP LOCKED`,
so any number of services may share the database.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from xixi_workflow.store.columns import to_micros
from xixi_workflow.store.postgresql_messages import Connection, PostgresMessages
from xixi_workflow.store.rows import Seal, Unit, encode, encode_petition, printable, seal_line, seal_text


class _Petition(msgspec.Struct, gc=False, omit_defaults=True):
    id: int
    state: str
    category: str
    lead: str
    urgency: str
    round: int
    live: bytes
    wake_at: datetime | None = None
    closed_at: datetime | None = None
    result: str | None = None
    rating: str | None = None
    source: str | None = None
    source_id: str | None = None
    policy: int | None = None
    received_at: datetime | None = None
    said: Any = None


class _Line(msgspec.Struct, gc=False, omit_defaults=True):
    petition_id: int
    seq: int
    event: str
    state: str
    at: datetime
    actor: str
    noticed_at: datetime | None = None
    data: str | None = None


class _Outcome(msgspec.Struct, gc=False, omit_defaults=True):
    petition_id: int
    clock: str
    key: str
    started_at: datetime
    round: int
    team: str
    result: str
    due_at: datetime
    settled_at: datetime | None = None
    paused_for: float | None = None
    extended_for: float | None = None


class _Message(msgspec.Struct, gc=False):
    petition_id: int
    seq: int
    n: int
    kind: str
    recipient: str
    vars: str


_UPDATE = (
    "UPDATE petition p SET state=r.state, category=r.category, lead=r.lead, urgency=r.urgency, round=r.round,"
    " result=r.result, rating=r.rating, closed_at=r.closed_at, wake_at=r.wake_at, live=decode(r.live, 'base64')"
    " FROM json_to_recordset({doc}) AS r(id bigint, state text, category text, lead text, urgency text,"
    " round smallint, live text, wake_at timestamptz, closed_at timestamptz, result text, rating text)"
    " WHERE p.id = r.id"
)
_INSERT = (
    "INSERT INTO petition (id, source, source_id, policy, state, category, lead, urgency, round, result, rating,"
    " received_at, closed_at, wake_at, live) SELECT id, source, source_id, policy, state, category, lead, urgency,"
    " round, result, rating, received_at, closed_at, wake_at, decode(live, 'base64')"
    " FROM json_to_recordset({doc}) AS r(id bigint, source text, source_id text, policy smallint, state text,"
    " category text, lead text, urgency text, round smallint, result text, rating text, received_at timestamptz,"
    " closed_at timestamptz, wake_at timestamptz, live text)"
)
_INTAKE = (
    "INSERT INTO intake (petition_id, title, content, address, community, channel, nature, name, phone, language,"
    " confidential) SELECT r.id, s.* FROM json_to_recordset({doc}) AS r(id bigint, said json),"
    " json_to_record(r.said) AS s(title text, content text, address text, community text, channel text, nature text,"
    " name text, phone text, language text, confidential boolean)"
)
_JOURNAL = (
    "INSERT INTO journal (petition_id, seq, seal, event, state, at, noticed_at, actor, data)"
    " SELECT petition_id, seq, (SELECT number FROM head), event, state, at, noticed_at, actor, data"
    " FROM json_to_recordset({doc}) AS r(petition_id bigint, seq smallint, event text, state text, at timestamptz,"
    " noticed_at timestamptz, actor text, data text)"
)
_OUTCOME = (
    "INSERT INTO outcome (petition_id, clock, key, started_at, round, team, result, due_at, settled_at, paused_for,"
    " extended_for) SELECT petition_id, clock, key, started_at, round, team, result, due_at, settled_at, paused_for,"
    " extended_for FROM json_to_recordset({doc}) AS r(petition_id bigint, clock text, key text,"
    " started_at timestamptz, round smallint, team text, result text, due_at timestamptz, settled_at timestamptz,"
    " paused_for float8, extended_for float8)"
    " ON CONFLICT (petition_id, clock, key, started_at) DO UPDATE SET team=excluded.team, result=excluded.result,"
    " due_at=excluded.due_at, settled_at=excluded.settled_at, paused_for=excluded.paused_for,"
    " extended_for=excluded.extended_for"
)
_OUTBOX = (
    "INSERT INTO outbox (petition_id, seq, n, kind, recipient, vars, state, next_at, attempts)"
    " SELECT petition_id, seq, n, kind, recipient, vars, 'waiting', %(at)s, 0 FROM json_to_recordset({doc})"
    " AS r(petition_id bigint, seq smallint, n smallint, kind text, recipient text, vars text)"
)
#: `rows.seal_hash` in SQL. The chain's head is locked by this very statement, one round trip before the commit.
_HEAD = (
    "UPDATE chain SET number = number + 1, hash = sha256(hash || convert_to((number + 1)::text || %(text)s::text,"
    " 'UTF8')) WHERE id = 1 RETURNING number, hash"
)
_SEAL = (
    "INSERT INTO seal (number, at, policy, entries, hash)"
    " SELECT number, %(at)s, %(policy)s, %(entries)s, hash FROM head RETURNING number, hash"
)


class PostgresTx(PostgresMessages):
    """One transaction on a psycopg connection of its own."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._connection = connection
        #: Number and hash of the seal that this transaction wrote, by which it can be recognised afterwards.
        self.sealed: tuple[int, bytes] | None = None

    def begin(self) -> None:
        """Nothing to do: psycopg opens the transaction with the first statement."""

    def commit(self) -> None:
        """Make everything durable."""
        self._connection.commit()

    def holds(self, sealed: tuple[int, bytes]) -> bool:
        """Whether the transaction that wrote that seal was committed. One that is still under way is waited for."""
        self._cursor.execute("SELECT 1 FROM chain WHERE id = 1 FOR SHARE")
        self._cursor.execute("SELECT 1 FROM seal WHERE number = %s AND hash = %s", sealed)
        return self._cursor.fetchone() is not None

    def rollback(self) -> None:
        """Forget everything since `begin`."""
        if not self._connection.closed:
            self._connection.rollback()

    def load(self, ids: list[int]) -> dict[int, bytes]:
        """See `rows.Tx`. Locked in order of id, so that two writers never wait for each other in a circle."""
        self._cursor.execute("SELECT id, live FROM petition WHERE id = ANY(%s) ORDER BY id FOR UPDATE", (ids,))
        return dict(self._cursor.fetchall())

    def due(self, now: datetime, limit: int) -> list[tuple[int, bytes]]:
        """See `rows.Tx`."""
        self._cursor.execute(
            # Ordered by the index alone: a tie-break would sort all that is due at one instant, in every batch.
            # The limit is part of the text: as a parameter it makes the planner expect half the table.
            f"SELECT id, live FROM petition WHERE wake_at <= %s ORDER BY wake_at LIMIT {limit:d}"
            " FOR UPDATE SKIP LOCKED",
            (now,),
        )
        return self._cursor.fetchall()

    def find(self, keys: list[tuple[str, str]]) -> dict[tuple[str, str], int]:
        """See `rows.Tx`."""
        self._cursor.execute(
            "SELECT p.source, p.source_id, p.id FROM unnest(%s::text[], %s::text[]) AS k(source, source_id)"
            " JOIN petition p USING (source, source_id)",
            ([source for source, _ in keys], [source_id for _, source_id in keys]),
        )
        return {(source, source_id): number for source, source_id, number in self._cursor.fetchall()}

    def texts(self, ids: list[int]) -> dict[int, tuple[str, str]]:
        """See `rows.Tx`."""
        self._cursor.execute("SELECT petition_id, title, content FROM intake WHERE petition_id = ANY(%s)", (ids,))
        return {number: (title, content) for number, title, content in self._cursor.fetchall()}

    def reserve(self, day: int, count: int) -> int:
        """See `rows.Tx`."""
        self._cursor.execute(
            "INSERT INTO counter (day, last) VALUES (%s, %s) ON CONFLICT (day)"
            " DO UPDATE SET last = counter.last + excluded.last RETURNING last",
            (day, count),
        )
        row = self._cursor.fetchone()
        assert row is not None
        return int(row[0]) - count + 1

    def apply(self, units: list[Unit], seal: Seal) -> None:
        """See `rows.Tx`. The chain's head is locked here, last of all, and only until the commit."""
        inserts, updates, journal, outcomes, outbox = [], [], [], [], []
        lines: list[str] = []
        for unit in sorted(units, key=_id):
            p = unit.petition
            pid = p.id
            row = _Petition(
                pid, p.state, p.category, p.lead, p.urgency, p.round, encode_petition(p), unit.wake_at, p.closed_at,
                p.result or None, p.rating or None,
            )  # fmt: skip
            if unit.intake is None:
                updates.append(row)
            else:
                row.source, row.policy, row.received_at = p.source, p.policy, p.received_at
                row.source_id, row.said = unit.intake
                inserts.append(row)
            for e in unit.entries:
                noticed = None if e.noticed_at == e.at else e.noticed_at
                journal.append(_Line(pid, e.seq, e.event, e.state, e.at, e.actor, noticed, e.data or None))
                micros = 0 if noticed is None else to_micros(noticed)
                lines.append(seal_line(pid, e.seq, e.event, e.state, to_micros(e.at), micros, e.actor, e.data))
            outcomes += [
                _Outcome(
                    pid, o.clock, o.key, o.started_at, o.round, o.team, o.result, o.due_at, o.settled_at,
                    o.paused_for or None, o.extended_for or None,
                )
                for o in unit.outcomes
            ]  # fmt: skip
            for seq, n, m in unit.messages:
                outbox.append(_Message(pid, seq, n, m.kind, m.to, encode(m.vars).decode()))
        parts: list[str] = []
        values: dict[str, Any] = {"at": seal.at}
        for name, sql, rows in (
            ("updates", _UPDATE, updates),
            ("inserts", _INSERT, inserts),
            ("inserts", _INTAKE, inserts),
            ("journal", _JOURNAL, journal),
            ("outcomes", _OUTCOME, outcomes),
            ("outbox", _OUTBOX, outbox),
        ):
            if rows:
                if name not in values:
                    values[name] = encode(rows).decode()
                parts.append(sql.format(doc=f"%({name})s::json"))
        if journal:
            values["text"] = seal_text(to_micros(seal.at), seal.policy, lines)
            values["entries"] = len(journal)
            values["policy"] = seal.policy
            parts.append(_SEAL)
        if parts:
            *first, last = parts
            ctes = [f"head AS ({_HEAD})"] if journal else []
            ctes += [f"w{i} AS ({sql})" for i, sql in enumerate(first)]
            self._cursor.execute(f"WITH {', '.join(ctes)} {last}" if ctes else last, values)
            if journal:
                self.sealed = self._cursor.fetchone()

    def put_off(self, ids: list[int], until: datetime, at: datetime, errors: list[str]) -> None:
        """See `rows.Tx`."""
        self._cursor.execute("UPDATE petition SET wake_at = %s WHERE id = ANY(%s)", (until, ids))
        self._cursor.execute(
            "INSERT INTO trouble (petition_id, at, error) SELECT id, %s, error FROM unnest(%s::bigint[], %s::text[])"
            " AS t(id, error) ON CONFLICT (petition_id) DO UPDATE SET at = excluded.at, error = excluded.error",
            (at, ids, [printable(error) for error in errors]),
        )


def _id(unit: Unit) -> int:
    return unit.petition.id
