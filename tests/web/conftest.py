"""One real service for all tests of a file, on each kind of database: they only ever add petitions to it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.conftest import DATABASES, fresh_postgres_database
from tests.processes.running import Running, running


@pytest.fixture(scope="module", params=DATABASES)
def service(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("service")
    with ExitStack() as stack:
        url = f"sqlite:///{folder}/xixi.db"
        if request.param == "postgresql":
            url = stack.enter_context(fresh_postgres_database(request.getfixturevalue("postgres_url")))
        service = stack.enter_context(running(folder, url))
        service.part("timekeeper")
        yield service
