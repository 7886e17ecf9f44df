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

from collections import Counter
from datetime import datetime
from functools import partial

import msgspec
import structlog

from xixi_workflow.core import canary
from xixi_workflow.core import decide as judge
from xixi_workflow.core.commands import Command
from xixi_workflow.core.decide import Refused
from xixi_workflow.core.petition import SYSTEM, Entry, Petition
from xixi_workflow.engine.attempts import attempted
from xixi_workflow.engine.handle import PUT_OFF_FOR, Batch, Engine
from xixi_workflow.store.connect import blames_database
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
    claimed: list[int] = []
    try:
        return attempted(engine.store, lambda tx: _run(Batch(engine, now), tx, now, limit, claimed))
    except Exception as error:
        if blames_database(error) or not claimed:
            raise
        if len(claimed) == 1:
            attempted(engine.store, partial(_put_off, now=now, failed={claimed[0]: _failure(claimed[0], error)}))
            return Swept(looked=1, put_off=1, more=limit == 1)
        # What was decided could not be saved. One petition at a time, so that only the culprit is put off.
        log.warning("sweep_taken_apart", size=len(claimed), error=type(error).__name__)
        return _together([sweep(engine, now=now, limit=1) for _ in claimed])


def _together(single: list[Swept]) -> Swept:
    """What several sweeps of one petition each have done; there may be more due."""
    whole = Swept(more=True)
    counts: Counter[str] = Counter()
    for one in single:
        whole.looked += one.looked
        whole.put_off += one.put_off
        whole.facts += one.facts
        counts.update(one.counts)
    whole.counts = dict(counts)
    return whole


def _put_off(tx: Tx, *, now: datetime, failed: dict[int, str]) -> None:
    tx.put_off(list(failed), now + PUT_OFF_FOR, now, list(failed.values()))


def _run(batch: Batch, tx: Tx, now: datetime, limit: int, claimed: list[int]) -> Swept:
    rows = tx.due(now, limit)
    claimed[:] = [number for number, _ in rows]
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
            if blames_database(error):
                raise
            failed[number] = _failure(number, error)
            continue
        batch.keep(decision)
        _note(swept, counts, decision.petition, decision.entries)
    if to_route:
        _route(batch, tx, to_route, failed, swept, counts)
    batch.save(tx)
    if failed:
        _put_off(tx, now=now, failed=failed)
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
            further: Command | None
            route, further = router.route(*texts[petition.id])
            actor = SYSTEM
            if petition.source == canary.SOURCE:
                route, further, actor = canary.route(policy), canary.WITHDRAW, canary.WITHDRAWN_BY
            decision = judge.decide(petition, route, SYSTEM, policy, now=batch.now)
            if isinstance(decision, Refused):
                raise ValueError(f"routing was refused: {decision.code} {decision.facts}")
            decisions = [decision]
            if further is not None:
                sent = judge.decide(decision.petition, further, actor, policy, now=batch.now)
                if not isinstance(sent, Refused):
                    decisions.append(sent)
        except Exception as error:
            if blames_database(error):
                raise
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
    log.error("petition_put_off", petition=number, exc_info=error)
    # The text of an exception may quote a petition; its type and place are enough to find the fault.
    return f"{type(error).__name__}"
