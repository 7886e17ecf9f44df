"""What is looked up and reserved in a transaction, on the real databases: both implementations of `rows.Tx` alike."""

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from tests.store.journals import HARD_TEXT, MICRO, NOW, NUMBER, due, filing, petition, progress, rows, save
from tests.store.telling import handed, receipt
from xixi_workflow.store import sqlite
from xixi_workflow.store.connect import Store
from xixi_workflow.store.rows import Settled, decode_petition
from xixi_workflow.store.verify import Verified, verify

# --- load, find, texts -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ids", [[], [1], [2, 1], [1, 77], [77], [3, 3, 2, 1]])
def test_load_gives_the_working_states_that_exist(store: Store, ids: list[int]) -> None:
    save(store, filing(1), filing(2), filing(3))
    with store.transaction() as tx:
        found = tx.load([NUMBER + n for n in ids])
    assert {number: decode_petition(live) for number, live in found.items()} == {
        NUMBER + n: petition(n) for n in ids if n < 4
    }


def test_find_tells_which_petitions_a_source_has_filed_before(store: Store) -> None:
    units = [filing(1), filing(2)]
    save(store, *units)
    keys = [("xihu_code", unit.intake[0]) for unit in units if unit.intake is not None]
    with store.transaction() as tx:
        assert tx.find([]) == {}
        assert tx.find([("xihu_code", "nothing"), ("other", keys[0][1])]) == {}
        assert tx.find([*keys, ("xihu_code", "nothing"), keys[0]]) == {keys[0]: NUMBER + 1, keys[1]: NUMBER + 2}


def test_texts_come_back_letter_by_letter(store: Store) -> None:
    save(store, filing(1), filing(2))
    with store.transaction() as tx:
        assert tx.texts([]) == {}
        assert tx.texts([NUMBER + 2, NUMBER + 7]) == {NUMBER + 2: (f"标题 2 {HARD_TEXT}", HARD_TEXT * 3)}


# --- due -------------------------------------------------------------------------------------------------------------


def test_due_gives_the_earliest_first_and_no_more_than_asked(store: Store) -> None:
    save(
        store,
        filing(1, wake_at=NOW),
        filing(2, wake_at=NOW - timedelta(days=1)),
        filing(3, wake_at=NOW + MICRO),
        filing(4, wake_at=NOW),
        filing(5),
    )
    assert due(store, NOW, 10) == [2, 1, 4]
    assert due(store, NOW, 2) == [2, 1]
    assert due(store, NOW - MICRO, 10) == [2]
    assert due(store, NOW + MICRO, 10) == [2, 1, 4, 3]
    assert due(store, NOW - timedelta(days=2), 10) == []


def test_due_gives_the_state_with_the_number(store: Store) -> None:
    save(store, filing(1, wake_at=NOW))
    with store.transaction() as tx:
        ((number, live),) = tx.due(NOW, 10)
    assert (number, decode_petition(live)) == (NUMBER + 1, petition(1))


@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_what_one_service_has_claimed_another_skips(store: Store, other: Store) -> None:
    save(store, *(filing(n, wake_at=NOW) for n in range(1, 6)))
    with store.transaction() as tx:
        mine = [number - NUMBER for number, _ in tx.due(NOW, 3)]
        assert mine == [1, 2, 3]
        assert due(other, NOW, 3) == [4, 5]
    assert due(other, NOW, 9) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("look", "index"),
    [
        ("SELECT id, live FROM petition WHERE wake_at <= {now} ORDER BY wake_at, id LIMIT 1000", "petition_wake"),
        ("SELECT petition_id FROM outbox WHERE next_at <= {now} ORDER BY next_at LIMIT 100", "outbox_next"),
        ("SELECT id FROM letter WHERE next_at <= {now} ORDER BY next_at, id LIMIT 100", "letter_next"),
        ("SELECT live FROM petition WHERE wake_at IS NULL AND closed_at IS NULL", "petition_still"),
    ],
)
def test_an_idle_look_walks_the_partial_index(store: Store, look: str, index: str) -> None:
    now = "5" if store.is_sqlite else "'2026-11-23'"
    with store.reading() as connection:
        if store.is_sqlite:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {look.format(now=now)}").fetchall()
        else:
            # A handful of rows is read faster without any index; a million is not.
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
            plan = connection.exec_driver_sql(f"EXPLAIN {look.format(now=now)}").fetchall()
    assert re.search(rf"\b{index}\b", str(plan))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_sqlite_reads_by_keys_and_never_scans_a_growing_table(store: Store) -> None:
    """PostgreSQL chooses by the size of the tables."""
    seen: list[str] = []
    with store.transaction() as tx:
        assert isinstance(tx, sqlite.SqliteTx)
        connection = tx._connection
        connection.set_trace_callback(seen.append)
        tx.load([1])
        tx.load([1, 2])
        tx.due(NOW, 10)
        tx.find([("a", "b")])
        tx.texts([1])
        tx.claim(NOW, NOW, 10)
        tx.letters(NOW, 10)
        tx.receipts([receipt("SM1", "delivered", (1, 1, 1))])
        tx.settle([Settled(1, 1, 1, "sent", None, 1, 1)], [handed("SM2", (1, 1, 1))])
        connection.set_trace_callback(None)
        plans = [
            step[3]
            for sql in seen
            if sql.startswith("SELECT")
            for step in connection.execute(f"EXPLAIN QUERY PLAN {sql}")
        ]
    assert len(plans) >= 14
    assert [step for step in plans if re.match(r"SCAN (?!j\b)", step) or "TEMP B-TREE" in step] == []


# --- reserve ---------------------------------------------------------------------------------------------------------


def test_numbers_of_a_day_begin_with_one_and_go_on(store: Store) -> None:
    with store.transaction() as tx:
        assert [tx.reserve(20261123, 1), tx.reserve(20261123, 10), tx.reserve(20261123, 1)] == [1, 2, 12]
        assert tx.reserve(20261124, 1) == 1
    with store.transaction() as tx:
        assert tx.reserve(20261123, 1) == 13


def test_two_services_never_share_a_number_and_leave_no_gap(store: Store, other: Store) -> None:
    barrier = threading.Barrier(2)

    def take(source: Store, sizes: list[int]) -> list[int]:
        barrier.wait()
        taken: list[int] = []
        for size in sizes:
            with source.transaction() as tx:
                first = tx.reserve(20261123, size)
            taken += range(first, first + size)
        return taken

    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(take, store, [1, 3, 2] * 20), pool.submit(take, other, [2, 1] * 30)]
        numbers = [number for one in both for number in one.result()]
    assert sorted(numbers) == list(range(1, 211))


def test_services_that_write_at_once_make_one_chain(store: Store, other: Store) -> None:
    barrier = threading.Barrier(2)

    def write(source: Store, serials: range) -> None:
        barrier.wait()
        for serial in serials:
            save(source, filing(serial))
            save(source, progress(serial))

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(write, store, range(1, 16)), pool.submit(write, other, range(101, 116))]:
            done.result()
    assert [s["number"] for s in rows(store, "seal")] == list(range(1, 61))
    found = verify(store)
    assert isinstance(found, Verified)
    assert (found.seals, found.entries) == (60, 90)


# --- put_off ---------------------------------------------------------------------------------------------------------


def test_a_petition_that_cannot_be_decided_waits_and_is_shown(store: Store) -> None:
    save(store, *(filing(n, wake_at=NOW) for n in (1, 2, 3)))
    until = NOW + timedelta(hours=1)
    with store.transaction() as tx:
        tx.put_off([NUMBER + 3, NUMBER + 1], until, NOW, ["KeyError", "坏\0了 \ud83d"])
    assert due(store, NOW, 10) == [2]
    assert due(store, until, 10) == [2, 1, 3]
    with store.transaction() as tx:
        tx.put_off([NUMBER + 3], until + MICRO, NOW + MICRO, ["ValueError"])
    assert rows(store, "trouble") == [
        {"petition_id": NUMBER + 1, "at": NOW, "error": "坏\N{REPLACEMENT CHARACTER}了 ?"},
        {"petition_id": NUMBER + 3, "at": NOW + MICRO, "error": "ValueError"},
    ]
