"""The month's documents, written at the terminal."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from tests.cli.terminal import answer, xixi
from tests.cli.test_report import two_petitions
from xixi_workflow.adapters import report_files

#: What loads fast; the others have writers' tests of their own.
QUICK = "xlsx,csv,json"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "documents"


def test_documents_are_written_and_told_with_their_digests(database_url: str, folder: Path) -> None:
    two_petitions(database_url)
    told = answer("report", "2026-06", "--out", str(folder), "--formats", QUICK, database=database_url)
    assert (told["period"], told["version"], told["state"], told["over"]) == ("2026-06", 0, "draft", True)
    assert [file["format"] for file in told["files"]] == QUICK.split(",")
    for file in told["files"]:
        data = Path(file["path"]).read_bytes()
        assert (len(data), hashlib.sha256(data).hexdigest()) == (file["bytes"], file["sha256"])
        assert report_files.provenance(data).period == "2026-06"
    assert sorted(path.name for path in folder.iterdir()) == sorted(file["name"] for file in told["files"])


def test_the_screen_names_every_file_and_says_that_it_is_a_draft(database_url: str, folder: Path) -> None:
    two_petitions(database_url)
    shown = xixi("report", "2026-06", "--out", str(folder), "--formats", "csv", database=database_url).stdout
    assert "draft" in shown
    assert "2026-06-monthly-en-draft.csv" in shown
    digest = hashlib.sha256((folder / "2026-06-monthly-en-draft.csv").read_bytes()).hexdigest()
    assert digest[:12] in shown


def test_a_month_that_is_not_over_is_a_draft_until_now(database_url: str, folder: Path) -> None:
    two_petitions(database_url)
    options = ("report", "2090-01", "--out", str(folder), "--formats", "csv")
    assert "not over: a draft until now" in xixi(*options, database=database_url).stdout
    assert "尚未结束" in xixi(*options, "--language", "zh", database=database_url).stdout


def test_the_public_version_is_a_file_of_its_own_without_the_small_counts(database_url: str, folder: Path) -> None:
    two_petitions(database_url)
    whole = ("report", "2026-06", "--out", str(folder), "--formats", "json")
    assert xixi(*whole, database=database_url).exit_code == 0
    [public] = answer(*whole, "--public", database=database_url)["files"]
    inside = json.loads((folder / "2026-06-monthly-en-draft.json").read_text(encoding="utf-8"))
    outside = json.loads(Path(public["path"]).read_text(encoding="utf-8"))
    assert "public" in public["name"]
    assert inside["figures"]["overview"]["counts"]["filed"] == 2
    assert outside["figures"]["overview"]["counts"]["filed"] is None


def test_the_same_document_again_takes_the_place_of_the_first(database_url: str, folder: Path) -> None:
    two_petitions(database_url)
    for _ in range(2):
        assert xixi("report", "2026-06", "--out", str(folder), "--formats", "csv", database=database_url).exit_code == 0
    assert len(list(folder.iterdir())) == 1


def test_a_file_of_somebody_elses_is_left_as_it_is(database_url: str, folder: Path) -> None:
    two_petitions(database_url)
    folder.mkdir()
    theirs = folder / "2026-06-monthly-en-draft.csv"
    theirs.write_text("my own notes", encoding="utf-8")
    refused = xixi("report", "2026-06", "--out", str(folder), "--formats", "csv", database=database_url)
    assert refused.exit_code == 4
    assert "left as it is" in refused.stderr
    assert theirs.read_text(encoding="utf-8") == "my own notes"


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        (["--formats", "xls"], 2, ["xls", "known: xlsx, pdf, docx, html, csv, json"]),
        (["--form", "yearly"], 3, ["yearly", "monthly"]),
        (["--form", "team", "--team", "nobody"], 2, ["nobody", "known: "]),
        (["--form", "weekly"], 3, ["week"]),
        (["--language", "zh", "--formats", "xls"], 2, ["没有 xls 这种格式", "可用"]),
        (["--language", "zh", "--form", "yearly"], 3, ["没有", "yearly", "monthly"]),
    ],
)
def test_what_nobody_knows_is_refused_naming_what_is_known(
    database_url: str, folder: Path, options: list[str], code: int, says: list[str]
) -> None:
    two_petitions(database_url)
    refused = xixi("report", "2026-06", "--out", str(folder), *options, database=database_url)
    assert refused.exit_code == code
    assert all(word in refused.stderr for word in says)
    assert not folder.exists()


def test_a_folder_that_is_a_file_is_named_and_nothing_is_written(database_url: str, tmp_path: Path) -> None:
    two_petitions(database_url)
    (tmp_path / "notes").touch()
    options = ("report", "2026-06", "--out", str(tmp_path / "notes"), "--formats", "csv")
    refused = xixi(*options, database=database_url)
    assert refused.exit_code == 4
    assert "notes is no folder" in refused.stderr
    assert "不是文件夹" in xixi(*options, "--language", "zh", database=database_url).stderr


def test_formats_without_a_folder_are_a_mistake_and_no_screen(database_url: str) -> None:
    refused = xixi("report", "2026-06", "--formats", "csv", database=database_url)
    assert refused.exit_code == 2
    assert "--out" in refused.stderr


def test_what_is_no_period_is_a_mistake(database_url: str, folder: Path) -> None:
    assert xixi("report", "June", "--out", str(folder), database=database_url).exit_code == 2
