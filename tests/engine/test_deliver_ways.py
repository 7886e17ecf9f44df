"""A message tries the ways that lead to its reader, one after the other, and those of the backup after them."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from tests.engine.centre import T0, after, file, outbox, rows, sweep_all
from tests.engine.post import BUSY, GONE, OPTED_OUT, PASSING, Post, fail
from xixi_workflow.adapters.port import Undeliverable, Unknown
from xixi_workflow.core.policy_build import build
from xixi_workflow.core.sending import ATTEMPTS_BEFORE_NEXT_WAY, MOST_ATTEMPTS
from xixi_workflow.engine.deliver import deliver, deliver_all
from xixi_workflow.engine.handle import Engine
from xixi_workflow.store import contacts
from xixi_workflow.store.rows import Receipted
from xixi_workflow.store.tables import DeliveryRow

#: Those on duty of urban management, who get the petition of `told`.
HANDLERS = {"urban-1": "19900000311", "urban-2": "19900000312"}
LEAD = "19900000301"


def edit(engine: Engine, **people: dict[str, Any]) -> None:
    """Today's roster with some people changed."""
    documents = json.loads(engine.policies.in_force.canonical)
    for name, changes in people.items():
        documents["teams.yaml"]["people"][name.replace("_", "-")] |= changes
    publish(engine, documents)


def publish(engine: Engine, documents: dict[str, Any]) -> None:
    policy = build(documents)
    engine.publish(policy.canonical, policy.digest, now=T0)
    engine.policies.refresh()


def told(engine: Engine) -> None:
    """A petition that was dispatched to urban management, and whose petitioner has heard of it."""
    file(engine, "1")
    sweep_all(engine, now=T0)


def states(engine: Engine, recipient: str = "urban-1") -> list[tuple[str, int]]:
    return [(m.state, m.way) for m in outbox(engine) if m.recipient == recipient]


def test_what_cannot_reach_somebody_by_sms_goes_by_chat_at_once(engine: Engine) -> None:
    edit(engine, urban_1={"ways": ["sms", "chat"], "chat": "urban"})
    told(engine)
    sms, chat = Post(fail(GONE)), Post(name="chat")
    deliver_all(engine, {"sms": sms, "chat": chat}, now=T0)
    assert [m.address for m in chat.took] == ["urban"]
    assert states(engine) == [("sent", 1)]
    assert states(engine, "urban-2") == [("failed", 0)]
    assert [(d.channel, d.address, d.recipient) for d in rows(engine.store, DeliveryRow)] == [
        ("chat", "urban", "urban-1")
    ]


def test_the_backup_is_told_after_every_way_of_ones_own(engine: Engine) -> None:
    edit(engine, urban_1={"ways": ["sms", "chat"], "chat": "urban", "backup": "urban-lead"})
    told(engine)
    refused = {f"+86{HANDLERS['urban-1']}", "urban"}

    def send(message: Any) -> None:
        if message.address in refused:
            raise GONE

    post = Post(send)
    deliver_all(engine, post.channels, now=T0)
    assert len(post.to(LEAD)) == 1
    assert states(engine) == [("sent", 2)]


def test_a_failure_that_lasts_goes_another_way_within_minutes(engine: Engine) -> None:
    edit(engine, urban_1={"backup": "urban-lead"})
    told(engine)
    number = f"+86{HANDLERS['urban-1']}"

    def send(message: Any) -> None:
        if message.address == number:
            raise PASSING

    post = Post(send)
    for minute in range(6):
        deliver_all(engine, post.channels, now=after(minutes=minute))
    assert len(post.to(LEAD)) == 1
    assert ATTEMPTS_BEFORE_NEXT_WAY < MOST_ATTEMPTS


def test_a_channel_that_nobody_has_set_up_is_passed_over(engine: Engine) -> None:
    edit(engine, urban_1={"ways": ["chat", "sms"], "chat": "urban"})
    told(engine)
    post = Post()
    deliver_all(engine, {"sms": post}, now=T0)
    assert len(post.to(HANDLERS["urban-1"])) == 1
    nobody = Post(fail(Undeliverable(True, "chat: not set up", because="ours")), name="none")
    file(engine, "2")
    sweep_all(engine, now=after(minutes=1))
    deliver_all(engine, {"sms": post, "chat": nobody}, now=after(minutes=1))
    assert len(post.to(HANDLERS["urban-1"])) == 2


def test_no_receipt_in_time_tries_the_next_way_and_a_receipt_stops_that(engine: Engine) -> None:
    edit(engine, urban_1={"backup": "urban-lead"}, urban_2={"backup": "urban-lead"})
    told(engine)
    post = Post(awaited=True)
    deliver_all(engine, post.channels, now=T0)
    within = timedelta(seconds=engine.policies.in_force.main.sms.receipt_within)
    waiting = {m.recipient: m.next_at for m in outbox(engine) if m.kind == "handler_dispatched"}
    assert waiting == dict.fromkeys(HANDLERS, T0 + within)
    # The petitioner has no other way: there is nothing to wait for.
    assert [m.next_at for m in outbox(engine, "citizen_received")] == [None]
    [mine] = [m for m in outbox(engine) if m.recipient == "urban-2"]
    with engine.store.transaction() as tx:
        tx.receipts([Receipted("post", mine.remark, "", "delivered", "", after(seconds=20))])
    deliver_all(engine, post.channels, now=T0 + within)
    assert len(post.to(LEAD)) == 1
    assert (states(engine), states(engine, "urban-2")) == ([("sent", 1)], [("delivered", 0)])


RECEIPTS = {
    "a number that is gone": (["30005"], 1),
    "unreachable, then reached": (["passing 30003"], 2),
    "unreachable twice": (["passing 30003", "passing 30003"], 2),
}


@pytest.mark.parametrize("case", RECEIPTS)
def test_a_receipt_that_says_undelivered_tries_once_more_or_another_way(engine: Engine, case: str) -> None:
    edit(engine, urban_1={"backup": "urban-lead"})
    told(engine)
    codes, attempts = RECEIPTS[case]
    post = Post()
    now = T0
    deliver_all(engine, post.channels, now=now)
    for code in codes:
        [message] = [m for m in outbox(engine) if m.recipient == "urban-1"]
        with engine.store.transaction() as tx:
            tx.receipts([Receipted("post", message.remark, "", "undelivered", code, now)])
        assert deliver(engine, post.channels, now=now).undelivered == 1
        now += timedelta(minutes=2)
        deliver_all(engine, post.channels, now=now)
    assert len(post.to(HANDLERS["urban-1"])) == attempts
    by_lead = case != "unreachable, then reached"
    assert len(post.to(LEAD)) == by_lead
    assert states(engine) == [("sent", int(by_lead))]


def test_receipts_early_late_twice_and_out_of_order_tell_nobody_twice(engine: Engine) -> None:
    edit(engine, urban_1={"backup": "urban-lead"})
    told(engine)
    early: list[str] = []

    def send(message: Any) -> None:
        # The receipt is there before we have written down that the text was taken.
        name = f"p-{len(post.took) + 1}-{message.id}"
        early.append(name)
        with engine.store.transaction() as tx:
            tx.receipts([Receipted("post", name, message.id, "delivered", "", T0)])

    post = Post(send, awaited=True)
    deliver_all(engine, post.channels, now=T0, in_flight=1)
    assert {m.state for m in outbox(engine)} == {"delivered"}
    with engine.store.transaction() as tx:
        for state in ("sent", "delivered", "undelivered", "undelivered"):
            tx.receipts([Receipted("post", name, "", state, "30003", after(minutes=1)) for name in early])
    took = len(post.took)
    deliver_all(engine, post.channels, now=after(hours=1))
    assert len(post.took) == took
    assert {m.state for m in outbox(engine)} == {"delivered"}


def test_who_has_opted_out_is_noted_and_staff_are_told_another_way(engine: Engine) -> None:
    edit(engine, urban_1={"ways": ["sms", "chat"], "chat": "urban"})
    told(engine)
    sms, chat = Post(fail(OPTED_OUT)), Post(name="chat")
    deliver_all(engine, {"sms": sms, "chat": chat}, now=T0)
    numbers = [f"+86{HANDLERS['urban-1']}", "+8619900000000"]
    assert contacts.opted_out(engine.store, numbers) == dict.fromkeys(numbers, "all")
    assert len(chat.took) == 1
    # From now on the provider is not even asked.
    asked = sms.calls
    file(engine, "2")
    sweep_all(engine, now=after(minutes=1))
    deliver_all(engine, {"sms": sms, "chat": chat}, now=after(minutes=1))
    assert (sms.calls, len(chat.took)) == (asked, 2)
    assert [m.state for m in outbox(engine, "citizen_received")] == ["failed", "withheld"]


def test_staff_whose_outcome_stays_unknown_are_told_another_way_rather_than_not_at_all(engine: Engine) -> None:
    edit(engine, urban_1={"backup": "urban-lead"})
    told(engine)
    number = f"+86{HANDLERS['urban-1']}"

    def send(message: Any) -> None:
        if message.address == number:
            raise TimeoutError

    post = Post(send, lambda message: Unknown())
    for minute in range(7):
        deliver_all(engine, post.channels, now=after(minutes=minute))
    assert len(post.to(LEAD)) == 1
    assert states(engine) == [("sent", 1)]


def test_an_outage_of_one_channel_does_not_hold_back_who_has_another(engine: Engine) -> None:
    edit(engine, urban_1={"ways": ["sms", "chat"], "chat": "urban"})
    told(engine)
    sms, chat = Post(fail(BUSY)), Post(name="chat")
    deliver_all(engine, {"sms": sms, "chat": chat}, now=T0)
    assert chat.took == []  # it may be over in a moment
    deliver_all(engine, {"sms": sms, "chat": chat}, now=after(minutes=6))
    assert [m.address for m in chat.took] == ["urban"]


# --- the roster changes while a message waits -------------------------------------------------------------------------


def test_a_number_that_changes_between_decision_and_delivery_is_the_new_one(engine: Engine) -> None:
    told(engine)
    edit(engine, urban_1={"phone": "19900000399"})
    post = Post()
    deliver_all(engine, post.channels, now=T0)
    assert (len(post.to("19900000399")), post.to(HANDLERS["urban-1"])) == (1, [])


@pytest.mark.parametrize("how", ["taken out", "last day was yesterday"])
def test_what_was_decided_for_somebody_who_has_left_is_told_to_those_who_stay(engine: Engine, how: str) -> None:
    told(engine)
    if how == "taken out":
        # Somebody else has the place in every list, under another name and number.
        canonical = engine.policies.in_force.canonical.decode()
        publish(engine, json.loads(canonical.replace("urban-1", "urban-9").replace(HANDLERS["urban-1"], "19900000399")))
    else:
        edit(engine, urban_1={"leaves": "2026-11-22", "backup": "urban-lead"})
    post = Post()
    deliver_all(engine, post.channels, now=T0)
    assert post.to(HANDLERS["urban-1"]) == []
    assert len(post.to(LEAD)) == 1


def test_a_ladder_goes_on_with_the_people_of_the_moment(engine: Engine) -> None:
    told(engine)
    post = Post()
    deliver_all(engine, post.channels, now=T0)
    sweep_all(engine, now=after(minutes=16))
    # The breach is decided for the lead and the handlers; then the lead's telephone is replaced.
    edit(engine, urban_lead={"phone": "19900000398"})
    deliver_all(engine, post.channels, now=after(minutes=16))
    assert len(post.to("19900000398")) == 1
    assert post.to(LEAD) == []


def test_nobody_at_all_is_a_failure_that_operators_see(engine: Engine) -> None:
    file(engine, "1")
    post = Post()
    deliver_all(engine, {}, now=T0)
    assert [(m.state, m.remark) for m in outbox(engine)] == [("failed", "nobody can be reached")]
    assert post.took == []


def test_who_is_told_to_stop_gives_back_what_was_not_sent(engine: Engine) -> None:
    file(engine, "1", "2", "3")
    post = Post()
    deliver(engine, post.channels, now=T0, stopping=lambda: len(post.took) > 0)
    waiting = [(m.next_at, m.attempts) for m in outbox(engine) if m.state == "waiting"]
    assert waiting == [(T0, 0), (T0, 0)]
    deliver_all(engine, post.channels, now=T0)
    assert len(post.took) == len({message.id for message in post.took}) == 3
