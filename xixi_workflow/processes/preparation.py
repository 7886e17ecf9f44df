"""What has to be true before anybody is answered: the newest schema, and a policy in force."""

from __future__ import annotations

from datetime import datetime

from xixi_workflow import wiring
from xixi_workflow.adapters.policy_folder import PolicyFolderError
from xixi_workflow.engine.handle import Engine
from xixi_workflow.settings import Settings
from xixi_workflow.store import board


class Prepared:
    """The database as it was found or made. Close it when it is no longer needed."""

    def __init__(self, settings: Settings, *, now: datetime) -> None:
        """Migrate, and put the configuration folder in force where there is no policy yet.

        Raises `StoreError`, or `PolicyFolderError` when there is neither a policy nor a folder to make one from.
        """
        self._settings = settings
        self._store = wiring.open_store(settings, upgrade=True)
        self.shown = self._store.shown
        self.version = 0
        found = board.policy_since(self._store)
        if found is None:
            self.publish(now=now)
        else:
            self.version = found[0]

    def publish(self, *, now: datetime) -> list[str]:
        """Put the configuration folder in force if it says something else than the policy in force.

        Returns the reasons why not, one a line, when there is a policy and the folder cannot be used.
        """
        try:
            policy = wiring.read_config(self._settings)
        except PolicyFolderError as error:
            if not self.version:
                raise
            return [str(problem) for problem in error.problems]
        self.version = wiring.publish(Engine(self._store), policy, now=now)
        return []

    def close(self) -> None:
        """Let go of the database."""
        self._store.close()
