"""Leaves a provider alone that has stopped answering.

An hour's outage with five thousand messages waiting would otherwise cost a time-out each.
"""

from __future__ import annotations

from threading import Lock
from typing import Final

#: Failures in a row before a provider is left alone.
FAILURES: Final = 5
#: Seconds of the first rest; each one after a failed trial is twice as long, up to the longest.
FIRST_REST: Final = 30.0
LONGEST_REST: Final = 300.0


class Breaker:
    """Whether a provider may be asked. Instants are monotonic seconds, given by the caller; threads share it.

    After a rest a single message is let through as a trial. Its success ends the matter, its failure doubles the rest;
    while it is on its way everybody else waits, but no longer than another rest, in case its outcome never comes.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._failures = 0
        self._until = 0.0
        self._rest = 0.0
        self._trial = False

    def wait(self, now: float) -> float:
        """Seconds that the provider rests yet; 0: it may be asked, by this caller."""
        with self._lock:
            if now < self._until:
                return self._until - now
            if self._rest:
                self._until = now + self._rest
                self._trial = True
            return 0.0

    def succeeded(self) -> None:
        """The provider has dealt with a message, be it by refusing it."""
        with self._lock:
            self._failures = 0
            self._rest = 0.0
            self._trial = False
            self._until = 0.0

    def untried(self) -> None:
        """What was let through told nothing of the provider: the next one may be the trial."""
        with self._lock:
            if self._trial:
                self._trial = False
                self._until = 0.0

    def failed(self, now: float, retry_after: float | None = None) -> None:
        """The provider has dealt with nothing; `retry_after` seconds are when it wants to be asked again."""
        with self._lock:
            if retry_after is not None:
                # It answers, and says how long: that is no outage. A trial that gets this answer is over, too.
                self._trial = False
                self._rest = 0.0
                self._until = max(self._until, now + min(retry_after, LONGEST_REST))
                return
            if self._rest and not self._trial:
                return  # sent before the rest began
            self._failures += 1
            if self._trial or self._failures >= FAILURES:
                self._rest = min(self._rest * 2, LONGEST_REST) if self._rest else FIRST_REST
                self._until = now + self._rest
                self._trial = False
