"""What Prefect is told before it is imported in a process that serves or runs our flows.

The server's and every client's settings are in `processes/prefect_environment.py`; here is what differs for a runner.
"""

from __future__ import annotations

import os
from typing import Final

from xixi_workflow.processes.prefect_environment import api_url, prefect_environment, prefect_home
from xixi_workflow.settings import Settings

#: Nobody's deadline waits for a served run, and SQLite below Prefect now and then answers "locked, come again": a run
#: may ask three times, 5 s each. A server that hangs still costs a run seconds and not the minutes of the defaults.
RUNNER: Final[dict[str, str]] = {
    "PREFECT_API_REQUEST_TIMEOUT": "5",
    "PREFECT_CLIENT_MAX_RETRIES": "2",
    # A healthy run writes no log lines (two rows a run would be a million a year); a failure still shows in Prefect.
    "PREFECT_LOGGING_LEVEL": "WARNING",
    "PREFECT_LOGGING_TO_API_ENABLED": "true",
    "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
    # Events are for display: a server that is away must not fill this process's memory.
    "PREFECT_EVENTS_WORKER_MAX_QUEUE_SIZE": "1000",
}


def server_url(settings: Settings) -> str:
    """The API of the Prefect server that serves this installation."""
    return settings.prefect_api_url or api_url("127.0.0.1", settings.prefect_port)


def prepare(settings: Settings) -> None:
    """Put everything into this process's environment; those that it starts inherit it.

    Raises `OSError` when Prefect's own folder cannot be made.
    """
    ours = prefect_environment(settings.state_dir, api_url=server_url(settings), given=os.environ)
    prefect_home(settings.state_dir).mkdir(parents=True, exist_ok=True)
    os.environ.update(ours | RUNNER)
