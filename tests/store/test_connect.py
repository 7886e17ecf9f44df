"""A database that cannot be used is told in one line, and one that was away for a moment is used again."""

from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from tests.store.journals import NOW, NUMBER, filing, save
from xixi_workflow.store import migrate
from xixi_workflow.store.connect import RETRYABLE, Store, StoreError, UnreachableError


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("", "this is no database URL"),
        ("petitions.db", "this is no database URL"),
        ("postgresql://centre:secret@host:port/petitions", "this is no database URL"),
        ("mysql://centre:secret@host/petitions", "mysql is not supported; use sqlite or postgresql"),
        ("postgresql+asyncpg://centre:secret@host/petitions", "asyncpg is not supported"),
        ("sqlite://", "must survive a restart"),
        ("sqlite:///:memory:", "must survive a restart"),
    ],
)
def test_a_url_that_cannot_be_used_is_refused_at_once(url: str, told: str) -> None:
    with pytest.raises(StoreError, match=told) as refusal:
        Store(url)
    assert "secret" not in str(refusal.value)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_every_usual_name_of_postgresql_will_do_and_no_password_is_shown(scheme: str) -> None:
    store = Store(f"{scheme}://centre:secret@127.0.0.1/petitions")
    assert store.shown == "postgresql+psycopg://centre:***@127.0.0.1/petitions"
    store.close()


@pytest.mark.parametrize(
    "url", ["sqlite:///{folder}", "sqlite:///{folder}/none/xixi.db", "postgresql://centre:secret@/x?host={folder}"]
)
def test_a_database_that_cannot_be_opened_is_told_in_one_line(url: str, tmp_path: Path) -> None:
    store = Store(url.format(folder=tmp_path))

    def transact() -> None:
        with store.transaction() as tx:
            tx.due(NOW, 1)

    def read() -> None:
        with store.reading() as connection:
            connection.execute(sa.text("SELECT 1"))

    for use in (transact, read, lambda: migrate.upgrade(store)):
        with pytest.raises(UnreachableError, match=r"^cannot open ") as refusal:
            use()
        assert "\n" not in str(refusal.value)
        assert "secret" not in str(refusal.value)
    store.close()


@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_server_that_was_away_for_a_moment_costs_one_attempt(store: Store, other: Store, database_url: str) -> None:
    save(store, filing(1))
    with store.transaction() as one, store.transaction() as two:
        one.load([NUMBER + 1])
        two.find([("a", "b")])
    with psycopg.connect(database_url.replace("+psycopg", ""), autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    with pytest.raises(RETRYABLE):
        save(store, filing(2))
    # Both connections of the pool were cut, and neither is tried again.
    save(store, filing(2))
    with store.transaction() as one, store.transaction() as two:
        assert len(one.load([NUMBER + 1, NUMBER + 2])) == len(two.texts([NUMBER + 1, NUMBER + 2])) == 2


@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_statement_that_fails_leaves_the_connection_in_use(store: Store) -> None:
    def backend() -> int:
        with store.reading() as connection:
            return int(connection.scalar(sa.text("SELECT pg_backend_pid()")) or 0)

    before = backend()
    save(store, filing(1))
    with pytest.raises(RETRYABLE):
        save(store, filing(1))
    assert backend() == before


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_sqlite_promises_that_what_was_acknowledged_survives_a_power_cut(store: Store) -> None:
    with store.reading() as connection:
        found = {name: connection.scalar(sa.text(f"PRAGMA {name}")) for name in ("journal_mode", "synchronous")}
    assert found == {"journal_mode": "wal", "synchronous": 2}


def test_a_rare_write_waits_for_its_turn_and_is_undone_when_it_fails(store: Store) -> None:
    def fail() -> None:
        with store.writing() as connection:
            connection.execute(sa.text("INSERT INTO counter (day, last) VALUES (20261123, 5)"))
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    with store.transaction() as tx:
        assert tx.reserve(20261123, 1) == 1
