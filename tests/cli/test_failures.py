"""Whatever is wrong with the surroundings: one clear line on standard error, exit code 4, no traceback."""

from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.cli.terminal import xixi
from xixi_workflow.store.connect import Store

ASKING = [["audit"], ["list"], ["show", "1"], ["report", "2026-11"], ["verify"], ["db", "check"], ["config", "publish"]]


def said(*words: str, database: str) -> str:
    """What a command that cannot work says."""
    result = xixi(*words, database=database)
    assert result.exit_code == 4, result.output
    assert result.stdout == ""
    assert result.stderr.startswith("xixi: ")
    assert result.stderr.count("\n") == 1
    assert "Traceback" not in result.stderr
    return result.stderr


@pytest.mark.parametrize("words", ASKING, ids=" ".join)
def test_a_database_without_tables_is_told_what_to_run(words: list[str], empty_database_url: str) -> None:
    assert "xixi db upgrade" in said(*words, database=empty_database_url)


def test_a_newer_schema_is_refused(database_url: str) -> None:
    store = Store(database_url)
    with store.engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    store.close()
    assert "newer" in said("list", database=database_url)
    assert "newer" in said("db", "upgrade", database=database_url)


@pytest.mark.parametrize(
    ("url", "word"),
    [
        ("nonsense", "no database URL"),
        ("mysql://root@localhost/x", "not supported"),
        ("sqlite://", "name a file"),
        ("postgresql://nobody@127.0.0.1:1/nothing", "cannot"),
    ],
)
def test_a_database_that_cannot_be_opened_is_named(url: str, word: str) -> None:
    assert word in said("list", database=url)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "letter.db"
    path.write_text("this is a letter and not a database " * 100)
    assert "not a database" in said("db", "upgrade", database=f"sqlite:///{path}")


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "cannot create" in said("db", "upgrade", database=f"sqlite:///{tmp_path}/file/under/x.db")


def test_a_wrong_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XIXI_PORT", "many")
    assert "XIXI_PORT" in said("db", "check", database="sqlite:///x.db")


def test_the_command_lines_settings_leave_no_trace(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XIXI_DATABASE_URL", "nonsense")
    assert xixi("db", "upgrade", "--database", f"sqlite:///{tmp_path}/x.db").exit_code == 0
    assert "no database URL" in xixi("db", "check").stderr


def test_db_upgrade_makes_the_tables_once(empty_database_url: str) -> None:
    assert "upgraded" in xixi("db", "upgrade", database=empty_database_url).stdout
    assert "up to date already" in xixi("db", "upgrade", database=empty_database_url).stdout
    assert "ready" in xixi("db", "check", database=empty_database_url).stdout
