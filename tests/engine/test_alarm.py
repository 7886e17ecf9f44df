"""The alarm clock on a real database, in real time: it rings when something is due, whatever happens around it.

That it rings is awaited with patience and never timed; how late it rings is a benchmark.
"""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import freezegun
import pytest
import sqlalchemy as sa

from tests.engine.ailments import cut_connections
from tests.engine.centre import events, file, filing, lines, rows, sweep_all
from xixi_workflow import clock
from xixi_workflow.clock import AlarmClock
from xixi_workflow.engine.handle import Engine
from xixi_workflow.engine.sweep import sweep
from xixi_workflow.store import board
from xixi_workflow.store.columns import EPOCH
from xixi_workflow.store.connect import Store
from xixi_workflow.store.tables import PetitionRow

#: Generous: this machine may be busy.
PATIENCE = 60.0
#: The acceptance clock of the shipped configuration.
LIMIT = timedelta(minutes=15)


@contextmanager
def keeping_time(engine: Engine, *, rung: Callable[[datetime], None] = lambda now: None) -> Iterator[AlarmClock]:
    """An alarm clock over the engine, as the service has it."""

    def ring(now: datetime) -> None:
        rung(now)
        # A frozen time of day is of a kind that no driver knows.
        now = EPOCH + (now - EPOCH)
        while sweep(engine, now=now).more:
            pass

    engine.store.bell.listen()
    alarm = AlarmClock(ring, lambda: board.next_alarm(engine.store), engine.store.bell.wait)
    alarm.start()
    try:
        yield alarm
    finally:
        stopping = threading.Thread(target=alarm.stop)
        stopping.start()
        # The bell cuts short what the clock would still wait.
        while stopping.is_alive():
            engine.store.bell.ring()
            stopping.join(0.05)


def eventually(what: Callable[[], bool]) -> bool:
    """Whether `what` comes true while there is patience."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if what():
            return True
        time.sleep(0.02)
    return False


def dispatched(engine: Engine, source_id: str, *, due: datetime) -> int:
    """A petition whose acceptance is due at `due`."""
    [number] = file(engine, source_id, now=due - LIMIT)
    sweep_all(engine, now=due - LIMIT)
    return number


def breached(engine: Engine, number: int) -> Callable[[], bool]:
    return lambda: "breached" in events(engine, number)


def deaf_between_bells(patch: pytest.MonkeyPatch) -> None:
    """Without a bell the clock would look again in an hour only: whatever comes in time came by the bell or alarm."""
    patch.setattr(clock, "COARSE", 3600.0)


def test_it_rings_when_something_is_due_and_not_before(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    deaf_between_bells(monkeypatch)
    soon = clock.now() + timedelta(seconds=1)
    first, second = dispatched(engine, "1", due=soon), dispatched(engine, "2", due=soon + timedelta(seconds=0.5))
    with keeping_time(engine):
        assert eventually(breached(engine, second))
    found = {number: (at, noticed) for number, at, noticed, _ in lines(engine, "breached")}
    assert {number: at for number, (at, _) in found.items()} == {first: soon, second: soon + timedelta(seconds=0.5)}
    assert all(noticed > at for at, noticed in found.values())
    # The second was not yet due when the first one rang.
    assert found[first][1] < found[second][1]


def test_what_fell_due_while_nobody_looked_is_done_at_the_start(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    deaf_between_bells(monkeypatch)
    due = clock.now() - timedelta(days=1)
    number = dispatched(engine, "1", due=due)
    with keeping_time(engine):
        assert eventually(breached(engine, number))
    assert lines(engine, "breached")[0][1] == due


def test_a_nearer_alarm_from_another_store_wakes_it(
    engine: Engine, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    deaf_between_bells(monkeypatch)
    dispatched(engine, "far", due=clock.now() + timedelta(hours=5))
    other = Engine(Store(database_url))
    other.policies.refresh()
    with keeping_time(engine):
        for n in range(5):
            [number] = file(other, str(n), now=clock.now())
            assert eventually(lambda number=number: "dispatched" in events(engine, number))  # type: ignore[misc]
    other.store.close()


FILER = """
import sys
from tests.engine.centre import file
from xixi_workflow.clock import now
from xixi_workflow.engine.handle import Engine
from xixi_workflow.store.connect import Store
print(*file(Engine(Store(sys.argv[1])), "by another process", now=now()))
"""


def test_a_nearer_alarm_from_another_process_wakes_it(
    engine: Engine, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    deaf_between_bells(monkeypatch)
    with keeping_time(engine):
        filer = subprocess.run(
            [sys.executable, "-c", FILER, database_url],
            capture_output=True,
            text=True,
            check=True,
            cwd=Path(__file__).parents[2],
        )
        number = int(filer.stdout)
        assert eventually(lambda: "dispatched" in events(engine, number))


def test_a_bell_that_nobody_rang_costs_one_look(engine: Engine, database_url: str) -> None:
    # Another program has written, without a bell; the clock looks by itself.
    number = dispatched(engine, "1", due=clock.now() + timedelta(hours=5))
    silent = Store(database_url)
    with keeping_time(engine):
        with silent.writing() as connection:
            table = PetitionRow.__table__  # type: ignore[attr-defined]
            connection.execute(sa.update(table).values(wake_at=clock.now()))
        # Nominated too early: it corrects the hint.
        assert eventually(lambda: rows(silent, PetitionRow)[0].wake_at > clock.now() + timedelta(hours=1))
    silent.close()
    assert breached(engine, number)() is False


def test_a_database_that_was_away_is_taken_up_again(engine: Engine) -> None:
    number = dispatched(engine, "1", due=clock.now() + timedelta(seconds=0.3))
    rings: list[datetime] = []
    with keeping_time(engine, rung=rings.append):
        with engine.store.writing() as connection:
            connection.execute(sa.text("ALTER TABLE petition RENAME TO elsewhere"))
        before = len(rings)
        # It goes on trying, also after the first failure.
        assert eventually(lambda: len(rings) >= before + 2)
        with engine.store.writing() as connection:
            connection.execute(sa.text("ALTER TABLE elsewhere RENAME TO petition"))
        assert eventually(breached(engine, number))


@pytest.mark.postgres
def test_connections_that_are_cut_do_not_stop_it(postgres_engine: Engine) -> None:
    engine = postgres_engine
    with keeping_time(engine):
        for n in range(3):
            number = dispatched(engine, str(n), due=clock.now() + timedelta(seconds=0.5))
            cut_connections(engine)
            # Whoever looks on has a connection of its own, made afterwards.
            observer = Engine(Store(engine.store.url))
            assert eventually(breached(observer, number))
            observer.store.close()


def test_after_the_machine_slept_it_does_not_wait_for_a_moment_that_has_passed(engine: Engine) -> None:
    number = dispatched(engine, "1", due=clock.now() + timedelta(hours=8))
    with freezegun.freeze_time(clock.now(), tick=True) as time_of_day, keeping_time(engine):
        # Armed for eight hours from now. A sleeping machine's timers do not run; its time of day does.
        time.sleep(1.5)
        assert breached(engine, number)() is False
        time_of_day.tick(timedelta(hours=9))
        assert eventually(breached(engine, number))


def test_a_clock_that_was_set_back_rings_all_the_same(engine: Engine) -> None:
    number = dispatched(engine, "1", due=clock.now() + timedelta(seconds=2))
    with freezegun.freeze_time(clock.now(), tick=True) as time_of_day, keeping_time(engine):
        time.sleep(0.5)
        time_of_day.tick(timedelta(seconds=-2))
        assert eventually(breached(engine, number))
    [(_, at, noticed, _)] = lines(engine, "breached")
    assert noticed > at


def test_two_clocks_on_one_database_ring_and_nothing_happens_twice(engine: Engine, database_url: str) -> None:
    due = clock.now() + timedelta(seconds=2)
    numbers = [dispatched(engine, str(n), due=due + timedelta(milliseconds=10 * n)) for n in range(20)]
    other = Engine(Store(database_url))
    other.policies.refresh()
    with keeping_time(engine), keeping_time(other):
        assert eventually(lambda: len(lines(engine, "breached")) >= len(numbers))
    other.store.close()
    assert [number for number, *_ in lines(engine, "breached")] == numbers


def test_stopping_finishes_the_ring_under_way(engine: Engine) -> None:
    engine.handle([filing(str(n)) for n in range(5)], now=clock.now())
    begun, go_on = threading.Event(), threading.Event()

    def slow(now: datetime) -> None:
        del now
        begun.set()
        go_on.wait(PATIENCE)

    with keeping_time(engine, rung=slow) as alarm:
        assert begun.wait(PATIENCE)
        stopping = threading.Thread(target=alarm.stop)
        stopping.start()
        assert lines(engine, "dispatched") == []
        go_on.set()
        stopping.join(PATIENCE)
        assert len(lines(engine, "dispatched")) == 5
