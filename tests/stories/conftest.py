"""A story on each kind of database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.stories.story import MONDAY, Story
from xixi_workflow.adapters.policy_folder import read_policy, shipped_folder
from xixi_workflow.core.policy import Policy
from xixi_workflow.engine.handle import Engine
from xixi_workflow.store.connect import Store


@pytest.fixture(scope="session")
def policy() -> Policy:
    """The configuration that the program ships: its wording and its ladders are what the stories are about."""
    return read_policy(shipped_folder())


@pytest.fixture
def story(database_url: str, policy: Policy) -> Iterator[Story]:
    """A day that has just begun."""
    engine = Engine(Store(database_url))
    engine.publish(policy.canonical, policy.digest, now=MONDAY)
    yield Story(engine)
    engine.store.close()
