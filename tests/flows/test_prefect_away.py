"""Prefect absent, hung or cut off: whoever asks it gets an answer soon, and the engine never notices."""

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest

from tests.flows.conftest import File, eventually, free_port
from xixi_workflow import clock
from xixi_workflow.adapters.prefect_api import PrefectApi
from xixi_workflow.engine.handle import Engine
from xixi_workflow.engine.report_breaches import DEPLOYMENT, BreachReporter
from xixi_workflow.engine.sweep import Fact, sweep
from xixi_workflow.store import boards

#: Prefect's own client waits some seven minutes for a server that hangs; ours must be back long before this.
SOON = 60


class Deaf:
    """A server that takes connections and never answers."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._open: list[socket.socket] = []
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}/api"

    @property
    def connections(self) -> int:
        return len(self._open)

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(connection)
            self.welcome(connection)

    def welcome(self, connection: socket.socket) -> None:
        """Do nothing."""

    def close(self) -> None:
        self._listener.close()
        for connection in self._open:
            connection.close()


class Rude(Deaf):
    """A server that hangs up, as one does that is killed."""

    def welcome(self, connection: socket.socket) -> None:
        connection.close()


class Broken(Deaf):
    """A server that answers everything with an error of its own."""

    def welcome(self, connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 503 locked\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")


class Babbling(Deaf):
    """A server that is something else."""

    def welcome(self, connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\nconnection: close\r\n\r\nhello")


@contextmanager
def bad_server(kind: str) -> Iterator[str]:
    if kind == "absent":
        yield f"http://127.0.0.1:{free_port()}/api"
        return
    server = {"hung": Deaf, "cut off": Rude, "out of order": Broken, "something else": Babbling}[kind]()
    try:
        yield server.url
    finally:
        server.close()


@pytest.mark.parametrize("kind", ["absent", "hung", "cut off", "out of order", "something else"])
def test_asking_a_server_that_is_not_well_returns_soon_and_raises_nothing(kind: str) -> None:
    with bad_server(kind) as url, ThreadPoolExecutor(1) as thread:
        api = PrefectApi(url, bound=0.2)
        assert thread.submit(api.start, DEPLOYMENT, {}).result(SOON) is None
        assert thread.submit(api.skip_late, [DEPLOYMENT], clock.now()).result(SOON) == 0
        api.close()


@pytest.mark.parametrize("kind", ["absent", "hung", "cut off", "out of order"])
def test_such_a_server_is_not_healthy(kind: str) -> None:
    with bad_server(kind) as url, ThreadPoolExecutor(1) as thread:
        api = PrefectApi(url, bound=0.2)
        assert thread.submit(api.healthy).result(SOON) is False
        api.close()


def test_a_server_that_did_not_answer_is_left_alone_for_a_while() -> None:
    deaf = Deaf()
    api = PrefectApi(deaf.url, bound=0.2)
    assert api.resting == 0
    for _ in range(5):
        api.start(DEPLOYMENT, {})
    assert api.resting > 0
    eventually(lambda: deaf.connections, SOON)
    # The other four calls asked nothing, unless this machine slept between them.
    assert deaf.connections < 5
    api.close()
    deaf.close()


def test_an_address_that_is_none_is_a_server_that_is_away() -> None:
    api = PrefectApi("http://[not an address/api", bound=0.2)
    assert api.healthy() is False
    assert api.start(DEPLOYMENT, {}) is None
    api.close()


def test_breaches_are_enforced_while_prefect_hangs(engine: Engine, file: File) -> None:
    number = file(hours=30)
    deaf = Deaf()
    api = PrefectApi(deaf.url, bound=300)
    reporter = BreachReporter(api)
    try:
        reporter.notice(sweep(engine, now=clock.now()).facts)
        eventually(lambda: deaf.connections, SOON)

        # The reporter is still waiting for its answer here, and will be for minutes.
        again = file(hours=30)
        swept = sweep(engine, now=clock.now())
        reporter.notice(swept.facts)

        assert swept.counts["breached"] >= 3
        found = {m.petition for m in boards.missed(engine.store, numbers=[number, again])}
        assert found == {number, again}
    finally:
        deaf.close()
        api.close()
        reporter.close()


def fact(petition: int, event: str = "breached") -> Fact:
    return Fact(petition, event, datetime(2026, 6, 1, tzinfo=UTC), 0.0, "urban", "{}")


def test_the_oldest_breaches_are_forgotten_first_and_counted_when_prefect_stays_away() -> None:
    deaf = Deaf()
    api = PrefectApi(deaf.url, bound=300)
    reporter = BreachReporter(api, most=3)
    try:
        reporter.notice([fact(1)])
        eventually(lambda: deaf.connections, SOON)
        reporter.notice([fact(n) for n in range(2, 9)])
        assert reporter.dropped == 4
        reporter.notice([fact(8), fact(7, "escalated")])
        assert reporter.dropped == 4
    finally:
        deaf.close()
        api.close()
        reporter.close()


def test_what_is_no_breach_asks_for_no_run() -> None:
    deaf = Deaf()
    reporter = BreachReporter(PrefectApi(deaf.url), most=1)
    reporter.notice([fact(1, "warned"), fact(2, "routed"), fact(3, "survey_lapsed")])
    reporter.notice([])
    reporter.close()
    assert deaf.connections == 0
    assert reporter.dropped == 0
    deaf.close()
