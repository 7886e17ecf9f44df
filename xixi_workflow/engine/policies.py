"""The policies that this process has read: the one in force and those under which older petitions are judged."""

from __future__ import annotations

import threading

from xixi_workflow.core import policy_build
from xixi_workflow.core.policy import Policy
from xixi_workflow.core.routing import Router
from xixi_workflow.store import policies as stored
from xixi_workflow.store.connect import Store


class Policies:
    """A cache over the stored policies. Versions never change, so only the newest has to be asked for again."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._by_version: dict[int, Policy] = {}
        self._for_petition: dict[tuple[int, int], Policy] = {}
        self._routers: dict[int, Router] = {}
        self._newest = 0

    def refresh(self) -> Policy:
        """The policy in force, asking the database whether there is a newer one.

        Raises `LookupError` when no policy was ever published.
        """
        newest = stored.newest(self._store)
        if not newest:
            raise LookupError("no policy has been published to this database")
        self._newest = newest
        return self.version(newest)

    @property
    def in_force(self) -> Policy:
        """The newest policy that this process knows of."""
        return self.version(self._newest) if self._newest else self.refresh()

    def version(self, version: int) -> Policy:
        """The policy of that version, read once."""
        policy = self._by_version.get(version)
        if policy is None:
            with self._lock:
                policy = self._by_version.get(version)
                if policy is None:
                    policy = policy_build.load(stored.get(self._store, version), version)
                    self._by_version[version] = policy
        return policy

    def judging(self, version: int) -> Policy:
        """The rules of `version` with the people of today."""
        today = self.in_force
        if version == today.version:
            return today
        key = (version, today.version)
        policy = self._for_petition.get(key)
        if policy is None:
            policy = self._for_petition[key] = self.version(version).with_people(today)
        return policy

    def router(self, version: int) -> Router:
        """The category rules of a version: a petition is routed by the rules under which it was filed."""
        router = self._routers.get(version)
        if router is None:
            router = self._routers[version] = Router(self.version(version))
        return router
