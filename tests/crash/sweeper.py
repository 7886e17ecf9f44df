"""One of several services on a database: `sweeper.py URL NOW BATCH` sweeps at the instant NOW until nothing is due.

It says `ready`, begins at a line on standard input, and says at the end in JSON what it did.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import MutableMapping
from datetime import datetime
from typing import Any

import structlog

from xixi_workflow.engine.handle import Engine
from xixi_workflow.engine.sweep import sweep
from xixi_workflow.store.connect import Store

retried: Counter[str] = Counter()


def count_retries(logger: Any, method: str, event: MutableMapping[str, Any]) -> str:
    """A structlog processor: attempts that met a lock or a deadlock, by kind."""
    del logger, method
    if event["event"] == "transaction_retried":
        retried[event["error"]] += 1
    return ""


def main() -> None:
    """Sweep."""
    url, now, limit = sys.argv[1], datetime.fromisoformat(sys.argv[2]), int(sys.argv[3])
    structlog.configure(processors=[count_retries], logger_factory=structlog.ReturnLoggerFactory())
    engine = Engine(Store(url))
    engine.policies.refresh()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    counts: Counter[str] = Counter()
    looked = 0
    while (swept := sweep(engine, now=now, limit=limit)).looked:
        looked += swept.looked
        counts.update(swept.counts)
    engine.store.close()
    sys.stdout.write(json.dumps({"looked": looked, "breached": counts["breached"], "retried": dict(retried)}))


if __name__ == "__main__":
    main()
