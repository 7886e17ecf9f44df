"""Shows breaches in Prefect the moment they happen, without ever making the alarm clock wait.

The alarm hands over what a sweep noticed and goes on; a thread of this object asks Prefect for one run per batch. A
storm does not become a storm of runs: a run starts a whole interpreter, so the first breach makes a run at once and
those that follow within `SPACING` share the next one. When Prefect is away the petitions wait here, at most `MOST` of
them, the oldest are forgotten first, and a run shows what is left once it is back. Nothing is lost by forgetting: the
journal has it all and the board of every minute shows it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final, Protocol
from uuid import uuid4

import structlog

from xixi_workflow.engine.sweep import Fact

log = structlog.get_logger()

#: `flow/deployment` of the run that is asked for.
DEPLOYMENT: Final = "escalate-breaches/on-breach"
#: Seconds between two runs: starting one costs two to three seconds of a core.
SPACING: Final = 10.0
#: Petitions that wait for Prefect at most.
MOST: Final = 5000
#: Petitions that one run is given by number: its table is read by people.
SHOWN: Final = 200
#: Petitions that a run can be found by.
TAGGED: Final = 20
#: Seconds between two attempts at a server that has no such deployment yet, doubled up to the longest.
FIRST_PAUSE: Final = 1.0
LONGEST_PAUSE: Final = 60.0
_WORTH_A_RUN: Final = frozenset({"breached", "escalated"})


class Starter(Protocol):
    """Who can start a run: `adapters.prefect_api.PrefectApi`."""

    @property
    def resting(self) -> float:
        """Seconds for which asking is pointless."""

    def start(
        self,
        deployment: str,
        parameters: dict[str, Any],
        *,
        run_name: str = "",
        tags: Sequence[str] = (),
        idempotency_key: str = "",
    ) -> str | None:
        """Ask for a run; its id, or None."""


class BreachReporter:
    """Give it the facts of every sweep; close it when the clock stops. `told` hears of every run that was started."""

    def __init__(
        self, prefect: Starter, *, spacing: float = SPACING, most: int = MOST, told: Callable[[str], None] | None = None
    ) -> None:
        self._prefect = prefect
        self._spacing = spacing
        self._most = most
        self._told = told
        self._lock = threading.Lock()
        self._wake = threading.Event()
        self._stop = threading.Event()
        #: Petition -> its worst event since the last run, in the order in which they came.
        self._waiting: dict[int, str] = {}
        #: Petitions that were forgotten because too many waited.
        self.dropped = 0
        self._thread = threading.Thread(target=self._report, name="breach-reporter", daemon=True)
        self._thread.start()

    def notice(self, facts: Iterable[Fact]) -> None:
        """Take what a sweep noticed. Returns at once, whatever Prefect does."""
        fresh = [(fact.petition, fact.event) for fact in facts if fact.event in _WORTH_A_RUN]
        if not fresh:
            return
        with self._lock:
            for petition, event in fresh:
                if event == "breached" or petition not in self._waiting:
                    self._waiting[petition] = event
            for petition in list(self._waiting)[: max(0, len(self._waiting) - self._most)]:
                del self._waiting[petition]
                self.dropped += 1
        self._wake.set()

    def close(self) -> None:
        """Stop asking. What still waits is not asked for: the service is going down and the journal has it."""
        self._stop.set()
        self._wake.set()
        self._thread.join(timeout=10)

    def _report(self) -> None:
        while True:
            self._wake.wait()
            self._wake.clear()
            if self._stop.is_set():
                return
            with self._lock:
                batch, self._waiting = self._waiting, {}
            if not batch:
                continue
            run = self._insist(batch)
            if run is None:
                return
            if self._told is not None:
                self._told(run)
            self._stop.wait(self._spacing)

    def _insist(self, batch: dict[int, str]) -> str | None:
        """Ask for the run of `batch` until there is one; None when this object is closed before.

        The same key each time: an answer that was lost does not make a second run.
        """
        key = uuid4().hex
        pause = FIRST_PAUSE
        while not self._stop.is_set():
            try:
                run = self._start(batch, key)
            except Exception:
                log.exception("breaches_not_reported", petitions=len(batch))
                run = None
            if run is not None:
                return run
            self._stop.wait(max(self._prefect.resting, pause))
            pause = min(2 * pause, LONGEST_PAUSE)
        return None

    def _start(self, batch: dict[int, str], key: str) -> str | None:
        breached = sum(event == "breached" for event in batch.values())
        escalated = len(batch) - breached
        numbers = [str(number) for number in batch]
        return self._prefect.start(
            DEPLOYMENT,
            {"form": {"numbers": numbers[:SHOWN], "count": len(batch)}},
            run_name=f"超时{breached} 升级{escalated} · {breached} breached, {escalated} escalated",
            tags=["breach", *(f"petition:{number}" for number in numbers[:TAGGED])],
            idempotency_key=key,
        )
