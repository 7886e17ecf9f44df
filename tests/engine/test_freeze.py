"""A month is closed, counted again, corrected; what was signed stays what it was."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from tests.engine.centre import (
    HANDLER,
    OPERATOR,
    PETITIONER,
    SUPERVISOR,
    T0,
    accepted,
    act,
    file,
    in_progress,
    sweep_all,
)
from xixi_workflow.core import commands as c
from xixi_workflow.core.figures import canonical
from xixi_workflow.core.frozen import Frozen, is_sound
from xixi_workflow.core.petition import Actor
from xixi_workflow.core.policy import Policy
from xixi_workflow.core.policy_build import build
from xixi_workflow.engine import figures
from xixi_workflow.engine.freeze import FreezeError, Recounted, freeze, frozen, listed, recount
from xixi_workflow.engine.handle import Engine
from xixi_workflow.store import frozen as room
from xixi_workflow.store.connect import Store
from xixi_workflow.store.tables import metadata

#: Midnight of 1 December and of 1 January in the city.
DECEMBER = datetime(2026, 11, 30, 16, tzinfo=UTC)
JANUARY = datetime(2026, 12, 31, 16, tzinfo=UTC)
NEXT_DAY = DECEMBER + timedelta(hours=10)
FROZEN, OUTCOME = (metadata.tables[name] for name in ("frozen", "outcome"))


def at(**span: float) -> datetime:
    return T0 + timedelta(**span)


@pytest.fixture
def month(engine: Engine) -> Engine:
    """November: one answered in time and rated, one late, one never, one returned; everything judged."""
    live(engine)
    sweep_all(engine, now=NEXT_DAY)
    return engine


def live(engine: Engine) -> list[int]:
    numbers = in_progress(engine, "in time", "late", "never")
    for number, hours in zip(numbers, (1, 30), strict=False):
        sweep_all(engine, now=at(hours=hours))
        accepted(act(engine, number, c.ResolvePetition("solved", "已清理"), HANDLER, now=at(hours=hours)))
        rated = act(engine, number, c.RatePetition("satisfied"), PETITIONER, now=at(hours=hours + 1))
        accepted(rated)
    sweep_all(engine, now=at(hours=40))
    return numbers


def number_of(engine: Engine, n: int) -> int:
    """The n-th petition that was filed."""
    with engine.store.reading() as db:
        return int(db.execute(sa.text("SELECT id FROM petition ORDER BY id")).scalars().all()[n])


def resolve_late(engine: Engine, number: int, *, happened: datetime, now: datetime) -> None:
    """Somebody reports on `now` what was done long before."""
    from xixi_workflow.engine.handle import Request

    command = c.ResolvePetition("solved", "当时已办，漏记")
    accepted(engine.handle([Request(number, command, Actor("operator", "anna"), happened)], now=now)[0])


def changed(policy: Policy, **main: Any) -> Policy:
    """The policy with other values at the top of `policy.yaml`."""
    documents = json.loads(policy.canonical)
    documents["policy.yaml"] |= main
    return build(documents)


def tamper(store: Store, *statements: sa.Executable) -> None:
    with store.writing() as db:
        for statement in statements:
            db.execute(statement)


# --- closing --------------------------------------------------------------------------------------------------------


def test_a_month_that_is_not_over_cannot_be_frozen(month: Engine) -> None:
    last = DECEMBER - timedelta(microseconds=1)
    with pytest.raises(FreezeError, match=r"2026-11 is not over; it can be frozen from 2026-12-01 00:00 on") as refused:
        freeze(month, "2026-11", by="anna", now=last)
    assert "尚未结束" in refused.value.zh
    assert listed(month) == []
    assert freeze(month, "2026-11", by="anna", now=DECEMBER).version == 1


def test_a_month_whose_clocks_nobody_judged_yet_cannot_be_frozen(engine: Engine) -> None:
    live(engine)
    file(engine, "forgotten", now=DECEMBER - timedelta(minutes=1))
    with pytest.raises(FreezeError, match=r"the clocks of \d+ petition\(s\) are not judged yet"):
        freeze(engine, "2026-11", by="anna", now=NEXT_DAY)
    sweep_all(engine, now=NEXT_DAY)
    assert freeze(engine, "2026-11", by="anna", now=NEXT_DAY).version == 1


def test_what_is_frozen_can_be_opened_and_says_what_it_was_counted_from(month: Engine) -> None:
    made = freeze(month, "2026-11", by="anna", now=NEXT_DAY)
    opened = frozen(month, "2026-11")
    assert opened == made
    assert is_sound(made)
    assert opened is not None
    assert opened.figures == figures.with_past(month, "2026-11")
    assert (opened.seal, opened.root) == room.head(month.store)
    assert opened.policy == month.policies.in_force.version
    assert (opened.by, opened.at, opened.cut_off) == ("anna", NEXT_DAY, DECEMBER)
    assert set(opened.past.values()) == {0}
    assert len(opened.past) == 12
    assert [(one.period, one.version, one.report) for one in listed(month)] == [("2026-11", 1, made.report)]


def test_a_period_that_nobody_froze_has_nothing_to_open_or_recount(month: Engine) -> None:
    assert frozen(month, "2026-11") is None
    with pytest.raises(FreezeError, match="2026-11 is not frozen"):
        recount(month, "2026-11", by="anna", now=NEXT_DAY)
    with pytest.raises(ValueError, match="is not a month or a week"):
        freeze(month, "November", by="anna", now=NEXT_DAY)


def test_a_month_is_frozen_once_and_the_second_hears_who_was_first(month: Engine) -> None:
    freeze(month, "2026-11", by="anna", now=NEXT_DAY)
    with pytest.raises(FreezeError, match="2026-11 was frozen already, on 2026-12-01 10:00 by anna"):
        freeze(month, "2026-11", by="bert", now=NEXT_DAY + timedelta(days=1))
    assert len(listed(month)) == 1


def test_of_several_who_freeze_at_once_one_does_and_all_hear_of_it(
    month: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All have counted before the first writes, as processes on different machines would."""
    gate = threading.Barrier(3)
    keep = room.keep

    def keep_together(store: Store, what: Frozen) -> None:
        gate.wait(timeout=60)
        keep(store, what)

    monkeypatch.setattr(room, "keep", keep_together)
    others = [Engine(Store(month.store.url)) for _ in range(3)]

    def close(n: int) -> str:
        try:
            return freeze(others[n], "2026-11", by=f"person {n}", now=NEXT_DAY).by
        except FreezeError as refused:
            return str(refused)

    with ThreadPoolExecutor(3) as pool:
        told = list(pool.map(close, range(3)))
    for other in others:
        other.store.close()
    [one] = listed(month)
    assert sorted(told, key=len) == [one.by, *[f"2026-11 was frozen already, on 2026-12-01 10:00 by {one.by}"] * 2]


# --- counting again -------------------------------------------------------------------------------------------------


def test_a_recount_has_the_same_bytes_however_life_goes_on(month: Engine) -> None:
    made = freeze(month, "2026-11", by="anna", now=NEXT_DAY)
    # What happens after the cut-off, also to petitions of the month, is another month's.
    later = NEXT_DAY + timedelta(days=3)
    never = number_of(month, 2)
    accepted(act(month, never, c.ResolvePetition("solved", "已清理"), HANDLER, now=later))
    accepted(act(month, number_of(month, 0), c.ReopenPetition("请再看"), SUPERVISOR, now=later))
    in_progress(month, "of december", now=later)
    sweep_all(month, now=JANUARY)
    again = recount(month, "2026-11", by="bert", now=JANUARY)
    assert again == Recounted(made, True, made.figures)
    assert recount(month, "2026-11", by="bert", now=JANUARY, keep=True).kept is None
    assert len(listed(month)) == 1


def test_a_breach_stays_with_the_team_that_it_was_signed_for_whoever_settles_it(engine: Engine) -> None:
    """Returned and dispatched anew after the breach, before the freeze; answered or given up after it."""
    answered, given_up = in_progress(engine, "answered", "given up", now=T0)
    sweep_all(engine, now=at(days=2))
    other = next(team for team in engine.policies.in_force.teams if team != lead_of(engine, answered))
    for number in (answered, given_up):
        accepted(act(engine, number, c.ReturnPetition("not_my_duty"), HANDLER, now=at(days=2)))
        accepted(act(engine, number, c.DispatchPetition(other), OPERATOR, now=at(days=2, hours=1)))
        accepted(act(engine, number, c.AcceptPetition(), HANDLER, now=at(days=2, hours=2)))
    sweep_all(engine, now=NEXT_DAY)
    made = freeze(engine, "2026-11", by="anna", now=NEXT_DAY)
    accepted(act(engine, answered, c.ResolvePetition("solved", "已清理"), HANDLER, now=NEXT_DAY))
    accepted(act(engine, given_up, c.WithdrawPetition(), PETITIONER, now=NEXT_DAY))
    sweep_all(engine, now=JANUARY)
    teams = {team.code: team.counts.get("closure.breached", 0) for team in made.figures.teams}
    assert teams[other] == 0
    assert sum(teams.values()) == 2
    assert recount(engine, "2026-11", by="bert", now=JANUARY) == Recounted(made, True, made.figures)


def test_of_two_that_are_as_late_as_each_other_the_order_is_the_same_whoever_is_done_first(engine: Engine) -> None:
    """Two assisting teams of one petition, asked at once and overdue at the cut-off; rows move when they change."""
    [number] = in_progress(engine, "assisted", now=T0)
    teams = [team for team in engine.policies.in_force.teams if team != lead_of(engine, number)][:4]
    for team in teams:
        accepted(act(engine, number, c.AskAssist(team), OPERATOR, now=at(hours=1)))
    sweep_all(engine, now=NEXT_DAY)
    made = freeze(engine, "2026-11", by="anna", now=NEXT_DAY)
    listed_late = [one.key for one in made.figures.breaches.overdue if one.clock == "assistance"]
    assert listed_late == sorted(teams)
    for team in sorted(teams)[:2]:
        accepted(act(engine, number, c.FinishAssist(team), OPERATOR, now=NEXT_DAY))
    assert recount(engine, "2026-11", by="bert", now=NEXT_DAY).same


def lead_of(engine: Engine, number: int) -> str:
    with engine.store.reading() as db:
        return str(db.execute(sa.text("SELECT lead FROM petition WHERE id = :id"), {"id": number}).scalar_one())


def test_a_policy_that_changes_afterwards_changes_no_frozen_figure(month: Engine, policy: Policy) -> None:
    made = freeze(month, "2026-11", by="anna", now=NEXT_DAY)
    other = changed(policy, fairly_satisfied_weight=0.25)
    month.publish(other.canonical, other.digest, now=NEXT_DAY)
    assert month.policies.in_force.version == made.policy + 1
    assert recount(month, "2026-11", by="bert", now=NEXT_DAY).same
    # It is in force: a month frozen from now on has it.
    assert canonical(figures.with_past(month, "2026-11")) != made.text


def test_a_report_that_is_noted_after_the_freeze_makes_a_correction_that_names_that_petition_alone(
    month: Engine,
) -> None:
    made = freeze(month, "2026-11", by="anna", now=NEXT_DAY)
    never = number_of(month, 2)
    noted = NEXT_DAY + timedelta(days=1)
    resolve_late(month, never, happened=at(hours=5), now=noted)
    # Of another petition, which goes on as any does.
    accepted(act(month, number_of(month, 0), c.AddNote("已联系"), OPERATOR, now=noted))
    again = recount(month, "2026-11", by="bert", now=noted)
    assert not again.same
    assert again.kept is None
    [reason] = again.reasons
    assert (reason.no, reason.event, reason.why) == (str(never), "resolved", "late")
    assert (reason.at, reason.noted_at, reason.by) == (at(hours=5), noted, "operator:anna")
    rates = {change.path: (change.before, change.after) for change in again.changes}
    assert rates["overview.rates.closure_on_time"] == ("33.33% (1/3)", "66.67% (2/3)")
    assert frozen(month, "2026-11") == made


def test_a_correction_is_a_version_beside_the_one_that_was_signed(month: Engine) -> None:
    made = freeze(month, "2026-11", by="anna", now=NEXT_DAY)
    noted = NEXT_DAY + timedelta(days=1)
    resolve_late(month, number_of(month, 2), happened=at(hours=5), now=noted)
    again = recount(month, "2026-11", by="bert", now=noted, keep=True)
    assert again.kept is not None
    assert (again.kept.version, again.kept.by, again.kept.at) == (2, "bert", noted)
    assert (again.kept.changes, again.kept.reasons) == (again.changes, again.reasons)
    assert again.kept.report != made.report
    assert frozen(month, "2026-11", 1) == made
    assert frozen(month, "2026-11") == again.kept
    assert recount(month, "2026-11", by="bert", now=noted).same
    assert [(one.version, one.changes > 0, one.reasons) for one in listed(month)] == [(1, False, 0), (2, True, 1)]


def test_a_petition_that_is_routed_anew_makes_a_correction_and_others_on_their_way_do_not(engine: Engine) -> None:
    live(engine)
    late = DECEMBER - timedelta(hours=2)
    wrong, other = in_progress(engine, "wrong team", "on its way", now=late)
    sweep_all(engine, now=NEXT_DAY)
    freeze(engine, "2026-11", by="anna", now=NEXT_DAY)
    noted = NEXT_DAY + timedelta(hours=1)
    for number, reason in ((wrong, "wrong_category"), (other, "not_my_duty")):
        accepted(act(engine, number, c.ReturnPetition(reason), HANDLER, now=noted))
    accepted(act(engine, wrong, c.RoutePetition("PS01"), OPERATOR, now=noted))
    accepted(act(engine, wrong, c.DispatchPetition(), OPERATOR, now=noted))
    accepted(act(engine, other, c.RefuseReturn("请办"), OPERATOR, now=noted))
    again = recount(engine, "2026-11", by="bert", now=noted)
    assert {(one.no, one.why) for one in again.reasons} == {(str(wrong), "relabelled")}
    assert [one.event for one in again.reasons] == ["returned", "routed", "dispatched"]
    assert any(one.path.startswith("categories[PS01].counts") for one in again.changes)


def test_a_petition_that_was_filed_from_paper_after_the_freeze_is_named(month: Engine) -> None:
    freeze(month, "2026-11", by="anna", now=NEXT_DAY)
    noted = NEXT_DAY + timedelta(days=1)
    [number] = file(month, "on paper", now=noted, received_at=at(days=2))
    sweep_all(month, now=noted)
    again = recount(month, "2026-11", by="bert", now=noted)
    assert not again.same
    [reason] = again.reasons
    assert (reason.no, reason.event, reason.at, reason.noted_at) == (str(number), "filed", at(days=2), noted)


def test_a_line_that_is_written_while_the_month_is_counted_is_explained_by_the_journal(
    month: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is counted and numbered after the root: no correction can ever miss it."""
    read_head: Callable[[Store], tuple[int, str]] = room.head
    number = number_of(month, 2)

    def head_and_then_somebody_reports(store: Store) -> tuple[int, str]:
        found = read_head(store)
        resolve_late(month, number, happened=at(hours=5), now=NEXT_DAY)
        return found

    before = read_head(month.store)
    monkeypatch.setattr(room, "head", head_and_then_somebody_reports)
    made = freeze(month, "2026-11", by="anna", now=NEXT_DAY)
    monkeypatch.undo()
    assert (made.seal, made.root) == before
    assert made.figures.overview.rates["closure_on_time"].numerator == 2
    assert recount(month, "2026-11", by="anna", now=NEXT_DAY).same


def test_the_next_month_is_compared_with_what_was_signed_and_not_with_what_is_known_today(month: Engine) -> None:
    november = freeze(month, "2026-11", by="anna", now=NEXT_DAY)
    resolve_late(month, number_of(month, 2), happened=at(hours=5), now=NEXT_DAY)
    in_progress(month, "of december", now=NEXT_DAY + timedelta(days=1))
    sweep_all(month, now=JANUARY)
    december = freeze(month, "2026-12", by="anna", now=JANUARY)
    assert december.past["2026-11"] == 1
    assert december.past["2026-10"] == 0
    was = november.figures.overview.rates["closure_on_time"].percent
    assert [point.rates["closure_on_time"].percent for point in december.figures.trend[-2:-1]] == [was]
    # A correction of November does not reach back into December's report.
    assert recount(month, "2026-11", by="bert", now=JANUARY, keep=True).kept is not None
    assert recount(month, "2026-12", by="bert", now=JANUARY).same


def test_a_week_is_frozen_like_a_month(month: Engine) -> None:
    made = freeze(month, "2026-W48", by="anna", now=NEXT_DAY)
    assert made.figures.overview.counts["filed"] == 3
    assert max(made.past) == "2026-W47"
    assert recount(month, "2026-W48", by="bert", now=JANUARY).same


# --- tampering ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "values",
    [
        {"figures": b"{}"},
        {"digest": "0" * 64},
        {"by": "somebody"},
        {"cut_off": JANUARY},
        {"past": '{"2026-10":3}'},
        {"root": "1" * 64},
        {"seal": 1},
    ],
    ids=lambda values: next(iter(values)),
)
def test_a_frozen_row_that_was_changed_is_found(month: Engine, values: dict[str, Any]) -> None:
    freeze(month, "2026-11", by="anna", now=NEXT_DAY)
    tamper(month.store, sa.update(FROZEN).values(values))
    opened = frozen(month, "2026-11")
    assert opened is not None
    assert not is_sound(opened)
    with pytest.raises(FreezeError, match="the stored version 1 of 2026-11 was changed"):
        recount(month, "2026-11", by="bert", now=NEXT_DAY)


def test_a_verdict_that_was_changed_past_the_journal_differs_without_a_reason(month: Engine) -> None:
    freeze(month, "2026-11", by="anna", now=NEXT_DAY)
    tamper(month.store, sa.update(OUTCOME).where(OUTCOME.c.result == "late").values(result="on_time"))
    again = recount(month, "2026-11", by="bert", now=NEXT_DAY)
    assert again.changes
    assert again.reasons == []
