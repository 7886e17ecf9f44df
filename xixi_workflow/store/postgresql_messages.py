"""Messages and letters on PostgreSQL, see `postgresql.py`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec
import psycopg

from xixi_workflow.store.fates import Fates, Standing, Text, TextKey, decode_parts, numbered
from xixi_workflow.store.rows import Answered, Claimed, Handed, Key, Letter, Reply, encode, printable

Connection = psycopg.Connection[tuple[Any, ...]]

_CLAIM = (
    "SELECT o.petition_id, o.seq, o.n, o.kind, o.recipient, o.vars, o.state, o.attempts, o.way, o.remark, o.tried_at,"
    " o.address, o.text, coalesce(j.noticed_at, j.at), coalesce(p.policy, 0), coalesce(p.live, ''::bytea),"
    " coalesce(i.community, ''), coalesce(i.confidential, false), coalesce(i.name, ''), coalesce(i.phone, ''),"
    " coalesce(i.language, ''), coalesce(i.title, ''), coalesce(i.address, '')"
    " FROM outbox o LEFT JOIN petition p ON p.id = o.petition_id LEFT JOIN intake i ON i.petition_id = o.petition_id"
    " LEFT JOIN journal j ON j.petition_id = o.petition_id AND j.seq = o.seq"
    " WHERE o.next_at <= %s ORDER BY o.next_at LIMIT {limit:d} FOR UPDATE OF o SKIP LOCKED"
)
_INSERT_DELIVERY = (
    "INSERT INTO delivery (provider, provider_id, at, channel, address, recipient, kind, parts, text, state)"
    " SELECT provider, provider_id, at, channel, address, recipient, kind, parts, text, 'sent'"
    " FROM json_to_recordset(%s::json) AS r(provider text, provider_id text, at timestamptz, channel text,"
    " address text, recipient text, kind text, parts text, text text) ON CONFLICT (provider, provider_id) DO "
)
_HAND_OVER = (
    f"{_INSERT_DELIVERY}UPDATE SET at=excluded.at, channel=excluded.channel, address=excluded.address,"
    " recipient=excluded.recipient, kind=excluded.kind, parts=excluded.parts, text=excluded.text"
    " RETURNING provider, provider_id, at, channel, parts, state, code, receipt_at"
)
_MOVE = (
    "UPDATE outbox o SET state = r.state, next_at = r.next_at, attempts = r.attempts, way = r.way,"
    " sent_at = r.sent_at, remark = r.remark FROM json_to_recordset(%s::json) AS r(petition_id bigint, seq int, n int,"
    " state text, next_at timestamptz, attempts smallint, way smallint, sent_at timestamptz, remark text)"
    " WHERE o.petition_id = r.petition_id AND o.seq = r.seq AND o.n = r.n"
)
_INSERT_LETTER = (
    'INSERT INTO letter (provider, provider_id, at, address, "to", body, state, next_at)'
    " SELECT provider, provider_id, at, address, \"to\", body, 'new', at FROM json_to_recordset(%s::json)"
    ' AS r(provider text, provider_id text, at timestamptz, address text, "to" text, body text)'
    " ON CONFLICT (provider, provider_id) DO NOTHING RETURNING id"
)
_ANSWER = (
    "UPDATE letter l SET state = r.state, next_at = NULL, outcome = r.outcome, person = nullif(r.person, ''),"
    " petition_id = nullif(r.petition_id, 0) FROM json_to_recordset(%s::json)"
    " AS r(id bigint, state text, outcome text, person text, petition_id bigint) WHERE l.id = r.id"
)
_INSERT_OPT_OUT = (
    "INSERT INTO opt_out (address, scope, at, by) VALUES (%s, %s, %s, %s) ON CONFLICT (address) DO UPDATE SET"
    " scope=excluded.scope, at=excluded.at, by=excluded.by"
)
_INSERT_REPLY = (
    "INSERT INTO outbox (petition_id, seq, n, kind, recipient, vars, state, next_at, attempts, address, text)"
    " SELECT petition_id, 0, n, kind, recipient, '{}', 'waiting', %s, 0, address, text"
    " FROM json_to_recordset(%s::json) AS r(petition_id bigint, n smallint, kind text, recipient text, address text,"
    " text text)"
)


class _Delivery(msgspec.Struct, gc=False):
    provider: str
    provider_id: str
    at: datetime
    channel: str
    address: str
    recipient: str
    kind: str
    parts: str
    text: str | None


class _Reply(msgspec.Struct, gc=False):
    petition_id: int
    n: int
    kind: str
    recipient: str
    address: str
    text: str


class PostgresMessages(Fates):
    """The part of `rows.Tx` that tells people things and reads what they say."""

    def __init__(self, connection: Connection) -> None:
        self._cursor = connection.cursor(binary=True)

    def claim(self, now: datetime, lease_until: datetime, limit: int) -> list[Claimed]:
        """See `rows.Tx`."""
        self._cursor.execute(_CLAIM.format(limit=limit), (now,))
        rows = [Claimed(*row) for row in self._cursor.fetchall()]
        if rows:
            self._cursor.execute(
                "UPDATE outbox o SET state = 'sending', next_at = %s, attempts = attempts + 1,"
                " tried_at = coalesce(tried_at, %s) FROM unnest(%s::bigint[], %s::int[], %s::int[])"
                " AS c(petition_id, seq, n) WHERE o.petition_id = c.petition_id AND o.seq = c.seq AND o.n = c.n",
                (lease_until, now, *_columns([(c.petition_id, c.seq, c.n) for c in rows])),
            )
        return rows

    def receive(self, letters: list[Letter]) -> list[int]:
        """See `rows.Tx`."""
        clean = [
            Letter(0, printable(x.provider), printable(x.provider_id), x.at, printable(x.address), printable(x.to),
                   printable(x.body))
            for x in letters
        ]  # fmt: skip
        self._cursor.execute(_INSERT_LETTER, (encode(clean).decode(),))
        return [int(number) for (number,) in self._cursor.fetchall()]

    def letters(self, now: datetime, limit: int) -> list[Letter]:
        """See `rows.Tx`."""
        self._cursor.execute(
            'SELECT id, provider, provider_id, at, address, "to", body FROM letter WHERE next_at <= %s'
            f" ORDER BY next_at, id LIMIT {limit:d} FOR UPDATE SKIP LOCKED",
            (now,),
        )
        found = [Letter(*row) for row in self._cursor.fetchall()]
        if not found:
            return found
        # One that another process is reading comes before all that its writer wrote since.
        self._cursor.execute(
            "SELECT min(id) FROM letter WHERE next_at <= %s AND address = ANY(%s) GROUP BY address",
            (now, list({letter.address for letter in found})),
        )
        first = {number for (number,) in self._cursor.fetchall()}
        ours = {letter.address for letter in found if letter.id in first}
        return [letter for letter in found if letter.address in ours]

    def answer(self, answered: list[Answered], replies: list[Reply], now: datetime) -> None:
        """See `rows.Tx`."""
        self._cursor.execute(
            _ANSWER,
            (encode(answered).decode(),),
        )
        rows = [
            _Reply(-reply.letter, n, reply.kind, reply.recipient, printable(reply.address), printable(text))
            for reply, n, text in numbered(replies)
        ]
        if rows:
            self._cursor.execute(_INSERT_REPLY, (now, encode(rows).decode()))

    def put_aside(self, letters: list[int], until: datetime) -> None:
        """See `rows.Tx`."""
        self._cursor.execute(
            "UPDATE letter SET next_at = %s WHERE id = ANY(%s) AND next_at IS NOT NULL", (until, letters)
        )

    def opt(self, address: str, scope: str | None, at: datetime, by: str) -> None:
        """See `rows.Tx`."""
        if scope is None:
            self._cursor.execute("DELETE FROM opt_out WHERE address = %s", (printable(address),))
            return
        self._cursor.execute(
            _INSERT_OPT_OUT,
            (printable(address), scope, at, printable(by)),
        )

    def _hand_over(self, handed: list[Handed]) -> list[Text]:
        if not handed:
            return []
        rows = [
            _Delivery(h.provider, h.provider_id, h.at, h.channel, h.address, h.recipient, h.kind,
                      encode(h.parts).decode(), h.text)
            for h in handed
        ]  # fmt: skip
        self._cursor.execute(_HAND_OVER, (encode(rows).decode(),))
        return [text for text in map(_text, self._cursor.fetchall()) if text.receipt_at]

    def _expect(self, texts: list[Text]) -> None:
        rows = [
            _Delivery(t.provider, t.provider_id, t.at, "", "", "", "", encode(t.parts).decode(), None) for t in texts
        ]
        if rows:
            self._cursor.execute(f"{_INSERT_DELIVERY} NOTHING", (encode(rows).decode(),))

    def _texts(self, keys: list[TextKey]) -> list[Text]:
        self._cursor.execute(
            "SELECT d.provider, d.provider_id, d.at, d.channel, d.parts, d.state, d.code, d.receipt_at FROM delivery d"
            " JOIN unnest(%s::text[], %s::text[]) WITH ORDINALITY AS k(provider, provider_id, place)"
            " USING (provider, provider_id) ORDER BY k.place FOR UPDATE OF d",
            ([provider for provider, _ in keys], [name for _, name in keys]),
        )
        return [_text(row) for row in self._cursor.fetchall()]

    def _forward(self, texts: list[Text]) -> None:
        if texts:
            self._cursor.execute(
                "UPDATE delivery d SET state = r.state, code = r.code, receipt_at = r.receipt_at"
                " FROM json_to_recordset(%s::json) AS r(provider text, provider_id text, state text, code text,"
                " receipt_at timestamptz) WHERE d.provider = r.provider AND d.provider_id = r.provider_id",
                (encode(texts).decode(),),
            )

    def _standing(self, keys: list[Key]) -> dict[Key, Standing]:
        if not keys:
            return {}
        self._cursor.execute(
            "SELECT o.petition_id, o.seq, o.n, o.state, o.next_at, o.attempts, o.way, o.sent_at, o.remark FROM outbox o"
            " JOIN unnest(%s::bigint[], %s::int[], %s::int[]) WITH ORDINALITY AS k(petition_id, seq, n, place)"
            " ON o.petition_id = k.petition_id AND o.seq = k.seq AND o.n = k.n ORDER BY k.place FOR UPDATE OF o",
            _columns(keys),
        )
        return {(row[0], row[1], row[2]): Standing(*row) for row in self._cursor.fetchall()}

    def _move(self, standing: list[Standing]) -> None:
        if standing:
            self._cursor.execute(
                _MOVE,
                (encode(standing).decode(),),
            )


def _columns(keys: list[Key]) -> tuple[list[int], list[int], list[int]]:
    return [k[0] for k in keys], [k[1] for k in keys], [k[2] for k in keys]


def _text(row: tuple[Any, ...]) -> Text:
    provider, provider_id, at, channel, parts, state, code, receipt_at = row
    return Text(provider, provider_id, at, channel, decode_parts(parts), state, code, receipt_at)
