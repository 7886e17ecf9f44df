"""What columns are made of: instants and numbers that are the same on both databases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Dialect
from sqlmodel import Field

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_micros(at: datetime) -> int:
    """Microseconds since 1970 (UTC) of an aware datetime."""
    # Exact from 1834 to 2106, where a float still tells microseconds apart, and twice as fast as integers.
    return round(at.timestamp() * 1e6)


def from_micros(micros: int) -> datetime:
    """The inverse of `to_micros`."""
    return EPOCH + timedelta(microseconds=micros)


class Instant(sa.types.TypeDecorator[datetime]):
    """An aware UTC instant, exact to the microsecond: `timestamptz` on PostgreSQL, an integer on SQLite, which has no
    type for time and would compare texts.
    """

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> sa.types.TypeEngine[Any]:
        """The column type of `dialect`."""
        return dialect.type_descriptor(sa.BigInteger() if dialect.name == "sqlite" else sa.DateTime(timezone=True))

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        """What the driver is given."""
        return to_micros(value) if value is not None and dialect.name == "sqlite" else value

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """What the caller gets."""
        if value is None:
            return None
        return from_micros(value) if dialect.name == "sqlite" else value.astimezone(UTC)


#: A 64-bit number. SQLite makes a lone key of this type the row's own place; a BIGINT key would cost a second tree.
Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def given_key(kind: Any = Number) -> Any:
    """A lone primary key that we give: no sequence of the database stands behind it."""
    return Field(primary_key=True, sa_type=kind, sa_column_kwargs={"autoincrement": False})


def instant(*, nullable: bool = False) -> Any:
    """A column that holds an `Instant`."""
    return Field(default=None, sa_type=Instant, nullable=nullable)
