"""Messages are claimed by one process at a time and settled by whoever still owns them, on the real databases."""

from datetime import timedelta

import msgspec
import pytest
import sqlalchemy as sa

from tests.store.journals import HARD_TEXT, MICRO, NOW, NUMBER, filing, petition, progress, row, rows, save
from tests.store.telling import (
    FIRST,
    LEASE,
    MINUTE,
    NUMBER_CALLED,
    SECOND,
    claim,
    fate,
    handed,
    keys,
    message,
    sent,
    settle,
    settled,
    with_messages,
)
from xixi_workflow.core.petition import Vars
from xixi_workflow.store.connect import Store
from xixi_workflow.store.rows import Answered, Claimed, Letter, Reply, decode_petition
from xixi_workflow.store.tables import metadata


def with_two_each(store: Store) -> None:
    """Petitions 1 and 2 have two messages each, those of 2 a microsecond earlier."""
    save(store, filing(1), filing(2))
    save(store, progress(2), at=NOW - MICRO)
    save(store, progress(1), at=NOW)


def test_a_claim_gives_the_oldest_first_with_all_that_the_text_needs(store: Store) -> None:
    with_two_each(store)
    claimed = claim(store, NOW, 3)
    assert keys(claimed) == [(2, 1, 0), (2, 1, 1), (1, 1, 0)]
    (first, *_, last) = claimed
    assert msgspec.json.decode(first.vars, type=Vars) == progress(2).messages[0][2].vars
    assert decode_petition(first.live) == progress(2).petition
    said = filing(2).intake
    assert said is not None
    assert msgspec.structs.asdict(first) == {
        "petition_id": NUMBER + 2, "seq": 1, "n": 0, "kind": "resolved", "recipient": "petitioner",
        "vars": first.vars, "state": "waiting", "attempts": 0, "way": 0, "remark": None, "tried_at": None,
        "address": None, "text": None, "decided_at": NOW, "policy": 3, "live": first.live, "community": "翠苑社区",
        "confidential": True, "name": "测试甲", "phone": "19900000002", "language": "en", "title": said[1].title,
        "place": "文三路 1 号",
    }  # fmt: skip
    assert last.confidential is False


def test_a_message_was_decided_when_the_line_that_caused_it_was_written(store: Store) -> None:
    """Not when the event happened, which may have become known much later."""
    late = progress(1)
    late.messages = [(2, 0, late.messages[0][2])]
    save(store, filing(1))
    save(store, late)
    (happened,) = [line["at"] for line in rows(store, "journal") if line["seq"] == 2]
    (claimed,) = claim(store, NOW + MINUTE)
    assert claimed.decided_at == NOW > happened


def test_a_reply_is_claimed_with_its_own_number_and_text_and_without_a_petition(store: Store) -> None:
    with_messages(store, 1)
    with store.transaction() as tx:
        (number,) = tx.receive([Letter(0, "network", "in-1", NOW, NUMBER_CALLED, "10690000", "什么")])
        reply = Reply(number, NUMBER_CALLED, "wang", "not_understood", [HARD_TEXT, "2/2 \0"])
        tx.answer([Answered(number, "open", "not_understood")], [reply], NOW - MICRO)
    first, second, *_ = claim(store)
    assert (first.petition_id, first.seq, first.n, second.n) == (-number, 0, 0, 1)
    assert (first.kind, first.recipient, first.address, first.text) == (
        "not_understood", "wang", NUMBER_CALLED, HARD_TEXT
    )  # fmt: skip
    assert second.text == "2/2 \N{REPLACEMENT CHARACTER}"
    assert (first.policy, first.live, first.decided_at, first.confidential) == (0, b"", None, False)
    assert {first.community, first.name, first.phone, first.language, first.title, first.place} == {""}
    assert msgspec.json.decode(first.vars, type=Vars) == Vars()
    settle(store, [sent(first, "SM1")], [handed("SM1", (-number, 0, 0), text=first.text)])
    assert fate(store, (-number, 0, 0)) == ("sent", None, "SM1")
    assert row(store, "delivery")["text"] == HARD_TEXT


def test_what_is_claimed_is_nobody_elses_until_the_lease_ends(store: Store, other: Store) -> None:
    with_two_each(store)
    assert claim(store, NOW - timedelta(hours=1)) == []
    assert len(claim(store, NOW, 3)) == 3
    assert keys(claim(other, NOW)) == [(1, 1, 1)]
    assert claim(other, NOW + LEASE - MICRO) == []
    again = claim(other, NOW + LEASE)
    assert [(c.state, c.attempts, c.tried_at) for c in again] == [("sending", 1, NOW)] * 4
    third = claim(store, NOW + LEASE * 2)
    assert {(c.attempts, c.tried_at) for c in third} == {(2, NOW)}


@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_two_services_that_claim_at_once_share_the_messages(store: Store, other: Store) -> None:
    with_two_each(store)
    with store.transaction() as tx:
        mine = keys(tx.claim(NOW, NOW + LEASE, 2))
        theirs = keys(claim(other, NOW, 4))
    assert (mine, theirs) == ([(2, 1, 0), (2, 1, 1)], [(1, 1, 0), (1, 1, 1)])


@pytest.mark.parametrize(
    ("state", "next_at", "taken"),
    [
        ("waiting", NOW, True),
        ("uncertain", NOW, True),
        ("sent", NOW, True),
        ("undelivered", NOW - MINUTE, True),
        ("sending", NOW, True),
        ("sent", NOW + MICRO, False),
        ("waiting", NOW + MICRO, False),
        *((state, None, False) for state in ("sent", "delivered", "failed", "withheld", "overtaken", "uncertain")),
    ],
)
def test_only_the_next_moment_says_whether_a_message_is_taken(
    store: Store, state: str, next_at: object, taken: bool
) -> None:
    with_messages(store, 1)
    outbox = metadata.tables["outbox"]
    with store.writing() as db:
        db.execute(sa.update(outbox).values(state=state, next_at=next_at, way=2, remark="说明", sent_at=NOW))
    found = claim(store)
    assert [(c.state, c.way, c.remark) for c in found] == ([(state, 2, "说明")] * 2 if taken else [])


def test_a_fate_is_written_and_ends_the_waiting_or_sets_its_next_moment(store: Store) -> None:
    with_two_each(store)
    went, failed, again, unsure = claim(store, NOW)
    later = NOW + timedelta(seconds=30, microseconds=1)
    remark = "provider: 失败\0 \ud83d " + HARD_TEXT
    settle(
        store,
        [
            settled(went, "sent", sent_at=NOW + MICRO, remark="id-1"),
            settled(failed, "failed", remark=remark),
            settled(again, "waiting", later, attempts=0, way=1),
            settled(unsure, "uncertain", later + MICRO, attempts=2),
        ],
    )
    settle(store, [])
    names = ("state", "next_at", "attempts", "way", "tried_at", "sent_at", "remark")
    kept = "provider: 失败\N{REPLACEMENT CHARACTER} ? " + HARD_TEXT
    by_key = {(m["petition_id"] - NUMBER, m["n"]): tuple(m[name] for name in names) for m in rows(store, "outbox")}
    assert by_key == {
        (2, 0): ("sent", None, 1, 0, NOW, NOW + MICRO, "id-1"),
        (2, 1): ("failed", None, 1, 0, NOW, None, kept),
        (1, 0): ("waiting", later, 0, 1, NOW, None, None),
        (1, 1): ("uncertain", later + MICRO, 2, 0, NOW, None, None),
    }
    assert [(c.petition_id - NUMBER, c.n, c.way) for c in claim(store, later)] == [(1, 0, 1)]
    assert [(c.state, c.attempts) for c in claim(store, later + MICRO)] == [("uncertain", 2)]


# --- the fence -------------------------------------------------------------------------------------------------------


def slow_and_quick(store: Store, other: Store) -> tuple[Claimed, Claimed]:
    """The first message, claimed by somebody who was too slow and then by somebody else."""
    with_messages(store, 1)
    (slow,) = claim(store, NOW, 1)
    (quick,) = [c for c in claim(other, NOW + LEASE) if c.n == slow.n]
    return slow, quick


def test_who_lost_a_message_to_another_process_writes_nothing(store: Store, other: Store) -> None:
    slow, quick = slow_and_quick(store, other)
    settle(store, [settled(slow, "failed", remark="too late")])
    assert fate(store) == ("sending", NOW + LEASE * 2, None)
    settle(other, [sent(quick, "SM2")])
    settle(store, [settled(slow, "failed", remark="far too late")])
    assert fate(store) == ("sent", None, "SM2")


def test_who_settled_a_message_has_no_more_say_in_it(store: Store) -> None:
    with_messages(store, 1)
    c, _ = claim(store)
    settle(store, [settled(c, "waiting", NOW + MINUTE)])
    settle(store, [sent(c, "SM1")])
    assert fate(store) == ("waiting", NOW + MINUTE, None)


def test_a_text_that_went_out_is_written_down_even_by_who_lost_its_message(store: Store, other: Store) -> None:
    slow, quick = slow_and_quick(store, other)
    settle(other, [sent(quick, "SM2")], [handed("SM2", FIRST)])
    settle(store, [sent(slow, "SM1")], [handed("SM1", FIRST)])
    assert fate(store) == ("sent", None, "SM2")
    assert [d["provider_id"] for d in rows(store, "delivery")] == ["SM1", "SM2"]


def test_of_several_fates_only_those_that_are_still_ours_are_written(store: Store, other: Store) -> None:
    with_messages(store, 1, 2)
    mine = claim(store)
    lost = claim(other, NOW + LEASE, 2)
    settle(store, [sent(c, "SM1") for c in mine])
    states = {(m["petition_id"] - NUMBER, m["n"]): m["state"] for m in rows(store, "outbox")}
    assert {(c.petition_id - NUMBER, c.n) for c in lost} == {key for key, state in states.items() if state == "sending"}
    assert sorted(states.values()) == ["sending", "sending", "sent", "sent"]


def test_a_message_that_stays_claimed_may_be_settled_once_more(store: Store) -> None:
    """Before a text that tells several goes out, each of them is marked with which others."""
    with_messages(store, 1)
    c, _ = claim(store)
    settle(store, [settled(c, "sending", NOW + LEASE, remark="with others")])
    assert fate(store) == ("sending", NOW + LEASE, "with others")
    settle(store, [sent(c, "SM1")])
    assert fate(store) == ("sent", None, "SM1")


def test_a_message_that_is_not_there_is_no_reason_to_lose_the_others(store: Store) -> None:
    with_messages(store, 1)
    c, _ = claim(store)
    gone = msgspec.structs.replace(c, petition_id=NUMBER + 77)
    settle(store, [sent(gone, "SM0"), sent(c, "SM1")], [handed("SM1", (NUMBER + 77, 1, 0), FIRST)])
    assert fate(store) == ("sent", None, "SM1")


def test_a_message_that_went_out_once_keeps_the_moment_when_it_did(store: Store) -> None:
    with_messages(store, 1)
    c, _ = claim(store)
    settle(store, [sent(c, "SM1", next_at=NOW + MINUTE)])
    again, _ = claim(store, NOW + LEASE)
    settle(store, [settled(again, "uncertain", None, way=1, remark="TimeoutError")])
    assert fate(store) == ("uncertain", None, "TimeoutError")
    assert message(store)["sent_at"] == NOW
    assert message(store, SECOND)["sent_at"] is None


def test_a_claimed_petition_is_the_one_that_was_saved(store: Store) -> None:
    save(store, filing(1))
    waiting = progress(1)
    waiting.petition = petition(1, state="in_progress", seq=3)
    save(store, waiting)
    assert {decode_petition(c.live).state for c in claim(store)} == {"in_progress"}
