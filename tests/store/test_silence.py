"""What the auditor is shown, on both databases: the right rows, found through small indexes and not by reading all."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from tests.store.journals import NOW, NUMBER, filing, line, petition, progress, save
from xixi_workflow.core.petition import Message, Vars
from xixi_workflow.store import board, boards, silence
from xixi_workflow.store.connect import Store
from xixi_workflow.store.rows import Unit
from xixi_workflow.store.tables import metadata

MINUTE = timedelta(minutes=1)


def change(store: Store, table: str, values: dict[str, Any], **where: Any) -> None:
    """Something that no code of ours would do: a row changed by hand."""
    described = metadata.tables[table]
    statement = sa.update(described).where(*(described.c[name] == value for name, value in where.items()))
    with store.writing() as db:
        assert db.execute(statement.values(values)).rowcount


def add(store: Store, table: str, **values: Any) -> None:
    with store.writing() as db:
        db.execute(sa.insert(metadata.tables[table]).values(values))


def letter(store: Store, number: int, at: datetime, *, state: str, next_at: datetime | None = None) -> None:
    add(
        store,
        "letter",
        id=number,
        provider="post",
        provider_id=str(number),
        at=at,
        address="+8619900000000",
        to="+8619900000099",
        body="?",
        state=state,
        next_at=next_at,
    )


def telling(serial: int, *messages: Message, at: datetime = NOW, seq: int = 1) -> Unit:
    """A petition's second event, with these messages."""
    told = petition(serial, state="dispatched", seq=seq + 1)
    return Unit(told, at, [line(seq, "breached", at=at)], [], [(seq, n, m) for n, m in enumerate(messages)])


def test_every_open_petition_is_found_however_old_and_whether_or_not_time_can_change_it(store: Store) -> None:
    old = NOW - timedelta(days=400)
    save(store, filing(1, at=old), filing(2, at=old, wake_at=NOW), filing(3))
    save(store, progress(3))
    assert sorted(p.id - NUMBER for p in boards.open_petitions(store)) == [1, 2]
    found = boards.every_open(store)
    assert ([p.id - NUMBER for p in found.ticking], [p.id - NUMBER for p in found.still]) == ([2], [1])


def test_a_petition_that_cannot_be_read_is_named_and_does_not_hide_the_others(store: Store) -> None:
    save(store, filing(1), filing(2), filing(3, wake_at=NOW))
    change(store, "petition", {"live": b"\xc1"}, id=NUMBER + 2)
    change(store, "petition", {"live": b"\xc1"}, id=NUMBER + 3)
    found = boards.every_open(store)
    assert sorted(found.unreadable) == [NUMBER + 2, NUMBER + 3]
    assert [p.id for p in boards.open_petitions(store)] == [NUMBER + 1]


def test_petitions_whose_alarm_has_passed_are_found_the_longest_silent_first(store: Store) -> None:
    save(store, filing(1, wake_at=NOW), filing(2, wake_at=NOW - MINUTE), filing(3, wake_at=NOW + MINUTE), filing(4))
    assert [(s.key - NUMBER, s.at) for s in silence.asleep(store, NOW + MINUTE / 2)] == [(2, NOW - MINUTE), (1, NOW)]
    assert silence.asleep(store, NOW - MINUTE) == []


def test_a_message_is_as_old_as_the_decision_that_caused_it_not_as_its_last_attempt(store: Store) -> None:
    save(store, filing(1), filing(2))
    save(store, telling(1, Message("handler_dispatched", "urban-1", Vars())), at=NOW)
    save(store, telling(2, Message("handler_dispatched", "urban-1", Vars()), at=NOW + MINUTE), at=NOW + MINUTE)
    late = NOW + timedelta(hours=3)
    change(store, "outbox", {"state": "sending", "next_at": late, "tried_at": late}, petition_id=NUMBER + 1)
    [found] = silence.pending(store, NOW + MINUTE)
    assert (found.petition, found.kind, found.recipient, found.state) == (
        NUMBER + 1, "handler_dispatched", "urban-1", "sending"
    )  # fmt: skip
    assert (found.made_at, found.next_at, found.tried_at) == (NOW, late, late)
    assert (found.urgency, found.source) == ("urgent", "xihu_code")


def test_a_message_whose_fate_is_known_waits_for_nothing(store: Store) -> None:
    save(store, filing(1))
    save(store, telling(1, Message("handler_dispatched", "urban-1", Vars())))
    change(store, "outbox", {"state": "sent", "next_at": None}, petition_id=NUMBER + 1)
    assert silence.pending(store, NOW + MINUTE) == []
    assert silence.lost(store, NOW - MINUTE) == []


@pytest.mark.parametrize("state", ["failed", "withheld", "uncertain"])
def test_a_message_that_never_arrived_is_found_for_as_long_as_asked(store: Store, state: str) -> None:
    save(store, filing(1))
    save(store, telling(1, Message("handler_dispatched", "urban-1", Vars())))
    change(store, "outbox", {"state": state, "next_at": None, "tried_at": NOW}, petition_id=NUMBER + 1)
    assert [(f.petition - NUMBER, f.state, f.made_at) for f in silence.lost(store, NOW)] == [(1, state, NOW)]
    assert silence.lost(store, NOW + MINUTE) == []
    assert silence.pending(store, NOW + MINUTE) == []


def test_an_uncertain_message_that_is_asked_after_again_is_not_lost_yet(store: Store) -> None:
    save(store, filing(1))
    save(store, telling(1, Message("handler_dispatched", "urban-1", Vars())))
    change(store, "outbox", {"state": "uncertain", "next_at": NOW, "tried_at": NOW}, petition_id=NUMBER + 1)
    assert silence.lost(store, NOW) == []
    assert [f.state for f in silence.pending(store, NOW + MINUTE)] == ["uncertain"]


def test_a_reply_is_as_old_as_the_letter_that_it_answers(store: Store) -> None:
    letter(store, 7, NOW, state="done")
    reply = {"seq": 0, "n": 0, "kind": "reply_unknown", "recipient": "", "vars": "{}", "attempts": 0, "text": "?"}
    add(store, "outbox", petition_id=-7, state="waiting", next_at=NOW, address="+8619900000000", **reply)
    [found] = silence.pending(store, NOW + MINUTE)
    assert (found.petition, found.made_at, found.urgency, found.source) == (-7, NOW, "normal", "")


def test_what_a_ladder_has_said_is_found_with_when_it_was_said(store: Store) -> None:
    save(store, filing(1), filing(2))
    breach = Vars(clock="closure", level=1, team="police", text='"level"')
    save(
        store,
        telling(1, Message("team_overdue", "wang", breach), Message("handler_interim_due", "wang", Vars(clock="x"))),
        telling(2, Message("team_overdue", "wang", breach)),
    )
    [found] = silence.told(store, [NUMBER + 1, NUMBER + 7])
    assert (found.petition, found.about, found.made_at) == (NUMBER + 1, breach, NOW)
    assert silence.told(store, []) == []
    assert len(silence.told(store, [NUMBER + n for n in range(1, 1200)])) == 2


def test_letters_that_nobody_has_read_or_seen_to_are_found(store: Store) -> None:
    letter(store, 1, NOW, state="new", next_at=NOW + MINUTE)
    letter(store, 2, NOW, state="open")
    letter(store, 3, NOW, state="done")
    letter(store, 4, NOW + MINUTE, state="open")
    assert [s.key for s in silence.unread(store, NOW + MINUTE)] == [1]
    assert [s.key for s in silence.unseen(store, NOW + MINUTE)] == [2]


def test_the_last_sign_of_life_is_that_of_whichever_process_lived_longest(store: Store) -> None:
    assert silence.last_beat(store, "clock@") is None
    board.beat(store, "clock@a", "{}", now=NOW)
    board.beat(store, "clock@b", "{}", now=NOW - MINUTE)
    board.beat(store, "web@a", "{}", now=NOW + MINUTE)
    assert silence.last_beat(store, "clock@") == NOW


def test_only_what_failed_lately_is_still_in_trouble(store: Store) -> None:
    add(store, "trouble", petition_id=NUMBER + 1, at=NOW, error="ValueError")
    assert [(s.key, s.at, s.why) for s in silence.troubled(store, NOW)] == [(NUMBER + 1, NOW, "ValueError")]
    assert silence.troubled(store, NOW + MINUTE) == []


LOOKS: dict[str, tuple[Callable[[Store], object], set[str]]] = {
    "open": (boards.open_petitions, {"petition_wake", "petition_still"}),
    "asleep": (lambda store: silence.asleep(store, NOW), {"petition_wake"}),
    "pending": (lambda store: silence.pending(store, NOW), {"outbox_next"}),
    "lost": (lambda store: silence.lost(store, NOW), {"outbox_trouble"}),
    "unread": (lambda store: silence.unread(store, NOW), {"letter_next"}),
    "unseen": (lambda store: silence.unseen(store, NOW), {"letter_open"}),
}


@pytest.mark.parametrize("look", LOOKS)
def test_a_look_costs_what_is_under_way_and_not_what_is_over(store: Store, look: str) -> None:
    read, indexes = LOOKS[look]
    plans: list[str] = []

    def explain(_db: Any, cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.startswith("SELECT"):
            prefix = "EXPLAIN QUERY PLAN " if store.is_sqlite else "EXPLAIN "
            plans.append(str(cursor.execute(prefix + statement, parameters).fetchall()))

    with store.engine.connect() as db:
        if not store.is_sqlite:
            # With no rows PostgreSQL would read the whole table whatever indexes there are.
            db.exec_driver_sql(f'ALTER DATABASE "{store.engine.url.database}" SET enable_seqscan = off')
            db.exec_driver_sql(f'ALTER DATABASE "{store.engine.url.database}" SET enable_bitmapscan = off')
            db.commit()
    store.engine.dispose()
    sa.event.listen(store.engine, "before_cursor_execute", explain)
    read(store)
    assert plans
    assert {name for name in indexes if any(name in plan for plan in plans)} == indexes
    assert not any("SCAN petition'" in plan or "SCAN outbox'" in plan or "Seq Scan" in plan for plan in plans)
