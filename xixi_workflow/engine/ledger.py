"""What became of each message of a delivery, from the answers of providers to the rows that are written down.

| answer | the message |
|---|---|
| receipt | `sent`; due again if a further receipt is awaited and another way could be tried |
| known failure, for good | the next way at once, or `failed` |
| the number wants none | noted; the next way at once, or `failed` |
| known failure, passing | waits longer and longer; after some attempts the next way, or `failed` |
| the provider takes nothing now, or our account is at fault | waits, and no attempt is counted |
| no answer | `uncertain`; the provider is asked before anything is sent again |
| asked: it has it | `sent` |
| asked: it has not | waits, planned anew at once |
| asked: it cannot tell | where the sender died it may never have begun: planned anew; otherwise asked again later |

Staff whose message stays uncertain are told by their next way, which may tell them twice: a breach that nobody hears of
is worse. A petitioner is not told twice; the message stays uncertain, and operators see it.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec
import structlog

from xixi_workflow.adapters.port import Receipt, Sender, Undeliverable, Unknown
from xixi_workflow.core import sending
from xixi_workflow.engine.attempts import attempted
from xixi_workflow.engine.compose import Composed, Item, Job
from xixi_workflow.store.connect import Store
from xixi_workflow.store.rows import Handed, Settled, Tx

log = structlog.get_logger()

#: Answers written down at once, and the seconds after which fewer are: what a death can lose.
PORTION = 50
PORTION_EVERY = 0.5
#: With the pauses between them somewhat over a minute: a database that is restarted loses no answer.
SETTLING_ATTEMPTS = 40


class Delivered(msgspec.Struct):
    """What one delivery did, in messages; `sent` by kind."""

    claimed: int = 0
    sent: dict[str, int] = {}
    #: Texts that these took; several messages may be told in one.
    texts: int = 0
    retried: int = 0
    failed: int = 0
    uncertain: int = 0
    #: Not told: the person wants none or has had enough; no longer true.
    withheld: int = 0
    overtaken: int = 0
    #: Reported by receipts as not delivered; each goes another way or has failed.
    undelivered: int = 0
    #: Waits for the morning, or until the person has had fewer texts.
    put_off: int = 0
    #: Something can be done at once.
    more: bool = False


class NotReached(NamedTuple):
    """No attempt was made: nobody may send any more, or the provider takes nothing until then."""

    until: datetime | None = None


Answer = Receipt | Unknown | NotReached | Exception | None


class Ledger:
    """Gathers fates and writes them in portions."""

    def __init__(
        self, store: Store, channels: Mapping[str, Sender], receipt_within: timedelta, *, now: datetime
    ) -> None:
        self.delivered = Delivered()
        self._store = store
        self._channels = channels
        self._receipt_within = receipt_within
        self._now = now
        self._sent: Counter[str] = Counter()
        self._settled: list[Settled] = []
        self._handed: list[Handed] = []
        self._opted_out: list[tuple[str, str]] = []
        self._written = time.monotonic()

    def composed(self, made: Composed) -> None:
        """Write what needs no provider, and which messages go out in one text."""
        delivered = self.delivered
        delivered.withheld, delivered.overtaken = made.withheld, made.overtaken
        delivered.undelivered, delivered.put_off = made.undelivered, made.put_off
        delivered.failed, delivered.more = made.failed, made.more
        if made.together:
            # Written first, alone: a text that went out must be known as one even if nothing after this is.
            attempted(self._store, lambda tx: tx.settle(made.together, []), attempts=SETTLING_ATTEMPTS)
        self._settled += made.settled

    def heard(self, job: Job, answer: Answer, *, now: datetime) -> None:
        """One job's answer, at `now`."""
        if isinstance(answer, Receipt):
            self._took_over(job, answer)
        elif isinstance(answer, NotReached):
            for item in job.items:
                self._held_up(item, answer.until, job.ask, now)
        elif isinstance(answer, Undeliverable) and not job.ask:
            self._refused(job, answer, now)
        elif isinstance(answer, Exception):
            # A failure to answer the question whether it went out is no answer either.
            log.warning("outcome_unknown", petition=job.items[0].key[0], error=type(answer).__name__)
            self._unsure(job, type(answer).__name__, now)
        else:
            self._asked(job, answer, now)
        if len(self._settled) >= PORTION:
            self.write()

    def breathe(self) -> None:
        """Write what has waited long enough."""
        if self._settled and time.monotonic() - self._written >= PORTION_EVERY:
            self.write()

    def write(self) -> None:
        """Write everything that is known. An answer that is not written down is lost."""
        settled, self._settled = self._settled, []
        handed, self._handed = self._handed, []
        opted_out, self._opted_out = self._opted_out, []
        self.delivered.sent = dict(self._sent)
        self._written = time.monotonic()
        if not settled:
            return

        def written(tx: Tx) -> None:
            tx.settle(settled, handed)
            for address, by in opted_out:
                tx.opt(address, "all", self._now, by)

        attempted(self._store, written, attempts=SETTLING_ATTEMPTS)

    def _took_over(self, job: Job, receipt: Receipt) -> None:
        self.delivered.texts += 1
        for item in job.items:
            c = item.claimed
            self._sent[c.kind] += 1
            overdue = None
            if receipt.awaited and item.next_way(self._channels) is not None:
                overdue = self._now + self._receipt_within
            self._settled.append(
                Settled(
                    *item.key,
                    "sent",
                    overdue,
                    item.attempts + 1,
                    c.attempts + 1,
                    item.at,
                    self._now,
                    receipt.provider_id,
                )
            )
        way = job.way
        self._handed.append(
            Handed(
                receipt.provider,
                receipt.provider_id,
                self._now,
                way.channel,
                way.address,
                way.person,
                job.outgoing.kind,
                [item.key for item in job.items],
                job.text,
            )
        )

    def _refused(self, job: Job, refusal: Undeliverable, now: datetime) -> None:
        remark = refusal.reason[:200]
        if refusal.because == "opted_out" and job.way.channel == "sms":
            self._opted_out.append((job.way.address, self._channels["sms"].name))
        for item in job.items:
            attempts = item.attempts + 1
            if takes_nothing(refusal):
                self.delivered.retried += 1
                self._held_up(item, resume_at(now, refusal), job.ask, now)
            elif refusal.permanent or refusal.because == "opted_out" or attempts >= self._most(item):
                self._give_up_way(item, "failed", remark)
            else:
                self.delivered.retried += 1
                item.attempts = attempts
                self._settled.append(item.fate("waiting", now + sending.pause(attempts, item.key), remark))

    def _held_up(self, item: Item, until: datetime | None, asked: bool, now: datetime) -> None:
        """Given back: its provider takes nothing until then, or (None) nobody may send any more just now.

        Who could be reached through another channel does not wait for the end of an outage.
        """
        decided = item.claimed.decided_at
        others = self._channels.keys() - {item.way.channel}
        on = item.next_way(others)
        if until is None or on is None or asked or decided is None or now - decided < self._receipt_within:
            self._settled.append(item.untouched(until or now))
            return
        item.at, item.attempts = on, 0
        self.delivered.more = True
        self._settled.append(item.fate("waiting", self._now))

    def _most(self, item: Item) -> int:
        last = item.next_way(self._channels) is None
        return sending.MOST_ATTEMPTS if last else sending.ATTEMPTS_BEFORE_NEXT_WAY

    def _give_up_way(self, item: Item, otherwise: str, remark: str) -> None:
        """By the next way, at once; without one the message has come to its end."""
        on = item.next_way(self._channels)
        if on is not None:
            item.at, item.attempts = on, 0
            self.delivered.retried += 1
            self.delivered.more = True
            self._settled.append(item.fate("waiting", self._now, remark))
            return
        item.attempts += 1
        if otherwise == "failed":
            self.delivered.failed += 1
        else:
            self.delivered.uncertain += 1
        self._settled.append(item.fate(otherwise, None, remark))

    def _unsure(self, job: Job, remark: str, now: datetime) -> None:
        for item in job.items:
            if len(job.items) > 1:
                # With which others it went out matters more than why nobody knows.
                remark = f"with {job.outgoing.id} {len(job.items)}"
            attempts = item.attempts + 1
            if attempts >= self._most(item):
                self._give_up_way(item, "uncertain", remark)
                continue
            self.delivered.uncertain += 1
            item.attempts = attempts
            self._settled.append(item.fate("uncertain", now + sending.pause(attempts, item.key), remark))

    def _asked(self, job: Job, answer: Unknown | None, now: datetime) -> None:
        if answer is not None and any(item.claimed.state == "uncertain" for item in job.items):
            self._unsure(job, "the provider cannot tell", now)
            return
        self.delivered.more = True
        for item in job.items:
            self._settled.append(item.fate("waiting", self._now))


def takes_nothing(refusal: Undeliverable) -> bool:
    """Whether the provider would refuse every other message as well, for the time being."""
    return refusal.because in ("busy", "ours") and not refusal.permanent


def resume_at(now: datetime, refusal: Undeliverable) -> datetime:
    """When a provider that takes nothing is tried again.

    Without its own word all that waits is tried at the same instants, every half minute: after an outage one person's
    messages come back together and are told together, and meanwhile nobody hammers.
    """
    if refusal.retry_after is not None:
        return now + timedelta(seconds=max(1.0, refusal.retry_after))
    step = sending.FIRST_RETRY.total_seconds()
    return now + timedelta(seconds=2 * step - now.timestamp() % step)
