from __future__ import annotations

from datetime import UTC, datetime, timedelta

from xixi_workflow.store import board
from xixi_workflow.store.connect import Store

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)


def test_a_part_of_the_service_is_known_by_its_last_sign_of_life(database_url: str) -> None:
    store = Store(database_url)
    board.beat(store, "clock@one", "{}", now=NOW)
    board.beat(store, "clock@two", "{}", now=NOW)
    board.beat(store, "clock@one", '{"n":2}', now=NOW + timedelta(seconds=2))
    assert board.beats(store, now=NOW) == [
        board.Beat("clock@one", NOW + timedelta(seconds=2), '{"n":2}'),
        board.Beat("clock@two", NOW, "{}"),
    ]
    board.take_leave(store, "clock@one")
    assert [beat.name for beat in board.beats(store, now=NOW)] == ["clock@two"]
    store.close()


def test_a_part_that_fell_silent_long_ago_is_forgotten(database_url: str) -> None:
    store = Store(database_url)
    board.beat(store, "clock@dead", "{}", now=NOW)
    later = NOW + board.FORGOTTEN_AFTER + timedelta(seconds=1)
    assert board.beats(store, now=later) == []
    board.beat(store, "clock@new", "{}", now=later)
    assert [beat.name for beat in board.beats(store, now=NOW)] == ["clock@new"]
    store.close()


def test_an_empty_database_has_nothing_to_tell(database_url: str) -> None:
    store = Store(database_url)
    assert board.next_alarm(store) is None
    assert board.oldest_message(store) is None
    assert board.troubles(store, NOW) == (0, [])
    assert board.policy_since(store) is None
    assert board.record(store, 20261123000001) is None
    store.close()
