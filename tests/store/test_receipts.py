"""What providers say of texts later: before and after the settlement, twice, out of order, of texts unknown to us."""

from datetime import timedelta
from itertools import count

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as proving
from hypothesis import strategies as st

from tests.store.journals import MICRO, NOW, NUMBER, row, rows
from tests.store.telling import (
    FIRST,
    LEASE,
    MINUTE,
    SECOND,
    claim,
    fate,
    handed,
    message,
    receipt,
    receive,
    sent,
    settle,
    settled,
    texts,
    with_messages,
)
from xixi_workflow.store.connect import Store
from xixi_workflow.store.rows import Key

LATER = NOW + MINUTE


def gone_out(store: Store) -> None:
    """Both messages of petition 1 went out in one text, and a receipt is awaited."""
    with_messages(store, 1)
    both = claim(store)
    settle(store, [sent(c, "SM1", next_at=NOW + LEASE) for c in both], [handed("SM1", FIRST, SECOND)])


@pytest.mark.parametrize(
    ("states", "text", "state", "next_at", "remark"),
    [
        (["sent"], ("sent", None, LATER), "sent", NOW + LEASE, "SM1"),
        (["delivered"], ("delivered", None, LATER), "delivered", None, "SM1"),
        (["undelivered"], ("undelivered", "30003", LATER), "undelivered", LATER, "30003"),
        (["sent", "delivered"], ("delivered", None, LATER), "delivered", None, "SM1"),
        (["delivered", "sent", "undelivered"], ("delivered", None, LATER), "delivered", None, "SM1"),
        (["undelivered", "delivered"], ("delivered", None, LATER), "delivered", None, "SM1"),
        (["undelivered", "undelivered", "sent"], ("undelivered", "30003", LATER), "undelivered", LATER, "30003"),
    ],
)
@pytest.mark.parametrize("together", [True, False])
def test_a_receipt_moves_a_text_and_every_message_in_it_forward_only(
    store: Store, states: list[str], text: object, state: str, next_at: object, remark: str, together: bool
) -> None:
    gone_out(store)
    said = [receipt("SM1", s, FIRST, at=LATER, code="30003" if s == "undelivered" else "") for s in states]
    for some in [said] if together else [[one] for one in said]:
        receive(store, *some)
    assert texts(store) == {"SM1": text}
    assert fate(store, FIRST) == fate(store, SECOND) == (state, next_at, remark)
    assert message(store)["sent_at"] == NOW


def test_a_text_that_did_not_arrive_is_due_at_once_and_says_why(store: Store) -> None:
    gone_out(store)
    receive(store, receipt("SM1", "undelivered", FIRST, at=LATER, code="passing 30001\0"))
    assert [(c.state, c.remark, c.attempts) for c in claim(store, LATER)] == [
        ("undelivered", "passing 30001\N{REPLACEMENT CHARACTER}", 1)
    ] * 2


def test_a_late_receipt_never_undoes_a_delivery(store: Store) -> None:
    gone_out(store)
    receive(store, receipt("SM1", "delivered", at=LATER))
    before = rows(store, "delivery"), rows(store, "outbox")
    for state in ("sent", "undelivered", "delivered"):
        receive(store, receipt("SM1", state, FIRST, at=LATER + MINUTE, code="30008"))
    assert (rows(store, "delivery"), rows(store, "outbox")) == before


def test_a_text_of_which_nobody_has_heard_changes_nothing(store: Store) -> None:
    gone_out(store)
    before = rows(store, "delivery"), rows(store, "outbox")
    names = ("", "canary", "1/2", "1/2/3/4", "a/b/c", f"{FIRST[0]}/1/0 ", "1/99999/0", "9" * 30 + "/1/1", "一/1/1")
    for name in names:
        unknown = receipt("SM7", "delivered", at=LATER)
        unknown.message = name
        receive(store, unknown)
    receive(store)
    assert (rows(store, "delivery"), rows(store, "outbox")) == before


def test_the_same_id_at_another_provider_is_another_text(store: Store) -> None:
    gone_out(store)
    other = receipt("SM1", "delivered", at=LATER)
    other.provider = "elsewhere"
    receive(store, other)
    assert texts(store) == {"SM1": ("sent", None, None)}


# --- before the settlement -------------------------------------------------------------------------------------------


def test_a_receipt_that_comes_first_keeps_a_place_for_its_text(store: Store) -> None:
    with_messages(store, 1)
    claim(store)
    receive(store, receipt("SM1", "delivered", FIRST, at=LATER))
    assert row(store, "delivery") == {
        "provider": "network", "provider_id": "SM1", "at": LATER, "channel": "", "address": "", "recipient": "",
        "kind": "", "parts": f"[[{FIRST[0]},1,0]]", "text": None, "state": "delivered", "code": None,
        "receipt_at": LATER,
    }  # fmt: skip
    # Its owner is still at it.
    assert fate(store) == ("sending", NOW + LEASE, None)


@pytest.mark.parametrize(
    ("state", "after"),
    [
        ("sent", ("sent", NOW + LEASE, "SM1")),
        ("delivered", ("delivered", None, "SM1")),
        ("undelivered", ("undelivered", LATER, "30003")),
    ],
)
def test_a_settlement_honours_the_receipt_that_came_before_it_for_all_that_the_text_tells(
    store: Store, state: str, after: object
) -> None:
    with_messages(store, 1)
    both = claim(store)
    receive(store, receipt("SM1", state, FIRST, at=LATER, code="30003" if state == "undelivered" else ""))
    settle(store, [sent(c, "SM1", next_at=NOW + LEASE) for c in both], [handed("SM1", FIRST, SECOND, text="两件")])
    assert fate(store, FIRST) == fate(store, SECOND) == after
    found = row(store, "delivery")
    assert (found["state"], found["channel"], found["recipient"], found["text"]) == (state, "sms", "wang", "两件")
    assert (found["at"], found["receipt_at"]) == (NOW, LATER)


def test_a_settlement_without_the_text_leaves_its_receipt_alone(store: Store) -> None:
    with_messages(store, 1)
    first, _ = claim(store)
    receive(store, receipt("SM1", "delivered", FIRST, at=LATER))
    settle(store, [settled(first, "waiting", LATER, remark="busy")], [handed("SM1", FIRST)])
    assert fate(store) == ("waiting", LATER, "busy")


def test_the_text_of_another_message_has_nothing_to_do_with_this_one(store: Store) -> None:
    with_messages(store, 1)
    first, second = claim(store)
    receive(store, receipt("SM1", "undelivered", FIRST, at=LATER, code="30003"))
    settle(store, [sent(first, "SM1"), sent(second, "SM2")], [handed("SM1", FIRST), handed("SM2", SECOND)])
    assert fate(store, FIRST) == ("undelivered", LATER, "30003")
    assert fate(store, SECOND) == ("sent", None, "SM2")


def test_writing_a_text_down_twice_keeps_what_the_receipt_said(store: Store) -> None:
    gone_out(store)
    receive(store, receipt("SM1", "delivered", at=LATER))
    settle(store, [], [handed("SM1", FIRST, SECOND), handed("SM1", FIRST, SECOND)])
    assert texts(store) == {"SM1": ("delivered", None, LATER)}
    assert fate(store) == ("delivered", None, "SM1")


# --- when nobody knows -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "after"),
    [
        ("sent", ("sent", None, "SM1")),
        ("delivered", ("delivered", None, "SM1")),
        ("undelivered", ("undelivered", LATER, "30003")),
    ],
)
def test_a_receipt_that_names_an_uncertain_message_says_that_it_went_out(
    store: Store, state: str, after: object
) -> None:
    with_messages(store, 1)
    first, second = claim(store)
    settle(store, [settled(c, "uncertain", NOW + LEASE, remark="TimeoutError") for c in (first, second)])
    receive(store, receipt("SM1", state, FIRST, at=LATER, code="30003" if state == "undelivered" else ""))
    assert fate(store, FIRST) == after
    assert fate(store, SECOND) == ("uncertain", NOW + LEASE, "TimeoutError")
    # And what comes after it goes on from there.
    receive(store, receipt("SM1", "delivered", at=LATER + MINUTE))
    assert fate(store, FIRST) == ("delivered", None, "SM1")


def test_a_receipt_said_again_settles_what_became_uncertain_meanwhile(store: Store) -> None:
    with_messages(store, 1)
    first, _ = claim(store)
    receive(store, receipt("SM1", "sent", FIRST, at=NOW))
    settle(store, [settled(first, "uncertain", NOW + LEASE, remark="TimeoutError")])
    receive(store, receipt("SM1", "sent", FIRST, at=LATER))
    assert fate(store) == ("sent", None, "SM1")


def tried_again(store: Store, state: str, remark: str) -> None:
    """No receipt came for SM1, so both messages went the next way, with this outcome."""
    gone_out(store)
    again = claim(store, NOW + LEASE)
    settle(store, [settled(c, state, NOW + LEASE * 2, way=1, remark=remark) for c in again], [handed("C2", FIRST)])


def test_the_late_word_that_an_earlier_text_failed_does_not_disturb_the_next_way(store: Store) -> None:
    tried_again(store, "sent", "C2")
    receive(store, receipt("SM1", "undelivered", FIRST, at=NOW + LEASE + MINUTE, code="30003"))
    assert texts(store)["SM1"][0] == "undelivered"
    assert fate(store) == ("sent", NOW + LEASE * 2, "C2")


@pytest.mark.parametrize("state", ["sent", "waiting", "uncertain", "failed"])
def test_the_late_word_that_an_earlier_text_arrived_ends_every_further_attempt(store: Store, state: str) -> None:
    tried_again(store, state, "C2" if state == "sent" else "no such number")
    receive(store, receipt("SM1", "delivered", FIRST, at=NOW + LEASE + MINUTE))
    assert fate(store, FIRST) == fate(store, SECOND) == ("delivered", None, "SM1")


@pytest.mark.parametrize("state", ["withheld", "overtaken"])
def test_what_was_decided_about_a_message_stays(store: Store, state: str) -> None:
    tried_again(store, state, "so")
    receive(store, receipt("SM1", "delivered", FIRST, at=NOW + LEASE + MINUTE))
    assert fate(store) == (state, NOW + LEASE * 2, "so")


def test_that_an_earlier_text_is_on_its_way_says_nothing_of_the_attempt_that_nobody_knows_of(store: Store) -> None:
    """Else the message would count as sent and nobody would ask any more."""
    tried_again(store, "uncertain", "TimeoutError")
    receive(store, receipt("SM1", "sent", FIRST, at=NOW + LEASE + MINUTE))
    assert fate(store) == ("uncertain", NOW + LEASE * 2, "TimeoutError")


# --- in any order ----------------------------------------------------------------------------------------------------

serials = count(1)
SAID = st.lists(st.sampled_from(["sent", "undelivered", "delivered"]), max_size=5)


@proving(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(SAID, SAID, st.booleans(), st.booleans(), st.booleans())
def test_where_a_message_ends_does_not_depend_on_the_order_of_settlement_and_receipts(
    store: Store, before: list[str], after: list[str], unsure: bool, named: bool, at_once: bool
) -> None:
    """Where the answer was lost too: the provider is asked, and what it says of the text is written down."""
    serial = next(serials)
    with_messages(store, serial)
    # Only this example's, whatever became of the one before. Messages of one instant come in any order.
    mine = [c for c in claim(store, NOW, 1000) if c.petition_id == NUMBER + serial]
    first, second = sorted(mine, key=lambda c: c.n)
    name = f"SM-{serial}"
    key: Key = (NUMBER + serial, 1, 0)

    def say(states: list[str]) -> None:
        # A provider that has told us the text's name may leave ours out, not before.
        said = [receipt(name, s, key if named or states is before else None, at=LATER, code="30003") for s in states]
        for some in [said] if at_once else [[one] for one in said]:
            receive(store, *some)

    say(before)
    if unsure:
        settle(store, [settled(first, "uncertain", NOW + MICRO), settled(second, "failed")])
        again = [c for c in claim(store, NOW + LEASE, 1000) if (c.petition_id, c.seq, c.n) == key]
    else:
        settle(store, [settled(second, "failed")])
        again = [first]
    settle(store, [sent(c, name, next_at=NOW + timedelta(hours=1)) for c in again], [handed(name, key)])
    say(after)

    said = {"sent", *before, *after}
    end = "delivered" if "delivered" in said else "undelivered" if "undelivered" in said else "sent"
    expected = {
        "sent": ("sent", NOW + timedelta(hours=1), name),
        "delivered": ("delivered", None, name),
        "undelivered": ("undelivered", LATER, "30003"),
    }[end]
    assert texts(store)[name][0] == end
    assert fate(store, key) == expected
    assert fate(store, (NUMBER + serial, 1, 1)) == ("failed", None, None)
