"""The floor's tables on PostgreSQL: their shape, how to connect, and a past to put in them."""

from __future__ import annotations

from typing import Final

import psycopg

from tests.bench.place import libpq_url
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

# Room on each page lets an update stay on it; the partial indexes hold open rows only.
_TABLES: Final = """
create table petition(
    id bigint primary key, reference text not null, team smallint not null,
    category smallint not null, state smallint not null, version int not null,
    petitioner text not null, title text not null, detail text not null,
    received_at timestamptz not null, changed_at timestamptz not null, accepted_at timestamptz,
    resolved_at timestamptz, closed_at timestamptz, rating smallint) with (fillfactor = 80);
create table audit(
    petition bigint not null, number smallint not null, left_state smallint,
    reached_state smallint not null, actor text not null, at timestamptz not null,
    finding jsonb not null, primary key(petition, number));
create table timer(
    petition bigint not null, clock smallint not null, stage smallint not null,
    due_at timestamptz not null, status smallint not null, done_at timestamptz,
    primary key(petition, clock, stage)) with (fillfactor = 80);
create index timer_due on timer(due_at) where status = 0;
create table outbox(
    id bigint generated always as identity primary key, petition bigint not null,
    template text not null, status smallint not null, next_at timestamptz not null,
    content jsonb not null) with (fillfactor = 80);
create index outbox_due on outbox(next_at) where status = 0;
"""

LIMIT_ROWS: Final = "(values {}) limits(clock, stage, seconds)".format(", ".join(str(limit) for limit in LIMITS))
"""The timer limits as rows of a FROM clause."""

_CHUNK: Final = 50_000


def connected(url: str) -> psycopg.Connection[tuple[object, ...]]:
    """A connection that commits by statement."""
    return psycopg.connect(libpq_url(url), autocommit=True)


def prepare(url: str) -> None:
    """Create the four tables."""
    with connected(url) as connection:
        connection.execute(_TABLES)


def fill(url: str, n: int) -> None:
    """Closed petitions, one every few seconds of a past month, written without waiting for disk."""
    steps = "(values {}) step(number, notice)".format(
        ", ".join(f"({step.number}, '{step.notice or ''}')" for step in STEPS)
    )
    petitions = (
        "(select one, now() - interval '60 days' + one * (interval '30 days' / %(n)s) as at"
        " from generate_series(%(low)s::bigint, %(high)s::bigint) one) past"
    )
    statements = (
        (
            "insert into petition select one, 'P-' || lpad(one::text, 7, '0'), one %% 20,"
            f" one %% 30, {CLOSED}, {CLOSED}, %(who)s, %(title)s, %(detail)s, at,"
            " at + interval '20 hours', at + interval '40 seconds',"
            f" at + (1 + one %% 24) * interval '1 hour', at + (2 + one %% 24) * interval '1 hour',"
            f" 1 + one %% 5 from {petitions}"
        ),
        (
            "insert into audit select one, number, nullif(number - 1, -1), number, 'system',"
            f" at + number * interval '3 hours', %(finding)s::jsonb from {petitions}, {steps}"
        ),
        (
            f"insert into timer select one, clock, stage, at + seconds * interval '1 second',"
            f" {STOPPED_TIMER}, at from {petitions}, {LIMIT_ROWS}"
        ),
        (
            "insert into outbox(petition, template, status, next_at, content)"
            f" select one, notice, 1, at, %(content)s::jsonb from {petitions}, {steps}"
            " where notice <> ''"
        ),
    )
    with connected(url) as connection:
        connection.execute("set synchronous_commit = off")
        for low in range(0, n, _CHUNK):
            given = {
                "n": n,
                "low": low,
                "high": min(n, low + _CHUNK) - 1,
                "who": PETITIONER,
                "title": TITLE,
                "detail": DETAIL,
                "finding": FINDING,
                "content": NOTICE,
            }
            with connection.transaction():
                for statement in statements:
                    connection.execute(statement, given)
