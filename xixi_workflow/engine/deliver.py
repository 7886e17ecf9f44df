"""Delivery: claim, compose, send, settle.

1. Claim: in a short transaction, messages whose time has come become `sending` until a lease ends.
2. Compose: who gets what, when, by which way and together with what (`compose.py`).
3. Send: several at once, and no transaction is open while a provider is called. One address gets its texts one after
   the other, in the order in which they were decided.
4. Settle: short transactions write what became of them (`ledger.py`), in portions, so that a death loses few answers.

A process that dies between 3 and 4 leaves its messages `sending`. When the lease is over whoever claims them next asks
the provider first whether they went out (`Sender.find`), and sends again only when the provider says no or cannot
tell: every message is sent at least once, and a second time only where the answer was lost.

A provider that takes nothing (an outage, a limit, an account at fault) is left alone for the rest of the batch, which
is given back with no attempt counted: an hour's outage costs a few calls a minute, however much waits.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from xixi_workflow.adapters.port import Receipt, Sender, Undeliverable
from xixi_workflow.core.policy_schema import SmsRules
from xixi_workflow.engine.attempts import attempted
from xixi_workflow.engine.compose import Composer, Job
from xixi_workflow.engine.handle import Engine
from xixi_workflow.engine.ledger import PORTION_EVERY, Answer, Delivered, Ledger, NotReached, resume_at, takes_nothing

#: Messages claimed at once: one person's backlog after an outage must fit, to be told in one text.
BATCH = 2_000
#: What is not sent within half of it is given back.
LEASE = timedelta(minutes=3)
IN_FLIGHT = 8
#: So many answers lost one after the other: the provider is away, and each further call would only be in doubt.
LOST_IN_A_ROW = 3


def _go_on() -> bool:
    return False


def deliver(
    engine: Engine,
    channels: Mapping[str, Sender],
    *,
    now: datetime,
    limit: int = BATCH,
    in_flight: int = IN_FLIGHT,
    rules: SmsRules | None = None,
    stopping: Callable[[], bool] = _go_on,
) -> Delivered:
    """Deal with up to `limit` messages whose time has come. Raises only when the database cannot be used.

    `channels` carry what goes by `sms` or `chat`; up to `in_flight` texts are sent at once. `rules` are those of the
    policy in force unless given. When `stopping()` says so, what has not been sent is given back.
    """
    lease_until = now + LEASE
    claimed = attempted(engine.store, lambda tx: tx.claim(now, lease_until, limit))
    if not claimed:
        return Delivered()
    rules = engine.policies.in_force.main.sms if rules is None else rules
    ledger = Ledger(engine.store, channels, timedelta(seconds=rules.receipt_within), now=now)
    made = Composer(engine, channels, rules, now=now, lease_until=lease_until).compose(claimed)
    ledger.composed(made)
    delivered = ledger.delivered
    delivered.claimed = len(claimed)
    delivered.more |= len(claimed) == limit
    round_ = _Round(channels, now, stopping)
    for job, answer in round_.run(made.jobs, in_flight):
        if job is None:
            ledger.breathe()
            continue
        ledger.heard(job, answer, now=round_.now)
        ledger.breathe()
    ledger.write()
    delivered.more |= round_.out_of_time
    return delivered


class _Round:
    """The sending of one batch."""

    def __init__(self, channels: Mapping[str, Sender], now: datetime, stopping: Callable[[], bool]) -> None:
        self._channels = channels
        self._stopping = stopping
        self._begun_at = now
        self._begun = time.monotonic()
        # The lease runs on a clock of its own, because sending takes time that `now` does not know.
        self._until = self._begun + LEASE.total_seconds() / 2
        self._lock = threading.Lock()
        self._closed: dict[str, datetime] = {}
        self._lost: dict[str, int] = dict.fromkeys(channels, 0)
        self._abandoned = False
        self.out_of_time = False

    @property
    def now(self) -> datetime:
        """The instant, in whole seconds since the beginning: a batch may take a minute."""
        return self._begun_at + timedelta(seconds=int(time.monotonic() - self._begun))

    def run(self, jobs: Sequence[Job], in_flight: int) -> Iterator[tuple[Job | None, Answer]]:
        """Each job with its answer, as they come; without a job when nothing has come for a while."""
        chains: dict[tuple[str, str], list[Job]] = {}
        for job in jobs:
            chains.setdefault((job.way.channel, job.way.address), []).append(job)
        if len(chains) <= 1:
            for job in jobs:
                yield job, self._attempt(job)
            return
        # With one in flight too: the next text is on its way while the last answers are written down.
        yield from self._run_at_once(deque(chains.values()), len(jobs), in_flight)

    def _run_at_once(self, chains: deque[list[Job]], count: int, in_flight: int) -> Iterator[tuple[Job | None, Answer]]:
        answers: queue.SimpleQueue[tuple[Job, Answer] | BaseException] = queue.SimpleQueue()

        def work() -> None:
            try:
                while not self._abandoned:
                    try:
                        chain = chains.popleft()
                    except IndexError:
                        return
                    for job in chain:
                        answers.put((job, self._attempt(job)))
            except BaseException as error:
                answers.put(error)

        with ThreadPoolExecutor(min(in_flight, len(chains)), "delivery") as pool:
            for _ in range(min(in_flight, len(chains))):
                pool.submit(work)
            try:
                while count:
                    try:
                        heard = answers.get(timeout=PORTION_EVERY)
                    except queue.Empty:
                        yield None, None
                        continue
                    if isinstance(heard, BaseException):
                        raise heard
                    count -= 1
                    yield heard
            finally:
                self._abandoned = True

    def _attempt(self, job: Job) -> Answer:
        """Send, or ask. Never raises what a provider raises."""
        channel = job.way.channel
        if (closed := self._closed.get(channel)) is not None:
            return NotReached(closed)
        if time.monotonic() >= self._until:
            self.out_of_time = True
            return NotReached()
        if self._abandoned or self._stopping():
            return NotReached()
        sender = self._channels[channel]
        answer: Answer
        try:
            answer = sender.find(job.outgoing) if job.ask else sender.send(job.outgoing)
        except Exception as error:
            answer = error
        self._learn(channel, answer)
        return answer

    def _learn(self, channel: str, answer: Answer) -> None:
        """Whether the provider takes anything at all."""
        with self._lock:
            if isinstance(answer, Undeliverable):
                self._lost[channel] = 0
                if takes_nothing(answer):
                    self._closed[channel] = resume_at(self.now, answer)
            elif isinstance(answer, Exception):
                self._lost[channel] += 1
                if self._lost[channel] >= LOST_IN_A_ROW:
                    self._closed[channel] = resume_at(self.now, Undeliverable(False, "away"))
            elif isinstance(answer, Receipt) or answer is None:
                self._lost[channel] = 0


def deliver_all(
    engine: Engine,
    channels: Mapping[str, Sender],
    *,
    now: datetime,
    in_flight: int = IN_FLIGHT,
    rules: SmsRules | None = None,
) -> Sequence[Delivered]:
    """Deliver until nothing waits."""
    rounds = []
    while True:
        delivered = deliver(engine, channels, now=now, in_flight=in_flight, rules=rules)
        rounds.append(delivered)
        if not delivered.more:
            return rounds
