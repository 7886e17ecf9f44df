"""Petitions lived again: under their own rules exactly as it was, under others as those say."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.climbing import climbing_policy
from tests.core.histories import Step, choose, deep, happened, later, steps
from tests.core.lives import (
    EXTEND,
    HANDLER,
    LEADER,
    NUMBER,
    OPERATOR,
    RESOLVE,
    RETURN,
    SATISFIED,
    SUPERVISOR,
    SYSTEM,
    Life,
    after,
    encoded,
)
from tests.core.policies import MONDAY, small_policy
from xixi_workflow.core import commands as c
from xixi_workflow.core.petition import Message, Outcome, Vars
from xixi_workflow.core.policy import Policy
from xixi_workflow.core.what_if import (
    KEPT,
    Course,
    Deed,
    Routing,
    Told,
    UnreadableError,
    in_order,
    lived,
    relived,
)
from xixi_workflow.core.what_if_account import Account
from xixi_workflow.core.work import Decision, wake_at

POLICY = climbing_policy()
OTHER_PEOPLE = POLICY.with_people(
    small_policy(
        teams={"teams": {"police": {"handlers": ["police-2"]}}},
        rosters={"operator": {"shifts": [{"people": ["urban-1"]}]}},
    )
)
#: From when on the other roster is in force.
CHANGE = MONDAY + timedelta(hours=6)
LONG_AFTER = MONDAY + timedelta(days=400)


def roster_of(at: datetime) -> Policy:
    return OTHER_PEOPLE if at >= CHANGE else POLICY


def drive(history: list[tuple[Step, bool]], *, punctual: bool) -> tuple[Life, datetime]:
    """A random life, swept at each of its alarms, or only now and then."""
    life = Life(POLICY, received_at=MONDAY - timedelta(seconds=30), filed_at=MONDAY)
    now = MONDAY

    def sweep(at: datetime) -> None:
        life.policy = roster_of(at)
        life.sweeps(at)

    def pass_to(until: datetime) -> None:
        while punctual and life.petition.state != "received":
            at = wake_at(life.petition)
            if at is None or at >= until:
                return
            sweep(at)

    for step, swept in history:
        now = later(now, step.wait, wake_at(life.petition))
        pass_to(now)
        if swept and not punctual and life.petition.state != "received":
            sweep(now)
        life.policy = roster_of(now)
        command, actor = choose(life.petition.state, step.choice, step.variant)
        at = happened(now, step.late, MONDAY)
        if isinstance(life.tries(command, actor, now, happened=at), Decision):
            life.does(command, actor, now, happened=at)
    end = now + timedelta(days=4)
    pass_to(end)
    if not punctual and life.petition.state != "received":
        sweep(end - timedelta(microseconds=1))
    return life, end


def last_verdicts(outcomes: list[Outcome]) -> dict[tuple[str, str, datetime], Outcome]:
    return {(o.clock, o.key, o.started_at): o for o in outcomes}


def live(life: Life, until: datetime = LONG_AFTER, since: datetime = MONDAY) -> tuple[Course, list[Deed]]:
    return lived(life.entries, number=NUMBER, policy_at=lambda _: life.policy, since=since, until=until)


def under(other: Policy, deeds: list[Deed], until: datetime = LONG_AFTER, routing: Routing | None = None) -> Course:
    return relived(deeds, number=NUMBER, policy_at=lambda _: other, since=MONDAY, until=until, routing=routing)


@deep(60)
@given(st.lists(st.tuples(steps, st.booleans()), max_size=25))
def test_under_its_own_rules_everything_is_as_it_was(history: list[tuple[Step, bool]]) -> None:
    life, end = drive(history, punctual=True)
    course, deeds = lived(life.entries, number=NUMBER, policy_at=roster_of, since=MONDAY, until=end)
    assert course.petition is not None
    assert encoded(course.petition) == encoded(life.petition)
    assert course.runs == last_verdicts(life.outcomes)
    assert [t.message for t in course.told] == life.messages
    assert course.refused == []
    again = relived(deeds, number=NUMBER, policy_at=roster_of, since=MONDAY, until=end)
    assert msgspec.json.encode(again.told) == msgspec.json.encode(course.told)
    assert (again.runs, again.levels, again.refused, again.stood_in) == (course.runs, course.levels, [], {})


@deep(40)
@given(st.lists(st.tuples(steps, st.booleans()), max_size=25))
def test_late_looks_change_no_verdict(history: list[tuple[Step, bool]]) -> None:
    life, end = drive(history, punctual=False)
    course, _ = lived(life.entries, number=NUMBER, policy_at=roster_of, since=MONDAY, until=end)
    assert course.runs == last_verdicts(life.outcomes)


def answered(at: str = "20h") -> Life:
    """Accepted after a minute, reported in time, answered `at` after its receipt and rated."""
    life = Life(POLICY).in_progress().does(c.ReportInterim("进展"), HANDLER, after("2h"))
    return life.does(RESOLVE, HANDLER, after(at)).does(SATISFIED, OPERATOR, after("2d"))


def closure(limit: str, **more: Any) -> Policy:
    return climbing_policy(clocks={"closure": {"limit": limit, **more}})


def verdict(course: Course, clock: str = "closure") -> Outcome:
    (outcome,) = (o for (name, _, _), o in course.runs.items() if name == clock)
    return outcome


@pytest.mark.parametrize(
    ("at", "limit", "then", "now"),
    [
        ("20h", "12h", "on_time", "late"),
        ("12h", "12h", "on_time", "on_time"),
        ("12h 1u", "12h", "on_time", "late"),
        ("30h", "36h", "late", "on_time"),
        ("30h", "24h", "late", "late"),
    ],
)
def test_a_deed_keeps_its_instant_and_is_judged_by_the_other_limit(at: str, limit: str, then: str, now: str) -> None:
    course, deeds = live(answered(at))
    assert verdict(course).result == then
    other = under(closure(limit), deeds)
    assert verdict(other).result == now
    assert verdict(other).settled_at == verdict(course).settled_at == after(at)


def test_the_ladder_rings_at_the_instants_of_the_other_limit_and_never_before() -> None:
    course, deeds = live(answered("20h"))
    other = under(closure("12h"), deeds)
    assert [t for t in course.told if t.message.vars.clock == "closure" and t.message.vars.level] == []
    breach = [t for t in other.told if t.message.vars.clock == "closure" and t.message.vars.level]
    assert breach
    assert {t.at for t in breach if t.message.vars.level == 1} >= {after("12h 10m")}
    assert all(after("12h") < t.at <= after("20h") for t in breach)


def test_what_is_heard_from_the_cut_off_on_is_not_looked_at() -> None:
    course, deeds = live(answered("20h"), until=after("20h"))
    assert [d.event for d in deeds][-1] == "report_interim"
    assert "closure" not in {clock for clock, _, _ in course.runs}
    assert verdict(under(closure("12h"), deeds, until=after("20h"))).result == "breached"


def test_what_was_told_before_the_period_is_not_counted() -> None:
    life = answered("30h")
    whole, _ = live(life)
    part, _ = live(life, since=after("25h"))
    assert part.told == [t for t in whole.told if t.at >= after("25h")]
    assert 0 < len(part.told) < len(whole.told)
    assert part.runs == whole.runs


def test_an_extension_that_comes_too_late_is_refused_and_so_is_its_grant() -> None:
    life = Life(POLICY).in_progress().does(EXTEND, HANDLER, after("20h"))
    life.does(c.ApproveExtension(), SUPERVISOR, after("21h")).does(RESOLVE, HANDLER, after("26h"))
    course, deeds = live(life)
    assert verdict(course).result == "on_time"
    other = under(closure("12h"), deeds)
    assert [(x.event, x.refused.code) for x in other.refused] == [
        ("request_extension", "after_due"),
        ("approve_extension", "nothing_pending"),
    ]
    assert verdict(other).result == "late"


def test_an_acknowledgement_of_what_does_not_ring_is_idle() -> None:
    life = Life(POLICY).in_progress().sweeps(after("25h")).does(c.Acknowledge(), LEADER, after("25h"))
    _, deeds = live(life.does(RESOLVE, HANDLER, after("26h")))
    # The interim report is late in both, so that only its own acknowledgement has a use.
    kinder = climbing_policy(clocks={"closure": {"limit": "48h"}, "interim": {"limit": "40h"}})
    other = under(kinder, deeds)
    assert (other.idle, other.refused) == (1, [])


def everyone(people: dict[str, Any]) -> Policy:
    step = {
        "level": 1,
        "after": "0s",
        "to": ["commander"],
        "message": "leader_overdue",
        "repeat": "1h",
        "everyone": True,
    }
    return small_policy(
        ladders={"long": [step]},
        rosters={"commander": {"shifts": [people]}},
    )


def test_who_is_told_in_another_roster_acknowledges_what_was_acknowledged() -> None:
    life = Life(everyone({"people": ["commander-1"]})).in_progress()
    for hour in range(24, 28):
        life.sweeps(after(f"{hour}h 1u"))
    life.does(c.Acknowledge("closure"), LEADER, after("27h 30m"))
    _, deeds = live(life, until=after("40h"))
    other = under(everyone({"people": ["supervisor-2"]}), deeds, until=after("40h"))
    rings = [t.at for t in other.told if t.message.vars.clock == "closure" and t.message.to == "supervisor-2"]
    assert len(rings) == 4
    assert max(rings) < after("27h 30m")
    assert other.stood_in["acknowledge", "not_told"] == 1


def without(person: str) -> Policy:
    """Another has joined the police for `person`."""
    others = [p for p in ("police-1", "police-2") if p != person]
    return small_policy(teams={"teams": {"police": {"handlers": others}}})


def test_somebody_on_duty_accepts_for_whom_the_other_roster_does_not_know() -> None:
    course, deeds = live(answered())
    other = under(without("police-1"), deeds)
    assert other.stood_in["accept", "not_of_this_team"] == 1
    assert other.petition is not None
    assert other.petition.handler == "police-2"
    assert verdict(other, "acceptance") == verdict(course, "acceptance")


def routed(category: str, *, dispatch: bool = True) -> Callable[[], tuple[c.RoutePetition, c.DispatchPetition | None]]:
    return lambda: (c.RoutePetition(category), c.DispatchPetition() if dispatch else None)


def test_what_the_house_routed_is_routed_anew_and_the_other_team_does_the_deeds() -> None:
    course, deeds = live(answered())
    other = under(POLICY, deeds, routing=routed("STALL"))
    assert other.petition is not None
    assert (other.petition.category, other.petition.lead) == ("STALL", "urban")
    assert other.petition.handler in ("urban-1", "urban-2")
    assert other.petition.state == "closed"
    assert other.stood_in["accept", "not_of_this_team"] == 1
    assert verdict(other).settled_at == verdict(course).settled_at


def test_what_an_operator_routed_stays() -> None:
    life = Life(POLICY).does(c.RoutePetition("NOISE"), OPERATOR, after("10s"))
    life.does(c.DispatchPetition(), OPERATOR, after("20s"))
    _, deeds = live(life)
    other = under(POLICY, deeds, routing=routed("STALL"))
    assert other.petition is not None
    assert other.petition.lead == "police"


def test_a_dispatch_that_the_other_rules_leave_to_an_operator_keeps_its_time() -> None:
    course, deeds = live(answered())
    other = under(POLICY, deeds, routing=routed("NOISE", dispatch=False))
    assert other.stood_in["dispatch", KEPT] == 1
    assert other.runs == course.runs


def test_an_operators_dispatch_after_the_houses_own_is_idle() -> None:
    life = Life(POLICY).does(c.RoutePetition("NOISE"), SYSTEM, after("10s"))
    life.does(c.DispatchPetition(), OPERATOR, after("5m"))
    course, deeds = live(life, until=after("10m"))
    other = under(POLICY, deeds, until=after("10m"), routing=routed("NOISE"))
    assert verdict(course, "response").result == "late"
    assert verdict(other, "response").result == "on_time"
    assert (other.idle, other.refused) == (1, [])


def test_a_return_that_goes_to_the_same_team_again_is_a_return_refused() -> None:
    life = Life(POLICY).in_progress().does(RETURN, HANDLER, after("1h"))
    life.does(c.DispatchPetition("urban"), OPERATOR, after("2h"))
    _, deeds = live(life)
    other = under(POLICY, deeds, routing=routed("STALL"))
    assert other.petition is not None
    assert (other.petition.state, other.petition.lead) == ("dispatched", "urban")
    assert other.stood_in["dispatch", "same_team"] == 1


def test_codes_that_the_other_rules_do_not_know_do_not_undo_a_deed() -> None:
    renamed = climbing_policy(results={"done": {"zh": "已办", "en": "Done"}})
    renamed.main.results.pop("solved")
    course, deeds = live(answered())
    other = under(renamed, deeds)
    assert other.stood_in["resolve", "unknown_result"] == 1
    assert verdict(other) == verdict(course)


def test_a_line_that_no_command_writes_is_unreadable() -> None:
    life = answered()
    life.entries[3] = msgspec.structs.replace(life.entries[3], data='{"nonsense":1}')
    with pytest.raises(UnreadableError, match="line 3"):
        live(life)


def test_the_runs_of_a_clock_are_paired_by_their_order() -> None:
    def run(hour: int, result: str) -> tuple[tuple[str, str, datetime], Outcome]:
        at = after(f"{hour}h")
        return ("closure", "", at), Outcome("closure", "", 1, "police", result, at, at, None)

    found = in_order(dict([run(30, "late"), run(1, "on_time")]))
    assert {key: o.result for key, o in found.items()} == {("closure", "", 0): "on_time", ("closure", "", 1): "late"}


# --- sums -------------------------------------------------------------------------------------------------------------

ZONE = ZoneInfo("Asia/Shanghai")


def account(listed: int = 10) -> Account:
    return Account(MONDAY, MONDAY + timedelta(days=30), MONDAY + timedelta(days=30), ZONE, listed=listed)


def add(total: Account, limit: str, at: str, number: int = NUMBER) -> None:
    course, deeds = live(answered(at))
    free = {"then": lambda _: (1, 2), "now": lambda _: (1, 2)}
    total.add(number, course, under(closure(limit), deeds), free)  # type: ignore[arg-type]


def test_promises_are_compared_run_by_run() -> None:
    total = account()
    for n, (limit, at) in enumerate([("12h", "20h"), ("12h", "2h"), ("48h", "30h"), ("12h", "30h")]):
        add(total, limit, at, NUMBER + n)
    [compared] = total.clocks(["closure"])
    assert (compared.then.on_time, compared.then.due, compared.then.percent) == (2, 4, 50.0)
    assert (compared.now.on_time, compared.now.due) == (2, 4)
    assert (compared.newly_missed, compared.no_longer_missed, compared.still_missed) == (1, 1, 1)
    [newly], [no_longer] = compared.newly, compared.no_longer
    assert newly.now is not None
    assert no_longer.then is not None
    assert (newly.petition, newly.now.late) == (NUMBER, 8 * 3600)
    assert (no_longer.petition, no_longer.then.late) == (NUMBER + 2, 6 * 3600)
    assert (total.worse, total.better) == (1, 1)


def test_the_latest_are_listed_and_all_are_counted() -> None:
    total = account(listed=2)
    for n in range(13, 20):
        add(total, "12h", f"{n}h", NUMBER + n)
    [compared] = total.clocks(["closure"])
    assert compared.newly_missed == 7
    assert [one.petition - NUMBER for one in compared.newly] == [19, 18]


def test_a_withdrawn_petition_counts_in_no_rate() -> None:
    life = Life(POLICY).in_progress().sweeps(after("25h")).does(c.WithdrawPetition(), OPERATOR, after("26h"))
    course, deeds = live(life)
    total = account()
    nothing = {"then": lambda _: (0, 0), "now": lambda _: (0, 0)}
    total.add(NUMBER, course, under(POLICY, deeds), nothing)  # type: ignore[arg-type]
    [compared] = total.clocks(["closure"])
    assert (compared.then.due, compared.still_missed) == (0, 0)


@pytest.mark.parametrize(
    ("hour", "minute", "night"), [(21, 59, 0), (22, 0, 1), (23, 59, 1), (3, 0, 1), (6, 59, 1), (7, 0, 0), (12, 0, 0)]
)
def test_night_is_from_22_up_to_7_on_the_citys_clock(hour: int, minute: int, night: int) -> None:
    at = datetime(2026, 6, 2, hour, minute, tzinfo=ZONE)
    course = Course(told=[Told(at, Message("leader_overdue", "commander-1", Vars(level=2)))])
    total = account()
    costs = {"then": lambda _: (1, 2), "now": lambda _: (1, 1)}
    total.add(NUMBER, course, course, costs)  # type: ignore[arg-type]
    [person] = total.people()
    assert (person.then.messages, person.then.night, person.then.level) == (1, night, 2)
    assert (person.then.segments, person.now.segments) == (2, 1)
