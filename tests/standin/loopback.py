"""A small HTTP/1.1 server on the loopback interface whose answers may be late, missing or cut off.

It runs an event loop in a thread of its own, keeps connections alive and answers several thousand requests a second,
so that a benchmark through it measures the client. A web framework would hide the connection, and breaking it at the
right moment is the point.
"""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Callable
from typing import Any, Literal

import msgspec

_REASONS = {200: "OK", 201: "Created", 204: "No Content", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found"}


class Asked(msgspec.Struct):
    """A request. `target` is path and query; header names are in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes


class Answer(msgspec.Struct):
    """What the server does with a request, once it has been handled.

    `after` seconds it is `given`, `never` given (the connection stays open), or the connection is `cut` with a reset.
    """

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = {}
    after: float = 0.0
    how: Literal["given", "never", "cut"] = "given"


class Loopback:
    """The server; `answer` is called in its thread for one request at a time and must not block."""

    def __init__(self, answer: Callable[[Asked], Answer], port: int = 0) -> None:
        self._answer = answer
        self._loop = asyncio.new_event_loop()
        self._open: set[asyncio.Transport] = set()
        self._door = socket.create_server(("127.0.0.1", port), backlog=512)
        self.port: int = self._door.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._run, name=f"loopback-{self.port}", daemon=True)
        self._started = threading.Event()
        self._thread.start()
        # Stopped before it runs, the loop would leave its server half made.
        self._started.wait()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(
            self._loop.create_server(lambda: _Connection(self._answer, self._open), sock=self._door)
        )
        self._loop.call_soon(self._started.set)
        self._loop.run_forever()
        server.close()
        for transport in [*self._open]:
            transport.abort()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    def close(self) -> None:
        """Stop listening and reset every connection."""
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._thread.join()


class _Connection(asyncio.Protocol):
    def __init__(self, answer: Callable[[Asked], Answer], connections: set[asyncio.Transport]) -> None:
        self._answer = answer
        self._connections = connections
        self._received = b""
        self._transport: Any = None
        self._busy = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._connections.add(self._transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.discard(self._transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        self._next()

    def _next(self) -> None:
        """Answer the next whole request; one at a time, as a client without pipelining sends them."""
        while not self._busy and not self._transport.is_closing():
            taken = _request(self._received)
            if taken is None:
                return
            asked, length = taken
            self._received = self._received[length:]
            answer = self._answer(asked)
            if answer.how == "never":
                self._busy = True
            elif answer.after:
                self._busy = True
                asyncio.get_running_loop().call_later(answer.after, self._late, answer)
            else:
                self._give(answer)

    def _late(self, answer: Answer) -> None:
        self._busy = False
        self._give(answer)
        self._next()

    def _give(self, answer: Answer) -> None:
        if answer.how == "cut":
            # Lingering for no time at all makes the kernel send a reset instead of a polite goodbye.
            wire = self._transport.get_extra_info("socket")
            wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self._transport.abort()
            return
        headers = "".join(f"{name}: {value}\r\n" for name, value in answer.headers.items())
        reason = _REASONS.get(answer.status, "Answer")
        head = f"HTTP/1.1 {answer.status} {reason}\r\ncontent-length: {len(answer.body)}\r\n{headers}\r\n"
        self._transport.write(head.encode() + answer.body)


def _request(data: bytes) -> tuple[Asked, int] | None:
    """The first request in `data` and its length in bytes; None while some of it is missing."""
    end = data.find(b"\r\n\r\n")
    if end < 0:
        return None
    first, *lines = data[:end].decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ", 2)
    headers = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    start = end + 4
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return _chunked(Asked(method, target, headers, b""), data, start)
    length = int(headers.get("content-length", "0"))
    if len(data) < start + length:
        return None
    return Asked(method, target, headers, data[start : start + length]), start + length


def _chunked(asked: Asked, data: bytes, at: int) -> tuple[Asked, int] | None:
    chunks: list[bytes] = []
    while True:
        end = data.find(b"\r\n", at)
        if end < 0:
            return None
        size = int(data[at:end].split(b";")[0], 16)
        at = end + 2 + size + 2
        if len(data) < at:
            return None
        if not size:
            asked.body = b"".join(chunks)
            return asked, at
        chunks.append(data[end + 2 : end + 2 + size])
