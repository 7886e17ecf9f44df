"""Lines of the journal that were written after a seal about what had happened before: why a later count is another."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import groupby
from typing import Any, Final

import sqlalchemy as sa

from xixi_workflow.core.petition import Entry
from xixi_workflow.core.since_frozen import LABELLING, SILENT, Life
from xixi_workflow.store.connect import Store
from xixi_workflow.store.figures_sql import UNCOUNTED_SOURCES
from xixi_workflow.store.rows import portions
from xixi_workflow.store.tables import JournalRow, PetitionRow, metadata

_JOURNAL, _PETITION = (metadata.tables[str(row.__tablename__)] for row in (JournalRow, PetitionRow))
#: Petitions that are looked at, read in portions: far more than are open at the end of a large city's month.
MOST: Final = 100_000


def lives(store: Store, seal: int, cut_off: datetime) -> Iterator[Life]:
    """The petitions of which something was noted after `seal` that can change figures as they stood at `cut_off`.

    Reads every line of the journal once; it has no index on seals, for which nobody else asks.
    """
    lines, petitions = _JOURNAL.c, _PETITION.c
    heard_late = sa.and_(lines.at < cut_off, lines.event.not_in(SILENT))
    filed_late = sa.and_(lines.event == "filed", petitions.received_at < cut_off)
    relabelled = sa.and_(lines.event.in_(LABELLING), petitions.received_at < cut_off)
    touched = (
        sa.select(lines.petition_id)
        .distinct()
        .join(_PETITION, petitions.id == lines.petition_id)
        .where(lines.seal > seal, sa.or_(heard_late, filed_late, relabelled))
        .where(petitions.source.not_in(UNCOUNTED_SOURCES))
        .order_by(lines.petition_id)
        .limit(MOST)
    )
    with store.reading() as db:
        numbers = list(db.scalars(touched))
        for some in portions(numbers):
            yield from _read(db, some, seal)


def _read(db: sa.Connection, numbers: Any, seal: int) -> Iterator[Life]:
    wanted = (
        sa.select(_PETITION.c.policy, _PETITION.c.received_at, _JOURNAL)
        .join(_PETITION, _PETITION.c.id == _JOURNAL.c.petition_id)
        .where(_JOURNAL.c.petition_id.in_(numbers))
        .order_by(_JOURNAL.c.petition_id, _JOURNAL.c.seq)
    )
    rows: Any = db.execute(wanted)
    for (number, policy, received_at), group in groupby(rows, lambda r: (r.petition_id, r.policy, r.received_at)):
        told = [
            (r.seal <= seal, Entry(r.seq, r.event, r.state, r.at, r.noticed_at or r.at, r.actor, r.data or ""))
            for r in group
        ]
        yield Life(number, policy, received_at, [e for old, e in told if old], [e for old, e in told if not old])
