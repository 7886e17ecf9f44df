"""How a clock runs: started, warned, paused, extended, breached, met. Pure arithmetic on one `Clock`.

Theory of operation
-------------------
A clock counts *open time* of its calendar. It is due when the counted time reaches `total` (limit plus extensions).
While it runs, `ran_from` and `used` say where the count stood when it last began to run, so

    due = calendar.add(ran_from, total - used)

holds at every moment; a pause moves the elapsed time into `used`, a resume sets a new `ran_from`.

`next_at` is the next moment at which time alone changes the clock: a warning, the due instant, or a ring of the
ladder after a breach. It is all that the alarm needs to know.

Rules of the trade that are decided here, once:

* At the due instant is on time; a clock is breached when *later* than due has come and it is not met.
* A breach is dated at the due instant, whenever it is noticed.
* An event that arrives late is judged by when it happened: it withdraws a breach that it proves wrong.
* A pause or extension granted after a breach does not erase it.
* Ladder rings count from the breach in plain time: an escalation does not wait for office hours. A pause after the
  breach puts off those that have not rung yet.
* Which ladder it is, is decided by the petition's category and urgency at the breach, and stays so.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

import msgspec

from xixi_workflow.core import ladder as ladders
from xixi_workflow.core.ladder import NOWHERE, Climb, Ladder, Ring
from xixi_workflow.core.petition import Clock, Outcome
from xixi_workflow.core.policy import ClockPlan

#: The instants of warnings, due and rings are exact to the microsecond; a breach is noticed one microsecond after due
#: because the due instant itself is on time.
INSTANT = timedelta(microseconds=1)


def start(
    plan: ClockPlan,
    at: datetime,
    *,
    round: int,  # noqa: A002 - the trade's word
    key: str = "",
    limit: float | None = None,
) -> Clock:
    """A clock of `plan` that starts at `at`, for `limit` seconds where the command set its own deadline."""
    if limit is None:
        limit = plan.limit
    due = _add(plan, at, limit)
    clock = Clock(plan.name, key, round, at, due, None, limit, at)
    clock.next_at = _next(plan, clock)
    return clock


def pause(plan: ClockPlan, clock: Clock, at: datetime) -> None:
    """Stop counting at `at`; a clock that is paused already stays as it is.

    A pause that we hear of late begins no earlier than the clock last began to run.
    """
    if clock.paused_at is None:
        at = max(at, clock.ran_from)
        if clock.breached_at is not None and at <= clock.due_at:
            _withdraw(clock)
        clock.used += elapsed(plan, clock.ran_from, at)
        clock.paused_at = at
        clock.next_at = None


def resume(plan: ClockPlan, clock: Clock, at: datetime) -> None:
    """Count again from `at`. The due instant of a clock that was breached before stays where it was missed."""
    if clock.paused_at is not None:
        at = max(at, clock.paused_at)
        paused_for = at - clock.paused_at
        clock.paused_for += paused_for.total_seconds()
        clock.paused_at = None
        clock.ran_from = at
        if clock.breached_at is None:
            clock.due_at = _add(plan, at, clock.total - clock.used)
        else:
            clock.breached_at += paused_for
        clock.next_at = _next(plan, clock)


def extend(plan: ClockPlan, clock: Clock, seconds: float, at: datetime) -> None:
    """Grant `seconds` more at `at`. What is granted after the due instant was missed does not move it."""
    clock.extended_for += seconds
    if clock.breached_at is not None and at <= clock.due_at:
        _withdraw(clock)
    if clock.breached_at is None:
        clock.total += seconds
        if clock.paused_at is None:
            clock.due_at = _add(plan, clock.ran_from, clock.total - clock.used)
            clock.next_at = _next(plan, clock)


def _withdraw(clock: Clock) -> None:
    """A breach proved wrong: what we now hear of happened in time."""
    clock.breached_at = clock.climb = clock.missed_by = None
    clock.rung = clock.acknowledged = 0


def warned(plan: ClockPlan, clock: Clock) -> None:
    """One more warning has been given."""
    clock.warned += 1
    clock.next_at = _next(plan, clock)


def breach(plan: ClockPlan, clock: Clock, ladder: Ladder | None) -> Ring | None:
    """The due instant has passed unmet; `ladder` is the one that tells of it.

    Returns the ring of this very moment, which the caller must do next.
    """
    clock.breached_at = clock.due_at
    clock.climb = ladder.foot if ladder else NOWHERE
    ring = ladder.next(ladder.foot, 0) if ladder else None
    if ring is not None and ring.after == 0:
        return ring
    clock.next_at = _next(plan, clock)
    return None


def climb(plan: ClockPlan, clock: Clock) -> Climb:
    """Where a breached clock stands on its ladder."""
    if clock.climb is None:
        # Stored by a release whose clocks had one ladder each and counted its rings.
        ladder = plan.ladder
        climb = ladder.foot if ladder else NOWHERE
        for _ in range(clock.rung):
            ring = ladder.next(climb, 0) if ladder else None
            climb = ladders.rang(climb, ring) if ring else climb
        clock.climb = climb
    return clock.climb


def ladder_of(plan: ClockPlan, clock: Clock) -> Ladder | None:
    """The ladder that a breached clock climbs; None without one."""
    return plan.ladders.get(climb(plan, clock).ladder)


def next_ring(plan: ClockPlan, clock: Clock) -> Ring | None:
    """What rings next after the breach; None when nothing does any more."""
    ladder = ladder_of(plan, clock)
    return ladder.next(climb(plan, clock), clock.acknowledged) if ladder else None


def rang(plan: ClockPlan, clock: Clock, ring: Ring, awaited: Iterable[str] = ()) -> None:
    """`ring` is done; each person of `awaited` must acknowledge it."""
    clock.rung += 1
    after = ladders.rang(climb(plan, clock), ring)
    if ring.everyone:
        others = (owed for owed in after.awaited if owed[0] != ring.level)
        after = msgspec.structs.replace(after, awaited=(*others, *((ring.level, person) for person in awaited)))
    clock.climb = after
    clock.next_at = _next(plan, clock)


def raise_to(plan: ClockPlan, clock: Clock, level: int, at: datetime) -> Ring | None:
    """Skip to `level` by hand at `at`: its first ring, for now. Levels below it ring no more, higher ones as ever.

    None, and nothing is changed, where the ladder has no such level or has been there.
    """
    breached_at, ladder = clock.breached_at, ladder_of(plan, clock)
    if breached_at is None or ladder is None or level <= climb(plan, clock).reached:
        return None
    after = max(0.0, ((at if clock.paused_at is None else clock.paused_at) - breached_at).total_seconds())
    ring = ladder.by_hand(level, after)
    if ring is not None:
        stand = climb(plan, clock)
        awaited = tuple(owed for owed in stand.awaited if owed[0] >= level)
        clock.climb = msgspec.structs.replace(stand, raised=level, raised_after=after, awaited=awaited)
    return ring


def acknowledge(plan: ClockPlan, clock: Clock, person: str) -> None:
    """Somebody has seen to the breach: repeats of every level that has rung fall silent, higher levels still ring.

    Of a step that everyone must answer, `person` has answered; it falls silent with the last one's answer.
    """
    stand = climb(plan, clock)
    clock.acknowledged = stand.reached
    if stand.awaited:
        awaited = tuple(owed for owed in stand.awaited if owed[1] != person)
        clock.climb = msgspec.structs.replace(stand, awaited=awaited)
    # Repeats that nobody hears are passed over at once, so that no alarm is set for them.
    clock.next_at = _next(plan, clock)


def settle(plan: ClockPlan, clock: Clock, at: datetime, *, met: bool, team: str) -> Outcome:
    """The verdict when the clock is met, or stopped without being met, at `at` (the instant of the event).

    A clock that is settled in a pause is due as if it ran again from that moment on. `team` has the petition now; a
    clock that was missed stays with who had it then.
    """
    at = max(at, clock.started_at)
    due_at, paused_for = clock.due_at, clock.paused_for
    if clock.paused_at is not None:
        paused_for += max(0.0, (at - clock.paused_at).total_seconds())
        if clock.breached_at is None:
            due_at = _add(plan, max(at, clock.paused_at), clock.total - clock.used)
    if not met:
        result = "ended" if clock.breached_at is None else "unmet"
    elif at <= due_at:
        result = "on_time"
    else:
        result = "late"
    if result in ("late", "unmet") and clock.missed_by is not None:
        team = clock.missed_by
    return Outcome(
        clock.name,
        clock.key,
        clock.round,
        team,
        result,
        clock.started_at,
        due_at,
        at,
        paused_for,
        clock.extended_for,
    )


def standing(clock: Clock, result: str, team: str) -> Outcome:
    """The verdict of a clock that goes on (`breached`, `withdrawn`) or ran out (`lapsed`)."""
    return Outcome(
        clock.name,
        clock.key,
        clock.round,
        team,
        result,
        clock.started_at,
        clock.due_at,
        clock.due_at if result == "lapsed" else None,
        clock.paused_for,
        clock.extended_for,
    )


def elapsed(plan: ClockPlan, since: datetime, until: datetime) -> float:
    """Open seconds of the plan's calendar between two instants; 0 when `until` is not later."""
    if until <= since:
        return 0.0
    if plan.always:
        return (until - since).total_seconds()
    return plan.calendar.elapsed(since, until)


def warnings(plan: ClockPlan, clock: Clock) -> list[datetime]:
    """The instants of all warnings of a clock that runs, given or not, as they stand now, in order."""
    return sorted(_warning(plan, clock, n) for n in range(len(plan.warnings)))


def due(plan: ClockPlan, since: datetime) -> datetime:
    """When a clock of `plan` that starts at `since` and is never paused or extended is due."""
    return _add(plan, since, plan.limit)


def _add(plan: ClockPlan, since: datetime, seconds: float) -> datetime:
    if plan.always:
        return since + timedelta(seconds=seconds)
    return plan.calendar.add(since, max(0.0, seconds))


def _warning(plan: ClockPlan, clock: Clock, n: int) -> datetime:
    share, before = plan.warnings[n]
    target = share * clock.total if share else clock.total - before
    return _add(plan, clock.ran_from, target - clock.used)


def _next(plan: ClockPlan, clock: Clock) -> datetime | None:
    if clock.paused_at is not None:
        return None
    if clock.breached_at is not None:
        ring = next_ring(plan, clock)
        return clock.breached_at + timedelta(seconds=ring.after) if ring else None
    if clock.warned < len(plan.warnings):
        if clock.total != plan.limit:
            # More time can change which comes first: 80% of ten hours is before ten hours less 30 minutes.
            return warnings(plan, clock)[clock.warned]
        return _warning(plan, clock, clock.warned)
    return clock.due_at + INSTANT
