"""Both implementations of `rows.Tx` behave alike, on the real databases."""

import hashlib
import re
from datetime import datetime, timedelta

import msgspec
import pytest
import sqlalchemy as sa

from tests.store.journals import MICRO, NOW, NUMBER, due, filing, petition, progress, row, rows, save
from xixi_workflow.core.petition import Message, Outcome, Vars
from xixi_workflow.store import postgresql, postgresql_messages, sqlite, sqlite_messages
from xixi_workflow.store.columns import to_micros
from xixi_workflow.store.connect import RETRYABLE, Store
from xixi_workflow.store.rows import Seal, Unit, decode_petition
from xixi_workflow.store.tables import metadata

# --- the statements --------------------------------------------------------------------------------------------------

STATEMENTS = [
    (module.__name__, name, text)
    for module in (sqlite, sqlite_messages, postgresql, postgresql_messages)
    for name, text in vars(module).items()
    if isinstance(text, str) and text.startswith(("INSERT INTO", "UPDATE"))
]
#: What comes later, with delivery or with an answer; only a reply has its text from the beginning.
LATER = {
    "outbox": {"way", "tried_at", "sent_at", "remark", "address", "text"},
    "_INSERT_REPLY": {"way", "tried_at", "sent_at", "remark"},
    "delivery": {"code", "receipt_at"},
    "letter": {"id", "outcome", "person", "petition_id", "closed_by"},
}
#: What no event can change, and nothing that happens to a message or a letter.
FIXED = {
    "petition": {"id", "source", "source_id", "policy", "received_at"},
    "outcome": {"petition_id", "clock", "key", "started_at", "round"},
    "chain": {"id"},
    "outbox": {"petition_id", "seq", "n", "kind", "recipient", "vars", "tried_at", "address", "text"},
    "delivery": {"provider", "provider_id", "state", "code", "receipt_at"},
    "letter": {"id", "provider", "provider_id", "at", "address", "to", "body", "closed_by"},
    "opt_out": {"address"},
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
        named = [word.strip(' "') for word in given[1].split(",")]
        assert len(named) == len(set(named))
        assert set(named) == columns(table) - LATER.get(name, LATER.get(table, set()))
    changes = re.search(r"SET (.*?)(?: FROM | WHERE |$)", text)
    if changes is not None:
        assert set(re.findall(r"(\w+) ?= ?", changes[1])) == columns(table) - FIXED[table]


def test_every_written_table_has_its_statement_on_both_databases() -> None:
    for module in ("sqlite", "postgresql"):
        tables = {text.split()[2] for name, _, text in STATEMENTS if f".{module}" in name and text.startswith("INS")}
        assert tables >= {"petition", "intake", "journal", "outcome", "outbox", "delivery", "letter", "opt_out"}


# --- apply -----------------------------------------------------------------------------------------------------------


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
        "way": 0,
        "tried_at": None,
        "address": None,
        "text": None,
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


# --- instants --------------------------------------------------------------------------------------------------------


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
