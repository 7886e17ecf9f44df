"""Letters that wait are on the status page and in the metrics."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from xixi_workflow import clock, wiring
from xixi_workflow.adapters.port import Incoming
from xixi_workflow.engine import letters
from xixi_workflow.engine.handle import Engine
from xixi_workflow.settings import Settings
from xixi_workflow.web.commit_sizes import CommitSizes
from xixi_workflow.web.metrics import Metrics
from xixi_workflow.web.observer import Observer
from xixi_workflow.web.status import status_page


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = wiring.open_engine(Settings(database_url=database_url), now=clock.now())
    yield engine
    engine.store.close()


def test_letters_that_wait_are_counted_for_people_and_programs(engine: Engine) -> None:
    now = clock.now()
    for n, body in enumerate(("你好", "路口积水", "退订")):
        letters.receive(engine, "network", Incoming(str(n), f"+861990000990{n}", "10690000", body), now)
    letters.read_letters(engine, now=now)
    later = now + timedelta(seconds=1)
    letters.receive(engine, "network", Incoming("late", "+8619900009909", "10690000", "晚到的秘密"), later)
    observer = Observer(engine, "")
    metrics = Metrics(observer, CommitSizes()).text().decode()
    assert 'xixi_letters{state="open"} 2.0' in metrics
    assert 'xixi_letters{state="unread"} 1.0' in metrics
    assert "待值班员处理 2 · 未读 1" in status_page(engine, observer, "", "zh")
    english = status_page(engine, observer, "", "en")
    assert "2 wait for an operator · 1 unread" in english
    assert "秘密" not in english
