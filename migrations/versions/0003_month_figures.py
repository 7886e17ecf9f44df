"""What a month's figures need to leave the past unread: two indexes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

#: Clocks that were due more than fifteen days after they were settled.
FAR = {
    "sqlite": "due_at - settled_at > 1296000000000",
    "postgresql": "due_at - settled_at > interval '15 days'",
}


def be_patient() -> None:
    # See 0001. Both indexes are small, but every row of their table is looked at once.
    if op.get_context().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '3s'")
        op.execute("SET LOCAL statement_timeout = '600s'")


def upgrade() -> None:
    be_patient()
    over = sa.text("closed_at IS NOT NULL")
    op.create_index("petition_closed", "petition", ["closed_at"], sqlite_where=over, postgresql_where=over)
    far = {f"{dialect}_where": sa.text(which) for dialect, which in FAR.items()}
    op.create_index("outcome_far_due", "outcome", ["due_at"], **far)


def downgrade() -> None:
    be_patient()
    op.drop_index("outcome_far_due", "outcome")
    op.drop_index("petition_closed", "petition")
