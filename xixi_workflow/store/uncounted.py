"""What no figure counts: canary petitions, which are nobody's (`core/canary.py`)."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from xixi_workflow.core import canary
from xixi_workflow.store.tables import PetitionRow, metadata

# By another name, so that a statement about petitions does not take it for its own.
_CANARY = metadata.tables[str(PetitionRow.__tablename__)].alias("canary")
_CANARIES = sa.select(_CANARY.c.id).where(_CANARY.c.source == canary.SOURCE)


def counted(db: sa.Connection, number: sa.ColumnElement[Any]) -> list[sa.ColumnElement[bool]]:
    """Conditions that keep the rows whose petition `number` counts; none where there is nothing to leave out."""
    if db.scalar(_CANARIES.limit(1)) is None:
        return []
    return [number.not_in(_CANARIES)]
