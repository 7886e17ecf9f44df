"""Delivery: claim, send, settle.

1. Claim: in a short transaction, messages whose time has come become `sending` until a lease ends.
2. Send: no transaction is open while a provider is called; a provider may take as long as the lease.
3. Settle: a second short transaction writes what became of them.

A process that dies between 2 and 3 leaves its messages `sending`. When the lease is over whoever claims them next asks
the provider first whether they went out (`Sender.find`), and sends again only when the provider says no or cannot
tell: every message is sent at least once, and a second time only where the answer was lost.

The text is made from what was decided (kind, variables, policy version), so it is the same whenever it is made.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
import structlog

from xixi_workflow.adapters.port import Outgoing, Receipt, Sender, Undeliverable, Unknown
from xixi_workflow.core import words
from xixi_workflow.core.petition import Vars
from xixi_workflow.engine.handle import Engine
from xixi_workflow.store.rows import Claimed, Settled

log = structlog.get_logger()

#: Messages claimed at once; all of them must be sent within the lease.
BATCH = 200
LEASE = timedelta(minutes=5)
#: After a passing failure: 30 s, 1 min, 2 min … up to an hour; then it has failed for good.
FIRST_RETRY = timedelta(seconds=30)
LONGEST_RETRY = timedelta(hours=1)
MOST_ATTEMPTS = 10

_decode_vars = msgspec.json.Decoder(Vars).decode


class Delivered(msgspec.Struct):
    """What one delivery did: messages by kind that were sent, and how many were retried, failed or unsure."""

    claimed: int = 0
    sent: dict[str, int] = {}
    retried: int = 0
    failed: int = 0
    uncertain: int = 0
    more: bool = False


def deliver(engine: Engine, sender: Sender, *, now: datetime, limit: int = BATCH) -> Delivered:
    """Send up to `limit` messages that wait. Raises only when the database cannot be used."""
    with engine.store.transaction() as tx:
        claimed = tx.claim(now, now + LEASE, limit)
    if not claimed:
        return Delivered()
    delivered = Delivered(claimed=len(claimed), more=len(claimed) == limit)
    sent: Counter[str] = Counter()
    settled = [_deliver_one(engine, sender, message, now, delivered, sent) for message in claimed]
    delivered.sent = dict(sent)
    with engine.store.transaction() as tx:
        tx.settle(settled)
    return delivered


def _deliver_one(
    engine: Engine, sender: Sender, claimed: Claimed, now: datetime, delivered: Delivered, sent: Counter[str]
) -> Settled:
    key = (claimed.petition_id, claimed.seq, claimed.n)
    attempts = claimed.attempts + 1
    try:
        outgoing = _compose(engine, claimed)
    except Exception as error:
        log.exception("message_not_composed", petition=claimed.petition_id, kind=claimed.kind)
        delivered.failed += 1
        return Settled(*key, "failed", None, attempts, remark=type(error).__name__)
    if outgoing is None:
        delivered.failed += 1
        return Settled(*key, "failed", None, attempts, remark="no such person")
    try:
        receipt: Receipt | Unknown | None = None
        if claimed.state in ("sending", "uncertain"):
            receipt = sender.find(outgoing)
        if not isinstance(receipt, Receipt):
            receipt = sender.send(outgoing)
    except Undeliverable as refusal:
        if refusal.permanent or attempts >= MOST_ATTEMPTS:
            delivered.failed += 1
            return Settled(*key, "failed", None, attempts, remark=refusal.reason[:200])
        delivered.retried += 1
        return Settled(*key, "waiting", now + _pause(attempts), attempts, remark=refusal.reason[:200])
    except Exception as error:
        # The provider's answer was lost: it may or may not have gone out.
        log.warning("outcome_unknown", petition=claimed.petition_id, kind=claimed.kind, error=type(error).__name__)
        delivered.uncertain += 1
        return Settled(*key, "uncertain", now + _pause(attempts), attempts, remark=type(error).__name__)
    sent[claimed.kind] += 1
    return Settled(*key, "sent", None, attempts, now, receipt.provider_id)


def _pause(attempts: int) -> timedelta:
    return min(FIRST_RETRY * 2 ** (attempts - 1), LONGEST_RETRY)


def _compose(engine: Engine, claimed: Claimed) -> Outgoing | None:
    """The message as its reader gets it; None when the roster no longer knows the reader."""
    policy = engine.policies.judging(claimed.policy)
    if claimed.recipient == "petitioner":
        name, phone, language = "petitioner", claimed.phone, claimed.language
    else:
        person = policy.people.get(claimed.recipient)
        if person is None:
            return None
        name, phone, language = person.name, person.phone, person.language
    text = words.message(
        claimed.kind,
        _decode_vars(claimed.vars),
        policy,
        number=claimed.petition_id,
        community=claimed.community,
        confidential=claimed.confidential,
        language="en" if language == "en" else "zh",
    )
    identity = f"{claimed.petition_id}/{claimed.seq}/{claimed.n}"
    return Outgoing(identity, claimed.kind, name, phone, text, str(claimed.petition_id))


def deliver_all(engine: Engine, sender: Sender, *, now: datetime) -> Sequence[Delivered]:
    """Deliver until nothing waits."""
    rounds = []
    while True:
        delivered = deliver(engine, sender, now=now)
        rounds.append(delivered)
        if not delivered.more:
            return rounds
