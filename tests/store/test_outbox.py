"""Messages are claimed by one process at a time and settled, on the real databases."""

from datetime import datetime, timedelta

import msgspec
import pytest

from tests.store.journals import HARD_TEXT, MICRO, NOW, NUMBER, filing, progress, rows, save
from xixi_workflow.core.petition import Vars
from xixi_workflow.store.connect import Store
from xixi_workflow.store.rows import Claimed, Settled

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
