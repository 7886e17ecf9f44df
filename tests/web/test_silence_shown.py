"""What an audit finds is red on the status page and a number in the metrics."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from xixi_workflow import clock, wiring
from xixi_workflow.engine.handle import Engine
from xixi_workflow.processes.pulse import Tally
from xixi_workflow.settings import Settings
from xixi_workflow.store import board
from xixi_workflow.web.commit_sizes import CommitSizes
from xixi_workflow.web.metrics import Metrics
from xixi_workflow.web.observer import Observer
from xixi_workflow.web.status import status_page
from xixi_workflow.web.status_words import TEXT


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = wiring.open_engine(Settings(database_url=database_url), now=clock.now())
    yield engine
    engine.store.close()


def beating(engine: Engine, name: str, silent: dict[str, int] | None, *, ago: float = 0.0) -> None:
    """A clock process that is alive, and whose last audit, so long ago, found this."""
    tally = Tally(pid=7, now=clock.now())
    if silent is not None:
        tally.audited(silent, now=clock.now() - timedelta(seconds=ago))
    board.beat(engine.store, f"clock@{name}", tally.pulse(policy=1, next_alarm=None), now=clock.now())


def shown(engine: Engine) -> tuple[str, str, str]:
    """The status page in both languages, and the metrics."""
    observer = Observer(engine, "")
    observer.start()
    observer.stop()
    pages = [status_page(engine, observer, "", language) for language in ("zh", "en")]
    return pages[0], pages[1], Metrics(observer, CommitSizes()).text().decode()


def test_findings_are_named_by_kind_and_counted(engine: Engine) -> None:
    beating(engine, "a", {"breach": 2, "unread": 1})
    chinese, english, metrics = shown(engine)
    assert "审计发现 3 项应提醒而未提醒" in chinese
    assert "超时无人知 2, 来信未读 1" in chinese
    assert "breaches nobody heard of 2, letters unread 1" in english
    assert 'xixi_silent_findings{instance="a"} 3.0' in metrics


def test_the_latest_look_of_several_clocks_counts(engine: Engine) -> None:
    beating(engine, "a", {"breach": 2}, ago=70)
    beating(engine, "b", {}, ago=10)
    chinese, _, metrics = shown(engine)
    assert "审计发现" not in chinese
    assert 'xixi_silent_findings{instance="b"} 0.0' in metrics


def test_before_the_first_audit_nothing_is_claimed(engine: Engine) -> None:
    beating(engine, "a", None)
    chinese, _, metrics = shown(engine)
    assert "审计发现" not in chinese
    assert "xixi_silent_findings{" not in metrics


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_kind_of_finding_has_a_name_on_the_page(engine: Engine, language: str) -> None:
    kinds = {k.removeprefix("silent_") for k in engine.policies.in_force.words["zh"].screens if k.startswith("silent_")}
    text = TEXT["zh" if language == "zh" else "en"]
    assert {key.removeprefix("found_") for key in text if key.startswith("found_")} == kinds
