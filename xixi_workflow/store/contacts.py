"""Who was told what, who wrote to us, and who wants to be left alone.

Looks that take numbers find them by an index over numbers; the others walk a partial index over what needs somebody.
What is returned here is personal: for the person in charge, and for no log.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

import msgspec
import sqlalchemy as sa

from xixi_workflow.store.connect import Store
from xixi_workflow.store.fates import decode_parts
from xixi_workflow.store.rows import Spoken, portions, printable
from xixi_workflow.store.tables import IN_TROUBLE, DeliveryRow, LetterRow, OptOutRow, OutboxRow, metadata

_DELIVERY = metadata.tables[str(DeliveryRow.__tablename__)]
_LETTER = metadata.tables[str(LetterRow.__tablename__)]
_OPT_OUT = metadata.tables[str(OptOutRow.__tablename__)]
_OUTBOX = metadata.tables[str(OutboxRow.__tablename__)]

#: Said as its index says it, not with a parameter: SQLite knows no other way that the two are the same.
_OPEN: Final = _LETTER.c.state == sa.literal_column("'open'")
_TROUBLE: Final = sa.text(f"outbox.{IN_TROUBLE}")
_LETTERS = sa.select(
    *(_LETTER.c[name] for name in ("id", "at", "address", "to", "body", "state")),
    sa.func.coalesce(_LETTER.c.outcome, ""),
    sa.func.coalesce(_LETTER.c.person, ""),
    sa.func.coalesce(_LETTER.c.petition_id, 0),
    sa.func.coalesce(_LETTER.c.closed_by, ""),
)


class StoredLetter(msgspec.Struct, frozen=True):
    """A letter and what became of it, see `tables.LetterRow`; empty and 0 for what is not known."""

    id: int
    at: datetime
    address: str
    to: str
    body: str
    state: str
    outcome: str
    person: str
    petition_id: int
    closed_by: str


class Trouble(NamedTuple):
    """A message that did not arrive as far as is known. `petition` is minus a letter's number for a reply.

    `at` is the first attempt; `next_at` is empty when nobody will try again.
    """

    petition: int
    kind: str
    recipient: str
    state: str
    remark: str
    at: datetime
    next_at: datetime | None


class Waiting(NamedTuple):
    """How many letters nobody has read yet, and how many wait in the operators' list."""

    unread: int
    open: int


def spoken(store: Store, addresses: Iterable[str], since: datetime) -> list[Spoken]:
    """Texts that providers took over for `addresses` at `since` or later, the latest first."""
    d = _DELIVERY.c
    query = sa.select(d.address, d.at, d.recipient, d.kind, d.parts).where(d.at >= since)
    with store.reading() as db:
        found = [
            Spoken(address, at, recipient, kind, decode_parts(parts))
            for some in _some(addresses)
            for address, at, recipient, kind, parts in db.execute(query.where(d.address.in_(some)))
        ]
    found.sort(key=_when, reverse=True)
    return found


def opted_out(store: Store, addresses: Iterable[str]) -> dict[str, str]:
    """Those of `addresses` that want no `surveys`, or nothing at `all`."""
    o = _OPT_OUT.c
    with store.reading() as db:
        return {
            address: scope
            for some in _some(addresses)
            for address, scope in db.execute(sa.select(o.address, o.scope).where(o.address.in_(some)))
        }


def open_letters(store: Store, limit: int) -> list[StoredLetter]:
    """Up to `limit` letters that an operator has to see to, the oldest first."""
    with store.reading() as db:
        return [_letter(row) for row in db.execute(_LETTERS.where(_OPEN).order_by(_LETTER.c.id).limit(limit))]


def letter(store: Store, number: int) -> StoredLetter | None:
    """The letter `number`; None when there is none."""
    with store.reading() as db:
        row = db.execute(_LETTERS.where(_LETTER.c.id == number)).first()
        return None if row is None else _letter(row)


def close_letter(store: Store, number: int, by: str) -> bool:
    """Note that the operator `by` has seen to an open letter; False when it is not, or no longer, open."""
    seen_to = sa.update(_LETTER).where(_LETTER.c.id == number, _OPEN).values(state="closed", closed_by=printable(by))
    with store.writing() as db:
        return db.execute(seen_to).rowcount == 1


def undelivered_messages(store: Store, since: datetime, limit: int) -> list[Trouble]:
    """Messages first tried at `since` or later that failed, of which nobody knows, or that were withheld; the latest
    first.
    """
    o = _OUTBOX.c
    query = (
        sa.select(o.petition_id, o.kind, o.recipient, o.state, o.remark, o.tried_at, o.next_at)
        .where(_TROUBLE, o.tried_at >= since)
        .order_by(o.tried_at.desc())
        .limit(limit)
    )
    with store.reading() as db:
        return [
            Trouble(petition, kind, recipient, state, remark or "", at, next_at)
            for petition, kind, recipient, state, remark, at, next_at in db.execute(query)
        ]


def waiting_counts(store: Store) -> Waiting:
    """Letters that wait, for the program or for a person."""
    count = sa.select(sa.func.count()).select_from(_LETTER)
    with store.reading() as db:
        return Waiting(
            db.execute(count.where(_LETTER.c.next_at.is_not(None))).scalar_one(),
            db.execute(count.where(_OPEN)).scalar_one(),
        )


def _letter(row: sa.Row[Any]) -> StoredLetter:
    return StoredLetter(*row)


def _when(text: Spoken) -> datetime:
    return text.at


def _some(addresses: Iterable[str]) -> Iterator[Sequence[str]]:
    """`addresses`, each once, without the empty one, in lists short enough for one statement."""
    return portions(sorted({printable(address) for address in addresses} - {""}))
