"""The auditor finds each thing that stayed silent, made to happen; and nothing where everything rang."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from tests.engine import ailments
from tests.engine.centre import (
    HANDLER,
    SUPERVISOR,
    T0,
    accepted,
    act,
    after,
    file,
    in_progress,
    outbox,
    petition,
    sweep_all,
)
from tests.engine.post import Post
from xixi_workflow.adapters.policy_folder import shipped_folder
from xixi_workflow.core import commands as c
from xixi_workflow.core.policy_build import build
from xixi_workflow.core.silence import PUT_OFF, Finding
from xixi_workflow.demo import samples
from xixi_workflow.demo.arrivals import arrivals
from xixi_workflow.demo.world import World
from xixi_workflow.engine import audit as auditor
from xixi_workflow.engine.deliver import deliver_all
from xixi_workflow.engine.handle import Engine
from xixi_workflow.store import board
from xixi_workflow.store.rows import Answered, Claimed, Letter, Settled
from xixi_workflow.store.tables import metadata


def audited(engine: Engine, *, now: datetime) -> list[Finding]:
    """The findings while the clock process shows signs of life."""
    board.beat(engine.store, "clock@test", "{}", now=now)
    return auditor.audit(engine, now=now)


def kinds(engine: Engine, *, now: datetime) -> list[str]:
    return [finding.kind for finding in audited(engine, now=now)]


def settle_all(engine: Engine, *, now: datetime, state: str = "sent", next_at: datetime | None = None) -> list[Claimed]:
    """Every message that waits is claimed, and settled with this fate."""
    with engine.store.transaction() as tx:
        claimed = tx.claim(now, now + timedelta(minutes=5), 1000)
        fates = [Settled(m.petition_id, m.seq, m.n, state, next_at, m.attempts, m.attempts + 1) for m in claimed]
        tx.settle(fates, [])
    return claimed


def run(engine: Engine, *statements: Any) -> None:
    with engine.store.writing() as db:
        for statement in statements:
            assert db.execute(statement).rowcount


def overdue(engine: Engine) -> tuple[int, datetime]:
    """A petition that nobody accepted in time, with its people told; and the moment after."""
    [number] = file(engine, "1")
    sweep_all(engine, now=T0)
    now = after(minutes=16)
    sweep_all(engine, now=now)
    settle_all(engine, now=now)
    return number, now


# --- breaches -------------------------------------------------------------------------------------------------------


def test_a_breach_that_people_were_told_of_is_not_silent(engine: Engine) -> None:
    number, now = overdue(engine)
    assert [clock.name for clock in petition(engine, number).clocks if clock.rung] == ["acceptance"]
    assert audited(engine, now=now) == []


def test_a_breach_without_a_message_is_found(engine: Engine) -> None:
    number, now = overdue(engine)
    outbox = metadata.tables["outbox"]
    run(engine, sa.delete(outbox).where(outbox.c.kind == "team_not_accepted"))
    [found] = audited(engine, now=now)
    assert (found.kind, found.key, found.since, found.facts) == (
        "breach", str(number), after(minutes=15), {"clock": "acceptance"}
    )  # fmt: skip
    assert found.alarming
    assert auditor.sentence(found, engine.policies.in_force, "zh") == "“签收”已超时，却没有给任何人的消息"


def test_what_people_were_told_of_an_earlier_breach_does_not_count_for_this_one(engine: Engine) -> None:
    number, now = overdue(engine)
    accepted(act(engine, number, c.ReturnPetition("not_my_duty"), HANDLER, now=now))
    accepted(act(engine, number, c.RefuseReturn("请办理"), now=now))
    again = now + timedelta(minutes=16)
    sweep_all(engine, now=again)
    settle_all(engine, now=again)
    assert audited(engine, now=again) == []
    outbox, journal = metadata.tables["outbox"], metadata.tables["journal"]
    late = sa.select(journal.c.seq).where(journal.c.petition_id == number, journal.c.at > now)
    run(engine, sa.delete(outbox).where(outbox.c.petition_id == number, outbox.c.seq.in_(late)))
    assert [f.kind for f in audited(engine, now=again)] == ["breach"]


def test_a_breach_stays_told_when_a_hold_puts_off_its_further_rings(engine: Engine) -> None:
    [number] = in_progress(engine, "1")
    now = after(hours=25)
    sweep_all(engine, now=now)
    accepted(act(engine, number, c.RequestHold("third_party", seconds=86400.0), HANDLER, now=now))
    accepted(act(engine, number, c.ApproveHold(), SUPERVISOR, now=now))
    later = now + timedelta(hours=30)
    sweep_all(engine, now=later)
    settle_all(engine, now=later)
    assert "breach" not in kinds(engine, now=later)


# --- alarms ---------------------------------------------------------------------------------------------------------


def test_a_petition_that_nobody_sweeps_is_found_after_a_minute(engine: Engine) -> None:
    [number] = file(engine, "1")
    assert "asleep" not in kinds(engine, now=after(minutes=1))
    found = [f for f in audited(engine, now=after(minutes=1, seconds=1)) if f.kind == "asleep"]
    assert [(f.key, f.since) for f in found] == [(str(number), T0)]
    sweep_all(engine, now=after(minutes=2))
    assert "asleep" not in kinds(engine, now=after(minutes=2))


@pytest.mark.parametrize("poison", ailments.POISONS)
def test_a_petition_in_trouble_is_found_and_does_not_stop_the_audit(engine: Engine, poison: str) -> None:
    ill, well = file(engine, "ill", "well")
    ailments.spoil(engine, ill, poison)
    sweep_all(engine, now=T0)
    settle_all(engine, now=T0)
    assert [(f.kind, f.key) for f in audited(engine, now=after(seconds=1))] == [("trouble", str(ill))]
    assert well != ill


def test_an_alarm_that_was_lost_is_found(engine: Engine) -> None:
    [number] = in_progress(engine, "1")
    settle_all(engine, now=T0)
    ailments.write(engine, number, wake_at=None)
    assert [(f.kind, f.key) for f in audited(engine, now=after(minutes=5))] == [("still", str(number))]


def test_an_open_petition_with_no_clock_at_all_is_found(engine: Engine) -> None:
    policy = engine.policies.in_force
    main = policy.documents["policy.yaml"]
    # A city that forgot what a reopened petition is owed.
    clocks = {name: main["clocks"][name] for name in ("response", "interim", "closure", "survey")}
    forgetful = {
        **main,
        "clocks": {**clocks, "closure": {**clocks["closure"], "starts": ["file"]}},
        "report": {},
        "notices": {e: n for e, n in main["notices"].items() if e not in ("reopen", "rate_dissatisfied")},
    }
    climbed = {c["ladder"] for c in clocks.values() if "ladder" in c}
    climbed |= {choice["ladder"] for c in clocks.values() for choice in c.get("ladders", ())}
    forgetful["ladders"] = {name: main["ladders"][name] for name in climbed}
    changed = build({**policy.documents, "policy.yaml": forgetful})
    engine.publish(changed.canonical, changed.digest, now=T0)
    [number] = in_progress(engine, "1")
    accepted(act(engine, number, c.ResolvePetition("solved", "已办"), HANDLER))
    settle_all(engine, now=T0)
    accepted(act(engine, number, c.ReopenPetition("抽查发现未解决"), SUPERVISOR, now=after(hours=1)))
    settle_all(engine, now=after(hours=1))
    assert petition(engine, number).clocks == []
    assert [(f.kind, f.key) for f in audited(engine, now=after(hours=2))] == [("still", str(number))]


def test_a_petition_on_hold_until_a_day_is_not_silent(engine: Engine) -> None:
    [number] = in_progress(engine, "1")
    accepted(act(engine, number, c.ReportInterim("在办"), HANDLER))
    accepted(act(engine, number, c.RequestHold("third_party", seconds=86400.0), HANDLER))
    accepted(act(engine, number, c.ApproveHold(), SUPERVISOR))
    settle_all(engine, now=T0)
    assert all(clock.paused_at is not None for clock in petition(engine, number).clocks)
    assert audited(engine, now=after(hours=2)) == []


def test_a_silent_clock_process_is_found_and_so_is_one_that_never_was(engine: Engine) -> None:
    assert [(f.kind, f.since) for f in auditor.audit(engine, now=T0)] == [("clock", T0)]
    board.beat(engine.store, "clock@test", "{}", now=T0)
    assert auditor.audit(engine, now=after(seconds=10)) == []
    assert [(f.kind, f.since) for f in auditor.audit(engine, now=after(seconds=11))] == [("clock", T0)]


# --- messages -------------------------------------------------------------------------------------------------------


def test_messages_that_nobody_delivers_are_found_after_ten_minutes(engine: Engine) -> None:
    [number] = file(engine, "1")
    sweep_all(engine, now=T0)
    assert audited(engine, now=after(minutes=10)) == []
    found = audited(engine, now=after(minutes=10, seconds=1))
    assert {f.kind for f in found} == {"waiting"}
    assert {f.facts["message"] for f in found} == {"citizen_received", "handler_dispatched"}
    assert {(f.key, f.since, f.alarming) for f in found} == {(str(number), T0, True)}


def test_a_message_about_an_emergency_is_found_after_two(engine: Engine) -> None:
    file(engine, "1", title="着火了", urgency="emergency")
    sweep_all(engine, now=T0)
    assert audited(engine, now=after(minutes=2)) == []
    assert set(kinds(engine, now=after(minutes=2, seconds=1))) == {"waiting"}


@pytest.mark.parametrize("state", ["waiting", "uncertain", "undelivered"])
def test_a_message_that_is_tried_again_and_again_is_found_all_the_same(engine: Engine, state: str) -> None:
    file(engine, "1")
    settle_all(engine, now=T0, state=state, next_at=after(hours=1))
    sweep_all(engine, now=T0)
    settle_all(engine, now=T0)
    assert audited(engine, now=after(minutes=10)) == []
    [found] = audited(engine, now=after(minutes=10, seconds=1))
    assert (found.kind, found.facts) == (state, {"who": "petitioner", "message": "citizen_received"})


def test_a_message_whose_sender_died_is_found(engine: Engine) -> None:
    file(engine, "1")
    sweep_all(engine, now=T0)
    with engine.store.transaction() as tx:
        tx.claim(T0, after(hours=1), 1000)
    assert set(kinds(engine, now=after(minutes=10, seconds=1))) == {"sending"}


def test_a_receipt_that_is_overdue_is_found_when_nobody_looks_after_it(engine: Engine) -> None:
    file(engine, "1")
    sweep_all(engine, now=T0)
    settle_all(engine, now=T0, state="sent", next_at=after(hours=5))
    run(engine, sa.update(metadata.tables["petition"]).values(wake_at=after(days=1)))
    assert audited(engine, now=after(hours=5, minutes=1)) == []
    assert set(kinds(engine, now=after(hours=5, minutes=1, seconds=1))) == {"receipt"}


@pytest.mark.parametrize(("state", "kind"), [("failed", "failed"), ("withheld", "withheld"), ("uncertain", "lost")])
def test_staff_who_could_not_be_told_alarm_and_petitioners_are_only_noted(
    engine: Engine, state: str, kind: str
) -> None:
    file(engine, "1")
    sweep_all(engine, now=T0)
    told = settle_all(engine, now=T0, state=state)
    found = audited(engine, now=after(seconds=30))
    assert {f.kind for f in found} == {kind}
    assert len(found) == len(told)
    alarming = {f.facts["who"] for f in found if f.alarming}
    assert alarming
    assert {f.facts["who"] for f in found} - alarming == {"petitioner"}
    assert auditor.alarming(found) == sum(auditor.by_kind(found).values()) == len(told) - 1


def test_a_loss_is_shown_for_a_day(engine: Engine) -> None:
    [number] = in_progress(engine, "1")
    settle_all(engine, now=T0, state="failed")
    accepted(act(engine, number, c.WithdrawPetition()))
    assert "failed" in kinds(engine, now=after(hours=24))
    assert kinds(engine, now=after(hours=24, seconds=1)) == []


def test_a_survey_waits_for_the_morning_or_is_withheld_and_nobody_is_alarmed(engine: Engine) -> None:
    [number] = in_progress(engine, "1")
    settle_all(engine, now=T0)
    accepted(act(engine, number, c.ResolvePetition("solved", "已办"), HANDLER))
    outbox = metadata.tables["outbox"]
    of_survey = sa.update(outbox).where(outbox.c.kind == "citizen_survey")
    run(engine, of_survey.values(next_at=after(hours=9)))
    settle_all(engine, now=T0)
    assert audited(engine, now=after(hours=8)) == []
    assert audited(engine, now=after(hours=9, minutes=9)) == []
    assert kinds(engine, now=after(hours=9, minutes=11)) == ["waiting"]
    run(engine, of_survey.values(state="withheld", next_at=None, tried_at=after(hours=9)))
    assert audited(engine, now=after(hours=9, minutes=11)) == []


def test_the_throttle_may_put_a_message_off_and_not_for_ever(engine: Engine) -> None:
    file(engine, "1")
    sweep_all(engine, now=T0)
    run(engine, sa.update(metadata.tables["outbox"]).values(next_at=after(hours=1), remark=PUT_OFF))
    within = engine.policies.in_force.main.sms.throttle.within
    assert "waiting" not in kinds(engine, now=after(minutes=10, seconds=within))
    assert "waiting" in kinds(engine, now=after(minutes=10, seconds=within + 1))


def test_what_delivery_itself_puts_off_is_put_off_by_plan(engine: Engine) -> None:
    night = after(hours=14)  # 23:00
    numbers = in_progress(engine, *map(str, range(8)), now=night)
    accepted(act(engine, numbers[0], c.ResolvePetition("solved", "已办"), HANDLER, now=night))
    deliver_all(engine, Post().channels, now=night)
    assert {m.kind for m in outbox(engine) if m.state == "waiting"} == {"citizen_survey"}
    assert "waiting" not in kinds(engine, now=after(hours=14, minutes=20))
    assert "waiting" not in kinds(engine, now=after(hours=23, minutes=39))
    assert "waiting" in kinds(engine, now=after(hours=23, minutes=41))


def test_what_waits_because_somebody_had_many_texts_is_put_off_by_plan(engine: Engine) -> None:
    for n in range(8):
        file(engine, str(n))
        sweep_all(engine, now=T0)
        deliver_all(engine, Post().channels, now=T0)
    assert {m.kind for m in outbox(engine) if m.state == "waiting"} == {"handler_dispatched"}
    within = engine.policies.in_force.main.sms.throttle.within
    assert "waiting" not in kinds(engine, now=after(seconds=within + 5))
    assert "waiting" in kinds(engine, now=after(minutes=10, seconds=within + 1))


# --- letters --------------------------------------------------------------------------------------------------------


def test_a_letter_is_found_when_nobody_reads_it_and_when_no_operator_sees_to_it(engine: Engine) -> None:
    letter = Letter(0, "post", "p-1", T0, "+8619900000001", "+8619900000099", "?")
    with engine.store.transaction() as tx:
        [number] = tx.receive([letter])
    assert audited(engine, now=after(minutes=1)) == []
    [found] = audited(engine, now=after(minutes=1, seconds=1))
    assert (found.kind, found.key, found.since) == ("unread", f"letter {number}", T0)
    with engine.store.transaction() as tx:
        tx.answer([Answered(number, "open", "")], [], after(minutes=2))
    assert audited(engine, now=after(hours=1)) == []
    [found] = audited(engine, now=after(hours=1, seconds=1))
    assert (found.kind, found.key, found.since) == ("letter", f"letter {number}", T0)


# --- the roster -----------------------------------------------------------------------------------------------------


def test_a_gap_in_the_roster_is_found_a_day_ahead(engine: Engine) -> None:
    policy = engine.policies.in_force
    shift = {"people": ["police-1"], "dates": {"to": "2026-11-25"}}
    documents = {**policy.documents, "duty/police.yaml": {"rosters": {"police": {"shifts": [shift]}}}}
    changed = build(documents)
    engine.publish(changed.canonical, changed.digest, now=T0)
    # Nine in the morning of the 23rd; the shift's last day ends at midnight after the 25th.
    assert audited(engine, now=after(days=1)) == []
    found = audited(engine, now=after(days=2))
    assert {(f.kind, f.since) for f in found} == {("duty_gap", after(days=2, hours=15))}
    assert "派出所" in auditor.sentence(found[0], policy, "zh")


# --- in words -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["zh", "en"])
def test_every_finding_has_words_and_names_people_by_their_names(engine: Engine, language: Any) -> None:
    policy = engine.policies.in_force
    facts = {
        "clock": "closure",
        "error": "ValueError",
        "who": "operator-1",
        "message": "team_overdue",
        "whom": "police",
    }
    known = [key.removeprefix("silent_") for key in policy.words[language].screens if key.startswith("silent_")]
    assert len(known) == 16
    for kind in known:
        said = auditor.sentence(Finding(kind, "", T0, facts), policy, language)
        assert "{" not in said
        assert "operator-1" not in said
    assert auditor.sentence(Finding("new", "", T0, {"error": "E"}), policy, language) == "new E"


def test_a_table_of_findings_says_what_about_what_and_since_when(engine: Engine) -> None:
    number, now = overdue(engine)
    run(engine, sa.delete(metadata.tables["outbox"]))
    [row] = auditor.table(audited(engine, now=now), engine.policies.in_force, now=now, language="zh")
    assert list(row.values()) == ["告警 ALARM", str(number), "“签收”已超时，却没有给任何人的消息", "11-23 09:15", "1分"]


# --- the ordinary life ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [1, 2])
def test_in_the_ordinary_life_of_a_centre_nothing_stays_silent(engine: Engine, seed: int) -> None:
    policy = engine.policies.in_force
    rng = random.Random(seed)
    rows = samples.read(shipped_folder() / "samples" / "petitions.csv")
    coming = arrivals(samples.filings(rows, 40, policy, rng), 2, T0, policy.zone, rng)
    world = World(engine, policy, coming, seed, {"handler": 0.3, "petitioner": 0.3})
    looks = 0

    def look(now: datetime) -> None:
        nonlocal looks
        looks += 1
        if looks % 20 == 0:
            found = audited(engine, now=now)
            # The world's citizens leave a wrong number now and then.
            assert [f for f in found if f.alarming] == []
            assert {(f.kind, f.facts.get("who")) for f in found} <= {("failed", "petitioner")}

    world.run(T0, after(days=6), look)
    assert looks > 100
