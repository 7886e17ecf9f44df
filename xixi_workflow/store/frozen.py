"""Frozen periods, edited sentences and issued files: rows that are only ever added."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlmodel import col, select

from xixi_workflow.core.frozen import NO_ROOT, Change, Edit, Frozen, Issued, Listed, Reason, Text
from xixi_workflow.store.connect import Store
from xixi_workflow.store.tables import ChainRow, PetitionRow, SealRow, metadata

_FROZEN, _EDIT, _ISSUED = (metadata.tables[name] for name in ("frozen", "sentence_edit", "issued"))
_encode = msgspec.json.Encoder(order="sorted").encode
_past = msgspec.json.Decoder(dict[str, int]).decode
_changes = msgspec.json.Decoder(list[Change]).decode
_reasons = msgspec.json.Decoder(list[Reason]).decode


class TakenError(Exception):
    """Somebody else was faster: what was to be added is there already."""


def head(store: Store) -> tuple[int, str]:
    """Number and hash (hex) of the journal's last seal, of which everything up to it is committed."""
    with store.reading() as db:
        row: Any = db.execute(select(ChainRow.number, ChainRow.hash)).one()
        return row[0], row[1].hex()


def root_at(store: Store, seal: int) -> str | None:
    """The hash (hex) of a seal; zeros for 0, None when there is no such seal."""
    if seal == 0:
        return NO_ROOT
    with store.reading() as db:
        found: bytes | None = db.scalar(select(SealRow.hash).where(SealRow.number == seal))
        return None if found is None else found.hex()


def unswept(store: Store, cut_off: datetime) -> int:
    """How many petitions have something that time alone does before `cut_off`, and nobody has done it yet."""
    due = select(sa.func.count()).where(col(PetitionRow.wake_at).is_not(None), col(PetitionRow.wake_at) < cut_off)
    with store.reading() as db:
        return int(db.scalar(due) or 0)


def keep(store: Store, frozen: Frozen) -> None:
    """Add a version. Raises `TakenError` when the period has it already; then nothing is changed."""
    row = {
        **{column.name: getattr(frozen, column.name, None) for column in _FROZEN.columns},
        "figures": frozen.text,
        "past": _encode(frozen.past).decode(),
        "changes": _encode(frozen.changes).decode(),
        "reasons": _encode(frozen.reasons).decode(),
    }
    try:
        with store.writing() as db:
            db.execute(sa.insert(_FROZEN).values(row))
    except IntegrityError:
        raise TakenError from None


def get(store: Store, period: str, version: int | None = None) -> Frozen | None:
    """A version of a frozen period, the last one unless another is named; None when there is none."""
    wanted = sa.select(_FROZEN).where(_FROZEN.c.period == period).order_by(_FROZEN.c.version.desc()).limit(1)
    if version is not None:
        wanted = wanted.where(_FROZEN.c.version == version)
    with store.reading() as db:
        row: Any = db.execute(wanted).first()
    if row is None:
        return None
    return Frozen(
        row.period, row.version, row.cut_off, row.at, row.by, row.policy, _past(row.past), row.figures, row.digest,
        row.seal, row.root, _changes(row.changes), _reasons(row.reasons), row.report,
    )  # fmt: skip


def versions(store: Store, periods: Sequence[str]) -> dict[str, int]:
    """The last version of each of `periods` that is frozen."""
    wanted = (
        sa.select(_FROZEN.c.period, sa.func.max(_FROZEN.c.version))
        .where(_FROZEN.c.period.in_(periods))
        .group_by(_FROZEN.c.period)
    )
    with store.reading() as db:
        return {row[0]: row[1] for row in db.execute(wanted)}


def every(store: Store) -> list[Listed]:
    """All frozen periods and their versions, the latest period first, its versions in order."""
    columns = [_FROZEN.c[name] for name in Listed.__struct_fields__]
    with store.reading() as db:
        rows: Any = (
            db.execute(sa.select(*columns).order_by(_FROZEN.c.period.desc(), _FROZEN.c.version)).mappings().all()
        )
    return [
        Listed(**{**row, "changes": len(_changes(row["changes"])), "reasons": len(_reasons(row["reasons"]))})
        for row in rows
    ]


# --- sentences ------------------------------------------------------------------------------------------------------


def add_edit(store: Store, of: Text, *, key: str, was: str, text: str, by: str, at: datetime) -> Edit:
    """Add an edit of the sentence `key` after those that are there."""
    with store.writing() as db:
        if not store.is_sqlite:
            # Two people at one sentence: the second is numbered after the first.
            db.execute(sa.text("LOCK TABLE sentence_edit IN SHARE ROW EXCLUSIVE MODE"))
        last = db.scalar(sa.select(sa.func.max(_EDIT.c.n)).where(*_of(of), _EDIT.c.key == key))
        edit = Edit(key, (last or 0) + 1, was, text, by, at)
        db.execute(sa.insert(_EDIT).values({**msgspec.structs.asdict(of), **msgspec.structs.asdict(edit)}))
    return edit


def edits(store: Store, of: Text, until: datetime | None = None) -> list[Edit]:
    """Every edit of a text, of each sentence in order; those up to `until` where that is given."""
    wanted = sa.select(*(_EDIT.c[name] for name in Edit.__struct_fields__)).where(*_of(of))
    if until is not None:
        wanted = wanted.where(_EDIT.c.at <= until)
    with store.reading() as db:
        return [Edit(*row) for row in db.execute(wanted.order_by(_EDIT.c.key, _EDIT.c.n))]


def _of(text: Text) -> list[sa.ColumnElement[bool]]:
    return [_EDIT.c[name] == value for name, value in msgspec.structs.asdict(text).items()]


# --- files ----------------------------------------------------------------------------------------------------------


def issue(store: Store, files: Sequence[Issued]) -> None:
    """Note files, all or none."""
    if files:
        with store.writing() as db:
            db.execute(sa.insert(_ISSUED), [msgspec.structs.asdict(file) for file in files])


def issued(store: Store, *, period: str = "", sha256: str = "", limit: int = 1000) -> list[Issued]:
    """Issued files, the last first: all, those of a period, or those with a digest."""
    wanted = (
        sa.select(*(_ISSUED.c[name] for name in Issued.__struct_fields__)).order_by(_ISSUED.c.id.desc()).limit(limit)
    )
    if period:
        wanted = wanted.where(_ISSUED.c.period == period)
    if sha256:
        wanted = wanted.where(_ISSUED.c.sha256 == sha256)
    with store.reading() as db:
        return [Issued(*row) for row in db.execute(wanted)]
