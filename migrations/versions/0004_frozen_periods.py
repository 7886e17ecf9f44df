"""Reports that nobody can argue with: frozen periods, edited sentences, and the files that were issued."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

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


def upgrade() -> None:
    be_patient()
    op.create_table(
        "frozen",
        has("period", TEXT),
        has("version", SMALL),
        has("cut_off", INSTANT),
        has("at", INSTANT),
        has("by", TEXT),
        has("policy", sa.Integer()),
        has("past", TEXT),
        has("figures", sa.LargeBinary()),
        has("digest", TEXT),
        has("seal", BIG),
        has("root", TEXT),
        has("changes", TEXT),
        has("reasons", TEXT),
        has("report", TEXT),
        sa.PrimaryKeyConstraint("period", "version"),
    )
    op.create_table(
        "sentence_edit",
        has("period", TEXT),
        has("form", TEXT),
        has("team", TEXT),
        has("language", TEXT),
        has("key", TEXT),
        has("n", SMALL),
        has("was", TEXT),
        has("text", TEXT),
        has("by", TEXT),
        has("at", INSTANT),
        sa.PrimaryKeyConstraint("period", "form", "team", "language", "key", "n"),
    )
    op.create_table(
        "issued",
        sa.Column("id", KEY, primary_key=True),
        has("sha256", TEXT),
        has("name", TEXT),
        has("period", TEXT),
        has("version", SMALL),
        has("form", TEXT),
        has("team", TEXT),
        has("language", TEXT),
        has("audience", TEXT),
        has("format", TEXT),
        has("by", TEXT),
        has("at", INSTANT),
        has("bytes", BIG),
        sqlite_autoincrement=True,
    )
    op.create_index("issued_digest", "issued", ["sha256"])
    op.create_index("issued_period", "issued", ["period"])


def downgrade() -> None:
    be_patient()
    for table in ("issued", "sentence_edit", "frozen"):
        op.drop_table(table)
