"""A transaction that is tried again while another attempt may cure what went wrong."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar, cast

import structlog

from xixi_workflow.store.connect import RETRYABLE, CommitLostError, Store
from xixi_workflow.store.rows import Tx

log = structlog.get_logger()

Result = TypeVar("Result")

#: Attempts at a transaction that met a lock, a deadlock or a lost race.
ATTEMPTS = 5
#: Seconds before the second attempt; doubled before each further one.
FIRST_PAUSE = 0.02
LONGEST_PAUSE = 2.0


def attempted(store: Store, work: Callable[[Tx], Result], *, attempts: int = ATTEMPTS) -> Result:
    """What `work` returns, committed once. It may run several times, each time on a fresh transaction.

    Raises what the last attempt raised.
    """
    result: Result | None = None
    lost: CommitLostError | None = None
    for attempt in range(1, attempts + 1):
        try:
            if lost is not None and store.holds(lost.sealed):
                return cast(Result, result)
            with store.transaction() as tx:
                result = work(tx)
        except RETRYABLE as error:
            if isinstance(error, CommitLostError):
                lost = error
            if attempt == attempts:
                raise
            log.warning("transaction_retried", attempt=attempt, error=type(error).__name__)
            time.sleep(min(FIRST_PAUSE * 2 ** (attempt - 1), LONGEST_PAUSE))
        else:
            return result
    raise AssertionError("unreachable")
