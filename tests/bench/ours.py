"""Our engine as a contestant. The meaning of each function is in ``contestant.Contestant``.

A life is eight commands: file, route, dispatch, accept, interim report, note, resolve, rate. Where the floor moves
rows inside SQL and decides nothing, ours judges every command, runs five clocks, seals the journal and writes what
the shipped policy tells people. For due timers the shipped policy is kept but for its clocks: one closure clock whose
breach tells one person, which is the floor's work.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import sqlalchemy as sa

from tests.bench.delivery import ours as delivery
from tests.bench.meter import Meter
from tests.bench.month import ours as month
from tests.bench.ours_service import intake, precision, start
from tests.bench.ours_setup import STEPS, bare_policy, engine_on, filing, step
from xixi_workflow.engine.desk import Desk
from xixi_workflow.engine.handle import Engine
from xixi_workflow.engine.sweep import sweep

__all__ = [
    "delivery",
    "fill",
    "idle_sweep",
    "intake",
    "lifecycle",
    "month",
    "precision",
    "prepare",
    "start",
    "timers",
    "transition",
]

_DAY: Final = timedelta(days=1)
#: Petitions that are really driven through their life; the rest of a filled past are copies of their rows.
_REAL: Final = 1_000


def _now() -> datetime:
    return datetime.now(UTC)


def prepare(url: str) -> None:
    """Migrate the empty database and put the shipped policy in force."""
    with engine_on(url):
        pass


def lifecycle(url: str, n: int, batch: int, meter: Meter, first: int = 0) -> None:
    """Whole lives, `batch` commands to a transaction."""
    with engine_on(url) as engine, meter.running():
        _live(engine, n, batch, first)


def _live(engine: Engine, n: int, batch: int, first: int) -> None:
    for low in range(first, first + n, batch):
        serials = range(low, min(low + batch, first + n))
        numbers = [done.number for done in engine.handle([filing(s) for s in serials], now=_now())]
        for which in range(len(STEPS)):
            for done in engine.handle([step(number, which) for number in numbers], now=_now()):
                assert done.refused is None, done.refused


def transition(url: str, n: int, callers: int, meter: Meter) -> None:
    """Whole lives, one command per call; callers are coroutines, as in the web, and the desk gathers them."""

    async def one(desk: Desk, serials: range) -> None:
        for serial in serials:
            number = (await desk.ask(filing(serial))).number
            for which in range(len(STEPS)):
                done = await desk.ask(step(number, which))
                assert done.refused is None, done.refused

    async def everybody(desk: Desk) -> None:
        await asyncio.gather(*(one(desk, range(c, n, callers)) for c in range(callers)))

    with engine_on(url) as engine:
        desk = Desk(engine, _now)
        try:
            with meter.running():
                asyncio.run(everybody(desk))
        finally:
            desk.close()


def timers(url: str, open_: int, due: int, meter: Meter, first: int = 0) -> Sequence[float]:
    """Petitions in dispatch whose closure clock is due; sweeps of the default batch."""
    with engine_on(url, bare_policy()) as engine:
        # Arming through the engine takes some 100 µs a petition.
        instant = _now() + timedelta(seconds=2 + open_ / 4_000)
        for low in range(0, open_, 1_000):
            serials = range(low, min(low + 1_000, open_))
            received = [instant - _DAY + (timedelta(0) if s < due else timedelta(hours=1)) for s in serials]
            now = max(_now(), instant - _DAY + timedelta(hours=2))
            numbers = [
                done.number
                for done in engine.handle(
                    [filing(2_000_000_000 + first + s, at) for s, at in zip(serials, received, strict=True)], now=now
                )
            ]
            for which in (0, 1):
                engine.handle([step(number, which) for number in numbers], now=_now())
        time.sleep(max(0.0, (instant - _now()).total_seconds() + 0.001))
        delays: list[float] = []
        with meter.running():
            begun = max(instant, _now())
            more = True
            while more:
                swept = sweep(engine, now=_now())
                delays += [(_now() - begun).total_seconds()] * swept.counts.get("breached", 0)
                more = swept.more
        assert len(delays) == due, (len(delays), due)
        return delays


def fill(url: str, n: int) -> None:
    """A few lives are lived; their rows are copied to earlier days until there are `n`."""
    with engine_on(url) as engine:
        _live(engine, min(n, _REAL), 500, 0)
        last = (n + _REAL - 1) // _REAL - 1
        quoted = "''" if engine.store.is_sqlite else "''::text"
        with engine.store.reading() as connection:
            # What was to be said has been said.
            connection.execute(sa.text("UPDATE outbox SET state = 'sent', next_at = NULL"))
            for name in ("petition", "intake", "journal", "outcome", "outbox"):
                columns = [c["name"] for c in sa.inspect(connection).get_columns(name)]
                key = "id" if name == "petition" else "petition_id"
                wanted = [
                    f"{key} - copies.number * 1000000" if c == key
                    else f"source_id || {quoted} || '-' || copies.number" if c == "source_id"
                    else c
                    for c in columns
                ]  # fmt: skip
                connection.execute(
                    sa.text(
                        "WITH RECURSIVE copies(number) AS"
                        " (SELECT 1 UNION ALL SELECT number + 1 FROM copies WHERE number < :last)"
                        f" INSERT INTO {name} ({', '.join(columns)}) SELECT {', '.join(wanted)} FROM {name}, copies"
                    ),
                    {"last": last},
                )


def idle_sweep(url: str, times: int, meter: Meter) -> None:
    """Sweeps that find nothing."""
    with engine_on(url) as engine:
        while sweep(engine, now=_now()).more:
            pass
        with meter.running():
            for _ in range(times):
                assert sweep(engine, now=_now()).looked == 0
