"""The floor's tables on SQLite: their shape, how to open them, and a past to put in them."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Final

from tests.bench.place import sqlite_path
from tests.bench.workload import (
    CLOSED,
    DETAIL,
    FINDING,
    LIMITS,
    NOTICE,
    PETITIONER,
    STEPS,
    STOPPED_TIMER,
    TITLE,
)

_TABLES: Final = """
create table petition(
    id integer primary key, reference text not null, team int not null, category int not null,
    state int not null, version int not null, petitioner text not null, title text not null,
    detail text not null, received_at real not null, changed_at real not null,
    accepted_at real, resolved_at real, closed_at real, rating int);
create table audit(
    petition int not null, number int not null, left_state int, reached_state int not null,
    actor text not null, at real not null, finding text not null,
    primary key(petition, number)) without rowid;
create table timer(
    petition int not null, clock int not null, stage int not null, due_at real not null,
    status int not null, done_at real, primary key(petition, clock, stage)) without rowid;
create index timer_due on timer(due_at) where status = 0;
create table outbox(
    id integer primary key, petition int not null, template text not null, status int not null,
    next_at real not null, content text not null);
create index outbox_due on outbox(next_at) where status = 0;
"""

_SETTINGS: Final = (
    "journal_mode=wal",
    "synchronous=full",
    "cache_size=-200000",
    "mmap_size=1073741824",
    "temp_store=memory",
    "wal_autocheckpoint=4000",
    "busy_timeout=10000",
)

_CHUNK: Final = 50_000


@contextmanager
def opened(url: str, *, durable: bool = True) -> Iterator[sqlite3.Connection]:
    """A connection that commits by statement; ``durable=False`` leaves the disk to itself."""
    with closing(sqlite3.connect(sqlite_path(url), isolation_level=None)) as connection:
        for setting in _SETTINGS:
            connection.execute(f"pragma {setting}")
        if not durable:
            connection.execute("pragma synchronous=off")
        yield connection


def prepare(url: str) -> None:
    """Create the four tables."""
    with opened(url) as connection:
        connection.executescript(_TABLES)


def fill(url: str, n: int) -> None:
    """Closed petitions, one every few seconds of a past month, written without waiting for disk."""
    with opened(url, durable=False) as connection:
        run = connection.execute
        run("create temp table fill(id integer primary key, at real not null)")
        run("create temp table clock(number int, stage int, due real)")
        connection.executemany("insert into clock values(?, ?, ?)", LIMITS)
        run("create temp table step(number int, notice text)")
        connection.executemany("insert into step values(?, ?)", [(step.number, step.notice) for step in STEPS])
        past = time.time() - 60 * 86_400
        # "cross join" keeps the petitions outside, so that rows arrive in the order of their key.
        for low in range(0, n, _CHUNK):
            run("begin")
            run("delete from fill")
            connection.executemany(
                "insert into fill values(?, ?)",
                ((one, past + one * 30 * 86_400 / n) for one in range(low, min(n, low + _CHUNK))),
            )
            run(
                "insert into petition select id, printf('P-%07d', id), id % 20, id % 30,"
                f" {CLOSED}, {CLOSED}, ?, ?, ?, at, at + 72000, at + 40 + id % 60,"
                " at + 3600 * (1 + id % 24), at + 3600 * (2 + id % 24), 1 + id % 5 from fill",
                (PETITIONER, TITLE, DETAIL),
            )
            run(
                "insert into audit select id, number, nullif(number - 1, -1), number, 'system',"
                " at + number * 10800, ? from fill cross join step",
                (FINDING,),
            )
            run(f"insert into timer select id, number, stage, at + due, {STOPPED_TIMER}, at from fill cross join clock")
            run(
                "insert into outbox(petition, template, status, next_at, content)"
                " select id, notice, 1, at, ? from fill cross join step where notice is not null",
                (NOTICE,),
            )
            run("commit")
