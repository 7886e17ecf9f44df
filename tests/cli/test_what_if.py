"""A month under other rules, and what changes between two configurations, at the terminal."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.cli.terminal import answer, xixi
from xixi_workflow import wiring
from xixi_workflow.core import commands as c
from xixi_workflow.core.petition import Actor
from xixi_workflow.engine.handle import Request
from xixi_workflow.engine.sweep import sweep
from xixi_workflow.settings import Settings

SHIPPED = Path(__file__).parents[2] / "config"
JUNE_2 = datetime(2026, 6, 2, 2, 0, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped configuration with twelve hours to answer."""
    made = Path(shutil.copytree(SHIPPED, tmp_path / "other", ignore=shutil.ignore_patterns("samples")))
    text = (made / "policy.yaml").read_text(encoding="utf-8")
    assert "    limit: 24h\n" in text
    (made / "policy.yaml").write_text(text.replace("    limit: 24h\n", "    limit: 12h\n"), encoding="utf-8")
    return made


@pytest.fixture
def filled(database_url: str) -> str:
    """The URL of a database with one petition that was answered after twenty hours."""
    engine = wiring.open_engine(Settings(database_url=database_url), now=JUNE_2)
    filing = c.FilePetition("visit", "1", "夜间施工噪音扰民", petitioner=c.Petitioner("", "19900000000"))
    [done] = engine.handle([Request(0, filing, Actor("operator"))], now=JUNE_2)
    sweep(engine, now=JUNE_2)
    for hours, command in (
        (0.1, c.AcceptPetition()),
        (1, c.ReportInterim("进展")),
        (20, c.ResolvePetition("solved", "好")),
    ):
        now = JUNE_2 + timedelta(hours=hours)
        sweep(engine, now=now)
        [made] = engine.handle([Request(done.number, command, Actor("handler"))], now=now)
        assert made.refused is None
    engine.store.close()
    return database_url


def simulated(folder: Path, database: str, *more: str) -> Any:
    return answer("simulate", "--policy", str(folder), "--month", "2026-06", *more, database=database)


def test_a_program_gets_every_number(folder: Path, filled: str) -> None:
    told = simulated(folder, filled)
    clocks = {one["clock"]: one for one in told["clocks"]}
    assert (clocks["closure"]["then"]["percent"], clocks["closure"]["now"]["percent"]) == (100.0, 0.0)
    [run] = clocks["closure"]["newly"]
    assert (run["then"]["result"], run["now"]["result"], run["now"]["late"]) == ("on_time", "late", 8 * 3600)
    assert told["worse"] == 1
    assert sum(person["now"]["messages"] for person in told["people"]) > sum(
        person["then"]["messages"] for person in told["people"]
    )
    assert simulated(folder, filled, "--list", "0")["clocks"][-1]["newly"] == []


def test_a_person_reads_which_petition_would_have_been_late_and_who_woken(folder: Path, filled: str) -> None:
    shown = xixi("simulate", "--policy", str(folder), "--month", "2026-06", database=filled).stdout
    assert "100.00% → 0.00%" in shown
    assert "1d → 12h" in shown
    assert "8h" in shown
    assert "commander-" in shown
    assert "What could not be done again" not in shown
    assert "All messages" in shown
    chinese = xixi(
        "simulate", "--policy", str(folder), "--month", "2026-06", "--language", "zh", database=filled
    ).stdout
    assert "办结：新超时 1 件次" in chinese
    assert "口径" in chinese


def test_the_policy_in_force_changes_nothing(filled: str) -> None:
    shown = xixi("simulate", "--policy", str(SHIPPED), "--month", "2026-06", database=filled).stdout
    assert "no petition would have kept or missed another clock" in shown
    assert "the same people would have been told as often" in shown


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["--policy", "{folder}", "--month", "June"], 2, "not a month"),
        (["--policy", "{folder}", "--month", "2999-01"], 2, "not begun"),
        (["--policy", "{nowhere}", "--month", "2026-06"], 4, "no such folder"),
        (["--month", "2026-06"], 2, "--policy"),
    ],
)
def test_what_cannot_be_simulated_is_one_line_and_an_exit_code(
    words: list[str], code: int, said: str, folder: Path, filled: str, tmp_path: Path
) -> None:
    given = [word.format(folder=folder, nowhere=tmp_path / "nowhere") for word in words]
    result = xixi("simulate", *given, database=filled)
    assert result.exit_code == code
    assert said in str(result.exception) + result.output


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["simulate", "--policy", str(SHIPPED), "--month", "June"], 2, "“June”不是月份也不是周"),
        (["simulate", "--policy", str(SHIPPED), "--month", "2999-01"], 2, "2999-01 尚未开始"),
        (["config", "diff", "1", "9"], 4, "没有第 9 版配置；现行的是第 1 版"),
        (["config", "diff", "1"], 2, "请写两套配置"),
        (["duty", "staffing", "--team", "nobody"], 2, "没有单位 nobody；可用：operator, "),
    ],
)
def test_a_chinese_session_is_refused_in_chinese(words: list[str], code: int, said: str, filled: str) -> None:
    refused = xixi(*words, "--language", "zh", database=filled)
    assert refused.exit_code == code
    assert said in str(refused.exception) + refused.output


def test_a_difference_is_told_in_words(folder: Path) -> None:
    shown = xixi("config", "diff", str(SHIPPED), str(folder))
    assert shown.exit_code == 0
    assert shown.stdout.splitlines() == [
        "Promises and clocks",
        "  Closure limit: 24 h → 12 h (12 h shorter)",
        "1 change",
    ]
    told = answer("config", "diff", str(SHIPPED), str(folder))
    assert told["same"] is False
    [line] = told["changes"]
    assert (line["topic"], line["place"]) == ("promise", "policy.yaml: clocks.closure")
    assert line["zh"] == "「办结」时限：24小时 → 12小时（缩短12小时）"


def test_equal_folders_say_so() -> None:
    assert xixi("config", "diff", str(SHIPPED), str(SHIPPED)).stdout == "nothing changes\n"
    assert answer("config", "diff", str(SHIPPED), str(SHIPPED)) == {"same": True, "changes": []}


def test_a_side_may_be_what_is_in_force_or_a_version(folder: Path, filled: str) -> None:
    one_line = "Closure limit: 24 h → 12 h"
    assert one_line in xixi("config", "diff", "--in-force", str(folder), database=filled).stdout
    assert one_line in xixi("config", "diff", "1", str(folder), database=filled).stdout
    answer("config", "publish", "--config", str(folder), database=filled)
    assert one_line in xixi("config", "diff", "1", "2", database=filled).stdout
    assert "24 h" in xixi("config", "diff", "--in-force", "1", database=filled).stdout
    missing = xixi("config", "diff", "1", "9", database=filled)
    assert missing.exit_code == 4


def test_one_side_alone_is_wrong_usage(folder: Path) -> None:
    assert xixi("config", "diff", str(folder)).exit_code == 2
    assert xixi("config", "diff", "--in-force", str(folder), str(folder)).exit_code == 2
