"""Messages both ways: texts that providers took over, letters, opt-outs; how far a message has come."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

# As they were at this revision: `store/tables.py` moves on, a migration never does.
TEXT = sa.String()
SMALL = sa.SmallInteger()
BIG = sa.BigInteger()
#: SQLite keeps a row under its INTEGER key itself; any other type would cost a second tree.
KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
#: Microseconds since 1970 on SQLite, which has no type for time.
INSTANT = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")


def be_patient() -> None:
    # See 0001.
    if op.get_context().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '3s'")
        op.execute("SET LOCAL statement_timeout = '60s'")


def has(name: str, kind: sa.types.TypeEngine[Any]) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False)


def may_have(name: str, kind: sa.types.TypeEngine[Any]) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=True)


def index_some(name: str, table: str, column: str, which: str) -> None:
    op.create_index(name, table, [column], sqlite_where=sa.text(which), postgresql_where=sa.text(which))


def upgrade() -> None:
    be_patient()
    # Empty, or with a constant that the catalogue remembers: both databases leave the rows that are there untouched.
    op.add_column("outbox", sa.Column("way", SMALL, nullable=False, server_default=sa.text("0")))
    op.add_column("outbox", may_have("tried_at", INSTANT))
    op.add_column("outbox", may_have("address", TEXT))
    op.add_column("outbox", may_have("text", TEXT))
    # Each reads its table once and writes next to nothing.
    index_some("petition_still", "petition", "id", "wake_at IS NULL AND closed_at IS NULL")
    index_some("outbox_trouble", "outbox", "tried_at", "state IN ('failed', 'uncertain', 'withheld')")
    op.create_table(
        "delivery",
        has("provider", TEXT),
        has("provider_id", TEXT),
        has("at", INSTANT),
        has("channel", TEXT),
        has("address", TEXT),
        has("recipient", TEXT),
        has("kind", TEXT),
        has("parts", TEXT),
        may_have("text", TEXT),
        has("state", TEXT),
        may_have("code", TEXT),
        may_have("receipt_at", INSTANT),
        sa.PrimaryKeyConstraint("provider", "provider_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("delivery_address", "delivery", ["address", "at"])
    op.create_table(
        "letter",
        sa.Column("id", KEY, primary_key=True),
        has("provider", TEXT),
        has("provider_id", TEXT),
        has("at", INSTANT),
        has("address", TEXT),
        has("to", TEXT),
        has("body", TEXT),
        has("state", TEXT),
        may_have("next_at", INSTANT),
        may_have("outcome", TEXT),
        may_have("person", TEXT),
        may_have("petition_id", BIG),
        may_have("closed_by", TEXT),
        sa.UniqueConstraint("provider", "provider_id", name="letter_provider_id"),
        sqlite_autoincrement=True,
    )
    index_some("letter_next", "letter", "next_at", "next_at IS NOT NULL")
    index_some("letter_open", "letter", "id", "state = 'open'")
    op.create_table(
        "opt_out",
        sa.Column("address", TEXT, primary_key=True),
        has("scope", TEXT),
        has("at", INSTANT),
        has("by", TEXT),
    )


def downgrade() -> None:
    be_patient()
    # The release before knows neither replies nor these states, and would send again whatever has a next moment or has
    # failed.
    op.execute("DELETE FROM outbox WHERE petition_id < 0")
    op.execute("UPDATE outbox SET state = 'sent', next_at = NULL WHERE state IN ('sent', 'delivered')")
    op.execute("UPDATE outbox SET state = 'waiting' WHERE state = 'undelivered'")
    op.execute("UPDATE outbox SET state = 'uncertain' WHERE state IN ('withheld', 'overtaken')")
    for table in ("opt_out", "letter", "delivery"):
        op.drop_table(table)
    op.drop_index("outbox_trouble", "outbox")
    op.drop_index("petition_still", "petition")
    for column in ("text", "address", "tried_at", "way"):
        op.drop_column("outbox", column)
