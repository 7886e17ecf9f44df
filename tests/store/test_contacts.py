"""Who was told what, who wrote, who wants no more: the looks at messages and letters, on the real databases."""

from datetime import timedelta
from typing import Any

import pytest

from tests.store.journals import MICRO, NOW, NUMBER, row
from tests.store.telling import (
    FIRST,
    LEASE,
    MINUTE,
    NUMBER_CALLED,
    SECOND,
    claim,
    handed,
    receipt,
    sent,
    settle,
    settled,
    with_messages,
)
from tests.store.telling import receive as receive_receipts
from xixi_workflow.store import boards, contacts
from xixi_workflow.store.connect import Store
from xixi_workflow.store.contacts import StoredLetter, Trouble, Waiting
from xixi_workflow.store.rows import Answered, Letter, Spoken

OTHER_NUMBER = "+8619900000002"


def test_what_a_number_was_told_comes_the_latest_first(store: Store) -> None:
    third = handed("SM3", SECOND, at=NOW + MINUTE, recipient="li", kind="warning")
    far = handed("SM4", FIRST, at=NOW + MINUTE * 2, address=OTHER_NUMBER)
    settle(store, [], [handed("SM1", FIRST, at=NOW - MICRO), handed("SM2", FIRST, SECOND), third, far])
    assert contacts.spoken(store, [NUMBER_CALLED], NOW) == [
        Spoken(NUMBER_CALLED, NOW + MINUTE, "li", "warning", [SECOND]),
        Spoken(NUMBER_CALLED, NOW, "wang", "breach", [FIRST, SECOND]),
    ]
    both = contacts.spoken(store, [OTHER_NUMBER, NUMBER_CALLED, OTHER_NUMBER], NOW - MICRO)
    assert [s.at for s in both] == [NOW + MINUTE * 2, NOW + MINUTE, NOW, NOW - MICRO]
    assert contacts.spoken(store, [], NOW) == contacts.spoken(store, ["+8619900000099"], NOW) == []


def test_a_receipt_alone_tells_nobody_anything(store: Store) -> None:
    with_messages(store, 1)
    receive_receipts(store, receipt("SM1", "sent", FIRST))
    assert contacts.spoken(store, ["", NUMBER_CALLED], NOW - MINUTE) == []


def test_any_number_of_addresses_may_be_asked_about_at_once(store: Store) -> None:
    addresses = [f"+861990{n:07}" for n in range(1201)]
    settle(store, [], [handed(f"SM{n}", FIRST, address=addresses[n]) for n in (0, 600, 1200)])
    with store.transaction() as tx:
        for n in (1, 1199):
            tx.opt(addresses[n], "surveys", NOW, "reply")
    assert {s.address for s in contacts.spoken(store, addresses, NOW)} == {addresses[n] for n in (0, 600, 1200)}
    assert contacts.opted_out(store, addresses) == {addresses[1]: "surveys", addresses[1199]: "surveys"}


def test_who_opted_out_of_what(store: Store) -> None:
    with store.transaction() as tx:
        tx.opt(NUMBER_CALLED, "surveys", NOW, "reply")
        tx.opt(OTHER_NUMBER, "all", NOW, "network")
    assert contacts.opted_out(store, [NUMBER_CALLED, OTHER_NUMBER, "+8619900000003"]) == {
        NUMBER_CALLED: "surveys",
        OTHER_NUMBER: "all",
    }
    assert contacts.opted_out(store, []) == {}


# --- letters ---------------------------------------------------------------------------------------------------------


def with_letters(store: Store) -> list[int]:
    """Two open letters, a done one, an unread one."""
    with store.transaction() as tx:
        numbers = tx.receive([
            Letter(0, "network", f"in-{n}", NOW + n * MINUTE, NUMBER_CALLED, "10690000", f"第{n}封") for n in range(4)
        ])  # fmt: skip
        tx.answer(
            [
                Answered(numbers[0], "open", "not_understood", "wang", NUMBER + 1),
                Answered(numbers[1], "done", "accepted", "wang"),
                Answered(numbers[2], "open", "unknown"),
            ],
            [],
            NOW,
        )
    return numbers


def test_the_operators_list_holds_the_open_letters_the_oldest_first(store: Store) -> None:
    first, _, third, _ = with_letters(store)
    assert contacts.open_letters(store, 10) == [
        StoredLetter(
            first, NOW, NUMBER_CALLED, "10690000", "第0封", "open", "not_understood", "wang", NUMBER + 1, ""
        ),
        StoredLetter(
            third, NOW + 2 * MINUTE, NUMBER_CALLED, "10690000", "第2封", "open", "unknown", "", 0, ""
        ),
    ]  # fmt: skip
    assert [x.id for x in contacts.open_letters(store, 1)] == [first]
    assert contacts.waiting_counts(store) == Waiting(unread=1, open=2)


def test_an_open_letter_is_closed_once_by_one_operator(store: Store) -> None:
    first, done, third, unread = with_letters(store)
    assert contacts.close_letter(store, first, "operator:张三\0")
    assert not any(contacts.close_letter(store, n, "operator:b") for n in (first, done, unread, 99))
    assert [x.id for x in contacts.open_letters(store, 10)] == [third]
    closed = contacts.letter(store, first)
    assert closed is not None
    assert (closed.state, closed.closed_by) == ("closed", "operator:张三\N{REPLACEMENT CHARACTER}")
    assert contacts.waiting_counts(store) == Waiting(unread=1, open=1)


def test_any_letter_can_be_looked_up(store: Store) -> None:
    *_, unread = with_letters(store)
    found = contacts.letter(store, unread)
    assert found == StoredLetter(
        unread, NOW + 3 * MINUTE, NUMBER_CALLED, "10690000", "第3封", "new", "", "", 0, ""
    )  # fmt: skip
    assert contacts.letter(store, 99) is None


# --- messages that did not arrive ------------------------------------------------------------------------------------


def test_messages_in_trouble_are_told_the_latest_first_with_the_reason(store: Store) -> None:
    with_messages(store, 1, 2, 3)
    failed, withheld, went, unsure, *_ = claim(store, NOW, 4)
    settle(
        store,
        [
            settled(failed, "failed", remark="21211 no such number"),
            settled(withheld, "withheld"),
            sent(went, "SM1"),
            settled(unsure, "uncertain", NOW + LEASE, remark="TimeoutError"),
        ],
    )
    (late, _) = claim(store, NOW + MINUTE)
    settle(store, [settled(late, "failed", remark="no such person")])
    assert contacts.undelivered_messages(store, NOW + MICRO, 10) == [
        Trouble(late.petition_id, late.kind, late.recipient, "failed", "no such person", NOW + MINUTE, None)
    ]
    found = contacts.undelivered_messages(store, NOW, 10)
    assert [(t.state, t.remark, t.next_at) for t in found[:1]] == [("failed", "no such person", None)]
    assert {(t.petition, t.kind, t.state, t.remark, t.at, t.next_at) for t in found[1:]} == {
        (failed.petition_id, failed.kind, "failed", "21211 no such number", NOW, None),
        (withheld.petition_id, withheld.kind, "withheld", "", NOW, None),
        (unsure.petition_id, unsure.kind, "uncertain", "TimeoutError", NOW, NOW + LEASE),
    }
    assert len(contacts.undelivered_messages(store, NOW, 2)) == 2


def test_a_failed_message_that_is_sent_again_begins_anew(store: Store) -> None:
    with_messages(store, 1)
    first, _ = claim(store)
    settle(store, [settled(first, "failed", way=2, remark="30003")])
    assert boards.resend_failed(store, NUMBER, now=NOW + MINUTE) == 1
    (again,) = [c for c in claim(store, NOW + MINUTE) if c.n == 0]
    assert (again.state, again.attempts, again.way, again.tried_at) == ("waiting", 0, 0, None)


@pytest.mark.parametrize(
    ("look", "index"),
    [
        (lambda store: contacts.undelivered_messages(store, NOW, 10), "outbox_trouble"),
        (lambda store: contacts.open_letters(store, 10), "letter_open"),
        (contacts.waiting_counts, "letter_next"),
        (contacts.waiting_counts, "letter_open"),
        (lambda store: contacts.spoken(store, [NUMBER_CALLED], NOW - timedelta(hours=1)), "delivery_address"),
    ],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_look_walks_the_index_that_was_made_for_it(store: Store, look: Any, index: str) -> None:
    """PostgreSQL chooses by the size of the tables."""
    seen: list[str] = []
    with store.engine.connect() as connection:
        raw: Any = connection.connection.driver_connection
        connection.commit()
    raw.set_trace_callback(seen.append)
    look(store)
    raw.set_trace_callback(None)
    plans = [
        step[3] for sql in seen if sql.startswith("SELECT") for step in raw.execute(f"EXPLAIN QUERY PLAN {sql}")
    ]  # fmt: skip
    assert f" {index} " in f"{plans} ".replace("'", " ")
    assert [step for step in plans if "TEMP B-TREE" in step] == []


def test_a_text_that_is_written_down_is_one_row(store: Store) -> None:
    settle(store, [], [handed("SM1", FIRST, SECOND, text="两件", address="+86\0")])
    assert row(store, "delivery")["address"] == "+86\N{REPLACEMENT CHARACTER}"
