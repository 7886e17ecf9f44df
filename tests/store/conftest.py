"""Stores for the tests of this room."""

from collections.abc import Iterator

import pytest

from xixi_workflow.store.connect import Store


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """A store of this test alone with the newest schema, once on each database."""
    opened = Store(database_url)
    yield opened
    opened.close()


@pytest.fixture
def other(database_url: str) -> Iterator[Store]:
    """The same database as another process would open it."""
    opened = Store(database_url)
    yield opened
    opened.close()
