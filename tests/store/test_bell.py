"""A ring reaches the alarm clock, also from another process, and a missing bell harms nobody."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from xixi_workflow.store.bell import PostgresBell, SocketBell
from xixi_workflow.store.connect import Store

#: Long enough for any machine; a ring that arrives is heard long before.
PATIENCE = 30.0


def test_silence_is_told_from_a_ring(store: Store, other: Store) -> None:
    store.bell.listen()
    assert store.bell.wait(0.05) is False
    other.bell.ring()
    assert store.bell.wait(PATIENCE) is True
    assert store.bell.wait(0) is False


def test_a_ring_wakes_a_listener_that_is_waiting(store: Store, other: Store) -> None:
    store.bell.listen()
    heard: list[bool] = []
    waiting = threading.Thread(target=lambda: heard.append(store.bell.wait(PATIENCE)))
    waiting.start()
    other.bell.ring()
    waiting.join()
    assert heard == [True]


RING = "import sys; from xixi_workflow.store.connect import Store; s = Store(sys.argv[1]); s.bell.ring(); s.close()"


def test_another_process_is_heard(store: Store, database_url: str) -> None:
    store.bell.listen()
    subprocess.run([sys.executable, "-c", RING, database_url], check=True)
    assert store.bell.wait(PATIENCE) is True


def test_a_ring_while_the_listener_was_busy_is_heard_afterwards(store: Store, other: Store) -> None:
    store.bell.listen()
    for _ in range(3):
        other.bell.ring()
    assert store.bell.wait(PATIENCE) is True


def test_one_may_ring_to_nobody_and_more_than_any_queue_holds(store: Store, other: Store) -> None:
    for _ in range(3):
        other.bell.ring()
    store.bell.listen()
    for _ in range(2000):
        other.bell.ring()
    assert store.bell.wait(PATIENCE) is True


def test_after_a_close_the_bell_can_be_used_again(store: Store, other: Store) -> None:
    store.bell.listen()
    store.bell.close()
    other.bell.ring()
    store.bell.listen()
    other.bell.ring()
    assert store.bell.wait(PATIENCE) is True


# --- the socket of SQLite -------------------------------------------------------------------------------------------


@contextmanager
def bells(path: Path) -> Iterator[tuple[SocketBell, SocketBell]]:
    pair = SocketBell(str(path)), SocketBell(str(path))
    yield pair
    for bell in pair:
        bell.close()


def test_a_socket_that_a_killed_process_left_behind_is_replaced(tmp_path: Path) -> None:
    with bells(tmp_path / "bell") as (left_behind, ringing), bells(tmp_path / "bell") as (listening, _):
        left_behind.listen()
        listening.listen()
        ringing.ring()
        assert listening.wait(PATIENCE) is True
        # Its own end must not take the new one's place away.
        left_behind.close()
        ringing.ring()
        assert listening.wait(PATIENCE) is True


def test_only_the_owner_may_ring(tmp_path: Path) -> None:
    with bells(tmp_path / "bell") as (listening, _):
        listening.listen()
        assert (tmp_path / "bell").stat().st_mode & 0o777 == 0o600
    assert not (tmp_path / "bell").exists()


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="only Linux has a short name for a long path")
def test_a_path_longer_than_any_sockets_name_rings_too(tmp_path: Path) -> None:
    folder = tmp_path / ("西溪街道" * 10) / ("指挥中心" * 10)
    folder.mkdir(parents=True)
    with bells(folder / "xixi.db-bell") as (listening, ringing):
        listening.listen()
        ringing.ring()
        assert listening.wait(PATIENCE) is True


def test_a_name_that_no_socket_can_have_is_silent(tmp_path: Path) -> None:
    with bells(tmp_path / ("长" * 80)) as (listening, ringing):
        listening.listen()
        ringing.ring()
        assert listening.wait(0.01) is False
    assert list(tmp_path.iterdir()) == []


def test_ringing_in_a_folder_that_is_gone_harms_nobody(tmp_path: Path) -> None:
    with bells(tmp_path / "none" / ("西溪街道" * 20) / "bell") as (_, ringing):
        ringing.ring()


def test_a_relative_path_stays_where_it_was_when_the_process_moves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with bells(Path("bell")) as (listening, ringing):
        listening.listen()
        monkeypatch.chdir("/")
        ringing.ring()
        assert listening.wait(PATIENCE) is True


# --- the channel of PostgreSQL --------------------------------------------------------------------------------------


@pytest.fixture
def postgres_bell(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[PostgresBell, str]]:
    url = request.getfixturevalue("postgres_url").replace("postgresql+psycopg", "postgresql")
    bell = PostgresBell(url)
    yield bell, url
    bell.close()


@pytest.mark.postgres
def test_a_listener_whose_connection_was_cut_listens_again(postgres_bell: tuple[PostgresBell, str]) -> None:
    bell, url = postgres_bell
    bell.listen()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = 'LISTEN xixi_alarm'")
    assert bell.wait(0.01) is False
    assert bell.wait(0.01) is False
    bell.ring()
    assert bell.wait(PATIENCE) is True


@pytest.mark.postgres
def test_a_ringer_whose_connection_was_cut_rings_again(postgres_bell: tuple[PostgresBell, str]) -> None:
    bell, url = postgres_bell
    bell.listen()
    bell.ring()
    assert bell.wait(PATIENCE) is True
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = 'NOTIFY xixi_alarm'")
    bell.ring()
    bell.ring()
    assert bell.wait(PATIENCE) is True


def test_a_server_that_is_away_costs_a_ring_and_no_more(tmp_path: Path) -> None:
    bell = PostgresBell(f"postgresql:///none?host={tmp_path}")
    bell.ring()
    assert bell.wait(0.01) is False
    bell.close()
