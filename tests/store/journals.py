"""Units of work to save, as the engine hands them over, each column with a value of its own; and what is then found."""

from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa

from xixi_workflow.core.lifecycle import State
from xixi_workflow.core.petition import Clock, Entry, Message, Outcome, Petition, Vars
from xixi_workflow.store.connect import Store
from xixi_workflow.store.rows import Intake, Seal, Unit
from xixi_workflow.store.tables import metadata

#: Exact to the microsecond, and no multiple of a millisecond.
NOW = datetime(2026, 11, 23, 8, 30, 59, 123457, tzinfo=UTC)
MICRO = timedelta(microseconds=1)
#: What a text may hold besides letters: quotes, backslashes, new lines, a tab, an emoji beyond 16 bits, what looks
#: like an escape, what looks like a placeholder.
HARD_TEXT = (
    "噪音扰民 “西溪”\n'quoted' \"twice\" \\ \\n \\u0000 \t 👩‍🚒🏮 %s %(at)s {doc} ?; DROP TABLE petition; -- é\u2028"
)
NUMBER = 20261123000000


def petition(serial: int, *, state: State = "received", seq: int = 1, at: datetime = NOW) -> Petition:
    clock = Clock("closure", "", 1, at, at + timedelta(hours=24), at + timedelta(hours=18, microseconds=7), 86400.0, at)
    return Petition(
        NUMBER + serial,
        state,
        seq,
        3,
        "xihu_code",
        at - 2 * MICRO,
        at,
        category="noise",
        lead="urban_management",
        urgency="urgent",
        community=HARD_TEXT,
        clocks=[clock],
    )


def line(seq: int, event: str = "filed", *, state: State = "received", at: datetime = NOW, data: str = "") -> Entry:
    return Entry(seq, event, state, at, at, f"operator:张三{seq}", data)


def filing(serial: int, *, at: datetime = NOW, wake_at: datetime | None = None) -> Unit:
    said = Intake(
        f"标题 {serial} {HARD_TEXT}",
        HARD_TEXT * 3,
        "文三路 1 号",
        "翠苑社区",
        "qr",
        "complaint",
        "测试甲",
        f"1990000{serial % 10000:04}",
        "en",
        serial % 2 == 0,
    )
    entries = [line(0, at=at, data='{"text": "' + "噪" * 5 + '\\u0000\\n"}')]
    return Unit(petition(serial, at=at), wake_at, entries, [], [], (f"id '{serial}' \\ {HARD_TEXT}", said))


def progress(serial: int, seq: int = 1, *, at: datetime = NOW, wake_at: datetime | None = None) -> Unit:
    """The second event of a petition that `filing` has begun: everything changes."""
    changed = petition(serial, state="closed", seq=seq + 2)
    changed.category, changed.lead, changed.urgency, changed.round = "noise.night", "police", "emergency", 2
    changed.result, changed.rating, changed.closed_at = "done", "satisfied", at + 3 * MICRO
    late = Entry(seq + 1, "breached", "closed", at - timedelta(hours=3, microseconds=5), at, "system", '{"clock":"x"}')
    outcome = Outcome(
        "closure", "police", 2, "police", "late", at - MICRO, at + MICRO, at + 2 * MICRO, 0.1, 7200.000001
    )
    told = Vars("noise", "police", "urgent", "closure", at + MICRO, 2, 3600, HARD_TEXT, "R1")
    return Unit(
        changed,
        wake_at,
        [line(seq, "closed", state="closed", at=at, data=f'"{serial}"'), late],
        [outcome],
        [(seq, 0, Message("resolved", "petitioner", told)), (seq, 1, Message("breach", "wang", Vars()))],
    )


def save(store: Store, *units: Unit, at: datetime = NOW, policy: int = 3) -> None:
    with store.transaction() as tx:
        tx.apply(list(units), Seal(at, policy))


def rows(store: Store, table: str) -> list[dict[str, Any]]:
    """All rows of a table by key, as SQLAlchemy reads them."""
    described = metadata.tables[table]
    with store.reading() as connection:
        found = connection.execute(sa.select(described).order_by(*described.primary_key.columns))
        return [dict(row._mapping) for row in found]


def row(store: Store, table: str) -> dict[str, Any]:
    """The only row of a table."""
    (only,) = rows(store, table)
    return only


def due(store: Store, now: datetime, limit: int) -> list[int]:
    """Serials of the petitions that a sweep at `now` would get."""
    with store.transaction() as tx:
        return [number - NUMBER for number, _ in tx.due(now, limit)]
