"""A canary goes the real way as far as nobody is bothered, tells how far it came, and counts nowhere."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from tests.engine.centre import OPERATOR, T0, accepted, after, events, file, filing, outbox, petition, sweep_all
from xixi_workflow.adapters.port import Outgoing, Receipt, Undeliverable
from xixi_workflow.core import canary
from xixi_workflow.core.petition import Actor
from xixi_workflow.engine import audit
from xixi_workflow.engine.canary import LOOK_EVERY, RECEIPT_WITHIN, Flight, fly, table
from xixi_workflow.engine.deliver import deliver_all
from xixi_workflow.engine.figures import count
from xixi_workflow.engine.handle import Engine, Request
from xixi_workflow.store import board
from xixi_workflow.store.census import census, petitions
from xixi_workflow.store.rows import Receipted
from xixi_workflow.store.verify import Verified, verify

PHONE: Final = "19900000099"


class Post:
    """A provider of this test; `awaited` promises a receipt."""

    name = "post"

    def __init__(self, *, awaited: bool = False, refuses: bool = False) -> None:
        self.awaited, self.refuses = awaited, refuses
        self.took: list[Outgoing] = []

    def send(self, message: Outgoing) -> Receipt:
        if self.refuses:
            raise Undeliverable(True, "no such number")
        self.took.append(message)
        return Receipt(f"p-{message.id}", self.name, self.awaited)

    def find(self, message: Outgoing) -> None:
        del message


class House:
    """A service in test time: each wait of the canary lets it work for a moment."""

    def __init__(self, engine: Engine, post: Post, *, sweeps: bool = True, delivers: bool = True) -> None:
        self.engine, self.post = engine, post
        self.sweeps, self.delivers = sweeps, delivers
        self.now = T0
        self.reports: Callable[[], None] = lambda: None

    def clock(self) -> datetime:
        return self.now

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        if self.sweeps:
            sweep_all(self.engine, now=self.now)
        if self.delivers:
            deliver_all(self.engine, {"sms": self.post, "chat": self.post}, now=self.now, in_flight=1)
        self.reports()

    def fly(self, patience: float = 120.0) -> Flight:
        return fly(self.engine, PHONE, self.clock, language="zh", patience=patience, wait=self.wait)


def test_a_canary_is_routed_told_and_withdrawn_and_no_handler_hears_of_it(engine: Engine) -> None:
    house = House(engine, Post())
    flight = house.fly()
    assert flight.well
    assert flight.steps == {"filed": 0.0, "routed": LOOK_EVERY, "sent": LOOK_EVERY}
    assert flight.message == "sent"
    assert [message.kind for message in outbox(engine)] == ["citizen_received"]
    assert [(m.address, m.kind) for m in house.post.took] == [(f"+86{PHONE}", "citizen_received")]
    assert events(engine, flight.number) == ["filed", "routed", "withdrawn"]
    end = petition(engine, flight.number)
    assert (end.state, end.clocks, end.category) == ("withdrawn", [], engine.policies.in_force.fallback)
    assert isinstance(verify(engine.store), Verified)
    for row, step in zip(table(flight), ("0.000", "0.250", "0.250", "—"), strict=True):
        assert row["秒 Seconds"] == step


def test_nothing_of_a_canary_ever_rings(engine: Engine) -> None:
    house = House(engine, Post())
    house.fly()
    assert [swept.counts for swept in sweep_all(engine, now=after(days=400))] == [{}]


def test_a_receipt_is_waited_for_and_seen(engine: Engine) -> None:
    house = House(engine, Post(awaited=True))

    def report() -> None:
        if house.now == after(seconds=20 * LOOK_EVERY):
            [message] = house.post.took
            with engine.store.transaction() as tx:
                tx.receipts([Receipted("post", f"p-{message.id}", message.id, "delivered", "", house.now)])

    house.reports = report
    flight = house.fly()
    assert (flight.well, flight.message) == (True, "delivered")
    assert flight.steps["delivered"] == 20 * LOOK_EVERY


def test_without_its_receipt_it_is_told_that_the_message_went_out(engine: Engine) -> None:
    house = House(engine, Post(awaited=True))
    flight = house.fly()
    assert (flight.well, flight.message) == (True, "sent")
    assert "delivered" not in flight.steps
    assert house.now == after(seconds=LOOK_EVERY) + RECEIPT_WITHIN


def test_where_nobody_sweeps_it_is_withdrawn_before_an_operator_is_warned(engine: Engine) -> None:
    house = House(engine, Post(), sweeps=False)
    flight = house.fly()
    assert not flight.well
    assert "routed" not in flight.steps
    assert flight.steps["sent"] == LOOK_EVERY
    assert events(engine, flight.number) == ["filed", "withdrawn"]
    assert [message.kind for message in outbox(engine)] == ["citizen_received"]


def test_where_nobody_delivers_it_says_that_its_message_waits(engine: Engine) -> None:
    flight = House(engine, Post(), delivers=False).fly(patience=15)
    assert (flight.well, flight.message) == (False, "waiting")
    assert flight.steps == {"filed": 0.0, "routed": LOOK_EVERY}
    assert petition(engine, flight.number).state == "withdrawn"


def test_a_refusal_of_the_provider_is_told_at_once_and_alarms_the_auditor_until_the_next(engine: Engine) -> None:
    house = House(engine, Post(refuses=True))
    flight = house.fly()
    assert (flight.well, flight.message, flight.remark) == (False, "failed", "no such number")
    assert house.now < after(seconds=5)
    for minutes, alarming in ((1, 1), (69, 1), (71, 0)):
        now = after(minutes=minutes)
        board.beat(engine.store, "clock@test", "{}", now=now)
        assert audit.alarming(audit.audit(engine, now=now)) == alarming


def test_a_watcher_that_dies_leaves_nothing_open(engine: Engine) -> None:
    class Killed(BaseException):
        pass

    def die(seconds: float) -> None:
        del seconds
        raise Killed

    house = House(engine, Post(), sweeps=False)
    with pytest.raises(Killed):
        fly(engine, PHONE, house.clock, language="zh", wait=die)
    [one] = outbox(engine)
    assert petition(engine, one.petition_id).state == "withdrawn"


def test_a_canary_that_was_left_behind_is_fetched_back_by_the_next(engine: Engine) -> None:
    left = accepted(engine.handle([Request(0, canary.filing("left", PHONE, "zh"), canary.FILED_BY)], now=T0)[0])
    house = House(engine, Post(), sweeps=False)
    house.now = after(seconds=241)
    house.fly(patience=120)
    assert petition(engine, left.id).state == "withdrawn"


@pytest.mark.parametrize("actor", [Actor("system", "api"), Actor("petitioner"), OPERATOR])
def test_nobody_else_can_file_one_and_so_hide_a_petition_from_the_figures(engine: Engine, actor: Actor) -> None:
    [done] = engine.handle([Request(0, canary.filing("mine", PHONE, "zh"), actor)], now=T0)
    assert done.refused is not None
    assert (done.refused.code, done.refused.facts) == ("unknown_source", {"source": "canary"})


def test_a_city_whose_sources_name_no_canary_is_told_so(engine: Engine) -> None:
    from xixi_workflow.core.policy_build import build

    documents = engine.policies.in_force.documents
    sources = documents["sources.yaml"]
    without = {code: name for code, name in sources["sources"].items() if code != "canary"}
    changed = build({**documents, "sources.yaml": {**sources, "sources": without}})
    engine.publish(changed.canonical, changed.digest, now=T0)
    flight = House(engine, Post()).fly()
    assert flight.refused is not None
    assert flight.refused.code == "unknown_source"
    assert not flight.well


def test_a_canary_counts_in_no_figure(engine: Engine) -> None:
    file(engine, "1", "2")
    sweep_all(engine, now=T0)
    sweep_all(engine, now=after(hours=1))
    post = Post()
    deliver_all(engine, {"sms": post, "chat": post}, now=after(hours=1), in_flight=1)
    figures, counted, number = count(engine, "2026-11"), census(engine.store), petitions(engine.store)
    assert figures.overview.counts["filed"] == number == 2
    flights = []
    for sweeps in (True, False):
        house = House(engine, post, sweeps=sweeps)
        house.now = after(hours=1, seconds=sweeps)
        flights.append(house.fly().number)
    # One that was left alone for long enough to be breached.
    [late] = engine.handle([Request(0, canary.filing("late", PHONE, "zh"), canary.FILED_BY)], now=after(hours=1))
    engine.handle([Request(late.number, canary.WITHDRAW, canary.WITHDRAWN_BY)], now=after(hours=1, minutes=3))
    assert "breached" in events(engine, late.number)
    assert "routed" in events(engine, flights[0])
    assert count(engine, "2026-11") == figures
    assert census(engine.store) == counted
    assert petitions(engine.store) == number


def test_other_petitions_are_routed_as_ever_beside_it(engine: Engine) -> None:
    requests = [filing("1"), Request(0, canary.filing("c", PHONE, "zh"), canary.FILED_BY), filing("2")]
    one, bird, two = (accepted(done).id for done in engine.handle(requests, now=datetime(2026, 11, 23, 1, tzinfo=UTC)))
    sweep_all(engine, now=T0)
    assert [petition(engine, n).state for n in (one, bird, two)] == ["dispatched", "withdrawn", "dispatched"]
