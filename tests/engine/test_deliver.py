"""A message is sent at least once, and a second time only where nobody can know whether it had gone out."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from tests.engine.centre import HANDLER, T0, accepted, act, after, contents, file, in_progress, outbox, sweep_all
from tests.engine.post import BUSY, GONE, ONE_BY_ONE, PASSING, Killed, Post, fail
from xixi_workflow.adapters.port import Outgoing, Receipt, Unknown
from xixi_workflow.core import commands as c
from xixi_workflow.core.policy_build import build
from xixi_workflow.core.sending import FIRST_RETRY, LONGEST_RETRY, MOST_ATTEMPTS
from xixi_workflow.engine import deliver as delivery
from xixi_workflow.engine.deliver import BATCH, LEASE, deliver, deliver_all
from xixi_workflow.engine.handle import Engine
from xixi_workflow.engine.ledger import PORTION
from xixi_workflow.store.connect import Store
from xixi_workflow.store.tables import OutboxRow


def test_a_message_is_claimed_sent_and_settled(engine: Engine) -> None:
    [number] = file(engine, "1")
    post = Post()
    done = deliver(engine, post.channels, now=after(seconds=1))
    assert (done.claimed, done.sent, done.more) == (1, {"citizen_received": 1}, False)
    [message] = outbox(engine)
    assert (message.state, message.next_at, message.attempts) == ("sent", None, 1)
    assert (message.sent_at, message.remark) == (after(seconds=1), f"p-1-{number}/0/0")
    [sent] = post.took
    assert (sent.id, sent.kind, sent.address, sent.petition) == (
        f"{number}/0/0", "citizen_received", "+8619900000000", str(number)
    )  # fmt: skip
    assert post.asked == []
    assert deliver(engine, post.channels, now=after(days=1)).claimed == 0


def test_people_of_the_roster_are_told_under_their_own_number(engine: Engine) -> None:
    file(engine, "1")
    sweep_all(engine, now=T0)
    post = Post()
    deliver_all(engine, post.channels, now=T0)
    people = {f"+86{p.phone}": p.name for p in engine.policies.in_force.people.values()}
    told = [sent for sent in post.took if sent.kind == "handler_dispatched"]
    assert told
    assert all(people[sent.address] == sent.to_name for sent in told)


def test_while_a_message_is_claimed_nobody_else_sends_it(engine: Engine, database_url: str) -> None:
    file(engine, *map(str, range(5)))
    other = Engine(Store(database_url))
    nested: list[int] = []
    post = Post(lambda message: nested.append(deliver(other, Post().channels, now=after(seconds=1)).claimed))
    assert deliver(engine, post.channels, now=T0).claimed == 5
    other.store.close()
    assert nested == [0] * 5


def test_several_deliverers_at_once_send_each_message_once(engine: Engine, database_url: str) -> None:
    file(engine, *map(str, range(60)))
    others = [Engine(Store(database_url)) for _ in range(3)]
    together = threading.Barrier(3)
    post = Post()

    def run(other: Engine) -> None:
        together.wait()
        while deliver(other, post.channels, now=T0, limit=4).claimed:
            pass

    with ThreadPoolExecutor(3) as pool:
        list(pool.map(run, others))
    for other in others:
        other.store.close()
    assert len(post.took) == 60
    assert set(Counter(message.id for message in post.took).values()) == {1}


LOST = {
    "the provider has it": (Receipt("p-7", "post"), 0),
    "the provider never had it": (None, 1),
    # Who died may never have begun, and nobody is to be told nothing.
    "the provider cannot tell": (Unknown(), 1),
}


@pytest.mark.parametrize("found", LOST)
def test_after_a_death_between_send_and_settle_the_provider_is_asked_first(engine: Engine, found: str) -> None:
    [number] = file(engine, "1")
    with pytest.raises(Killed):
        deliver(engine, Post(fail(Killed())).channels, now=T0)
    [message] = outbox(engine)
    assert (message.state, message.next_at) == ("sending", T0 + LEASE)
    answer, again = LOST[found]
    post = Post(find=lambda message: answer)
    assert deliver(engine, post.channels, now=T0 + LEASE - timedelta(seconds=1)).claimed == 0
    done = deliver_all(engine, post.channels, now=T0 + LEASE)
    assert done[-1].sent == {"citizen_received": 1}
    assert post.asked == [f"{number}/0/0"]
    assert len(post.took) == again
    [message] = outbox(engine)
    assert message.state == "sent"
    assert message.remark == ("p-7" if not again else f"p-1-{number}/0/0")


def test_what_was_claimed_but_not_reached_before_a_death_is_sent_by_the_next(engine: Engine) -> None:
    numbers = file(engine, "1", "2", "3")
    reached: list[str] = []

    def die_at_the_second(message: Outgoing) -> None:
        if reached:
            raise Killed
        reached.append(message.id)

    with pytest.raises(Killed):
        deliver(engine, Post(die_at_the_second).channels, now=T0)
    post = Post(find=lambda message: Receipt("p-1", "post") if message.id in reached else None)
    deliver_all(engine, post.channels, now=T0 + LEASE)
    assert [message.petition for message in post.took] == [str(number) for number in numbers[1:]]
    assert [message.state for message in outbox(engine)] == ["sent"] * 3


def test_a_passing_failure_is_tried_again_later_and_later_and_then_given_up(engine: Engine) -> None:
    file(engine, "1")
    post = Post(fail(PASSING))
    now, pauses = T0, []
    for attempt in range(1, MOST_ATTEMPTS + 1):
        done = deliver(engine, post.channels, now=now)
        [message] = outbox(engine)
        assert (message.attempts, message.remark) == (attempt, "queue full")
        if attempt < MOST_ATTEMPTS:
            assert (done.retried, done.failed, message.state) == (1, 0, "waiting")
            assert deliver(engine, post.channels, now=message.next_at - timedelta(seconds=1)).claimed == 0
            pauses.append(message.next_at - now)
            now = message.next_at
        else:
            assert (done.retried, done.failed, message.state, message.next_at) == (0, 1, "failed", None)
    # Twice as long each time, give or take a quarter, up to an hour.
    wanted = [min(FIRST_RETRY * 2**n, LONGEST_RETRY) for n in range(MOST_ATTEMPTS - 1)]
    assert all(0.75 * w <= pause <= 1.25 * w for pause, w in zip(pauses, wanted, strict=True))
    # It certainly had not gone out, so there was nothing to ask.
    assert post.asked == []
    assert deliver(engine, post.channels, now=now + timedelta(days=30)).claimed == 0


def test_what_failed_together_does_not_come_back_together(engine: Engine) -> None:
    file(engine, *map(str, range(10)))
    deliver(engine, Post(fail(PASSING)).channels, now=T0)
    assert len({message.next_at for message in outbox(engine)}) > 5


def test_a_permanent_failure_is_final_at_once(engine: Engine) -> None:
    file(engine, "1")
    done = deliver(engine, Post(fail(GONE)).channels, now=T0)
    assert (done.failed, done.retried, done.sent) == (1, 0, {})
    [message] = outbox(engine)
    assert (message.state, message.next_at, message.remark) == ("failed", None, "no such number")


ANSWERED = {
    "the provider has it": (Receipt("p-7", "post"), 0, "sent"),
    "the provider never had it": (None, 1, "sent"),
    # An attempt was made for certain: a petitioner is rather told nothing than twice.
    "the provider cannot tell": (Unknown(), 0, "uncertain"),
}


@pytest.mark.parametrize("found", ANSWERED)
def test_an_unknown_outcome_is_kept_apart_and_reconciled_before_anything_is_sent_again(
    engine: Engine, found: str
) -> None:
    [number] = file(engine, "1")
    assert deliver(engine, Post(fail(TimeoutError("lost"))).channels, now=T0).uncertain == 1
    [message] = outbox(engine)
    assert (message.state, message.remark, message.sent_at) == ("uncertain", "TimeoutError", None)
    answer, again, state = ANSWERED[found]
    post = Post(find=lambda message: answer)
    deliver_all(engine, post.channels, now=message.next_at)
    assert post.asked == [f"{number}/0/0"]
    assert len(post.took) == again
    assert outbox(engine)[0].state == state


def test_the_provider_is_told_when_the_first_attempt_was(engine: Engine) -> None:
    file(engine, "1")
    deliver(engine, Post(fail(TimeoutError())).channels, now=T0)
    asked: list[Outgoing] = []
    post = Post(find=asked.append)
    deliver_all(engine, post.channels, now=after(minutes=1))
    assert [message.tried_at for message in asked] == [T0]
    assert [message.text for message in post.took] == [message.text for message in asked]


@pytest.mark.parametrize("error", [ConnectionError("away"), BUSY, GONE])
def test_while_the_provider_cannot_be_asked_nothing_is_sent_again(engine: Engine, error: Exception) -> None:
    file(engine, "1")
    deliver(engine, Post(fail(TimeoutError())).channels, now=T0)

    def away(message: Outgoing) -> Receipt:
        del message
        raise error

    post = Post(find=away)
    assert deliver(engine, post.channels, now=after(minutes=1)).uncertain == 1
    assert post.took == []
    [message] = outbox(engine)
    assert (message.state, message.attempts) == ("uncertain", 2)
    # And when it answers, its answer counts.
    post = Post(find=lambda message: Receipt("p-9", "post"))
    deliver(engine, post.channels, now=message.next_at)
    assert (post.took, outbox(engine)[0].remark) == ([], "p-9")


def test_a_petitioners_outcome_that_never_becomes_known_is_left_to_the_operators(engine: Engine) -> None:
    file(engine, "1")
    post = Post(fail(TimeoutError()), lambda message: Unknown())
    now = T0
    for _ in range(MOST_ATTEMPTS):
        assert deliver(engine, post.channels, now=now).uncertain == 1
        now += 2 * LONGEST_RETRY
    [message] = outbox(engine)
    assert (message.state, message.next_at, message.attempts) == ("uncertain", None, MOST_ATTEMPTS)
    assert post.calls == 1
    assert deliver(engine, post.channels, now=now + timedelta(days=30)).claimed == 0


def test_one_message_that_fails_does_not_hold_up_the_others(engine: Engine) -> None:
    numbers = file(engine, "1", "2", "3", "4")
    errors = {
        str(numbers[0]): PASSING,
        str(numbers[1]): GONE,
        str(numbers[2]): TimeoutError(),
    }

    def sometimes(message: Outgoing) -> None:
        if message.petition in errors:
            raise errors[message.petition]

    done = deliver(engine, Post(sometimes).channels, now=T0)
    assert (done.claimed, done.retried, done.failed, done.uncertain) == (4, 1, 1, 1)
    assert [message.state for message in outbox(engine)] == ["waiting", "failed", "uncertain", "sent"]


def test_a_message_that_cannot_be_worded_fails_alone(engine: Engine) -> None:
    ill, well = file(engine, "1", "2")
    table = OutboxRow.__table__  # type: ignore[attr-defined]
    with engine.store.writing() as connection:
        connection.execute(sa.update(table).where(table.c.petition_id == ill).values(kind="no_such_kind"))
    post = Post()
    done = deliver(engine, post.channels, now=T0)
    assert (done.failed, done.sent) == (1, {"citizen_received": 1})
    assert [message.petition for message in post.took] == [str(well)]
    [message] = outbox(engine, "no_such_kind")
    assert (message.state, message.next_at) == ("failed", None)


def test_no_transaction_is_open_while_a_provider_is_called(engine: Engine, database_url: str) -> None:
    file(engine, "1", "2")
    other = Store(database_url)

    def write_meanwhile(message: Outgoing) -> None:
        # With a transaction open this would wait for ourselves until the database gives up.
        with other.transaction() as tx:
            tx.reserve(20261123, 1)
            assert tx.load([int(message.petition)])

    post = Post(write_meanwhile)
    done = deliver(engine, post.channels, now=T0)
    other.close()
    assert done.sent == {"citizen_received": 2}


def test_a_provider_too_slow_for_the_lease_gives_back_what_it_did_not_reach(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = file(engine, "1", "2", "3")
    monkeypatch.setattr(delivery, "LEASE", timedelta(seconds=0.2))
    slow = Post(lambda message: time.sleep(0.15))
    first = deliver(engine, slow.channels, now=T0)
    assert first.more
    assert sum(first.sent.values()) == len(slow.took) < len(numbers)
    given_back = [message for message in outbox(engine) if message.state != "sent"]
    assert {(m.state, m.attempts, m.next_at) for m in given_back} == {("waiting", 0, T0)}
    deliver_all(engine, slow.channels, now=T0)
    assert sorted(message.petition for message in slow.took) == [str(number) for number in numbers]
    assert slow.asked == []


def test_a_full_batch_says_that_there_is_more_and_all_of_it_is_delivered(engine: Engine) -> None:
    file(engine, *map(str, range(BATCH + 5)))
    post = Post()
    assert deliver(engine, post.channels, now=T0, limit=3).more
    rounds = deliver_all(engine, post.channels, now=T0)
    assert [done.claimed for done in rounds] == [BATCH, 2]
    assert len(post.took) == BATCH + 5


def test_several_texts_are_with_the_provider_at_once_and_one_number_gets_its_own_in_order(engine: Engine) -> None:
    numbers = [file(engine, f"{n}-{m}", phone=f"1990000000{n}")[0] for m in range(5) for n in range(3)]
    meeting = threading.Barrier(3, timeout=20)

    def meet(message: Outgoing) -> None:
        # Nobody passes before three are there: with fewer in flight this would fail after the time-out.
        del message
        meeting.wait()

    post = Post(meet)
    done = deliver(engine, post.channels, now=T0, in_flight=3)
    assert sum(done.sent.values()) == len(numbers)
    for address in {message.address for message in post.took}:
        ids = [message.petition for message in post.took if message.address == address]
        assert ids == sorted(ids)
        assert len(ids) == 5


def test_answers_are_written_down_while_others_are_still_awaited(engine: Engine, database_url: str) -> None:
    for n in range(2 * PORTION):
        file(engine, str(n), phone=f"1990000{n:04}")
    reader = Engine(Store(database_url))
    seen: list[int] = []

    def look(message: Outgoing) -> None:
        nonlocal seen
        if len(post.took) < 2 * PORTION - 1:
            return
        # Written by another thread, which needs its time; nothing comes while the provider still thinks.
        for _ in range(1000):
            if (seen := [sum(m.state == "sent" for m in outbox(reader))]) != [0]:
                return
            time.sleep(0.01)

    post = Post(look)
    deliver(engine, post.channels, now=T0, in_flight=1)
    reader.store.close()
    assert seen == [PORTION]


def test_a_message_lost_to_another_process_is_not_settled_by_the_first(engine: Engine, database_url: str) -> None:
    file(engine, "1")
    other = Engine(Store(database_url))

    def meanwhile(message: Outgoing) -> None:
        # So slow that the lease ran out, and somebody else has sent it and said so.
        deliver(other, Post(find=lambda m: Receipt("other", "post")).channels, now=T0 + LEASE)

    deliver(engine, Post(meanwhile).channels, now=T0)
    other.store.close()
    [message] = outbox(engine)
    assert (message.state, message.remark, message.attempts) == ("sent", "other", 2)


def test_a_text_is_the_same_whenever_it_is_made(engine: Engine, database_url: str) -> None:
    [number] = in_progress(engine, "1")
    accepted(act(engine, number, c.ReportInterim("已到场，正在处理"), HANDLER, now=after(hours=1)))
    sweep_all(engine, now=after(days=2))
    lost = Post(fail(TimeoutError()))
    deliver_all(engine, lost.channels, now=after(days=2))

    texts: list[dict[str, str]] = []
    for attempt, days in enumerate((3, 40, 400)):
        # Each time by a process that knows nothing; before the last one the words have changed as well.
        if attempt == 2:
            documents = json.loads(engine.policies.in_force.canonical)
            messages = documents["words/zh.yaml"]["messages"]
            documents["words/zh.yaml"]["messages"] = {kind: f"{text}！" for kind, text in messages.items()}
            changed = build(documents)
            engine.publish(changed.canonical, changed.digest, now=after(days=399))
        other = Engine(Store(database_url))
        other.policies.refresh()
        post = Post(lambda message: None)
        table = OutboxRow.__table__  # type: ignore[attr-defined]
        with other.store.writing() as connection:
            connection.execute(sa.update(table).values(state="waiting", next_at=T0, attempts=0))
        deliver_all(other, post.channels, now=after(days=days), rules=ONE_BY_ONE)
        other.store.close()
        texts.append({message.id: message.text for message in post.took})
    assert len(texts[0]) == len(outbox(engine)) > 5
    assert texts[0] == texts[1] == texts[2]


def test_nothing_is_written_where_nothing_waits(engine: Engine) -> None:
    before = contents(engine.store)
    post = Post()
    assert deliver(engine, post.channels, now=datetime.max.replace(tzinfo=T0.tzinfo, year=2100)).claimed == 0
    assert contents(engine.store) == before
