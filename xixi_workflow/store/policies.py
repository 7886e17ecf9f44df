"""The policies that were ever in force. A version is never changed; the highest is in force."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import col, select

from xixi_workflow.store.connect import Store
from xixi_workflow.store.tables import PolicyRow


class Overtaken(Exception):  # noqa: N818 - not a failure: look again and try again
    """Another policy was put in force meanwhile; nothing was written."""


def put(store: Store, canonical: bytes, digest: str, *, now: datetime, after: int | None = None) -> int:
    """Put a policy in force from `now` on; returns its version, 1 for the first.

    The policy that is in force already keeps its version. An older one that comes back gets a new version, so that the
    highest is always the one in force and every petition keeps the version that judged it.

    What was made from the version `after` (0 for none) is refused with `Overtaken` when that is not in force any more.
    """
    with store.writing() as connection:
        if not store.is_sqlite:
            # Two services that start together with the same new policy: the second must see the first's.
            connection.execute(sa.text("LOCK TABLE policy IN SHARE ROW EXCLUSIVE MODE"))
        newest = connection.execute(
            select(PolicyRow.version, PolicyRow.digest).order_by(col(PolicyRow.version).desc()).limit(1)
        ).first()
        if after is not None and after != (newest.version if newest is not None else 0):
            raise Overtaken
        if newest is not None and newest.digest == digest:
            return int(newest.version)
        version = 1 if newest is None else int(newest.version) + 1
        connection.execute(
            sa.insert(PolicyRow).values(version=version, digest=digest, at=now, canonical=canonical.decode())
        )
        return version


def get(store: Store, version: int) -> bytes:
    """The canonical form of a version; raises `LookupError` when there is no such version."""
    with store.reading() as connection:
        canonical: str | None = connection.scalar(select(PolicyRow.canonical).where(PolicyRow.version == version))
    if canonical is None:
        raise LookupError(f"there is no policy version {version}")
    return canonical.encode()


def newest(store: Store) -> int:
    """The version in force; 0 when no policy was ever published."""
    with store.reading() as connection:
        return connection.scalar(select(sa.func.max(PolicyRow.version))) or 0
