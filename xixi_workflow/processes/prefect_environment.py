"""The environment in which Prefect runs with us: its server, the deployments we serve, and every client of ours.

These settings are ours to make and not left to the user, because the defaults let a hung server block a caller for
seven minutes, keep finished runs for ever and report usage to strangers. Whatever the user has set for Prefect by hand
still wins, except where the house would lose its promise (`FIXED`).

Plain data, so that any door may use it without loading Prefect.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

#: A Prefect server that hangs costs a caller two seconds, once: a sweep has been committed before it is reported, so
#: nothing is lost with the report (measured with the defaults: still hung after 150 s).
FIXED: Final[dict[str, str]] = {
    "PREFECT_API_REQUEST_TIMEOUT": "2",
    "PREFECT_CLIENT_MAX_RETRIES": "0",
    # Without a server a call has to fail at once, not start a hidden server for 26 s and then fail.
    "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "false",
    # Nobody is told that we exist.
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "DO_NOT_TRACK": "1",
    "PREFECT_CLOUD_ENABLE_ORCHESTRATION_TELEMETRY": "false",
    "PREFECT_TELEMETRY_ENABLE_RESOURCE_METRICS": "false",
    # The second user interface asks a foreign host for its configuration even with analytics off.
    "PREFECT_SERVER_UI_V2_ENABLED": "false",
    "PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT": "false",
}

#: Defaults that suit one machine; the user's own environment wins.
USUAL: Final[dict[str, str]] = {
    # A run a minute is half a million a year: finished runs go after 30 days, events after 7.
    "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
    "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": str(30 * 86400),
    # An operator who presses a button waits two seconds for the runner, not ten.
    "PREFECT_RUNNER_POLL_FREQUENCY": "2",
    "PREFECT_LOGGING_LEVEL": "WARNING",
    "PREFECT_SERVER_LOGGING_LEVEL": "WARNING",
    "PREFECT_CLI_PROMPT": "false",
}


def prefect_home(state_dir: Path) -> Path:
    """Where Prefect keeps its own database, profiles and storage: never in the user's home."""
    return (state_dir / "prefect").absolute()


def prefect_environment(
    state_dir: Path, *, api_url: str = "", given: Mapping[str, str] | None = None
) -> dict[str, str]:
    """What to add to the environment of a Prefect process. `given` is the environment that it would inherit.

    `api_url` is the server that clients talk to, such as `http://127.0.0.1:4200/api`; empty for the server itself.
    """
    inherited = given or {}
    home = prefect_home(state_dir)
    usual = {
        **USUAL,
        "PREFECT_HOME": str(home),
        "PREFECT_PROFILES_PATH": str(home / "profiles.toml"),
        # SQLite with a busy timeout that outlasts its own bursts; another database by this very variable.
        "PREFECT_SERVER_DATABASE_CONNECTION_URL": f"sqlite+aiosqlite:///{home / 'prefect.db'}",
    }
    environment = {name: inherited.get(name, value) for name, value in usual.items()} | FIXED
    if api_url:
        environment["PREFECT_API_URL"] = api_url
    return environment


def api_url(host: str, port: int) -> str:
    """The address of the API of a Prefect server."""
    return f"http://{host}:{port}/api"
