"""The floor over HTTP, the same for both databases: it touches neither."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Final

from tests.bench.contestant import Drive
from tests.bench.driver import HOST, SERIAL, Load, drive
from tests.bench.meter import Meter
from tests.bench.workload import DETAIL, PETITIONER, TITLE

_PATIENCE: Final = 60.0
_WARM_UP: Final = 1.0
_BODY: Final = json.dumps(
    {
        "source": "bench",
        "source_id": SERIAL,
        "petitioner": PETITIONER,
        "phone": "19900000000",
        "title": TITLE,
        "detail": DETAIL,
    }
)


def free_port() -> int:
    """A port of this machine that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1.0) as answer:
            return bool(answer.status == HTTPStatus.OK)
    except OSError:
        return False


@contextmanager
def service(command: Sequence[str], port: int, environment: Mapping[str, str] | None = None) -> Iterator[int]:
    """Run a server until the body ends; its pid, once ``/health`` on the port answers 200.

    Raises RuntimeError when it ends or stays silent for a minute.
    """
    child = subprocess.Popen(
        command,
        cwd=Path(__file__).parents[2],
        env={**os.environ, **(environment or {})},
        stdout=subprocess.DEVNULL,
    )
    try:
        give_up = time.monotonic() + _PATIENCE
        while not _answers(f"http://{HOST}:{port}/health"):
            if child.poll() is not None:
                raise RuntimeError(f"the server ended with code {child.returncode}")
            if time.monotonic() > give_up:
                raise RuntimeError(f"the server did not answer within {_PATIENCE:.0f} s")
            time.sleep(0.005)
        yield child.pid
    finally:
        child.send_signal(signal.SIGTERM)
        try:
            child.wait(20.0)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


@contextmanager
def _hello() -> Iterator[tuple[int, int]]:
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "tests.bench.hello:app", "--host", HOST]
    command += ["--port", str(port), "--no-access-log", "--log-level", "warning"]
    with service(command, port) as pid:
        yield pid, port


def intake(url: str, seconds: float, connections: int, meter: Meter) -> Drive:
    """Post to the hello-world as fast as it answers, after a second of warming up."""
    del url  # nothing is kept
    with _hello() as (pid, port):

        def load(length: float, first: int) -> Load:
            return Load(
                port=port,
                path="/petitions",
                body=_BODY,
                seconds=length,
                connections=connections,
                headers={},
                first=first,
            )

        drive(load(_WARM_UP, 0))
        with meter.running(pid):
            return drive(load(seconds, 1_000_000))


def start(url: str, meter: Meter) -> None:
    """A FastAPI application that has nothing to open."""
    del url  # nothing is opened
    # The meter stops at the first answer; the stack ends the server after it.
    with ExitStack() as stack, meter.running():
        stack.enter_context(_hello())
