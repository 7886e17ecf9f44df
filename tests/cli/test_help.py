"""The map of the command line, and that asking for it costs nothing."""

import subprocess
import sys

import pytest

from tests.cli.terminal import xixi
from xixi_workflow.cli import OVERSIGHT, PETITIONS, SERVICE
from xixi_workflow.cli.doors import Door, load
from xixi_workflow.core.commands import COMMANDS

DOORS = [*SERVICE, *PETITIONS, *OVERSIGHT]
HEAVY = {"prefect", "fastapi", "sqlalchemy", "apscheduler", "twilio", "openpyxl", "pydantic"}


def test_help_lists_every_command_with_its_line_and_the_exit_codes() -> None:
    shown = xixi("--help").stdout
    for door in DOORS:
        assert f" {door.name} " in shown
        assert door.about.split()[0] in shown
    for code in ("0 成功", "1 发现问题", "2 用法错误", "3 被拒绝", "4 数据库"):
        assert code in shown


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.name)
def test_every_line_of_the_table_leads_to_a_command_with_help(door: Door) -> None:
    assert load(door).name == door.name
    assert xixi(door.name, "--help").exit_code == 0


def test_help_imports_nothing_that_takes_seconds() -> None:
    asked = "import sys, xixi_workflow.cli as cli; cli.app(['--help'], standalone_mode=False)"
    told = f"{asked}; print('LOADED', *sorted({HEAVY!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1].strip() == "LOADED"


def test_every_command_that_a_person_may_give_has_its_own_help() -> None:
    by_hand = [event for event in COMMANDS if event not in ("file", "adopt", "follow", "time_passed")]
    shown = xixi("act", "--help").stdout
    for event in by_hand:
        assert f" {event} " in shown
        assert xixi("act", "1", event, "--help").exit_code == 0


@pytest.mark.parametrize(
    "words",
    [
        ["nothing"],
        ["act", "1", "dance"],
        ["list", "--state", "closed"],
        ["report", "2026-13"],
        ["--language", "fr", "list"],
    ],
    ids=" ".join,
)
def test_wrong_usage_ends_with_code_2(words: list[str], database_url: str) -> None:
    assert xixi(*words, database=database_url).exit_code == 2


def test_the_version_is_told() -> None:
    assert xixi("--version").stdout.strip()
