"""Several services on one PostgreSQL: they share the work, and nothing happens twice."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from tests.conftest import fresh_postgres_database
from tests.crash.audit import assert_each_breach_once, assert_whole, breaches, journals, living
from xixi_workflow.adapters.policy_folder import read_policy, shipped_folder
from xixi_workflow.core import commands as c
from xixi_workflow.core.petition import Actor
from xixi_workflow.engine.desk import Desk
from xixi_workflow.engine.handle import Done, Engine, Request
from xixi_workflow.engine.sweep import sweep
from xixi_workflow.store.connect import Store

T0 = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
#: The acceptance clock has just run out.
LATE = T0 + timedelta(minutes=15, seconds=1)
OPERATOR, HANDLER = Actor("operator"), Actor("handler")

pytestmark = [pytest.mark.crash, pytest.mark.postgres, pytest.mark.slow]


@pytest.fixture
def engine(postgres_url: str, postgres_template: str) -> Iterator[Engine]:
    with fresh_postgres_database(postgres_url, postgres_template) as url:
        engine = Engine(Store(url))
        policy = read_policy(shipped_folder())
        engine.publish(policy.canonical, policy.digest, now=T0)
        yield engine
        engine.store.close()


def test_ten_thousand_due_petitions_are_breached_once_each_by_two_services(engine: Engine) -> None:
    numbers = dispatched(engine, 10_000)
    with services(engine, batch=100) as (one, two):
        begin(one, two)
        one_did, two_did = (json.loads(service.communicate()[0]) for service in (one, two))
    logging.getLogger(__name__).info("one: %s, two: %s", one_did, two_did)
    assert one_did["breached"] + two_did["breached"] == 10_000
    assert one_did["looked"] + two_did["looked"] == 10_000
    assert min(one_did["breached"], two_did["breached"]) > 0
    assert [(number, clock, at) for number, clock, _, at in breaches(engine.store)] == [
        (number, "acceptance", T0 + timedelta(minutes=15)) for number in numbers
    ]
    assert deadlocks(engine) == 0
    assert_whole(engine)


def test_a_desk_that_writes_while_two_services_sweep_is_answered_without_a_deadlock(engine: Engine) -> None:
    numbers = dispatched(engine, 2_000)
    desk = Desk(engine, lambda: LATE)
    answers: list[Future[Done]] = []
    with services(engine, batch=50) as (one, two):
        begin(one, two)
        # From the other end, so that they meet.
        for number in reversed(numbers):
            answers.append(desk.submit(Request(number, c.AddNote("来电催问"), OPERATOR)))
            answers.append(desk.submit(Request(number, c.AcceptPetition(), HANDLER)))
        done = [future.result(120) for future in answers]
        said = [json.loads(service.communicate()[0]) for service in (one, two)]
    desk.close()
    logging.getLogger(__name__).info("%s", said)
    assert [one.refused for one in done if one.refused] == []
    assert deadlocks(engine) == 0
    assert all(not one["retried"] for one in said), "somebody waited in vain for a lock"
    # Accepted after it was due: breached all the same, by whoever came first.
    assert Counter(number for number, *_ in breaches(engine.store)) == dict.fromkeys(numbers, 1)
    assert {petition.state for petition in living(engine.store).values()} == {"in_progress"}
    events = Counter(line.event for lines in journals(engine.store).values() for line in lines)
    assert (events["noted"], events["accepted"], events["breached"]) == (2_000, 2_000, 2_000)
    assert_each_breach_once(engine.store)
    assert_whole(engine)


def test_a_service_that_is_killed_leaves_its_share_to_the_other(engine: Engine) -> None:
    numbers = dispatched(engine, 2_000)
    with services(engine, batch=5) as (one, two):
        begin(one)
        # The quickest question there is: it must be dead long before its four hundred batches are over.
        begun = sa.text("SELECT 1 FROM journal WHERE event = 'breached' LIMIT 1")
        with engine.store.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            while connection.scalar(begun) is None:
                pass
        one.kill()
        one.wait()
        begin(two)
        did = json.loads(two.communicate()[0])
    logging.getLogger(__name__).info("the other: %s", did)
    assert 0 < did["breached"] < 2_000
    assert Counter(number for number, *_ in breaches(engine.store)) == dict.fromkeys(numbers, 1)
    assert_whole(engine)


def dispatched(engine: Engine, count: int) -> list[int]:
    """That many petitions, filed and dispatched at `T0`."""
    filings = [
        Request(0, c.FilePetition("demo", f"{n}", "夜市占道经营", petitioner=c.Petitioner("某某", "19900000000")))
        for n in range(count)
    ]
    numbers = []
    for first in range(0, count, 1000):
        numbers += [done.number for done in engine.handle(filings[first : first + 1000], now=T0)]
        sweep(engine, now=T0)
    return numbers


@contextmanager
def services(engine: Engine, *, batch: int) -> Iterator[list[subprocess.Popen[str]]]:
    """Two services that wait for the word to begin."""
    command = [sys.executable, "-m", "tests.crash.sweeper", engine.store.url, LATE.isoformat(), str(batch)]
    started = [
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
        )
        for _ in range(2)
    ]
    try:
        yield started
    finally:
        for service in started:
            service.kill()
            service.communicate()


def begin(*ready: subprocess.Popen[str]) -> None:
    """Give the word to services as soon as all of them are ready."""
    for service in ready:
        assert service.stdout is not None
        assert service.stdout.readline() == "ready\n"
    for service in ready:
        assert service.stdin is not None
        service.stdin.write("go\n")
        service.stdin.flush()


def deadlocks(engine: Engine) -> int:
    """How many PostgreSQL has had to break on this database."""
    with engine.store.reading() as connection:
        connection.execute(sa.text("SELECT pg_stat_clear_snapshot()"))
        found: Any = connection.scalar(
            sa.text("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        )
    return int(found)
