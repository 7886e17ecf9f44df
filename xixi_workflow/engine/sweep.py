"""The sweep: what time alone does, to every petition that is due, in batches.

Theory of operation
-------------------
`wake_at` nominates a petition; it never judges. A sweep

1. claims up to `limit` petitions whose `wake_at` has come (rows that another process has claimed are skipped),
2. routes those that were just filed, by the category rules, and dispatches them where the policy says so,
3. lets time pass for the others, which journals warnings, breaches, escalations and lapses at the instants at which
   they fell due, however late the sweep is,
4. saves all of it in one transaction, with a corrected `wake_at` for those that were nominated too early.

The alarm clock, the Prefect flow and an operator's command all call this same function. Any of them may be late, dead
or doubled: the claim makes sure that nothing happens twice, and the dating that nothing is blamed on lateness.

A petition whose decision throws is put off an hour and shown; it never stops its neighbours.
"""

from __future__ import annotations

import time
from collections import Counter
from datetime import datetime

import msgspec
import structlog

from xixi_workflow.core import decide as judge
from xixi_workflow.core.decide import Refused
from xixi_workflow.core.petition import SYSTEM, Entry, Petition
from xixi_workflow.engine.handle import ATTEMPTS, PUT_OFF_FOR, Batch, Engine
from xixi_workflow.store.connect import RETRYABLE
from xixi_workflow.store.rows import Tx, decode_petition

log = structlog.get_logger()

#: Petitions in one transaction: measured best between throughput and the time a lock is held.
BATCH = 1000
_FACTS = frozenset({"warned", "breached", "escalated", "survey_lapsed", "hold_ended", "routed", "dispatched"})


class Fact(msgspec.Struct, frozen=True):
    """One thing that a sweep noticed, for boards and metrics. `late` is seconds from due to decided."""

    petition: int
    event: str
    at: datetime
    late: float
    team: str
    data: str


class Swept(msgspec.Struct):
    """What one sweep did. `more`: the batch was full, so there may be more due already."""

    looked: int = 0
    counts: dict[str, int] = {}
    put_off: int = 0
    more: bool = False
    facts: list[Fact] = []


def sweep(engine: Engine, *, now: datetime, limit: int = BATCH) -> Swept:
    """One batch. Call again at once while `more`. Raises only when the database cannot be used."""
    for attempt in range(ATTEMPTS):
        try:
            batch = Batch(engine, now)
            with engine.store.transaction() as tx:
                swept = _run(batch, tx, now, limit)
        except RETRYABLE as error:
            if attempt == ATTEMPTS - 1:
                raise
            log.warning("sweep_retried", attempt=attempt + 1, error=type(error).__name__)
            time.sleep(0.02 * 2**attempt)
        else:
            return swept
    raise AssertionError("unreachable")


def _run(batch: Batch, tx: Tx, now: datetime, limit: int) -> Swept:
    rows = tx.due(now, limit)
    swept = Swept(looked=len(rows), more=len(rows) == limit)
    if not rows:
        return swept
    to_route: list[Petition] = []
    failed: dict[int, str] = {}
    counts: Counter[str] = Counter()
    for number, live in rows:
        try:
            petition = decode_petition(live)
            if petition.state == "received":
                to_route.append(petition)
                continue
            decision = judge.let_time_pass(petition, batch.engine.policies.judging(petition.policy), now=now)
        except Exception as error:
            failed[number] = _failure(number, error)
            continue
        batch.keep(decision)
        _note(swept, counts, decision.petition, decision.entries)
    if to_route:
        _route(batch, tx, to_route, failed, swept, counts)
    batch.save(tx)
    if failed:
        tx.put_off(list(failed), now + PUT_OFF_FOR, now, list(failed.values()))
        swept.put_off = len(failed)
    swept.counts = dict(counts)
    return swept


def _route(
    batch: Batch, tx: Tx, petitions: list[Petition], failed: dict[int, str], swept: Swept, counts: Counter[str]
) -> None:
    texts = tx.texts([p.id for p in petitions])
    for petition in petitions:
        try:
            policy = batch.engine.policies.judging(petition.policy)
            router = batch.engine.policies.router(petition.policy)
            route, dispatch = router.route(*texts[petition.id])
            decision = judge.decide(petition, route, SYSTEM, policy, now=batch.now)
            if isinstance(decision, Refused):
                raise ValueError(f"routing was refused: {decision.code} {decision.facts}")
            decisions = [decision]
            if dispatch is not None:
                sent = judge.decide(decision.petition, dispatch, SYSTEM, policy, now=batch.now)
                if not isinstance(sent, Refused):
                    decisions.append(sent)
        except Exception as error:
            failed[petition.id] = _failure(petition.id, error)
            continue
        for made in decisions:
            batch.keep(made)
            _note(swept, counts, made.petition, made.entries)


def _note(swept: Swept, counts: Counter[str], petition: Petition, entries: list[Entry]) -> None:
    for e in entries:
        if e.event in _FACTS:
            counts[e.event] += 1
            late = (e.noticed_at - e.at).total_seconds()
            swept.facts.append(Fact(petition.id, e.event, e.at, late, petition.lead, e.data))


def _failure(number: int, error: Exception) -> str:
    log.exception("petition_put_off", petition=number)
    # The text of an exception may quote a petition; its type and place are enough to find the fault.
    return f"{type(error).__name__}"
