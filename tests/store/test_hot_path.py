"""Both implementations of `rows.Tx` behave alike, on the real databases."""

import hashlib
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa

from tests.store.journals import HARD_TEXT, MICRO, NOW, NUMBER, filing, petition, progress, save
from xixi_workflow.core.petition import Message, Outcome, Vars
from xixi_workflow.store import postgresql, sqlite
from xixi_workflow.store.connect import RETRYABLE, Store
from xixi_workflow.store.rows import Claimed, Seal, Settled, Unit, decode_petition
from xixi_workflow.store.tables import metadata, to_micros
from xixi_workflow.store.verify import Verified, verify


def rows(store: Store, table: str) -> list[dict[str, Any]]:
    """All rows of a table by key, as SQLAlchemy reads them."""
    described = metadata.tables[table]
    with store.reading() as connection:
        found = connection.execute(sa.select(described).order_by(*described.primary_key.columns))
        return [dict(row._mapping) for row in found]


def row(store: Store, table: str) -> dict[str, Any]:
    (only,) = rows(store, table)
    return only


# --- the statements -------------------------------------------------------------------------------------------------

STATEMENTS = [
    (module.__name__, name, text)
    for module in (sqlite, postgresql)
    for name, text in vars(module).items()
    if isinstance(text, str) and text.startswith(("INSERT INTO", "UPDATE"))
]
#: What `apply` never gives a new row: it comes with delivery.
LATER = {"outbox": {"sent_at", "remark"}}
#: What no event can change.
FIXED = {
    "petition": {"id", "source", "source_id", "policy", "received_at"},
    "outcome": {"petition_id", "clock", "key", "started_at", "round"},
    "chain": {"id"},
}


def columns(table: str) -> set[str]:
    return {column.name for column in metadata.tables[table].columns}


@pytest.mark.parametrize(("module", "name", "text"), STATEMENTS, ids=[f"{m}.{n}" for m, n, _ in STATEMENTS])
def test_the_statements_name_exactly_the_columns_of_the_tables(module: str, name: str, text: str) -> None:
    verb = re.match(r"(INSERT INTO|UPDATE) (\w+)", text)
    assert verb is not None
    table = verb[2]
    if verb[1] == "INSERT INTO":
        given = re.search(r"\(([^)]*)\)", text)
        assert given is not None
        named = [word.strip() for word in given[1].split(",")]
        assert len(named) == len(set(named))
        assert set(named) == columns(table) - LATER.get(table, set())
    changes = re.search(r"SET (.*?)(?: FROM | WHERE |$)", text)
    if changes is not None:
        assert set(re.findall(r"(\w+) ?= ?", changes[1])) == columns(table) - FIXED[table]


def test_every_written_table_has_its_statement_on_both_databases() -> None:
    for module in ("sqlite", "postgresql"):
        tables = {text.split()[2] for name, _, text in STATEMENTS if name.endswith(module) and text.startswith("INS")}
        assert tables >= {"petition", "intake", "journal", "outcome", "outbox"}


# --- apply ----------------------------------------------------------------------------------------------------------


def test_a_filed_petition_is_written_whole_and_exact(store: Store) -> None:
    unit = filing(1, wake_at=NOW + MICRO)
    save(store, unit)
    p = unit.petition
    assert unit.intake is not None
    source_id, said = unit.intake
    found = row(store, "petition")
    assert decode_petition(found.pop("live")) == p
    assert found == {
        "id": NUMBER + 1,
        "source": "xihu_code",
        "source_id": source_id,
        "policy": 3,
        "state": "received",
        "category": "noise",
        "lead": "urban_management",
        "urgency": "urgent",
        "round": 1,
        "result": None,
        "rating": None,
        "received_at": NOW - 2 * MICRO,
        "closed_at": None,
        "wake_at": NOW + MICRO,
    }
    assert row(store, "intake") == {"petition_id": NUMBER + 1, **msgspec.structs.asdict(said)}
    assert row(store, "journal") == {
        "petition_id": NUMBER + 1,
        "seq": 0,
        "seal": 1,
        "event": "filed",
        "state": "received",
        "at": NOW,
        "noticed_at": None,
        "actor": "operator:张三0",
        "data": unit.entries[0].data,
    }
    assert rows(store, "outcome") == rows(store, "outbox") == []


def test_the_next_event_changes_the_row_and_adds_lines_outcomes_and_messages(store: Store) -> None:
    save(store, filing(1, wake_at=NOW))
    unit = progress(1, wake_at=None)
    save(store, unit, at=NOW + MICRO, policy=4)
    found = row(store, "petition")
    assert decode_petition(found["live"]) == unit.petition
    assert {name: found[name] for name in ("state", "category", "lead", "urgency", "round", "result", "rating")} == {
        "state": "closed",
        "category": "noise.night",
        "lead": "police",
        "urgency": "emergency",
        "round": 2,
        "result": "done",
        "rating": "satisfied",
    }
    assert (found["closed_at"], found["wake_at"], found["policy"]) == (NOW + 3 * MICRO, None, 3)
    assert [(e["seq"], e["seal"], e["at"], e["noticed_at"], e["data"]) for e in rows(store, "journal")][1:] == [
        (1, 2, NOW, None, '"1"'),
        (2, 2, NOW - timedelta(hours=3, microseconds=5), NOW, '{"clock":"x"}'),
    ]
    assert row(store, "outcome") == {"petition_id": NUMBER + 1, **msgspec.structs.asdict(unit.outcomes[0])}
    first, second = rows(store, "outbox")
    told = unit.messages[0][2].vars
    assert msgspec.json.decode(first.pop("vars"), type=Vars) == told
    assert msgspec.json.decode(second["vars"], type=Vars) == Vars()
    assert first == {
        "petition_id": NUMBER + 1,
        "seq": 1,
        "n": 0,
        "kind": "resolved",
        "recipient": "petitioner",
        "state": "waiting",
        "next_at": NOW + MICRO,
        "attempts": 0,
        "sent_at": None,
        "remark": None,
    }
    assert [(s["number"], s["at"], s["policy"], s["entries"]) for s in rows(store, "seal")] == [
        (1, NOW, 3, 1),
        (2, NOW + MICRO, 4, 2),
    ]


def test_a_verdict_that_is_passed_again_replaces_the_first(store: Store) -> None:
    breached = Outcome("closure", "", 1, "police", "breached", NOW, NOW + MICRO, None)
    late = Outcome("closure", "", 1, "traffic", "late", NOW, NOW + 2 * MICRO, NOW + 3 * MICRO, 60.5, 3600.25)
    second_round = Outcome("closure", "", 2, "traffic", "on_time", NOW + MICRO, NOW + MICRO, NOW + MICRO)
    save(store, filing(1))
    save(store, Unit(petition(1), None, [], [breached], []))
    save(store, Unit(petition(1), None, [], [late, second_round], []))
    assert rows(store, "outcome") == [
        {"petition_id": NUMBER + 1, **msgspec.structs.asdict(late)},
        {"petition_id": NUMBER + 1, **msgspec.structs.asdict(second_round)}
        | {"paused_for": None, "extended_for": None},
    ]


def test_one_transaction_takes_new_petitions_and_old_ones_together_in_any_order(store: Store) -> None:
    save(store, filing(5), filing(1))
    save(store, filing(9), progress(5), filing(2), progress(1))
    assert [p["id"] - NUMBER for p in rows(store, "petition")] == [1, 2, 5, 9]
    assert [(e["petition_id"] - NUMBER, e["seq"], e["seal"]) for e in rows(store, "journal")] == [
        *((1, 0, 1), (1, 1, 2), (1, 2, 2)),
        (2, 0, 2),
        *((5, 0, 1), (5, 1, 2), (5, 2, 2)),
        (9, 0, 2),
    ]
    assert len(rows(store, "outbox")) == 4


def test_a_change_without_a_journal_line_needs_no_seal(store: Store) -> None:
    save(store, filing(1, wake_at=NOW))
    save(store, Unit(petition(1), NOW + MICRO, [], [], []))
    assert row(store, "petition")["wake_at"] == NOW + MICRO
    assert len(rows(store, "seal")) == 1


def test_nothing_to_save_writes_nothing(store: Store) -> None:
    save(store)
    assert rows(store, "seal") == []


def test_a_transaction_that_fails_leaves_no_trace(store: Store) -> None:
    save(store, filing(1))

    def interrupted() -> None:
        with store.transaction() as tx:
            tx.reserve(20261123, 5)
            tx.apply([filing(2), progress(1)], Seal(NOW, 3))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert len(rows(store, "petition")) == len(rows(store, "journal")) == len(rows(store, "seal")) == 1
    assert rows(store, "counter") == rows(store, "outbox") == []
    save(store, filing(2))
    assert [s["number"] for s in rows(store, "seal")] == [1, 2]


def test_a_source_that_files_the_same_petition_twice_at_once_is_refused_by_the_database(store: Store) -> None:
    save(store, filing(1))
    twice = filing(2)
    assert twice.intake is not None
    known = filing(1).intake
    assert known is not None
    twice.intake = (known[0], twice.intake[1])
    with pytest.raises(RETRYABLE):
        save(store, twice)
    assert len(rows(store, "petition")) == len(rows(store, "seal")) == 1


def test_the_chain_of_seals_is_the_same_on_both_databases_and_for_ever(store: Store) -> None:
    """If the root changes, those that were written down on old reports mean nothing."""
    save(store, filing(2), filing(1))
    save(store, progress(2), at=NOW + MICRO, policy=4)
    root = bytes(32)
    for number, at, policy, units in ((1, NOW, 3, [filing(1), filing(2)]), (2, NOW + MICRO, 4, [progress(2)])):
        text = f"{number}\x1f{to_micros(at)}\x1f{policy}\n"
        for unit in units:
            for e in unit.entries:
                noticed = to_micros(e.noticed_at) if e.noticed_at != e.at else 0
                fields = (unit.petition.id, e.seq, e.event, e.state, to_micros(e.at), noticed, e.actor, e.data)
                text += "\x1f".join(map(str, fields)) + "\n"
        root = hashlib.sha256(root + text.encode()).digest()
    assert row(store, "chain") == {"id": 1, "number": 2, "hash": root}
    assert [s["hash"] for s in rows(store, "seal")][-1] == root
    assert root.hex() == "16cfbceb6303861946e449786866cc23e8b55e8e2c0df8c27bf2111090f6ceb8"


def test_a_long_batch_goes_through_in_one_piece(store: Store) -> None:
    save(store, *(filing(n, wake_at=NOW) for n in range(1, 1501)))
    save(store, *(progress(n) for n in range(1, 1501)))
    with store.reading() as connection:
        counts = [
            connection.scalar(sa.select(sa.func.count()).select_from(metadata.tables[name]))
            for name in ("petition", "intake", "journal", "outcome", "outbox")
        ]
    assert counts == [1500, 1500, 4500, 1500, 3000]


# --- load, find, texts ----------------------------------------------------------------------------------------------


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


# --- due ------------------------------------------------------------------------------------------------------------


def due(store: Store, now: datetime, limit: int) -> list[int]:
    with store.transaction() as tx:
        return [number - NUMBER for number, _ in tx.due(now, limit)]


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
    assert f" {index} " in str(plan)


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
        connection.set_trace_callback(None)
        plans = [
            step[3]
            for sql in seen
            if sql.startswith("SELECT")
            for step in connection.execute(f"EXPLAIN QUERY PLAN {sql}")
        ]
    assert len(plans) >= 6
    assert [step for step in plans if re.match(r"SCAN (?!j\b)", step) or "TEMP B-TREE" in step] == []


# --- reserve --------------------------------------------------------------------------------------------------------


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


# --- put_off --------------------------------------------------------------------------------------------------------


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


# --- claim and settle -----------------------------------------------------------------------------------------------

LEASE = timedelta(minutes=5)


def claim(store: Store, now: datetime, limit: int = 10) -> list[Claimed]:
    with store.transaction() as tx:
        return tx.claim(now, now + LEASE, limit)


def keys(claimed: list[Claimed]) -> list[tuple[int, int, int]]:
    return [(c.petition_id - NUMBER, c.seq, c.n) for c in claimed]


def with_messages(store: Store) -> None:
    """Petitions 1 and 2 have two messages each, those of 2 a microsecond earlier."""
    save(store, filing(1), filing(2))
    save(store, progress(2), at=NOW - MICRO)
    save(store, progress(1), at=NOW)


def test_a_claim_gives_the_oldest_first_with_all_that_the_text_needs(store: Store) -> None:
    with_messages(store)
    claimed = claim(store, NOW, 3)
    assert keys(claimed) == [(2, 1, 0), (2, 1, 1), (1, 1, 0)]
    (first, *_, last) = claimed
    assert msgspec.json.decode(first.vars, type=Vars) == progress(2).messages[0][2].vars
    assert (first.kind, first.recipient, first.state, first.attempts) == ("resolved", "petitioner", "waiting", 0)
    assert (first.policy, first.community, first.phone, first.language) == (3, "翠苑社区", "19900000002", "en")
    assert (first.confidential, last.confidential) == (True, False)
    assert {type(c.confidential) for c in claimed} == {bool}


def test_what_is_claimed_is_nobody_elses_until_the_lease_ends(store: Store, other: Store) -> None:
    with_messages(store)
    assert claim(store, NOW - timedelta(hours=1)) == []
    assert len(claim(store, NOW, 3)) == 3
    assert keys(claim(other, NOW)) == [(1, 1, 1)]
    assert claim(other, NOW + LEASE - MICRO) == []
    again = claim(other, NOW + LEASE)
    assert [(c.state, c.attempts) for c in again] == [("sending", 1)] * 4


@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_two_services_that_claim_at_once_share_the_messages(store: Store, other: Store) -> None:
    with_messages(store)
    with store.transaction() as tx:
        mine = keys(tx.claim(NOW, NOW + LEASE, 2))
        theirs = keys(claim(other, NOW, 4))
    assert (mine, theirs) == ([(2, 1, 0), (2, 1, 1)], [(1, 1, 0), (1, 1, 1)])


def test_a_fate_is_written_and_ends_the_waiting_or_sets_its_next_moment(store: Store) -> None:
    with_messages(store)
    sent, failed, again, unsure = claim(store, NOW)
    later = NOW + timedelta(seconds=30, microseconds=1)
    remark = "provider: 失败\0 \ud83d " + HARD_TEXT
    with store.transaction() as tx:
        tx.settle(
            [
                Settled(sent.petition_id, sent.seq, sent.n, "sent", None, 1, NOW + MICRO, "id-1"),
                Settled(failed.petition_id, failed.seq, failed.n, "failed", None, 1, remark=remark),
                Settled(again.petition_id, again.seq, again.n, "waiting", later, 1),
                Settled(unsure.petition_id, unsure.seq, unsure.n, "uncertain", later + MICRO, 2),
            ]
        )
        tx.settle([])
    names = ("state", "next_at", "attempts", "sent_at", "remark")
    kept = "provider: 失败\N{REPLACEMENT CHARACTER} ? " + HARD_TEXT
    by_key = {(m["petition_id"] - NUMBER, m["n"]): tuple(m[name] for name in names) for m in rows(store, "outbox")}
    assert by_key == {
        (2, 0): ("sent", None, 1, NOW + MICRO, "id-1"),
        (2, 1): ("failed", None, 1, None, kept),
        (1, 0): ("waiting", later, 1, None, None),
        (1, 1): ("uncertain", later + MICRO, 2, None, None),
    }
    assert keys(claim(store, later)) == [(1, 1, 0)]
    assert [(c.state, c.attempts) for c in claim(store, later + MICRO)] == [("uncertain", 2)]


# --- instants -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "at",
    [
        datetime.fromisoformat("1999-12-31T23:59:59.999999+00:00"),
        datetime.fromisoformat("2026-11-23T08:00:00.000001+08:00"),
        datetime.fromisoformat("2026-11-23T08:00:00+08:00"),
        datetime.fromisoformat("2038-01-19T03:14:08.000003+00:00"),
        datetime.fromisoformat("2105-12-31T00:00:00.123456+00:00"),
    ],
)
def test_an_instant_comes_back_to_the_microsecond_and_in_utc(store: Store, at: datetime) -> None:
    unit = filing(1, at=at, wake_at=at)
    unit.outcomes = [Outcome("closure", "", 1, "police", "on_time", at, at, at)]
    unit.messages = [(0, 0, Message("filed", "petitioner", Vars(due=at)))]
    save(store, unit, at=at)
    (found,) = rows(store, "petition")
    assert (found["wake_at"], found["received_at"]) == (at, at - 2 * MICRO)
    assert found["wake_at"].utcoffset() == timedelta(0)
    assert decode_petition(found["live"]).clocks[0].started_at == at
    (outcome,) = rows(store, "outcome")
    assert outcome["started_at"] == outcome["due_at"] == outcome["settled_at"] == at
    assert row(store, "journal")["at"] == row(store, "seal")["at"] == row(store, "outbox")["next_at"] == at
    assert due(store, at, 1) == [1]
    assert due(store, at - MICRO, 1) == []
