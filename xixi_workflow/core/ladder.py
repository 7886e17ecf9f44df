"""A ladder: who is told after a breach, level by level, and when the next ring is.

Theory of operation
-------------------
A step rings `after` seconds from the breach and, with a `repeat`, again and again. Rings are never spelled out: where a
clock stands is the last ring it has had (a `Climb`), and the next one is reckoned from that by a division. So a step
that repeats every ten minutes costs neither memory nor a growing petition, and rings of several steps fall into one
order: by instant, then by level.

A step without `times` repeats until somebody acknowledges it. It ends by itself `LAST_REPEAT` after the breach: whoever
has not answered in a week of messages does not read the next one, every higher level has long been told, each ring is a
line of the journal for ever, and the petition stays on the board of overdue ones.

A step that `everyone` must answer goes on repeating, to those who have not answered.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import msgspec

from xixi_workflow.core.policy_schema import StepShape

#: Seconds after the breach from which on nothing repeats any more that has no `times`.
LAST_REPEAT: Final = 7 * 86400.0


class Climb(msgspec.Struct, array_like=True, frozen=True, gc=False):
    """Where a breached clock stands on its ladder. Spans are seconds from the breach."""

    #: Chosen at the breach and kept: a later change of category or urgency must not shift the rings. "" without one.
    ladder: str
    #: The last ring that was done: its instant and level.
    after: float = -1.0
    level: int = 0
    #: Highest level that has rung.
    reached: int = 0
    #: The level last skipped to by hand, and when: levels below it ring no more, it repeats from then on.
    raised: int = 0
    raised_after: float = 0.0
    #: Level and person of everybody who must still acknowledge.
    awaited: tuple[tuple[int, str], ...] = ()


class Ring(NamedTuple):
    """One ring of a ladder. `after` is seconds from the breach; `repeat` 0 is the first of its step."""

    after: float
    level: int
    repeat: int
    to: tuple[str, ...]
    message: str
    everyone: bool


class _Step(NamedTuple):
    """A step, compiled: its first ring, and how it goes on."""

    ring: Ring
    repeat: float | None
    times: int | None


class Ladder:
    """A configured ladder, compiled. Its levels rise from step to step and no later step comes sooner."""

    def __init__(self, name: str, steps: list[StepShape]) -> None:
        self.name = name
        self.levels = tuple(step.level for step in steps)
        self._steps = tuple(
            _Step(Ring(s.after, s.level, 0, tuple(s.to), s.message, s.everyone), s.repeat, s.times) for s in steps
        )
        #: Where a clock stands at the breach; it is shared, for it never changes.
        self.foot = Climb(name)

    def next(self, climb: Climb, acknowledged: int) -> Ring | None:
        """The first ring after the last one of `climb`; repeats up to level `acknowledged` that nobody owes are silent.

        None when nothing rings any more.
        """
        first: Ring | None = None
        for step in self._steps:
            level = step.ring.level
            if level > climb.reached:
                # The lowest level that has not rung; those above it come no sooner.
                return step.ring if first is None or step.ring.after < first.after else first
            if step.repeat is None or level < climb.raised:
                continue
            if level > acknowledged or any(owed == level for owed, _ in climb.awaited):
                ring = _repeat(step, step.repeat, climb)
                if ring is not None and (first is None or ring.after < first.after):
                    first = ring
        return first

    def by_hand(self, level: int, after: float) -> Ring | None:
        """The first ring of `level`, rung `after` seconds from the breach; None when there is no such level."""
        for step in self._steps:
            if step.ring.level == level:
                return step.ring._replace(after=after)
        return None


#: Where a clock without a ladder stands.
NOWHERE: Final = Climb("")


def rang(climb: Climb, ring: Ring) -> Climb:
    """Where the clock stands after `ring`."""
    after, level = ring.after, ring.level
    if after < climb.after:
        # A skip by hand that is heard of late leaves the rings that were done meanwhile done.
        after, level = climb.after, climb.level
    reached = max(climb.reached, ring.level)
    return Climb(climb.ladder, after, level, reached, climb.raised, climb.raised_after, climb.awaited)


def _repeat(step: _Step, every: float, climb: Climb) -> Ring | None:
    """The first repeat of a step, one every so many seconds, that comes after the last ring of `climb`."""
    since, level = step.ring.after, step.ring.level
    if level == climb.raised:
        since = climb.raised_after
    # A little too early, then upwards: the quotient of two floats may be a hair beside a whole number.
    n = max(1, int((climb.after - since) / every) - 1)
    while (at := round(since + n * every, 6), level) <= (climb.after, climb.level):
        n += 1
    if n < step.times if step.times is not None else at <= LAST_REPEAT:
        return step.ring._replace(after=at, repeat=n)
    return None
