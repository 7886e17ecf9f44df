"""A load driver in a process of its own: HTTP/1.1 over connections that stay open.

Written for this one purpose because it must cost less than what it drives: it sends prepared
bytes and reads no more of an answer than its status and length. ``drive`` starts it as a child.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from tests.bench.contestant import Drive

HOST: Final = "127.0.0.1"
SERIAL: Final = "0" * 12
"""In the body, the place of a number that differs from request to request."""

_GRACE: Final = 30.0


@dataclass(frozen=True, slots=True)
class Load:
    """What to send: ``body`` holds ``SERIAL`` once, counted up from ``first``."""

    port: int
    path: str
    body: str
    seconds: float
    connections: int
    headers: Mapping[str, str]
    first: int


def drive(load: Load) -> Drive:
    """Run the driver until the time is over and return what it saw.

    Raises RuntimeError when the driver ended badly, with its last words.
    """
    child = subprocess.run(
        [sys.executable, "-m", "tests.bench.driver"],
        input=json.dumps(asdict(load)),
        capture_output=True,
        text=True,
        check=False,
        timeout=load.seconds + 2 * _GRACE,
        cwd=Path(__file__).parents[2],
    )
    if child.returncode:
        raise RuntimeError(f"the load driver failed: {child.stderr[-500:]}")
    return Drive(**json.loads(child.stdout))


class _Requests:
    """The requests of all connections, numbered."""

    def __init__(self, load: Load) -> None:
        before, found, after = load.body.partition(SERIAL)
        if not found:
            raise ValueError(f"the body has no place for a number: {SERIAL}")
        head = {
            "Host": f"{HOST}:{load.port}",
            "Content-Type": "application/json",
            "Content-Length": str(len(load.body.encode())),
            **load.headers,
        }
        lines = [
            f"POST {load.path} HTTP/1.1",
            *(f"{name}: {value}" for name, value in head.items()),
        ]
        self._before = ("\r\n".join(lines) + "\r\n\r\n" + before).encode()
        self._after = after.encode()
        self._number = load.first

    def another(self) -> bytes:
        self._number += 1
        return b"%b%012d%b" % (self._before, self._number, self._after)


class _Connection(asyncio.Protocol):
    """Sends the next request as soon as the answer to the last one is complete."""

    def __init__(self, requests: _Requests, until: float) -> None:
        self._requests = requests
        self._until = until
        self._answer = b""
        self._sent = 0.0
        self.delays: list[float] = []
        self.refused = 0
        self.finished = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if not isinstance(transport, asyncio.Transport):
            raise TypeError("a stream was expected")
        self._transport = transport
        self._send()

    def data_received(self, data: bytes) -> None:
        self._answer += data
        head_end = self._answer.find(b"\r\n\r\n")
        if head_end < 0:
            return
        head = self._answer[:head_end].lower()
        at = head.find(b"content-length:")
        if at < 0:
            self._end(RuntimeError("an answer without a length"))
            return
        length = int(head[at + 15 :].split(b"\r\n", 1)[0])
        if len(self._answer) < head_end + 4 + length:
            return
        now = time.perf_counter()
        if self._answer[9:10] == b"2":
            self.delays.append(now - self._sent)
        else:
            self.refused += 1
        self._answer = b""
        if now < self._until:
            self._send()
        else:
            self._end(None)

    def connection_lost(self, exc: Exception | None) -> None:
        self._end(exc or RuntimeError("the server closed the connection"))

    def _send(self) -> None:
        self._sent = time.perf_counter()
        self._transport.write(self._requests.another())

    def _end(self, failure: Exception | None) -> None:
        if self.finished.done():
            return
        if failure is None:
            self.finished.set_result(None)
        else:
            self.finished.set_exception(failure)
        self._transport.close()


async def _run(load: Load) -> Drive:
    requests = _Requests(load)
    loop = asyncio.get_running_loop()
    begin = time.perf_counter()
    until = begin + load.seconds
    callers: list[_Connection] = []
    for _ in range(load.connections):
        _, caller = await loop.create_connection(lambda: _Connection(requests, until), HOST, load.port)
        callers.append(caller)
    async with asyncio.timeout(load.seconds + _GRACE):
        await asyncio.gather(*(caller.finished for caller in callers))
    wall = time.perf_counter() - begin
    delays = [delay for caller in callers for delay in caller.delays]
    refused = sum(caller.refused for caller in callers)
    return Drive(answered=len(delays), delays=delays, refused=refused, wall=wall)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(asdict(asyncio.run(_run(Load(**json.load(sys.stdin)))))))
