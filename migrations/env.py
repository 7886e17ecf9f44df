"""How a migration is run, by `xixi db upgrade` (which hands over its connection) or by a programmer:

`alembic -c migrations/alembic.ini -x database=sqlite:///FILE revision --autogenerate -m "add follow up question"`
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import sqlalchemy as sa
from alembic import context
from alembic.operations import MigrationScript
from alembic.runtime.migration import MigrationContext, MigrationInfo
from alembic.script import ScriptDirectory
from alembic.util import CommandError

from xixi_workflow.store.connect import Store
from xixi_workflow.store.tables import metadata


def number(_context: MigrationContext, _revision: object, directives: list[MigrationScript]) -> None:
    """A new revision is the head's number plus one: two branches that add one collide on purpose."""
    head = ScriptDirectory.from_config(context.config).get_current_head()
    directives[0].rev_id = f"{int(head or 0) + 1:04}"


def run(connection: sa.Connection) -> None:
    on_postgresql = connection.dialect.name == "postgresql"

    def note(ctx: MigrationContext, step: MigrationInfo, heads: Collection[Any], run_args: Mapping[str, Any]) -> None:
        del ctx, heads, run_args
        applied: list[str] = context.config.attributes.setdefault("applied", [])
        applied.append(str(step.up_revision_id))

    context.configure(
        connection=connection,
        target_metadata=metadata,
        # SQLite can roll back DDL, whatever Alembic thinks: all pending migrations happen or none. On PostgreSQL each
        # is a transaction of its own, so that one may build an index CONCURRENTLY outside of any.
        transactional_ddl=True,
        transaction_per_migration=on_postgresql,
        render_as_batch=not on_postgresql,
        process_revision_directives=number,
        on_version_apply=note,
    )
    with context.begin_transaction():
        context.run_migrations()


def main() -> None:
    given = context.config.attributes.get("connection")
    if isinstance(given, sa.Connection):
        run(given)
        return
    url = context.get_x_argument(as_dictionary=True).get("database")
    if context.is_offline_mode() or not isinstance(url, str):
        raise CommandError("name a database: alembic -x database=sqlite:///FILE …")
    store = Store(url)
    try:
        with store.engine.connect() as connection:
            run(connection)
            connection.commit()
    finally:
        store.close()


main()
