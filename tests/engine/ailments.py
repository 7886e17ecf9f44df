"""Damage done behind the engine's back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import psycopg
import sqlalchemy as sa
from sqlalchemy.engine import make_url

from tests.conftest import driver_uri
from tests.engine.centre import petition
from xixi_workflow.core.petition import Petition
from xixi_workflow.engine.handle import Engine
from xixi_workflow.store.rows import encode_petition
from xixi_workflow.store.tables import PetitionRow


def _broken(_: Petition) -> bytes:
    return b"\xc1\xff not a petition"


def _lawless(ill: Petition) -> bytes:
    ill.policy = 999
    return encode_petition(ill)


def _forgetful(ill: Petition) -> bytes:
    # It would write its journal a second time.
    ill.seq = 0
    return encode_petition(ill)


#: What can be wrong with a working state, each found at another point of its way.
POISONS: Final[dict[str, Callable[[Petition], bytes]]] = {
    "it cannot be read": _broken,
    "its policy is gone": _lawless,
    "it cannot be saved": _forgetful,
}


def spoil(engine: Engine, number: int, poison: str) -> None:
    """Damage the working state of a petition; `poison` is one of `POISONS`."""
    write(engine, number, live=POISONS[poison](petition(engine, number)))


def write(engine: Engine, number: int, **values: Any) -> None:
    """Set columns of a petition's row."""
    table = PetitionRow.__table__  # type: ignore[attr-defined]
    with engine.store.writing() as connection:
        connection.execute(sa.update(table).where(table.c.id == number).values(**values))


def cut_connections(engine: Engine) -> None:
    """End every connection to the engine's PostgreSQL database."""
    with psycopg.connect(driver_uri(make_url(engine.store.url)), autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@contextmanager
def locked(engine: Engine) -> Iterator[sa.Connection]:
    """Somebody else holds what every writer needs: SQLite's one write lock, or the head of PostgreSQL's journal."""
    with engine.store.writing() as connection:
        if not engine.store.is_sqlite:
            connection.execute(sa.text("SELECT * FROM chain FOR UPDATE"))
        yield connection
