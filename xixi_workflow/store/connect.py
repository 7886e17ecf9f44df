"""Opening the database named by a URL, and one transaction at a time on it.

`sqlite:///file.db` is the embedded default; `postgresql+psycopg://…` is the same code with another URL. The engine's
pool is SQLAlchemy's; hot paths take the driver's own connection from it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from xixi_workflow.store.bell import Bell, PostgresBell, SocketBell
from xixi_workflow.store.postgresql import PostgresTx
from xixi_workflow.store.rows import Tx
from xixi_workflow.store.sqlite import LONGEST_WAIT, SqliteTx

#: WAL lets readers read while one writes; FULL keeps the promise that an acknowledged petition survives a power cut,
#: and costs nothing measurable once commands are committed in groups. 20 s is longer than any batch.
_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    f"busy_timeout={int(LONGEST_WAIT * 1000)}",
    "cache_size=-65536",
    "mmap_size=268435456",
    "temp_store=MEMORY",
    "wal_autocheckpoint=4000",
)


class StoreError(Exception):
    """The database cannot be used; the message is one plain sentence for an operator."""


class UnreachableError(StoreError):
    """No connection could be had; perhaps a moment later."""

    def __init__(self, shown: str, error: Exception) -> None:
        super().__init__(f"cannot open {shown}: {reason(error)}")


class CommitLostError(StoreError):
    """The connection was cut during a commit: whether it counts is known only to the database. `sealed` names it."""

    def __init__(self, shown: str, sealed: tuple[int, bytes]) -> None:
        super().__init__(f"the answer of {shown} to a commit was lost")
        self.sealed = sealed


def reason(error: Exception) -> str:
    """What the driver says, in one line and without the statement."""
    return " ".join(str(error.__cause__ or error).split())


#: What another attempt may cure: locks, deadlocks, a lost race for a source's id, a connection that was cut.
RETRYABLE: tuple[type[Exception], ...] = (
    sqlite3.IntegrityError,
    psycopg.errors.UniqueViolation,
    psycopg.errors.DeadlockDetected,
    psycopg.errors.SerializationFailure,
    psycopg.OperationalError,
    sqlite3.OperationalError,
    UnreachableError,
    CommitLostError,
)


def blames_database(error: Exception) -> bool:
    """Whether `error` is the database's own trouble. Anything else, and what it will not hold (a NUL in a text on
    PostgreSQL, a key that is taken), is the fault of what was asked of it.
    """
    if isinstance(error, (psycopg.DataError, psycopg.IntegrityError, sqlite3.DataError, sqlite3.IntegrityError)):
        return False
    return isinstance(error, (StoreError, SQLAlchemyError, psycopg.Error, sqlite3.Error))


class Store:
    """The petition database."""

    def __init__(self, url: str) -> None:
        try:
            parsed = make_url(url)
        except (ArgumentError, ValueError):
            # Not quoted: a password may be in it.
            raise StoreError("this is no database URL; write sqlite:///FILE or postgresql://USER@HOST/NAME") from None
        if parsed.drivername in ("postgresql", "postgres"):
            parsed = parsed.set(drivername="postgresql+psycopg")
        if parsed.drivername not in ("sqlite", "postgresql+psycopg"):
            raise StoreError(f"{parsed.drivername} is not supported; use sqlite or postgresql")
        self.is_sqlite = parsed.drivername == "sqlite"
        if self.is_sqlite and parsed.database in (None, "", ":memory:"):
            raise StoreError("petitions must survive a restart: name a file, as in sqlite:///petitions.db")
        self.url = parsed.render_as_string(hide_password=False)
        self.shown = parsed.render_as_string(hide_password=True)
        if self.is_sqlite:
            self.engine = sa.create_engine(parsed, connect_args={"check_same_thread": False, "timeout": LONGEST_WAIT})
            event.listen(self.engine, "connect", _prepare_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)
            self.bell: Bell = SocketBell(f"{parsed.database}-bell")
        else:
            options = "-c timezone=UTC -c lock_timeout=20s -c idle_in_transaction_session_timeout=60s"
            self.engine = sa.create_engine(parsed, pool_size=8, connect_args={"options": options})
            self.bell = PostgresBell(parsed.set(drivername="postgresql").render_as_string(hide_password=False))

    @contextmanager
    def transaction(self) -> Iterator[Tx]:
        """One transaction on the hot path: committed at the end, rolled back on any exception.

        Raises `CommitLostError` when nobody can tell which of the two it was.
        """
        try:
            pooled = self.engine.raw_connection()
        except (SQLAlchemyError, sqlite3.Error, psycopg.Error) as error:
            raise UnreachableError(self.shown, error) from error
        raw: Any = pooled.driver_connection
        tx: SqliteTx | PostgresTx = SqliteTx(raw) if self.is_sqlite else PostgresTx(raw)
        try:
            tx.begin()
            try:
                yield tx
                try:
                    tx.commit()
                except psycopg.OperationalError as error:
                    if isinstance(tx, PostgresTx) and tx.sealed is not None and raw.closed:
                        raise CommitLostError(self.shown, tx.sealed) from error
                    raise
            except BaseException:
                tx.rollback()
                raise
        finally:
            if not self.is_sqlite and raw.closed:
                # The server went away, and with it every other connection of the pool.
                pooled.invalidate()
                self.engine.dispose()
            pooled.close()

    def holds(self, sealed: tuple[int, bytes]) -> bool:
        """Whether a commit whose answer was lost (`CommitLostError`) counts after all."""
        with self.transaction() as tx:
            return isinstance(tx, PostgresTx) and tx.holds(sealed)

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """A connection for views; committed at the end."""
        with self.connect() as connection:
            yield connection
            connection.commit()

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A connection for rare writes, committed at the end. SQLite's one writer is waited for at the beginning: a
        reader that turns writer later is refused at once if somebody else wrote in between.
        """
        with self.connect().execution_options(begin="BEGIN IMMEDIATE") as connection, connection.begin():
            yield connection

    def connect(self) -> sa.Connection:
        """A connection to close again; raises `UnreachableError`."""
        try:
            return self.engine.connect()
        except SQLAlchemyError as error:
            raise UnreachableError(self.shown, error) from error

    def close(self) -> None:
        """Let go of every connection."""
        self.bell.close()
        self.engine.dispose()


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # The driver's own guessing at transactions is off: `begin` below and `SqliteTx` say when one starts.
    connection.isolation_level = None
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: sa.Connection) -> None:
    connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))
