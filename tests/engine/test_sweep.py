"""What time alone does: dated at its due moment, once, and never stopped by one ill petition."""

from __future__ import annotations

import json
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest

from tests.engine.ailments import POISONS, spoil, write
from tests.engine.centre import (
    HANDLER,
    SUPERVISOR,
    T0,
    accepted,
    act,
    after,
    contents,
    events,
    file,
    filing,
    in_progress,
    lines,
    outbox,
    petition,
    rows,
    sweep_all,
)
from xixi_workflow.core import commands as c
from xixi_workflow.core.policy_build import build
from xixi_workflow.engine.handle import PUT_OFF_FOR, Engine, Request
from xixi_workflow.engine.sweep import sweep
from xixi_workflow.store import board
from xixi_workflow.store.connect import Store
from xixi_workflow.store.tables import OutcomeRow, PetitionRow


def test_an_idle_sweep_does_nothing(engine: Engine) -> None:
    before = contents(engine.store)
    swept = sweep(engine, now=T0)
    assert (swept.looked, swept.more, swept.counts, swept.facts) == (0, False, {}, [])
    assert contents(engine.store) == before


def test_what_was_filed_is_routed_and_dispatched_by_its_words(engine: Engine) -> None:
    [number] = file(engine, "1", title="夜市占道经营")
    swept = sweep(engine, now=after(seconds=1))
    assert swept.counts == {"routed": 1, "dispatched": 1}
    sent = petition(engine, number)
    assert (sent.state, sent.category, sent.lead) == ("dispatched", "UM01", "urban")
    [(_, at, _, facts)] = lines(engine, "routed")
    assert at == after(seconds=1)
    assert facts["reason"]
    [response] = [row for row in rows(engine.store, OutcomeRow) if row.clock == "response"]
    assert (response.result, response.settled_at) == ("on_time", after(seconds=1))


def test_what_no_rule_knows_goes_to_the_fallback(engine: Engine) -> None:
    [number] = file(engine, "1", title="无")
    sweep(engine, now=T0)
    sent = petition(engine, number)
    assert sent.category == engine.policies.in_force.fallback
    assert sent.state == "dispatched"


@pytest.mark.parametrize("late", [timedelta(microseconds=1), timedelta(seconds=7), timedelta(hours=2)])
def test_a_late_sweep_dates_the_breach_at_its_deadline(engine: Engine, late: timedelta) -> None:
    [number] = file(engine, "1")
    sweep_all(engine, now=T0)
    due = after(minutes=15)
    sweep_all(engine, now=due + late)
    [(breached, at, noticed, facts)] = lines(engine, "breached")[:1]
    assert (breached, at, facts["clock"]) == (number, due, "acceptance")
    assert noticed == due + late
    [outcome] = [row for row in rows(engine.store, OutcomeRow) if row.clock == "acceptance"]
    assert (outcome.result, outcome.due_at, outcome.settled_at) == ("breached", due, None)


def test_at_the_due_instant_nothing_is_late(engine: Engine) -> None:
    file(engine, "1")
    sweep_all(engine, now=T0)
    sweep_all(engine, now=after(minutes=15))
    assert lines(engine, "breached") == []


def test_a_service_that_slept_for_a_day_dates_everything_at_its_due_moment(engine: Engine) -> None:
    numbers = in_progress(engine, "1", "2", "3")
    numbers += file(engine, "4")
    sweep_all(engine, now=T0)
    sweep_all(engine, now=after(days=2))
    for clock, due in (("interim", after(hours=3)), ("closure", after(hours=24))):
        found = [(number, at) for number, at, _, facts in lines(engine, "breached") if facts["clock"] == clock]
        assert found == [(number, due) for number in numbers]
    [(_, at, noticed, _)] = [line for line in lines(engine, "breached") if line[3]["clock"] == "acceptance"]
    assert (at, noticed) == (after(minutes=15), after(days=2))
    # One message to each person about each clock, not one for every ring that was slept through.
    told = Counter((m.petition_id, m.recipient, json.loads(m.vars).get("clock")) for m in outbox(engine))
    told = Counter({key: times for key, times in told.items() if key[2]})
    assert len(lines(engine, "escalated")) > len(numbers)
    assert set(told.values()) == {1}


def test_sweeps_at_any_moments_write_the_same_history(engine: Engine) -> None:
    awake, asleep = file(engine, "awake", "asleep")
    sweep_all(engine, now=T0)
    write(engine, asleep, wake_at=after(days=3))
    for hours in range(1, 72, 7):
        sweep_all(engine, now=after(hours=hours))
    sweep_all(engine, now=after(days=3))
    story = _story(engine)
    assert [rest for number, *rest in story if number == awake] == [rest for number, *rest in story if number == asleep]
    assert sum(number == awake for number, *_ in story) > 10


def test_everything_that_fell_due_is_told_in_the_order_in_which_it_did(engine: Engine) -> None:
    [number] = in_progress(engine, "1")
    sweep_all(engine, now=after(days=4))
    moments = [at for petition_id, at, *_ in _story(engine) if petition_id == number]
    assert moments == sorted(moments)


def test_a_hold_ends_by_itself_at_its_moment(engine: Engine) -> None:
    [number] = in_progress(engine, "1")
    accepted(act(engine, number, c.RequestHold("third_party", seconds=7200), HANDLER, now=after(hours=1)))
    accepted(act(engine, number, c.ApproveHold(), SUPERVISOR, now=after(hours=1)))
    swept = sweep(engine, now=after(hours=9))
    assert swept.counts["hold_ended"] == 1
    [(_, at, noticed, _)] = lines(engine, "hold_ended")
    assert (at, noticed) == (after(hours=3), after(hours=9))
    [closure] = [clock for clock in petition(engine, number).clocks if clock.name == "closure"]
    assert closure.due_at == after(hours=26)


def test_a_survey_that_nobody_answers_lapses_and_is_no_breach(engine: Engine) -> None:
    [number] = in_progress(engine, "1")
    accepted(act(engine, number, c.ResolvePetition("solved", "已解决"), HANDLER, now=after(hours=1)))
    assert sweep(engine, now=after(hours=1, days=4)).counts == {"survey_lapsed": 1}
    ended = petition(engine, number)
    assert (ended.state, ended.rating, ended.closed_at) == ("closed", "", after(hours=1, days=3))
    assert petition_row(engine, number).wake_at is None


def test_a_petition_that_was_nominated_too_early_is_left_as_it_is(engine: Engine) -> None:
    [number] = in_progress(engine, "1")
    hint = petition_row(engine, number).wake_at
    write(engine, number, wake_at=after(minutes=1))
    before = contents(engine.store)
    swept = sweep(engine, now=after(minutes=1))
    assert (swept.looked, swept.counts, swept.put_off) == (1, {}, 0)
    assert petition_row(engine, number).wake_at == hint
    for untouched in ("journal", "seal", "chain", "outbox", "outcome"):
        assert contents(engine.store)[untouched] == before[untouched]


def test_a_full_batch_says_that_there_may_be_more(engine: Engine) -> None:
    file(engine, *map(str, range(5)))
    swept = [sweep(engine, now=T0, limit=2) for _ in range(4)]
    assert [(one.looked, one.more) for one in swept] == [(2, True), (2, True), (1, False), (0, False)]
    assert len(lines(engine, "routed")) == 5


def test_the_earliest_alarm_is_looked_at_first(engine: Engine) -> None:
    late, early = file(engine, "late", now=after(minutes=2)) + file(engine, "early", now=after(minutes=1))
    [fact, *_] = sweep(engine, now=after(minutes=3), limit=1).facts
    assert fact.petition == early
    assert events(engine, late) == ["filed"]


def test_facts_say_how_late_they_were_noticed(engine: Engine) -> None:
    file(engine, "1")
    sweep_all(engine, now=T0)
    swept = sweep(engine, now=after(minutes=15, seconds=3))
    breach = next(fact for fact in swept.facts if fact.event == "breached")
    assert (breach.at, breach.late, breach.team) == (after(minutes=15), 3.0, "urban")


@pytest.mark.parametrize("poison", POISONS)
@pytest.mark.parametrize("state", ["received", "dispatched"])
def test_a_poisoned_petition_is_put_off_and_shown_and_its_neighbours_are_swept(
    engine: Engine, poison: str, state: str
) -> None:
    before, ill, behind = file(engine, "before", "ill", "behind")
    if state == "dispatched":
        sweep_all(engine, now=T0)
    spoil(engine, ill, poison)
    at = T0 if state == "received" else after(minutes=20)
    swept = [sweep(engine, now=at)]
    while swept[-1].more:
        swept.append(sweep(engine, now=at))
    assert sum(one.put_off for one in swept) == 1
    for well in (before, behind):
        assert petition(engine, well).state == "dispatched"
        assert (lines(engine, "breached") != []) == (state == "dispatched")
    assert petition_row(engine, ill).wake_at == at + PUT_OFF_FOR
    count, [trouble] = board.troubles(engine.store, T0)
    assert (count, trouble.petition, trouble.at) == (1, ill, at)
    assert trouble.error
    # It is left alone for an hour and tried again then.
    assert sweep(engine, now=at + PUT_OFF_FOR - timedelta(seconds=1), limit=1).put_off == 0
    sweep_all(engine, now=at + PUT_OFF_FOR)
    assert board.troubles(engine.store, T0)[1][0].at == at + PUT_OFF_FOR
    # Whoever was not noted again for longer than that has recovered.
    assert board.troubles(engine.store, at + 2 * PUT_OFF_FOR) == (0, [])


def test_many_poisoned_petitions_leave_the_others_their_turn(engine: Engine) -> None:
    numbers = file(engine, *map(str, range(12)))
    ill = numbers[::2]
    for number, poison in zip(ill, [*POISONS] * 2, strict=True):
        spoil(engine, number, poison)
    while sweep(engine, now=T0, limit=3).more:
        pass
    assert {number for number, *_ in lines(engine, "dispatched")} == set(numbers) - set(ill)
    assert board.troubles(engine.store, T0)[0] == len(ill)


def test_a_petition_that_is_mended_goes_on_where_it_stood(engine: Engine) -> None:
    [number] = file(engine, "1")
    sweep_all(engine, now=T0)
    sound = petition_row(engine, number).live
    spoil(engine, number, "it cannot be read")
    sweep_all(engine, now=after(minutes=20))
    write(engine, number, live=sound)
    sweep_all(engine, now=after(minutes=20) + PUT_OFF_FOR)
    [(_, at, _, _)] = lines(engine, "breached")[:1]
    assert at == after(minutes=15)


def test_sweeps_and_commands_at_once_lose_nothing_and_breach_nothing_twice(engine: Engine, database_url: str) -> None:
    numbers = in_progress(engine, *map(str, range(30)))
    file(engine, *(f"open{n}" for n in range(30)))
    sweep_all(engine, now=T0)
    others = [Engine(Store(database_url)) for _ in range(3)]
    together = threading.Barrier(3)
    at = after(hours=4)

    def sweeping(other: Engine) -> int:
        together.wait()
        looked = 0
        while (swept := sweep(other, now=at, limit=7)).looked:
            looked += swept.looked
        return looked

    def noting(other: Engine) -> int:
        together.wait()
        requests = [Request(number, c.AddNote("来电"), SUPERVISOR) for number in numbers]
        return sum(d.refused is None for n in range(5) for d in other.handle(requests[n::5], now=at))

    with ThreadPoolExecutor(3) as pool:
        sweepers = [pool.submit(sweeping, other) for other in others[:2]]
        notes = pool.submit(noting, others[2]).result()
    for other in others:
        other.store.close()
    assert notes == 30
    # A note lets time pass as well, so between them they have dealt with every petition.
    assert sum(sweeper.result() for sweeper in sweepers) <= 60
    sweep_all(engine, now=at)
    breached = Counter((number, facts["clock"]) for number, _, _, facts in lines(engine, "breached"))
    assert set(breached.values()) == {1}
    late = {number for number, clock in breached if clock == "interim"}
    assert late == {row.id for row in rows(engine.store, PetitionRow)}


def test_the_roster_of_the_day_is_told_under_the_rules_of_the_filing(engine: Engine) -> None:
    [number] = engine.handle([filing("1")], now=T0)
    assert accepted(number).policy == 1
    documents = {**engine.policies.in_force.documents}
    rosters = documents["duty/centre.yaml"]["rosters"]
    documents["duty/centre.yaml"] = {"rosters": {**rosters, "operator": {"shifts": [{"people": ["operator-4"]}]}}}
    documents["policy.yaml"] = {**documents["policy.yaml"], "routing": {"dispatch_automatically": False}}
    changed = build(documents)
    assert engine.publish(changed.canonical, changed.digest, now=after(seconds=1)) == 2
    # The old rules dispatch at once; the new roster is told when the petition is returned.
    sweep_all(engine, now=after(seconds=2))
    assert petition(engine, number.number).state == "dispatched"
    accepted(act(engine, number.number, c.ReturnPetition("not_my_duty"), HANDLER, now=after(seconds=3)))
    assert {message.recipient for message in outbox(engine, "operator_returned")} == {"operator-4"}


def _story(engine: Engine) -> list[tuple[int, datetime, str, str]]:
    """What time has done to every petition: petition, moment, event, clock."""
    found = []
    for event in ("warned", "breached", "escalated", "survey_lapsed", "hold_ended"):
        found += [(number, at, event, facts.get("clock", "")) for number, at, _, facts in lines(engine, event)]
    return sorted(found)


def petition_row(engine: Engine, number: int) -> PetitionRow:
    """The row of a petition."""
    [row] = [row for row in rows(engine.store, PetitionRow) if row.id == number]
    found: PetitionRow = row
    return found
