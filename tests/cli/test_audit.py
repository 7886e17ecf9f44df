"""`xixi audit` and `xixi canary` as a person or a monitor would run them."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from tests.cli.terminal import answer, xixi
from xixi_workflow import clock, wiring
from xixi_workflow.core.commands import FilePetition
from xixi_workflow.core.petition import Actor
from xixi_workflow.engine.handle import Engine, Request
from xixi_workflow.settings import Settings
from xixi_workflow.store import board


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = wiring.open_engine(Settings(database_url=database_url), now=clock.now() - timedelta(days=1))
    board.beat(engine.store, "clock@test", "{}", now=clock.now() + timedelta(minutes=1))
    yield engine
    engine.store.close()


def asleep(engine: Engine) -> str:
    """A petition that nobody swept; its number."""
    at = clock.now() - timedelta(minutes=5)
    [done] = engine.handle([Request(0, FilePetition("grid", "1", "占道经营"), Actor("operator"))], now=at)
    return str(done.number)


def test_where_everything_rang_it_says_so_and_ends_well(engine: Engine, database_url: str) -> None:
    result = xixi("audit", database=database_url)
    assert result.exit_code == 0
    assert "Nothing that should have rung stayed silent." in result.stdout
    assert answer("audit", database=database_url) == []


def test_what_stayed_silent_is_listed_and_the_exit_code_says_so(engine: Engine, database_url: str) -> None:
    number = asleep(engine)
    result = xixi("audit", database=database_url)
    assert result.exit_code == 1
    assert number in result.stdout
    assert "ALARM" in result.stdout
    assert "nobody has swept" in result.stdout
    [found] = answer("audit", database=database_url, code=1)
    assert (found["kind"], found["about"], found["alarming"]) == ("asleep", number, True)
    assert found["says"] == "something fell due more than a minute ago and nobody has swept"


def test_in_chinese_it_speaks_chinese(engine: Engine, database_url: str) -> None:
    asleep(engine)
    assert "巡检可能停了" in xixi("--language", "zh", "audit", database=database_url).stdout


def test_a_canary_needs_a_telephone(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XIXI_CANARY_PHONE", raising=False)
    result = xixi("canary", database=database_url)
    assert result.exit_code == 2
    assert "XIXI_CANARY_PHONE" in result.stderr


def test_a_canary_that_nobody_carries_says_how_far_it_came(
    engine: Engine, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XIXI_CANARY_PHONE", "19900000099")
    result = xixi("canary", "--patience", "1", database=database_url)
    assert result.exit_code == 1
    assert "is the service running?" in result.stdout
    assert "19900000099" not in result.output
    found = answer("canary", "--patience", "1", database=database_url, code=1)
    assert (found["well"], found["message"], list(found["seconds"])) == (False, "waiting", ["filed"])
