"""The cases that need the running service: `xixi up` without Prefect, as a process, on the case's database."""

from __future__ import annotations

import json
import random
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from tests.bench.contestant import Drive
from tests.bench.driver import SERIAL, Load, drive
from tests.bench.floor_web import free_port, service
from tests.bench.meter import Meter
from tests.bench.ours_setup import bare_policy, engine_on, filing, step
from tests.bench.workload import DETAIL, PETITIONER, TITLE
from xixi_workflow.core.policy import Policy
from xixi_workflow.store.columns import from_micros
from xixi_workflow.store.connect import Store

_TOKEN: Final = "bench-token-of-no-other-use"
_WARM_UP: Final = 1.0
_DAY: Final = timedelta(days=1)
_BODY: Final = json.dumps(
    {
        "source": "demo",
        "source_id": SERIAL,
        "title": TITLE,
        "content": DETAIL,
        "petitioner": {"name": PETITIONER, "phone": "19900000000"},
    }
)


@contextmanager
def _up(url: str, policy: Policy | None = None) -> Iterator[tuple[int, int]]:
    """`xixi up` on `url`; its pid and port once it answers."""
    port = free_port()
    with tempfile.TemporaryDirectory() as folder:
        environment = {"XIXI_DATABASE_URL": url, "XIXI_TOKEN": _TOKEN, "XIXI_STATE_DIR": folder}
        if policy is not None:
            config = Path(folder, "config")
            for name, content in policy.documents.items():
                file = config / name
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
            environment["XIXI_CONFIG"] = str(config)
        command = [str(Path(sys.executable).with_name("xixi")), "up", "--no-prefect", "--port", str(port)]
        with service(command, port, environment) as pid:
            yield pid, port


def precision(url: str, n: int, span: float, meter: Meter) -> Sequence[float]:
    """Sparse deadlines kept by the service, as another process sees their commits: it looks every millisecond."""
    chance = random.Random(1)
    policy = bare_policy()
    with engine_on(url, policy) as engine, _up(url, policy) as (pid, _):
        begin = datetime.now(UTC) + timedelta(seconds=3)
        dues = sorted(begin + timedelta(seconds=chance.random() * span) for _ in range(n))
        filings = [filing(3_000_000_000 + i, due - _DAY) for i, due in enumerate(dues)]
        numbers = [done.number for done in engine.handle(filings, now=datetime.now(UTC))]
        for which in (0, 1):
            engine.handle([step(number, which) for number in numbers], now=datetime.now(UTC))
        with meter.running(pid):
            return _watch(engine.store, n, begin + timedelta(seconds=span + 30))


def _watch(store: Store, n: int, until: datetime) -> list[float]:
    delays: list[float] = []
    with closing(store.engine.raw_connection()) as pooled:
        # The driver's own connection, which keeps no snapshot open between two looks.
        connection: Any = pooled.driver_connection
        if not store.is_sqlite:
            connection.autocommit = True
        head = "SELECT number FROM chain WHERE id = 1"
        (last,) = connection.execute(head).fetchone()
        while len(delays) < n and datetime.now(UTC) < until:
            (number,) = connection.execute(head).fetchone()
            if number == last:
                time.sleep(0.001)
                continue
            seen = datetime.now(UTC)
            fired = f"SELECT at FROM journal WHERE seal > {last} AND seal <= {number} AND event = 'breached'"
            for (at,) in connection.execute(fired).fetchall():
                delays.append((seen - (from_micros(at) if store.is_sqlite else at)).total_seconds())
            last = number
    assert len(delays) == n, f"{len(delays)} of {n} deadlines fired"
    return delays


def intake(url: str, seconds: float, connections: int, meter: Meter) -> Drive:
    """Durable intake over HTTP, while the clock process routes and dispatches what arrives."""
    with _up(url) as (pid, port):

        def load(length: float, first: int) -> Load:
            return Load(
                port=port,
                path="/api/v1/petitions",
                body=_BODY,
                seconds=length,
                connections=connections,
                headers={"Authorization": f"Bearer {_TOKEN}"},
                first=first,
            )

        drive(load(_WARM_UP, 0))
        with meter.running(pid):
            return drive(load(seconds, 1_000_000))


def start(url: str, meter: Meter) -> None:
    """``xixi up`` on an existing database until HTTP answers."""
    with ExitStack() as stack, meter.running():
        stack.enter_context(_up(url))
