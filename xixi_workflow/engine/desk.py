"""The desk: commands that arrive together are decided and committed together, by one writer.

A commit costs a disk's answer whether it holds one command or a hundred (measured on SQLite: sixfold). So doors hand
their commands to a queue and wait; the writer takes whatever has gathered, at most `MOST`, and answers all of them
after one commit. Under light load a batch is one command and nothing waits for company. Under heavy load those who
were just answered come back one by one; the writer gives them `LINGER` seconds each, so that they share a commit
instead of splitting into two groups that wait for each other.

Nothing here may run in an event loop: a coroutine awaits `ask`, a thread calls `handle`.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future, InvalidStateError
from datetime import datetime

import structlog

from xixi_workflow.engine.handle import Done, Engine, Request
from xixi_workflow.store.connect import RETRYABLE, StoreError

log = structlog.get_logger()

#: Commands in one transaction; more would make the last of them wait noticeably.
MOST = 256
#: How a batch fails when the database is away, and every command of it with it.
UNAVAILABLE: tuple[type[Exception], ...] = (StoreError, *RETRYABLE)
#: Seconds that the writer waits for the next of those whom it has just answered.
LINGER = 0.0004

#: Who waits for an answer: a thread by a future, a coroutine by a future of its loop.
Waiting = Future[Done] | tuple[asyncio.AbstractEventLoop, "asyncio.Future[Done]"]
Answer = tuple[Done | None, Exception | None]


class Closed(Exception):  # noqa: N818 - it says how the desk is
    """The desk takes no more commands: the service is shutting down."""


class Desk:
    """One writer thread over an engine. `told` hears the size of every batch, for metrics."""

    def __init__(
        self, engine: Engine, clock: Callable[[], datetime], *, told: Callable[[int], None] = lambda size: None
    ) -> None:
        self._engine = engine
        self._clock = clock
        self._told = told
        self._queue: queue.SimpleQueue[tuple[Request, Waiting] | None] = queue.SimpleQueue()
        #: Makes asking and closing exclude each other, so that nothing is queued behind the end and never answered.
        self._gate = threading.Lock()
        self._closed = False
        self._last = 0
        self._thread = threading.Thread(target=self._write, name="desk", daemon=True)
        self._thread.start()

    def submit(self, request: Request) -> Future[Done]:
        """Queue a command; the future is answered after its commit, or fails as the database did.

        Raises `Closed` after `close`.
        """
        future: Future[Done] = Future()
        self._put(request, future)
        return future

    def handle(self, request: Request) -> Done:
        """Queue a command and wait for its commit."""
        return self.submit(request).result()

    async def ask(self, request: Request) -> Done:
        """Queue a command and await its commit. A loop is woken once for all its answers of a batch."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Done] = loop.create_future()
        self._put(request, (loop, future))
        return await future

    def _put(self, request: Request, waiting: Waiting) -> None:
        with self._gate:
            if self._closed:
                raise Closed
            self._queue.put((request, waiting))

    @property
    def waiting(self) -> int:
        """About how many commands wait for the writer."""
        return self._queue.qsize()

    def close(self) -> None:
        """Finish what is queued, then stop."""
        with self._gate:
            if not self._closed:
                self._closed = True
                self._queue.put(None)
        self._thread.join(timeout=30)

    def _write(self) -> None:
        while (first := self._queue.get()) is not None:
            batch = [first]
            more = self._gather(batch)
            self._commit(batch)
            self._last = len(batch)
            if not more:
                return

    def _gather(self, batch: list[tuple[Request, Waiting]]) -> bool:
        """Fill `batch` with what waits; False when the last command has been taken."""
        while len(batch) < MOST:
            try:
                item = self._queue.get_nowait()
            except queue.Empty:
                if len(batch) >= self._last:
                    return True
                try:
                    item = self._queue.get(timeout=LINGER)
                except queue.Empty:
                    return True
            if item is None:
                return False
            batch.append(item)
        return True

    def _commit(self, batch: list[tuple[Request, Waiting]]) -> None:
        answers: list[Answer]
        try:
            self._told(len(batch))
            done = self._engine.handle([request for request, _ in batch], now=self._clock())
            answers = [(one, None) for one in done]
        except Exception as error:
            if isinstance(error, UNAVAILABLE):
                # Expected on a bad day; a driver's own words may quote a petition.
                log.error("batch_failed", size=len(batch), error=type(error).__name__)
            else:
                log.exception("batch_failed", size=len(batch))
            answers = [(None, error)] * len(batch)
        by_loop: dict[asyncio.AbstractEventLoop, list[tuple[asyncio.Future[Done], Answer]]] = {}
        for (_, waiting), answer in zip(batch, answers, strict=True):
            if isinstance(waiting, Future):
                _settle(waiting, answer)
            else:
                by_loop.setdefault(waiting[0], []).append((waiting[1], answer))
        for loop, futures in by_loop.items():
            try:
                loop.call_soon_threadsafe(_settle_all, futures)
            except RuntimeError:
                # The loop was closed while its commands were being committed: they are durable, nobody waits.
                log.warning("answers_unread", count=len(futures))


def _settle(future: Future[Done] | asyncio.Future[Done], answer: Answer) -> None:
    done, error = answer
    # Whoever asked may go away at any moment; what was committed stays committed.
    with contextlib.suppress(InvalidStateError, asyncio.InvalidStateError):
        if error is not None:
            future.set_exception(error)
        elif done is not None:
            future.set_result(done)


def _settle_all(futures: list[tuple[asyncio.Future[Done], Answer]]) -> None:
    for future, answer in futures:
        _settle(future, answer)
