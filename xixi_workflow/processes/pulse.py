"""What a clock process tells of itself every two seconds, in the table `service`: for the status page and the metrics.

Counts are since the process started; lateness is in seconds from the due moment to the moment it was acted upon.
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import Counter
from datetime import datetime
from typing import Final

import msgspec

from xixi_workflow.engine.ledger import Delivered
from xixi_workflow.engine.sweep import Swept

#: Upper bounds of the lateness histogram, seconds; the last bucket of `Pulse.late` has none.
BOUNDS: Final = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 60.0, 600.0)
#: Events that fell due at an instant of their own; routing has none, it happens when somebody looks.
_TIMED: Final = frozenset({"warned", "breached", "escalated", "survey_lapsed", "hold_ended"})


class Pulse(msgspec.Struct):
    """The clock process as it last described itself. The name of its row starts with `clock@`."""

    started_at: datetime
    pid: int
    policy: int = 0
    #: Sweeps, those among them that found something, and the petitions they looked at.
    sweeps: int = 0
    rings: int = 0
    looked: int = 0
    put_off: int = 0
    #: What the sweeps did, by past event.
    events: dict[str, int] = {}
    #: Histogram of lateness over `BOUNDS`, not cumulative; its sum and its greatest value.
    late: list[int] = []
    late_sum: float = 0.0
    late_max: float = 0.0
    last_ring: datetime | None = None
    next_alarm: datetime | None = None
    #: Messages sent, by kind, and the fate of the others.
    sent: dict[str, int] = {}
    retried: int = 0
    failed: int = 0
    uncertain: int = 0
    #: Texts that the sent ones took, and what was not told, see `ledger.Delivered`.
    texts: int = 0
    withheld: int = 0
    overtaken: int = 0
    undelivered: int = 0
    put_off_messages: int = 0
    #: What the last audit found that should have rung and stayed silent, by kind, and when that was.
    silent: dict[str, int] = {}
    audited_at: datetime | None = None


class Tally:
    """Counts for a `Pulse`; safe to use from several threads."""

    def __init__(self, *, pid: int, now: datetime) -> None:
        self._lock = threading.Lock()
        self._pulse = Pulse(now, pid, late=[0] * (len(BOUNDS) + 1))
        self._events: Counter[str] = Counter()
        self._sent: Counter[str] = Counter()

    def swept(self, swept: Swept, *, now: datetime) -> None:
        """One more sweep, at `now`."""
        with self._lock:
            pulse = self._pulse
            pulse.sweeps += 1
            if swept.looked:
                pulse.rings += 1
                pulse.last_ring = now
            pulse.looked += swept.looked
            pulse.put_off += swept.put_off
            self._events.update(swept.counts)
            for fact in swept.facts:
                if fact.event in _TIMED:
                    pulse.late[bisect_left(BOUNDS, fact.late)] += 1
                    pulse.late_sum += fact.late
                    pulse.late_max = max(pulse.late_max, fact.late)

    def delivered(self, delivered: Delivered) -> None:
        """One more delivery."""
        with self._lock:
            pulse = self._pulse
            self._sent.update(delivered.sent)
            pulse.retried += delivered.retried
            pulse.failed += delivered.failed
            pulse.uncertain += delivered.uncertain
            pulse.texts += delivered.texts
            pulse.withheld += delivered.withheld
            pulse.overtaken += delivered.overtaken
            pulse.undelivered += delivered.undelivered
            pulse.put_off_messages += delivered.put_off

    def audited(self, silent: dict[str, int], *, now: datetime) -> None:
        """The findings of an audit at `now`."""
        with self._lock:
            self._pulse.silent, self._pulse.audited_at = silent, now

    def pulse(self, *, policy: int, next_alarm: datetime | None) -> str:
        """The whole as JSON."""
        with self._lock:
            pulse = self._pulse
            pulse.policy, pulse.next_alarm = policy, next_alarm
            pulse.events, pulse.sent = dict(self._events), dict(self._sent)
            return msgspec.json.encode(pulse).decode()


def share_within(pulse: Pulse, share: float) -> float | None:
    """The bound of the bucket below which `share` (0..1) of all latenesses lie; None when nothing fell due yet."""
    wanted = share * sum(pulse.late)
    if not wanted:
        return None
    seen = 0
    for bound, count in zip((*BOUNDS, pulse.late_max), pulse.late, strict=True):
        seen += count
        if seen >= wanted:
            return min(bound, pulse.late_max)
    return pulse.late_max


decode_pulse = msgspec.json.Decoder(Pulse).decode
