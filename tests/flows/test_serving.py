"""`python -m flows.serve` as a program: how it fails, waits and stops."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.flows.conftest import eventually, free_port, running
from xixi_workflow.processes.prefect_environment import api_url

PATIENCE = 60


def environment(database: str, folder: Path) -> dict[str, str]:
    return {
        "XIXI_DATABASE_URL": database,
        "XIXI_STATE_DIR": str(folder / "state"),
        "XIXI_PREFECT_API_URL": api_url("127.0.0.1", free_port()),
    }


def test_a_database_that_cannot_be_used_is_one_clear_line_and_a_bad_exit(tmp_path: Path) -> None:
    given = environment(f"sqlite:///{tmp_path / 'empty.db'}", tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "flows.serve"],
        env={**os.environ, **given},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 4
    assert done.stderr.count("\n") == 1
    assert "xixi db upgrade" in done.stderr
    assert "Traceback" not in done.stderr


def test_it_waits_for_a_server_that_is_not_there_and_ends_when_told(sqlite_template: Path, tmp_path: Path) -> None:
    (tmp_path / "xixi.db").write_bytes(sqlite_template.read_bytes())
    given = environment(f"sqlite:///{tmp_path / 'xixi.db'}", tmp_path)
    log = tmp_path / "serve.log"
    with running([sys.executable, "-m", "flows.serve"], given, tmp_path, log.name) as process:
        eventually(lambda: "waiting_for_prefect" in log.read_text("utf-8"), PATIENCE)
        assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
    assert "Traceback" not in log.read_text("utf-8")
