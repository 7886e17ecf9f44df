"""Brings a database to the schema of this release, and says in one sentence when it has another one.

The scripts lie in `migrations/` and travel in the wheel. They are numbered, so the newest file's name is the schema
that this release needs: a look at a ready database costs one query and never loads Alembic.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from xixi_workflow.store.connect import Store, StoreError, UnreachableError, reason

if TYPE_CHECKING:
    from alembic.config import Config

_NUMBERED = re.compile(r"(\d{4})_\w+\.py")
#: The PostgreSQL advisory lock of an upgrade: any number that nobody else uses.
_LOCK = 0x78697869
#: How long a second upgrade waits for the first. Longer than any migration should take.
_LONGEST_WAIT = "10min"
#: Alembic keeps what it is doing in module globals.
_one_at_a_time = threading.Lock()


def upgrade(store: Store) -> list[str]:
    """Apply what is missing, oldest first; returns the numbers of the applied migrations.

    Any number of processes may do this at once: one works, the others wait and find nothing to do. Raises `StoreError`
    when the database has a newer schema, cannot be opened or refuses a migration.
    """
    found = _found(store)
    if found == head():
        return []
    _refuse_unknown(store, found)

    from alembic import command
    from alembic.util import CommandError

    with _one_at_a_time:
        try:
            with _alone(store) as connection:
                config = configured(connection)
                command.upgrade(config, "head")
                applied: list[str] = config.attributes.get("applied", [])
                return applied
        except CommandError as error:
            raise StoreError(f"cannot upgrade {store.shown}: {error}") from error
        except SQLAlchemyError as error:
            raise StoreError(f"cannot upgrade {store.shown}: {reason(error)}") from error


def check(store: Store) -> None:
    """Returns if the database has this release's schema; raises `StoreError` with what to do if it has not."""
    found = _found(store)
    if found == head():
        return
    if found is None:
        raise StoreError(f"{store.shown} has no tables yet; run: xixi db upgrade")
    _refuse_unknown(store, found)
    raise StoreError(f"{store.shown} has schema {found} and this release needs {head()}; run: xixi db upgrade")


def head() -> str:
    """The number of the newest migration of this release."""
    return _numbers()[-1]


def configured(connection: sa.Connection) -> Config:
    """Alembic's configuration for work on `connection`."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_folder()).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def _folder() -> Path:
    package = Path(__file__).parents[1]
    shipped = package / "_shipped" / "migrations"
    return shipped if shipped.is_dir() else package.parent / "migrations"


def _numbers() -> list[str]:
    names = (_NUMBERED.fullmatch(path.name) for path in (_folder() / "versions").iterdir())
    numbers = sorted(name[1] for name in names if name)
    if not numbers:
        raise StoreError(f"the migrations are missing from {_folder()}; install the program again")
    return numbers


def _found(store: Store) -> str | None:
    """The number that the database says it has; None when it has no tables, or is not there at all."""
    if store.is_sqlite and not Path(str(store.engine.url.database)).exists():
        # Looking must not create it.
        return None
    try:
        with store.connect() as connection:
            if not store.engine.dialect.has_table(connection, "alembic_version"):
                return None
            found: str | None = connection.scalar(sa.text("SELECT max(version_num) FROM alembic_version"))
            return found
    except SQLAlchemyError as error:
        raise UnreachableError(store.shown, error) from error


def _refuse_unknown(store: Store, found: str | None) -> None:
    if found is None or found in _numbers():
        return
    if re.fullmatch(r"\d{4}", found):
        raise StoreError(
            f"{store.shown} has schema {found} and this release knows only {head()}; install the newer release"
        )
    raise StoreError(f"{store.shown} belongs to another program (its schema is {found!r}); name another database")


@contextmanager
def _alone(store: Store) -> Iterator[sa.Connection]:
    """A connection on which no other process upgrades at the same time; committed at the end."""
    with store.connect() as connection:
        # Given back to nobody: a lock or a timeout that is left on it ends with it.
        connection.detach()
        if store.is_sqlite:
            connection.execution_options(begin="BEGIN IMMEDIATE").begin()
        else:
            connection.exec_driver_sql(f"SET lock_timeout = '{_LONGEST_WAIT}'")
            connection.exec_driver_sql(f"SELECT pg_advisory_lock({_LOCK})")
            connection.commit()
        yield connection
        if connection.in_transaction():
            connection.commit()
