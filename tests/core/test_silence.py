"""What counts as silent, judged from facts alone: the edges of every span, and whose messages count for whom."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.policies import small_policy
from xixi_workflow.core.petition import Clock, Petition, Vars
from xixi_workflow.core.silence import Facts, Finding, Gap, Pending, Since, Told, judge, overdue

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
DUE = NOW - timedelta(hours=1)
POLICY = small_policy()
SECOND = timedelta(seconds=1)


def clock(name: str = "closure", key: str = "", *, rung: int = 1, breached: bool = True) -> Clock:
    return Clock(name, key, 1, DUE, DUE, None, 60.0, DUE, breached_at=DUE if breached else None, rung=rung)


def petition(number: int, *clocks: Clock) -> Petition:
    return Petition(number, "in_progress", 5, 1, "code", DUE, DUE, clocks=list(clocks))


def told(number: int, name: str = "closure", *, team: str = "", made_at: datetime = DUE) -> Told:
    return Told(number, Vars(clock=name, level=1, team=team), made_at)


def found(**facts: object) -> list[Finding]:
    return judge(Facts(beat=NOW, **facts), POLICY, now=NOW)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("clocks", "messages", "silent"),
    [
        ([clock()], [told(1)], []),
        ([clock()], [], ["closure"]),
        ([clock()], [told(2)], ["closure"]),
        ([clock()], [told(1, "interim")], ["closure"]),
        ([clock()], [told(1, made_at=DUE - SECOND)], ["closure"]),
        ([clock(), clock("interim")], [told(1)], ["interim"]),
        ([clock("assistance", "police")], [told(1, "assistance", team="urban")], ["assistance"]),
        ([clock("assistance", "police")], [told(1, "assistance", team="police")], []),
        # Its own clock is told of with whatever team leads by then.
        ([clock()], [told(1, team="urban")], []),
        # Nothing has rung yet, or there is nothing that could.
        ([clock(rung=0)], [], []),
        ([clock(breached=False, rung=0)], [], []),
    ],
)
def test_a_breach_is_told_by_a_message_of_its_own_clock_and_team_since_it_was_due(
    clocks: list[Clock], messages: list[Told], silent: list[str]
) -> None:
    one = petition(1, *clocks)
    assert [f.facts["clock"] for f in found(open=[one], told=messages)] == silent
    assert set(overdue([one])) == ({1} if any(c.rung for c in clocks) else set())


SPANS: dict[str, tuple[str, Callable[[datetime], dict[str, object]], timedelta]] = {
    "unread letter": ("unread", lambda at: {"unread": [Since(1, at)]}, timedelta(minutes=1)),
    "letter in the list": ("letter", lambda at: {"letters": [Since(1, at)]}, timedelta(hours=1)),
    "alarm": ("asleep", lambda at: {"asleep": [Since(1, at)]}, timedelta(minutes=1)),
    "message": ("waiting", lambda at: {"pending": [_pending(at)]}, timedelta(minutes=10)),
    "emergency": ("waiting", lambda at: {"pending": [_pending(at, urgency="emergency")]}, timedelta(minutes=2)),
    "receipt": ("receipt", lambda at: {"pending": [_pending(DUE, state="sent", next_at=at)]}, timedelta(minutes=1)),
}


def _pending(made_at: datetime, **more: object) -> Pending:
    given: dict[str, object] = {"state": "waiting", "made_at": made_at, "next_at": NOW - SECOND, "tried_at": made_at}
    return Pending(1, "handler_dispatched", "wang", **(given | more))  # type: ignore[arg-type]


@pytest.mark.parametrize("what", SPANS)
def test_within_its_span_nothing_is_silent_and_a_moment_later_it_is(what: str) -> None:
    kind, facts, span = SPANS[what]
    assert found(**facts(NOW - span)) == []
    assert [f.kind for f in found(**facts(NOW - span - timedelta(microseconds=1)))] == [kind]


def test_what_alarms_comes_first_then_what_was_silent_longest() -> None:
    lost = Pending(1, "citizen_received", "petitioner", "failed", NOW - timedelta(hours=20), None)
    findings = found(lost=[lost], letters=[Since(4, DUE - SECOND)], gaps=[Gap("police", NOW + timedelta(hours=5))])
    assert [(f.kind, f.alarming) for f in findings] == [("letter", True), ("duty_gap", True), ("failed", False)]


def test_a_damaged_petition_is_named_once() -> None:
    assert [f.key for f in found(unreadable=[7, 8], troubled=[Since(7, NOW, "DecodeError")])] == ["7", "8"]


@given(st.integers(0, 7200), st.integers(1, 5))
def test_a_silence_never_ends_by_waiting(seconds: int, clocks: int) -> None:
    facts = Facts(beat=None, open=[petition(n, clock()) for n in range(clocks)], pending=[_pending(DUE)])
    before = {(f.kind, f.key) for f in judge(facts, POLICY, now=NOW)}
    after = {(f.kind, f.key) for f in judge(facts, POLICY, now=NOW + timedelta(seconds=seconds))}
    assert before <= after
