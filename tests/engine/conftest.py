"""An engine with the shipped configuration in force, on each kind of database."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

from tests.conftest import fresh_postgres_database
from tests.engine.centre import T0
from xixi_workflow.adapters.policy_folder import read_policy, shipped_folder
from xixi_workflow.core.policy import Policy
from xixi_workflow.engine.handle import Engine
from xixi_workflow.store.connect import Store


@pytest.fixture(scope="session")
def policy() -> Policy:
    """The configuration that the program ships."""
    return read_policy(shipped_folder())


@pytest.fixture(scope="session", autouse=True)
def plain_logs() -> None:
    """Without this every expected failure would be drawn with all its local variables."""
    plain = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[structlog.processors.add_log_level, plain])


@pytest.fixture
def engine(database_url: str, policy: Policy) -> Iterator[Engine]:
    """An engine on a database of this test alone."""
    yield from _opened(database_url, policy)


@pytest.fixture
def sqlite_engine(sqlite_template: Path, tmp_path: Path, policy: Policy) -> Iterator[Engine]:
    """For what only SQLite does."""
    path = tmp_path / "xixi.db"
    shutil.copyfile(sqlite_template, path)
    yield from _opened(f"sqlite:///{path}", policy)


@pytest.fixture
def postgres_engine(postgres_url: str, postgres_template: str, policy: Policy) -> Iterator[Engine]:
    """For what only PostgreSQL does; a test with it is marked `postgres`."""
    with fresh_postgres_database(postgres_url, postgres_template) as url:
        yield from _opened(url, policy)


def _opened(url: str, policy: Policy) -> Iterator[Engine]:
    engine = Engine(Store(url))
    engine.publish(policy.canonical, policy.digest, now=T0)
    yield engine
    engine.store.close()
