"""Much to tell at once, an outage, a limit, the night: nobody is stormed, nothing is lost."""

from __future__ import annotations

import json
import logging
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from tests.engine.centre import HANDLER, T0, accepted, act, after, file, filing, outbox, rows, sweep_all
from tests.engine.post import BUSY, Killed, Post, fail
from xixi_workflow.adapters.port import Outgoing, Receipt, Undeliverable
from xixi_workflow.core import commands as c
from xixi_workflow.core.policy_build import build
from xixi_workflow.core.sms import segments
from xixi_workflow.engine import compose
from xixi_workflow.engine.deliver import LEASE, deliver, deliver_all
from xixi_workflow.engine.handle import Engine
from xixi_workflow.store.tables import DeliveryRow

URBAN_1 = "19900000311"


def ruled(engine: Engine, **sms: Any) -> None:
    """The policy in force with other rules for messages."""
    documents = json.loads(engine.policies.in_force.canonical)
    documents["policy.yaml"]["sms"] |= sms
    policy = build(documents)
    engine.publish(policy.canonical, policy.digest, now=T0)


def dispatched(engine: Engine, count: int, start: int = 0, **more: Any) -> list[int]:
    numbers = file(engine, *(f"s{start + n}" for n in range(count)), **more)
    sweep_all(engine, now=more.get("now", T0))
    return numbers


def code(number: int) -> str:
    return str(number)[-6:]


# --- told together ----------------------------------------------------------------------------------------------------


def test_several_messages_for_one_person_are_one_text_and_each_is_settled_with_it(engine: Engine) -> None:
    numbers = dispatched(engine, 4)
    post = Post()
    deliver_all(engine, post.channels, now=T0)
    [text] = post.to(URBAN_1)
    for fragment in ("4件待签收", *map(code, numbers), f"如{code(numbers[0])} 1"):
        assert fragment in text
    mine = [m for m in outbox(engine) if m.recipient == "urban-1"]
    assert {m.state for m in mine} == {"sent"}
    [name] = {m.remark for m in mine}
    [row] = [d for d in rows(engine.store, DeliveryRow) if d.provider_id == name]
    assert row.text == text
    assert sorted(json.loads(row.parts)) == sorted([m.petition_id, m.seq, m.n] for m in mine)
    # Petitioners have each heard of their own petition.
    assert len(post.to("19900000000")) == 4


def test_two_messages_are_told_one_by_one(engine: Engine) -> None:
    numbers = dispatched(engine, 2)
    post = Post()
    deliver_all(engine, post.channels, now=T0)
    assert len(post.to(URBAN_1)) == 2
    assert all(code(n) in text for n, text in zip(numbers, post.to(URBAN_1), strict=True))


def test_a_digest_of_hundreds_fits_and_counts_what_it_does_not_name(engine: Engine) -> None:
    dispatched(engine, 300, title="夜市占道经营" * 5)
    post = Post()
    deliver_all(engine, post.channels, now=T0)
    [text] = post.to(URBAN_1)
    assert segments(text) <= 3
    assert "300件待签收" in text
    assert "等300件" in text


DIGESTS_LOST = {"the provider has it": True, "the provider never had it": False}


@pytest.mark.parametrize("case", DIGESTS_LOST)
def test_a_text_that_told_several_is_asked_for_as_one_after_a_death(engine: Engine, case: str) -> None:
    had = DIGESTS_LOST[case]
    dispatched(engine, 4)
    sent: list[Outgoing] = []

    def die(message: Outgoing) -> None:
        if message.kind == compose.DIGEST:
            sent.append(message)
            raise Killed

    with pytest.raises(Killed):
        deliver(engine, Post(die).channels, now=T0, in_flight=1)
    # A petition more, which would be told in the same text if it were made anew.
    dispatched(engine, 1, start=100)
    asked: list[Outgoing] = []

    def find(message: Outgoing) -> Receipt | None:
        asked.append(message)
        return Receipt("found", "post") if had and message.kind == compose.DIGEST else None

    post = Post(find=find)
    deliver_all(engine, post.channels, now=T0 + LEASE, in_flight=1)
    assert sent[0].text in [m.text for m in asked]
    mine = [m for m in outbox(engine) if m.recipient == "urban-1"]
    assert {m.state for m in mine} == {"sent"}
    assert sum(m.remark == "found" for m in mine) == (4 if had else 0)


def test_a_text_that_told_several_and_whose_answer_was_lost_stays_one(engine: Engine) -> None:
    dispatched(engine, 4)

    def lose(message: Outgoing) -> None:
        if message.kind == compose.DIGEST:
            raise TimeoutError

    post = Post(lose, lambda message: Receipt("found", "post") if message.kind == compose.DIGEST else None)
    deliver_all(engine, post.channels, now=T0)
    assert {m.state for m in outbox(engine) if m.recipient == "urban-1"} == {"uncertain"}
    deliver_all(engine, post.channels, now=after(minutes=1))
    assert {(m.state, m.remark) for m in outbox(engine) if m.recipient == "urban-1"} == {("sent", "found")}
    assert post.to(URBAN_1) == []


# --- an outage --------------------------------------------------------------------------------------------------------


def test_a_provider_that_takes_nothing_is_left_alone_and_no_attempt_is_counted(engine: Engine) -> None:
    for n in range(40):
        file(engine, str(n), phone=f"1990001{n:04}")
    post = Post(fail(BUSY))
    done = deliver(engine, post.channels, now=T0, in_flight=4)
    assert post.calls <= 4
    assert (done.failed, done.more) == (0, False)
    waiting = outbox(engine)
    assert {(m.state, m.attempts) for m in waiting} == {("waiting", 0)}
    # All come back at the same instant, so that what is for one person can be told together.
    assert len({m.next_at for m in waiting}) == 1


def test_a_limit_is_honoured_for_as_long_as_the_provider_says(engine: Engine) -> None:
    file(engine, "1")
    deliver(engine, Post(fail(Undeliverable(False, "429", because="busy", retry_after=7.0))).channels, now=T0)
    assert [m.next_at for m in outbox(engine)] == [after(seconds=7)]


def test_after_three_lost_answers_in_a_row_the_rest_waits(engine: Engine) -> None:
    for n in range(20):
        file(engine, str(n), phone=f"1990001{n:04}")
    post = Post(fail(TimeoutError()))
    deliver(engine, post.channels, now=T0, in_flight=1)
    assert Counter(m.state for m in outbox(engine)) == {"uncertain": 3, "waiting": 17}


@pytest.mark.slow
def test_an_hours_outage_with_five_thousand_waiting_loses_nothing_and_storms_nobody(engine: Engine) -> None:
    """Numbers are shown with `--log-cli-level=INFO`."""
    titles = ("夜市占道经营", "路灯不亮", "小区电动车进楼道充电", "工地夜间施工噪声", "楼道堆物", "垃圾未清运")
    petitions, looks = 1500, 20
    down = Post(fail(BUSY))
    now, filed = T0, 0
    while now < after(hours=1):
        batch = [
            filing(f"o{filed + n}", titles[n % len(titles)], phone=f"1990{filed + n:07}")
            for n in range(petitions // looks)
        ]
        numbers = [done.number for done in engine.handle(batch, now=now)]
        filed += len(numbers)
        sweep_all(engine, now=now)
        for number in numbers[:5]:
            # Some are accepted without a text, on a screen.
            act(engine, number, c.AcceptPetition(), HANDLER, now=now)
        deliver_all(engine, down.channels, now=now)
        now += timedelta(hours=1) / looks
    waiting = Counter(m.state for m in outbox(engine))
    assert waiting["waiting"] >= 5000
    assert set(waiting) == {"waiting", "overtaken"}
    # No more calls a look than are in flight at once, however much waits.
    assert down.calls <= looks * 8 * 4
    up = Post()
    while any(m.next_at is not None for m in outbox(engine)) and now < after(hours=3):
        now += timedelta(seconds=30)
        deliver_all(engine, up.channels, now=now)
    states = Counter(m.state for m in outbox(engine))
    assert set(states) == {"sent", "overtaken"}
    # Every petitioner has heard of their own petition, once.
    citizens = Counter(m.petition for m in up.took if m.kind == "citizen_received")
    assert len(citizens) == petitions
    assert set(citizens.values()) == {1}
    staff = {f"+86{p.phone}": name for name, p in engine.policies.in_force.people.items()}
    texts = Counter(staff[m.address] for m in up.took if m.address in staff)
    assert max(texts.values()) <= 6
    assert all(segments(m.text) <= 3 for m in up.took)
    accepted_ones = {m.petition_id for m in outbox(engine, "handler_dispatched") if m.state == "overtaken"}
    # Those of the last three looks were not late yet, and told.
    assert len(accepted_ones) == (looks - 3) * 5
    told = sum(m.state == "sent" and m.recipient != "petitioner" for m in outbox(engine))
    logging.getLogger(__name__).info(
        "%s: %s, then %s; to %d people %d messages in %d texts, at most %d each; %d calls while it was down",
        engine.store.shown.split(":")[0], dict(waiting), dict(states), len(texts), told, texts.total(),
        max(texts.values()), down.calls,
    )  # fmt: skip


# --- late -------------------------------------------------------------------------------------------------------------


def test_what_is_no_longer_true_is_not_told_when_it_is_late(engine: Engine) -> None:
    taken, waiting = dispatched(engine, 2)
    accepted(act(engine, taken, c.AcceptPetition(), HANDLER, now=after(minutes=1)))
    post = Post()
    done = deliver_all(engine, post.channels, now=after(minutes=12))
    assert sum(one.overtaken for one in done) == 2  # both handlers' messages about the one that was accepted
    assert {m.petition_id for m in outbox(engine) if m.state == "overtaken"} == {taken}
    assert all(code(waiting) in text for text in post.to(URBAN_1))


def test_what_is_told_in_time_is_not_held_against_the_petitions_state(engine: Engine) -> None:
    [number] = dispatched(engine, 1)
    accepted(act(engine, number, c.AcceptPetition(), HANDLER, now=after(seconds=5)))
    post = Post()
    deliver_all(engine, post.channels, now=after(minutes=5))
    assert len(post.to(URBAN_1)) == 1


def test_of_a_whole_ladder_that_nobody_heard_only_the_last_is_told(engine: Engine) -> None:
    ruled(engine, bundle_from=50)
    [number] = dispatched(engine, 1)
    accepted(act(engine, number, c.AcceptPetition("urban-1"), HANDLER, now=T0))
    for hours in (13, 20, 23.6):
        sweep_all(engine, now=after(hours=hours))
    warned = [m for m in outbox(engine, "handler_closure_due") if m.recipient == "urban-1"]
    assert len(warned) == 3
    deliver_all(engine, Post().channels, now=after(hours=23.9))
    states = [m.state for m in outbox(engine, "handler_closure_due") if m.recipient == "urban-1"]
    assert sorted(states) == ["overtaken", "overtaken", "sent"]


# --- limits -----------------------------------------------------------------------------------------------------------


def test_a_member_of_staff_gets_no_more_texts_than_the_limit_and_the_rest_together(engine: Engine) -> None:
    ruled(engine, throttle={"most": 2, "within": "10m"})
    post = Post()
    for n in range(5):
        dispatched(engine, 1, start=n, now=after(minutes=n))
        deliver_all(engine, post.channels, now=after(minutes=n))
    assert len(post.to(URBAN_1)) == 2
    waiting = [m for m in outbox(engine) if m.recipient == "urban-1" and m.state == "waiting"]
    assert {(m.next_at, m.attempts) for m in waiting} == {(after(minutes=10), 0)}
    deliver_all(engine, post.channels, now=after(minutes=10))
    assert len(post.to(URBAN_1)) == 3
    assert "3件待签收" in post.to(URBAN_1)[-1]


def test_an_emergency_never_waits(engine: Engine) -> None:
    ruled(engine, throttle={"most": 1, "within": "30m"})
    post = Post()
    dispatched(engine, 1)
    deliver_all(engine, post.channels, now=T0)
    dispatched(engine, 1, start=5, now=after(minutes=1), urgency="emergency")
    deliver_all(engine, post.channels, now=after(minutes=1))
    assert len(post.to(URBAN_1)) == 2
    assert "特急" in post.to(URBAN_1)[-1]


def surveyed(engine: Engine, count: int, *, now: Any) -> list[int]:
    numbers = file(engine, *(f"q{n}" for n in range(count)), now=now)
    sweep_all(engine, now=now)
    for number in numbers:
        accepted(act(engine, number, c.AcceptPetition(), HANDLER, now=now))
        accepted(act(engine, number, c.ResolvePetition("solved", "已处理"), HANDLER, now=now))
    return numbers


def test_a_petitioner_is_asked_no_more_often_a_day_than_the_cap(engine: Engine) -> None:
    surveyed(engine, 5, now=T0)
    post = Post()
    deliver_all(engine, post.channels, now=after(minutes=1))
    assert Counter(m.state for m in outbox(engine, "citizen_survey")) == {"sent": 3, "withheld": 2}
    # The answer itself is everybody's right.
    assert Counter(m.state for m in outbox(engine, "citizen_result")) == {"sent": 5}


def test_surveys_wait_for_the_morning_and_nothing_else_does(engine: Engine) -> None:
    night = after(hours=14)  # 23:00
    [number] = surveyed(engine, 1, now=night)
    post = Post()
    deliver_all(engine, post.channels, now=night)
    assert "citizen_survey" not in {m.kind for m in post.took}
    assert {"citizen_result", "handler_dispatched"} <= {m.kind for m in post.took}
    [survey] = outbox(engine, "citizen_survey")
    assert (survey.state, survey.next_at, survey.attempts) == ("waiting", after(hours=23.5), 0)
    # Reopened before it was asked: there is nothing to rate yet.
    accepted(act(engine, number, c.ReopenPetition("新情况"), now=after(hours=20)))
    deliver_all(engine, post.channels, now=after(hours=23.5))
    assert [m.state for m in outbox(engine, "citizen_survey")] == ["overtaken"]


def test_a_petitioner_reads_the_answer_before_the_question(engine: Engine) -> None:
    surveyed(engine, 1, now=T0)
    post = Post()
    deliver_all(engine, post.channels, now=T0)
    kinds = [m.kind for m in post.took if m.address == "+8619900000000"]
    assert kinds == ["citizen_received", "citizen_result", "citizen_survey"]


def test_who_wants_no_surveys_gets_none_and_everything_else(engine: Engine) -> None:
    with engine.store.transaction() as tx:
        tx.opt("+8619900000000", "surveys", T0, "reply")
    surveyed(engine, 1, now=T0)
    post = Post()
    deliver_all(engine, post.channels, now=T0)
    assert [m.state for m in outbox(engine, "citizen_survey")] == ["withheld"]
    assert [m.state for m in outbox(engine, "citizen_result")] == ["sent"]
