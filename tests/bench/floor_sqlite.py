"""The floor on SQLite: the standard library's driver, few statements, nothing decided."""

from __future__ import annotations

import json
import random
import sqlite3
import time
from collections.abc import Sequence
from typing import Final

from tests.bench.delivery import floor as delivery
from tests.bench.floor_web import intake, start
from tests.bench.meter import Meter
from tests.bench.month import floor as month
from tests.bench.tables_sqlite import fill, opened, prepare
from tests.bench.workload import (
    DETAIL,
    FINDING,
    FIRED_NOTICE,
    FIRED_TIMER,
    LIMITS,
    NOTICE,
    OPEN_TIMER,
    PETITIONER,
    STEPS,
    STOPPED_TIMER,
    TITLE,
    Step,
    reference,
)

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

_FILE: Final = (
    "insert into petition(id, reference, team, category, state, version, petitioner, title,"
    " detail, received_at, changed_at) values(?, ?, ?, ?, 0, 0, ?, ?, ?, ?, ?)"
)
_ARM: Final = "insert into timer values(?, ?, ?, ?, 0, null)"
_AUDIT: Final = "insert into audit values(?, ?, ?, ?, 'system', ?, ?)"
_AUDIT_MANY: Final = "insert into audit select value, ?2, ?3, ?2, 'system', ?4, ?5 from json_each(?1)"
_SEND: Final = "insert into outbox(petition, template, status, next_at, content) values(?, ?, 0, ?, ?)"
_SEND_MANY: Final = (
    "insert into outbox(petition, template, status, next_at, content) select value, ?2, 0, ?3, ?4 from json_each(?1)"
)


def _move(step: Step, which: str) -> str:
    stamp = f", {step.stamp} = ?1" if step.stamp else ""
    return (
        f"update petition set state = {step.number}, version = version + 1, changed_at = ?1{stamp}"
        f" where state = {step.number - 1} and id {which}"
    )


def _stop(step: Step, which: str) -> str:
    return (
        f"update timer set status = {STOPPED_TIMER}, done_at = ?1"
        f" where petition {which} and clock = {step.stops} and status = {OPEN_TIMER}"
    )


_ONE: Final = "= ?2"
_MANY: Final = "in (select value from json_each(?2))"
_MOVE: Final = [_move(step, _ONE) for step in STEPS]
_MOVE_MANY: Final = [_move(step, _MANY) for step in STEPS]
_STOP: Final = [_stop(step, _ONE) for step in STEPS]
_STOP_MANY: Final = [_stop(step, _MANY) for step in STEPS]


def _intake_row(petition: int, now: float) -> tuple[object, ...]:
    number = reference(petition)
    team, category = petition % 20, petition % 30
    return (petition, number, team, category, PETITIONER, TITLE, DETAIL, now, now)


def _timer_rows(petition: int, now: float) -> list[tuple[object, ...]]:
    return [(petition, clock, stage, now + limit) for clock, stage, limit in LIMITS]


def _expect(changed: int, wanted: int) -> None:
    # A floor that silently moved nothing would be a very fast one.
    if changed != wanted:
        raise RuntimeError(f"{changed} rows changed instead of {wanted}")


def lifecycle(url: str, n: int, batch: int, meter: Meter, first: int = 0) -> None:
    """Each transition of a batch in one transaction of two to four statements."""
    with opened(url) as connection, meter.running():
        run = connection.execute
        for low in range(first, first + n, batch):
            petitions = range(low, min(first + n, low + batch))
            listed = json.dumps(list(petitions))
            for step in STEPS:
                now = time.time()
                run("begin immediate")
                if step.number == 0:
                    connection.executemany(_FILE, (_intake_row(one, now) for one in petitions))
                    connection.executemany(_ARM, (row for one in petitions for row in _timer_rows(one, now)))
                else:
                    moved = run(_MOVE_MANY[step.number], (now, listed)).rowcount
                    _expect(moved, len(petitions))
                left = step.number - 1 if step.number else None
                run(_AUDIT_MANY, (listed, step.number, left, now, FINDING))
                if step.stops is not None:
                    run(_STOP_MANY[step.number], (now, listed))
                if step.notice:
                    run(_SEND_MANY, (listed, step.notice, now, NOTICE))
                run("commit")


def transition(url: str, n: int, callers: int, meter: Meter) -> None:
    """Row by row, one commit for the ``callers`` transitions that would arrive together."""
    with opened(url) as connection, meter.running():
        run = connection.execute
        for low in range(0, n, callers):
            petitions = range(low, min(n, low + callers))
            for step in STEPS:
                run("begin immediate")
                for petition in petitions:
                    _one_step(connection, step, petition)
                run("commit")


def _one_step(connection: sqlite3.Connection, step: Step, petition: int) -> None:
    run = connection.execute
    now = time.time()
    if step.number == 0:
        run(_FILE, _intake_row(petition, now))
        connection.executemany(_ARM, _timer_rows(petition, now))
    else:
        _expect(run(_MOVE[step.number], (now, petition)).rowcount, 1)
    left = step.number - 1 if step.number else None
    run(_AUDIT, (petition, step.number, left, step.number, now, FINDING))
    if step.stops is not None:
        run(_STOP[step.number], (now, petition))
    if step.notice:
        run(_SEND, (petition, step.notice, now, NOTICE))


_DUE: Final = (
    f"select petition, clock, stage, due_at from timer where status = {OPEN_TIMER}"
    " and due_at <= ?1 order by due_at limit ?2"
)
_FIRE: Final = (
    f"update timer set status = {FIRED_TIMER}, done_at = ?1 where (petition, clock, stage) in"
    " (select value ->> 0, value ->> 1, value ->> 2 from json_each(?2))"
)
_FIRE_AUDIT: Final = (
    "insert into audit select value ->> 0, 100 + 2 * (value ->> 1) + (value ->> 2), null, 0,"
    " 'clock', ?1, json_object('clock', value ->> 1, 'stage', value ->> 2, 'due', value ->> 3)"
    " from json_each(?2)"
)
_FIRE_SEND: Final = (
    "insert into outbox(petition, template, status, next_at, content)"
    f" select value ->> 0, '{FIRED_NOTICE}', 0, ?1, ?3 from json_each(?2)"
)


def _fire(connection: sqlite3.Connection, limit: int) -> list[float]:
    """Fire up to ``limit`` due timers in one transaction; the due moments of those fired."""
    run = connection.execute
    run("begin immediate")
    now = time.time()
    rows = run(_DUE, (now, limit)).fetchall()
    if rows:
        listed = json.dumps(rows)
        _expect(run(_FIRE, (now, listed)).rowcount, len(rows))
        run(_FIRE_AUDIT, (now, listed))
        run(_FIRE_SEND, (now, listed, NOTICE))
    run("commit")
    return [row[3] for row in rows]


def timers(url: str, open_: int, due: int, meter: Meter, first: int = 0) -> Sequence[float]:
    """Batches of 1,000, each marked, audited and queued in one transaction."""
    with opened(url) as connection:
        instant = time.time() + 1.0 + open_ / 50_000
        connection.execute("begin immediate")
        connection.executemany(
            "insert into timer values(?, 0, 0, ?, 0, null)",
            ((first + at, instant if at < due else instant + 3_600 + at % 86_400) for at in range(open_)),
        )
        connection.execute("commit")
        time.sleep(max(0.0, instant - time.time()))
        delays: list[float] = []
        with meter.running():
            begun = max(instant, time.time())
            while fired := _fire(connection, 1_000):
                delays += [time.time() - begun] * len(fired)
    _expect(len(delays), due)
    return delays


def precision(url: str, n: int, span: float, meter: Meter) -> Sequence[float]:
    """Sleep until the earliest due moment, fire what is due, look again."""
    chance = random.Random(1)
    with opened(url) as connection:
        begin = time.time() + 1.0
        connection.executemany(
            "insert into timer values(?, 0, 0, ?, 0, null)",
            [(at, begin + chance.random() * span) for at in range(n)],
        )
        nearest = f"select min(due_at) from timer where status = {OPEN_TIMER}"
        delays: list[float] = []
        with meter.running():
            while (due := connection.execute(nearest).fetchone()[0]) is not None:
                time.sleep(max(0.0, due - time.time()))
                fired = _fire(connection, 500)
                after = time.time()
                delays += [after - moment for moment in fired]
    return delays


def idle_sweep(url: str, times: int, meter: Meter) -> None:
    """The claim alone, finding nothing."""
    with opened(url) as connection, meter.running():
        for _ in range(times):
            rows = connection.execute(_DUE, (time.time(), 1_000)).fetchall()
            _expect(len(rows), 0)
