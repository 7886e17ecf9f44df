"""`xixi up` with its Prefect server: a health check does not prove that schedules are kept, a run does."""

from __future__ import annotations

import json
import re
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from tests.processes.running import gone, running, wait_for

pytestmark = [pytest.mark.prefect, pytest.mark.slow]

#: Seconds: a fresh Prefect database takes 20 to 60 to make, the next full minute up to 60, a run 5 to 20.
LONG = 300.0


def flow_runs(server: str) -> list[dict[str, Any]]:
    """The newest finished runs of the minute's sweep that nobody but the schedule has asked for."""
    wanted = {
        "flows": {"name": {"any_": ["enforce-time-limits"]}},
        "flow_runs": {"state": {"type": {"any_": ["COMPLETED"]}}},
        "limit": 5,
    }
    request = urllib.request.Request(
        f"{server}/api/flow_runs/filter", json.dumps(wanted).encode(), {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return [run for run in json.load(answer) if run["auto_scheduled"]]
    except OSError:
        return []


def test_a_scheduled_run_completes_and_the_service_does_not_depend_on_prefect(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/xixi.db"
    with running(tmp_path, url, "--prefect", "--prefect-port", "0") as service:
        # HTTP answers already; Prefect is only beginning.
        before = service.file("1").json["no"]
        wait_for(lambda: service.petition(before)["state"] == "dispatched")
        server = wait_for(lambda: re.search(r"Prefect\s+(http://127\.0\.0\.1:\d+)", service.output))[1]
        assert wait_for(lambda: flow_runs(server), LONG)[0]["state"]["name"] == "Completed"
        assert f'<a href="{server}"' in wait_for(lambda: service.ask("/").body)

        prefect = service.part("prefect server start")
        prefect.kill()
        after = service.file("2").json["no"]
        wait_for(lambda: service.petition(after)["state"] == "dispatched")
        wait_for(lambda: service.part("prefect server start").pid != prefect.pid)

        family = service.family()
        assert service.stop() == 0
        wait_for(lambda: gone(family))
