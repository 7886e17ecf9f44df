"""The forms of a configuration folder: the office's own, or the shipped ones where it has none."""

import shutil
from pathlib import Path

import pytest

from xixi_workflow.adapters.policy_folder import PolicyFolderError, read_folder, read_policy, shipped_folder

SHIPPED = {"monthly", "weekly", "team"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(shipped_folder(), tmp_path / "config"))


def test_three_forms_are_shipped() -> None:
    assert read_policy(shipped_folder()).forms.keys() == SHIPPED


def test_a_folder_from_before_there_were_forms_has_the_shipped_ones(folder: Path) -> None:
    shutil.rmtree(folder / "forms")
    read = read_folder(folder)
    assert read.policy.forms == read_policy(shipped_folder()).forms
    assert not any(name.startswith("forms/") for name in read.trees)


def test_a_lent_form_that_asks_for_a_clock_which_the_city_does_not_have_is_left_out(folder: Path) -> None:
    shutil.rmtree(folder / "forms")
    policy = folder / "policy.yaml"
    text = policy.read_text("utf-8")
    for old in ("  interim: #", "    interim_on_time: "):
        assert text.count(old) == 1
        text = text.replace(old, old.replace("interim", "feedback"))
    policy.write_text(text, "utf-8")
    assert read_policy(folder).forms.keys() == {"team"}


def test_an_office_that_has_forms_of_its_own_has_those_alone(folder: Path) -> None:
    (folder / "forms" / "weekly.yaml").unlink()
    assert read_policy(folder).forms.keys() == SHIPPED - {"weekly"}


def test_a_further_form_is_a_file_and_nothing_else(folder: Path) -> None:
    shutil.copy(folder / "forms" / "weekly.yaml", folder / "forms" / "brief.yaml")
    assert read_policy(folder).forms.keys() == SHIPPED | {"brief"}


def test_a_mistake_in_a_form_is_named_with_its_line(folder: Path) -> None:
    path = folder / "forms" / "weekly.yaml"
    text = path.read_text("utf-8").replace("{overview.counts.filed}件，日均", "{overview.counts.filled}件，日均")
    path.write_text(text, "utf-8")
    line = text[: text.index("counts.filled")].count("\n") + 1
    with pytest.raises(PolicyFolderError) as caught:
        read_policy(folder)
    [problem] = caught.value.problems
    assert (problem.file, problem.line) == ("forms/weekly.yaml", line)
    assert "unknown count 'filled'" in problem.message
