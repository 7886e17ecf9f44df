"""The migrations build what `store/tables.py` describes, on both databases, and nothing is lost on the way."""

import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from xixi_workflow.store import migrate
from xixi_workflow.store.connect import Store, StoreError
from xixi_workflow.store.tables import metadata

ROOT = Path(__file__).parents[2]
VERSIONS = ROOT / "migrations" / "versions"
NUMBERS = sorted(path.name[:4] for path in VERSIONS.glob("[0-9]*.py"))


@pytest.fixture
def empty(empty_database_url: str) -> Iterator[Store]:
    store = Store(empty_database_url)
    yield store
    store.close()


@pytest.fixture
def ready(database_url: str) -> Iterator[Store]:
    store = Store(database_url)
    yield store
    store.close()


@contextmanager
def alembic_on(store: Store) -> Iterator[Any]:
    with store.engine.connect() as connection:
        yield migrate.configured(connection)
        connection.commit()


def catalogue(store: Store) -> dict[str, Any]:
    """Everything that the database itself knows of our tables, in a form that can be compared."""
    with store.engine.connect() as connection:
        if store.is_sqlite:
            rows = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
            found: dict[str, Any] = {name: " ".join(sql.split()) for name, sql in rows if "alembic" not in name}
            for name in list(found):
                found[f"columns of {name}"] = connection.exec_driver_sql(f"PRAGMA table_xinfo({name})").fetchall()
                found[f"keys of {name}"] = sorted(
                    tuple(row[1:]) for row in connection.exec_driver_sql(f"PRAGMA index_list({name})")
                )
            return found
        columns = connection.exec_driver_sql(
            "SELECT table_name, column_name, data_type, is_nullable, column_default, character_maximum_length"
            " FROM information_schema.columns WHERE table_schema = 'public' AND table_name <> 'alembic_version'"
            " ORDER BY table_name, ordinal_position"
        )
        indexes = connection.exec_driver_sql(
            "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' AND tablename <> 'alembic_version'"
        )
        return {"columns": [tuple(row) for row in columns], **{row[0]: row[1] for row in indexes}}


def one_of_each(connection: sa.Connection, seed: int) -> dict[str, list[Any]]:
    """Add a row to every table that is there now; returns all rows by table."""
    there = sa.MetaData()
    there.reflect(connection)
    for table in there.sorted_tables:
        if table.name in ("alembic_version", "chain"):
            continue
        connection.execute(sa.insert(table).values({c.name: some_value(c, seed) for c in table.columns}))
    return {t.name: rows_of(connection, t) for t in there.sorted_tables if t.name != "alembic_version"}


def some_value(column: sa.Column[Any], seed: int) -> Any:
    return {
        bytes: b"\x00\xff" * seed,
        bool: True,
        float: seed / 3,
        str: f"第{seed}号",
        datetime: datetime(2026, 11, 23, 8, 0, seed, 123456, tzinfo=UTC),
    }.get(column.type.python_type, seed)


def rows_of(connection: sa.Connection, table: sa.Table) -> list[Any]:
    return sorted(tuple(row) for row in connection.execute(sa.select(table)))


def test_the_migrations_are_numbered_without_gaps_and_have_one_head() -> None:
    scripts = ScriptDirectory(str(ROOT / "migrations"))
    assert [f"{n:04}" for n in range(1, len(NUMBERS) + 1)] == NUMBERS
    assert scripts.get_heads() == [NUMBERS[-1]] == [migrate.head()]
    assert [s.revision for s in scripts.walk_revisions()] == NUMBERS[::-1]


@pytest.mark.parametrize("path", sorted(VERSIONS.glob("[0-9]*.py")), ids=lambda p: p.stem)
def test_every_migration_bounds_how_long_it_waits_and_runs(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert "SET LOCAL lock_timeout" in text
    assert "SET LOCAL statement_timeout" in text
    assert text.count("    be_patient()\n") == 2


def test_an_empty_database_becomes_what_the_models_say(empty: Store) -> None:
    assert migrate.upgrade(empty) == NUMBERS
    with empty.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, metadata) == []


def test_migrations_and_models_make_the_same_tables_and_indexes_to_the_letter(
    empty: Store, empty_database_url: str, request: pytest.FixtureRequest
) -> None:
    metadata.create_all(empty.engine)
    from_models = catalogue(empty)
    metadata.drop_all(empty.engine)
    migrate.upgrade(empty)
    assert catalogue(empty) == from_models
    text = str(from_models)
    assert (text.count("next_at IS NOT NULL"), text.count("wake_at IS NOT NULL")) == (2, 1)
    if empty.is_sqlite:
        assert text.count("WITHOUT ROWID") == 4
        # A lone key is the row's own place: no second tree under the names of these tables.
        assert [found for name, found in from_models.items() if name in ("keys of seal", "keys of intake")] == [[], []]
    else:
        # Letters and issued files alone are numbered by the database.
        numbered = [text.count(f"nextval('{table}_id_seq'") for table in ("letter", "issued")]
        assert (text.count("nextval"), numbered) == (2, [1, 1])


def test_the_chain_of_seals_begins_with_zeros(ready: Store) -> None:
    with ready.reading() as connection:
        rows = connection.exec_driver_sql("SELECT id, number, hash FROM chain").fetchall()
    assert [(row[0], row[1], bytes(row[2])) for row in rows] == [(1, 0, bytes(32))]


def test_down_one_step_and_up_again_gives_the_same_schema(empty: Store) -> None:
    migrate.upgrade(empty)
    before = catalogue(empty)
    with alembic_on(empty) as config:
        command.downgrade(config, "-1")
    with pytest.raises(StoreError, match="xixi db upgrade"):
        migrate.check(empty)
    assert migrate.upgrade(empty) == NUMBERS[-1:]
    assert catalogue(empty) == before


def test_all_the_way_down_leaves_nothing_of_ours(empty: Store) -> None:
    migrate.upgrade(empty)
    with alembic_on(empty) as config:
        command.downgrade(config, "base")
    assert sa.inspect(empty.engine).get_table_names() == ["alembic_version"]
    assert migrate.upgrade(empty) == NUMBERS


@pytest.mark.parametrize("number", NUMBERS)
def test_rows_written_at_any_schema_are_there_at_the_newest(empty: Store, number: str) -> None:
    with alembic_on(empty) as config:
        command.upgrade(config, number)
    with empty.engine.begin() as connection:
        one_of_each(connection, 1)
        before = one_of_each(connection, 2)
    migrate.upgrade(empty)
    with empty.engine.begin() as connection:
        there = sa.MetaData()
        there.reflect(connection)
        after = {t.name: len(rows_of(connection, t)) for t in there.sorted_tables if t.name in before}
    assert after == {name: len(rows) for name, rows in before.items()}


def test_rows_of_the_schema_before_the_newest_survive_going_up_and_down_again(empty: Store) -> None:
    migrate.upgrade(empty)
    with alembic_on(empty) as config:
        command.downgrade(config, "-1")
    with empty.engine.begin() as connection:
        before = one_of_each(connection, 3)
    migrate.upgrade(empty)
    with alembic_on(empty) as config:
        command.downgrade(config, "-1")
    with empty.engine.begin() as connection:
        there = sa.MetaData()
        there.reflect(connection)
        assert {t.name: rows_of(connection, t) for t in there.sorted_tables if t.name in before} == before


def test_upgrading_twice_does_nothing_the_second_time(ready: Store) -> None:
    with ready.engine.begin() as connection:
        before = one_of_each(connection, 1)
    assert migrate.upgrade(ready) == []
    migrate.check(ready)
    with ready.engine.begin() as connection:
        there = sa.MetaData()
        there.reflect(connection)
        assert {t.name: rows_of(connection, t) for t in there.sorted_tables if t.name in before} == before


def test_a_database_without_tables_is_told_to_upgrade(empty: Store) -> None:
    with pytest.raises(StoreError, match=r"has no tables yet; run: xixi db upgrade$"):
        migrate.check(empty)


def test_looking_at_a_missing_file_does_not_create_it(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'none.db'}")
    with pytest.raises(StoreError, match="no tables yet"):
        migrate.check(store)
    store.close()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("found", "told"),
    [
        ("0000", f"has schema 0000 and this release knows only {NUMBERS[-1]}"),
        ("9999", f"has schema 9999 and this release knows only {NUMBERS[-1]}; install the newer release"),
        ("a1b2c3d4", "belongs to another program .its schema is 'a1b2c3d4'.; name another database"),
    ],
)
def test_a_schema_that_this_release_does_not_know_is_refused_and_left_alone(
    ready: Store, found: str, told: str
) -> None:
    with ready.engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = :found"), {"found": found})
    for ask in (migrate.check, migrate.upgrade):
        with pytest.raises(StoreError, match=told) as refusal:
            ask(ready)
        assert "\n" not in str(refusal.value)
    with ready.engine.begin() as connection:
        assert connection.scalar(sa.text("SELECT version_num FROM alembic_version")) == found


def test_an_older_schema_is_told_to_upgrade(ready: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As if this release had one migration more."""
    folder = tmp_path / "migrations" / "versions"
    folder.mkdir(parents=True)
    for number in [*NUMBERS, f"{len(NUMBERS) + 1:04}"]:
        (folder / f"{number}_something.py").touch()
    monkeypatch.setattr(migrate, "_folder", lambda: tmp_path / "migrations")
    with pytest.raises(StoreError, match=f"has schema {NUMBERS[-1]} and this release needs .*; run: xixi db upgrade$"):
        migrate.check(ready)


def test_a_file_that_is_no_database_is_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "letter.db"
    path.write_text("Dear Sir or Madam, " * 500)
    store = Store(f"sqlite:///{path}")
    for ask in (migrate.check, migrate.upgrade):
        with pytest.raises(StoreError, match=r"^cannot open .*letter\.db: file is not a database$"):
            ask(store)
    store.close()


def test_a_folder_that_is_not_there_is_refused_in_one_line(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'none' / 'xixi.db'}")
    with pytest.raises(StoreError, match=r"^cannot open .*: unable to open database file$"):
        migrate.upgrade(store)
    store.close()


LOOK = """
import sys
from xixi_workflow.store import migrate
from xixi_workflow.store.connect import Store
store = Store(sys.argv[1])
migrate.check(store)
assert migrate.upgrade(store) == []
store.close()
assert not [name for name in sys.modules if name.split(".")[0] in ("alembic", "mako")]
"""


def test_a_ready_database_is_recognised_without_loading_alembic_from_any_folder(
    database_url: str, tmp_path: Path
) -> None:
    subprocess.run([sys.executable, "-c", LOOK, database_url], cwd=tmp_path, check=True)


UPGRADE = """
import sys
from xixi_workflow.store import migrate
from xixi_workflow.store.connect import Store
store = Store(sys.argv[1])
sys.stdin.readline()
print(",".join(migrate.upgrade(store)))
store.close()
"""


def test_of_several_processes_that_upgrade_at_once_one_works_and_the_others_wait(empty_database_url: str) -> None:
    several = [
        subprocess.Popen(
            [sys.executable, "-c", UPGRADE, empty_database_url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    for process in several:
        assert process.stdin is not None
        process.stdin.write("now\n")
        process.stdin.flush()
    answers = [process.communicate() for process in several]
    assert [errors for _, errors in answers] == [""] * 4
    assert sorted(out.strip() for out, _ in answers) == ["", "", "", ",".join(NUMBERS)]


def test_who_upgrades_while_another_does_waits_for_its_turn(empty: Store, empty_database_url: str) -> None:
    second = Store(empty_database_url)

    def take_a_turn() -> None:
        with migrate._alone(second):
            pass

    with ThreadPoolExecutor(1) as pool:
        with migrate._alone(empty):
            waiting = pool.submit(take_a_turn)
            with pytest.raises(TimeoutError):
                waiting.result(timeout=0.3)
        waiting.result()
    second.close()


def test_a_migration_that_fails_leaves_the_schema_as_it_was(
    ready: Store, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """On SQLite too, where DDL is rolled back only if somebody sees to it."""
    import shutil

    shutil.copytree(ROOT / "migrations", tmp_path / "migrations")
    newer = f"{len(NUMBERS) + 1:04}"
    (tmp_path / "migrations" / "versions" / f"{newer}_half.py").write_text(
        f"from alembic import op\nrevision = {newer!r}\ndown_revision = {NUMBERS[-1]!r}\n"
        "def upgrade():\n"
        "    op.execute('CREATE TABLE half (id INTEGER)')\n"
        "    op.execute('INSERT INTO nowhere VALUES (1)')\n"
    )
    monkeypatch.setattr(migrate, "_folder", lambda: tmp_path / "migrations")
    with pytest.raises(StoreError, match=r"^cannot upgrade .*nowhere"):
        migrate.upgrade(ready)
    monkeypatch.undo()
    migrate.check(ready)
    assert "half" not in sa.inspect(ready.engine).get_table_names()
