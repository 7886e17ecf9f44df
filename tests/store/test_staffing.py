"""Arrivals and duty counted by the database are those that the petitions' pages and the rosters show."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from tests.store.random_month import JULY, JUNE, live_a_month, pages
from xixi_workflow.core import canary
from xixi_workflow.core.commands import FilePetition
from xixi_workflow.core.periods import SLOT
from xixi_workflow.core.petition import Actor
from xixi_workflow.engine import duty
from xixi_workflow.engine.handle import Engine, Request
from xixi_workflow.engine.staffing import duty_then, staffing_of
from xixi_workflow.engine.sweep import sweep
from xixi_workflow.store import staffing

CLOCKS = ("response", "acceptance")


def by_hand(engine: Engine, since: datetime, until: datetime) -> Counter[tuple[str, str, int, str]]:
    """Every run of the clocks, from the pages."""
    return Counter(
        (o.clock, o.team, int(o.started_at.timestamp() // SLOT), o.result)
        for page in pages(engine)
        for o in page.outcomes
        if o.clock in CLOCKS and since <= o.started_at < until
    )


@pytest.mark.parametrize("seed", [1, 2, 3, 4])
def test_the_database_counts_the_runs_that_the_pages_show(database_url: str, seed: int) -> None:
    engine = live_a_month(database_url, seed)
    for since, until in ((JUNE, JULY), (JUNE + timedelta(days=20), JULY + timedelta(days=9)), (JULY, JUNE)):
        found = {tuple(run[:4]): run.n for run in staffing.runs(engine.store, CLOCKS, since, until)}
        assert found == by_hand(engine, since, until)
    assert len(by_hand(engine, JUNE, JULY)) > 50
    assert staffing.runs(engine.store, ["no such clock"], JUNE, JULY) == []
    engine.store.close()


def test_the_outlook_counts_every_arrival_of_whole_weeks_once(database_url: str) -> None:
    engine = live_a_month(database_url, 1)
    now = JULY + timedelta(days=2, hours=5, minutes=20)
    found = staffing_of(engine, now=now, weeks=4)
    zone = engine.policies.in_force.zone
    assert (found.weeks, found.after.astimezone(zone).isoformat()) == (4, "2026-07-03T00:00:00+08:00")
    assert found.after - found.first == timedelta(weeks=4)
    hand = by_hand(engine, found.first, found.after)
    expected: Counter[str] = Counter()
    for (clock, team, _, _), n in hand.items():
        expected["operator" if clock == "response" else team] += n
    assert {o.code: o.arrivals for o in found.outlooks if o.arrivals} == {c: n for c, n in expected.items() if n}
    for outlook in found.outlooks:
        assert len(outlook.hours) == 7 * 24
        # Seven days hold every hour of the week once.
        assert sum(hour.mean for hour in outlook.hours) == pytest.approx(outlook.arrivals / 4)
    assert found.since.astimezone(zone).isoformat() == "2026-07-03T06:00:00+08:00"
    engine.store.close()


def test_a_past_hour_has_the_people_that_its_own_roster_had(database_url: str) -> None:
    engine = live_a_month(database_url, 1, petitions=0)
    # Saturday noon: one is on duty, until three minutes later a second is called, who leaves at 12:30.
    noon = datetime(2026, 7, 11, 4, tzinfo=UTC)
    since, what = noon + timedelta(minutes=3), {"people": ["police-1", "police-2"]}
    duty.change(engine, ["police"], what, since=since, until=noon + timedelta(minutes=30), now=since)
    # A roster of later takes the changes of today away, and with them what happened today.
    later = noon + timedelta(days=3)
    duty.change(engine, ["police"], what, since=later, until=later + timedelta(days=1), now=later)
    held = duty_then(engine, "police", noon, noon + timedelta(hours=1))
    minutes = [(*((at - noon) // timedelta(minutes=1) for at in span[:2]), len(span.people)) for span in held]
    assert minutes == [(0, 3, 1), (3, 30, 2), (30, 60, 1)]
    assert {len(s.people) for s in duty_then(engine, "police", later, later + timedelta(hours=1))} == {2}
    assert [s.people for s in duty_then(engine, "nobody", noon, later)] == [(), ()]
    # Who is on duty now is asked of the roster of now.
    [ahead] = staffing_of(engine, now=later, team="police", ahead=1).outlooks
    assert {hour.people for hour in ahead.hours} == {2.0}
    engine.store.close()


def test_the_canary_is_nobodys_arrival(database_url: str) -> None:
    engine = live_a_month(database_url, 1, petitions=0)
    filings = [
        Request(0, canary.filing("1", "19900000000", "zh"), canary.FILED_BY),
        Request(0, FilePetition("visit", "1", "路灯不亮"), Actor("operator")),
    ]
    assert [done.refused for done in engine.handle(filings, now=JUNE)] == [None, None]
    sweep(engine, now=JUNE + timedelta(minutes=5))
    assert sum(n for run, n in by_hand(engine, JUNE, JULY).items() if run[0] == "response") == 2
    assert sum(run.n for run in staffing.runs(engine.store, ["response"], JUNE, JULY)) == 1
    engine.store.close()


def test_nobody_is_asked_about_a_team_that_there_is_not(database_url: str) -> None:
    engine = live_a_month(database_url, 1, petitions=0)
    with pytest.raises(LookupError):
        staffing_of(engine, now=JULY, team="nobody")
    assert staffing_of(engine, now=JULY).weeks == 0
    engine.store.close()
