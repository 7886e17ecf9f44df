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
"""

from __future__ import annotations

from datetime import datetime, timedelta

from xixi_workflow.core.petition import Clock, Outcome
from xixi_workflow.core.policy import ClockPlan

#: The instants of warnings, due and rings are exact to the microsecond; a breach is noticed one microsecond after due
#: because the due instant itself is on time.
INSTANT = timedelta(microseconds=1)


def start(plan: ClockPlan, at: datetime, *, round: int, key: str = "") -> Clock:  # noqa: A002 - the trade's word
    """A clock of `plan` that starts at `at`."""
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
    clock.breached_at = None
    clock.rung = clock.acknowledged = 0


def warned(plan: ClockPlan, clock: Clock) -> None:
    """One more warning has been given."""
    clock.warned += 1
    clock.next_at = _next(plan, clock)


def breach(plan: ClockPlan, clock: Clock) -> None:
    """The due instant has passed unmet."""
    clock.breached_at = clock.due_at
    clock.next_at = _next(plan, clock)


def rang(plan: ClockPlan, clock: Clock) -> None:
    """One more ring of the ladder is done."""
    clock.rung += 1
    _skip_silent(plan, clock)


def acknowledge(plan: ClockPlan, clock: Clock) -> None:
    """Somebody has seen to the breach: repeats of every level that has rung fall silent, higher levels still ring."""
    clock.acknowledged = max((ring.level for ring in plan.rings[: clock.rung]), default=0)
    _skip_silent(plan, clock)


def _skip_silent(plan: ClockPlan, clock: Clock) -> None:
    # Passed over at once rather than when they fall due, so that no alarm is set for a ring that nobody hears.
    rings = plan.rings
    while clock.rung < len(rings) and rings[clock.rung].repeat and rings[clock.rung].level <= clock.acknowledged:
        clock.rung += 1
    clock.next_at = _next(plan, clock)


def settle(plan: ClockPlan, clock: Clock, at: datetime, *, met: bool, team: str) -> Outcome:
    """The verdict when the clock is met, or stopped without being met, at `at` (the instant of the event).

    A clock that is settled in a pause is due as if it ran again from that moment on.
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
        if clock.rung < len(plan.rings):
            return clock.breached_at + timedelta(seconds=plan.rings[clock.rung].after)
        return None
    if clock.warned < len(plan.warnings):
        if clock.extended_for:
            # More time can change which comes first: 80% of ten hours is before ten hours less 30 minutes.
            return warnings(plan, clock)[clock.warned]
        return _warning(plan, clock, clock.warned)
    return clock.due_at + INSTANT
