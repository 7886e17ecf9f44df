"""A database with a policy in force for the flows, and one real Prefect server for the session."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from xixi_workflow import clock, wiring
from xixi_workflow.adapters.prefect_api import PrefectApi
from xixi_workflow.core import commands
from xixi_workflow.core.petition import Actor
from xixi_workflow.engine.handle import Engine, Request
from xixi_workflow.processes.part import Guard
from xixi_workflow.processes.prefect_environment import api_url, prefect_environment
from xixi_workflow.settings import Settings

#: Seconds that Prefect's server may take to make its database and answer: a busy machine needs many.
START_UP = 180
File = Callable[..., int]


def file_petition(engine: Engine, source_id: str, title: str, at: datetime) -> int:
    """A petition that the grid filed at `at`; its number."""
    petitioner = commands.Petitioner(phone="19900000000")
    command = commands.FilePetition("grid", source_id, title, petitioner=petitioner)
    (done,) = engine.handle([Request(0, command, Actor("operator"))], now=at)
    assert done.petition is not None
    return done.number


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No Prefect: the address that it should have answers to nobody."""
    monkeypatch.setenv("PREFECT_API_URL", api_url("127.0.0.1", free_port()))
    monkeypatch.setenv("PREFECT_SERVER_ALLOW_EPHEMERAL_MODE", "false")
    monkeypatch.setenv("XIXI_STATE_DIR", str(tmp_path / "state"))


@pytest.fixture
def engine(database_url: str, monkeypatch: pytest.MonkeyPatch, away: None) -> Iterator[Engine]:
    """The engine on a database of this test alone; the flows find the same database in their settings."""
    monkeypatch.setenv("XIXI_DATABASE_URL", database_url)
    engine = wiring.open_engine(Settings(), now=clock.now() - timedelta(days=100))
    yield engine
    engine.store.close()


@pytest.fixture
def file(engine: Engine) -> File:
    """Files a petition `hours` ago; returns its number."""

    def filed(title: str = "夜间施工噪音扰民", *, hours: float = 4.0) -> int:
        filed.count += 1  # type: ignore[attr-defined]
        at = clock.now() - timedelta(hours=hours)
        return file_petition(engine, f"T-{filed.count}", title, at)  # type: ignore[attr-defined]

    filed.count = 0  # type: ignore[attr-defined]
    return filed


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(
    command: list[str], environment: dict[str, str], folder: Path, log: str
) -> Iterator[subprocess.Popen[bytes]]:
    """A process that ends with this block, or, should the test run itself be killed, with that."""
    guard = Guard(sys.executable)
    with (folder / log).open("wb") as output:
        process = subprocess.Popen(
            command, env={**os.environ, **environment}, cwd=folder, stdout=output, stderr=output, process_group=0
        )
    guard.watch(process.pid)
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        guard.forget(process.pid)
        guard.close()


def eventually(condition: Callable[[], object], seconds: float) -> None:
    """Return as soon as `condition` is true; fail when it is not within `seconds`."""
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, f"still not true after {seconds} s"
        time.sleep(0.25)


@pytest.fixture(scope="session")
def prefect_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the session's Prefect server and runner keep everything."""
    return tmp_path_factory.mktemp("prefect-server")


class PrefectServer:
    """A real Prefect server with our environment; `start` and `kill` it as often as you like, it keeps its database."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._stack = ExitStack()
        self._process: subprocess.Popen[bytes] | None = None
        self._port = free_port()
        self.url = api_url("127.0.0.1", self._port)

    def start(self) -> None:
        """Start it and wait until it is healthy."""
        where = ["--host", "127.0.0.1", "--port", str(self._port)]
        command = [sys.executable, "-m", "prefect", "server", "start", *where]
        ours = prefect_environment(self._folder, given={})
        server = self._process = self._stack.enter_context(running(command, ours, self._folder, "server.log"))
        api = PrefectApi(self.url, bound=10)
        eventually(lambda: server.poll() is not None or api.healthy(), START_UP)
        api.close()
        assert server.poll() is None, (self._folder / "server.log").read_text("utf-8")

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        assert self._process is not None
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def close(self) -> None:
        """End it."""
        self._stack.close()


@pytest.fixture(scope="session")
def prefect_server(prefect_folder: Path) -> Iterator[PrefectServer]:
    """The session's Prefect server."""
    server = PrefectServer(prefect_folder)
    try:
        server.start()
        yield server
    finally:
        server.close()


@pytest.fixture(scope="session")
def served_database(sqlite_template: Path, prefect_folder: Path) -> Iterator[Engine]:
    """The petitions that the served flows work on."""
    path = prefect_folder / "xixi.db"
    shutil.copyfile(sqlite_template, path)
    engine = wiring.open_engine(Settings(database_url=f"sqlite:///{path}"), now=clock.now() - timedelta(days=100))
    yield engine
    engine.store.close()


@pytest.fixture(scope="session")
def served(prefect_server: PrefectServer, served_database: Engine, prefect_folder: Path) -> Iterator[PrefectApi]:
    """Our flows, served at the session's server by a process of their own."""
    environment = {
        "XIXI_DATABASE_URL": served_database.store.url,
        "XIXI_PREFECT_API_URL": prefect_server.url,
        "XIXI_STATE_DIR": str(prefect_folder),
        # Only links to documents are made of it here.
        "XIXI_PUBLIC_URL": "https://xixi.example.org",
    }
    api = PrefectApi(prefect_server.url, bound=20)
    with running([sys.executable, "-m", "flows.serve"], environment, prefect_folder, "serve.log") as runner:
        # Registered last, so all are.
        found = "/deployments/name/monthly-report/first-of-the-month"
        eventually(lambda: runner.poll() is not None or is_there(prefect_server.url + found), START_UP)
        assert runner.poll() is None, (prefect_folder / "serve.log").read_text("utf-8")
        yield api
    api.close()


def is_there(url: str) -> bool:
    """Whether the server has what `url` names."""
    import httpx

    return httpx.get(url, timeout=30, trust_env=False).status_code == 200
