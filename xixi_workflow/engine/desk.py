"""The desk: commands that arrive together are decided and committed together, by one writer.

A commit costs a disk's answer whether it holds one command or a hundred (measured on SQLite: sixfold). So doors hand
their commands to a queue and wait; the writer takes whatever has gathered, at most `MOST`, and answers all of them
after one commit. Under light load a batch is one command and nothing waits for company.

Nothing here may run in an event loop: doors await the future they are given.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from datetime import datetime

import structlog

from xixi_workflow.engine.handle import Done, Engine, Request
from xixi_workflow.store.connect import RETRYABLE, StoreError

log = structlog.get_logger()

#: Commands in one transaction; more would make the last of them wait noticeably.
MOST = 256


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
        self._queue: queue.SimpleQueue[tuple[Request, Future[Done]] | None] = queue.SimpleQueue()
        #: Makes `submit` and `close` exclude each other, so that nothing is queued behind the end.
        self._gate = threading.Lock()
        self._closed = False
        self._thread = threading.Thread(target=self._write, name="desk", daemon=True)
        self._thread.start()

    def submit(self, request: Request) -> Future[Done]:
        """Queue a command; the future is answered after its commit, or fails as the database did.

        Raises `Closed` after `close`.
        """
        future: Future[Done] = Future()
        with self._gate:
            if self._closed:
                raise Closed
            self._queue.put((request, future))
        return future

    def handle(self, request: Request) -> Done:
        """Queue a command and wait for its commit."""
        return self.submit(request).result()

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
        item = self._queue.get()
        while item is not None:
            batch: list[tuple[Request, Future[Done]]] = []
            while item is not None:
                request, future = item
                # Whoever stopped waiting before the writer came has withdrawn the command; from here on it is done.
                if future.set_running_or_notify_cancel():
                    batch.append((request, future))
                if len(batch) == MOST:
                    break
                try:
                    item = self._queue.get_nowait()
                except queue.Empty:
                    break
            if batch:
                self._commit(batch)
            if item is not None:
                item = self._queue.get()

    def _commit(self, batch: list[tuple[Request, Future[Done]]]) -> None:
        self._told(len(batch))
        try:
            answers = self._engine.handle([request for request, _ in batch], now=self._clock())
        except Exception as error:
            if len(batch) > 1 and not isinstance(error, (StoreError, *RETRYABLE)):
                # Not the database's fault but one command's: its neighbours must not suffer.
                log.warning("batch_taken_apart", size=len(batch), error=type(error).__name__)
                for one in batch:
                    self._commit([one])
                return
            if isinstance(error, (StoreError, *RETRYABLE)):
                # Expected on a bad day, and a driver's own words may quote a petition.
                log.error("batch_failed", size=len(batch), error=type(error).__name__)
            else:
                log.exception("batch_failed", size=len(batch))
            for _, future in batch:
                future.set_exception(error)
            return
        for (_, future), answer in zip(batch, answers, strict=True):
            future.set_result(answer)
