"""Checking a configuration folder, and putting it in force."""

import shutil
from pathlib import Path

import pytest

from tests.cli.terminal import answer, xixi

SHIPPED = Path(__file__).parents[2] / "config"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped configuration that may be spoilt."""
    return Path(shutil.copytree(SHIPPED, tmp_path / "config", ignore=shutil.ignore_patterns("samples")))


def edit(path: Path, old: str, new: str) -> None:
    """Replace text that must be there."""
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_the_shipped_folder_has_no_mistakes() -> None:
    told = answer("config", "check")
    assert told["usable"] is True
    assert told["clocks"] >= 6
    shown = xixi("config", "check")
    assert shown.exit_code == 0
    assert "no mistakes" in shown.stdout


def test_every_mistake_is_listed_with_file_and_line(folder: Path) -> None:
    edit(folder / "policy.yaml", "limit: 1m", "limit: soon")
    edit(folder / "policy.yaml", "meets: [report_interim", "meets: [report_interm")
    edit(folder / "categories.yaml", "fallback:", "fallbak:")
    lines = (folder / "policy.yaml").read_text(encoding="utf-8").splitlines()
    limit = next(n for n, line in enumerate(lines, 1) if "limit: soon" in line)
    shown = xixi("config", "check", "--config", str(folder))
    assert shown.exit_code == 1
    assert f"policy.yaml:{limit}: " in shown.stdout
    assert "categories.yaml:" in shown.stdout
    told = answer("config", "check", "--config", str(folder), code=1)
    assert told["usable"] is False
    assert {"file", "line", "message"} == set(told["problems"][0])
    assert ("policy.yaml", limit) in {(p["file"], p["line"]) for p in told["problems"]}


def test_a_folder_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    shown = xixi("config", "check", "--config", str(tmp_path / "nowhere"))
    assert shown.exit_code == 1
    assert "no such folder" in shown.stdout


def test_a_dry_run_says_what_would_change_and_changes_nothing(folder: Path, database_url: str) -> None:
    here = ["--config", str(folder)]
    assert answer("config", "publish", *here, database=database_url)["version"] == 1
    again = answer("config", "publish", *here, database=database_url)
    assert (again["version"], again["published"], again["changed"]) == (1, False, [])
    edit(folder / "policy.yaml", "limit: 3h", "limit: 2h")
    tried = answer("config", "publish", *here, "--dry-run", database=database_url)
    assert (tried["version"], tried["published"], tried["changed"]) == (2, False, ["policy.yaml"])
    assert "would become version 2" in xixi("config", "publish", *here, "--dry-run", database=database_url).stdout
    done = answer("config", "publish", *here, database=database_url)
    assert (done["version"], done["published"], done["changed"]) == (2, True, ["policy.yaml"])


def test_comments_and_layout_do_not_make_a_new_version(folder: Path, database_url: str) -> None:
    here = ["--config", str(folder)]
    answer("config", "publish", *here, database=database_url)
    edit(folder / "policy.yaml", "clocks:\n", "# a remark\n\nclocks:\n")
    assert answer("config", "publish", *here, database=database_url)["published"] is False


def test_a_mistake_keeps_the_old_policy_in_force(folder: Path, database_url: str) -> None:
    here = ["--config", str(folder)]
    answer("config", "publish", *here, database=database_url)
    edit(folder / "policy.yaml", "limit: 3h", "limit: never")
    assert xixi("config", "publish", *here, database=database_url).exit_code == 1
    edit(folder / "policy.yaml", "limit: never", "limit: 3h")
    assert answer("config", "publish", *here, database=database_url)["version"] == 1
