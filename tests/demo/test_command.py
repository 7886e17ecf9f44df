"""`xixi demo` as people and programs call it."""

import sqlite3
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner, Result

from xixi_workflow.cli import app
from xixi_workflow.engine.exports import FORMATS

CONTRACT = {
    *("received", "routed", "dispatched", "accepted", "resolved", "closed", "rated", "reopened", "merged", "returned"),
    *("on_time", "escalations", "messages", "journal_verified", "seconds", "petitions_per_second", "database"),
    *("month", "documents", "texts", "version"),
}


def xixi(*options: object) -> Result:
    return CliRunner().invoke(app, ["demo", *map(str, options)])


def small(out: Path, *options: object) -> Result:
    return xixi("--petitions", 20, "--days", 1, "--out", out, *options)


def complaint(done: Result) -> str:
    assert done.stdout == ""
    assert done.stderr.startswith("xixi: ")
    assert done.stderr.count("\n") == 1
    return done.stderr


def test_one_json_object_and_nothing_else_is_printed_for_a_program(tmp_path: Path) -> None:
    done = small(tmp_path, "--json")
    assert done.exit_code == 0, done.stderr
    told = msgspec.json.decode(done.stdout)
    assert set(told) >= CONTRACT
    assert told["received"] == 20
    assert set(told["on_time"]["closure"]) >= {"met", "breached", "open", "paused"}
    assert all(Path(document).is_file() for document in told["documents"])
    assert len(told["documents"]) == len(FORMATS) + 1
    assert Path(told["database"].removeprefix("sqlite:///")).is_file()


@pytest.mark.parametrize(("language", "word"), [("zh", "时限兑现"), ("en", "The promise kept")])
def test_a_supervisor_reads_a_summary_in_the_language_asked_for(tmp_path: Path, language: str, word: str) -> None:
    done = small(tmp_path, "--language", language)
    assert done.exit_code == 0, done.stderr
    assert word in done.stdout
    assert {"zh": "短信：", "en": "SMS:"}[language] in done.stdout
    assert f"xixi up --database sqlite:///{tmp_path / 'demo.db'}" in done.stdout


def test_a_file_of_petitions_is_used_whole_when_no_number_is_given(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text("title,detail\n" + "".join(f"路灯不亮{n},已经{n}天\n" for n in range(1, 8)), encoding="utf-8")
    done = xixi("--from", path, "--days", 1, "--out", tmp_path, "--json")
    assert msgspec.json.decode(done.stdout)["received"] == 7


def test_a_bad_file_of_petitions_is_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    path.write_text("a,b\n1,2\n", encoding="utf-8")
    done = small(tmp_path, "--from", path)
    assert done.exit_code == 4
    assert "no column title" in complaint(done)


def test_a_missing_file_of_petitions_is_refused_in_one_line(tmp_path: Path) -> None:
    done = small(tmp_path, "--from", tmp_path / "nothing.csv")
    assert done.exit_code == 4
    assert "nothing.csv" in complaint(done)


def test_a_folder_that_cannot_be_written_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = small(tmp_path / "file" / "out")
    assert done.exit_code == 4
    assert "cannot write to" in complaint(done)


def test_the_former_demonstration_makes_room_and_it_is_said(tmp_path: Path) -> None:
    assert small(tmp_path, "--json").exit_code == 0
    done = small(tmp_path, "--json", "--seed", 2)
    assert done.exit_code == 0
    assert "replaced the former demonstration" in done.stderr
    assert msgspec.json.decode(done.stdout)["received"] == 20


def test_a_database_that_is_not_a_demonstrations_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "demo.db"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE mine (a)")
    before = path.read_bytes()
    done = small(tmp_path)
    assert done.exit_code == 4
    assert "not a demonstration's file" in complaint(done)
    assert path.read_bytes() == before


def test_a_demonstrations_file_to_which_petitions_were_added_is_left_alone(tmp_path: Path) -> None:
    assert small(tmp_path, "--json").exit_code == 0
    path = tmp_path / "demo.db"
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 19")
    done = small(tmp_path)
    assert done.exit_code == 4
    assert path.exists()


def test_a_named_database_with_petitions_is_refused_and_an_empty_one_is_used(tmp_path: Path, database_url: str) -> None:
    first = small(tmp_path, "--database", database_url, "--json")
    assert first.exit_code == 0, first.stderr
    assert msgspec.json.decode(first.stdout)["journal_verified"] is True
    assert not (tmp_path / "demo.db").exists()
    second = small(tmp_path, "--database", database_url)
    assert second.exit_code == 4
    assert "holds 20 petitions" in complaint(second)


def test_the_centres_own_database_is_never_touched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XIXI_DATABASE_URL", f"sqlite:///{tmp_path / 'own.db'}")
    assert small(tmp_path / "out", "--json").exit_code == 0
    assert not (tmp_path / "own.db").exists()
