"""The floor of a month's figures: plain SQL that groups the same tables by the same things, and nothing else.

It knows no returned petition's earlier team, no answer that another took the place of, no event heard of late: each
line is its petition's team of today. It compares with no month before and lays nothing out: a little less than asked.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, Final, NamedTuple

import sqlalchemy as sa

from xixi_workflow.store.columns import Instant
from xixi_workflow.store.connect import Store

_OVER: Final = "('closed', 'merged', 'withdrawn', 'rejected', 'transferred')"
_MOVES: Final = (
    "('filed', 'routed', 'dispatched', 'accepted', 'returned', 'return_refused', 'hold_approved', 'resumed',"
    " 'hold_ended', 'resolved', 'rated', 'rated_dissatisfied', 'survey_lapsed', 'reopened', 'merged', 'withdrawn',"
    " 'rejected', 'transferred')"
)
_PETITIONS: Final = "JOIN petition p ON p.id = {of}.petition_id JOIN intake i ON i.petition_id = p.id"
_FIT: Final = "p.source <> 'canary' AND p.state NOT IN ('rejected', 'withdrawn')"
_DUE: Final = (
    f"FROM outcome o {_PETITIONS.format(of='o')} WHERE o.due_at >= :start AND o.due_at < :end"
    f" AND o.result <> 'withdrawn' AND {_FIT}"
)
_MISSED: Final = " AND (o.result IN ('breached', 'unmet') OR o.result = 'late')"
_PLACE: Final = ("p.category", "i.community", "p.source")


class Answers(NamedTuple):
    """What both sides must agree on, and how many rows there were."""

    filed: int
    closure_on_time: int
    rows: int


class _Dialect:
    """How the two databases speak of time, and of the middle of many."""

    def __init__(self, *, sqlite: bool) -> None:
        self.sqlite = sqlite

    def seconds(self, since: str, until: str) -> str:
        if self.sqlite:
            return f"({until} - {since}) / 1000000"
        return f"floor(extract(epoch FROM {until} - {since}))::integer"

    def net(self) -> str:
        """Without pauses and what was used of extensions."""
        whole = self.seconds("o.started_at", "o.settled_at")
        beyond = f"{self.seconds('o.due_at', 'o.settled_at')} + o.extended_for"
        low, high = ("min", "max") if self.sqlite else ("least", "greatest")
        return f"{high}(0, {whole} - o.paused_for - {high}(0, {low}(o.extended_for, {beyond})))"

    def slot(self) -> str:
        if self.sqlite:
            return "p.received_at / 900000000"
        return "floor(extract(epoch FROM p.received_at) / 900)::integer"

    def data(self, key: str) -> str:
        return f"json_extract(j.data, '$.{key}')" if self.sqlite else f"(j.data::json ->> '{key}')"

    def middle(self, by: str, value: str, rows: str) -> str:
        """How many, median and 90th percentile of `value` by the columns `by`."""
        if not self.sqlite:
            return (
                f"SELECT {by}, count(*), percentile_disc(0.5) WITHIN GROUP (ORDER BY {value}),"
                f" percentile_disc(0.9) WITHIN GROUP (ORDER BY {value}), sum({value}) {rows} GROUP BY {by}"
            )
        names = ", ".join(f"g{n}" for n in range(len(by.split(", "))))
        columns = ", ".join(f"{column} AS g{n}" for n, column in enumerate(by.split(", ")))
        return (
            f"SELECT {names}, max(n), min(CASE WHEN r >= (n * 50 + 99) / 100 THEN v END),"
            f" min(CASE WHEN r >= (n * 90 + 99) / 100 THEN v END), sum(v) FROM (SELECT {names}, v,"
            f" row_number() OVER (PARTITION BY {names} ORDER BY v) AS r, count(*) OVER (PARTITION BY {names}) AS n"
            f" FROM (SELECT {columns}, {value} AS v {rows}) a) b GROUP BY {names}"
        )

    def overlap(self) -> str:
        low, high = ("min", "max") if self.sqlite else ("least", "greatest")
        return f"{low}(coalesce(l.until, m.due_at), m.due_at) - {high}(l.at, m.started_at)"


def _grouped(rows: str, *by: str) -> str:
    places = ", ".join(str(n) for n, _ in enumerate(by, 1))
    return f"SELECT {', '.join(by)}, count(*) {rows} GROUP BY {places}"


def _statements(d: _Dialect) -> dict[str, str]:
    met = f"{_DUE} AND o.settled_at < :end AND o.result IN ('on_time', 'late')"
    raw = d.seconds("o.started_at", "o.settled_at")
    lines = f"FROM journal j {_PETITIONS.format(of='j')} WHERE j.at >= :start AND j.at < :end AND {_FIT}"
    detail = (
        f"CASE WHEN j.event = 'rated' THEN {d.data('rating')} WHEN j.event = 'returned' THEN {d.data('reason')}"
        f" WHEN j.event = 'resolved' THEN {d.data('result')} WHEN j.event = 'contacted' THEN {d.data('judged')}"
        f" WHEN j.event IN ('breached', 'escalated') THEN {d.data('clock')} || {d.data('level')} END"
    )
    filed = f"FROM journal j {_PETITIONS.format(of='j')} WHERE j.seq = 0 AND j.at >= :start AND j.at < :end"
    open_at = """
SELECT state, count(*) FROM (SELECT p.id, (SELECT j.state FROM journal j WHERE j.petition_id = p.id AND j.at < :{at}
    ORDER BY j.seq DESC LIMIT 1) AS state
  FROM petition p WHERE p.received_at < :{at} AND (p.closed_at IS NULL OR p.closed_at >= :{at})) s GROUP BY state"""
    stays = f"""
FROM (SELECT j.at, lag(j.state) OVER life AS was, lag(j.at) OVER life AS since FROM journal j
  JOIN petition p ON p.id = j.petition_id WHERE j.event IN {_MOVES} AND {_FIT}
  WINDOW life AS (PARTITION BY j.petition_id ORDER BY j.seq)) s WHERE at >= :start AND at < :end AND was IS NOT NULL"""
    causes = f"""
WITH missed AS (
  SELECT o.petition_id, o.clock, o.key, o.round, o.team, p.category, o.started_at, o.due_at {_DUE}{_MISSED}),
life AS (SELECT j.petition_id, j.state, j.at, lead(j.at) OVER (PARTITION BY j.petition_id ORDER BY j.seq) AS until
  FROM journal j WHERE j.event IN {_MOVES} AND j.petition_id IN (SELECT petition_id FROM missed)),
spent AS (SELECT m.petition_id, m.clock, m.key, m.round, m.team, m.category, l.state, sum({d.overlap()}) AS took
  FROM missed m JOIN life l ON l.petition_id = m.petition_id AND l.at < m.due_at
    AND (l.until IS NULL OR l.until > m.started_at)
  GROUP BY m.petition_id, m.clock, m.key, m.round, m.team, m.category, l.state),
most AS (SELECT s.*, row_number() OVER (PARTITION BY petition_id, clock, key, round ORDER BY took DESC) AS place
  FROM spent s)
SELECT clock, team, category, state, count(*) FROM most WHERE place = 1 GROUP BY clock, team, category, state"""
    late = "coalesce(o.settled_at, :end) - o.due_at"
    listed = f"""
SELECT w.*, (SELECT max(cast({d.data("level")} AS integer)) FROM journal j WHERE j.petition_id = w.petition_id
    AND j.event IN ('breached', 'escalated') AND {d.data("clock")} = w.clock)
FROM (SELECT o.petition_id, o.clock, o.key, o.round, o.team, p.category, i.community, o.result, o.due_at, o.settled_at,
    row_number() OVER (PARTITION BY o.clock ORDER BY {late} DESC, o.petition_id) AS place {_DUE}{_MISSED}) w
WHERE place <= 100"""
    again = d.seconds("before", "received_at")
    repeats = f"""
SELECT category, community, count(*), count(DISTINCT phone), sum(CASE WHEN phone <> '' AND {again} <= 2592000 THEN 1
    ELSE 0 END)
FROM (SELECT p.category, i.community, i.phone, p.received_at, lag(p.received_at) OVER (PARTITION BY i.phone, p.category
    ORDER BY p.id) AS before
  FROM petition p JOIN intake i ON i.petition_id = p.id WHERE p.source <> 'canary') f
WHERE received_at >= :start AND received_at < :end GROUP BY category, community"""
    return {
        "verdicts": _grouped(_DUE, "o.clock", "o.result", "o.team", *_PLACE),
        "hours": _grouped(_DUE, "o.clock", d.slot(), "o.result"),
        "raw": d.middle("o.clock", raw, met),
        "raw of teams": d.middle("o.clock, o.team", raw, met),
        "raw of categories": d.middle("o.clock, p.category", raw, met),
        "net": d.middle("o.clock", d.net(), met),
        "lines": _grouped(lines, "j.event", detail, "p.lead", *_PLACE),
        "endings": _grouped(f"{lines} AND j.state IN {_OVER}", "j.event", "j.state", "p.lead", *_PLACE),
        "stages": d.middle("was", d.seconds("since", "at"), stays),
        "filed": _grouped(filed, *_PLACE, "i.channel", "i.nature", "p.urgency"),
        "filed by hour": _grouped(filed, d.slot()),
        "repeats": repeats,
        "open at the start": open_at.format(at="start"),
        "open at the end": open_at.format(at="end"),
        "causes": causes,
        "listed": listed,
    }


def count(store: Store, start: datetime, end: datetime) -> Answers:
    """Ask everything of `start` <= instant < `end`."""
    given = {"start": start, "end": end}
    found: dict[str, list[Any]] = {}
    with store.connect() as db:
        if not store.is_sqlite:
            # What ours allows itself.
            db.exec_driver_sql("SET LOCAL work_mem = '256MB'")
        for name, text in _statements(_Dialect(sqlite=store.is_sqlite)).items():
            used = {key for key in given if re.search(rf":{key}\b", text)}
            statement = sa.text(text).bindparams(*(sa.bindparam(key, type_=Instant()) for key in used))
            rows: Any = db.execute(statement, {key: given[key] for key in used}).cursor
            found[name] = [*rows]
        db.rollback()
    filed = sum(row[-1] for row in found["filed"])
    kept = sum(row[-1] for row in found["verdicts"] if row[:2] == ("closure", "on_time"))
    return Answers(filed, kept, sum(len(rows) for rows in found.values()))
