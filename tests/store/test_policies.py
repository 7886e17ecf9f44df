"""Every policy that was ever in force is kept; the highest version is in force."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import sqlalchemy as sa

from tests.store.journals import HARD_TEXT, NOW
from xixi_workflow.store import policies
from xixi_workflow.store.connect import Store
from xixi_workflow.store.tables import PolicyRow

LATER = NOW + timedelta(days=1)


def test_a_new_database_has_no_policy(store: Store) -> None:
    assert policies.newest(store) == 0
    with pytest.raises(LookupError, match="no policy version 1"):
        policies.get(store, 1)


def test_versions_count_from_one_and_give_back_what_was_put(store: Store) -> None:
    first, second = f'{{"a":"{HARD_TEXT}"}}'.encode(), b"{}"
    assert policies.put(store, first, "aa", now=NOW) == 1
    assert policies.put(store, second, "bb", now=LATER) == 2
    assert policies.newest(store) == 2
    assert (policies.get(store, 1), policies.get(store, 2)) == (first, second)


def test_the_policy_in_force_keeps_its_version(store: Store) -> None:
    assert [policies.put(store, b"{}", "aa", now=NOW) for _ in range(3)] == [1, 1, 1]


def test_an_older_policy_that_comes_back_is_in_force_again_under_a_new_version(store: Store) -> None:
    for digest in ("aa", "bb", "aa", "aa"):
        policies.put(store, digest.encode(), digest, now=NOW)
    assert policies.newest(store) == 3
    assert policies.get(store, 3) == policies.get(store, 1) == b"aa"


def test_services_that_publish_at_once_agree(store: Store, other: Store) -> None:
    barrier = threading.Barrier(4)

    def publish(source: Store) -> int:
        barrier.wait()
        return policies.put(source, b"{}", "aa", now=NOW)

    with ThreadPoolExecutor(4) as pool:
        versions = list(pool.map(publish, [store, other, store, other]))
    assert versions == [1, 1, 1, 1]


def test_who_publishes_while_another_does_waits_and_sees_it(store: Store, other: Store) -> None:
    with ThreadPoolExecutor(1) as pool:
        with other.writing() as connection:
            connection.execute(sa.insert(PolicyRow).values(version=1, digest="aa", at=NOW, canonical="{}"))
            waiting = pool.submit(policies.put, store, b"{}", "aa", now=NOW)
            with pytest.raises(TimeoutError):
                waiting.result(timeout=0.3)
        assert waiting.result() == 1
