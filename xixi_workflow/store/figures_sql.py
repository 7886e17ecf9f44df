"""The statements behind a month's figures. The same text for both databases, but for how they reckon with time.

`month_petition` is a temporary table of the petitions that can matter: not over, or over so lately that something of
them may still fall into the month. All else hangs off their numbers, so that history costs nothing and the journal
needs no index on time.
"""

from __future__ import annotations

from typing import Final

from xixi_workflow.core import canary
from xixi_workflow.core.kpi_causes import TELLING
from xixi_workflow.core.kpi_fold import DETAIL, MOVES, REWORK, RINGS, TIMELY, UNCOUNTED
from xixi_workflow.core.kpi_table import MISSED
from xixi_workflow.core.lifecycle import ENDED
from xixi_workflow.core.periods import SLOT

#: Petitions of these are counted nowhere: the canary is nobody's.
UNCOUNTED_SOURCES: Final = (canary.SOURCE,)
#: Petitions that no rate counts: rejected (不予受理) and withdrawn (撤诉).
EXCLUDED: Final = ("rejected", "withdrawn")


def among(names: tuple[str, ...] | frozenset[str]) -> str:
    """A list for `IN`; the names are ours."""
    return "(" + ", ".join(f"'{name}'" for name in sorted(names)) + ")"


class Words:
    """What the two databases say differently."""

    def __init__(self, *, sqlite: bool) -> None:
        self.sqlite = sqlite

    def seconds(self, since: str, until: str) -> str:
        """Whole seconds between two instants, cut off, never below 0."""
        if self.sqlite:
            return f"max(0, ({until} - {since}) / 1000000)"
        # Not `extract`, whose exact decimals take twice as long: up to 100 years a double tells whole seconds as well.
        return f"greatest(0, floor(date_part('epoch', {until} - {since}))::integer)"

    def micros(self, since: str, until: str) -> str:
        """Microseconds between two instants."""
        if self.sqlite:
            return f"({until} - {since})"
        return f"(extract(epoch FROM {until} - {since}) * 1000000)::bigint"

    def rounded(self, seconds: str) -> str:
        """A number of seconds, maybe none, as microseconds."""
        kind = "integer" if self.sqlite else "bigint"
        return f"cast(round(coalesce({seconds}, 0) * 1000000) AS {kind})"

    def slot(self, at: str) -> str:
        """See `tally`; instants before 1970 are nobody's."""
        if self.sqlite:
            return f"({at} / {SLOT * 1_000_000})"
        return f"floor(extract(epoch FROM {at}) / {SLOT})::integer"

    def data(self, key: str) -> str:
        """A value of the JSON in a journal line `j`, as text."""
        if self.sqlite:
            return f"json_extract(j.data, '$.{key}')"
        return f"j.data::json ->> '{key}'"

    def least(self, *these: str) -> str:
        """The smallest of them."""
        return f"{'min' if self.sqlite else 'least'}({', '.join(these)})"

    def greatest(self, *these: str) -> str:
        """The largest of them."""
        return f"{'max' if self.sqlite else 'greatest'}({', '.join(these)})"


#: Nothing of a petition falls into a month that begins longer than this after it was over, but for what
#: `outcome_far_due` finds. The migration's index says it too.
REACH_DAYS: Final = 15

CREATE: Final = """
CREATE TEMPORARY TABLE month_petition (
  id bigint PRIMARY KEY, policy smallint NOT NULL, cell integer NOT NULL, kind smallint NOT NULL, channel text NOT NULL,
  nature text NOT NULL, urgency text NOT NULL, received_at {instant} NOT NULL, slot integer NOT NULL,
  filed smallint NOT NULL, excluded smallint NOT NULL, folded smallint NOT NULL
){tail}
"""
#: What petitions are told apart by, once: a number costs a third of four texts in every grouping below.
CREATE_CELLS: Final = """
CREATE TEMPORARY TABLE month_cell (
  cell integer PRIMARY KEY, kind smallint NOT NULL, lead text NOT NULL, category text NOT NULL, community text NOT NULL,
  source text NOT NULL, petition bigint NOT NULL
){tail}
"""


def _fit(w: Words, columns: str) -> str:
    """Each part of the union has its index; no petition is in two of them."""
    fit = f"p.received_at < :end AND p.source NOT IN {among(UNCOUNTED_SOURCES)}"
    far = "r.settled_at IS NOT NULL AND r.due_at >= :start AND r.due_at < :end AND " + far_due(w, "r.")
    start = f"SELECT {columns} FROM petition p JOIN intake i ON i.petition_id = p.id WHERE {fit} AND "
    return (
        f"{start} p.closed_at >= :since"
        f" UNION ALL {start} p.closed_at IS NULL AND p.wake_at IS NOT NULL"
        f" UNION ALL {start} p.closed_at IS NULL AND p.wake_at IS NULL"
        f" UNION ALL {start} p.closed_at < :since AND p.id IN (SELECT r.petition_id FROM outcome r WHERE {far})"
    )


def cells(w: Words, *, by_petition: bool) -> str:
    """Fill `month_cell`; by petition, each has a row of its own."""
    petition = "p.id" if by_petition else "0"
    return (
        "INSERT INTO month_cell SELECT row_number() OVER (ORDER BY category), dense_rank() OVER (ORDER BY category),"
        " lead, category, community, source, petition FROM"
        " (SELECT DISTINCT lead, category, community, source, petition FROM"
        f" ({_fit(w, f'p.lead, p.category, i.community, p.source, {petition} AS petition')}) c) d"
    )


def candidates(w: Words, *, by_petition: bool) -> str:
    """Fill `month_petition`."""
    alike = ("lead", "category", "community", "source")
    same = "k.petition = c.id" if by_petition else " AND ".join(f"k.{name} = c.{name}" for name in alike)
    # A petition's number begins with the day on which it was filed, by the clock of who gave the number; only on the
    # first day of a month can the journal, which counts, still say the month before.
    filed = (
        "CASE WHEN p.id >= :second AND p.id < :last THEN 1 WHEN p.id < :first OR p.id >= :beyond THEN 0 ELSE (SELECT"
        " count(*) FROM journal j WHERE j.petition_id = p.id AND j.seq = 0 AND j.at >= :start AND j.at < :end) END"
    )
    columns = (
        "p.id, p.policy, p.lead, p.category, i.community, p.source, i.channel, i.nature, p.urgency, p.received_at,"
        f" {w.slot('p.received_at')} AS slot, {filed} AS filed,"
        f" CASE WHEN p.state IN {among(EXCLUDED)} AND p.closed_at < :cut_off THEN 1 ELSE 0 END AS excluded"
    )
    return (
        "INSERT INTO month_petition SELECT c.id, c.policy, k.cell, k.kind, c.channel, c.nature, c.urgency,"
        f" c.received_at, c.slot, c.filed, c.excluded, 0 FROM ({_fit(w, columns)}) c JOIN month_cell k ON {same}"
    )


def far_due(w: Words, of: str = "") -> str:
    """Clocks that were due long after they were settled: the condition of the index `outcome_far_due`."""
    if w.sqlite:
        return f"{of}due_at - {of}settled_at > {REACH_DAYS * 86400 * 1_000_000}"
    return f"{of}due_at - {of}settled_at > interval '{REACH_DAYS} days'"


def leave_telling(w: Words) -> str:
    """Leave the petitions alone that something was missed or gone wrong with, see `behind.tells`."""
    wrong = among(("returned", *REWORK))
    return (
        f"DELETE FROM month_petition WHERE id NOT IN (SELECT o.petition_id{_DUE}{_MISSED})"
        " AND id NOT IN (SELECT j.petition_id FROM journal j JOIN month_petition m ON m.id = j.petition_id"
        f" WHERE j.event IN {wrong} OR (j.event = 'rated' AND {w.data('rating')} = 'dissatisfied')"
        f" OR (j.event = 'contacted' AND {w.data('judged')} IN {among(MISSED)}))"
    )


def to_fold() -> str:
    """Mark the petitions that `kpi_fold` must count, so that of all others each move is one line, in order.

    Returned, reworked or held; routed more than once; closed and rated afterwards; or with a move heard of late.
    """
    odd = among(("returned", "hold_approved", *REWORK))
    late = f"(j.noticed_at IS NOT NULL AND j.event IN {among(tuple({*MOVES} - TIMELY))})"
    closing = among(("rated", "survey_lapsed"))
    return (
        "UPDATE month_petition SET folded = 1 WHERE id IN (SELECT j.petition_id FROM journal j"
        " JOIN month_petition m ON m.id = j.petition_id"
        f" WHERE j.event IN {odd} OR j.event IN {closing} OR j.event = 'routed' OR {late} GROUP BY j.petition_id"
        f" HAVING sum(CASE WHEN j.event IN {odd} OR {late} THEN 1 ELSE 0 END) > 0"
        f" OR sum(CASE WHEN j.event IN {closing} THEN 1 ELSE 0 END) > 1"
        " OR sum(CASE WHEN j.event = 'routed' THEN 1 ELSE 0 END) > 1)"
    )


def windows(w: Words) -> str:
    """The different reopening windows of all policies, as they are written."""
    if w.sqlite:
        value = """json_extract(canonical, '$."policy.yaml".reopening_window')"""
    else:
        value = "canonical::json -> 'policy.yaml' ->> 'reopening_window'"
    return f"SELECT DISTINCT {value} FROM policy"


_DUE: Final = (
    " FROM outcome o JOIN month_petition m ON m.id = o.petition_id"
    " WHERE o.due_at >= :start AND o.due_at < :end AND o.result <> 'withdrawn'"
)
#: A verdict as it stood at the cut-off: what was settled later was still overdue.
_VERDICT: Final = (
    "CASE WHEN m.excluded = 1 THEN 'excluded' WHEN o.result IN ('late', 'unmet') AND o.settled_at >= :cut_off"
    " THEN 'breached' ELSE o.result END"
)
_MET: Final = " AND m.excluded = 0 AND (o.result = 'on_time' OR (o.result = 'late' AND o.settled_at < :cut_off))"
_MISSED: Final = " AND m.excluded = 0 AND o.result IN ('late', 'breached', 'unmet')"


def verdicts() -> str:
    """Clock, team, cell, verdict of each."""
    return f"SELECT o.clock, o.team, m.cell, {_VERDICT} AS verdict{_DUE}"


def hours() -> str:
    """Clock, slot, verdict of each."""
    return f"SELECT o.clock, m.slot, {_VERDICT} AS verdict{_DUE}"


def spans(w: Words) -> str:
    """Clock, team, kind, seconds of each."""
    seconds = w.seconds("o.started_at", "o.settled_at")
    return f"SELECT o.clock, o.team, m.kind, {seconds} AS span{_DUE}{_MET}"


def adjusted(w: Words) -> str:
    """Clock, team, kind, plain seconds, net seconds of each: of an extension, only what was used is taken off."""
    paused, extended = w.rounded("o.paused_for"), w.rounded("o.extended_for")
    beyond = f"{w.micros('o.due_at', 'o.settled_at')} + {extended}"
    used = w.greatest("0", w.least(extended, beyond))
    net = f"{w.greatest('0', w.micros('o.started_at', 'o.settled_at') + f' - {paused} - {used}')} / 1000000"
    return (
        f"SELECT o.clock, o.team, m.kind, {w.seconds('o.started_at', 'o.settled_at')} AS raw, {net} AS net{_DUE}{_MET}"
        " AND (o.paused_for > 0 OR o.extended_for > 0)"
    )


def events(w: Words) -> str:
    """Event, detail, level, excluded, cell of each; without the petitions that are folded."""
    keys: dict[str, list[str]] = {}
    for event, key in DETAIL.items():
        keys.setdefault(key, []).append(event)
    cases = " ".join(f"WHEN j.event IN {among(tuple(names))} THEN {w.data(key)}" for key, names in keys.items())
    level = f"CASE WHEN j.event IN {among(RINGS)} THEN cast({w.data('level')} AS integer) ELSE 0 END"
    return (
        "SELECT j.event,"
        f" coalesce(CASE {cases} END, '') AS detail, coalesce({level}, 0) AS level, m.excluded, m.cell"
        " FROM journal j JOIN month_petition m ON m.id = j.petition_id WHERE m.folded = 0"
        f" AND j.at >= :start AND j.at < :end AND j.event NOT IN {among(UNCOUNTED)}"
    )


def moves(w: Words) -> str:
    """Stays in states, and endings, in one reading of the journal, without the petitions that are folded.

    `stage`, state, …, seconds, how many; and `ending`, event, state before and after, waited, excluded, cell, …
    """
    return f"""
WITH move AS MATERIALIZED (
  SELECT * FROM (
    SELECT j.event, j.state, j.at, m.excluded, m.cell, lag(j.state) OVER life AS was, lag(j.at) OVER life AS since
    FROM journal j JOIN month_petition m ON m.id = j.petition_id
    WHERE m.folded = 0 AND j.event IN {among(MOVES)}
    WINDOW life AS (PARTITION BY j.petition_id ORDER BY j.seq)
  ) l WHERE at >= :start AND at < :end AND was IS NOT NULL
)
SELECT 'stage', '', was, '', 0, 0, 0, span, count(*)
FROM (SELECT was, {w.seconds("since", "at")} AS span FROM move) s GROUP BY was, span
UNION ALL
SELECT 'ending', event, was, state, waited, excluded, cell, 0, count(*)
FROM (
  SELECT event, was, state, CASE WHEN at > since THEN 1 ELSE 0 END AS waited, excluded, cell FROM move
  WHERE state IN {among(ENDED)}
) e GROUP BY event, was, state, waited, excluded, cell
"""


def folded() -> str:
    """The whole journal of each petition that is folded, in order."""
    return (
        "SELECT m.id, m.policy, m.excluded, m.cell, j.event, j.state, j.at, j.data"
        " FROM month_petition m JOIN journal j ON j.petition_id = m.id WHERE m.folded = 1"
        " ORDER BY m.id, j.seq"
    )


def filed() -> str:
    """Cell, channel, nature, urgency of each."""
    return "SELECT cell, channel, nature, urgency FROM month_petition WHERE filed = 1"


def filed_slots() -> str:
    """Slot of each."""
    return "SELECT slot FROM month_petition WHERE filed = 1"


def repeats(w: Words) -> str:
    """Cell, filings, known petitioners, repeats: a telephone with the same category again within `:within` seconds."""
    again = w.seconds("f.before", "f.received_at")
    return f"""
SELECT m.cell, count(*),
  sum(CASE WHEN known = 1 AND (earlier IS NULL OR earlier < :first) THEN 1 ELSE 0 END),
  sum(CASE WHEN known = 1 AND earlier IS NOT NULL AND {again} <= :within THEN 1 ELSE 0 END)
FROM (
  SELECT p.id, p.received_at, CASE WHEN i.phone <> '' THEN 1 ELSE 0 END AS known,
    lag(p.id) OVER who AS earlier, lag(p.received_at) OVER who AS before
  FROM petition p JOIN intake i ON i.petition_id = p.id
  WHERE p.id >= :oldest AND p.id < :beyond AND p.source NOT IN {among(UNCOUNTED_SOURCES)}
  WINDOW who AS (PARTITION BY i.phone, p.category ORDER BY p.id)
) f JOIN month_petition m ON m.id = f.id WHERE m.filed = 1 GROUP BY m.cell
"""


def open_at() -> str:
    """Petitions filed and not over at `:at`, by the state before the first change at or after it."""
    return f"SELECT state, count(*) FROM ({each_open_at()}) s GROUP BY state"


def each_open_at() -> str:
    """State and number of each of these."""
    return f"""
SELECT state, id FROM (
  SELECT p.id, coalesce((SELECT b.state FROM journal b WHERE b.petition_id = p.id AND b.seq = (
      SELECT min(j.seq) - 1 FROM journal j JOIN journal k ON k.petition_id = j.petition_id AND k.seq = j.seq - 1
      WHERE j.petition_id = p.id AND j.at >= :at AND j.event IN {among(MOVES)} AND j.state <> k.state)
    ), p.state) AS state
  FROM petition p JOIN month_petition m ON m.id = p.id
  WHERE p.received_at < :at AND (p.closed_at IS NULL OR p.closed_at >= :at)
    AND (SELECT f.at FROM journal f WHERE f.petition_id = p.id AND f.seq = 0) < :at
) o WHERE state NOT IN {among(ENDED)}
"""


def missed() -> str:
    """Every missed clock with its petition; who was assisting has no cause to be looked for."""
    return (
        "SELECT o.petition_id, o.clock, o.key, o.round, o.team, m.cell, m.policy, m.received_at, o.started_at,"
        f" o.due_at, CASE WHEN o.settled_at < :cut_off THEN o.settled_at END, {_VERDICT}{_DUE}{_MISSED}"
        " ORDER BY o.petition_id"
    )


def lives() -> str:
    """What tells where the time went, of the petitions with a missed clock."""
    return (
        f"SELECT j.petition_id, j.seq, j.event, j.state, j.at FROM journal j WHERE j.event IN {among(TELLING)}"
        f" AND j.at < :cut_off AND j.petition_id IN (SELECT o.petition_id{_DUE}{_MISSED})"
        " ORDER BY j.petition_id, j.seq"
    )


def rings(w: Words, numbers: list[int]) -> str:
    """The rings of the ladders of some petitions: clock, assisting team, level."""
    listed = ", ".join(str(int(number)) for number in numbers)
    return (
        f"SELECT j.petition_id, {w.data('clock')}, coalesce({w.data('team')}, ''),"
        f" coalesce(cast({w.data('level')} AS integer), 0) FROM journal j WHERE j.event IN {among(RINGS)}"
        f" AND j.at < :cut_off AND j.petition_id IN ({listed})"
    )
