"""A real `xixi up` in a process of its own, and what a test asks of it. Nothing of it is left behind."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import psutil

TOKEN = "a-token-for-tests-only"
#: Seconds until a test gives up waiting for something that should come. Generous: the machine may be busy.
PATIENCE = 60.0

T = TypeVar("T")


class Answer(NamedTuple):
    status: int
    headers: Mapping[str, str]
    body: str

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Running:
    """The command, its output so far and its HTTP door."""

    def __init__(self, process: subprocess.Popen[bytes], output: Path) -> None:
        self.process = process
        self._output = output
        self.port = 0

    @property
    def output(self) -> str:
        """What it has printed so far, standard output and error together."""
        return self._output.read_text(encoding="utf-8")

    def await_port(self) -> None:
        """Wait until it says where its page is."""
        self.port = int(wait_for(lambda: re.search(r"页面 +http://127\.0\.0\.1:(\d+)/", self._alive()))[1])

    def _alive(self) -> str:
        assert self.process.poll() is None, self.output
        return self.output

    def ask(
        self,
        path: str,
        body: Any = None,
        *,
        token: str | None = TOKEN,
        headers: Mapping[str, str] | None = None,
        method: str | None = None,
    ) -> Answer:
        """One request; a `body` that is not bytes is sent as JSON."""
        data = body if body is None or isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data, method=method)
        if token is not None:
            request.add_header("Authorization", f"Bearer {token}")
        for name, value in (headers or {}).items():
            request.add_header(name, value)
        try:
            with urllib.request.build_opener(_StayHere).open(request, timeout=PATIENCE) as answer:
                return Answer(answer.status, dict(answer.headers.items()), answer.read().decode())
        except urllib.error.HTTPError as error:
            return Answer(error.code, dict(error.headers.items()), error.read().decode())

    def file(self, source_id: str, **more: Any) -> Answer:
        """File a petition that the category rules know."""
        return self.ask(
            "/api/v1/petitions",
            {"source": "visit", "source_id": source_id, "title": "小区垃圾三天无人清运", **more},
        )

    def petition(self, no: str) -> Any:
        """One petition as the API shows it."""
        answer = self.ask(f"/api/v1/petitions/{no}")
        assert answer.status == 200, answer
        return answer.json

    def part(self, word: str) -> psutil.Process:
        """The child whose command line holds `word`; waits for it."""
        return wait_for(lambda: next((p for p in self.family() if word in " ".join(_command(p))), None))

    def family(self) -> list[psutil.Process]:
        """All its descendants."""
        return psutil.Process(self.process.pid).children(recursive=True)

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send a signal and wait for the end; the exit code."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE)


class _StayHere(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


def start(folder: Path, database: str, *options: str, environment: Mapping[str, str] | None = None) -> Running:
    """Start `xixi up` in `folder` and return at once."""
    output = folder / "output.txt"
    command = [str(Path(sys.executable).with_name("xixi")), "up", "--database", database, "--port", "0", *options]
    ours = {"XIXI_TOKEN": TOKEN, "XIXI_STATE_DIR": str(folder / "state"), "PYTHONUTF8": "1", **(environment or {})}
    with output.open("wb") as stream:
        process = subprocess.Popen(
            command, cwd=folder, env={**os.environ, **ours}, stdin=subprocess.DEVNULL, stdout=stream, stderr=stream
        )
    return Running(process, output)


@contextmanager
def running(
    folder: Path, database: str, *options: str, environment: Mapping[str, str] | None = None
) -> Iterator[Running]:
    """`xixi up`, answering HTTP; ended afterwards."""
    service = start(folder, database, *(options or ("--no-prefect",)), environment=environment)
    try:
        service.await_port()
        yield service
    finally:
        if service.process.poll() is None:
            service.stop()


def wait_for(look: Callable[[], T | None], patience: float = PATIENCE) -> T:
    """What `look` finds, once it finds something true; fails after `patience` seconds."""
    give_up = time.monotonic() + patience
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < give_up, "waited in vain"
        time.sleep(0.05)


def gone(processes: list[psutil.Process]) -> bool:
    """Whether none of them runs any more; one that only waits to be buried has ended."""
    return all(not p.is_running() or p.status() == psutil.STATUS_ZOMBIE for p in processes)


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []
