"""Messages and letters on SQLite, see `sqlite.py`."""

from __future__ import annotations

import sqlite3
from datetime import datetime
from typing import Any

from xixi_workflow.store.columns import from_micros, to_micros
from xixi_workflow.store.fates import Fates, Standing, Text, TextKey, decode_parts, numbered
from xixi_workflow.store.rows import Answered, Claimed, Handed, Key, Letter, Reply, encode, printable

_CLAIM = (
    "SELECT o.petition_id, o.seq, o.n, o.kind, o.recipient, o.vars, o.state, o.attempts, o.way, o.remark, o.tried_at,"
    " o.address, o.text, coalesce(j.noticed_at, j.at), coalesce(p.policy, 0), coalesce(p.live, x''),"
    " coalesce(i.community, ''), coalesce(i.confidential, 0), coalesce(i.name, ''), coalesce(i.phone, ''),"
    " coalesce(i.language, ''), coalesce(i.title, ''), coalesce(i.address, '')"
    " FROM outbox o LEFT JOIN petition p ON p.id = o.petition_id LEFT JOIN intake i ON i.petition_id = o.petition_id"
    " LEFT JOIN journal j ON j.petition_id = o.petition_id AND j.seq = o.seq"
    " WHERE o.next_at <= ? ORDER BY o.next_at LIMIT ?"
)
_INSERT_DELIVERY = (
    "INSERT INTO delivery (provider, provider_id, at, channel, address, recipient, kind, parts, text, state)"
    " VALUES (?,?,?,?,?,?,?,?,?,'sent') ON CONFLICT (provider, provider_id) DO "
)
_HAND_OVER = (
    f"{_INSERT_DELIVERY}UPDATE SET at=excluded.at, channel=excluded.channel, address=excluded.address,"
    " recipient=excluded.recipient, kind=excluded.kind, parts=excluded.parts, text=excluded.text"
)
_TEXTS = (
    "SELECT d.provider, d.provider_id, d.at, d.channel, d.parts, d.state, d.code, d.receipt_at FROM json_each(?) j"
    " JOIN delivery d ON d.provider = json_extract(j.value, '$[0]') AND d.provider_id = json_extract(j.value, '$[1]')"
)
_STANDING = (
    "SELECT o.petition_id, o.seq, o.n, o.state, o.next_at, o.attempts, o.way, o.sent_at, o.remark FROM json_each(?) j"
    " JOIN outbox o ON o.petition_id = json_extract(j.value, '$[0]') AND o.seq = json_extract(j.value, '$[1]')"
    " AND o.n = json_extract(j.value, '$[2]')"
)
_MOVE = (
    "UPDATE outbox SET state=?, next_at=?, attempts=?, way=?, sent_at=?, remark=? WHERE petition_id=? AND seq=? AND n=?"
)
_INSERT_LETTER = (
    'INSERT INTO letter (provider, provider_id, at, address, "to", body, state, next_at)'
    " VALUES (?,?,?,?,?,?,'new',?) ON CONFLICT (provider, provider_id) DO NOTHING RETURNING id"
)
_ANSWER = "UPDATE letter SET state=?, next_at=NULL, outcome=?, person=?, petition_id=? WHERE id=?"
_INSERT_REPLY = (
    "INSERT INTO outbox (petition_id, seq, n, kind, recipient, vars, state, next_at, attempts, address, text)"
    " VALUES (?,0,?,?,?,'{}','waiting',?,0,?,?)"
)
_INSERT_OPT_OUT = (
    "INSERT INTO opt_out (address, scope, at, by) VALUES (?,?,?,?) ON CONFLICT (address) DO UPDATE SET"
    " scope=excluded.scope, at=excluded.at, by=excluded.by"
)


class SqliteMessages(Fates):
    """The part of `rows.Tx` that tells people things and reads what they say."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._execute = connection.execute
        self._many = connection.executemany

    def claim(self, now: datetime, lease_until: datetime, limit: int) -> list[Claimed]:
        """See `rows.Tx`."""
        rows = [Claimed(*row) for row in self._execute(_CLAIM, (to_micros(now), limit))]
        for c in rows:
            c.confidential = bool(c.confidential)  # SQLite knows only 0 and 1
            c.tried_at, c.decided_at = _at(c.tried_at), _at(c.decided_at)
        lease, at = to_micros(lease_until), to_micros(now)
        self._many(
            "UPDATE outbox SET state = 'sending', next_at = ?, attempts = attempts + 1,"
            " tried_at = coalesce(tried_at, ?) WHERE petition_id = ? AND seq = ? AND n = ?",
            [(lease, at, c.petition_id, c.seq, c.n) for c in rows],
        )
        return rows

    def receive(self, letters: list[Letter]) -> list[int]:
        """See `rows.Tx`."""
        new = []
        for letter in letters:
            at = to_micros(letter.at)
            found = self._execute(
                _INSERT_LETTER,
                (printable(letter.provider), printable(letter.provider_id), at, printable(letter.address),
                 printable(letter.to), printable(letter.body), at),
            ).fetchone()  # fmt: skip
            if found is not None:
                new.append(int(found[0]))
        return new

    def letters(self, now: datetime, limit: int) -> list[Letter]:
        """See `rows.Tx`."""
        rows = self._execute(
            'SELECT id, provider, provider_id, at, address, "to", body FROM letter WHERE next_at <= ?'
            " ORDER BY next_at, id LIMIT ?",
            (to_micros(now), limit),
        )
        return [Letter(i, provider, name, from_micros(at), *rest) for i, provider, name, at, *rest in rows]

    def answer(self, answered: list[Answered], replies: list[Reply], now: datetime) -> None:
        """See `rows.Tx`."""
        self._many(
            _ANSWER,
            [(a.state, a.outcome, a.person or None, a.petition_id or None, a.id) for a in answered],
        )
        at = to_micros(now)
        self._many(
            _INSERT_REPLY,
            [
                (-reply.letter, n, reply.kind, reply.recipient, at, printable(reply.address), printable(text))
                for reply, n, text in numbered(replies)
            ],
        )

    def put_aside(self, letters: list[int], until: datetime) -> None:
        """See `rows.Tx`."""
        self._many(
            "UPDATE letter SET next_at = ? WHERE id = ? AND next_at IS NOT NULL",
            [(to_micros(until), number) for number in letters],
        )

    def opt(self, address: str, scope: str | None, at: datetime, by: str) -> None:
        """See `rows.Tx`."""
        if scope is None:
            self._execute("DELETE FROM opt_out WHERE address = ?", (printable(address),))
            return
        self._execute(
            _INSERT_OPT_OUT,
            (printable(address), scope, to_micros(at), printable(by)),
        )

    def _hand_over(self, handed: list[Handed]) -> list[Text]:
        self._many(
            _HAND_OVER,
            [
                (h.provider, h.provider_id, to_micros(h.at), h.channel, h.address, h.recipient, h.kind,
                 encode(h.parts).decode(), h.text)
                for h in handed
            ],
        )  # fmt: skip
        return [text for text in self._texts([(h.provider, h.provider_id) for h in handed]) if text.receipt_at]

    def _expect(self, texts: list[Text]) -> None:
        self._many(
            f"{_INSERT_DELIVERY} NOTHING",
            [
                (t.provider, t.provider_id, to_micros(t.at), "", "", "", "", encode(t.parts).decode(), None)
                for t in texts
            ],
        )

    def _texts(self, keys: list[TextKey]) -> list[Text]:
        rows = self._execute(_TEXTS, (encode(keys).decode(),))
        return [
            Text(provider, name, from_micros(at), channel, decode_parts(parts), state, code, _at(receipt_at))
            for provider, name, at, channel, parts, state, code, receipt_at in rows
        ]

    def _forward(self, texts: list[Text]) -> None:
        self._many(
            "UPDATE delivery SET state = ?, code = ?, receipt_at = ? WHERE provider = ? AND provider_id = ?",
            [(t.state, t.code, _micros(t.receipt_at), t.provider, t.provider_id) for t in texts],
        )

    def _standing(self, keys: list[Key]) -> dict[Key, Standing]:
        rows = self._execute(_STANDING, (encode(keys).decode(),))
        return {
            (petition_id, seq, n): Standing(
                petition_id, seq, n, state, _at(next_at), attempts, way, _at(sent_at), remark
            )
            for petition_id, seq, n, state, next_at, attempts, way, sent_at, remark in rows
        }

    def _move(self, standing: list[Standing]) -> None:
        self._many(
            _MOVE,
            [
                (
                    s.state,
                    _micros(s.next_at),
                    s.attempts,
                    s.way,
                    _micros(s.sent_at),
                    s.remark,
                    s.petition_id,
                    s.seq,
                    s.n,
                )
                for s in standing
            ],
        )


def _micros(at: datetime | None) -> int | None:
    return None if at is None else to_micros(at)


def _at(micros: Any) -> datetime | None:
    return None if micros is None else from_micros(micros)
