"""The month's figures at the terminal."""

from datetime import UTC, datetime, timedelta

import pytest
from rich.cells import cell_len

from tests.cli.terminal import answer, xixi
from xixi_workflow import wiring
from xixi_workflow.core import commands as c
from xixi_workflow.core.petition import Actor
from xixi_workflow.engine.handle import Request
from xixi_workflow.engine.sweep import sweep
from xixi_workflow.settings import Settings

JUNE_2 = datetime(2026, 6, 2, 2, 0, tzinfo=UTC)


def two_petitions(url: str) -> None:
    """One answered in time and rated, one that nobody ever touched."""
    engine = wiring.open_engine(Settings(database_url=url), now=JUNE_2)
    who = c.Petitioner("", "19900000000")
    filings = [c.FilePetition("visit", str(n), "夜间施工噪音扰民", petitioner=who) for n in (1, 2)]
    done = engine.handle([Request(0, f, Actor("operator")) for f in filings], now=JUNE_2)
    sweep(engine, now=JUNE_2 + timedelta(seconds=1))
    steps = [
        ("handler", c.AcceptPetition()),
        ("handler", c.ResolvePetition("solved", "已停工")),
        ("petitioner", c.RatePetition("fairly_satisfied")),
    ]
    for minutes, (role, command) in enumerate(steps, start=5):
        at = JUNE_2 + timedelta(minutes=minutes)
        engine.handle([Request(done[0].number, command, Actor(role))], now=at)  # type: ignore[arg-type]
    sweep(engine, now=JUNE_2 + timedelta(days=3))
    engine.store.close()


def test_the_report_prints_every_rate_with_what_it_is_made_of(database_url: str) -> None:
    two_petitions(database_url)
    told = answer("report", "2026-06", database=database_url)
    clocks = {clock["clock"]: clock for clock in told["timeliness"]}
    assert clocks["closure"]["on_time"] == {"numerator": 1, "denominator": 2, "percent": 50.0}
    assert clocks["closure"]["raw"] == {"n": 1, "mean": 6 * 60, "median": 6 * 60, "p90": 6 * 60}
    assert told["satisfaction"]["weighted"] == {"numerator": 0.6, "denominator": 1, "percent": 60.0}
    counts = told["overview"]["counts"]
    assert (counts["filed"], counts["closed"], told["overview"]["open_at_end"]) == (2, 1, 1)
    shown = xixi("report", "2026-06", database=database_url).stdout
    assert "50.00% (1/2)" in shown
    assert "60.00% (0.6/1)" in shown


def test_a_month_without_cases_shows_dashes_and_no_percentages(database_url: str) -> None:
    two_petitions(database_url)
    told = answer("report", "2020-01", database=database_url)
    assert {clock["due"] for clock in told["timeliness"]} == {0}
    assert told["satisfaction"]["weighted"]["percent"] is None
    shown = xixi("report", "2020-01", database=database_url).stdout
    assert "%" not in shown
    assert "—" in shown


def test_the_first_line_says_what_the_figures_are_and_the_next_what_to_do(database_url: str) -> None:
    two_petitions(database_url)

    def first(period: str) -> list[str]:
        return xixi("report", period, database=database_url).stdout.splitlines()[:2]

    assert first("2026-06") == ["2026-06  counted now, not frozen", "→ to freeze: xixi month freeze 2026-06"]
    assert first("2090-01")[0] == "2090-01  not over: the figures until now"
    assert xixi("month", "freeze", "2026-06", database=database_url).exit_code == 0
    assert first("2026-06") == [
        "2026-06  counted now  frozen as version 1",
        "→ compared with what is frozen: xixi month recount 2026-06",
    ]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_screen_is_no_wider_than_a_page(database_url: str, language: str) -> None:
    two_petitions(database_url)
    shown = xixi("report", "2026-06", "--language", language, database=database_url).stdout
    assert max(map(cell_len, shown.splitlines())) <= 100


def test_what_is_no_period_is_said_in_the_readers_language(database_url: str) -> None:
    assert "“June”不是月份也不是周" in xixi("report", "June", "--language", "zh", database=database_url).stderr
    assert "'June' is not a month or a week" in xixi("report", "June", database=database_url).stderr


def test_chinese_is_the_other_language(database_url: str) -> None:
    two_petitions(database_url)
    shown = xixi("report", "2026-06", "--language", "zh", database=database_url).stdout
    assert "满意率" in shown
    assert "按时率" in shown
