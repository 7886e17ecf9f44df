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

import time
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

import msgspec
import structlog

from xixi_workflow.adapters.port import Outgoing, Receipt, Sender, Undeliverable
from xixi_workflow.core import words
from xixi_workflow.core.lifecycle import ROLES
from xixi_workflow.core.petition import Vars
from xixi_workflow.engine.attempts import attempted
from xixi_workflow.engine.handle import Engine
from xixi_workflow.store.connect import blames_database
from xixi_workflow.store.rows import Claimed, Settled

log = structlog.get_logger()

#: Messages claimed at once; what cannot be sent within half of the lease is given back.
BATCH = 200
LEASE = timedelta(minutes=5)
#: After a passing failure: 30 s, 1 min, 2 min … up to an hour; then it has failed for good.
FIRST_RETRY = timedelta(seconds=30)
LONGEST_RETRY = timedelta(hours=1)
MOST_ATTEMPTS = 10
#: With the pauses between them somewhat over a minute: a database that is restarted loses no answer.
SETTLING_ATTEMPTS = 40

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
    claimed = attempted(engine.store, lambda tx: tx.claim(now, now + LEASE, limit))
    if not claimed:
        return Delivered()
    delivered = Delivered(claimed=len(claimed), more=len(claimed) == limit)
    sent: Counter[str] = Counter()
    settled = []
    # The lease runs on a clock of its own, because sending takes time that `now` does not know.
    until = time.monotonic() + LEASE.total_seconds() / 2
    for message in claimed:
        if time.monotonic() < until:
            settled.append(_deliver_one(engine, sender, message, now, delivered, sent))
        else:
            settled.append(_released(message, now))
            delivered.more = True
    delivered.sent = dict(sent)
    # An answer that is not written down is lost, and with it the promise to tell a person once.
    attempted(engine.store, lambda tx: tx.settle(settled), attempts=SETTLING_ATTEMPTS)
    return delivered


def _released(message: Claimed, now: datetime) -> Settled:
    """Given back untouched: the provider is too slow for all that was claimed."""
    return Settled(message.petition_id, message.seq, message.n, message.state, now, message.attempts)


def _deliver_one(
    engine: Engine, sender: Sender, claimed: Claimed, now: datetime, delivered: Delivered, sent: Counter[str]
) -> Settled:
    key = (claimed.petition_id, claimed.seq, claimed.n)
    attempts = claimed.attempts + 1
    try:
        outgoing = _compose(engine, claimed)
    except Exception as error:
        if blames_database(error):
            return _released(claimed, now + FIRST_RETRY)
        log.exception("message_not_composed", petition=claimed.petition_id, kind=claimed.kind)
        delivered.failed += 1
        return Settled(*key, "failed", None, attempts, remark=type(error).__name__)
    if outgoing is None:
        delivered.failed += 1
        return Settled(*key, "failed", None, attempts, remark="no such person")
    try:
        found = sender.find(outgoing) if claimed.state in ("sending", "uncertain") else None
    except Exception as error:
        return _unsure(claimed, now, error, delivered)
    try:
        receipt = found if isinstance(found, Receipt) else sender.send(outgoing)
    except Undeliverable as refusal:
        if refusal.permanent or attempts >= MOST_ATTEMPTS:
            delivered.failed += 1
            return Settled(*key, "failed", None, attempts, remark=refusal.reason[:200])
        delivered.retried += 1
        return Settled(*key, "waiting", now + _pause(attempts), attempts, remark=refusal.reason[:200])
    except Exception as error:
        return _unsure(claimed, now, error, delivered)
    sent[claimed.kind] += 1
    return Settled(*key, "sent", None, attempts, now, receipt.provider_id)


def _unsure(claimed: Claimed, now: datetime, error: Exception, delivered: Delivered) -> Settled:
    """The provider's answer was lost: it may or may not have gone out. The provider is asked before the next attempt,
    and after the last one it stays unknown: a person is rather told nothing than the same thing for ever.
    """
    log.warning("outcome_unknown", petition=claimed.petition_id, kind=claimed.kind, error=type(error).__name__)
    delivered.uncertain += 1
    attempts = claimed.attempts + 1
    again = now + _pause(attempts) if attempts < MOST_ATTEMPTS else None
    key = (claimed.petition_id, claimed.seq, claimed.n)
    return Settled(*key, "uncertain", again, attempts, remark=type(error).__name__)


def _pause(attempts: int) -> timedelta:
    return min(FIRST_RETRY * (1 << min(attempts - 1, 16)), LONGEST_RETRY)


def _compose(engine: Engine, claimed: Claimed) -> Outgoing | None:
    """The message as its reader gets it; None when the roster no longer knows the reader."""
    policy = engine.policies.judging(claimed.policy)
    if claimed.recipient == "petitioner":
        phone, language = claimed.phone, claimed.language
        # A name would be personal data on a screen that shows what is sent.
        name = ROLES["petitioner"][language == "en"]
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
