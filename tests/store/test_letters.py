"""Letters are kept once, read by one process at a time, answered through the outbox; and who wants to hear no more."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import msgspec
import pytest

from tests.store.journals import HARD_TEXT, MICRO, NOW, NUMBER, row, rows
from tests.store.telling import MINUTE, NUMBER_CALLED, claim
from xixi_workflow.store.connect import Store
from xixi_workflow.store.rows import Answered, Letter, Reply


def post(provider_id: str, body: str = "已到", *, at: datetime = NOW, provider: str = "network") -> Letter:
    return Letter(0, provider, provider_id, at, NUMBER_CALLED, "10690000", body)


def receive(store: Store, *letters: Letter) -> list[int]:
    with store.transaction() as tx:
        return tx.receive(list(letters))


def read(store: Store, now: datetime = NOW, limit: int = 10) -> list[Letter]:
    with store.transaction() as tx:
        return tx.letters(now, limit)


def test_a_letter_comes_back_letter_by_letter(store: Store) -> None:
    (number,) = receive(store, post("in-1", HARD_TEXT))
    assert read(store) == [Letter(number, "network", "in-1", NOW, NUMBER_CALLED, "10690000", HARD_TEXT)]
    found = row(store, "letter")
    assert (found["state"], found["next_at"], found["outcome"], found["petition_id"]) == ("new", NOW, None, None)


def test_what_a_database_cannot_hold_is_shown_as_missing(store: Store) -> None:
    receive(store, Letter(0, "net\0", "in\0", NOW, "+86\0", "1\0", "a\0b\ud83d"))
    (kept,) = read(store)
    gap = "\N{REPLACEMENT CHARACTER}"
    assert (kept.provider, kept.provider_id, kept.address, kept.to, kept.body) == (
        f"net{gap}", f"in{gap}", f"+86{gap}", f"1{gap}", f"a{gap}b?"
    )  # fmt: skip


def test_a_letter_that_is_brought_again_is_the_same_letter(store: Store, other: Store) -> None:
    first = receive(store, post("in-1"))
    assert receive(store) == receive(other, post("in-1", "another body", at=NOW + MINUTE)) == []
    both = receive(store, post("in-1"), post("in-2"), post("in-2"), post("in-1", provider="elsewhere"))
    assert len(first) == 1
    assert len({*first, *both}) == 3
    assert [(x.provider, x.provider_id, x.body) for x in read(store)] == [
        ("network", "in-1", "已到"), ("network", "in-2", "已到"), ("elsewhere", "in-1", "已到")
    ]  # fmt: skip


def test_a_letter_that_two_calls_bring_at_once_is_kept_once(store: Store, other: Store) -> None:
    barrier = threading.Barrier(2)

    def bring(source: Store) -> list[int]:
        barrier.wait()
        return [number for n in range(40) for number in receive(source, post(f"in-{n}"))]

    with ThreadPoolExecutor(2) as pool:
        new = [one.result() for one in [pool.submit(bring, store), pool.submit(bring, other)]]
    assert len(new[0]) + len(new[1]) == len({*new[0], *new[1]}) == len(rows(store, "letter")) == 40


def test_letters_are_read_in_the_order_in_which_they_came_and_not_before_their_time(store: Store) -> None:
    receive(store, post("in-2"), post("in-3"), post("in-4", at=NOW + MINUTE))
    receive(store, post("in-1", at=NOW - MINUTE))
    assert [x.provider_id for x in read(store)] == ["in-1", "in-2", "in-3"]
    assert [x.provider_id for x in read(store, limit=2)] == ["in-1", "in-2"]
    assert read(store, NOW - MINUTE - MICRO) == []


@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_two_readers_at_once_have_different_letters(store: Store, other: Store) -> None:
    receive(store, *(msgspec.structs.replace(post(f"in-{n}"), address=f"+861990000{n:04}") for n in range(5)))
    with store.transaction() as tx:
        mine = [x.provider_id for x in tx.letters(NOW, 2)]
        theirs = [x.provider_id for x in read(other)]
    assert (mine, theirs) == (["in-0", "in-1"], ["in-2", "in-3", "in-4"])
    assert len(read(other)) == 5


def test_many_readers_answer_every_letter_once(store: Store, other: Store) -> None:
    receive(store, *(post(f"in-{n}") for n in range(60)))
    barrier = threading.Barrier(2)

    def answer_all(source: Store) -> list[int]:
        done: list[int] = []
        barrier.wait()
        while True:
            with source.transaction() as tx:
                some = tx.letters(NOW, 7)
                tx.answer(
                    [Answered(x.id, "done", "accepted") for x in some],
                    [Reply(x.id, x.address, "wang", "accepted", ["收到"]) for x in some],
                    NOW,
                )
            done += [x.id for x in some]
            if not some:
                return done

    with ThreadPoolExecutor(2) as pool:
        both = [one.result() for one in [pool.submit(answer_all, store), pool.submit(answer_all, other)]]
    # On PostgreSQL one reader may find nothing while the other holds the rest.
    assert len(both[0]) + len(both[1]) == len({*both[0], *both[1]}) == 60
    assert len(rows(store, "outbox")) == 60


def test_an_answer_ends_the_reading_and_says_what_became_of_it(store: Store) -> None:
    done, asked, stranger = receive(store, post("in-1"), post("in-2"), post("in-3"))
    with store.transaction() as tx:
        tx.answer(
            [
                Answered(done, "done", "accepted", "wang", NUMBER + 7),
                Answered(asked, "asked", "which_one", "wang"),
                Answered(stranger, "open", "not_understood"),
            ],
            [],
            NOW,
        )
        tx.answer([], [], NOW)
    names = ("state", "outcome", "person", "petition_id", "next_at")
    assert [tuple(x[name] for name in names) for x in rows(store, "letter")] == [
        ("done", "accepted", "wang", NUMBER + 7, None),
        ("asked", "which_one", "wang", None, None),
        ("open", "not_understood", None, None, None),
    ]
    assert read(store, NOW + MINUTE) == []


def test_replies_wait_in_the_outbox_under_the_number_of_their_letter(store: Store) -> None:
    one, two = receive(store, post("in-1"), post("in-2"))
    with store.transaction() as tx:
        tx.answer(
            [Answered(one, "done", "full_text"), Answered(two, "open", "unknown")],
            [
                Reply(one, NUMBER_CALLED, "wang", "full_text", ["1/2 " + HARD_TEXT, "2/2"]),
                Reply(two, "+8619900000002\0", "", "unknown", ["x"]),
                Reply(one, NUMBER_CALLED, "wang", "also", ["还有"]),
            ],
            NOW + MICRO,
        )
    names = ("petition_id", "seq", "n", "kind", "recipient", "address", "text")
    assert [tuple(m[name] for name in names) for m in rows(store, "outbox")] == [
        (-two, 0, 0, "unknown", "", "+8619900000002\N{REPLACEMENT CHARACTER}", "x"),
        (-one, 0, 0, "full_text", "wang", NUMBER_CALLED, "1/2 " + HARD_TEXT),
        (-one, 0, 1, "full_text", "wang", NUMBER_CALLED, "2/2"),
        (-one, 0, 2, "also", "wang", NUMBER_CALLED, "还有"),
    ]
    states = {(m["state"], m["next_at"], m["attempts"], m["way"], m["vars"]) for m in rows(store, "outbox")}
    assert states == {("waiting", NOW + MICRO, 0, 0, "{}")}
    assert claim(store, NOW) == []
    assert len(claim(store, NOW + MICRO)) == 4


def test_a_transaction_that_fails_leaves_the_letter_to_be_read_again(store: Store) -> None:
    (number,) = receive(store, post("in-1"))

    def interrupted() -> None:
        with store.transaction() as tx:
            tx.answer([Answered(number, "done", "x")], [Reply(number, NUMBER_CALLED, "wang", "x", ["x"])], NOW)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert [x.id for x in read(store)] == [number]
    assert rows(store, "outbox") == []


def test_a_letter_that_is_put_aside_waits_and_holds_up_no_other(store: Store) -> None:
    ill, well, done = receive(store, post("in-1"), post("in-2"), post("in-3"))
    with store.transaction() as tx:
        tx.answer([Answered(done, "done", "x")], [], NOW)
        tx.put_aside([ill, done], NOW + MINUTE)
        tx.put_aside([], NOW)
    assert [x.id for x in read(store)] == [well]
    assert [x.id for x in read(store, NOW + MINUTE)] == [well, ill]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_number_of_a_deleted_letter_is_never_given_again(store: Store) -> None:
    """PostgreSQL counts on by itself."""
    (first,) = receive(store, post("in-1"))
    with store.writing() as db:
        db.exec_driver_sql("DELETE FROM letter")
    assert receive(store, post("in-1")) == [first + 1]


def test_a_number_that_opts_out_and_back_is_noted_as_it_last_said(store: Store) -> None:
    with store.transaction() as tx:
        tx.opt(NUMBER_CALLED, "surveys", NOW, "reply")
        tx.opt("+8619900000002", "all", NOW, "network")
    with store.transaction() as tx:
        tx.opt(NUMBER_CALLED, "all", NOW + MINUTE, "network")
        tx.opt("+8619900000003", None, NOW, "reply")
    assert rows(store, "opt_out") == [
        {"address": NUMBER_CALLED, "scope": "all", "at": NOW + MINUTE, "by": "network"},
        {"address": "+8619900000002", "scope": "all", "at": NOW, "by": "network"},
    ]
    with store.transaction() as tx:
        tx.opt(NUMBER_CALLED, None, NOW, "reply")
    assert [o["address"] for o in rows(store, "opt_out")] == ["+8619900000002"]
