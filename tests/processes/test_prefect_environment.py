from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from xixi_workflow.processes.prefect_environment import FIXED, api_url, prefect_environment

#: Asked of Prefect itself in a fresh process, so that a setting it no longer knows by our name shows.
_ASK = """
import json
from prefect.settings import get_current_settings
s = get_current_settings()
print(json.dumps({
    "timeout": s.api.request_timeout, "retries": s.client.max_retries, "ephemeral": s.server.ephemeral.enabled,
    "analytics": s.server.analytics_enabled, "cloud": s.cloud.enable_orchestration_telemetry,
    "metrics": s.telemetry.enable_resource_metrics, "v2": s.server.ui.v2_enabled,
    "promotion": s.server.ui.show_promotional_content,
    "vacuum": sorted(s.server.services.db_vacuum.enabled_vacuum_types), "poll": s.runner.poll_frequency,
    "level": s.logging.level, "home": str(s.home), "url": s.api.url,
    "database": s.server.database.connection_url.get_secret_value(),
}))
"""


@pytest.mark.slow
def test_prefect_understands_every_setting_as_we_mean_it(tmp_path: Path) -> None:
    ours = prefect_environment(tmp_path, api_url=api_url("127.0.0.1", 4299))
    (tmp_path / "prefect").mkdir()
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    asked = subprocess.run(
        [sys.executable, "-c", _ASK], env={**clean, **ours}, capture_output=True, text=True, check=True
    )
    assert json.loads(asked.stdout) == {
        "timeout": 2.0,
        "retries": 0,
        "ephemeral": False,
        "analytics": False,
        "cloud": False,
        "metrics": False,
        "v2": False,
        "promotion": False,
        "vacuum": ["events", "flow_runs", "orphans"],
        "poll": 2,
        "level": "WARNING",
        "home": str(tmp_path / "prefect"),
        "url": "http://127.0.0.1:4299/api",
        "database": f"sqlite+aiosqlite:///{tmp_path / 'prefect' / 'prefect.db'}",
    }


def test_what_the_user_has_set_wins_except_where_a_hung_server_would_hurt(tmp_path: Path) -> None:
    given = {"PREFECT_RUNNER_POLL_FREQUENCY": "7", "PREFECT_API_REQUEST_TIMEOUT": "60"}
    ours = prefect_environment(tmp_path, given=given)
    assert ours["PREFECT_RUNNER_POLL_FREQUENCY"] == "7"
    assert ours["PREFECT_API_REQUEST_TIMEOUT"] == FIXED["PREFECT_API_REQUEST_TIMEOUT"]
    assert "PREFECT_API_URL" not in ours
