"""Settlements and receipts that come at the same time, from several processes, about the same texts."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.store.journals import NOW, rows
from tests.store.telling import (
    FIRST,
    LEASE,
    MINUTE,
    SECOND,
    claim,
    fate,
    handed,
    receipt,
    receive,
    sent,
    settle,
    settled,
    texts,
    with_messages,
)
from xixi_workflow.store.connect import Store

SERIALS = range(1, 31)


def test_whoever_comes_first_every_message_ends_as_delivered(store: Store, other: Store) -> None:
    """In batches and in opposite orders, so that each waits for what the other holds and neither for ever."""
    with_messages(store, *SERIALS)
    claimed = claim(store, limit=1000)
    together = threading.Barrier(3)
    named = [(f"SM{c.petition_id}-{c.n}", c) for c in claimed]
    said = [receipt(name, "delivered", (c.petition_id, c.seq, c.n), at=NOW + MINUTE) for name, c in named]

    def settle_all() -> None:
        together.wait()
        for first in range(0, len(named), 7):
            some = named[first : first + 7]
            settle(
                store,
                [sent(c, name, next_at=NOW + LEASE) for name, c in some],
                [handed(name, (c.petition_id, c.seq, c.n)) for name, c in some],
            )

    def receive_all(source: Store, step: int) -> None:
        together.wait()
        for first in range(0, len(said), 5):
            receive(source, *said[::step][first : first + 5])

    with ThreadPoolExecutor(3) as pool:
        for done in [
            pool.submit(settle_all),
            pool.submit(receive_all, store, 1),
            pool.submit(receive_all, other, -1),
        ]:
            done.result()
    assert {(m["state"], m["next_at"]) for m in rows(store, "outbox")} == {("delivered", None)}
    assert {(d["state"], d["channel"]) for d in rows(store, "delivery")} == {("delivered", "sms")}
    assert len(rows(store, "delivery")) == 2 * len(SERIALS)


@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("settled_first", [True, False])
def test_the_second_of_the_two_sees_what_the_first_has_not_yet_committed(
    store: Store, other: Store, settled_first: bool
) -> None:
    """Between looking and writing there is no moment in which a receipt could fall."""
    with_messages(store, 1)
    both = claim(store)
    started = threading.Event()

    def second() -> None:
        with other.transaction() as tx:
            started.set()
            if settled_first:
                tx.receipts([receipt("SM1", "delivered", FIRST, at=NOW + MINUTE)])
            else:
                tx.settle([sent(c, "SM1") for c in both], [handed("SM1", FIRST, SECOND)])

    with ThreadPoolExecutor(1) as pool:
        with store.transaction() as tx:
            if settled_first:
                tx.settle([sent(c, "SM1") for c in both], [handed("SM1", FIRST, SECOND)])
            else:
                tx.receipts([receipt("SM1", "delivered", FIRST, at=NOW + MINUTE)])
            waiting = pool.submit(second)
            started.wait()
            with pytest.raises(TimeoutError):
                waiting.result(timeout=0.3)
        waiting.result()
    assert texts(store) == {"SM1": ("delivered", None, NOW + MINUTE)}
    assert fate(store, FIRST) == fate(store, SECOND) == ("delivered", None, "SM1")


@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_receipt_that_comes_during_a_better_one_does_not_undo_it(store: Store, other: Store) -> None:
    with_messages(store, 1)
    settle(store, [sent(c, "SM1") for c in claim(store)], [handed("SM1", FIRST, SECOND)])
    with ThreadPoolExecutor(1) as pool:
        with store.transaction() as tx:
            tx.receipts([receipt("SM1", "delivered", at=NOW + MINUTE)])
            waiting = pool.submit(receive, other, receipt("SM1", "undelivered", at=NOW, code="30003"))
            with pytest.raises(TimeoutError):
                waiting.result(timeout=0.3)
        waiting.result()
    assert texts(store) == {"SM1": ("delivered", None, NOW + MINUTE)}


@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_receipt_that_comes_while_its_message_is_settled_finds_it_as_it_is_then(store: Store, other: Store) -> None:
    """The next way was to be tried, and just then the first text arrives after all."""
    with_messages(store, 1)
    settle(store, [sent(c, "SM1", next_at=NOW + LEASE) for c in claim(store)], [handed("SM1", FIRST, SECOND)])
    again = claim(store, NOW + LEASE)
    with ThreadPoolExecutor(1) as pool:
        with store.transaction() as tx:
            tx.settle([settled(c, "waiting", NOW + LEASE * 2, way=1) for c in again], [])
            waiting = pool.submit(receive, other, receipt("SM1", "delivered", at=NOW + LEASE))
            with pytest.raises(TimeoutError):
                waiting.result(timeout=0.3)
        waiting.result()
    assert fate(store, FIRST) == fate(store, SECOND) == ("delivered", None, "SM1")
