"""First tables."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

# As they were at this revision: `store/tables.py` moves on, a migration never does.
TEXT = sa.String()
SMALL = sa.SmallInteger()
BIG = sa.BigInteger()
#: SQLite keeps a row under its INTEGER key itself; any other type would cost a second tree.
KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
#: Microseconds since 1970 on SQLite, which has no type for time.
INSTANT = sa.DateTime(timezone=True).with_variant(sa.BigInteger(), "sqlite")


def be_patient() -> None:
    # PostgreSQL queues everybody behind a statement that waits for a table's lock, so a migration that meets a long
    # query would stop the whole centre: rather give up after 3 s and be started again at a quieter moment. A statement
    # that runs longer than a minute holds its lock that long: backfill in batches, build indexes CONCURRENTLY.
    if op.get_context().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '3s'")
        op.execute("SET LOCAL statement_timeout = '60s'")


def has(name: str, kind: sa.types.TypeEngine[Any]) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False)


def may_have(name: str, kind: sa.types.TypeEngine[Any]) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=True)


def lone_key(name: str, kind: sa.types.TypeEngine[Any]) -> sa.Column[Any]:
    return sa.Column(name, kind, primary_key=True, autoincrement=False)


def upgrade() -> None:
    be_patient()
    op.create_table(
        "petition",
        lone_key("id", KEY),
        has("source", TEXT),
        has("source_id", TEXT),
        has("policy", SMALL),
        has("state", TEXT),
        has("category", TEXT),
        has("lead", TEXT),
        has("urgency", TEXT),
        has("round", SMALL),
        may_have("result", TEXT),
        may_have("rating", TEXT),
        has("received_at", INSTANT),
        may_have("closed_at", INSTANT),
        may_have("wake_at", INSTANT),
        has("live", sa.LargeBinary()),
        sa.UniqueConstraint("source", "source_id", name="petition_source"),
    )
    index_what_waits("petition_wake", "petition", "wake_at")
    op.create_table(
        "intake",
        lone_key("petition_id", KEY),
        has("title", TEXT),
        has("content", TEXT),
        has("address", TEXT),
        has("community", TEXT),
        has("channel", TEXT),
        has("nature", TEXT),
        has("name", TEXT),
        has("phone", TEXT),
        has("language", TEXT),
        has("confidential", sa.Boolean()),
    )
    op.create_table(
        "journal",
        has("petition_id", BIG),
        has("seq", SMALL),
        has("seal", BIG),
        has("event", TEXT),
        has("state", TEXT),
        has("at", INSTANT),
        may_have("noticed_at", INSTANT),
        has("actor", TEXT),
        may_have("data", TEXT),
        sa.PrimaryKeyConstraint("petition_id", "seq"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "seal",
        lone_key("number", KEY),
        has("at", INSTANT),
        has("policy", sa.Integer()),
        has("entries", sa.Integer()),
        has("hash", sa.LargeBinary()),
    )
    chain = op.create_table(
        "chain",
        lone_key("id", SMALL),
        has("number", BIG),
        has("hash", sa.LargeBinary()),
    )
    # The seal before the first.
    op.bulk_insert(chain, [{"id": 1, "number": 0, "hash": bytes(32)}])
    op.create_table(
        "outcome",
        has("petition_id", BIG),
        has("clock", TEXT),
        has("key", TEXT),
        has("started_at", INSTANT),
        has("round", SMALL),
        has("team", TEXT),
        has("result", TEXT),
        has("due_at", INSTANT),
        may_have("settled_at", INSTANT),
        may_have("paused_for", sa.Float()),
        may_have("extended_for", sa.Float()),
        sa.PrimaryKeyConstraint("petition_id", "clock", "key", "started_at"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "outbox",
        has("petition_id", BIG),
        has("seq", SMALL),
        has("n", SMALL),
        has("kind", TEXT),
        has("recipient", TEXT),
        has("vars", TEXT),
        has("state", TEXT),
        may_have("next_at", INSTANT),
        has("attempts", SMALL),
        may_have("sent_at", INSTANT),
        may_have("remark", TEXT),
        sa.PrimaryKeyConstraint("petition_id", "seq", "n"),
        sqlite_with_rowid=False,
    )
    index_what_waits("outbox_next", "outbox", "next_at")
    op.create_table(
        "policy",
        lone_key("version", sa.Integer()),
        has("digest", TEXT),
        has("at", INSTANT),
        has("canonical", TEXT),
    )
    op.create_table("counter", lone_key("day", sa.Integer()), has("last", sa.Integer()))
    op.create_table("trouble", lone_key("petition_id", KEY), has("at", INSTANT), has("error", TEXT))
    op.create_table("service", sa.Column("name", TEXT, primary_key=True), has("at", INSTANT), has("data", TEXT))


def index_what_waits(name: str, table: str, column: str) -> None:
    waits = sa.text(f"{column} IS NOT NULL")
    op.create_index(name, table, [column], sqlite_where=waits, postgresql_where=waits)


def downgrade() -> None:
    be_patient()
    for table in (
        "service", "trouble", "counter", "policy", "outbox", "outcome", "chain", "seal", "journal", "intake",
        "petition",
    ):  # fmt: skip
        op.drop_table(table)
