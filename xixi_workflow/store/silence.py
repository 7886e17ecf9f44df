"""What the auditor looks at: alarms that passed, messages without an outcome, letters that nobody has seen to.

Reads only, each in one statement over a partial index, so that a look every minute costs what is under way and what
went wrong, and nothing for what is over.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from xixi_workflow.core.petition import Vars
from xixi_workflow.core.silence import PUT_OFF, Pending, Since, Told
from xixi_workflow.store.connect import Store
from xixi_workflow.store.rows import portions
from xixi_workflow.store.tables import (
    IN_TROUBLE,
    JournalRow,
    LetterRow,
    OutboxRow,
    PetitionRow,
    ServiceRow,
    TroubleRow,
    metadata,
)

_PETITION = metadata.tables[str(PetitionRow.__tablename__)]
_JOURNAL = metadata.tables[str(JournalRow.__tablename__)]
_OUTBOX = metadata.tables[str(OutboxRow.__tablename__)]
_LETTER = metadata.tables[str(LetterRow.__tablename__)]
_SERVICE = metadata.tables[str(ServiceRow.__tablename__)]
_TROUBLE = metadata.tables[str(TroubleRow.__tablename__)]

#: Rows of each kind that are looked at: beyond that it is plain that something is wrong.
MOST: Final = 2000
#: Said as the index says it, which a database must recognise; qualified, because other tables have a state too.
_IN_TROUBLE: Final = sa.text(f"outbox.{IN_TROUBLE}")
_OPEN_LETTER: Final = sa.text("letter.state = 'open'")
_decode_vars = msgspec.json.Decoder(Vars).decode


def last_beat(store: Store, part: str) -> datetime | None:
    """The last sign of life of any process whose name in `service` starts with `part`; None when there is none."""
    query = sa.select(sa.func.max(_SERVICE.c.at, type_=_SERVICE.c.at.type)).where(_SERVICE.c.name.startswith(part))
    with store.reading() as db:
        found: datetime | None = db.scalar(query)
        return found


def asleep(store: Store, before: datetime) -> list[Since]:
    """Petitions whose alarm was set to a moment before `before`, the longest silent first."""
    p = _PETITION.c
    query = sa.select(p.id, p.wake_at).where(p.wake_at < before).order_by(p.wake_at).limit(MOST)
    with store.reading() as db:
        return [Since(number, at) for number, at in db.execute(query)]


def troubled(store: Store, since: datetime) -> list[Since]:
    """Petitions whose decision failed since `since`; one that is still in trouble is noted anew every hour."""
    t = _TROUBLE.c
    query = sa.select(t.petition_id, t.at, t.error).where(t.at >= since).order_by(t.at).limit(MOST)
    with store.reading() as db:
        return [Since(*row) for row in db.execute(query)]


def told(store: Store, numbers: Sequence[int]) -> list[Told]:
    """Messages of ladders about the petitions `numbers`."""
    o, j = _OUTBOX.c, _JOURNAL.c
    made_at = sa.func.coalesce(j.noticed_at, j.at, type_=j.at.type)
    query = (
        sa.select(o.petition_id, o.vars, made_at)
        .join(_JOURNAL, sa.and_(j.petition_id == o.petition_id, j.seq == o.seq))
        # Only what a ladder says has a level; the rest is not worth decoding.
        .where(o.vars.contains('"level"', autoescape=True))
    )
    found = []
    with store.reading() as db:
        for some in portions(numbers):
            rows = db.execute(query.where(o.petition_id.in_(some)))
            found += [Told(number, _decode_vars(said), at) for number, said, at in rows]
    return found


def pending(store: Store, before: datetime) -> list[Pending]:
    """Messages decided before `before` that still wait for something, the earliest due first."""
    return [one for one in _messages(store, _OUTBOX.c.next_at, _OUTBOX.c.next_at.is_not(None)) if one.made_at < before]


def lost(store: Store, since: datetime) -> list[Pending]:
    """Messages first tried since `since` that never arrived, as far as is known, and that nobody will send again."""
    o = _OUTBOX.c
    return _messages(store, o.tried_at, _IN_TROUBLE, o.tried_at >= since, o.next_at.is_(None))


def _messages(store: Store, order: sa.Column[Any], *where: sa.ColumnElement[bool] | sa.TextClause) -> list[Pending]:
    # First the few, by their index, then what belongs to them: PostgreSQL may take a join of all for cheaper.
    some = sa.select(_OUTBOX).where(*where).order_by(order).limit(MOST)
    o = some.subquery().c
    j, p, letter = _JOURNAL.c, _PETITION.c, _LETTER.c
    # A reply is decided when its letter comes.
    made_at = sa.func.coalesce(j.noticed_at, j.at, letter.at, o.tried_at, o.next_at, type_=j.at.type)
    query = (
        sa.select(
            o.petition_id,
            o.kind,
            o.recipient,
            o.state,
            made_at,
            o.next_at,
            o.tried_at,
            sa.func.coalesce(p.urgency, "normal"),
            sa.func.coalesce(p.source, ""),
            sa.and_(o.state == "waiting", sa.func.coalesce(o.remark, "") == PUT_OFF),
        )
        .outerjoin(_JOURNAL, sa.and_(j.petition_id == o.petition_id, j.seq == o.seq))
        .outerjoin(_PETITION, p.id == o.petition_id)
        .outerjoin(_LETTER, letter.id == -o.petition_id)
    )
    with store.reading() as db:
        return [Pending(*row) for row in db.execute(query.order_by(o[order.name], o.petition_id, o.seq, o.n))]


def unread(store: Store, before: datetime) -> list[Since]:
    """Letters that came before `before` and that nobody has read yet."""
    return _letters(store, _LETTER.c.next_at.is_not(None), before, _LETTER.c.next_at)


def unseen(store: Store, before: datetime) -> list[Since]:
    """Letters that came before `before` and wait in the operators' list."""
    return _letters(store, _OPEN_LETTER, before, _LETTER.c.id)


def _letters(
    store: Store, which: sa.ColumnElement[bool] | sa.TextClause, before: datetime, order: sa.Column[Any]
) -> list[Since]:
    # In the order of the index that holds them: in any other a database may prefer to read them all.
    query = sa.select(_LETTER.c.id, _LETTER.c.at).where(which, _LETTER.c.at < before).order_by(order).limit(MOST)
    with store.reading() as db:
        return [Since(*row) for row in db.execute(query)]
