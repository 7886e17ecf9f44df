"""${message.strip().capitalize().rstrip(".")}.

It must work while the previous release still runs: expand, backfill, contract are three migrations, not one.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
${imports if imports else ""}
revision = "${up_revision}"
down_revision = "${down_revision}"


def be_patient() -> None:
    # PostgreSQL queues everybody behind a statement that waits for a table's lock, so a migration that meets a long
    # query would stop the whole centre: rather give up after 3 s and be started again at a quieter moment. A statement
    # that runs longer than a minute holds its lock that long: backfill in batches, build indexes CONCURRENTLY.
    if op.get_context().dialect.name == "postgresql":
        op.execute("SET LOCAL lock_timeout = '3s'")
        op.execute("SET LOCAL statement_timeout = '60s'")


def upgrade() -> None:
    be_patient()
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    be_patient()
    ${downgrades if downgrades else "pass"}
