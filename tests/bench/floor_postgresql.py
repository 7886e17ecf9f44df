"""The floor on PostgreSQL: psycopg with sets of rows, and asyncpg for one statement per call.

asyncpg comes with the environment through Prefect; nothing but this floor may use it.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import asyncpg  # type: ignore[import-untyped]
import psycopg

from tests.bench.delivery import floor as delivery
from tests.bench.floor_web import intake, start
from tests.bench.meter import Meter
from tests.bench.month import floor as month
from tests.bench.place import libpq_url
from tests.bench.tables_postgresql import LIMIT_ROWS, connected, fill, prepare
from tests.bench.workload import (
    CLOSED,
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

_INTAKE: Final = (
    "petition(id, reference, team, category, state, version, petitioner, title, detail, received_at, changed_at)"
)
_ARM: Final = (
    "insert into timer select {one}, clock, stage, {now} + seconds * interval '1 second',"
    f" {OPEN_TIMER}, null from {{source}}, {LIMIT_ROWS}"
)
_AT_ONCE: Final = 1_000


def _move(step: Step, *, which: str, now: str) -> str:
    stamp = f", {step.stamp} = {now}" if step.stamp else ""
    return (
        f"update petition set state = {step.number}, version = version + 1, changed_at = {now}"
        f"{stamp} where state = {step.number - 1} and id = {which}"
    )


def _stop(step: Step, *, which: str, now: str) -> str:
    return (
        f"update timer set status = {STOPPED_TIMER}, done_at = {now}"
        f" where petition = {which} and clock = {step.stops} and status = {OPEN_TIMER}"
    )


def _audit(step: Step, *, one: str, source: str, now: str, finding: str) -> str:
    left = step.number - 1 if step.number else "null::smallint"
    return (
        f"insert into audit select {one}, {step.number}, {left}, {step.number}, 'system',"
        f" {now}, {finding} from {source}"
    )


def _send(step: Step, *, one: str, source: str, now: str, content: str) -> str:
    return (
        "insert into outbox(petition, template, status, next_at, content)"
        f" select {one}, '{step.notice}', 0, {now}, {content} from {source}"
    )


def _batch_statements(step: Step) -> list[str]:
    """The statements of one step for a whole batch, intake rows apart (these are copied in)."""
    many = "any(%(petitions)s)"
    now = "%(now)s::timestamptz"
    source = "unnest(%(petitions)s::bigint[]) one"
    statements = [
        _move(step, which=many, now=now) if step.number else _ARM.format(one="one", now=now, source=source),
        _audit(step, one="one", source=source, now=now, finding="%(finding)s::jsonb"),
    ]
    if step.stops is not None:
        statements.append(_stop(step, which=many, now=now))
    if step.notice:
        statements.append(_send(step, one="one", source=source, now=now, content="%(content)s::jsonb"))
    return statements


def _single_statement(step: Step) -> str:
    """One statement that makes one step of one petition, with numbered parameters."""
    one, now, finding, content = "$1::bigint", "$2::timestamptz", "$3::jsonb", "$4::jsonb"
    if step.number:
        parts = [f"p as ({_move(step, which=one, now=now)} returning id)"]
    else:
        values = f"{one}, $5, $6, $7, 0, 0, $8, $9, $10, {now}, {now}"
        parts = [
            f"p as (insert into {_INTAKE} values({values}) returning id)",
            f"t as ({_ARM.format(one='id', now=now, source='p')})",
        ]
    if step.stops is not None:
        parts.append(f"t as ({_stop(step, which='(select id from p)', now=now)})")
    if step.notice:
        parts.append(f"o as ({_send(step, one='id', source='p', now=now, content=content)})")
    audit = _audit(step, one="id", source="p", now=now, finding=finding)
    return f"with {', '.join(parts)} {audit}"


_BATCH: Final = [_batch_statements(step) for step in STEPS]
_SINGLE: Final = [_single_statement(step) for step in STEPS]


def _intake_row(petition: int, now: datetime) -> tuple[object, ...]:
    number = reference(petition)
    team, category = petition % 20, petition % 30
    return (petition, number, team, category, 0, 0, PETITIONER, TITLE, DETAIL, now, now)


def _expect(changed: int, wanted: int) -> None:
    # A floor that silently moved nothing would be a very fast one.
    if changed != wanted:
        raise RuntimeError(f"{changed} rows changed instead of {wanted}")


def lifecycle(url: str, n: int, batch: int, meter: Meter, first: int = 0) -> None:
    """Each transition of a batch in one transaction of two to four statements; intake by COPY."""
    with connected(url) as connection, meter.running():
        for low in range(first, first + n, batch):
            petitions = list(range(low, min(first + n, low + batch)))
            for step in STEPS:
                now = datetime.now(UTC)
                given = {
                    "petitions": petitions,
                    "now": now,
                    "finding": FINDING,
                    "content": NOTICE,
                }
                with connection.transaction():
                    if step.number == 0:
                        with (
                            connection.cursor() as cursor,
                            cursor.copy(f"copy {_INTAKE} from stdin") as copy,
                        ):
                            for petition in petitions:
                                copy.write_row(_intake_row(petition, now))
                    first_statement, *others = _BATCH[step.number]
                    changed = connection.execute(first_statement, given).rowcount
                    _expect(changed, len(petitions) * (1 if step.number else len(LIMITS)))
                    for statement in others:
                        connection.execute(statement, given)


def transition(url: str, n: int, callers: int, meter: Meter) -> None:
    """One statement, hence one transaction, per transition; one connection per caller."""
    asyncio.run(_transition(libpq_url(url), n, callers, meter))


async def _transition(url: str, n: int, callers: int, meter: Meter) -> None:
    connections = [await asyncpg.connect(url) for _ in range(callers)]
    prepared = [[await one.prepare(text) for text in _SINGLE] for one in connections]

    async def caller(number: int) -> None:
        statements = prepared[number]
        for petition in range(number, n, callers):
            for step in STEPS:
                given: tuple[object, ...] = (petition, datetime.now(UTC), FINDING)
                if step.notice:
                    given += (NOTICE,)
                if step.number == 0:
                    texts = (PETITIONER, TITLE, DETAIL)
                    given += (reference(petition), petition % 20, petition % 30, *texts)
                await statements[step.number].fetch(*given)

    try:
        with meter.running():
            await asyncio.gather(*(caller(number) for number in range(callers)))
        row = await connections[0].fetchrow(f"select count(*) from petition where state = {CLOSED}")
        _expect(row[0], n)
    finally:
        for connection in connections:
            await connection.close()


# The limit stands in the text: of a parameter the planner assumes a tenth of the table, and reads
# the whole of it for every batch.
_FIRE: Final = f"""
with due as (
    select petition, clock, stage from timer where status = {OPEN_TIMER} and due_at <= now()
    order by due_at limit {_AT_ONCE} for update skip locked),
fired as (
    update timer set status = {FIRED_TIMER}, done_at = clock_timestamp() from due
    where (timer.petition, timer.clock, timer.stage) = (due.petition, due.clock, due.stage)
    returning timer.petition, timer.clock, timer.stage, timer.due_at),
audited as (
    insert into audit select petition, 100 + 2 * clock + stage, null, 0, 'clock',
    clock_timestamp(), jsonb_build_object('clock', clock, 'stage', stage, 'due', due_at)
    from fired),
sent as (
    insert into outbox(petition, template, status, next_at, content)
    select petition, '{FIRED_NOTICE}', 0, now(), %s from fired)
select extract(epoch from due_at)::float8 from fired
"""


def _fire(connection: psycopg.Connection[tuple[object, ...]]) -> list[float]:
    """Fire up to 1,000 due timers in one transaction; the due moments of those fired."""
    rows = connection.execute(_FIRE, (NOTICE,), prepare=True).fetchall()
    return [row[0] for row in rows if isinstance(row[0], float)]


def _arm(connection: psycopg.Connection[tuple[object, ...]], rows: Sequence[tuple[int, datetime]]) -> None:
    with (
        connection.cursor() as cursor,
        cursor.copy("copy timer(petition, clock, stage, due_at, status) from stdin") as copy,
    ):
        for petition, due in rows:
            copy.write_row((petition, 0, 0, due, OPEN_TIMER))


def timers(url: str, open_: int, due: int, meter: Meter, first: int = 0) -> Sequence[float]:
    """Batches of 1,000, each marked, audited and queued in one statement."""
    with connected(url) as connection:
        instant = time.time() + 2.0 + open_ / 40_000
        at = datetime.fromtimestamp(instant, UTC)
        later = [timedelta(seconds=3_600 + one % 86_400) for one in range(due, open_)]
        moments = [at] * due + [at + wait for wait in later]
        _arm(connection, [(first + one, moment) for one, moment in enumerate(moments)])
        connection.execute("analyze timer")
        time.sleep(max(0.0, instant - time.time()))
        delays: list[float] = []
        with meter.running():
            begun = max(instant, time.time())
            while fired := _fire(connection):
                delays += [time.time() - begun] * len(fired)
    _expect(len(delays), due)
    return delays


def precision(url: str, n: int, span: float, meter: Meter) -> Sequence[float]:
    """Sleep until the earliest due moment, fire what is due, look again."""
    chance = random.Random(1)
    nearest = f"select extract(epoch from min(due_at))::float8 from timer where status = {OPEN_TIMER}"
    with connected(url) as connection:
        begin = time.time() + 1.0
        moments = [begin + chance.random() * span for _ in range(n)]
        _arm(
            connection,
            [(at, datetime.fromtimestamp(moment, UTC)) for at, moment in enumerate(moments)],
        )
        delays: list[float] = []
        with meter.running():
            while True:
                row = connection.execute(nearest, prepare=True).fetchone()
                if row is None or not isinstance(row[0], float):
                    break
                time.sleep(max(0.0, row[0] - time.time()))
                fired = _fire(connection)
                after = time.time()
                delays += [after - moment for moment in fired]
    return delays


def idle_sweep(url: str, times: int, meter: Meter) -> None:
    """The claim with everything that hangs on it, finding nothing."""
    with connected(url) as connection, meter.running():
        for _ in range(times):
            _expect(len(_fire(connection)), 0)
