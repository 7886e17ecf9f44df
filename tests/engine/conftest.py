"""An engine with the shipped configuration in force, on each kind of database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.engine.centre import T0
from xixi_workflow.adapters.policy_folder import read_policy, shipped_folder
from xixi_workflow.core.policy import Policy
from xixi_workflow.engine.handle import Engine
from xixi_workflow.store.connect import Store


@pytest.fixture(scope="session")
def policy() -> Policy:
    """The configuration that the program ships."""
    return read_policy(shipped_folder())


@pytest.fixture
def engine(database_url: str, policy: Policy) -> Iterator[Engine]:
    """An engine on a database of this test alone."""
    engine = Engine(Store(database_url))
    engine.publish(policy.canonical, policy.digest, now=T0)
    yield engine
    engine.store.close()
