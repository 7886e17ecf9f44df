"""The database goes away under a running service, and comes back."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import make_url

from tests.conftest import driver_uri, fresh_postgres_database
from tests.processes.running import running, wait_for

pytestmark = [pytest.mark.slow, pytest.mark.postgres]


def allow(server: str, database: str, connections: bool) -> None:
    """Let everybody into `database`, or throw everybody out of it."""
    with psycopg.connect(driver_uri(make_url(server)), autocommit=True) as connection:
        connection.execute(f'ALTER DATABASE "{database}" ALLOW_CONNECTIONS {str(connections).lower()}'.encode())
        if not connections:
            connection.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", (database,))


def test_senders_are_told_to_come_again_and_the_clock_catches_up(postgres_url: str, tmp_path: Path) -> None:
    with fresh_postgres_database(postgres_url) as url, running(tmp_path, url) as service:
        database = make_url(url).database
        assert database is not None
        service.part("timekeeper")
        no = service.file("before").json["no"]
        allow(postgres_url, database, False)
        try:
            turned_away = service.file("during")
            assert (turned_away.status, turned_away.json["error"]) == (503, "away")
            assert turned_away.headers["retry-after"]
            assert service.ask(f"/api/v1/petitions/{no}").status == 503
            wait_for(lambda: service.ask("/health", token=None).status == 503)
            assert "数据库没有应答" in service.ask("/").body
            assert "xixi_database_up 0.0" in service.ask("/metrics").body
        finally:
            allow(postgres_url, database, True)
        again = wait_for(lambda: a if (a := service.file("during")).status in (200, 201) else None)
        wait_for(lambda: service.petition(again.json["no"])["state"] == "dispatched")
        wait_for(lambda: service.ask("/health", token=None).json == {**service.ask("/health").json, "clock": True})
